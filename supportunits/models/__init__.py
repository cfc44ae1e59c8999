"""The models of supportunits."""

from supportunits.models.fallback import FallbackPerson
from supportunits.models.faq import UnitFAQ
from supportunits.models.list_test import ListTest
from supportunits.models.request import RequestState, SupporterRequest, UnitRequest
from supportunits.models.shift import OnCallContact, Shift, ShiftType
from supportunits.models.unit import (
    ROUTABLE,
    ListState,
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
    "ListState",
    "ListTest",
    "OnCallContact",
    "Quality",
    "RequestState",
    "Shift",
    "ShiftType",
    "SupportUnit",
    "SupporterRequest",
    "Tier",
    "UnitFAQ",
    "UnitKind",
    "UnitMembership",
    "UnitRequest",
    "UnitState",
    "VOContact",
    "VOIDCard",
    "VOMembership",
    "VOSite",
]
