"""The models of tickets."""

from tickets.models.alarm import (
    CALL_AFTER,
    RECEIPT_WITHIN,
    AlarmDrill,
    Call,
    ReceiptHow,
    WallClock,
)
from tickets.models.context import ContextRound, ContextSnapshot, TicketWatch, WatchedSite
from tickets.models.desk import BounceReason, CheckItem, CheckTick, ReadyText, UndoWindow
from tickets.models.diary import Attachment, DiaryEntry
from tickets.models.history import (
    Consumer,
    Dispatch,
    HistoryEntry,
    HistoryWords,
    Kind,
    StatusInterval,
)
from tickets.models.jobs import JobEvidence
from tickets.models.proposal import Decision, Ending, Proposal
from tickets.models.relations import (
    LED,
    Incident,
    Passing,
    RelationKind,
    TicketRelation,
    ToldOnce,
)
from tickets.models.response import Outcome, ResponsePeriod
from tickets.models.search import SearchDocument
from tickets.models.support import SupportTicket
from tickets.models.ticket import (
    AffectedSite,
    CarbonCopy,
    Category,
    CrossReference,
    Draft,
    LastSeen,
    MeToo,
    Priority,
    SavedView,
    Subscription,
    Ticket,
    TicketPerson,
    TicketType,
)

__all__ = [
    "CALL_AFTER",
    "LED",
    "RECEIPT_WITHIN",
    "AffectedSite",
    "AlarmDrill",
    "Attachment",
    "BounceReason",
    "Call",
    "CarbonCopy",
    "Category",
    "CheckItem",
    "CheckTick",
    "Consumer",
    "ContextRound",
    "ContextSnapshot",
    "CrossReference",
    "Decision",
    "DiaryEntry",
    "Dispatch",
    "Draft",
    "Ending",
    "HistoryEntry",
    "HistoryWords",
    "Incident",
    "JobEvidence",
    "Kind",
    "LastSeen",
    "MeToo",
    "Outcome",
    "Passing",
    "Priority",
    "Proposal",
    "ReadyText",
    "ReceiptHow",
    "RelationKind",
    "ResponsePeriod",
    "SavedView",
    "SearchDocument",
    "StatusInterval",
    "Subscription",
    "SupportTicket",
    "Ticket",
    "TicketPerson",
    "TicketRelation",
    "TicketType",
    "TicketWatch",
    "ToldOnce",
    "UndoWindow",
    "WallClock",
    "WatchedSite",
]
