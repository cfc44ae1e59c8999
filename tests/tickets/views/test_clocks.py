"""The response clock where people see it: rows, search, counts, a ticket's page, a unit's page."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from supportunits.models import Quality, SupportUnit
from tests.cast import Cast
from tests.make import make_unit
from tests.tickets.make import make_ticket, write
from tickets import queries, response
from tickets.actions import clock_round, relations
from tickets.desk import lists
from tickets.models import Priority, Ticket, TicketRelation
from tickets.reports.response_times import response_counts
from tickets.search.run import find
from tickets.workflow import Status

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COLOURS = {0: "green", 2: "yellow", 3: "amber", 4: "red", 40: "red"}


@pytest.fixture
def unit(cast: Cast) -> SupportUnit:
    """A unit whose top priority is four working hours; Boris works there."""
    return make_unit(name="CNAF", quality=Quality.ADVANCED, members=(cast.boris,))


@pytest.fixture
def ticket(cast: Cast, unit: SupportUnit) -> Ticket:
    """A ticket of top priority, filed on Monday at nine."""
    return make_ticket(by=cast.ada, at=MONDAY, unit=unit, priority=Priority.TOP)


@pytest.mark.parametrize(("hours", "colour"), COLOURS.items())
def test_a_row_has_colour_and_words(
    cast: Cast,
    ticket: Ticket,
    client_of: Any,
    clock_at: Callable[[datetime], None],
    hours: int,
    colour: str,
) -> None:
    clock_at(MONDAY + hours * HOUR)
    page = client_of(cast.boris).get("/tickets/").content.decode()
    assert f'data-clock="{colour}"' in page
    words = {0: "4 h left", 2: "2 h left", 3: "1 h left", 4: "0 min left", 40: "36 h late"}
    assert words[hours] in page


def test_a_row_without_a_clock_has_none(
    cast: Cast, ticket: Ticket, client_of: Any, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(MONDAY + HOUR)
    write(ticket=ticket, by=cast.boris, at=MONDAY + HOUR)
    assert "data-clock" not in client_of(cast.boris).get("/tickets/").content.decode()


@pytest.mark.parametrize(
    ("hours", "terms"),
    [
        (1, set()),
        (2, {"is:yellow"}),
        (3, {"is:amber"}),
        (4, {"is:late", "is:red"}),
        (8 * 24, {"is:late", "is:red", "is:silent"}),
    ],
)
def test_search_terms(cast: Cast, ticket: Ticket, hours: int, terms: set[str]) -> None:
    lines = ("is:yellow", "is:amber", "is:late", "is:red", "is:silent")
    at = MONDAY + hours * HOUR
    assert {line for line in lines if find(line, user=cast.boris, at=at).ids} == terms


def test_silent_is_five_working_days_and_leaves_out_what_waits(
    cast: Cast, unit: SupportUnit
) -> None:
    silent = make_ticket(by=cast.ada, at=MONDAY, unit=unit)
    asked = make_ticket(by=cast.ada, at=MONDAY, unit=unit)
    write(ticket=asked, by=cast.boris, at=MONDAY, step="ask")
    next_monday = MONDAY + timedelta(days=7)

    def found(at: datetime) -> list[int]:
        return list(find("unit:mine is:silent", user=cast.boris, at=at).ids)

    assert found(next_monday - HOUR) == []
    assert found(next_monday + HOUR) == [silent.pk]


def test_on_hold_is_silent_without_a_date_and_once_it_has_passed(
    cast: Cast, unit: SupportUnit
) -> None:
    """What waits for nothing shows everywhere: search, rail, the unit's page and TPM's desk."""
    since, later = MONDAY - timedelta(days=28), MONDAY + HOUR
    dates = {"without": None, "passed": MONDAY - HOUR, "ahead": MONDAY + 2 * HOUR}
    held = {name: make_ticket(by=cast.ada, at=since, unit=unit) for name in dates}
    for name, date in dates.items():
        on_hold = {"status": Status.ON_HOLD, "hold_until": date, "due_at": None}
        Ticket.objects.filter(pk=held[name].pk).update(**on_hold)
    silent = {held["without"].pk, held["passed"].pk}

    def shown(at: datetime) -> list[set[int] | int]:
        rail = {count.name: count.number for count in queries.rail(cast.boris, at=at)}
        desk = lists.tickets_in("silent", cast.carla, at=at)
        return [
            set(find("unit:mine is:silent", user=cast.boris, at=at).ids),
            rail["silent"],
            response_counts(cast.boris, unit, at=at)["silent"],
            set(desk.values_list("pk", flat=True)),
        ]

    assert shown(MONDAY) == [silent, 2, 2, silent]
    everything = silent | {held["ahead"].pk}
    assert shown(MONDAY + 2 * HOUR) == [everything, 3, 3, everything]
    assert shown(later) == [silent, 2, 2, silent]


def test_what_hangs_on_another_ticket_is_not_silent(cast: Cast, unit: SupportUnit) -> None:
    since = MONDAY - timedelta(days=28)
    master, follower = (make_ticket(by=cast.ada, at=since, unit=unit) for _ in range(2))
    relations.mark_duplicate(ticket=follower, master=master, by=cast.carla, at=since)

    def shown() -> list[set[int]]:
        desk = lists.tickets_in("silent", cast.carla, at=MONDAY)
        search = find("unit:mine is:silent", user=cast.boris, at=MONDAY)
        return [set(desk.values_list("pk", flat=True)), set(search.ids)]

    assert shown() == [{master.pk}, {master.pk}]
    TicketRelation.objects.update(ended_at=MONDAY)
    both = {master.pk, follower.pk}
    assert shown() == [both, both], "nothing else wakes it now"


def test_silent_tickets_are_found_by_their_indexes(cast: Cast, unit: SupportUnit) -> None:
    one = make_ticket(by=cast.ada, at=MONDAY, unit=unit)
    for number in range(1000):
        one.pk, one.submission_key = None, uuid.uuid4()
        one.unit = unit if number % 10 == 0 else cast.in2p3_unit
        one.public_word_at = MONDAY - timedelta(days=40 if number % 50 == 0 else 0)
        one.save()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tickets_ticket")
    at_desk = lists.tickets_in("silent", cast.carla, at=MONDAY).order_by().only("pk")
    here = queries.open_tickets(cast.boris).filter(response.silent(MONDAY), unit=unit).order_by()

    assert "ticket_silent" in at_desk.explain()
    assert "ticket_unit_silent" in here.only("pk").explain()


def test_the_rail_counts_late_and_silent(cast: Cast, ticket: Ticket) -> None:
    def counts(at: datetime) -> dict[str, int]:
        return {count.name: count.number for count in queries.rail(cast.boris, at=at)}

    assert (counts(MONDAY)["late"], counts(MONDAY)["silent"]) == (0, 0)
    after = counts(MONDAY + timedelta(days=8))
    assert (after["late"], after["silent"]) == (1, 1)


def test_the_page_says_when_it_is_due_and_what_was_told(
    cast: Cast, ticket: Ticket, client_of: Any, clock_at: Callable[[datetime], None]
) -> None:
    clock_round.look_at_due(at=MONDAY + 4 * HOUR)
    clock_at(MONDAY + 5 * HOUR)

    page = client_of(cast.boris).get(f"/tickets/{ticket.pk}/").content.decode()

    assert "Response due" in page
    assert "12 Jan, 14:00" in page  # in Paris
    assert "CNAF's managers and TPM were told" in page
    assert "5 h of working time so far" in page
    assert 'data-clock="red"' in page


def test_the_submitter_sees_when_it_is_due_and_nothing_internal(
    cast: Cast, ticket: Ticket, client_of: Any, clock_at: Callable[[datetime], None]
) -> None:
    clock_round.look_at_due(at=MONDAY + 4 * HOUR)
    clock_at(MONDAY + 5 * HOUR)

    page = client_of(cast.ada).get(f"/tickets/{ticket.pk}/").content.decode()

    assert "Response due" in page
    assert "were told" not in page
    assert "of working time so far" not in page


def test_the_units_page_counts_what_waits(
    cast: Cast, ticket: Ticket, client_of: Any, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(MONDAY + 4 * HOUR)
    page = client_of(cast.boris).get("/units/CNAF/").content.decode()
    assert "Response late" in page and "unit%3ACNAF+is%3Alate" in page
    assert "Response late" not in client_of(cast.ada).get("/units/CNAF/").content.decode()
