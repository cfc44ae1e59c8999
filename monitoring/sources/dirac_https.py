"""Classic DIRAC 8 and 9 by its services: states of sites and resources, jobs, requests.

The table of sites must be had; each other question may fail without costing the rest: it becomes
a note, and what it would have told keeps what it has.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from juno_support.feeds.configuration import Configuration
from juno_support.feeds.registry import Question, Traffic
from juno_support.lib.faults import AnswerNotUnderstood, FetchFault, ServiceUnavailable
from juno_support.lib.http import Certificate
from monitoring.actions.poll_statuses import Raw, StatusPoller
from monitoring.clients import dirac_https as client_of_dirac
from monitoring.clients.dirac_https import DiracHttpsClient
from monitoring.observations import Report
from monitoring.parsers.dirac_answers import read_answer, text_of
from monitoring.parsers.dirac_rss import EVERY_VO, ResourceStatus, parse_statuses
from monitoring.sources.dirac_states import COMPUTING, JOBS_WINDOW, STORAGE, TRANSFER

BOOTSTRAP = timedelta(days=7)
# Few names are asked for one by one, as DIRAC's own pages do; many in groups.
FEW_NAMES, GROUP_SIZE, MOST_NAMES = 20, 50, 500
ELEMENTS_EVERY = timedelta(hours=6)
FINISHED = ("Done", "Completed", "Failed", "Killed")
ACTIVE = (
    "Submitting",
    "Received",
    "Checking",
    "Scouting",
    "Staging",
    "Waiting",
    "Matched",
    "Rescheduled",
    "Running",
    "Stalled",
    "Completing",
)
RESOURCE_ELEMENTS = (STORAGE, COMPUTING, TRANSFER)
HISTORY_COLUMNS = ("Name", "StatusType", "VO", "Status", "DateEffective", "Reason")
# A method that DIRAC 9 took away from its services; there the counts are in its web portal only.
_NO_COUNTERS_FROM = 9

Record = TypeVar("Record")


@dataclass(frozen=True)
class Part:
    """The answer to one optional question, or why there is none."""

    what: str
    body: bytes | None = None
    fault: str = ""


@dataclass(frozen=True)
class HistoryPart:
    """The history of one thing (``name``) or of many (empty)."""

    table: str
    name: str
    part: Part


@dataclass(frozen=True)
class Documents:
    """The raw answers of one poll.

    :param jobs_vo: the VO whose jobs the counters count; empty where they count everybody's
    :param history_from: since when the history was asked for; None where it was not
    """

    sites: bytes
    resources: Part
    finished: Part
    active: Part
    requests: Part
    mask: Part | None = None
    elements: Part | None = None
    histories: tuple[HistoryPart, ...] = ()
    history_from: datetime | None = None
    jobs_vo: str = ""
    notes: tuple[str, ...] = ()


class DiracHttps:
    """The source named ``dirac-https``."""

    namespace = "dirac"

    def fetch(self, question: Question) -> Raw:
        """Ask about eight questions, more where history is missing; see ``StatusSource.fetch``."""
        configuration = question.configuration
        client = client_for(configuration)
        asking = _Asking(client)
        vo = str(configuration.option("vo"))
        wanted = {"VO": [EVERY_VO, vo] if vo else EVERY_VO}
        sites = client.select("SiteStatus", wanted)
        # What is no table of sites ends the poll before more is asked.
        site_rows = parse_statuses(sites).rows
        resources = asking.ask(
            "Resources",
            lambda: client.select(
                "ResourceStatus", {"ElementType": list(RESOURCE_ELEMENTS), **wanted}
            ),
        )
        release = _release(asking.ask("Version", client.ping))
        condition, jobs_vo, notes = _whose_jobs(configuration, vo, release)
        finished = asking.ask(
            "Finished jobs",
            lambda: client.get_counters(
                ("Site", "Status"),
                {**condition, "Status": list(FINISHED)},
                question.at - JOBS_WINDOW,
            ),
        )
        active = Part("Active jobs", fault=finished.fault)
        if finished.body is not None:
            active = asking.ask(
                "Active jobs",
                lambda: client.get_counters(
                    ("Site", "Status"), {**condition, "Status": list(ACTIVE)}
                ),
            )
        mask = asking.ask("Site mask", client.get_site_mask)
        requests = asking.ask("Requests", client.get_requests)
        elements = None
        if _is_time_for_elements(question):
            elements = asking.ask("Elements of sites", client.get_sites_resources)
        history_from = _history_from(question)
        histories: list[HistoryPart] = []
        if history_from is not None:
            for table, rows in (
                ("SiteHistory", site_rows),
                ("ResourceHistory", _rows_or_nothing(resources)),
            ):
                names = _changed_names(rows, history_from, question.at)
                if len(names) > MOST_NAMES:
                    notes += (
                        f"{len(names)} names of {table} changed; the history of the "
                        f"{MOST_NAMES} that changed last was asked for.",
                    )
                histories += asking.histories(table, names[:MOST_NAMES])
        return Raw(
            documents=Documents(
                sites=sites,
                resources=resources,
                finished=finished,
                active=active,
                requests=requests,
                mask=mask,
                elements=elements,
                histories=tuple(histories),
                history_from=history_from,
                jobs_vo=jobs_vo,
                notes=notes,
            ),
            traffic=Traffic.of(client.traffic),
        )

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Understand them; see ``StatusSource.normalise``."""
        # Imported here would be late: the two modules are one source, split by network and sense.
        return report_of(raw.documents, question)
