"""What sources tell is folded into intervals: only changes write, gaps are unknown."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import Source
from juno_support.feeds.registry import find_kind
from monitoring.actions import store_report
from monitoring.models import Entity, StatusInterval
from monitoring.observations import Name, Observation, Period, Report
from monitoring.statuses import SEVERITY, Status
from topology.models import Site

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
GAP = timedelta(minutes=45)
CNAF = Name("site", "INFN-T1")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def source() -> Source:
    Site.objects.get_or_create(source="gocdb", key="1G0", name="INFN-T1")
    return ensure_source(find_kind("argo"))


def tell(
    at: datetime,
    *told: Observation | Period,
    last: datetime | None = None,
    complete: bool = False,
    left_alone: frozenset[Name] = frozenset(),
) -> store_report.Done:
    with transaction.atomic():
        return store_report.store(
            source="argo",
            namespace="argo",
            report=Report(
                observations=tuple(one for one in told if isinstance(one, Observation)),
                periods=tuple(one for one in told if isinstance(one, Period)),
                complete=frozenset({("status", "")}) if complete else frozenset(),
                left_alone=left_alone,
            ),
            at=at,
            last_success_at=last,
            longest_gap=GAP,
        )


def seen(
    status: Status, raw: str = "", *, thing: Name = CNAF, since: datetime | None = None
) -> Observation:
    return Observation(thing, "status", status, raw or status.value, since=since)


def was(status: Status, since: datetime, until: datetime | None = None) -> Period:
    return Period(CNAF, "status", status, status.value, since, until)


def kept(name: str = "INFN-T1") -> list[tuple[str, str, str | None]]:
    rows = StatusInterval.objects.filter(entity__name=name).order_by("since")
    return [
        (row.status, f"{row.since:%H:%M}", f"{row.until:%H:%M}" if row.until else None)
        for row in rows
    ]


def test_an_unchanged_snapshot_writes_nothing() -> None:
    tell(NOON, seen(Status.OK))
    done = tell(NOON + 15 * MINUTE, seen(Status.OK), last=NOON)
    assert done.changed == {"statuses": 0, "names": 0}
    assert kept() == [("ok", "12:00", None)]


def test_a_change_closes_the_old_state_and_opens_the_new_one() -> None:
    tell(NOON, seen(Status.OK))
    tell(NOON + 15 * MINUTE, seen(Status.CRITICAL), last=NOON)
    assert kept() == [("ok", "12:00", "12:15"), ("critical", "12:15", None)]


def test_the_sources_own_since_is_used() -> None:
    tell(NOON, seen(Status.OK, since=NOON - 60 * MINUTE))
    tell(NOON + 15 * MINUTE, seen(Status.DOWN, since=NOON + 5 * MINUTE), last=NOON)
    assert kept() == [("ok", "11:00", "12:05"), ("down", "12:05", None)]


def test_a_since_before_what_we_saw_meanwhile_does_not_rewrite_it() -> None:
    tell(NOON, seen(Status.OK, since=NOON - 60 * MINUTE))
    tell(NOON + 15 * MINUTE, seen(Status.DOWN, since=NOON - 90 * MINUTE), last=NOON)
    assert kept() == [("ok", "11:00", "12:15"), ("down", "12:15", None)]


def test_a_since_in_the_future_is_now() -> None:
    tell(NOON, seen(Status.OK, since=NOON + 60 * MINUTE))
    assert kept() == [("ok", "12:00", None)]


def test_a_gap_in_our_polls_is_unknown() -> None:
    tell(NOON, seen(Status.OK))
    tell(NOON + 90 * MINUTE, seen(Status.OK), last=NOON)
    assert kept() == [("unknown", "12:00", "13:30"), ("ok", "13:30", None)]


def test_a_gap_after_some_polls_begins_at_the_last_good_one() -> None:
    tell(NOON, seen(Status.OK))
    tell(NOON + 15 * MINUTE, seen(Status.OK), last=NOON)
    tell(NOON + 105 * MINUTE, seen(Status.CRITICAL), last=NOON + 15 * MINUTE)
    assert kept() == [
        ("ok", "12:00", "12:15"),
        ("unknown", "12:15", "13:45"),
        ("critical", "13:45", None),
    ]


def test_a_source_that_says_since_when_fills_the_gap() -> None:
    tell(NOON, seen(Status.OK, since=NOON - 60 * MINUTE))
    tell(NOON + 90 * MINUTE, seen(Status.OK, since=NOON - 60 * MINUTE), last=NOON)
    assert kept() == [("ok", "11:00", None)]


def test_what_a_complete_report_does_not_mention_becomes_unknown() -> None:
    tell(NOON, seen(Status.OK), seen(Status.OK, thing=Name("site", "OTHER")), complete=True)
    done = tell(
        NOON + 15 * MINUTE,
        seen(Status.OK, thing=Name("site", "OTHER")),
        last=NOON,
        complete=True,
    )
    assert kept() == [("ok", "12:00", "12:15"), ("unknown", "12:15", None)]
    assert done.changed["statuses"] == 2
    again = tell(
        NOON + 30 * MINUTE,
        seen(Status.OK, thing=Name("site", "OTHER")),
        last=NOON + 15 * MINUTE,
        complete=True,
    )
    assert again.changed["statuses"] == 0


def test_a_vos_own_word_that_is_taken_back_leaves_the_general_one() -> None:
    general = seen(Status.OK, since=NOON - 60 * MINUTE)
    own = Observation(CNAF, "status", Status.DOWN, "Banned", vo="juno")

    def poll(at: datetime, *told: Observation, last: datetime | None = None) -> int:
        report = Report(observations=told, complete=frozenset({("status", ""), ("status", "juno")}))
        with transaction.atomic():
            done = store_report.store(
                source="argo",
                namespace="argo",
                report=report,
                at=at,
                last_success_at=last,
                longest_gap=GAP,
            )
        return done.changed["statuses"]

    poll(NOON, general, own)
    poll(NOON + 15 * MINUTE, general, last=NOON)
    rows = StatusInterval.objects.filter(vo="juno")
    assert [(row.status, row.until) for row in rows] == [("down", NOON + 15 * MINUTE)]
    assert poll(NOON + 30 * MINUTE, general, last=NOON + 15 * MINUTE) == 0
    poll(NOON + 45 * MINUTE, general, own, last=NOON + 30 * MINUTE)
    assert rows.filter(until=None).get().since == NOON + 45 * MINUTE


def test_what_is_left_alone_keeps_its_state() -> None:
    tell(NOON, seen(Status.OK), complete=True)
    tell(NOON + 15 * MINUTE, last=NOON, complete=True, left_alone=frozenset({CNAF}))
    assert kept() == [("ok", "12:00", None)]


def test_an_incomplete_report_leaves_the_others() -> None:
    tell(NOON, seen(Status.OK))
    tell(NOON + 15 * MINUTE, seen(Status.OK, thing=Name("site", "OTHER")), last=NOON)
    assert kept() == [("ok", "12:00", None)]


def test_new_details_are_written_into_the_open_interval_and_are_no_news() -> None:
    tell(NOON, seen(Status.OK))
    row = StatusInterval.objects.get()
    later = Observation(CNAF, "status", Status.OK, "ok", details={"running": 7})
    done = tell(NOON + 15 * MINUTE, later, last=NOON)
    assert done.changed["statuses"] == 1
    row.refresh_from_db()
    assert (row.details, row.noticed_at, row.since) == ({"running": 7}, NOON, NOON)


def test_a_timeline_of_the_day_extends_what_was_known() -> None:
    midnight = NOON.replace(hour=0)
    tell(NOON - timedelta(hours=21), was(Status.OK, midnight - timedelta(hours=12)))
    tell(
        NOON,
        was(Status.OK, midnight, midnight + 60 * MINUTE),
        was(Status.CRITICAL, midnight + 60 * MINUTE),
        last=NOON - 15 * MINUTE,
    )
    assert kept() == [("ok", "12:00", "01:00"), ("critical", "01:00", None)]
    assert (
        tell(
            NOON + 15 * MINUTE,
            was(Status.OK, midnight, midnight + 60 * MINUTE),
            was(Status.CRITICAL, midnight + 60 * MINUTE),
            last=NOON,
        ).changed["statuses"]
        == 0
    )


def test_a_history_may_correct_itself() -> None:
    tell(NOON, was(Status.OK, NOON - 60 * MINUTE, NOON), was(Status.CRITICAL, NOON))
    tell(NOON + 15 * MINUTE, was(Status.OK, NOON - 60 * MINUTE), last=NOON)
    assert kept() == [("ok", "11:00", None)]


def test_a_closed_event_leaves_what_lies_around_it() -> None:
    tell(NOON, was(Status.OK, NOON - 60 * MINUTE))
    tell(NOON, was(Status.DOWN, NOON - 40 * MINUTE, NOON - 20 * MINUTE), last=NOON)
    assert kept() == [("ok", "11:00", "11:20"), ("down", "11:20", "11:40"), ("ok", "11:40", None)]


def test_overlapping_periods_of_a_source_are_cut() -> None:
    tell(NOON, was(Status.OK, NOON - 60 * MINUTE), was(Status.DOWN, NOON - 30 * MINUTE))
    assert kept() == [("ok", "11:00", "11:30"), ("down", "11:30", None)]


def test_the_database_refuses_overlaps(source: Source) -> None:
    tell(NOON, seen(Status.OK))
    row = StatusInterval.objects.get()
    row.pk, row.since = None, NOON + MINUTE
    with pytest.raises(IntegrityError, match="statusinterval_no_overlap"), transaction.atomic():
        row.save(force_insert=True)


def test_nul_and_length_do_no_harm() -> None:
    bad = Observation(
        Name("site", "x" * 400),
        "status",
        Status.OK,
        "a\x00" * 200,
        summary="s\x00" * 300,
        details={"k\x00": ["v\x00"]},
    )
    tell(NOON, bad)
    tell(NOON + MINUTE, bad, last=NOON)
    assert StatusInterval.objects.get().details == {"k�": ["v�"]}


def test_a_name_nobody_knows_is_kept_and_matched_when_the_site_appears() -> None:
    stranger = Name("site", "NEW-SITE")
    assert tell(NOON, seen(Status.OK, thing=stranger)).unmapped == 1
    site = Site.objects.create(source="gocdb", key="2G0", name="NEW-SITE")
    done = tell(NOON + 15 * MINUTE, seen(Status.OK, thing=stranger), last=NOON)
    assert (done.unmapped, done.changed["names"]) == (0, 1)
    assert Entity.objects.get(name="NEW-SITE").site == site
    assert StatusInterval.objects.get(entity__name="NEW-SITE").site == site


def test_a_snapshot_follows_the_latest_state_and_not_the_row_that_was_written_last() -> None:
    tell(NOON, was(Status.OK, NOON - 60 * MINUTE, NOON - 10 * MINUTE))
    # A correction of what lies before: its row is the newer one.
    tell(NOON, was(Status.DOWN, NOON - 90 * MINUTE, NOON - 60 * MINUTE), last=NOON)
    tell(NOON + 5 * MINUTE, seen(Status.CRITICAL, since=NOON - 40 * MINUTE), last=NOON)
    assert kept() == [
        ("down", "10:30", "11:00"),
        ("ok", "11:00", "11:50"),
        ("critical", "11:50", None),
    ]


def test_what_goes_on_beneath_a_short_state_goes_on_after_it() -> None:
    tell(
        NOON,
        was(Status.OK, NOON - 60 * MINUTE),
        was(Status.DOWN, NOON - 40 * MINUTE, NOON - 20 * MINUTE),
    )
    assert kept() == [("ok", "11:00", "11:20"), ("down", "11:20", "11:40"), ("ok", "11:40", None)]


def test_what_cannot_be_stored_costs_nothing_else() -> None:
    """Lone surrogates, NUL and endless numbers are legal in JSON, and in no database."""
    bad = Observation(
        Name("service", "host\x00.example \ud800", site="S\ud800", hosts=("h\x00",)),
        "status",
        Status.OK,
        "\ud800",
        vo="v\x00",
        summary="\udfff",
        details={"rate": float("inf"), "\ud800": [float("nan"), "\udc00"]},
        evidence_url="https://x.example/\x00",
    )
    done = tell(NOON, bad, seen(Status.OK))
    assert done.changed["statuses"] == 2
    assert tell(NOON + MINUTE, bad, seen(Status.OK), last=NOON).changed["statuses"] == 0
    assert StatusInterval.objects.get(entity__kind="service").details == {
        "rate": "inf",
        "�": ["nan", "�"],
    }


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("https://mon.example/x?y=1", "https://mon.example/x?y=1"),
        ("javascript:alert(1)", ""),
        (" javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//elsewhere.example/", ""),
        # Half an address would lead somewhere else.
        ("https://mon.example/" + "x" * 1000, ""),
    ],
)
def test_only_web_pages_become_links(told: str, stored: str) -> None:
    tell(NOON, Observation(CNAF, "status", Status.OK, "ok", evidence_url=told))
    assert StatusInterval.objects.get().evidence_url == stored


@pytest.mark.parametrize("vo_first", [True, False])
def test_a_thing_that_is_not_reported_at_all_is_unknown_for_each_vo(vo_first: bool) -> None:
    told = [
        Observation(CNAF, "status", Status.DOWN, "Banned", vo="juno"),
        Observation(CNAF, "status", Status.OK, "ok"),
    ]
    both = frozenset({("status", ""), ("status", "juno")})
    for at, observations in (
        (NOON, told if vo_first else told[::-1]),
        (NOON + 15 * MINUTE, []),
    ):
        with transaction.atomic():
            store_report.store(
                source="argo",
                namespace="argo",
                report=Report(observations=tuple(observations), complete=both),
                at=at,
                last_success_at=NOON,
                longest_gap=GAP,
            )
    now = StatusInterval.objects.filter(until=None).order_by("vo")
    assert [(row.vo, row.status) for row in now] == [("", "unknown"), ("juno", "unknown")]


STATES = st.sampled_from([Status.OK, Status.CRITICAL, Status.UNKNOWN])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("seen"), st.integers(1, 100), STATES, st.integers(0, 120)),
        st.tuples(
            st.just("was"),
            st.integers(1, 100),
            st.lists(st.tuples(st.integers(0, 240), st.integers(1, 60), STATES), max_size=4),
            st.booleans(),
        ),
    ),
    max_size=8,
)


class AnyStory(TestCase):
    """Whatever is told: no overlap, no empty interval, at most one is open."""

    def setUp(self) -> None:
        Site.objects.get_or_create(source="gocdb", key="1G0", name="INFN-T1")
        ensure_source(find_kind("argo"))

    @settings(max_examples=60, deadline=None)
    @given(STEPS)
    def test_intervals_stay_in_order(self, steps: list[tuple]) -> None:  # type: ignore[type-arg]
        at, last = NOON, None
        for kind, minutes, what, more in steps:
            at += minutes * MINUTE
            if kind == "seen":
                tell(at, seen(what, since=at - more * MINUTE), last=last)
            else:
                periods = [
                    was(state, at - back * MINUTE, at - back * MINUTE + length * MINUTE)
                    for back, length, state in what
                ]
                if periods and more:
                    periods.append(was(Status.OK, at))
                tell(at, *periods, last=last)
            last = at
        rows = list(StatusInterval.objects.order_by("since"))
        for before, after in itertools.pairwise(rows):
            assert before.until is not None
            assert before.until <= after.since
        assert all(row.severity == SEVERITY[row.status] for row in rows)
