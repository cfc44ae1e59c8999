"""Cursors in addresses: what was written is read again, and nothing else harms."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib import cursor


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**31))
def test_what_was_written_is_read(moment: datetime, number: int) -> None:
    assert cursor.read(cursor.written(moment, number)) == (moment, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "7",
        "2026-01-12T08:30:00+00:00",
        "2026-01-12T08:30:00+00:00,",
        "2026-01-12T08:30:00+00:00,x",
        "2026-01-12T08:30:00+00:00,-7",
        "2026-01-12T08:30:00,7",
        "2026-13-12T08:30:00+00:00,7",
    ],
)
def test_what_is_none_is_none(text: str) -> None:
    assert cursor.read(text) is None


@given(st.text())
def test_no_words_raise(text: str) -> None:
    cursor.read(text)
