"""Tickets whose time to respond is in every colour, whatever the hour of the build is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from supportunits import quality
from supportunits.models import SupportUnit
from tickets.actions import clock_round
from tickets.models import Priority

STEP = timedelta(minutes=15)
LONGEST = timedelta(days=30)
TOLD_AT_MOST = 20


@dataclass(frozen=True)
class Waiting:
    """A ticket that its unit has not answered, and how much of the time to respond has passed."""

    share: float
    unit: str
    submitter: str
    priority: Priority
    subject: str
    text: str


WAITING = (
    Waiting(
        1.3, "INFN-T1", "ada", Priority.VERY_URGENT,
        "Reading from the CNAF storage stops after a few megabytes",
        "Every job that reads raw data hangs after the first file. It began this week; files from "
        "the other centres are fine. The production waits for it.",
    ),
    Waiting(
        0.85, "BEIJING-LCG2", "chloe", Priority.TOP,
        "No free slots for reconstruction since the last reboot",
        "The batch system shows many free cores, yet our pilots stay idle. Nothing changed on our "
        "side.",
    ),
    Waiting(
        0.6, "INFN-T1", "uma", Priority.URGENT,
        "Which endpoint should analysis jobs use at CNAF?",
        "The wiki names two storage doors. One of them is very slow for me; which is meant for "
        "users?",
    ),
    Waiting(
        0.2, "JINR-T1", "marta", Priority.LESS_URGENT,
        "Please add our new group to the scratch space in Dubna",
        "There are four of us; a hundred gigabytes would do for the summer.",
    ),
)  # fmt: skip
"""Red, amber, yellow and green at the moment of the build."""


def began(unit: SupportUnit, waiting: Waiting, at: datetime) -> datetime:
    """Return when the ticket must have come in to be in its colour now."""
    moment = at
    while at - moment < LONGEST:
        moment -= STEP
        due = quality.deadlines(unit, starts_at=moment, priority=waiting.priority).due_at
        target = quality.working_time_of(unit, moment, due)
        if quality.working_time_of(unit, moment, at) >= waiting.share * target:
            break
    return moment


def look_round(moment: datetime) -> None:
    """Do what the clock does by then: tell colours, remind who was asked."""
    for _ in range(TOLD_AT_MOST):
        if clock_round.look_at_due(at=moment) < clock_round.AT_ONCE:
            return
