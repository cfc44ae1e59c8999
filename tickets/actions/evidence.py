"""Make an answer of monitoring small enough to be kept with a ticket, and say what was left out.

A site with hundreds of faulty services, or a link that changed every five minutes, must not make
a snapshot of megabytes. The site itself comes first, then storage, services and links.
"""

import json
from collections.abc import Mapping
from typing import Any

from monitoring.observations import EntityKind
from monitoring.queries import Conditions
from monitoring.statuses import BAD, Status

MOST = {"statuses": 50, "earlier": 40, "links": 24, "systems": 8}
"""Lines that are kept of each sort, for each site."""

MOST_DETAILS = 600
"""Characters of a state's details."""

_ORDER = {EntityKind.SITE.value: 0, EntityKind.STORAGE.value: 1, EntityKind.SERVICE.value: 2}


def small(conditions: Conditions, *, only_faults: bool = False) -> dict[str, Any]:
    """Return the answer as plain values for JSON, cut to what a reader will look at.

    Each site's ``left_out`` says how many states of each sort are missing.

    :param only_faults: keep neither what is in order nor what is over
    """
    answer = conditions.as_json()
    for site in answer["sites"]:
        left_out = {}
        if only_faults:
            site["earlier"] = []
            for name in ("statuses", "links", "systems"):
                site[name] = [state for state in site[name] if state["status"] != Status.OK]
        # What ended last says most; an earlier fault more than an earlier calm.
        site["earlier"].sort(key=lambda state: state["until"] or "", reverse=True)
        site["earlier"].sort(key=lambda state: _rank(state, faults_first=True))
        for name, most in MOST.items():
            states = site[name]
            if len(states) > most:
                left_out[name] = len(states) - most
            site[name] = [_trimmed(state) for state in states[:most]]
        if left_out:
            site["left_out"] = left_out
    return answer


def _rank(state: Mapping[str, Any], *, faults_first: bool) -> tuple[int, bool]:
    return _ORDER.get(state["kind"], 3), faults_first and state["status"] not in BAD


def _trimmed(state: Mapping[str, Any]) -> dict[str, Any]:
    return {**state, "details": _trimmed_details(state["details"])}


def _trimmed_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Keep numbers and short words first; of what does not fit, nothing."""
    kept: dict[str, Any] = {}
    length = 2
    for name, value in sorted(details.items(), key=lambda item: _size(item[1])):
        length += len(name) + 6 + _size(value)
        if length > MOST_DETAILS:
            break
        kept[name] = value
    return kept


def _size(value: Any) -> int:
    return len(json.dumps(value, default=str))
