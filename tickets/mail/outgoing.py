"""Tell people by mail what happened to a ticket: one action, one mail an address, once.

An action may write several history entries (an answer, and the step that goes along), each with a
dispatch row of its own, and workers may take these at the same moment. Each works out the same
mails under the same keys, which name the entries; so the first one to commit has written them, and
the others find that their entry was told already. Neither waits for the other's row.
"""

import hashlib
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation

from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.lib import clock
from juno_support.outbox.actions import Mail, enqueue_all
from juno_support.outbox.models import Delivery
from tickets.mail import escalation, facts, late, threads, words
from tickets.mail.recipients import Recipient, Why, recipients
from tickets.models import Consumer, Dispatch, HistoryEntry, Kind, Ticket, TicketType

_KEY = "ticket-mail"


@transaction.atomic
def handle(dispatch: Dispatch) -> None:
    """Write the mails that tell of the dispatch's entry, and mark it done, in one transaction."""
    at = clock.now()
    entry = dispatch.entry
    # In this order: another worker may commit between the two questions.
    entries = _still_to_tell(entry)
    if entry.kind == Kind.RESPONSE_DUE:
        enqueue_all(late.compose(entry, _KEY, at=at), at=at)
    elif entries and not _was_told(entry):
        enqueue_all([*compose(entries), *escalation.calls(entry)], at=at)
    Dispatch.objects.filter(pk=dispatch.pk, done_at__isnull=True).update(done_at=at)


def compose(entries: Sequence[HistoryEntry]) -> list[Mail]:
    """Return the mails that tell of the entries of one action, in the order of their keys.

    :param entries: of one ticket, oldest first; not empty
    """
    ticket = Ticket.objects.select_related(
        "submitter",
        "unit__site__operations_centre",
        "vo",
        "notified_site__operations_centre",
    ).get(pk=entries[0].ticket_id)
    ticket_facts = facts.of_ticket(ticket)
    # What the system does along with a person's action is that person's own.
    actor = next((entry.actor for entry in entries if entry.actor is not None), None)
    heard: dict[str, list[tuple[HistoryEntry, Recipient]]] = {}
    for entry in entries:
        told = recipients(facts.of_entry(entry, ticket, actor=actor), ticket_facts)
        for recipient in _not_told_elsewhere(entry, told):
            heard.setdefault(recipient.address.casefold(), []).append((entry, recipient))
    story = words.Story.load(ticket, entries)
    people = User.objects.in_bulk(
        [recipient.user_id for pairs in heard.values() for _, recipient in pairs]
    )
    mails = [_mail(story, pairs, people) for pairs in heard.values()]
    # Two workers insert in the same order, so that neither waits for the other in a circle.
    return sorted(mails, key=lambda mail: mail.key)


def _not_told_elsewhere(entry: HistoryEntry, told: Sequence[Recipient]) -> Sequence[Recipient]:
    """Return who has not heard of the same on another ticket: what passed on to many tickets is
    one mail an address. Who is returned counts as told, in this transaction.
    """
    origin = entry.facts.get("passed")
    if not origin or not told:
        return told
    digests = {_digest(recipient.address): recipient for recipient in told}
    with connection.cursor() as cursor:
        # In this order, so that two workers do not wait for one another in a circle.
        cursor.execute(
            "INSERT INTO tickets_toldonce (entry_id, address)"
            " SELECT %s, unnest(%s) ON CONFLICT DO NOTHING RETURNING address",
            [origin, sorted(digests)],
        )
        new = {address for (address,) in cursor.fetchall()}
    return [recipient for digest, recipient in digests.items() if digest in new]


def _digest(address: str) -> str:
    return hashlib.sha256(address.casefold().encode()).hexdigest()


def _still_to_tell(entry: HistoryEntry) -> list[HistoryEntry]:
    """Return the entries of the same action that nobody has been told of, oldest first.

    Those of one action share the moment, to the microsecond, and the undo window; they are one
    person's, or the system's along with a person's. Empty if the entry itself was cancelled.
    """
    same_moment = (
        HistoryEntry.objects.filter(
            ticket_id=entry.ticket_id,
            happened_at=entry.happened_at,
            dispatches__consumer=Consumer.MAIL,
            dispatches__cancelled_at__isnull=True,
            dispatches__done_at__isnull=True,
        )
        .select_related("actor", "diary_entry", "words_row")
        .order_by("pk")
    )
    runs: list[list[HistoryEntry]] = []
    for each in same_moment:
        if runs and _goes_with(each, runs[-1]):
            runs[-1].append(each)
        else:
            runs.append([each])
    return next((run for run in runs if entry in run), [])


def _goes_with(entry: HistoryEntry, run: Sequence[HistoryEntry]) -> bool:
    actors = {each.actor_id for each in [*run, entry]} - {None}
    windows = {each.facts.get("undo_until") for each in [*run, entry]}
    return len(actors) <= 1 and len(windows) == 1


def _was_told(entry: HistoryEntry) -> bool:
    """Return whether a worker that had another entry of the same action told of this one."""
    return Delivery.objects.filter(
        about_ticket=entry.ticket_id,
        key__regex=rf"^{_KEY}:([0-9]+\+)*{entry.pk}(\+[0-9]+)*:",
    ).exists()


def entries_told_by(key: str) -> list[int]:
    """Return the history entries that the mail under this key tells of; none for other mails."""
    kind, _colon, rest = key.partition(":")
    numbers = rest.partition(":")[0].split("+")
    return [int(number) for number in numbers if number.isdigit()] if kind == _KEY else []


def _key(entries: Sequence[HistoryEntry], address: str) -> str:
    numbers = "+".join(str(entry.pk) for entry in entries)
    return f"{_KEY}:{numbers}:{_digest(address)[:32]}"


def _mail(
    story: words.Story,
    pairs: Sequence[tuple[HistoryEntry, Recipient]],
    people: dict[int, User],
) -> Mail:
    ticket = story.ticket
    entries = [entry for entry, _ in pairs]
    reader = _as_one([recipient for _, recipient in pairs])
    person = people.get(reader.user_id) if reader.user_id is not None else None
    zone = _zone(ticket, reader, person)
    language = person.language if person else ticket.language or settings.LANGUAGE_CODE
    if language not in dict(settings.LANGUAGES):
        language = settings.LANGUAGE_CODE
    with timezone.override(zone), translation.override(language):
        return Mail(
            key=_key(story.entries, reader.address),
            kind=entries[-1].kind if len(entries) == 1 else _main_kind(entries),
            to_address=reader.address,
            to_user_id=reader.user_id,
            reason="; ".join(reason.words() for reason in reader.reasons),
            about_ticket=ticket.pk,
            subject=threads.subject(
                number=ticket.pk,
                type=ticket.type,
                words=ticket.subject,
                is_restricted=ticket.is_restricted,
                is_test=words.is_test_alarm(ticket),
            ),
            wants_signature=ticket.type == TicketType.ALARM,
            body=words.body(story, entries, reader),
            headers=threads.headers(
                number=ticket.pk,
                status=ticket.status,
                is_first=any(entry.kind == Kind.SUBMITTED for entry in entries),
            ),
        )


def _as_one(same: Sequence[Recipient]) -> Recipient:
    """Return one recipient for several entries: what only one of the mails may hold, this may not.

    An address that hears of one entry as a member and of another as an open list gets what the
    list may read.
    """
    return Recipient(
        address=same[0].address,
        user_id=same[0].user_id,
        reasons=tuple(dict.fromkeys(reason for each in same for reason in each.reasons)),
        may_read_internal=all(each.may_read_internal for each in same),
        is_new=any(each.is_new for each in same),
    )


def _main_kind(entries: Sequence[HistoryEntry]) -> str:
    diary = (Kind.PUBLIC_ENTRY, Kind.INTERNAL_ENTRY)
    return next((entry.kind for entry in entries if entry.kind not in diary), entries[0].kind)


def _zone(ticket: Ticket, reader: Recipient, person: User | None) -> ZoneInfo:
    if person is not None:
        return zone_of(person.time_zone)
    whys = {reason.why for reason in reader.reasons}
    if Why.SITE in whys and ticket.notified_site is not None:
        return zone_of(ticket.notified_site.zone)
    if Why.LIST in whys and any(reason.name == ticket.unit.name for reason in reader.reasons):
        return zone_of(ticket.unit.time_zone)
    return zone_of("UTC")
