"""The models of supportunits."""

from supportunits.models.fallback import FallbackPerson
from supportunits.models.shift import OnCallContact, Shift, ShiftType
from supportunits.models.shift_log import (
    CalendarLink,
    HandOver,
    MeetingAction,
    OnCallCard,
    ShiftLogEntry,
    ShiftMeeting,
    ShiftTick,
)
from supportunits.models.shift_plan import (
    PlanState,
    ShiftPlan,
    ShiftSwap,
    ShiftWish,
    SwapState,
    WishKind,
)
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
    "CalendarLink",
    "CardStatus",
    "ContactRole",
    "DedicatedSupport",
    "FallbackPerson",
    "HandOver",
    "IssueType",
    "MeetingAction",
    "OnCallCard",
    "OnCallContact",
    "PlanState",
    "Quality",
    "Shift",
    "ShiftLogEntry",
    "ShiftMeeting",
    "ShiftPlan",
    "ShiftSwap",
    "ShiftTick",
    "ShiftType",
    "ShiftWish",
    "SupportUnit",
    "SwapState",
    "Tier",
    "UnitKind",
    "UnitMembership",
    "UnitState",
    "VOContact",
    "VOIDCard",
    "VOMembership",
    "VOSite",
    "WishKind",
]
