"""The response clock in words and colour: in rows of lists, on a ticket's page, on a unit's."""

import html
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from juno_support.lib import display
from tickets.models import Ticket
from tickets.reports.response_times import response_times
from tickets.response import Colour, colour_of

NOTHING = SafeString("")


def mark(clock: Mapping[str, Any], at: datetime) -> SafeString:
    """Return a small pie that fills with the time and what is left, "3 h left"; or nothing.

    :param clock: the ticket's ``yellow_at``, ``amber_at`` and ``due_at``
    """
    due_at = clock["due_at"]
    if due_at is None:
        return NOTHING
    colour = colour_of(clock["yellow_at"], clock["amber_at"], due_at, at)
    before, after = _around(colour, get_language())
    # Fifty of them a page: no element of its own for the moment, which stands on the ticket's page.
    return SafeString(f"{before}{html.escape(display.left_text(due_at, at))}{after}")


def mark_of(ticket: Ticket, at: datetime) -> SafeString:
    """Return the mark of a whole ticket."""
    moments = ("yellow_at", "amber_at", "due_at")
    return mark({name: getattr(ticket, name) for name in moments}, at)


def response_lines(ticket: Ticket, at: datetime, *, names_services: bool) -> list[dict[str, Any]]:
    """Return how long each unit that ever had the ticket took to respond; for supporters."""
    lines = []
    for told in response_times(ticket, at=at, names_services=names_services):
        period = told.period
        facts = {
            "outcome": period.get_outcome_display(),
            "spent": display.duration_text(told.spent),
        }
        if period.ends_at is None:
            words = _("%(spent)s of working time so far") % facts
        elif period.is_late:
            words = _("%(outcome)s after %(spent)s of working time, too late") % facts
        else:
            words = _("%(outcome)s after %(spent)s of working time") % facts
        outage = display.duration_text(told.outage)
        lines.append(
            {
                "unit": period.unit.name,
                "words": words,
                "is_late": (period.ends_at or at) > period.due_at,
                "outage": _("%(time)s of it in an outage of the service") % {"time": outage}
                if told.outage
                else "",
            }
        )
    return lines


def word_of(colour: Colour) -> str:
    """Return what a colour means."""
    return {
        Colour.GREEN: _("in time"),
        Colour.YELLOW: _("half of the time to respond has passed"),
        Colour.AMBER: _("three quarters of the time to respond have passed"),
        Colour.RED: _("the time to respond has passed"),
    }[colour]


@lru_cache(maxsize=32)
def _around(colour: Colour, language: str | None) -> tuple[str, str]:
    before = format_html(
        '<span class="clock" data-clock="{}" title="{}">'
        '<span class="clock-pie" aria-hidden="true"></span>'
        '<span class="visually-hidden">{}: </span>',
        colour.value,
        word_of(colour),
        word_of(colour),
    )
    return str(before), "</span>"
