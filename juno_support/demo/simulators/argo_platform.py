"""What the simulated ARGO says of itself: topology, downtimes, reports, its own health."""

from datetime import timedelta

from juno_support.demo.simulators import argo_states as states
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.argo_answers import (
    GROUP_TYPE,
    REPORTS,
    Json,
    Refused,
    not_found,
    of_date,
    status_ok,
    zulu,
)
from juno_support.demo.simulators.gocdb_downtimes import DAY
from juno_support.demo.simulators.upstream import Asked, Told

# --- what it is made of -------------------------------------------------------------------


def downtimes(asked: Asked, rest: list[str]) -> Told:
    """Return ARGO's daily copy of GOCDB's downtimes."""
    asked_for = of_date(asked)
    day = states.midnight(asked.moment) if asked_for is None else asked_for[0]
    wanted = asked.parameters
    rows: list[Json] = []
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
    return Told(status_ok() | {"data": [{"date": f"{day:%Y-%m-%d}", "endpoints": rows}]})


def _tags(scopes: tuple[str, ...], site: topology.Site) -> Json:
    return {
        "certification": site.status,
        "infrastructure": site.infrastructure,
        "scope": ", ".join(scopes),
    }


def topology_of(asked: Asked, rest: list[str]) -> Told:
    """Return groups with their sites, or sites with their endpoints."""
    what = rest[0] if rest else ""
    asked_for = of_date(asked)
    date = f"{asked.moment if asked_for is None else asked_for[0]:%Y-%m-%d}"
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
            raise Refused(not_found())
    return Told(status_ok() | {"data": rows})


def reports(asked: Asked, rest: list[str]) -> Told:
    """Return the reports that are computed."""
    created = f"{asked.story.base - 400 * DAY:%Y-%m-%d %H:%M:%S}"
    return Told(
        status_ok()
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


def consistency(asked: Asked, rest: list[str]) -> Told:
    """Return whether what ARGO says can be believed."""
    return _own_state(asked, ill=asked.failure == "inconsistent")


def health(asked: Asked, rest: list[str]) -> Told:
    """Return whether ARGO itself is well."""
    return _own_state(asked, ill=asked.failure == "unhealthy")
