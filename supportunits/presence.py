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
    time, words, tone = _words(unit, now)
    return time, display.pill(words, tone)


def presence_text(unit: SupportUnit, now: datetime) -> str:
    """Return both in one line, such as “14:30, at work”."""
    time, words, _tone = _words(unit, now)
    return f"{time}, {words}"


def _words(unit: SupportUnit, now: datetime) -> tuple[str, str, str]:
    here = hours.presence(unit, now)
    time = f"{here.local:%H:%M}"
    if here.is_working:
        return time, _("at work"), "good"
    if here.next_at is None:
        return time, _("no working hours"), "unknown"
    words = _("from %(time)s") % {"time": f"{here.next_at:%H:%M}"}
    if here.next_at.date() != here.local.date():
        words = _("from %(day)s %(time)s") % {
            "day": WEEKDAYS_ABBR[here.next_at.weekday()],
            "time": f"{here.next_at:%H:%M}",
        }
    if here.holiday:
        words = _("%(holiday)s, %(words)s") % {"holiday": here.holiday, "words": words}
    return time, words, "neutral"
