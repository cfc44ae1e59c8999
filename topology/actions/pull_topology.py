"""Bring sites, services, operations centres and contacts in line with what GOCDB says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from juno_support.feeds.registry import Gathered, Question, Stored, Traffic
from juno_support.lib.faults import AnswerNotUnderstood
from topology.actions import store_topology
from topology.clients.gocdb import GocdbClient, read_all_pages
from topology.parsers import gocdb
from topology.parsers.records import (
    CentreRecord,
    ContactRecord,
    Refusal,
    Rows,
    ServiceRecord,
    SiteRecord,
)

SOURCE = "gocdb"
# A quarter fewer rows than last time is more likely a fault upstream than a wave of closures.
LARGEST_SHRINK = 0.25
# Asked in this order: a server that ignores the filter is found out by the first.
STATUSES_ASKED = ("Suspended", "Closed", "Candidate", "Uncertified", "Certified")

Record = TypeVar("Record")


@dataclass(frozen=True)
class Topology:
    """Everything that one poll understood.

    ``refused_keys`` are rows that exist but could not be read: they are not missing.
    ``contacts`` is None where they were not asked for. ``is_whole`` is False where an answer
    surely was not everything.
    """

    centres: tuple[CentreRecord, ...]
    sites: tuple[SiteRecord, ...]
    services: tuple[ServiceRecord, ...]
    contacts: tuple[tuple[ContactRecord, ...], ...] | None
    refused_keys: frozenset[str]
    is_whole: bool


class TopologyPoller:
    """Asks GOCDB what exists; the private part only where there is a certificate."""

    def gather(self, question: Question) -> Gathered:
        """Ask for everything, understand it, write nothing.

        :raises juno_support.lib.faults.FetchFault: when there is no usable answer
        """
        client = client_for(question)
        notes = _Notes()
        sites, is_private = _sites(client, notes)
        if is_private:
            centres = _centres(client, notes)
            contacts = _contacts(client, notes)
        else:
            centres = notes.take(([gocdb.parse_centre_list(client.get_roc_list())], True))
            contacts = None
        services = notes.take(read_all_pages(client.get_services, gocdb.parse_services))
        return Gathered(
            payload=Topology(
                centres=centres,
                sites=sites,
                services=services,
                contacts=contacts,
                refused_keys=frozenset(refusal.key for refusal in notes.refused if refusal.key),
                is_whole=notes.is_whole,
            ),
            traffic=Traffic.of(client.traffic),
            refused=tuple((refusal.row, refusal.reason) for refusal in notes.refused),
            notes=tuple(notes.words),
        )

    def store(self, question: Question, gathered: Gathered) -> Stored:
        """Bring our rows in line, unless the answer shrank so much that it cannot be true."""
        topology: Topology = gathered.payload
        seen = {
            "operations_centres": len(topology.centres),
            "sites": len(topology.sites),
            "services": len(topology.services),
        }
        if topology.contacts is not None:
            seen["contacts"] = sum(len(people) for people in topology.contacts)
        doubt = "" if question.trust else _doubt(seen, question.last_seen)
        if doubt:
            return Stored(seen=seen, changed={}, suspicious=doubt)
        changed, refused = store_topology.store(
            poll=store_topology.Poll(
                source=SOURCE,
                present_keys=topology.refused_keys,
                is_whole=topology.is_whole,
                at=question.at,
            ),
            centres=topology.centres,
            sites=topology.sites,
            services=topology.services,
            contacts=topology.contacts,
        )
        return Stored(
            seen=seen,
            changed=changed,
            refused=refused,
            suspicious=""
            if topology.is_whole
            else "The server repeats a page instead of going on; what came was kept, "
            "and nothing is taken for gone.",
        )


POLLER = TopologyPoller()


def client_for(question: Question) -> GocdbClient:
    """Return a client with the address and credential that are in force."""
    configuration = question.configuration
    return GocdbClient(
        configuration.url,
        certificate=configuration.client_certificate,
        ca_bundle=configuration.ca_bundle or None,
    )


class _Notes:
    """What was odd in the answers of one poll."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.refused: list[Refusal] = []
        self.is_whole = True

    def take(self, answer: tuple[Iterable[Rows[Record]], bool]) -> tuple[Record, ...]:
        """Keep the oddities of all pages, and return their records, each key once."""
        pages, is_whole = answer
        self.is_whole = self.is_whole and is_whole
        records: dict[object, Record] = {}
        for page in pages:
            self.refused.extend(page.refused)
            self.words.extend(page.remarks)
            if page.repaired:
                self.words.append(f"{page.repaired} characters that XML forbids were taken out.")
            for record in page.records:
                records.setdefault(getattr(record, "key", record), record)
        return tuple(records.values())


def _sites(client: GocdbClient, notes: _Notes) -> tuple[tuple[SiteRecord, ...], bool]:
    """Read all sites, with all their fields where the private part tells; and say whether it did.

    What a refused certificate means, the caller of all this decides; a private part that is not
    there, or is broken, costs only what it alone tells.
    """
    if client.has_certificate:
        pages = _or_say_so(
            lambda: read_all_pages(client.get_sites, gocdb.parse_sites),
            "Addresses of sites are not told",
            notes,
        )
        if pages is not None:
            return notes.take(pages), True
    sites = notes.take(([gocdb.parse_site_list(client.get_site_list())], True))
    return _with_statuses(client, sites, notes), False


def _with_statuses(
    client: GocdbClient, sites: tuple[SiteRecord, ...], notes: _Notes
) -> tuple[SiteRecord, ...]:
    """Find out certification statuses by asking for the sites of each status.

    The public part does not show the status, but filters by it. A server that does not know or
    ignores the filter leaves all statuses untold.
    """
    everybody = {site.key for site in sites}
    status_of: dict[str, str] = {}
    for status in STATUSES_ASKED:
        try:
            answer = gocdb.parse_site_list(client.get_site_list(status))
        except AnswerNotUnderstood as fault:
            notes.words.append(f"Certification statuses are not told: {fault.reason}")
            return sites
        keys = {site.key for site in answer.records}
        ignored = keys == everybody and status != STATUSES_ASKED[-1]
        if ignored or any(key in status_of for key in keys):
            notes.words.append("Certification statuses are not told: the filter is ignored.")
            return sites
        status_of.update(dict.fromkeys(keys, status))
    return tuple(
        replace(
            site,
            certification_status=status_of.get(site.key, site.certification_status),
        )
        for site in sites
    )


def _centres(client: GocdbClient, notes: _Notes) -> tuple[CentreRecord, ...]:
    """Read operations centres with their addresses, or at least their names."""
    pages = _or_say_so(
        lambda: read_all_pages(client.get_ngis, gocdb.parse_centres),
        "Addresses of operations centres are not told",
        notes,
    )
    return notes.take(pages or ([gocdb.parse_centre_list(client.get_roc_list())], True))


def _contacts(client: GocdbClient, notes: _Notes) -> tuple[tuple[ContactRecord, ...], ...] | None:
    """Read the people of sites; None where the server does not tell them."""
    pages = _or_say_so(
        lambda: read_all_pages(client.get_site_contacts, gocdb.parse_site_contacts),
        "People of sites are not told",
        notes,
    )
    return None if pages is None else notes.take(pages)


def _or_say_so(ask: Callable[[], Record], words: str, notes: _Notes) -> Record | None:
    """Ask for what we can do without; a server that does not have it costs nothing else."""
    try:
        return ask()
    except AnswerNotUnderstood as fault:
        notes.words.append(f"{words}: {fault.reason}")
        return None


def _doubt(seen: dict[str, int], last_seen: dict[str, int]) -> str:
    """Say why these counts cannot be true, or nothing."""
    for kind in ("sites", "services"):
        now, before = seen[kind], last_seen.get(kind, 0)
        if now == 0:
            return f"The answer holds no {kind} at all; what we had is kept."
        lost = before - now
        if lost > 1 and lost > before * LARGEST_SHRINK:
            return (
                f"{kind.capitalize()} fell from {before} to {now}, more than "
                f"{LARGEST_SHRINK:.0%} at once; what we had is kept."
            )
    return ""
