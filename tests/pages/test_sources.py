"""The page of sources: honest about failures, and where admins try again."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client, override_settings
from kombu.exceptions import OperationalError

from juno_support.accounts.models import User
from juno_support.feeds import polling, tasks
from juno_support.feeds.configuration import configuration_of
from juno_support.feeds.models import FeedRun, Source
from tests.cast import Cast
from tests.gocdb_upstream import Gocdb, ServiceRow, SiteRow, running_gocdb
from tests.pages import watched

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)


@pytest.fixture
def gocdb() -> Gocdb:
    return Gocdb(
        sites=[SiteRow("1G0", "SITE-A")], services=[ServiceRow("11G0", "SITE-A", "a.example.org")]
    )


def text(client: Client) -> str:
    answer = client.get("/sources/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_needs_a_sign_in(client: Client) -> None:
    assert client.get("/sources/").status_code == 302


def test_before_the_first_poll(client_of: ClientOf, cast: Cast) -> None:
    with override_settings(JUNO_GOCDB_URL=""):
        page = text(client_of(cast.ada))
    assert "No address is set" in page
    with override_settings(JUNO_GOCDB_URL="http://127.0.0.1:9/gocdbpi"):
        page = text(client_of(cast.ada))
    assert "never polled" in page
    assert "It waits for gocdb-topology." in page


def test_a_good_poll(client_of: ClientOf, cast: Cast, gocdb: Gocdb, at: datetime) -> None:
    with running_gocdb(gocdb):
        polling.poll("gocdb-topology", now=lambda: at)
        page = text(client_of(cast.boris))

    # The cast's own two sites are missing in this GOCDB, which is noted on them.
    assert "sites: 1 (3 changed)" in page
    assert "services: 1 (1 changed)" in page
    assert "The last poll failed" not in page


@pytest.mark.parametrize(
    "body",
    [
        b"Unable to find method: get_bogus",
        b"<error>Unsupported parameter: foo</error>",
        b"No valid identifier found. Try accessing the resource through the private interface.",
        b"Failed to parse time string (garbage) at position 0 (g)",
    ],
)
def test_a_failure_is_told_with_its_reason_and_its_beginning(
    client_of: ClientOf, cast: Cast, gocdb: Gocdb, at: datetime, body: bytes
) -> None:
    with running_gocdb(gocdb):
        polling.poll("gocdb-topology", now=lambda: at - timedelta(minutes=2))
        gocdb.instead["*"] = body
        polling.poll("gocdb-topology", now=lambda: at)
        page = text(client_of(cast.boris))
        outsiders = text(client_of(cast.ada))

    words = body.decode().removeprefix("<error>").removesuffix("</error>")
    assert "The last poll failed:" in page
    assert words in page
    assert "What we had is kept." in page
    assert "How the answer began" in page
    assert words in outsiders
    assert "How the answer began" not in outsiders


def test_suspicious_stale_and_refused(
    client_of: ClientOf, cast: Cast, gocdb: Gocdb, at: datetime
) -> None:
    gocdb.services.append(ServiceRow("12G0", "SITE-A", ""))
    with running_gocdb(gocdb):
        polling.poll("gocdb-topology", now=lambda: at - timedelta(hours=20))
        refused = text(client_of(cast.boris))
        gocdb.sites = []
        polling.poll("gocdb-topology", now=lambda: at)
        page = text(client_of(cast.dmitri))

    assert "SERVICE_ENDPOINT 12G0" in refused
    assert "HOSTNAME is missing" in refused
    assert "The last answer is suspicious: The answer holds no sites at all" in page
    assert "too old to say what is going on now" in page
    assert "take the answer as it is" in page


def test_an_admin_tries_now_and_may_trust(
    client_of: ClientOf, cast: Cast, gocdb: Gocdb, at: datetime
) -> None:
    admin = client_of(cast.dmitri)
    with running_gocdb(gocdb):
        polling.poll("gocdb-topology", now=lambda: at)
        gocdb.sites, gocdb.services = [], []
        admin.post("/sources/gocdb-topology/poll/")
        outcomes = FeedRun.objects.filter(source__name="gocdb-topology").order_by("pk")
        assert [run.outcome for run in outcomes] == ["ok", "suspicious"]
        answer = admin.post("/sources/gocdb-topology/poll/", {"trust": "1"})

    assert answer["Location"] == "/sources/#gocdb-topology"
    assert outcomes.last().outcome == "ok"  # type: ignore[union-attr]


def test_without_a_broker_the_page_says_what_to_do(
    client_of: ClientOf, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.poll_source, "apply_async", down)
    answer = client_of(cast.dmitri).post("/sources/gocdb-topology/poll/", follow=True)

    assert "manage.py poll gocdb-topology" in answer.content.decode()


def test_an_admin_sets_address_and_interval(client_of: ClientOf, cast: Cast) -> None:
    admin = client_of(cast.dmitri)
    with override_settings(JUNO_GOCDB_URL=""):
        answer = admin.post(
            "/sources/gocdb-topology/configure/",
            {"url": "https://goc.example.org/gocdbpi", "minutes": "90", "is_enabled": "on"},
        )
        assert answer.status_code == 302
        source = Source.objects.get(name="gocdb-topology")
        assert source.url == "https://goc.example.org/gocdbpi"
        assert source.interval == timedelta(minutes=90)
        wrong = admin.post(
            "/sources/gocdb-topology/configure/", {"url": "file:///etc/passwd", "minutes": "90"}
        )
    assert wrong.status_code == 422
    assert "no web address" in wrong.content.decode()
    assert "file:///etc/passwd" in wrong.content.decode()


def test_the_environments_values_are_shown_and_stay(client_of: ClientOf, cast: Cast) -> None:
    admin = client_of(cast.dmitri)
    with override_settings(
        JUNO_GOCDB_URL="http://127.0.0.1:9/gocdbpi", JUNO_GOCDB_TOPOLOGY_INTERVAL=600
    ):
        page = text(admin)
        admin.post(
            "/sources/gocdb-topology/configure/",
            {"url": "https://evil.example.org", "minutes": "5", "is_enabled": "on"},
        )
    assert page.count("Set in the environment of the server.") == 3
    assert "every 10 minutes" in page
    source = Source.objects.get(name="gocdb-topology")
    assert (source.url, source.interval) == ("", timedelta(hours=6))


def test_only_admins_act(client_of: ClientOf, cast: Cast) -> None:
    for person in (cast.ada, cast.boris):
        client = client_of(person)
        assert client.post("/sources/gocdb-topology/poll/").status_code == 403
        assert client.post("/sources/gocdb-topology/configure/").status_code == 403
        assert "Try now" not in text(client)
    assert client_of(cast.dmitri).post("/sources/nothing/poll/").status_code == 404


def fail(at: datetime, **given: object) -> FeedRun:
    """Record a failed poll of ARGO."""
    source = watched.read("argo", at - timedelta(hours=1))
    return FeedRun.objects.create(
        source=source, started_at=at, finished_at=at, outcome="failed", **given
    )


def test_each_failed_poll_shows_how_its_answer_began(
    client_of: ClientOf, cast: Cast, at: datetime
) -> None:
    for minutes, words in ((3, "<html>first"), (2, "<html>second")):
        fail(
            at - timedelta(minutes=minutes),
            reason="This is no JSON.",
            raw_head=words,
            http_status=502,
            size=2048,
        )

    page = text(client_of(cast.boris))

    assert "&lt;html&gt;first" in page
    assert "&lt;html&gt;second" in page
    assert "HTTP 502, 2.0\xa0KB" in page
    assert "html&gt;first" not in text(client_of(cast.ada))


def test_doubt_is_told_in_the_sources_own_words(
    client_of: ClientOf, cast: Cast, at: datetime
) -> None:
    watched.read("argo", at, doubt="consistency is CRITICAL")

    page = text(client_of(cast.ada))

    assert "It says that it cannot be trusted just now: consistency is CRITICAL" in page


def test_an_admin_sets_options_and_a_key_that_is_never_shown(
    client_of: ClientOf, cast: Cast
) -> None:
    admin = client_of(cast.dmitri)
    given = {
        "url": "https://argo.example.org/api",
        "minutes": "15",
        "is_enabled": "on",
        "option-api_key": "s3cret",
        "option-report": "OPS-CRITICAL",
        "option-group_type": "SITES",
        "option-api": "v2",
        "option-grace_hours": "5",
        "option-evidence_base": "https://argo.example.org/ui",
    }

    assert admin.post("/sources/argo/configure/", given).status_code == 302

    configuration = configuration_of(Source.objects.get(name="argo"))
    assert configuration.secret("api_key") == "s3cret"
    assert configuration.option("report") == "OPS-CRITICAL"
    assert configuration.option("grace_hours") == 5
    page = text(admin)
    assert "s3cret" not in page
    assert "It is set. Leave this empty to keep it." in page
    assert "<dt>Credential</dt><dd>API key of the tenant</dd>" in page
    assert "<dt>Report</dt><dd>OPS-CRITICAL</dd>" in page

    admin.post("/sources/argo/configure/", given | {"option-api_key": ""})
    assert configuration.secret("api_key") == "s3cret"
    admin.post("/sources/argo/configure/", given | {"option-api_key": "", "remove-api_key": "on"})
    assert configuration.secret("api_key") == ""
    wrong = admin.post(
        "/sources/argo/configure/",
        given | {"option-evidence_base": "javascript:alert(1)", "option-api_key": "typed-again"},
    )
    assert wrong.status_code == 422
    assert "this is no web address" in wrong.text
    assert "typed-again" not in wrong.text


def test_many_sources_take_few_queries(
    client_of: ClientOf, cast: Cast, at: datetime, django_assert_max_num_queries: object
) -> None:
    for source in watched.STATE_SOURCES:
        watched.read(source, at)
    admin = client_of(cast.dmitri)
    text(admin)

    with django_assert_max_num_queries(45):  # type: ignore[operator]
        text(admin)


def test_a_password_in_an_address_of_the_environment_is_not_shown(
    client_of: ClientOf, cast: Cast
) -> None:
    with override_settings(JUNO_MADDASH_URL="https://us:tell-nobody@maddash.example.org/maddash"):
        page = client_of(cast.dmitri).get("/sources/").content.decode()
    assert "maddash.example.org" in page
    assert "tell-nobody" not in page
