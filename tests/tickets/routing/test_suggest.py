"""Suggestions: rules first, then what is recognised, then what was learnt; each unit once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from supportunits.models import UnitKind, UnitState
from tests.make import AT, make_issue_type, make_service, make_site, make_site_unit, make_unit
from tests.tickets.make import make_ticket
from tests.tickets.routing.make import make_rule
from tickets.routing.models import LearntModel, LearntWord, Origin, RoutingDecision
from tickets.routing.suggest import suggest_units


@pytest.fixture
def learnt(cast):
    """A model that sends "dcache" to Storage, and knows a ticket to show for it."""
    storage = make_unit(name="Storage")
    shown = make_ticket(by=cast.ada, subject="dcache door")
    model = LearntModel.objects.create(
        trained_at=AT,
        tickets=600,
        routed=600,
        facts={
            "tickets": {storage.pk: 300, cast.in2p3_unit.pk: 300},
            "features": {storage.pk: 3000, cast.in2p3_unit.pk: 3000},
            "different": 500,
            "temperature": 1.0,
        },
    )
    for unit, tickets in ((storage, [shown.pk, 3, 2, 1]), (cast.in2p3_unit, [9])):
        LearntWord.objects.create(
            model=model, feature="w:dcache", unit=unit, count=len(tickets) * 10, tickets=tickets
        )
    return storage, shown


def _told(ticket, user=None):
    return [(made.unit.name, made.source) for made in suggest_units(ticket, user)]


def test_the_order_is_rules_then_recognised_then_learnt_then_what_stands_behind(cast, learnt):
    centre = make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
    )
    make_unit(name="JUNO-Offline", kind=UnitKind.VO, vo=cast.juno)
    ruled = make_unit(name="Ruled")
    make_rule(name="Doors", unit=ruled, by=cast.dmitri, words=["door"])
    ticket = make_ticket(
        by=cast.ada, vo=cast.juno, subject="dcache door", affected_sites=[cast.in2p3]
    )

    assert _told(ticket) == [
        ("Ruled", Origin.RULE),
        ("IN2P3-CC", Origin.SITE),
        ("Storage", Origin.LEARNT),
        (centre.name, Origin.CENTRE),
        ("JUNO-Offline", Origin.VO),
    ]


def test_one_unit_is_one_suggestion_with_all_that_speaks_for_it(cast, learnt):
    storage, shown = learnt
    make_rule(name="Doors", unit=storage, by=cast.dmitri, words=["door"])
    ticket = make_ticket(by=cast.ada, subject="dcache door")

    made = suggest_units(ticket, cast.carla)

    assert [each.unit for each in made] == [storage]
    assert made[0].source == Origin.RULE
    assert made[0].likelihood == "likely"
    assert made[0].reason == (
        f"by the rule “Doors”; “dcache” went there in 4 of 5 tickets, e.g. #{shown.pk}"
    )
    assert made[0].examples == (shown.pk,)


def test_reasons_name_only_tickets_that_the_reader_may_read(cast, learnt):
    _storage, shown = learnt
    ticket = make_ticket(by=cast.ada, subject="dcache")

    for reader in (cast.eve, None):
        made = suggest_units(ticket, reader)[0]
        assert made.examples == ()
        assert made.reason == "“dcache” went there in 4 of 5 tickets"
    assert suggest_units(ticket, cast.ada)[0].examples == (shown.pk,)


def test_what_cannot_receive_tickets_is_not_suggested(cast, learnt):
    storage, _shown = learnt
    rule_unit = make_unit(name="Ruled")
    make_rule(name="Doors", unit=rule_unit, by=cast.dmitri, words=["door"])
    for unit in (storage, rule_unit):
        type(unit).objects.filter(pk=unit.pk).update(state=UnitState.CLOSED)

    assert _told(make_ticket(by=cast.ada, subject="dcache door")) == []


def test_the_ticket_s_own_unit_and_a_closed_site_s_are_left_out(cast):
    closed = make_site(name="OLD-T2", certification_status="Closed")
    make_site_unit(site=closed)
    ticket = make_ticket(by=cast.ada, unit=cast.in2p3_unit, affected_sites=[cast.in2p3, closed])

    assert _told(ticket) == []


def test_of_a_security_ticket_nothing_is_said(cast, learnt):
    kind = make_issue_type(name="Break-in", is_security=True)

    assert suggest_units(make_ticket(by=cast.ada, issue_type=kind, subject="dcache")) == []


def test_a_text_without_a_known_word_gets_no_guess(cast, learnt):
    assert _told(make_ticket(by=cast.ada, subject="Hello", description="Please help.")) == []


def test_the_number_of_questions_is_bounded(cast, learnt):
    make_rule(name="Doors", unit=learnt[0], by=cast.dmitri, words=["door"], service_type="")
    sites = [make_site(name=f"SITE-T{number}") for number in range(8)]
    for site in sites:
        make_site_unit(site=site)
        make_service(site=site, hostname=f"ce.{site.name.lower()}.example.org")
    ticket = make_ticket(
        by=cast.ada,
        vo=cast.juno,
        subject="dcache door",
        description=" ".join(
            f"ce.site-t{number}.example.org SITE-T{number}" for number in range(8)
        ),
        affected_sites=sites[:4],
    )

    with CaptureQueriesContext(connection) as queries:
        suggest_units(ticket, cast.carla)

    assert len(queries) <= 20, "\n".join(query["sql"][:120] for query in queries)


def test_what_tpm_was_shown_and_chose_is_kept(cast, learnt, client_of, clock_at):
    clock_at(AT)
    storage, _shown = learnt
    desk = client_of(cast.carla)
    accepted, refused = (make_ticket(by=cast.ada, subject="dcache") for _ in range(2))

    desk.post(f"/tpm/{accepted.pk}/assign/", {"unit": storage.pk})
    desk.post(f"/tickets/{refused.pk}/change/unit/", {"unit": cast.in2p3_unit.pk, "reason": "x"})

    first, second = RoutingDecision.objects.order_by("pk")
    assert (first.ticket, first.unit, first.rank, first.origin) == (accepted, storage, 1, "learnt")
    assert first.suggestions == [{"unit": storage.pk, "origin": "learnt"}]
    assert (first.decided_by, first.decided_at) == (cast.carla, AT)
    assert (second.ticket, second.unit, second.rank, second.origin) == (
        refused, cast.in2p3_unit, None, "",
    )  # fmt: skip


def test_a_supporter_s_own_hand_over_is_no_decision_of_tpm(cast, learnt, client_of, clock_at):
    clock_at(AT)
    ticket = make_ticket(by=cast.ada, subject="dcache")

    client_of(cast.boris).post(
        f"/tickets/{ticket.pk}/change/unit/", {"unit": learnt[0].pk, "reason": "x"}
    )

    ticket.refresh_from_db()
    assert ticket.unit == learnt[0]
    assert not RoutingDecision.objects.exists()


def test_units_of_sites_that_left_are_not_suggested(cast, learnt):
    make_rule(name="Doors", unit=cast.in2p3_unit, by=cast.dmitri, words=["door"])
    ticket = make_ticket(by=cast.ada, subject="dcache door")
    assert ("IN2P3-CC", Origin.RULE) in _told(ticket)

    cast.in2p3.gone_at = AT
    cast.in2p3.save()

    assert _told(ticket) == [("Storage", Origin.LEARNT)]
