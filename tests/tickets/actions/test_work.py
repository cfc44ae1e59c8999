"""Steps of the workflow, fields, next step, escalation."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supportunits.queries import SiteCannotBeNotified
from tests.make import AT, make_issue_type, make_site, make_unit, make_user, make_vo
from tests.tickets.make import make_ticket, write
from tickets.actions import close, work
from tickets.actions.row import ChangedMeanwhile, NotAllowed
from tickets.actions.work import CannotEscalate, NeedsMore
from tickets.models import HistoryEntry, Priority, StatusInterval, Ticket, TicketPerson
from tickets.workflow import ANSWERED, STEPS, Need, Status, StepNotAllowed, Who
from topology.models.site import CertificationStatus

GIVEN = {
    "comment": "Please tell us more.",
    "reason": "A release is awaited.",
    "until": AT + timedelta(days=3),
    "solution": "The CE was restarted.",
}


def _step(ticket, name, by, **fields):
    step = next(each for each in STEPS if each.name == name)
    code = {"solve": "FIXED", "leave-unsolved": "INVALID"}.get(name, "")
    needed = {need.value: GIVEN.get(need.value, code) for need in step.needs}
    return work.take_step(ticket=ticket, step=name, by=by, at=AT, **(needed | fields))


def _in(cast, status):
    ticket = make_ticket(by=cast.ada)
    values = {"status": status, "close_after": AT if status in ANSWERED else None}
    Ticket.objects.filter(pk=ticket.pk).update(**values)
    ticket.refresh_from_db()
    return ticket


STEP_CASES = [
    (step.name, status) for step in STEPS if step.name != "assign" for status in step.froms
]


@pytest.mark.parametrize(("name", "status"), STEP_CASES)
def test_every_step_from_every_status(cast, name, status):
    step = next(each for each in STEPS if each.name == name)
    ticket = _in(cast, status)
    by = cast.boris if Who.SUPPORTER in step.who else cast.ada if Who.OWNER in step.who else None

    ticket = _step(ticket, name, by)

    entry = HistoryEntry.objects.latest("pk")
    assert ticket.status == step.to
    assert (entry.kind, entry.facts["status"]) == ("ticket.status-changed", [status, step.to])
    assert StatusInterval.objects.get(ticket=ticket, ends_at=None).status == step.to
    stored = Ticket.objects.get(pk=ticket.pk)
    assert stored.status == step.to
    assert stored.is_open == (step.to not in (*ANSWERED, Status.VERIFIED, Status.CLOSED))
    assert stored.last_entry_id == entry.pk


@pytest.mark.parametrize(
    ("name", "need"),
    [(step.name, need) for step in STEPS if step.name != "assign" for need in step.needs],
)
def test_a_step_says_what_it_needs(cast, name, need):
    step = next(each for each in STEPS if each.name == name)
    ticket = _in(cast, step.froms[0])

    with pytest.raises(NeedsMore) as error:
        _step(ticket, name, cast.boris, **{need.value: None if need == Need.UNTIL else ""})

    assert error.value.field == need
    assert Ticket.objects.get(pk=ticket.pk).status == step.froms[0]


@pytest.mark.parametrize("status", Status.values)
def test_strangers_take_no_step(cast, status):
    ticket = _in(cast, status)

    for step in STEPS:
        if step.name != "assign":
            with pytest.raises(StepNotAllowed):
                _step(ticket, step.name, cast.eve)


def test_taking_a_ticket_makes_one_the_assigned_person(cast):
    ticket = work.take(ticket=make_ticket(by=cast.ada), by=cast.boris, at=AT)

    assert ticket.status == Status.IN_PROGRESS
    assert TicketPerson.objects.get(ticket=ticket).user == cast.boris


def test_a_code_of_the_other_answer_is_refused(cast):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NeedsMore):
        _step(ticket, "solve", cast.boris, code="INVALID")
    with pytest.raises(NeedsMore):
        _step(ticket, "solve", cast.boris, code="WITHDRAWN")


def test_a_hold_into_the_past_is_refused(cast):
    with pytest.raises(NeedsMore, match="future"):
        _step(make_ticket(by=cast.ada), "hold", cast.boris, until=AT)


def test_solved_tickets_close_after_ten_working_days(cast):
    ticket = _step(make_ticket(by=cast.ada), "solve", cast.boris)

    # Monday 08:30 and eight working hours each day from 9 to 17: the end of the tenth day.
    assert ticket.close_after == datetime(2026, 1, 23, 17, 0, tzinfo=UTC)
    assert close.close_overdue(at=ticket.close_after - timedelta(seconds=1)) == 0
    assert close.close_overdue(at=ticket.close_after) == 1
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED
    assert close.close_overdue(at=ticket.close_after) == 0


def test_a_reopened_ticket_is_not_closed(cast):
    ticket = _step(make_ticket(by=cast.ada), "solve", cast.boris)
    due = ticket.close_after
    _step(ticket, "reopen", cast.ada)

    assert close.close_overdue(at=due + timedelta(days=30)) == 0
    ticket.refresh_from_db()
    assert (ticket.status, ticket.solution, ticket.resolution_code) == (Status.REOPENED, "", "")
    # What had been the solution is not lost.
    assert ticket.diary.get(text=GIVEN["solution"]).is_public


def test_tickets_on_hold_wake_on_their_date(cast):
    ticket = _step(make_ticket(by=cast.ada), "hold", cast.boris)

    assert close.wake_held(at=GIVEN["until"] - timedelta(seconds=1)) == 0
    assert close.wake_held(at=GIVEN["until"]) == 1
    ticket.refresh_from_db()
    assert (ticket.status, ticket.hold_until) == (Status.IN_PROGRESS, None)


def test_withdrawing_needs_no_words(cast):
    ticket = _step(make_ticket(by=cast.ada), "withdraw", cast.ada)

    assert (ticket.status, ticket.resolution_code) == (Status.UNSOLVED, "WITHDRAWN")
    assert ticket.solution


def test_the_second_of_two_supporters_sees_the_first_ones_step(cast):
    ticket = make_ticket(by=cast.ada)
    seen = ticket.last_entry_id
    _step(ticket, "solve", cast.boris)

    with pytest.raises(ChangedMeanwhile):
        _step(ticket, "leave-unsolved", cast.carla, seen=seen)

    ticket.refresh_from_db()
    assert ticket.status == Status.SOLVED


def test_what_one_did_oneself_is_no_surprise(cast):
    ticket = make_ticket(by=cast.ada)
    seen = ticket.last_entry_id
    _step(ticket, "take", cast.boris)

    ticket = _step(ticket, "solve", cast.boris, seen=seen)

    assert ticket.status == Status.SOLVED


def test_priority(cast):
    ticket = make_ticket(by=cast.ada)

    ticket = work.set_priority(ticket=ticket, priority=Priority.TOP, by=cast.boris, at=AT)
    again = work.set_priority(ticket=ticket, priority=Priority.TOP, by=cast.boris, at=AT)

    assert ticket.priority == Priority.TOP
    assert again.last_entry_id == ticket.last_entry_id
    assert ticket.submitted_priority == Priority.LESS_URGENT
    with pytest.raises(NotAllowed):
        work.set_priority(ticket=ticket, priority=Priority.URGENT, by=cast.ada, at=AT)


def test_a_change_of_the_vo_changes_who_reads_it(cast, at):
    from tickets import policies

    other = make_vo(name="belle")
    reader = make_user(username="reader")
    from tests.make import join_vo

    join_vo(vo=other, user=reader)
    ticket = make_ticket(by=cast.ada, vo=cast.juno)
    assert policies.reads(ticket, reader) == policies.Reading.OUTLINE

    ticket = work.change_field(ticket=ticket, field="vo", value=other, by=cast.boris, at=AT)

    assert policies.reads(ticket, reader) == policies.Reading.PUBLIC
    assert HistoryEntry.objects.latest("pk").facts["change"] == [cast.juno.pk, other.pk]


def test_a_field_that_nobody_may_change(cast):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NotAllowed):
        work.change_field(ticket=ticket, field="submitter", value=cast.eve, by=cast.boris, at=AT)


def test_security_is_neither_put_on_nor_taken_off(cast):
    security = make_issue_type(name="Break-in", is_security=True)
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NotAllowed):
        work.change_field(ticket=ticket, field="issue_type", value=security, by=cast.boris, at=AT)


def test_affected_sites_are_set_by_owner_and_supporters(cast):
    ticket = make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    site = make_site()

    work.set_affected_sites(ticket=ticket, sites=[site, cast.beijing], by=cast.ada, at=AT)

    assert set(ticket.affected_sites.all()) == {site, cast.beijing}
    with pytest.raises(NotAllowed):
        work.set_affected_sites(ticket=ticket, sites=[], by=cast.eve, at=AT)


def test_next_step_is_set_and_cleared(cast):
    ticket = make_ticket(by=cast.ada)
    due = AT + timedelta(days=1)

    ticket = work.set_next_step(
        ticket=ticket, what="Restart the CE", person=cast.boris, due_at=due, by=cast.boris, at=AT
    )
    assert (ticket.next_step, ticket.next_step_by, ticket.next_step_at) == (
        "Restart the CE",
        cast.boris,
        due,
    )
    ticket = work.set_next_step(
        ticket=ticket, what="", person=cast.boris, due_at=due, by=cast.boris, at=AT
    )
    assert (ticket.next_step, ticket.next_step_by, ticket.next_step_at) == ("", None, None)


def test_escalation_climbs_three_steps_each_a_working_day_apart(cast):
    ticket = make_ticket(by=cast.ada)
    moment = AT

    for level in (1, 2, 3):
        ticket = work.escalate(ticket=ticket, by=cast.ada, at=moment)
        assert ticket.escalation_level == level
        if level < 3:
            with pytest.raises(CannotEscalate, match="one working day"):
                work.escalate(ticket=ticket, by=cast.ada, at=moment + timedelta(hours=1))
        moment = ticket.next_escalation_after
    with pytest.raises(CannotEscalate, match="everybody"):
        work.escalate(ticket=ticket, by=cast.ada, at=moment)


def test_what_is_reopened_is_escalated_no_more_and_can_be_anew(cast):
    ticket = work.escalate(ticket=make_ticket(by=cast.ada), by=cast.ada, at=AT)
    _step(ticket, "solve", cast.boris)

    ticket = _step(ticket, "reopen", cast.ada)

    ticket.refresh_from_db()
    assert (ticket.escalation_level, ticket.next_escalation_after) == (0, None)
    assert work.escalate(ticket=ticket, by=cast.ada, at=AT).escalation_level == 1


def test_only_the_submitter_escalates_and_only_what_is_open(cast):
    ticket = make_ticket(by=cast.ada)

    with pytest.raises(NotAllowed):
        work.escalate(ticket=ticket, by=cast.boris, at=AT)
    _step(ticket, "solve", cast.boris)
    with pytest.raises(CannotEscalate):
        work.escalate(ticket=ticket, by=cast.ada, at=AT)


@given(
    moves=st.lists(
        st.tuples(st.sampled_from([s.name for s in STEPS if s.name != "assign"]), st.booleans()),
        max_size=12,
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_tried_the_spine_stays_whole(cast, moves):
    """History, intervals and the ticket's own row tell the same story after any attempts."""
    ticket = make_ticket(by=cast.ada)
    for name, by_owner in moves:
        try:
            ticket = _step(ticket, name, cast.ada if by_owner else cast.boris)
        except StepNotAllowed:
            continue
    ticket = Ticket.objects.get(pk=ticket.pk)
    statuses = ["NEW"]
    for entry in ticket.history.order_by("pk"):
        if entry.kind == "ticket.status-changed":
            old, new = entry.facts["status"]
            assert old == statuses[-1]
            statuses.append(new)
    assert ticket.status == statuses[-1]
    assert list(ticket.intervals.order_by("pk").values_list("status", flat=True)) == statuses
    assert ticket.intervals.filter(ends_at=None).count() == 1


def test_a_wake_up_skips_what_somebody_works_on(cast):
    write(ticket=make_ticket(by=cast.ada), by=cast.boris)
    make_unit(name="x")

    assert close.wake_held(at=AT) == 0


@pytest.mark.parametrize("who", ["ada", "boris"])
def test_what_is_final_keeps_its_sites(cast, who):
    ticket = _in(cast, Status.VERIFIED)

    with pytest.raises(NotAllowed, match="final"):
        work.set_affected_sites(ticket=ticket, sites=[cast.in2p3], by=getattr(cast, who), at=AT)


def test_a_site_that_cannot_be_notified_is_refused(cast):
    ticket = make_ticket(by=cast.ada)
    closed = make_site(name="OLD-SITE", certification_status=CertificationStatus.CLOSED)

    with pytest.raises(SiteCannotBeNotified):
        work.change_field(ticket=ticket, field="notified_site", value=closed, by=cast.boris, at=AT)
    work.change_field(ticket=ticket, field="notified_site", value=cast.in2p3, by=cast.boris, at=AT)
    work.change_field(ticket=ticket, field="notified_site", value=None, by=cast.boris, at=AT)


def test_the_second_of_two_promises_sees_the_first(cast):
    ticket = make_ticket(by=cast.ada)
    seen = ticket.last_entry_id
    words = {"person": None, "due_at": None, "at": AT}
    work.set_next_step(ticket=ticket, what="drain the CE", by=cast.carla, **words)

    with pytest.raises(ChangedMeanwhile):
        work.set_next_step(ticket=ticket, what="call Lyon", by=cast.boris, seen=seen, **words)

    ticket.refresh_from_db()
    assert ticket.next_step == "drain the CE"
