"""Classic DIRAC 8 and 9 by its services: states of sites and resources, jobs, requests.

The table of sites must be had; each other question may fail without costing the rest: it becomes
a note, and what it would have told keeps what it has.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from juno_support.feeds.configuration import Configuration
from juno_support.feeds.registry import Question, Traffic
from juno_support.lib import http
from juno_support.lib.faults import (
    AnswerNotUnderstood,
    CredentialRefused,
    FetchFault,
    ServiceUnavailable,
)
from monitoring.actions.poll_statuses import Raw, StatusPoller
from monitoring.clients import dirac_https as services
from monitoring.clients.dirac_https import DiracHttpsClient, NotOffered
from monitoring.job_health import ACTIVE, BAD_JOBS, FINISHED
from monitoring.observations import Report
from monitoring.parsers.dirac_answers import read_answer, text_of
from monitoring.parsers.dirac_rss import EVERY_VO, ResourceStatus, parse_statuses
from monitoring.sources.dirac_names import COMPUTING, STORAGE, TRANSFER
from monitoring.sources.dirac_report import (
    MINOR_STATUS,
    Documents,
    HistoryPart,
    Part,
    report_of,
)
from monitoring.sources.dirac_states import AHEAD, JOBS_WINDOW

BOOTSTRAP = timedelta(days=7)
# Few names are asked for one by one, as DIRAC's own pages do; many in groups.
FEW_NAMES, GROUP_SIZE, MOST_NAMES = 20, 50, 500
HISTORY_COLUMNS = ("Name", "StatusType", "VO", "Status", "DateEffective", "Reason")
NAMES_EVERY = timedelta(hours=6)
BY_SITE = ("Site", "Status")
# From this release on a job belongs to a VO; before, only to a group.
JOBS_KNOW_VO = 9
REFUSED_IN_PART = (
    "DIRAC answers some questions to any certificate that it trusts, and refuses us others: our "
    "certificate or token may not be registered there, or not be in the group that we ask as."
)


class DiracHttps:
    """The source named ``dirac-https``."""

    namespace = "dirac"

    def fetch(self, question: Question) -> Raw:
        """Ask about eight questions, more where history is missing; see ``StatusSource.fetch``."""
        client = client_for(question.configuration)
        asking = _Asking(client)
        vo = str(question.configuration.option("vo"))
        wanted: dict[str, Any] = {"VO": [EVERY_VO, vo] if vo else EVERY_VO}
        sites = client.select("SiteStatus", wanted)
        # What is no table of sites ends the poll before more is asked.
        site_rows = parse_statuses(sites).rows
        resources = asking.ask(
            "Resources",
            lambda: client.select(
                "ResourceStatus", {"ElementType": [STORAGE, COMPUTING, TRANSFER], **wanted}
            ),
        )
        condition, jobs_vo, notes = _whose_jobs(
            question.configuration, vo, _release(asking.ask("Version", client.ping))
        )
        finished, active, errors = asking.counters(condition, question.at)
        history_from = _history_from(question)
        histories: list[HistoryPart] = []
        if history_from is not None:
            for table, rows in (
                ("SiteHistory", site_rows),
                ("ResourceHistory", _rows_or_nothing(resources)),
            ):
                names = _changed_names(rows, history_from, question.at)
                histories += asking.histories(table, names)
                if len(names) > MOST_NAMES:
                    notes += (f"{table}: only the {MOST_NAMES} newest changes were asked for.",)
        needs_names = _is_time_for_names(question)
        documents = Documents(
            sites=sites,
            resources=resources,
            finished=finished,
            active=active,
            errors=errors,
            mask=asking.ask("Site mask", client.get_site_mask),
            requests=asking.ask("Requests", client.get_requests),
            spaces=asking.ask("Space of storage", client.get_spaces),
            elements=asking.ask("Elements of sites", client.get_sites_resources)
            if needs_names
            else None,
            configuration=asking.ask("Configuration", client.get_configuration)
            if needs_names
            else None,
            histories=tuple(histories),
            history_from=history_from,
            jobs_vo=jobs_vo,
            notes=notes,
        )
        if asking.was_refused:
            documents = replace(documents, notes=(*documents.notes, REFUSED_IN_PART))
        return Raw(documents=documents, traffic=Traffic.of(client.traffic))

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Understand them; see ``StatusSource.normalise``."""
        return report_of(raw.documents, question)


POLLER = StatusPoller(DiracHttps())


def client_for(
    configuration: Configuration, *, limits: http.Limits = services.LIMITS
) -> DiracHttpsClient:
    """Return a client that shows the portal's certificate, or its token."""
    return DiracHttpsClient(
        configuration.url,
        paths={
            services.RESOURCE_STATUS: str(configuration.option("resource_status_path")),
            services.PUBLISHER: str(configuration.option("publisher_path")),
            services.WMS_ADMINISTRATOR: str(configuration.option("wms_path")),
            services.JOB_MONITORING: str(configuration.option("job_monitoring_path")),
            services.REQUEST_MANAGER: str(configuration.option("requests_path")),
            services.CONFIGURATION: str(configuration.option("configuration_path")),
        },
        certificate=configuration.client_certificate,
        token=configuration.secret("token"),
        group=str(configuration.option("group")),
        ca_bundle=configuration.ca_bundle or None,
        limits=limits,
    )


def owner_groups(configuration: Configuration) -> tuple[str, ...]:
    """Return the DIRAC groups whose jobs are the VO's; empty where none is set."""
    words = str(configuration.option("owner_group")).split(",")
    groups = tuple(group for word in words if (group := word.strip()))
    return groups or tuple(filter(None, [str(configuration.option("group"))]))


class _Asking:
    """Asks optional questions. Once DIRAC is silent, the rest is not asked any more: each would
    only wait for its time limit.
    """

    def __init__(self, client: DiracHttpsClient) -> None:
        self._client = client
        self._silent = False
        self.was_refused = False

    def ask(self, what: str, question: Callable[[], bytes]) -> Part:
        """Return the answer, or why there is none."""
        if self._silent:
            return Part(what, fault="not asked, because DIRAC had stopped answering.")
        try:
            return Part(what, question())
        except NotOffered as fault:
            return Part(what, fault=fault.reason, is_offered=False)
        except FetchFault as fault:
            self._silent = isinstance(fault, ServiceUnavailable) and fault.status is None
            self.was_refused |= isinstance(fault, CredentialRefused)
            return Part(what, fault=fault.reason)

    def counters(self, condition: dict[str, Any], at: datetime) -> tuple[Part, Part, Part]:
        """Ask for jobs by site: those that finished in the last day, those that did not yet, and
        why some failed.
        """
        since = at - JOBS_WINDOW

        def ask(columns: Sequence[str], statuses: Sequence[str], after: datetime | None) -> Part:
            wanted = {**condition, "Status": list(statuses)}
            return self.ask("Jobs", lambda: self._client.get_counters(columns, wanted, after))

        finished = ask(BY_SITE, FINISHED, since)
        if finished.body is None:
            return finished, finished, finished
        return (
            finished,
            ask(BY_SITE, ACTIVE, None),
            ask(("Site", MINOR_STATUS), sorted(BAD_JOBS), since),
        )

    def histories(self, table: str, names: Sequence[str]) -> list[HistoryPart]:
        """Ask for the history of things by name."""
        names = names[:MOST_NAMES]
        size = 1 if len(names) <= FEW_NAMES else GROUP_SIZE
        parts = []
        for start in range(0, len(names), size):
            group = names[start : start + size]
            one = group[0] if size == 1 else ""
            conditions = {
                "Name": one or list(group),
                "Meta": {"columns": list(HISTORY_COLUMNS), "order": "DateEffective"},
            }
            part = self.ask(
                f"{table} of {one or 'many'}",
                lambda conditions=conditions: self._client.select(table, conditions),  # type: ignore[misc]
            )
            parts.append(HistoryPart(table, one, part))
        return parts


def _history_from(question: Question) -> datetime | None:
    """Return since when we need history: of the last week at first, of a gap in our polls later."""
    earliest = question.at - BOOTSTRAP
    if question.last_success_at is None:
        return earliest
    if question.at - question.last_success_at > 3 * question.configuration.interval:
        return max(earliest, question.last_success_at)
    return None


def _changed_names(rows: Iterable[ResourceStatus], since: datetime, at: datetime) -> list[str]:
    """Return what changed since then, the newest change first; nothing else has news."""
    changed: dict[str, datetime] = {}
    for row in rows:
        if row.vo == EVERY_VO and row.since and since < row.since <= at + AHEAD:
            changed[row.name] = max(row.since, changed.get(row.name, row.since))
    return sorted(changed, key=lambda name: changed[name], reverse=True)


def _rows_or_nothing(part: Part) -> Sequence[ResourceStatus]:
    try:
        return parse_statuses(part.body).rows if part.body is not None else ()
    except AnswerNotUnderstood:
        # Said when the answer is normalised.
        return ()


def _is_time_for_names(question: Question) -> bool:
    """Say whether to ask what is at which site: these answers are large and seldom change."""
    last = question.last_success_at
    period = NAMES_EVERY.total_seconds()
    return last is None or question.at.timestamp() // period != last.timestamp() // period


def _release(part: Part) -> int | None:
    """Return the first number of DIRAC's version, ``9.1.22`` or ``v8r0p36``; None if unknown."""
    try:
        value = read_answer(part.body).value if part.body is not None else None
    except AnswerNotUnderstood:
        return None
    version = text_of(value.get("version"), 40) if isinstance(value, dict) else ""
    found = re.match(r"v?(\d{1,4})", version)
    return int(found[1]) if found else None


def _whose_jobs(
    configuration: Configuration, vo: str, release: int | None
) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """Return the condition that selects the VO's jobs, the VO that is counted, and notes."""
    groups = owner_groups(configuration)
    if vo and (release or 0) >= JOBS_KNOW_VO:
        return {"VO": vo}, vo, ()
    if groups:
        return {"OwnerGroup": groups[0] if len(groups) == 1 else list(groups)}, vo, ()
    if vo and release is None:
        return {"VO": vo}, vo, ()
    note = (
        "The jobs of all VOs are counted: this DIRAC knows the groups of jobs only, and no owner "
        "group is set.",
    )
    return {}, "", note if vo else ()
