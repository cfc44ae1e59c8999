"""Suggest support units for a ticket, each with a reason that a person can check."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from juno_support.lib import text
from supportunits import queries as unit_queries
from supportunits.models import SupportUnit, UnitKind
from tickets.models import Ticket
from topology.models import Service, Site

MOST = 4
MOST_FACTS = 40


@dataclass(frozen=True)
class Suggestion:
    """A unit that may be the right one, and why."""

    unit: SupportUnit
    reason: str


def suggest_units(ticket: Ticket) -> list[Suggestion]:
    """Return up to four units, the best first: by affected site, hosts and sites named in the
    text, and the concerned VO. The ticket's own unit is left out. A bounded number of queries.
    """
    sites = list(ticket.affected_sites.all())
    reasons = {site.pk: _("%(site)s is affected") % {"site": site.name} for site in sites}
    for site, reason in _sites_in_text(f"{ticket.subject}\n{ticket.description}"):
        if site.pk not in reasons:
            sites.append(site)
            reasons[site.pk] = reason
    found: dict[int, Suggestion] = {}
    chains = unit_queries.chains_for_sites(sites) if sites else {}
    for position in range(2):
        for site in sites:
            chain = [unit for unit in chains[site.pk] if unit.kind != UnitKind.TPM]
            if position < len(chain):
                _add(found, ticket, chain[position], reasons[site.pk])
    if ticket.vo_id is not None:
        for unit in SupportUnit.objects.filter(
            vo=ticket.vo_id, kind=UnitKind.VO, state__in=["ACTIVE", "MAIL_ONLY"]
        ).order_by("name")[:MOST]:
            _add(found, ticket, unit, _("a unit of the concerned VO"))
    return list(found.values())[:MOST]


def _add(found: dict[int, Suggestion], ticket: Ticket, unit: SupportUnit, reason: str) -> None:
    if unit.pk != ticket.unit_id and unit.is_routable:
        found.setdefault(unit.pk, Suggestion(unit, reason))


def _sites_in_text(words: str) -> Iterable[tuple[Site, str]]:
    """Yield the sites whose names or whose service hosts stand in the text, each with a reason."""
    facts = text.facts(words)[:MOST_FACTS]
    hosts = {fact.value.lower() for fact in facts if fact.kind == "host"}
    names = {fact.value.lower() for fact in facts if fact.kind == "site"}
    if hosts:
        services = Service.objects.filter(hostname__in=hosts, gone_at=None).select_related("site")
        for service in services[:MOST_FACTS]:
            yield (
                service.site,
                _("%(host)s is a host of %(site)s")
                % {"host": service.hostname, "site": service.site.name},
            )
    if names:
        for site in Site.objects.alias(low=Lower("name")).filter(low__in=names)[:MOST]:
            yield site, _("%(site)s is named in the text") % {"site": site.name}
