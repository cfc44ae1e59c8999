"""Make tickets for tests, through the same actions that pages call."""

import uuid
from datetime import datetime
from typing import Any

from juno_support.accounts.models import User
from supportunits.models import SupportUnit
from tests.make import AT
from tickets.actions import assign, diary, submit, undo
from tickets.models import DiaryEntry, Ticket, UndoWindow


def make_ticket(*, by: User, at: datetime = AT, **fields: Any) -> Ticket:
    """File a ticket."""
    fields.setdefault("subject", "Jobs fail at the CE")
    fields.setdefault("description", "All pilots end with exit code 1.")
    return submit.submit_ticket(
        draft_id=fields.pop("draft_id", uuid.uuid4()), by=by, at=at, **fields
    )


def assign_with_undo(*, ticket: Ticket, unit: SupportUnit, by: User, at: datetime) -> UndoWindow:
    """Give the ticket to a unit as the desk does, so that it can be taken back."""
    window = undo.with_undo(
        ticket=ticket,
        action=UndoWindow.Action.ASSIGN,
        do=lambda found: assign.assign_to_unit(
            ticket=found, unit=unit, by=by, at=at, reason="Theirs."
        ),
        by=by,
        at=at,
    )
    assert window is not None
    return window


def write(
    *, ticket: Ticket, by: User, words: str = "Hello.", is_public: bool = True, **fields: Any
) -> DiaryEntry:
    """Write a diary entry."""
    return diary.add_entry(
        ticket=ticket,
        words=words,
        is_public=is_public,
        submission_key=fields.pop("submission_key", uuid.uuid4()),
        by=by,
        at=fields.pop("at", AT),
        **fields,
    )
