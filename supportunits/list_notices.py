"""Mail about the mailing lists of support units."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from supportunits import notices
from supportunits.models import ListTest, SupportUnit


def send_test(*, test: ListTest, token: str, at: datetime) -> None:
    """Write the test mail to the list; only its readers get the link."""
    unit = test.unit
    notices.send(
        kind="unit.list-test",
        key=f"list-test:{test.pk}",
        to=[notices.To(test.address)],
        subject=_("Does somebody read the list of %(unit)s?") % {"unit": unit.name},
        reason=_("this address is the mailing list of %(unit)s") % {"unit": unit.name},
        facts={
            "unit": unit.name,
            "address": test.address,
            "sender": test.sent_by.get_full_name() if test.sent_by else "",
            "until": date_format(test.expires_at, "Y-m-d H:i") + " UTC",
            "url": settings.JUNO_BASE_URL + reverse("units:prove", args=[token]),
        },
        at=at,
    )


def tell_proof_lapsed(*, unit: SupportUnit, at: datetime) -> None:
    """Tell the unit's managers and TPM that nobody followed the yearly test mails."""
    notices.send(
        kind="unit.list-lapsed",
        key=f"list-lapsed:{unit.pk}:{at.isoformat()}",
        to=[*notices.managers_of(unit), *notices.tpm(at=at)],
        subject=_("The list of %(unit)s is not proven any more") % {"unit": unit.name},
        reason=_("managers and TPM hear of lists that may not be read"),
        facts=_facts(unit),
        at=at,
    )


def tell_list_fails(*, unit: SupportUnit, at: datetime) -> None:
    """Tell TPM and the unit's managers that mail to the list comes back."""
    notices.send(
        kind="unit.list-failing",
        key=f"list-failing:{unit.pk}:{at.isoformat()}",
        to=[*notices.tpm(at=at), *notices.managers_of(unit)],
        subject=_("Mail to the list of %(unit)s comes back") % {"unit": unit.name},
        reason=_("managers and TPM hear of lists that may not be read"),
        facts=_facts(unit) | {"bounces": unit.list_bounces} | notices.reach(unit),
        at=at,
    )


def _facts(unit: SupportUnit) -> dict[str, object]:
    return {
        "unit": unit.name,
        "address": unit.mailing_list,
        "unit_url": notices.url_of(unit),
    }
