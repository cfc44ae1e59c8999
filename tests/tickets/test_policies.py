"""Who reads how much of which ticket: a table by hand for every role."""

import pytest
from django.http import Http404

from tests.cast import ROLE_NAMES
from tests.make import make_issue_type
from tests.tickets.make import make_ticket
from tickets import policies
from tickets.models import Ticket
from tickets.policies import Reading
from tickets.workflow import Who

# role: (the submitter's ticket without VO, one of the VO juno, a Security one)
READS = {
    "anonymous": ("NOTHING", "NOTHING", "NOTHING"),
    "nobody": ("OUTLINE", "OUTLINE", "NOTHING"),
    "submitter": ("PUBLIC", "PUBLIC", "PUBLIC"),
    "VO member": ("OUTLINE", "PUBLIC", "NOTHING"),
    "VO shifter": ("OUTLINE", "PUBLIC", "NOTHING"),
    "alarmer": ("OUTLINE", "PUBLIC", "NOTHING"),
    "member of another VO": ("OUTLINE", "OUTLINE", "NOTHING"),
    "VO manager": ("OUTLINE", "OUTLINE", "NOTHING"),
    "supporter": ("ALL", "ALL", "NOTHING"),
    "supporter of another unit": ("ALL", "ALL", "NOTHING"),
    "unit manager": ("ALL", "ALL", "NOTHING"),
    "TPM operator": ("ALL", "ALL", "OUTLINE"),
    "CSIRT": ("ALL", "ALL", "ALL"),
    "admin": ("ALL", "ALL", "ALL"),
    "left": ("NOTHING", "NOTHING", "NOTHING"),
}


def _tickets(roles):
    submitter = roles["submitter"]
    security = make_issue_type(name="Break-in", is_security=True)
    return (
        make_ticket(by=submitter),
        make_ticket(by=submitter, vo=roles.juno),
        make_ticket(by=submitter, vo=roles.juno, issue_type=security),
    )


def test_the_table_knows_every_role():
    assert set(READS) == set(ROLE_NAMES)


def test_reading(roles):
    tickets = _tickets(roles)

    found = {
        role: tuple(policies.reads(ticket, roles[role]).name for ticket in tickets)
        for role in ROLE_NAMES
    }

    assert found == READS


def test_lists_and_pages_agree_with_reading(roles):
    tickets = _tickets(roles)

    for role in ROLE_NAMES:
        visible = set(policies.visible_tickets(roles[role]))
        readable = {
            ticket
            for ticket, reading in zip(tickets, READS[role], strict=True)
            if Reading[reading] >= Reading.PUBLIC
        }
        assert visible == readable, role
        for ticket in tickets:
            if ticket in readable:
                assert policies.find_ticket(roles[role], ticket.pk) == ticket
            else:
                with pytest.raises(Http404):
                    policies.find_ticket(roles[role], ticket.pk)


def test_roles_in_a_ticket(roles):
    plain, _of_vo, security = _tickets(roles)
    expected = {
        "submitter": ({Who.OWNER}, {Who.OWNER}),
        "supporter": ({Who.SUPPORTER}, set()),
        "supporter of another unit": ({Who.SUPPORTER}, set()),
        "unit manager": ({Who.SUPPORTER}, set()),
        "TPM operator": ({Who.SUPPORTER}, set()),
        "CSIRT": ({Who.SUPPORTER}, {Who.SUPPORTER}),
    }

    for role in ROLE_NAMES:
        found = (policies.roles_in(plain, roles[role]), policies.roles_in(security, roles[role]))
        assert found == expected.get(role, (set(), set())), role


def test_shifters_own_team_tickets_of_their_vo_and_alarmers_alarm_tickets(roles):
    ticket = make_ticket(by=roles["submitter"], vo=roles.juno)
    owners = {
        "USER": {"submitter"},
        "TEAM": {"submitter", "VO shifter"},
        "ALARM": {"submitter", "alarmer"},
    }

    for ticket_type, expected in owners.items():
        Ticket.objects.filter(pk=ticket.pk).update(type=ticket_type)
        ticket.refresh_from_db()
        found = {role for role in ROLE_NAMES if policies.is_owner(ticket, roles[role])}
        # Whoever left has no role, whatever the rows still say.
        assert found == expected, ticket_type
        helpers = {role for role in ROLE_NAMES if policies.may_change(ticket, roles[role])}
        editors = {role for role in ROLE_NAMES if policies.may_edit(ticket, roles[role])}
        # Who only filed it owns it, and does not edit it.
        assert editors == helpers | (expected - {"submitter"}), ticket_type


def test_reading_a_restricted_ticket_only_as_an_admin_is_logged(roles, caplog):
    hidden = make_ticket(by=roles["submitter"], issue_type=make_issue_type(is_security=True))
    open_one = make_ticket(by=roles["submitter"])

    policies.find_ticket(roles["CSIRT"], hidden.pk)
    policies.find_ticket(roles["submitter"], hidden.pk)
    policies.find_ticket(roles["admin"], open_one.pk)
    assert caplog.records == []
    policies.find_ticket(roles["admin"], hidden.pk)

    admin = roles["admin"]
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"admin {admin.pk} reads restricted ticket {hidden.pk}"]
