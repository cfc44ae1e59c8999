"""Attachments: who may fetch them, how they are sent, uploads to a draft."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.make import AT
from tests.tickets.make import make_ticket, write
from tickets.actions import files, redact
from tickets.models import Attachment


@pytest.fixture(autouse=True)
def stand(clock_at):
    clock_at(AT)


def upload(name="ce.log", content=b"disk full", content_type="text/plain"):
    return SimpleUploadedFile(name, content, content_type)


def body_of(response):
    return b"".join(response.streaming_content)


def attach(ticket, by, *, is_public=True, **of_file):
    entry = write(ticket=ticket, by=by, is_public=is_public, uploads=[upload(**of_file)])
    return entry.attachments.get()


def test_a_file_is_a_download_with_its_name(cast, client_of):
    ticket = make_ticket(by=cast.ada)
    file = attach(ticket, cast.ada, name="журнал 日志.log")

    answer = client_of(cast.ada).get(f"/files/{file.pk}/")

    assert body_of(answer) == b"disk full"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%D0%B6")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("plot.png", True), ("photo.jpg", True), ("a.webp", True), ("a.gif", True)]
    + [(name, False) for name in ("evil.html", "evil.svg", "a.pdf", "a.js", "a", "x.png.html")],
)
def test_only_safe_pictures_are_shown_in_the_browser(cast, client_of, name, shown):
    ticket = make_ticket(by=cast.ada)
    # What the sender calls its type does not count.
    file = attach(ticket, cast.ada, name=name, content_type="image/png")

    answer = client_of(cast.ada).get(f"/files/{file.pk}/")
    body_of(answer)

    assert answer["Content-Disposition"].startswith("inline" if shown else "attachment")
    assert answer["Content-Type"].startswith("image/") == shown
    assert "sandbox" in answer["Content-Security-Policy"]


def test_who_may_fetch_files_of_each_side(roles, client_of):
    ticket = make_ticket(by=roles["submitter"], vo=roles.juno)
    public = attach(ticket, roles["supporter"])
    internal = attach(ticket, roles["supporter"], is_public=False)

    def readers(file):
        found = set()
        for name in roles.people:
            answer = client_of(roles[name]).get(f"/files/{file.pk}/")
            if answer.status_code == 200:
                assert body_of(answer) == b"disk full"
                found.add(name)
            else:
                assert answer.status_code in (302, 404), name
        return found

    inside = {
        "supporter",
        "supporter of another unit",
        "unit manager",
        "TPM operator",
        "CSIRT",
        "admin",
    }
    assert readers(internal) == inside
    assert readers(public) == inside | {"submitter", "VO member", "VO shifter", "alarmer"}


def test_the_file_of_a_draft_is_its_owners(cast, client_of):
    draft_id = uuid4()
    file = files.add_to_draft(draft_id=draft_id, upload=upload(), by=cast.ada, at=AT)

    mine = client_of(cast.ada).get(f"/files/{file.pk}/")
    body_of(mine)

    assert mine.status_code == 200
    assert client_of(cast.boris).get(f"/files/{file.pk}/").status_code == 404
    assert client_of(cast.dmitri).get(f"/files/{file.pk}/").status_code == 404


def test_a_redacted_file_says_so(cast, client_of):
    ticket = make_ticket(by=cast.ada)
    file = attach(ticket, cast.ada, name="id_rsa")
    redact.redact_attachment(attachment=file, by=cast.boris, at=AT, why="a private key")

    answer = client_of(cast.ada).get(f"/files/{file.pk}/")
    page = client_of(cast.ada).get(f"/tickets/{ticket.pk}/").content.decode()

    assert answer.status_code == 410
    assert "must not stay" in answer.content.decode()
    assert "redacted file" in page
    assert f"/files/{file.pk}/" not in page
    assert "id_rsa" not in page


def test_a_file_that_is_missing_in_the_store_is_no_crash(cast, client_of):
    ticket = make_ticket(by=cast.ada)
    file = attach(ticket, cast.ada)
    file.file.storage.delete(file.file.name)

    answer = client_of(cast.ada).get(f"/files/{file.pk}/")

    assert answer.status_code == 410
    assert "look for it in a backup" in answer.content.decode()


def test_no_such_file(cast, client_of):
    assert client_of(cast.ada).get(f"/files/{uuid4()}/").status_code == 404


def test_files_are_uploaded_to_the_draft_at_once_and_can_be_removed(cast, client_of):
    client, draft = client_of(cast.ada), str(uuid4())

    shown = client.post("/tickets/new/files/", {"draft": draft, "files": [upload(), upload("b")]})
    assert "ce.log" in shown.content.decode()
    file = Attachment.objects.get(name="ce.log")
    left = client.post("/tickets/new/files/remove/", {"draft": draft, "remove": file.pk})

    assert "ce.log" not in left.content.decode()
    assert [each.name for each in Attachment.objects.all()] == ["b"]


def test_a_file_that_is_too_large_is_said_where_files_are_chosen(cast, client_of, settings):
    settings.JUNO_ATTACHMENT_MAX_BYTES = 1024**2

    answer = client_of(cast.ada).post(
        "/tickets/new/files/", {"draft": str(uuid4()), "files": upload(content=b"x" * 2**21)}
    )

    assert answer.status_code == 422
    assert "ce.log is larger than 1 MB" in answer.content.decode()
    assert not Attachment.objects.exists()


def test_nobody_uploads_to_or_removes_from_the_draft_of_another(cast, client_of):
    draft = str(uuid4())
    client_of(cast.ada).post("/tickets/new/files/", {"draft": draft, "files": upload()})
    file = Attachment.objects.get()
    eve = client_of(cast.eve)

    refused = eve.post("/tickets/new/files/", {"draft": draft, "files": upload("evil")})
    eve.post("/tickets/new/files/remove/", {"draft": draft, "remove": file.pk})
    eve.post("/tickets/new/", {"draft": draft, "remove": file.pk, "subject": "x"})

    assert "belongs to somebody else" in refused.content.decode()
    assert list(Attachment.objects.all()) == [file]


def test_files_of_tickets_are_not_removed_by_that_address(cast, client_of):
    ticket = make_ticket(by=cast.ada)
    file = attach(ticket, cast.ada)

    client_of(cast.ada).post(
        "/tickets/new/files/remove/", {"draft": str(uuid4()), "remove": file.pk}
    )

    assert Attachment.objects.filter(pk=file.pk, ticket=ticket).exists()
