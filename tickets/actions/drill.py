"""Alarm drills: one step starts a test ALARM for each chosen centre (domain: section 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable, SupportError
from juno_support.lib import form_key
from supportunits import policies as unit_policies
from supportunits.models import VO
from tickets.actions.alarm import raise_alarm
from tickets.actions.row import NotAllowed
from tickets.models import AlarmDrill, Category, Priority, Ticket
from topology.models import Site


class NoDrill(SupportError):
    """No centre could be tested; nothing was started."""


@dataclass(frozen=True)
class Started:
    """What one step started.

    :ivar refused: centres that could not be tested, each with why and what to do
    """

    drill: AlarmDrill
    tickets: list[Ticket]
    refused: list[tuple[Site, str]]


def quarter_of(moment: datetime) -> tuple[int, int]:
    """Return year and quarter of a moment, in UTC: ``(2026, 1)``."""
    moment = moment.astimezone(UTC)
    return moment.year, (moment.month - 1) // 3 + 1


def quarter_words(quarter: tuple[int, int]) -> str:
    """Return a quarter as people write it: ``"2026 Q1"``."""
    return f"{quarter[0]} Q{quarter[1]}"


@transaction.atomic
def start_drill(
    *, vo: VO, sites: Sequence[Site], submission_key: UUID, by: User, at: datetime
) -> Started:
    """Raise a test alarm at each of these Tier 0 and Tier 1 centres; the same key once.

    A centre that cannot be woken keeps the others from nothing. One in a declared downtime that
    was chosen all the same is tested.

    :raises NotAllowed: to whoever neither manages the VO nor is an admin
    :raises NoDrill: if no centre was chosen, or none can be woken
    """
    if not unit_policies.may_start_drills(by, vo):
        raise NotAllowed(_("The VO's managers and admins start its alarm drills."))
    form_key.wait_for(submission_key)
    before = AlarmDrill.objects.filter(submission_key=submission_key).first()
    if before is not None:
        return Started(
            before, [clock.ticket for clock in before.clocks.select_related("ticket")], []
        )
    drill = AlarmDrill.objects.create(
        submission_key=submission_key, vo=vo, started_by=by, started_at=at
    )
    tickets, refused = [], []
    for site in sites:
        try:
            tickets.append(_test(drill, site, by, at))
        except NotAcceptable as error:
            refused.append((site, str(error)))
    if not tickets:
        raise NoDrill(
            _("No centre can be tested."),
            " ".join(words for _site, words in refused) or _("Choose at least one."),
        )
    return Started(drill, tickets, refused)


def _test(drill: AlarmDrill, site: Site, by: User, at: datetime) -> Ticket:
    # The centres read English; the words of a ticket are data and stay as they were written.
    return raise_alarm(
        draft_id=uuid5(drill.submission_key, str(site.pk)),
        by=by,
        at=at,
        vo=drill.vo,
        notified_site=site,
        drill=drill,
        in_downtime=True,
        mou_area=drill.vo.mou_areas[0] if drill.vo.mou_areas else "",
        affected_sites=(),
        issue_type=None,
        category=Category.TEST,
        priority=Priority.LESS_URGENT,
        subject=f"Alarm drill {quarter_words(quarter_of(at))}: please confirm the receipt",
        description=(
            "This is the quarterly test of the way by which alarms reach your centre. Nothing is "
            "broken.\n\nPlease confirm the receipt by the link in this mail, as you would confirm "
            "a real alarm, and then solve this ticket. The minutes until then stand in the VO's "
            "table of drills."
        ),
    )
