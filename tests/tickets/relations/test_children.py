"""Parents and children: the parent waits, cannot be solved before, goes on after the last."""

import uuid
from datetime import timedelta
from functools import partial

import pytest

from juno_support.errors import NotAcceptable
from juno_support.outbox.models import Delivery
from supportunits.models import Tier
from tests import make
from tests.make import AT, make_issue_type
from tests.tickets.make import make_ticket
from tests.tickets.relations.make import fresh, make_tickets, solve, work_off
from tickets import tasks
from tickets.actions import catch_up, relations, several, work
from tickets.actions.hanging import CannotRelate
from tickets.actions.row import NotAllowed
from tickets.models import HistoryEntry, Kind, RelationKind, Ticket, TicketRelation, TicketType
from tickets.workflow import Status, StepNotAllowed

LATER = AT + timedelta(hours=1)


@pytest.fixture
def family(cast):
    """A parent at TPM with two children."""
    parent, first, second = make_tickets(3, by=cast.ada)
    for child in (first, second):
        relations.make_child(ticket=child, parent=parent, by=cast.carla, at=AT)
    return fresh(parent, first, second)


def test_a_parent_waits_on_hold_and_is_not_solved_before_its_children(cast, family):
    parent, first, second = family
    assert [each.status for each in family] == [Status.ON_HOLD, Status.NEW, Status.NEW]

    with pytest.raises(StepNotAllowed, match=f"#{first.pk}, #{second.pk}"):
        solve(parent, by=cast.carla)
    with pytest.raises(StepNotAllowed, match="children"):
        solve(parent, by=cast.carla, step="leave-unsolved", code="INVALID")


def test_nor_is_a_parent_withdrawn_before_them(cast, family):
    parent, first, second = family
    withdraw = partial(work.take_step, step="withdraw", by=cast.ada, at=AT)

    with pytest.raises(StepNotAllowed, match=f"#{first.pk}, #{second.pk}"):
        withdraw(ticket=parent)

    for each in (first, second, parent):
        assert withdraw(ticket=each).status == Status.UNSOLVED


def test_the_parent_goes_on_when_the_last_child_is_solved(cast, family):
    parent, first, second = family
    solve(first, by=cast.carla)
    work_off()
    assert fresh(parent)[0].status == Status.ON_HOLD
    solve(second, by=cast.carla, step="leave-unsolved", code="INVALID", at=LATER)
    work_off(LATER)
    work_off(LATER)

    assert fresh(parent)[0].status == Status.IN_PROGRESS
    told = HistoryEntry.objects.filter(ticket=parent, kind=Kind.RELATED, facts__has_key="status")
    assert [entry.facts["other"] for entry in told.order_by("pk")] == [first.pk, second.pk]
    woken = HistoryEntry.objects.filter(ticket=parent, facts__because=RelationKind.CHILD)
    assert woken.count() == 1
    solve(fresh(parent)[0], by=cast.carla, at=LATER)


def test_a_reopened_child_holds_its_open_parent_again(cast, family):
    parent, first, second = family
    for child in (first, second):
        solve(child, by=cast.carla)
    work_off()
    work.take_step(ticket=second, step="reopen", by=cast.ada, at=LATER, comment="No.")
    work_off(LATER)

    assert fresh(parent)[0].status == Status.ON_HOLD
    with pytest.raises(StepNotAllowed, match=f"#{second.pk}"):
        solve(parent, by=cast.carla, at=LATER)


def test_who_put_the_parent_to_work_by_hand_is_left_in_peace(cast, family):
    parent, first, second = family
    work.take_step(
        ticket=work.take_step(ticket=parent, step="resume", by=cast.carla, at=AT),
        step="hold",
        by=cast.carla,
        at=AT,
        reason="The next release.",
        until=AT + timedelta(days=9),
    )
    for child in (first, second):
        solve(child, by=cast.carla, at=LATER)
    work_off(LATER)

    assert fresh(parent)[0].status == Status.ON_HOLD, "that date decides"


def test_a_child_taken_loose_frees_the_parent(cast, family):
    parent, first, second = family
    solve(first, by=cast.carla)
    work_off()
    relations.free_child(ticket=second, by=cast.carla, at=LATER)

    assert [each.status for each in fresh(parent, second)] == [Status.IN_PROGRESS, Status.NEW]
    with pytest.raises(CannotRelate, match="no child"):
        relations.free_child(ticket=second, by=cast.carla, at=LATER)


def test_a_parent_that_follows_a_master_waits_for_both(cast, family):
    parent, first, second = family
    master = make_ticket(by=cast.eve)
    relations.mark_duplicate(ticket=parent, master=master, by=cast.carla, at=AT)
    solve(master, by=cast.carla)
    work_off()
    assert fresh(parent)[0].status == Status.ON_HOLD, "its children are open"
    for child in (first, second):
        solve(child, by=cast.carla)
    work_off()

    assert fresh(parent)[0].solution == "The disk was replaced."


def test_second_parents_finals_and_strangers_are_refused(cast, family):
    parent, first, _second = family
    other = make_ticket(by=cast.ada)
    with pytest.raises(CannotRelate, match="parent already"):
        relations.make_child(ticket=first, parent=other, by=cast.carla, at=AT)
    with pytest.raises(CannotRelate, match="wait for one another"):
        relations.make_child(ticket=parent, parent=first, by=cast.carla, at=AT)
    with pytest.raises(NotAllowed):
        relations.make_child(ticket=other, parent=parent, by=cast.ada, at=AT)
    with pytest.raises(NotAllowed):
        relations.free_child(ticket=first, by=cast.ada, at=AT)
    solved = solve(make_ticket(by=cast.ada), by=cast.carla)
    with pytest.raises(StepNotAllowed):
        relations.make_child(ticket=other, parent=solved, by=cast.carla, at=AT)


# Several sites at once


@pytest.fixture
def shifter(cast):
    return make.join_vo(
        vo=cast.juno, user=make.make_user(username="rosa", name="Rosa"), is_shifter=True
    ).user


def _file(cast, by, *, team=True, **fields):
    fields = {
        "draft_id": uuid.UUID(int=7),
        "subject": "No transfers",
        "description": "From nowhere to nowhere.",
        "vo": cast.juno,
        "notified_sites": [cast.in2p3, cast.beijing],
        **fields,
    }
    action = several.submit_team_for_sites if team else several.submit_for_sites
    return action(by=by, at=AT, **fields)


def test_a_shifter_files_a_parent_with_a_child_for_each_site(cast, shifter):
    parent = _file(cast, shifter)

    children = Ticket.objects.filter(relations__other=parent).order_by("pk")
    assert (parent.status, parent.unit, parent.type) == (
        Status.ON_HOLD,
        cast.tpm,
        TicketType.TEAM,
    )
    assert [(each.notified_site, each.unit) for each in children] == [
        (cast.in2p3, cast.in2p3_unit),
        (cast.beijing, cast.tpm),
    ]
    assert {each.type for each in children} == {TicketType.TEAM}
    assert {each.subject for each in children} == {"No transfers"}


def test_one_key_files_them_once(cast, shifter):
    assert _file(cast, shifter) == _file(cast, shifter)
    assert Ticket.objects.count() == 3


def test_the_filers_side_hears_once_and_each_site_of_its_own(cast, shifter, clock_at):
    clock_at(LATER)
    parent = _file(cast, shifter)
    tasks.sweep_dispatches()

    mine = Delivery.objects.filter(to_user_id=shifter.pk)
    assert [mail.about_ticket for mail in mine] == [parent.pk]
    assert "IN2P3-CC" in mine[0].body
    assert "BEIJING-LCG2" in mine[0].body
    boris = Delivery.objects.filter(to_user_id=cast.boris.pk)
    assert [mail.about_ticket for mail in boris] == [Ticket.objects.get(unit=cast.in2p3_unit).pk]


def test_tpm_files_for_several_sites_and_others_for_one(cast):
    parent = _file(cast, cast.carla, team=False)
    assert TicketRelation.objects.filter(other=parent).count() == 2

    with pytest.raises(NotAcceptable, match="one site"):
        _file(cast, cast.ada, team=False, draft_id=uuid.uuid4())
    one = _file(cast, cast.ada, team=False, draft_id=uuid.uuid4(), notified_sites=[cast.in2p3])
    assert one.unit == cast.in2p3_unit


def test_where_one_site_cannot_be_notified_nothing_is_filed(cast, shifter):
    closed = make.make_site(name="GONE", certification_status="Closed")
    make.make_vo_site(vo=cast.juno, site=closed, tier=Tier.TIER_2)

    with pytest.raises(NotAcceptable, match="GONE"):
        _file(cast, shifter, notified_sites=[cast.in2p3, closed])
    assert not Ticket.objects.exists()
    security = make_issue_type(name="Break-in", is_security=True)
    with pytest.raises(NotAcceptable, match="security"):
        _file(cast, cast.carla, team=False, issue_type=security)


def test_a_parent_catches_up_only_once_whoever_comes_first(cast, family):
    parent, first, second = family
    for child in (first, second):
        solve(child, by=cast.carla)

    assert catch_up.catch_up(number=parent.pk, at=AT)
    assert catch_up.catch_up(number=parent.pk, at=AT)
    assert HistoryEntry.objects.filter(ticket=parent, facts__step="resume").count() == 1
