"""Alarm drills: one step, a marked test at each centre, minutes by quarter, who is missing."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from supportunits.models import ContactRole, Tier, VOSite
from tests.make import AT, make_card, make_contact, make_downtime, make_site, make_user
from tests.tickets.alarms import clock_of
from tickets import tasks
from tickets.actions import wall_clock
from tickets.actions.drill import NoDrill, quarter_of, start_drill
from tickets.actions.row import NotAllowed
from tickets.models import AlarmDrill, Category, Ticket, TicketType

URL = "/alarm-drills/juno/"


@pytest.fixture
def manager(cast):
    person = make_user(username="wei", name="Wei Zhang")
    make_contact(card=make_card(vo=cast.juno), role=ContactRole.MANAGER, account=person)
    return person


def start(cast, by, *sites, at=AT, key=None):
    return start_drill(
        vo=cast.juno,
        sites=sites or (cast.in2p3, cast.beijing),
        submission_key=key or uuid.uuid4(),
        by=by,
        at=at,
    )


def text_of(page):
    return page.content.decode()


@pytest.mark.parametrize(
    ("moment", "quarter"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), (2026, 1)),
        (datetime(2026, 3, 31, 23, 59, tzinfo=UTC), (2026, 1)),
        (datetime(2026, 4, 1, tzinfo=UTC), (2026, 2)),
        (datetime(2026, 12, 31, tzinfo=UTC), (2026, 4)),
    ],
)
def test_quarters_are_those_of_utc(moment, quarter):
    assert quarter_of(moment) == quarter


def test_one_step_tests_every_chosen_centre(cast, manager):
    started = start(cast, manager)

    assert {ticket.notified_site for ticket in started.tickets} == {cast.in2p3, cast.beijing}
    for ticket in started.tickets:
        assert (ticket.type, ticket.category) == (TicketType.ALARM, Category.TEST)
        assert "Alarm drill 2026 Q1" in ticket.subject
        assert clock_of(ticket).drill == started.drill


def test_the_managers_of_the_vo_and_admins_start_them(roles):
    started = set()
    for role, person in roles.people.items():
        if person.is_anonymous or role == "left":
            continue
        try:
            start_drill(
                vo=roles.juno,
                sites=[roles.in2p3],
                submission_key=uuid.uuid4(),
                by=roles[role],
                at=AT,
            )
        except NotAllowed:
            continue
        started.add(role)

    assert started == {"VO manager", "admin"}


def test_the_same_form_twice_starts_one_drill(cast, manager):
    key = uuid.uuid4()

    first, second = start(cast, manager, key=key), start(cast, manager, key=key)

    assert first.drill == second.drill
    assert set(first.tickets) == set(second.tickets)
    assert Ticket.objects.count() == 2


def test_a_centre_that_cannot_be_woken_keeps_the_others_from_nothing(cast, manager):
    asleep = make_site(name="CNAF", emergency_email="")
    VOSite.objects.create(vo=cast.juno, site=asleep, tier=Tier.TIER_1)

    started = start(cast, manager, asleep, cast.in2p3)

    assert [ticket.notified_site for ticket in started.tickets] == [cast.in2p3]
    assert [site for site, _words in started.refused] == [asleep]
    with pytest.raises(NoDrill, match="CNAF"):
        start(cast, manager, asleep)
    assert AlarmDrill.objects.count() == 1, "nothing is left of one that tested nobody"


def test_a_drill_climbs_and_is_received_like_a_real_one(cast, manager):
    ticket = start(cast, manager, cast.in2p3).tickets[0]
    wall_clock.climb(at=AT + timedelta(minutes=16))
    wall_clock.confirm_receipt(ticket=ticket, by=cast.boris, at=AT + timedelta(minutes=22))

    assert clock_of(ticket).minutes == 22


# The page


def test_the_table_tells_minutes_by_quarter_and_who_is_missing(cast, manager, client_of, clock_at):
    old = start(cast, manager, at=datetime(2025, 11, 3, 9, tzinfo=UTC)).tickets
    for ticket in old:
        minutes = 12 if ticket.notified_site == cast.in2p3 else 75
        wall_clock.confirm_receipt(
            ticket=ticket,
            by=cast.boris,
            at=datetime(2025, 11, 3, 9, tzinfo=UTC) + timedelta(minutes=minutes),
        )
    start(cast, manager, cast.in2p3)
    clock_at(AT + timedelta(minutes=61))

    page = client_of(cast.ada).get(URL)

    assert page.context["quarters"][:2] == ["2026 Q1", "2025 Q4"]
    cells = {
        line.name: [str(cell) for _quarter, cell in line.cells] for line in page.context["lines"]
    }
    assert "no receipt" not in cells["BEIJING-LCG2"][0] and "75 min" in cells["BEIJING-LCG2"][1]
    assert "no receipt" in cells["IN2P3-CC"][0] and "12 min" in cells["IN2P3-CC"][1]
    assert page.context["missing"] == "BEIJING-LCG2"
    assert "Start the drill" not in text_of(page), "a member only reads it"


def test_a_manager_starts_it_with_one_press(cast, manager, client_of, clock_at):
    clock_at(AT)
    client = client_of(manager)
    page = client.get(URL)
    assert page.context["chosen"] == {cast.in2p3.pk, cast.beijing.pk}
    sent = {"key": str(page.context["key"]), "sites": sorted(page.context["chosen"])}

    page = client.post(f"{URL}start/", sent, follow=True)
    client.post(f"{URL}start/", sent)

    assert "The drill is started at 2 centres." in text_of(page)
    assert Ticket.objects.count() == 2
    assert page.context["missing"] == ""
    tasks.sweep_dispatches()


def test_nobody_chosen_is_said(cast, manager, client_of, clock_at):
    clock_at(AT)

    page = client_of(manager).post(f"{URL}start/", {"key": str(uuid.uuid4())})

    assert page.status_code == 422
    assert "Choose at least one." in text_of(page)
    assert not AlarmDrill.objects.exists()


def test_a_centre_in_a_downtime_is_not_chosen_by_itself(cast, manager, client_of, clock_at):
    clock_at(AT)
    make_downtime(site=cast.in2p3, starts_at=AT, ends_at=AT + timedelta(hours=1))

    page = client_of(manager).get(URL)

    assert page.context["chosen"] == {cast.beijing.pk}
    assert "in a declared downtime until 2026-01-12 09:30 UTC" in text_of(page)


def test_who_may_not_know_of_the_vo_finds_nothing(cast, client_of, clock_at):
    clock_at(AT)

    assert client_of(cast.eve).get(URL).status_code == 404
    assert client_of(cast.boris).get(URL).status_code == 200
    assert client_of(cast.boris).post(f"{URL}start/", {"sites": [1]}).status_code == 403
    assert client_of(cast.ada).get("/alarm-drills/nothing/").status_code == 404


def test_the_table_of_many_centres_takes_few_queries(
    cast, manager, client_of, clock_at, django_assert_max_num_queries
):
    clock_at(AT)
    for _ in range(12):
        VOSite.objects.create(vo=cast.juno, site=make_site(), tier=Tier.TIER_1)
    client = client_of(manager)
    client.get(URL)

    with django_assert_max_num_queries(12):
        client.get(URL)
