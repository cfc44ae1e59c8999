"""Duplicates: on hold, what the master says and its solution pass on, each loose alone."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.make import AT, make_issue_type
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tests.tickets.make import make_ticket, write
from tests.tickets.relations.make import fresh, make_tickets, solve, work_off
from tickets.actions import assign, redact, relations, spam, undo, work
from tickets.actions.hanging import CannotRelate
from tickets.actions.row import NotAllowed
from tickets.models import (
    DiaryEntry,
    Dispatch,
    HistoryEntry,
    Kind,
    SearchDocument,
    StatusInterval,
    TicketRelation,
    UndoWindow,
)
from tickets.workflow import Status, StepNotAllowed

LATER = AT + timedelta(hours=1)


@pytest.fixture
def master(cast):
    return make_ticket(by=cast.ada, subject="The SE is down", unit=cast.in2p3_unit)


@pytest.fixture
def ticket(cast):
    return make_ticket(by=cast.eve, subject="Cannot copy files")


def _mark(cast, ticket, master, **fields):
    return relations.mark_duplicate(
        **{"ticket": ticket, "master": master, "by": cast.carla, "at": AT, **fields}
    )


def _diary(ticket):
    return list(
        DiaryEntry.objects.filter(ticket=ticket)
        .order_by("pk")
        .values_list("text", "author__username")
    )


def test_a_duplicate_waits_on_hold_without_a_date(cast, ticket, master):
    ticket = _mark(cast, ticket, master)

    assert (ticket.status, ticket.hold_until) == (Status.ON_HOLD, None)
    assert StatusInterval.objects.get(ticket=ticket, ends_at=None).status == Status.ON_HOLD
    relation = TicketRelation.objects.get()
    assert (relation.ticket, relation.other, relation.made_by) == (ticket, master, cast.carla)


def test_what_a_supporter_says_on_the_master_passes_on_once(cast, ticket, master):
    _mark(cast, ticket, master)
    write(ticket=master, by=cast.boris, words="The disk is being replaced.")
    work_off()
    work_off()

    assert _diary(ticket) == [("The disk is being replaced.", "boris")]
    ticket = fresh(ticket)[0]
    assert ticket.status == Status.ON_HOLD
    assert ticket.last_line == "The disk is being replaced."


@pytest.mark.parametrize(
    ("who", "fields"),
    [
        ("ada", {}),
        ("boris", {"is_public": False}),
        ("boris", {"step": "ask"}),
    ],
    ids=["its submitter's words", "an internal note", "a question"],
)
def test_what_concerns_the_master_alone_stays_there(cast, ticket, master, who, fields):
    _mark(cast, ticket, master)
    write(ticket=master, by=getattr(cast, who), words="Only here.", **fields)
    work_off()

    assert _diary(ticket) == []


def test_the_solution_passes_on(cast, ticket, master):
    _mark(cast, ticket, master)
    solve(master, by=cast.boris)
    work_off()
    work_off()

    ticket = fresh(ticket)[0]
    assert (ticket.status, ticket.solution, ticket.resolution_code) == (
        Status.SOLVED,
        "The disk was replaced.",
        "FIXED",
    )
    solved = HistoryEntry.objects.filter(ticket=ticket, facts__step="solve")
    assert [(entry.actor, entry.facts["lead"]) for entry in solved] == [(None, master.pk)]
    assert TicketRelation.objects.get().ended_at is None, "it stays to be seen"


def test_each_can_be_reopened_alone_and_is_loose_then(cast, ticket, master):
    other = make_ticket(by=cast.ada)
    for each in (ticket, other):
        _mark(cast, each, master)
    solve(master, by=cast.boris)
    work_off()
    work.take_step(ticket=ticket, step="reopen", by=cast.eve, at=LATER, comment="Still.")
    write(ticket=master, by=cast.boris, words="Afterwards.", at=LATER)
    work_off(LATER)

    ticket, other, master = fresh(ticket, other, master)
    assert [each.status for each in (ticket, other, master)] == [
        Status.REOPENED,
        Status.SOLVED,
        Status.SOLVED,
    ]
    assert "Afterwards." not in dict(_diary(ticket))
    assert "Afterwards." in dict(_diary(other))


def test_a_master_that_was_reopened_meanwhile_solves_nothing(cast, ticket, master):
    _mark(cast, ticket, master)
    solve(master, by=cast.boris)
    work.take_step(ticket=master, step="reopen", by=cast.ada, at=AT, comment="No.")
    work_off()

    assert fresh(ticket)[0].status == Status.ON_HOLD


def test_a_withdrawn_master_lets_its_duplicates_go(cast, ticket, master):
    _mark(cast, ticket, master)
    work.take_step(ticket=master, step="withdraw", by=cast.ada, at=AT)
    work_off()

    assert fresh(ticket)[0].status == Status.IN_PROGRESS
    assert TicketRelation.objects.get().ended_at == AT


def test_a_duplicate_of_a_solved_ticket_is_solved_at_once(cast, ticket, master):
    solve(master, by=cast.boris)
    _mark(cast, ticket, master, at=LATER)
    work_off(LATER)

    assert fresh(ticket)[0].solution == "The disk was replaced."


@pytest.mark.parametrize("who", ["eve", "carla"])
def test_unmarking_puts_it_back_to_work(cast, ticket, master, who):
    _mark(cast, ticket, master)
    ticket = relations.unmark(ticket=ticket, by=getattr(cast, who), at=LATER)
    write(ticket=master, by=cast.boris, words="Not for you.", at=LATER)
    work_off(LATER)

    assert ticket.status == Status.IN_PROGRESS
    assert _diary(ticket) == []
    with pytest.raises(CannotRelate, match="no duplicate"):
        relations.unmark(ticket=ticket, by=cast.carla, at=LATER)


@pytest.mark.parametrize("step", ["resume", "ask", "assign", "solve", "withdraw"])
def test_whoever_works_on_a_duplicate_takes_it_loose(cast, ticket, master, step):
    ticket = _mark(cast, ticket, master)
    if step == "assign":
        assign.assign_to_unit(
            ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT, reason="Another disk."
        )
    elif step == "solve":
        solve(ticket, by=cast.carla)
    else:
        by = cast.eve if step == "withdraw" else cast.carla
        work.take_step(ticket=ticket, step=step, by=by, at=AT, comment="Which file?")

    assert TicketRelation.objects.get().ended_at == AT
    assert HistoryEntry.objects.filter(ticket=ticket, kind=Kind.RELATION_ENDED).count() == 1


def test_undoing_such_an_assignment_makes_it_a_duplicate_again(cast, ticket, master):
    ticket = _mark(cast, ticket, master)
    window = undo.with_undo(
        ticket=ticket,
        action=UndoWindow.Action.ASSIGN,
        do=lambda each: assign.assign_to_unit(
            ticket=each, unit=cast.in2p3_unit, by=cast.carla, at=AT, reason="Another disk."
        ),
        by=cast.carla,
        at=AT,
    )
    undo.undo(window=window, by=cast.carla, at=AT)

    assert fresh(ticket)[0].status == Status.ON_HOLD
    assert TicketRelation.objects.get().ended_at is None


def test_undo_puts_everything_back_and_nobody_is_told(cast, ticket, master):
    solve(master, by=cast.boris)
    before = fresh(ticket)[0]
    window = undo.with_undo(
        ticket=ticket,
        action=UndoWindow.Action.DUPLICATE,
        do=lambda each: _mark(cast, each, master, at=LATER),
        by=cast.carla,
        at=LATER,
        among=[master],
    )
    work_off(LATER)
    assert fresh(ticket)[0].status == Status.ON_HOLD, "the solution waits for the undo, too"
    undo.undo(window=window, by=cast.carla, at=LATER + timedelta(seconds=5))
    work_off(LATER + timedelta(minutes=1))

    ticket = fresh(ticket)[0]
    assert (ticket.status, ticket.public_word_at) == (before.status, before.public_word_at)
    assert not TicketRelation.objects.exists()
    assert not Dispatch.objects.filter(
        entry__ticket=ticket, entry__kind=Kind.RELATED, cancelled_at=None
    ).exists()
    assert StatusInterval.objects.get(ticket=ticket, ends_at=None).status == before.status


def test_without_an_undo_the_solution_comes_after_the_window(cast, ticket, master):
    solve(master, by=cast.boris)
    undo.with_undo(
        ticket=ticket,
        action=UndoWindow.Action.DUPLICATE,
        do=lambda each: _mark(cast, each, master, at=LATER),
        by=cast.carla,
        at=LATER,
        among=[master],
    )
    work_off(LATER + timedelta(seconds=10))

    assert fresh(ticket)[0].status == Status.SOLVED


def test_undoing_an_answer_of_the_master_passes_nothing_on(cast, ticket, master):
    _mark(cast, ticket, master)
    window = undo.with_undo(
        ticket=master,
        action=UndoWindow.Action.UNSOLVED,
        do=lambda each: solve(each, by=cast.boris, step="leave-unsolved", code="WONT_FIX"),
        by=cast.boris,
        at=AT,
    )
    undo.undo(window=window, by=cast.boris, at=AT)
    work_off(LATER)

    assert fresh(ticket)[0].status == Status.ON_HOLD


def test_the_master_of_a_master_is_meant(cast, ticket, master):
    between = make_ticket(by=cast.ada)
    _mark(cast, between, master)
    _mark(cast, ticket, between)

    assert TicketRelation.objects.get(ticket=ticket).other == master


def test_a_master_that_becomes_a_duplicate_keeps_its_own(cast, ticket, master):
    between = make_ticket(by=cast.ada)
    _mark(cast, ticket, between)
    _mark(cast, between, master)
    write(ticket=master, by=cast.boris, words="For all.")
    solve(master, by=cast.boris)
    work_off()

    assert [each.status for each in fresh(between, ticket)] == [Status.SOLVED] * 2
    assert [words for words, _author in _diary(ticket)] == ["For all."]


def test_circles_and_itself_are_refused_in_words(cast, ticket, master):
    between = make_ticket(by=cast.ada)
    _mark(cast, ticket, between)
    _mark(cast, between, master)

    with pytest.raises(CannotRelate, match="itself"):
        _mark(cast, master, master)
    with pytest.raises(CannotRelate, match=f"#{ticket.pk} is a duplicate of this"):
        _mark(cast, master, ticket)
    with pytest.raises(CannotRelate, match="follows"):
        _mark(cast, ticket, make_ticket(by=cast.ada))


@pytest.mark.parametrize(
    "state", ["solved", "final", "final master", "security", "security master"]
)
def test_what_cannot_be_a_duplicate_is_said(cast, ticket, master, state):
    csirt = make_issue_type(name="Break-in", is_security=True)
    if state == "solved":
        solve(ticket, by=cast.carla)
    elif state == "final":
        solve(ticket, by=cast.carla)
        work.take_step(ticket=ticket, step="verify", by=cast.eve, at=AT)
    elif state == "final master":
        solve(master, by=cast.boris)
        work.take_step(ticket=master, step="verify", by=cast.ada, at=AT)
    elif state == "security":
        ticket = make_ticket(by=cast.eve, issue_type=csirt)
    else:
        master = make_ticket(by=cast.ada, issue_type=csirt)

    with pytest.raises((CannotRelate, StepNotAllowed, NotAllowed)) as caught:
        _mark(cast, ticket, master)

    assert {
        "solved": "already solved",
        "final": "final",
        "final master": "final",
        "security": "Only supporters",
        "security master": "no ticket",
    }[state] in str(caught.value)
    assert not TicketRelation.objects.exists()


@pytest.mark.parametrize("who", ["ada", "eve", "dmitri"])
def test_only_supporters_mark_duplicates(cast, ticket, master, who):
    with pytest.raises(NotAllowed):
        _mark(cast, ticket, master, by=getattr(cast, who))


def _rows(*pairs):
    for kind, ticket, other in pairs:
        TicketRelation.objects.create(ticket=ticket, other=other, kind=kind, made_at=AT)


def test_the_database_refuses_what_must_not_be(cast):
    first, second, third = make_tickets(3, by=cast.ada)
    secret = make_ticket(by=cast.ada, issue_type=make_issue_type(name="S", is_security=True))
    bad = {
        "not_to_itself": [("DUPLICATE", first, first)],
        "follows_one": [("DUPLICATE", first, second), ("JOINED", first, third)],
        "one_parent": [("CHILD", first, second), ("CHILD", first, third)],
        "follow_up_is_later": [("FOLLOW_UP", first, second)],
        "unrestricted": [("DUPLICATE", first, secret)],
        "no_cycle": [
            ("DUPLICATE", first, second),
            ("JOINED", second, third),
            ("DUPLICATE", third, first),
        ],
        "kind_known": [("FRIEND", first, second)],
    }
    for name, pairs in bad.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            _rows(*pairs)


def test_a_parent_cannot_wait_for_what_waits_for_it(cast):
    parent, child, between = make_tickets(3, by=cast.ada)

    for pairs in (
        [("CHILD", child, parent), ("DUPLICATE", child, parent)],
        [("CHILD", child, parent), ("CHILD", between, child), ("DUPLICATE", between, parent)],
    ):
        with pytest.raises(IntegrityError, match="no_cycle"), transaction.atomic():
            _rows(*pairs)
    relations.make_child(ticket=child, parent=parent, by=cast.carla, at=AT)
    with pytest.raises(CannotRelate, match="wait for one another"):
        relations.mark_duplicate(ticket=child, master=parent, by=cast.carla, at=AT)


def test_a_withdrawn_ticket_is_no_master(cast, ticket, master):
    work.take_step(ticket=master, step="withdraw", by=cast.ada, at=AT)

    with pytest.raises(CannotRelate, match="withdrawn"):
        _mark(cast, ticket, master)


def test_what_hangs_on_spam_goes_on(cast, ticket, master):
    parent = make_ticket(by=cast.ada)
    _mark(cast, ticket, master)
    relations.make_child(ticket=master, parent=parent, by=cast.carla, at=AT)
    spam.discard(ticket=master, by=cast.carla, at=LATER)
    work_off(LATER)

    assert [each.status for each in fresh(ticket, parent)] == [Status.IN_PROGRESS] * 2


def test_spam_that_was_a_duplicate_is_loose_when_it_is_recovered(cast, ticket, master):
    _mark(cast, ticket, master)
    spam.discard(ticket=ticket, by=cast.carla, at=AT)
    assert TicketRelation.objects.get().ended_at == AT

    assert spam.recover(ticket=ticket, by=cast.carla, at=LATER).status == Status.IN_PROGRESS


def test_a_supporter_who_marks_an_alarm_as_a_duplicate_has_received_it(cast, master):
    alarm = raise_alarm(cast, make_alarmer(cast))

    _mark(cast, alarm, master, at=LATER)

    run = clock_of(alarm)
    assert (run.received_by, run.received_at) == (cast.carla, LATER)
    newest = HistoryEntry.objects.filter(ticket=alarm).latest("pk")
    assert fresh(alarm)[0].last_entry_id == newest.pk


@pytest.mark.parametrize("what", ["solution", "entry", "kept entry of the master"])
def test_a_redaction_reaches_what_a_reopened_duplicate_keeps_of_the_solution(
    cast, ticket, master, what
):
    said = "The password is hunter2."
    entry = None
    if what == "entry":
        entry = write(ticket=master, by=cast.boris, words=said)
    solve(master, by=cast.boris, solution=said)
    _mark(cast, ticket, master)
    work_off()
    work.take_step(ticket=ticket, step="reopen", comment="No.", by=cast.eve, at=LATER)
    assert DiaryEntry.objects.get(ticket=ticket, passed_from=None).text == said
    if what == "kept entry of the master":
        work.take_step(ticket=master, step="reopen", comment="No.", by=cast.ada, at=LATER)
        entry = DiaryEntry.objects.get(ticket=master)

    if entry is None:
        redact.redact_solution(ticket=master, by=cast.carla, at=LATER, why="A password.")
    else:
        redact.redact_entry(entry=entry, by=cast.carla, at=LATER, why="A password.")
    work_off(LATER)

    assert not DiaryEntry.objects.filter(text__contains="hunter2").exists()
    assert not SearchDocument.objects.filter(public__contains="hunter2").exists()
