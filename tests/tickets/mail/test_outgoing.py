"""What actions on tickets send: real actions, real dispatch rows, mails in the outbox."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import override_settings

from juno_support.accounts.models import NotificationMode, User
from juno_support.lib import clock
from juno_support.outbox.models import Delivery
from supportunits.actions import mailing_list
from supportunits.models import IssueType, UnitKind
from tests import make
from tests.cast import Cast
from tests.make import AT, join_vo, make_user
from tests.tickets.make import assign_with_undo
from tickets import tasks
from tickets.actions import assign, diary, follow, redact, spam, submit, undo, work
from tickets.actions.team import submit_team_ticket
from tickets.mail import outgoing, words
from tickets.models import Consumer, Dispatch, HistoryEntry, Kind, Ticket, TicketType

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def later(clock_at: Callable[[datetime], None]) -> None:
    """Let every undo window have passed."""
    clock_at(AT + timedelta(hours=1))


def file_ticket(cast: Cast, **fields: Any) -> Ticket:
    values: dict[str, Any] = {
        "draft_id": uuid4(),
        "by": cast.ada,
        "at": AT,
        "subject": "Transfers to IN2P3-CC fail",
        "description": "FTS says: *no route to host*.",
        "affected_sites": [cast.in2p3],
        "vo": cast.juno,
    }
    return submit.submit_ticket(**(values | fields))


def mails() -> dict[str, Delivery]:
    """Act on what is due; return the mails that are new, by their readers."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    tasks.sweep_dispatches()
    new = list(Delivery.objects.exclude(pk__in=before).order_by("pk"))
    assert len({mail.to_address for mail in new}) == len(new), "one mail an address"
    return {mail.to_address.split("@")[0]: mail for mail in new}


def say(ticket: Ticket, by: User, text: str, *, is_public: bool = True, **more: Any) -> None:
    diary.add_entry(
        ticket=ticket,
        words=text,
        is_public=is_public,
        submission_key=uuid4(),
        by=by,
        at=more.pop("at", AT + timedelta(minutes=5)),
        **more,
    )


def test_filing_confirms_and_tells_tpm(cast: Cast) -> None:
    ticket = file_ticket(
        cast,
        carbon_copies=["copy@example.org"],
        on_behalf_of_name="Wu Wei",
        on_behalf_of_email="wu@example.org",
    )
    sent = mails()
    assert set(sent) == {"ada", "wu", "copy", "carla", "tpm-list"}
    mine = sent["ada"]
    assert mine.subject == f"[JUNO #{ticket.pk}] Transfers to IN2P3-CC fail"
    assert mine.body.startswith("Status: new\n")
    # Ada's local time, and UTC beside it
    assert "was filed, 12 Jan 2026, 16:30 CST (08:30 UTC)." in mine.body
    assert "    FTS says: *no route to host*.\n" in mine.body
    assert f"/tickets/{ticket.pk}/\n" in mine.body
    assert mine.body.rstrip().endswith("JUNO Support")
    assert "You get this because you filed this ticket." in mine.body
    assert "you are a member of TPM" in sent["carla"].body
    assert "this address is the mailing list of TPM" in sent["tpm-list"].body
    assert "Ada Liang filed this ticket on behalf of Wu Wei" in sent["carla"].body
    assert mine.headers == {
        "References": f"<ticket-{ticket.pk}@localhost>",
        "Reply-To": "support@localhost",
        "X-JUNO-Ticket": str(ticket.pk),
        "X-JUNO-Status": "NEW",
    }


def test_later_mails_join_the_thread(cast: Cast) -> None:
    ticket = file_ticket(cast)
    first = mails()["ada"]
    say(ticket, cast.carla, "Which file?")
    second = mails()["ada"]
    assert second.subject == first.subject
    assert second.headers["References"] == first.headers["References"]
    assert second.headers["In-Reply-To"] == first.headers["References"]
    assert second.message_id != first.message_id
    assert second.headers["X-JUNO-Status"] == "IN_PROGRESS"
    assert second.body.startswith("Status: in progress\n")


def test_a_notified_site_hears_once_also_where_its_contact_is_its_units_list(cast: Cast) -> None:
    cast.in2p3.contact_email = "noc@in2p3.example.org, ops@in2p3.example.org"
    cast.in2p3.save()
    cast.in2p3_unit.mailing_list = "OPS@in2p3.example.org"
    cast.in2p3_unit.save()
    file_ticket(cast, notified_site=cast.in2p3)
    sent = mails()
    assert set(sent) == {"ada", "boris", "OPS", "noc"}
    # the site's local time
    assert "12 Jan 2026, 09:30 CET (08:30 UTC)" in sent["noc"].body
    assert "this address is the contact of IN2P3-CC" in sent["noc"].body


def test_an_answer_and_its_step_are_one_mail(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    say(
        ticket,
        cast.carla,
        "The firewall is repaired.",
        step="solve",
        solution="Rule 7 was wrong.",
        code="FIXED",
    )
    assert HistoryEntry.objects.filter(ticket=ticket, happened_at__gt=AT).count() >= 2
    sent = mails()
    assert set(sent) == {"ada", "tpm-list"}
    body = sent["ada"].body
    assert body.startswith("Status: solved\n")
    assert body.index("The firewall is repaired.") < body.index("Rule 7 was wrong.")
    assert "Carla Rossi: solved (fixed)" in body
    assert "verify it on the ticket's page" in body
    assert "verify it on the ticket's page" not in sent["tpm-list"].body
    assert sent["ada"].kind == Kind.STATUS_CHANGED


def test_the_submitters_answer_and_the_step_of_the_system_are_one_mail(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    say(ticket, cast.carla, "Which file?", step="ask")
    sent = mails()
    assert "needs an answer from you" in sent["ada"].body
    say(ticket, cast.ada, "All of them.", at=AT + timedelta(minutes=9))
    sent = mails()
    assert set(sent) == {"carla", "tpm-list"}
    assert "All of them." in sent["carla"].body
    assert "waiting for reply → in progress" in sent["carla"].body


def test_two_actions_are_two_mails(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    say(ticket, cast.carla, "One.", at=AT + timedelta(minutes=1))
    say(ticket, cast.carla, "Two.", at=AT + timedelta(minutes=2))
    tasks.sweep_dispatches()
    assert Delivery.objects.filter(to_address=cast.ada.email).count() == 3


def test_an_internal_note_goes_to_supporters_and_says_nothing_to_open_lists(cast: Cast) -> None:
    ticket = file_ticket(cast, carbon_copies=["copy@example.org"])
    mails()
    follow.subscribe(ticket=ticket, by=cast.dmitri)
    assign.involve(ticket=ticket, person=cast.boris, by=cast.carla, at=AT)
    mails()
    upload = SimpleUploadedFile("passwords.txt", b"x", "text/plain")
    say(ticket, cast.carla, "Their admin is asleep.", is_public=False, uploads=[upload])
    sent = mails()
    assert set(sent) == {"boris", "tpm-list"}
    assert "Their admin is asleep." in sent["boris"].body
    assert "passwords.txt" in sent["boris"].body
    assert "for supporters only" in sent["boris"].body
    listed = sent["tpm-list"].body
    assert "There is an internal note" in listed
    assert "asleep" not in listed and "passwords.txt" not in listed and "Carla" not in listed


def test_a_desk_action_waits_for_undo_and_is_never_told_when_undone(
    cast: Cast, clock_at: Callable[[datetime], None]
) -> None:
    ticket = file_ticket(cast)
    clock_at(AT)
    mails()
    window = assign_with_undo(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    assert mails() == {}, "the window is open"
    undo.undo(window=window, by=cast.carla, at=AT + timedelta(seconds=5))
    clock_at(AT + timedelta(seconds=11))
    assert mails() == {}

    again = AT + timedelta(minutes=1)
    assign_with_undo(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=again)
    clock_at(again + timedelta(seconds=11))
    sent = mails()
    assert set(sent) == {"ada", "boris", "in2p3-cc-list"}
    # the unit has never seen the ticket; the submitter has
    assert "no route to host" in sent["boris"].body
    assert "no route to host" not in sent["ada"].body


def test_nobody_hears_of_what_is_discarded_as_spam(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    spam.discard(ticket=ticket, by=cast.carla, at=AT)
    diary.add_entry(
        ticket=ticket,
        words="Buy more!",
        is_public=True,
        submission_key=uuid4(),
        by=cast.ada,
        at=AT,
    )
    assert mails() == {}

    spam.recover(ticket=ticket, by=cast.carla, at=AT)
    assert mails() == {}


def test_the_reason_of_a_reassignment_is_for_supporters(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    mails()
    assign.return_to_tpm(
        ticket=ticket, reason="The user is confused.", by=cast.boris, at=AT + timedelta(hours=1)
    )
    sent = mails()
    assert "The user is confused." in sent["carla"].body
    assert "confused" not in sent["ada"].body and "confused" not in sent["tpm-list"].body
    assert "gave the ticket to TPM" in sent["ada"].body


def test_type_security_leaves_no_word(cast: Cast) -> None:
    csirt = make.make_user(username="vera")
    make.make_unit(kind=UnitKind.SECURITY, members=(csirt,))
    kind = IssueType.objects.create(name="Security break", ggus_value="Security", is_security=True)
    ticket = file_ticket(cast, issue_type=kind, carbon_copies=["copy@example.org"])
    assert ticket.is_restricted
    say(ticket, csirt, "Revoke the certificate.", at=AT + timedelta(minutes=1))
    say(ticket, csirt, "It was Eve.", is_public=False, at=AT + timedelta(minutes=2))
    tasks.sweep_dispatches()
    rows = Delivery.objects.all()
    assert {row.to_address for row in rows} == {cast.ada.email, csirt.email}
    for row in rows:
        assert row.subject == f"[JUNO #{ticket.pk}] Security ticket"
        for word in ("Transfers", "route", "Revoke", "Eve", "IN2P3", "copy", "Liang"):
            assert word not in row.body
        assert f"/tickets/{ticket.pk}/" in row.body


def test_who_may_no_longer_read_hears_nothing(cast: Cast) -> None:
    member = make.make_user(username="mei")
    make.join_vo(vo=cast.juno, user=member)
    ticket = file_ticket(cast)
    follow.subscribe(ticket=ticket, by=member)
    assert "mei" in mails()
    work.change_field(ticket=ticket, field="vo", value=None, by=cast.carla, at=AT)
    sent = mails()
    assert "mei" not in sent
    assert "changed concerned VO" in sent["ada"].body and "juno → nothing" in sent["ada"].body


def test_somebody_who_left_hears_nothing(cast: Cast) -> None:
    file_ticket(cast)
    User.objects.filter(pk__in=[cast.ada.pk, cast.carla.pk]).update(is_active=False)
    assert set(mails()) == {"tpm-list"}


def test_in_the_mode_solution_only(cast: Cast) -> None:
    ticket = file_ticket(cast, notification_mode=NotificationMode.SOLUTION_ONLY)
    assert "when it is solved" in mails()["ada"].body
    work.set_priority(ticket=ticket, priority=3, by=cast.carla, at=AT)
    assert "ada" not in mails()
    say(ticket, cast.carla, "Almost.")
    assert "ada" in mails()


def test_escalation_names_its_step(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    work.escalate(ticket=ticket, by=cast.ada, at=AT)
    assert "(step 1 of 3)" in mails()["carla"].body


def test_next_step_and_hold_and_field(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    due = AT + timedelta(days=1)
    work.set_next_step(
        ticket=ticket, what="Ask the NREN", person=cast.boris, due_at=due, by=cast.carla, at=AT
    )
    sent = mails()
    assert "the next step is yours" in sent["boris"].body
    assert "Until 13 Jan 2026, 09:30 CET (08:30 UTC)" in sent["boris"].body
    work.take_step(
        ticket=ticket, step="hold", reason="Waiting for a disk", until=due, by=cast.carla, at=AT
    )
    assert "Reason: Waiting for a disk" in mails()["ada"].body
    work.set_affected_sites(ticket=ticket, sites=[cast.beijing], by=cast.carla, at=AT)
    assert "IN2P3-CC → BEIJING-LCG2" in mails()["ada"].body


def test_others_addresses_stand_in_no_mail_to_who_may_not_see_them(cast: Cast) -> None:
    ticket = file_ticket(
        cast,
        carbon_copies=["copy@example.org"],
        on_behalf_of_name="Wu Wei",
        on_behalf_of_email="wu@example.org",
        notified_site=cast.in2p3,
    )
    assign.assign_person(ticket=ticket, person=cast.boris, by=cast.boris, at=AT)
    say(ticket, cast.boris, "We look.", at=AT + timedelta(minutes=1))
    work.take_step(
        ticket=ticket, step="solve", solution="Done.", code="FIXED", by=cast.boris, at=AT
    )
    tasks.sweep_dispatches()
    everybody = set(Delivery.objects.values_list("to_address", flat=True))
    assert len(everybody) >= 5
    for row in Delivery.objects.all():
        for address in everybody:
            assert address not in row.body, row.to_address
            assert address not in str(row.headers)


def test_texts_are_plain_and_cannot_pass_for_the_portals_words(cast: Cast) -> None:
    ticket = file_ticket(
        cast,
        subject="a & b <c> \u202edesrever",
        description="5 < 6 & 7\nStatus: solved\n-- \nYou get this because",
    )
    body = mails()["ada"].body
    assert "    5 < 6 & 7\n    Status: solved\n    --\n    You get this because" in body
    assert "&amp;" not in body and "\u202e" not in body
    assert f"#{ticket.pk} a & b <c> ⟨RLO⟩desrever" in body


def test_a_long_text_is_cut_and_says_so(cast: Cast) -> None:
    file_ticket(cast, description="x" * 30_000)
    body = mails()["ada"].body
    assert len(body) < 22_000
    assert "[the rest stands on the ticket's page]" in body


@pytest.mark.parametrize(
    ("type", "named"), [(TicketType.TEAM, "TEAM Ticket"), (TicketType.ALARM, "ALARM Ticket")]
)
def test_subjects_name_team_and_alarm_tickets(cast: Cast, type: str, named: str) -> None:
    ticket = file_ticket(cast)
    Ticket.objects.filter(pk=ticket.pk).update(type=type)
    assert mails()["ada"].subject == f"[JUNO #{ticket.pk}] {named}: Transfers to IN2P3-CC fail"


def test_a_team_ticket_is_told_to_the_site_and_to_every_shifter(cast: Cast) -> None:
    quentin, rosa = make_user(username="quentin"), make_user(username="rosa")
    left = make_user(username="left", is_active=False)
    for person in (quentin, rosa, left):
        join_vo(vo=cast.juno, user=person, is_shifter=True)
    cast.juno.mou_areas = ["Networking"]
    cast.juno.save()
    ticket = submit_team_ticket(
        draft_id=uuid4(),
        by=quentin,
        at=AT,
        vo=cast.juno,
        notified_site=cast.in2p3,
        mou_area="Networking",
        subject="No transfers",
        description="None.",
    )
    sent = mails()
    unit_and_site = {"boris", "in2p3-cc-list", "contact"}
    assert set(sent) == {"quentin", "rosa"} | unit_and_site
    assert {mail.subject for mail in sent.values()} == {
        f"[JUNO #{ticket.pk}] TEAM Ticket: No transfers"
    }
    assert "you are a shifter of juno" in sent["rosa"].body
    assert "MoU area: Networking" in sent["contact"].body

    say(ticket, cast.boris, "Which ones?", step="ask")
    asked = mails()
    assert "needs an answer from you" in asked["rosa"].body
    assert "needs an answer from you" in asked["quentin"].body
    say(ticket, rosa, "All.", at=AT + timedelta(minutes=9))
    answered = mails()
    assert set(answered) == {"quentin", "boris", "in2p3-cc-list"}
    work.take_step(
        ticket=ticket,
        step="solve",
        solution="Done.",
        code="FIXED",
        by=cast.boris,
        at=AT + timedelta(minutes=10),
    )
    solved = mails()
    assert "verify it on the ticket's page" in solved["rosa"].body


@override_settings(JUNO_MAIL_TAG="SUPPORT")
def test_the_tag_is_the_instances(cast: Cast) -> None:
    ticket = file_ticket(cast)
    assert mails()["ada"].subject.startswith(f"[SUPPORT #{ticket.pk}] ")


def test_redaction_reaches_mails_that_wait(cast: Cast) -> None:
    ticket = file_ticket(cast, description="my password is hunter2")
    mails()
    redact.redact_description(ticket=ticket, by=cast.carla, at=AT, why="password")
    assert not Delivery.objects.filter(body__contains="hunter2").exists()


def test_a_failure_leaves_nothing_and_is_tried_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, clock_at: Callable[[datetime], None]
) -> None:
    file_ticket(cast)
    with monkeypatch.context() as broken:
        broken.setattr(words, "body", lambda *_: 1 / 0)
        assert mails() == {}
    dispatch = Dispatch.objects.get(consumer=Consumer.MAIL)
    assert dispatch.done_at is None and "ZeroDivisionError" in dispatch.error
    clock_at(dispatch.not_before + timedelta(seconds=1))
    assert "ada" in mails()


def test_two_actions_at_the_same_microsecond_lose_nothing(cast: Cast) -> None:
    ticket = file_ticket(cast)
    mails()
    work.set_priority(ticket=ticket, priority=3, by=cast.carla, at=AT)
    assert "urgent" in mails()["ada"].body
    work.set_priority(ticket=ticket, priority=4, by=cast.carla, at=AT)
    assert "very urgent → top priority" in mails()["ada"].body


def test_the_same_dispatch_twice_is_told_once(cast: Cast) -> None:
    file_ticket(cast)
    count = len(mails())
    for dispatch in Dispatch.objects.filter(consumer=Consumer.MAIL):
        outgoing.handle(dispatch)
        # as if the mark had been lost, but not what was written
        Dispatch.objects.update(done_at=None)
        outgoing.handle(dispatch)
    assert Delivery.objects.count() == count


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_two_entries_of_one_action_send_one_mail(cast: Cast) -> None:
    ticket = file_ticket(cast)
    tasks.sweep_dispatches()
    Delivery.objects.all().delete()
    moment = AT + timedelta(minutes=5)
    with transaction.atomic():
        say(ticket, cast.carla, "Done.", step="solve", solution="It works.", code="FIXED")
        # Keep eager tasks from acting at the commit: the workers below are to meet.
        HistoryEntry.objects.filter(ticket=ticket).count()
        connection.run_on_commit.clear()
    waiting = list(
        Dispatch.objects.filter(entry__happened_at=moment, consumer=Consumer.MAIL, done_at=None)
    )
    assert len(waiting) == 2
    both_have_theirs = threading.Barrier(2, timeout=60)
    errors: list[Exception] = []

    def work_on(dispatch_id: int) -> None:
        try:
            with transaction.atomic():
                mine = Dispatch.objects.select_for_update(of=("self",)).get(pk=dispatch_id)
                both_have_theirs.wait()
                outgoing.handle(mine)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work_on, args=(row.pk,)) for row in waiting]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    to_ada = Delivery.objects.get(to_address=cast.ada.email)
    assert "Done." in to_ada.body and "It works." in to_ada.body
    assert not Dispatch.objects.filter(done_at=None, consumer=Consumer.MAIL).exists()
    assert clock.now() > AT


def test_its_questions_are_bounded(cast: Cast, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    members = tuple(make.make_user() for _ in range(20))
    unit = make.make_unit(name="Large", members=members)
    file_ticket(cast, unit=unit)
    dispatch = Dispatch.objects.get(consumer=Consumer.MAIL)
    with django_assert_max_num_queries(35):
        outgoing.handle(dispatch)
    assert Delivery.objects.count() == 22


def test_where_a_list_fails_its_members_hear_one_by_one(cast: Cast) -> None:
    for _ in range(3):
        mailing_list.note_bounce(unit=cast.in2p3_unit, address="in2p3-cc-list@example.org", at=AT)
    mails()
    file_ticket(cast, notified_site=cast.in2p3)
    sent = mails()
    assert "boris" in sent
    assert "in2p3-cc-list" not in sent
