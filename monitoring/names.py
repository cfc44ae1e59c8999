"""The names that sources use: which of them nobody could match, and what they may mean.

Likely meanings are offered to an admin, never applied: a wrong guess would show one site's faults
at another.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

from juno_support.feeds.configuration import Configuration
from juno_support.feeds.registry import find_poller
from monitoring.matching import unmapped
from monitoring.models import Entity
from monitoring.observations import EntityKind
from topology.models import NetworkLink, Service, Site, SiteAlias

MOST_CANDIDATES = 3
# Below this, two names have little more in common than chance gives them.
LIKE_ENOUGH = 0.3
# How much of a host's name tells where it is: jinr.ru, ihep.ac.cn.
_SHORT_ENDS = frozenset({"ac", "co", "edu", "gov", "org", "net", "com"})


@dataclass(frozen=True)
class Candidate:
    """What a name may mean, and why we think so."""

    target: str
    why: str


def namespace_of(configuration: Configuration) -> str:
    """Return the namespace of a source's names."""
    kind = configuration.kind
    if kind.is_pushed:
        return str(configuration.option("namespace")) or kind.name
    source = getattr(find_poller(kind), "source", None)
    return str(getattr(source, "namespace", kind.name))


def unmapped_by_namespace() -> dict[str, int]:
    """Return how many names of each namespace nobody could match; one query."""
    return dict(
        Entity.objects.filter(unmapped())
        .values("namespace")
        .annotate(count=Count("pk"))
        .order_by("namespace")
        .values_list("namespace", "count")
    )


def names(*, which: str, namespace: str = "", words: str = "") -> QuerySet[Entity]:
    """Return names in the order of their namespace, kind and name, with what is kept of them.

    :param which: ``open`` (nobody could match them), ``aside`` (nothing of ours), ``by-hand`` (an
        admin said what they are) or ``all``
    """
    rows = Entity.objects.select_related("site", "service", "link").annotate(
        states=Count("intervals"),
        first=Min("intervals__since"),
        newest=Max("intervals__since"),
    )
    if which == "open":
        rows = rows.filter(unmapped())
    elif which == "aside":
        rows = rows.filter(is_ignored=True)
    elif which == "by-hand":
        rows = rows.filter(is_by_hand=True, is_ignored=False)
    if namespace:
        rows = rows.filter(namespace=namespace)
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(said_site__icontains=words))
    return rows.order_by(F("namespace"), F("kind"), F("name"))


def candidates(entities: Sequence[Entity]) -> dict[int, list[Candidate]]:
    """Return what each name may mean, the likeliest first; four queries for any number of names."""
    if not entities:
        return {}
    sites = dict(Site.objects.filter(gone_at=None).values_list("pk", "name"))
    known: list[tuple[str, str]] = [(name, name) for name in sites.values()]
    known += [
        (alias, sites[site])
        for alias, site in SiteAlias.objects.exclude(namespace="people").values_list(
            "name", "site_id"
        )
        if site in sites
    ]
    trigrams = [(_trigrams(name), site) for name, site in known]
    domains = _sites_of_domains({domain for one in entities for domain in _domains(one)}, sites)
    links = [
        (_trigrams(name), name, frozenset((one, other)))
        for name, one, other in NetworkLink.objects.values_list(
            "name", "site_a__name", "site_b__name"
        )
    ]
    found = {}
    for entity in entities:
        if entity.kind == EntityKind.LINK:
            found[entity.pk] = _likely_links(entity, links, domains)
        else:
            found[entity.pk] = _likely_sites(entity, trigrams, domains)
    return found


def _likely_sites(
    entity: Entity,
    trigrams: Iterable[tuple[frozenset[str], str]],
    domains: Mapping[str, Mapping[str, int]],
) -> list[Candidate]:
    found: dict[str, tuple[float, str]] = {}
    for domain in _domains(entity):
        for site, count in domains.get(domain, {}).items():
            why = _("%(n)d hosts of %(domain)s are there") % {"n": count, "domain": domain}
            found[site] = (1 + count / 1000, why)
    names = [entity.said_site] if entity.said_site else []
    if entity.kind != EntityKind.SERVICE:
        names.append(entity.name)
    for name in names:
        mine = _trigrams(_without_frame(name))
        for theirs, site in trigrams:
            likeness = len(mine & theirs) / len(mine | theirs) if mine or theirs else 0
            if likeness >= LIKE_ENOUGH and likeness > found.get(site, (0.0, ""))[0]:
                found[site] = (likeness, _("like %(name)s") % {"name": name})
    ordered = sorted(found.items(), key=lambda one: (-one[1][0], one[0]))
    return [Candidate(site, why) for site, (_likeness, why) in ordered[:MOST_CANDIDATES]]


def _likely_links(
    entity: Entity,
    links: Iterable[tuple[frozenset[str], str, frozenset[str]]],
    domains: Mapping[str, Mapping[str, int]],
) -> list[Candidate]:
    ends = [set(domains.get(domain, ())) for domain in _domains(entity)]
    mine = _trigrams(entity.name)
    found: list[tuple[float, Candidate]] = []
    for theirs, name, sites in links:
        both = len(ends) == 2 and any({one, other} == sites for one in ends[0] for other in ends[1])
        likeness = len(mine & theirs) / len(mine | theirs)
        if both:
            found.append((2.0, Candidate(name, _("both hosts are at its ends"))))
        elif likeness >= LIKE_ENOUGH:
            found.append((likeness, Candidate(name, _("like %(name)s") % {"name": entity.name})))
    found.sort(key=lambda one: (-one[0], one[1].target))
    return [candidate for _likeness, candidate in found[:MOST_CANDIDATES]]


def _sites_of_domains(
    domains: Collection[str], sites: Mapping[int, str]
) -> dict[str, dict[str, int]]:
    """Return for each domain how many services of it each site has."""
    if not domains:
        return {}
    ends = Q()
    for domain in domains:
        ends |= Q(hostname__iendswith=f".{domain}")
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for host, site in Service.objects.filter(ends, gone_at=None).values_list("hostname", "site_id"):
        for domain in domains:
            if site in sites and host.lower().endswith(f".{domain}"):
                found[domain][sites[site]] += 1
    return found


def _domains(entity: Entity) -> list[str]:
    """Return the domains of the hosts that a name speaks of."""
    if entity.kind == EntityKind.LINK:
        hosts = entity.name.split()
    elif entity.kind == EntityKind.SERVICE:
        hosts = [entity.name.partition(" ")[0], *entity.hosts]
    else:
        hosts = list(entity.hosts)
    return list(dict.fromkeys(domain for host in hosts if (domain := _domain(host))))


def _domain(host: str) -> str:
    labels = host.lower().split(".")
    if len(labels) < 3:
        return ""
    length = 3 if labels[-2] in _SHORT_ENDS and len(labels) > 3 else 2
    return ".".join(labels[-length:])


def _without_frame(name: str) -> str:
    """Return a DIRAC site's name without its sort and country: GRID.INFN-CNAF.it is INFN-CNAF."""
    parts = name.split(".")
    return parts[1] if len(parts) == 3 and len(parts[2]) <= 3 else name


def _trigrams(text: str) -> frozenset[str]:
    """Return the runs of three signs of the words of a text, as PostgreSQL's pg_trgm has them."""
    found: set[str] = set()
    word = ""
    for sign in f"{text.lower()} ":
        if sign.isalnum():
            word += sign
        elif word:
            padded = f"  {word} "
            found.update(padded[place : place + 3] for place in range(len(padded) - 2))
            word = ""
    return frozenset(found)
