"""What is recognised in the words of a ticket that is being written, for one click to take over."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.lib.text import (
    Fact,
    facts,
    job_ids,
    named_jobs,
    shorten,
    show_bidi,
    whole_number,
)
from tickets import policies
from tickets.forms.fields import entered
from tickets.forms.places import split_names
from tickets.forms.submit import TicketForm
from tickets.search import names as search_names
from topology.models import Service, Site

MOST_FACTS = 12
MOST_SERVICES_OF_A_HOST = 3


@dataclass(frozen=True)
class FactOffer:
    """Something recognised in the words that one click makes a field; ``value`` goes back to us.

    :ivar site: of a service, its site, which is taken over with it
    """

    kind: str
    label: str
    value: str
    field: str
    entry: str
    site: str = ""


def offers(form: TicketForm) -> list[FactOffer]:
    """Return what one click can take over from subject and description into a field.

    Of a host name that GOCDB knows: its site, and each of its services with the site. At most
    four queries.
    """
    found = facts(form.words)
    if not found:
        return []
    hosts = [fact.value for fact in found if fact.kind == "host"]
    services: dict[str, list[Service]] = defaultdict(list)
    if hosts:
        rows = Service.objects.filter(hostname__in=hosts, gone_at=None).select_related("site")
        for service in rows.order_by("pk")[:100]:
            services[service.hostname.lower()].append(service)
    names = [fact.value for fact in found if fact.kind == "site"]
    keys = search_names.find("site", names) if names else {}
    known = {
        site.pk: site.name
        for site in Site.objects.filter(pk__in={key for each in keys.values() for key in each[:1]})
    }
    chosen = {site.name for site in form.chosen_sites}
    made: dict[tuple[str, str], FactOffer] = {}
    for fact in found:
        for offer in _offer(fact, services, keys, known):
            if offer.entry not in chosen and not _has(form, offer):
                made.setdefault((offer.field, offer.entry), offer)
    return list(made.values())[:MOST_FACTS]


def job_lookup(form: TicketForm, user: User) -> str:
    """Return where what became of the named jobs can be looked up; empty where it cannot."""
    if not policies.may_look_up_jobs(user):
        return ""
    named = [*named_jobs(form.words), *job_ids(str(form["jobs"].value() or ""))]
    if not named:
        return ""
    ids = ",".join(str(job) for job in list(dict.fromkeys(named))[:MOST_FACTS])
    return f"{reverse('jobs:look-up')}?ids={ids}"


def _offer(
    fact: Fact,
    services: Mapping[str, list[Service]],
    keys: Mapping[str, list[int]],
    known: Mapping[int, str],
) -> list[FactOffer]:
    if fact.kind == "site":
        found = keys.get(fact.value)
        return [_fact_offer("site", known[found[0]], "sites")] if found else []
    if fact.kind == "host":
        own = services.get(fact.value, [])
        made = []
        for site in dict.fromkeys(service.site.name for service in own):
            label = _("%(site)s, for %(host)s") % {"site": site, "host": fact.value}
            made.append(_fact_offer("site", site, "sites", label))
        for service in own[:MOST_SERVICES_OF_A_HOST]:
            label = _("%(type)s on %(host)s") % {
                "type": show_bidi(service.service_type),
                "host": fact.value,
            }
            made.append(
                _fact_offer("service", str(service.pk), "services", label, service.site.name)
            )
        return [*made, _fact_offer("host", fact.value, "hosts")]
    field = {"job": "jobs", "dn": "dns"}[fact.kind]
    return [_fact_offer(fact.kind, fact.value, field)]


def _fact_offer(kind: str, entry: str, field: str, label: str = "", site: str = "") -> FactOffer:
    words = {
        "site": _("Site"),
        "service": _("Service"),
        "host": _("Host"),
        "job": _("Job"),
        "dn": _("DN"),
    }
    shown = label or shorten(entry, 60)
    return FactOffer(words[kind], shown, f"{field}:{entry}", field, entry, site)


def _has(form: TicketForm, offer: FactOffer) -> bool:
    value = form[offer.field].value()
    if offer.field == "services":
        return offer.entry in {str(each) for each in value or ()}
    return offer.entry.casefold() in str(value or "").casefold()


def with_fact(data: dict[str, Any], value: str) -> None:
    """Put a recognised fact, or the right name for a misspelt site, into its field."""
    field, _colon, entry = value.partition(":")
    if field == "fix":
        wrong, _arrow, right = entry.partition("=>")
        sites = [right if name == wrong else name for name in split_names(data.get("sites", ""))]
        data["sites"] = ", ".join(sites)
    elif field == "services":
        _with_service(data, entry)
    elif field in ("sites", "hosts", "jobs", "dns") and entry:
        between = "; " if field == "dns" else ", "
        before = str(data.get(field, "")).strip().rstrip(",;")
        present = (
            [part.strip() for part in before.split(";")]
            if field == "dns"
            else split_names(before)
            if field == "sites"
            else entered(before)
        )
        if entry not in present:
            data[field] = f"{before}{between}{entry}" if before else entry


def _with_service(data: dict[str, Any], entry: str) -> None:
    """Choose a service, and the site where it is: a form offers only services of its sites."""
    key = whole_number(entry) or 0
    service = Service.objects.filter(pk=key, gone_at=None).select_related("site").first()
    if service is None:
        return
    with_fact(data, f"sites:{service.site.name}")
    chosen = [str(each) for each in data.get("services") or ()]
    if str(service.pk) not in chosen:
        data["services"] = [*chosen, str(service.pk)]
