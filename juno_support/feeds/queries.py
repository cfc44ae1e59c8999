"""Where the polling of each source stands; all of it is read from its runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from juno_support.feeds.configuration import (
    Configuration,
    all_sources,
    configuration_of,
    ensure_source,
)
from juno_support.feeds.models import FeedRun, Outcome, Source
from juno_support.feeds.registry import SourceKind, UnknownSource, find_kind

GOOD = (Outcome.OK, Outcome.UNCHANGED)
STALE_AFTER_INTERVALS = 3
LONGEST_PAUSE = timedelta(minutes=15)
FIRST_PAUSE = timedelta(minutes=1)
PAUSE_IN_INTERVALS = 20
WIDE_ENOUGH = timedelta(days=29)
RUNS_LOOKED_AT = 20


@dataclass(frozen=True)
class Freshness:
    """How old a source's data are.

    ``last_success`` is when it was last asked and answered well, ``known_from`` since when its
    answers cover what happened; both None if never. ``doubt`` says why the source itself declared
    that it could not be trusted; ``is_in_use`` whether anybody asks it; of a source that pushes,
    whether it holds a token and has pushed.
    """

    source: str
    last_success: datetime | None
    stale: bool
    known_from: datetime | None = None
    doubt: str = ""
    is_in_use: bool = True


@dataclass(frozen=True)
class Standing:
    """Where the polling of one source stands.

    ``failures`` counts bad runs since the last good one; ``waits_for`` names a source that must
    succeed first; ``is_stopped`` means that a refused credential must be changed by a person.
    ``recent_runs`` are the newest ones, newest first.
    """

    kind: SourceKind
    source: Source
    configuration: Configuration
    last_run: FeedRun | None
    last_success_at: datetime | None
    failures: int
    is_stopped: bool
    waits_for: str
    next_poll_at: datetime | None
    is_stale: bool
    recent_runs: tuple[FeedRun, ...] = ()

    def is_due(self, at: datetime) -> bool:
        """Say whether the source should be polled now."""
        return self.next_poll_at is not None and self.next_poll_at <= at


def is_stale(*, last_success: datetime | None, interval: timedelta, at: datetime) -> bool:
    """Say whether data are too old to be called the present: three intervals, or never."""
    return last_success is None or at - last_success > STALE_AFTER_INTERVALS * interval


def pause_after_failures(failures: int, interval: timedelta) -> timedelta:
    """Return how long to leave a failing source alone: twice as long each time, to a limit.

    >>> pause_after_failures(1, timedelta(hours=6))
    datetime.timedelta(seconds=60)
    """
    longest = min(LONGEST_PAUSE, PAUSE_IN_INTERVALS * interval)
    first = min(FIRST_PAUSE, interval)
    return min(longest, first * 2 ** min(failures - 1, 10))


def freshness(at: datetime, names: Iterable[str] | None = None) -> dict[str, Freshness]:
    """Return for each source how old its data about a moment are; one query.

    Polls after the moment count too: they tell of the time before them.
    """
    wanted = None if names is None else set(names)
    good = [outcome.value for outcome in GOOD]
    rows = Source.objects.raw(_AGES, {"good": good, "at": at})
    ages = {}
    for kind, source in all_sources(rows):
        if wanted is not None and kind.name not in wanted:
            continue
        configuration = configuration_of(source, kind)
        last = getattr(source, "last_success", None)
        ages[kind.name] = Freshness(
            source=kind.name,
            last_success=last,
            stale=is_stale(last_success=last, interval=configuration.interval, at=at),
            known_from=getattr(source, "known_from", None),
            doubt=getattr(source, "doubt", None) or "",
            is_in_use=configuration.is_enabled
            and configuration.is_complete
            and (not kind.is_pushed or (last is not None and getattr(source, "has_token", False))),
        )
    return ages


# Written out: as a queryset it takes three times as long to write as to answer, and every page and
# every context asks for it. The first question is the widest: what is known begins there.
_AGES = """
SELECT source.*,
    (SELECT run.started_at FROM feeds_feedrun run
      WHERE run.source_id = source.id AND run.outcome = ANY(%(good)s)
      ORDER BY run.started_at DESC LIMIT 1) AS last_success,
    (SELECT run.doubt FROM feeds_feedrun run
      WHERE run.source_id = source.id AND run.outcome = ANY(%(good)s) AND run.started_at <= %(at)s
      ORDER BY run.started_at DESC LIMIT 1) AS doubt,
    (SELECT coalesce(run.window_starts_at, run.started_at) FROM feeds_feedrun run
      WHERE run.source_id = source.id AND run.outcome = ANY(%(good)s)
      ORDER BY run.started_at LIMIT 1) AS known_from,
    EXISTS (SELECT 1 FROM feeds_pushtoken token WHERE token.source_id = source.id) AS has_token
  FROM feeds_source source
"""


def last_good_run(source: Source) -> FeedRun | None:
    """Return the newest run that made the data fresh."""
    if source.pk is None:
        return None
    return FeedRun.objects.filter(source=source, outcome__in=GOOD).order_by("-started_at").first()


def last_wide_run_at(source: Source) -> datetime | None:
    """Return when a question over a month was last answered well."""
    return (
        FeedRun.objects.filter(source=source, outcome__in=GOOD)
        .filter(Q(window_starts_at__lte=F("started_at") - WIDE_ENOUGH))
        .order_by("-started_at")
        .values_list("started_at", flat=True)
        .first()
    )


def standings(at: datetime) -> list[Standing]:
    """Return where each source stands, in the order of the registry; writes nothing.

    A source that nobody asked for yet has a row that is not saved.
    """
    found = all_sources()
    successes = {kind.name: last_good_run(source) for kind, source in found}
    return [_standing(kind, source, successes, at) for kind, source in found]


def standing_of(name: str, at: datetime) -> Standing:
    """Return where one source stands; its row is made if it was not asked for before.

    :raises juno_support.feeds.registry.UnknownSource: when there is no such source
    """
    kind = find_kind(name)
    if not kind.is_pushed:
        ensure_source(kind)
    for standing in standings(at):
        if standing.kind.name == name:
            return standing
    raise UnknownSource(name)


def _standing(
    kind: SourceKind, source: Source, successes: dict[str, FeedRun | None], at: datetime
) -> Standing:
    configuration = configuration_of(source, kind)
    newest_first = FeedRun.objects.filter(source=source.pk).order_by("-started_at")
    runs = list(newest_first[:RUNS_LOOKED_AT]) if source.pk else []
    last_run = runs[0] if runs else None
    success = successes[kind.name]
    failures = next((n for n, run in enumerate(runs) if run.outcome in GOOD), len(runs))
    is_stopped = bool(
        last_run and last_run.credential and last_run.credential == configuration.fingerprint()
    )
    waits_for = kind.after if kind.after and successes.get(kind.after) is None else ""
    next_poll_at: datetime | None = None
    is_asked = configuration.is_enabled and configuration.is_complete and not kind.is_pushed
    if is_asked and not is_stopped:
        if waits_for:
            next_poll_at = None
        elif last_run is None:
            next_poll_at = at
        elif failures:
            next_poll_at = last_run.finished_at + pause_after_failures(
                failures, configuration.interval
            )
        else:
            next_poll_at = last_run.started_at + configuration.interval
    return Standing(
        kind=kind,
        source=source,
        configuration=configuration,
        last_run=last_run,
        last_success_at=success.started_at if success else None,
        failures=failures,
        is_stopped=is_stopped,
        waits_for=waits_for or "",
        next_poll_at=next_poll_at,
        is_stale=is_stale(
            last_success=success.started_at if success else None,
            interval=configuration.interval,
            at=at,
        ),
        recent_runs=tuple(runs),
    )
