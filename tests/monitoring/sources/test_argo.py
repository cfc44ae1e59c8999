"""monitoring/sources/argo: from a poll over HTTP to the states that are kept."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from monitoring.models import StatusInterval
from tests.argo_upstream import API_KEY, Argo, recorded, running_argo, version_2, version_3
from tests.make import make_site
from topology.models import Service

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "argo"

pytestmark = pytest.mark.django_db


@pytest.fixture
def argo(settings: Any) -> Iterator[Argo]:
    with running_argo(Argo(version_3())) as running:
        settings.JUNO_ARGO_URL = running.url
        settings.JUNO_ARGO_API_KEY = API_KEY
        yield running


def poll(at: datetime = NOON) -> FeedRun:
    return polling.poll("argo", now=lambda: at)


def states(**conditions: Any) -> dict[str, list[tuple[str, str, str]]]:
    """Name -> (status, raw status, since) of its intervals in the order of time."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for row in StatusInterval.objects.filter(**conditions).order_by("since"):
        found.setdefault(row.entity.name, []).append(
            (row.status, row.raw_status, f"{row.since:%d %H:%M}")
        )
    return found


def of(name: str, **conditions: Any) -> StatusInterval:
    """The open interval of a thing."""
    return StatusInterval.objects.get(entity__name=name, until=None, **conditions)


def test_what_a_poll_tells(argo: Argo) -> None:
    polled_before(argo)

    run = poll()

    assert (run.outcome, run.reason) == (Outcome.OK, "")
    assert run.seen["sites"] == 3
    assert run.seen["services"] == 4
    assert [asked.query.get("start_time") for asked in argo.asked if "status" in asked.path] == [
        "2026-01-12T00:00:00Z"
    ]
    assert states(source__name="argo") == {
        "IN2P3-CC": [("ok", "OK", "12 00:00"), ("critical", "CRITICAL", "12 09:10")],
        "ce.in2p3.example.org ARC-CE": [("ok", "OK", "12 00:00")],
        "se.in2p3.example.org SRMv2": [
            ("ok", "OK", "12 00:00"),
            ("warning", "WARNING", "12 05:00"),
            ("ok", "OK", "12 06:30"),
            ("critical", "CRITICAL", "12 09:10"),
        ],
        "top-bdii.in2p3.example.org Top-BDII": [
            ("maintenance", "DOWNTIME", "12 00:00"),
            ("unknown", "MISSING", "12 08:00"),
            ("unknown", "FLAPPING", "12 10:00"),
        ],
        "pic": [("ok", "OK", "11 00:00"), ("unknown", "no results", "12 00:00")],
        "se.pic.example.org_412g0 SRM": [
            ("ok", "OK", "11 00:00"),
            ("critical", "CRITICAL", "11 20:00"),
            ("unknown", "no results", "12 00:00"),
        ],
        "INFN-T1": [("ok", "OK", "12 12:00")],
    }
    assert run.refused[0] == {
        "row": "endpoint ce.in2p3.example.org ARC-CE",
        "reason": "it has no statuses",
    }
    assert any("'FLAPPING' (1 times) is no state that we know" in note for note in run.notes)


def polled_before(argo: Argo, at: datetime = NOON - timedelta(minutes=15)) -> None:
    """Have a good poll of the same day behind us, which knew nothing of interest."""
    documents, argo.documents = (
        argo.documents,
        {"/v3/status/Critical": {"groups": [_group("ELSEWHERE", ("2026-01-12T00:00:00Z", "OK"))]}},
    )
    assert poll(at).outcome == Outcome.OK
    StatusInterval.objects.all().delete()
    argo.documents = documents
    argo.asked.clear()


def _group(name: str, *points: tuple[str, str]) -> dict[str, Any]:
    statuses = [{"timestamp": moment, "value": value} for moment, value in points]
    last, value = points[-1]
    statuses.append({"timestamp": f"{last[:11]}23:59:59Z", "value": value})
    return {"name": name, "type": "SITES", "statuses": statuses, "endpoints": []}


def groups(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"/v3/status/Critical": {"groups": list(rows)}}


def test_evidence_comes_with_what_is_bad(argo: Argo) -> None:
    poll()

    storage = of("se.in2p3.example.org SRMv2")
    assert storage.summary == "eu.egi.SRM-VOPut: CRITICAL: cannot write"
    assert [probe["message"] for probe in storage.details["probes"]] == [
        "Connection refused\nerror 110",
        "took 61 s",
    ]
    assert storage.evidence_url == (
        "https://argo.egi.eu/egi/report-ar-group-details/Critical/SITES/IN2P3-CC"
    )
    morning = StatusInterval.objects.get(entity=storage.entity, status="warning")
    assert morning.summary == "eu.egi.SRM-VOLs: WARNING: of the morning"
    site = of("IN2P3-CC")
    assert site.summary == "se.in2p3.example.org SRMv2 CRITICAL"
    assert site.details == {
        "endpoints": ["se.in2p3.example.org SRMv2: CRITICAL"],
        "bad_endpoints": 1,
        "all_endpoints": 3,
        "day": "2026-01-11",
        "availability_percent": 54.04,
        "reliability_percent": 81.48,
        "unknown_part": 0.01042,
        "downtime_part": 0.33333,
    }
    assert of("ce.in2p3.example.org ARC-CE").details == {
        "url": "https://ce.in2p3.example.org:443/arex"
    }


def test_an_unchanged_poll_writes_nothing_but_its_record(argo: Argo) -> None:
    poll()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = poll(NOON + timedelta(minutes=15))

    assert run.outcome == Outcome.UNCHANGED
    written = [
        query["sql"]
        for query in queries.captured_queries
        if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert all("feeds_feedrun" in sql for sql in written)
    assert len(written) == 1


def test_names_find_their_sites_and_services(argo: Argo) -> None:
    site = make_site(name="PIC")
    service = Service.objects.create(
        site=site, source="gocdb", key="412G0", hostname="se.pic.example.org", service_type="SRM"
    )

    poll()

    assert of("pic").site == site
    assert of("se.pic.example.org_412g0 SRM").entity.service == service


def test_no_groups_are_no_good_news(argo: Argo) -> None:
    poll()
    before = states()
    argo.documents["/v3/status/Critical"] = b'{"groups": null}'

    run = poll(NOON + timedelta(minutes=15))

    assert run.outcome == Outcome.SUSPICIOUS
    assert "no results at all for the report 'Critical'" in run.reason
    assert states() == before


def test_yesterdays_results_are_not_taken_for_todays(argo: Argo) -> None:
    poll()
    before = states()
    argo.documents |= groups(_group("IN2P3-CC", ("2026-01-11T00:00:00Z", "OK")))

    run = poll(NOON + timedelta(minutes=15))

    assert run.outcome == Outcome.SUSPICIOUS
    assert run.reason == "ARGO serves old results as today's: the newest are of 2026-01-11."
    assert states() == before


def test_around_midnight(argo: Argo) -> None:
    evening, midnight = datetime(2026, 1, 12, 23, 50, tzinfo=UTC), datetime(2026, 1, 13, tzinfo=UTC)
    one, other = ("A", ("2026-01-12T00:00:00Z", "OK")), ("B", ("2026-01-12T00:00:00Z", "OK"))
    argo.documents = groups(_group(*one), _group(*other))
    poll(evening)

    # nothing of today yet
    late = ("2026-01-12T23:55:00Z", "CRITICAL")
    argo.documents = groups(_group(*one), _group(*other, late))
    run = poll(midnight + timedelta(minutes=5))
    assert run.outcome == Outcome.SUSPICIOUS
    assert run.reason == "ARGO has no results of today yet: the newest are of 2026-01-12."

    # the first results of one of them; the other's evening goes on
    today = ("2026-01-13T00:20:00Z", "WARNING")
    argo.documents = groups(_group(*one, today), _group(*other, late))
    assert poll(midnight + timedelta(minutes=30)).outcome == Outcome.OK
    expected = {
        "A": [("ok", "OK", "12 00:00"), ("warning", "WARNING", "13 00:20")],
        "B": [("ok", "OK", "12 00:00"), ("critical", "CRITICAL", "12 23:55")],
    }
    assert recent() == expected
    for minutes in range(60, 180, 30):
        run = poll(midnight + timedelta(minutes=minutes))
        assert run.outcome == Outcome.UNCHANGED

    # when the grace is over, it is unknown
    argo.documents = groups(_group("A", today))
    poll(midnight + timedelta(hours=3, minutes=10))
    expected["B"].append(("unknown", "not reported", "13 03:10"))
    assert recent() == expected

    # and what comes late says since when
    argo.documents = groups(_group("A", today), _group("B", ("2026-01-13T07:00:00Z", "OK")))
    poll(midnight + timedelta(hours=8))
    expected["B"][2:] = [("unknown", "no results", "13 00:00"), ("ok", "OK", "13 07:00")]
    assert recent() == expected


def recent() -> dict[str, list[tuple[str, str, str]]]:
    """The states since the 12th; the first poll looks back a week, of which nothing is known."""
    return states(since__gte=datetime(2026, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("last", "asked"),
    [
        (None, "2026-01-05T00:00:00Z"),
        (NOON - timedelta(hours=1), "2026-01-12T00:00:00Z"),
        (NOON - timedelta(days=2), "2026-01-10T00:00:00Z"),
        (NOON - timedelta(days=30), "2026-01-05T00:00:00Z"),
    ],
)
def test_the_days_since_the_last_good_poll_are_asked_for(
    argo: Argo, last: datetime | None, asked: str
) -> None:
    if last:
        argo.documents = groups(_group("A", (f"{last:%Y-%m-%d}T00:00:00Z", "OK")))
        assert poll(last).outcome == Outcome.OK
        argo.asked.clear()
    argo.documents = version_3()

    poll()

    assert argo.asked[0].query == {"start_time": asked, "end_time": "2026-01-12T12:00:00Z"}
    days = [request.query["date"] for request in argo.asked if "latest" in request.path]
    assert (days[0], days[-1]) == (asked, "2026-01-12T00:00:00Z")


def test_version_2_is_asked_where_there_is_no_version_3(argo: Argo) -> None:
    argo.documents = version_2()
    polled_v2 = poll()

    assert polled_v2.outcome == Outcome.OK
    assert "This ARGO does not speak version 3; version 2 was asked." in polled_v2.notes
    assert recent() == {
        "IN2P3-CC": [("ok", "OK", "12 00:00")],
        "ce.in2p3.example.org ARC-CE": [
            ("ok", "OK", "12 00:00"),
            ("critical", "CRITICAL", "12 03:00"),
            ("ok", "OK", "12 04:00"),
        ],
        "se.in2p3.example.org SRM": [("warning", "WARNING", "12 00:00")],
    }
    assert of("se.in2p3.example.org SRM").entity.said_site == "IN2P3-CC"
    assert "/v2/consistency" in argo.paths()


@pytest.mark.parametrize(
    ("api", "first", "outcome"),
    [
        ("v2", "/v2/status/Critical/SITES", Outcome.OK),
        ("v3", "/v3/status/Critical", Outcome.FAILED),
    ],
)
def test_a_version_can_be_prescribed(
    argo: Argo, settings: Any, api: str, first: str, outcome: str
) -> None:
    settings.JUNO_ARGO_API = api
    argo.documents = version_2()

    assert poll().outcome == outcome
    assert argo.paths()[0] == first


def test_version_2_without_a_flat_list_tells_sites_alone(argo: Argo) -> None:
    argo.documents = version_2()
    del argo.documents["/v2/status/Critical/endpoints"]

    run = poll()

    assert run.outcome == Outcome.OK
    assert set(recent()) == {"IN2P3-CC"}
    assert any(note.startswith("Only sites are told") for note in run.notes)


def test_an_unknown_report_is_told_and_version_2_is_not_tried(argo: Argo) -> None:
    argo.documents = version_2() | {
        "/v3/status/Critical": (
            404,
            b'{"message": "The report with the name Critical does not exist", "code": 404}',
        )
    }

    run = poll()

    assert run.outcome == Outcome.FAILED
    assert "The report with the name Critical does not exist" in run.reason
    assert argo.paths() == ["/v3/status/Critical"]


def test_a_refused_key_fails_and_is_remembered(argo: Argo, settings: Any) -> None:
    settings.JUNO_ARGO_API_KEY = "another"

    run = poll()

    assert (run.outcome, run.http_status) == (Outcome.FAILED, 401)
    assert run.credential


def test_what_argo_says_of_itself_is_a_doubt_in_its_words(argo: Argo) -> None:
    argo.documents["/v3/consistency"] = recorded("consistency.critical.json")

    run = poll()

    assert run.outcome == Outcome.OK
    assert run.doubt == ("ARGO's consistency is CRITICAL: Flapping items percentage 65% (65/100)")
    assert of("IN2P3-CC").status == "critical"
    argo.documents["/v3/consistency"] = version_3()["/v3/consistency"]
    assert poll(NOON + timedelta(minutes=15)).doubt == ""


def test_an_older_argo_that_says_nothing_of_itself_is_believed(argo: Argo) -> None:
    del argo.documents["/v3/consistency"], argo.documents["/v3/health"]

    run = poll()

    assert (run.outcome, run.doubt) == (Outcome.OK, "")
    assert not any("does not tell its" in note for note in run.notes)


def test_what_we_can_do_without_costs_a_note_alone(argo: Argo) -> None:
    argo.documents |= {
        "/v3/consistency": (500, b""),
        "/v3/health": b"<html>",
        "/v2/latest/Critical/SITES": (500, b"{}"),
        "/v3/results/Critical": b"[]",
    }

    run = poll()

    assert run.outcome == Outcome.OK
    assert of("se.in2p3.example.org SRMv2").summary == ""
    notes = "\n".join(run.notes)
    for words in (
        "ARGO does not tell its consistency: ARGO answered 500.",
        "ARGO does not tell its health: The answer is no JSON",
        "The output of probes is not told: ARGO answered 500.",
        "Availability is not told: The answer is a JSON list",
    ):
        assert words in notes


@pytest.mark.parametrize("rows", [500, 10_000])
def test_a_list_of_probes_that_was_cut_is_noticed(argo: Argo, rows: int) -> None:
    polled_before(argo)
    row = json.loads(recorded("latest.json"))["data"]["metric_data"][1]
    argo.documents["/v2/latest/Critical/SITES"] = {"data": {"metric_data": [row] * rows}}

    run = poll()

    filters = [asked.query["filter"] for asked in argo.asked if "latest" in asked.path]
    assert filters == ["non-ok", "critical"]
    assert any(f"cut its list of non-ok results of probes at {rows} rows" in n for n in run.notes)
    assert of("se.in2p3.example.org SRMv2").summary == "eu.egi.SRM-VOPut: CRITICAL: cannot write"


def test_pages_that_go_round_in_a_circle_end(argo: Argo) -> None:
    argo.documents = version_2()
    argo.documents["/v2/status/Critical/endpoints#Mg=="] = recorded("status.v2.endpoints-1.json")

    run = poll()

    assert run.outcome == Outcome.FAILED
    assert run.reason == "ARGO repeats a page of endpoints instead of going on."


def test_states_of_the_future_are_left_out(argo: Argo) -> None:
    argo.documents = groups(
        _group("A", ("2026-01-12T00:00:00Z", "OK"), ("2026-01-12T15:00:00Z", "CRITICAL"))
    )

    run = poll()

    assert recent() == {"A": [("ok", "OK", "12 00:00")]}
    assert "1 timelines have states of the future; they are left out." in run.notes


def test_groups_of_another_type_are_no_sites(argo: Argo) -> None:
    project = _group("EOSC", ("2026-01-12T00:00:00Z", "OK"))
    endpoint = {**project, "hostname": "a.example.org", "service": "web"}
    argo.documents = groups(project | {"type": "PROJECT", "endpoints": [endpoint]})

    run = poll()

    assert recent() == {"a.example.org web": [("ok", "OK", "12 00:00")]}
    assert of("a.example.org web").entity.said_site == ""
    assert "1 groups are of type 'PROJECT', not 'SITES': they are no sites." in run.notes


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
@pytest.mark.parametrize(
    ("name", "now", "expected"),
    [
        (
            "v3status-01",
            datetime(2015, 5, 1, 18, tzinfo=UTC),
            {
                "SITEA": ("ok", "OK", "01 05:00"),
                "SITEB": ("critical", "CRITICAL", "01 17:53"),
                "cream01.example.foo CREAM-CE": ("ok", "OK", "01 05:00"),
                "cream02.example.foo CREAM-CE": ("ok", "OK", "01 12:00"),
                "cream03.example.foo CREAM-CE": ("critical", "CRITICAL", "01 17:53"),
            },
        ),
        (
            "v3status-02",
            datetime(2022, 5, 11, 15, tzinfo=UTC),
            {
                "SITEA": ("ok", "OK", "11 15:00"),
                "SITEB": ("critical", "CRITICAL", "11 15:00"),
                "cream01.example.foo CREAM-CE": ("ok", "OK", "11 15:00"),
                "cream02.example.foo CREAM-CE": ("ok", "OK", "11 15:00"),
                "cream03.example.foo CREAM-CE": ("critical", "CRITICAL", "11 15:00"),
            },
        ),
    ],
)
def test_real_documents_from_a_plain_server(
    argo: Argo, name: str, now: datetime, expected: dict[str, Any]
) -> None:
    argo.documents = {
        "/v3/status/Critical": (SAMPLES / f"{name}.json").read_bytes(),
        "/v2/latest/Critical/SITES": (SAMPLES / "latest-02.json").read_bytes(),
        "/v3/results/Critical": (SAMPLES / "v3results-01.json").read_bytes(),
        "/v3/consistency": (SAMPLES / "consistency-03.json").read_bytes(),
        "/v3/health": (SAMPLES / "health-01.json").read_bytes(),
    }

    run = poll(now)

    assert (run.outcome, run.doubt) == (Outcome.OK, "")
    assert {name: rows[0] for name, rows in states(until=None).items()} == expected
