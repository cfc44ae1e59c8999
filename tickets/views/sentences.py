"""What somebody or the portal did to a ticket, each change in one sentence."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.lib import display
from tickets.models import (
    BounceReason,
    Call,
    Category,
    HistoryEntry,
    Kind,
    Priority,
    ReceiptHow,
    TicketPerson,
    UndoWindow,
)
from tickets.views.changed_conditions import condition_sentences
from tickets.views.relation_rows import because, relation_sentence, ticket_link
from tickets.workflow import ResolutionCode, Status

_RELATIONS = (
    Kind.RELATED,
    Kind.RELATION_ENDED,
    Kind.INCIDENT_DECLARED,
    Kind.INCIDENT_ENDED,
)
FIELD_KINDS = {
    "vo": "vo",
    "issue_type": "issue_type",
    "notified_site": "site",
    "affected_sites": "site",
}
"""The changeable fields that hold keys, and of what."""

Names = Mapping[tuple[str, int], str]


class Sentences:
    """Says the changes of one ticket to one reader; every text is escaped and ready.

    :param reads_internal: whether the reader sees what units write to one another
    :param names: of what the entries' facts mention
    """

    def __init__(self, *, reads_internal: bool, names: Names, at: datetime) -> None:
        self._reads_internal = reads_internal
        self._names = names
        self._at = at
        self._of_kind: dict[str, Callable[[HistoryEntry], SafeString]] = {
            Kind.STATUS_CHANGED: self._status,
            Kind.ASSIGNED_TO_UNIT: self._unit,
            Kind.PERSON_ADDED: self._person_added,
            Kind.PERSON_REMOVED: self._person_removed,
            Kind.PRIORITY_CHANGED: self._priority,
            Kind.FIELD_CHANGED: self._field,
            Kind.NEXT_STEP: self._next_step,
            Kind.ESCALATED: self._escalated,
            Kind.REFERENCE_ADDED: self._reference,
            **dict.fromkeys(_RELATIONS, self._related),
            Kind.CC_ADDED: lambda entry: self.says(entry, _("added a CC address")),
            Kind.CC_REMOVED: lambda entry: self.says(entry, _("removed a CC address")),
            Kind.ME_TOO: lambda entry: self.says(entry, _("has the same problem")),
            Kind.REDACTED: self._redacted,
            Kind.CONTEXT: self._context,
            Kind.JOBS_KEPT: self._jobs,
            Kind.RESPONSE_DUE: self._response_due,
            Kind.REMINDED: self._reminded,
            Kind.UNDONE: self._undone,
            Kind.DISCARDED: lambda entry: self.says(entry, _("discarded this as spam")),
            Kind.RECOVERED: lambda entry: self.says(entry, _("recovered this: it was no spam")),
            Kind.CHECKED: self._checked,
            Kind.ALARM_CALLED: self._alarm_called,
            Kind.ALARM_RECEIVED: self._alarm_received,
        }

    def of(self, entry: HistoryEntry) -> SafeString:
        """Return the sentence of a change."""
        return self._of_kind.get(entry.kind, self._other)(entry)

    def says(self, entry: HistoryEntry, words: str) -> SafeString:
        """Return who did it, and these words."""
        return format_html("<strong>{}</strong> {}", self._who(entry), words)

    def _who(self, entry: HistoryEntry) -> str:
        return str(entry.actor) if entry.actor is not None else _("The portal")

    def _status(self, entry: HistoryEntry) -> SafeString:
        new = entry.facts["status"][1]
        words = {
            "take": _("took the ticket"),
            "ask": _("waits for the submitter's reply"),
            "answered": _("went on working"),
            "resume": _("went on working"),
            "hold": _("put the ticket on hold"),
            "wait": _("put the ticket on hold: it waits for another"),
            "solve": _("solved the ticket"),
            "leave-unsolved": _("left the ticket unsolved"),
            "withdraw": _("withdrew the ticket"),
            "reopen": _("reopened the ticket"),
            "verify": _("verified the solution"),
            "close": _("closed the ticket: nobody reopened or verified it in ten working days"),
        }.get(entry.facts.get("step", ""), _("changed the status"))
        if entry.actor is None and entry.facts.get("step") == "resume":
            words = _("woke the ticket: its date has come")
        words = because(entry) or words
        pill = display.status_pill(new, str(Status(new).label))
        extra = self.status_extra(entry)
        return format_html(
            "<strong>{}</strong> {}{} {}",
            self._who(entry),
            words,
            format_html(" ({})", extra) if extra else "",
            pill,
        )

    def status_extra(self, entry: HistoryEntry) -> SafeString:
        """Return what belongs to a change of status: lead, code, date and words."""
        facts = entry.facts
        parts: list[SafeString] = []
        if facts.get("lead"):
            parts.append(format_html(_("with {lead}"), lead=ticket_link(facts["lead"])))
        if facts.get("code"):
            parts.append(conditional_escape(str(ResolutionCode(facts["code"]).label)))
        if facts.get("until"):
            until = display.when(datetime.fromisoformat(facts["until"]), self._at)
            parts.append(format_html(_("until {moment}"), moment=until))
        if entry.words:
            parts.append(conditional_escape(entry.words))
        return format_html_join(", ", "{}", ((part,) for part in parts))

    def _unit(self, entry: HistoryEntry) -> SafeString:
        old, new = entry.facts["unit"]
        if "rule" in entry.facts:
            return self._unit_by_rule(entry)
        return format_html(
            _("<strong>{who}</strong> gave the ticket to <strong>{new}</strong>, from {old}"),
            who=self._who(entry),
            new=self._name("unit", new),
            old=self._name("unit", old),
        )

    def _unit_by_rule(self, entry: HistoryEntry) -> SafeString:
        # What a rule is called is a word among supporters.
        rule = self._names.get(("rule", entry.facts["rule"]), "") if self._reads_internal else ""
        return format_html(
            _("<strong>A rule</strong>{rule} gave the ticket to <strong>{new}</strong>"),
            rule=f", “{rule}”," if rule else "",
            new=self._name("unit", entry.facts["unit"][1]),
        )

    def _person_added(self, entry: HistoryEntry) -> SafeString:
        words = (
            _("<strong>{who}</strong> assigned {person}")
            if entry.facts.get("part") == TicketPerson.Part.ASSIGNED
            else _("<strong>{who}</strong> involved {person}")
        )
        return format_html(
            words, who=self._who(entry), person=self._name("user", entry.facts["person"])
        )

    def _jobs(self, entry: HistoryEntry) -> SafeString:
        ids = entry.facts.get("jobs", [])
        words = ngettext("looked up the job %(jobs)s", "looked up the jobs %(jobs)s", len(ids))
        return self.says(entry, words % {"jobs": ", ".join(str(job) for job in ids)})

    def _person_removed(self, entry: HistoryEntry) -> SafeString:
        return format_html(
            _("<strong>{who}</strong> released {person}"),
            who=self._who(entry),
            person=self._name("user", entry.facts["person"]),
        )

    def _priority(self, entry: HistoryEntry) -> SafeString:
        old, new = entry.facts["priority"]
        return format_html(
            _("<strong>{who}</strong> changed the priority from {old} to {new}"),
            who=self._who(entry),
            old=Priority(old).label,
            new=display.priority_dot(new, str(Priority(new).label)),
        )

    def _alarm_called(self, entry: HistoryEntry) -> SafeString:
        words = {
            Call.AT_ONCE: _("raised the alarm: emergency address and person on call are mailed"),
            Call.PHONE: _("found no receipt after 15 minutes: the person on call is phoned"),
            Call.EVERYBODY: _(
                "found no receipt after 60 minutes: the person on call, TPM and the operations "
                "centre are mailed"
            ),
        }
        return self.says(entry, words[Call(entry.facts["call"])])

    def _alarm_received(self, entry: HistoryEntry) -> SafeString:
        minutes = entry.facts["minutes"]
        words = ngettext(
            "confirmed the receipt of the alarm after %(n)d minute, %(how)s",
            "confirmed the receipt of the alarm after %(n)d minutes, %(how)s",
            minutes,
        ) % {"n": minutes, "how": ReceiptHow(entry.facts["how"]).label}
        return format_html("<strong>{}</strong> {}", entry.words or self._who(entry), words)

    def _field(self, entry: HistoryEntry) -> SafeString:
        name = entry.facts["field"]
        if not entry.facts["change"]:
            return format_html(
                _("<strong>{who}</strong> changed {field}"),
                who=self._who(entry),
                field=_fields().get(name, name),
            )
        old, new = (self._value(name, value) for value in entry.facts["change"])
        return format_html(
            _("<strong>{who}</strong> changed {field} from {old} to <strong>{new}</strong>"),
            who=self._who(entry),
            field=_fields().get(name, name),
            old=old,
            new=new,
        )

    def _value(self, name: str, value: Any) -> SafeString:
        if value in (None, "", []):
            return format_html("{}", _("nothing"))
        if name in FIELD_KINDS:
            keys = value if isinstance(value, list) else [value]
            words = ", ".join(self._name(FIELD_KINDS[name], key) for key in keys)
        elif name.endswith("_at"):
            return display.when(datetime.fromisoformat(value), self._at)
        elif name == "category":
            words = str(Category(value).label)
        elif isinstance(value, bool):
            words = _("yes") if value else _("no")
        else:
            words = str(value)
        return format_html("{}", words)

    def _next_step(self, entry: HistoryEntry) -> SafeString:
        facts = entry.facts
        if not entry.words:
            return self.says(entry, _("cleared the next step"))
        sentence = format_html(
            _("<strong>{who}</strong> set the next step: {what}"),
            who=self._who(entry),
            what=entry.words,
        )
        if facts.get("person"):
            sentence = format_html(
                _("{sentence}, by {person}"),
                sentence=sentence,
                person=self._name("user", facts["person"]),
            )
        if facts.get("due_at"):
            due = display.when(datetime.fromisoformat(facts["due_at"]), self._at)
            sentence = format_html(_("{sentence}, until {moment}"), sentence=sentence, moment=due)
        return sentence

    def _escalated(self, entry: HistoryEntry) -> SafeString:
        to = {
            1: _("escalated to the support unit"),
            2: _("escalated to the support unit and TPM"),
            3: _("escalated to the support unit, TPM and whoever is on call"),
        }
        return self.says(entry, to.get(entry.facts.get("level", 1), to[3]))

    def _reference(self, entry: HistoryEntry) -> SafeString:
        number = entry.facts["other"]
        return format_html(
            _('<strong>{who}</strong> connected this ticket with <a href="{url}">#{number}</a>'),
            who=self._who(entry),
            url=reverse("ticket", args=[number]),
            number=number,
        )

    def _related(self, entry: HistoryEntry) -> SafeString:
        return relation_sentence(entry, self._who(entry))

    def _redacted(self, entry: HistoryEntry) -> SafeString:
        part = entry.facts.get("part")
        if entry.facts.get("attachment"):
            words = _("took a file out")
        elif entry.facts.get("job"):
            words = _("took a job out")
        else:
            words = {
                "description": _("took the description out"),
                "solution": _("took the solution out"),
                "subject": _("took the subject out"),
            }.get(part, _("took an entry out"))
        return self.says(entry, words)

    def _undone(self, entry: HistoryEntry) -> SafeString:
        action = entry.facts.get("action", UndoWindow.Action.ASSIGN)
        words = _("took back: %(what)s") % {"what": UndoWindow.Action(action).label}
        return self.says(entry, words)

    def _checked(self, entry: HistoryEntry) -> SafeString:
        words = (
            _("<strong>{who}</strong> looked after “{item}”")
            if entry.facts.get("done")
            else _("<strong>{who}</strong> took the tick at “{item}” away")
        )
        return format_html(
            words, who=self._who(entry), item=self._name("check", entry.facts.get("item"))
        )

    def _response_due(self, entry: HistoryEntry) -> SafeString:
        words = (
            _("The time to respond has passed: {unit}'s managers and TPM were told")
            if "red" in entry.facts["colours"]
            else _("Three quarters of the time to respond have passed: {unit} was told")
        )
        return format_html(words, unit=self._name("unit", entry.facts["unit"]))

    def _reminded(self, entry: HistoryEntry) -> SafeString:
        if entry.facts["number"] == 1:
            return format_html(_("The submitter was reminded of the question"))
        return format_html(_("The submitter was reminded of the question for the last time"))

    def _context(self, entry: HistoryEntry) -> SafeString:
        return condition_sentences(entry.facts, self._at)

    def _other(self, entry: HistoryEntry) -> SafeString:
        return self.says(entry, str(entry.get_kind_display()))

    def detail(self, entry: HistoryEntry) -> SafeString:
        """Return the words that were written with a change; empty where they are not shown."""
        # As in mails: the reason of an assignment is written for the two units.
        tells = entry.kind == Kind.REDACTED or (
            entry.kind == Kind.ASSIGNED_TO_UNIT and self._reads_internal
        )
        if not tells:
            return SafeString("")
        bounce = entry.facts.get("bounce")
        label = str(BounceReason(bounce).label) if bounce in BounceReason.values else ""
        if label and label != entry.words:
            return format_html("{}: {}", label, entry.words)
        return conditional_escape(entry.words)

    def _name(self, kind: str, key: int | None) -> str:
        return self._names.get((kind, key or 0), _("nobody") if kind == "user" else _("nothing"))


def _fields() -> dict[str, str]:
    return {
        "subject": _("the subject"),
        "vo": _("the concerned VO"),
        "issue_type": _("the type of issue"),
        "category": _("the category"),
        "notified_site": _("the notified site"),
        "affected_sites": _("the affected sites"),
        "problem_at": _("the moment of the problem"),
        "eta_at": _("the ETA"),
        "mou_area": _("the MoU area"),
        "is_vo_specific": _("“in this VO only”"),
        "affects_whole_vo": _("“affects the whole VO”"),
        "type": _("the ticket's type"),
    }
