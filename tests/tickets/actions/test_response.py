"""The response clock: when it begins, ends, moves and is counted anew (domain: section 7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from supportunits.actions import units
from supportunits.models import Quality, SupportUnit
from tests.cast import Cast
from tests.make import make_unit
from tests.tickets.make import make_ticket, write
from tickets.actions import assign, clock_round, relations, spam, undo, work
from tickets.models import (
    HistoryEntry,
    Kind,
    Outcome,
    Priority,
    ResponsePeriod,
    Ticket,
    TicketType,
    UndoWindow,
)

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def unit() -> SupportUnit:
    """A unit in Rome with the quickest quality of support."""
    return make_unit(name="CNAF", time_zone="Europe/Rome", quality=Quality.ADVANCED)


def _file(cast: Cast, unit: SupportUnit | None = None, **fields: Any) -> Ticket:
    priority = fields.pop("priority", Priority.TOP)
    return make_ticket(by=cast.ada, at=MONDAY, unit=unit, priority=priority, **fields)


def _moments(ticket: Ticket) -> list[datetime | None]:
    ticket.refresh_from_db()
    return [ticket.yellow_at, ticket.amber_at, ticket.due_at, ticket.next_clock_at]


def _periods(ticket: Ticket) -> list[tuple[str, datetime, datetime | None, str]]:
    rows = ResponsePeriod.objects.filter(ticket=ticket).order_by("pk").select_related("unit")
    return [(row.unit.name, row.starts_at, row.ends_at, row.outcome) for row in rows]


def test_a_new_ticket_runs_tpms_hour(cast: Cast) -> None:
    ticket = _file(cast)

    quarter = HOUR / 4
    assert _moments(ticket) == [
        MONDAY + 2 * quarter,
        MONDAY + 3 * quarter,
        MONDAY + HOUR,
        MONDAY + 3 * quarter,
    ]
    assert _periods(ticket) == [("TPM", MONDAY, None, "")]


def test_a_unit_gets_a_clock_of_its_own_and_tpms_ends(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast)
    assigned = MONDAY + HOUR

    assign.assign_to_unit(ticket=ticket, unit=unit, by=cast.carla, at=assigned)

    assert _moments(ticket)[2] == assigned + 4 * HOUR
    assert _periods(ticket) == [
        ("TPM", MONDAY, assigned, Outcome.MOVED),
        ("CNAF", assigned, None, ""),
    ]


def test_another_unit_begins_anew(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    other = make_unit(name="IHEP", time_zone="Asia/Shanghai", quality=Quality.BASE)
    moved = MONDAY + 2 * HOUR

    assign.assign_to_unit(ticket=ticket, unit=other, by=cast.carla, at=moved, reason="Not ours.")

    # 19:00 in Beijing: five working days from Tuesday 09:00 there end next Monday at 17:00.
    assert _moments(ticket)[2] == datetime(2026, 1, 19, 9, 0, tzinfo=UTC)
    assert [row[3] for row in _periods(ticket)] == [Outcome.MOVED, ""]


def test_taking_it_is_the_response(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)

    work.take(ticket=ticket, by=cast.boris, at=MONDAY + HOUR)

    assert _moments(ticket) == [None] * 4
    assert _periods(ticket) == [("CNAF", MONDAY, MONDAY + HOUR, Outcome.ANSWERED)]


@pytest.mark.parametrize(("is_public", "outcome"), [(True, Outcome.ANSWERED), (False, "")])
def test_a_public_answer_is_the_response_and_an_internal_note_is_not(
    cast: Cast, unit: SupportUnit, is_public: bool, outcome: str
) -> None:
    ticket = _file(cast, unit)

    write(ticket=ticket, by=cast.boris, is_public=is_public, at=MONDAY + HOUR)

    assert _periods(ticket)[0][3] == outcome


def test_the_submitters_own_word_is_none(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    write(ticket=ticket, by=cast.ada, at=MONDAY + HOUR)
    assert _periods(ticket)[0][3] == ""


def test_what_is_withdrawn_was_not_answered(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    work.take_step(ticket=ticket, step="withdraw", by=cast.ada, at=MONDAY + HOUR)
    assert _periods(ticket)[0][3] == Outcome.ENDED


def test_what_is_left_to_another_ticket_was_not_answered_by_its_unit(
    cast: Cast, unit: SupportUnit
) -> None:
    master, ticket, parent = _file(cast), _file(cast, unit), _file(cast, unit)

    relations.mark_duplicate(ticket=ticket, master=master, by=cast.boris, at=MONDAY + HOUR)
    relations.make_child(ticket=master, parent=parent, by=cast.boris, at=MONDAY + HOUR)

    for each in (ticket, parent):
        assert _periods(each) == [("CNAF", MONDAY, MONDAY + HOUR, Outcome.HELD)]
        each.refresh_from_db()
        assert _moments(each) == [None] * 4


def test_a_supporter_who_puts_it_on_hold_until_a_date_has_answered(
    cast: Cast, unit: SupportUnit
) -> None:
    ticket = _file(cast, unit)
    until = MONDAY + timedelta(days=2)
    work.take_step(
        ticket=ticket, step="hold", by=cast.boris, at=MONDAY + HOUR, reason="x", until=until
    )
    assert _periods(ticket)[0][3] == Outcome.ANSWERED


def test_reopening_begins_a_new_clock(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    work.take_step(
        ticket=ticket, step="solve", by=cast.boris, at=MONDAY, solution="Done.", code="FIXED"
    )
    again = MONDAY + timedelta(days=1)

    work.take_step(ticket=ticket, step="reopen", by=cast.ada, at=again, comment="No.")

    assert _moments(ticket)[2] == again + 4 * HOUR
    assert [row[1:] for row in _periods(ticket)] == [
        (MONDAY, MONDAY, Outcome.ANSWERED),
        (again, None, ""),
    ]


def test_the_clock_never_pauses_in_assigned(cast: Cast, unit: SupportUnit) -> None:
    """An internal note, an involved person, a next step: none of them moves the deadline."""
    ticket = _file(cast, unit)
    before = _moments(ticket)
    write(ticket=ticket, by=cast.boris, is_public=False, at=MONDAY + HOUR)
    assign.involve(ticket=ticket, person=cast.carla, by=cast.boris, at=MONDAY + HOUR)
    assert _moments(ticket) == before


def test_another_priority_counts_anew_from_the_start(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)

    work.set_priority(ticket=ticket, priority=Priority.URGENT, by=cast.boris, at=MONDAY + HOUR)

    # One working day of eight hours from Monday 10:00 in Rome.
    assert _moments(ticket)[2] == datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
    assert ResponsePeriod.objects.get(ticket=ticket).priority == Priority.URGENT


def _undone(ticket: Ticket, unit: SupportUnit, cast: Cast, at: datetime) -> None:
    """Assign the ticket as the desk does, and take it back five seconds later."""
    window = undo.with_undo(
        ticket=ticket,
        action=UndoWindow.Action.ASSIGN,
        do=lambda locked: assign.assign_to_unit(
            ticket=locked, unit=unit, by=cast.carla, at=at, reason="Yours."
        ),
        by=cast.carla,
        at=at,
    )
    assert window is not None
    undo.undo(window=window, by=cast.carla, at=at + timedelta(seconds=5))


def test_undo_lets_the_old_clock_run_on(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast)
    before = _moments(ticket)

    _undone(ticket, unit, cast, MONDAY + HOUR / 4)

    assert _moments(ticket) == before
    assert _periods(ticket) == [("TPM", MONDAY, None, "")]


def test_undo_of_what_had_no_clock_leaves_none(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    work.take(ticket=ticket, by=cast.boris, at=MONDAY)

    _undone(ticket, cast.in2p3_unit, cast, MONDAY + HOUR)

    assert _moments(ticket) == [None] * 4
    assert [row[3] for row in _periods(ticket)] == [Outcome.ANSWERED]


def test_spam_that_was_none_begins_anew(cast: Cast) -> None:
    ticket = _file(cast)
    spam.discard(ticket=ticket, by=cast.carla, at=MONDAY)
    assert _moments(ticket) == [None] * 4
    spam.recover(ticket=ticket, by=cast.carla, at=MONDAY + HOUR)
    assert [row[3] for row in _periods(ticket)] == [Outcome.ENDED, ""]
    assert _moments(ticket)[2] == MONDAY + 2 * HOUR


def test_a_unit_that_changes_its_hours_has_its_deadlines_counted_anew(
    cast: Cast, unit: SupportUnit
) -> None:
    ticket, other = _file(cast, unit), _file(cast)
    untouched = _moments(other)

    units.change_unit(unit=unit, changes={"quality": Quality.BASE}, by=None, at=MONDAY)

    assert _moments(ticket)[2] == MONDAY + 4 * HOUR  # not in the request
    assert clock_round.recount_changed_units(at=MONDAY) == 1
    assert _moments(ticket)[2] == datetime(2026, 1, 19, 9, 0, tzinfo=UTC)
    assert _moments(other) == untouched
    assert clock_round.recount_changed_units(at=MONDAY) == 0


def _marks(ticket: Ticket) -> tuple[bool, bool]:
    period = ResponsePeriod.objects.get(ticket=ticket)
    return period.amber_told_at is not None, period.due_told_at is not None


def test_what_was_told_stays_told_while_its_moment_has_passed(
    cast: Cast, unit: SupportUnit
) -> None:
    ticket = _file(cast, unit, priority=Priority.URGENT)
    late = datetime(2026, 1, 14, 9, 0, tzinfo=UTC)
    clock_round.look_at_due(at=late)

    work.set_priority(ticket=ticket, priority=Priority.TOP, by=cast.boris, at=late)

    assert _moments(ticket)[3] is None
    assert _marks(ticket) == (True, True)
    assert clock_round.look_at_due(at=late + 48 * HOUR) == 0


def test_amber_stays_told_where_only_red_lies_ahead(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    shortly_before = datetime(2026, 1, 13, 8, 30, tzinfo=UTC)  # of the next day's 10:00 in Rome
    clock_round.look_at_due(at=shortly_before)

    work.set_priority(ticket=ticket, priority=Priority.URGENT, by=cast.boris, at=shortly_before)

    _yellow, amber, due, following = _moments(ticket)
    assert amber is not None and amber < shortly_before
    assert following == due
    assert _marks(ticket) == (True, False)


def test_a_moment_that_lies_ahead_again_is_told_again(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    clock_round.look_at_due(at=MONDAY + 5 * HOUR)
    assert _marks(ticket) == (True, True)

    lower = Priority.LESS_URGENT
    work.set_priority(ticket=ticket, priority=lower, by=cast.boris, at=MONDAY + 5 * HOUR)

    _yellow, amber, due, following = _moments(ticket)
    assert amber is not None and due is not None and amber > MONDAY + 5 * HOUR
    assert following == amber
    assert _marks(ticket) == (False, False)
    told = HistoryEntry.objects.filter(ticket=ticket, kind=Kind.RESPONSE_DUE).order_by("pk")
    for moment in (amber, due):
        assert clock_round.look_at_due(at=moment) == 1
    assert [entry.facts["colours"] for entry in told] == [["amber", "red"], ["amber"], ["red"]]


def test_a_deadline_that_a_unit_moves_is_told_again(cast: Cast, unit: SupportUnit) -> None:
    ticket = _file(cast, unit)
    clock_round.look_at_due(at=MONDAY + 5 * HOUR)

    units.change_unit(unit=unit, changes={"quality": Quality.BASE}, by=None, at=MONDAY)
    clock_round.recount_changed_units(at=MONDAY + 5 * HOUR)

    _yellow, amber, _due, following = _moments(ticket)
    assert following == amber
    assert _marks(ticket) == (False, False)


def test_recounting_many_units_costs_a_fixed_number_of_queries(
    cast: Cast, unit: SupportUnit, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        _file(cast, make_unit(name=f"Unit {number}x"))
    with django_assert_num_queries(2):
        assert clock_round.recount_changed_units(at=MONDAY) == 0
    SupportUnit.objects.filter(name__endswith="x").update(time_zone="Asia/Shanghai")
    with django_assert_num_queries(8):  # two to find, savepoints and two reads and two updates
        assert clock_round.recount_changed_units(at=MONDAY) == 20


def test_a_team_ticket_to_a_site_runs_the_units_clock(cast: Cast) -> None:
    ticket = _file(cast, type=TicketType.TEAM, vo=cast.juno, notified_site=cast.in2p3)
    assert _periods(ticket) == [("IN2P3-CC", MONDAY, None, "")]
