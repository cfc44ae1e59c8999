"""The shifters' list in a browser: what waits, one click to a ticket, and the other buttons."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.make import AT, join_vo, make_service, make_site, make_user, make_vo_site
from tests.tickets.make import make_ticket
from tests.tickets.proposals.make import MINUTE, polled, state
from tickets import tasks
from tickets.models import ContextSnapshot, Decision, Proposal, Ticket, TicketType
from tickets.proposals.refresh import refresh_proposals

URL = "/proposals/"


@pytest.fixture
def shifter(cast, clock_at):
    """A shifter of juno."""
    clock_at(AT)
    person = make_user(username="quentin", name="Quentin Moreau", time_zone="Europe/Paris")
    join_vo(vo=cast.juno, user=person, is_shifter=True)
    return person


@pytest.fixture
def quentin(shifter, client_of):
    """A window of that shifter."""
    return client_of(shifter)


@pytest.fixture
def proposal(cast, shifter):
    """IN2P3-CC is down for an hour in the eyes of ARGO, one of its services for longer."""
    polled("argo")
    service = make_service(site=cast.in2p3, hostname="se01.example.org")
    state(cast.in2p3, "down", since=AT - 60 * MINUTE, summary="no route to host")
    state(
        cast.in2p3,
        since=AT - 90 * MINUTE,
        thing="se01.example.org SRM",
        service=service,
        evidence_url="https://argo.example.org/x",
    )
    tasks.refresh_proposals()
    return Proposal.objects.get()


def text_of(page):
    return page.content.decode()


def act(client, proposal, **fields):
    return client.post(f"{URL}{proposal.pk}/decide/", fields)


def test_the_page_shows_what_waits_with_its_evidence(quentin, proposal):
    text = text_of(quentin.get(URL))

    assert "IN2P3-CC is down (ARGO)" in text
    assert "no route to host" in text
    assert 'href="https://argo.example.org/x"' in text
    assert f"/tickets/new/team/?proposal={proposal.pk}" in text


def test_each_line_has_the_last_day_drawn_and_in_words(cast, quentin, proposal):
    text = text_of(quentin.get(URL))

    assert text.count('class="strip strip-states"') == 2
    assert re.search(r'aria-label="ARGO, IN2P3-CC, last 24 hours: [^"]*down', text)
    assert "fill-critical" in text


def test_nothing_proposed_is_said(quentin):
    assert "Nothing is proposed" in text_of(quentin.get(URL))


def test_navigation_and_first_page_tell_shifters_and_tpm(cast, quentin, client_of, proposal):
    for client in (quentin, client_of(cast.carla)):
        page = text_of(client.get("/"))
        assert re.search(
            r'href="/proposals/"[^>]*>Proposals <span class="count[^>]*>1</span>', page
        )
        assert f"/proposals/#proposal-{proposal.pk}" in page
    others = text_of(client_of(cast.boris).get("/"))
    assert "/proposals/" not in others
    assert client_of(cast.boris).get(URL).status_code == 403


def test_one_click_opens_the_form_filled_in_and_filing_links_the_two(cast, quentin, proposal):
    page = quentin.get("/tickets/new/team/", {"proposal": proposal.pk})
    form = page.context["form"]
    text = text_of(page)
    assert form["subject"].value() == "IN2P3-CC is down (ARGO)"
    assert "no route to host" in form["description"].value()
    assert form["notified_site"].value() == "IN2P3-CC"
    assert form["vo"].value() == cast.juno.pk
    # 07:00 UTC, in the reader's zone
    assert 'value="2026-01-12T08:00"' in text
    assert re.search(r'name="services" value="\d+" id="\w+" checked', text)
    assert f'name="proposal" value="{proposal.pk}"' in text

    sent = quentin.post(
        "/tickets/new/team/",
        {
            "draft": str(uuid4()),
            "proposal": proposal.pk,
            "subject": form["subject"].value(),
            "description": form["description"].value(),
            "notified_site": "IN2P3-CC",
            "vo": cast.juno.pk,
            "priority": "2",
            "routing": "site",
            "services": form["services"].value(),
            "problem_at": "2026-01-12T08:00",
            "problem_zone": "Europe/Paris",
        },
    )

    ticket = Ticket.objects.get()
    assert sent.url == f"/tickets/{ticket.pk}/"
    assert (ticket.type, ticket.unit) == (TicketType.TEAM, cast.in2p3_unit)
    assert ticket.problem_at == AT - timedelta(minutes=90)
    proposal.refresh_from_db()
    assert (proposal.decision, proposal.ticket) == (Decision.TICKET, ticket)
    tasks.sweep_dispatches()
    then = ContextSnapshot.objects.get(ticket=ticket).data
    assert "no route to host" in str(then), "the context at that time is kept with the ticket"
    shown = text_of(quentin.get(URL))
    assert "With a ticket" in shown
    assert f"#{ticket.pk}" in shown


def test_a_draft_remembers_its_proposal(quentin, proposal):
    key = str(uuid4())
    data = {"draft": key, "proposal": proposal.pk, "subject": "Half", "notified_site": "IN2P3-CC"}
    quentin.post("/tickets/new/team/draft/", data)

    page = quentin.get("/tickets/new/team/", {"draft": key})

    assert f'name="proposal" value="{proposal.pk}"' in text_of(page)


def test_tpm_files_a_ticket_of_the_usual_kind(cast, client_of, proposal):
    carla = client_of(cast.carla)
    assert f"/tickets/new/?proposal={proposal.pk}" in text_of(carla.get(URL))

    page = carla.get("/tickets/new/", {"proposal": proposal.pk})
    assert page.context["form"]["sites"].value() == "IN2P3-CC"
    carla.post(
        "/tickets/new/",
        {
            "draft": str(uuid4()),
            "proposal": proposal.pk,
            "subject": "s",
            "description": "d",
            "priority": "2",
            "vo": cast.juno.pk,
        },
    )

    proposal.refresh_from_db()
    assert proposal.ticket == Ticket.objects.get()


def test_somebody_elses_proposal_fills_nothing_in_and_links_nothing(cast, client_of, proposal):
    ada = client_of(cast.ada)

    assert ada.get("/tickets/new/", {"proposal": proposal.pk}).status_code == 404
    ada.post(
        "/tickets/new/",
        {
            "draft": str(uuid4()),
            "proposal": proposal.pk,
            "subject": "s",
            "description": "d",
            "priority": "2",
        },
    )

    assert Ticket.objects.count() == 1
    proposal.refresh_from_db()
    assert proposal.ticket is None


def test_what_is_open_already_is_shown_beside_it_and_takes_it(cast, quentin, proposal):
    ticket = make_ticket(
        by=cast.ada, vo=cast.juno, notified_site=cast.in2p3, subject="Lyon does not answer"
    )
    text = text_of(quentin.get(URL))
    assert "Already open about this site" in text
    assert "Lyon does not answer" in text
    assert "Me too" in text
    assert "Add it there" not in text

    page = act(quentin, proposal, ticket=ticket.pk, key=str(uuid4()))

    assert page.url == f"/tickets/{ticket.pk}/"
    assert ticket.me_toos.count() == 1
    proposal.refresh_from_db()
    assert proposal.ticket == ticket


def test_tickets_of_this_bad_time_come_first(cast, quentin, proposal):
    for subject, minutes in (("Meanwhile", 20), ("Just before", 120), ("Long ago", 5000)):
        make_ticket(
            by=cast.ada,
            vo=cast.juno,
            affected_sites=[cast.in2p3],
            subject=subject,
            problem_at=AT - minutes * MINUTE,
        )

    known = quentin.get(URL).context["to_decide"][0].known

    assert [(one.subject, one.is_since) for one in known] == [
        ("Just before", True),
        ("Meanwhile", True),
        ("Long ago", False),
    ]


def test_to_a_team_ticket_the_evidence_is_added(cast, quentin, proposal):
    ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    Ticket.objects.filter(pk=ticket.pk).update(type=TicketType.TEAM)
    assert "Add it there" in text_of(quentin.get(URL))

    act(quentin, proposal, ticket=ticket.pk, key=str(uuid4()))

    assert "no route to host" in ticket.diary.get().text


def test_dismissing_needs_a_reason_and_shows_it(quentin, proposal):
    wrong = act(quentin, proposal, dismiss="1", reason="")
    assert wrong.status_code == 422
    assert "Say why" in text_of(wrong)

    right = act(quentin, proposal, dismiss="1", reason="The <probe> is wrong")
    assert right.url == URL
    text = text_of(quentin.get(URL))
    assert "Put aside" in text
    assert "The &lt;probe&gt; is wrong" in text

    act(quentin, proposal, back="1")
    proposal.refresh_from_db()
    assert proposal.decision == ""


@pytest.mark.parametrize(("hours", "status"), [("4", 302), ("", 422), ("99999", 422)])
def test_it_is_put_off_for_hours(quentin, proposal, hours, status):
    assert act(quentin, proposal, snooze="1", hours=hours).status_code == status

    proposal.refresh_from_db()
    assert (proposal.decision == Decision.SNOOZED) == (status == 302)


def test_what_is_over_is_told_for_a_day(quentin, proposal):
    Proposal.objects.update(ended_at=AT, ending="RECOVERED")

    text = text_of(quentin.get(URL))

    assert "Over since yesterday" in text
    assert "recovered" in text
    assert act(quentin, proposal, dismiss="1", reason="late").status_code == 422


def test_a_silent_source_is_said(quentin, proposal):
    Proposal.objects.update(silent_since=AT)

    assert "No fresh source has told since" in text_of(quentin.get(URL))


def test_others_proposals_are_not_there(cast, client_of, proposal):
    rosa = make_user(username="rosa")
    join_vo(vo=cast.juno, user=rosa)

    assert client_of(rosa).get(URL).status_code == 403
    assert act(client_of(rosa), proposal, dismiss="1", reason="x").status_code == 403


def test_its_questions_do_not_grow_with_the_list(cast, quentin, proposal):
    def questions():
        with CaptureQueriesContext(connection) as asked:
            quentin.get(URL)
        return len(asked)

    make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    quentin.get(URL)
    few = questions()
    for number in range(10):
        site = make_site(name=f"SITE-{number}")
        make_vo_site(vo=cast.juno, site=site)
        state(site, "critical", since=AT - 60 * MINUTE)
        ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[site])
        if number % 2:
            refresh_proposals(at=AT)
            Proposal.objects.filter(site=site).update(ticket=ticket, decision=Decision.TICKET)
    refresh_proposals(at=AT)

    assert questions() == few
    assert few < 20
