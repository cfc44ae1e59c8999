"""What ``manage.py demo`` does to the simulated upstreams: declare downtimes, make them fail."""

from datetime import datetime, timedelta

from juno_support.demo import upstreams
from juno_support.demo.simulators import failures, gocdb_downtimes, switches
from juno_support.errors import SupportError

SOURCES = ("gocdb", "gocdb-topology", "gocdb-downtimes")
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
    if kind != NONE and kind not in failures.KINDS:
        raise CannotSwitch(
            f"There is no kind of failure {kind}.", f"There are: {', '.join(failures.KINDS)}."
        )
    with switches.changing(upstreams.switch_file()) as switched:
        if kind == NONE:
            for name in [source] if source != "gocdb" else SOURCES:
                switched.failures.pop(name, None)
        else:
            switched.failures[source] = kind


def kinds() -> dict[str, str]:
    """Return each kind of failure with what it does, in words."""
    return {
        kind: (function.__doc__ or "").strip().partition("\n")[0]
        for kind, function in failures.KINDS.items()
    }
