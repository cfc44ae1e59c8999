"""ARGO's timelines of states to records, from version 3 and version 2 of its interface.

The last point of every timeline is invented: the date of the last real one, with the clock time
of the question or 23:59:59, and its state repeated (ARGOeu/argo-web-api, v3/status/views.go). It
is taken out here, before the points are sorted, which ARGO does not promise.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from juno_support.lib import text
from monitoring.parsers.argo_document import (
    LONGEST_HOST,
    LONGEST_WORD,
    MOST_REMARKS,
    BadRow,
    moment_of,
    needed,
    optional,
    read_answer,
    row_of,
    rows_of,
)

LONGEST_URL = 500
# The longest name that a thing can have.
LONGEST_ENDPOINT = 300
LONGEST_TOKEN = 200


class Point(NamedTuple):
    """From this moment on, a thing was in this state."""

    at: datetime
    value: str


@dataclass(frozen=True)
class Timeline:
    """The states of a group, or of one endpoint of it, in the order of time.

    :param hostname: empty for the group itself; may carry an id, as ``host_123G0``
    :param told_on: the day of the newest point, the invented one included
    :param is_lone: there was one point only, the invented one: its time of day means nothing
    """

    group: str
    group_type: str
    points: tuple[Point, ...]
    told_on: date
    is_lone: bool = False
    hostname: str = ""
    service: str = ""
    url: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what it is told apart by: an endpoint is one thing in however many groups."""
        return (self.hostname, self.service) if self.hostname else ("", self.group)


@dataclass(frozen=True)
class StatusAnswer:
    """One understood answer; ``next_page`` is what to ask with for more, empty at the end."""

    timelines: tuple[Timeline, ...]
    refused: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    next_page: str = ""


def parse_status(body: bytes) -> StatusAnswer:
    """Read an answer about states, of whichever depth.

    Version 3 puts endpoints into their groups, version 2 into services of groups; a flat list of
    version 2 names the group in each endpoint. ``groups: null`` is an answer without any row.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """
    key, document = read_answer(body, "groups", "endpoints", "results")
    reader = _Reader()
    for position, row in enumerate(rows_of(document, key), start=1):
        if key == "groups":
            reader.read_group(row, position)
        else:
            reader.read_endpoint(row, group=None, group_type="", service=None)
    token = document.get("nextPageToken")
    return StatusAnswer(
        timelines=tuple(reader.timelines),
        refused=tuple(reader.refused),
        remarks=tuple(reader.remarks),
        next_page=token[:LONGEST_TOKEN] if isinstance(token, str) else "",
    )


def merge(answers: Iterable[StatusAnswer]) -> tuple[tuple[Timeline, ...], tuple[str, ...]]:
    """Put together what several answers tell, each thing once; also return remarks on it.

    Where a page of version 2 ends within a timeline, the next page goes on with it. An endpoint
    that several groups have stays with the first.
    """
    found: dict[tuple[str, str], Timeline] = {}
    elsewhere: list[str] = []
    for answer in answers:
        for timeline in answer.timelines:
            known = found.get(timeline.key)
            if known is None:
                found[timeline.key] = timeline
            elif known.group == timeline.group:
                found[timeline.key] = replace(
                    known,
                    points=_in_order((*known.points, *timeline.points)),
                    told_on=max(known.told_on, timeline.told_on),
                    is_lone=False,
                    url=known.url or timeline.url,
                )
            elif len(elsewhere) < MOST_REMARKS:
                elsewhere.append(
                    f"{timeline.hostname} {timeline.service} is in {known.group} and in "
                    f"{timeline.group}; it stays with the first."
                )
    return tuple(found.values()), tuple(elsewhere)


class _Reader:
    """Collects timelines, refused rows and remarks of one document."""

    def __init__(self) -> None:
        self.timelines: list[Timeline] = []
        self.refused: list[tuple[str, str]] = []
        self.remarks: list[str] = []
        # There are few states and many points.
        self._values: dict[str, str] = {}

    def read_group(self, value: Any, position: int) -> None:
        """Read a group, its endpoints, and the endpoints of its services."""
        try:
            row = row_of(value)
            name = needed(row, "name")
        except BadRow as bad:
            self.refused.append((f"group number {position}", str(bad)))
            return
        kind = optional(row, "type", LONGEST_WORD)
        if row.get("statuses") is not None:
            try:
                self.timelines.append(
                    self._timeline(row, Timeline(name, kind, (), date.min), f"group {name}")
                )
            except BadRow as bad:
                self.refused.append((f"group {name}", str(bad)))
        for endpoint in self._list(row, "endpoints", f"group {name}"):
            self.read_endpoint(endpoint, group=name, group_type=kind, service=None)
        for service in self._list(row, "services", f"group {name}"):
            try:
                service_row = row_of(service)
                service_name = needed(service_row, "name")
            except BadRow as bad:
                self.refused.append((f"a service of group {name}", str(bad)))
                continue
            for endpoint in self._list(service_row, "endpoints", f"{service_name} of {name}"):
                self.read_endpoint(endpoint, group=name, group_type=kind, service=service_name)

    def read_endpoint(
        self, value: Any, *, group: str | None, group_type: str, service: str | None
    ) -> None:
        """Read an endpoint; where it stands by itself it names group and service."""
        label = f"an endpoint of {group}" if group else "an endpoint"
        try:
            row = row_of(value)
            host = needed(row, "hostname", "name", longest=LONGEST_HOST, lower=True)
            label = f"endpoint {host}"
            service = service or needed(row, "service", longest=LONGEST_WORD)
            label = f"endpoint {host} {service}"
            group = group or needed(row, "group", "supergroup", "endpoint_group")
            blank = Timeline(
                group,
                group_type,
                (),
                date.min,
                hostname=host,
                service=service,
                url=_url(row),
            )
            if len(host) + len(service) >= LONGEST_ENDPOINT:
                raise BadRow(f"host and service are longer than {LONGEST_ENDPOINT} characters")
            self.timelines.append(self._timeline(row, blank, label))
        except BadRow as bad:
            self.refused.append((label, str(bad)))

    def _timeline(self, row: Mapping[str, Any], blank: Timeline, label: str) -> Timeline:
        statuses = row.get("statuses")
        if not isinstance(statuses, list) or not statuses:
            raise BadRow("it has no statuses")
        points = list(self._points(statuses, label))
        if not points:
            raise BadRow("none of its statuses can be read")
        told_on = max(point.at for point in points).date()
        if _is_invented(points):
            del points[-1]
            return replace(blank, points=_in_order(points), told_on=told_on)
        return replace(blank, points=_in_order(points), told_on=told_on, is_lone=len(points) == 1)

    def _points(self, statuses: list[Any], label: str) -> Iterator[Point]:
        values = self._values
        for status in statuses:
            try:
                row = row_of(status)
                said = row.get("value")
                value = values.get(said) if isinstance(said, str) else None
                if value is None:
                    value = needed(row, "value", longest=LONGEST_WORD).upper()[:LONGEST_WORD]
                    values[row["value"]] = value
                yield Point(moment_of(row.get("timestamp")), value)
            except BadRow as bad:
                self._remark(f"{label}: a status was left out: {bad}")

    def _list(self, row: Mapping[str, Any], name: str, label: str) -> list[Any]:
        value = row.get(name)
        if value is None or isinstance(value, list):
            return value or []
        self.refused.append((label, f"{name} is no list"))
        return []

    def _remark(self, words: str) -> None:
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(words)


def _is_invented(points: list[Point]) -> bool:
    """Say whether the last point only closes the timeline; without it nothing is lost.

    Its time of day may lie before that of the real one: on the next morning it is yesterday's
    date with this morning's time.
    """
    if len(points) < 2:
        return False
    last, before = points[-1], points[-2]
    return last.value == before.value and last.at.date() == before.at.date()


def _in_order(points: Iterable[Point]) -> tuple[Point, ...]:
    """Sort by time; of two states at one moment the later told one counts."""
    by_time = {point.at: point for point in points}
    return tuple(by_time[moment] for moment in sorted(by_time))


def _url(row: Mapping[str, Any]) -> str:
    """Return the endpoint's address from its further information, whose key is URL or Url."""
    info = row.get("info")
    if not isinstance(info, dict):
        return ""
    for key, value in info.items():
        if key.lower() == "url" and isinstance(value, str):
            return text.clean_line(value)[:LONGEST_URL]
    return ""
