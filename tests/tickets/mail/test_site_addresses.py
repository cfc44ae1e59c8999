"""Which addresses of a notified site hear of a new ticket."""

import pytest

from tests.make import make_operations_centre, make_site
from tests.tickets.make import make_ticket
from tickets.mail import facts


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Certified", ("site@example.org",)),
        ("", ("site@example.org",)),
        ("Suspended", ("site@example.org", "help@ngi.example.org")),
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

    assert facts.of_ticket(ticket).site_addresses == expected
