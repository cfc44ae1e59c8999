"""Relations on the ticket's page: what is shown to whom, the small forms, the buttons."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.make import AT, join_vo, make_user, make_vo
from tests.tickets.make import make_ticket, write
from tests.tickets.relations.make import fresh, make_tickets, solve, work_off
from tickets.actions import incident, relations, work
from tickets.models import Incident, RelationKind, Ticket, TicketRelation
from tickets.workflow import Status

MOST_QUERIES = 15


@pytest.fixture
def storage(cast):
    ticket = make_ticket(
        by=cast.ada, subject="Storage down", affected_sites=[cast.in2p3], vo=cast.juno
    )
    return incident.declare_incident(ticket=ticket, by=cast.boris, at=AT)


def _page(client_of, person, ticket, **fields):
    return client_of(person).get(f"/tickets/{ticket.pk}/", fields)


def _press(client_of, person, ticket, what, **fields):
    return client_of(person).post(f"/tickets/{ticket.pk}/{what}/", fields, follow=True)


def test_one_press_declares_joins_leaves_and_ends(cast, client_of):
    storage, ticket = make_tickets(2, by=cast.ada, affected_sites=[cast.in2p3])

    page = _press(client_of, cast.boris, storage, "incident/declare")
    assert "This ticket is the incident" in page.content.decode()
    page = _page(client_of, cast.carla, ticket)
    assert f"Join #{storage.pk}" in page.content.decode()
    page = _press(client_of, cast.carla, ticket, "incident/join", incident=storage.pk)
    assert "Part of the incident" in page.content.decode()
    assert fresh(ticket)[0].status == Status.ON_HOLD
    _press(client_of, cast.carla, ticket, "loose")
    assert fresh(ticket)[0].status == Status.IN_PROGRESS
    _press(client_of, cast.boris, storage, "incident/end")
    assert Incident.objects.get().ended_at is not None


@pytest.mark.parametrize(
    ("what", "kind", "status"),
    [("duplicate", RelationKind.DUPLICATE, Status.ON_HOLD), ("parent", "CHILD", Status.NEW)],
)
def test_the_small_forms_relate(cast, client_of, what, kind, status):
    ticket, other = make_tickets(2, by=cast.ada)
    address = f"/tickets/{ticket.pk}/change/{what}/"
    client = client_of(cast.carla)

    assert client.get(address).status_code == 200
    bad = client.post(address, {"number": "999999"})
    assert bad.status_code == 422
    assert "no ticket #999999" in bad.content.decode()
    itself = client.post(address, {"number": str(ticket.pk)})
    assert "itself" in itself.content.decode()
    assert client.post(address, {"number": f"#{other.pk}"}).status_code == 302
    assert TicketRelation.objects.get().kind == kind
    assert fresh(ticket)[0].status == status


def test_the_form_to_join_offers_what_the_reader_may_know(cast, client_of, storage):
    stranger = make_user(username="other")
    join_vo(vo=make_vo(name="belle"), user=stranger)
    ticket = make_ticket(by=stranger)
    address = f"/tickets/{ticket.pk}/change/join/"

    words = client_of(stranger).get(address).content.decode()
    assert f"#{storage.pk}" in words
    assert "IN2P3-CC" in words
    assert "Storage down" not in words
    assert "Storage down" in client_of(cast.carla).get(address).content.decode()
    assert client_of(stranger).post(address, {}).status_code == 422
    assert client_of(stranger).post(address, {"incident": storage.pk}).status_code == 302
    page = _page(client_of, stranger, ticket).content.decode()
    assert "Part of the incident" in page
    assert "Storage down" not in page


def test_who_may_not_is_told_so(cast, client_of, storage):
    page = _press(client_of, cast.ada, storage, "incident/end")
    assert page.status_code == 403
    assert "Only supporters end an incident" in page.content.decode()
    ticket = make_ticket(by=cast.ada)
    assert _press(client_of, cast.ada, ticket, "incident/declare").status_code == 403
    assert _press(client_of, cast.carla, ticket, "incident/join", incident="x").status_code == 404
    assert _press(client_of, cast.carla, ticket, "loose").status_code == 422
    assert _press(client_of, cast.carla, ticket, "free-child").status_code == 422


def test_a_parent_says_what_it_waits_for_and_a_child_whose_it_is(cast, client_of):
    parent, child = make_tickets(2, by=cast.ada)
    relations.make_child(ticket=child, parent=parent, by=cast.carla, at=AT)

    assert "waits for 1 open child" in _page(client_of, cast.carla, parent).content.decode()
    assert "A child of" in _page(client_of, cast.carla, child).content.decode()
    page = client_of(cast.carla).post(
        f"/tickets/{parent.pk}/reply/",
        {
            "words": "Done.",
            "side": "public",
            "key": uuid.uuid4(),
            "step": "solve",
            "code": "FIXED",
            "seen": fresh(parent)[0].last_entry_id,
        },
    )
    assert page.status_code == 422
    assert "waits for its children" in page.content.decode()
    _press(client_of, cast.carla, child, "free-child")
    assert fresh(parent)[0].status == Status.IN_PROGRESS


def test_a_follow_up_with_one_click(cast, client_of):
    old = solve(make_ticket(by=cast.ada, vo=cast.juno), by=cast.carla)
    work.take_step(ticket=old, step="verify", by=cast.ada, at=AT)
    write(ticket=old, by=cast.ada, words="It is back.")
    page = _page(client_of, cast.ada, old)
    key = page.context["follow_up_key"]

    for _twice in range(2):
        page = _press(client_of, cast.ada, old, "follow-up", key=key)
    new = Ticket.objects.latest("pk")
    assert page.redirect_chain[-1][0] == f"/tickets/{new.pk}/"
    assert "It is back." in page.content.decode()
    assert Ticket.objects.count() == 2
    assert "It goes on in" in _page(client_of, cast.ada, old).content.decode()
    assert _press(client_of, cast.ada, old, "follow-up", key=uuid.uuid4()).status_code == 422
    assert _press(client_of, cast.ada, old, "follow-up", key="x").status_code == 404


def test_hundreds_of_joined_tickets_cost_the_page_nothing_more(cast, client_of, storage):
    tickets = make_tickets(12, by=cast.eve)
    for ticket in tickets:
        incident.join_incident(ticket=ticket, incident=storage, by=cast.carla, at=AT)
    for ticket in make_tickets(6, by=cast.eve):
        relations.mark_duplicate(ticket=ticket, master=storage, by=cast.carla, at=AT)
    client = client_of(cast.boris)
    client.get(f"/tickets/{storage.pk}/")

    with CaptureQueriesContext(connection) as found:
        page = client.get(f"/tickets/{storage.pk}/")

    words = page.content.decode()
    assert len(found) <= MOST_QUERIES
    assert "18 others follow it" in words
    assert "This answers 18 further tickets" in words
    assert f'/tickets/?q=incident%3A{storage.pk}"' in words
    listed = client.get("/tickets/", {"q": f"incident:{storage.pk}"})
    assert str(tickets[0].pk) in listed.content.decode()


def test_what_passed_on_is_marked_in_the_timeline(cast, client_of, storage):
    ticket = make_ticket(by=cast.eve)
    incident.join_incident(ticket=ticket, incident=storage, by=cast.carla, at=AT)
    write(ticket=storage, by=cast.boris, words="A disk is being replaced.")
    solve(storage, by=cast.boris)
    work_off()
    words = _page(client_of, cast.eve, ticket).content.decode()

    assert f"from #{storage.pk}" in words
    assert "A disk is being replaced." in words
    assert "The disk was replaced." in words
    assert "reopen this one alone" in words
    assert "joined this ticket to the incident" in words
