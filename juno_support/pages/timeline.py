"""Strips on which periods are drawn: server-drawn SVG, coloured by classes, with words beside."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from django.utils import timezone
from django.utils.dates import MONTHS_3, WEEKDAYS_ABBR
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 1000
HEIGHT = 10
THINNEST = 4


@dataclass(frozen=True)
class Span:
    """A period to draw; ``tone`` is good, warn, bad, info or neutral."""

    starts_at: datetime
    ends_at: datetime
    tone: str


@dataclass(frozen=True)
class Cell:
    """One cell of the axis above the strips, all equally wide."""

    words: str
    is_now: bool


@dataclass(frozen=True)
class Timeline:
    """Some days around now, in the reader's zone, cut into cells of ``days_a_cell`` days."""

    starts_at: datetime
    ends_at: datetime
    now: datetime
    days_a_cell: int

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

    def cells(self) -> list[Cell]:
        """Return the axis: a weekday and date for each day, or a date for each longer cell."""
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
            left, right = self._place(span.starts_at), self._place(span.ends_at)
            if right <= 0 or left >= WIDTH:
                continue
            left, right = max(left, 0), min(right, WIDTH)
            width = max(right - left, THINNEST)
            bars.append((min(left, WIDTH - width), width, HEIGHT, span.tone))
        # Bars first, so that the line of the present stays in sight.
        return format_html(
            '<svg class="strip" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
            ' aria-label="{}">{}{}<rect class="strip-now" x="{}" y="0" width="2" height="{}"/>'
            "</svg>",
            WIDTH,
            HEIGHT,
            label,
            self._grid(),
            format_html_join(
                "", '<rect x="{}" y="0" width="{}" height="{}" class="fill-{}"/>', bars
            ),
            self._place(self.now),
            HEIGHT,
        )

    def _grid(self) -> SafeString:
        count = len(self.cells())
        places = ((round(WIDTH * number / count), HEIGHT) for number in range(1, count))
        return format_html_join(
            "", '<rect class="strip-grid" x="{}" y="0" width="1" height="{}"/>', places
        )

    def _place(self, moment: datetime) -> int:
        whole = (self.ends_at - self.starts_at).total_seconds()
        return round(WIDTH * (moment - self.starts_at).total_seconds() / whole)


def _midnight(day: object, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)  # type: ignore[arg-type]
