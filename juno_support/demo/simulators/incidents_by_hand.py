"""Incidents that people start with ``manage.py demo incident``, as the switches keep them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.gocdb_downtimes import pick
from juno_support.demo.simulators.troubles import PARTS, LinkTrouble, Trouble


def start_at_site(
    number: int, *, site_name: str, part: str, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    """Return an incident at a site, as the switches keep it.

    :raises LookupError: when the simulated GOCDB knows no such site, or no such part there
    """
    site = topology.site_named(site_name)
    if site is None:
        raise LookupError(f"The simulated GOCDB knows no site {site_name}.")
    if not pick(site.name, *PARTS[part]):
        raise LookupError(f"{site.name} has no {part} in the simulated GOCDB.")
    return _kept(number, starts_at, ends_at, site=site.name, part=part)


def start_on_link(
    number: int,
    *,
    sites: tuple[str, str],
    loss: float,
    starts_at: datetime,
    ends_at: datetime,
) -> dict[str, Any]:
    """Return an incident between two sites, as the switches keep it. ``loss`` is from 0 to 1."""
    return _kept(number, starts_at, ends_at, ends=list(sites), loss=loss)


def _kept(number: int, starts_at: datetime, ends_at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "key": f"I{number + 1}",
        "starts_at": starts_at.timestamp(),
        "ends_at": ends_at.timestamp(),
        **more,
    }


def _period(kept: dict[str, Any]) -> tuple[datetime, datetime]:
    return (
        datetime.fromtimestamp(kept["starts_at"], UTC),
        datetime.fromtimestamp(kept["ends_at"], UTC),
    )


def at_sites(incidents: Iterable[dict[str, Any]]) -> list[Trouble]:
    """Return the troubles of the incidents at sites that were started by hand."""
    found = []
    for kept in incidents:
        if "site" not in kept:
            continue
        part = kept["part"]
        found.append(
            Trouble(
                kept["site"],
                *_period(kept),
                pick(kept["site"], *PARTS[part]),
                words="Connection refused (started in the demo)",
                ban="Banned" if part == "all" else "",
                job_failures=0.9,
                minor_status="Job stalled: pilot not running"
                if part == "compute"
                else "Uploading Output Data",
                pilot_aborts=0.0 if part == "storage" else 0.9,
                requests=0 if part == "compute" else 20,
            )
        )
    return found


def on_links(incidents: Iterable[dict[str, Any]]) -> list[LinkTrouble]:
    """Return the troubles of the incidents between sites that were started by hand."""
    return [
        LinkTrouble(
            (kept["ends"][0], kept["ends"][1]),
            *_period(kept),
            loss=kept["loss"],
            throughput=max(0.0, 1 - 2 * kept["loss"]),
        )
        for kept in incidents
        if "ends" in kept
    ]
