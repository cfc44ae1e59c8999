"""Which addresses of a notified site hear of a new ticket."""

import pytest

from tests.make import AT, make_operations_centre, make_site, make_site_unit
from tests.tickets.make import make_ticket
from tickets.actions import assign
from tickets.mail import facts, outgoing
from tickets.mail.recipients import Centre
from tickets.models import Kind


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Certified", Centre()),
        ("", Centre()),
        ("Suspended", Centre("NGI_IT", ("help@ngi.example.org",))),
    ],
)
def test_the_operations_centre_of_a_suspended_site_is_added(cast, status, expected):
    centre = make_operations_centre(name="NGI_IT", helpdesk_email="help@ngi.example.org")
    site = make_site(
        name="INFN-T1",
        operations_centre=centre,
        certification_status=status,
        contact_email="site@example.org",
    )
    ticket = make_ticket(by=cast.ada, notified_site=site)

    found = facts.of_ticket(ticket)
    assert (found.site_addresses, found.site_centre) == (("site@example.org",), expected)


@pytest.mark.parametrize(("status", "hears"), [("Certified", False), ("Suspended", True)])
def test_it_hears_too_when_the_sites_unit_gets_the_ticket_later(cast, status, hears):
    centre = make_operations_centre(name="NGI_IT", email="ngi@example.org")
    site = make_site(name="INFN-T1", operations_centre=centre, certification_status=status)
    unit = make_site_unit(site=site)
    ticket = make_ticket(by=cast.ada)
    ticket = assign.assign_to_unit(ticket=ticket, unit=unit, by=cast.carla, at=AT)

    mails = outgoing.compose([ticket.history.get(kind=Kind.ASSIGNED_TO_UNIT)])

    found = [mail for mail in mails if mail.to_address == "ngi@example.org"]
    assert len(found) == int(hears)
    assert all("the operations centre NGI_IT" in mail.reason for mail in found)
    # The ticket is news to the centre: the mail tells it from the start.
    assert all(ticket.description in mail.body for mail in found)


def test_it_hears_of_a_ticket_once_where_both_are_the_same_address(cast):
    centre = make_operations_centre(name="NGI_IT", email="all@example.org")
    site = make_site(
        name="INFN-T1",
        operations_centre=centre,
        certification_status="Suspended",
        contact_email="all@example.org",
    )
    ticket = make_ticket(by=cast.ada, notified_site=site)

    mails = outgoing.compose([ticket.history.get(kind=Kind.SUBMITTED)])

    assert [mail.to_address for mail in mails].count("all@example.org") == 1
