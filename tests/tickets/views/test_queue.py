"""The queue: who sees what, chips, errors, saved views, number of queries."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.make import AT, make_issue_type, make_site
from tests.tickets.make import make_ticket, write
from tickets.actions.incident import declare_incident
from tickets.models import SavedView, Ticket


@pytest.fixture
def tickets(cast, clock_at):
    clock_at(AT)
    return [
        make_ticket(
            by=cast.ada,
            subject=f"Pilot {number} <b>fails</b>",
            vo=cast.juno,
            affected_sites=[cast.in2p3, cast.beijing],
        )
        for number in range(60)
    ]


def test_supporters_see_what_is_open_newest_first_fifty_a_page(cast, tickets, client_of):
    page = client_of(cast.boris).get("/tickets/")

    assert [row.number for row in page.context["rows"]] == [t.pk for t in tickets[:-51:-1]]
    text = page.content.decode()
    assert "Pilot 59 &lt;b&gt;fails&lt;/b&gt;" in text
    assert "<b>fails</b>" not in text
    second = client_of(cast.boris).get(f"/tickets/{page.context['next_url']}")
    assert [row.number for row in second.context["rows"]] == [t.pk for t in tickets[9::-1]]


def test_submitters_see_their_own(cast, tickets, client_of):
    assert len(client_of(cast.ada).get("/tickets/").context["rows"]) == 50
    assert client_of(cast.eve).get("/tickets/").context["rows"] == []


def test_what_one_may_not_read_is_not_found_by_any_line(cast, client_of, clock_at):
    clock_at(AT)
    security = make_issue_type(name="Break-in", is_security=True)
    hidden = make_ticket(by=cast.ada, issue_type=security, subject="Stolen key")

    for line in ("", "stolen", f"#{hidden.pk}", "is:restricted", "submitter:ada"):
        assert client_of(cast.boris).get("/tickets/", {"q": line}).context["rows"] == []


def test_a_number_leads_to_its_ticket(cast, tickets, client_of):
    answer = client_of(cast.boris).get("/tickets/", {"q": f"#{tickets[3].pk}"})

    assert (answer.status_code, answer.url) == (302, f"/tickets/{tickets[3].pk}/")


def test_mistakes_are_underlined_and_nothing_is_guessed(cast, tickets, client_of):
    page = client_of(cast.boris).get("/tickets/", {"q": "pilot status:red"})

    assert 'class="wrong"' in page.content.decode()
    assert [term.text for term in page.context["errors"]] == ["status:red"]
    assert page.context["rows"] == []


def test_words_are_marked(cast, tickets, client_of):
    text = client_of(cast.boris).get("/tickets/", {"q": "fails"}).content.decode()

    assert "<mark>fails</mark>" in text


@pytest.mark.parametrize(
    ("who", "line"),
    [
        ("boris", None),
        ("boris", "site:IN2P3-CC unit:TPM status:open"),
        ("boris", "pilot"),
        ("ada", None),
        ("dmitri", "pilot fails vo:juno"),
    ],
)
def test_the_number_of_queries_is_bounded(cast, tickets, client_of, who, line):
    client = client_of(getattr(cast, who))
    client.get("/tickets/")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get("/tickets/", {"q": line} if line is not None else {})

    assert len(page.context["rows"]) == 50
    # Savepoints are the test's: outside of it the search runs in no transaction.
    asked = [query["sql"][:200] for query in queries if "SAVEPOINT" not in query["sql"]]
    asked = [sql for sql in asked if not sql.endswith("TO DEFAULT")]
    # Words cost five more: three estimates, and the two that fetch what is highlighted.
    assert len(asked) <= (17 if line and "pilot" in line else 12), "\n".join(asked)


def test_unread_marks(cast, tickets, client_of):
    from tickets.actions import follow

    follow.mark_seen(ticket=tickets[-1], by=cast.boris)
    marks = {r.number: r.mark for r in client_of(cast.boris).get("/tickets/").context["rows"]}
    assert (marks[tickets[-1].pk], marks[tickets[-2].pk]) == ("", "unread")

    write(ticket=tickets[-1], by=cast.ada, at=AT + timedelta(minutes=1))
    marks = {r.number: r.mark for r in client_of(cast.boris).get("/tickets/").context["rows"]}
    assert marks[tickets[-1].pk] == "unread"


def test_counts_stop_at_99(cast, tickets, client_of):
    for _ in range(45):
        make_ticket(by=cast.ada)

    rail = client_of(cast.carla).get("/tickets/").context["rail"]

    assert {line["count"].name: line["count"].text for line in rail}["new"] == "99+"


def test_saved_views(cast, client_of):
    boris, carla = client_of(cast.boris), client_of(cast.carla)
    boris.post("/tickets/views/", {"name": "Mine", "q": "assigned:me"})
    boris.post("/tickets/views/", {"name": "Ours", "q": "unit:mine", "is_shared": "on"})
    boris.post("/tickets/views/", {"name": "Ours", "q": "unit:mine status:new", "is_shared": "on"})

    def names(client):
        return [each["view"].name for each in client.get("/tickets/").context["views"]]

    assert names(boris) == ["Mine", "Ours"]
    assert names(carla) == ["Ours"]
    assert names(client_of(cast.ada)) == []
    view = SavedView.objects.get(name="Ours")
    assert view.query == "unit:mine status:new"
    assert carla.post(f"/tickets/views/{view.pk}/delete/").status_code == 404
    boris.post(f"/tickets/views/{view.pk}/delete/")
    assert names(carla) == []
    boris.post("/tickets/views/", {"name": "a\x00b\n c", "q": "assigned:me"})
    assert "ab c" in names(boris)


def test_a_submitter_shares_nothing(cast, client_of):
    client_of(cast.ada).post("/tickets/views/", {"name": "x", "q": "a", "is_shared": "on"})

    assert not SavedView.objects.get().is_shared


def test_completions(cast, client_of):
    make_site(name="INFN-T1")

    text = client_of(cast.boris).get("/tickets/completions/", {"q": "site:INF"}).content.decode()

    assert "site:INFN-T1" in text


@pytest.mark.parametrize("cursor", ["x", "newest.", "newest.-1", "' OR 1=1", "newest." + "9" * 50])
def test_a_broken_cursor_begins_from_the_start(cast, tickets, client_of, cursor):
    assert client_of(cast.boris).get("/tickets/", {"after": cursor}).status_code == 200


def test_an_empty_queue_says_what_would_be_here(cast, client_of):
    Ticket.objects.all()

    assert "Nothing fits" in client_of(cast.boris).get("/tickets/", {"q": "zzz"}).content.decode()
    assert "File a ticket" in client_of(cast.ada).get("/tickets/").content.decode()


def test_an_internal_note_makes_nothing_unread_for_the_submitter(cast, client_of):
    ticket = make_ticket(by=cast.ada)
    ada, boris = client_of(cast.ada), client_of(cast.boris)
    for client in (ada, boris):
        client.get(f"/tickets/{ticket.pk}/")
    write(ticket=ticket, by=cast.carla, is_public=False)

    def unread(client):
        [row] = client.get("/tickets/").context["rows"]
        found = client.get("/tickets/?q=is:unread").context["rows"]
        return bool(row.mark), bool(found)

    assert unread(ada) == (False, False)
    assert unread(boris) == (True, True)
    write(ticket=ticket, by=cast.carla)
    assert unread(ada) == (True, True)


@pytest.mark.parametrize("field", ["submitter", "assigned", "involved"])
def test_the_search_does_not_tell_submitters_who_has_an_account(cast, client_of, field):
    client = client_of(cast.ada)

    pages = [client.get(f"/tickets/?q={field}:{name}") for name in ("boris", "nobody-here")]

    assert [page.context["errors"] for page in pages] == [(), ()]
    assert [page.context["rows"] for page in pages] == [[], []]
    supporter = client_of(cast.boris).get(f"/tickets/?q={field}:nobody-here")
    assert supporter.context["errors"]


@pytest.fixture
def storage(cast):
    ticket = make_ticket(by=cast.boris, subject="Storage down", affected_sites=[cast.in2p3])
    return declare_incident(ticket=ticket, by=cast.boris, at=AT)


def test_several_tickets_join_an_incident_from_the_queue(cast, tickets, storage, client_of):
    boris, chosen = client_of(cast.boris), tickets[:3]
    assert "ticket-pick" not in boris.get("/tickets/").content.decode()
    page = boris.get("/tickets/", {"pick": 1, "q": "pilot", "after": ""})
    assert page.content.decode().count("ticket-pick") == 50
    assert "pick=1" in page.context["next_url"]
    assert page.context["is_first"], "the address names an empty place"
    given = {"ticket": [ticket.pk for ticket in chosen], "q": "pilot", "after": ""}
    form = boris.get("/tickets/selected/", given).content.decode()
    assert "Join an incident: 3 tickets" in form
    assert f"#{storage.pk} Storage down, IN2P3-CC" in form
    refused = boris.post("/tickets/selected/", given)
    assert (refused.status_code, "Choose the incident" in refused.content.decode()) == (422, True)

    page = boris.post("/tickets/selected/", given | {"incident": storage.pk}, follow=True)

    assert f"3 tickets are part of the incident #{storage.pk} now." in page.content.decode()
    assert page.context["line"] == "pilot"
    for ticket in chosen:
        ticket.refresh_from_db()
        assert (ticket.status, ticket.relations.get().other) == ("ON_HOLD", storage)


def test_what_cannot_join_is_said_and_holds_up_no_other(cast, tickets, storage, client_of):
    given = {"ticket": [storage.pk, tickets[0].pk], "incident": storage.pk}

    results = client_of(cast.boris).post("/tickets/selected/", given).content.decode()

    assert "A ticket cannot hang on itself" in results
    assert f"It is part of the incident #{storage.pk} now." in results
    assert "Undo" not in results and "Back to the queue" in results


def test_only_who_helps_selects(cast, tickets, storage, client_of):
    ada = client_of(cast.ada)
    assert "ticket-pick" not in ada.get("/tickets/", {"pick": 1}).content.decode()
    given = {"ticket": [tickets[0].pk], "incident": storage.pk}
    assert ada.post("/tickets/selected/", given).status_code == 403
    assert client_of(cast.boris).get("/tickets/selected/", {"q": "x"}).url == "/tickets/?q=x&pick=1"
    assert client_of(cast.boris).get("/tickets/selected/", {"ticket": "999999"}).status_code == 404
