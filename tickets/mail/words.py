"""The text of a mail about a ticket, in one reader's language and local time.

What a reader may not read is not handed to the templates at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _later

from juno_support.accounts.models import User
from juno_support.lib import display, text
from monitoring.words import series_name
from supportunits.models import VO, IssueType, SupportUnit
from tickets.mail.recipients import Recipient
from tickets.models import (
    LED,
    Attachment,
    Category,
    DiaryEntry,
    HistoryEntry,
    Kind,
    Priority,
    RelationKind,
    Ticket,
    TicketRelation,
    TicketType,
)
from tickets.workflow import ResolutionCode, Status
from topology.models import Site

MOST_TEXT = 20_000
"""Characters of one text; the rest is on the ticket's page."""

MOST_NUMBERS = 10
"""Numbers of tickets that are named in one line."""

RESTRICTED = "restricted"
"""The template of type Security: it is given no word of the ticket."""

FIELDS: dict[str, str | Promise] = {
    "subject": _later("subject"),
    "vo": _later("concerned VO"),
    "issue_type": _later("type of issue"),
    "category": _later("category"),
    "notified_site": _later("notified site"),
    "affected_sites": _later("affected sites"),
    "problem_at": _later("moment of the problem"),
    "eta_at": _later("ETA"),
    "mou_area": _later("MoU area"),
    "is_vo_specific": _later("VO specific"),
    "affects_whole_vo": _later("affects the whole VO"),
    "type": _later("ticket type"),
}
_MODELS = {"vo": VO, "issue_type": IssueType, "notified_site": Site, "affected_sites": Site}


@dataclass(frozen=True)
class Story:
    """A ticket and the entries that one action wrote, with what their texts name, loaded once."""

    ticket: Ticket
    entries: Sequence[HistoryEntry]
    sites: tuple[str, ...]
    attachments: Sequence[Attachment]
    children: tuple[str, ...] = ()

    @classmethod
    def load(cls, ticket: Ticket, entries: Sequence[HistoryEntry]) -> "Story":
        """Load what the texts name."""
        return cls(
            ticket=ticket,
            entries=entries,
            sites=tuple(ticket.affected_sites.order_by("name").values_list("name", flat=True)),
            attachments=list(
                Attachment.objects.filter(ticket=ticket, redacted_at=None).order_by(
                    "uploaded_at", "name"
                )
            ),
            children=_children(ticket)
            if any(entry.kind == Kind.SUBMITTED for entry in entries)
            else (),
        )


def body(
    story: Story,
    entries: Sequence[HistoryEntry],
    reader: Recipient,
    more: Mapping[str, Any] | None = None,
) -> str:
    """Return the text of a mail that tells one reader of some entries of one action.

    The language and the time zone are those that are active.

    :param entries: those of the story's entries that this reader hears of
    :param more: further words for the entries' templates
    """
    ticket = story.ticket
    frame = {
        "status": Status(ticket.status).label,
        "url": f"{settings.JUNO_BASE_URL}/tickets/{ticket.pk}/",
        "number": ticket.pk,
        "reasons": [reason.words() for reason in reader.reasons],
        "instance": settings.JUNO_INSTANCE_NAME,
    }
    if ticket.is_restricted:
        return _render(RESTRICTED, frame)
    parts = [_part(story, entry, reader, more or {}) for entry in entries]
    tells_all = reader.is_new or any(entry.kind == Kind.SUBMITTED for entry in entries)
    frame |= {
        "parts": parts,
        "outline": _outline(story),
        "description": _quoted(ticket.description) if tells_all else "",
        "files": _files(story, None) if tells_all else [],
        "is_test": is_test_alarm(ticket),
        "is_internal": reader.may_read_internal
        and any(entry.kind in (Kind.INTERNAL_ENTRY, Kind.CONTEXT) for entry in entries),
    }
    return _render("frame", frame)


def moment(at: datetime) -> str:
    """Return a moment in the reader's zone, and in UTC where that is another."""
    local = at.astimezone(timezone.get_current_timezone())
    here = f"{display.local_text(at)} {local.tzname()}"
    if local.utcoffset():
        utc = display.utc_text(at)
        return f"{here} ({utc if local.date().isoformat() not in utc else utc.split()[1] + ' UTC'})"
    return here


def is_test_alarm(ticket: Ticket) -> bool:
    """Return whether the ticket is an alarm that only tests the way."""
    return ticket.type == TicketType.ALARM and ticket.category == Category.TEST


def _part(story: Story, entry: HistoryEntry, reader: Recipient, more: Mapping[str, Any]) -> str:
    ticket, facts = story.ticket, entry.facts
    words: dict[str, Any] = {
        "who": _line(entry.actor.name) if entry.actor else settings.JUNO_INSTANCE_NAME,
        "when": moment(entry.happened_at),
        "number": ticket.pk,
        "is_submitter": reader.is_submitter,
        "is_owner": reader.is_owner,
        **more,
        "lead": facts.get("lead"),
        "also": _also(entry, reader),
    }
    match entry.kind:
        case Kind.SUBMITTED:
            words |= {
                "unit": ticket.unit.name,
                "children": ", ".join(story.children),
                "on_behalf": _line(ticket.on_behalf_of_name),
                "solution_only": ticket.notification_mode == "SOLUTION_ONLY",
            }
        case Kind.STATUS_CHANGED:
            words |= _status(ticket, entry)
        case Kind.ASSIGNED_TO_UNIT:
            old, new = facts["unit"]
            units = dict(SupportUnit.objects.filter(pk__in=[old, new]).values_list("pk", "name"))
            words |= {"old": units.get(old, ""), "new": units.get(new, "")}
            # Written for the two units; the public diary is the place for the submitter.
            words["reason"] = _quoted(entry.words) if reader.may_read_internal else ""
        case Kind.PERSON_ADDED:
            words["is_assigned"] = facts.get("part") == "ASSIGNED"
        case Kind.PUBLIC_ENTRY | Kind.INTERNAL_ENTRY:
            if entry.is_public or reader.may_read_internal:
                words |= _diary(story, entry.diary_entry)
        case Kind.PRIORITY_CHANGED:
            old, new = facts["priority"]
            words |= {"old": Priority(old).label, "new": Priority(new).label}
        case Kind.FIELD_CHANGED:
            words |= _field(facts)
        case Kind.NEXT_STEP:
            person = User.objects.filter(pk=facts.get("person")).first()
            words |= {
                "what": _line(entry.words),
                "person": _line(person.name) if person else "",
                "due": _fact_moment(facts.get("due_at")),
            }
        case Kind.ESCALATED:
            words["level"] = facts["level"]
        case Kind.REMINDED:
            words |= {
                "since": moment(ticket.waiting_since) if ticket.waiting_since else "",
                "last_line": _quoted(ticket.last_line),
                "is_last": facts.get("number") == 2,
            }
        case Kind.RELATED:
            words |= {"relation": facts["relation"], "other": facts["other"]}
        case Kind.ALARM_CALLED:
            words["call"] = facts["call"]
        case Kind.ALARM_RECEIVED:
            words |= {
                "who": _line(entry.words) or words["who"],
                "how": facts["how"],
                "minutes": facts["minutes"],
            }
        case Kind.CONTEXT:
            words |= _recovery(facts) if reader.may_read_internal else {}
    return _render(entry.kind, words).strip()


def _status(ticket: Ticket, entry: HistoryEntry) -> dict[str, Any]:
    facts = entry.facts
    old, new = facts["status"]
    words: dict[str, Any] = {"old": Status(old).label, "new": Status(new).label, "to": new}
    words["step"] = facts.get("step", "")
    words["because"] = facts.get("because", "")
    if new in (Status.SOLVED, Status.UNSOLVED):
        code = facts.get("code", "")
        words["code"] = ResolutionCode(code).label if code in ResolutionCode else ""
        words["solution"] = _quoted(ticket.solution)
    if new == Status.ON_HOLD:
        words["reason"] = _line(entry.words)
        words["until"] = _fact_moment(facts.get("until"))
    return words


def _children(ticket: Ticket) -> tuple[str, ...]:
    """Return the tickets that were filed with their parent, each with its site."""
    rows = TicketRelation.objects.filter(other=ticket, kind=RelationKind.CHILD, ended_at=None)
    return tuple(
        f"#{number} ({site})" if site else f"#{number}"
        for number, site in rows.order_by("ticket").values_list(
            "ticket", "ticket__notified_site__name"
        )[:MOST_NUMBERS]
    )


def _also(entry: HistoryEntry, reader: Recipient) -> str:
    """Return the reader's other tickets to which the same passed on: they get this mail alone."""
    lead = entry.facts.get("lead")
    if not entry.facts.get("passed") or not lead or reader.user_id is None:
        return ""
    others = TicketRelation.objects.filter(
        other=lead, kind__in=LED, ended_at=None, ticket__submitter=reader.user_id
    ).exclude(ticket=entry.ticket_id)
    numbers = list(others.order_by("ticket").values_list("ticket", flat=True)[: MOST_NUMBERS + 1])
    words = ", ".join(f"#{number}" for number in numbers[:MOST_NUMBERS])
    return f"{words}, …" if len(numbers) > MOST_NUMBERS else words


def _diary(story: Story, entry: DiaryEntry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    return {
        "text": _quoted(entry.text),
        "files": _files(story, entry),
        "is_late": entry.is_late,
    }


def _recovery(facts: dict[str, Any]) -> dict[str, Any]:
    recovered = facts.get("recovered") or {}
    was = [
        series_name(each)
        if "source" in each
        else _("outage of %(site)s (GOCDB)") % {"site": each["site"]}
        for each in recovered.get("was", ())
    ]
    return {
        "sites": ", ".join(_line(site) for site in recovered.get("sites", ())),
        "since": _fact_moment(recovered.get("since")),
        "was": [_line(words) for words in was],
        "more": max(recovered.get("count", 0) - len(was), 0),
    }


def _field(facts: dict[str, Any]) -> dict[str, Any]:
    field = facts["field"]
    old, new = facts["change"] or ("", "")
    return {
        "field": field,
        "label": FIELDS.get(field, field),
        # The new subject stands above and below; the history keeps no words of it.
        "has_values": bool(facts["change"]),
        "old": _value(field, old) or _("nothing"),
        "new": _value(field, new) or _("nothing"),
    }


def _value(field: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if field in _MODELS:
        keys = value if isinstance(value, list) else [value]
        named = _MODELS[field]._default_manager.filter(pk__in=keys)
        return ", ".join(sorted(_line(str(row)) for row in named))
    if field == "category":
        return str(Category(value).label) if value in Category else _line(str(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.endswith("_at"):
        return _fact_moment(value)
    return _line(str(value))


def _outline(story: Story) -> list[tuple[str, str]]:
    ticket = story.ticket
    submitter = _line(ticket.submitter.name)
    if ticket.on_behalf_of_name:
        submitter = _("%(submitter)s, on behalf of %(name)s") % {
            "submitter": submitter,
            "name": _line(ticket.on_behalf_of_name),
        }
    lines = [
        (_("Ticket"), f"#{ticket.pk} {_line(ticket.subject)}"),
        (_("Support unit"), ticket.unit.name),
        (_("Priority"), str(Priority(ticket.priority).label)),
        (_("Concerned VO"), ticket.vo.name if ticket.vo else ""),
        (_("Affected sites"), ", ".join(story.sites)),
        (_("MoU area"), _line(ticket.mou_area)),
        (_("Notified site"), ticket.notified_site.name if ticket.notified_site else ""),
        (_("Submitter"), submitter),
    ]
    return [(label, value) for label, value in lines if value]


def _files(story: Story, entry: DiaryEntry | None) -> list[str]:
    # Files themselves do not leave by mail; their names do, with the entry they belong to.
    wanted = entry.pk if entry else None
    return [
        _line(file.name)
        for file in story.attachments
        if file.entry_id == wanted and (file.is_public or not (entry is None or entry.is_public))
    ]


def _quoted(words: str) -> str:
    """Return a text of somebody, indented, so that it cannot pass for words of the portal."""
    words = text.show_bidi(text.clean(words)).strip()
    if len(words) > MOST_TEXT:
        words = words[:MOST_TEXT] + "\n" + _("[the rest stands on the ticket's page]")
    return "\n".join(f"    {line}".rstrip() for line in words.split("\n")) if words else ""


def _line(words: str) -> str:
    return text.clean_line(text.show_bidi(words))


def _fact_moment(value: str | None) -> str:
    return moment(datetime.fromisoformat(value)) if value else ""


def _render(name: str, words: dict[str, Any]) -> str:
    template = Engine.get_default().get_template(f"mail/{name}.txt")
    return template.render(Context(words, autoescape=False))  # plain text: nothing to escape
