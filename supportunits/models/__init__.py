"""The models of supportunits."""

from supportunits.models.fallback import FallbackPerson
from supportunits.models.shift import OnCallContact, Shift, ShiftType
from supportunits.models.unit import (
    ROUTABLE,
    Quality,
    SupportUnit,
    UnitKind,
    UnitMembership,
    UnitState,
)
from supportunits.models.vo import (
    VO,
    CardStatus,
    ContactRole,
    DedicatedSupport,
    IssueType,
    Tier,
    VOContact,
    VOIDCard,
    VOMembership,
    VOSite,
)

__all__ = [
    "ROUTABLE",
    "VO",
    "CardStatus",
    "ContactRole",
    "DedicatedSupport",
    "FallbackPerson",
    "IssueType",
    "OnCallContact",
    "Quality",
    "Shift",
    "ShiftType",
    "SupportUnit",
    "Tier",
    "UnitKind",
    "UnitMembership",
    "UnitState",
    "VOContact",
    "VOIDCard",
    "VOMembership",
    "VOSite",
]
