"""monitoring/queries: then and now, and never "fine" where nobody knows."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django.asserts import assertNumQueries  # type: ignore[attr-defined]

from juno_support.feeds import polling
from monitoring import queries
from monitoring.queries import conditions_at, conditions_between, current_conditions_for_sites
from tests.gocdb_upstream import DowntimeRow, Gocdb
from topology.models import Service, Site

pytestmark = pytest.mark.django_db

MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)


def poll(at: datetime) -> None:
    polling.poll("gocdb-downtimes", now=lambda: at)


@pytest.fixture
def running(gocdb: Gocdb, at: datetime) -> DowntimeRow:
    """Declare an outage of IN2P3-CC's computing element, one hour back to five ahead."""
    row = DowntimeRow("31G0", at - HOURS, at + 5 * HOURS, gocdb.services[:1])
    gocdb.downtimes.append(row)
    poll(at)
    return row


def site(name: str = "IN2P3-CC") -> Site:
    return Site.objects.get(name=name)


def state(moment: datetime, name: str = "IN2P3-CC", **options: Any) -> str:
    return conditions_at(sites=[site(name)], moment=moment, **options).sites[0].state


def test_start_is_inclusive_and_end_exclusive(running: DowntimeRow) -> None:
    second = timedelta(seconds=1)

    assert state(running.starts_at) == "outage"
    assert state(running.ends_at - second, asked_at=running.starts_at + HOURS) == "outage"
    assert state(running.ends_at, asked_at=running.starts_at + HOURS) != "outage"


def test_what_runs_what_comes_and_what_is_over(
    gocdb: Gocdb, running: DowntimeRow, at: datetime
) -> None:
    gocdb.downtimes += [
        DowntimeRow("32G0", at + 20 * HOURS, at + 30 * HOURS, gocdb.services[:1], "WARNING"),
        DowntimeRow("33G0", at - 9 * HOURS, at - 3 * HOURS, gocdb.services[:1]),
        DowntimeRow("34G0", at - 60 * HOURS, at - 30 * HOURS, gocdb.services[:1]),
        DowntimeRow("35G0", at + 200 * HOURS, at + 300 * HOURS, gocdb.services[:1]),
    ]
    poll(at + MINUTES)

    found = conditions_at(sites=[site()], moment=at + 2 * MINUTES).sites[0]

    assert [one.key for one in found.downtimes] == ["31G0"]
    assert [one.phase for one in found.downtimes] == ["running"]
    assert [one.key for one in found.coming] == ["32G0"]
    assert [one.key for one in found.recent] == ["33G0"]


def test_a_warning_is_at_risk_and_an_outage_wins(
    gocdb: Gocdb, running: DowntimeRow, at: datetime
) -> None:
    running.severity = "WARNING"
    poll(at + MINUTES)
    assert state(at + MINUTES) == "at-risk"

    gocdb.downtimes.append(DowntimeRow("32G0", at, at + HOURS, gocdb.services[1:2]))
    poll(at + 2 * MINUTES)
    assert state(at + 2 * MINUTES) == "outage"


def test_a_service_that_is_not_named_is_not_down(running: DowntimeRow, at: datetime) -> None:
    down, up = Service.objects.get(key="11G0"), Service.objects.get(key="12G0")

    assert state(at, services=[down]) == "outage"
    assert state(at, services=[up]) == "none"
    (fact,) = conditions_at(sites=[site()], services=[up], moment=at).sites[0].downtimes
    assert not fact.covers_asked


def test_no_downtime_is_said_only_by_fresh_data(gocdb: Gocdb, at: datetime) -> None:
    assert state(at) == "unknown"  # never polled
    poll(at)
    assert state(at) == "none"
    assert state(at + 15 * MINUTES) == "none"
    assert state(at + 16 * MINUTES) == "unknown"  # stale


def test_a_past_moment_is_known_only_as_far_back_as_we_asked(gocdb: Gocdb, at: datetime) -> None:
    poll(at)

    assert state(at - timedelta(days=29)) == "none"
    assert state(at - timedelta(days=31)) == "unknown"


def test_a_coming_moment_is_judged_by_todays_freshness(gocdb: Gocdb, at: datetime) -> None:
    poll(at)

    assert state(at + 24 * HOURS, asked_at=at) == "none"
    assert state(at + 24 * HOURS, asked_at=at + HOURS) == "unknown"


def test_a_running_outage_of_stale_data_stays_said(running: DowntimeRow, at: datetime) -> None:
    found = conditions_at(sites=[site()], moment=at + 2 * HOURS).sites[0]

    assert found.state == "outage"
    assert found.sources["gocdb-downtimes"].stale


@pytest.mark.parametrize("fields", [{"source": "local"}, {"gone": True}])
def test_a_site_that_gocdb_does_not_have_is_unknown(
    gocdb: Gocdb, at: datetime, fields: dict[str, Any]
) -> None:
    poll(at)
    Site.objects.filter(name="INFN-T1").update(
        **({"gone_at": at} if fields.get("gone") else fields)
    )

    assert state(at, "INFN-T1") == "unknown"
    badges = current_conditions_for_sites([site("INFN-T1").pk], at=at)
    assert badges[site("INFN-T1").pk].state == "unknown"


def test_then_can_be_answered_after_later_edits(
    gocdb: Gocdb, running: DowntimeRow, at: datetime
) -> None:
    running.ends_at = at + HOURS
    running.severity = "WARNING"
    poll(at + 10 * MINUTES)
    running.description = "edited again"
    poll(at + 20 * MINUTES)
    gocdb.downtimes.append(DowntimeRow("32G0", at - HOURS, at + HOURS, gocdb.services[:1]))
    poll(at + 30 * MINUTES)
    moment = at + 2 * HOURS

    assert state(moment, asked_at=at + 30 * MINUTES) == "none"
    (fact,) = (
        conditions_at(sites=[site()], moment=moment, known_at=at + 5 * MINUTES).sites[0].downtimes
    )
    assert (fact.severity, fact.ends_at) == ("OUTAGE", at + 5 * HOURS)
    assert fact.description == "maintenance"


def test_a_withdrawn_downtime_is_marked_and_ends_when_it_was_withdrawn(
    gocdb: Gocdb, running: DowntimeRow, at: datetime
) -> None:
    gocdb.downtimes.clear()
    for number in range(1, 4):
        poll(at + number * 5 * MINUTES)

    assert state(at + 16 * MINUTES) == "none"
    (fact,) = conditions_at(sites=[site()], moment=at + MINUTES).sites[0].downtimes
    assert fact.phase == "withdrawn"


def test_an_extension_names_both_ends(gocdb: Gocdb, running: DowntimeRow, at: datetime) -> None:
    gocdb.downtimes.append(
        DowntimeRow("32G0", at + 5 * HOURS, at + 9 * HOURS, gocdb.services[:1], declared_at=at)
    )
    poll(at + MINUTES)

    found = conditions_at(sites=[site()], moment=at + MINUTES).sites[0]
    assert found.downtimes[0].extended_until == at + 9 * HOURS
    assert found.coming[0].extends == "31G0"


def test_between(gocdb: Gocdb, running: DowntimeRow, at: datetime) -> None:
    def during(start: timedelta, end: timedelta) -> Any:
        return conditions_between(
            sites=[site()], starts_at=at + start, ends_at=at + end, asked_at=at
        ).sites[0]

    assert [one.key for one in during(-9 * HOURS, HOURS).downtimes] == ["31G0"]
    assert during(-9 * HOURS, HOURS).state == "outage"
    assert during(-9 * HOURS, -HOURS).downtimes == ()
    assert during(-9 * HOURS, -HOURS).state == "none"
    assert during(5 * HOURS, 6 * HOURS).downtimes == ()


def test_the_answer_is_plain_json(running: DowntimeRow, at: datetime) -> None:
    found = conditions_at(sites=[site()], moment=at)

    document = json.loads(json.dumps(found.as_json()))

    (one,) = document["sites"]
    assert one["site"] == "IN2P3-CC"
    assert one["state"] == "outage"
    assert one["at"] == at.isoformat()
    assert one["statuses"] == []
    assert one["sources"]["gocdb-downtimes"] == {
        "last_success": at.isoformat(),
        "stale": False,
        "doubt": "",
    }
    assert one["downtimes"][0]["key"] == "31G0"
    assert one["downtimes"][0]["starts_at"] == (at - HOURS).isoformat()
    assert one["downtimes"][0]["services"][0]["hostname"] == "ce.in2p3.example.org"


def test_queries_do_not_grow_with_sites_and_downtimes(
    gocdb: Gocdb, running: DowntimeRow, at: datetime
) -> None:
    for number in range(40, 60):
        gocdb.downtimes.append(DowntimeRow(f"{number}G0", at, at + HOURS, gocdb.services))
    poll(at + MINUTES)
    sites = list(Site.objects.all())

    with assertNumQueries(6):
        conditions_at(sites=sites, moment=at + MINUTES)
    with assertNumQueries(2):
        current_conditions_for_sites([one.pk for one in sites], at=at + MINUTES)


def test_badges_say_the_worst_and_until_when(
    gocdb: Gocdb, running: DowntimeRow, at: datetime
) -> None:
    gocdb.downtimes.append(
        DowntimeRow("32G0", at - HOURS, at + 9 * HOURS, gocdb.services[:1], "WARNING")
    )
    gocdb.downtimes.append(
        DowntimeRow("33G0", at - HOURS, at + HOURS, gocdb.services[2:], "WARNING")
    )
    poll(at + MINUTES)

    badges = current_conditions_for_sites(
        Site.objects.values_list("pk", flat=True), at=at + MINUTES
    )

    ours, theirs = badges[site().pk], badges[site("INFN-T1").pk]
    assert (ours.state, ours.until, ours.downtimes) == ("outage", at + 5 * HOURS, 2)
    assert (theirs.state, theirs.word) == ("at-risk", "at risk")
    assert (
        current_conditions_for_sites([site("INFN-T1").pk], at=at + 3 * HOURS)[
            site("INFN-T1").pk
        ].state
        == "unknown"
    )


def test_running_and_coming_everywhere(gocdb: Gocdb, running: DowntimeRow, at: datetime) -> None:
    gocdb.downtimes.append(DowntimeRow("32G0", at + 2 * HOURS, at + 3 * HOURS, gocdb.services[2:]))
    poll(at + MINUTES)

    found = queries.running_and_coming(at=at + MINUTES, within=24 * HOURS)
    assert [one.key for one in found] == ["32G0", "31G0"]
    assert [one.key for one in queries.running_and_coming(at=at + MINUTES, within=HOURS)] == [
        "31G0"
    ]
