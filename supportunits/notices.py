"""Mail about support units themselves, not about tickets."""

from datetime import datetime
from urllib.parse import quote, urlencode

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.outbox.actions import Mail, enqueue_all
from supportunits.models import SupportUnit, UnitKind


def tell_nobody_left(*, unit: SupportUnit, person: User, at: datetime) -> None:
    """Tell TPM that a unit lost its last supporter (domain: section 1).

    TPM is its list, else its operators; where TPM itself is empty, the admins.

    :param person: the last supporter
    """
    name = f'"{unit.name}"' if " " in unit.name else unit.name
    question = urlencode({"q": f"unit:{name} status:open"})
    body = render_to_string(
        "supportunits/mail/nobody_left.txt",
        {
            "person": person.get_full_name(),
            "unit": unit.name,
            "contact": unit.mailing_list,
            "is_routable": unit.is_routable,
            "unit_url": f"{settings.JUNO_BASE_URL}/units/{quote(unit.name)}/",
            "queue_url": f"{settings.JUNO_BASE_URL}/tickets/?{question}",
        },
    )
    enqueue_all(
        (
            Mail(
                key=f"unit-nobody-left:{unit.pk}:{at.isoformat()}:{address}",
                kind="unit.nobody-left",
                to_address=address,
                to_user_id=user_id,
                subject=_("[%(instance)s] %(unit)s has no supporter left")
                % {"instance": settings.JUNO_INSTANCE_NAME, "unit": unit.name},
                body=body,
                reason=_("TPM hears of units that nobody works for"),
            )
            for address, user_id in _tpm_addresses()
        ),
        at=at,
    )


def _tpm_addresses() -> list[tuple[str, int | None]]:
    tpm = SupportUnit.objects.get(kind=UnitKind.TPM)
    if tpm.mailing_list:
        return [(tpm.mailing_list, None)]
    operators = User.objects.filter(is_active=True, unit_memberships__unit=tpm)
    people = list(operators.order_by("pk")) or list(
        User.objects.filter(is_active=True, is_staff=True).order_by("pk")
    )
    return [(user.email, user.pk) for user in people]
