"""ARGO: the states of sites and their service endpoints, with the output of failed probes.

ARGO counts in days of UTC, and tells the states since midnight. Three things it does not say
aloud: the last point of every timeline is invented (taken out by the parser); where it has nothing
of today it answers with yesterday's; and an answer without groups is no good news.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from juno_support.feeds.registry import Question, Traffic
from juno_support.lib.faults import AnswerNotUnderstood, FetchFault
from monitoring.actions.poll_statuses import Raw, StatusPoller
from monitoring.clients.argo import LATEST_LIMIT, SILENT_LIMIT, ArgoClient, NoSuchCall
from monitoring.observations import Report
from monitoring.parsers import argo, argo_results
from monitoring.parsers.argo import Timeline
from monitoring.parsers.argo_results import DayResult
from monitoring.sources.argo_periods import (
    Evidence,
    grace_of,
    midnight,
    unknown_words,
    window_start,
)
from monitoring.sources.argo_report import METRIC, Making

RESULTS_WINDOW: Final = timedelta(days=2)
MOST_PAGES: Final = 500
SELF_CHECKS: Final = ("consistency", "health")

Anything = TypeVar("Anything")


@dataclass(frozen=True)
class Documents:
    """The raw answers of one poll; what ARGO does not offer is not there.

    ``latest`` holds for each day all answers about it.
    """

    status: tuple[bytes, ...]
    latest: tuple[bytes, ...] = ()
    results: bytes | None = None
    self_checks: dict[str, bytes] = field(default_factory=dict)


class Argo:
    """The source named ``argo``."""

    namespace = "argo"

    def fetch(self, question: Question) -> Raw:
        """Ask for the states since ``window_start``; then for what explains them.

        See ``StatusSource.fetch``. Only the states are necessary.
        """
        client = client_for(question)
        option = question.configuration.option
        report, group_type = str(option("report")), str(option("group_type"))
        notes: list[str] = []
        version, status = _ask_status(client, question, notes)
        yesterday = midnight(question.at) - timedelta(days=1)
        latest = _or_say_so(
            partial(_ask_latest, client, question, notes),
            "The output of probes is not told",
            notes,
        )
        results = _or_say_so(
            lambda: client.results(
                report,
                group_type,
                since=midnight(question.at) - RESULTS_WINDOW,
                until=yesterday + timedelta(hours=23, minutes=59, seconds=59),
                version=version,
            ),
            "Availability is not told",
            notes,
        )
        checks: dict[str, bytes] = {}
        for name in SELF_CHECKS:
            try:
                checks[name] = client.self_check(name, version=version)
            except NoSuchCall:
                continue  # an older ARGO, which says nothing of itself
            except FetchFault as fault:
                notes.append(f"ARGO does not tell its {name}: {fault.reason}")
        return Raw(
            documents=Documents(status, latest or (), results, checks),
            traffic=Traffic.of(client.traffic),
            notes=tuple(notes),
        )

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Understand the answers; see ``StatusSource.normalise``."""
        documents: Documents = raw.documents
        answers = [argo.parse_status(body) for body in documents.status]
        timelines, remarks = argo.merge(answers)
        notes = [*(words for answer in answers for words in answer.remarks), *remarks]
        refused = tuple(refusal for answer in answers for refusal in answer.refused)
        making = Making(question, _results_of(documents, notes), _evidence_of(documents, notes))
        making.add(timelines)
        for value, count in sorted(unknown_words(timelines).items()):
            notes.append(f"{value!r} ({count} times) is no state that we know: it is unknown.")
        doubt = _doubt_of(documents, notes)
        return Report(
            observations=tuple(making.observations),
            periods=tuple(making.periods),
            complete=frozenset({(METRIC, "")}),
            left_alone=frozenset(making.left_alone),
            members={site: tuple(hosts) for site, hosts in making.members.items()},
            refused=refused,
            notes=(*making.notes, *notes),
            doubt=doubt,
            stale=_stale(timelines, question, has_refused=bool(refused)),
            seen=dict(making.seen),
        )


POLLER = StatusPoller(Argo())


def client_for(question: Question) -> ArgoClient:
    """Return a client with the address and credential that are in force."""
    configuration = question.configuration
    return ArgoClient(
        configuration.url,
        api_key=configuration.secret("api_key"),
        certificate=configuration.client_certificate,
        ca_bundle=configuration.ca_bundle or None,
    )


def _days(starts_at: datetime, at: datetime) -> Iterable[datetime]:
    day = starts_at
    while day <= at:
        yield day
        day += timedelta(days=1)


# Asking


def _ask_status(
    client: ArgoClient, question: Question, notes: list[str]
) -> tuple[str, tuple[bytes, ...]]:
    """Ask for all timelines; return also which version answered."""
    option = question.configuration.option
    report, wanted = str(option("report")), str(option("api"))
    since, until = window_start(question), question.at
    if wanted != "v2":
        try:
            return "v3", (client.status(report, since=since, until=until),)
        except NoSuchCall:
            if wanted == "v3":
                raise
            notes.append("This ARGO does not speak version 3; version 2 was asked.")
    groups = client.group_status(report, str(option("group_type")), since=since, until=until)
    try:
        return "v2", (groups, *_all_endpoints(client, report, since, until))
    except NoSuchCall as fault:
        notes.append(f"Only sites are told, not their endpoints: {fault.reason}")
        return "v2", (groups,)


def _all_endpoints(
    client: ArgoClient, report: str, since: datetime, until: datetime
) -> Iterable[bytes]:
    page, asked = "", set[str]()
    while page not in asked:
        if len(asked) >= MOST_PAGES:
            raise AnswerNotUnderstood(f"ARGO goes on after {MOST_PAGES} pages; we stopped reading.")
        asked.add(page)
        body = client.endpoint_status(report, since=since, until=until, page=page)
        yield body
        page = argo.parse_status(body).next_page
        if not page:
            return
    raise AnswerNotUnderstood("ARGO repeats a page of endpoints instead of going on.")


def _ask_latest(client: ArgoClient, question: Question, notes: list[str]) -> tuple[bytes, ...]:
    """Ask what probes said on each day; where an answer was cut, also for the worst alone."""
    option = question.configuration.option
    report, group_type = str(option("report")), str(option("group_type"))
    found: list[bytes] = []
    for day in _days(window_start(question), question.at):
        for only in ("non-ok", "critical"):
            body = client.latest(report, group_type, day=day, only=only)
            found.append(body)
            count = _count(body)
            if count < LATEST_LIMIT and count != SILENT_LIMIT:
                break
            notes.append(
                f"ARGO cut its list of {only} results of probes at {count} rows ({day:%Y-%m-%d}): "
                "some failures come without their output."
            )
    return tuple(found)


def _count(body: bytes) -> int:
    try:
        return argo_results.parse_latest(body).count
    except AnswerNotUnderstood:
        return 0  # said where it is understood


def _or_say_so(ask: Callable[[], Anything], words: str, notes: list[str]) -> Anything | None:
    """Ask for what we can do without; not having it costs nothing else."""
    try:
        return ask()
    except FetchFault as fault:
        note = f"{words}: {fault.reason}"
        if note not in notes:
            notes.append(note)
        return None


# Understanding


def _results_of(documents: Documents, notes: list[str]) -> dict[str, DayResult]:
    """Return the newest day with data of each group."""
    if documents.results is None:
        return {}
    results = _or_say_so(
        partial(argo_results.parse_results, documents.results),
        "Availability is not told",
        notes,
    )
    newest: dict[str, DayResult] = {}
    for result in results or ():
        known = newest.get(result.group)
        if result.availability is not None and (known is None or known.day < result.day):
            newest[result.group] = result
    return newest


def _evidence_of(documents: Documents, notes: list[str]) -> Evidence:
    results: list[argo_results.ProbeResult] = []
    refused = 0
    for body in documents.latest:
        answer = _or_say_so(
            partial(argo_results.parse_latest, body),
            "The output of probes is not told",
            notes,
        )
        if answer:
            results += answer.rows
            refused += len(answer.refused)
    if refused:
        notes.append(f"{refused} results of probes could not be read.")
    return Evidence(results)


def _doubt_of(documents: Documents, notes: list[str]) -> str:
    """Return why ARGO says of itself that it cannot be trusted now, in its own words."""
    doubts: list[str] = []
    for name, body in documents.self_checks.items():
        try:
            check = argo_results.parse_self_check(body)
        except AnswerNotUnderstood as fault:
            notes.append(f"ARGO does not tell its {name}: {fault.reason}")
            continue
        words = f"ARGO's {name} is {check.status}: {check.message or 'it does not say why'}"
        if check.status == "CRITICAL":
            doubts.append(words)
        elif check.status != "OK":
            notes.append(words)
    return "; ".join(doubts)


def _stale(timelines: Iterable[Timeline], question: Question, *, has_refused: bool) -> str:
    """Say why the whole answer is not the present; empty if it is."""
    report = question.configuration.option("report")
    newest = max((timeline.told_on for timeline in timelines), default=None)
    if newest is None:
        return (
            "No row of ARGO's answer could be read."
            if has_refused
            else f"ARGO has no results at all for the report {report!r} and these days."
        )
    if newest >= question.at.date():
        return ""
    if question.at - midnight(question.at) <= grace_of(question):
        return f"ARGO has no results of today yet: the newest are of {newest}."
    return f"ARGO serves old results as today's: the newest are of {newest}."
