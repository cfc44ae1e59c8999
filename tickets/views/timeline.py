"""What happened to a ticket as rows of ready strings: one timeline for words and changes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import CharField, Model, QuerySet, Value
from django.db.models.functions import Cast
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.accounts.models import User
from juno_support.lib import display
from supportunits.models import VO, IssueType, SupportUnit
from tickets.models import (
    Attachment,
    BounceReason,
    Call,
    Category,
    CheckItem,
    HistoryEntry,
    Kind,
    Priority,
    ReceiptHow,
    Ticket,
    TicketPerson,
    UndoWindow,
)
from tickets.routing.models import RoutingRule
from tickets.views.changed_conditions import condition_sentences
from tickets.views.relation_rows import because, relation_sentence, ticket_link
from tickets.workflow import ResolutionCode, Status
from topology.models import Site

FILTERS = ("all", "diary", "public", "changes")
_RELATIONS = (
    Kind.RELATED,
    Kind.RELATION_ENDED,
    Kind.INCIDENT_DECLARED,
    Kind.INCIDENT_ENDED,
)
_DIARY = (Kind.PUBLIC_ENTRY, Kind.INTERNAL_ENTRY)
_NAMED: dict[str, tuple[type[Model], str]] = {
    "unit": (SupportUnit, "name"),
    "rule": (RoutingRule, "name"),
    "user": (User, "name"),
    "site": (Site, "name"),
    "vo": (VO, "name"),
    "issue_type": (IssueType, "name"),
    "check": (CheckItem, "words"),
}
_FIELD_KINDS = {
    "vo": "vo",
    "issue_type": "issue_type",
    "notified_site": "site",
    "affected_sites": "site",
}
Names = Mapping[tuple[str, int], str]
NOTHING = SafeString("")


@dataclass(frozen=True)
class FileLine:
    """A file of an entry, ready to be shown."""

    name: str
    url: str
    size: str
    is_picture: bool
    is_gone: bool
    key: str
    redact_url: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the timeline; every text is escaped and ready.

    :ivar kind: diary, internal or change: which style, and which filter shows it
    :ivar notes: changes that were made together with the words
    """

    key: int
    kind: str
    mark: SafeString
    head: SafeString
    time: SafeString
    body: SafeString = NOTHING
    detail: SafeString = NOTHING
    notes: tuple[SafeString, ...] = ()
    files: tuple[FileLine, ...] = ()
    tags: tuple[str, ...] = ()
    mail: SafeString = NOTHING
    is_new: bool = False
    redact_url: str = ""
    classes: str = field(default="")


def make_rows(
    entries: Sequence[HistoryEntry],
    *,
    ticket: Ticket,
    redacts: bool,
    reads_internal: bool,
    names: Names,
    files: Iterable[Attachment],
    at: datetime,
    mails: Mapping[int, SafeString] | None = None,
    new_after: int | None = None,
    reader: int | None = None,
) -> list[Row]:
    """Return the rows, oldest first.

    :param reads_internal: whether the reader sees what units write to one another
    :param names: of what the entries' facts mention, from ``names_of``
    :param files: of the ticket
    :param mails: what became of the mails about an entry, by the entry's key
    :param new_after: entries after this one are new to the reader, but for the reader's own
    """
    maker = _Maker(ticket, redacts, reads_internal, names, list(files), at)
    rows: list[Row] = []
    for entry in entries:
        last = rows[-1] if rows else None
        if last is not None and maker.goes_along(entry):
            rows[-1] = replace(last, notes=(*last.notes, maker.note(entry)))
            continue
        row = maker.row(entry)
        if mails and entry.pk in mails:
            row = replace(row, mail=mails[entry.pk])
        if new_after is not None and entry.pk > new_after and entry.actor_id != reader:
            row = replace(row, is_new=True)
        rows.append(row)
    return rows


def shown_by(name: str, entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """Return the entries that a filter shows: all, diary, public or changes."""
    match name:
        case "diary":
            return [entry for entry in entries if entry.kind in (*_DIARY, Kind.SUBMITTED)]
        case "public":
            return [entry for entry in entries if entry.is_public]
        case "changes":
            return [entry for entry in entries if entry.kind not in _DIARY]
        case _:
            return list(entries)


def names_of(entries: Iterable[HistoryEntry]) -> dict[tuple[str, int], str]:
    """Return the names of all rows that the entries' facts mention by key. One query."""
    wanted: dict[str, set[int]] = {kind: set() for kind in _NAMED}
    for entry in entries:
        facts = entry.facts
        if entry.kind in (Kind.ASSIGNED_TO_UNIT, Kind.UNDONE):
            wanted["unit"].update(key for key in facts.get("unit", ()) if key)
            if facts.get("rule"):
                wanted["rule"].add(facts["rule"])
        elif entry.kind == Kind.RESPONSE_DUE:
            wanted["unit"].add(facts["unit"])
        elif entry.kind == Kind.FIELD_CHANGED and facts.get("field") in _FIELD_KINDS:
            for value in facts["change"]:
                keys = value if isinstance(value, list) else [value]
                wanted[_FIELD_KINDS[facts["field"]]].update(key for key in keys if key)
        if facts.get("person"):
            wanted["user"].add(facts["person"])
        if entry.kind == Kind.CHECKED:
            wanted["check"].add(facts["item"])
    parts = [
        model._default_manager.filter(pk__in=wanted[kind])
        .annotate(named=Value(kind, CharField()), called=Cast(column, CharField(max_length=300)))
        .values_list("named", "pk", "called")
        for kind, (model, column) in _NAMED.items()
        if wanted[kind]
    ]
    if not parts:
        return {}
    rows: QuerySet[Any, Any] = parts[0].union(*parts[1:], all=True)
    return {(kind, key): name for kind, key, name in rows}


def file_line(file: Attachment, *, redacts: bool) -> FileLine:
    """Return the line of a file."""
    is_gone = file.redacted_at is not None or not file.file
    return FileLine(
        name=_("redacted file") if file.redacted_at else file.name,
        url="" if is_gone else reverse("attachment", args=[file.pk]),
        size="" if is_gone else filesizeformat(file.size),
        is_picture=not is_gone and file.content_type in PICTURES,
        is_gone=is_gone,
        key=str(file.pk),
        redact_url=""
        if is_gone or not redacts
        else reverse("redact-file", args=[file.ticket_id, file.pk]),
    )


PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class _Maker:
    """Makes rows of one ticket."""

    def __init__(
        self,
        ticket: Ticket,
        redacts: bool,
        reads_internal: bool,
        names: Names,
        files: list[Attachment],
        at: datetime,
    ) -> None:
        self._ticket = ticket
        self._redacts = redacts
        self._reads_internal = reads_internal
        self._names = names
        self._at = at
        self._files: dict[int | None, list[Attachment]] = {}
        for file in files:
            self._files.setdefault(file.entry_id, []).append(file)
        self._words: HistoryEntry | None = None
        self._sentences: dict[str, Callable[[HistoryEntry], SafeString]] = {
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
            Kind.CC_ADDED: lambda entry: self._says(entry, _("added a CC address")),
            Kind.CC_REMOVED: lambda entry: self._says(entry, _("removed a CC address")),
            Kind.ME_TOO: lambda entry: self._says(entry, _("has the same problem")),
            Kind.REDACTED: self._redacted,
            Kind.CONTEXT: self._context,
            Kind.JOBS_KEPT: self._jobs,
            Kind.RESPONSE_DUE: self._response_due,
            Kind.REMINDED: self._reminded,
            Kind.UNDONE: self._undone,
            Kind.DISCARDED: lambda entry: self._says(entry, _("discarded this as spam")),
            Kind.RECOVERED: lambda entry: self._says(entry, _("recovered this: it was no spam")),
            Kind.CHECKED: self._checked,
            Kind.ALARM_CALLED: self._alarm_called,
            Kind.ALARM_RECEIVED: self._alarm_received,
        }

    def goes_along(self, entry: HistoryEntry) -> bool:
        """Say whether the entry belongs to the words written in the same moment."""
        words = self._words
        return (
            words is not None
            and entry.kind == Kind.STATUS_CHANGED
            and entry.happened_at == words.happened_at
            and entry.actor_id in (None, words.actor_id)
        )

    def note(self, entry: HistoryEntry) -> SafeString:
        """Return what was changed together with the words."""
        new = entry.facts["status"][1]
        pill = display.status_pill(new, str(Status(new).label))
        extra = self._status_extra(entry)
        if extra:
            return format_html("{} <span>({})</span>", pill, extra)
        return pill

    def row(self, entry: HistoryEntry) -> Row:
        """Return the row of an entry."""
        time = self._time(entry)
        if entry.kind in _DIARY and entry.diary_entry is not None:
            self._words = entry
            return self._diary(entry, time)
        self._words = None
        if entry.kind == Kind.SUBMITTED:
            return self._submitted(entry, time)
        sentence = self._sentences.get(entry.kind, self._other)(entry)
        return Row(
            key=entry.pk,
            kind="change",
            classes="entry-quiet" + (" entry-unseen" if not entry.is_public else ""),
            mark=_mark(entry),
            head=sentence,
            time=time,
            detail=self._detail(entry),
            tags=() if entry.is_public else (_("internal"),),
            redact_url=reverse("redact-words", args=[self._ticket.pk, entry.pk])
            if self._redacts and entry.words and entry.kind != Kind.REDACTED
            else "",
        )

    def _time(self, entry: HistoryEntry) -> SafeString:
        return format_html(
            '<a class="entry-time" href="#e{}">{}</a>',
            entry.pk,
            display.when(entry.happened_at, self._at),
        )

    def _diary(self, entry: HistoryEntry, time: SafeString) -> Row:
        words = entry.diary_entry
        assert words is not None  # noqa: S101 - for the type checker; the caller looked
        is_ours = entry.actor_id == self._ticket.submitter_id
        tags = []
        if not words.is_public:
            tags.append(_("internal"))
        if words.is_late:
            tags.append(_("late comment"))
        if is_ours:
            tags.append(_("submitter"))
        if entry.facts.get("lead"):
            tags.append(_("from #%(number)s") % {"number": entry.facts["lead"]})
        return Row(
            key=entry.pk,
            kind="diary" if words.is_public else "internal",
            classes="entry-public" if words.is_public else "entry-internal",
            mark=display.avatar(str(entry.actor or "?")),
            head=format_html("<strong>{}</strong>", entry.actor or _("The portal")),
            time=time,
            body=SafeString(words.html),  # sanitised when it was stored
            files=tuple(
                file_line(file, redacts=self._redacts) for file in self._files.get(words.pk, ())
            ),
            tags=tuple(tags),
            redact_url=""
            if words.redacted_at or not self._redacts
            else reverse("redact-entry", args=[self._ticket.pk, words.pk]),
        )

    def _submitted(self, entry: HistoryEntry, time: SafeString) -> Row:
        ticket = self._ticket
        head = self._says(entry, _("filed this ticket"))
        if ticket.on_behalf_of_name:
            head = format_html(
                _("{head} on behalf of <strong>{name}</strong>"),
                head=head,
                name=ticket.on_behalf_of_name,
            )
        return Row(
            key=entry.pk,
            kind="diary",
            classes="entry-public",
            mark=display.avatar(str(entry.actor or "?")),
            head=head,
            time=time,
            body=SafeString(ticket.description_html),  # sanitised when it was stored
            files=tuple(
                file_line(file, redacts=self._redacts) for file in self._files.get(None, ())
            ),
            tags=(_("submitter"),),
            redact_url=reverse("redact-part", args=[ticket.pk, "description"])
            if self._redacts
            else "",
        )

    # Sentences

    def _says(self, entry: HistoryEntry, words: str) -> SafeString:
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
        extra = self._status_extra(entry)
        return format_html(
            "<strong>{}</strong> {}{} {}",
            self._who(entry),
            words,
            format_html(" ({})", extra) if extra else "",
            pill,
        )

    def _status_extra(self, entry: HistoryEntry) -> SafeString:
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
        return self._says(entry, words % {"jobs": ", ".join(str(job) for job in ids)})

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
        return self._says(entry, words[Call(entry.facts["call"])])

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
        if name in _FIELD_KINDS:
            keys = value if isinstance(value, list) else [value]
            words = ", ".join(self._name(_FIELD_KINDS[name], key) for key in keys)
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
            return self._says(entry, _("cleared the next step"))
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
        return self._says(entry, to.get(entry.facts.get("level", 1), to[3]))

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
        return self._says(entry, words)

    def _undone(self, entry: HistoryEntry) -> SafeString:
        action = entry.facts.get("action", UndoWindow.Action.ASSIGN)
        words = _("took back: %(what)s") % {"what": UndoWindow.Action(action).label}
        return self._says(entry, words)

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
        return self._says(entry, str(entry.get_kind_display()))

    def _detail(self, entry: HistoryEntry) -> SafeString:
        # As in mails: the reason of an assignment is written for the two units.
        tells = entry.kind == Kind.REDACTED or (
            entry.kind == Kind.ASSIGNED_TO_UNIT and self._reads_internal
        )
        if not tells:
            return NOTHING
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


_ICONS = {
    Kind.STATUS_CHANGED: "arrow-right",
    Kind.ASSIGNED_TO_UNIT: "signpost-split",
    Kind.PERSON_ADDED: "person-plus",
    Kind.PERSON_REMOVED: "person",
    Kind.PRIORITY_CHANGED: "flag",
    Kind.FIELD_CHANGED: "pencil",
    Kind.ALARM_CALLED: "megaphone",
    Kind.ALARM_RECEIVED: "check2-all",
    Kind.NEXT_STEP: "arrow-right",
    Kind.ESCALATED: "arrow-up-circle",
    Kind.REFERENCE_ADDED: "link-45deg",
    Kind.RELATED: "link-45deg",
    Kind.RELATION_ENDED: "link-45deg",
    Kind.INCIDENT_DECLARED: "broadcast",
    Kind.INCIDENT_ENDED: "broadcast",
    Kind.CC_ADDED: "envelope",
    Kind.CC_REMOVED: "envelope",
    Kind.ME_TOO: "hand-thumbs-up",
    Kind.REDACTED: "eye-slash",
    Kind.CONTEXT: "activity",
    Kind.JOBS_KEPT: "hash",
    Kind.UNDONE: "arrow-counterclockwise",
    Kind.RESPONSE_DUE: "clock",
    Kind.REMINDED: "bell",
    Kind.DISCARDED: "slash-circle",
    Kind.RECOVERED: "arrow-counterclockwise",
    Kind.CHECKED: "check2-all",
}
_STEP_ICONS = {
    "take": "person-circle",
    "ask": "question-circle",
    "hold": "pause-circle",
    "wait": "pause-circle",
    "resume": "play-circle",
    "answered": "play-circle",
    "solve": "check-circle",
    "leave-unsolved": "slash-circle",
    "withdraw": "x-circle",
    "reopen": "arrow-repeat",
    "verify": "check2-all",
    "close": "lock",
}


def _mark(entry: HistoryEntry) -> SafeString:
    name = _STEP_ICONS.get(entry.facts.get("step", "")) or _ICONS.get(
        Kind(entry.kind), "info-circle"
    )
    return format_html('<span class="entry-mark">{}</span>', display.icon(name))
