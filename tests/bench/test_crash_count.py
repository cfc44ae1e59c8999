"""What `make crash` counts: nothing where all is well, and every kind of damage."""

import random
import uuid
from copy import deepcopy
from datetime import timedelta

import pgtrigger
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from bench import crash, crash_count
from bench.crash_clients import INTERNAL, PUBLIC, TICKET, Form, Story, make_story
from juno_support.outbox.models import CaughtMail, Delivery, DeliveryState
from tests.make import AT
from tickets.actions import diary, files, submit
from tickets.models import (
    Attachment,
    ContextSnapshot,
    DiaryEntry,
    Dispatch,
    HistoryEntry,
    SearchDocument,
    StatusInterval,
    Ticket,
)


def file_of(form):
    return SimpleUploadedFile(form.file_name, form.file)


def play(story, cast, begin):
    """Do what the forms of a story do when a browser sends them."""
    ticket = None
    for number, form in enumerate(story.forms):
        by, at, key = getattr(cast, form.author), begin + timedelta(minutes=number), uuid.uuid4()
        if form.kind == TICKET:
            if form.file:
                files.add_to_draft(draft_id=key, upload=file_of(form), by=by, at=at)
            ticket = submit.submit_ticket(
                draft_id=key, by=by, at=at, subject=form.subject, description=form.words,
                affected_sites=[cast.in2p3],
            )  # fmt: skip
        else:
            diary.add_entry(
                ticket=ticket, words=form.words, is_public=form.kind == PUBLIC,
                submission_key=key, by=by, at=at, step=form.step or None,
                uploads=[file_of(form)] if form.file else [],
            )  # fmt: skip
        form.key, form.number, form.accepted = str(key), ticket.pk, True


@pytest.fixture
def since(cast):
    cast.tpm.mailing_list = "tpm@example.org"
    cast.tpm.save()
    return crash_count.before()


@pytest.fixture
def stories(cast, since, django_capture_on_commit_callbacks):
    dice = random.Random(1)
    stories = [make_story(number, "ada", "carla", "IN2P3-CC", dice) for number in range(3)]
    for story in stories:
        for form in story.forms:
            form.file = form.file or dice.randbytes(100)
    with django_capture_on_commit_callbacks(execute=True):
        for number, story in enumerate(stories):
            play(story, cast, AT + timedelta(hours=number))
    return stories


def test_all_is_well_where_nothing_died(since, stories):
    found = crash_count.count(since, stories)

    assert list(crash_count.sentences(found, 9)) == []
    assert crash_count.waiting(since, stories) == 0
    assert crash.exit_code(found, stories) == 0
    assert {form.kind for story in stories for form in story.forms} == {TICKET, PUBLIC, INTERNAL}
    assert CaughtMail.objects.count() > 10


def _copy(row, **changes):
    row.pk = None
    row._state.adding = True
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def _file_it_again(story):
    ticket = Ticket.objects.get(submission_key=story.ticket.key)
    submit.submit_ticket(
        draft_id=uuid.uuid4(), by=ticket.submitter, at=AT, subject=ticket.subject,
        description=ticket.description,
    )  # fmt: skip


def _write_it_again(story):
    entry = DiaryEntry.objects.get(submission_key=story.forms[1].key)
    diary.add_entry(
        ticket=entry.ticket, words=entry.text, is_public=entry.is_public,
        submission_key=uuid.uuid4(), by=entry.author, at=AT,
    )  # fmt: skip


@pgtrigger.ignore("tickets.HistoryEntry:append_only")
def _forget_history(_story):
    Dispatch.objects.filter(entry__kind="ticket.status-changed").delete()
    HistoryEntry.objects.filter(kind="ticket.status-changed").delete()


def _swap_a_file(_story):
    file = Attachment.objects.order_by("uploaded_at")[0].file
    with open(file.path, "wb") as stream:
        stream.write(b"half")


LOST = {
    "ticket": lambda story: setattr(story.ticket, "key", str(uuid.uuid4())),
    "answer": lambda story: setattr(story.forms[1], "key", str(uuid.uuid4())),
    "text": lambda _: Ticket.objects.update(description="another"),
    "text of an answer": lambda _: DiaryEntry.objects.update(text="another"),
    "words for the search": lambda _: SearchDocument.objects.all().delete(),
    "words of an internal entry": lambda _: SearchDocument.objects.update(supporters=""),
    "dispatch": lambda _: Dispatch.objects.filter(consumer="mail").delete(),
    "context's dispatch": lambda _: Dispatch.objects.filter(consumer="context").delete(),
    "history": _forget_history,
    "last entry": lambda _: Ticket.objects.update(last_entry_id=1),
    "interval": lambda _: StatusInterval.objects.filter(ends_at=None).delete(),
    "end of an interval": lambda _: StatusInterval.objects.update(ends_at=AT),
    "file": lambda _: Attachment.objects.all().delete(),
    "bytes of a file": _swap_a_file,
}
DOUBLED = {
    "ticket": _file_it_again,
    "answer": _write_it_again,
    "history": lambda _: _copy(HistoryEntry.objects.filter(kind="ticket.submitted").first()),
    "step": lambda _: _copy(HistoryEntry.objects.filter(kind="ticket.status-changed").first()),
    "interval": lambda _: _copy(StatusInterval.objects.first(), ends_at=AT),
    "file": lambda _: _copy(Attachment.objects.first(), id=uuid.uuid4()),
    "mail caught twice": lambda _: CaughtMail.objects.update(times_caught=2),
    "mail to the same address": lambda _: _copy(CaughtMail.objects.first(), message_id="<other>"),
    "mail of the same entry": lambda _: (
        _copy(
            Delivery.objects.first(), key=f"{Delivery.objects.first().key}2", message_id="<other>"
        )
        or _copy(CaughtMail.objects.order_by("pk")[0], message_id="<other>", body="another")
    ),
}
UNSENT = {
    "dispatch": lambda _: Dispatch.objects.filter(consumer="mail").update(done_at=None),
    "mail that waits": lambda _: Delivery.objects.update(state=DeliveryState.WAITING),
    "mail that was given up": lambda _: Delivery.objects.update(state=DeliveryState.FAILED),
    "submitter's mail": lambda _: CaughtMail.objects.filter(to_address="ada@example.org").delete(),
    "supporter's mail": lambda _: CaughtMail.objects.filter(
        to_address="carla@example.org"
    ).delete(),
    "list's mail": lambda _: CaughtMail.objects.filter(to_address="tpm@example.org").delete(),
    "words of a mail": lambda _: CaughtMail.objects.update(body="Something happened."),
    "context": lambda _: ContextSnapshot.objects.all().delete(),
}


@pytest.mark.parametrize(
    ("name", "damages"),
    [("lost", LOST), ("doubled", DOUBLED), ("unsent", UNSENT)],
    ids=["lost", "doubled", "unsent"],
)
def test_every_damage_is_counted(since, stories, name, damages):
    uncounted = []
    for what, damage in damages.items():
        damaged = deepcopy(stories)
        with transaction.atomic():
            damage(damaged[1])
            found = crash_count.count(since, damaged)
            transaction.set_rollback(True)
        if not getattr(found, name) or crash.exit_code(found, damaged) != 1:
            uncounted.append(what)
    assert uncounted == []
    assert len(damages) >= 8


def test_a_form_that_was_never_accepted_is_not_lost_but_no_success(since, stories):
    never = Story([Form(TICKET, "ada", "neverseen", "Never (neverseen)", refused="no answer")], [])

    found = crash_count.count(since, [*stories, never])

    assert found.all_well
    assert crash.exit_code(found, [*stories, never]) == 1
