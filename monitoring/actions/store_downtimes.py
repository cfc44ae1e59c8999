"""Write what a source says of downtimes: only what changed, with a history row for each change.

GOCDB has no "last modified" and no tombstones: an edit keeps the key and the date of insertion,
a deleted downtime is simply not there any more. So every field is compared at every poll, and a
downtime is called withdrawn only after several whole answers that surely covered it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from monitoring.models import Downtime, DowntimeChange
from topology.models import Service, Site, SiteAlias
from topology.parsers.records import AffectedServiceRecord, DowntimeRecord

WITHDRAWN_AFTER_POLLS = 3
# Clocks differ, and GOCDB compares strictly: who ends at the very edge of the window is not asked.
WINDOW_MARGIN = timedelta(hours=1)
# "Please add a new downtime" is how GOCDB extends one; the second is declared at the first's end.
EXTENSION_GAP = timedelta(minutes=15)
BATCH = 500

COMPARED = (
    "site_id",
    "severity",
    "classification",
    "description",
    "declared_at",
    "starts_at",
    "ends_at",
    "portal_url",
    "affected",
)


@dataclass(frozen=True)
class Done:
    """How many downtimes were written, which were refused, and why a person should look."""

    written: int
    refused: tuple[tuple[str, str], ...]
    doubt: str


def store(
    *,
    source: str,
    records: Sequence[DowntimeRecord],
    present_keys: frozenset[str],
    is_whole: bool,
    window_starts_at: datetime,
    at: datetime,
) -> Done:
    """Bring the downtimes of a source in line with an answer.

    :param present_keys: keys of downtimes that are there but could not be read
    :param is_whole: whether the answer surely is everything in the window
    """
    atlas = _Atlas(source, records)
    ours = _ours(source, records, window_starts_at)
    made: list[Downtime] = []
    touched: dict[str, Downtime] = {}
    history: list[DowntimeChange] = []
    refused: list[tuple[str, str]] = []
    current: dict[str, tuple[Downtime, list[int]]] = {}
    for record in records:
        downtime = ours.get(record.key)
        site_id = atlas.site_of(record) or (downtime.site_id if downtime else None)
        if site_id is None:
            refused.append(
                (
                    f"DOWNTIME {record.key}",
                    f"its site {record.services[0].site_name!r} is not in our topology",
                )
            )
            continue
        values = _values(record, site_id)
        if downtime is None:
            downtime = Downtime(
                source=source, key=record.key, first_seen_at=at, changed_at=at, **values
            )
            made.append(downtime)
        elif changes := _take_over(downtime, values):
            touched[record.key] = downtime
            if history_worthy := {k: v for k, v in changes.items() if k != "missed_polls"}:
                downtime.changed_at = at
                history.append(
                    DowntimeChange(downtime=downtime, noticed_at=at, changes=history_worthy)
                )
        current[record.key] = (downtime, atlas.services_of(record))

    doubt = ""
    if is_whole:
        seen = set(current) | present_keys | {record.key for record in records}
        missing = [
            downtime
            for key, downtime in ours.items()
            if key not in seen
            and downtime.withdrawn_at is None
            and downtime.ends_at > at
            and downtime.ends_at > window_starts_at + WINDOW_MARGIN
        ]
        doubt = _doubt(missing, ours, at)
        for downtime in missing:
            downtime.missed_polls += 1
            touched[downtime.key] = downtime
            if downtime.missed_polls >= WITHDRAWN_AFTER_POLLS:
                downtime.withdrawn_at = downtime.changed_at = at
                history.append(
                    DowntimeChange(
                        downtime=downtime,
                        noticed_at=at,
                        changes={"withdrawn_at": [None, at.isoformat()]},
                    )
                )
    if records and not current:
        doubt = f"None of {len(records)} downtimes could be kept: {refused[0][1]}."

    Downtime.objects.bulk_create(made, batch_size=BATCH)
    Downtime.objects.bulk_update(
        touched.values(),
        [*COMPARED[1:], "site", "changed_at", "missed_polls", "withdrawn_at"],
        batch_size=BATCH,
    )
    DowntimeChange.objects.bulk_create(history, batch_size=BATCH)
    relinked = _link_services(current.values())
    chained = _chain_extensions([*made, *touched.values()])
    written = {downtime.pk for downtime in (*made, *touched.values())} | relinked | chained
    return Done(written=len(written), refused=tuple(refused), doubt=doubt)


def _ours(
    source: str, records: Iterable[DowntimeRecord], window_starts_at: datetime
) -> dict[str, Downtime]:
    """Return what we have of the answer's downtimes, and of those that it should have held."""
    wanted = Q(key__in=[record.key for record in records]) | Q(
        ends_at__gt=window_starts_at, withdrawn_at=None
    )
    return {downtime.key: downtime for downtime in Downtime.objects.filter(wanted, source=source)}


def _values(record: DowntimeRecord, site_id: int) -> dict[str, Any]:
    return {
        "site_id": site_id,
        "severity": record.severity,
        "classification": record.classification,
        "description": record.description,
        "declared_at": record.declared_at,
        "starts_at": record.starts_at,
        "ends_at": record.ends_at,
        "portal_url": record.portal_url,
        # The order of services differs from answer to answer and means nothing.
        "affected": sorted(
            (_affected(service) for service in record.services),
            key=lambda service: (service["hostname"], service["service_type"], service["key"]),
        ),
        "missed_polls": 0,
        "withdrawn_at": None,
    }


def _affected(service: AffectedServiceRecord) -> dict[str, Any]:
    return {
        "key": service.key,
        "site": service.site_name,
        "hostname": service.hostname,
        "service_type": service.service_type,
        "endpoints": list(service.endpoints),
    }


def _take_over(downtime: Downtime, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set what differs, and return it as {field: [old, new]} in a form that JSON can hold."""
    changes: dict[str, list[Any]] = {}
    for name, new in values.items():
        old = getattr(downtime, name)
        if old != new:
            setattr(downtime, name, new)
            changes[name] = [_plain(old), _plain(new)]
    return changes


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _doubt(missing: list[Downtime], ours: dict[str, Downtime], at: datetime) -> str:
    """Say that the running downtimes vanished all at once, as long as that may be a fault."""
    running = [
        downtime
        for downtime in ours.values()
        if downtime.withdrawn_at is None and downtime.starts_at <= at < downtime.ends_at
    ]
    gone = [downtime for downtime in missing if downtime.starts_at <= at]
    if len(running) < 2 or len(gone) < len(running):
        return ""
    polls = min(downtime.missed_polls for downtime in gone) + 1
    if polls >= WITHDRAWN_AFTER_POLLS:
        return ""
    return (
        f"All {len(running)} running downtimes vanished at once; they stay until that was seen "
        f"in {WITHDRAWN_AFTER_POLLS} polls (now {polls})."
    )


class _Atlas:
    """Finds the sites and services that downtimes name; three queries for a whole answer."""

    def __init__(self, source: str, records: Sequence[DowntimeRecord]) -> None:
        keys = {service.key for record in records for service in record.services}
        self._services = {
            service.key: service
            for service in Service.objects.filter(source=source, key__in=keys).only("key", "site")
        }
        self._sites: dict[str, int] = {}
        for alias, site_id in SiteAlias.objects.filter(namespace="former").values_list(
            "name", "site_id"
        ):
            self._sites[alias.lower()] = site_id
        for name, site_id in Site.objects.values_list("name", "pk"):
            self._sites[name.lower()] = site_id

    def site_of(self, record: DowntimeRecord) -> int | None:
        """Return the site, by its services' keys before names: a site may be renamed."""
        for service in record.services:
            if service.key in self._services:
                return self._services[service.key].site_id
        for service in record.services:
            if service.site_name.lower() in self._sites:
                return self._sites[service.site_name.lower()]
        return None

    def services_of(self, record: DowntimeRecord) -> list[int]:
        """Return those of the downtime's services that we know."""
        return [
            self._services[service.key].pk
            for service in record.services
            if service.key in self._services
        ]


def _link_services(current: Iterable[tuple[Downtime, list[int]]]) -> set[int]:
    """Bring the links to services in line; return the downtimes whose links changed."""
    links = Downtime.services.through
    wanted = {(downtime.pk, pk) for downtime, services in current for pk in services}
    ours = {
        (link.downtime_id, link.service_id): link.pk
        for link in links.objects.filter(downtime__in=[downtime.pk for downtime, _ in current])
    }
    missing = wanted - set(ours)
    surplus = set(ours) - wanted
    links.objects.bulk_create(
        [links(downtime_id=downtime, service_id=service) for downtime, service in sorted(missing)],
        batch_size=BATCH,
    )
    if surplus:
        links.objects.filter(pk__in=[ours[pair] for pair in surplus]).delete()
    return {downtime for downtime, _ in missing | surplus}


def _chain_extensions(written: list[Downtime]) -> set[int]:
    """Link downtimes to those that they extend, around what was written; return what changed.

    An extension is declared later, shares a service, and begins where the other ends.
    """
    if not written:
        return set()
    nearby = Downtime.objects.filter(
        site__in={downtime.site_id for downtime in written},
        withdrawn_at=None,
        ends_at__gte=min(downtime.starts_at for downtime in written) - EXTENSION_GAP,
    )
    changed: list[Downtime] = []
    by_site: dict[int, list[Downtime]] = {}
    for downtime in nearby:
        by_site.setdefault(downtime.site_id, []).append(downtime)
    for downtimes in by_site.values():
        for later in downtimes:
            earlier = _extended(later, downtimes)
            if later.extends_id != (earlier.pk if earlier else None):
                later.extends = earlier
                changed.append(later)
    Downtime.objects.bulk_update(changed, ["extends"], batch_size=BATCH)
    return {downtime.pk for downtime in changed}


def _extended(later: Downtime, downtimes: list[Downtime]) -> Downtime | None:
    services = _service_names(later)
    candidates = [
        earlier
        for earlier in downtimes
        if earlier.declared_at < later.declared_at
        and earlier.starts_at < later.starts_at
        and earlier.ends_at < later.ends_at
        and abs(later.starts_at - earlier.ends_at) <= EXTENSION_GAP
        and services & _service_names(earlier)
    ]
    return max(candidates, key=lambda earlier: (earlier.ends_at, earlier.pk), default=None)


def _service_names(downtime: Downtime) -> set[tuple[str, str]]:
    return {(service["hostname"], service["service_type"]) for service in downtime.affected}
