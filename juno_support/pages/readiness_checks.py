"""Is a site ready for a VO? Each point of domain section 8: how it is, and who can mend it.

What cannot be known is *unknown*, never *ready*: a source that is not in use or too old, a list
that nobody has tested, an alarm drill of which there is no record.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from juno_support.feeds.queries import Freshness, freshness
from juno_support.lib import display
from juno_support.lib.text import show_bidi
from monitoring.models import Entity, StatusInterval
from monitoring.observations import EntityKind
from monitoring.queries import SOURCES
from monitoring.statuses import Status
from supportunits.models import ALARM_TIERS, SupportUnit, UnitKind, UnitState, VOSite
from tickets.models import WallClock
from tickets.queries import drill_clocks
from topology.models import Service, Site
from topology.models.site import CertificationStatus

READY, PARTLY, MISSING, UNKNOWN, NOT_NEEDED = "ready", "partly", "missing", "unknown", "not-needed"
WORDS = {
    READY: gettext_lazy("ready"),
    PARTLY: gettext_lazy("partly"),
    MISSING: gettext_lazy("missing"),
    UNKNOWN: gettext_lazy("unknown"),
    NOT_NEEDED: gettext_lazy("not needed"),
}
TONES = {
    READY: "good",
    PARTLY: "warn",
    MISSING: "bad",
    UNKNOWN: "unknown",
    NOT_NEEDED: "neutral",
}
# The points in the order of the page.
TITLES = {
    "registered": gettext_lazy("Registered in GOCDB"),
    "certified": gettext_lazy("Certified"),
    "scope": gettext_lazy("In scope"),
    "services": gettext_lazy("Services in production and monitored"),
    "argo": gettext_lazy("ARGO has data"),
    "dirac": gettext_lazy("DIRAC knows it"),
    "unit": gettext_lazy("Support unit"),
    "list": gettext_lazy("Mailing list proven"),
    "emergency": gettext_lazy("Emergency address"),
    "drill": gettext_lazy("Last alarm drill"),
}
DIRAC_SOURCES = ("dirac-https", "dirac-webapp", "diracx")
INFRASTRUCTURE_SCOPE = "egi"
QUARTER = timedelta(days=92)
# A quarterly drill is not late on the first day of the next quarter.
SLACK = timedelta(days=31)


@dataclass(frozen=True)
class Check:
    """One point: how it is (a key of ``WORDS``), in words, and who can mend it."""

    point: str
    state: str
    words: str
    mender: str = ""

    @property
    def title(self) -> str:
        """Return the point in words."""
        return str(TITLES[self.point])


@dataclass(frozen=True)
class Counts:
    """How many services a site has registered, in production, and monitored."""

    all: int = 0
    in_production: int = 0
    monitored: int = 0


@dataclass(frozen=True)
class Known:
    """What was read for all sites at once; by the site's primary key where it differs."""

    ages: Mapping[str, Freshness]
    services: Mapping[int, Counts]
    argo: Mapping[int, Sequence[str]]
    dirac: Mapping[int, Sequence[str]]
    units: Mapping[int, SupportUnit]
    private_is_read: bool
    drills: Mapping[tuple[int, int], WallClock]
    at: datetime


def known_about(site_ids: Collection[int], at: datetime) -> Known:
    """Read what the checks need; eight queries for any number of sites."""
    services = {
        site: Counts(every, production, monitored)
        for site, every, production, monitored in Service.objects.filter(
            site__in=site_ids, gone_at=None
        )
        .values("site")
        .annotate(
            every=Count("pk"),
            production=Count("pk", filter=Q(is_in_production=True)),
            monitored=Count("pk", filter=Q(is_in_production=True, is_monitored=True)),
        )
        .values_list("site", "every", "production", "monitored")
    }
    argo: dict[int, list[str]] = defaultdict(list)
    for site, status, _newest in (
        StatusInterval.objects.filter(
            site__in=site_ids, until=None, source__name="argo", entity__kind=EntityKind.SITE
        )
        .values("site_id", "status")
        .annotate(newest=Max("since"))
        .values_list("site_id", "status", "newest")
    ):
        argo[site].append(status)
    dirac: dict[int, list[str]] = defaultdict(list)
    for site, name in (
        Entity.objects.filter(site__in=site_ids, namespace="dirac", kind=EntityKind.SITE)
        .order_by("name")
        .values_list("site_id", "name")
    ):
        dirac[site].append(name)
    units = {
        unit.site_id: unit
        for unit in SupportUnit.objects.filter(kind=UnitKind.SITE, site__in=site_ids)
        if unit.site_id is not None
    }
    return Known(
        ages=freshness(at, (*SOURCES, "argo", *DIRAC_SOURCES)),
        services=services,
        argo=argo,
        dirac=dirac,
        units=units,
        # The public part tells no address of anybody: where there is none at all, none is missing.
        drills=_newest_drills(site_ids, at),
        at=at,
        private_is_read=Site.objects.filter(source="gocdb").exclude(emergency_email="").exists(),
    )


def checks_of(listed: VOSite, known: Known) -> list[Check]:
    """Return every point of a site of a VO, in the order of ``TITLES``."""
    site = listed.site
    unit = known.units.get(site.pk)
    return [
        _registered(listed, known.ages["gocdb-topology"]),
        _certified(site),
        _scope(site, listed.vo.name),
        _services(known.services.get(site.pk, Counts())),
        _argo(known.argo.get(site.pk, ()), known.ages["argo"]),
        _dirac(known.dirac.get(site.pk, ()), [known.ages[name] for name in DIRAC_SOURCES]),
        _unit(unit),
        _list(unit),
        _emergency(site, known.private_is_read),
        _drill(listed, known.drills.get((listed.vo_id, listed.site_id)), known.at),
    ]


def _registered(listed: VOSite, age: Freshness) -> Check:
    site = listed.site
    centre = _centre(site)
    if site.source != "gocdb":
        return Check("registered", MISSING, _("GOCDB does not have this site."), centre)
    if site.gone_at is not None:
        return Check("registered", MISSING, _("GOCDB does not list it any more."), centre)
    if age.stale:
        return Check("registered", UNKNOWN, _("What we know of GOCDB is too old."), _admins())
    if listed.is_in_commissioning:
        return Check(
            "registered", PARTLY, _("It is registered; for the VO it is in commissioning."),
            _("the VO's managers"),
        )  # fmt: skip
    return Check("registered", READY, _("It is listed there."))


def _certified(site: Site) -> Check:
    status = CertificationStatus(site.certification_status)
    if status == CertificationStatus.CERTIFIED:
        return Check("certified", READY, str(status.label))
    if status == CertificationStatus.UNKNOWN:
        words = _("GOCDB tells it in private only, and we cannot read that.")
        return Check("certified", UNKNOWN, words, _admins())
    return Check("certified", MISSING, str(status.label), _centre(site))


def _scope(site: Site, vo: str) -> Check:
    scopes = [show_bidi(scope) for scope in site.scopes]
    if not scopes:
        return Check("scope", UNKNOWN, _("GOCDB tells no scope of it."), _site_managers())
    words = ", ".join(scopes)
    if {vo.lower(), INFRASTRUCTURE_SCOPE} & {scope.lower() for scope in scopes}:
        return Check("scope", READY, words)
    return Check(
        "scope",
        MISSING,
        _("It is in %(scopes)s, neither in EGI nor in %(vo)s.") % {"scopes": words, "vo": vo},
        _site_managers(),
    )


def _services(counts: Counts) -> Check:
    if not counts.all:
        return Check("services", MISSING, _("No service is registered."), _site_managers())
    words = ngettext(
        "%(good)d of %(all)d service is in production and monitored.",
        "%(good)d of %(all)d services are in production and monitored.",
        counts.all,
    ) % {"good": counts.monitored, "all": counts.all}
    if counts.monitored == counts.all:
        return Check("services", READY, words)
    state = PARTLY if counts.monitored else MISSING
    return Check("services", state, words, _site_managers())


def _argo(statuses: Collection[str], age: Freshness) -> Check:
    if not age.is_in_use or age.last_success is None:
        return Check("argo", UNKNOWN, _("ARGO is not in use here."), _admins())
    if age.stale:
        return Check("argo", UNKNOWN, _("What ARGO told is too old."), _admins())
    mender = _("the site's managers, with ARGO's support")
    if not statuses:
        return Check("argo", MISSING, _("It does not report on this site."), mender)
    if all(status == Status.UNKNOWN for status in statuses):
        return Check("argo", MISSING, _("It has no result of this site."), mender)
    return Check("argo", READY, _("It reports on this site."))


def _dirac(names: Sequence[str], ages: Sequence[Freshness]) -> Check:
    in_use = [age for age in ages if age.is_in_use and age.last_success is not None]
    if names:
        return Check("dirac", READY, ", ".join(show_bidi(name) for name in names))
    if not in_use:
        return Check("dirac", UNKNOWN, _("No DIRAC is in use here."), _admins())
    return Check(
        "dirac",
        MISSING,
        _("No name that DIRAC uses is this site."),
        _("DIRAC's operators; or an admin, where DIRAC calls it by a name we do not know"),
    )


def _unit(unit: SupportUnit | None) -> Check:
    if unit is None or unit.state == UnitState.CLOSED:
        return Check("unit", MISSING, _("It has none."), _("TPM"))
    state = UnitState(unit.state)
    words = f"{unit.name}: {state.label}"
    match state:
        case UnitState.ACTIVE:
            return Check("unit", READY, words)
        case UnitState.MAIL_ONLY:
            return Check("unit", PARTLY, words, _("TPM, by adding a supporter"))
    return Check("unit", MISSING, words, _("TPM, by entering a contact"))


def _list(unit: SupportUnit | None) -> Check:
    if unit is None or not unit.mailing_list:
        return Check("list", MISSING, _("There is no list."), _("the unit's managers, or TPM"))
    return Check("list", UNKNOWN, _("There is one; no test of it is on record."))


def _emergency(site: Site, private_is_read: bool) -> Check:
    if site.emergency_contact:
        return Check("emergency", READY, _("There is one."))
    mender = _("the site's managers in GOCDB, or an admin here")
    if not private_is_read and site.source == "gocdb":
        words = _("GOCDB tells it in private only, and we cannot read that.")
        return Check("emergency", UNKNOWN, words, mender)
    return Check("emergency", MISSING, _("There is none."), mender)


def _newest_drills(site_ids: Collection[int], at: datetime) -> dict[tuple[int, int], WallClock]:
    """Return the newest drill of each VO and site, of the last two years."""
    found: dict[tuple[int, int], WallClock] = {}
    for clock in drill_clocks(sites=site_ids, since=at - 8 * QUARTER):
        if clock.drill is not None and clock.ticket.notified_site_id is not None:
            found.setdefault((clock.drill.vo_id, clock.ticket.notified_site_id), clock)
    return found


def _drill(listed: VOSite, newest: WallClock | None, at: datetime) -> Check:
    if listed.tier not in ALARM_TIERS:
        return Check("drill", NOT_NEEDED, _("Alarms are for Tier 0 and Tier 1."))
    mender = _("the VO's managers, by starting a drill")
    if newest is None:
        return Check("drill", UNKNOWN, _("No alarm drill is on record."), mender)
    age = display.duration_text(at - newest.starts_at)
    if newest.minutes is None:
        if newest.is_running and at < newest.due_at:
            return Check("drill", UNKNOWN, _("One is running."))
        words = _("Nobody confirmed the last one, %(age)s ago.") % {"age": age}
        return Check("drill", MISSING, words, _("the site's managers, by its emergency address"))
    words = _("Confirmed after %(minutes)d min, %(age)s ago.") % {
        "minutes": newest.minutes,
        "age": age,
    }
    if newest.received_at is not None and newest.received_at > newest.due_at:
        return Check("drill", PARTLY, words, _("the site's managers, by its emergency address"))
    if at - newest.starts_at > QUARTER + SLACK:
        return Check("drill", PARTLY, words, mender)
    return Check("drill", READY, words)


def _centre(site: Site) -> str:
    if site.operations_centre is None:
        return _("its operations centre")
    return _("its operations centre, %(name)s") % {"name": site.operations_centre.name}


def _site_managers() -> str:
    return _("the site's managers, in GOCDB")


def _admins() -> str:
    return _("an admin of this portal")
