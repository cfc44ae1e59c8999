"""What the timeline says of relations and incidents."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.lib import display
from tickets.models import HistoryEntry, Kind, RelationKind
from tickets.workflow import Status


def relation_sentence(entry: HistoryEntry, who: str) -> SafeString:
    """Return the sentence of an entry about a relation or an incident."""
    facts = entry.facts
    if entry.kind == Kind.INCIDENT_DECLARED:
        words = _("<strong>{who}</strong> declared this ticket the incident")
    elif entry.kind == Kind.INCIDENT_ENDED:
        words = _("<strong>{who}</strong> ended the incident")
    elif entry.kind == Kind.RELATION_ENDED:
        words = _ended(facts)
    elif facts.get("status"):
        words = _("The child {other} is {pill} now")
    else:
        words = _made(facts)
    state = facts["status"][1] if facts.get("status") else ""
    return format_html(
        words,
        who=who,
        other=ticket_link(facts["other"]) if facts.get("other") else "",
        pill=display.status_pill(state, str(Status(state).label)) if state else "",
    )


def ticket_link(number: int) -> SafeString:
    """Return the number of a ticket, as a link."""
    return format_html('<a href="{}">#{}</a>', reverse("ticket", args=[number]), number)


def because(entry: HistoryEntry) -> str:
    """Return why the portal put a ticket that a relation held back to work; else nothing."""
    reason = entry.facts.get("because")
    if not reason:
        return ""
    return {
        RelationKind.CHILD: _("goes on: no child of this ticket is open"),
        RelationKind.JOINED: _("goes on: it is part of the incident no longer"),
    }.get(reason, _("goes on: it is a duplicate no longer"))


def _made(facts: dict) -> str:
    match facts["relation"], facts.get("role"):
        case RelationKind.DUPLICATE, _role:
            return _("<strong>{who}</strong> marked this ticket as a duplicate of {other}")
        case RelationKind.JOINED, _role:
            return _("<strong>{who}</strong> joined this ticket to the incident {other}")
        case RelationKind.CHILD, "parent":
            return _("<strong>{who}</strong> made {other} a child of this ticket")
        case RelationKind.CHILD, _role:
            return _("<strong>{who}</strong> made this ticket a child of {other}")
        case _kind, "old":
            return _("<strong>{who}</strong> made the follow-up {other}")
        case _kind, _role:
            return _("<strong>{who}</strong> made this ticket as the follow-up of {other}")
    return ""


def _ended(facts: dict) -> str:
    match facts["relation"], facts.get("role"):
        case RelationKind.DUPLICATE, _role:
            return _("<strong>{who}</strong> took the ticket loose from {other}: no duplicate")
        case RelationKind.JOINED, _role:
            return _("<strong>{who}</strong> took the ticket out of the incident {other}")
        case _kind, "parent":
            return _("<strong>{who}</strong> took the child {other} loose")
        case _kind, _role:
            return _("<strong>{who}</strong> took the ticket loose from its parent {other}")
    return ""
