"""The TPM desk: its lists, routing in one step, undo."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from supportunits.models import SupportUnit, UnitState
from tests.make import AT, make_service, make_site, make_site_unit, make_unit, make_user
from tests.tickets.make import make_ticket, write
from tickets.actions import assign, work
from tickets.desk import lists
from tickets.models import Ticket, UndoWindow
from tickets.workflow import Status
from topology.models import SiteAlias


@pytest.fixture
def desk(cast, client_of, clock_at):
    clock_at(AT)
    return client_of(cast.carla)


def _numbers(page):
    return [int(number) for number in re.findall(r'data-number="(\d+)"', page.context["lines"])]


@pytest.mark.parametrize("who", ["ada", "boris", "eve"])
def test_the_desk_is_for_tpm(cast, client_of, who):
    assert client_of(getattr(cast, who)).get("/tpm/").status_code == 403


def test_new_tickets_oldest_first(cast, desk):
    first, second = make_ticket(by=cast.ada), make_ticket(by=cast.ada, at=AT + timedelta(minutes=1))
    make_ticket(by=cast.ada, unit=cast.in2p3_unit)

    page = desk.get("/tpm/")

    assert _numbers(page) == [first.pk, second.pk]
    assert page.context["ticket"] == first
    assert "All pilots end" in page.content.decode()


def test_each_list_holds_what_it_says(cast, desk, clock_at):
    late = AT + timedelta(days=40)
    tickets = {
        name: make_ticket(by=cast.ada, unit=cast.in2p3_unit)
        for name in ("bounced", "escalated", "silent", "waiting", "problems", "none")
    }
    recent = {"public_word_at": late}
    Ticket.objects.exclude(pk=tickets["silent"].pk).update(**recent)
    Ticket.objects.filter(pk=tickets["bounced"].pk).update(unit_changes=2)
    work.escalate(ticket=tickets["escalated"], by=cast.ada, at=AT)
    work.take_step(ticket=tickets["waiting"], step="ask", by=cast.boris, at=AT, comment="x")
    gone = make_unit(name="Gone", state=UnitState.CLOSED)
    Ticket.objects.filter(pk=tickets["problems"].pk).update(unit=gone)
    clock_at(late)
    Ticket.objects.filter(pk__in=[tickets["escalated"].pk, tickets["waiting"].pk]).update(**recent)

    for name in ("bounced", "escalated", "silent", "waiting", "problems"):
        assert _numbers(desk.get("/tpm/", {"list": name})) == [tickets[name].pk], name


@pytest.mark.parametrize(
    ("what", "stays"),
    [
        ("the unit's public answer", False),
        ("TPM's public answer", False),
        ("the unit takes it", False),
        ("the unit puts it on hold", False),
        ("an internal note", True),
        ("the submitter's words", True),
        ("another unit gets it", True),
    ],
)
def test_an_escalated_ticket_leaves_the_list_when_support_answers(cast, desk, what, stays):
    ticket = make_ticket(by=cast.ada, unit=cast.in2p3_unit)
    work.escalate(ticket=ticket, by=cast.ada, at=AT)
    match what:
        case "the unit's public answer":
            write(ticket=ticket, by=cast.boris)
        case "TPM's public answer":
            write(ticket=ticket, by=cast.carla)
        case "the unit takes it":
            work.take(ticket=ticket, by=cast.boris, at=AT)
        case "the unit puts it on hold":
            until = AT + timedelta(days=1)
            work.take_step(
                ticket=ticket, step="hold", by=cast.boris, at=AT, reason="x", until=until
            )
        case "an internal note":
            write(ticket=ticket, by=cast.boris, is_public=False)
        case "the submitter's words":
            write(ticket=ticket, by=cast.ada)
        case _:
            assign.assign_to_unit(ticket=ticket, unit=cast.tpm, by=cast.boris, at=AT, reason="x")

    page = desk.get("/tpm/", {"list": "escalated"})
    assert bool(_numbers(page)) is stays
    words = "support has not answered in public, taken it, put it on hold or gone on with it"
    assert words in page.content.decode(), "the list says what ends it"
    ticket.refresh_from_db()
    assert ticket.escalation_level == 1, "what was escalated stays told"


def test_escalated_again_it_is_in_the_list_again(cast, desk):
    ticket = make_ticket(by=cast.ada, unit=cast.in2p3_unit)
    ticket = work.escalate(ticket=ticket, by=cast.ada, at=AT)
    write(ticket=ticket, by=cast.boris)

    work.escalate(ticket=ticket, by=cast.ada, at=ticket.next_escalation_after)

    assert _numbers(desk.get("/tpm/", {"list": "escalated"})) == [ticket.pk]


def test_with_shifters_alone_tpm_gets_tickets_and_is_no_routing_problem(cast):
    ticket = make_ticket(by=cast.ada, unit=cast.in2p3_unit)
    SupportUnit.objects.filter(pk=cast.tpm.pk).update(state=UnitState.NEEDS_CONTACT)
    cast.tpm.refresh_from_db()

    assign.assign_to_unit(ticket=ticket, unit=cast.tpm, by=cast.boris, at=AT, reason="Not ours.")

    assert list(lists.tickets_in("tpm", cast.ada, at=AT)) == [ticket]
    assert not lists.tickets_in("problems", cast.ada, at=AT).exists()


def test_routing_in_one_step_and_the_next_ticket_is_shown(cast, desk):
    ticket, following = (
        make_ticket(by=cast.ada, affected_sites=[cast.in2p3]),
        make_ticket(by=cast.ada),
    )
    page = desk.get("/tpm/")
    suggestion = page.context["suggestions"][0]
    assert (suggestion.name, suggestion.reason) == (cast.in2p3_unit.name, "IN2P3-CC is affected")

    answer = desk.post(
        f"/tpm/{ticket.pk}/assign/", {"unit": suggestion.unit, "list": "new"}, follow=True
    )

    ticket.refresh_from_db()
    assert (ticket.unit, ticket.status) == (cast.in2p3_unit, Status.ASSIGNED)
    assert answer.context["ticket"] == following
    assert "Undo" in answer.content.decode()


def test_a_suggestion_says_what_time_it_is_there_now(cast, desk, clock_at):
    make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    SupportUnit.objects.filter(pk=cast.in2p3_unit.pk).update(
        time_zone="Asia/Shanghai", opens_at=time(9), closes_at=time(12)
    )
    noon = datetime(2026, 1, 12, 3, 59, 30, tzinfo=UTC)

    def shown(at):
        clock_at(at)
        page = desk.get("/tpm/")
        presence = page.context["suggestions"][0].presence
        assert presence in page.content.decode()
        return presence

    assert shown(noon) == "11:59, at work"
    assert shown(noon + timedelta(seconds=30)) == "12:00, from Tue 09:00"


def test_undo_from_the_page(cast, desk, clock_at):
    ticket = make_ticket(by=cast.ada)
    desk.post(f"/tpm/{ticket.pk}/assign/", {"unit": cast.in2p3_unit.pk})
    window = UndoWindow.objects.latest("pk")

    clock_at(AT + timedelta(seconds=9))
    desk.post("/tpm/undo/", {"list": "new", "key": window.pk})

    ticket.refresh_from_db()
    assert (ticket.unit, ticket.status) == (cast.tpm, Status.NEW)


def test_too_late_to_undo_is_said(cast, desk, clock_at):
    ticket = make_ticket(by=cast.ada)
    desk.post(f"/tpm/{ticket.pk}/assign/", {"unit": cast.in2p3_unit.pk})
    window = UndoWindow.objects.latest("pk")
    clock_at(AT + timedelta(seconds=10))

    answer = desk.post("/tpm/undo/", {"key": window.pk})

    assert answer.status_code == 422
    assert "no longer be undone" in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "No support unit was chosen"),
        ("nowhere at all", "is called"),
        ("NGI", "can mean several"),
    ],
)
def test_a_name_that_is_not_clear_is_said_and_kept(cast, desk, typed, words):
    make_unit(name="NGI_ALPHA", kind="SERVICE")
    make_unit(name="NGI_BETA", kind="SERVICE")
    ticket = make_ticket(by=cast.ada)

    answer = desk.post(
        f"/tpm/{ticket.pk}/assign/", {"unit_name": typed, "reason": "because of the log"}
    )

    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert "because of the log" in text
    ticket.refresh_from_db()
    assert ticket.unit == cast.tpm


def test_a_typed_site_finds_its_unit(cast, desk):
    ticket = make_ticket(by=cast.ada)

    desk.post(f"/tpm/{ticket.pk}/assign/", {"unit_name": "in2p3-cc"})

    ticket.refresh_from_db()
    assert ticket.unit == cast.in2p3_unit


@pytest.mark.parametrize("typed", ["JUNO-Prod", "juno-production", "LYON-OLD"])
def test_what_only_one_name_begins_with_is_meant(cast, desk, typed):
    production = make_unit(name="JUNO-Production", members=(cast.boris,))
    make_unit(name="JUNO-Offline", members=(cast.boris,))
    SiteAlias.objects.create(namespace="test", name="LYON-OLD", site=cast.in2p3)
    ticket = make_ticket(by=cast.ada)

    desk.post(f"/tpm/{ticket.pk}/assign/", {"unit_name": typed})

    ticket.refresh_from_db()
    assert ticket.unit == (cast.in2p3_unit if typed == "LYON-OLD" else production)


def test_two_operators_at_once(cast, desk):
    ticket = make_ticket(by=cast.ada)
    seen = ticket.last_entry_id
    assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=cast.boris, at=AT)
    other = make_unit(name="Other", members=(make_user(),))

    answer = desk.post(f"/tpm/{ticket.pk}/assign/", {"unit": other.pk, "reason": "x", "seen": seen})

    assert answer.status_code == 409
    assert "changed this ticket while your page was open" in answer.content.decode()
    ticket.refresh_from_db()
    assert ticket.unit == cast.in2p3_unit


def test_a_host_in_the_text_is_a_reason(cast, desk):
    site = make_site(name="JINR-T1")
    unit = make_site_unit(site=site)
    make_service(site=site, hostname="ce01.jinr.ru")
    make_ticket(by=cast.ada, description="Submission to ce01.jinr.ru:8443 fails since noon.")

    suggestion = desk.get("/tpm/").context["suggestions"][0]

    assert (suggestion.name, suggestion.reason) == (unit.name, "ce01.jinr.ru is a host of JINR-T1")


def test_the_number_of_queries_is_bounded(cast, desk):
    for number in range(60):
        make_ticket(by=cast.ada, affected_sites=[cast.in2p3], at=AT + timedelta(seconds=number))
    desk.get("/tpm/")

    with CaptureQueriesContext(connection) as queries:
        page = desk.get("/tpm/")

    assert len(_numbers(page)) == 50
    assert len(queries) <= 19, "\n".join(query["sql"][:160] for query in queries)
    older = desk.get(f"/tpm/{page.context['older']}")
    assert len(_numbers(older)) == 10


@pytest.mark.parametrize(
    "query", [{"list": "x"}, {"after": "x"}, {"ticket": "x"}, {"done": "9" * 30}]
)
def test_broken_parameters_do_no_harm(cast, desk, query):
    make_ticket(by=cast.ada)

    assert desk.get("/tpm/", query).status_code == 200


def test_a_security_ticket_is_not_shown_to_tpm(cast, desk):
    from tests.make import make_issue_type

    security = make_issue_type(name="Break-in", is_security=True)
    hidden = make_ticket(by=cast.ada, issue_type=security)

    assert desk.get("/tpm/", {"ticket": hidden.pk}).status_code == 404
    assert desk.post(f"/tpm/{hidden.pk}/assign/", {"unit": cast.in2p3_unit.pk}).status_code == 404
