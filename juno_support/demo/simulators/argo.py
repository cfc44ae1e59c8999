"""A simulator of ARGO's web API, versions 2 and 3, below ``/argo/api``.

Base address for clients: ``http://HOST:PORT/argo/api``; the key is ``ARGO_KEY``; the report is
``Critical``, groups are of type ``SITES``. With ARGO's habits: ``Accept: application/json`` or
406; the last point of a timeline is invented (the date of the last real point, the time of day of
the question); after midnight yesterday's states are served until the first checks have come in; a
period without results is ``{"groups": null}``; /latest ends silently at 500 rows; numbers are
strings.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from juno_support.demo.simulators import argo_states as states
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.addresses import ARGO_KEY
from juno_support.demo.simulators.argo_states import Endpoint
from juno_support.demo.simulators.gocdb_downtimes import DAY
from juno_support.demo.simulators.incidents import Phase, Story
from juno_support.demo.simulators.upstream import Asked, Told, Upstream

REPORTS = ("Critical", "OPS-MONITOR-Critical")
GROUP_TYPE = "SITES"
LIMIT = 500

Json = dict[str, Any]


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, told: Told) -> None:
        """Keep the answer."""
        super().__init__(told.body)
        self.told = told


class Argo(Upstream):
    """The WSGI app."""

    mount = "argo/api"
    source = "argo"
    special: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "argo": {
            "yesterday": "Yesterday's states are served as if nothing had come in today.",
            "nogroups": 'No results: 200 with {"groups": null}.',
            "inconsistent": "The consistency of the monitoring itself is CRITICAL.",
            "unhealthy": "The monitoring itself is ill: health is CRITICAL.",
            "v3missing": "Version 3 of the interface is not there: 404; version 2 works.",
        }
    }

    def answer(self, asked: Asked) -> Told:
        """Answer a question to the interface."""
        try:
            return self._answer(asked)
        except Refused as refused:
            return refused.told

    def _answer(self, asked: Asked) -> Told:
        version, *rest = asked.segments or [""]
        if version == "v3" and asked.failure == "v3missing":
            raise Refused(_not_found())
        if "application/json" not in asked.headers.get("accept", ""):
            raise Refused(Told(_status("Not Acceptable Content Type", 406, _ACCEPT), status=406))
        if version in ("v2", "v3") and rest == ["version"]:
            return Told({"release": "1.14.0", "commit": "0000000", "build_time": ""})
        if asked.headers.get("x-api-key") != ARGO_KEY:
            raise Refused(Told(_status("Unauthorized", 401, _UNAUTHORIZED), status=401))
        if asked.method != "GET" or version not in ("v2", "v3") or not rest:
            raise Refused(_not_found())
        answer = _CALLS.get((version, rest[0]))
        if answer is None:
            raise Refused(_not_found())
        return answer(asked, rest[1:])


_UNAUTHORIZED = "You need to provide a correct authentication token using the header 'x-api-key'"
_ACCEPT = "Accept header provided did not contain any valid content types"


def _status(message: str, code: int, details: str = "") -> Json:
    return {"status": {"message": message, "code": str(code), "details": details}}


def _not_found() -> Told:
    return Told(_status("Not Found", 404, "No resource at this address"), status=404)


def _bad(message: str) -> Refused:
    body = _status("Bad Request", 400)
    body["errors"] = [{"message": message, "code": "400", "details": message}]
    return Refused(Told(body, status=400))


# --- time ---------------------------------------------------------------------------------


def _moment(text: str, name: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _bad(f"{name} parsing error: use Zulu format: 2006-01-02T15:04:05Z") from None


def _period(asked: Asked, *, required: bool) -> tuple[datetime, datetime] | None:
    begins, ends = (asked.parameters.get(name, "") for name in ("start_time", "end_time"))
    if not begins and not ends and not required:
        return None
    if not begins or not ends:
        raise _bad("No start_time or end_time set: please use both")
    return _moment(begins, "start_time"), _moment(ends, "end_time")


def zulu(moment: datetime) -> str:
    """Return a moment as ARGO writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _span(asked: Asked, period: tuple[datetime, datetime] | None) -> list[datetime]:
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


# --- version 3 ----------------------------------------------------------------------------


def _check_report(name: str) -> None:
    if name not in REPORTS:
        message = f"The report with the name {name} does not exist"
        raise Refused(Told({"message": message, "code": 404}, status=404))


def _endpoint_v3(endpoint: Endpoint, points: list[Json]) -> Json:
    row: Json = {"hostname": endpoint.hostname, "service": endpoint.type}
    if endpoint.service.url:
        row["info"] = {"URL": endpoint.service.url}
    return row | {"statuses": points}


def _status_v3(asked: Asked, rest: list[str]) -> Told:
    if not rest:
        raise Refused(_not_found())
    _check_report(rest[0])
    latest = asked.parameters.get("view") == "latest"
    period = _period(asked, required=False)
    if latest and period:
        raise _bad(
            "Parameter view=latest should not be used when specifing start_time and end_time"
        )
    lines = Lines(asked.story, _span(asked, period))
    if len(rest) == 1:
        groups = []
        for site in states.monitored_sites() if lines.days else ():
            ends = lines.all_of(site)
            groups.append(
                {
                    "name": site.name,
                    "type": GROUP_TYPE,
                    "statuses": lines.points(states.of_group(ends), latest=latest),
                    "endpoints": [
                        _endpoint_v3(one, lines.points(line, latest=latest)) for one, line in ends
                    ],
                }
            )
        return Told({"groups": groups or None})
    if len(rest) == 3 and rest[1] == "id":
        found = [
            _endpoint_v3(one, lines.points(lines.of(one), latest=latest)) | {"group": site.name}
            for site in states.monitored_sites()
            for one in states.endpoints_of(site)
            if one.service.key == rest[2]
        ]
        if not found:
            raise Refused(_not_found())
        return Told({"id": rest[2], "endpoints": found})
    raise Refused(_not_found())


def availability(line: list[Phase], begins: datetime, ends: datetime) -> Json:
    """Return the shares of a period as ARGO writes them: strings, -1 where nothing is known."""
    seconds: dict[str, float] = {}
    edges = [*(phase.since for phase in line[1:]), ends]
    for phase, until in zip(line, edges, strict=True):
        length = (min(until, ends) - max(phase.since, begins)).total_seconds()
        seconds[phase.state] = seconds.get(phase.state, 0.0) + max(0.0, length)
    total = sum(seconds.values()) or 1.0
    up = (seconds.get(states.OK, 0.0) + seconds.get("WARNING", 0.0)) / total
    unknown = (seconds.get("UNKNOWN", 0.0) + seconds.get("MISSING", 0.0)) / total
    down = seconds.get(states.DOWNTIME, 0.0) / total
    known, expected = 1 - unknown, 1 - unknown - down

    def share(part: float, whole: float) -> str:
        return "-1" if whole <= 1e-9 else f"{100 * part / whole:.5f}".rstrip("0").rstrip(".")

    def plain(part: float) -> str:
        return f"{part:.5f}".rstrip("0").rstrip(".") or "0"

    return {
        "availability": share(up, known),
        "reliability": share(up, expected),
        "unknown": plain(unknown),
        "uptime": plain(up),
        "downtime": plain(down),
    }


def _results(
    asked: Asked, line_of: Callable[[list[datetime]], list[Phase]], date: str
) -> list[Json]:
    """Return one row of results a day or month; ``date`` is what the version calls its date."""
    period = _period(asked, required=True)
    assert period is not None  # noqa: S101
    grain = asked.parameters.get("granularity", "daily")
    if grain not in ("daily", "monthly", "custom"):
        raise _bad("Wrong value for granularity: use daily, monthly or custom")
    groups: dict[str, list[datetime]] = {}
    for day in _span(asked, period):
        name = (
            "" if grain == "custom" else f"{day:%Y-%m}" if grain == "monthly" else f"{day:%Y-%m-%d}"
        )
        groups.setdefault(name, []).append(day)
    rows = []
    for name, some in groups.items():
        ends = min(some[-1] + DAY, asked.moment)
        row = availability(line_of(some), some[0], ends)
        rows.append(({date: name} if name else {}) | row)
    return rows


def _results_v3(asked: Asked, rest: list[str]) -> Told:
    if not rest:
        raise Refused(_not_found())
    _check_report(rest[0])
    _period(asked, required=True)
    by_centre: dict[str, list[Json]] = {}
    for site in states.monitored_sites():
        if len(rest) >= 3 and rest[2] != site.name:
            continue
        rows = _results(
            asked,
            lambda some, site=site: states.of_group(Lines(asked.story, some).all_of(site)),
            "date",
        )
        by_centre.setdefault(site.centre, []).append(
            {"name": site.name, "type": GROUP_TYPE, "results": rows}
        )
    return Told(
        {
            "results": [
                {"name": centre, "type": "NGI", "results": [], "groups": groups}
                for centre, groups in by_centre.items()
            ]
        }
    )


# --- version 2 ----------------------------------------------------------------------------


def _report_v2(name: str) -> None:
    if name not in REPORTS:
        # Version 2 asks its database for the report and does not expect that there is none.
        raise Refused(Told(_status("Internal Server Error", 500, "not found"), status=500))


def _status_v2(asked: Asked, rest: list[str]) -> Told:
    if len(rest) < 2:
        raise Refused(_not_found())
    _report_v2(rest[0])
    period = _period(asked, required=True)
    lines = Lines(asked.story, _span(asked, period))
    sites = states.monitored_sites() if lines.days else []
    if rest[1] == "endpoints":
        return Told(
            {
                "endpoints": [
                    {
                        "name": one.hostname,
                        "service": one.type,
                        "supergroup": site.name,
                        "statuses": lines.points(line),
                    }
                    for site in sites
                    for one, line in lines.all_of(site)
                ]
                or None,
                "pageSize": 0,
            }
        )
    if rest[1] != GROUP_TYPE:
        raise Refused(_not_found())
    if len(rest) > 2:
        sites = [site for site in sites if site.name == rest[2]]
    groups = [_group_v2(lines, site, rest[3:]) for site in sites]
    return Told({"groups": groups or None})


def _group_v2(lines: Lines, site: topology.Site, below: list[str]) -> Json:
    group: Json = {"name": site.name, "type": GROUP_TYPE}
    ends = lines.all_of(site)
    if not below:
        return group | {"statuses": lines.points(states.of_group(ends))}
    kind = below[1] if len(below) > 1 else ""
    by_type = {name: line for name, line in states.by_type(ends).items() if kind in ("", name)}
    services: list[Json] = []
    for name, line in by_type.items():
        service: Json = {"name": name, "type": "service"}
        if len(below) <= 2:
            services.append(service | {"statuses": lines.points(line)})
            continue
        hosts = [
            (one, of_one)
            for one, of_one in ends
            if one.type == name and (len(below) == 3 or one.hostname == below[3])
        ]
        services.append(
            service | {"endpoints": [_host_v2(lines, one, of_one, below) for one, of_one in hosts]}
        )
    return group | {"services": services or None}


def _host_v2(lines: Lines, endpoint: Endpoint, line: list[Phase], below: list[str]) -> Json:
    row: Json = {"name": endpoint.hostname}
    if endpoint.service.url:
        row["info"] = {"URL": endpoint.service.url}
    if len(below) <= 4:
        return row | {"statuses": lines.points(line)}
    wanted = below[5] if len(below) > 5 else ""
    return row | {
        "metrics": [
            {"name": name, "statuses": lines.points(metric_line(endpoint, name, line))}
            for name in endpoint.metrics
            if wanted in ("", name)
        ]
    }


def metric_line(endpoint: Endpoint, metric: str, line: list[Phase]) -> list[Phase]:
    """Return one metric's states: the first metric fails, the others go on; no downtimes."""
    first = metric == endpoint.metrics[0]
    return [
        Phase(phase.since, phase.state, phase.words)
        if first and phase.state != states.DOWNTIME
        else Phase(phase.since, phase.state if phase.state == "MISSING" else states.OK)
        for phase in line
    ]


def _results_v2(asked: Asked, rest: list[str]) -> Told:
    if len(rest) < 2:
        raise Refused(_not_found())
    _report_v2(rest[0])
    _period(asked, required=True)
    found = []
    for site in states.monitored_sites():
        if len(rest) > 2 and rest[2] != site.name:
            continue
        rows = _results(
            asked,
            lambda some, site=site: states.of_group(Lines(asked.story, some).all_of(site)),
            "timestamp",
        )
        found.append({"name": site.name, "type": GROUP_TYPE, "results": rows})
    return Told({"results": found or None})


# --- what the probes said -----------------------------------------------------------------


def _said(endpoint: Endpoint, metric: str, phase: Phase) -> tuple[str, str]:
    if phase.state == states.OK:
        return "OK", f"{metric} returned OK"
    words = phase.words or {"MISSING": "", "UNKNOWN": "No answer"}.get(phase.state, "")
    return words[:60], f"{phase.state}: {words}\nhost: {endpoint.hostname}\nmetric: {metric}"


def _metric_rows(asked: Asked, sites: list[topology.Site]) -> list[Json]:
    """Return the last result of each metric: checked once an hour, at a minute of its own."""
    days = _span(asked, _of_date(asked))
    if not days:
        return []
    day = days[-1]
    lines = Lines(asked.story, [day])
    rows = []
    for site in sites:
        for endpoint, line in lines.all_of(site):
            for metric in endpoint.metrics:
                phase = metric_line(endpoint, metric, line)[-1]
                rows.append(_metric_row(asked, day, endpoint, metric, phase))
    return rows


def _metric_row(asked: Asked, day: datetime, endpoint: Endpoint, metric: str, phase: Phase) -> Json:
    minute = timedelta(minutes=(endpoint.service.id * 7 + len(metric)) % 60)
    ends = min(day + DAY, asked.moment)
    checked = ends.replace(minute=0, second=0, microsecond=0) + minute
    if checked >= ends:
        checked -= timedelta(hours=1)
    summary, message = _said(endpoint, metric, phase)
    return {
        "endpoint_group": endpoint.site.name,
        "service": endpoint.type,
        "endpoint": endpoint.hostname,
        "metric": metric,
        "timestamp": zulu(max(checked, phase.since)),
        "status": phase.state,
        "summary": summary,
        "message": message,
    }


def _of_date(asked: Asked) -> tuple[datetime, datetime] | None:
    text = asked.parameters.get("date", "")
    if not text:
        return None
    try:
        day = datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise _bad("date parsing error: use YYYY-MM-DD") from None
    return day, day


def _wanted(status: str, wanted: str) -> bool:
    wanted = wanted.upper() or "ALL"
    return wanted == "ALL" or (status != "OK" if wanted == "NON-OK" else status == wanted)


def _latest(asked: Asked, rest: list[str]) -> Told:
    if len(rest) < 2 or rest[1] != GROUP_TYPE:
        raise Refused(_not_found())
    _report_v2(rest[0])
    sites = [s for s in states.monitored_sites() if len(rest) < 3 or s.name == rest[2]]
    wanted = asked.parameters.get("filter", "all")
    rows = [row for row in _metric_rows(asked, sites) if _wanted(row["status"], wanted)]
    rows.sort(key=lambda row: row["timestamp"], reverse=True)
    text = asked.parameters.get("limit", "")
    limit = int(text) if text.lstrip("-").isdigit() else LIMIT
    if limit >= 0:
        rows = rows[:limit]
    # Its message is its content type: that is no mistake of the simulator.
    body = {"status": {"message": "application/json", "code": "200"}}
    return Told(body | {"data": {"metric_data": rows or None}})


def _metric_result(asked: Asked, rest: list[str]) -> Told:
    if len(rest) < 1:
        raise Refused(_not_found())
    text = asked.parameters.get("exec_time", "")
    at = _moment(text, "exec_time") if text else asked.moment
    wanted = rest[1] if len(rest) > 1 else ""
    day = states.midnight(at)
    lines = Lines(asked.story, [day] if states.has_data(asked.story, day) else [])
    metrics = []
    for site in states.monitored_sites():
        for one in states.endpoints_of(site):
            if one.hostname != rest[0]:
                continue
            for metric in one.metrics:
                if wanted not in ("", metric):
                    continue
                held = [p for p in metric_line(one, metric, lines.of(one)) if p.since <= at]
                details = []
                for phase in held:
                    summary, message = _said(one, metric, phase)
                    details.append(
                        {
                            "Timestamp": zulu(phase.since),
                            "Value": phase.state,
                            "Summary": summary,
                            "Message": message,
                        }
                    )
                if details:
                    last = [details[-1]] if text else details
                    metrics.append({"Name": metric, "Service": one.type, "Details": last})
    if not metrics:
        raise Refused(Told(_status("Metric not found!", 404), status=404))
    return Told({"root": [{"Name": rest[0], "Metrics": metrics}]})


def _issues(asked: Asked, rest: list[str]) -> Told:
    if len(rest) < 2:
        raise Refused(_not_found())
    _report_v2(rest[0])
    wanted = asked.parameters.get("filter", "non-ok")
    lines = Lines(asked.story, _span(asked, _of_date(asked)))
    found: list[Json] = []
    for site in states.monitored_sites() if lines.days else ():
        if rest[1] == "groups" and len(rest) > 2 and rest[2] != site.name:
            continue
        for endpoint, line in lines.all_of(site):
            last = line[-1]
            if not _wanted(last.state, wanted) or last.state == "OK":
                continue
            info = {"info": {"URL": endpoint.service.url}} if endpoint.service.url else {}
            if rest[1] == "endpoints":
                row = {
                    "timestamp": zulu(last.since),
                    "endpoint_group": site.name,
                    "service": endpoint.type,
                    "endpoint": endpoint.hostname,
                    "status": last.state,
                }
            else:
                row = {
                    "service": endpoint.type,
                    "hostname": endpoint.hostname,
                    "metric": endpoint.metrics[0],
                    "status": last.state,
                }
            found.append(row | info)
    return Told(_status_ok() | {"data": found})


def _status_ok() -> Json:
    return {"status": {"message": "Success", "code": "200"}}


# --- what it is made of -------------------------------------------------------------------


def _downtimes(asked: Asked, rest: list[str]) -> Told:
    period = _of_date(asked)
    day = states.midnight(asked.moment) if period is None else period[0]
    wanted = asked.parameters
    rows = []
    for one in asked.story.downtimes:
        facts = one.facts
        if facts.starts_at >= day + DAY or facts.ends_at <= day:
            continue
        if wanted.get("severity", facts.severity) != facts.severity:
            continue
        if wanted.get("classification", one.classification) != one.classification:
            continue
        names = {endpoint.service.id: endpoint for endpoint in states.endpoints_of(one.site)}
        rows.extend(
            {
                "hostname": names[identity].hostname,
                "service": names[identity].type,
                "start_time": zulu(max(facts.starts_at, day)),
                "end_time": zulu(min(facts.ends_at, day + DAY - timedelta(seconds=1))),
                "description": facts.description,
                "severity": facts.severity,
                "classification": one.classification,
            }
            for identity in facts.services
            if identity in names
        )
    return Told(_status_ok() | {"data": [{"date": f"{day:%Y-%m-%d}", "endpoints": rows}]})


def _tags(scopes: tuple[str, ...], site: topology.Site) -> Json:
    return {
        "certification": site.status,
        "infrastructure": site.infrastructure,
        "scope": ", ".join(scopes),
    }


def _topology(asked: Asked, rest: list[str]) -> Told:
    what = rest[0] if rest else ""
    period = _of_date(asked)
    date = f"{asked.moment if period is None else period[0]:%Y-%m-%d}"
    rows: list[Json] = []
    for site in states.monitored_sites():
        if what == "groups":
            rows.append(
                {
                    "date": date,
                    "group": site.centre,
                    "type": "NGI",
                    "subgroup": site.name,
                    "tags": _tags(site.scopes, site),
                }
            )
        elif what == "endpoints":
            rows.extend(
                {
                    "date": date,
                    "group": site.name,
                    "type": GROUP_TYPE,
                    "service": one.type,
                    "hostname": one.hostname,
                    "tags": _tags(one.service.scopes, site)
                    | {"info_ID": one.service.key, "monitored": "1", "production": "1"},
                }
                for one in states.endpoints_of(site)
            )
        else:
            raise Refused(_not_found())
    return Told(_status_ok() | {"data": rows})


def _reports(asked: Asked, rest: list[str]) -> Told:
    created = f"{asked.story.base - 400 * DAY:%Y-%m-%d %H:%M:%S}"
    return Told(
        _status_ok()
        | {
            "data": [
                {
                    "id": f"{number:08d}-22e9-4521-9e47-ecaa4a494364",
                    "tenant": "EGI",
                    "disabled": False,
                    "info": {
                        "name": name,
                        "description": f"The report {name}",
                        "created": created,
                        "updated": created,
                    },
                    "computations": {"ar": True, "status": True, "trends": ["flapping", "status"]},
                    "topology_schema": {"group": {"type": "NGI", "group": {"type": GROUP_TYPE}}},
                    "thresholds": {
                        "availability": 80.0,
                        "reliability": 85.0,
                        "uptime": 80.0,
                        "unknown": 10.0,
                        "downtime": 10.0,
                    },
                }
                for number, name in enumerate(REPORTS, 1)
            ]
        }
    )


def _own_state(asked: Asked, *, ill: bool) -> Told:
    minute = asked.moment.replace(minute=asked.moment.minute // 30 * 30, second=0, microsecond=0)
    return Told(
        {
            "status": "CRITICAL" if ill else "OK",
            "timestamp": zulu(minute),
            "message": "Flapping items percentage 65% (65/100)"
            if ill
            else "Flapping items percentage 2% (2/100)",
        }
    )


def _consistency(asked: Asked, rest: list[str]) -> Told:
    return _own_state(asked, ill=asked.failure == "inconsistent")


def _health(asked: Asked, rest: list[str]) -> Told:
    return _own_state(asked, ill=asked.failure == "unhealthy")


_CALLS: dict[tuple[str, str], Callable[[Asked, list[str]], Told]] = {
    ("v3", "status"): _status_v3,
    ("v3", "results"): _results_v3,
    ("v3", "consistency"): _consistency,
    ("v3", "health"): _health,
    ("v2", "status"): _status_v2,
    ("v2", "results"): _results_v2,
    ("v2", "latest"): _latest,
    ("v2", "metric_result"): _metric_result,
    ("v2", "issues"): _issues,
    ("v2", "downtimes"): _downtimes,
    ("v2", "topology"): _topology,
    ("v2", "reports"): _reports,
}
