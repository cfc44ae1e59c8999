"""Summaries of jobs and pilots by site, as the simulated DIRAC and its web app give them."""

import json
from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from juno_support.demo.simulators import dirac_elements as elements
from juno_support.demo.simulators import dirac_jobs
from juno_support.demo.simulators import dirac_status as rss
from juno_support.demo.simulators.dirac_jobs import Job
from juno_support.demo.simulators.gocdb_downtimes import DAY
from juno_support.demo.simulators.incidents import Story
from juno_support.demo.simulators.upstream import HTML, Asked, Told

# Version 8 does not know Scouting: whoever reads by position is wrong somewhere.
JOB_STATES = (
    "Submitting", "Received", "Checking", "Staging", "Waiting", "Matched", "Rescheduled",
    "Running", "Stalled", "Completing", "Done", "Completed", "Failed", "Deleted", "Killed",
)  # fmt: skip
PILOT_STATES = (
    "Submitted", "Waiting", "Running", "Done", "Failed", "Deleted", "Aborted", "Unknown",
    "Scheduled", "Done_Empty", "Aborted_Hour",
)  # fmt: skip
# What stands for the compute elements of a site that has more than one.
SEVERAL = "Multiple"
_FINISHED = ("Done", "Completed", "Failed", "Killed")
_COUNTRIES = {"cn": "China", "fr": "France", "it": "Italy", "ru": "Russian Federation"}

Json = dict[str, Any]


def _recent(story: Story, job: Job) -> bool:
    """Return whether a job counts: ended within a day, or not ended."""
    if job.last.status in _FINISHED:
        return job.last.at > story.moment - DAY
    return True


def _rating(done: int, finished: int) -> tuple[str, str]:
    """Return DIRAC's efficiency, a text, and its word for it."""
    if not finished:
        return "0.0", "Idle"
    share = 100 * done / finished
    word = "Good" if share > 95 else "Fair" if share > 80 else "Poor" if share > 60 else "Bad"
    return f"{share:.1f}", word


def site_rows(story: Story) -> list[Json]:
    """Return the job summary of each site. It counts the jobs of all VOs together."""
    counted: dict[str, Counter[str]] = {}
    for job in dirac_jobs.jobs(story):
        if job.site != dirac_jobs.ANY and _recent(story, job):
            counted.setdefault(job.site, Counter())[job.last.status] += 1
    rows = []
    for site in elements.SITES:
        states = counted.get(site.name, Counter())
        finished = sum(states[name] for name in _FINISHED)
        efficiency, word = _rating(states["Done"] + states["Completed"], finished)
        rows.append(
            {
                "Site": site.name,
                "GridType": site.name.partition(".")[0],
                "Country": site.country,
                "Tier": site.tier,
                "MaskStatus": rss.mask_of(story, site.name),
                **{name: states[name] for name in JOB_STATES},
                "Efficiency": efficiency,
                "Status": word,
            }
        )
    return rows


def get_site_summary_web(asked: Asked, args: list[Any]) -> Json:
    """Return the job summary as the service does: names once, then rows of values."""
    wanted = dict(args[0]) if args and args[0] else {}
    rows = [
        row
        for row in site_rows(asked.story)
        if all(
            row.get(name) in (value if isinstance(value, list) else [value])
            for name, value in wanted.items()
            if name in row
        )
    ]
    extras: dict[str, Counter[str]] = {}
    for row in rows:
        extras.setdefault(row["Country"], Counter()).update({s: row[s] for s in JOB_STATES})
    return {
        "ParameterNames": list(rows[0]) if rows else [],
        "Records": [list(row.values()) for row in rows],
        "TotalRecords": len(rows),
        "Extras": {country: {s: some[s] for s in JOB_STATES} for country, some in extras.items()},
    }


def pilot_rows(story: Story, expanded: Collection[str] = ()) -> list[Json]:
    """Return the pilots of the last day by site; by compute element only at expanded sites."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for job in dirac_jobs.jobs(story):
        if not job.pilot or not _recent(story, job):
            continue
        states = counted.setdefault((job.site, job.ce), Counter())
        states[job.pilot_status] += 1
        if job.pilot_status == "Aborted" and job.last.at > story.moment - timedelta(hours=1):
            states["Aborted_Hour"] += 1
    rows: list[Json] = []
    for site in elements.SITES:
        its = {
            element.name: counted.get((site.name, element.name), Counter())
            for element in elements.of_kind("ComputingElement", site.name)
        }
        if len(its) > 1 and site.name not in expanded:
            its = {SEVERAL: sum(its.values(), Counter())}
        rows.extend(_pilot_row(story, site.name, ce, states) for ce, states in its.items())
    return rows


def _pilot_row(story: Story, site: str, ce: str, states: Counter[str]) -> Json:
    total = sum(number for name, number in states.items() if name != "Aborted_Hour")
    share = 100 * (total - states["Aborted"]) / total if total else 100.0
    return {
        "Site": site,
        "CE": ce,
        **{name: states[name] for name in PILOT_STATES},
        "Total": total,
        "PilotsPerJob": "1.00" if total else "0.00",
        "PilotJobEff": f"{share:.2f}",
        "Status": _pilot_word(share, total),
        "InMask": "Yes" if rss.mask_of(story, site) == "Active" else "No",
    }


def _pilot_word(share: float, total: int) -> str:
    if total <= 10:
        return "Idle"
    return "Bad" if share < 25 else "Poor" if share < 60 else "Fair" if share < 85 else "Good"


# --- the web app --------------------------------------------------------------------------


def answer_web_app(asked: Asked, segments: list[str]) -> Told:
    """Answer what a shifter's browser asks: ``s:SETUP/g:GROUP/App/method``."""
    if len(segments) != 4 or not segments[0].startswith("s:") or not segments[1].startswith("g:"):
        return Told(_NOT_FOUND, status=404, content_type=HTML)
    call = _WEB.get((segments[2], segments[3]))
    if call is None:
        return Told(_NOT_FOUND, status=404, content_type=HTML)
    if asked.failure == "notsuccess":
        # The portal asks with its own rights, and they may not be enough.
        return Told({"success": "false", "error": "Unauthorized query"})
    return Told(call(asked))


_NOT_FOUND = "<html><title>404: Not Found</title><body>404: Not Found</body></html>"


def _success(rows: list[Json], **more: Any) -> Json:
    # The word, not the value: that is how it is.
    return {"success": "true", "result": rows, "total": len(rows), **more}


def _job_summary(asked: Asked) -> Json:
    rows = []
    for row in site_rows(asked.story):
        rows.append(row | {"FullCountry": _COUNTRIES[row["Country"]]})
    totals = Counter[str]()
    for row in rows:
        totals.update({name: row[name] for name in JOB_STATES})
    when = f"{asked.moment:%Y-%m-%d %H:%M} [UTC]"
    return _success(rows, extra={name: totals[name] for name in JOB_STATES}, date=when)


def _pilot_summary(asked: Asked) -> Json:
    when = f"{asked.moment:%Y-%m-%d %H:%M} [UTC]"
    expanded = _names(asked, "expand")
    rows = pilot_rows(asked.story, expanded)
    if expanded:
        rows = [row for row in rows if row["Site"] in expanded]
    return _success(rows, date=when)


def _names(asked: Asked, parameter: str) -> list[str]:
    text = (asked.form if asked.method == "POST" else asked.parameters).get(parameter, "")
    try:
        return list(json.loads(text)) if text else []
    except ValueError:
        return []


def _statuses(asked: Asked, table: str) -> Json:
    found = rss.select(asked, [table, {"VO": ["all", "juno"]}])
    names = _names(asked, "name")
    rows = []
    for values in found.rows:
        row = dict(zip(found.columns, values, strict=True))
        if names and row["Name"] not in names:
            continue
        # The web app writes moments as texts.
        plain = {
            name: value["obj"] if isinstance(value, dict) else value for name, value in row.items()
        }
        rows.append(plain | {"Country": _COUNTRIES.get(row["Name"].rpartition(".")[2], "Unknown")})
    return _success(rows)


_WEB = {
    ("JobSummary", "getData"): _job_summary,
    ("JobSummary", "getJobSummaryData"): _job_summary,
    ("PilotSummary", "getPilotSummaryData"): _pilot_summary,
    ("SiteSummary", "getSiteSummaryData"): lambda asked: _statuses(asked, "SiteStatus"),
    ("ResourceSummary", "getResourceSummaryData"): lambda asked: _statuses(asked, "ResourceStatus"),
}
