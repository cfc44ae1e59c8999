"""Strips: where bars begin and end, in the reader's zone."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from juno_support.lib.strips import Span, Timeline, share_words

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


def test_a_day_of_hours_ends_with_the_running_one() -> None:
    timeline = Timeline.last_hours(NOON + timedelta(minutes=20))

    assert timeline.starts_at == NOON - timedelta(hours=23)
    assert timeline.ends_at == NOON + timedelta(hours=1)
    assert [cell.words for cell in timeline.cells()][:3] == ["13:00", "16:00", "19:00"]
    assert [cell.is_now for cell in timeline.cells()][-1] is True


def day_of(*spans: Span) -> tuple[Timeline, str]:
    """Return the 24 hours up to noon, and how states are drawn on them."""
    timeline = Timeline(NOON - DAYS, NOON, NOON, days_a_cell=0, hours_a_cell=3)
    return timeline, timeline.states(spans, "states")


def test_states_are_told_apart_by_height_and_faults_never_vanish() -> None:
    second = timedelta(seconds=1)
    _timeline, drawing = day_of(
        Span(NOON - 9 * DAYS, NOON - timedelta(hours=12), "ok"),
        Span(NOON - timedelta(hours=12), NOON - timedelta(hours=12) + second, "down"),
        Span(NOON - timedelta(hours=12) + second, None, "ok"),
    )

    assert '<rect x="0" y="7" width="500" height="3" class="fill-ok"/>' in drawing
    assert '<rect x="500" y="0" width="4" height="10" class="fill-down"/>' in drawing
    assert '<rect x="504" y="7" width="496" height="3" class="fill-ok"/>' in drawing


def test_no_more_is_drawn_than_can_be_seen() -> None:
    minute = timedelta(minutes=1)
    spans = [
        Span(NOON - DAYS + n * minute, NOON - DAYS + (n + 1) * minute, ("ok", "critical")[n % 2])
        for n in range(1440)
    ]
    _timeline, drawing = day_of(*spans)

    assert drawing.count("<rect") < 20
    assert "fill-critical" in drawing


def test_what_lies_ahead_is_not_drawn() -> None:
    timeline = Timeline(NOON - DAYS, NOON + DAYS, NOON, days_a_cell=1)
    drawing = timeline.states([Span(NOON - DAYS, None, "warning")], "")

    assert '<rect x="0" y="4" width="500" height="6" class="fill-warning"/>' in drawing
    assert timeline.states([Span(NOON - 9 * DAYS, NOON - 8 * DAYS, "ok")], "").count("fill-") == 0


def test_shares_in_words() -> None:
    hours = timedelta(hours=1)
    timeline, _drawing = day_of()
    spans = [
        Span(NOON - 30 * hours, NOON - 12 * hours, "ok"),
        Span(NOON - 12 * hours, NOON - 6 * hours, "critical"),
        Span(NOON - 60 * timedelta(seconds=1), None, "down"),
    ]
    words = {"ok": "ok", "critical": "critical", "down": "down"}

    said = share_words(timeline.shares(spans), words)

    assert said == "ok 50 %, critical 25 %, down <1 %, no record 25 %"
    assert share_words({"ok": 1.0}, words) == "ok 100 %"
    assert share_words({"ok": 0.9999, "down": 0.0001}, words) == "ok >99 %, down <1 %"
    assert share_words({}, words) == "no record 100 %"
