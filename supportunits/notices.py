"""Mail about support units themselves, not about tickets: who hears, and how it is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from textwrap import indent
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.outbox.actions import Mail, enqueue_all
from supportunits import fallback
from supportunits.models import ROUTABLE, SupportUnit, UnitKind, UnitMembership


@dataclass(frozen=True, slots=True)
class To:
    """Somebody who hears of it; ``user_id`` is None for a list."""

    address: str
    user_id: int | None = None


def send(
    *,
    kind: str,
    key: str,
    to: Iterable[To],
    subject: str,
    reason: str,
    facts: Mapping[str, Any],
    at: datetime,
) -> None:
    """Write one mail to each address; its text is the template of its kind.

    The template of ``unit.list-test`` is ``supportunits/mail/unit.list-test.txt``.
    """
    body = render_to_string(f"supportunits/mail/{kind}.txt", dict(facts))
    each = {someone.address.casefold(): someone for someone in to if someone.address}
    enqueue_all(
        (
            Mail(
                key=f"{key}:{someone.address}",
                kind=kind,
                to_address=someone.address,
                to_user_id=someone.user_id,
                subject=f"[{settings.JUNO_INSTANCE_NAME}] {subject}",
                body=body,
                reason=reason,
            )
            for someone in each.values()
        ),
        at=at,
    )


def tell_nobody_left(*, unit: SupportUnit, person: User, at: datetime) -> None:
    """Tell TPM that a unit lost its last supporter (domain: section 1).

    :param person: the last supporter
    """
    name = f'"{unit.name}"' if " " in unit.name else unit.name
    question = urlencode({"q": f"unit:{name} status:open"})
    send(
        kind="unit.nobody-left",
        key=f"unit-nobody-left:{unit.pk}:{at.isoformat()}",
        to=tpm(at=at),
        subject=_("%(unit)s has no supporter left") % {"unit": unit.name},
        reason=_("TPM hears of units that nobody works for"),
        facts={
            "person": person.get_full_name(),
            "unit": unit.name,
            "contact": unit.mailing_list,
            **reach(unit),
            "unit_url": url_of(unit),
            "queue_url": f"{settings.JUNO_BASE_URL}/tickets/?{question}",
        },
        at=at,
    )


def tell_nobody_manages(*, unit: SupportUnit, person: User, at: datetime) -> None:
    """Tell the admins that a unit with supporters lost its last manager.

    :param person: the last manager
    """
    send(
        kind="unit.no-manager",
        key=f"unit-no-manager:{unit.pk}:{at.isoformat()}",
        to=admins(),
        subject=_("Nobody manages %(unit)s") % {"unit": unit.name},
        reason=_("you are an admin of this portal"),
        facts={
            "person": person.get_full_name(),
            "unit": unit.name,
            "unit_url": url_of(unit),
        },
        at=at,
    )


def reach(unit: SupportUnit) -> dict[str, bool]:
    """Return for a mail whether tickets reach a unit itself, and whether they can be given to it.

    Only TPM gets them without contact and supporter: others stand in (domain: section 6).
    """
    return {"is_itself_reached": unit.state in ROUTABLE, "is_routable": unit.is_routable}


def quoted(words: str) -> str:
    """Return words of somebody, indented, so that they cannot pass for words of the portal."""
    return indent(words, "    ", lambda line: True)


def url_of(unit: SupportUnit) -> str:
    """Return the full address of the unit's page."""
    return f"{settings.JUNO_BASE_URL}/units/{quote(unit.name)}/"


def person(user: User) -> To:
    """Return somebody with an account as one who hears."""
    return To(user.email, user.pk)


def tpm(*, at: datetime) -> list[To]:
    """Return TPM: its list, else its operators; where TPM itself is empty, who is on shift.

    Where nobody is, who stands in for TPM, else the admins.
    """
    unit = SupportUnit.objects.get(kind=UnitKind.TPM)
    if unit.working_list:
        return [To(unit.working_list)]
    operators = User.objects.filter(is_active=True, unit_memberships__unit=unit)
    people = list(operators.order_by("pk")) or fallback.on_shift(at=at) or fallback.people()
    return [person(user) for user in people] or admins()


def admins() -> list[To]:
    """Return the admins."""
    staff = User.objects.filter(is_active=True, is_staff=True)
    return [person(user) for user in staff.order_by("pk")]


def managers_of(unit: SupportUnit) -> list[To]:
    """Return the managers of a unit; a unit may have none."""
    memberships = UnitMembership.objects.filter(
        unit=unit, is_manager=True, user__is_active=True
    ).select_related("user")
    return [person(membership.user) for membership in memberships.order_by("user__pk")]
