"""File one problem at several sites: a parent, and one child for each site, in one step.

By shifters of a VO (TEAM) and by TPM operators (domain: section 2). Each child is routed to its
site as a ticket of its own; the parent waits at TPM until the last of them is solved.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable
from supportunits import policies as unit_policies
from tickets.actions import passing, submit, team
from tickets.actions.hanging import locked_all
from tickets.actions.relations import add_child
from tickets.models import Ticket, TicketType
from topology.models import Site

MOST_SITES = 30


def submit_for_sites(
    *, notified_sites: Sequence[Site], by: User, at: datetime, **fields: Any
) -> Ticket:
    """File a ticket that is sent to one site; or, by a TPM operator, to several.

    :param notified_sites: none, one, or several; several give a parent with a child for each
    :param fields: what ``submit.submit_ticket`` takes besides
    :returns: the ticket, or the parent
    :raises NotAcceptable: with the field; then nothing is filed at all
    """
    if len(notified_sites) < 2:
        site = notified_sites[0] if notified_sites else None
        return submit.submit_ticket(by=by, at=at, notified_site=site, **fields)
    if not unit_policies.is_tpm_operator(by):
        raise NotAcceptable("send_to", _("Choose one site: a ticket goes to one support unit."))
    issue_type = fields.get("issue_type")
    if issue_type is not None and issue_type.is_security:
        raise NotAcceptable(
            "issue_type", _("A security incident goes to the security unit, not to sites.")
        )

    def file_child(site: Site, **own: Any) -> Ticket:
        return submit.submit_ticket(**own, notified_site=site, with_parent=True)

    return _file(notified_sites, file_child, TicketType.USER, by=by, at=at, **fields)


def submit_team_for_sites(
    *, notified_sites: Sequence[Site], by: User, at: datetime, **fields: Any
) -> Ticket:
    """File a TEAM ticket for one site, or for several; as :func:`submit_for_sites`.

    :param fields: what ``team.submit_team_ticket`` takes besides
    """
    if len(notified_sites) < 2:
        site = notified_sites[0] if notified_sites else None
        return team.submit_team_ticket(by=by, at=at, notified_site=site, **fields)
    team.check_fields(
        TicketType.TEAM,
        vo=team.check_may_file(by, fields.get("vo")),
        mou_area=fields.get("mou_area", ""),
        issue_type=fields.get("issue_type"),
    )

    def file_child(site: Site, **own: Any) -> Ticket:
        return team.submit_team_ticket(**own, notified_site=site, with_parent=True)

    return _file(notified_sites, file_child, TicketType.TEAM, by=by, at=at, **fields)


@transaction.atomic
def _file(
    sites: Sequence[Site],
    file_child: Callable[..., Ticket],
    ticket_type: TicketType,
    *,
    draft_id: UUID,
    by: User,
    at: datetime,
    **fields: Any,
) -> Ticket:
    if len(sites) > MOST_SITES:
        raise NotAcceptable(
            "send_to",
            _("One step files for %(most)s sites at the most; these are %(number)s.")
            % {"most": MOST_SITES, "number": len(sites)},
        )
    passing.alone()
    to_tpm = fields.pop("to_tpm", False)
    # Who is told of the whole is told of by the parent.
    copies = fields.pop("carbon_copies", ())
    affected = [*sites, *fields.pop("affected_sites", ())]
    services = list(fields.pop("affected_services", ()))
    parent = submit.submit_ticket(
        draft_id=draft_id,
        by=by,
        at=at,
        type=ticket_type,
        affected_sites=affected,
        affected_services=services,
        carbon_copies=copies,
        **fields,
    )
    if parent.related.exists():
        return parent  # the button was pressed twice
    numbers = []
    for site in sites:
        try:
            child = file_child(
                site,
                draft_id=uuid5(draft_id, f"site {site.pk}"),
                by=by,
                at=at,
                affected_sites=[site],
                affected_services=[each for each in services if each.site_id == site.pk],
                to_tpm=to_tpm,
                **fields,
            )
        except NotAcceptable as error:
            if error.field != "send_to":
                raise
            # Its sites are many: say which one is meant.
            words = _("%(site)s: %(problem)s") % {"site": site.name, "problem": error.message}
            raise NotAcceptable("send_to", words, error.next_step) from error
        numbers.append(child.pk)
    first, *children = locked_all([parent.pk, *numbers])
    for child in children:
        add_child(child, first, by=by, at=at)
    return first
