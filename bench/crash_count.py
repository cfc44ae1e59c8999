"""Count what became of the forms that people sent: lost, doubled, unsent. Reads the database only.

What is expected is worked out here from the forms, the workflow and the members of TPM, not by the
code that wrote the mails. Every finding is one sentence; the counts are their numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max

from bench.crash_clients import INTERNAL, TICKET, Form, Story
from juno_support.accounts.models import User
from juno_support.outbox.models import CaughtMail, Delivery, DeliveryState
from supportunits.models import SupportUnit, UnitKind
from tickets.models import (
    Attachment,
    Consumer,
    ContextSnapshot,
    DiaryEntry,
    Dispatch,
    HistoryEntry,
    Kind,
    SearchDocument,
    StatusInterval,
    Ticket,
)


@dataclass(frozen=True)
class Before:
    """The newest rows before the run; what is counted came after them."""

    ticket: int
    entry: int
    dispatch: int
    delivery: int
    caught: int


@dataclass
class Findings:
    """What went wrong, a sentence each."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)

    @property
    def all_well(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.doubled or self.unsent)


def before() -> Before:
    """Look at what is there before the run."""
    return Before(
        *(
            model.objects.aggregate(newest=Max("pk"))["newest"] or 0
            for model in (Ticket, HistoryEntry, Dispatch, Delivery, CaughtMail)
        )
    )


def waiting(since: Before, stories: Iterable[Story]) -> int:
    """Return how many dispatches, mails and contexts are still to come: the work that is left."""
    filed = [story.ticket.key for story in stories if story.ticket.key]
    return (
        Dispatch.objects.filter(
            pk__gt=since.dispatch, done_at__isnull=True, cancelled_at__isnull=True
        ).count()
        + Delivery.objects.filter(pk__gt=since.delivery, state=DeliveryState.WAITING).count()
        + Ticket.objects.filter(submission_key__in=filed, contexts__isnull=True).count()
    )


def count(since: Before, stories: Sequence[Story]) -> Findings:
    """Compare what was sent with what is there."""
    found = Findings()
    rows = _Rows.load(since, stories)
    for story in stories:
        _look_at_ticket(found, rows, story)
        for form in story.forms[1:]:
            _look_at_reply(found, rows, form)
        _look_at_history(found, rows, story)
    _look_at_work(found, since)
    _look_at_mails(found, rows)
    return found


@dataclass
class _Rows:
    """Everything that the run wrote, read once."""

    tickets: Mapping[str, Ticket]
    entries: Mapping[str, DiaryEntry]
    history: Mapping[int, list[HistoryEntry]]
    dispatches: set[tuple[int, str]]
    intervals: Mapping[int, list[StatusInterval]]
    files: Mapping[tuple[int, int | None], list[Attachment]]
    sites: Mapping[int, list[str]]
    contexts: Counter[int]
    words: Mapping[int, tuple[str, str]]
    caught: list[CaughtMail]
    keys: Mapping[str, str]
    addresses: Mapping[int, str]
    tpm: set[str]
    tpm_list: str

    @classmethod
    def load(cls, since: Before, stories: Sequence[Story]) -> _Rows:
        tickets = list(
            Ticket.objects.filter(pk__gt=since.ticket)
            .prefetch_related("affected_sites")
            .select_related("submitter")
        )
        numbers = [ticket.pk for ticket in tickets]
        entries = DiaryEntry.objects.filter(ticket__in=numbers).select_related("author")
        tpm = SupportUnit.objects.get(kind=UnitKind.TPM)
        names = {form.author for story in stories for form in story.forms}
        return cls(
            tickets={str(ticket.submission_key): ticket for ticket in tickets},
            entries={str(entry.submission_key): entry for entry in entries},
            history=_grouped(
                (row.ticket_id, row)
                for row in HistoryEntry.objects.filter(ticket__in=numbers).order_by("pk")
            ),
            dispatches=set(
                Dispatch.objects.filter(pk__gt=since.dispatch).values_list("entry", "consumer")
            ),
            intervals=_grouped(
                (row.ticket_id, row)
                for row in StatusInterval.objects.filter(ticket__in=numbers).order_by(
                    "starts_at", "pk"
                )
            ),
            files=_grouped(
                ((row.ticket_id or 0, row.entry_id), row)
                for row in Attachment.objects.filter(ticket__in=numbers)
            ),
            sites={
                ticket.pk: sorted(site.name for site in ticket.affected_sites.all())
                for ticket in tickets
            },
            contexts=Counter(
                ContextSnapshot.objects.filter(
                    ticket__in=numbers, reason=ContextSnapshot.Reason.SUBMISSION
                ).values_list("ticket", flat=True)
            ),
            words={
                number: (public, supporters)
                for number, public, supporters in SearchDocument.objects.filter(
                    ticket__in=numbers
                ).values_list("ticket", "public", "supporters")
            },
            caught=list(CaughtMail.objects.filter(pk__gt=since.caught).order_by("pk")),
            keys=dict(
                Delivery.objects.filter(pk__gt=since.delivery).values_list("message_id", "key")
            ),
            addresses=dict(User.objects.filter(username__in=names).values_list("pk", "email")),
            tpm=set(
                User.objects.filter(unit_memberships__unit=tpm, is_active=True).values_list(
                    "email", flat=True
                )
            ),
            tpm_list=tpm.mailing_list,
        )


def _look_at_ticket(found: Findings, rows: _Rows, story: Story) -> None:
    form = story.ticket
    same = [ticket for ticket in rows.tickets.values() if form.token in ticket.description]
    if len(same) > 1:
        found.doubled.append(f"the same form made tickets {[ticket.pk for ticket in same]}")
    ticket = rows.tickets.get(form.key)
    if ticket is None:
        if form.accepted:
            found.lost.append(f"ticket #{form.number} ({form.token}) is not there")
        return
    name = f"ticket #{ticket.pk}"
    if form.accepted and form.number != ticket.pk:
        found.lost.append(f"{name} was answered as #{form.number}")
    wrong = [
        what
        for what, there, expected in (
            ("subject", ticket.subject, form.subject),
            ("description", ticket.description, form.words),
            ("submitter", ticket.submitter.username, form.author),
            ("sites", rows.sites[ticket.pk], [form.site]),
        )
        if there != expected
    ]
    if wrong:
        found.lost.append(f"{name} has another {' and '.join(wrong)}")
    public, supporters = rows.words.get(ticket.pk, ("", ""))
    if f"'{form.token}'" not in public or f"'{form.token}'" not in supporters:
        found.lost.append(f"{name} cannot be found by its words")
    _look_at_files(found, name, form, rows.files.get((ticket.pk, None), []))
    if rows.contexts[ticket.pk] != 1:
        kept = found.doubled if rows.contexts[ticket.pk] else found.unsent
        kept.append(f"{name} has {rows.contexts[ticket.pk]} contexts of its submission")


def _look_at_reply(found: Findings, rows: _Rows, form: Form) -> None:
    same = [entry for entry in rows.entries.values() if form.token in entry.text]
    if len(same) > 1:
        found.doubled.append(f"the same form made diary entries {[entry.pk for entry in same]}")
    entry = rows.entries.get(form.key) if form.key else None
    if entry is None:
        if form.accepted:
            found.lost.append(f"an answer to #{form.number} ({form.token}) is not there")
        return
    name = f"diary entry {entry.pk} of #{entry.ticket_id}"
    wrong = [
        what
        for what, there, expected in (
            ("text", entry.text, form.words),
            ("author", entry.author and entry.author.username, form.author),
            ("side", entry.is_public, form.kind != INTERNAL),
            ("ticket", entry.ticket_id, form.number or entry.ticket_id),
        )
        if there != expected
    ]
    if wrong:
        found.lost.append(f"{name} has another {' and '.join(wrong)}")
    public, supporters = rows.words.get(entry.ticket_id, ("", ""))
    readable = [supporters] if form.kind == INTERNAL else [public, supporters]
    if any(f"'{form.token}'" not in vector for vector in readable):
        found.lost.append(f"{name} cannot be found by its words")
    _look_at_files(found, name, form, rows.files.get((entry.ticket_id, entry.pk), []))


def _look_at_files(found: Findings, name: str, form: Form, there: list[Attachment]) -> None:
    expected = 1 if form.file else 0
    if len(there) > expected:
        found.doubled.append(f"{name} has {len(there)} files for {expected} that was sent")
    if len(there) < expected and form.accepted:
        found.lost.append(f"{name} has not its file")
    for file in there:
        try:
            with file.file.open("rb") as stream:
                is_whole = stream.read() == form.file
        except OSError:
            is_whole = False
        if not is_whole:
            found.lost.append(f"{name} has a file that is not what was sent")


def _look_at_history(found: Findings, rows: _Rows, story: Story) -> None:
    ticket = rows.tickets.get(story.ticket.key)
    if ticket is None:
        return
    name = f"ticket #{ticket.pk}"
    history = [row for row in rows.history.get(ticket.pk, []) if row.kind != Kind.CONTEXT]
    there = Counter((row.kind, row.diary_entry_id) for row in history)
    expected: Counter[tuple[str, int | None]] = Counter({(Kind.SUBMITTED.value, None): 1})
    for form in story.forms[1:]:
        entry = rows.entries.get(form.key) if form.key else None
        if entry is not None:
            kind = Kind.PUBLIC_ENTRY if entry.is_public else Kind.INTERNAL_ENTRY
            expected[kind.value, entry.pk] += 1
    statuses = [row.facts["status"][1] for row in history if row.kind == Kind.STATUS_CHANGED]
    if story.is_complete:
        expected[Kind.STATUS_CHANGED.value, None] = len(story.statuses) - 1
        if statuses != story.statuses[1:] or ticket.status != story.statuses[-1]:
            found.lost.append(f"{name} went to {statuses}, not to {story.statuses[1:]}")
    else:
        expected[Kind.STATUS_CHANGED.value, None] = len(statuses)
    for (what, _entry), times in (there - expected).items():
        found.doubled.append(f"{name} has {what} in its history {times} times too often")
    for (what, _entry), times in (expected - there).items():
        found.lost.append(f"{name} lacks {what} in its history, {times} times")
    for row in history:
        needed = {Consumer.MAIL} | ({Consumer.CONTEXT} if row.kind == Kind.SUBMITTED else set())
        for consumer in needed:
            if (row.pk, consumer.value) not in rows.dispatches:
                found.lost.append(f"{name}: nobody is to act on {row.kind} ({consumer})")
    if rows.history.get(ticket.pk) and ticket.last_entry_id != rows.history[ticket.pk][-1].pk:
        found.lost.append(f"{name} does not know its last history entry")
    _look_at_intervals(found, name, ticket, ["NEW", *statuses], rows.intervals.get(ticket.pk, []))


def _look_at_intervals(
    found: Findings, name: str, ticket: Ticket, statuses: list[str], there: list[StatusInterval]
) -> None:
    if [row.status for row in there] != statuses:
        kept = found.doubled if len(there) > len(statuses) else found.lost
        kept.append(f"{name} has the intervals {[row.status for row in there]}, not {statuses}")
        return
    ends = [*(row.starts_at for row in there[1:]), None]
    if there[0].starts_at != ticket.submitted_at or [row.ends_at for row in there] != ends:
        found.lost.append(f"{name} has a gap in its intervals")


def _look_at_work(found: Findings, since: Before) -> None:
    for row in Dispatch.objects.filter(
        pk__gt=since.dispatch, done_at__isnull=True, cancelled_at__isnull=True
    ).select_related("entry"):
        found.unsent.append(
            f"dispatch {row.pk} ({row.consumer} of #{row.entry.ticket_id}) is not done: {row.error}"
        )
    for mail in Delivery.objects.filter(pk__gt=since.delivery).exclude(state=DeliveryState.SENT):
        found.unsent.append(f"mail {mail.pk} ({mail.kind}) is {mail.state}: {mail.error}")
    twice = (
        ContextSnapshot.objects.filter(ticket__gt=since.ticket)
        .values("ticket", "reason", "fingerprint", "taken_at")
        .annotate(times=Count("pk"))
        .filter(times__gt=1)
    )
    for same in twice:
        found.doubled.append(f"ticket #{same['ticket']} has the same context {same['times']} times")


def _look_at_mails(found: Findings, rows: _Rows) -> None:
    """Compare the mail catcher with who has to hear: by words of the text, and by entry."""
    for mail in rows.caught:
        if mail.times_caught > 1:
            found.doubled.append(f"{mail} was caught {mail.times_caught} times: {mail.subject}")
    same_text = Counter((mail.to_address, mail.subject, mail.body) for mail in rows.caught)
    for (address, subject, _body), times in same_text.items():
        if times > 1:
            found.doubled.append(f"{address} got the same text {times} times: {subject}")
    by_entry: Counter[tuple[str, int]] = Counter()
    for mail in rows.caught:
        key = rows.keys.get(mail.message_id, "")
        if key.startswith("ticket-mail:"):
            for number in key.split(":")[1].split("+"):
                by_entry[mail.to_address, int(number)] += 1
        elif not key:
            found.doubled.append(f"{mail} was caught, and the outbox knows nothing of it")
    for (address, number_told), times in by_entry.items():
        if times > 1:
            found.doubled.append(f"{address} was told of entry {number_told} {times} times")
    for ticket in rows.tickets.values():
        for entry in rows.history.get(ticket.pk, []):
            for address in _hearers(rows, ticket, entry):
                if by_entry[address, entry.pk] == 0:
                    found.unsent.append(f"{address} was not told of {entry}")
    _look_for_words(found, rows)


def _look_for_words(found: Findings, rows: _Rows) -> None:
    """Make sure that the mails hold the text they tell of."""
    bodies: dict[tuple[str, str], str] = defaultdict(str)
    for mail in rows.caught:
        bodies[mail.to_address, mail.headers.get("X-JUNO-Ticket", "")] += mail.body
    for ticket in rows.tickets.values():
        texts = [(TICKET, ticket.submitter.email, ticket.description)]
        texts += [
            (Kind.PUBLIC_ENTRY if entry.is_public else INTERNAL, entry.author.email, entry.text)
            for entry in rows.entries.values()
            if entry.ticket_id == ticket.pk and entry.author
        ]
        for kind, author, text in texts:
            readers = {*rows.tpm, ticket.submitter.email} if kind != INTERNAL else rows.tpm
            for address in readers - ({author} if kind != TICKET else set()):
                if text.split("\n")[0] not in bodies[address, str(ticket.pk)]:
                    found.unsent.append(
                        f"{address} did not get the words of #{ticket.pk}: {text[:60]}"
                    )


def _hearers(rows: _Rows, ticket: Ticket, entry: HistoryEntry) -> set[str]:
    """Return who has to hear of an entry: TPM's members and list, the submitter, not the actor."""
    if entry.kind == Kind.CONTEXT:
        return set()
    hearers = rows.tpm | ({rows.tpm_list} if rows.tpm_list else set())
    if entry.is_public:
        hearers.add(ticket.submitter.email)
    # What the system does along with a person's action is that person's own.
    actors = {
        other.actor_id
        for other in rows.history[ticket.pk]
        if other.happened_at == entry.happened_at and other.actor_id
    }
    if entry.kind != Kind.SUBMITTED:
        hearers -= {rows.addresses.get(actor, "") for actor in actors}
    return hearers


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, row in pairs:
        found[key].append(row)
    return found


def sentences(found: Findings, most: int) -> Iterator[str]:
    """Return what to print of the findings, so many of each kind."""
    for name in ("lost", "doubled", "unsent"):
        said = getattr(found, name)
        yield from (f"{name}: {sentence}" for sentence in said[:most])
        if len(said) > most:
            yield f"{name}: and {len(said) - most} more"
