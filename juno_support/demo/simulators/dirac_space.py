"""How full the simulated DIRAC's storage elements are: its ResourceManagement service."""

from datetime import timedelta
from typing import Any

from juno_support.demo.simulators import dirac_elements as elements
from juno_support.demo.simulators.dirac_status import NoSuchTable, Rows, moment
from juno_support.demo.simulators.upstream import Asked

COLUMNS = ["Endpoint", "Token", "Guaranteed", "Free", "Total", "LastCheckTime"]
# Of what an element has, in TB, and how much of it is free on average.
_SIZES = {
    "IHEP-JUNOEOS": (9000, 0.21),
    "IHEP-TAPE": (22000, 0.38),
    "IN2P3-DCACHE": (1400, 0.12),
    "IN2P3-TAPE": (5200, 0.44),
    "CNAF-STORM": (1100, 0.17),
    "CNAF-TAPE": (4800, 0.51),
    "JINR-XROOTD": (600, 0.24),
    "JINR-TAPE": (2100, 0.63),
    "JINR-JUNOEOS": (450, 0.09),
    # A small one that DIRAC calls nearly full.
    "MSU-XROOTD": (24, 0.15),
    "PADOVA-STORM": (120, 0.3),
}
_MB_IN_TB = 1024 * 1024
# DIRAC measures each element once in a while; data come and go over a day.
_MEASURED_EVERY = timedelta(minutes=30)


def select(asked: Asked, args: list[Any]) -> Rows:
    """Return the table SpaceTokenOccupancyCache: sizes in MB, the "token" is the element's name.

    :raises NoSuchTable: for any other table
    """
    if not args or args[0] != "SpaceTokenOccupancyCache":
        raise NoSuchTable(
            "Failed to import library ( 1001 : DIRAC.ResourceStatusSystem.DB.ResourceManagementDB"
            f" does not contain a {args[0] if args else ''} object)"
        )
    since_midnight = asked.moment - asked.moment.replace(hour=0, minute=0, second=0, microsecond=0)
    measured = asked.moment - since_midnight % _MEASURED_EVERY
    tide = (since_midnight // _MEASURED_EVERY) / 48
    rows = []
    for element in elements.of_kind("StorageElement"):
        total, share = _SIZES[element.name]
        free = total * share * (1.02 - 0.04 * tide)
        rows.append(
            [
                "Deprecated",
                element.name,
                0.0,
                round(free * _MB_IN_TB, 1),
                float(total * _MB_IN_TB),
                moment(measured),
            ]
        )
    return Rows(rows, list(COLUMNS))
