"""What an open page asks for: news, the present at the sites, who hears of an answer."""

from datetime import timedelta
from uuid import uuid4

import pytest

from juno_support.feeds.models import FeedRun, Source
from monitoring.models import Classification, Downtime, Severity
from tests.make import AT, join_vo, make_user
from tests.tickets.make import make_ticket, write
from tickets.actions import assign, follow, work
from tickets.models import LastSeen

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def stand(clock_at):
    clock_at(AT)


@pytest.fixture
def ticket(cast):
    return make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])


def text_of(page):
    return page.content.decode()


def since(client, ticket, entry):
    return client.get(f"/tickets/{ticket.pk}/since/{entry}/", headers=HTMX)


# News


def test_nothing_new_is_no_content(cast, client_of, ticket):
    assert since(client_of(cast.ada), ticket, ticket.last_entry_id).status_code == 204


def test_news_are_rows_and_the_parts_that_changed(cast, client_of, ticket):
    before = ticket.last_entry_id
    work.take_step(ticket=ticket, step="take", by=cast.boris, at=AT)
    write(ticket=ticket, by=cast.boris, words="We look at it.")

    answer = since(client_of(cast.ada), ticket, before)

    text = text_of(answer)
    assert answer.status_code == 200
    assert "We look at it." in text
    assert 'id="ticket-head" hx-swap-oob="true"' in text
    assert 'data-status="IN_PROGRESS"' in text
    assert 'data-news="2 new entries"' in text
    ticket.refresh_from_db()
    assert f"/since/{ticket.last_entry_id}/" in text, "the next question begins where this ended"
    assert 'id="composer"' not in text, "what somebody is typing stays"


def test_internal_news_are_none_for_the_submitter(cast, client_of, ticket):
    before = ticket.last_entry_id
    write(ticket=ticket, by=cast.boris, words="Their proxy is broken", is_public=False)

    assert since(client_of(cast.ada), ticket, before).status_code == 204
    assert "Their proxy is broken" in text_of(since(client_of(cast.boris), ticket, before))


def test_news_that_were_shown_are_seen(cast, client_of, ticket):
    before = ticket.last_entry_id
    write(ticket=ticket, by=cast.ada, words="One more thing")

    since(client_of(cast.boris), ticket, before)

    ticket.refresh_from_db()
    assert LastSeen.objects.get(user=cast.boris).entry_id == ticket.last_entry_id


@pytest.mark.parametrize("part", ["since/0/", "now/", "hearers/"])
def test_who_may_not_read_the_ticket_is_told_nothing(cast, client_of, ticket, part):
    assert client_of(cast.eve).get(f"/tickets/{ticket.pk}/{part}").status_code == 404
    assert client_of(None).get(f"/tickets/{ticket.pk}/{part}").status_code == 302


# Now


def downtime_at(site):
    return Downtime.objects.create(
        source="gocdb",
        key=uuid4().hex,
        site=site,
        severity=Severity.OUTAGE,
        classification=Classification.UNSCHEDULED,
        description="Cooling failed <b>",
        declared_at=AT,
        starts_at=AT - timedelta(hours=1),
        ends_at=AT + timedelta(hours=2),
        first_seen_at=AT,
        changed_at=AT,
        portal_url="https://goc.egi.eu/portal/x",
    )


def polled(minutes_ago=1):
    source, _ = Source.objects.get_or_create(
        name="gocdb-downtimes", defaults={"interval": timedelta(minutes=5)}
    )
    at = AT - timedelta(minutes=minutes_ago)
    FeedRun.objects.create(
        source=source,
        started_at=at,
        finished_at=at,
        outcome="ok",
        window_starts_at=AT - timedelta(days=60),
    )


def test_what_is_going_on_now_with_its_source_time_and_link(cast, client_of, ticket):
    polled()
    downtime_at(cast.in2p3)

    text = text_of(client_of(cast.ada).get(f"/tickets/{ticket.pk}/now/", headers=HTMX))

    assert "Unscheduled downtime until" in text
    assert "Cooling failed &lt;b&gt;" in text
    assert 'href="https://goc.egi.eu/portal/x"' in text
    assert "GOCDB: downtimes, read" in text
    assert f'id="badge-{cast.in2p3.pk}" data-state="outage"' in text
    assert "<html" not in text


def test_what_is_going_on_now_works_without_a_script(cast, client_of, ticket):
    polled()

    text = text_of(client_of(cast.ada).get(f"/tickets/{ticket.pk}/now/"))

    assert "<html" in text
    assert "No downtime is declared" in text


@pytest.mark.parametrize(("minutes_ago", "words"), [(600, "too old"), (None, "not been read yet")])
def test_old_or_missing_data_are_unknown_never_fine(cast, client_of, ticket, minutes_ago, words):
    if minutes_ago is not None:
        polled(minutes_ago)

    text = text_of(client_of(cast.ada).get(f"/tickets/{ticket.pk}/now/", headers=HTMX))

    assert words in text
    assert "No downtime is declared" not in text
    assert "dot-good" not in text


# Who hears


def hearers(client, ticket):
    return text_of(client.get(f"/tickets/{ticket.pk}/hearers/", headers=HTMX))


def test_the_composer_names_who_gets_the_mail(cast, client_of, ticket):
    assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    follow.add_carbon_copy(ticket=ticket, address="x@example.org", by=cast.boris, at=AT)

    text = hearers(client_of(cast.carla), ticket)

    assert "Ada Liang, who filed it" in text
    assert "1 CC address" in text
    assert "1 member of IN2P3-CC" in text
    assert "the mailing list of IN2P3-CC" in text
    internal = text[text.index('data-hears="internal"') :]
    assert "Ada Liang" not in internal
    assert "@example.org" not in text, "no address is told"


def test_the_submitter_is_told_nothing_of_the_inside(cast, client_of, ticket):
    text = hearers(client_of(cast.ada), ticket)

    assert 'data-hears="public"' in text
    assert "internal" not in text


def test_who_only_reads_asks_in_vain(cast, client_of, ticket):
    wei = make_user(username="wei")
    join_vo(vo=cast.juno, user=wei)

    answer = client_of(wei).get(f"/tickets/{ticket.pk}/hearers/", headers=HTMX)

    assert answer.status_code == 204
