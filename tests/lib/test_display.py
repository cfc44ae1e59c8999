"""Ages, local times, pills and icons as ready strings."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from juno_support.lib import display

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(days=59), "59 d"),
        (timedelta(days=60), "2 mo"),
        (timedelta(days=730), "2 y"),
        (-timedelta(hours=3), "in 3 h"),
    ],
)
def test_an_age_is_said_in_its_largest_useful_unit(gone: timedelta, words: str) -> None:
    assert display.age_text(NOW - gone, NOW) == words


def test_a_deadline_says_what_is_left_or_how_late_it_is() -> None:
    assert display.left_text(NOW + timedelta(hours=2), NOW) == "2 h left"
    assert display.left_text(NOW - timedelta(hours=4), NOW) == "4 h late"


def test_a_moment_is_shown_in_the_readers_zone_with_utc_in_the_title() -> None:
    # The hour in which Berlin's clocks go forward: 00:59 UTC is 01:59, 01:00 UTC is 03:00.
    with timezone.override(ZoneInfo("Europe/Berlin")):
        before = display.when(datetime(2026, 3, 29, 0, 59, tzinfo=UTC), NOW)
        after = display.when(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), NOW)
    assert ">29 Mar, 01:59<" in before
    assert ">29 Mar, 03:00<" in after
    assert 'datetime="2026-03-29T01:00Z"' in after
    assert 'title="2026-03-29 01:00 UTC"' in after


def test_the_year_is_written_unless_it_is_this_one_in_the_readers_zone() -> None:
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert display.local_text(new_year, NOW) == "1 Jan, 07:30"
    with timezone.override(UTC):
        assert display.local_text(new_year, NOW) == "31 Dec 2025, 23:30"


def test_no_moment_is_a_dash() -> None:
    for written in (display.when(None), display.age(None, NOW), display.left(None, NOW)):
        assert ">–<" in written


def test_words_are_escaped() -> None:
    evil = '<b onclick="x">'
    for written in (
        display.pill(evil),
        display.pill(evil, soft=True),
        display.status_pill(evil, evil),
        display.priority_dot(2, evil),
        display.priority_dot(2, evil, word=False),
        display.avatar("<b"),
        display.icon("search", evil),
    ):
        assert "<b" not in written


def test_status_and_priority_are_a_mark_and_a_word() -> None:
    assert 'data-status="IN_PROGRESS"' in display.status_pill("IN_PROGRESS", "in progress")
    assert display.status_pill("IN_PROGRESS", "in progress").endswith(">in progress</span>")
    hidden = display.priority_dot(4, "top priority", word=False)
    assert '<span class="visually-hidden">top priority</span>' in hidden


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Liang", "AL"), ("Boris", "B"), ("  Jean de la  Tour ", "JT"), ("李伟", "李"), ("", "?")],
)
def test_initials(name: str, letters: str) -> None:
    assert display.initials(name) == letters


def test_an_icon_is_hidden_unless_it_carries_a_meaning() -> None:
    assert 'aria-hidden="true"' in display.icon("search")
    assert 'aria-label="Search"' in display.icon("search", "Search")
    with pytest.raises(FileNotFoundError):
        display.icon("no-such-drawing")
