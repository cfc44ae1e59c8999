"""What routing sees of tickets: their facts and words, for many tickets with a few questions.

Rules, suggestions, preview and evaluation look at the same :class:`Seen`, so that a rule cannot fit
in the preview and fail at work. Nothing here ever sees a restricted ticket.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from juno_support.lib import words
from juno_support.lib.text import first_bytes
from tickets.models import AffectedSite, Ticket
from tickets.routing import recognise
from tickets.routing.recognise import Named, Recognised
from topology.models import Site

MOST_TEXT = 16_000
"""Bytes of subject and description in which words are looked for; longer texts are pasted logs."""


@dataclass(frozen=True)
class Seen:
    """What routing sees of one ticket.

    :ivar affected: affected sites
    :ivar named: the sites that the text names; empty where nobody asked
    :ivar service_types: of affected services, of hosts in the text, and named in words; empty where
        nobody asked
    :ivar text: subject and description; ``padded`` is the same as ``words.padded`` gives it
    """

    ticket_id: int
    type: str
    unit_id: int
    vo_id: int | None = None
    issue_type_id: int | None = None
    affected: tuple[Site, ...] = ()
    named: tuple[Named, ...] = ()
    service_types: frozenset[str] = frozenset()
    text: str = field(default="", repr=False)
    padded: str = field(default="  ", repr=False)

    @property
    def sites(self) -> frozenset[int]:
        """The primary keys of the affected sites."""
        return frozenset(site.pk for site in self.affected)

    @property
    def centres(self) -> frozenset[int]:
        """The primary keys of their operations centres."""
        return frozenset(
            site.operations_centre_id
            for site in self.affected
            if site.operations_centre_id is not None
        )


def see(
    tickets: Sequence[Ticket], *, with_names: bool = True, with_services: bool = True
) -> list[Seen]:
    """Return what routing sees of the tickets, in their order. Six queries at most.

    :param with_names: whether to look for names of sites in the texts
    :param with_services: whether to look for services, affected and in the texts
    :raises ValueError: for a restricted ticket: its words never get here
    """
    if any(ticket.is_restricted for ticket in tickets):
        raise ValueError("routing looks at no restricted ticket")
    keys = [ticket.pk for ticket in tickets]
    texts = [
        first_bytes(f"{ticket.subject}\n{ticket.description}", MOST_TEXT) for ticket in tickets
    ]
    affected: dict[int, list[Site]] = defaultdict(list)
    for row in AffectedSite.objects.filter(ticket__in=keys).select_related("site").order_by("pk"):
        affected[row.ticket_id].append(row.site)
    types: dict[int, set[str]] = defaultdict(set)
    if with_services:
        services = Ticket.affected_services.through.objects.filter(ticket__in=keys)
        for key, service_type in services.values_list("ticket_id", "service__service_type"):
            types[key].add(service_type)
    recognised = (
        recognise.recognise(texts, with_names=with_names)
        if with_names or with_services
        else [Recognised()] * len(texts)
    )
    return [
        Seen(
            ticket_id=ticket.pk,
            type=ticket.type,
            unit_id=ticket.unit_id,
            vo_id=ticket.vo_id,
            issue_type_id=ticket.issue_type_id,
            affected=tuple(affected[ticket.pk]),
            named=its.sites,
            service_types=its.service_types | types[ticket.pk],
            text=text,
            padded=words.padded(text),
        )
        for ticket, text, its in zip(tickets, texts, recognised, strict=True)
    ]
