"""What the answers of the simulated ARGO have in common: refusals, periods, timelines."""

from datetime import UTC, datetime, timedelta
from typing import Any

from juno_support.demo.simulators import argo_states as states
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.argo_states import Endpoint
from juno_support.demo.simulators.gocdb_downtimes import DAY
from juno_support.demo.simulators.incidents import Story
from juno_support.demo.simulators.troubles import Phase
from juno_support.demo.simulators.upstream import Asked, Told

REPORTS = ("Critical", "OPS-MONITOR-Critical")
GROUP_TYPE = "SITES"

Json = dict[str, Any]


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, told: Told) -> None:
        """Keep the answer."""
        super().__init__(told.body)
        self.told = told


def status(message: str, code: int, details: str = "") -> Json:
    """Return ARGO's usual document around a message; the code is a text there."""
    return {"status": {"message": message, "code": str(code), "details": details}}


def not_found() -> Told:
    """Return the answer for an address that is not there."""
    return Told(status("Not Found", 404, "No resource at this address"), status=404)


def bad(message: str) -> Refused:
    """Return the refusal of a question that ARGO does not understand."""
    body = status("Bad Request", 400)
    body["errors"] = [{"message": message, "code": "400", "details": message}]
    return Refused(Told(body, status=400))


def check_report(name: str) -> None:
    """Refuse a report that version 3 does not know."""
    if name not in REPORTS:
        message = f"The report with the name {name} does not exist"
        raise Refused(Told({"message": message, "code": 404}, status=404))


def report_v2(name: str) -> None:
    """Refuse a report that version 2 does not know."""
    if name not in REPORTS:
        # Version 2 asks its database for the report and does not expect that there is none.
        raise Refused(Told(status("Internal Server Error", 500, "not found"), status=500))


def status_ok() -> Json:
    """Return the beginning of a document that went well."""
    return {"status": {"message": "Success", "code": "200"}}


# --- time ---------------------------------------------------------------------------------


def moment(text: str, name: str) -> datetime:
    """Return the moment of a parameter; refused unless it is written as ARGO wants it."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise bad(f"{name} parsing error: use Zulu format: 2006-01-02T15:04:05Z") from None


def period(asked: Asked, *, required: bool) -> tuple[datetime, datetime] | None:
    """Return the time that is asked for; None where none is and none is required."""
    begins, ends = (asked.parameters.get(name, "") for name in ("start_time", "end_time"))
    if not begins and not ends and not required:
        return None
    if not begins or not ends:
        raise bad("No start_time or end_time set: please use both")
    return moment(begins, "start_time"), moment(ends, "end_time")


def zulu(moment: datetime) -> str:
    """Return a moment as ARGO writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def span(asked: Asked, period: tuple[datetime, datetime] | None) -> list[datetime]:
    """Return the days with results in a period, or the last one with results by default."""
    if asked.failure == "nogroups":
        return []
    today = states.midnight(asked.moment)
    wanted = [today] if period is None else states.days(*period)
    if asked.failure == "yesterday":
        wanted = [today - DAY if day == today else day for day in wanted]
    elif today in wanted and not states.has_data(asked.story, today):
        # Silently, yesterday's instead.
        wanted = [today - DAY if day == today else day for day in wanted]
    return sorted({day for day in wanted if states.has_data(asked.story, day)})


class Lines:
    """The timelines of the endpoints of sites over the days with results."""

    def __init__(self, story: Story, days: list[datetime]) -> None:
        """Keep the days; nothing is computed yet."""
        self._story = story
        self.days = days

    def of(self, endpoint: Endpoint) -> list[Phase]:
        """Return an endpoint's states, with one at the beginning of each day."""
        found: list[Phase] = []
        for day in self.days:
            ends = min(day + DAY, self._story.moment)
            found.extend(states.endpoint_phases(self._story, endpoint, day, ends))
        return found

    def of_metric(self, endpoint: Endpoint, metric: str) -> list[Phase]:
        """Return a metric's states, with one at the beginning of each day."""
        found: list[Phase] = []
        for day in self.days:
            ends = min(day + DAY, self._story.moment)
            found.extend(states.metric_phases(self._story, endpoint, metric, day, ends))
        return found

    def all_of(self, site: topology.Site) -> list[tuple[Endpoint, list[Phase]]]:
        """Return the states of all endpoints of a site."""
        return [(endpoint, self.of(endpoint)) for endpoint in states.endpoints_of(site)]

    def points(self, line: list[Phase], *, latest: bool = False) -> list[Json]:
        """Return a timeline as ARGO writes it, with the invented point at its end.

        The invented point has the date of the last real one, and the time of day of the question
        or, for a day that is over, 23:59:59.
        """
        if not line:
            return []
        # Each day has a point at its beginning, also where nothing changed at midnight.
        real = list(line)
        for day in self.days:
            if all(phase.since != day for phase in real):
                before = [phase for phase in line if phase.since < day]
                if before:
                    real.append(Phase(day, before[-1].state))
        real.sort(key=lambda phase: phase.since)
        last = real[-1]
        clock = self._story.moment.time().replace(microsecond=0)
        today = states.midnight(self._story.moment)
        fell_back = today not in self.days and self.days and self.days[-1] == today - DAY
        if self.days[-1] == today or (fell_back and latest):
            made_up = datetime.combine(last.since.date(), clock, UTC)
        else:
            made_up = states.midnight(last.since) + DAY - timedelta(seconds=1)
        told = [{"timestamp": zulu(phase.since), "value": phase.state} for phase in real]
        invented = {"timestamp": zulu(made_up), "value": last.state}
        return [invented] if latest else [*told, invented]


def of_date(asked: Asked) -> tuple[datetime, datetime] | None:
    """Return the day that ``date`` names as a period, None without one."""
    text = asked.parameters.get("date", "")
    if not text:
        return None
    try:
        day = datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise bad("date parsing error: use YYYY-MM-DD") from None
    return day, day
