"""The Resource Status System of the simulated classic DIRAC: select, Publisher, the site mask."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from juno_support.demo.simulators import dirac_elements as elements
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.dirac_elements import Element
from juno_support.demo.simulators.incidents import Story
from juno_support.demo.simulators.troubles import Phase
from juno_support.demo.simulators.upstream import Asked

NEVER = "9999-12-31 23:59:59"
COLUMNS = (
    "Name", "StatusType", "Status", "Reason", "DateEffective", "TokenExpiration", "ElementType",
    "LastCheckTime", "TokenOwner", "VO",
)  # fmt: skip
# A history table also numbers its rows.
HISTORY_COLUMNS = ("ID", *COLUMNS)
_TABLES = {
    "SiteStatus": False,
    "ResourceStatus": False,
    "SiteHistory": True,
    "SiteLog": True,
    "ResourceHistory": True,
    "ResourceLog": True,
}

Json = dict[str, Any]


class NoSuchTable(Exception):
    """There is no table of that name."""


@dataclass(frozen=True)
class Rows:
    """Rows with the names of their columns, and what else stands beside them."""

    rows: list[list[Any]]
    columns: list[str]
    more: Json = field(default_factory=dict)


def moment(at: datetime | str) -> Json:
    """Return a moment as DIRAC writes it in JSON: no zone, and UTC is meant."""
    return {"__dCls": "dt", "obj": at if isinstance(at, str) else f"{at:%Y-%m-%d %H:%M:%S}"}


def _row(element: Element, kind: str, vo: str, phase: Phase, story: Story) -> Json:
    checked = story.moment - timedelta(minutes=story.moment.minute % 10)
    return {
        "Name": element.name,
        "StatusType": kind,
        "Status": phase.state,
        "Reason": phase.words,
        "DateEffective": moment(phase.since),
        "TokenExpiration": moment(NEVER),
        "ElementType": element.kind,
        "LastCheckTime": moment(checked.replace(second=0)),
        "TokenOwner": "rs_svc",
        "VO": vo,
    }


def _table(story: Story, *, of_sites: bool, with_history: bool) -> list[Json]:
    rows: list[Json] = []
    for element in elements.elements():
        if (element.kind == "Site") != of_sites:
            continue
        for kind in element.types:
            for vo in elements.VOS:
                line = elements.rss_phases(story, element, kind, vo)
                for phase in line if with_history else line[-1:]:
                    row = _row(element, kind, vo, phase, story)
                    rows.append({"ID": len(rows) + 1} | row if with_history else row)
    return rows


def select(asked: Asked, args: list[Any]) -> Rows:
    """Select rows of a table: conditions are values or lists of values, ``Meta`` says the rest.

    :raises NoSuchTable: when there is no such table
    """
    table, wanted = (*args, *[None] * (2 - len(args)))[:2]
    return _select(asked.story, str(table), dict(wanted or {}))


def _select(story: Story, table: str, wanted: Json) -> Rows:
    if table not in _TABLES:
        raise NoSuchTable(
            "Failed to import library ( 1001 : DIRAC.ResourceStatusSystem.DB.ResourceStatusDB"
            f" does not contain a {table} object)"
        )
    with_history = _TABLES[table]
    meta = wanted.pop("Meta", None) or {}
    rows = _table(story, of_sites=table.startswith("Site"), with_history=with_history)
    for name, value in wanted.items():
        if value is None:
            continue
        values = value if isinstance(value, list) else [value]
        # Names of columns are compared without regard to case.
        found = _known(name, rows)
        rows = [row for row in rows if row.get(found) in values]
    order = meta.get("order")
    if order:
        first = order[0] if isinstance(order, list) else order
        key = _known(str(first), rows)
        rows.sort(key=lambda row: str(row.get(key)))
    if "limit" in meta:
        rows = rows[: int(meta["limit"])]
    names = meta.get("columns")
    if names:
        listed = [names] if isinstance(names, str) else list(names)
        keys = [_known(name, rows) for name in listed]
        return Rows([[row.get(key) for key in keys] for row in rows], [n.lower() for n in listed])
    columns = HISTORY_COLUMNS if with_history else COLUMNS
    return Rows([[row[name] for name in columns] for row in rows], list(columns))


def _known(name: str, rows: list[Json]) -> str:
    for known in HISTORY_COLUMNS:
        if known.lower() == name.lower():
            return known
    raise ValueError(f"Entity namespace has no property {name!r}")


def _stub(table: str, wanted: Json) -> Json:
    service = ["ResourceStatus/ResourceStatus", {"timeout": 600, "useAccessToken": False}]
    return {"rpcStub": [service, "select", [table, wanted]]}


def get_sites(asked: Asked, args: list[Any]) -> list[str]:
    """Return the names of all sites."""
    return [site.name for site in elements.SITES]


def get_sites_resources(asked: Asked, args: list[Any]) -> Json:
    """Return compute and storage elements by site; a site without storage has no ``ses``."""
    wanted = args[0] if args else None
    names = [wanted] if isinstance(wanted, str) else wanted
    found: Json = {}
    for site in elements.SITES:
        if names and site.name not in names:
            continue
        found[site.name] = {
            "ces": [one.name for one in elements.of_kind("ComputingElement", site.name)]
        }
        storage = [one.name for one in elements.of_kind("StorageElement", site.name)]
        if storage:
            found[site.name]["ses"] = storage
    return found


def get_element_statuses(asked: Asked, args: list[Any]) -> Rows:
    """Return the states of elements, as the Publisher does: for the VO ``all`` only."""
    element, name, kind, status_type, status, _owner = (*args, *[None] * (6 - len(args)))[:6]
    wanted = {
        "Name": name,
        "ElementType": kind,
        "StatusType": status_type,
        "Status": status,
    }
    given = {key: value for key, value in wanted.items() if value} | {"VO": "all"}
    found = _select(asked.story, f"{element}Status", dict(given))
    return Rows(found.rows, found.columns, _stub(f"{element}Status", given))


def get_element_history(asked: Asked, args: list[Any]) -> Rows:
    """Return one element's states since the history begins."""
    element, name, _kind, status_type = (*args, *[None] * (4 - len(args)))[:4]
    wanted: Json = {
        "Name": name,
        "StatusType": status_type or "all",
        "Meta": {"columns": ["Status", "DateEffective", "Reason"]},
        "VO": "all",
    }
    found = _select(asked.story, f"{element}History", dict(wanted))
    return Rows(found.rows, found.columns, _stub(f"{element}History", wanted))


def get_cached_downtimes(asked: Asked, args: list[Any]) -> Rows:
    """Return DIRAC's own copy of GOCDB's downtimes: those that run or come."""
    rows = []
    for one in asked.story.downtimes:
        site = next((site for site in elements.SITES if site.gocdb == one.site.name), None)
        if site is None or one.facts.ends_at <= asked.moment:
            continue
        for service in topology.site_of_service()[one.facts.services[0]].services:
            if service.id in one.facts.services:
                rows.append(
                    [
                        "Resource",
                        service.hostname,
                        moment(one.facts.starts_at),
                        moment(one.facts.ends_at),
                        one.facts.severity,
                        one.facts.description,
                        f"https://goc.example.org/portal/index.php?Page_Type=Downtime&id={one.id}",
                    ]
                )
    return Rows(
        rows,
        ["Element", "Name", "StartDate", "EndDate", "Severity", "Description", "Link"],
    )


def mask_of(story: Story, name: str) -> str:
    """Return a site's mask: it knows Active and Banned; a degraded site is in neither list."""
    element = elements.of_kind("Site", name)
    phase = elements.status_at(story, element[0], "all") if element else None
    states = {elements.ACTIVE: "Active", elements.BANNED: "Banned"}
    return states.get(phase.state, "NoMask") if phase else "NoMask"


def get_site_mask_status(asked: Asked, args: list[Any]) -> Any:
    """Return the mask of all sites, of a list of sites, or of one site as a text."""
    wanted = args[0] if args else None
    if isinstance(wanted, str):
        return mask_of(asked.story, wanted)
    if wanted:
        return {name: mask_of(asked.story, name) for name in wanted}
    masks = {site.name: mask_of(asked.story, site.name) for site in elements.SITES}
    # All sites: only those that are in one of the two lists.
    return {name: mask for name, mask in masks.items() if mask != "NoMask"}
