"""DIRAC's counts: jobs by site and status, requests, the site mask; and its list of elements."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.text import shorten
from monitoring.parsers.dirac_answers import (
    LONGEST_NAME,
    MOST_ROWS,
    BadRow,
    count_of,
    name_of,
    read_answer,
    text_of,
)

LONGEST_WORD = 60
LONGEST_COUNTED = 128
MOST_HOSTS = 500
# What DIRAC writes for the site of a job that is not bound to one site.
NO_SITE = frozenset({"any", "multiple", "multipleinput", "unknown", ""})

Refused = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class JobCounts:
    """Jobs by site and status; ``elsewhere`` are those that are not bound to one site."""

    by_site: Mapping[str, Mapping[str, int]]
    elsewhere: Mapping[str, int]
    refused: Refused = ()


@dataclass(frozen=True)
class RequestCounts:
    """Requests of data management, their operations (by type) and files, by status."""

    requests: Mapping[str, int]
    operations: Mapping[str, Mapping[str, int]]
    files: Mapping[str, int]
    refused: Refused = ()


@dataclass(frozen=True)
class SiteMask:
    """DIRAC's word, such as Active or Banned, for each site that its mask knows."""

    by_site: Mapping[str, str]
    refused: Refused = ()


@dataclass(frozen=True)
class SiteElements:
    """Host names of a site's computing and storage elements."""

    by_site: Mapping[str, tuple[str, ...]]
    refused: Refused = ()


def is_site(name: str) -> bool:
    """Say whether a job's site is one, not a word for none or many, nor a group of sites."""
    return name.lower() not in NO_SITE and not name.startswith("Group.")


def parse_counters(body: bytes, column: str = "Status") -> JobCounts:
    """Understand ``getCounters`` over Site and another column: ``[[{"Site", "Status"}, n], …]``.

    :param column: what is counted by, in the place of the status
    :raises AnswerNotUnderstood: when it is an error or no such list
    """
    rows = _list(body)
    by_site: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    elsewhere: dict[str, int] = defaultdict(int)
    refused: list[tuple[str, str]] = []
    for number, row in enumerate(rows, start=1):
        try:
            if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], dict)):
                raise BadRow("is no pair of values and count")
            values = {str(key).lower(): value for key, value in row[0].items()}
            status = name_of(values.get(column.lower()), column)[:LONGEST_COUNTED]
            site = text_of(values.get("site"), LONGEST_NAME)
            count = count_of(row[1])
        except BadRow as bad:
            refused.append((f"counter {number}", str(bad)))
            continue
        (by_site[site] if is_site(site) else elsewhere)[status] += count
    return JobCounts(
        {site: dict(counts) for site, counts in by_site.items()}, dict(elsewhere), tuple(refused)
    )


def parse_requests(body: bytes) -> RequestCounts:
    """Understand ``getDBSummary`` of the request manager.

    :raises AnswerNotUnderstood: when it is an error or no such summary
    """
    value = read_answer(body).value
    if not isinstance(value, dict) or "Request" not in value:
        raise AnswerNotUnderstood("This is no summary of requests.", body_start=body)
    refused: list[tuple[str, str]] = []
    operations = value.get("Operation")
    return RequestCounts(
        requests=_counts(value.get("Request"), "Request", refused),
        operations={
            shorten(kind, LONGEST_WORD): _counts(counts, f"Operation {kind}", refused)
            for kind, counts in (operations.items() if isinstance(operations, dict) else ())
        },
        files=_counts(value.get("File"), "File", refused),
        refused=tuple(refused),
    )


def parse_mask(body: bytes) -> SiteMask:
    """Understand ``getSiteMaskStatus``: ``{"GRID.JINR.ru": "Banned", …}``.

    :raises AnswerNotUnderstood: when it is an error or no such object
    """
    value = read_answer(body).value
    if not isinstance(value, dict):
        raise AnswerNotUnderstood("The site mask is no object.", body_start=body)
    mask: dict[str, str] = {}
    refused: list[tuple[str, str]] = []
    for raw_name, raw_word in value.items():
        try:
            mask[name_of(raw_name, "name")] = name_of(raw_word, "status")[:LONGEST_WORD]
        except BadRow as bad:
            refused.append((shorten(f"mask of {raw_name}", 80), str(bad)))
    return SiteMask(mask, tuple(refused))


def parse_elements(body: bytes) -> SiteElements:
    """Understand ``getSitesResources``: ``{site: {"ces": [host, …], "ses": [host, …]}}``.

    :raises AnswerNotUnderstood: when it is an error or no such object
    """
    value = read_answer(body).value
    if not isinstance(value, dict):
        raise AnswerNotUnderstood("The list of sites' elements is no object.", body_start=body)
    elements: dict[str, tuple[str, ...]] = {}
    refused: list[tuple[str, str]] = []
    for raw_name, groups in value.items():
        try:
            name = name_of(raw_name, "name")
            if not isinstance(groups, dict):
                raise BadRow("says nothing about its elements")
        except BadRow as bad:
            refused.append((shorten(f"elements of {raw_name}", 80), str(bad)))
            continue
        hosts = [
            text_of(host, 255).lower()
            for key in ("ces", "ses")
            if isinstance(group := groups.get(key), list)
            for host in group
        ]
        elements[name] = tuple(dict.fromkeys(host for host in hosts if host))[:MOST_HOSTS]
    return SiteElements(elements, tuple(refused))


def _list(body: bytes) -> list[Any]:
    value = read_answer(body).value
    if not isinstance(value, list):
        raise AnswerNotUnderstood("DIRAC's answer is no list.", body_start=body)
    if len(value) > MOST_ROWS:
        raise AnswerNotUnderstood(f"DIRAC's list has {len(value):,} rows.", body_start=body)
    return value


def _counts(value: Any, where: str, refused: list[tuple[str, str]]) -> dict[str, int]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        refused.append((shorten(where, 80), "is no object of counts"))
        return {}
    counts: dict[str, int] = {}
    for status, count in value.items():
        try:
            counts[name_of(status, "status")[:LONGEST_WORD]] = count_of(count)
        except BadRow as bad:
            refused.append((shorten(f"{where} {status}", 80), str(bad)))
    return counts
