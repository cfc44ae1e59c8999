"""Network links, which no source tells: admins enter and change them."""

from datetime import datetime

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean, clean_line
from topology.models import LinkKind, NetworkLink, Site


def save_link(
    *,
    link: NetworkLink | None,
    name: str,
    kind: str,
    site_a: Site,
    site_b: Site,
    provider: str = "",
    is_backup: bool = False,
    note: str = "",
    by: User,
    at: datetime,
) -> NetworkLink:
    """Enter a link, or change one; the trace of the change is written by the database.

    :param link: the one to change; None for a new one
    :raises SupportError: when its ends are one site, or its name is taken or cannot be one
    """
    name = clean_line(name)
    if not name or "/" in name or name == "-":
        raise SupportError(
            _("A link cannot be named %(name)s.") % {"name": name or "–"},
            _("Name it as its operators do, without a slash: CERN-CNAF-LHCOPN-001."),
        )
    if site_a.pk == site_b.pk:
        raise SupportError(
            _("A link is between two sites."), _("Choose another site for one of its ends.")
        )
    try:
        with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
            row = (
                NetworkLink()
                if link is None
                else NetworkLink.objects.select_for_update().get(pk=link.pk)
            )
            row.name, row.kind = name, LinkKind(kind)
            row.site_a, row.site_b = site_a, site_b
            row.provider, row.note = clean_line(provider), clean(note).strip()
            row.is_backup = is_backup
            row.save()
    except IntegrityError:
        raise SupportError(_("There is a link named %(name)s already.") % {"name": name}) from None
    return row
