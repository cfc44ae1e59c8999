"""File a ticket: keep a draft, submit it once, give it to TPM or to whom the submitter chose."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import NotificationMode, User
from juno_support.errors import NotAcceptable
from juno_support.lib import form_key, markdown, text
from supportunits import policies as unit_policies
from supportunits import queries as unit_queries
from supportunits.models import VO, IssueType, SupportUnit, UnitKind
from tickets import history, response
from tickets.models import (
    AffectedSite,
    Attachment,
    CarbonCopy,
    Category,
    Consumer,
    Draft,
    HistoryEntry,
    Kind,
    Priority,
    Ticket,
    TicketType,
)
from tickets.search import index
from tickets.workflow import Status
from topology.models import Service, Site

SUBJECT_LENGTH = 250
DESCRIPTION_BYTES = 256 * 1024
MOST_COPIES = 20
# By somebody who is no supporter: CC is no way to write to the world in our name.
MOST_COPIES_A_DAY = 100


@transaction.atomic
def save_draft(*, draft_id: UUID, by: User, at: datetime, data: dict[str, object]) -> Draft:
    """Keep what somebody is writing. Somebody else's draft, or a submitted one, is left alone.

    :raises NotAcceptable: if the draft belongs to somebody else, or was submitted
    """
    form_key.wait_for(draft_id)
    if Ticket.objects.filter(submission_key=draft_id).exists():
        raise NotAcceptable("", _("This ticket is filed already."))
    draft, is_new = Draft.objects.select_for_update().get_or_create(
        id=draft_id, defaults={"owner": by, "data": data, "created_at": at, "updated_at": at}
    )
    if draft.owner_id != by.pk:
        raise NotAcceptable("", _("This draft belongs to somebody else."))
    if not is_new:
        draft.data, draft.updated_at = data, at
        draft.save(update_fields=["data", "updated_at"])
    return draft


def discard_draft(*, draft_id: UUID, by: User) -> None:
    """Throw a draft of one's own away; its files are swept later."""
    draft = Draft.objects.filter(id=draft_id, owner=by)
    if draft.exists():  # most replies have none, and deleting opens a transaction
        draft.delete()


@transaction.atomic
def submit_ticket(
    *,
    draft_id: UUID,
    by: User,
    at: datetime,
    subject: str,
    description: str,
    type: TicketType = TicketType.USER,
    problem_at: datetime | None = None,
    problem_zone: str = "UTC",
    vo: VO | None = None,
    affected_sites: Iterable[Site] = (),
    affected_services: Iterable[Service] = (),
    notified_site: Site | None = None,
    unit: SupportUnit | None = None,
    to_tpm: bool = False,
    issue_type: IssueType | None = None,
    category: Category = Category.INCIDENT,
    priority: Priority = Priority.LESS_URGENT,
    carbon_copies: Iterable[str] = (),
    on_behalf_of_name: str = "",
    on_behalf_of_email: str = "",
    notification_mode: NotificationMode | None = None,
    is_vo_specific: bool = False,
    affects_whole_vo: bool = False,
    related_urls: Iterable[str] = (),
    mou_area: str = "",
    language: str = "",
    recognised: Mapping[str, Iterable[str]] | None = None,
    owner: User | None = None,
    with_parent: bool = False,
) -> Ticket:
    """File a ticket. The draft's id is the submission key: twice the same, once the ticket.

    It goes to TPM unless a site is notified or a unit is chosen (domain: section 6). A ticket of
    type Security goes to the security unit and is restricted from the first byte.

    :param type: USER; who may file another one, and what that needs, is checked by its own action
        (``actions.team``)
    :param to_tpm: TPM gets it although a site is notified
    :param owner: whose ticket it is, where somebody else files it
    :param with_parent: its parent tells the submitter's side that it was filed
    :param recognised: lists of ``jobs``, ``hosts`` and ``dns`` that the ticket is about
    :raises NotAcceptable: with the field and what to do, if it cannot be accepted as it is
    """
    # Two clicks at once: the second waits here, then finds the first one's ticket.
    form_key.wait_for(draft_id)
    is_filed, whose = _before(draft_id)
    if is_filed:
        before = Ticket.objects.get(submission_key=draft_id)
        if before.submitter_id != (owner or by).pk:
            raise NotAcceptable("", _("This draft belongs to somebody else."))
        return before
    if whose not in (None, by.pk):
        raise NotAcceptable("", _("This draft belongs to somebody else."))

    subject, description = text.clean_line(subject), text.clean(description).strip()
    _check_words(subject, description)
    copies = _addresses(carbon_copies)
    _check_copies_of_the_day(by, len(copies), at)
    is_restricted = issue_type is not None and issue_type.is_security
    responsible = _responsible_unit(notified_site, unit, is_restricted, to_tpm)
    if notified_site is None and responsible.kind == UnitKind.SITE:
        # Its contact is mailed, whether the site or its unit was chosen (domain: section 6).
        notified_site = responsible.site
    is_direct = responsible.kind != UnitKind.TPM

    html = markdown.render(description)
    ticket = Ticket(
        submission_key=draft_id,
        type=type,
        subject=subject,
        description=description,
        description_html=html,
        renderer_version=markdown.RENDERER_VERSION,
        submitter=owner or by,
        on_behalf_of_name=text.clean_line(on_behalf_of_name),
        on_behalf_of_email=on_behalf_of_email,
        notification_mode=notification_mode or (owner or by).notification_mode,
        language=language,
        vo=vo,
        is_vo_specific=is_vo_specific and vo is not None,
        affects_whole_vo=affects_whole_vo and vo is not None,
        notified_site=notified_site,
        unit=responsible,
        issue_type=issue_type,
        category=category,
        priority=priority,
        submitted_priority=priority,
        mou_area=mou_area,
        problem_at=problem_at or at,
        problem_zone=problem_zone,
        related_urls=list(related_urls),
        recognised={kind: list(values) for kind, values in (recognised or {}).items() if values},
        is_restricted=is_restricted,
        status=Status.ASSIGNED if is_direct else Status.NEW,
        assigned_at=at if is_direct else None,
        submitted_at=at,
        updated_at=at,
        public_word_at=at,
        last_line=text.shorten(markdown.plain(html), 160),
    )
    clock = response.new_clock(ticket, at)
    ticket.save(force_insert=True)
    AffectedSite.objects.bulk_create(
        AffectedSite(ticket=ticket, site=site)
        for site in {site.pk: site for site in affected_sites}.values()
    )
    services = list(affected_services)
    if services:
        ticket.affected_services.add(*services)
    CarbonCopy.objects.bulk_create(CarbonCopy(ticket=ticket, address=address) for address in copies)
    if whose is not None:
        Attachment.objects.filter(draft_id=draft_id, uploader=by).update(draft=None, ticket=ticket)
        Draft.objects.filter(id=draft_id).delete()

    history.begin_interval(ticket, clock, at)
    facts: dict[str, Any] = {"with_parent": True} if with_parent else {}
    history.record(
        ticket=ticket,
        kind=Kind.SUBMITTED,
        by=by,
        at=at,
        is_public=True,
        consumers=_consumers(ticket),
        unit=responsible.pk,
        status=ticket.status,
        priority=ticket.priority,
        **facts,
    )
    # Of one column in no index: PostgreSQL need not touch the ticket's many indexes again.
    ticket.save(update_fields=["last_entry_id"])
    index.index_ticket(ticket)
    return ticket


def _before(draft_id: UUID) -> tuple[bool, int | None]:
    """Return whether there is a ticket of the draft, and whose the draft is; as a rule neither."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM tickets_ticket WHERE submission_key = %(key)s),"
            " (SELECT owner_id FROM tickets_draft WHERE id = %(key)s)",
            {"key": str(draft_id)},
        )
        is_filed, whose = cursor.fetchone()
    return is_filed, whose


def _consumers(ticket: Ticket) -> tuple[Consumer, ...]:
    """Return who acts on the filing: rules of admins only on what a user sent to nobody."""
    is_for_rules = (
        ticket.type == TicketType.USER
        and ticket.status == Status.NEW
        and not ticket.is_restricted
        and ticket.notified_site_id is None
    )
    rules = (Consumer.ROUTING,) if is_for_rules else ()
    return (Consumer.MAIL, Consumer.CONTEXT, *rules)


def _check_words(subject: str, description: str) -> None:
    if not subject:
        raise NotAcceptable("subject", _("Say in one line what happened."))
    if len(subject) > SUBJECT_LENGTH:
        raise NotAcceptable(
            "subject",
            _("The subject has %(length)s characters; %(most)s fit.")
            % {"length": len(subject), "most": SUBJECT_LENGTH},
            _("Move the details into the description."),
        )
    if not description:
        raise NotAcceptable("description", _("Describe what happened."))
    if len(description.encode()) > DESCRIPTION_BYTES:
        raise NotAcceptable(
            "description",
            _("The description is larger than 256 kB."),
            _("Attach long logs as files."),
        )


def _addresses(carbon_copies: Iterable[str]) -> list[str]:
    unique = {
        address.strip().lower(): address.strip() for address in carbon_copies if address.strip()
    }
    for address in unique.values():
        try:
            validate_email(address)
        except ValidationError:
            raise NotAcceptable(
                "carbon_copies", _("“%(address)s” is no e-mail address.") % {"address": address}
            ) from None
    if len(unique) > MOST_COPIES:
        raise NotAcceptable(
            "carbon_copies",
            _("A ticket can have %(most)s CC addresses.") % {"most": MOST_COPIES},
            _("Use a mailing list."),
        )
    return list(unique.values())


def names_too_many_copies(*, by: User, number: int, at: datetime) -> bool:
    """Return whether so many more would be too many CC addresses within a day, of somebody who is
    no supporter: those on tickets filed, and those added to any ticket.
    """
    if not number or unit_policies.is_supporter(by):
        return False
    filed = {"ticket__submitter": by, "ticket__submitted_at__gt": at - timedelta(days=1)}
    # By the history: what was taken off again has had its mails.
    added = HistoryEntry.objects.filter(kind=Kind.CC_ADDED, happened_at__gt=at - timedelta(days=1))
    later = [entry.facts["copy"] for entry in added.filter(**filed)]
    named = CarbonCopy.objects.filter(**filed).exclude(pk__in=later).count()
    return named + added.filter(actor=by).count() + number > MOST_COPIES_A_DAY


def _check_copies_of_the_day(by: User, number: int, at: datetime) -> None:
    if names_too_many_copies(by=by, number=number, at=at):
        raise NotAcceptable(
            "carbon_copies",
            _("You named %(most)s CC addresses within a day; more are not taken for now.")
            % {"most": MOST_COPIES_A_DAY},
            _("File the ticket without CC; supporters can add them."),
        )


def _responsible_unit(
    notified_site: Site | None, unit: SupportUnit | None, is_restricted: bool, to_tpm: bool
) -> SupportUnit:
    if notified_site is not None and unit is not None:
        raise NotAcceptable(
            "send_to",
            _("A ticket goes either to a site or to a support unit."),
            _("Choose one of them."),
        )
    if is_restricted:
        # CSIRT's whatever the unit's state: nobody else may read them.
        return unit_queries.security_unit()
    if unit is not None:
        if unit.kind == UnitKind.SECURITY:
            # Everybody of the VO would read it.
            raise NotAcceptable(
                "send_to",
                _("%(unit)s gets tickets of type Security only.") % {"unit": unit.name},
                _("Choose a type of issue that is about security."),
            )
        if not unit.is_routable:
            raise NotAcceptable(
                "send_to",
                unit_queries.why_unreachable(unit),
                _("Leave it to TPM, or choose another unit."),
            )
        if unit.kind == UnitKind.SITE and unit.site is not None:
            _check_notifiable(unit.site)
        return unit
    if notified_site is not None:
        _check_notifiable(notified_site)
        if not to_tpm:
            return unit_queries.unit_for_notified_site(notified_site)
    return unit_queries.tpm_unit()


def _check_notifiable(site: Site) -> None:
    try:
        unit_queries.check_notifiable(site)
    except unit_queries.SiteCannotBeNotified as error:
        raise NotAcceptable("send_to", error.message, error.next_step) from error
