"""Small pieces of a page as ready strings: ages, local times, pills, dots, icons, initials.

List pages put these strings into their rows before the template runs, because a template that
filters, includes and looks up in every cell is where the time of a page goes. Single pages use the
tags of ``juno_support.templatetags.ui``, which call the same functions.

Everything that returns ``SafeString`` has escaped what it was given.
"""

import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

TONES = ("neutral", "info", "good", "warn", "bad", "violet")

_BARS = (
    '<span class="priority-bars" data-level="{level}" aria-hidden="true">'
    "<i></i><i></i><i></i><i></i></span>"
)
_PRIORITY_WITH_WORD = '<span class="pill">' + _BARS + "{label}</span>"
_PRIORITY_WITHOUT_WORD = (
    '<span class="pill" title="{label}">'
    + _BARS
    + '<span class="visually-hidden">{label}</span></span>'
)

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_MONTH = 30 * _DAY
_YEAR = 365 * _DAY
# Until when each unit is used. An age stays in hours for two days: "30 h" says more at a desk than
# "1 d".
_UNITS = (
    (_HOUR, _MINUTE),
    (48 * _HOUR, _HOUR),
    (60 * _DAY, _DAY),
    (730 * _DAY, _MONTH),
    (math.inf, _YEAR),
)


def duration_text(length: timedelta) -> str:
    """Return a length of time in its largest useful unit: ``"12 min"``, ``"3 h"``, ``"5 d"``."""
    seconds = int(abs(length.total_seconds()))
    unit = next(unit for until, unit in _UNITS if seconds < until)
    return _length(seconds // unit, unit, get_language())


@lru_cache(maxsize=1024)
def _length(n: int, unit: int, _language: str | None) -> str:
    # Kept: a list asks a hundred times, and translations are looked up slowly.
    words = {
        _MINUTE: _("%(n)d min"),
        _HOUR: _("%(n)d h"),
        _DAY: _("%(n)d d"),
        _MONTH: _("%(n)d mo"),
        _YEAR: _("%(n)d y"),
    }
    return words[unit] % {"n": n}


def age_text(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, as ``"3 h"``; ``"now"`` within the last minute.

    A moment still to come is said as ``"in 3 h"``.
    """
    gone = now - moment
    if abs(gone) < timedelta(minutes=1):
        return _("now")
    if gone < timedelta(0):
        return _("in %(length)s") % {"length": duration_text(gone)}
    return duration_text(gone)


def left_text(deadline: datetime, now: datetime) -> str:
    """Return how long there is to a deadline: ``"2 h left"``, or ``"4 h late"`` after it."""
    left = deadline - now
    words = _("%(length)s left") if left >= timedelta(0) else _("%(length)s late")
    return words % {"length": duration_text(left)}


def utc_text(moment: datetime) -> str:
    """Return the moment in UTC, for titles: ``"2026-11-21 20:44 UTC"``."""
    return f"{_utc_minutes(moment)} UTC"


def local_text(moment: datetime, now: datetime | None = None) -> str:
    """Return the moment in the reader's zone: ``"21 Nov, 21:44"``.

    The year is written unless it is this one.

    :param now: the present; without it the year is always written.
    """
    local = moment.astimezone(timezone.get_current_timezone())
    day = f"{local.day} {MONTHS_3[local.month].capitalize()}"
    if now is None or local.year != now.astimezone(local.tzinfo).year:
        day = f"{day} {local.year}"
    return f"{day}, {local.hour:02}:{local.minute:02}"


def when(moment: datetime | None, now: datetime | None = None) -> SafeString:
    """Return a ``<time>`` in the reader's zone with UTC in its title; a dash for no moment."""
    return _dash() if moment is None else _time(moment, local_text(moment, now))


def age(moment: datetime | None, now: datetime) -> SafeString:
    """Return a ``<time>`` that says the age ("3 h") with UTC in its title; a dash for no moment."""
    return _dash() if moment is None else _time(moment, age_text(moment, now))


def left(deadline: datetime | None, now: datetime) -> SafeString:
    """Return a ``<time>`` that says what is left to a deadline, with UTC in its title."""
    return _dash() if deadline is None else _time(deadline, left_text(deadline, now))


def pill(label: str, tone: str = "neutral", *, soft: bool = False) -> SafeString:
    """Return a coloured dot and a word; ``soft`` gives it a background.

    :param tone: one of ``TONES``, or ``"unknown"`` (a dotted ring)
    """
    if soft:
        return format_html('<span class="pill pill-soft pill-{}">{}</span>', tone, label)
    return format_html(
        '<span class="pill"><span class="dot dot-{}" aria-hidden="true"></span>{}</span>',
        tone,
        label,
    )


def status_pill(value: str, label: str) -> SafeString:
    """Return a ticket's status as dot and word.

    :param value: the stored value, such as ``"IN_PROGRESS"``; the style sheet knows its colour
    :param label: its word for people
    """
    return format_html(
        '<span class="pill"><span class="status-dot" data-status="{}" aria-hidden="true"></span>'
        "{}</span>",
        value,
        label,
    )


def state(value: str, label: object) -> SafeString:
    """Return the state of a thing that is watched as shape and word.

    :param value: ok, warning, critical, down, maintenance or unknown; the style sheet knows each
    """
    return format_html('<span class="state" data-state="{}">{}</span>', value, label)


def priority_dot(level: int, label: str, *, word: bool = True) -> SafeString:
    """Return a priority as four bars and its word.

    :param level: 1 (less urgent) to 4 (top priority)
    :param word: False hides the word from the eye (narrow columns), not from screen readers
    """
    return format_html(
        _PRIORITY_WITH_WORD if word else _PRIORITY_WITHOUT_WORD, level=int(level), label=label
    )


def initials(name: str) -> str:
    """Return one or two letters that stand for a person: the first of the first and last word."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def avatar(name: str, *, small: bool = False) -> SafeString:
    """Return a circle with a person's initials; for the eye only, the name must stand beside it."""
    size = " avatar-s" if small else ""
    return format_html('<span class="avatar{}" aria-hidden="true">{}</span>', size, initials(name))


@lru_cache(maxsize=256)
def icon(name: str, label: str = "") -> SafeString:
    """Return the drawing ``templates/_icons/NAME.svg`` for writing into a page.

    :param label: what it means, where no word stands beside it; without a label it is hidden from
        screen readers
    :raises FileNotFoundError: there is no such drawing
    """
    drawing = (settings.BASE_DIR / "templates" / "_icons" / f"{name}.svg").read_text()
    shapes = drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")].strip()
    meaning = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    # The shapes are files of ours, without scripts; the label is escaped above.
    return SafeString(f'<svg class="icon" viewBox="0 0 16 16" {meaning}>{shapes}</svg>')


def _time(moment: datetime, words: str) -> SafeString:
    utc = _utc_minutes(moment)
    return SafeString(
        f'<time datetime="{utc[:10]}T{utc[11:]}Z" title="{utc} UTC">{escape(words)}</time>'
    )


def _utc_minutes(moment: datetime) -> str:
    # isoformat is five times as fast as strftime, and lists write a hundred of these
    return moment.astimezone(UTC).isoformat(" ", "minutes")[:16]


def _dash() -> SafeString:
    return SafeString('<span class="muted">–</span>')
