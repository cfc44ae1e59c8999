"""The time zones that a person can choose."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext_lazy as _

_REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@cache
def zone_names() -> frozenset[str]:
    """Return UTC and the names of all zones of the form ``Region/Place``."""
    return frozenset(
        name for name in available_timezones() if name.partition("/")[0] in _REGIONS and "/" in name
    ) | {"UTC"}


@cache
def zone_choices() -> list[tuple[object, object]]:
    """Return a form field's choices by region: ``("Europe", [("Europe/Berlin", "Berlin")])``."""
    groups: list[tuple[object, object]] = [("UTC", _("UTC (no local time)"))]
    for region in _REGIONS:
        names = sorted(name for name in zone_names() if name.startswith(f"{region}/"))
        groups.append((region, [(name, _place(name)) for name in names]))
    return groups


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of this name, and UTC for a name that is not known (any more)."""
    return ZoneInfo(name if name in zone_names() else "UTC")


def _place(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")
