"""Filing tickets: where they go, what is refused, and that nothing is filed twice."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from juno_support.errors import NotAcceptable
from supportunits.models import SupportUnit, UnitKind, UnitState
from tests.make import (
    AT,
    make_issue_type,
    make_site,
    make_site_unit,
    make_unit,
    make_user,
    make_vo_site,
)
from tests.tickets.make import make_ticket
from tickets.actions import files, submit
from tickets.models import Draft, HistoryEntry, Priority, StatusInterval, Ticket
from tickets.workflow import Status


def test_a_ticket_goes_to_tpm_with_its_history_and_waits_for_mail_context_and_rules(cast):
    ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])

    entry = HistoryEntry.objects.get(ticket=ticket)
    assert (ticket.unit, ticket.status, ticket.is_restricted) == (cast.tpm, Status.NEW, False)
    assert entry.kind == "ticket.submitted"
    assert sorted(entry.dispatches.values_list("consumer", flat=True)) == [
        "context",
        "mail",
        "routing",
    ]
    assert Ticket.objects.get(pk=ticket.pk).last_entry_id == entry.pk
    interval = StatusInterval.objects.get(ticket=ticket)
    assert (interval.status, interval.unit, interval.ends_at) == (Status.NEW, cast.tpm, None)


def test_the_same_draft_twice_gives_one_ticket(cast):
    draft_id = uuid.uuid4()

    first = make_ticket(by=cast.ada, draft_id=draft_id)
    second = make_ticket(by=cast.ada, draft_id=draft_id, subject="Sent again")

    assert first == second
    assert Ticket.objects.count() == 1
    assert HistoryEntry.objects.count() == 1


def test_somebody_elses_draft_is_not_filed(cast):
    draft_id = uuid.uuid4()
    make_ticket(by=cast.ada, draft_id=draft_id)

    with pytest.raises(NotAcceptable, match="somebody else"):
        make_ticket(by=cast.eve, draft_id=draft_id)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_give_one_ticket():
    make_unit(kind="TPM")
    person = make_user()
    draft_id = uuid.uuid4()
    found = []

    def click():
        try:
            found.append(make_ticket(by=person, draft_id=draft_id).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_notified_site_gets_it_at_once(cast):
    ticket = make_ticket(by=cast.ada, notified_site=cast.in2p3)

    assert (ticket.unit, ticket.status) == (cast.in2p3_unit, Status.ASSIGNED)
    assert ticket.assigned_at == AT


def test_a_site_without_unit_falls_back_to_tpm_and_is_new(cast):
    ticket = make_ticket(by=cast.ada, notified_site=cast.beijing)

    assert (ticket.unit, ticket.status) == (cast.tpm, Status.NEW)


def test_both_site_and_unit_are_an_error_at_the_field(cast):
    with pytest.raises(NotAcceptable) as error:
        make_ticket(by=cast.ada, notified_site=cast.in2p3, unit=cast.in2p3_unit)

    assert error.value.field == "send_to"


def test_a_closed_unit_is_refused_in_words(cast):
    unit = make_unit(name="Old", state=UnitState.CLOSED)

    with pytest.raises(NotAcceptable, match="closed"):
        make_ticket(by=cast.ada, unit=unit)


def test_the_security_unit_gets_tickets_of_type_security_only(cast):
    csirt = SupportUnit.objects.get(kind=UnitKind.SECURITY)

    with pytest.raises(NotAcceptable, match="type Security") as error:
        make_ticket(by=cast.ada, unit=csirt)

    assert error.value.field == "send_to"
    kind = make_issue_type(name="Break-in", is_security=True)
    assert make_ticket(by=cast.ada, unit=csirt, issue_type=kind).is_restricted


@pytest.mark.parametrize(
    ("status", "is_refused"),
    [
        ("", False),
        ("Certified", False),
        ("Suspended", False),
        ("Uncertified", True),
        ("Closed", True),
    ],
)
def test_certification_decides_who_can_be_notified(cast, status, is_refused):
    site = make_site(name="SINP", certification_status=status)

    if is_refused:
        with pytest.raises(NotAcceptable):
            make_ticket(by=cast.ada, notified_site=site)
    else:
        assert make_ticket(by=cast.ada, notified_site=site).notified_site == site


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"certification_status": "Certified"}, ""),
        ({"certification_status": "Suspended"}, ""),
        ({"certification_status": "Uncertified"}, "not certified"),
        ({"certification_status": "Closed"}, "is closed: nobody there"),
        ({"certification_status": "Certified", "gone_at": AT}, "has left GOCDB"),
    ],
)
def test_the_unit_of_a_site_is_no_way_round_that(cast, fields, words):
    site = make_site(name="SINP", **fields)
    unit = make_site_unit(site=site)

    if words:
        with pytest.raises(NotAcceptable, match=words) as error:
            make_ticket(by=cast.ada, unit=unit)
        assert (error.value.field, bool(error.value.next_step)) == ("send_to", True)
    else:
        ticket = make_ticket(by=cast.ada, unit=unit)
        assert (ticket.unit, ticket.notified_site) == (unit, site)


def test_the_unit_of_a_site_in_commissioning_gets_tickets(cast):
    site = make_site(name="SINP", certification_status="Uncertified")
    make_vo_site(vo=cast.juno, site=site, is_in_commissioning=True, contact_email="a@example.org")
    unit = make_site_unit(site=site)

    assert make_ticket(by=cast.ada, unit=unit).notified_site == site


def test_an_uncertified_site_in_commissioning_can_be_notified(cast):
    site = make_site(name="SINP", certification_status="Uncertified")
    make_vo_site(vo=cast.juno, site=site, is_in_commissioning=True, contact_email="a@example.org")

    assert make_ticket(by=cast.ada, notified_site=site).notified_site == site


def test_security_is_restricted_and_goes_to_the_security_unit(cast):
    kind = make_issue_type(name="Break-in", is_security=True)

    ticket = make_ticket(by=cast.ada, issue_type=kind, unit=cast.in2p3_unit)

    assert ticket.is_restricted
    assert ticket.unit.kind == "SECURITY"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"subject": "  "}, "subject"),
        ({"subject": "x" * 251}, "subject"),
        ({"description": ""}, "description"),
        ({"description": "x" * (256 * 1024 + 1)}, "description"),
        ({"carbon_copies": ["no address"]}, "carbon_copies"),
        ({"carbon_copies": [f"a{n}@example.org" for n in range(21)]}, "carbon_copies"),
    ],
)
def test_what_cannot_be_accepted_names_its_field(cast, fields, field):
    with pytest.raises(NotAcceptable) as error:
        make_ticket(by=cast.ada, **fields)

    assert error.value.field == field
    assert not Ticket.objects.exists()


def test_hostile_words_are_kept_as_text(cast):
    ticket = make_ticket(
        by=cast.ada, subject="a\x00b\n<script>", description="<script>alert(1)</script>"
    )

    assert "\x00" not in ticket.subject
    assert "\n" not in ticket.subject
    assert "<script" not in ticket.description_html


def test_files_of_the_draft_become_files_of_the_ticket(cast):
    draft_id = uuid.uuid4()
    file = files.add_to_draft(
        draft_id=draft_id, upload=SimpleUploadedFile("pilot.log", b"exit 1"), by=cast.ada, at=AT
    )

    ticket = make_ticket(by=cast.ada, draft_id=draft_id)

    file.refresh_from_db()
    assert (file.ticket, file.draft, file.name) == (ticket, None, "pilot.log")
    assert not Draft.objects.exists()


def test_a_form_that_is_sent_again_leaves_its_file_once(cast):
    draft_id = uuid.uuid4()

    def send(content=b"exit 1"):
        files.add_to_draft(
            draft_id=draft_id, upload=SimpleUploadedFile("a.log", content), by=cast.ada, at=AT
        )

    send()
    send()
    send(b"exit 2")
    ticket = make_ticket(by=cast.ada, draft_id=draft_id)
    send()

    words = []
    for attachment in ticket.attachments.all():
        with attachment.file.open("rb") as file:
            words.append(file.read())
    assert sorted(words) == [b"exit 1", b"exit 2"]
    assert not Draft.objects.exists()


def test_a_filed_ticket_takes_no_further_file_or_draft(cast):
    draft_id = uuid.uuid4()
    make_ticket(by=cast.ada, draft_id=draft_id)

    with pytest.raises(files.FileRefused, match="filed already"):
        files.add_to_draft(
            draft_id=draft_id, upload=SimpleUploadedFile("a.log", b"late"), by=cast.ada, at=AT
        )
    with pytest.raises(NotAcceptable, match="filed already"):
        submit.save_draft(draft_id=draft_id, by=cast.ada, at=AT, data={"subject": "late"})
    assert not Draft.objects.exists()


def test_drafts_belong_to_their_owner(cast):
    draft = submit.save_draft(draft_id=uuid.uuid4(), by=cast.ada, at=AT, data={"subject": "a"})

    with pytest.raises(NotAcceptable):
        submit.save_draft(draft_id=draft.pk, by=cast.eve, at=AT, data={"subject": "b"})
    submit.discard_draft(draft_id=draft.pk, by=cast.eve)
    assert Draft.objects.get().data == {"subject": "a"}
    submit.discard_draft(draft_id=draft.pk, by=cast.ada)
    assert not Draft.objects.exists()


def test_the_priority_at_submission_is_kept(cast):
    ticket = make_ticket(by=cast.ada, priority=Priority.URGENT)

    assert ticket.submitted_priority == Priority.URGENT


def test_old_drafts_and_files_that_nothing_names_are_swept(cast, own_folders):
    submit.save_draft(draft_id=uuid.uuid4(), by=cast.ada, at=AT, data={})

    files.sweep_orphans(at=AT + timedelta(days=61))

    assert not Draft.objects.exists()


def test_cc_is_no_way_to_write_to_the_world(cast, monkeypatch):
    monkeypatch.setattr(submit, "MOST_COPIES_A_DAY", 3)
    make_ticket(by=cast.ada, carbon_copies=["a@example.org", "b@example.org"])

    with pytest.raises(NotAcceptable, match="within a day"):
        make_ticket(by=cast.ada, carbon_copies=["c@example.org", "d@example.org"])
    make_ticket(by=cast.boris, carbon_copies=[f"p{n}@example.org" for n in range(9)])
    make_ticket(
        by=cast.ada, at=AT + timedelta(days=1), carbon_copies=["c@example.org", "d@example.org"]
    )
