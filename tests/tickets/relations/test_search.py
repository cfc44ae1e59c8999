"""Relations in the search line."""

import pytest

from tests.make import AT
from tests.tickets.relations.make import make_tickets, solve
from tickets.actions import incident, relations
from tickets.search.run import find


@pytest.fixture
def world(cast):
    storage, joined, duplicate, child, plain = make_tickets(5, by=cast.ada)
    incident.declare_incident(ticket=storage, by=cast.boris, at=AT)
    incident.join_incident(ticket=joined, incident=storage, by=cast.carla, at=AT)
    relations.mark_duplicate(ticket=duplicate, master=storage, by=cast.carla, at=AT)
    relations.make_child(ticket=child, parent=plain, by=cast.carla, at=AT)
    return {
        "storage": storage,
        "joined": joined,
        "duplicate": duplicate,
        "child": child,
        "plain": plain,
    }


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("is:incident", ["storage"]),
        ("is:joined", ["joined"]),
        ("is:duplicate", ["duplicate"]),
        ("is:child", ["child"]),
        ("is:parent", ["plain"]),
        ("incident:{storage}", ["joined"]),
        ("duplicate-of:{storage}", ["duplicate"]),
        ("master:{storage}", ["duplicate"]),
        ("parent:{plain}", ["child"]),
        ("parent:{plain},{storage}", ["child"]),
        ("follow-up-of:{plain}", []),
        ("-is:joined -is:duplicate -is:child", ["plain", "storage"]),
    ],
)
def test_what_hangs_together_is_found(cast, world, line, names):
    text = line.format(**{name: ticket.pk for name, ticket in world.items()})

    page = find(text, user=cast.carla, at=AT)

    assert not page.search.errors
    assert page.ids == [world[name].pk for name in names]


def test_an_incident_that_ended_is_none(cast, world):
    solve(world["storage"], by=cast.boris)

    assert find("is:incident", user=cast.carla, at=AT).ids == []


def test_who_may_not_read_a_joined_ticket_does_not_find_it(cast, world):
    assert find(f"incident:{world['storage'].pk}", user=cast.eve, at=AT).ids == []


def test_a_number_is_asked_for(cast):
    [error] = find("incident:down", user=cast.carla, at=AT).search.errors
    assert "digits" in str(error.error)
