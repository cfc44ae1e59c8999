"""What ``manage.py demo`` does to the simulated upstreams: downtimes, incidents, failures."""

from datetime import datetime, timedelta
from typing import Any

from juno_support.demo import upstreams
from juno_support.demo.simulators import (
    diracx_logins,
    failures,
    failures_json,
    gocdb_downtimes,
    incidents_by_hand,
    switches,
)
from juno_support.demo.simulators.server import JSON_UPSTREAMS
from juno_support.errors import SupportError

GOCDB = ("gocdb", "gocdb-topology", "gocdb-downtimes")
SPECIAL = {source: words for kind in JSON_UPSTREAMS for source, words in kind.special.items()}
"""Kinds of failure that only one source has, by the source's name."""
SOURCES = (*GOCDB, *SPECIAL)
NONE = "none"


class CannotSwitch(SupportError):
    """There is no such source, kind, site or downtime."""


def declare_downtime(
    *,
    site: str,
    starts_at: datetime,
    ends_at: datetime,
    severity: str,
    description: str,
    at: datetime,
) -> str:
    """Declare a downtime of all services of a site in the simulated GOCDB; return its key.

    :raises CannotSwitch: when the simulated GOCDB knows no such site
    """
    with switches.changing(upstreams.switch_file()) as switched:
        try:
            kept = gocdb_downtimes.declare(
                len(switched.downtimes),
                site_name=site,
                at=at,
                starts_at=starts_at,
                ends_at=ends_at,
                severity=severity,
                description=description,
            )
        except LookupError as error:
            raise CannotSwitch(
                str(error), "`manage.py demo sites` shows those that it knows."
            ) from error
        switched.downtimes.append(kept)
    return gocdb_downtimes.key_of(kept["id"])


def change_downtime(
    *,
    key: str,
    at: datetime,
    severity: str | None = None,
    description: str | None = None,
    shorten_by: timedelta | None = None,
    end_now: bool = False,
    withdraw: bool = False,
) -> None:
    """Change a downtime that was declared by hand, within GOCDB's own rules.

    :raises CannotSwitch: when there is no such downtime, or GOCDB would refuse the change
    """
    with switches.changing(upstreams.switch_file()) as switched:
        for kept in switched.downtimes:
            if gocdb_downtimes.key_of(kept["id"]) == key:
                break
        else:
            raise CannotSwitch(
                f"No downtime {key} was declared by hand.",
                "`manage.py demo downtime` says the key when it declares one.",
            )
        ends_at = None
        if end_now:
            # As GOCDB does it: one minute from now.
            ends_at = at + timedelta(minutes=1)
        elif shorten_by is not None:
            ends_at = gocdb_downtimes.end_of(kept) - shorten_by
        try:
            gocdb_downtimes.revise(
                kept,
                at=at,
                severity=severity,
                description=description,
                ends_at=ends_at,
                withdrawn=withdraw,
            )
        except ValueError as error:
            raise CannotSwitch(str(error)) from error


def fail(*, source: str, kind: str) -> None:
    """Make a simulated upstream fail in a way, or no longer (``none``).

    :raises CannotSwitch: when there is no such source or kind
    """
    if source not in SOURCES:
        raise CannotSwitch(
            f"There is no simulated source {source}.", f"There are: {', '.join(SOURCES)}."
        )
    known = kinds_of(source)
    if kind != NONE and kind not in known:
        raise CannotSwitch(
            f"There is no kind of failure {kind} for {source}.", f"There are: {', '.join(known)}."
        )
    with switches.changing(upstreams.switch_file()) as switched:
        if kind == NONE:
            for name in [source] if source != "gocdb" else GOCDB:
                switched.failures.pop(name, None)
        else:
            switched.failures[source] = kind


def kinds_of(source: str) -> dict[str, str]:
    """Return each kind of failure that a source can have, with what it does, in words."""
    general = failures.KINDS if source in GOCDB else failures_json.KINDS
    return {
        **{
            kind: (function.__doc__ or "").strip().partition("\n")[0]
            for kind, function in general.items()
        },
        **SPECIAL.get(source, {}),
    }


def start_site_incident(*, site: str, part: str, starts_at: datetime, ends_at: datetime) -> str:
    """Start an incident at a site, which all sources see; return its key.

    :param part: ``storage``, ``compute`` or ``all``
    :raises CannotSwitch: when the simulated GOCDB knows no such site, or no such part there
    """
    with switches.changing(upstreams.switch_file()) as switched:
        try:
            kept = incidents_by_hand.start_at_site(
                _next_number(switched),
                site_name=site,
                part=part,
                starts_at=starts_at,
                ends_at=ends_at,
            )
        except LookupError as error:
            raise CannotSwitch(
                str(error), "`manage.py demo sites` shows those that it knows."
            ) from error
        switched.incidents.append(kept)
    return str(kept["key"])


def start_link_incident(
    *, sites: tuple[str, str], loss: float, starts_at: datetime, ends_at: datetime
) -> str:
    """Start to lose packets between two sites, both ways; return the incident's key.

    :param loss: the share that is lost, above 0 and at most 1
    """
    with switches.changing(upstreams.switch_file()) as switched:
        kept = incidents_by_hand.start_on_link(
            _next_number(switched), sites=sites, loss=loss, starts_at=starts_at, ends_at=ends_at
        )
        switched.incidents.append(kept)
    return str(kept["key"])


def _next_number(switched: switches.Switches) -> int:
    return max((int(kept["key"][1:]) for kept in switched.incidents), default=0)


def stop_incident(*, key: str, at: datetime) -> int:
    """End an incident that was started by hand, or ``all``; return how many ended.

    What has been stays: an incident leaves its traces in the histories.

    :raises CannotSwitch: when no such one goes on
    """
    moment = at.timestamp()
    with switches.changing(upstreams.switch_file()) as switched:
        going_on = [
            kept
            for kept in switched.incidents
            if kept["ends_at"] > moment and key in ("all", kept["key"])
        ]
        if not going_on and key != "all":
            raise CannotSwitch(
                f"No incident {key} goes on.", "`manage.py demo incident list` shows them."
            )
        for kept in going_on:
            kept["ends_at"] = max(kept["starts_at"], moment)
        switched.incidents[:] = [
            kept for kept in switched.incidents if kept["ends_at"] > kept["starts_at"]
        ]
    return len(going_on)


def started_incidents() -> list[dict[str, Any]]:
    """Return the incidents that were started by hand, as the switches keep them."""
    return switches.read(upstreams.switch_file()).incidents


def approve_login(*, code: str, at: datetime) -> None:
    """Approve a login that waits in the simulated DiracX, as a person does on its page.

    :param code: the code that DiracX gave; ``auto`` approves each from now on, ``ask`` none
    :raises CannotSwitch: when no login waits with this code
    """
    if code in ("auto", "ask"):
        with switches.changing(upstreams.switch_file()) as switched:
            switched.approves_itself = code == "auto"
        return
    if not diracx_logins.decide_device(upstreams.switch_file(), code, approve=True, at=at):
        raise CannotSwitch(f"No login waits with the code {code}.", "Begin one in the portal.")
