"""What a source's name means: which site, service or link of ours it is. Exact rules only.

A wrong guess would show one site's faults at another, so that nothing is matched by likeness; an
admin is offered likely ones instead.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from monitoring.models import Entity
from monitoring.observations import EntityKind, Name
from topology.models import NetworkLink, Service, Site, SiteAlias

# ARGO calls a service of a tenant that uses ids "host_12345G0".
_WITH_KEY = re.compile(r"^(?P<host>[^_\s]+)_(?P<key>[0-9]+G[0-9]+)$")
# GOCDB's service types that other systems know by another name.
_SAME_TYPE = {"srmv2": "srm"}


@dataclass(frozen=True)
class Target:
    """What a name is for us: a site (and one of its services), or a link; or nothing known."""

    site_id: int | None = None
    service_id: int | None = None
    link_id: int | None = None

    @property
    def is_known(self) -> bool:
        """Say whether it was matched."""
        return self.site_id is not None or self.link_id is not None


NOTHING = Target()


class Atlas:
    """Our topology, loaded once to match many names: five queries."""

    def __init__(self, namespace: str, members: Mapping[str, tuple[str, ...]]) -> None:
        """Load it.

        :param members: the source's own topology: its name of a site -> host names there
        """
        self._namespace = namespace
        self._sites: dict[str, int] = {}
        for name, site in SiteAlias.objects.exclude(namespace="people").values_list(
            "name", "site_id"
        ):
            self._sites.setdefault(name.lower(), site)
        for name, site in Site.objects.values_list("name", "pk"):
            self._sites[name.lower()] = site
        for name, site in Entity.objects.filter(
            namespace=namespace, kind=EntityKind.SITE, site__isnull=False
        ).values_list("name", "site_id"):
            self._sites[name.lower()] = site
        for name, site in SiteAlias.objects.filter(namespace=namespace).values_list(
            "name", "site_id"
        ):
            self._sites[name.lower()] = site
        self._services: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
        for pk, site, host, kind, key in Service.objects.filter(gone_at=None).values_list(
            "pk", "site_id", "hostname", "service_type", "key"
        ):
            self._services[host.lower()].append((pk, site, kind.lower(), key))
        self._links: dict[frozenset[int], list[int]] = defaultdict(list)
        self._link_names: dict[str, int] = {}
        for pk, name, one, other in NetworkLink.objects.values_list(
            "pk", "name", "site_a_id", "site_b_id"
        ):
            self._links[frozenset((one, other))].append(pk)
            self._link_names[name.lower()] = pk
        self._members = members

    def match(self, thing: Name) -> Target:
        """Return what the name is for us, or ``NOTHING``."""
        match thing.kind:
            case EntityKind.SITE:
                # We know the name, or the source says ours beside it, or its hosts tell.
                known = self._sites.get(thing.name.lower()) or self._sites.get(thing.site.lower())
                return Target(site_id=known or self._site(thing.name, thing.hosts))
            case EntityKind.SERVICE:
                return self._service(thing)
            case EntityKind.STORAGE:
                return Target(site_id=self._site(thing.site, thing.hosts))
            case EntityKind.LINK:
                return Target(link_id=self._link(thing))
        return NOTHING

    def _site(self, name: str, hosts: Iterable[str]) -> int | None:
        if name and (known := self._sites.get(name.lower())):
            return known
        return self._site_of_hosts((*hosts, *self._members.get(name, ())))

    def _site_of_hosts(self, hosts: Iterable[str]) -> int | None:
        """Return the one site at which all hosts are that we know; None where they disagree."""
        found = {site for host in hosts for _, site, _, _ in self._services.get(host.lower(), ())}
        return found.pop() if len(found) == 1 else None

    def _service(self, thing: Name) -> Target:
        host, _, kind = thing.name.partition(" ")
        key = ""
        if with_key := _WITH_KEY.match(host):
            host, key = with_key["host"], with_key["key"]
        names = dict.fromkeys(name.lower() for name in (host, *thing.hosts) if name)
        services = [one for name in names for one in self._services.get(name, ())]
        at_site = self._sites.get(thing.site.lower()) if thing.site else None
        if at_site is not None:
            services = [one for one in services if one[1] == at_site] or services
        exact = [one for one in services if key and one[3] == key] or [
            one for one in services if kind and _type(one[2]) == _type(kind.lower())
        ]
        chosen = exact or (services if len(services) == 1 else [])
        if chosen:
            return Target(site_id=chosen[0][1], service_id=chosen[0][0])
        site = at_site or self._site(thing.site, tuple(names))
        return Target(site_id=site)

    def _link(self, thing: Name) -> int | None:
        if known := self._link_names.get(thing.name.lower()):
            return known
        ends = thing.name.split()
        if len(ends) != 2:
            return None
        sites = [self._sites.get(end.lower()) or self._site_of_hosts((end,)) for end in ends]
        if None in sites:
            return None
        links = self._links.get(frozenset(site for site in sites if site), [])
        return links[0] if len(links) == 1 else None


def _type(name: str) -> str:
    return _SAME_TYPE.get(name, name)


def unmapped() -> "Q":
    """Return the condition of names that nobody could match and no admin set aside."""
    return Q(site=None, link=None, is_ignored=False) & ~Q(kind=EntityKind.SYSTEM)
