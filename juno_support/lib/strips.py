"""Strips on which periods are drawn: server-drawn SVG, coloured by classes, with words beside.

There are two sorts. ``Timeline.strip`` draws bars that may overlap, such as downtimes.
``Timeline.states`` draws the states of one thing, one after the other: the worse, the higher, so
that they can be told apart without colours. Both are pictures only: say the same in words nearby.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from functools import cached_property

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH = 1000
HEIGHT = 10
THINNEST = 4

# The states that can be drawn, the least pressing first, and how high each stands.
STATE_HEIGHTS = {"ok": 3, "unknown": 2, "maintenance": 5, "warning": 6, "critical": 8, "down": 10}
_RANKS = {tone: rank for rank, tone in enumerate(STATE_HEIGHTS)}
_FAULTS = frozenset({"warning", "critical", "down"})


@dataclass(frozen=True)
class Span:
    """A period to draw; ``ends_at`` is None where it goes on.

    ``tone`` is good, warn, bad, info or neutral for ``strip``, one of ``STATE_HEIGHTS`` (the words
    of ``monitoring.statuses.Status``) for ``states``.
    """

    starts_at: datetime
    ends_at: datetime | None
    tone: str


@dataclass(frozen=True)
class Cell:
    """One cell of the axis above the strips, all equally wide."""

    words: str
    is_now: bool


@dataclass(frozen=True)
class Timeline:
    """Some time around now, cut into cells of ``days_a_cell`` days, or of ``hours_a_cell`` hours.

    Days begin at midnight in the reader's zone.
    """

    starts_at: datetime
    ends_at: datetime
    now: datetime
    days_a_cell: int
    hours_a_cell: int = 0

    @classmethod
    def around(
        cls, now: datetime, *, days_back: int, days_ahead: int, days_a_cell: int = 1
    ) -> "Timeline":
        """Return the days around a moment; ``days_ahead`` counts today."""
        zone = timezone.get_current_timezone()
        today = now.astimezone(zone).date()
        return cls(
            starts_at=_midnight(today - timedelta(days=days_back), zone),
            ends_at=_midnight(today + timedelta(days=days_ahead), zone),
            now=now,
            days_a_cell=days_a_cell,
        )

    @classmethod
    def last_hours(cls, now: datetime, hours: int = 24, *, hours_a_cell: int = 3) -> "Timeline":
        """Return the hours before a moment, up to the end of the running one."""
        zone = timezone.get_current_timezone()
        this_hour = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        ends_at = this_hour + timedelta(hours=1)
        return cls(
            starts_at=ends_at - timedelta(hours=hours),
            ends_at=ends_at,
            now=now,
            days_a_cell=0,
            hours_a_cell=hours_a_cell,
        )

    def cells(self) -> list[Cell]:
        """Return the axis: a weekday and date for each day, a date for each longer cell, the time
        of day for each shorter one.
        """
        if self.hours_a_cell:
            return self._cells_of_hours()
        zone = timezone.get_current_timezone()
        day = self.starts_at.astimezone(zone).date()
        last = self.ends_at.astimezone(zone).date()
        today = self.now.astimezone(zone).date()
        cells = []
        while day < last:
            after = day + timedelta(days=self.days_a_cell)
            date = f"{day.day} {str(MONTHS_3[day.month]).capitalize()}"
            words = f"{WEEKDAYS_ABBR[day.weekday()]} {day.day}" if self.days_a_cell == 1 else date
            cells.append(Cell(words=words, is_now=day <= today < after))
            day = after
        return cells

    def strip(self, spans: Iterable[Span], label: str) -> SafeString:
        """Draw periods as bars on one line; ``label`` says in words what is drawn."""
        bars = []
        for span in spans:
            left, right = self._place(span.starts_at), self._place(span.ends_at or self.ends_at)
            if right <= 0 or left >= WIDTH:
                continue
            left, right = max(left, 0), min(right, WIDTH)
            width = max(right - left, THINNEST)
            bars.append((min(left, WIDTH - width), width, HEIGHT, span.tone))
        shapes = format_html_join(
            "", '<rect x="{}" y="0" width="{}" height="{}" class="fill-{}"/>', bars
        )
        return self._drawing("strip", shapes, label)

    def states(self, spans: Iterable[Span], label: str) -> SafeString:
        """Draw the states of one thing on one line; ``label`` says in words what is drawn.

        However many there are, no more is drawn than can be seen: where several fall on one point
        the worst shows, and no fault is too short to show. What lies ahead stays empty.
        """
        line = [""] * WIDTH
        until = self._place(min(max(self.now, self.starts_at), self.ends_at))
        for span in spans:
            left = max(self._place(span.starts_at), 0)
            right = min(self._place(span.ends_at) if span.ends_at else until, WIDTH)
            if right < 0 or left >= WIDTH or right < left:
                continue
            thinnest = THINNEST if span.tone in _FAULTS else 1
            left = min(left, WIDTH - thinnest)
            rank = _RANKS[span.tone]
            for place in range(left, max(right, left + thinnest)):
                if not line[place] or rank > _RANKS[line[place]]:
                    line[place] = span.tone
        return self._drawing("strip strip-states", format_html_join(
            "", '<rect x="{}" y="{}" width="{}" height="{}" class="fill-{}"/>', _runs(line)
        ), label)  # fmt: skip

    def shares(self, spans: Iterable[Span]) -> dict[str, float]:
        """Return which share of the time up to now each tone took, the largest first.

        What nothing is known of is left out, so that the sum may be below 1.
        """
        ends = min(self.now, self.ends_at)
        whole = (ends - self.starts_at).total_seconds()
        taken: dict[str, float] = {}
        for span in spans:
            left = max(span.starts_at, self.starts_at)
            right = min(span.ends_at or ends, ends)
            if right > left and whole > 0:
                share = (right - left).total_seconds() / whole
                taken[span.tone] = taken.get(span.tone, 0.0) + share
        return dict(sorted(taken.items(), key=lambda one: -one[1]))

    def _drawing(self, classes: str, shapes: SafeString, label: str) -> SafeString:
        # Bars first, so that the line of the present stays in sight.
        return format_html(
            '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
            ' aria-label="{}">{}{}<rect class="strip-now" x="{}" y="0" width="2" height="{}"/>'
            "</svg>",
            classes,
            WIDTH,
            HEIGHT,
            label,
            self._grid,
            shapes,
            min(self._place(self.now), WIDTH - 2),
            HEIGHT,
        )

    def _cells_of_hours(self) -> list[Cell]:
        zone = timezone.get_current_timezone()
        cells = []
        begins, length = self.starts_at, timedelta(hours=self.hours_a_cell)
        while begins < self.ends_at:
            local = begins.astimezone(zone)
            cells.append(
                Cell(
                    words=f"{local.hour:02}:{local.minute:02}",
                    is_now=begins <= self.now < begins + length,
                )
            )
            begins += length
        return cells

    @cached_property
    def _grid(self) -> SafeString:
        count = len(self.cells())
        places = ((round(WIDTH * number / count), HEIGHT) for number in range(1, count))
        return format_html_join(
            "", '<rect class="strip-grid" x="{}" y="0" width="1" height="{}"/>', places
        )

    def _place(self, moment: datetime) -> int:
        whole = (self.ends_at - self.starts_at).total_seconds()
        return round(WIDTH * (moment - self.starts_at).total_seconds() / whole)


def share_words(shares: Mapping[str, float], words: Mapping[str, object]) -> str:
    """Say shares of time in words: "ok 96 %, critical 3 %, no record 1 %".

    :param words: for each tone its word for people
    """
    parts = [(str(words[tone]), share) for tone, share in shares.items()]
    missing = 1 - sum(shares.values())
    if missing > 0.005:
        parts.append((_("no record"), missing))
    return ", ".join(
        _("%(word)s %(percent)s %%") % {"word": word, "percent": _percent(share)}
        for word, share in parts
    )


def _percent(share: float) -> str:
    """Return a share as a whole number of percent; never 0 or 100 where it is not quite that."""
    percent = share * 100
    if 0 < percent < 1:
        return "<1"
    if 99 < percent < 99.995:
        return ">99"
    return str(round(percent))


def _runs(line: list[str]) -> Iterable[tuple[int, int, int, int, str]]:
    """Yield (x, y, width, height, tone) for each stretch of one state."""
    begin = 0
    for place in range(1, len(line) + 1):
        if place == len(line) or line[place] != line[begin]:
            if tone := line[begin]:
                height = STATE_HEIGHTS[tone]
                yield begin, HEIGHT - height, place - begin, height, tone
            begin = place


def _midnight(day: object, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)  # type: ignore[arg-type]
