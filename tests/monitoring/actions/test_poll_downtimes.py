"""monitoring/actions/poll_downtimes: the life of a downtime as a poller sees it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import Downtime, DowntimeChange
from tests.gocdb_upstream import DowntimeRow, Gocdb
from tests.loopback import serving

pytestmark = pytest.mark.django_db

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "gocdb"
MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


def poll(at: datetime, **options: Any) -> FeedRun:
    return polling.poll("gocdb-downtimes", now=lambda: at, **options)


def downtime(gocdb: Gocdb, at: datetime, key: str = "31G0", **fields: Any) -> DowntimeRow:
    row = DowntimeRow(
        key=key,
        starts_at=fields.pop("starts_at", at - HOURS),
        ends_at=fields.pop("ends_at", at + 5 * HOURS),
        services=fields.pop("services", gocdb.services[:1]),
        **fields,
    )
    gocdb.downtimes.append(row)
    return row


def test_a_declared_downtime_is_kept_with_its_services(gocdb: Gocdb, at: datetime) -> None:
    downtime(gocdb, at, services=gocdb.services[:2], description="cooling 冷却")

    run = poll(at)

    kept = Downtime.objects.get()
    assert run.outcome == Outcome.OK
    assert (run.seen, run.changed) == ({"downtimes": 1}, {"downtimes": 1})
    assert (kept.source, kept.key, kept.site.name) == ("gocdb", "31G0", "IN2P3-CC")
    assert (kept.starts_at, kept.ends_at) == (at - HOURS, at + 5 * HOURS)
    assert kept.description == "cooling 冷却"
    assert kept.first_seen_at == at
    assert {service.key for service in kept.services.all()} == {"11G0", "12G0"}
    assert [service["hostname"] for service in kept.affected] == [
        "ce.in2p3.example.org",
        "se.in2p3.example.org",
    ]


def test_an_unchanged_poll_writes_only_its_record(gocdb: Gocdb, at: datetime) -> None:
    downtime(gocdb, at, services=gocdb.services[:2])
    downtime(gocdb, at, "32G0", services=gocdb.services[2:])
    poll(at)
    before = row_versions()
    # The order of rows and services means nothing.
    gocdb.downtimes.reverse()
    for row in gocdb.downtimes:
        row.services = list(reversed(row.services))

    assert poll(at + 5 * MINUTES).outcome == Outcome.UNCHANGED
    assert row_versions() == before


def row_versions() -> list[Any]:
    found = []
    with connection.cursor() as cursor:
        for table in (
            "monitoring_downtime",
            "monitoring_downtime_services",
            "monitoring_downtimechange",
            "feeds_source",
        ):
            cursor.execute(f"SELECT xmin::text, ctid::text FROM {table} ORDER BY ctid")
            found.append(cursor.fetchall())
    return found


def test_every_field_that_changes_leaves_a_trace(gocdb: Gocdb, at: datetime) -> None:
    row = downtime(gocdb, at)
    poll(at)
    row.severity, row.classification = "WARNING", "UNSCHEDULED"
    row.description = "shorter"
    row.ends_at = at + HOURS
    row.services = gocdb.services[1:2]

    run = poll(at + 5 * MINUTES)

    kept = Downtime.objects.get()
    change = DowntimeChange.objects.get()
    assert run.changed == {"downtimes": 1}
    assert (kept.severity, kept.ends_at) == ("WARNING", at + HOURS)
    assert kept.changed_at == change.noticed_at == at + 5 * MINUTES
    assert set(change.changes) == {
        "severity", "classification", "description", "ends_at", "affected",
    }  # fmt: skip
    assert change.changes["severity"] == ["OUTAGE", "WARNING"]
    assert change.changes["ends_at"] == [
        (at + 5 * HOURS).isoformat(),
        (at + HOURS).isoformat(),
    ]
    assert {service.key for service in kept.services.all()} == {"12G0"}


def test_withdrawn_after_three_whole_polls_and_back_again(gocdb: Gocdb, at: datetime) -> None:
    row = downtime(gocdb, at, starts_at=at + 30 * HOURS, ends_at=at + 40 * HOURS)
    poll(at)
    gocdb.downtimes.clear()

    seen = []
    for number in range(1, 4):
        run = poll(at + number * 5 * MINUTES)
        seen.append((run.outcome, Downtime.objects.get().withdrawn_at))
    assert seen == [
        (Outcome.OK, None),
        (Outcome.OK, None),
        (Outcome.OK, at + 15 * MINUTES),
    ]
    assert poll(at + 20 * MINUTES).outcome == Outcome.UNCHANGED

    gocdb.downtimes.append(row)
    poll(at + 25 * MINUTES)
    kept = Downtime.objects.get()
    assert (kept.withdrawn_at, kept.missed_polls) == (None, 0)
    assert [change.changes for change in DowntimeChange.objects.order_by("noticed_at")] == [
        {"withdrawn_at": [None, (at + 15 * MINUTES).isoformat()]},
        {"withdrawn_at": [(at + 15 * MINUTES).isoformat(), None]},
    ]


def test_a_downtime_that_is_there_again_is_no_longer_missed(gocdb: Gocdb, at: datetime) -> None:
    row = downtime(gocdb, at)
    poll(at)
    gocdb.downtimes.clear()
    poll(at + 5 * MINUTES)
    poll(at + 10 * MINUTES)
    gocdb.downtimes.append(row)
    poll(at + 15 * MINUTES)

    assert Downtime.objects.get().missed_polls == 0
    assert not DowntimeChange.objects.exists()


@pytest.mark.parametrize("answer", [b"<error>down</error>", b"no xml", b"<results><DOWNTIME", b""])
def test_a_bad_poll_withdraws_nothing(gocdb: Gocdb, at: datetime, answer: bytes) -> None:
    downtime(gocdb, at)
    poll(at)
    gocdb.instead["*"] = answer
    for number in range(1, 6):
        assert poll(at + number * 5 * MINUTES).outcome == Outcome.FAILED

    kept = Downtime.objects.get()
    assert (kept.missed_polls, kept.withdrawn_at) == (0, None)


def test_what_is_over_or_outside_the_window_is_not_withdrawn(gocdb: Gocdb, at: datetime) -> None:
    downtime(gocdb, at, ends_at=at + 10 * MINUTES)
    poll(at)
    for number in range(1, 10):
        poll(at + number * DAYS)

    kept = Downtime.objects.get()
    assert (kept.missed_polls, kept.withdrawn_at) == (0, None)


def test_a_row_that_cannot_be_read_any_more_is_not_withdrawn(gocdb: Gocdb, at: datetime) -> None:
    row = downtime(gocdb, at)
    poll(at)
    row.severity = "CATASTROPHE"
    for number in range(1, 5):
        run = poll(at + number * 5 * MINUTES)

    assert run.refused == [
        {
            "row": "DOWNTIME 31G0",
            "reason": "SEVERITY is 'CATASTROPHE', not one of OUTAGE, WARNING",
        }
    ]
    assert Downtime.objects.get().withdrawn_at is None


def test_one_bad_row_costs_nothing_else(gocdb: Gocdb, at: datetime) -> None:
    downtime(gocdb, at)
    downtime(gocdb, at, "32G0", severity="CATASTROPHE")
    downtime(gocdb, at, "33G0", services=gocdb.services[2:])

    run = poll(at)

    assert run.outcome == Outcome.OK
    assert set(Downtime.objects.values_list("key", flat=True)) == {"31G0", "33G0"}
    assert len(run.refused) == 1


def test_running_downtimes_that_vanish_all_at_once_are_suspicious_at_first(
    gocdb: Gocdb, at: datetime
) -> None:
    downtime(gocdb, at)
    downtime(gocdb, at, "32G0", services=gocdb.services[2:])
    poll(at)
    gocdb.downtimes.clear()

    runs = [poll(at + number * 5 * MINUTES) for number in range(1, 4)]

    assert [run.outcome for run in runs] == [
        Outcome.SUSPICIOUS,
        Outcome.SUSPICIOUS,
        Outcome.OK,
    ]
    assert "All 2 running downtimes vanished" in runs[0].reason
    assert Downtime.objects.exclude(withdrawn_at=None).count() == 2


def test_no_downtimes_at_all_is_a_good_answer(gocdb: Gocdb, at: datetime) -> None:
    assert poll(at).outcome == Outcome.UNCHANGED


def test_ended_early(gocdb: Gocdb, at: datetime) -> None:
    row = downtime(gocdb, at)
    poll(at)
    row.ends_at = at + 6 * MINUTES
    poll(at + 5 * MINUTES)

    assert Downtime.objects.get().ends_at == at + 6 * MINUTES


def test_an_adjacent_second_downtime_is_an_extension(gocdb: Gocdb, at: datetime) -> None:
    downtime(gocdb, at, declared_at=at - DAYS)
    poll(at)
    downtime(
        gocdb, at, "32G0", starts_at=at + 5 * HOURS, ends_at=at + 9 * HOURS,
        declared_at=at + HOURS,
    )  # fmt: skip
    downtime(
        gocdb, at, "33G0", starts_at=at + 9 * HOURS, ends_at=at + 12 * HOURS,
        declared_at=at + 2 * HOURS,
    )  # fmt: skip

    poll(at + 5 * MINUTES)

    first, second, third = Downtime.objects.order_by("starts_at")
    assert first.extends is None
    assert second.extends == first
    assert third.extends == second


@pytest.mark.parametrize(
    "fields",
    [
        {"gap": 2 * HOURS},
        {"service": 1},
        {"service": 2},
        {"declared_at": -2 * DAYS},
    ],
)
def test_what_is_no_extension(gocdb: Gocdb, at: datetime, fields: dict[str, Any]) -> None:
    downtime(gocdb, at, declared_at=at - DAYS)
    start = at + 5 * HOURS + fields.get("gap", timedelta())
    number = fields.get("service", 0)
    downtime(
        gocdb, at, "32G0", starts_at=start, ends_at=start + HOURS,
        declared_at=at + fields.get("declared_at", timedelta()),
        services=gocdb.services[number : number + 1],
    )  # fmt: skip

    poll(at)

    assert not Downtime.objects.exclude(extends=None).exists()


def test_an_extension_of_what_is_withdrawn_stands_alone(gocdb: Gocdb, at: datetime) -> None:
    row = downtime(gocdb, at, declared_at=at - DAYS, starts_at=at + HOURS)
    downtime(gocdb, at, "32G0", starts_at=at + 5 * HOURS, ends_at=at + 9 * HOURS, declared_at=at)
    poll(at)
    assert Downtime.objects.get(key="32G0").extends is not None
    gocdb.downtimes.remove(row)
    for number in range(1, 4):
        poll(at + number * 5 * MINUTES)

    assert Downtime.objects.get(key="31G0").withdrawn_at is not None
    assert Downtime.objects.get(key="32G0").extends is None


def test_the_window_is_two_days_and_once_a_day_a_month(gocdb: Gocdb, at: datetime) -> None:
    asked = []
    for moment in (at, at + 5 * MINUTES, at + 23 * HOURS, at + 25 * HOURS, at + 60 * HOURS):
        poll(moment)
        assert gocdb.server is not None
        window = datetime.fromisoformat(gocdb.server.asked[-1].query["windowstart"])
        asked.append(moment - window)

    assert asked == [30 * DAYS, 2 * DAYS, 2 * DAYS, 30 * DAYS, 30 * DAYS]


def test_a_site_that_we_do_not_know_is_refused_and_nothing_but_that_is_suspicious(
    gocdb: Gocdb, at: datetime
) -> None:
    row = downtime(gocdb, at, services=[type(gocdb.services[0])("99G0", "NOWHERE", "x.org")])

    run = poll(at)

    assert run.outcome == Outcome.SUSPICIOUS
    assert run.refused == [
        {"row": "DOWNTIME 31G0", "reason": "its site 'NOWHERE' is not in our topology"}
    ]
    row.services[0].site = "in2p3-cc"
    assert poll(at + 5 * MINUTES).outcome == Outcome.OK
    kept = Downtime.objects.get()
    assert kept.site.name == "IN2P3-CC"
    assert not kept.services.exists()


def test_a_server_that_repeats_a_page_withdraws_nothing(gocdb: Gocdb, at: datetime) -> None:
    downtime(gocdb, at)
    other = downtime(gocdb, at, "32G0", services=gocdb.services[2:])
    poll(at)
    gocdb.instead["get_downtime_nested_services"] = (
        "<results><meta><link rel='next' href='?next_cursor=32'/><count>1</count>"
        f"<max_page_size>1</max_page_size></meta>{other.xml()}</results>"
    ).encode()

    run = poll(at + 5 * MINUTES)

    assert run.outcome == Outcome.SUSPICIOUS
    assert not Downtime.objects.exclude(missed_polls=0).exists()


def test_ends_far_away_are_kept(gocdb: Gocdb, at: datetime) -> None:
    far = at.replace(year=2100)
    downtime(gocdb, at, ends_at=far)
    poll(at)

    assert Downtime.objects.get().ends_at == far


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
@pytest.mark.parametrize(
    "name", ["error-bad-date", "error-no-credential", "error-unknown-method",
             "error-unsupported-param"],
)  # fmt: skip
def test_real_documents_then_real_errors(db: None, at: datetime, name: str) -> None:
    full = SAMPLES / "full-egi"
    error = (SAMPLES / "small" / f"{name}.http200.txt").read_bytes()
    broken = False

    def answer(asked: Any, handler: Any) -> bytes:
        return error if broken else (full / f"{asked.query['method']}.xml").read_bytes()

    with serving(answer) as server, override_settings(JUNO_GOCDB_URL=f"{server.url}/gocdbpi"):
        polling.poll("gocdb-topology", now=lambda: at)
        first = poll(at)
        second = poll(at + 5 * MINUTES)
        broken = True
        third = poll(at + 10 * MINUTES)

    assert (first.outcome, first.seen) == (Outcome.OK, {"downtimes": 68})
    assert not first.refused
    assert second.outcome == Outcome.UNCHANGED
    assert third.outcome == Outcome.FAILED
    assert third.raw_head
    assert Downtime.objects.filter(withdrawn_at=None, missed_polls=0).count() == 68
