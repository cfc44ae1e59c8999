"""Write a unit's page of frequent questions."""

from datetime import datetime

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib.text import clean
from supportunits.actions.rights import check_may_change
from supportunits.actions.trace import traced
from supportunits.actions.units import locked
from supportunits.models import SupportUnit, UnitFAQ

LONGEST = 200_000


class ChangedMeanwhile(SupportError):
    """Somebody else wrote the page since it was read."""


class TooLong(SupportError):
    """The page is too long."""


@traced
def write_faq(*, unit: SupportUnit, text: str, seen: str, by: User, at: datetime) -> UnitFAQ:
    """Write the unit's page of frequent questions; an empty text takes it away. All is traced.

    :param text: Markdown
    :param seen: ``mark_of`` the page as the writer read it
    :raises NotAllowed: unless a manager of the unit or an admin does it
    :raises ChangedMeanwhile: somebody else wrote it since; nothing is changed
    :raises TooLong: more than 200,000 characters
    """
    unit = locked(unit)
    check_may_change(unit, by)
    text = clean(text).strip()
    if len(text) > LONGEST:
        raise TooLong(
            _("The page is too long."), _("Keep it under 200,000 characters, or link to files.")
        )
    faq = UnitFAQ.objects.filter(unit=unit).select_related("changed_by").first()
    if faq is not None and faq.text == text:
        return faq
    if seen != mark_of(faq):
        who = faq.changed_by.get_full_name() if faq and faq.changed_by else _("Somebody")
        raise ChangedMeanwhile(
            _("%(name)s has changed this page since you began.") % {"name": who},
            _("Your text is kept here. Look at the page as it is now, and save what shall hold."),
        )
    if faq is None:
        faq = UnitFAQ(unit=unit)
    faq.text, faq.changed_at, faq.changed_by = text, at, by
    faq.save()
    return faq


def mark_of(faq: UnitFAQ | None) -> str:
    """Return what tells one version of the page from the next."""
    return faq.changed_at.isoformat() if faq else ""
