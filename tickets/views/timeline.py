"""What happened to a ticket as rows of ready strings: one timeline for words and changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import CharField, Model, QuerySet, Value
from django.db.models.functions import Cast
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.lib import display
from supportunits.models import VO, IssueType, SupportUnit
from tickets.models import Attachment, CheckItem, HistoryEntry, Kind, Ticket
from tickets.routing.models import RoutingRule
from tickets.views.sentences import FIELD_KINDS, Names, Sentences
from tickets.workflow import Status
from topology.models import Site

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
        elif entry.kind == Kind.FIELD_CHANGED and facts.get("field") in FIELD_KINDS:
            for value in facts["change"]:
                keys = value if isinstance(value, list) else [value]
                wanted[FIELD_KINDS[facts["field"]]].update(key for key in keys if key)
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
        self._at = at
        self._sentences = Sentences(reads_internal=reads_internal, names=names, at=at)
        self._files: dict[int | None, list[Attachment]] = {}
        for file in files:
            self._files.setdefault(file.entry_id, []).append(file)
        self._words: HistoryEntry | None = None

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
        extra = self._sentences.status_extra(entry)
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
        sentence = self._sentences.of(entry)
        return Row(
            key=entry.pk,
            kind="change",
            classes="entry-quiet" + (" entry-unseen" if not entry.is_public else ""),
            mark=_mark(entry),
            head=sentence,
            time=time,
            detail=self._sentences.detail(entry),
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
        head = self._sentences.says(entry, _("filed this ticket"))
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
