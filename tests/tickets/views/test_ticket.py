"""The ticket page: who reads what, answers, steps, single changes, two people at once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.outbox.models import Delivery, DeliveryState
from supportunits.models import IssueType
from tests.make import AT, join_vo, make_service, make_site, make_unit, make_user
from tests.tickets.make import make_ticket, write
from tickets.actions import assign, context, follow, work
from tickets.actions.files import add_to_entry
from tickets.mail import outgoing
from tickets.models import (
    Attachment,
    Category,
    DiaryEntry,
    Dispatch,
    Draft,
    LastSeen,
    Priority,
    Ticket,
    TicketPerson,
)
from tickets.workflow import STEPS, Status, Who

MOST_QUERIES = 15


@pytest.fixture(autouse=True)
def stand(clock_at):
    clock_at(AT)


@pytest.fixture
def ticket(cast):
    return make_ticket(
        by=cast.ada,
        subject="Transfers to IN2P3-CC fail",
        description="All of them, with *timeout*.",
        vo=cast.juno,
        affected_sites=[cast.in2p3],
        carbon_copies=["colleague@example.org"],
        on_behalf_of_name="Li Na",
        on_behalf_of_email="li@example.org",
        recognised={"jobs": ["123456"], "dns": ["/DC=cn/CN=Li Na"]},
    )


@pytest.fixture
def pages(client_of, ticket):
    """A function that gives the page of the ticket as somebody sees it."""

    def get(person, query=""):
        return client_of(person).get(f"/tickets/{ticket.pk}/{query}")

    return get


def text_of(page):
    return page.content.decode()


def reply(client, ticket, **fields):
    """Send the composer."""
    data = {"key": str(uuid4()), "seen": ticket.last_entry_id, "side": "public", "words": "Hello."}
    return client.post(f"/tickets/{ticket.pk}/reply/", data | fields)


def change(client, ticket, name, **fields):
    """Send one of the small forms."""
    return client.post(f"/tickets/{ticket.pk}/change/{name}/", fields)


def test_the_owner_of_a_final_ticket_changes_nothing(cast, client_of, ticket):
    Ticket.objects.filter(pk=ticket.pk).update(status="VERIFIED")

    answer = change(client_of(cast.ada), ticket, "sites", sites="BEIJING-LCG2")

    assert answer.status_code in (403, 422)
    assert f"/tickets/{ticket.pk}/change/" not in text_of(
        client_of(cast.ada).get(f"/tickets/{ticket.pk}/")
    ).replace("change/reference/", "")


def test_the_second_of_two_next_steps_sees_the_first(cast, client_of, ticket):
    seen = Ticket.objects.get(pk=ticket.pk).last_entry_id
    change(client_of(cast.carla), ticket, "next-step", what="Drain the CE", seen=seen)

    answer = change(client_of(cast.boris), ticket, "next-step", what="Call Lyon", seen=seen)

    assert answer.status_code == 409
    assert Ticket.objects.get(pk=ticket.pk).next_step == "Drain the CE"


# Who reads what


READERS = {
    "anonymous": "sign in",
    "nobody": "outline",
    "submitter": "public",
    "VO member": "public",
    "VO shifter": "public",
    "alarmer": "public",
    "member of another VO": "outline",
    "VO manager": "outline",
    "supporter": "all",
    "supporter of another unit": "all",
    "unit manager": "all",
    "TPM operator": "all",
    "CSIRT": "all",
    "admin": "all",
    "left": "sign in",
}
SECRETS = ("internal words", "colleague@example.org", "submitter@example.org", "li@example.org")


def test_what_each_role_sees_of_a_ticket(roles, client_of):
    ticket = make_ticket(
        by=roles["submitter"],
        subject="Transfers fail",
        vo=roles.juno,
        affected_sites=[roles.in2p3],
        carbon_copies=["colleague@example.org"],
        on_behalf_of_name="Li Na",
        on_behalf_of_email="li@example.org",
    )
    write(ticket=ticket, by=roles["supporter"], words="public words")
    write(ticket=ticket, by=roles["supporter"], words="internal words", is_public=False)
    found = {}
    for name in roles.people:
        page = client_of(roles[name]).get(f"/tickets/{ticket.pk}/")
        text = text_of(page)
        if page.status_code == 302:
            found[name] = "sign in"
            continue
        assert page.status_code == 200, name
        assert "IN2P3-CC" in text, name
        if "internal words" in text:
            found[name] = "all"
        elif "public words" in text:
            found[name] = "public"
        else:
            found[name] = "outline"
            assert "Transfers fail" not in text, name
            assert "Li Na" not in text, name
        seen = {secret for secret in SECRETS if secret in text}
        # Nobody's own address counts: the header shows it.
        expected = {
            "all": set(SECRETS),
            "public": set(SECRETS[1:]) if name == "submitter" else set(),
            "outline": set(),
        }[found[name]]
        assert seen == expected, name

    assert found == READERS


def test_a_security_ticket_is_there_only_for_csirt_admins_and_its_submitter(roles, client_of):
    kind = IssueType.objects.get(vo=None, is_security=True)
    ticket = make_ticket(by=roles["submitter"], issue_type=kind, vo=roles.juno)
    found = {}
    for name in roles.people:
        page = client_of(roles[name]).get(f"/tickets/{ticket.pk}/")
        text = text_of(page)
        shown = "text" if "All pilots end" in text else "outline"
        found[name] = page.status_code if page.status_code != 200 else shown

    assert {name for name, what in found.items() if what == "text"} == {
        "submitter",
        "CSIRT",
        "admin",
    }
    assert {name for name, what in found.items() if what == "outline"} == {"TPM operator"}
    assert {what for name, what in found.items() if name not in ("anonymous", "left")} <= {
        "text",
        "outline",
        404,
    }


def test_a_number_that_nobody_has_is_not_found(cast, client_of):
    assert client_of(cast.boris).get("/tickets/999999/").status_code == 404


def test_recognised_dns_are_for_supporters_and_their_owner(cast, pages, client_of):
    wei = make_user(username="wei")
    join_vo(vo=cast.juno, user=wei)

    assert "/DC=cn/CN=Li Na" in text_of(pages(cast.boris))
    assert "/DC=cn/CN=Li Na" in text_of(pages(cast.ada))
    assert "/DC=cn/CN=Li Na" not in text_of(pages(wei))
    assert "123456" in text_of(pages(wei))


# The page


def test_the_page_shows_the_ticket_and_its_story(cast, pages, ticket):
    assign.assign_to_unit(
        ticket=ticket, unit=cast.in2p3_unit, reason="Their storage", by=cast.carla, at=AT
    )
    write(ticket=ticket, by=cast.boris, words="I look at **it**.")

    text = text_of(pages(cast.ada))

    assert "<h1>Transfers to IN2P3-CC fail</h1>" in text
    assert "<em>timeout</em>" in text
    assert "gave the ticket to <strong>IN2P3-CC</strong>, from TPM" in text
    # The reason is written for the two units, as in mails.
    assert "Their storage" not in text
    assert "Their storage" in text_of(pages(cast.boris))
    assert "I look at <strong>it</strong>." in text
    assert 'data-status="IN_PROGRESS"' in text
    assert "on behalf of <strong>Li Na</strong>" in text


def test_words_and_the_step_taken_with_them_are_one_row(cast, pages, ticket):
    write(ticket=ticket, by=cast.boris, words="Which files?", step="ask")

    rows = pages(cast.ada).context["rows"]

    assert [row.kind for row in rows] == ["diary", "diary"]
    assert "waiting for reply" in rows[1].notes[0]


@pytest.mark.parametrize(
    ("shown", "kinds"),
    [
        ("all", {"diary", "internal", "change"}),
        ("diary", {"diary", "internal"}),
        ("public", {"diary", "change"}),
        ("changes", {"diary", "change"}),
    ],
)
def test_the_timeline_can_be_filtered(cast, pages, ticket, shown, kinds):
    work.set_priority(ticket=ticket, priority=3, by=cast.boris, at=AT)
    write(ticket=ticket, by=cast.boris, words="note", is_public=False)
    write(ticket=ticket, by=cast.ada, words="answer")

    rows = pages(cast.boris, f"?show={shown}").context["rows"]

    assert {row.kind for row in rows} == kinds
    assert ("note" in "".join(row.body for row in rows)) == ("internal" in kinds)


def test_a_page_of_fifty_entries_costs_a_bounded_number_of_queries(cast, client_of, ticket):
    make_service(site=cast.in2p3)
    other = make_ticket(by=cast.ada)
    follow.add_reference(ticket=ticket, other=other, by=cast.boris, at=AT)
    follow.add_carbon_copy(ticket=ticket, address="list@example.org", by=cast.boris, at=AT)
    context.attach_context(ticket=ticket, at=AT)
    assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    assign.involve(ticket=ticket, person=cast.carla, by=cast.boris, at=AT)
    work.change_field(ticket=ticket, field="vo", value=None, by=cast.boris, at=AT)
    work.change_field(ticket=ticket, field="vo", value=cast.juno, by=cast.boris, at=AT)
    work.set_affected_sites(ticket=ticket, sites=[cast.in2p3, cast.beijing], by=cast.boris, at=AT)
    for number in range(50):
        entry = write(ticket=ticket, by=cast.boris, words=f"Word {number}", is_public=False)
        add_to_entry(entry=entry, uploads=[SimpleUploadedFile("a.log", b"x")], by=cast.boris, at=AT)
    client = client_of(cast.boris)
    client.get("/announcements/")  # each process remembers for seconds what is announced

    with CaptureQueriesContext(connection) as found:
        page = client.get(f"/tickets/{ticket.pk}/")

    assert len(page.context["rows"]) > 50
    assert len(found) <= MOST_QUERIES, "\n".join(each["sql"][:150] for each in found)


def test_a_very_long_ticket_shows_its_beginning_and_its_newest(cast, pages, ticket, monkeypatch):
    monkeypatch.setattr("tickets.views.page.MOST_ENTRIES", 5)
    for number in range(10):
        write(ticket=ticket, by=cast.ada, words=f"Word {number}")

    page = pages(cast.ada)
    text = text_of(page)

    assert page.context["has_older"]
    assert "<em>timeout</em>" in text
    assert "Word 9" in text
    assert "Word 1<" not in text


# Mail


def test_supporters_see_what_became_of_the_mails(cast, pages, ticket):
    write(ticket=ticket, by=cast.boris, words="We look at it.")
    for dispatch in Dispatch.objects.filter(consumer="mail").order_by("pk"):
        outgoing.handle(dispatch)
    Delivery.objects.filter(to_address="ada@example.org").update(state=DeliveryState.FAILED)

    filed, answered = pages(cast.boris).context["rows"]

    assert "1 given up, " in filed.mail
    assert "mails:" in answered.mail
    assert not any(row.mail for row in pages(cast.ada).context["rows"])


# Seen and unseen


def test_looking_marks_the_ticket_as_seen_and_shows_what_is_new(cast, pages, ticket):
    pages(cast.boris)
    assert LastSeen.objects.get(user=cast.boris).entry_id == ticket.last_entry_id
    write(ticket=ticket, by=cast.ada, words="One more thing")

    rows = pages(cast.boris).context["rows"]

    assert [row.is_new for row in rows] == [False, True]
    assert not any(row.is_new for row in pages(cast.boris).context["rows"])
    write(ticket=ticket, by=cast.boris, words="My own words")
    assert not any(row.is_new for row in pages(cast.boris).context["rows"])


def test_a_browser_that_asks_ahead_of_time_has_seen_nothing(cast, client_of, ticket):
    client_of(cast.boris).get(f"/tickets/{ticket.pk}/", headers={"Sec-Purpose": "prefetch"})

    assert not LastSeen.objects.exists()


# Answers


def test_a_public_answer_of_a_supporter_takes_the_ticket(cast, client_of, ticket):
    page = reply(client_of(cast.boris), ticket, words="We look at it.")

    entry = DiaryEntry.objects.get()
    assert page.url == f"/tickets/{ticket.pk}/#last"
    assert (entry.is_public, entry.text) == (True, "We look at it.")
    assert Ticket.objects.get(pk=ticket.pk).status == Status.IN_PROGRESS


def test_the_same_answer_twice_is_written_once(cast, client_of, ticket):
    client, key = client_of(cast.boris), str(uuid4())

    first, second = (reply(client, ticket, key=key) for _ in range(2))

    assert first.url == second.url
    assert DiaryEntry.objects.count() == 1


def test_the_same_answer_with_its_step_twice_is_taken_once(cast, client_of, ticket):
    client, key = client_of(cast.carla), str(uuid4())
    for _press in range(2):
        answer = reply(client, ticket, words="Which files?", step="ask", key=key)
        assert answer.status_code == 302
    ticket.refresh_from_db()
    assert ticket.status == Status.WAITING_FOR_REPLY
    assert DiaryEntry.objects.count() == 1
    assert ticket.history.filter(kind="ticket.status-changed").count() == 1


def test_an_internal_note_changes_nothing_and_stays_inside(cast, client_of, pages, ticket):
    reply(client_of(cast.boris), ticket, side="internal", words="Their proxy is broken")

    assert Ticket.objects.get(pk=ticket.pk).status == Status.NEW
    assert "Their proxy is broken" not in text_of(pages(cast.ada))


def test_the_submitter_cannot_write_inside(cast, client_of, ticket):
    page = reply(client_of(cast.ada), ticket, side="internal")

    assert page.status_code == 422
    assert "Only supporters write into the internal diary" in text_of(page)
    assert not DiaryEntry.objects.exists()


def test_a_member_of_the_vo_reads_and_cannot_write(cast, client_of, pages, ticket):
    wei = make_user(username="wei")
    join_vo(vo=cast.juno, user=wei)

    assert 'id="composer"' not in text_of(pages(wei))
    assert reply(client_of(wei), ticket).status_code == 403
    assert not DiaryEntry.objects.exists()


def test_who_sees_only_the_outline_cannot_even_try(cast, client_of, ticket):
    eve = client_of(cast.eve)

    assert reply(eve, ticket).status_code == 404
    assert eve.post(f"/tickets/{ticket.pk}/me-too/").status_code == 404
    assert eve.get(f"/tickets/{ticket.pk}/change/priority/").status_code == 404


def test_answer_and_ask(cast, client_of, ticket):
    reply(client_of(cast.boris), ticket, words="Which files?", step="ask")

    assert Ticket.objects.get(pk=ticket.pk).status == Status.WAITING_FOR_REPLY


def test_answer_and_solve_needs_a_code_and_keeps_the_words(cast, client_of, ticket):
    client = client_of(cast.boris)
    refused = reply(client, ticket, words="New disk.", step="solve")
    assert refused.status_code == 422
    assert "Choose how it was resolved" in text_of(refused)
    assert "New disk." in text_of(refused)

    reply(client, ticket, words="New disk.", step="solve", code="FIXED")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolution_code, ticket.solution) == (
        Status.SOLVED,
        "FIXED",
        "New disk.",
    )


def test_a_code_that_does_not_go_with_the_step_is_said(cast, client_of, ticket):
    page = reply(client_of(cast.boris), ticket, step="solve", code="DUPLICATE")

    assert page.status_code == 422
    assert "does not go with" in text_of(page)


def test_answer_and_put_on_hold_until_a_local_time(cast, client_of, ticket):
    client = client_of(cast.boris)
    refused = reply(client, ticket, step="hold")
    assert {"reason", "until"} <= set(refused.context["reply"].errors)

    reply(client, ticket, step="hold", reason="The vendor comes", until="2026-01-15T09:00")

    ticket.refresh_from_db()
    assert ticket.status == Status.ON_HOLD
    assert ticket.hold_until.isoformat() == "2026-01-15T08:00:00+00:00", "9:00 in Paris"


def test_what_the_submitter_must_read_cannot_be_internal(cast, client_of, ticket):
    page = reply(client_of(cast.boris), ticket, side="internal", step="ask")

    assert page.status_code == 422
    assert "The submitter must be able to read this" in text_of(page)


def test_the_submitters_answer_wakes_the_ticket(cast, client_of, ticket):
    write(ticket=ticket, by=cast.boris, words="Which files?", step="ask")

    reply(client_of(cast.ada), ticket, words="These.")

    assert Ticket.objects.get(pk=ticket.pk).status == Status.IN_PROGRESS


def test_an_empty_answer_is_said_at_the_form(cast, client_of, ticket):
    page = reply(client_of(cast.boris), ticket, words="  ")

    assert page.status_code == 422
    assert "Write something, or attach a file." in text_of(page)


def test_files_of_an_answer_that_was_refused_wait_for_the_next_try(cast, client_of, ticket):
    client, key = client_of(cast.boris), str(uuid4())
    page = reply(
        client,
        ticket,
        key=key,
        words="See the log.",
        step="solve",
        files=SimpleUploadedFile("ce.log", b"disk full"),
    )
    assert page.status_code == 422
    assert "ce.log" in text_of(page)

    reply(client, ticket, key=key, words="See the log.", step="solve", code="FIXED")

    files = list(Attachment.objects.filter(entry__isnull=False))
    assert [file.name for file in files] == ["ce.log"]
    with files[0].file.open("rb") as file:
        assert file.read() == b"disk full"
    assert not Draft.objects.exists()
    assert "ce.log" not in text_of(client.get("/tickets/new/")), "it was no draft of a ticket"


def test_a_file_that_waits_can_be_taken_away_and_the_words_stay(cast, client_of, ticket):
    client, key = client_of(cast.boris), str(uuid4())
    reply(client, ticket, key=key, step="solve", files=SimpleUploadedFile("id_rsa", b"oops"))

    page = reply(client, ticket, key=key, words="Half a", drop=Attachment.objects.get().pk)

    assert page.status_code == 200
    assert "id_rsa" not in text_of(page)
    assert "Half a" in text_of(page)
    assert not Attachment.objects.exists()
    assert not DiaryEntry.objects.exists()


def test_a_late_comment_and_the_way_to_a_follow_up(cast, client_of, pages, ticket):
    write(ticket=ticket, by=cast.boris, step="solve", code="FIXED", solution="New disk.")
    work.take_step(ticket=ticket, step="verify", by=cast.ada, at=AT)

    reply(client_of(cast.ada), ticket, words="It came back.")

    text = text_of(pages(cast.ada))
    assert DiaryEntry.objects.get(text="It came back.").is_late
    assert "late comment" in text
    assert f"/tickets/new/?follow_up={ticket.pk}" in text


# Two people at once


def test_the_second_of_two_sees_what_changed_and_sends_again(cast, client_of, ticket):
    seen = ticket.last_entry_id
    work.take_step(ticket=ticket, step="take", by=cast.carla, at=AT)
    client = client_of(cast.boris)
    data = {"words": "Solved by a reboot.", "step": "solve", "code": "FIXED", "key": str(uuid4())}

    page = reply(client, ticket, **data, seen=seen)

    text = text_of(page)
    assert page.status_code == 409
    assert "Somebody changed this ticket while your page was open" in text
    assert "Carla Rossi" in text
    assert "Solved by a reboot." in text
    assert not DiaryEntry.objects.exists()
    ticket.refresh_from_db()
    assert f'name="seen" value="{ticket.last_entry_id}"' in text

    again = reply(client, ticket, **data, seen=page.context["reply"]["seen"].value())

    assert again.status_code == 302
    ticket.refresh_from_db()
    assert ticket.status == Status.SOLVED


def test_two_buttons_at_once(cast, client_of, ticket):
    seen = ticket.last_entry_id
    assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)

    page = client_of(cast.boris).post(f"/tickets/{ticket.pk}/step/take/", {"seen": seen})

    assert page.status_code == 409
    assert "gave the ticket to <strong>IN2P3-CC</strong>" in text_of(page)
    assert Ticket.objects.get(pk=ticket.pk).status == Status.ASSIGNED


def test_two_small_forms_at_once(cast, client_of, ticket):
    seen = ticket.last_entry_id
    work.set_priority(ticket=ticket, priority=3, by=cast.carla, at=AT)
    client = client_of(cast.boris)

    page = change(client, ticket, "priority", priority=4, seen=seen)
    assert page.status_code == 409
    assert "Carla Rossi" in text_of(page)

    change(client, ticket, "priority", priority=4, seen=page.context["form"]["seen"].value())
    assert Ticket.objects.get(pk=ticket.pk).priority == 4


# Buttons


def test_the_buttons_are_those_of_the_workflow(cast, pages, ticket):
    assert [each.name for each in pages(cast.boris).context["buttons"]] == ["take"]
    assert pages(cast.ada).context["buttons"] == []
    write(ticket=ticket, by=cast.boris, step="solve", code="FIXED", solution="New disk.")
    assert [each.name for each in pages(cast.ada).context["buttons"]] == ["verify"]
    assert pages(cast.boris).context["buttons"] == []


def test_every_step_of_a_person_is_reachable_from_the_page(cast):
    """A step that the workflow gains must find its place on the page."""
    from tickets.forms.reply import OFFERED_IN_COMPOSER
    from tickets.views.page import _AT_ONCE

    elsewhere = {"assign"}
    for step in STEPS:
        if step.who - {Who.SYSTEM}:
            assert step.name in OFFERED_IN_COMPOSER | _AT_ONCE | elsewhere


def test_take_and_verify(cast, client_of, ticket):
    client_of(cast.boris).post(f"/tickets/{ticket.pk}/step/take/")
    assert TicketPerson.objects.get().user == cast.boris
    write(ticket=ticket, by=cast.boris, step="solve", code="FIXED", solution="New disk.")

    page = client_of(cast.ada).post(f"/tickets/{ticket.pk}/step/verify/", follow=True)

    assert Ticket.objects.get(pk=ticket.pk).status == Status.VERIFIED
    assert "Thank you" in text_of(page)


def test_what_is_not_possible_is_said_on_the_page(cast, client_of, ticket):
    refused = client_of(cast.ada).post(f"/tickets/{ticket.pk}/step/take/")
    assert refused.status_code == 403
    assert "You cannot do" in text_of(refused)
    work.take_step(ticket=ticket, step="take", by=cast.carla, at=AT)

    late = client_of(cast.boris).post(f"/tickets/{ticket.pk}/step/take/")

    assert late.status_code == 422
    assert "is not possible while the ticket is in progress" in text_of(late)


def test_a_step_that_does_not_exist_is_not_found(cast, client_of, ticket):
    assert client_of(cast.boris).post(f"/tickets/{ticket.pk}/step/explode/").status_code == 404


def test_get_changes_nothing(cast, client_of, ticket):
    client = client_of(cast.boris)

    assert client.get(f"/tickets/{ticket.pk}/step/take/").status_code == 405
    assert client.get(f"/tickets/{ticket.pk}/me-too/").status_code == 405
    assert Ticket.objects.get(pk=ticket.pk).status == Status.NEW


def test_me_too_and_follow(cast, client_of, pages, ticket):
    wei = make_user(username="wei")
    join_vo(vo=cast.juno, user=wei)
    client = client_of(wei)

    client.post(f"/tickets/{ticket.pk}/me-too/")
    assert ticket.me_toos.get().user == wei
    assert ticket.subscriptions.get().user == wei
    assert "1 has the same problem" in " ".join(text_of(pages(cast.ada)).split())
    client.post(f"/tickets/{ticket.pk}/follow/", {"follow": "no"})
    assert not ticket.subscriptions.exists()
    client.post(f"/tickets/{ticket.pk}/follow/")
    assert ticket.subscriptions.get().user == wei


# Single changes


def test_each_single_change(cast, client_of, ticket):
    client = client_of(cast.boris)
    make_site(name="JINR-T1")
    other = make_ticket(by=cast.ada)
    kind = IssueType.objects.filter(vo=None, is_security=False, is_active=True).first()
    steps = [
        ("priority", {"priority": Priority.TOP}),
        ("next-step", {"what": "Ask the vendor", "person": cast.boris.pk,
                       "due_at": "2026-01-14T12:00"}),
        ("vo", {"value": ""}),
        ("vo", {"value": cast.juno.pk}),
        ("scope", {"affects_whole_vo": "on"}),
        ("issue-type", {"value": kind.pk}),
        ("category", {"value": Category.SERVICE_REQUEST}),
        ("subject", {"value": "A better subject"}),
        ("problem-at", {"value": "2026-01-11T09:00"}),
        ("eta", {"value": "2026-01-16T09:00"}),
        ("sites", {"sites": "jinr-t1, IN2P3-CC"}),
        ("notified-site", {"site": "IN2P3-CC"}),
        ("cc", {"address": "second@example.org"}),
        ("reference", {"number": f"#{other.pk}"}),
        ("assign", {"person": cast.boris.pk}),
        ("involve", {"person": cast.carla.pk}),
        ("unit", {"unit": cast.in2p3_unit.pk, "reason": "Their storage"}),
    ]  # fmt: skip
    for what, fields in steps:
        shown = client.get(f"/tickets/{ticket.pk}/change/{what}/")
        assert shown.status_code == 200, what
        page = change(client, ticket, what, **fields)
        assert page.status_code == 302, (what, text_of(page))

    ticket.refresh_from_db()
    assert ticket.priority == Priority.TOP
    assert (ticket.next_step, ticket.next_step_by) == ("Ask the vendor", cast.boris)
    assert ticket.next_step_at.isoformat() == "2026-01-14T11:00:00+00:00"
    assert (ticket.vo, ticket.affects_whole_vo) == (cast.juno, True)
    assert (ticket.issue_type, ticket.category) == (kind, Category.SERVICE_REQUEST)
    assert ticket.subject == "A better subject"
    assert ticket.problem_at.isoformat() == "2026-01-11T08:00:00+00:00"
    assert ticket.eta_at.isoformat() == "2026-01-16T08:00:00+00:00"
    assert {site.name for site in ticket.affected_sites.all()} == {"JINR-T1", "IN2P3-CC"}
    assert ticket.notified_site == cast.in2p3
    assert ticket.carbon_copies.filter(address="second@example.org").exists()
    assert ticket.references_up.exists() or ticket.references_down.exists()
    assert set(ticket.people.values_list("user", "part")) == {(cast.carla.pk, "INVOLVED")}
    assert ticket.unit == cast.in2p3_unit


def test_the_submitter_can_change_only_the_sites(cast, client_of, ticket):
    client = client_of(cast.ada)

    assert change(client, ticket, "sites", sites="BEIJING-LCG2").status_code == 302
    refused = change(client, ticket, "priority", priority=4)

    assert refused.status_code == 403
    ticket.refresh_from_db()
    assert ticket.priority == Priority.LESS_URGENT
    assert [site.name for site in ticket.affected_sites.all()] == ["BEIJING-LCG2"]


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("sites", {"sites": "IN2P3-CX"}, "Did you mean IN2P3-CC"),
        ("reference", {"number": "999999"}, "There is no ticket #999999"),
        ("reference", {"number": "abc"}, "Give the number of a ticket"),
        ("cc", {"address": "nobody"}, "valid email"),
        ("subject", {"value": ""}, "required"),
        ("problem-at", {"value": ""}, "Say when the problem was"),
        ("eta", {"value": "soon"}, "Give a date and a time"),
        ("assign", {"person": "0"}, "Select a valid choice"),
    ],
)
def test_a_mistake_in_a_small_form_is_said_there(cast, client_of, ticket, what, fields, words):
    page = change(client_of(cast.boris), ticket, what, **fields)

    assert page.status_code == 422
    assert words in text_of(page)


def test_a_unit_without_reason_is_asked_for_one(cast, client_of, ticket):
    assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    other = make_unit(name="Other", members=(make_user(),))

    page = change(client_of(cast.boris), ticket, "unit", unit=other.pk)

    assert page.status_code == 422
    assert "Say why the ticket goes to another unit" in text_of(page)


def test_only_supporters_can_be_involved(cast, client_of, ticket):
    page = change(client_of(cast.boris), ticket, "involve", person=cast.eve.pk)

    assert page.status_code == 422
    assert not TicketPerson.objects.exists()


def test_a_small_form_in_a_dialog_tells_the_page_to_fetch_itself(cast, client_of, ticket):
    client = client_of(cast.boris)
    htmx = {"HX-Request": "true", "HX-Target": "change-body"}
    address = f"/tickets/{ticket.pk}/change/priority/"

    form = client.get(address, headers=htmx)
    done = client.post(address, {"priority": 4}, headers=htmx)

    assert "<html" not in text_of(form)
    assert (done.status_code, done["HX-Trigger"]) == (204, "ticket:changed")


def test_a_final_ticket_cannot_be_changed(cast, client_of, ticket):
    write(ticket=ticket, by=cast.boris, step="solve", code="FIXED", solution="New disk.")
    work.take_step(ticket=ticket, step="verify", by=cast.ada, at=AT)

    page = change(client_of(cast.boris), ticket, "priority", priority=4)

    assert page.status_code == 422
    assert "which is final" in text_of(page)


def test_release_people_and_remove_copies(cast, client_of, ticket):
    assign.assign_person(ticket=ticket, person=cast.boris, by=cast.carla, at=AT)
    client = client_of(cast.carla)

    client.post(
        f"/tickets/{ticket.pk}/people/remove/", {"person": cast.boris.pk, "part": "ASSIGNED"}
    )
    client.post(f"/tickets/{ticket.pk}/cc/remove/", {"address": "colleague@example.org"})

    assert not ticket.people.exists()
    assert not ticket.carbon_copies.exists()


# The submitter's


def test_escalation_in_three_steps_a_working_day_apart(cast, client_of, pages, ticket, clock_at):
    client = client_of(cast.ada)
    assert "to the support unit" in pages(cast.ada).context["escalation"]["words"]

    change(client, ticket, "escalate")
    early = change(client, ticket, "escalate")

    assert early.status_code == 422
    assert "The next escalation is possible one working day" in text_of(early)
    assert not pages(cast.ada).context["escalation"]["possible"]
    for day in (1, 2):
        clock_at(AT + timedelta(days=day))
        assert change(client_of(cast.ada), ticket, "escalate").status_code == 302
    ticket.refresh_from_db()
    assert ticket.escalation_level == 3
    assert "everybody there is" in pages(cast.ada).context["escalation"]["words"]


def test_a_supporter_does_not_escalate(cast, client_of, pages, ticket):
    assert pages(cast.boris).context["escalation"] is None
    assert change(client_of(cast.boris), ticket, "escalate").status_code == 422


def test_withdraw_then_reopen(cast, client_of, ticket):
    client = client_of(cast.ada)

    change(client, ticket, "withdraw", words="It was my proxy.")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.solution) == (Status.UNSOLVED, "It was my proxy.")
    reply(client, ticket, words="No, it was not.", step="reopen")

    ticket.refresh_from_db()
    assert ticket.status == Status.REOPENED


# Redaction


def test_an_entry_is_redacted_after_a_question(cast, client_of, pages, ticket):
    entry = write(ticket=ticket, by=cast.ada, words="My password is tulip42")
    client, address = client_of(cast.boris), f"/tickets/{ticket.pk}/redact/entry/"

    question = client.get(f"{address}{entry.pk}/")
    assert "Nobody can bring it back" in text_of(question)
    missing = client.post(f"{address}{entry.pk}/", {"why": ""})
    assert missing.status_code == 422
    done = client.post(f"{address}{entry.pk}/", {"why": "a password"})

    text = text_of(pages(cast.ada))
    assert done.status_code == 302
    assert "tulip42" not in text
    assert "took an entry out" in text
    assert "a password" in text


@pytest.mark.parametrize("part", ["subject", "description"])
def test_parts_of_the_ticket_can_be_redacted(cast, client_of, pages, ticket, part):
    client_of(cast.boris).post(f"/tickets/{ticket.pk}/redact/{part}/", {"why": "a name"})

    before = {"subject": "Transfers to IN2P3-CC fail", "description": "timeout"}[part]
    assert before not in text_of(pages(cast.ada))


def test_the_submitter_does_not_redact(cast, client_of, ticket):
    entry = write(ticket=ticket, by=cast.ada, words="My password is tulip42")

    page = client_of(cast.ada).post(
        f"/tickets/{ticket.pk}/redact/entry/{entry.pk}/", {"why": "oops"}, follow=True
    )

    assert page.status_code == 403
    entry.refresh_from_db()
    assert "tulip42" in entry.text


def test_entries_of_other_tickets_are_not_redacted_here(cast, client_of, ticket):
    other = make_ticket(by=cast.eve)
    entry = write(ticket=other, by=cast.eve)

    page = client_of(cast.boris).get(f"/tickets/{ticket.pk}/redact/entry/{entry.pk}/")

    assert page.status_code == 404


# Then


def test_the_context_of_the_submission_is_shown_with_its_age(cast, pages, ticket):
    assert "is being looked up" in text_of(pages(cast.ada))

    context.attach_context(ticket=ticket, at=AT)

    text = text_of(pages(cast.ada))
    assert "GOCDB has not been read yet" in text
    assert "No downtime is declared" not in text, "unknown is never fine"


# Odd input


@pytest.mark.parametrize(
    "path",
    [
        "tickets/{huge}/",
        "tickets/{huge}/now/",
        "tickets/{huge}/since/0/",
        "tickets/{ticket}/change/nothing/",
        "tickets/{ticket}/redact/nothing/",
        "tickets/{ticket}/redact/entry/{huge}/",
    ],
)
def test_addresses_that_lead_nowhere(cast, client_of, ticket, path):
    page = client_of(cast.boris).get("/" + path.format(huge=10**30, ticket=ticket.pk))

    assert page.status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "x"},
        {"seen": "x"},
        {"side": "secret"},
        {"step": "explode"},
        {"step": "solve", "code": "x"},
        {"step": "hold", "until": "0001-01-01T00:00", "reason": "x"},
        {"words": "\0"},
    ],
)
def test_nonsense_in_the_composer_is_no_crash(cast, client_of, ticket, fields):
    assert reply(client_of(cast.boris), ticket, **fields).status_code == 422
    assert not DiaryEntry.objects.exists()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("people/remove/", {"person": "9" * 30, "part": "x"}),
        ("people/remove/", {}),
        ("cc/remove/", {"address": "\0"}),
        ("change/reference/", {"number": "9" * 30}),
        ("change/unit/", {"unit": "9" * 30}),
        ("change/sites/", {"sites": "a\0, ;;"}),
        ("change/priority/", {"priority": "x", "seen": "9" * 30}),
        ("step/take/", {"seen": "9" * 30}),
    ],
)
def test_nonsense_in_a_small_form_is_no_crash(cast, client_of, ticket, path, fields):
    page = client_of(cast.boris).post(f"/tickets/{ticket.pk}/{path}", fields)

    assert page.status_code in (302, 404, 422)


def test_answers_end_somewhere_and_what_was_typed_stays(cast, client_of, clock_at, settings):
    clock_at(AT)
    settings.JUNO_ENTRIES_PER_HOUR = 2
    ticket = make_ticket(by=cast.ada)
    for _ in range(2):
        write(ticket=ticket, by=cast.ada, at=AT)

    answer = reply(client_of(cast.ada), ticket, words="once more")

    assert answer.status_code == 429
    assert "once more" in answer.content.decode()
    assert ticket.diary.count() == 2
