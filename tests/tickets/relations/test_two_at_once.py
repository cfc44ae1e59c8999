"""Two people relate the same tickets at once: one is refused in words, and nobody hangs."""

import threading

import pytest
from django.db import connection

from tests.cast import make_cast
from tests.make import AT
from tests.tickets.relations.make import make_tickets
from tickets.actions import incident, relations
from tickets.models import TicketRelation

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(*actions):
    gate, problems = threading.Barrier(len(actions)), []

    def run(action):
        try:
            gate.wait(timeout=20)
            action()
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return problems


def test_the_same_pair_both_ways():
    cast = make_cast()
    first, second = make_tickets(2, by=cast.ada)

    problems = _at_once(
        *(
            lambda one=one, other=other: relations.mark_duplicate(
                ticket=one, master=other, by=cast.carla, at=AT
            )
            for one, other in ((first, second), (second, first))
        )
    )

    assert TicketRelation.objects.count() == 1
    assert [type(problem).__name__ for problem in problems] == ["CannotRelate"]


def test_a_circle_of_three():
    cast = make_cast()
    a, b, c = make_tickets(3, by=cast.ada)

    problems = _at_once(
        lambda: relations.make_child(ticket=b, parent=a, by=cast.carla, at=AT),
        lambda: relations.make_child(ticket=c, parent=b, by=cast.carla, at=AT),
        lambda: relations.make_child(ticket=a, parent=c, by=cast.carla, at=AT),
    )

    assert TicketRelation.objects.count() == 2
    assert [type(problem).__name__ for problem in problems] == ["CannotRelate"]


def test_joining_while_it_becomes_a_duplicate():
    cast = make_cast()
    storage, other, ticket = make_tickets(3, by=cast.ada)
    incident.declare_incident(ticket=storage, by=cast.boris, at=AT)

    problems = _at_once(
        lambda: incident.join_incident(ticket=ticket, incident=storage, by=cast.carla, at=AT),
        lambda: relations.mark_duplicate(ticket=ticket, master=other, by=cast.carla, at=AT),
    )

    assert TicketRelation.objects.count() == 1
    assert [type(problem).__name__ for problem in problems] == ["CannotRelate"]
