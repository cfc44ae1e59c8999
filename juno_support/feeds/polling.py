"""One poll of one source, from its lock to its record."""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from juno_support.feeds import lock, queries
from juno_support.feeds.configuration import (
    Configuration,
    configuration_of,
    ensure_source,
)
from juno_support.feeds.models import FeedRun, Outcome, Source
from juno_support.feeds.registry import (
    Gathered,
    Question,
    Stored,
    UnknownSource,
    find_kind,
    find_poller,
)
from juno_support.lib import http
from juno_support.lib.faults import CredentialRefused, FetchFault
from juno_support.lib.http import without_password
from juno_support.lib.text import blot, storable

logger = logging.getLogger(__name__)

KEPT_REFUSALS = 200
KEPT_NOTES = 50
KEPT_CHARACTERS = 8_000
SKEW_WORTH_A_WORD = 60
# All questions of one poll together, in seconds. A source that answers slowly but always would
# otherwise hold its thread for hours.
LONGEST_POLL = 600


class PollIsRunning(Exception):
    """Another process polls this source just now, and did not end while we waited."""


def poll(
    name: str,
    *,
    now: Callable[[], datetime],
    wait_seconds: float = 0,
    trust: bool = False,
    configuration: Configuration | None = None,
) -> FeedRun:
    """Poll a source once, in this process, and return the record of it.

    The whole answer is understood before anything is stored, and stored in one transaction
    together with its record. Whatever goes wrong ends in a record too, and the old data stay.

    :param trust: take over an answer that would be suspicious; a person has looked at it
    :param configuration: used instead of what is in force; for the making of the demo world
    :raises juno_support.feeds.registry.UnknownSource: when there is no such source to ask
    :raises PollIsRunning: when the source's lock is not free within ``wait_seconds``
    """
    kind = find_kind(name)
    if kind.is_pushed:
        # It tells us by itself, so there is nobody to ask.
        raise UnknownSource(name)
    with lock.only_one(name, wait_seconds=wait_seconds) as got:
        if not got:
            raise PollIsRunning(name)
        source = ensure_source(kind)
        in_force = configuration or configuration_of(source, kind)
        run = _poll(source, in_force, now=now, trust=trust)
    logger.info(
        "polled %s: %s",
        name,
        run.outcome,
        extra={"seen": run.seen, "changed": run.changed, "refused": len(run.refused)},
    )
    return run


def _poll(
    source: Source,
    configuration: Configuration,
    *,
    now: Callable[[], datetime],
    trust: bool,
) -> FeedRun:
    started_at = now()
    if not configuration.is_complete:
        return FeedRun.objects.create(
            source=source,
            started_at=started_at,
            finished_at=started_at,
            outcome=Outcome.FAILED,
            reason=(
                f"No address is set. Set {configuration.kind.settings}_URL, "
                "or enter it on the page of sources."
            ),
        )
    poller = find_poller(configuration.kind)
    good = queries.last_good_run(source)
    question = Question(
        configuration=configuration,
        at=started_at,
        last_success_at=good.started_at if good else None,
        last_seen=good.seen if good else {},
        last_wide_at=queries.last_wide_run_at(source),
        trust=trust,
    )
    try:
        with http.all_within(LONGEST_POLL):
            gathered = poller.gather(question)
        with transaction.atomic():
            stored = poller.store(question, gathered)
            return _record(source, question, gathered, stored, finished_at=now())
    except FetchFault as fault:
        return _record_fault(source, configuration, fault, started_at=started_at, now=now)
    except Exception as error:
        # A defect of ours must not stop the clock of this source, and must not hide.
        logger.exception("poll of %s broke", source.name)
        return FeedRun.objects.create(
            source=source,
            started_at=started_at,
            finished_at=now(),
            outcome=Outcome.FAILED,
            reason=blot(f"Our own mistake, please report it: {type(error).__name__}: {error}")[
                :1000
            ],
            url=without_password(configuration.url),
        )


def _record(
    source: Source,
    question: Question,
    gathered: Gathered,
    stored: Stored,
    *,
    finished_at: datetime,
) -> FeedRun:
    if stored.suspicious:
        outcome = Outcome.SUSPICIOUS
    elif any(stored.changed.values()):
        outcome = Outcome.OK
    else:
        outcome = Outcome.UNCHANGED
    refused = [
        storable({"row": row, "reason": reason})
        for row, reason in (*gathered.refused, *stored.refused)
    ]
    # Answers are quoted in all of these.
    notes = [blot(note) for note in gathered.notes]
    skew = gathered.traffic.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_WORTH_A_WORD:
        notes.insert(0, f"The server's clock differs from ours by {skew.total_seconds():+.0f} s.")
    if len(refused) > KEPT_REFUSALS:
        notes.insert(0, f"{len(refused)} rows were refused; {KEPT_REFUSALS} are kept here.")
    return FeedRun.objects.create(
        source=source,
        started_at=question.at,
        finished_at=finished_at,
        outcome=outcome,
        reason=blot(stored.suspicious),
        url=without_password(blot(gathered.traffic.url))[:1000],
        http_status=gathered.traffic.http_status,
        size=gathered.traffic.size,
        sha256=gathered.traffic.sha256,
        seen=storable(stored.seen),
        changed=stored.changed,
        refused=refused[:KEPT_REFUSALS],
        clock_skew=skew,
        notes=notes[:KEPT_NOTES],
        doubt=blot(gathered.doubt),
        window_starts_at=gathered.window_starts_at,
    )


def _record_fault(
    source: Source,
    configuration: Configuration,
    fault: FetchFault,
    *,
    started_at: datetime,
    now: Callable[[], datetime],
) -> FeedRun:
    return FeedRun.objects.create(
        source=source,
        started_at=started_at,
        finished_at=now(),
        outcome=Outcome.FAILED,
        # An answer's bytes may be quoted in it, and PostgreSQL keeps no NUL.
        reason=blot(fault.reason),
        url=without_password(configuration.url),
        http_status=fault.status,
        raw_head=blot(fault.body_start.decode(errors="replace"))[:KEPT_CHARACTERS],
        credential=(configuration.fingerprint() if isinstance(fault, CredentialRefused) else ""),
    )
