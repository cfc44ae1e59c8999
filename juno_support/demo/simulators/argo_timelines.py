"""The timelines of the simulated ARGO, as versions 3 and 2 of its interface give them."""

from juno_support.demo.simulators import argo_states as states
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.argo_answers import (
    GROUP_TYPE,
    Json,
    Lines,
    Refused,
    bad,
    check_report,
    not_found,
    period,
    report_v2,
    span,
)
from juno_support.demo.simulators.argo_states import Endpoint
from juno_support.demo.simulators.troubles import Phase
from juno_support.demo.simulators.upstream import Asked, Told

# --- version 3 ----------------------------------------------------------------------------


def _endpoint_v3(endpoint: Endpoint, points: list[Json]) -> Json:
    row: Json = {"hostname": endpoint.hostname, "service": endpoint.type}
    if endpoint.service.url:
        row["info"] = {"URL": endpoint.service.url}
    return row | {"statuses": points}


def status_v3(asked: Asked, rest: list[str]) -> Told:
    """Return sites with their endpoints, or one endpoint by its id."""
    if not rest:
        raise Refused(not_found())
    check_report(rest[0])
    latest = asked.parameters.get("view") == "latest"
    asked_for = period(asked, required=False)
    if latest and asked_for:
        raise bad("Parameter view=latest should not be used when specifing start_time and end_time")
    lines = Lines(asked.story, span(asked, asked_for))
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
            raise Refused(not_found())
        return Told({"id": rest[2], "endpoints": found})
    raise Refused(not_found())


# --- version 2 ----------------------------------------------------------------------------


def status_v2(asked: Asked, rest: list[str]) -> Told:
    """Return sites, or below one its services, endpoints and metrics."""
    if len(rest) < 2:
        raise Refused(not_found())
    report_v2(rest[0])
    asked_for = period(asked, required=True)
    lines = Lines(asked.story, span(asked, asked_for))
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
        raise Refused(not_found())
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
            {"name": name, "statuses": lines.points(lines.of_metric(endpoint, name))}
            for name in endpoint.metrics
            if wanted in ("", name)
        ]
    }
