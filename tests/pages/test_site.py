"""The page of a site: facts, who sees addresses, history of downtimes, an admin's overrides."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client, override_settings

from juno_support.accounts.models import User
from monitoring.models import DowntimeChange
from tests import make
from tests.cast import Cast
from tests.pages.test_board import HOURS, declare, read_all
from tickets.actions import submit
from topology.models import Site, SiteAlias, SiteContact

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)


def test_the_state_is_said_in_a_sentence(client: Client, cast: Cast, at: datetime) -> None:
    assert "Nobody knows" in client.get("/sites/IN2P3-CC/").content.decode()
    read_all(at)
    assert "No downtime is declared" in client.get("/sites/IN2P3-CC/").content.decode()
    declare(cast.in2p3, at - HOURS, at + HOURS)
    page = client.get("/sites/IN2P3-CC/").content.decode()
    assert "A declared outage is running until 12 Jan, 09:30." in page


def test_a_closed_board_closes_sites_too(client: Client, cast: Cast) -> None:
    with override_settings(JUNO_PUBLIC_BOARD=False):
        assert client.get("/sites/IN2P3-CC/").status_code == 302
        assert client.get("/links/").status_code == 302


def test_addresses_are_for_supporters_only(client_of: ClientOf, cast: Cast) -> None:
    SiteContact.objects.create(
        site=cast.in2p3, key="1", name="Ann Lee", email="ann@example.org", role="Administrator"
    )
    secrets = ("contact@in2p3-cc.example.org", "emergency@in2p3-cc.example.org", "Ann Lee")

    for nobody in (None, cast.ada, cast.eve):
        page = client_of(nobody).get("/sites/IN2P3-CC/").content.decode()
        assert not [secret for secret in secrets if secret in page]
    for helper in (cast.boris, cast.dmitri):
        page = client_of(helper).get("/sites/IN2P3-CC/").content.decode()
        assert all(secret in page for secret in secrets)


def test_services_by_type_without_those_that_are_gone(
    client: Client, cast: Cast, at: datetime
) -> None:
    make.make_service(site=cast.in2p3, hostname="ce.example.org", service_type="ARC-CE")
    make.make_service(site=cast.in2p3, hostname="old.example.org", gone_at=at)
    make.make_service(site=cast.in2p3, hostname="test.example.org", is_in_production=False)

    page = client.get("/sites/IN2P3-CC/").content.decode()

    assert "ARC-CE" in page
    assert "old.example.org" not in page
    assert "not in production" in page


def test_downtimes_with_their_changes_and_extensions(
    client: Client, cast: Cast, at: datetime
) -> None:
    first = declare(cast.in2p3, at - HOURS, at + HOURS)
    second = declare(cast.in2p3, at + HOURS, at + 5 * HOURS)
    second.extends = first
    second.save()
    DowntimeChange.objects.create(
        downtime=first,
        noticed_at=at,
        changes={
            "ends_at": [(at + 5 * HOURS).isoformat(), (at + HOURS).isoformat()],
            "severity": ["WARNING", "OUTAGE"],
            "affected": [[], first.affected],
        },
    )

    page = client.get("/sites/IN2P3-CC/").content.decode()

    assert f"extends {first.key}" in page
    assert "3 changes seen" in page
    assert "12 Jan, 13:30" in page
    assert "ce.example.org (SRM)" in page
    assert "style=" not in page


def test_open_tickets_of_the_site_are_those_that_one_may_read(
    client_of: ClientOf, cast: Cast, at: datetime
) -> None:
    submit.submit_ticket(
        draft_id=uuid.uuid4(),
        by=cast.ada,
        at=at,
        subject="Jobs fail at Lyon",
        description="Since this morning.",
        vo=cast.juno,
        affected_sites=[cast.in2p3],
    )

    assert "Jobs fail at Lyon" in client_of(cast.boris).get("/sites/IN2P3-CC/").content.decode()
    assert "Jobs fail" not in client_of(cast.eve).get("/sites/IN2P3-CC/").content.decode()
    assert "Jobs fail" not in client_of(None).get("/sites/IN2P3-CC/").content.decode()


def test_another_name_leads_to_the_site(client: Client, cast: Cast) -> None:
    SiteAlias.objects.create(site=cast.in2p3, namespace="dirac", name="GRID.IN2P3.fr")

    for name in ("in2p3-cc", "GRID.IN2P3.fr"):
        answer = client.get(f"/sites/{name}/")
        assert (answer.status_code, answer["Location"]) == (302, "/sites/IN2P3-CC/")


def test_an_unknown_name_says_which_come_near(client: Client, cast: Cast) -> None:
    answer = client.get("/sites/IN2P3/")

    assert answer.status_code == 404
    assert "/sites/IN2P3-CC/" in answer.content.decode()
    assert client.get(f"/sites/{'x' * 300}/").status_code == 404


def test_a_site_that_left_gocdb_says_so(client: Client, cast: Cast, at: datetime) -> None:
    Site.objects.filter(pk=cast.in2p3.pk).update(gone_at=at - timedelta(days=2))

    assert "does not list this site any more" in client.get("/sites/IN2P3-CC/").content.decode()


def test_an_admins_words_hold_and_leave_a_trace(client_of: ClientOf, cast: Cast) -> None:
    client = client_of(cast.dmitri)
    answer = client.post(
        "/sites/IN2P3-CC/override/",
        {
            "contact_email_override": "ops@in2p3.example.org",
            "emergency_email_override": "",
            "time_zone_override": "Europe/Paris",
            "note": "ring first",
        },
    )

    assert answer.status_code == 302
    site = Site.objects.get(pk=cast.in2p3.pk)
    assert (site.contact, site.note) == ("ops@in2p3.example.org", "ring first")
    page = client.get("/sites/IN2P3-CC/").content.decode()
    assert "ring first" in page
    assert "Dmitri Orlov" in page
    assert "contact by an admin" in page


@pytest.mark.parametrize(
    "fields",
    [{"contact_email_override": "nobody"}, {"time_zone_override": "Mars/Olympus"}],
)
def test_wrong_words_are_kept_and_explained(
    client_of: ClientOf, cast: Cast, fields: dict[str, str]
) -> None:
    answer = client_of(cast.dmitri).post("/sites/IN2P3-CC/override/", fields)

    assert answer.status_code == 422
    page = answer.content.decode()
    assert next(iter(fields.values())) in page
    assert "field-error" in page
    assert Site.objects.get(pk=cast.in2p3.pk).contact_email_override == ""


def test_only_admins_override(client_of: ClientOf, cast: Cast) -> None:
    for person in (cast.ada, cast.boris, cast.carla):
        assert client_of(person).post("/sites/IN2P3-CC/override/", {}).status_code == 403
        assert "Set what you know better" not in (
            client_of(person).get("/sites/IN2P3-CC/").content.decode()
        )
    assert client_of(None).post("/sites/IN2P3-CC/override/", {}).status_code == 302
    assert client_of(cast.dmitri).get("/sites/IN2P3-CC/override/").status_code == 405


def test_the_page_takes_few_queries(
    client_of: ClientOf,
    cast: Cast,
    at: datetime,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    for number in range(30):
        declare(cast.in2p3, at - number * HOURS, at + HOURS)
        make.make_service(site=cast.in2p3)
    client = client_of(cast.boris)
    client.get("/sites/IN2P3-CC/")

    with django_assert_max_num_queries(32):  # type: ignore[attr-defined]
        client.get("/sites/IN2P3-CC/")
