"""A support unit in words, as every page that shows one says it."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.lib import display
from juno_support.lib.working_time import WORKING_DAY
from supportunits.models import ListState, Quality, SupportUnit, UnitKind, UnitState
from supportunits.quality import RESPONSE_TIMES
from tickets.models import Priority

MOST_COUNTED = 100

_STATE_TONES = {
    UnitState.ACTIVE: "good",
    UnitState.MAIL_ONLY: "info",
    UnitState.NEEDS_CONTACT: "warn",
    UnitState.CLOSED: "neutral",
}
# Sites and operations centres may stay mail-only; the others should have a supporter.
MAY_STAY_MAIL_ONLY = (UnitKind.SITE, UnitKind.OPERATIONS_CENTRE)


def kind_heading(kind: str) -> str:
    """Return the heading of a list of units of this kind."""
    return {
        UnitKind.TPM: _("First line"),
        UnitKind.SECURITY: _("Security"),
        UnitKind.VO: _("Units of VOs"),
        UnitKind.SERVICE: _("Services"),
        UnitKind.OPERATIONS_CENTRE: _("Operations centres"),
        UnitKind.SITE: _("Sites"),
    }[UnitKind(kind)]


def state_pill(unit: SupportUnit) -> SafeString:
    """Return the unit's state as a dot and a word."""
    return display.pill(unit.get_state_display(), _STATE_TONES[UnitState(unit.state)])


def missing(unit: SupportUnit) -> str:
    """Return what a unit lacks, in a few words, or empty."""
    lacks = []
    if unit.state == UnitState.CLOSED:
        return ""
    if unit.state == UnitState.NEEDS_CONTACT:
        # TPM is reached all the same: others stand in.
        lacks.append(_("needs a supporter") if unit.is_routable else _("not reachable"))
    if unit.state == UnitState.MAIL_ONLY and unit.kind not in MAY_STAY_MAIL_ONLY:
        lacks.append(_("needs a supporter"))
    if unit.list_state == ListState.FAILING:
        lacks.append(_("mail to its list comes back"))
    elif unit.list_state == ListState.LAPSED:
        lacks.append(_("proof of its list has lapsed"))
    elif (
        unit.list_state == ListState.UNPROVEN
        and unit.mailing_list
        and unit.kind not in MAY_STAY_MAIL_ONLY
    ):
        lacks.append(_("list not proven"))
    return ", ".join(lacks)


def queue_of(unit: SupportUnit, which: str = "status:open") -> str:
    """Return the address of the unit's open tickets in the queue, or of some of them."""
    name = f'"{unit.name}"' if " " in unit.name else unit.name
    return f"/tickets/?{urlencode({'q': f'unit:{name} {which}'})}"


def count_word(count: int) -> str:
    """Return a count that stops at 99+."""
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count)


def zone_words(zone: str) -> str:
    """Return a zone's place for people: Europe/Paris is Paris."""
    return zone.rpartition("/")[2].replace("_", " ")


def weekday_words(days: Iterable[int]) -> str:
    """Return days of the week in short: Mon–Fri."""
    days = sorted(set(days) & set(range(7)))
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS_ABBR[days[0]]}–{WEEKDAYS_ABBR[days[-1]]}"
    return ", ".join(str(WEEKDAYS_ABBR[day]) for day in days)


def response_times(quality: str) -> list[tuple[str, str]]:
    """Return the maximum response time of each priority, both in words."""
    lines = []
    for priority, time in RESPONSE_TIMES[Quality(quality)].items():
        if time % WORKING_DAY:
            count = int(time.total_seconds() // 3600)
            words = ngettext("%(n)d working hour", "%(n)d working hours", count)
        else:
            count = time // WORKING_DAY
            words = ngettext("%(n)d working day", "%(n)d working days", count)
        lines.append((str(Priority(priority).label), words % {"n": count}))
    return lines
