"""The models of topology."""

from topology.models.link import LinkKind, NetworkLink
from topology.models.service import Service
from topology.models.site import (
    CertificationStatus,
    OperationsCentre,
    Site,
    SiteAlias,
    SiteContact,
)

__all__ = [
    "CertificationStatus",
    "LinkKind",
    "NetworkLink",
    "OperationsCentre",
    "Service",
    "Site",
    "SiteAlias",
    "SiteContact",
]
