"""The statuses of a ticket, and the table of steps between them (domain: section 4).

Buttons, actions, mail, documentation and tests read this table; there is no other place.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from juno_support.errors import SupportError


class Status(TextChoices):
    """Where a ticket stands, in GGUS's words."""

    NEW = "NEW", _("new")
    ASSIGNED = "ASSIGNED", _("assigned")
    IN_PROGRESS = "IN_PROGRESS", _("in progress")
    WAITING_FOR_REPLY = "WAITING_FOR_REPLY", _("waiting for reply")
    ON_HOLD = "ON_HOLD", _("on hold")
    REOPENED = "REOPENED", _("reopened")
    SOLVED = "SOLVED", _("solved")
    UNSOLVED = "UNSOLVED", _("unsolved")
    VERIFIED = "VERIFIED", _("verified")
    CLOSED = "CLOSED", _("closed")


OPEN = (
    Status.NEW,
    Status.ASSIGNED,
    Status.IN_PROGRESS,
    Status.WAITING_FOR_REPLY,
    Status.ON_HOLD,
    Status.REOPENED,
)
ANSWERED = (Status.SOLVED, Status.UNSOLVED)
FINAL = (Status.VERIFIED, Status.CLOSED)


class Who(StrEnum):
    """What somebody must be to a ticket to take a step.

    The owner is the submitter; of a TEAM ticket any shifter of its VO, of an ALARM ticket any
    alarmer of its VO.
    """

    OWNER = "owner"
    SUPPORTER = "supporter"
    SYSTEM = "system"


class Need(StrEnum):
    """What a step asks for."""

    COMMENT = "comment"
    REASON = "reason"
    UNTIL = "until"
    SOLUTION = "solution"
    CODE = "code"


class ResolutionCode(TextChoices):
    """How a ticket was solved, or why it was not."""

    FIXED = "FIXED", _("fixed")
    WORK_AROUND = "WORK_AROUND", _("work-around")
    WORKS_AS_DESIGNED = "WORKS_AS_DESIGNED", _("works as designed")
    OTHER = "OTHER", _("other")
    DUPLICATE = "DUPLICATE", _("duplicate")
    INVALID = "INVALID", _("invalid")
    WONT_FIX = "WONT_FIX", _("won't fix")
    NO_ANSWER = "NO_ANSWER", _("no answer")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")


CODES = {
    Status.SOLVED: (
        ResolutionCode.FIXED,
        ResolutionCode.WORK_AROUND,
        ResolutionCode.WORKS_AS_DESIGNED,
        ResolutionCode.OTHER,
    ),
    Status.UNSOLVED: (
        ResolutionCode.DUPLICATE,
        ResolutionCode.INVALID,
        ResolutionCode.WONT_FIX,
        ResolutionCode.NO_ANSWER,
    ),
}


@dataclass(frozen=True)
class Step:
    """One way from a status to another: its name, its button, who may take it, what it needs."""

    name: str
    froms: tuple[Status, ...]
    to: Status
    label: str | Promise
    who: frozenset[Who]
    needs: tuple[Need, ...] = ()


class StepNotAllowed(SupportError):
    """A status cannot be reached from here, or not by this person."""


class StepNotYours(StepNotAllowed):
    """The step exists, but not for this person."""

    is_refusal = True


SUPPORTER = frozenset({Who.SUPPORTER})
OWNER = frozenset({Who.OWNER})
SYSTEM = frozenset({Who.SYSTEM})

STEPS = (
    Step("assign", OPEN, Status.ASSIGNED, _("Assign"), SUPPORTER | SYSTEM, (Need.REASON,)),
    Step(
        "take",
        (Status.NEW, Status.ASSIGNED, Status.REOPENED),
        Status.IN_PROGRESS,
        _("Take it"),
        SUPPORTER,
    ),
    Step(
        "ask",
        (
            Status.NEW,
            Status.ASSIGNED,
            Status.IN_PROGRESS,
            Status.ON_HOLD,
            Status.REOPENED,
        ),
        Status.WAITING_FOR_REPLY,
        _("Ask the submitter"),
        SUPPORTER,
        (Need.COMMENT,),
    ),
    Step(
        "answered",
        (Status.WAITING_FOR_REPLY,),
        Status.IN_PROGRESS,
        _("Go on"),
        SUPPORTER | SYSTEM,
    ),
    Step(
        "hold",
        (
            Status.NEW,
            Status.ASSIGNED,
            Status.IN_PROGRESS,
            Status.WAITING_FOR_REPLY,
            Status.REOPENED,
        ),
        Status.ON_HOLD,
        _("Put on hold"),
        SUPPORTER | SYSTEM,
        (Need.REASON, Need.UNTIL),
    ),
    # A duplicate and what joined an incident wait for the other; a parent for its children.
    Step("wait", OPEN, Status.ON_HOLD, _("Wait for another ticket"), SYSTEM),
    Step("resume", (Status.ON_HOLD,), Status.IN_PROGRESS, _("Go on"), SUPPORTER | SYSTEM),
    Step(
        "solve",
        OPEN,
        Status.SOLVED,
        _("Solve"),
        # The system: with the ticket that this one is a duplicate of, or joined.
        SUPPORTER | SYSTEM,
        (Need.SOLUTION, Need.CODE),
    ),
    Step(
        "leave-unsolved",
        OPEN,
        Status.UNSOLVED,
        _("Leave unsolved"),
        SUPPORTER | SYSTEM,
        (Need.SOLUTION, Need.CODE),
    ),
    Step("withdraw", OPEN, Status.UNSOLVED, _("Withdraw"), OWNER),
    Step(
        "reopen",
        ANSWERED,
        Status.REOPENED,
        _("Reopen"),
        OWNER | SUPPORTER,
        (Need.COMMENT,),
    ),
    Step("verify", ANSWERED, Status.VERIFIED, _("Verify"), OWNER),
    Step("close", ANSWERED, Status.CLOSED, _("Close"), SYSTEM),
)

BY_NAME = {step.name: step for step in STEPS}


def steps_from(status: str, roles: Collection[Who]) -> list[Step]:
    """Return the steps that somebody in these roles can take from a status, in table order."""
    return [step for step in STEPS if status in step.froms and step.who & set(roles)]


def find_step(name: str, *, status: str, roles: Collection[Who]) -> Step:
    """Return the named step.

    :raises StepNotAllowed: if it does not lead from this status, or is not for these roles
    """
    step = BY_NAME[name]
    if not step.who & set(roles):
        raise StepNotYours(_("You cannot do “%(step)s” on this ticket.") % {"step": step.label})
    if status not in step.froms:
        words = Status(status).label
        if status in FINAL:
            raise StepNotAllowed(
                _("This ticket is %(status)s, which is final.") % {"status": words},
                str(_("Write a late comment, or make a follow-up ticket.")),
            )
        if status in ANSWERED and step.to in (*OPEN, *ANSWERED):
            raise StepNotAllowed(
                _("This ticket is already %(status)s.") % {"status": words},
                str(_("To continue, reopen it.")),
            )
        raise StepNotAllowed(
            _("“%(step)s” is not possible while the ticket is %(status)s.")
            % {"step": step.label, "status": words}
        )
    return step
