"""The incident switch with its effects (domain: section 5)."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from juno_support.outbox.models import Delivery
from supportunits.models import UnitKind
from tests.make import AT, join_vo, make_issue_type, make_unit, make_user, make_vo
from tests.tickets.alarms import clock_of, make_alarmer, raise_alarm
from tests.tickets.make import make_ticket, write
from tests.tickets.relations.make import fresh, make_tickets, solve, work_off
from tickets import policies, tasks
from tickets.actions import incident, redact, relations, work
from tickets.actions.hanging import CannotRelate
from tickets.actions.row import NotAllowed
from tickets.models import (
    Attachment,
    DiaryEntry,
    HistoryEntry,
    Incident,
    Kind,
    RelationKind,
    TicketRelation,
)
from tickets.workflow import Status, StepNotAllowed

LATER = AT + timedelta(hours=1)


@pytest.fixture
def storage(cast):
    """CNAF's storage is down: a ticket that is the incident."""
    ticket = make_ticket(by=cast.ada, subject="Storage down", unit=cast.in2p3_unit, vo=cast.juno)
    return incident.declare_incident(ticket=ticket, by=cast.boris, at=AT)


def _join(ticket, storage, by, at=AT):
    return incident.join_incident(ticket=ticket, incident=storage, by=by, at=at)


def _mails(at=LATER):
    """Act on all that is due, and return the addresses of new mails."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    work_off(at)
    tasks.sweep_dispatches()
    new = Delivery.objects.exclude(pk__in=before).order_by("to_address")
    return [mail.to_address.split("@")[0] for mail in new]


@pytest.fixture(autouse=True)
def later(clock_at):
    clock_at(LATER)


def test_one_key_declares_it_and_twice_is_once(cast, storage):
    incident.declare_incident(ticket=storage, by=cast.boris, at=AT)

    assert Incident.objects.get().ended_at is None
    assert HistoryEntry.objects.filter(kind=Kind.INCIDENT_DECLARED).count() == 1


@pytest.mark.parametrize("who", ["carla", "eve"])
def test_supporters_and_the_submitter_join(cast, storage, who):
    ticket = _join(make_ticket(by=cast.eve), storage, getattr(cast, who))

    assert (ticket.status, ticket.hold_until) == (Status.ON_HOLD, None)
    assert TicketRelation.objects.get().kind == RelationKind.JOINED


def test_one_update_answers_all_and_each_submitter_gets_one_mail(cast, storage):
    mine = make_tickets(3, by=cast.eve)
    others = [make_ticket(by=make_user(username=f"user{number}")) for number in range(3)]
    for ticket in [*mine, *others]:
        _join(ticket, storage, cast.carla)
    _mails()

    write(ticket=storage, by=cast.boris, words="A disk is being replaced.", at=LATER)
    told = _mails()

    assert len(told) == len(set(told))
    assert {"ada", "eve", "user0", "user1", "user2"} <= set(told)
    assert "carla" not in told, "whose unit has the joined tickets hears of the incident alone"
    for ticket in [*mine, *others]:
        assert DiaryEntry.objects.get(ticket=ticket).text == "A disk is being replaced."
    [mail] = Delivery.objects.filter(to_address__startswith="eve@", kind=Kind.PUBLIC_ENTRY)
    also = {ticket.pk for ticket in mine} - {mail.about_ticket}
    assert all(f"#{number}" in mail.body for number in also)
    assert f"ticket #{storage.pk}" in mail.body
    assert "Storage down" not in mail.body, "what its reader may not read"


def test_one_solution_solves_all_and_ends_the_incident(cast, storage):
    tickets = make_tickets(3, by=cast.eve)
    for ticket in tickets:
        _join(ticket, storage, cast.carla)
    _mails()
    solve(storage, by=cast.boris, at=LATER)
    told = _mails()

    assert {each.status for each in fresh(*tickets)} == {Status.SOLVED}
    assert {each.solution for each in fresh(*tickets)} == {"The disk was replaced."}
    assert told.count("eve") == 1
    assert Incident.objects.get().ended_at == LATER


def test_an_answer_with_the_solution_is_one_mail(cast, storage):
    _join(make_ticket(by=cast.eve), storage, cast.carla)
    _mails()
    write(
        ticket=storage,
        by=cast.boris,
        words="Replaced.",
        at=LATER,
        step="solve",
        solution="Replaced.",
        code="FIXED",
    )

    assert _mails().count("eve") == 1


def test_the_end_lets_all_go_and_the_unit_hears_once(cast, storage):
    tickets = [make_ticket(by=cast.eve, unit=cast.in2p3_unit) for _each in range(4)]
    for ticket in tickets:
        _join(ticket, storage, cast.carla)
    duplicate = relations.mark_duplicate(
        ticket=make_ticket(by=cast.eve), master=storage, by=cast.carla, at=AT
    )
    _mails()
    incident.end_incident(ticket=storage, by=cast.boris, at=LATER)
    told = _mails()

    assert {each.status for each in fresh(*tickets)} == {Status.IN_PROGRESS}
    assert fresh(duplicate)[0].status == Status.ON_HOLD, "a duplicate stays one"
    assert told.count("boris") == told.count("eve") == 1
    with pytest.raises(CannotRelate, match="no running incident"):
        incident.end_incident(ticket=storage, by=cast.boris, at=LATER)


def test_one_can_leave(cast, storage):
    stays, leaves = make_tickets(2, by=cast.eve)
    for ticket in (stays, leaves):
        _join(ticket, storage, cast.carla)
    leaves = incident.leave_incident(ticket=leaves, by=cast.eve, at=LATER)
    solve(storage, by=cast.boris, at=LATER)
    work_off(LATER)

    assert [each.status for each in fresh(stays, leaves)] == [Status.SOLVED, Status.IN_PROGRESS]


def test_who_left_before_a_worker_came_hears_nothing(cast, storage):
    ticket = _join(make_ticket(by=cast.eve), storage, cast.carla)
    write(ticket=storage, by=cast.boris, words="Not for you.", at=LATER)
    incident.leave_incident(ticket=ticket, by=cast.eve, at=LATER)
    work_off(LATER)

    assert not DiaryEntry.objects.filter(ticket=ticket).exists()


@pytest.mark.parametrize("who", ["ada", "eve", "dmitri"])
def test_only_supporters_declare_and_end(cast, storage, who):
    person = getattr(cast, who)

    with pytest.raises(NotAllowed):
        incident.declare_incident(ticket=make_ticket(by=cast.ada), by=person, at=AT)
    with pytest.raises(NotAllowed):
        incident.end_incident(ticket=storage, by=person, at=AT)
    with pytest.raises(NotAllowed):
        _join(make_ticket(by=cast.boris), storage, person)


def test_restricted_tickets_take_no_part(cast, storage, roles_of_security):
    secret, csirt = roles_of_security

    with pytest.raises(CannotRelate, match="Security"):
        incident.declare_incident(ticket=secret, by=csirt, at=AT)
    with pytest.raises(CannotRelate, match="Security"):
        _join(secret, storage, csirt)


@pytest.fixture
def roles_of_security(cast):
    csirt = make_user(username="csirt")
    make_unit(kind=UnitKind.SECURITY, members=(csirt,))
    kind = make_issue_type(name="Break-in", is_security=True)
    return make_ticket(by=cast.eve, issue_type=kind), csirt


def test_what_cannot_be_an_incident_or_join_is_said(cast, storage):
    joined = _join(make_ticket(by=cast.eve), storage, cast.carla)
    plain = make_ticket(by=cast.eve)

    with pytest.raises(CannotRelate, match="follows"):
        incident.declare_incident(ticket=joined, by=cast.carla, at=AT)
    with pytest.raises(CannotRelate, match="no running incident"):
        _join(make_ticket(by=cast.eve), plain, cast.carla)
    with pytest.raises(CannotRelate, match="is the incident"):
        other = incident.declare_incident(ticket=plain, by=cast.carla, at=AT)
        _join(other, storage, cast.carla)
    solve(storage, by=cast.boris)
    with pytest.raises(CannotRelate, match="no running incident"):
        _join(make_ticket(by=cast.eve), storage, cast.carla)
    with pytest.raises(StepNotAllowed):
        incident.declare_incident(ticket=storage, by=cast.boris, at=AT)


def test_a_reopened_ticket_can_be_declared_again(cast, storage):
    solve(storage, by=cast.boris)
    work.take_step(ticket=storage, step="reopen", by=cast.ada, at=LATER, comment="Down again.")
    assert Incident.objects.get().ended_at is not None
    incident.declare_incident(ticket=storage, by=cast.carla, at=LATER)

    found = Incident.objects.get()
    assert (found.ended_at, found.declared_by) == (None, cast.carla)


def test_what_is_redacted_there_is_gone_everywhere(cast, storage):
    ticket = _join(make_ticket(by=cast.eve), storage, cast.carla)
    duplicate = make_ticket(by=cast.eve)
    relations.mark_duplicate(ticket=duplicate, master=ticket, by=cast.carla, at=AT)
    entry = write(ticket=storage, by=cast.boris, words="The password is hunter2.")
    solve(storage, by=cast.boris, solution="The password is hunter2.")
    work_off()
    tasks.sweep_dispatches()
    assert DiaryEntry.objects.filter(text__contains="hunter2").count() >= 3
    redact.redact_entry(entry=entry, by=cast.carla, at=LATER, why="A password.")

    assert not DiaryEntry.objects.filter(text__contains="hunter2").exists()
    assert not [each for each in fresh(storage, ticket, duplicate) if "hunter2" in each.solution]
    work_off(LATER)
    assert not Delivery.objects.filter(body__contains="hunter2").exists()
    assert HistoryEntry.objects.filter(ticket=duplicate, kind=Kind.REDACTED).count() == 1


def test_a_member_of_another_vo_who_joined_reads_the_update_and_not_the_ticket(cast, storage):
    other = make_user(username="other")
    join_vo(vo=make_vo(name="belle"), user=other)
    ticket = _join(make_ticket(by=other), storage, other)
    write(ticket=storage, by=cast.boris, words="Being repaired.", at=LATER)
    work_off(LATER)

    assert DiaryEntry.objects.get(ticket=ticket).is_public
    assert policies.reads(ticket, other) == policies.Reading.PUBLIC
    assert policies.reads(storage, other) == policies.Reading.OUTLINE


def _png(name="plot.png"):
    return SimpleUploadedFile(name, b"picture of the disk")


def test_the_files_of_an_update_go_along_and_open_for_who_reads_there(cast, storage, client_of):
    other = make_user(username="other")
    ticket = _join(make_ticket(by=other), storage, other)
    duplicate = make_ticket(by=cast.eve)
    relations.mark_duplicate(ticket=duplicate, master=ticket, by=cast.carla, at=AT)
    write(ticket=storage, by=cast.boris, words="See the plot.", uploads=[_png()])
    write(ticket=storage, by=cast.boris, is_public=False, uploads=[_png("internal.png")])
    work_off(LATER)
    work_off(LATER)

    for reader, own in ((other, ticket), (cast.eve, duplicate)):
        file = Attachment.objects.get(ticket=own)
        assert (file.name, file.entry.ticket, file.is_public) == ("plot.png", own, True)
        page = client_of(reader).get(f"/tickets/{own.pk}/").content.decode()
        assert f"/files/{file.pk}/" in page
        answer = client_of(reader).get(f"/files/{file.pk}/")
        assert b"".join(answer.streaming_content) == b"picture of the disk"
        origin = Attachment.objects.get(ticket=storage, name="plot.png")
        assert client_of(reader).get(f"/files/{origin.pk}/").status_code == 404
    copy = Attachment.objects.get(ticket=duplicate)
    assert client_of(other).get(f"/files/{copy.pk}/").status_code == 404
    tasks.sweep_dispatches()
    mail = Delivery.objects.filter(about_ticket=ticket.pk, to_address=other.email).latest("pk")
    assert "plot.png" in mail.body


def test_a_file_that_is_redacted_there_is_gone_everywhere(
    cast, storage, django_capture_on_commit_callbacks
):
    _join(make_ticket(by=cast.eve), storage, cast.carla)
    write(ticket=storage, by=cast.boris, words="See the log.", uploads=[_png("secret.log")])
    work_off(LATER)
    origin = Attachment.objects.get(ticket=storage)
    stored = origin.file.name

    with django_capture_on_commit_callbacks(execute=True):
        redact.redact_attachment(attachment=origin, by=cast.boris, at=LATER, why="A password.")

    assert not default_storage.exists(stored)
    assert not Attachment.objects.filter(redacted_at=None).exists()
    assert not Attachment.objects.filter(name="secret.log").exists()


def test_a_file_that_is_redacted_where_it_came_to_stays_where_it_came_from(
    cast, storage, django_capture_on_commit_callbacks
):
    ticket = _join(make_ticket(by=cast.eve), storage, cast.carla)
    write(ticket=storage, by=cast.boris, words="See the plot.", uploads=[_png()])
    work_off(LATER)
    origin, copy = Attachment.objects.get(ticket=storage), Attachment.objects.get(ticket=ticket)

    with django_capture_on_commit_callbacks(execute=True):
        redact.redact_attachment(attachment=copy, by=cast.boris, at=LATER, why="Not ours.")

    origin.refresh_from_db()
    copy.refresh_from_db()
    assert (origin.redacted_at, copy.redacted_at) == (None, LATER)
    assert default_storage.exists(origin.file.name)


def test_who_takes_out_what_came_from_another_ticket_is_told_where_it_stays(
    cast, storage, client_of
):
    ticket = _join(make_ticket(by=cast.eve), storage, cast.carla)
    duplicate = make_ticket(by=cast.eve)
    relations.mark_duplicate(ticket=duplicate, master=ticket, by=cast.carla, at=AT)
    entry = write(ticket=storage, by=cast.boris, words="See the plot.", uploads=[_png()])
    work_off(LATER)
    work_off(LATER)
    client = client_of(cast.boris)

    def words(own, what, model):
        row = model.objects.get(ticket=own.pk)
        page = client.get(f"/tickets/{own.pk}/redact/{what}/{row.pk}/")
        assert page.status_code == 200
        return page.content.decode()

    link = f'It came from <a href="/tickets/{storage.pk}/">#{storage.pk}</a>, and stays there'
    for own in (ticket, duplicate):
        assert link in words(own, "entry", DiaryEntry)
        assert link in words(own, "file", Attachment)
    assert "It disappears everywhere" in words(storage, "file", Attachment)
    assert "It disappears everywhere" in words(storage, "entry", DiaryEntry)

    redact.redact_entry(entry=entry, by=cast.boris, at=LATER, why="A password.")
    assert link not in words(ticket, "entry", DiaryEntry)


def test_who_takes_out_a_solution_that_came_from_another_ticket_is_told_where_it_stays(
    cast, storage, client_of
):
    ticket = _join(make_ticket(by=cast.eve), storage, cast.carla)
    write(
        ticket=storage,
        by=cast.boris,
        words="Done.",
        at=LATER,
        step="solve",
        solution="The disk was full.",
        code="FIXED",
    )
    work_off(LATER)
    client = client_of(cast.boris)

    def words(own):
        return client.get(f"/tickets/{own.pk}/redact/solution/").content.decode()

    assert f'It came from <a href="/tickets/{storage.pk}/">#{storage.pk}</a>' in words(ticket)
    assert "It disappears everywhere" in words(storage)


def test_a_file_that_passed_on_while_it_was_redacted_is_blanked_after(cast, storage):
    ticket = _join(make_ticket(by=cast.eve), storage, cast.carla)
    write(ticket=storage, by=cast.boris, words="See the log.", uploads=[_png("secret.log")])
    work_off(LATER)
    redact.redact_attachment(
        attachment=Attachment.objects.get(ticket=storage),
        by=cast.boris,
        at=LATER,
        why="A password.",
    )
    # A worker that had read the file before, and wrote its row after.
    Attachment.objects.filter(ticket=ticket).update(name="secret.log", redacted_at=None)

    work_off(LATER)

    assert not Attachment.objects.filter(name="secret.log").exists()


@pytest.mark.parametrize("who", ["supporter", "alarmer"])
def test_joining_an_alarm_is_a_receipt_of_a_supporter_only(cast, storage, who):
    zoya = make_alarmer(cast)
    alarm = raise_alarm(cast, zoya)

    incident.join_incident(
        ticket=alarm, incident=storage, by=cast.carla if who == "supporter" else zoya, at=AT
    )

    assert clock_of(alarm).is_running == (who == "alarmer")
