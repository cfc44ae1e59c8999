"""Write what a source says of the topology: in bulk, only what changed, never deleting.

Rows are keyed by (source, their key). A row that is missing in three whole polls is marked gone;
when it comes back, the mark goes. Columns of admins (``…_override``, ``note``) are not touched.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from topology.models import OperationsCentre, Service, Site, SiteAlias, SiteContact
from topology.models.site import FromUpstream
from topology.parsers.records import (
    CentreRecord,
    ContactRecord,
    ServiceRecord,
    SiteRecord,
)

GONE_AFTER_POLLS = 3
BATCH = 500
FORMER_NAME = "former"

Row = TypeVar("Row", bound=FromUpstream)
Values = dict[str, Any]


@dataclass(frozen=True)
class Poll:
    """What holds for all rows of one answer.

    ``present_keys`` are rows that the source has but that could not be read; ``is_whole`` says
    whether a row that is not among the records is missing upstream.
    """

    source: str
    present_keys: frozenset[str]
    is_whole: bool
    at: datetime


def store(
    *,
    poll: Poll,
    centres: Iterable[CentreRecord],
    sites: Iterable[SiteRecord],
    services: Iterable[ServiceRecord],
    contacts: Iterable[Iterable[ContactRecord]] | None,
) -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    """Bring all rows of a source in line with its records.

    :return: how many rows of each kind were written, and the rows that were refused with reasons
    """
    refused: list[tuple[str, str]] = []
    centre_values = {record.key: _told(record) for record in centres}
    changed_centres = _bring_in_line(OperationsCentre, centre_values, poll, named=True)
    centre_by_name = {centre.name: centre.pk for centre in OperationsCentre.objects.all()}

    site_values: dict[str, Values] = {}
    names: set[str] = set()
    for record in sites:
        if record.name in names:
            refused.append((f"SITE {record.key}", f"another site is named {record.name!r}, too"))
            continue
        names.add(record.name)
        values = _told(record)
        if "operations_centre" in values:
            values["operations_centre_id"] = centre_by_name.get(values.pop("operations_centre"))
        site_values[record.key] = values
    changed_sites = _bring_in_line(Site, site_values, poll, named=True)

    site_ids = {site.key: site.pk for site in Site.objects.filter(source=poll.source).only("key")}
    site_by_name = {values["name"]: site_ids[key] for key, values in site_values.items()}
    site_by_small_name = {name.lower(): pk for name, pk in site_by_name.items()}
    service_values: dict[str, Values] = {}
    unplaced: set[str] = set()
    for service in services:
        site_id = site_by_name.get(service.site_name) or site_by_small_name.get(
            service.site_name.lower()
        )
        if site_id is None:
            refused.append(
                (
                    f"SERVICE_ENDPOINT {service.key}",
                    f"it belongs to {service.site_name!r}, which is not among the sites",
                )
            )
            unplaced.add(service.key)
            continue
        values = _told(service)
        values.pop("site_name")
        values["site_id"] = site_id
        values["endpoints"] = [asdict(endpoint) for endpoint in service.endpoints]
        service_values[service.key] = values
    changed_services = _bring_in_line(
        Service,
        service_values,
        replace(poll, present_keys=poll.present_keys | unplaced),
        named=False,
    )

    changed = {
        "operations_centres": changed_centres,
        "sites": changed_sites,
        "services": changed_services,
    }
    if contacts is not None:
        people = [person for group in contacts for person in group]
        changed["contacts"] = _store_contacts(people, site_ids)
    return changed, tuple(refused)


def _told(record: CentreRecord | SiteRecord | ServiceRecord) -> Values:
    """Return a record's fields by column, without those that the answer does not tell."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(record).items()
        if value is not None and name != "key"
    }


def _bring_in_line(
    model: type[Row],
    wanted: dict[str, Values],
    poll: Poll,
    *,
    named: bool,
) -> int:
    """Create what is new, update what changed, count what is missing; return how many were written.

    :param named: the model's ``name`` is unique and follows the source
    """
    ours = {row.key: row for row in model._default_manager.filter(source=poll.source)}
    made: list[Row] = []
    touched: dict[str, Row] = {}
    if named:
        touched |= _adopt_by_name(model, wanted, ours, source=poll.source)
    fields: set[str] = {"missed_polls"}
    former_names: list[tuple[Row, str]] = []
    for key, values in wanted.items():
        row = ours.get(key)
        if row is None:
            made.append(model(source=poll.source, key=key, **values))
            continue
        if row.missed_polls or row.gone_at:
            values = {**values, "missed_polls": 0, "gone_at": None}
        for name, value in values.items():
            if getattr(row, name) != value:
                if named and name == "name":
                    former_names.append((row, getattr(row, name)))
                setattr(row, name, value)
                touched[key] = row
                fields.add(name)
    if poll.is_whole:
        for key, row in ours.items():
            if key in wanted or key in poll.present_keys or row.gone_at:
                continue
            row.missed_polls += 1
            if row.missed_polls >= GONE_AFTER_POLLS:
                row.gone_at = poll.at
                fields.add("gone_at")
            touched[key] = row
    if former_names:
        _make_room_for_names(model, former_names, ours)
    if touched:
        model._default_manager.bulk_update(touched.values(), sorted(fields), batch_size=BATCH)
    if made:
        model._default_manager.bulk_create(made, batch_size=BATCH)
    if model is Site and former_names:
        _remember_former_names(former_names)
    return len(made) + len(touched)


def _adopt_by_name(
    model: type[Row], wanted: dict[str, Values], ours: dict[str, Row], *, source: str
) -> dict[str, Row]:
    """Give a row that we have under the same name to the source's new key; return these.

    A site that was made by hand before GOCDB knew it, or that was deleted there and registered
    anew, stays one site with its tickets.
    """
    names = {values["name"]: key for key, values in wanted.items() if key not in ours}
    adopted: dict[str, Row] = {}
    for row in model._default_manager.filter(name__in=names):
        if row.source == source and row.key in wanted:
            continue  # it will get another name below
        ours.pop(row.key if row.source == source else "", None)
        row.source, row.key = source, names[row.name]  # type: ignore[attr-defined]
        row.save(update_fields=["source", "key"])
        ours[row.key] = adopted[row.key] = row
    return adopted


def _make_room_for_names(
    model: type[Row], renamed: list[tuple[Row, str]], ours: dict[str, Row]
) -> None:
    """Move names out of the way: two rows may swap theirs, or take over that of a missing one."""
    new_names = {row.name for row, _ in renamed}  # type: ignore[attr-defined]
    ids = {row.pk for row, _ in renamed}
    for holder in model._default_manager.filter(name__in=new_names):
        parked = f"{holder.name[:60]} (formerly {holder.key[:25]})"  # type: ignore[attr-defined]
        model._default_manager.filter(pk=holder.pk).update(name=parked)
        known = ours.get(holder.key)
        if holder.pk not in ids and known and known.pk == holder.pk:
            known.name = parked  # type: ignore[attr-defined]


def _remember_former_names(renamed: list[tuple[Row, str]]) -> None:
    """Keep a site's old name as an alias: people and other systems go on using it."""
    SiteAlias.objects.bulk_create(
        [SiteAlias(site_id=row.pk, namespace=FORMER_NAME, name=old) for row, old in renamed],
        ignore_conflicts=True,
    )


def _store_contacts(people: list[ContactRecord], site_ids: dict[str, int]) -> int:
    """Replace the people of sites; unlike the rest they are forgotten when upstream drops them."""
    wanted = {
        (site_ids[person.site_key], person.key, person.role): person
        for person in people
        if person.site_key in site_ids
    }
    ours = {(row.site_id, row.key, row.role): row for row in SiteContact.objects.all()}
    made = [
        SiteContact(
            site_id=site_id,
            key=key,
            role=role,
            name=person.name,
            email=person.email,
            telephone=person.telephone,
        )
        for (site_id, key, role), person in wanted.items()
        if (site_id, key, role) not in ours
    ]
    changed = []
    for identity, row in ours.items():
        person = wanted.get(identity)
        if person and (row.name, row.email, row.telephone) != (
            person.name,
            person.email,
            person.telephone,
        ):
            row.name, row.email, row.telephone = (
                person.name,
                person.email,
                person.telephone,
            )
            changed.append(row)
    dropped = [row.pk for identity, row in ours.items() if identity not in wanted]
    SiteContact.objects.bulk_create(made, batch_size=BATCH)
    SiteContact.objects.bulk_update(changed, ["name", "email", "telephone"], batch_size=BATCH)
    if dropped:
        SiteContact.objects.filter(pk__in=dropped).delete()
    return len(made) + len(changed) + len(dropped)
