"""File an ALARM ticket, or make one of a TEAM ticket: by an alarmer, for a Tier 0 or Tier 1 site
of the VO that somebody reads the emergency address of (domain: section 2).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable
from juno_support.lib import display
from monitoring import queries as monitoring
from supportunits import policies as unit_policies
from supportunits.models import ALARM_TIERS, VO, IssueType, VOSite
from tickets import history, policies
from tickets.actions import wall_clock
from tickets.actions.row import NotAllowed, locked, store
from tickets.actions.team import submit_for_vo
from tickets.models import AlarmDrill, Category, Kind, Priority, Ticket, TicketType, WallClock
from tickets.workflow import OPEN
from topology.models import Site


@transaction.atomic
def submit_alarm_ticket(
    *,
    draft_id: UUID,
    by: User,
    at: datetime,
    vo: VO | None,
    notified_site: Site | None,
    mou_area: str = "",
    affected_sites: Iterable[Site] = (),
    issue_type: IssueType | None = None,
    priority: Priority = Priority.TOP,
    is_test: bool = False,
    in_downtime: bool = False,
    **fields: Any,
) -> Ticket:
    """File an ALARM ticket and start its wall clock; the draft's id twice gives the ticket once.

    It goes to the notified site's own unit, else to its operations centre's, else to TPM. The
    emergency address and the person on call are mailed at once.

    :param is_test: category test: marked so everywhere, and in no figure
    :param in_downtime: the person knows that the site is in a declared downtime, and means it
    :param fields: what else ``submit.submit_ticket`` takes, without a unit
    :raises NotAcceptable: with the field and the next possible step, where the person is no
        alarmer of the VO, the site is none of its Tier 0 or 1, has no emergency address, is in a
        downtime that was not confirmed, or what a TEAM ticket needs is missing
    """
    if vo is None or not unit_policies.is_alarmer_of(by, vo):
        raise NotAcceptable(
            "vo",
            _("Only alarmers of the concerned VO raise alarms."),
            _("An admin gives the role; until then file another kind of ticket."),
        )
    return raise_alarm(
        draft_id=draft_id,
        by=by,
        at=at,
        vo=vo,
        notified_site=notified_site,
        mou_area=mou_area,
        affected_sites=affected_sites,
        issue_type=issue_type,
        priority=priority,
        category=Category.TEST if is_test else Category.INCIDENT,
        in_downtime=in_downtime,
        **fields,
    )


def raise_alarm(
    *,
    by: User,
    at: datetime,
    vo: VO,
    notified_site: Site | None,
    in_downtime: bool = False,
    drill: AlarmDrill | None = None,
    **fields: Any,
) -> Ticket:
    """File the ticket and start its clock, after who does it was checked."""
    if notified_site is not None:
        check_can_be_alarmed(vo, notified_site, at=at, in_downtime=in_downtime)
    ticket = submit_for_vo(
        type=TicketType.ALARM, by=by, at=at, vo=vo, notified_site=notified_site, **fields
    )
    if not WallClock.objects.filter(ticket=ticket).exists():
        wall_clock.start(ticket, by=by, at=at, drill=drill)
        store(ticket)
    return ticket


def check_can_be_alarmed(vo: VO, site: Site, *, at: datetime, in_downtime: bool) -> None:
    """Make sure that an alarm about the site would wake the right people.

    :raises NotAcceptable: with the field and the next possible step
    """
    problem = why_not_alarmed(vo, site)
    if problem is not None:
        raise problem
    if not in_downtime:
        ends_at = downtime_until(site, at=at)
        if ends_at is not None:
            raise NotAcceptable(
                "in_downtime",
                _("%(site)s is in a declared downtime until %(end)s.")
                % {"site": site.name, "end": display.utc_text(ends_at)},
                _("Tick that you know this if the alarm is about something else."),
            )


def why_not_alarmed(vo: VO, site: Site) -> NotAcceptable | None:
    """Return why the VO cannot raise an alarm at the site, and what is possible; None if it can."""
    listed = VOSite.objects.filter(vo=vo, site=site).first()
    return why_not_listed(listed or VOSite(vo=vo, site=site))


def why_not_listed(listed: VOSite) -> NotAcceptable | None:
    """Return why nobody can be woken at a site of a VO, and what is possible; None if it can."""
    vo, site = listed.vo, listed.site
    if listed.tier not in ALARM_TIERS:
        return NotAcceptable(
            "notified_site",
            _("%(vo)s does not list %(site)s as Tier 0 or Tier 1; alarms are for these.")
            % {"vo": vo.name, "site": site.name},
            _("File a TEAM ticket of top priority instead."),
        )
    if not site.emergency_contact:
        return NotAcceptable(
            "notified_site",
            _("No emergency address of %(site)s is known: nobody there would be woken.")
            % {"site": site.name},
            _(
                "File a TEAM ticket of top priority; an admin can enter the address on the page of "
                "the site."
            ),
        )
    return None


def downtime_until(site: Site, *, at: datetime) -> datetime | None:
    """Return the end of the site's declared downtime that runs, or None; one query."""
    running = monitoring.running_downtimes([site], at=at)
    return max((downtime.ends_at for downtime in running), default=None)


@transaction.atomic
def convert_to_alarm(
    *, ticket: Ticket, by: User, at: datetime, in_downtime: bool = False
) -> Ticket:
    """Make an ALARM ticket of an open TEAM ticket, and start its wall clock.

    The only change of type there is (domain: section 2).

    :raises NotAllowed: to whoever is no alarmer of its VO, and of any other ticket
    :raises NotAcceptable: as ``submit_alarm_ticket``, about the site
    """
    ticket = locked(ticket)
    if ticket.type != TicketType.TEAM or ticket.vo is None or ticket.notified_site is None:
        raise NotAllowed(_("Only a TEAM ticket can become an ALARM ticket."))
    if not policies.may_convert(ticket, by):
        raise NotAllowed(
            _("Only alarmers of %(vo)s raise alarms.") % {"vo": ticket.vo.name},
            _("Ask one of them, or escalate the ticket."),
        )
    if ticket.status not in OPEN:
        raise NotAllowed(
            _("The ticket is %(status)s.") % {"status": ticket.get_status_display()},
            _("Reopen it first, or file an ALARM ticket."),
        )
    check_can_be_alarmed(ticket.vo, ticket.notified_site, at=at, in_downtime=in_downtime)
    ticket.type = TicketType.ALARM
    history.record(
        ticket=ticket,
        kind=Kind.FIELD_CHANGED,
        by=by,
        at=at,
        is_public=True,
        field="type",
        change=[TicketType.TEAM, TicketType.ALARM],
    )
    wall_clock.start(ticket, by=by, at=at)
    return store(ticket, "type")
