"""What an admin says a source's name is: a site, a service, a link, or nothing of ours.

It holds for everything that was kept under the name too, and for the other names that the source
puts at that site. The trace of each change is written by the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pghistory
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from monitoring.actions.store_names import apply_target, hold_names
from monitoring.matching import NOTHING, Atlas, Target, unmapped
from monitoring.models import Entity
from monitoring.observations import EntityKind, Name
from topology.models import NetworkLink, Service, Site, SiteAlias

LONGEST_ALIAS = 200


def map_to_site(
    *, entity: Entity, site: Site, by: User, at: datetime, service: Service | None = None
) -> int:
    """Say that a name is a site, or something at a site; returns how many other names follow.

    :param service: which of the site's services it is, where it is one that we know
    :raises SupportError: when a link or a whole system cannot be at one site, or the service is at
        another
    """
    if entity.kind in (EntityKind.LINK, EntityKind.SYSTEM):
        raise SupportError(_("%(name)s is at no single site.") % {"name": entity.name})
    if service is not None and service.site_id != site.pk:
        raise SupportError(
            _("%(service)s is not at %(site)s.") % {"service": service, "site": site}
        )
    with _traced(entity, by, at) as locked:
        _decide(locked, Target(site_id=site.pk, service_id=service.pk if service else None))
        if locked.kind == EntityKind.SITE and len(locked.name) <= LONGEST_ALIAS:
            _write_alias(locked, site)
        return _let_follow(locked)


def map_to_link(*, entity: Entity, link: NetworkLink, by: User, at: datetime) -> int:
    """Say that a name is a link, and the other direction of it too; returns how many follow.

    :raises SupportError: when it is no link
    """
    if entity.kind != EntityKind.LINK:
        raise SupportError(_("%(name)s is no link.") % {"name": entity.name})
    with _traced(entity, by, at) as locked:
        target = Target(link_id=link.pk)
        _decide(locked, target)
        ends = locked.name.split()
        followers = 0
        if len(ends) == 2:
            back = f"{ends[1]} {ends[0]}"
            for other in Entity.objects.filter(
                unmapped(), namespace=locked.namespace, kind=EntityKind.LINK, name__iexact=back
            ):
                apply_target(other, target)
                followers += 1
        return followers


def set_aside(*, entity: Entity, by: User, at: datetime) -> None:
    """Say that a name is nothing of ours; what is kept of it stays, and is shown nowhere."""
    with _traced(entity, by, at) as locked:
        _drop_alias(locked)
        _decide(locked, NOTHING, is_ignored=True)


def take_back(*, entity: Entity, by: User, at: datetime) -> None:
    """Take back what an admin said of a name; the rules alone decide again, also on followers."""
    with _traced(entity, by, at) as locked:
        _drop_alias(locked)
        locked.is_by_hand = locked.is_ignored = False
        locked.save(update_fields=["is_by_hand", "is_ignored"])
        apply_target(locked, NOTHING)
        apply_target(locked, Atlas(locked.namespace, {}).match(_name(locked)))
        if locked.kind == EntityKind.SITE:
            atlas = Atlas(locked.namespace, {})
            for other in _at_the_same(locked).filter(is_by_hand=False, is_ignored=False):
                apply_target(other, atlas.match(_name(other)))


@contextmanager
def _traced(entity: Entity, by: User, at: datetime) -> Iterator[Entity]:
    """Lock a name for one change, in one transaction with its trace."""
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        # What a poll keeps at this moment must not carry the old meaning.
        hold_names(entity.namespace)
        yield Entity.objects.select_for_update(of=("self",)).get(pk=entity.pk)


def _decide(entity: Entity, target: Target, *, is_ignored: bool = False) -> None:
    entity.is_by_hand, entity.is_ignored = True, is_ignored
    entity.save(update_fields=["is_by_hand", "is_ignored"])
    apply_target(entity, target)


def _write_alias(entity: Entity, site: Site) -> None:
    alias = SiteAlias.objects.filter(namespace=entity.namespace, name__iexact=entity.name).first()
    if alias is None:
        SiteAlias.objects.create(namespace=entity.namespace, name=entity.name, site=site)
    elif alias.site_id != site.pk:
        alias.site = site
        alias.save(update_fields=["site"])


def _drop_alias(entity: Entity) -> None:
    """Remove the alias that a mapping by hand wrote; one that others made stays."""
    if entity.kind == EntityKind.SITE and entity.is_by_hand and entity.site_id:
        SiteAlias.objects.filter(
            namespace=entity.namespace, name__iexact=entity.name, site=entity.site_id
        ).delete()


def _let_follow(entity: Entity) -> int:
    """Match the unmatched names which the source puts at the site that this name is."""
    if entity.kind != EntityKind.SITE:
        return 0
    atlas = Atlas(entity.namespace, {})
    followers = 0
    for other in _at_the_same(entity).filter(unmapped()):
        target = atlas.match(_name(other))
        if target.is_known:
            apply_target(other, target)
            followers += 1
    return followers


def _at_the_same(entity: Entity) -> QuerySet[Entity]:
    return Entity.objects.filter(namespace=entity.namespace, said_site__iexact=entity.name).exclude(
        pk=entity.pk
    )


def _name(entity: Entity) -> Name:
    return Name(entity.kind, entity.name, site=entity.said_site, hosts=tuple(entity.hosts))
