"""monitoring/actions/store_downtimes: whatever GOCDB says from poll to poll, some things hold."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.actions import store_downtimes
from monitoring.actions.store_downtimes import WITHDRAWN_AFTER_POLLS
from monitoring.models import Downtime, DowntimeChange
from monitoring.queries import conditions_at
from tests import make
from tests.make import AT
from topology.models import Site
from topology.parsers.records import AffectedServiceRecord, DowntimeRecord

HOURS = timedelta(hours=1)
MINUTES = timedelta(minutes=1)


@st.composite
def _record(draw: Any, key: str) -> DowntimeRecord:
    start = draw(st.integers(-60, 60))
    names = draw(st.sets(st.sampled_from(["a", "b", "c"]), min_size=1))
    return DowntimeRecord(
        key=key,
        classification=draw(st.sampled_from(["SCHEDULED", "UNSCHEDULED"])),
        severity=draw(st.sampled_from(["OUTAGE", "WARNING"])),
        description=draw(st.sampled_from(["", "cooling", "冷却"])),
        declared_at=AT + draw(st.integers(-90, 0)) * HOURS,
        starts_at=AT + start * HOURS,
        ends_at=AT + (start + draw(st.integers(0, 60))) * HOURS,
        portal_url="",
        services=tuple(
            AffectedServiceRecord(f"{name}G0", "SITE-A", f"{name}.example.org", "SRM")
            for name in sorted(names)
        ),
    )


@st.composite
def _answer(draw: Any) -> list[DowntimeRecord]:
    keys = draw(st.sets(st.sampled_from(["1G0", "2G0", "3G0", "4G0"])))
    return [draw(_record(key)) for key in sorted(keys)]


def _poll(answer: list[DowntimeRecord], at: datetime) -> store_downtimes.Done:
    return store_downtimes.store(
        source="gocdb",
        records=answer,
        present_keys=frozenset(),
        is_whole=True,
        window_starts_at=at - 48 * HOURS,
        at=at,
    )


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(answers=st.lists(_answer(), min_size=1, max_size=6))
def test_what_holds_after_any_polls(answers: list[list[DowntimeRecord]]) -> None:
    Downtime.objects.all().delete()
    Site.objects.all().delete()
    site = make.make_site(name="SITE-A")
    known: dict[str, datetime] = {}
    told: dict[tuple[datetime, str], DowntimeRecord] = {}
    absent: dict[str, int] = {}

    for number, answer in enumerate(answers):
        at = AT + number * 5 * MINUTES
        _poll(answer, at)
        again = _poll(answer, at)
        if not any(Downtime.objects.exclude(missed_polls=0)):
            # The same answer once more says nothing new.
            assert again.written == 0

        for record in answer:
            known.setdefault(record.key, at)
            told[(at, record.key)] = record
            row = Downtime.objects.get(key=record.key)
            assert (row.starts_at, row.ends_at) == (record.starts_at, record.ends_at)
            assert (row.severity, row.description) == (record.severity, record.description)
            assert [service["key"] for service in row.affected] == [
                service.key for service in record.services
            ]
            assert (row.missed_polls, row.withdrawn_at) == (0, None)
            assert row.first_seen_at == known[record.key]
        # Nothing is ever deleted, and each poll here is made twice.
        assert set(Downtime.objects.values_list("key", flat=True)) == set(known)
        for key in known:
            absent[key] = 0 if key in {record.key for record in answer} else absent[key] + 2
        for row in Downtime.objects.exclude(withdrawn_at=None):
            assert absent[row.key] >= WITHDRAWN_AFTER_POLLS

    # What was told at each poll can be told again, from the changes that were kept.
    for (at, key), record in told.items():
        found = conditions_at(sites=[site], moment=record.starts_at, known_at=at).sites[0]
        facts = {fact.key: fact for fact in (*found.downtimes, *found.recent)}
        fact = facts[key]
        assert (fact.severity, fact.ends_at) == (record.severity, record.ends_at)
        assert fact.description == record.description
        assert [service.key for service in fact.services] == [
            service.key for service in record.services
        ]
    for change in DowntimeChange.objects.all():
        for old, new in change.changes.values():
            assert old != new


def test_one_second_makes_no_extension(at: datetime) -> None:
    earlier = Downtime(declared_at=at, starts_at=at, ends_at=at + HOURS, affected=[_service("a")])
    later = Downtime(
        declared_at=at + MINUTES,
        starts_at=at + HOURS + store_downtimes.EXTENSION_GAP,
        ends_at=at + 2 * HOURS,
        affected=[_service("a")],
    )
    assert store_downtimes._extended(later, [earlier, later]) is earlier
    later.starts_at += timedelta(seconds=1)
    assert store_downtimes._extended(later, [earlier, later]) is None


def _service(name: str) -> dict[str, str]:
    return {"key": name, "hostname": f"{name}.example.org", "service_type": "SRM"}
