"""Ask for changes of a served VO's card, and decide about them (domain: section 8)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean
from supportunits import card_checks, card_content, card_merging, card_notices, policies
from supportunits.actions import cards
from supportunits.actions.deciding import AlreadyDecided, needed
from supportunits.actions.rights import NotAllowed, check_admin
from supportunits.actions.trace import traced
from supportunits.models import (
    VO,
    CardRequest,
    CardRequestState,
    CardVersion,
    PortalCopy,
    VersionSource,
    VOIDCard,
)

EDITABLE: Final = (
    frozenset(card_content.LABELS) - card_content.PORTALS_OWN - {"needs_dedicated_support"}
)
"""What a change request may change; dedicated user support is asked for on its own."""


class NothingToChange(SupportError):
    """The card says all of it already."""


class CardFailsChecks(SupportError):
    """What shall change fails checks of PROC14; ``findings`` says what, by field."""

    def __init__(self, findings: Mapping[str, list[str]]) -> None:
        super().__init__(_("The change cannot be asked for like this."))
        self.findings = findings


class CardChangedMeanwhile(SupportError):
    """Somebody else changed the card; ``fields`` says which, ``before`` what they said."""

    def __init__(self, *, fields: list[str], before: dict[str, Any], now: dict[str, Any]) -> None:
        super().__init__(
            _("The card was changed meanwhile."), _("Look at what changed, then send it again.")
        )
        self.fields = fields
        self.before = before
        self.now = now


class NotInPortal(SupportError):
    """The Portal does not tell this field."""


@traced
def ask_change(
    *,
    vo: VO,
    fields: Mapping[str, Any],
    key: UUID,
    by: User,
    at: datetime,
    seen: int,
    note: str = "",
) -> CardRequest:
    """Ask for changes of a card; the same key twice gives the same request once.

    Only a field that the request itself changes must pass the checks: what a card lacked before
    does not bar other changes.

    :param fields: what the card shall say; fields that say it already are no part of the request
    :param seen: the number of the version that the person saw
    :raises NotAllowed: for those who may not change the card
    :raises CardChangedMeanwhile: there is a newer version
    :raises NothingToChange: the card says all of it
    :raises CardFailsChecks: with what is wrong, by field
    """
    _check_may_change(vo, by)
    card = cards.locked(vo)
    before = CardRequest.objects.filter(key=key).first()
    if before is not None:
        if before.card_id != card.pk:
            raise NotAllowed(_("This form was sent before, elsewhere."), _("Reload the page."))
        return before
    current = card_content.content_of(card)
    refuse_stale(card, current, seen=seen)
    wanted = {name: value for name, value in fields.items() if name in EDITABLE}
    changed = card_content.changed_fields(current, wanted)
    if not changed:
        raise NothingToChange(
            _("The card says this already."), _("Change something before you send it.")
        )
    _refuse_what_fails(vo, current | wanted, changed)
    request = CardRequest.objects.create(
        card=card,
        key=key,
        asked_by=by,
        asked_at=at,
        note=clean(note).strip(),
        old={name: current[name] for name in changed},
        new={name: wanted[name] for name in changed},
    )
    card_notices.tell_change_asked(request=request, at=at)
    return request


def refuse_stale(card: VOIDCard, current: dict[str, Any], *, seen: int) -> None:
    """Make sure that the person saw the card's newest version.

    :raises CardChangedMeanwhile: with what changed since
    """
    if seen >= cards.newest_number(card):
        return
    version = CardVersion.objects.filter(card=card, number=seen).first()
    before: dict[str, Any] = version.content if version else {}
    fields = card_content.changed_fields(before, current) if version else []
    raise CardChangedMeanwhile(
        fields=[name for name in fields if name != "changed_at"], before=before, now=current
    )


@traced
def decide(
    *,
    request: CardRequest,
    approved: Collection[str],
    by: User,
    at: datetime,
    seen: int,
    reason: str = "",
) -> CardRequest:
    """Approve fields of a request, and refuse its others with a reason.

    Of lists, only what the request changes is changed (:func:`outcome`).

    :param approved: names of fields; all, some or none of the request's
    :param seen: the number of the card's version that the person saw
    :raises NotAllowed: unless an admin does it
    :raises AlreadyDecided: it is not open any more
    :raises CardChangedMeanwhile: there is a newer version of the card
    :raises WordsMissing: something is refused without a reason
    :raises CardFailsChecks: with what changed meanwhile, a list fails checks
    """
    check_admin(by)
    card = cards.locked(request.card.vo)
    request = _open(request)
    current = card_content.content_of(card)
    refuse_stale(card, current, seen=seen)
    becomes = outcome(request, current)
    fields = {name: value for name, value in becomes.items() if name in set(approved)}
    # What was asked for was checked then.
    _refuse_what_fails(card.vo, current | fields, card_content.changed_fields(request.new, fields))
    reason = clean(reason).strip()
    if len(fields) < len(request.new):
        needed(reason, _("Say why: the VO's manager reads it."))
    if fields:
        cards.store(
            card=card,
            fields=fields | {"changed_at": at.isoformat()},
            source=VersionSource.REQUEST,
            by=by,
            at=at,
        )
    if len(fields) == len(request.new):
        state = CardRequestState.APPROVED
    else:
        state = CardRequestState.PARTLY if fields else CardRequestState.REFUSED
    request.approved_fields = sorted(fields)
    request.reason = reason
    _close(request, state, by, at)
    card_notices.tell_change_decided(request=request, at=at)
    return request


def outcome(request: CardRequest, current: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the card would say in the request's fields if all of it were approved.

    :param current: what the card says now
    """
    return {
        name: card_merging.merged(name, old=request.old.get(name), new=value, now=current[name])
        for name, value in request.new.items()
    }


def left_out(request: CardRequest, current: Mapping[str, Any]) -> list[str]:
    """Return the names of rows that the request changes, but that were taken out meanwhile.

    They stay out: :func:`outcome`.

    :param current: what the card says now
    """
    return [
        words
        for name, value in request.new.items()
        for words in card_merging.left_out(
            name, old=request.old.get(name), new=value, now=current[name]
        )
    ]


@traced
def withdraw(*, request: CardRequest, by: User, at: datetime) -> CardRequest:
    """Take a request back.

    :raises NotAllowed: for those who may not change the card
    :raises AlreadyDecided: it is not open any more
    """
    request = _open(request)
    _check_may_change(request.card.vo, by)
    _close(request, CardRequestState.WITHDRAWN, by, at)
    return request


@traced
def take_over(*, vo: VO, fields: Collection[str], by: User, at: datetime) -> CardVersion | None:
    """Let a served VO's card say in these fields what the Portal says.

    :raises NotAllowed: unless an admin does it
    :raises NotInPortal: the Portal does not tell a field, or does not have the card
    """
    check_admin(by)
    copy = PortalCopy.objects.filter(vo=vo).first()
    told = copy.content if copy else {}
    missing = [name for name in fields if name not in told or name not in EDITABLE]
    if missing:
        raise NotInPortal(_("The Portal does not tell this: %(what)s.") % {"what": missing[0]})
    return cards.store(
        card=cards.locked(vo),
        fields={name: told[name] for name in fields} | {"changed_at": at.isoformat()},
        source=VersionSource.PORTAL,
        by=by,
        at=at,
    )


@traced
def validate(*, vo: VO, by: User, at: datetime) -> CardVersion | None:
    """Say that the card is right as it is: the yearly validation begins anew.

    :raises NotAllowed: for those who may not change the card
    """
    _check_may_change(vo, by)
    return cards.store(
        card=cards.locked(vo),
        fields={"validated_date": at.date().isoformat()},
        source=VersionSource.VALIDATION,
        by=by,
        at=at,
    )


def _refuse_what_fails(vo: VO, content: Mapping[str, Any], changed: Collection[str]) -> None:
    findings: dict[str, list[str]] = {}
    for finding in card_checks.check_card(content, vo_name=vo.name):
        if finding.field in changed:
            findings.setdefault(finding.field, []).append(finding.words)
    if findings:
        raise CardFailsChecks(findings)


def _check_may_change(vo: VO, by: User) -> None:
    if not policies.may_change_card(by, vo):
        raise NotAllowed(
            _("Only the managers of %(vo)s, their deputies and admins change its card.")
            % {"vo": vo.name}
        )


def _open(request: CardRequest) -> CardRequest:
    request = (
        CardRequest.objects.select_for_update(of=("self",))
        .select_related("card__vo", "asked_by")
        .get(pk=request.pk)
    )
    if not request.is_open:
        raise AlreadyDecided(
            _("This request is %(state)s already.") % {"state": request.get_state_display()},
            _("Reload the page to see who decided."),
        )
    return request


def _close(request: CardRequest, state: CardRequestState, by: User, at: datetime) -> None:
    request.state, request.decided_by, request.decided_at = state, by, at
    request.save()
