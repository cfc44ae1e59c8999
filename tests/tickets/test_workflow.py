"""The table of steps against domain.md section 4, written down here by hand."""

import pytest

from tickets.workflow import (
    ANSWERED,
    CODES,
    FINAL,
    OPEN,
    STEPS,
    ResolutionCode,
    Status,
    StepNotAllowed,
    Who,
    find_step,
    steps_from,
)

BY_SUPPORTER = {
    "NEW": {"assign", "take", "ask", "hold", "solve", "leave-unsolved"},
    "ASSIGNED": {"assign", "take", "ask", "hold", "solve", "leave-unsolved"},
    "IN_PROGRESS": {"assign", "ask", "hold", "solve", "leave-unsolved"},
    "WAITING_FOR_REPLY": {"assign", "answered", "hold", "solve", "leave-unsolved"},
    "ON_HOLD": {"assign", "ask", "resume", "solve", "leave-unsolved"},
    "REOPENED": {"assign", "take", "ask", "hold", "solve", "leave-unsolved"},
    "SOLVED": {"reopen"},
    "UNSOLVED": {"reopen"},
    "VERIFIED": set(),
    "CLOSED": set(),
}
BY_OWNER = {
    **{status.value: {"withdraw"} for status in OPEN},
    "SOLVED": {"reopen", "verify"},
    "UNSOLVED": {"reopen", "verify"},
    "VERIFIED": set(),
    "CLOSED": set(),
}


@pytest.mark.parametrize("status", Status.values)
def test_steps_of_each_status(status):
    assert {step.name for step in steps_from(status, {Who.SUPPORTER})} == BY_SUPPORTER[status]
    assert {step.name for step in steps_from(status, {Who.OWNER})} == BY_OWNER[status]
    assert steps_from(status, set()) == []


def test_every_status_is_in_one_group():
    assert sorted([*OPEN, *ANSWERED, *FINAL]) == sorted(Status)


def test_every_status_but_new_is_reached_by_a_step():
    assert {step.to for step in STEPS} | {Status.NEW} == set(Status)


def test_the_system_closes_and_nobody_else():
    closing = [step for step in STEPS if step.to == Status.CLOSED]

    assert [step.who for step in closing] == [{Who.SYSTEM}]


def test_codes_are_told_for_both_answers():
    assert set(CODES) == set(ANSWERED)
    offered = {code for codes in CODES.values() for code in codes}
    assert offered == set(ResolutionCode) - {ResolutionCode.WITHDRAWN}


@pytest.mark.parametrize(
    ("step", "status", "roles", "words"),
    [
        ("solve", "VERIFIED", {Who.SUPPORTER}, "final"),
        ("solve", "SOLVED", {Who.SUPPORTER}, "already solved"),
        ("verify", "SOLVED", {Who.SUPPORTER}, "cannot do"),
        ("take", "ON_HOLD", {Who.SUPPORTER}, "not possible while"),
        ("close", "SOLVED", {Who.OWNER, Who.SUPPORTER}, "cannot do"),
    ],
)
def test_a_step_that_is_not_allowed_is_said_in_words(step, status, roles, words):
    with pytest.raises(StepNotAllowed, match=words):
        find_step(step, status=status, roles=roles)
