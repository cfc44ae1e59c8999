"""perfSONAR: loss, delay and throughput between hosts, and the state of links that follows.

One client for both generations of the archive. What is asked for is bounded: a listing for loss
and one for throughput, then a handful of questions for each test; the usual delay comes from
hourly summaries. Silence is unknown, and an archive that fails costs its own links only.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from juno_support.feeds.registry import Question, Traffic
from juno_support.lib.faults import AnswerNotUnderstood, FetchFault, ServiceUnavailable
from juno_support.lib.traffic import Tally
from monitoring import link_rule
from monitoring.actions.poll_statuses import Raw, StatusPoller
from monitoring.clients.perfsonar import PAGE_ROWS, PerfsonarArchive
from monitoring.link_rule import Thresholds
from monitoring.observations import Report
from monitoring.parsers import perfsonar as parser
from monitoring.parsers.perfsonar import EventType, MeasuredTest
from monitoring.sources.perfsonar_links import (
    METRICS,
    Direction,
    LatencyTest,
    Series,
    ThroughputTest,
    periods_of,
)

# The first poll looks back a day; later ones overlap, so that points that came late are taken.
FIRST_WINDOW = timedelta(hours=24)
OVERLAP = timedelta(hours=3)
# What lies just before the window tells whether a silence at its beginning is bridged.
LEAD_IN = link_rule.LONGEST_BRIDGE + link_rule.BUCKET

MOST_TESTS = 500
MOST_PAGES = 10
MOST_SECONDS = 400
FAULTS_IN_A_ROW = 3
# Hours first: 168 rows a week say enough.
SUMMARY_WINDOWS = (3600, 86400, 300)
SAMPLE = timedelta(minutes=15)


@dataclass(frozen=True)
class Measured:
    """The raw answers about one test; a list of pages each."""

    test: MeasuredTest
    evidence_url: str
    losses: tuple[bytes, ...] = ()
    delays: tuple[bytes, ...] = ()
    week: tuple[bytes, ...] = ()
    throughputs: tuple[bytes, ...] = ()
    failures: tuple[bytes, ...] = ()


@dataclass
class _Harvest:
    """What one poll brings together, over all archives."""

    deadline: float
    measured: list[Measured] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_late(self) -> bool:
        """Say whether the time for asking is used up."""
        return time.monotonic() > self.deadline


class Perfsonar:
    """The source named ``perfsonar``."""

    namespace = "perfsonar"

    def fetch(self, question: Question) -> Raw:
        """Ask every archive for its tests and for what they measured; see ``StatusSource.fetch``.

        :raises juno_support.lib.faults.FetchFault: when no archive answers at all
        """
        configuration = question.configuration
        tally = Tally()
        harvest = _Harvest(deadline=time.monotonic() + MOST_SECONDS)
        faults: list[FetchFault] = []
        addresses = dict.fromkeys(
            address.rstrip("/")
            for address in (configuration.url, *configuration.option("archives"))
        )
        for address in addresses:
            archive = PerfsonarArchive(
                address,
                tally=tally,
                certificate=configuration.client_certificate,
                ca_bundle=configuration.ca_bundle or None,
            )
            try:
                _Asking(archive, question, harvest).ask()
            except FetchFault as fault:
                faults.append(fault)
                harvest.refused.append((address, fault.reason))
        if len(faults) == len(addresses) and not harvest.measured:
            raise faults[0]
        return Raw(
            documents=tuple(harvest.measured),
            traffic=Traffic.of(tally),
            refused=tuple(harvest.refused),
            notes=tuple(harvest.notes),
        )

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Judge what was measured; see ``StatusSource.normalise``."""
        option = question.configuration.option
        limits = Thresholds(
            loss=option("loss_percent") / 100,
            delay=option("delay_percent") / 100,
            throughput=option("throughput_percent") / 100,
        )
        directions, refused, broken = _directions(raw.documents)
        starts_at = window_start(question)
        return Report(
            periods=tuple(
                period
                for direction in directions
                for period in periods_of(direction, limits, starts_at=starts_at, at=question.at)
            ),
            # An archive that failed is no reason to go on calling its links fine.
            complete=frozenset((metric, "") for metric in METRICS),
            refused=tuple(refused),
            is_partial=bool(raw.refused or refused),
            notes=(f"{broken} measurements could not be read and were left out.",)
            if broken
            else (),
            seen={"tests": len(raw.documents), "links": len(directions)},
        )


POLLER = StatusPoller(Perfsonar())


def window_start(question: Question) -> datetime:
    """Return from when on this poll tells how links were: the beginning of a bucket."""
    earliest = question.at - FIRST_WINDOW
    good = question.last_success_at
    wanted = earliest if good is None else max(good - OVERLAP, earliest)
    return link_rule.start_of_bucket(wanted)


class _Asking:
    """Asks one archive for everything that a poll wants of it."""

    def __init__(self, archive: PerfsonarArchive, question: Question, harvest: _Harvest) -> None:
        self._archive = archive
        self._harvest = harvest
        self._at = question.at
        self._since = window_start(question) - LEAD_IN
        self._week = question.at - link_rule.USUAL_OVER

    def ask(self) -> None:
        """Ask for the tests, then for each test; a test that cannot be read is refused.

        :raises FetchFault: when the archive lists no tests, or fails several times in a row
        """
        tests = {test.key: test for test in self._list("packet-loss-rate")}
        tests |= {test.key: test for test in self._list("throughput")}
        if len(tests) > MOST_TESTS:
            self._harvest.notes.append(
                f"{self._archive.base_url} has {len(tests)} tests; {MOST_TESTS} were read."
            )
        in_a_row = 0
        for test in list(tests.values())[:MOST_TESTS]:
            words = f"{self._archive.base_url}: {test.source} to {test.destination}"
            if self._harvest.is_late:
                raise ServiceUnavailable(
                    f"No time was left after {MOST_SECONDS} s; not all of its tests were read."
                )
            try:
                measured = self._measure(test)
            except FetchFault as fault:
                self._harvest.refused.append((words, fault.reason))
                in_a_row += 1
                if in_a_row == FAULTS_IN_A_ROW:
                    raise ServiceUnavailable(
                        f"Its tests cannot be read; we stopped asking. {fault.reason}"
                    ) from fault
                continue
            in_a_row = 0
            self._harvest.measured.append(measured)

    def _list(self, event_type: str) -> Iterable[MeasuredTest]:
        tests: list[MeasuredTest] = []
        read = offset = 0
        for _ in range(MOST_PAGES):
            page = parser.parse_tests(
                self._archive.get_tests(event_type, since=self._week, offset=offset)
            )
            tests.extend(page.tests)
            self._harvest.refused.extend(
                (f"{self._archive.base_url}: {row}", reason) for row, reason in page.refused
            )
            read += page.read
            if page.next_offset is None or page.next_offset <= offset or not page.read:
                break
            offset = page.next_offset
        if page.total is not None and read < page.total:
            self._harvest.notes.append(
                f"{self._archive.base_url} has {page.total} tests of {event_type}, "
                f"but handed out {read}."
            )
        return tests

    def _measure(self, test: MeasuredTest) -> Measured:
        measured = Measured(
            test=test,
            evidence_url=self._archive.address_of(test.uri) if test.uri else self._archive.base_url,
        )
        throughput = test.event("throughput")
        if throughput is not None:
            # Also the loss of such a test is that of a test under full load: it says nothing here.
            pages = self._pages(throughput.base_uri, since=self._week)
            return replace(
                measured, throughputs=pages, failures=self._failures(test, since=self._week)
            )
        loss, delay = test.event("packet-loss-rate"), test.event("histogram-owdelay")
        losses = self._pages(loss.base_uri, since=self._since) if loss else ()
        delays: tuple[bytes, ...] = ()
        week: tuple[bytes, ...] = ()
        if delay is not None:
            delays = self._pages(_finest(delay), since=self._since)
            week = self._usual(delay)
        newest = max(
            (moment for page in losses for moment, _ in parser.parse_losses(page).values),
            default=None,
        )
        is_silent = newest is None or self._at - newest > link_rule.LONGEST_BRIDGE
        return replace(
            measured,
            losses=losses,
            delays=delays,
            week=week,
            failures=self._failures(test, since=self._since) if is_silent else (),
        )

    def _usual(self, delay: EventType) -> tuple[bytes, ...]:
        """Ask for a week of delays, condensed; a quarter of an hour a day where that is empty.

        elmond lists summaries that it cannot compute, and then answers with an empty list.
        """
        for window in SUMMARY_WINDOWS:
            for summary in delay.summaries:
                if summary.window == window and summary.kind.startswith("statistic"):
                    pages = self._optional_pages(summary.uri, since=self._week)
                    if any(parser.parse_delays(page).values for page in pages):
                        return pages
                    return self._samples(delay)
        return self._samples(delay)

    def _samples(self, delay: EventType) -> tuple[bytes, ...]:
        pages: list[bytes] = []
        for days in range(1, link_rule.USUAL_OVER.days + 1):
            ends_at = self._at - timedelta(days=days)
            pages += self._optional_pages(_finest(delay), since=ends_at - SAMPLE, until=ends_at)
        return tuple(pages)

    def _failures(self, test: MeasuredTest, *, since: datetime) -> tuple[bytes, ...]:
        event = test.event("failures")
        return self._optional_pages(event.base_uri, since=since) if event else ()

    def _optional_pages(
        self, uri: str, *, since: datetime, until: datetime | None = None
    ) -> tuple[bytes, ...]:
        """Ask for what a test can be judged without: an error is an empty answer."""
        try:
            pages = self._pages(uri, since=since, until=until)
        except FetchFault as fault:
            self._harvest.notes.append(f"{self._archive.address_of(uri)}: {fault.reason}")
            return ()
        return pages

    def _pages(
        self, uri: str, *, since: datetime, until: datetime | None = None
    ) -> tuple[bytes, ...]:
        """Ask page after page; one that is full may have a next one."""
        pages: list[bytes] = []
        for number in range(MOST_PAGES):
            page = self._archive.get_points(
                uri, since=since, until=until, offset=number * PAGE_ROWS
            )
            if pages and page == pages[-1]:
                break
            pages.append(page)
            if parser.count_rows(page) < PAGE_ROWS:
                break
        return tuple(pages)


def _finest(delay: EventType) -> str:
    """Return where the delays of single measurements are kept, small where there is a choice."""
    for summary in delay.summaries:
        if summary.window == 0 and summary.kind.startswith("statistic"):
            return summary.uri
    return delay.base_uri


def _directions(
    documents: Iterable[Measured],
) -> tuple[list[Direction], list[tuple[str, str]], int]:
    """Read the measurements and sort them by direction; also refused tests and broken points."""
    found: dict[tuple[str, str], Direction] = {}
    refused: list[tuple[str, str]] = []
    reading = _Reading()
    for measured in documents:
        test = measured.test
        place = test.source, test.destination
        direction = found.get(place) or Direction(*place, hosts=())
        direction = replace(direction, hosts=tuple(dict.fromkeys(direction.hosts + test.hosts)))
        try:
            failures = tuple(
                failure
                for page in measured.failures
                for failure in parser.parse_failures(page).values
            )
            if test.event("throughput") is not None:
                throughput = ThroughputTest(
                    values=reading.points(parser.parse_throughputs, measured.throughputs),
                    failures=failures,
                    evidence_url=measured.evidence_url,
                )
                direction = replace(direction, throughput=(*direction.throughput, throughput))
            else:
                latency = LatencyTest(
                    losses=reading.points(parser.parse_losses, measured.losses),
                    delays=reading.points(parser.parse_delays, measured.delays),
                    week=reading.points(parser.parse_delays, measured.week),
                    failures=failures,
                    evidence_url=measured.evidence_url,
                    has_delay=test.event("histogram-owdelay") is not None,
                )
                direction = replace(direction, latency=(*direction.latency, latency))
        except AnswerNotUnderstood as fault:
            refused.append((f"{test.source} to {test.destination}", fault.reason))
        else:
            found[place] = direction
    return list(found.values()), refused, reading.broken


class _Reading:
    """Reads pages of points and counts what could not be read."""

    def __init__(self) -> None:
        self.broken = 0

    def points(self, parse: Callable[[bytes], parser.Points], pages: Iterable[bytes]) -> Series:
        """Return all points of some pages; a moment that is told twice counts once."""
        found: dict[datetime, float] = {}
        for page in pages:
            points = parse(page)
            self.broken += points.broken
            found.update(points.values)
        return tuple(sorted(found.items()))
