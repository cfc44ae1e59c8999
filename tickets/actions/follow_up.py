"""A final ticket goes on as a follow-up: a new ticket with one click, late comments and all."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.lib import display, text
from supportunits import queries as unit_queries
from tickets import history, policies
from tickets.actions import submit
from tickets.actions.hanging import CannotRelate, locked_all
from tickets.actions.row import NotAllowed, store
from tickets.models import (
    Category,
    DiaryEntry,
    Kind,
    Priority,
    RelationKind,
    Ticket,
    TicketRelation,
    TicketType,
)
from tickets.workflow import FINAL
from topology.models import Site

MOST_QUOTED = 100_000


@transaction.atomic
def follow_up(*, ticket: Ticket, by: User, at: datetime, submission_key: UUID) -> Ticket:
    """File a follow-up of a final ticket, with its late comments (domain: section 4).

    It is the old submitter's, whoever clicks; a TEAM or ALARM ticket's is a TEAM ticket. The same
    key twice gives the same ticket once. What follows up a discarded ticket is no spam.

    :returns: the new ticket
    :raises NotAllowed: for others than the owner and supporters
    :raises CannotRelate: if the ticket is not final, or an open follow-up is there already
    """
    if not (policies.may_change(ticket, by) or policies.is_owner(ticket, by)):
        raise NotAllowed(_("Only the submitter and supporters make a follow-up of this ticket."))
    [ticket] = locked_all([ticket.pk])
    if ticket.status not in FINAL:
        raise CannotRelate(
            _("This ticket is %(status)s.") % {"status": ticket.get_status_display()},
            _("Write into it, or reopen it."),
        )
    before = _open_follow_up(ticket)
    if before is not None and before.submission_key == submission_key:
        return before
    if before is not None:
        raise CannotRelate(
            _("#%(number)s follows this ticket, and is open.") % {"number": before.pk},
            _("Write there."),
        )
    is_team = ticket.vo is not None and ticket.type in (TicketType.TEAM, TicketType.ALARM)
    new = submit.submit_ticket(
        draft_id=submission_key,
        by=by,
        owner=ticket.submitter if ticket.submitter.is_active else by,
        at=at,
        type=TicketType.TEAM if is_team else TicketType.USER,
        subject=text.shorten(_("Follow-up: %(subject)s") % {"subject": ticket.subject}, 250),
        description=_description(ticket),
        vo=ticket.vo,
        affected_sites=ticket.affected_sites.all(),
        affected_services=ticket.affected_services.all(),
        notified_site=_site(ticket) if is_team else None,
        issue_type=ticket.issue_type,
        category=_category(ticket),
        priority=Priority(ticket.priority),
        on_behalf_of_name=ticket.on_behalf_of_name,
        on_behalf_of_email=ticket.on_behalf_of_email,
        is_vo_specific=ticket.is_vo_specific,
        affects_whole_vo=ticket.affects_whole_vo,
        mou_area=ticket.mou_area,
        language=ticket.language,
    )
    link(new=new, old=ticket, by=by, at=at)
    return new


@transaction.atomic
def link(*, new: Ticket, old: Ticket, by: User, at: datetime) -> None:
    """Note that a ticket that was just filed follows up an older one; both show it."""
    old, new = locked_all([old.pk, new.pk])
    if TicketRelation.objects.filter(ticket=new, kind=RelationKind.FOLLOW_UP).exists():
        return
    TicketRelation.objects.create(
        ticket=new, other=old, kind=RelationKind.FOLLOW_UP, made_by=by, made_at=at
    )
    for each, other, role in ((old, new, "old"), (new, old, "new")):
        if other.is_restricted and not each.is_restricted:
            # Who reads this ticket must not learn from it that the other exists.
            continue
        history.record(
            ticket=each,
            kind=Kind.RELATED,
            by=by,
            at=at,
            is_public=True,
            consumers=(),
            relation=RelationKind.FOLLOW_UP,
            other=other.pk,
            role=role,
        )
        store(each)


def _open_follow_up(ticket: Ticket) -> Ticket | None:
    return Ticket.objects.filter(
        relations__other=ticket,
        relations__kind=RelationKind.FOLLOW_UP,
        relations__ended_at=None,
        is_open=True,
    ).first()


def _category(ticket: Ticket) -> Category:
    """Return the old category; who follows up what was discarded as spam says that it was none."""
    category = Category(ticket.category)
    return Category.INCIDENT if category == Category.SPAM else category


def _site(ticket: Ticket) -> Site | None:
    site = ticket.notified_site
    try:
        if site is not None:
            unit_queries.check_notifiable(site)
    except unit_queries.SiteCannotBeNotified:
        return None  # then TPM finds who can help
    return site


def _description(ticket: Ticket) -> str:
    """Return what the new ticket says: what came too late, or else what the old one was about."""
    number = {"number": f"[#{ticket.pk}]({settings.JUNO_BASE_URL}/tickets/{ticket.pk}/)"}
    late = DiaryEntry.objects.filter(
        ticket=ticket, is_public=True, is_late=True, redacted_at=None
    ).select_related("author")
    parts = [
        f"**{text.clean_line(str(entry.author or '?'))}**, {display.utc_text(entry.written_at)}:"
        f"\n\n{entry.text}"
        for entry in late.order_by("pk")
        if entry.text
    ]
    if parts:
        words = _("This goes on from %(number)s, with what was written there since it was final:")
    else:
        words = _("The problem of %(number)s goes on. There it was described so:")
        parts = [ticket.description]
    return "\n\n".join([words % number, *parts])[:MOST_QUOTED]
