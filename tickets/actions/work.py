"""Work on a ticket: take steps of the workflow, change fields, promise, escalate."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import calendars, markdown, text, working_time
from supportunits import queries as unit_queries
from tickets import history, policies, response
from tickets.actions import passing, wall_clock
from tickets.actions.row import NotAllowed, locked, refuse_stale, store
from tickets.models import (
    AffectedSite,
    Category,
    Consumer,
    DiaryEntry,
    HistoryEntry,
    Kind,
    Ticket,
    TicketPerson,
    TicketType,
)
from tickets.search import index
from tickets.workflow import (
    ANSWERED,
    CODES,
    FINAL,
    OPEN,
    Need,
    ResolutionCode,
    Status,
    Step,
    Who,
    find_step,
)
from topology.models import Site

DAYS_UNTIL_CLOSED = 10
SOLUTION_BYTES = 256 * 1024
LAST_ESCALATION = 3
STEP_FIELDS = (
    "status",
    "assigned_at",
    "waiting_since",
    "hold_until",
    "solved_at",
    "close_after",
    "resolution_code",
    "solution",
    "solution_html",
    "public_word_at",
    "escalation_level",
    "next_escalation_after",
    "attention_since",
)


class NeedsMore(SupportError):
    """The step needs something that was not given; ``field`` names it."""

    def __init__(self, field: Need, message: str) -> None:
        super().__init__(message)
        self.field = field


class CannotEscalate(SupportError):
    """The ticket cannot be escalated (further, or yet)."""


def take(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """Take the ticket: in progress, and the supporter is assigned. Raises as :func:`take_step`."""
    return take_step(ticket=ticket, step="take", by=by, at=at)


@transaction.atomic
def take_step(
    *,
    ticket: Ticket,
    step: str,
    by: User | None,
    at: datetime,
    comment: str = "",
    reason: str = "",
    until: datetime | None = None,
    solution: str = "",
    code: str = "",
    seen: int | None = None,
    lead: int | None = None,
    passed: int | None = None,
) -> Ticket:
    """Take a step of the workflow other than assigning (see ``workflow.STEPS``).

    :param comment: only whether there is one matters here; the diary entry is written by
        ``actions.diary.add_entry``, which calls this
    :param until: for *on hold*: the date on which the ticket wakes
    :param seen: the last history entry that the person's page showed
    :param lead: the ticket together with which this one is answered, as its duplicate or joined;
        ``passed`` is the history entry that tells its answer
    :raises StepNotAllowed: if the workflow or the person's role forbids it, or a child is open
    :raises NeedsMore: if a comment, reason, date, solution or code is missing
    :raises ChangedMeanwhile: if somebody else changed the status since
    """
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.STATUS_CHANGED, Kind.ASSIGNED_TO_UNIT), by=by)
    found = find_step(step, status=ticket.status, roles=policies.roles_in(ticket, by))
    given = {
        Need.COMMENT: comment.strip(),
        Need.REASON: reason.strip(),
        Need.UNTIL: until,
        Need.SOLUTION: solution.strip(),
        Need.CODE: code,
    }
    _check_needs(found, given, at)
    if found.to in ANSWERED:
        passing.refuse_open_children(ticket)
    old = ticket.status
    ticket.status = found.to
    facts: dict[str, Any] = {"status": [old, found.to], "step": found.name}
    _leave(ticket, old)
    if found.to in ANSWERED:
        _answer(ticket, found, text.clean(solution).strip(), code, at)
        facts["code"] = ticket.resolution_code
        passing.end_incident(ticket, by=by, at=at)
    elif found.to == Status.REOPENED:
        _keep_solution(ticket, at)
        ticket.assigned_at = at
        ticket.solved_at = ticket.close_after = None
        ticket.resolution_code = ticket.solution = ticket.solution_html = ""
        # What was asked for was given: it can be escalated anew, from the first step.
        ticket.escalation_level, ticket.next_escalation_after = 0, None
        ticket.attention_since = None
    elif found.to == Status.WAITING_FOR_REPLY:
        ticket.waiting_since = at
    elif found.to == Status.ON_HOLD:
        ticket.hold_until = until
        facts |= {"words": reason, "until": until.isoformat() if until else None}
    if by is not None and policies.speaks_for_support(ticket, by):
        ticket.attention_since = None
    if found.name == "take" and by is not None:
        TicketPerson.objects.get_or_create(ticket=ticket, user=by, part=TicketPerson.Part.ASSIGNED)
        facts["person"] = by.pk
    if lead is not None:
        facts |= {"lead": lead, "passed": passed}
    elif old == Status.ON_HOLD or found.to == Status.REOPENED:
        # Whoever works on what follows another takes it loose.
        passing.let_loose(ticket, by=by, at=at)
    ticket.public_word_at = at
    history.turn_interval(ticket, at)
    entry = history.record(
        ticket=ticket, kind=Kind.STATUS_CHANGED, by=by, at=at, is_public=True, **facts
    )
    if ticket.type == TicketType.ALARM:
        wall_clock.after_step(ticket, step=found.name, by=by, at=at)
    store(ticket, *STEP_FIELDS)
    _tell_who_hangs_on_it(entry, found, at)
    if ticket.solution:
        index.index_solution(ticket)
    return ticket


@transaction.atomic
def set_priority(
    *, ticket: Ticket, priority: int, by: User, at: datetime, seen: int | None = None
) -> Ticket:
    """Change the priority.

    :raises NotAllowed: if the person may not, or the ticket is final
    :raises ChangedMeanwhile: if somebody else changed it since
    """
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.PRIORITY_CHANGED,), by=by)
    _check_may_edit(ticket, by)
    if priority == ticket.priority:
        return ticket
    old, ticket.priority = ticket.priority, priority
    response.recount(ticket, at)
    history.record(
        ticket=ticket,
        kind=Kind.PRIORITY_CHANGED,
        by=by,
        at=at,
        is_public=True,
        priority=[old, priority],
    )
    return store(ticket, "priority")


CHANGEABLE = (
    "subject",
    "vo",
    "issue_type",
    "category",
    "notified_site",
    "problem_at",
    "eta_at",
    "mou_area",
    "is_vo_specific",
    "affects_whole_vo",
)
# What shifters of the VO change on its TEAM tickets too; the rest is the support units'.
EDITABLE = (
    "subject",
    "issue_type",
    "problem_at",
    "mou_area",
    "is_vo_specific",
    "affects_whole_vo",
)


@transaction.atomic
def change_field(
    *, ticket: Ticket, field: str, value: Any, by: User, at: datetime, seen: int | None = None
) -> Ticket:
    """Change one field of the ticket (one of ``CHANGEABLE``).

    A change of the concerned VO changes who may read the ticket; the submitter is told.

    :raises NotAllowed: if the person may not, or the ticket is final, or the field cannot change
    :raises SiteCannotBeNotified: closed, or neither certified nor in commissioning
    :raises ChangedMeanwhile: if somebody else changed the same field since
    """
    if field not in CHANGEABLE:
        raise NotAllowed(_("This field cannot be changed."))
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.FIELD_CHANGED,), by=by, field=field)
    if field in EDITABLE:
        _check_may_edit(ticket, by)
    else:
        _check_may_change(ticket, by)
    # What is discarded is closed, so that only its recovery leads out. An open ticket that calls
    # itself spam is hidden from every list, and nothing else would bring it back: TPM mends it.
    if field == "category" and (
        value == Category.SPAM
        or (ticket.category == Category.SPAM and not policies.may_discard(ticket, by))
    ):
        raise NotAllowed(
            _("The category does not make a ticket spam."), _("TPM discards spam at the desk.")
        )
    if field == "issue_type" and bool(value and value.is_security) != ticket.is_restricted:
        raise NotAllowed(
            _("A ticket cannot become, or stop being, a Security ticket."),
            _("File a new one of type Security."),
        )
    if field == "notified_site" and policies.keeps_notified_site(ticket):
        raise NotAllowed(
            _("The notified site of a %(type)s ticket stays.")
            % {"type": ticket.get_type_display()},
            _("Give the ticket to another support unit, or file one for the other site."),
        )
    if field == "mou_area" and value and value not in (ticket.vo.mou_areas if ticket.vo else ()):
        raise NotAllowed(_("“%(area)s” is not among the VO's MoU areas.") % {"area": value})
    if field == "vo" and value is None and ticket.type in (TicketType.TEAM, TicketType.ALARM):
        raise NotAllowed(_("A %(type)s ticket belongs to a VO.") % {"type": ticket.type})
    if field == "notified_site" and value is not None and value != ticket.notified_site:
        unit_queries.check_notifiable(value)
    if field == "subject":
        value = text.clean_line(value)[:250]
        if not value:
            raise NotAllowed(_("A ticket needs a subject."))
    old = getattr(ticket, field)
    if old == value:
        return ticket
    setattr(ticket, field, value)
    history.record(
        ticket=ticket,
        kind=Kind.FIELD_CHANGED,
        by=by,
        at=at,
        is_public=True,
        field=field,
        # No words of a subject: history cannot be changed, and what it held could not be redacted.
        change=[] if field == "subject" else [_fact(old), _fact(value)],
    )
    store(ticket, field)
    if field == "subject":
        index.reindex(ticket)
    return ticket


@transaction.atomic
def set_affected_sites(
    *, ticket: Ticket, sites: Iterable[Site], by: User, at: datetime, seen: int | None = None
) -> Ticket:
    """Set the list of affected sites. Raises as :func:`change_field`."""
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.FIELD_CHANGED,), by=by, field="affected_sites")
    _refuse_final(ticket)
    if not policies.is_owner(ticket, by):
        _check_may_change(ticket, by)
    old = set(AffectedSite.objects.filter(ticket=ticket).values_list("site_id", flat=True))
    new = {site.pk for site in sites}
    if old == new:
        return ticket
    AffectedSite.objects.filter(ticket=ticket, site_id__in=old - new).delete()
    AffectedSite.objects.bulk_create(
        AffectedSite(ticket=ticket, site_id=site_id) for site_id in sorted(new - old)
    )
    history.record(
        ticket=ticket,
        kind=Kind.FIELD_CHANGED,
        by=by,
        at=at,
        is_public=True,
        consumers=(Consumer.MAIL, Consumer.CONTEXT),
        field="affected_sites",
        change=[sorted(old), sorted(new)],
    )
    return store(ticket)


@transaction.atomic
def set_next_step(
    *,
    ticket: Ticket,
    what: str,
    person: User | None,
    due_at: datetime | None,
    by: User,
    at: datetime,
    seen: int | None = None,
) -> Ticket:
    """Say what happens next, by whom, by when; an empty text clears it.

    :raises NotAllowed: if the person may not, or the ticket is final
    :raises ChangedMeanwhile: if somebody else said something else since
    """
    ticket = locked(ticket)
    refuse_stale(ticket, seen=seen, kinds=(Kind.NEXT_STEP,), by=by)
    _check_may_edit(ticket, by)
    ticket.next_step = text.clean_line(what)[:250]
    ticket.next_step_by = person if ticket.next_step else None
    ticket.next_step_at = due_at if ticket.next_step else None
    history.record(
        ticket=ticket,
        kind=Kind.NEXT_STEP,
        by=by,
        at=at,
        is_public=True,
        words=ticket.next_step,
        person=person.pk if person and ticket.next_step else None,
        due_at=due_at.isoformat() if due_at and ticket.next_step else None,
    )
    return store(ticket, "next_step", "next_step_by", "next_step_at")


@transaction.atomic
def escalate(*, ticket: Ticket, by: User, at: datetime) -> Ticket:
    """Escalate: 1 the unit, 2 also TPM, 3 also the admins until there is a rota (section 7).

    The next step is possible one working day after the last.

    :raises CannotEscalate: if the ticket is not open, all steps are taken, or it is too early
    :raises NotAllowed: if the ticket is neither the person's, nor the person a TPM operator
    """
    ticket = locked(ticket)
    if not policies.may_escalate(ticket, by):
        raise NotAllowed(_("Only the submitter and TPM escalate a ticket."))
    if ticket.status not in OPEN:
        raise CannotEscalate(
            _("The ticket is %(status)s.") % {"status": ticket.get_status_display()},
            _("To continue, reopen it."),
        )
    if ticket.escalation_level >= LAST_ESCALATION:
        raise CannotEscalate(
            _("The ticket has been escalated to everybody there is."),
            _("Write into the public diary; all of them read it."),
        )
    if ticket.next_escalation_after is not None and at < ticket.next_escalation_after:
        raise CannotEscalate(
            _("The next escalation is possible one working day after the last."),
            _("Possible from %(moment)s UTC.")
            % {"moment": ticket.next_escalation_after.strftime("%Y-%m-%d %H:%M")},
        )
    ticket.escalation_level += 1
    ticket.attention_since = ticket.attention_since or at
    ticket.next_escalation_after = working_time.add_working_days(
        at, 1, calendars.instance_calendar()
    )
    history.record(
        ticket=ticket,
        kind=Kind.ESCALATED,
        by=by,
        at=at,
        is_public=True,
        level=ticket.escalation_level,
    )
    return store(ticket, "escalation_level", "next_escalation_after", "attention_since")


def _tell_who_hangs_on_it(entry: HistoryEntry, step: Step, at: datetime) -> None:
    if step.to in ANSWERED or step.to == Status.REOPENED:
        # What its submitter withdraws is no answer for others: they are let go.
        passing.pass_on(entry, at=at, to_followers=step.to in ANSWERED, to_parent=True)


def _check_needs(step: Step, given: dict[Need, Any], at: datetime) -> None:
    words = {
        Need.COMMENT: _("Write a comment for this step."),
        Need.REASON: _("Give a reason."),
        Need.UNTIL: _("Say until when."),
        Need.SOLUTION: _("Describe the solution."),
        Need.CODE: _("Choose how it was resolved."),
    }
    for need in step.needs:
        if not given[need]:
            raise NeedsMore(need, words[need])
    if Need.UNTIL in step.needs and given[Need.UNTIL] <= at:
        raise NeedsMore(Need.UNTIL, _("The date must be in the future."))
    if Need.CODE in step.needs and given[Need.CODE] not in CODES[step.to]:
        raise NeedsMore(Need.CODE, words[Need.CODE])
    if len(str(given[Need.SOLUTION]).encode()) > SOLUTION_BYTES:
        raise NeedsMore(Need.SOLUTION, _("The solution is larger than 256 kB. Attach long texts."))


def _leave(ticket: Ticket, old: str) -> None:
    if old == Status.WAITING_FOR_REPLY:
        ticket.waiting_since = None
    elif old == Status.ON_HOLD:
        ticket.hold_until = None


def _answer(ticket: Ticket, step: Step, solution: str, code: str, at: datetime) -> None:
    if step.name == "withdraw":
        solution, code = solution or _("Withdrawn by the submitter."), ResolutionCode.WITHDRAWN
    ticket.solution = solution
    ticket.solution_html = markdown.render(solution)
    ticket.resolution_code = code
    ticket.solved_at = at
    ticket.close_after = working_time.add_working_days(
        at, DAYS_UNTIL_CLOSED, calendars.instance_calendar()
    )


def _refuse_final(ticket: Ticket) -> None:
    if ticket.status in FINAL:
        raise NotAllowed(
            _("The ticket is %(status)s, which is final.")
            % {"status": ticket.get_status_display()},
            _("Write a late comment, or file a new ticket that refers to it."),
        )


def _keep_solution(ticket: Ticket, at: datetime) -> None:
    """Keep in the diary what was the solution, unless it was written there when it was given."""
    if not ticket.solution or ticket.diary.filter(text=ticket.solution, is_public=True).exists():
        return
    entry = DiaryEntry.objects.create(
        ticket=ticket,
        is_public=True,
        text=ticket.solution,
        html=ticket.solution_html,
        renderer_version=markdown.RENDERER_VERSION,
        written_at=at,
    )
    history.record(
        ticket=ticket,
        kind=Kind.PUBLIC_ENTRY,
        by=None,
        at=at,
        is_public=True,
        diary_entry=entry,
        consumers=(),
        was_solution=True,
    )


def _check_may_edit(ticket: Ticket, by: User) -> None:
    _refuse_final(ticket)
    if not policies.may_edit(ticket, by):
        raise NotAllowed(
            _("Only supporters change this; of a TEAM ticket, the shifters of its VO as well.")
        )


def _check_may_change(ticket: Ticket, by: User) -> None:
    _refuse_final(ticket)
    if Who.SUPPORTER not in policies.roles_in(ticket, by):
        raise NotAllowed(_("Only supporters change this."))


def _fact(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    return value.isoformat() if isinstance(value, datetime) else value
