"""What TPM does at the desk, for one ticket or for several: one table, one undo."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import calendars, working_time
from tickets import response
from tickets.actions import diary, incident, relations, spam, work
from tickets.actions.undo import with_undo
from tickets.desk import lists
from tickets.forms import desk as forms
from tickets.models import Ticket, UndoWindow
from tickets.routing import decisions
from tickets.workflow import ResolutionCode

Given = dict[str, Any]


@dataclass(frozen=True)
class DeskAction:
    """One action: its words, its form, what it does.

    :ivar needs_nothing: one key does it, without a form
    :ivar for_many: whether it can be done to several tickets at once
    """

    name: str
    window: UndoWindow.Action
    title: str | Promise
    send: str | Promise
    do: Callable[[Ticket, Given, User, datetime], object]
    form: type[forms.DeskForm] = forms.DeskForm
    needs_nothing: bool = False
    for_many: bool = False

    def run(self, ticket: Ticket, given: Given, by: User, at: datetime) -> UndoWindow | None:
        """Do it so that it can be undone; raises what the action raises."""
        return with_undo(
            ticket=ticket,
            action=self.window,
            do=lambda found: self.do(found, given, by, at),
            by=by,
            at=at,
            among=[given[name] for name in ("master", "incident") if name in given],
        )


def said(window: UndoWindow) -> str:
    """Return what was done, in words; the window's ticket and its unit are loaded."""
    ticket, action = window.ticket, UndoWindow.Action(window.action)
    words = {
        UndoWindow.Action.ASSIGN: _("#%(number)d went to %(unit)s."),
        UndoWindow.Action.DUPLICATE: _("#%(number)d is a duplicate now."),
        UndoWindow.Action.JOIN: _("#%(number)d is part of the incident now."),
        UndoWindow.Action.ASK: _("#%(number)d: the submitter is asked."),
        UndoWindow.Action.HOLD: _("#%(number)d is on hold."),
        UndoWindow.Action.SPAM: _("#%(number)d is discarded as spam."),
        UndoWindow.Action.RECOVER: _("#%(number)d is recovered."),
        UndoWindow.Action.ESCALATE: _("#%(number)d is escalated."),
        UndoWindow.Action.UNSOLVED: _("#%(number)d is unsolved: no answer."),
    }
    return words[action] % {"number": ticket.pk, "unit": ticket.unit.name}


def _assign(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    decisions.route(
        ticket=ticket,
        unit=given["unit"],
        reason=given["reason"],
        by=by,
        at=at,
        seen=given.get("seen"),
    )


def _duplicate(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    relations.mark_duplicate(
        ticket=ticket, master=given["master"], by=by, at=at, seen=given.get("seen")
    )


def _join(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    incident.join_incident(
        ticket=ticket, incident=given["incident"], by=by, at=at, seen=given.get("seen")
    )


def _ask(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    diary.add_entry(
        ticket=ticket,
        words=given["words"],
        is_public=True,
        submission_key=given["key"],
        by=by,
        at=at,
        step="ask",
        seen=given.get("seen"),
    )


def _hold(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    work.take_step(
        ticket=ticket,
        step="hold",
        reason=given["reason"],
        until=given["until"],
        by=by,
        at=at,
        seen=given.get("seen"),
    )


def _discard(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    spam.discard(ticket=ticket, by=by, at=at, seen=given.get("seen"))


def _recover(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    spam.recover(ticket=ticket, by=by, at=at)


def _escalate(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    work.escalate(ticket=ticket, by=by, at=at)


def _no_answer(ticket: Ticket, given: Given, by: User, at: datetime) -> None:
    """End what waits for its submitter: unsolved, no answer (domain: section 4)."""
    if ticket.waiting_since is None:
        raise SupportError(
            _("The ticket does not wait for its submitter."), _("Ask first, or open the ticket.")
        )
    if not lists.waited_too_long(ticket, at=at):
        raise SupportError(
            _("The submitter has not had %(days)d working days yet to answer.")
            % {"days": response.TOO_LONG_DAYS},
            _("Who cannot wait opens the ticket and leaves it unsolved there, with a reason."),
        )
    since = ticket.waiting_since
    calendar = calendars.instance_calendar()
    waited = working_time.working_time_between(since, at, calendar)
    days = int(waited / working_time.WORKING_DAY)
    with override(ticket.language or None):
        words = ngettext(
            "No answer came for %(days)d working day. Reopen the ticket if it still happens.",
            "No answer came for %(days)d working days. Reopen the ticket if it still happens.",
            days,
        ) % {"days": days}
    work.take_step(
        ticket=ticket,
        step="leave-unsolved",
        solution=words,
        code=ResolutionCode.NO_ANSWER,
        by=by,
        at=at,
        seen=given.get("seen"),
    )


A = UndoWindow.Action
ACTIONS = {
    each.name: each
    for each in (
        DeskAction(
            "assign",
            A.ASSIGN,
            gettext_lazy("Assign"),
            gettext_lazy("Assign"),
            _assign,
            forms.AssignForm,
            for_many=True,
        ),
        DeskAction(
            "duplicate",
            A.DUPLICATE,
            gettext_lazy("Duplicate of another ticket"),
            gettext_lazy("It is a duplicate"),
            _duplicate,
            forms.DuplicateForm,
            for_many=True,
        ),
        DeskAction(
            "join",
            A.JOIN,
            gettext_lazy("Join an incident"),
            gettext_lazy("It is part of the incident"),
            _join,
            forms.JoinForm,
            for_many=True,
        ),
        DeskAction(
            "ask",
            A.ASK,
            gettext_lazy("Ask the submitter"),
            gettext_lazy("Ask"),
            _ask,
            forms.AskForm,
        ),
        DeskAction(
            "hold",
            A.HOLD,
            gettext_lazy("Put on hold"),
            gettext_lazy("Put on hold"),
            _hold,
            forms.HoldForm,
            for_many=True,
        ),
        DeskAction(
            "spam",
            A.SPAM,
            gettext_lazy("Discard as spam"),
            gettext_lazy("Discard"),
            _discard,
            needs_nothing=True,
            for_many=True,
        ),
        DeskAction(
            "recover",
            A.RECOVER,
            gettext_lazy("Recover: it is no spam"),
            gettext_lazy("Recover"),
            _recover,
            needs_nothing=True,
        ),
        DeskAction(
            "escalate",
            A.ESCALATE,
            gettext_lazy("Escalate"),
            gettext_lazy("Escalate"),
            _escalate,
            needs_nothing=True,
        ),
        DeskAction(
            "no-answer",
            A.UNSOLVED,
            gettext_lazy("Unsolved, no answer"),
            gettext_lazy("Leave unsolved"),
            _no_answer,
            needs_nothing=True,
        ),
    )
}
