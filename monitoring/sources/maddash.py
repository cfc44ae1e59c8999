"""MaDDash: the checks of perfSONAR meshes, which it has judged already.

The grids tell how things are. How they came to be so is asked for only where a check says something
else than when we asked last, and for a bounded number of checks, the bad ones first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from juno_support.feeds.registry import Question, Traffic
from juno_support.lib.faults import FetchFault, ServiceUnavailable
from monitoring.actions.poll_statuses import Raw, StatusPoller
from monitoring.clients.maddash import MaddashClient
from monitoring.models import StatusInterval
from monitoring.observations import Report
from monitoring.parsers import maddash as parser
from monitoring.parsers.maddash import Grid
from monitoring.sources.maddash_checks import (
    FIRST_CUSTOM,
    Known,
    Seen,
    is_stale,
    judge,
    series_of,
    tell,
)
from monitoring.statuses import SEVERITY, Status

FIRST_WINDOW = timedelta(hours=24)
OVERLAP = timedelta(hours=1)
MOST_GRIDS = 100
MOST_HISTORIES = 200
MOST_PAGES = 5
FAULTS_IN_A_ROW = 3

Place = tuple[str, str, str, str]


@dataclass(frozen=True)
class Documents:
    """The raw answers of one poll.

    :param grids: of each grid
    :param histories: by grid, row, column and check: its pages, the newest first
    :param known: what we had of each series, so that a check that says the same goes on
    """

    grids: tuple[bytes, ...]
    histories: Mapping[Place, tuple[bytes, ...]] = field(default_factory=dict)
    known: Mapping[tuple[str, str], Known] = field(default_factory=dict)


class Maddash:
    """The source named ``maddash``."""

    namespace = "perfsonar"

    def fetch(self, question: Question) -> Raw:
        """Ask for the grids, and for the history of what changed; see ``StatusSource.fetch``.

        :raises juno_support.lib.faults.FetchFault: when no grid can be read
        """
        client = client_for(question)
        names = question.configuration.option("grids") or parser.parse_grids(client.get_grids())
        refused: list[tuple[str, str]] = []
        notes: list[str] = []
        if len(names) > MOST_GRIDS:
            notes.append(f"It has {len(names)} grids; {MOST_GRIDS} were read. Name those you want.")
        bodies: list[bytes] = []
        grids: list[Grid] = []
        fault: FetchFault | None = None
        for name in names[:MOST_GRIDS]:
            try:
                body = client.get_grid(name)
                grids.append(parser.parse_grid(body))
                bodies.append(body)
            except FetchFault as error:
                fault = error
                refused.append((name, error.reason))
        if fault is not None and not grids:
            raise fault
        known = known_series(question.configuration.kind.name)
        # After a gap in our polls every history counts: MaDDash knows what we missed.
        before = {} if _missed_some(question) else known
        changed = changed_checks(grids, before, question.at)[:MOST_HISTORIES]
        return Raw(
            documents=Documents(
                tuple(bodies),
                _histories(client, changed, since=window_start(question), notes=notes),
                known,
            ),
            traffic=Traffic.of(client.traffic),
            refused=tuple(refused),
            notes=tuple(notes),
        )

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Understand grids and histories; see ``StatusSource.normalise``."""
        documents: Documents = raw.documents
        client = client_for(question)
        grids = [parser.parse_grid(body) for body in documents.grids]
        by_series = series_of(grids)
        told = [
            tell(
                series,
                checks,
                histories=[
                    (seen, parser.parse_check(page))
                    for seen in checks
                    for page in documents.histories.get(seen.place, ())
                ],
                known=documents.known.get(series),
                starts_at=window_start(question),
                at=question.at,
                page_url=client.page_of,
            )
            for series, checks in by_series.items()
        ]
        metrics = {metric for _, metric in (*by_series, *documents.known)}
        return Report(
            observations=tuple(one.observation for one in told if one.observation),
            periods=tuple(period for one in told for period in one.periods),
            # A grid that failed is no reason to go on calling its links fine.
            complete=frozenset((metric, "") for metric in metrics),
            refused=tuple(
                (f"{grid.name}: {row}", reason) for grid in grids for row, reason in grid.refused
            ),
            is_partial=bool(raw.refused),
            notes=tuple(_notes(grids, question.at)),
            seen={"grids": len(grids), "checks": sum(len(grid.checks) for grid in grids)},
        )


POLLER = StatusPoller(Maddash())


def client_for(question: Question) -> MaddashClient:
    """Return a client with what is configured."""
    configuration = question.configuration
    return MaddashClient(
        configuration.url,
        certificate=configuration.client_certificate,
        ca_bundle=configuration.ca_bundle or None,
    )


def window_start(question: Question) -> datetime:
    """Return from when on the history of a check that changed is told."""
    earliest = question.at - FIRST_WINDOW
    good = question.last_success_at
    return earliest if good is None else max(good - OVERLAP, earliest)


def known_series(source: str) -> dict[tuple[str, str], Known]:
    """Return what is open of a source: by name of the link and metric."""
    rows = StatusInterval.objects.filter(source__name=source, until=None).values_list(
        "entity__name", "metric", "raw_status", "evidence_url"
    )
    return {(name, metric): Known(raw, url) for name, metric, raw, url in rows}


def changed_checks(
    grids: Iterable[Grid], known: Mapping[tuple[str, str], Known], at: datetime
) -> list[Seen]:
    """Return the checks that say something new, the bad ones first.

    Where several measure the same, the history of all of them is needed to tell the worst.
    """
    changed: list[tuple[bool, Seen]] = []
    for series, checks in series_of(grids).items():
        verdict = max(
            (judge(seen, at) for seen in checks), key=lambda each: SEVERITY[each.status.value]
        )
        before = known.get(series)
        if verdict.is_told and (before is None or before.raw_status != verdict.raw_status):
            changed += [(verdict.status == Status.OK, seen) for seen in checks]
    return [seen for _, seen in sorted(changed, key=lambda each: each[0])]


def _missed_some(question: Question) -> bool:
    last = question.last_success_at
    return last is not None and question.at - last > 3 * question.configuration.interval


def _histories(
    client: MaddashClient, changed: Iterable[Seen], *, since: datetime, notes: list[str]
) -> dict[Place, tuple[bytes, ...]]:
    """Ask how checks came to say what they say.

    How it is now is known without; a history that cannot be read costs only since when.
    """
    found: dict[Place, tuple[bytes, ...]] = {}
    in_a_row = 0
    for seen in changed:
        try:
            found[seen.place] = _history(client, seen.place, since=since)
            in_a_row = 0
        except FetchFault as fault:
            notes.append(f"No history of {' / '.join(seen.place)}: {fault.reason}")
            in_a_row += isinstance(fault, ServiceUnavailable)
            if in_a_row == FAULTS_IN_A_ROW:
                notes.append("Histories cannot be read; we stopped asking.")
                break
    return found


def _history(client: MaddashClient, place: Place, *, since: datetime) -> tuple[bytes, ...]:
    """Ask page after page, back to a moment."""
    pages: list[bytes] = []
    for number in range(MOST_PAGES):
        body = client.get_check(*place, page=number)
        history = parser.parse_check(body)
        if pages and body == pages[-1]:
            break
        pages.append(body)
        is_far_enough = not history.results or history.results[0].at < since
        if is_far_enough or number + 1 >= history.pages:
            break
    return tuple(pages)


def _notes(grids: Iterable[Grid], at: datetime) -> Iterable[str]:
    for grid in grids:
        own = sorted({check.status for check in grid.checks if check.status >= FIRST_CUSTOM})
        if own:
            words = ", ".join(f"{status} ({grid.labels.get(status, 'no label')})" for status in own)
            yield f"{grid.name} has states of its own, shown as unknown: {words}."
        if grid.checks and (grid.updated_at is None or is_stale(grid, at)):
            when = f"{grid.updated_at:%Y-%m-%d %H:%M} UTC" if grid.updated_at else "never"
            yield f"{grid.name} was last updated {when}; its checks are unknown."
