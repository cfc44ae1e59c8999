"""Strips: where bars begin and end, in the reader's zone."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from juno_support.pages.timeline import Span, Timeline

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
DAYS = timedelta(days=1)


def test_the_days_around_now() -> None:
    timeline = Timeline.around(NOON, days_back=2, days_ahead=3)

    assert timeline.starts_at == datetime(2026, 1, 10, tzinfo=UTC)
    assert timeline.ends_at == datetime(2026, 1, 15, tzinfo=UTC)
    assert [cell.is_now for cell in timeline.cells()] == [False, False, True, False, False]
    assert timeline.cells()[2].words == "Mon 12"


def test_days_begin_at_the_readers_midnight() -> None:
    with timezone.override("Asia/Shanghai"):
        timeline = Timeline.around(NOON, days_back=0, days_ahead=1)
    assert timeline.starts_at == datetime(2026, 1, 11, 16, tzinfo=UTC)


def test_longer_cells() -> None:
    timeline = Timeline.around(NOON, days_back=14, days_ahead=14, days_a_cell=7)

    assert [cell.words for cell in timeline.cells()] == ["29 Dec", "5 Jan", "12 Jan", "19 Jan"]


def test_bars_are_cut_at_the_edges_and_never_vanish() -> None:
    timeline = Timeline.around(NOON, days_back=2, days_ahead=3)
    moment = timedelta(minutes=1)

    drawing = timeline.strip(
        [
            Span(NOON - 9 * DAYS, NOON - 8 * DAYS, "info"),
            Span(NOON - 9 * DAYS, datetime(2026, 1, 11, tzinfo=UTC), "bad"),
            Span(NOON, NOON + moment, "warn"),
            Span(datetime(2026, 1, 14, tzinfo=UTC), NOON + 99 * DAYS, "good"),
        ],
        'a "label"',
    )

    assert 'x="0" y="0" width="200" height="10" class="fill-bad"' in drawing
    assert 'x="500" y="0" width="4" height="10" class="fill-warn"' in drawing
    assert 'x="800" y="0" width="200" height="10" class="fill-good"' in drawing
    assert "fill-info" not in drawing
    assert 'aria-label="a &quot;label&quot;"' in drawing
    assert 'class="strip-now" x="500"' in drawing
