"""Shifts as lines of a page: local time with UTC in the title, names, gaps in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.accounts.zones import zone_of
from juno_support.lib import display
from juno_support.lib.phone import normal
from supportunits import policies
from supportunits.models import OnCallContact, Shift
from supportunits.on_call import OnCall
from supportunits.rota import Period
from supportunits.shift_words import period_words, utc_words


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody who is on call, ready to be written. Phone and address are empty for those who may
    not see them.
    """

    name: str
    avatar: SafeString
    type: str
    vo: str
    url: str
    until: SafeString
    local_time: str
    zone: str
    phone: str
    phone_url: str
    im_address: str


@dataclass(frozen=True, slots=True)
class ShiftLine:
    """One shift in a list, ready to be written."""

    name: str
    is_gap: bool
    type: str
    vo: str
    url: str
    when: SafeString
    left: str
    note: str = ""


def when(starts_at: datetime, ends_at: datetime) -> SafeString:
    """Return the period in the reader's zone, with UTC in the title."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        f"{starts_at:%Y-%m-%dT%H:%MZ}",
        utc_words(starts_at, ends_at),
        period_words(starts_at, ends_at),
    )


def shift_label(shift: Shift) -> str:
    """Return a shift for a list of choices."""
    return _("%(when)s, %(name)s, %(type)s") % {
        "when": period_words(shift.starts_at, shift.ends_at),
        "name": shift.person or _("nobody"),
        "type": shift.type.name,
    }


def length_words(period: Period) -> str:
    """Return how long a period is: "8 h", "7 d"."""
    return display.duration_text(period.ends_at - period.starts_at)


def on_call_lines(found: Iterable[OnCall], user: Any, now: datetime) -> list[PersonLine]:
    """Return who is on call; contacts only for those who may see them."""
    sees = policies.may_see_on_call_contacts(user)
    lines = []
    for one in found:
        zone = zone_of(one.user.time_zone)
        shown = sees or one.user == user
        lines.append(
            PersonLine(
                name=one.user.get_full_name(),
                avatar=display.avatar(one.user.get_full_name()),
                type=one.shift.type.name,
                vo=one.shift.type.vo.name,
                url=shift_url(one.shift),
                until=display.when(one.ends_at, now),
                local_time=f"{now.astimezone(zone):%H:%M}",
                zone=zone.key,
                phone=one.phone if shown else "",
                phone_url=phone_url(one.phone) if shown else "",
                im_address=one.im_address if shown else "",
            )
        )
    return lines


def phone_url(phone: str) -> str:
    """Return the address that calls a number, as it is dialled from abroad."""
    return "tel:" + "".join(sign for sign in normal(phone) if sign.isdigit() or sign == "+")


def shift_line(shift: Shift, now: datetime, note: str = "") -> ShiftLine:
    """Return one shift as a line. Its type, VO and person must be loaded."""
    left = ""
    if shift.starts_at > now:
        left = display.age_text(shift.starts_at, now)
    elif shift.ends_at > now:
        left = _("now, %(left)s") % {"left": display.left_text(shift.ends_at, now)}
    return ShiftLine(
        name=str(shift.person) if shift.person else _("nobody"),
        is_gap=shift.is_gap,
        type=shift.type.name,
        vo=shift.type.vo.name,
        url=shift_url(shift),
        when=when(shift.starts_at, shift.ends_at),
        left=left,
        note=note,
    )


def shift_url(shift: Shift) -> str:
    """Return the address of a shift's page."""
    return reverse("shifts:shift", args=[shift.pk])


def contact_of(person: Any) -> OnCallContact | None:
    """Return how somebody is reached, if the person said so."""
    return getattr(person, "on_call_contact", None)


def local_midnight(moment: datetime) -> datetime:
    """Return the beginning of the moment's day in the reader's zone."""
    return timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
