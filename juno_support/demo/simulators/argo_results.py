"""Availability, and what the probes of the simulated ARGO said."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from juno_support.demo.simulators import argo_states as states
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.argo_answers import (
    GROUP_TYPE,
    Json,
    Lines,
    Refused,
    bad,
    check_report,
    moment,
    not_found,
    of_date,
    period,
    report_v2,
    span,
    status,
    status_ok,
    zulu,
)
from juno_support.demo.simulators.argo_states import Endpoint
from juno_support.demo.simulators.gocdb_downtimes import DAY
from juno_support.demo.simulators.troubles import Phase
from juno_support.demo.simulators.upstream import Asked, Told

LIMIT = 500


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
    asked_for = period(asked, required=True)
    assert asked_for is not None  # noqa: S101
    grain = asked.parameters.get("granularity", "daily")
    if grain not in ("daily", "monthly", "custom"):
        raise bad("Wrong value for granularity: use daily, monthly or custom")
    groups: dict[str, list[datetime]] = {}
    for day in span(asked, asked_for):
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


def _line_of(asked: Asked, site: topology.Site, days: list[datetime]) -> list[Phase]:
    return states.of_group(Lines(asked.story, days).all_of(site))


def results_v3(asked: Asked, rest: list[str]) -> Told:
    """Return availability and reliability of the sites, below their centres."""
    if not rest:
        raise Refused(not_found())
    check_report(rest[0])
    period(asked, required=True)
    by_centre: dict[str, list[Json]] = {}
    for site in states.monitored_sites():
        if len(rest) >= 3 and rest[2] != site.name:
            continue
        rows = _results(
            asked,
            partial(_line_of, asked, site),
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


def results_v2(asked: Asked, rest: list[str]) -> Told:
    """Return availability and reliability of the sites, or of one."""
    if len(rest) < 2:
        raise Refused(not_found())
    report_v2(rest[0])
    period(asked, required=True)
    found = []
    for site in states.monitored_sites():
        if len(rest) > 2 and rest[2] != site.name:
            continue
        rows = _results(
            asked,
            partial(_line_of, asked, site),
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
    days = span(asked, of_date(asked))
    if not days:
        return []
    day = days[-1]
    lines = Lines(asked.story, [day])
    rows = []
    for site in sites:
        for endpoint in states.endpoints_of(site):
            for metric in endpoint.metrics:
                phase = lines.of_metric(endpoint, metric)[-1]
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


def _wanted(status: str, wanted: str) -> bool:
    wanted = wanted.upper() or "ALL"
    return wanted == "ALL" or (status != "OK" if wanted == "NON-OK" else status == wanted)


def latest(asked: Asked, rest: list[str]) -> Told:
    """Return the last result of each metric, the newest first, ending silently at a limit."""
    if len(rest) < 2 or rest[1] != GROUP_TYPE:
        raise Refused(not_found())
    report_v2(rest[0])
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


def metric_result(asked: Asked, rest: list[str]) -> Told:
    """Return what the probes said of one host, at a moment or on its day."""
    if len(rest) < 1:
        raise Refused(not_found())
    text = asked.parameters.get("exec_time", "")
    at = moment(text, "exec_time") if text else asked.moment
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
                held = [p for p in lines.of_metric(one, metric) if p.since <= at]
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
        raise Refused(Told(status("Metric not found!", 404), status=404))
    return Told({"root": [{"Name": rest[0], "Metrics": metrics}]})


def issues(asked: Asked, rest: list[str]) -> Told:
    """Return what is not well: endpoints, or the metrics of groups."""
    if len(rest) < 2:
        raise Refused(not_found())
    report_v2(rest[0])
    wanted = asked.parameters.get("filter", "non-ok")
    lines = Lines(asked.story, span(asked, of_date(asked)))
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
    return Told(status_ok() | {"data": found})
