"""The calendar of downtimes, and its feed as calendar programs read it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, override_settings
from icalendar import Calendar

from juno_support.accounts.models import User
from monitoring.models import Downtime, DowntimeChange
from tests import make
from tests.cast import Cast
from tests.pages import watched
from tests.pages.test_board import declare

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User | None], Client]
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)
FEED = "/calendar/downtimes.ics"


@pytest.fixture(autouse=True)
def standing_clock(clock_at: Callable[[datetime], None], at: datetime) -> None:
    clock_at(at)
    watched.read_gocdb(at)


def events(client: Client, query: str = "") -> dict[str, dict[str, object]]:
    """Return the events of the feed by their sites, with decoded values."""
    answer = client.get(f"{FEED}{query}")
    assert answer.status_code == 200
    calendar = Calendar.from_ical(answer.content)
    return {
        str(event["location"]): {
            name.lower(): _plain(event.decoded(name)) for name in event if name != "CATEGORIES"
        }
        for event in calendar.walk("VEVENT")
    }


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


# The page


def test_running_coming_and_the_past_week(client: Client, cast: Cast, at: datetime) -> None:
    declare(cast.in2p3, at - HOURS, at + HOURS, description="<b>power</b> \u202e")
    declare(cast.beijing, at + 2 * DAYS, at + 3 * DAYS)
    declare(make.make_site(name="OVER"), at - 2 * DAYS, at - DAYS)
    declare(make.make_site(name="LONG-OVER"), at - 9 * DAYS, at - 8 * DAYS)
    declare(make.make_site(name="WITHDRAWN"), at - HOURS, at + HOURS, withdrawn_at=at)

    page = client.get("/downtimes/").text

    words = ("Running <", "IN2P3-CC<", "Coming <", "BEIJING-LCG2<", "Past week <", "OVER<")
    places = [page.index(f">{word}") for word in words]
    assert places == sorted(places)
    assert "LONG-OVER" not in page
    assert page.index("Past week") < page.index(">WITHDRAWN<")
    assert "&lt;b&gt;power&lt;/b&gt; ⟨RLO⟩" in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("site=in2p3-cc", "IN2P3-CC", "BEIJING-LCG2"),
        ("ngi=NGI_FRANCE", "IN2P3-CC", "BEIJING-LCG2"),
        ("vo=juno", "IN2P3-CC", "STRANGER"),
        ("severity=WARNING", "BEIJING-LCG2", "IN2P3-CC"),
        ("severity=nonsense", "STRANGER", "nobody"),
    ],
)
def test_filters(
    client: Client, cast: Cast, at: datetime, query: str, shown: str, hidden: str
) -> None:
    declare(cast.in2p3, at - HOURS, at + HOURS)
    declare(cast.beijing, at - HOURS, at + HOURS, severity="WARNING")
    declare(make.make_site(name="STRANGER"), at - HOURS, at + HOURS)

    page = client.get(f"/downtimes/?{query}").text

    assert f"/sites/{shown}/#downtime-" in page
    assert f"/sites/{hidden}/#downtime-" not in page


def test_weeks_and_months_by_day(client: Client, cast: Cast, at: datetime) -> None:
    # The fixed moment is Monday, 12 January 2026.
    declare(cast.in2p3, at - 5 * DAYS, at + DAYS)
    declare(cast.beijing, at + DAYS, at + 2 * DAYS)
    declare(make.make_site(name="IN-MARCH"), at + 60 * DAYS, at + 61 * DAYS)

    week = client.get("/downtimes/?view=week").text
    month = client.get("/downtimes/?view=month&day=2026-03-31").text

    assert "12 January 2026 to 18 January 2026" in week
    assert week.index("Running already") < week.index("IN2P3-CC")
    assert week.index("Tuesday, 13 January 2026") < week.index("BEIJING-LCG2")
    assert "day=2026-01-05" in week
    assert "day=2026-01-19" in week
    assert "March 2026" in month
    assert "Friday, 13 March 2026" in month
    assert "/sites/IN2P3-CC/" not in month
    assert client.get("/downtimes/?view=week&day=9999-12-31").status_code == 200
    assert client.get("/downtimes/?view=month&day=0001-01-01").status_code == 200


def test_nothing_declared_is_said_honestly(
    client: Client, cast: Cast, at: datetime, clock_at: Callable[[datetime], None]
) -> None:
    assert "No downtime is declared." in client.get("/downtimes/").text
    assert "We know no site ATLANTIS" in client.get("/downtimes/?site=ATLANTIS").text
    clock_at(at + DAYS)
    assert "too old to say that there is none" in client.get("/downtimes/").text


def test_many_downtimes_take_few_queries(
    client: Client, cast: Cast, at: datetime, django_assert_num_queries: Callable[[int], object]
) -> None:
    for number in range(40):
        declare(make.make_site(), at - HOURS * (number % 3), at + HOURS)
    client.get("/announcements/")  # what each process remembers for seconds

    with django_assert_num_queries(6):  # type: ignore[attr-defined]
        client.get("/downtimes/")
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        client.get(FEED)


# The feed


def test_an_event_says_all_and_stays_the_same(client: Client, cast: Cast, at: datetime) -> None:
    declare(
        cast.in2p3,
        at + HOURS,
        at + 5 * HOURS,
        description="Power cut; cooling, too\nsecond line \x0b",
        portal_url="https://goc.example.org/1",
    )

    event = events(client)["IN2P3-CC"]

    assert event["uid"] == "gocdb-1G0@localhost"
    assert event["dtstart"] == at + HOURS
    assert event["dtend"] == at + 5 * HOURS
    assert event["dtstamp"] == event["last-modified"] == at + HOURS
    assert event["sequence"] == 0
    assert event["status"] == "CONFIRMED"
    assert event["transp"] == "TRANSPARENT"
    assert event["summary"] == "IN2P3-CC: outage, scheduled"
    assert str(event["description"]).startswith(
        "Power cut; cooling, too\nsecond line\n\nServices: ce."
    )
    assert client.get(FEED).content == client.get(FEED).content


def test_the_document_is_as_rfc_5545_has_it(client: Client, cast: Cast, at: datetime) -> None:
    declare(cast.in2p3, at, at + HOURS, description="ä" * 300 + " a,b;c \\ \u202e")
    answer = client.get(FEED)

    lines = answer.content.split(b"\r\n")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[1] == b"VERSION:2.0"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert all(len(line) <= 75 for line in lines)
    assert not any(b"\n" in line for line in lines)
    assert b"METHOD" not in answer.content
    starts = [line for line in lines if line.startswith(b"DTSTART")]
    assert starts == [b"DTSTART:20260112T083000Z"]
    assert "a,b;c \\" in str(events(client)["IN2P3-CC"]["description"])


def test_a_change_raises_the_sequence_and_a_withdrawal_cancels(
    client: Client, cast: Cast, at: datetime
) -> None:
    downtime = declare(cast.in2p3, at - HOURS, at + HOURS)
    before = events(client)["IN2P3-CC"]
    later = at + timedelta(minutes=5, microseconds=7)
    for changes in ({"ends_at": ["a", "b"]}, {"withdrawn_at": [None, "b"]}):
        DowntimeChange.objects.create(downtime=downtime, noticed_at=later, changes=changes)
    Downtime.objects.filter(pk=downtime.pk).update(changed_at=later, withdrawn_at=later)

    after = events(client)["IN2P3-CC"]

    assert after["uid"] == before["uid"]
    assert (before["sequence"], after["sequence"]) == (0, 2)
    assert after["last-modified"] == later.replace(microsecond=0, tzinfo=UTC)
    assert after["status"] == "CANCELLED"
    assert after["summary"] == "Withdrawn: IN2P3-CC: outage, scheduled"


@pytest.mark.parametrize(
    ("query", "sites"),
    [
        ("", {"IN2P3-CC", "BEIJING-LCG2", "STRANGER"}),
        ("?site=in2p3-cc", {"IN2P3-CC"}),
        ("?ngi=NGI_FRANCE", {"IN2P3-CC"}),
        ("?vo=juno", {"IN2P3-CC", "BEIJING-LCG2"}),
        ("?vo=nobody", set()),
    ],
)
def test_the_feed_is_filtered(
    client: Client, cast: Cast, at: datetime, query: str, sites: set[str]
) -> None:
    for site in (cast.in2p3, cast.beijing, make.make_site(name="STRANGER")):
        declare(site, at - HOURS, at + HOURS)
    declare(make.make_site(name="OLD"), at - 40 * DAYS, at - 35 * DAYS)

    assert set(events(client, query)) == sites


def test_an_unknown_site_is_no_empty_calendar(client: Client, cast: Cast) -> None:
    assert client.get(f"{FEED}?site=ATLANTIS").status_code == 404


def test_where_the_board_is_not_public(client: Client, client_of: ClientOf, cast: Cast) -> None:
    with override_settings(JUNO_PUBLIC_BOARD=False):
        assert client.get(FEED).status_code == 302
        assert client.get("/downtimes/").status_code == 302
        assert client_of(cast.eve).get(FEED).status_code == 200
