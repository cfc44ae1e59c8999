"""What an admin knows better than the source: overrides stand beside its facts and win."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pghistory
from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from topology.models import Site

OVERRIDES = ("contact_email_override", "emergency_email_override", "time_zone_override", "note")


def override_site(*, site: Site, changes: dict[str, str], by: User, at: datetime) -> Site:
    """Set an admin's words about a site; an empty value gives the word back to the source.

    The trace of the change is written by the database.

    :param changes: values of columns named in ``OVERRIDES``
    :raises SupportError: when the time zone is none
    """
    zone = changes.get("time_zone_override", "")
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SupportError(
                _("There is no time zone %(zone)s.") % {"zone": zone},
                _("Write it as Europe/Rome or Asia/Shanghai."),
            ) from None
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        site = Site.objects.select_for_update().get(pk=site.pk)
        for name in OVERRIDES:
            if name in changes:
                setattr(site, name, changes[name].strip())
        site.save(update_fields=list(OVERRIDES))
    return site
