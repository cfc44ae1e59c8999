"""Sites, hosts and services that a text names, also by the names that only people or DIRAC use.

``juno_support.lib.text`` finds what looks like a host or a site; here it is looked up among what
exists: hosts of service endpoints, addresses of services with their ports, short and official names
of sites, their aliases, and the names of storage elements and sites in other systems. The number of
questions does not depend on the number of texts.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Func, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from juno_support.lib import text as texts
from juno_support.lib import words
from monitoring.models import Entity
from monitoring.observations import EntityKind
from topology.models import Service, Site, SiteAlias

MOST_HOSTS: Final = 40
MOST_UNKNOWN: Final = 200
MOST_TOKENS: Final = 200
LONGEST_NAME: Final = 8
"""Words of an official name: "Institute of High Energy Physics of the Chinese Academy"."""
LONGEST_ALIAS: Final = 3
SHORTEST_NAME: Final = 3
LONGEST_SIGNS: Final = 8
MOST_NAMED: Final = 12

_TOKEN: Final = re.compile(r"[^\s,;:!?()\[\]{}<>\"'“”‘’|、。，：；（）《》]+")
_EDGES: Final = ".-–—_/*#`"
_SIGNS: Final = re.compile("[\u4e00-\u9fff\u3041-\u30fa\uac00-\ud7a3]+")
_PORT: Final = re.compile(r"([a-z0-9][a-z0-9.-]{3,252}):(\d{2,5})(?!\d)", re.IGNORECASE)
# Written in capitals only: "ce" and "se" are words of French and Italian.
_ELEMENT: Final = re.compile(r"(?<![\w-])(CE|SE)s?(?![\w-])")

_COMPUTING: Final = (
    "org.opensciencegrid.htcondorce", "ARC-CE", "CREAM-CE", "CE", "GRAM5", "QCG.Computing",
)  # fmt: skip
_STORAGE: Final = (
    "SRM", "SRMv2", "SRM.nearline", "XRootD", "XRootD.Redirector", "webdav", "wlcg.webdav.tape",
    "globus-GRIDFTP", "Classic-SE",
)  # fmt: skip
_TAPE: Final = ("wlcg.webdav.tape", "SRM.nearline")
_CVMFS: Final = ("ch.cern.cvmfs.stratum.0", "ch.cern.cvmfs.stratum.1")
_PERFSONAR: Final = ("net.perfSONAR.Bandwidth", "net.perfSONAR.Latency")
_BY_NAME: Final = f"""
    SELECT lower(name), id FROM {Site._meta.db_table}
    WHERE gone_at IS NULL AND lower(name) = ANY(%(names)s)
    UNION
    SELECT lower(official_name), id FROM {Site._meta.db_table}
    WHERE gone_at IS NULL AND lower(official_name) = ANY(%(names)s)
    UNION
    SELECT lower(alias.name), site.id FROM {SiteAlias._meta.db_table} alias
    JOIN {Site._meta.db_table} site ON site.id = alias.site_id AND site.gone_at IS NULL
    WHERE lower(alias.name) = ANY(%(names)s)
    UNION
    SELECT lower(entity.name), site.id FROM {Entity._meta.db_table} entity
    JOIN {Site._meta.db_table} site ON site.id = entity.site_id AND site.gone_at IS NULL
    WHERE entity.kind IN ('{EntityKind.SITE}', '{EntityKind.STORAGE}') AND NOT entity.is_ignored
      AND lower(entity.name) = ANY(%(names)s)
"""  # noqa: S608 (names of tables, ours)
# What people write, and GOCDB's types of service that they mean by it.
_MEANT: Final = {
    words.phrase(written): types
    for written, types in (
        ("computing element", _COMPUTING),
        ("compute element", _COMPUTING),
        ("HTCondor-CE", ("org.opensciencegrid.htcondorce",)),
        ("HTCondorCE", ("org.opensciencegrid.htcondorce",)),
        ("ARC-CE", ("ARC-CE",)),
        ("CREAM", ("CREAM-CE",)),
        ("storage element", _STORAGE),
        ("SRM", ("SRM", "SRMv2", "SRM.nearline")),
        ("xrootd", ("XRootD", "XRootD.Redirector")),
        ("webdav", ("webdav", "wlcg.webdav.tape")),
        ("gridftp", ("globus-GRIDFTP",)),
        ("tape", _TAPE),
        ("VOMS", ("VOMS",)),
        ("squid", ("org.squid-cache.Squid",)),
        ("frontier", ("CUSTOM.ch.cern.frontier.FroNTier", "org.squid-cache.Squid")),
        ("stratum", _CVMFS),
        ("perfsonar", _PERFSONAR),
        ("FTS", ("FTS",)),
        ("ARGUS", ("emi.ARGUS", "ngi.ARGUS")),
        ("BDII", ("Site-BDII", "Top-BDII")),
        ("APEL", ("APEL", "gLite-APEL")),
        ("MyProxy", ("MyProxy",)),
        ("计算节点", _COMPUTING),
        ("存储", _STORAGE),
        ("磁带", _TAPE),
    )
}


@dataclass(frozen=True)
class Named:
    """A site that a text names, and how a person can check it.

    :ivar by_host: whether a host or a service of it is named, not the site itself
    """

    site: Site
    reason: str
    by_host: bool


def service_types_in_words(text: str) -> set[str]:
    """Return GOCDB's types of service that the words of a text mean: VOMS, CE, storage element."""
    padded = words.padded(text)
    found = {each for phrase, types in _MEANT.items() if phrase in padded for each in types}
    for match in _ELEMENT.finditer(text):
        found.update(_COMPUTING if match[1] == "CE" else _STORAGE)
    return found


@dataclass(frozen=True)
class Recognised:
    """What a text names: sites, by hosts first, then by names; and types of service."""

    sites: tuple[Named, ...] = ()
    service_types: frozenset[str] = frozenset()


def recognise(many: Sequence[str], *, with_names: bool = True) -> list[Recognised]:
    """Return what each text names. Four queries at most, however many texts.

    :param with_names: whether to look names of sites up; without them two queries
    """
    found = [texts.facts(text) for text in many]
    hosts = [_hosts(facts) for facts in found]
    of_host = _services({host for each in hosts for host in each})
    names = [
        _names_in(text, facts) if with_names else {}
        for text, facts in zip(many, found, strict=True)
    ]
    of_name = _sites_by_name(name for each in names for name in each)
    return [
        Recognised(
            tuple(_named(text, its_hosts, its_names, of_host, of_name)),
            frozenset(
                {service.service_type for host in its_hosts for service in of_host.get(host, ())}
                | service_types_in_words(text)
            ),
        )
        for text, its_hosts, its_names in zip(many, hosts, names, strict=True)
    ]


def _named(
    text: str,
    hosts: list[str],
    names: dict[str, str],
    of_host: dict[str, list[Service]],
    of_name: dict[str, list[Site]],
) -> list[Named]:
    found: dict[int, Named] = {}
    ports = {host.lower(): port for host, port in _PORT.findall(text)}
    for host in hosts:
        for service in _with_port_first(of_host.get(host, []), ports.get(host, "")):
            reason = _why_host(service, host, ports.get(host, ""))
            found.setdefault(service.site_id, Named(service.site, reason, by_host=True))
    # The longest name says most: "Moscow State University" before "Moscow".
    for name in sorted(names, key=len, reverse=True):
        for site in of_name.get(name, []):
            reason = _("%(site)s is named in the text") % {"site": site.name}
            if name != site.name.lower():
                reason = _("“%(name)s” in the text is %(site)s") % {
                    "name": names[name],
                    "site": site.name,
                }
            found.setdefault(site.pk, Named(site, reason, by_host=False))
    return list(found.values())[:MOST_NAMED]


def _hosts(facts: Iterable[texts.Fact]) -> list[str]:
    found = (fact.value for fact in facts if fact.kind == "host")
    return list(dict.fromkeys(found))[:MOST_HOSTS]


def _with_port_first(services: list[Service], port: str) -> list[Service]:
    return sorted(services, key=lambda service: not _has_port(service, port))


def _has_port(service: Service, port: str) -> bool:
    return bool(port) and any(f":{port}" in address for address in _addresses(service))


def _addresses(service: Service) -> list[str]:
    listed = (each.get("url", "") for each in service.endpoints if isinstance(each, dict))
    return [address for address in (service.url, *listed) if address]


def _why_host(service: Service, host: str, port: str) -> str:
    facts = {
        "host": host,
        "port": port,
        "type": service.service_type,
        "site": service.site.name,
    }
    if _has_port(service, port):
        return _("%(host)s:%(port)s is the %(type)s of %(site)s") % facts
    if host != service.hostname.lower():
        return _("%(host)s is an address of the %(type)s of %(site)s") % facts
    return _("%(host)s is a host of %(site)s") % facts


def _services(hosts: set[str]) -> dict[str, list[Service]]:
    """Return the services of hosts, by host; also where only the address of a service has it."""
    found: dict[str, list[Service]] = defaultdict(list)
    if not hosts:
        return found
    present = Service.objects.filter(gone_at=None).select_related("site").order_by("pk")
    for service in present.filter(hostname__in=hosts):
        found[service.hostname.lower()].append(service)
    unknown = sorted(hosts - found.keys())[:MOST_UNKNOWN]
    if not unknown:
        return found
    # An address may name another host than the endpoint: an alias in front of several machines.
    host_of_url = Func(Lower("url"), Value("//([^/:?#]+)"), function="substring")
    listed = Q()
    if len(unknown) <= MOST_HOSTS:
        for host in unknown:
            listed |= Q(endpoints__icontains=f"//{host}")
    for service in present.alias(url_host=host_of_url).filter(Q(url_host__in=unknown) | listed):
        for host in unknown:
            if any(_names_host(address, host) for address in _addresses(service)):
                found[host].append(service)
    return found


def _names_host(address: str, host: str) -> bool:
    _scheme, slashes, rest = address.lower().partition("//")
    return bool(slashes) and re.split(r"[/:?#]", rest, maxsplit=1)[0] == host


def _names_in(text: str, facts: Iterable[texts.Fact]) -> dict[str, str]:
    """Return what may be the name of a site: in lower case, with how the text writes it.

    Runs of up to eight words of the beginning, and what looks like a site anywhere.
    """
    tokens = [token.strip(_EDGES) for token in _TOKEN.findall(text[:8_000])[:MOST_TOKENS]]
    found: dict[str, str] = {}
    for start, token in enumerate(tokens):
        # Official names begin with a capital; aliases of a few words are typed in any way.
        longest = LONGEST_NAME if token[:1].isupper() else LONGEST_ALIAS
        for length in range(1, longest + 1):
            run = tokens[start : start + length]
            if len(run) < length or not run[-1]:
                break
            written = " ".join(run)
            if len(written) >= SHORTEST_NAME:
                found.setdefault(written.lower(), written)
    for match in _SIGNS.finditer(text[:2_000]):
        for start in range(len(match[0])):
            for length in range(2, min(LONGEST_SIGNS, len(match[0]) - start) + 1):
                signs = match[0][start : start + length]
                found.setdefault(signs.lower(), signs)
    for fact in facts:
        if fact.kind in ("site", "host"):
            found.setdefault(fact.value.lower(), fact.value)
    return found


def _sites_by_name(names: Iterable[str]) -> dict[str, list[Site]]:
    wanted = list(set(names))
    if not wanted:
        return {}
    keys: dict[str, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        # One array, not four lists of parameters: a text has a thousand runs of words.
        cursor.execute(_BY_NAME, {"names": wanted})
        for name, key in cursor.fetchall():
            keys[name].add(key)
    sites = Site.objects.in_bulk({key for each in keys.values() for key in each}) if keys else {}
    return {
        name: sorted((sites[key] for key in found), key=lambda site: site.name)
        for name, found in keys.items()
    }
