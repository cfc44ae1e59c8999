"""The names in a report: those that are new are kept and matched, at once for a whole family."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import F
from django.db.models.lookups import In

from juno_support.lib.text import blot
from monitoring.matching import Atlas, Target
from monitoring.models import Entity, StatusInterval
from monitoring.models.interval import eight_bytes
from monitoring.observations import Name, Observation, Period, Report

BATCH = 500
# The first half of the names of our advisory locks: "name" in ASCII.
_NAMES = 0x6E616D65


def hold_names(namespace: str) -> None:
    """Wait until nobody else learns names of a family or says what they are; until the commit.

    Several sources share a family, and each state carries what its name meant when it was kept.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_NAMES, namespace])


def key_of(thing: Name) -> tuple[str, str]:
    """Return kind and name as they are kept."""
    return thing.kind, blot(thing.name)[:300]


def entities_of(
    namespace: str, report: Report, at: datetime
) -> tuple[dict[tuple[str, str], Entity], int]:
    """Return the entities of the report by (kind, name); the new ones are made, and those that
    nobody could match so far are tried again. Also returns how many were matched or made.
    """
    things = _things((*report.observations, *report.periods))
    ours = {
        (entity.kind, entity.name): entity for entity in Entity.objects.filter(namespace=namespace)
    }
    new = [key for key in things if key not in ours]
    open_questions = [
        entity
        for key, entity in ours.items()
        if not (entity.is_mapped or entity.is_ignored or entity.is_by_hand) and key in things
    ]
    if not new and not open_questions:
        return ours, 0
    atlas = Atlas(namespace, report.members)
    made = []
    for key in new:
        thing = things[key]
        target = atlas.match(thing)
        made.append(
            Entity(
                namespace=namespace,
                kind=key[0],
                name=key[1],
                said_site=blot(thing.site)[:200],
                hosts=[blot(host)[:255] for host in thing.hosts[:20]],
                first_seen_at=at,
                site_id=target.site_id,
                service_id=target.service_id,
                link_id=target.link_id,
            )
        )
    for entity in Entity.objects.bulk_create(made, batch_size=BATCH):
        ours[entity.kind, entity.name] = entity
    matched = 0
    for entity in open_questions:
        target = atlas.match(things[entity.kind, entity.name])
        if target.is_known:
            apply_target(entity, target)
            matched += 1
    return ours, len(made) + matched


def _things(told: Iterable[Observation | Period]) -> dict[tuple[str, str], Name]:
    """Return the things that are told of: the first time that says where a thing is stands, else
    the first; others may say less of it.
    """
    things: dict[tuple[str, str], Name] = {}
    for one in told:
        known = things.setdefault(key_of(one.thing), one.thing)
        if not (known.site or known.hosts) and (one.thing.site or one.thing.hosts):
            things[key_of(one.thing)] = one.thing
    return things


def apply_target(entity: Entity, target: Target) -> None:
    """Say what a name is for us, also for everything that was kept of it."""
    entity.site_id, entity.service_id = target.site_id, target.service_id
    entity.link_id = target.link_id
    entity.save(update_fields=["site", "service", "link"])
    rows = StatusInterval.objects.filter(In(F("entity"), eight_bytes([entity.pk])))
    rows.update(site_id=target.site_id)
