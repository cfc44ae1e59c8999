"""Who gets a ticket, line by line of domain section 6: precedence, chains, and their end."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest

from juno_support.errors import NotAcceptable
from supportunits import queries as unit_queries
from supportunits.models import UnitKind, UnitState
from tests.make import (
    AT,
    join_vo,
    make_operations_centre,
    make_site,
    make_site_unit,
    make_unit,
    make_vo_site,
)
from tests.tickets.make import make_ticket
from tickets.actions import hand_over
from tickets.actions.team import submit_team_ticket
from tickets.mail.facts import of_ticket
from tickets.models import TicketType


@dataclass(frozen=True)
class Case:
    """A ticket, the world it meets, and who gets it.

    :ivar own: the state of the site's own unit; empty: it has none
    :ivar centre: likewise of its operations centre's
    """

    what: str
    gets: str
    type: str = TicketType.USER
    sent_to: str = ""
    own: str = UnitState.ACTIVE
    centre: str = UnitState.MAIL_ONLY
    fields: dict[str, Any] = field(default_factory=dict)


CASES = (
    Case("a USER ticket goes to TPM", "TPM"),
    Case("an affected site informs, it does not route", "TPM", sent_to="affected"),
    Case("sent directly to a site: its own unit", "SITE", sent_to="site"),
    Case("a mail-only unit is reached", "SITE", sent_to="site", own=UnitState.MAIL_ONLY),
    Case("else its operations centre", "CENTRE", sent_to="site", own=UnitState.NEEDS_CONTACT),
    Case("a closed unit is passed over", "CENTRE", sent_to="site", own=UnitState.CLOSED),
    Case("else TPM", "TPM", sent_to="site", own="", centre=""),
    Case(
        "else TPM, where both need a contact", "TPM", sent_to="site",
        own=UnitState.NEEDS_CONTACT, centre=UnitState.NEEDS_CONTACT,
    ),
    Case("sent directly to a unit: that unit", "SERVICE", sent_to="unit"),
    Case("TEAM: the notified site's own unit", "SITE", type=TicketType.TEAM, sent_to="site"),
    Case("TEAM: else its centre", "CENTRE", type=TicketType.TEAM, sent_to="site", own=""),
    Case("TEAM: else TPM", "TPM", type=TicketType.TEAM, sent_to="site", own="", centre=""),
    Case(
        "TEAM: TPM by choice", "TPM", type=TicketType.TEAM, sent_to="site",
        fields={"to_tpm": True},
    ),
)  # fmt: skip


@pytest.fixture
def world(cast):
    join_vo(vo=cast.juno, user=cast.eve, is_shifter=True)
    centre = make_operations_centre(name="NGI_IT")
    site = make_site(name="INFN-T1", operations_centre=centre)
    return cast, centre, site


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_who_gets_it(world, case):
    cast, centre, site = world
    if case.own:
        make_site_unit(site=site, state=case.own)
    if case.centre:
        make_unit(
            name="NGI_IT", kind=UnitKind.OPERATIONS_CENTRE, operations_centre=centre,
            state=case.centre,
        )  # fmt: skip
    where = {
        "": {},
        "affected": {"affected_sites": [site]},
        "site": {"notified_site": site},
        "unit": {"unit": make_unit(name="Offline")},
    }[case.sent_to]

    if case.type == TicketType.TEAM:
        ticket = submit_team_ticket(
            draft_id=uuid.uuid4(), by=cast.eve, at=AT, subject="Down", description="It is down.",
            vo=cast.juno, **where, **case.fields,
        )  # fmt: skip
    else:
        ticket = make_ticket(by=cast.ada, **where, **case.fields)

    kinds = {
        "TPM": UnitKind.TPM,
        "SITE": UnitKind.SITE,
        "CENTRE": UnitKind.OPERATIONS_CENTRE,
        "SERVICE": UnitKind.SERVICE,
    }
    assert ticket.unit.kind == kinds[case.gets]
    assert ticket.status == ("NEW" if case.gets == "TPM" else "ASSIGNED")


def test_both_a_site_and_a_unit_is_an_error(world):
    cast, _centre, site = world

    with pytest.raises(NotAcceptable, match="either to a site or to a support unit") as error:
        make_ticket(by=cast.ada, notified_site=site, unit=make_unit(name="Offline"))

    assert error.value.field == "send_to"


def test_the_contact_is_mailed_in_parallel_one_copy_if_it_is_the_list(world):
    cast, _centre, site = world
    make_site_unit(site=site, mailing_list=site.contact_email)

    facts = of_ticket(make_ticket(by=cast.ada, notified_site=site))

    assert facts.site_addresses == (site.contact_email,)
    assert facts.unit.mailing_list == site.contact_email
    # That equal addresses are one mail is pinned in tests/tickets/mail/test_recipients.py.


@pytest.mark.parametrize(
    ("status", "fields", "in_commissioning", "may_be_notified", "keeps_tickets"),
    [
        ("Certified", {}, False, True, True),
        ("", {}, False, True, True),  # not known: shown, not barred
        ("Suspended", {}, False, True, True),
        ("Candidate", {}, False, False, True),
        ("Uncertified", {}, False, False, True),
        ("Uncertified", {}, True, True, True),
        ("Closed", {}, False, False, False),
        ("Closed", {}, True, True, True),
        ("Certified", {"gone_at": AT}, False, False, False),  # missing in three complete polls
    ],
)
def test_certification_decides_who_is_notified_and_who_keeps_tickets(
    world, status, fields, in_commissioning, may_be_notified, keeps_tickets
):
    cast, _centre, site = world
    unit = make_site_unit(site=site)
    ticket = make_ticket(by=cast.ada, notified_site=site)
    assert ticket.unit == unit
    type(site).objects.filter(pk=site.pk).update(certification_status=status, **fields)
    site.refresh_from_db()
    if in_commissioning:
        make_vo_site(
            vo=cast.juno, site=site, is_in_commissioning=True, contact_email="us@example.org"
        )

    if may_be_notified:
        unit_queries.check_notifiable(site)
    else:
        with pytest.raises(unit_queries.SiteCannotBeNotified):
            unit_queries.check_notifiable(site)
    hand_over.leave_closed_units(at=AT)

    ticket.refresh_from_db()
    assert (ticket.unit == unit) == keeps_tickets
    chain = unit_queries.chain_for_site(site)
    assert (unit in chain) == keeps_tickets
    assert chain[-1].kind == UnitKind.TPM


def test_what_was_handed_over_is_not_handed_back(world):
    cast, _centre, site = world
    make_site_unit(site=site)
    ticket = make_ticket(by=cast.ada, notified_site=site)
    type(site).objects.filter(pk=site.pk).update(certification_status="Closed")

    assert hand_over.leave_closed_units(at=AT) == 1
    assert hand_over.leave_closed_units(at=AT) == 0

    ticket.refresh_from_db()
    assert ticket.unit.kind == UnitKind.TPM
