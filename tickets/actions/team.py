"""File a TEAM ticket: by a shifter, for the shifter's VO, about one site (domain: section 2)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable
from supportunits import policies as unit_policies
from supportunits.models import VO, IssueType
from tickets.actions import submit
from tickets.models import Ticket, TicketType
from topology.models import Site


@transaction.atomic
def submit_team_ticket(
    *,
    draft_id: UUID,
    by: User,
    at: datetime,
    vo: VO | None,
    notified_site: Site | None,
    mou_area: str = "",
    to_tpm: bool = False,
    affected_sites: Iterable[Site] = (),
    issue_type: IssueType | None = None,
    **fields: Any,
) -> Ticket:
    """File a TEAM ticket; the draft's id twice gives the ticket once.

    It goes straight to the notified site's own unit, else to its operations centre's, else to TPM;
    or to TPM by choice. The site's contact is mailed in any case, and the notified site stays.

    :param to_tpm: TPM gets it, and routes it
    :param fields: what else ``submit.submit_ticket`` takes, without a unit
    :raises NotAcceptable: with the field, where the person is no shifter of the VO, the VO does not
        use TEAM tickets, the site is missing or cannot be notified, or the MoU area is none of the
        VO's
    """
    vo = check_may_file(by, vo)
    return submit_for_vo(
        type=TicketType.TEAM,
        draft_id=draft_id,
        by=by,
        at=at,
        vo=vo,
        notified_site=notified_site,
        mou_area=mou_area,
        to_tpm=to_tpm,
        affected_sites=affected_sites,
        issue_type=issue_type,
        **fields,
    )


def submit_for_vo(
    *,
    type: TicketType,
    vo: VO,
    notified_site: Site | None,
    mou_area: str,
    affected_sites: Iterable[Site],
    issue_type: IssueType | None,
    **fields: Any,
) -> Ticket:
    """File a TEAM or ALARM ticket, after who files it was checked: what both of them need.

    :raises NotAcceptable: with the field, where something is missing or cannot be
    """
    if notified_site is None:
        raise NotAcceptable(
            "send_to", _("%(type)s tickets need a site that is notified.") % {"type": type}
        )
    check_fields(type, vo=vo, mou_area=mou_area, issue_type=issue_type)
    return submit.submit_ticket(
        type=type,
        vo=vo,
        notified_site=notified_site,
        mou_area=mou_area,
        # What is notified is affected: the context and the lists of a site go by that.
        affected_sites=[notified_site, *affected_sites],
        issue_type=issue_type,
        **fields,
    )


def check_may_file(by: User, vo: VO | None) -> VO:
    """Return the VO, if the person may file its TEAM tickets.

    :raises NotAcceptable: if not, or the VO does not use them
    """
    if vo is None or not unit_policies.is_shifter_of(by, vo):
        raise NotAcceptable(
            "vo",
            _("Only shifters of the concerned VO file its TEAM tickets."),
            _("Choose a VO whose shifter you are, or file the ticket as a user."),
        )
    if not vo.has_team_tickets:
        raise NotAcceptable(
            "vo",
            _("%(vo)s does not use TEAM tickets.") % {"vo": vo.name},
            _("Its manager can change that on the page of the VO."),
        )
    return vo


def check_fields(type: TicketType, *, vo: VO, mou_area: str, issue_type: IssueType | None) -> None:
    """Make sure that a ticket of the whole VO can be about this.

    :raises NotAcceptable: with the field
    """
    _check_area(vo, mou_area)
    if issue_type is not None and issue_type.is_security:
        raise NotAcceptable(
            "issue_type",
            _("%(type)s tickets are read by the whole VO; a security incident must not be.")
            % {"type": type},
            _("File it as a user, with a type of issue for security."),
        )


def _check_area(vo: VO, mou_area: str) -> None:
    if not vo.mou_areas:
        if mou_area:
            raise NotAcceptable(
                "mou_area", _("%(vo)s keeps no list of MoU areas.") % {"vo": vo.name}
            )
    elif not mou_area:
        raise NotAcceptable("mou_area", _("Choose the MoU area."))
    elif mou_area not in vo.mou_areas:
        raise NotAcceptable(
            "mou_area",
            _("“%(area)s” is not among the MoU areas of %(vo)s.")
            % {"area": mou_area, "vo": vo.name},
            _("Choose one of its list."),
        )
