"""The first page, by role."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client, override_settings

from juno_support.accounts.models import User
from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import SOURCES
from monitoring.models import Classification, Downtime, Severity
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles
from tickets.actions import assign, submit, work
from tickets.models import Ticket
from topology.models import Site

ClientOf = Callable[[User | None], Client]


def _file(cast: Cast, at: datetime, subject: str = "Jobs fail with a proxy error") -> Ticket:
    return submit.submit_ticket(
        draft_id=uuid.uuid4(),
        by=cast.ada,
        at=at,
        subject=subject,
        description="Since this morning.",
        vo=cast.juno,
        affected_sites=[cast.in2p3],
    )


def _declare(site: Site, at: datetime, severity: str = Severity.OUTAGE) -> Downtime:
    return Downtime.objects.create(
        source="gocdb",
        key=f"{site.name}-{severity}",
        site=site,
        severity=severity,
        classification=Classification.SCHEDULED,
        declared_at=at,
        starts_at=at - timedelta(hours=1),
        ends_at=at + timedelta(hours=3),
        first_seen_at=at,
        changed_at=at,
    )


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)


@pytest.mark.django_db
def test_a_visitor_reads_what_this_is_and_can_sign_in(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "You file a ticket" in page
    assert 'href="/accounts/login/"' in page
    assert "/tickets/new/" not in page


def test_a_visitor_sees_downtimes_only_where_the_board_is_public(
    cast: Cast, client: Client, at: datetime
) -> None:
    _declare(cast.in2p3, at)
    assert "IN2P3-CC" in client.get("/").content.decode()
    with override_settings(JUNO_PUBLIC_BOARD=False):
        page = client.get("/").content.decode()
    assert "IN2P3-CC" not in page
    assert "last read" not in page


def test_a_submitter_sees_own_open_tickets_and_the_way_to_file(
    cast: Cast, client_of: ClientOf, at: datetime
) -> None:
    _file(cast, at, "Jobs fail with a proxy error")
    page = client_of(cast.ada).get("/").content.decode()
    assert "Jobs fail with a proxy error" in page
    assert "File a ticket" in page
    assert "TPM desk" not in page


def test_somebody_without_tickets_is_told_what_to_do(cast: Cast, client_of: ClientOf) -> None:
    page = client_of(cast.eve).get("/").content.decode()
    assert "No open tickets" in page
    assert "/tickets/new/" in page


def test_the_first_page_shows_nobody_the_tickets_of_others(
    cast: Cast, client_of: ClientOf, at: datetime
) -> None:
    _file(cast, at)
    assert "Jobs fail with a proxy error" not in client_of(cast.eve).get("/").content.decode()


def test_a_question_to_the_submitter_stands_apart(
    cast: Cast, client_of: ClientOf, at: datetime
) -> None:
    ticket = _file(cast, at)
    ticket = assign.assign_to_unit(
        ticket=ticket, unit=cast.in2p3_unit, reason="Theirs", by=cast.carla, at=at
    )
    ticket = work.take(ticket=ticket, by=cast.boris, at=at)
    page = client_of(cast.ada).get("/")
    assert [row.number for row in page.context["own"]] == [ticket.pk]
    assert page.context["for_you"] == []
    Ticket.objects.filter(pk=ticket.pk).update(status="WAITING_FOR_REPLY", waiting_since=at)
    page = client_of(cast.ada).get("/")
    assert page.context["own"] == []
    assert [row.number for row in page.context["for_you"]] == [ticket.pk]
    assert "Your answer is awaited" in page.content.decode()


def test_a_supporter_sees_the_queue_and_the_newest_of_the_own_units(
    cast: Cast, client_of: ClientOf, at: datetime
) -> None:
    at_tpm = _file(cast, at, "Somewhere else")
    theirs = _file(cast, at, "At Lyon")
    assign.assign_to_unit(
        ticket=theirs, unit=cast.in2p3_unit, reason="Theirs", by=cast.carla, at=at
    )
    page = client_of(cast.boris).get("/")
    assert [row.number for row in page.context["newest"]] == [theirs.pk]
    assert at_tpm.subject not in page.content.decode()
    assert [(tile.label, tile.number) for tile in page.context["units"]] == [("IN2P3-CC", "1")]
    assert "desk" not in page.context


def test_tpm_sees_the_desk_with_its_counts(cast: Cast, client_of: ClientOf, at: datetime) -> None:
    _file(cast, at)
    _file(cast, at)
    page = client_of(cast.carla).get("/")
    assert page.context["desk"][0].number == "2"
    assert page.context["desk"][0].url == "/tpm/?list=new"


def test_downtimes_of_the_vos_sites_are_named_and_others_counted(
    cast: Cast, client_of: ClientOf, at: datetime
) -> None:
    _declare(cast.in2p3, at)
    _declare(cast.beijing, at, Severity.WARNING)
    _declare(make.make_site(name="ELSEWHERE"), at)
    page = client_of(cast.eve).get("/")
    downtimes = page.context["downtimes"]
    assert {one.site for one in downtimes.shown} == {"IN2P3-CC", "BEIJING-LCG2"}
    assert (downtimes.more, downtimes.elsewhere) == (0, 1)
    assert "ELSEWHERE" not in page.content.decode()
    assert "One at another site." in page.content.decode()


def _read(at: datetime, **ages: timedelta) -> None:
    for kind in SOURCES:
        age = ages.get(kind.name.replace("-", "_"), timedelta(minutes=2))
        FeedRun.objects.create(
            source=ensure_source(kind),
            started_at=at - age,
            finished_at=at - age,
            outcome=Outcome.OK,
        )


def test_the_foot_says_how_fresh_the_feeds_are(
    cast: Cast, client_of: ClientOf, at: datetime
) -> None:
    _read(at)
    page = client_of(cast.ada).get("/").content.decode()
    assert "Fresh data: last read" in page
    assert "GOCDB: downtimes (2 min)" in page


def test_the_foot_names_a_feed_that_is_old(cast: Cast, client_of: ClientOf, at: datetime) -> None:
    _read(at, gocdb_downtimes=timedelta(hours=7))
    page = client_of(cast.ada).get("/").content.decode()
    assert "Old data: last read GOCDB: downtimes (7 h)" in page
    assert "sites and services (2 min)" not in page


def test_the_foot_says_that_nothing_was_read(cast: Cast, client_of: ClientOf) -> None:
    assert "No source has been read yet." in client_of(cast.ada).get("/").content.decode()


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_the_first_page_answers_every_role(
    roles: Roles, client_of: Callable[..., Client], role: str
) -> None:
    assert client_of(roles[role]).get("/").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_tickets(
    cast: Cast,
    client_of: ClientOf,
    at: datetime,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for number in range(9):
        ticket = _file(cast, at, f"Ticket {number}")
        assign.assign_to_unit(
            ticket=ticket, unit=cast.in2p3_unit, reason="Theirs", by=cast.carla, at=at
        )
    client = client_of(cast.boris)
    client.get("/")  # makes the sources' rows and remembers how the feeds are
    with django_assert_max_num_queries(18):  # type: ignore[attr-defined]
        client.get("/")


def test_the_language_of_the_page_is_declared(db: None, client: Client) -> None:
    assert f'<html lang="{settings.LANGUAGE_CODE}"' in client.get("/").content.decode()
