"""Ready texts and the check-list: written with a trace, filled in, refused in words."""

import uuid
from datetime import timedelta

import pytest

from monitoring.models import Classification, Downtime, Severity
from tests.make import AT
from tests.tickets.make import make_ticket
from tickets.desk import ready
from tickets.models import CheckItem, ReadyText


@pytest.fixture
def tpm(cast, client_of, clock_at):
    clock_at(AT)
    return client_of(cast.carla)


def _write(client, **fields):
    return client.post("/tpm/texts/new/", {"key": str(uuid.uuid4()), **fields})


def test_a_text_is_kept_with_its_trace(cast, tpm):
    assert _write(tpm, title="Proxy", text="Is your proxy valid, {submitter}?").status_code == 302
    row = ReadyText.objects.get()
    tpm.post(f"/tpm/texts/{row.pk}/", {"key": row.submission_key, "title": "Proxy", "text": "New."})

    page = tpm.get("/tpm/texts/").content.decode()

    assert "New." in page
    assert "Is your proxy valid, {submitter}?" in page, "the old words in the trace"
    assert "Carla Rossi" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": "", "text": "x"}, "Give it a title"),
        ({"title": "x", "text": " "}, "Write the text"),
        ({"title": "x", "text": "{sight} and {me} and {us}"}, "There is no field {sight}, {us}."),
        ({"title": "Taken", "text": "x"}, "with this title already"),
        ({"title": "x", "text": "y" * 10_001}, "longer than 10,000"),
    ],
)
def test_what_cannot_be_kept_is_said_and_what_was_typed_stays(cast, tpm, fields, words):
    ReadyText.objects.create(title="taken", text="x")

    answer = _write(tpm, **fields)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert answer.context["form"]["text"].value() == fields["text"]
    assert ReadyText.objects.count() == 1


def test_the_same_form_twice_makes_one(cast, tpm):
    key = uuid.uuid4()
    for _ in range(2):
        tpm.post("/tpm/texts/new/", {"key": str(key), "title": "Proxy", "text": "x"})

    assert ReadyText.objects.count() == 1


def test_every_field_is_filled_in(cast):
    ticket = make_ticket(
        by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3], subject="Jobs fail"
    )
    Downtime.objects.create(
        source="gocdb",
        key="1",
        site=cast.in2p3,
        severity=Severity.OUTAGE,
        classification=Classification.SCHEDULED,
        declared_at=AT,
        starts_at=AT - timedelta(hours=1),
        ends_at=AT + timedelta(hours=2),
        first_seen_at=AT,
        changed_at=AT,
    )

    found = ready.fill(
        " | ".join(f"{{{name}}}" for name in ready.FIELDS), ticket=ticket, me=cast.carla, at=AT
    )

    assert found == (
        "IN2P3-CC | an outage at IN2P3-CC until 2026-01-12 10:30 UTC | Ada Liang | "
        f"#{ticket.pk} | Jobs fail | TPM | juno | Carla Rossi"
    )


def test_what_a_ticket_does_not_tell_is_marked(cast):
    found = ready.fill(
        "{site} {vo} {submitter} {json: 1}", ticket=make_ticket(by=cast.ada), me=cast.carla, at=AT
    )

    assert found == "⟦site⟧ ⟦vo⟧ Ada Liang {json: 1}"
    assert ready.unfilled(found) == ["site", "vo"]


def test_a_subject_cannot_pretend_that_something_is_missing(cast):
    ticket = make_ticket(by=cast.ada, subject="⟦x⟧ {me}")

    assert ready.fill("{subject}", ticket=ticket, me=cast.carla, at=AT) == "x {me}"


def test_a_text_of_a_vo_is_offered_for_its_tickets_only(cast):
    ReadyText.objects.create(title="all", text="x")
    ReadyText.objects.create(title="juno", text="x", vo=cast.juno)
    other = make_ticket(by=cast.ada)

    def titles(ticket):
        return [text.title for text in ready.texts_for(ticket)]

    assert titles(make_ticket(by=cast.ada, vo=cast.juno)) == ["all", "juno"]
    assert titles(other) == ["all"]


def test_in_the_composer(cast, client_of, clock_at):
    clock_at(AT)
    ticket = make_ticket(by=cast.ada)
    text = ReadyText.objects.create(title="Proxy", text="Dear {submitter}, at {site}?")
    boris = client_of(cast.boris)

    assert "Dear Ada Liang, at " in boris.get(f"/tickets/{ticket.pk}/texts/").content.decode()
    filled = boris.get(f"/tickets/{ticket.pk}/texts/{text.pk}/")
    assert filled.content.decode() == "Dear Ada Liang, at ⟦site⟧?"
    page = boris.get(f"/tickets/{ticket.pk}/", {"text": text.pk})
    assert "Dear Ada Liang, at ⟦site⟧?" in page.content.decode()
    answer = boris.post(
        f"/tickets/{ticket.pk}/reply/",
        {"key": str(uuid.uuid4()), "side": "public", "words": filled.content.decode()},
    )
    assert answer.status_code == 422
    assert "Fill in what is still marked" in answer.content.decode()
    assert not ticket.diary.exists()


def test_submitters_get_no_ready_texts(cast, client_of):
    ticket = make_ticket(by=cast.ada)
    text = ReadyText.objects.create(title="Proxy", text="x")
    ada = client_of(cast.ada)

    assert ada.get(f"/tickets/{ticket.pk}/texts/").status_code == 403
    assert ada.get(f"/tickets/{ticket.pk}/texts/{text.pk}/").status_code == 403
    assert ada.get(f"/tickets/{ticket.pk}/", {"text": text.pk}).status_code == 200


def test_the_preview_fills_in_and_marks(cast, tpm):
    ticket = make_ticket(by=cast.ada)

    page = tpm.post(
        "/tpm/texts/preview/",
        {"text": "**{submitter}** at {site} {oops} <script>x</script>", "ticket": ticket.pk},
    ).content.decode()

    assert "<strong>Ada Liang</strong>" in page
    assert '<mark class="unfilled">⟦site⟧</mark>' in page
    assert "There is no field {oops}" in page
    assert "<script>" not in page


def test_admins_change_the_check_list(cast, client_of, clock_at):
    clock_at(AT)
    dmitri = client_of(cast.dmitri)
    item = CheckItem.objects.get(words="Quota")
    new = {"key": str(uuid.uuid4()), "words": "Token", "position": "9"}

    assert dmitri.post("/tpm/check-list/", new).status_code == 302
    dmitri.post("/tpm/check-list/", new)
    assert CheckItem.objects.filter(words="Token").count() == 1
    again = dmitri.post("/tpm/check-list/", {**new, "key": str(uuid.uuid4()), "words": "quota"})
    assert again.status_code == 422
    assert "with these words already" in again.content.decode()
    dmitri.post("/tpm/check-list/", {"row": item.pk, "retire": "1"})

    item.refresh_from_db()
    assert item.is_retired
    page = dmitri.get("/tpm/check-list/").content.decode()
    assert "Token: added" in page
    assert "Dmitri Orlov" in page


def test_tpm_sees_the_check_list_and_does_not_change_it(cast, tpm):
    assert "Quota" in tpm.get("/tpm/check-list/").content.decode()

    answer = tpm.post(
        "/tpm/check-list/", {"key": str(uuid.uuid4()), "words": "Token", "position": "9"}
    )

    assert answer.status_code == 422
    assert "Only admins" in answer.content.decode()
