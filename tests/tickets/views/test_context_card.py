"""The context card: what every source says of a ticket's sites, then and now."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.models import Downtime
from monitoring.statuses import Status
from tests.make import AT, make_service
from tests.tickets.make import make_ticket
from tests.tickets.states import polled, seen, tell
from tickets.actions import context
from tickets.models import ContextSnapshot
from topology.models import NetworkLink

HTMX = {"HX-Request": "true"}
HOUR = timedelta(hours=1)
MOST_QUERIES_NOW = 17


@pytest.fixture(autouse=True)
def stand(clock_at):
    clock_at(AT)


@pytest.fixture
def ticket(cast):
    return make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])


@pytest.fixture
def now(cast, client_of, ticket):
    """A function that gives the present at the ticket's sites."""

    def get():
        page = client_of(cast.ada).get(f"/tickets/{ticket.pk}/now/", headers=HTMX)
        assert page.status_code == 200
        return page.content.decode()

    return get


@pytest.fixture
def page(cast, client_of, ticket):
    """A function that gives the page of the ticket."""

    def get(person=cast.ada):
        return client_of(person).get(f"/tickets/{ticket.pk}/").content.decode()

    return get


def test_each_source_says_what_since_when_and_where_to_read_more(cast, now):
    polled("gocdb-downtimes", at=AT)
    tell(
        "argo",
        seen(
            "IN2P3-CC",
            Status.CRITICAL,
            summary="2 of 7 endpoints are critical",
            evidence_url="https://argo.example.org/IN2P3-CC",
        ),
        at=AT - 3 * HOUR,
    )
    polled("argo", at=AT)
    tell(
        "dirac-https",
        seen(
            "IN2P3-CC",
            Status.WARNING,
            "Fair",
            metric="jobs",
            vo="juno",
            details={"counts": {"Running": 1200, "Waiting": 34, "Failed": 8}, "percent": 88.2},
        ),
        at=AT,
    )

    text = now()

    assert "<strong>ARGO</strong> critical since" in text
    assert 'datetime="2026-01-12T05:30Z"' in text
    assert "2 of 7 endpoints are critical" in text
    assert 'href="https://argo.example.org/IN2P3-CC"' in text
    assert "<strong>DIRAC jobs</strong> warning (Fair) since" in text
    assert "1,200 running · 34 waiting · 8 failed · 88.2 % good" in text
    assert "for juno" in text
    assert "ARGO, read just now" in text


def test_a_site_in_trouble_is_no_site_without_downtime(cast, now):
    polled("gocdb-downtimes", at=AT)
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT)

    text = now()

    assert f'id="badge-{cast.in2p3.pk}" data-state="critical"' in text
    assert "No downtime is declared" in text


def test_the_word_of_another_vo_is_left_out(cast, now):
    tell(
        "diracx",
        seen("IN2P3-CC", Status.DOWN, "banned", metric="rss", vo="belle"),
        seen("IN2P3-CC", Status.OK, "allowed", metric="rss", vo="juno"),
        at=AT,
    )

    text = now()

    assert "banned" not in text
    assert "ok (allowed)" in text


def test_doubt_is_said_and_takes_the_colour_away(cast, now):
    tell(
        "argo",
        seen("IN2P3-CC", Status.CRITICAL),
        at=AT,
        doubt="consistency is CRITICAL: 3 of 5 days are incomplete",
    )

    text = now()

    assert "ARGO itself reports inconsistent results: consistency is CRITICAL" in text
    assert "unreliable" in text
    assert "dot-bad" not in text
    assert 'data-state="critical"' not in text


def test_a_source_that_was_not_read_for_long_says_so(cast, now):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT - 9 * HOUR)

    text = now()

    assert "not read for too long" in text
    assert "This may have changed since." in text
    assert "dot-bad" not in text


def test_hundreds_of_services_in_order_are_counted(cast, now):
    tell(
        "argo",
        *(
            seen(f"wn{n}.in2p3.fr SRM", Status.OK, kind="service", site="IN2P3-CC")
            for n in range(180)
        ),
        *(
            seen(f"ce{n}.in2p3.fr CE", Status.CRITICAL, kind="service", site="IN2P3-CC")
            for n in range(9)
        ),
        at=AT,
    )

    text = now()

    assert "180 services in order (ARGO)" in text
    assert "wn1.in2p3.fr" not in text
    assert "<strong>ARGO</strong> 9 services critical, the first since" in text
    assert "9 one by one</summary>" in text
    assert text.count("(CE) ARGO") == 9


def test_a_service_that_is_named_is_shown_also_in_order(cast, client_of):
    service = make_service(site=cast.in2p3, hostname="srm.in2p3.fr")
    ticket = make_ticket(by=cast.ada, affected_sites=[cast.in2p3], affected_services=[service])
    tell("argo", seen("srm.in2p3.fr SRM", Status.OK, kind="service", site="IN2P3-CC"), at=AT)

    text = client_of(cast.ada).get(f"/tickets/{ticket.pk}/now/", headers=HTMX).content.decode()

    assert "<strong>srm.in2p3.fr (SRM) ARGO</strong> ok since" in text


def test_storage_links_and_whole_systems(cast, now):
    NetworkLink.objects.create(name="IN2P3-BEIJING", site_a=cast.in2p3, site_b=cast.beijing)
    tell(
        "dirac-https",
        seen("IN2P3-disk", Status.OK, kind="storage", metric="read", site="IN2P3-CC"),
        seen(
            "IN2P3-disk",
            Status.DOWN,
            "Banned",
            kind="storage",
            metric="write",
            site="IN2P3-CC",
            summary="disk is full",
        ),
        seen(
            "Requests",
            Status.WARNING,
            "many failed",
            kind="system",
            metric="requests",
            details={"failed_requests": 2301, "failed_transfers": 12},
        ),
        at=AT,
    )
    tell(
        "perfsonar",
        seen(
            "IN2P3-CC BEIJING-LCG2",
            Status.WARNING,
            kind="link",
            metric="loss",
            details={"loss_percent": 0.4},
        ),
        seen(
            "IN2P3-CC BEIJING-LCG2",
            Status.OK,
            kind="link",
            metric="throughput",
            details={"mbit_per_s": 7010.0, "usual_mbit_per_s": 6900.0},
        ),
        at=AT,
    )

    text = now()

    assert "IN2P3-disk DIRAC</strong> writing down (Banned); reading ok, since" in text
    assert "disk is full" in text
    assert "IN2P3-CC → BEIJING-LCG2 perfSONAR" in text
    assert "loss 0.4 %" in text
    assert "7,010 Mbit/s (usual 6,900)" in text
    assert "2,301 failed requests · 12 failed transfers" in text


def test_strips_of_a_day_and_a_week_tell_it_in_words_too(cast, now):
    tell("argo", seen("IN2P3-CC", Status.OK), at=AT - timedelta(days=7))
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT - 6 * HOUR)
    polled("argo", at=AT)
    Downtime.objects.create(
        source="gocdb",
        key="1G0",
        site=cast.in2p3,
        severity="OUTAGE",
        classification="SCHEDULED",
        declared_at=AT - timedelta(days=4),
        starts_at=AT - timedelta(days=3),
        ends_at=AT - timedelta(days=2),
        first_seen_at=AT,
        changed_at=AT,
    )

    text = now()

    assert 'aria-label="ARGO, last 24 hours: ok 75 %, critical 25 %"' in text
    assert 'aria-label="ARGO, last 7 days: ok 96 %, critical 4 %"' in text
    assert 'aria-label="GOCDB, last 7 days: 1 outages, 0 periods at risk"' in text
    assert 'aria-label="GOCDB, last 24 hours: no downtime"' in text
    assert "fill-critical" in text


def test_after_a_source_fell_silent_nothing_is_drawn(cast, now):
    tell("argo", seen("IN2P3-CC", Status.OK), at=AT - timedelta(days=7))
    polled("argo", at=AT - 12 * HOUR)

    text = now()

    assert 'aria-label="ARGO, last 24 hours: ok 50 %, no record 50 %"' in text


def test_what_is_counted_is_not_fine_where_the_source_is_not_reliable(cast, now):
    fine = [
        seen(f"wn{n}.in2p3.fr SRM", Status.OK, kind="service", site="IN2P3-CC") for n in range(3)
    ]
    tell("argo", *fine, at=AT, doubt="days are missing")
    disk = seen("IN2P3-disk", Status.OK, kind="storage", metric="read", site="IN2P3-CC")
    tell("dirac-https", disk, at=AT - 20 * HOUR)

    text = now()

    assert "3 services in order (ARGO, unreliable)" in text
    assert "storage element in order" not in text
    assert "dot-good" not in text


def test_what_was_then_is_kept_and_not_what_became_of_it(cast, client_of):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL, summary="srm is down"), at=AT - 20 * HOUR)
    tell("argo", seen("IN2P3-CC", Status.WARNING), at=AT - 12 * HOUR)
    ticket = make_ticket(by=cast.ada, affected_sites=[cast.in2p3], problem_at=AT - 11 * HOUR)
    context.attach_context(ticket=ticket, at=AT)
    tell("argo", seen("IN2P3-CC", Status.OK), at=AT)

    text = client_of(cast.ada).get(f"/tickets/{ticket.pk}/").content.decode()

    assert "<strong>ARGO</strong> warning since" in text
    assert "<strong>ARGO</strong> critical from" in text
    assert "srm is down" in text
    assert 'aria-label="ARGO, the 24 hours before: critical 33 %' in text
    assert "<strong>ARGO</strong> ok" not in text


def test_what_was_made_of_the_snapshot_is_kept_for_the_language_and_zone(cast, client_of, ticket):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT - 3 * HOUR)
    context.attach_context(ticket=ticket, at=AT)
    cast.ada.time_zone = "Asia/Shanghai"
    cast.ada.save()

    def page(person):
        return client_of(person).get(f"/tickets/{ticket.pk}/").content.decode()

    texts = [page(cast.ada), page(cast.boris), page(cast.ada)]
    assert "12 Jan, 13:30" in texts[0]
    assert "12 Jan, 13:30" not in texts[1]
    assert "12 Jan, 13:30" in texts[2]


def test_a_snapshot_of_before_there_were_states_still_shows(cast, page, ticket):
    context.attach_context(ticket=ticket, at=AT)
    snapshot = ContextSnapshot.objects.get(ticket=ticket)
    for answer in snapshot.data.values():
        for site in answer["sites"]:
            for name in ("statuses", "earlier", "links", "systems", "in_order"):
                del site[name]
            for age in site["sources"].values():
                age.pop("doubt")
    snapshot.save()

    text = page()

    assert "GOCDB: downtimes" in text
    assert "Unknown: GOCDB has not been read yet" in text


def test_a_snapshot_stays_small_and_says_what_it_left_out(cast, page, ticket):
    tell(
        "argo",
        *(
            seen(
                f"ce{n}.in2p3.fr CE",
                Status.CRITICAL,
                kind="service",
                site="IN2P3-CC",
                summary="connection refused " * 9,
                details={"probes": [{"output": "x" * 2000}], "id": n},
            )
            for n in range(300)
        ),
        seen("IN2P3-CC", Status.CRITICAL),
        at=AT,
    )

    snapshot = context.attach_context(ticket=ticket, at=AT)

    assert len(str(snapshot.data)) < 100_000
    (site,) = snapshot.data["then"]["sites"]
    assert (len(site["statuses"]), site["left_out"]) == (50, {"statuses": 251})
    assert site["statuses"][0]["kind"] == "site", "the site itself is never left out"
    assert site["statuses"][1]["details"].keys() == {"id"}
    assert "more states were left out" in page()


def test_other_open_tickets_of_the_site_that_the_reader_may_read(cast, now, ticket):
    others = [
        make_ticket(by=cast.carla, vo=cast.juno, affected_sites=[cast.in2p3]) for _ in range(6)
    ]
    hidden = make_ticket(by=cast.carla, affected_sites=[cast.in2p3])
    elsewhere = make_ticket(by=cast.ada, affected_sites=[cast.beijing])

    text = now()

    assert "Other open tickets:" in text
    assert f'<a href="/tickets/{others[-1].pk}/">#{others[-1].pk}</a>' in text
    assert '<a href="/tickets/?q=site%3AIN2P3-CC+status%3Aopen">all 7</a>' in text
    for each in (hidden, elsewhere, ticket):
        assert f">#{each.pk}</a>" not in text


def test_the_present_costs_a_bounded_number_of_queries(cast, client_of, ticket):
    NetworkLink.objects.create(name="IN2P3-BEIJING", site_a=cast.in2p3, site_b=cast.beijing)
    tell(
        "argo",
        *(
            seen(f"ce{n}.in2p3.fr CE", Status.CRITICAL, kind="service", site="IN2P3-CC")
            for n in range(50)
        ),
        seen("IN2P3-CC", Status.CRITICAL),
        seen("BEIJING-LCG2", Status.OK),
        at=AT,
    )
    tell("perfsonar", seen("IN2P3-CC BEIJING-LCG2", Status.OK, kind="link", metric="loss"), at=AT)
    client = client_of(cast.ada)
    client.get(f"/tickets/{ticket.pk}/now/", headers=HTMX)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(f"/tickets/{ticket.pk}/now/", headers=HTMX)

    assert len(queries) <= MOST_QUERIES_NOW, [query["sql"][:120] for query in queries]


@pytest.mark.parametrize(
    ("summary", "details"),
    [
        ("<script>alert(1)</script>", {"counts": {"Running": "<b>"}}),
        ("", {"counts": ["Running"], "percent": "95", "loss_percent": True}),
        ("", {"counts": {"Running": None}, "mbit_per_s": {"a": 1}}),
    ],
)
def test_whatever_a_source_tells_is_only_text(cast, now, summary, details):
    tell(
        "argo",
        seen("IN2P3-CC", Status.DOWN, "<i>", summary=summary, details=details),
        at=AT,
    )
    tell("push-lab", seen("IN2P3-CC", Status.OK, metric="<u>new</u>"), at=AT)

    text = now()

    for mark in ("<script", "<i>", "<b>", "<u>"):
        assert mark not in text


def test_an_address_that_is_none_is_no_link(cast, now):
    tell("argo", seen("IN2P3-CC", Status.DOWN, evidence_url="javascript:alert(1)"), at=AT)

    assert "javascript:" not in now()


def test_sources_of_one_system_that_agree_are_one_line(cast, now):
    degraded = seen("IN2P3-CC", Status.WARNING, "Degraded", metric="rss")
    tell("dirac-webapp", degraded, at=AT)
    tell("dirac-https", degraded, at=AT - HOUR)
    polled("dirac-https", at=AT)
    tell("diracx", seen("IN2P3-CC", Status.DOWN, "banned", metric="rss", vo="juno"), at=AT)

    text = now()

    assert "<strong>DIRAC, DIRAC web status</strong> warning (Degraded) since" in text
    assert f'datetime="{AT - HOUR:%Y-%m-%dT%H:%MZ}"' in text
    assert "<strong>DiracX status</strong> down (banned) since" in text
    assert text.count("warning (Degraded)") == 1


def test_a_source_that_is_in_doubt_agrees_with_nobody(cast, now):
    degraded = seen("IN2P3-CC", Status.WARNING, "Degraded", metric="rss")
    tell("dirac-https", degraded, at=AT)
    tell("dirac-webapp", degraded, at=AT, doubt="half of it is missing")

    text = now()

    assert "<strong>DIRAC status</strong> warning" in text
    assert "<strong>DIRAC web status</strong> warning" in text
