"""What is pushed becomes intervals; the same again changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from juno_support.feeds import queries
from juno_support.feeds.models import FeedRun, Outcome, Source
from monitoring.actions import push_statuses
from monitoring.actions.push_statuses import Pushed
from monitoring.models import Entity, StatusInterval
from monitoring.parsers.pushed import read_events
from tests.make import make_site
from topology.models import NetworkLink

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINK = "CERN-CNAF-LHCOPN-001"


@pytest.fixture(autouse=True)
def source() -> Source:
    return Source.objects.create(name="push-noc", interval=timedelta(minutes=15))


def push(*rows: dict[str, Any], at: datetime = NOON) -> Pushed:
    told = read_events(rows, at=at)
    return push_statuses.push(
        source=Source.objects.get(name="push-noc"), told=told, body=b"[]", at=at
    )


def event(status: str, since: str | None, until: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "entity": {"kind": "link", "name": more.pop("name", LINK)},
        "status": status,
        "since": f"2026-03-04T{since}:00Z" if since else None,
        "until": f"2026-03-04T{until}:00Z" if until else None,
        **more,
    }


def kept(name: str = LINK, metric: str = "state") -> list[tuple[str, str, str | None]]:
    rows = StatusInterval.objects.filter(entity__name=name, metric=metric).order_by("since")
    return [
        (row.status, f"{row.since:%H:%M}", f"{row.until:%H:%M}" if row.until else None)
        for row in rows
    ]


def test_events_are_kept_and_nothing_is_said_of_the_time_between() -> None:
    done = push(event("down", "08:00", "09:00"), event("warning", "10:00", "10:30"))
    assert (done.accepted, done.run.outcome) == (2, Outcome.OK)
    assert kept() == [("down", "08:00", "09:00"), ("warning", "10:00", "10:30")]


def test_the_same_again_changes_nothing() -> None:
    rows = (event("down", "08:00", "09:00", key="A"), event("warning", "10:00"))
    push(*rows)
    before = list(StatusInterval.objects.values())
    done = push(*rows, at=NOON + MINUTE)
    assert (done.changed, done.run.outcome) == (0, Outcome.UNCHANGED)
    assert list(StatusInterval.objects.values()) == before


def test_an_event_between_two_pushed_ones_stays() -> None:
    push(event("warning", "09:10", "09:20"))
    push(event("down", "08:00", "09:00"), event("down", "10:00", "10:30"))
    assert kept() == [
        ("down", "08:00", "09:00"),
        ("warning", "09:10", "09:20"),
        ("down", "10:00", "10:30"),
    ]


def test_a_state_that_goes_on_ends_where_the_next_begins() -> None:
    push(event("ok", "08:00"))
    push(event("down", "11:00"))
    assert kept() == [("ok", "08:00", "11:00"), ("down", "11:00", None)]
    push(event("ok", None), at=NOON + MINUTE)
    assert kept()[1:] == [("down", "11:00", "12:01"), ("ok", "12:01", None)]
    push(event("ok", None), at=NOON + 2 * MINUTE)
    assert kept()[-1] == ("ok", "12:01", None)


def test_a_key_corrects_what_it_said_before() -> None:
    push(event("down", "08:00", key="NOC-1"))
    push(event("down", "08:00", "10:00", key="NOC-1"))
    assert kept() == [("down", "08:00", "10:00")]
    push(event("down", "08:00", "11:00", key="NOC-1"))
    assert kept() == [("down", "08:00", "11:00")]
    push(event("down", "09:00", "09:30", key="NOC-1"))
    assert kept() == [("down", "09:00", "09:30")]
    push(event("warning", "09:00", "09:30", key="NOC-1", name="CERN-KIT-LHCOPN-001"))
    assert kept() == []
    assert kept("CERN-KIT-LHCOPN-001") == [("warning", "09:00", "09:30")]


def test_another_key_at_another_time_is_another_event() -> None:
    push(event("down", "08:00", "09:00", key="NOC-1"))
    push(event("down", "09:00", "10:00", key="NOC-2"))
    assert kept() == [("down", "08:00", "09:00"), ("down", "09:00", "10:00")]


def test_what_is_refused_costs_the_others_nothing() -> None:
    done = push(event("down", "08:00", "09:00"), event("fine", "10:00"))
    assert (done.accepted, done.run.outcome) == (1, Outcome.OK)
    assert [row["row"] for row in done.run.refused] == ["2"]


def test_a_push_makes_the_source_fresh_but_a_refused_one_does_not() -> None:
    def last_success() -> datetime | None:
        return queries.freshness(NOON, ["push-noc"])["push-noc"].last_success

    push(event("fine", "10:00"))
    assert last_success() is None
    assert FeedRun.objects.get().reason == "None of 1 rows could be taken."
    push(at=NOON + MINUTE)
    assert last_success() == NOON + MINUTE


def test_a_link_is_found_by_its_name() -> None:
    link = NetworkLink.objects.create(
        name=LINK,
        kind="LHCOPN",
        site_a=make_site(name="CERN-PROD"),
        site_b=make_site(name="INFN-T1"),
    )
    done = push(event("down", "08:00"))
    assert done.run.seen["unmapped"] == 0
    entity = Entity.objects.get()
    assert (entity.link, entity.namespace) == (link, "push-noc")


def test_names_of_another_family_can_be_used(source: Source) -> None:
    source.config = {"namespace": "perfsonar"}
    source.save()
    push(event("down", "08:00", name="ps.cern.example.org ps.cnaf.example.org"))
    assert Entity.objects.get().namespace == "perfsonar"


def test_another_family_of_names_ends_what_went_on_under_the_old(source: Source) -> None:
    push(event("down", "08:00"))
    source.config = {"namespace": "perfsonar"}
    source.save()
    push(event("down", "08:00"))
    rows = StatusInterval.objects.order_by("entity__namespace")
    assert [(row.entity.namespace, row.until) for row in rows] == [
        ("perfsonar", None),
        ("push-noc", NOON),
    ]


def test_two_metrics_of_a_thing_do_not_meet() -> None:
    push(event("down", "08:00", metric="state"), event("ok", "08:00", metric="loss"))
    assert (kept(), kept(metric="loss")) == (
        [("down", "08:00", None)],
        [("ok", "08:00", None)],
    )


# Against a slow model: one state a minute, with the key of the event that told it

Rows = st.lists(
    st.tuples(
        st.integers(0, 100),
        st.none() | st.integers(1, 60),
        st.sampled_from(["up", "down", "warning"]),
        st.sampled_from(["", "", "A", "B", "C"]),
        st.sampled_from(["one", "other"]),
    ),
    min_size=1,
    max_size=4,
)


class AnyCorrections(TestCase):
    """Whatever is pushed and corrected, each minute says what was last told of it."""

    @settings(max_examples=100, deadline=None)
    @given(st.lists(Rows, max_size=5))
    def test_every_minute_is_as_it_was_told(self, pushes: list[list[tuple[Any, ...]]]) -> None:
        minutes: dict[str, list[tuple[str, str] | None]] = {
            "one": [None] * 400,
            "other": [None] * 400,
        }
        for number, told in enumerate(pushes):
            at = NOON + (100 + number) * MINUTE
            rows = [self._row(*row, at=at) for row in told]
            taken = read_events(rows, at=at).events
            push(*rows, at=at)
            for key in {event.key for event in taken if event.key}:
                for name in minutes:
                    minutes[name] = [
                        None if one and one[1] == key else one for one in minutes[name]
                    ]
            for event in sorted(taken, key=lambda event: event.since or at):
                begin = int(((event.since or at) - NOON) / MINUTE)
                end = 400 if event.until is None else int((event.until - NOON) / MINUTE)
                for minute in range(begin, end):
                    minutes[event.name][minute] = (event.raw_status, event.key)
            assert {name: self._kept(name) for name in minutes} == minutes
            assert push(*rows, at=at).changed == 0

    def _row(
        self, begin: int, length: int | None, status: str, key: str, name: str, *, at: datetime
    ) -> dict[str, Any]:
        since = NOON + begin * MINUTE
        until = None if length is None else min(since + length * MINUTE, at)
        return {
            "entity": {"kind": "link", "name": name},
            "status": status,
            "since": since.isoformat(),
            "until": until.isoformat() if until else None,
            "key": key,
        }

    def _kept(self, name: str) -> list[tuple[str, str] | None]:
        found: list[tuple[str, str] | None] = [None] * 400
        for row in StatusInterval.objects.filter(entity__name=name):
            begin = int((row.since - NOON) / MINUTE)
            end = 400 if row.until is None else int((row.until - NOON) / MINUTE)
            found[begin:end] = [(row.raw_status, row.external_key)] * (end - begin)
        return found


def test_two_rows_of_one_push_cannot_have_one_key() -> None:
    rows = (event("down", "08:00", "09:00", key="A"), event("down", "10:00", "11:00", key="A"))
    done = push(*rows)
    assert (done.accepted, done.run.refused) == (
        1,
        [{"row": "2", "reason": "Row 1 has the same key: send each event once."}],
    )
    assert push(*rows).changed == 0
