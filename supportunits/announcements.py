"""Questions about announcements: what runs now, for whom, and whom a mail reaches."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from juno_support.accounts.models import User
from juno_support.lib.remembered import Remembered
from supportunits import policies
from supportunits.models import Announcement, Audience, SupportUnit, VOSite

REMEMBERED = timedelta(seconds=5)
MOST_RUNNING = 50


@dataclass(frozen=True)
class Running:
    """One announcement that has not ended, as the banner needs it."""

    pk: int
    title: str
    tone: str
    audience: str
    vo: int | None
    sites: frozenset[int]
    starts_at: datetime
    ends_at: datetime | None

    def runs(self, at: datetime) -> bool:
        """Say whether it is shown at the moment."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


def running(at: datetime) -> list[Running]:
    """Return what is announced now, as this process heard it within five seconds; newest first."""
    return [each for each in _known.at(at) if each.runs(at)]


def _ask(at: datetime) -> list[Running]:
    rows = (
        Announcement.objects.filter(withdrawn_at=None, starts_at__lte=at + REMEMBERED)
        .filter(Q(ends_at=None) | Q(ends_at__gt=at))
        .order_by("-starts_at", "-pk")
        .prefetch_related("sites")[:MOST_RUNNING]
    )
    return [_running(row) for row in rows]


_known: Final = Remembered(_ask, REMEMBERED)
forget: Final = _known.forget


def running_for(user: Any, at: datetime) -> list[Running]:
    """Return what is announced to this reader now.

    One query at the most, and only where something is announced to the users of sites.
    """
    found = running(at)
    if not found:
        return []
    vos = policies.vos_of(user) | policies.facts(user).managed_vos
    sites = {site for each in found if each.audience == Audience.SITES for site in each.sites}
    own = _own_sites(user, sites) if sites else set()
    return [
        each
        for each in found
        if each.audience == Audience.EVERYBODY
        or (each.audience == Audience.VO and each.vo in vos)
        or (each.audience == Audience.SITES and each.sites & own)
    ]


def visible_announcements(user: Any) -> QuerySet[Announcement]:
    """Return the announcements that the person may read, withdrawn ones only for who announces.

    Whoever announces to all reads all; others what was announced to them.
    """
    if policies.is_admin(user) or policies.is_tpm_operator(user):
        return Announcement.objects.all()
    vos = policies.vos_of(user) | policies.facts(user).managed_vos
    shown = Q(audience=Audience.EVERYBODY)
    if user.is_authenticated and user.is_active:
        listed = VOSite.objects.filter(vo__in=vos).values("site")
        units = SupportUnit.objects.filter(pk__in=policies.units_of(user)).values("site")
        shown |= Q(audience=Audience.VO, vo__in=vos)
        shown |= Q(
            pk__in=Announcement.sites.through.objects.filter(
                Q(site__in=listed) | Q(site__in=units)
            ).values("announcement")
        )
    return Announcement.objects.filter(shown, withdrawn_at=None)


def addressed(announcement: Announcement) -> QuerySet[User]:
    """Return the active people with an address to whom it is announced, by key."""
    people = User.objects.filter(is_active=True).exclude(email="")
    if announcement.audience == Audience.VO:
        people = people.filter(
            Q(vo_memberships__vo=announcement.vo) | Q(vo_contacts__card__vo=announcement.vo)
        )
    elif announcement.audience == Audience.SITES:
        sites = announcement.sites.values("pk")
        listing = VOSite.objects.filter(site__in=sites).values("vo")
        people = people.filter(
            Q(vo_memberships__vo__in=listing) | Q(unit_memberships__unit__site__in=sites)
        )
    return people.order_by("pk").distinct()


def _running(row: Announcement) -> Running:
    return Running(
        pk=row.pk,
        title=row.title,
        tone=row.tone,
        audience=row.audience,
        vo=row.vo_id,
        sites=frozenset(site.pk for site in row.sites.all()),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def _own_sites(user: Any, sites: Iterable[int]) -> set[int]:
    vos = policies.vos_of(user) | policies.facts(user).managed_vos
    listed = VOSite.objects.filter(site__in=sites, vo__in=vos).values_list("site", flat=True)
    units = SupportUnit.objects.filter(site__in=sites, pk__in=policies.units_of(user)).values_list(
        "site", flat=True
    )
    return {site for site in listed.union(units) if site is not None}
