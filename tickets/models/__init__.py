"""The models of tickets."""

from tickets.models.context import ContextSnapshot, WatchedSite
from tickets.models.diary import Attachment, DiaryEntry
from tickets.models.history import (
    Consumer,
    Dispatch,
    HistoryEntry,
    HistoryWords,
    Kind,
    StatusInterval,
)
from tickets.models.search import SearchDocument
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
    "AffectedSite",
    "Attachment",
    "CarbonCopy",
    "Category",
    "Consumer",
    "ContextSnapshot",
    "CrossReference",
    "DiaryEntry",
    "Dispatch",
    "Draft",
    "HistoryEntry",
    "HistoryWords",
    "Kind",
    "LastSeen",
    "MeToo",
    "Priority",
    "SavedView",
    "SearchDocument",
    "StatusInterval",
    "Subscription",
    "Ticket",
    "TicketPerson",
    "TicketType",
    "WatchedSite",
]
