"""What TPM does at the desk besides assigning: each in one step, undone, for one or for several."""

import uuid
from datetime import timedelta

import pytest
from django.core import mail

from tests.make import AT
from tests.tickets.make import make_ticket, write
from tickets.actions import incident, spam, work
from tickets.desk import lists
from tickets.models import Category, CheckItem, CheckTick, ReadyText, Ticket, UndoWindow
from tickets.workflow import Status

HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "desk-form"}


@pytest.fixture
def desk(cast, client_of, clock_at):
    clock_at(AT)
    return client_of(cast.carla)


def _fields(answer):
    return {
        name: answer.context["form"][name].value()
        for name in answer.context["form"].fields
        if answer.context["form"][name].value() is not None
    }


def test_ask_waits_for_the_answer_and_goes_on_to_the_next(cast, desk):
    ticket, following = make_ticket(by=cast.ada), make_ticket(by=cast.ada)
    form = desk.get(f"/tpm/{ticket.pk}/ask/")

    answer = desk.post(
        f"/tpm/{ticket.pk}/ask/", _fields(form) | {"words": "Which CE?"}, follow=True
    )

    ticket.refresh_from_db()
    assert (ticket.status, ticket.diary.get().text) == (Status.WAITING_FOR_REPLY, "Which CE?")
    assert answer.context["ticket"] == following
    assert f"#{ticket.pk}: the submitter is asked." in answer.content.decode()


def test_the_same_question_twice_is_asked_once(cast, desk):
    ticket = make_ticket(by=cast.ada)
    fields = {"words": "Which CE?", "key": str(uuid.uuid4())}

    desk.post(f"/tpm/{ticket.pk}/ask/", fields)
    desk.post(f"/tpm/{ticket.pk}/ask/", fields)

    assert ticket.diary.count() == 1


def test_a_taken_back_question_is_in_the_form_again(cast, desk):
    ticket = make_ticket(by=cast.ada)
    desk.post(f"/tpm/{ticket.pk}/ask/", {"words": "Which CE?", "key": str(uuid.uuid4())})

    desk.post("/tpm/undo/", {"key": UndoWindow.objects.get().pk})

    ticket.refresh_from_db()
    assert ticket.status == Status.NEW
    assert "Which CE?" in desk.get(f"/tpm/{ticket.pk}/ask/").content.decode()


def test_taken_back_words_stay_until_they_are_sent_again(cast, desk):
    ticket = make_ticket(by=cast.ada)
    address = f"/tpm/{ticket.pk}/ask/"
    desk.post(address, {"words": "Which CE?", "key": str(uuid.uuid4())})
    desk.post("/tpm/undo/", {"key": UndoWindow.objects.get().pk})
    text = ReadyText.objects.create(title="Which job?", text="Which job?")

    def words(**query):
        return desk.get(address, query).context["form"]["words"].value()

    desk.head(address)
    desk.get(f"/tpm/{ticket.pk}/hold/")
    assert desk.post(address, {"words": "", "key": str(uuid.uuid4())}).status_code == 422
    assert [words(), words(text=text.pk), words()] == ["Which CE?", "Which job?", "Which CE?"]

    desk.post(address, {"words": "Which CE, please?", "key": str(uuid.uuid4())})

    assert words() == ""


def test_a_ready_text_is_filled_in_and_what_is_missing_must_be(cast, desk):
    ticket = make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    text = ReadyText.objects.create(title="Which job?", text="At {site}, during {downtime}?")

    form = desk.get(f"/tpm/{ticket.pk}/ask/", {"text": text.pk}, **HTMX)
    assert form.context["form"]["words"].value() == "At IN2P3-CC, during ⟦downtime⟧?"
    answer = desk.post(f"/tpm/{ticket.pk}/ask/", _fields(form))

    assert answer.status_code == 422
    assert "Fill in what is still marked: ⟦downtime⟧" in answer.content.decode()
    assert not ticket.diary.exists()


def test_a_duplicate_waits_for_its_master_and_is_undone(cast, desk):
    master = make_ticket(by=cast.ada, subject="The SE is down")
    ticket = make_ticket(by=cast.eve)

    for typed, words in (("the se", "Begin with the ticket"), ("#999999", "There is no ticket")):
        answer = desk.post(f"/tpm/{ticket.pk}/duplicate/", {"master": typed})
        assert answer.status_code == 422
        assert words in answer.content.decode()
    desk.post(f"/tpm/{ticket.pk}/duplicate/", {"master": f"#{master.pk} The SE is down"})

    ticket.refresh_from_db()
    assert ticket.status == Status.ON_HOLD
    assert ticket.relations.get().other == master
    desk.post("/tpm/undo/", {"key": UndoWindow.objects.get().pk})
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW
    assert not ticket.relations.filter(ended_at=None).exists()


def _storage(cast):
    ticket = make_ticket(by=cast.boris, subject="Storage down", affected_sites=[cast.in2p3])
    return incident.declare_incident(ticket=ticket, by=cast.boris, at=AT)


def test_joining_an_incident_waits_for_it_and_is_undone(cast, desk):
    ticket = make_ticket(by=cast.eve)
    empty = desk.get(f"/tpm/{ticket.pk}/join/", **HTMX).content.decode()
    assert "No incident is running." in empty
    storage = _storage(cast)

    form = desk.get(f"/tpm/{ticket.pk}/join/", **HTMX).content.decode()
    assert f"#{storage.pk} Storage down, IN2P3-CC" in form
    for given, words in (({}, "Choose the incident"), ({"incident": ticket.pk}, "has ended")):
        refused = desk.post(f"/tpm/{ticket.pk}/join/", given)
        assert (refused.status_code, words in refused.content.decode()) == (422, True)
    page = desk.post(f"/tpm/{ticket.pk}/join/", {"incident": storage.pk}, follow=True)

    assert "is part of the incident now" in page.content.decode()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.relations.get().other) == (Status.ON_HOLD, storage)
    desk.post("/tpm/undo/", {"key": UndoWindow.objects.get().pk})
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW
    assert not ticket.relations.filter(ended_at=None).exists()


def test_several_join_an_incident_at_once_each_on_its_own(cast, desk):
    storage = _storage(cast)
    tickets = [make_ticket(by=cast.eve) for _ in range(3)]
    numbers = [storage.pk, *(ticket.pk for ticket in tickets)]
    assert 'data-many="join"' in desk.get("/tpm/").content.decode()
    page = desk.get("/tpm/selected/", {"what": "join", "ticket": numbers}).content.decode()
    assert "Join an incident: 4 tickets" in page

    given = {"what": "join", "ticket": numbers, "incident": storage.pk}
    results = desk.post("/tpm/selected/", given).content.decode()

    assert "A ticket cannot hang on itself" in results
    for ticket in tickets:
        ticket.refresh_from_db()
        assert f"#{ticket.pk} is part of the incident now" in results
        assert (ticket.status, ticket.relations.get().other) == (Status.ON_HOLD, storage)
    keys = UndoWindow.objects.values_list("pk", flat=True)
    desk.post("/tpm/undo/", {"key": list(keys)})
    for ticket in tickets:
        ticket.refresh_from_db()
        assert ticket.status == Status.NEW


def test_hold_needs_reason_and_date_in_the_readers_zone(cast, desk):
    ticket = make_ticket(by=cast.ada)

    refused = desk.post(f"/tpm/{ticket.pk}/hold/", {"reason": "their downtime"})
    assert refused.status_code == 422
    assert "Say until when" in refused.content.decode()
    assert "their downtime" in refused.content.decode()
    past = {"reason": "x", "until": "2026-01-01T00:00"}
    assert "must be in the future" in desk.post(f"/tpm/{ticket.pk}/hold/", past).content.decode()
    desk.post(f"/tpm/{ticket.pk}/hold/", {"reason": "x", "until": "2026-01-14T10:00"})

    ticket.refresh_from_db()
    assert ticket.status == Status.ON_HOLD
    assert ticket.hold_until.isoformat() == "2026-01-14T09:00:00+00:00"


def test_spam_leaves_the_lists_and_is_recovered(cast, desk):
    ticket = make_ticket(by=cast.eve)
    later = make_ticket(by=cast.eve)

    answer = desk.post(f"/tpm/{ticket.pk}/spam/", follow=True)

    page = answer.content.decode()
    assert f"#{ticket.pk} is discarded as spam." in page
    assert answer.context["ticket"] == later
    assert "spam?" in answer.context["lines"]
    assert "1 ticket of this submitter was discarded as spam" in page
    discarded = desk.get("/tpm/", {"list": "discarded"})
    assert "Recover: it is no spam" in discarded.content.decode()
    desk.post(f"/tpm/{ticket.pk}/recover/")
    ticket.refresh_from_db()
    assert (ticket.category, ticket.status) == (Category.INCIDENT, Status.NEW)


def test_no_search_finds_spam_unless_it_is_asked_for(cast, desk):
    ticket = make_ticket(by=cast.ada, subject="Cheap xylophones")
    spam.discard(ticket=ticket, by=cast.carla, at=AT)

    def found(line):
        return [row.number for row in desk.get("/tickets/", {"q": line}).context["rows"]]

    assert found("xylophones") == found("status:closed") == found("submitter:ada") == []
    assert found("category:spam") == [ticket.pk]


def test_escalate_is_one_key(cast, desk):
    ticket = make_ticket(by=cast.ada, unit=cast.in2p3_unit)

    desk.post(f"/tpm/{ticket.pk}/escalate/", {"list": "silent"})
    again = desk.post(f"/tpm/{ticket.pk}/escalate/", {"list": "silent"})

    ticket.refresh_from_db()
    assert ticket.escalation_level == 1
    assert again.status_code == 422
    assert "one working day after the last" in again.content.decode()


def test_unsolved_no_answer_is_one_step(cast, desk, clock_at):
    ticket = make_ticket(by=cast.ada)
    work.take_step(ticket=ticket, step="ask", by=cast.carla, at=AT, comment="x")
    clock_at(AT + timedelta(days=22))

    desk.post(f"/tpm/{ticket.pk}/no-answer/", {"list": "waiting"})

    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolution_code) == (Status.UNSOLVED, "NO_ANSWER")
    assert ticket.solution.startswith("No answer came for 16 working days.")


def test_no_answer_is_offered_and_taken_after_fifteen_working_days(cast, desk, clock_at):
    ticket = make_ticket(by=cast.ada)
    work.take_step(ticket=ticket, step="ask", by=cast.carla, at=AT, comment="x")
    address, preview = f"/tpm/{ticket.pk}/no-answer/", f"/tpm/?ticket={ticket.pk}"
    end = AT + timedelta(days=21)

    clock_at(end - timedelta(minutes=1))
    early = desk.post(address)
    assert address not in desk.get(preview).content.decode()
    clock_at(end + timedelta(minutes=1))
    assert address in desk.get(preview).content.decode()

    assert early.status_code == 422
    assert "has not had 15 working days" in early.content.decode()
    ticket.refresh_from_db()
    assert ticket.status == Status.WAITING_FOR_REPLY


def test_no_answer_is_for_tickets_that_wait(cast, desk):
    ticket = make_ticket(by=cast.ada)

    answer = desk.post(f"/tpm/{ticket.pk}/no-answer/")

    assert answer.status_code == 422
    assert "does not wait" in answer.content.decode()


def test_ticks_tell_whose_they_are(cast, desk):
    ticket, item = make_ticket(by=cast.ada), CheckItem.objects.get(words="Quota")

    page = desk.post(f"/tpm/{ticket.pk}/check/", {"item": item.pk}, follow=True)
    assert "Carla Rossi" in page.content.decode()
    assert CheckTick.objects.get().by == cast.carla
    piece = desk.post(f"/tpm/{ticket.pk}/check/", {"untick": item.pk}, **HTMX)

    assert piece.templates[0].name == "tickets/_desk_checks.html"
    assert not CheckTick.objects.exists()


def test_several_at_once_each_on_its_own(cast, desk):
    tickets = [make_ticket(by=cast.ada) for _ in range(3)]
    numbers = [ticket.pk for ticket in tickets]
    work.take_step(ticket=tickets[1], step="withdraw", by=cast.ada, at=AT)
    page = desk.get("/tpm/selected/", {"what": "assign", "ticket": numbers})
    assert "Assign: 3 tickets" in page.content.decode()

    answer = desk.post(
        "/tpm/selected/", {"what": "assign", "ticket": numbers, "unit_name": "IN2P3-CC"}
    )

    text = answer.content.decode()
    assert f"#{numbers[0]} went to IN2P3-CC" in text
    assert "already unsolved" in text
    assert set(Ticket.objects.filter(unit=cast.in2p3_unit).values_list("pk", flat=True)) == {
        numbers[0],
        numbers[2],
    }


def test_several_that_all_went_well_are_undone_together(cast, desk):
    numbers = [make_ticket(by=cast.ada).pk for _ in range(3)]

    page = desk.post("/tpm/selected/", {"what": "spam", "ticket": numbers}, follow=True)
    assert "is discarded as spam" in page.content.decode()
    keys = [window.pk for window in page.context["undo"]["windows"]]
    desk.post("/tpm/undo/", {"key": keys})

    assert len(keys) == 3
    assert Ticket.objects.filter(status=Status.NEW, category=Category.INCIDENT).count() == 3


def test_what_is_missing_is_said_before_any_is_changed(cast, desk):
    number = make_ticket(by=cast.ada).pk

    answer = desk.post("/tpm/selected/", {"what": "hold", "ticket": [number], "reason": "Sunday"})

    assert answer.status_code == 422
    assert "Say until when" in answer.content.decode()
    assert 'value="Sunday"' in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/tpm/selected/", {"what": "x", "ticket": "1"}),
        ("/tpm/selected/", {"what": "ask", "ticket": "1"}),
        ("/tpm/selected/", {"what": "hold", "ticket": "99999999999999999999"}),
        ("/tpm/undo/", {"key": "x"}),
        ("/tpm/1/unknown/", {}),
    ],
)
def test_broken_parameters_do_no_harm(cast, desk, address, fields):
    assert desk.post(address, fields).status_code in (302, 404)


def test_type_ahead_over_open_tickets(cast, desk):
    ticket = make_ticket(by=cast.ada, subject="FTS transfers to IN2P3 stall since noon")
    make_ticket(by=cast.ada, subject="Nothing alike")

    def offered(typed):
        page = desk.get("/tpm/tickets/", {"master": typed})
        return [offer for offer, _note in page.context["offers"]]

    assert offered("transfers stall") == [f"#{ticket.pk} {ticket.subject}"]
    assert offered(f"#{ticket.pk}") == offered(str(ticket.pk)) == [f"#{ticket.pk} {ticket.subject}"]
    assert offered("x") == offered("zzzzzz") == []


def test_what_is_with_tpm_but_not_new_has_a_list(cast, desk):
    ticket = make_ticket(by=cast.ada)
    work.take(ticket=ticket, by=cast.carla, at=AT)

    held = [name for name in lists.LISTS if ticket in lists.tickets_in(name, cast.carla, at=AT)]

    assert held == ["tpm"]


def test_the_next_is_the_one_behind_and_else_the_first(cast, desk):
    first, second, third = (
        make_ticket(by=cast.ada, at=AT + timedelta(minutes=minute)) for minute in range(3)
    )

    def following(ticket):
        return lists.following("new", cast.carla, ticket, at=AT)

    assert [following(first), following(second), following(third)] == [
        second.pk,
        third.pk,
        first.pk,
    ]


def test_nobody_else_acts_at_the_desk(cast, client_of):
    ticket = make_ticket(by=cast.ada)
    write(ticket=ticket, by=cast.ada)
    for who in (cast.ada, cast.boris, cast.dmitri):
        client = client_of(who)
        for what in ("ask", "hold", "spam", "escalate"):
            assert client.post(f"/tpm/{ticket.pk}/{what}/").status_code == 403
        assert client.post("/tpm/undo/").status_code == 403
        assert client.get("/tpm/selected/").status_code == 403
    assert not mail.outbox
