"""Build JUNO's world: sites from the simulated GOCDB, VOs, support units, people.

The topology, the downtimes and the states come in through the real pollers, which ask the
simulators over HTTP as if time went by.
"""

from datetime import datetime, time, timedelta

import pghistory
from django.contrib.auth.hashers import make_password
from django.db import transaction

from juno_support.accounts.actions import open_account
from juno_support.accounts.models import User
from juno_support.demo import card_story, cards, upstreams
from juno_support.demo.past import Past
from juno_support.demo.people import CHARACTERS, MAIL_DOMAIN, PASSWORD, Character
from juno_support.demo.simulators import addresses, switches
from juno_support.errors import SupportError
from juno_support.feeds import vault
from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import Source
from juno_support.feeds.registry import SOURCES, find_kind
from supportunits import queries as unit_queries
from supportunits.actions import members, units, vos
from supportunits.models import VO, Quality, SupportUnit, Tier, UnitKind, VOContact
from topology.models import LinkKind, NetworkLink, OperationsCentre, Site, SiteAlias

# Two weeks of tickets, and one more week so that some are closed.
HISTORY = timedelta(days=21)
# Who looks at a demo does not want to wait five minutes for a downtime.
DOWNTIMES_INTERVAL = timedelta(minutes=1)
STATES_INTERVAL = timedelta(minutes=2)

_ISSUE_TYPES = (
    ("Job submission and execution", "Workload Management"),
    ("Data transfer", "File Transfer"),
    ("Storage and tape", "Storage Systems"),
    ("Certificates, VOMS, IAM", "Authorization/Authentication"),
    ("Offline software", "VO Specific Software"),
    ("CVMFS and squid", "File Access"),
    ("Conditions database", "Databases"),
    ("Network", "Network problem"),
    ("Monitoring", "Monitoring"),
    ("Security", "Security"),
    ("Other", "Other"),
)

_SITES = (
    ("BEIJING-LCG2", Tier.TIER_0, False),
    ("IN2P3-CC", Tier.TIER_1, False),
    ("INFN-T1", Tier.TIER_1, False),
    ("JINR-T1", Tier.TIER_1, False),
    ("JINR-LCG2", Tier.TIER_2, False),
    ("ru-Moscow-SINP-T3", Tier.TIER_3, True),
)

_ALIASES = (
    ("BEIJING-LCG2", "people", "IHEP"),
    ("BEIJING-LCG2", "dirac", "GRID.IHEP.cn"),
    ("IN2P3-CC", "people", "Lyon"),
    ("IN2P3-CC", "people", "CC-IN2P3"),
    ("IN2P3-CC", "dirac", "GRID.IN2P3.fr"),
    ("INFN-T1", "people", "CNAF"),
    ("INFN-T1", "dirac", "GRID.INFN-CNAF.it"),
    ("JINR-T1", "people", "Dubna"),
    ("JINR-T1", "dirac", "GRID.JINR-CONDOR.ru"),
    ("JINR-LCG2", "dirac", "GRID.JINR.ru"),
    ("ru-Moscow-SINP-T3", "people", "SINP"),
    ("ru-Moscow-SINP-T3", "dirac", "GRID.MSU.ru"),
    ("ru-Moscow-SINP-T3", "people", "Moscow State University"),
)

_LINKS = (
    ("CNAF-IN2P3-LHCOPN-001", LinkKind.LHCOPN, "INFN-T1", "IN2P3-CC", "GÉANT", False),
    ("IHEP-IN2P3-LHCONE-001", LinkKind.LHCONE, "BEIJING-LCG2", "IN2P3-CC", "CSTNET", False),
    ("IHEP-CNAF-LHCONE-001", LinkKind.LHCONE, "BEIJING-LCG2", "INFN-T1", "CSTNET", True),
)

_VO_UNITS = (
    (
        "JUNO-Offline",
        "JUNO offline software",
        "Releases, build failures, simulation and reconstruction, conditions data.",
        "offline-support",
        "Europe/Berlin",
        "DE",
        Quality.MEDIUM,
    ),
    (
        "JUNO-Online-DAQ",
        "JUNO online and data acquisition",
        "Readout, event builder, transfer of raw data from the detector to Beijing.",
        "online-support",
        "Asia/Shanghai",
        "CN",
        Quality.ADVANCED,
    ),
    (
        "JUNO-Production",
        "JUNO production",
        "Central simulation and reconstruction, priorities and quotas.",
        "production-support",
        "Asia/Shanghai",
        "CN",
        Quality.MEDIUM,
    ),
    (
        "JUNO-Data-Management",
        "JUNO data management",
        "Replication between the data centres, file catalogue, lost files.",
        "data-support",
        "Asia/Shanghai",
        "CN",
        Quality.MEDIUM,
    ),
)

_SITE_HOURS = {
    "BEIJING-LCG2": (time(8, 30), time(17, 30), Quality.ADVANCED),
    "IN2P3-CC": (time(9), time(18), Quality.MEDIUM),
    "INFN-T1": (time(8, 30), time(17, 30), Quality.ADVANCED),
    "JINR-T1": (time(9), time(18), Quality.MEDIUM),
    "JINR-LCG2": (time(9), time(18), Quality.BASE),
    "ru-Moscow-SINP-T3": (time(10), time(18), Quality.BASE),
}

_CENTRE_HOURS = {
    "NGI_CHINA": ("Asia/Shanghai", "CN"),
    "NGI_FRANCE": ("Europe/Paris", "FR"),
    "NGI_IT": ("Europe/Rome", "IT"),
    "Russia": ("Europe/Moscow", "RU"),
    "NGI_DE": ("Europe/Berlin", "DE"),
    "NGI_UK": ("Europe/London", "GB"),
}


def link_ends(name: str) -> tuple[str, str]:
    """Return the two sites of one of the demo's network links.

    :raises NoSuchLink: when the demo has no link of that name
    """
    for known, _kind, one, other, _provider, _is_backup in _LINKS:
        if known.lower() == name.lower():
            return one, other
    names = ", ".join(link[0] for link in _LINKS)
    raise NoSuchLink(f"The demo has no link {name}.", f"There are: {names}.")


class NoSuchLink(SupportError):
    """The demo has no network link of that name."""


class NotADemo(SupportError):
    """The database holds something that the demo must not be mixed with."""


def is_built() -> bool:
    """Return whether this database holds the demo world."""
    return User.objects.filter(email=CHARACTERS[0].email).exists()


def refuse_database_in_use() -> None:
    """Make sure that the demo is not mixed with somebody's data.

    :raises NotADemo: when there are accounts or VOs that are not the demo's
    """
    strangers = User.objects.exclude(email__endswith=f"@{MAIL_DOMAIN}").count()
    if not is_built() and (strangers or VO.objects.exists()):
        raise NotADemo(
            f"This database is in use ({strangers} accounts) and holds no demo world.",
            "Give the demo a database of its own, or start with DEMO=0.",
        )


def _open_sources(at: datetime) -> None:
    """Have the simulated sources polled often, with the credentials that they take."""
    Source.objects.filter(pk=ensure_source(find_kind("gocdb-downtimes")).pk).update(
        interval=DOWNTIMES_INTERVAL
    )
    families = addresses.settings_for("")
    for kind in SOURCES:
        if kind.settings not in families:
            continue
        source = ensure_source(kind)
        source.interval = STATES_INTERVAL
        source.save(update_fields=["interval"])
        for option in kind.options:
            value = families[kind.settings].get(option.name.upper(), "")
            if option.is_secret and value:
                vault.write(source=source, name=option.name, value=value, by=None, at=at)


def reset_upstreams(*, at: datetime) -> None:
    """Anchor the scripted downtimes at a moment, and take back all that was switched."""
    with switches.changing(upstreams.switch_file()) as switched:
        switched.base = at.replace(second=0, microsecond=0).timestamp()
        switched.failures.clear()
        switched.downtimes.clear()
        switched.incidents.clear()
    upstreams.certificate_file()


@transaction.atomic
def build_world(*, past: Past, at: datetime) -> dict[str, User]:
    """Build everything but the tickets, as of the beginning of the story.

    :param at: the present moment
    :return: the people by user name
    :raises UpstreamFailed: when the simulated GOCDB cannot be polled
    """
    begins = at - HISTORY
    with pghistory.context(user=None, at=begins.isoformat(), action="demo build"):
        _open_sources(begins)
        past.poll_topology(begins)
        past.poll_downtimes(begins + timedelta(minutes=1))
        people = _open_accounts(begins)
        juno = _make_vos(begins)
        _make_places(juno, begins)
        _make_units(juno, begins)
        for character in CHARACTERS:
            _give_roles(character, people, juno, begins)
    return people


def _open_accounts(at: datetime) -> dict[str, User]:
    people = {
        character.username: open_account(
            username=character.username,
            name=character.name,
            email=character.email,
            password=None,
            at=at,
            time_zone=character.time_zone,
            is_admin=character.is_admin,
        )
        for character in CHARACTERS
    }
    # Hashing is slow on purpose; a password that everybody may know is hashed once.
    User.objects.filter(username__in=people).update(password=make_password(PASSWORD))
    return {user.username: user for user in User.objects.filter(username__in=people)}


def _make_vos(at: datetime) -> VO:
    juno = vos.make_vo(name="juno", is_served=True, by=None, at=at)
    vos.write_card(vo=juno, by=None, at=at, contacts=cards.JUNO_CONTACTS, **cards.JUNO)
    vos.set_issue_types(vo=juno, types=_ISSUE_TYPES, by=None, at=at)
    card_story.import_from_portal(at=at)
    return juno


def _make_places(juno: VO, at: datetime) -> None:
    sites = {site.name: site for site in Site.objects.all()}
    for name, tier, is_in_commissioning in _SITES:
        contact = "grid-support@ru-moscow-sinp-t3.example.org" if is_in_commissioning else ""
        vos.set_vo_site(
            vo=juno,
            site=sites[name],
            tier=tier,
            is_in_commissioning=is_in_commissioning,
            contact_email=contact,
            by=None,
            at=at,
        )
    for name, namespace, alias in _ALIASES:
        SiteAlias.objects.create(site=sites[name], namespace=namespace, name=alias)
    for name, kind, one, other, provider, is_backup in _LINKS:
        NetworkLink.objects.create(
            name=name,
            kind=kind,
            site_a=sites[one],
            site_b=sites[other],
            provider=provider,
            is_backup=is_backup,
        )


def _make_units(juno: VO, at: datetime) -> None:
    units.open_units_for_vo(vo=juno, by=None, at=at)
    for name in ("NGI_DE", "NGI_UK"):
        centre = OperationsCentre.objects.get(name=name)
        units.open_operations_centre_unit(centre=centre, by=None, at=at)
    for name, title, description, mail, zone, country, quality in _VO_UNITS:
        units.open_unit(
            name=name,
            kind=UnitKind.VO,
            vo=juno,
            by=None,
            at=at,
            title=title,
            description=description,
            mailing_list=f"{mail}@juno.example.org",
            time_zone=zone,
            holiday_country=country,
            quality=quality,
        )
    units.change_unit(
        unit=unit_queries.tpm_unit(),
        changes={"mailing_list": "tpm@juno.example.org", "quality": Quality.ADVANCED},
        by=None,
        at=at,
    )
    units.change_unit(
        unit=unit_queries.security_unit(),
        changes={
            "mailing_list": "csirt@juno.example.org",
            "list_is_closed": True,
            "quality": Quality.ADVANCED,
            "time_zone": "Europe/Stockholm",
            "holiday_country": "SE",
        },
        by=None,
        at=at,
    )
    for name, (opens_at, closes_at, quality) in _SITE_HOURS.items():
        units.change_unit(
            unit=SupportUnit.objects.get(kind=UnitKind.SITE, site__name=name),
            changes={"opens_at": opens_at, "closes_at": closes_at, "quality": quality},
            by=None,
            at=at,
        )
    for name, (zone, country) in _CENTRE_HOURS.items():
        units.change_unit(
            unit=SupportUnit.objects.get(
                kind=UnitKind.OPERATIONS_CENTRE, operations_centre__name=name
            ),
            changes={"time_zone": zone, "holiday_country": country},
            by=None,
            at=at,
        )


def _give_roles(character: Character, people: dict[str, User], juno: VO, at: datetime) -> None:
    user = people[character.username]
    for name in (*character.manages, *character.units):
        members.add_member(
            unit=SupportUnit.objects.get(name=name),
            user=user,
            is_manager=name in character.manages,
            by=None,
            at=at,
        )
    for name in character.vos:
        vos.set_vo_member(
            vo=VO.objects.get(name=name),
            user=user,
            is_shifter=character.is_shifter,
            is_alarmer=character.is_alarmer,
            by=None,
            at=at,
        )
    if character.contact:
        contact = VOContact.objects.get(card__vo=juno, name=character.name)
        vos.link_contact(contact=contact, account=user, by=None, at=at)
