"""A unit's local time, holiday and next working hour in words (domain: section 8).

Stands beside every unit that a page shows.
"""

from datetime import datetime

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.lib import display
from supportunits import hours
from supportunits.models import SupportUnit


def presence_words(unit: SupportUnit, now: datetime) -> tuple[str, SafeString]:
    """Return the unit's local time, and whether it is at work or when it will be."""
    here = hours.presence(unit, now)
    time = f"{here.local:%H:%M}"
    if here.is_working:
        return time, display.pill(_("at work"), "good")
    if here.next_at is None:
        return time, display.pill(_("no working hours"), "unknown")
    day = WEEKDAYS_ABBR[here.next_at.weekday()]
    if here.next_at.date() == here.local.date():
        words = _("from %(time)s") % {"time": f"{here.next_at:%H:%M}"}
    else:
        words = _("from %(day)s %(time)s") % {"day": day, "time": f"{here.next_at:%H:%M}"}
    if here.holiday:
        words = _("%(holiday)s, %(words)s") % {"holiday": here.holiday, "words": words}
    return time, display.pill(words, "neutral")
