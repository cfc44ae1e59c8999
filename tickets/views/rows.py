"""Rows of ticket lists as ready strings: the template only puts them in their places."""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from juno_support.lib import display
from monitoring import queries as monitoring
from tickets import policies
from tickets.models import (
    AffectedSite,
    Category,
    HistoryEntry,
    LastSeen,
    Priority,
    Ticket,
    TicketPerson,
    TicketType,
)
from tickets.views import clocks
from tickets.workflow import Status

COLUMNS = (
    "id",
    "subject",
    "last_line",
    "status",
    "priority",
    "updated_at",
    "submitted_at",
    "next_step_at",
    "newest_entry",
    "is_restricted",
    "type",
    "category",
    "unit__name",
    "vo__name",
    "assigned_name",
    "seen_entry",
    "yellow_at",
    "amber_at",
    "due_at",
)


_NOTHING = SafeString("")


@dataclass(frozen=True)
class Row:
    """One line of a ticket list; every text is escaped and ready."""

    number: int
    url: str
    subject: SafeString
    last_line: SafeString
    status: SafeString
    priority: SafeString
    unit: SafeString
    sites: SafeString
    vo: SafeString
    person: SafeString
    age: SafeString
    mark: str
    clock: SafeString = _NOTHING
    is_selected: bool = False
    extra: str = ""

    @property
    def line(self) -> SafeString:
        """The row of a long list in one string: a template that looks up each cell is slower."""
        unread = " is-unread" if self.mark else ""
        selected = " is-selected" if self.is_selected else ""
        return SafeString(
            f'<li class="ticket-row{unread}{selected}" data-number="{self.number}">'
            f'{self.priority}<span class="ticket-number">#{self.number}</span>'
            '<span class="ticket-words">'
            f'<a class="ticket-link" href="{self.url}">{self.subject}</a>'
            f'<span class="ticket-line">{self.last_line}</span></span>'
            f'<span class="ticket-sites">{self.sites}</span>'
            f'<span class="ticket-vo">{self.vo}</span>'
            f'<span class="ticket-unit">{self.unit}</span>'
            f'<span class="ticket-person">{self.person}</span>'
            f'<span class="ticket-status">{self.status}{self.clock}</span>'
            f'<span class="ticket-age">{self.age}</span>{self.extra}</li>'
        )


def with_box(row: Row) -> Row:
    """Return a row with a box that selects its ticket, of the form with the id ``selected``."""
    return replace(row, extra=_box(get_language()) % {"number": row.number})


@lru_cache(maxsize=8)
def _box(_language: str | None) -> str:
    return (
        '<label class="ticket-pick"><input class="form-check-input" type="checkbox" name="ticket" '
        f'value="%(number)d" form="selected" aria-label="{_("Select #%(number)d")}"></label>'
    )


def for_list(tickets: QuerySet[Ticket], user: Any) -> QuerySet[Ticket, dict[str, Any]]:
    """Return the tickets with the columns that rows need, as plain dictionaries.

    ``newest_entry`` is the newest history entry that the user may read: an internal note makes
    nothing unread for a submitter.
    """
    assigned = TicketPerson.objects.filter(
        ticket=OuterRef("pk"), part=TicketPerson.Part.ASSIGNED
    ).order_by("pk")
    seen = LastSeen.objects.filter(ticket=OuterRef("pk"), user=user)
    public = HistoryEntry.objects.filter(ticket=OuterRef("pk"), is_public=True).order_by("-pk")
    return tickets.annotate(
        newest_entry=F("last_entry_id")
        if policies.reads_everything(user)
        else Subquery(public.values("pk")[:1]),
        assigned_name=Subquery(assigned.values("user__name")[:1]),
        seen_entry=Subquery(seen.values("entry_id")[:1]),
    ).values(*COLUMNS)


def rows(
    tickets: Sequence[Mapping[str, Any]],
    *,
    at: datetime,
    highlighted: Mapping[int, tuple[SafeString, SafeString]] | None = None,
    selected: int | None = None,
) -> list[Row]:
    """Return a row for each ticket of ``for_list``; a bounded number of queries.

    :param highlighted: subject and snippet with the words that were searched for, by number
    :param selected: the number of the ticket whose row is marked as shown beside the list
    """
    sites = sites_of([ticket["id"] for ticket in tickets], at=at)
    return [
        _row(
            ticket,
            sites.get(ticket["id"], _NOTHING),
            (highlighted or {}).get(ticket["id"]),
            at,
            is_selected=ticket["id"] == selected,
        )
        for ticket in tickets
    ]


def sites_of(numbers: Iterable[int], *, at: datetime) -> dict[int, SafeString]:
    """Return the affected sites of tickets, each with its state, ready to be shown. Two queries."""
    sites: dict[int, list[tuple[int, str]]] = {}
    for number, key, name in (
        AffectedSite.objects.filter(ticket__in=list(numbers))
        .order_by("site__name")
        .values_list("ticket_id", "site_id", "site__name")
    ):
        sites.setdefault(number, []).append((key, name))
    badges = monitoring.current_conditions_for_sites(
        {key for each in sites.values() for key, _name in each}, at=at
    )
    language = get_language()
    drawn = {
        key: _site(name, badges[key].shown, language)
        for each in sites.values()
        for key, name in each
    }
    return {
        number: SafeString(" ".join(drawn[key] for key, _name in each))
        for number, each in sites.items()
    }


@lru_cache(maxsize=64)
def _status(value: str, language: str | None) -> SafeString:
    return display.status_pill(value, str(Status(value).label))


@lru_cache(maxsize=64)
def _priority(value: int, language: str | None) -> SafeString:
    return display.priority_dot(value, str(Priority(value).label), word=False)


def _row(
    ticket: Mapping[str, Any],
    sites: SafeString,
    highlighted: tuple[SafeString, SafeString] | None,
    at: datetime,
    *,
    is_selected: bool,
) -> Row:
    number = ticket["id"]
    language = get_language()
    marked = _marked(ticket)
    subject, last_line = highlighted or (_text(ticket["subject"]), _text(ticket["last_line"]))
    return Row(
        number=number,
        url=f"/tickets/{number}/",
        subject=SafeString(f"{marked}{subject}"),
        last_line=last_line,
        status=_status(ticket["status"], language),
        priority=_priority(ticket["priority"], language),
        unit=_text(ticket["unit__name"]),
        sites=sites,
        vo=_text(ticket["vo__name"] or ""),
        person=_text(ticket["assigned_name"] or ""),
        age=display.age(ticket["updated_at"], at),
        mark="unread" if (ticket["seen_entry"] or 0) < (ticket["newest_entry"] or 0) else "",
        clock=clocks.mark(ticket, at),
        is_selected=is_selected,
    )


def _text(words: str) -> SafeString:
    # Django's own escape does the same, after it looked for words that are translated later.
    return SafeString(html.escape(words))


def _marked(ticket: Mapping[str, Any]) -> str:
    """Return the mark of an alarm, and of one that only tests the way."""
    if ticket["type"] != TicketType.ALARM:
        return ""
    tone, word = ("warn", "TEST ALARM") if ticket["category"] == Category.TEST else ("bad", "ALARM")
    return f'<span class="tag tag-{tone}">{word}</span> '


@lru_cache(maxsize=1024)
def _site(name: str, shown: str, language: str | None) -> SafeString:
    """Return a site's name with its state as colour and word."""
    if shown == monitoring.SiteState.NONE:
        return format_html('<span class="badge-site" data-state="ok">{}</span>', name)
    word = monitoring.state_word(shown)
    return format_html(
        '<span class="badge-site" data-state="{}" title="{}">{}'
        '<span class="visually-hidden"> ({})</span></span>',
        shown,
        word,
        name,
        word,
    )
