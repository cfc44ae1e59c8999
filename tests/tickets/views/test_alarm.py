"""ALARM tickets in a browser: raise one, see its clock, confirm the receipt by link and button."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils.html import escape

from supportunits.models import VOSite
from tests.make import AT, make_downtime, make_site
from tests.tickets.actions.test_team import file_team
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tickets.actions import work
from tickets.mail import receipt_link
from tickets.mail.recipients import Why
from tickets.models import Category, Draft, Ticket, TicketType

URL = "/tickets/new/alarm/"


@pytest.fixture
def zoya(cast, clock_at):
    clock_at(AT)
    return make_alarmer(cast)


@pytest.fixture
def window(zoya, client_of):
    return client_of(zoya)


def filled(cast, **fields):
    return {
        "draft": str(uuid4()),
        "subject": "Raw data cannot be written",
        "description": "All transfers end with a time-out.",
        "priority": "4",
        "vo": str(cast.juno.pk),
        "notified_site": "in2p3-cc",
        **fields,
    }


def text_of(page):
    return page.content.decode()


def link_of(ticket, why=Why.EMERGENCY, user_id=None):
    return receipt_link.address_of(clock_of(ticket), why=why, user_id=user_id).split("8000")[-1]


# Raise one


def test_an_alarmer_raises_one_and_lands_on_its_ticket(cast, window):
    page = window.post(URL, filled(cast), follow=True)

    ticket = Ticket.objects.get()
    assert page.redirect_chain == [(f"/tickets/{ticket.pk}/", 302)]
    assert (ticket.type, ticket.category) == (TicketType.ALARM, Category.INCIDENT)
    assert "No receipt yet: 60 minutes left" in text_of(page)
    assert "the phone of the person on call" in text_of(page)


def test_who_is_no_alarmer_is_refused(cast, client_of):
    assert client_of(cast.ada).get(URL).status_code == 403
    assert client_of(cast.carla).post(URL, filled(cast)).status_code == 403
    assert not Ticket.objects.exists()


def test_the_form_starts_at_top_priority_and_offers_no_way_to_tpm(cast, window):
    page = window.get(URL)

    assert str(page.context["form"]["priority"].value()) == "4"
    assert 'name="routing"' not in text_of(page)
    assert 'name="is_test"' in text_of(page)
    assert 'name="in_downtime"' not in text_of(page), "no site is named yet"


def test_a_site_that_cannot_be_woken_is_said_at_its_field_and_nothing_is_lost(cast, window):
    make_site(name="SINP")
    page = window.post(URL, filled(cast, notified_site="SINP"))

    assert page.status_code == 422
    text = text_of(page)
    assert "does not list SINP as Tier 0 or Tier 1" in text
    assert "File a TEAM ticket of top priority instead." in text
    assert "All transfers end with a time-out." in text
    assert Draft.objects.get().data["type"] == "ALARM"
    assert not Ticket.objects.exists()


def test_a_site_without_emergency_address_names_the_next_step(cast, window):
    site = make_site(name="CNAF", emergency_email="")
    VOSite.objects.create(vo=cast.juno, site=site, tier=1)

    page = window.post(URL, filled(cast, notified_site="CNAF"))

    assert "nobody there would be woken" in text_of(page)
    assert "an admin can enter the address" in text_of(page)


def test_in_a_downtime_it_asks_and_takes_the_answer(cast, window):
    make_downtime(site=cast.in2p3, starts_at=AT, ends_at=AT + timedelta(hours=2))
    page = window.post(URL, filled(cast))
    assert page.status_code == 422
    assert "IN2P3-CC is in a declared downtime until 2026-01-12 10:30 UTC." in text_of(page)
    assert 'name="in_downtime"' in text_of(page)

    assert window.post(URL, filled(cast, in_downtime="on")).status_code == 302
    assert Ticket.objects.count() == 1


def test_while_typing_it_tells_whom_it_would_wake_and_of_a_downtime(cast, window):
    make_downtime(site=cast.in2p3, starts_at=AT, ends_at=AT + timedelta(hours=2))

    page = text_of(window.post(f"{URL}draft/", filled(cast)))

    assert "The emergency address of IN2P3-CC" in page
    assert 'id="known-downtime"' in page and "declared downtime" in page
    assert Draft.objects.get().data["is_test"] is False


def test_a_draft_goes_on_at_its_own_form(cast, window):
    data = filled(cast, is_test="on", keep="1")
    page = window.post(URL, data)
    assert page.url == f"{URL}?draft={data['draft']}"

    assert window.get(f"/tickets/new/?draft={data['draft']}").url.startswith(URL)
    assert window.get(page.url).context["form"]["is_test"].value() is True


def test_pressed_twice_it_raises_one(cast, window):
    data = filled(cast)
    assert window.post(URL, data).url == window.post(URL, data).url
    assert Ticket.objects.count() == 1


# The link


def test_a_look_at_the_link_changes_nothing(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    for _ in range(2):
        page = Client().get(link_of(ticket))
        assert page.status_code == 200
        assert "Confirm the receipt" in text_of(page)
    assert Client().head(link_of(ticket)).status_code == 200
    assert clock_of(ticket).is_running


def test_the_button_behind_the_link_confirms_and_says_who_and_how(cast, zoya, clock_at):
    ticket = raise_alarm(cast, zoya)
    clock_at(AT + timedelta(minutes=7))

    page = Client().post(link_of(ticket), {"name": "Night desk"}, follow=True)

    assert "Received after 7 minutes" in text_of(page)
    assert "Night desk" in text_of(page)
    run = clock_of(ticket)
    assert (run.received_name, run.received_by) == ("Night desk", None)
    assert run.received_through == "the mail to the emergency address of IN2P3-CC"


def test_the_link_needs_a_name(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    page = Client().post(link_of(ticket), {"name": " "})

    assert page.status_code == 422
    assert "Say who you are." in text_of(page)
    assert clock_of(ticket).is_running


def test_a_second_press_is_told_that_it_is_done(cast, zoya):
    ticket = raise_alarm(cast, zoya)
    Client().post(link_of(ticket), {"name": "First"})

    page = Client().post(link_of(ticket), {"name": "Second"})

    assert page.status_code == 200
    assert "First" in text_of(page) and "Second" not in text_of(page)
    assert clock_of(ticket).received_name == "First"


def test_somebody_signed_in_is_known_by_the_account(cast, zoya, client_of):
    ticket = raise_alarm(cast, zoya)
    page = client_of(cast.boris).get(link_of(ticket))
    assert escape("Boris Lefèvre") in text_of(page)

    client_of(cast.boris).post(link_of(ticket), {"name": "Boris Lefèvre"})

    assert clock_of(ticket).received_by == cast.boris


def test_who_raised_it_and_is_on_call_as_well_cannot_confirm_it(cast, zoya, client_of):
    ticket = raise_alarm(cast, zoya)
    own = link_of(ticket, Why.ON_CALL, zoya.pk)

    for client, link in ((Client(), own), (client_of(zoya), link_of(ticket))):
        page = client.post(link, {"name": "Zoya"})
        assert page.status_code == 422
        assert "Somebody else has to confirm it." in text_of(page)
    assert clock_of(ticket).is_running


def test_the_link_of_an_earlier_alarm_says_that_it_is_none_of_this(cast, zoya):
    ticket = raise_alarm(cast, zoya)
    earlier = link_of(ticket)
    later = AT + timedelta(hours=1)
    work.take_step(
        ticket=ticket, step="solve", solution="Done.", code="FIXED", by=cast.boris, at=later
    )
    work.take_step(ticket=ticket, step="reopen", comment="No.", by=zoya, at=later)

    page = Client().post(earlier, {"name": "Night desk"})

    assert page.status_code == 422
    assert "Use the link in the newest mail." in text_of(page)
    assert clock_of(ticket).is_running


def test_a_link_that_is_none_of_ours_leads_nowhere(cast, zoya):
    ticket = raise_alarm(cast, zoya)

    assert Client().get("/tickets/alarms/receipt/nonsense/").status_code == 404
    assert Client().post(f"{link_of(ticket)[:-3]}xx/", {"name": "x"}).status_code == 404
    assert clock_of(ticket).is_running


# The ticket


def test_supporters_confirm_by_the_button_and_nobody_else_has_it(cast, zoya, client_of):
    ticket = raise_alarm(cast, zoya)
    address = f"/tickets/{ticket.pk}/receipt/"

    for person, status in ((zoya, 403), (cast.ada, 403), (cast.eve, 404), (cast.dmitri, 403)):
        page = client_of(person).get(f"/tickets/{ticket.pk}/")
        assert address not in text_of(page)
        assert client_of(person).post(address).status_code == status
    assert client_of(None).post(address).status_code == 302
    assert address in text_of(client_of(cast.boris).get(f"/tickets/{ticket.pk}/"))

    page = client_of(cast.boris).post(address, follow=True)

    assert "Received after 0 minutes" in text_of(page)
    assert clock_of(ticket).received_by == cast.boris


def test_the_head_counts_down_and_then_says_how_late_it_is(cast, zoya, client_of, clock_at):
    ticket = raise_alarm(cast, zoya)
    clock_at(AT + timedelta(minutes=40, seconds=30))
    assert "19 minutes left" in text_of(client_of(cast.boris).get(f"/tickets/{ticket.pk}/"))

    clock_at(AT + timedelta(minutes=75))
    assert "No receipt, due 15 min ago" in text_of(
        client_of(cast.boris).get(f"/tickets/{ticket.pk}/")
    )


def test_a_test_is_marked_on_its_page(cast, zoya, window):
    ticket = raise_alarm(cast, zoya, is_test=True)

    assert ">TEST<" in text_of(window.get(f"/tickets/{ticket.pk}/"))
    assert "TEST:" in text_of(Client().get(link_of(ticket)))


def test_an_alarmer_makes_an_alarm_of_a_team_ticket(cast, client_of, clock_at):
    clock_at(AT)
    zoya = make_alarmer(cast, is_shifter=True)
    ticket = file_team(cast, zoya)
    window, address = client_of(zoya), f"/tickets/{ticket.pk}/change/to-alarm/"
    assert address in text_of(window.get(f"/tickets/{ticket.pk}/"))
    assert address not in text_of(client_of(cast.boris).get(f"/tickets/{ticket.pk}/"))
    assert client_of(cast.boris).post(address).status_code in (403, 422)

    make_downtime(site=cast.in2p3, starts_at=AT, ends_at=AT + timedelta(hours=2))
    page = window.post(address, {})
    assert page.status_code == 422 and "declared downtime" in text_of(page)

    page = window.post(address, {"in_downtime": "on"}, follow=True)
    assert "No receipt yet" in text_of(page)
    assert address not in text_of(page)
    ticket.refresh_from_db()
    assert ticket.type == TicketType.ALARM


def test_the_page_of_an_alarm_costs_one_query_more(
    cast, zoya, client_of, django_assert_max_num_queries
):
    ticket = raise_alarm(cast, zoya)
    team = file_team(cast, make_alarmer(cast, "other", is_shifter=True))
    reader = client_of(cast.boris)
    for number in (ticket.pk, team.pk):
        reader.get(f"/tickets/{number}/")

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = {}
    for number in (ticket.pk, team.pk):
        with CaptureQueriesContext(connection) as queries:
            reader.get(f"/tickets/{number}/")
        counts[number] = len(queries)
    assert counts[ticket.pk] <= counts[team.pk] + 1


def test_the_queue_marks_and_counts_alarms(cast, zoya, client_of, window):
    raise_alarm(cast, zoya)
    raise_alarm(cast, zoya, is_test=True)

    page = client_of(cast.carla).get("/tickets/")
    marked = [str(row.subject).split("</span>")[0].split(">")[1] for row in page.context["rows"]]
    assert marked == ["TEST ALARM", "ALARM"]
    for client in (client_of(cast.carla), window):
        counts = {
            each["count"].name: each["count"] for each in client.get("/tickets/").context["rail"]
        }
        assert (counts["alarm"].number, counts["alarm"].query) == (2, "type:alarm status:open")


def test_alarms_are_found_by_their_type(cast, zoya, client_of):
    ticket = raise_alarm(cast, zoya)
    file_team(cast, make_alarmer(cast, "other", is_shifter=True))

    page = client_of(cast.carla).get("/tickets/?q=type:alarm status:open")

    assert (
        page.url == f"/tickets/{ticket.pk}/"
        if page.status_code == 302
        else [row.number for row in page.context["rows"]] == [ticket.pk]
    )
