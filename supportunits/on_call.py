"""Who is on call: the one question that tickets, alarms and pages ask of the rota."""

from dataclasses import dataclass
from datetime import datetime

from juno_support.accounts.models import User
from supportunits.models import VO, OnCallContact, Shift


@dataclass(frozen=True, slots=True)
class OnCall:
    """Somebody who is on shift at a moment, and how to reach this person.

    :ivar shift: with its ``type`` and the type's ``vo`` loaded
    :ivar phone: empty where the person left none; for supporters and shifters only
    :ivar im_address: likewise
    :ivar ends_at: until when; another shift of the same person may follow
    """

    user: User
    shift: Shift
    phone: str
    im_address: str
    ends_at: datetime


def on_call(vo: VO | None, *, at: datetime) -> list[OnCall]:
    """Return who is on call for a VO at a moment (None: for any VO), in the order of the types.

    Gaps, people whose account is inactive and types that are out of use are left out, so that the
    list may be empty. One query.
    """
    shifts = Shift.objects.select_related("type__vo", "person__on_call_contact").filter(
        starts_at__lte=at, ends_at__gt=at, person__is_active=True, type__is_active=True
    )
    if vo is not None:
        shifts = shifts.filter(type__vo=vo)
    return [_on_call(shift) for shift in shifts.order_by("type__vo__name", "type__name", "pk")]


def _on_call(shift: Shift) -> OnCall:
    person = shift.person
    if person is None:
        raise ValueError("a gap is nobody's shift")
    contact: OnCallContact | None = getattr(person, "on_call_contact", None)
    return OnCall(
        user=person,
        shift=shift,
        phone=contact.phone if contact else "",
        im_address=contact.im_address if contact else "",
        ends_at=shift.ends_at,
    )
