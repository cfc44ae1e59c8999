"""Holes that other helpdesks had, one kind after the other; docs/trust.md says where each is held.

What has a place of its own (mail, files, search, the walk of every address as every role) is tested
there. Here stands what concerns all pages at once.
"""

import io
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from juno_support.accounts.actions import make_admin_link, open_account
from juno_support.accounts.models import User
from juno_support.lib.logs import json_formatter
from juno_support.outbox.models import Delivery
from monitoring.models import Downtime
from supportunits.actions.people import leave
from supportunits.models import VOIDCard
from tests.cast import Cast, Roles
from tests.make import AT, make_issue_type, make_service, make_user
from tests.rules.addresses import all_views, is_foreign
from tests.tickets.make import make_ticket, write
from tickets import tasks
from tickets.actions import assign, follow, work
from tickets.models import Attachment, SavedView, Ticket

pytestmark = pytest.mark.django_db

PASSWORD = "neutrinos-oscillate-9"
HOSTILE = "\"'><xss onload=alert(1)>"
SCRIPT_LINK = "javascript:xss()"
ELSEWHERE = "https://elsewhere.example.org/"
CONVERTER = re.compile(r"<(?:(\w+):)?\w+>")


def _paths() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield an address of every view; where it names something, there is no such thing."""
    filled = {"int": "999999", "uuid": str(uuid.UUID(int=7))}
    for route, _name, view in all_views():
        if "(?P" not in route:
            yield CONVERTER.sub(lambda found: filled.get(found[1], "none"), route), view


def _register(client: Client, **person: str) -> Any:
    return client.post(
        "/accounts/signup/",
        {"name": "Grace", "email": "grace@example.org", "time_zone": "UTC", "password1": PASSWORD}
        | person,
    )


# 8: what people and sources write is text, wherever it is shown


@pytest.fixture
def hostile(roles: Roles, clock_at: Callable[..., None]) -> Ticket:
    """A ticket, its place and its people, with markup in everything that somebody types."""
    clock_at(AT)
    unit, site = roles.in2p3_unit, roles.in2p3
    for person in (roles["submitter"], roles["supporter"], roles["TPM operator"]):
        person.name = HOSTILE
        person.save(update_fields=["name"])
    type(unit).objects.filter(pk=unit.pk).update(title=HOSTILE, description=HOSTILE)
    type(site).objects.filter(pk=site.pk).update(
        official_name=HOSTILE, description=HOSTILE, country=HOSTILE
    )
    service = make_service(
        site=site,
        hostname=HOSTILE,
        service_type=HOSTILE,
        portal_url=f"https://example.org/{HOSTILE}",
    )
    Downtime.objects.create(
        source="gocdb-downtimes",
        key="1",
        site=site,
        severity="OUTAGE",
        classification="SCHEDULED",
        description=HOSTILE,
        declared_at=AT,
        starts_at=AT,
        ends_at=AT + timedelta(hours=2),
        first_seen_at=AT,
        changed_at=AT,
        portal_url=f"https://example.org/{HOSTILE}",
        affected=[
            {"key": "1", "hostname": HOSTILE, "service_type": HOSTILE, "endpoints": [HOSTILE]}
        ],
    )
    VOIDCard.objects.update_or_create(
        vo=roles.juno, defaults={"description": HOSTILE, "homepage_url": SCRIPT_LINK}
    )
    ticket = make_ticket(
        by=roles["submitter"],
        vo=roles.juno,
        subject=HOSTILE,
        description=HOSTILE,
        on_behalf_of_name=HOSTILE,
        affected_sites=[site],
        affected_services=[service],
        mou_area=HOSTILE,
        recognised={"jobs": [HOSTILE], "hosts": [HOSTILE], "dns": [HOSTILE]},
        related_urls=[f"https://example.org/{HOSTILE}"],
    )
    supporter = roles["supporter"]
    file = SimpleUploadedFile(HOSTILE, b"x")
    write(ticket=ticket, by=supporter, words=HOSTILE, uploads=[file])
    write(ticket=ticket, by=supporter, words=HOSTILE, is_public=False)
    assign.assign_to_unit(ticket=ticket, unit=unit, by=supporter, at=AT, reason=HOSTILE)
    work.set_next_step(
        ticket=ticket, what=HOSTILE, person=supporter, due_at=AT, by=supporter, at=AT
    )
    work.change_field(ticket=ticket, field="subject", value=HOSTILE * 2, by=supporter, at=AT)
    write(ticket=ticket, by=supporter, step="solve", solution=HOSTILE, code="FIXED")
    SavedView.objects.create(owner=supporter, name=HOSTILE, query=HOSTILE, is_shared=True)
    tasks.sweep_dispatches()
    return ticket


@pytest.mark.parametrize("role", ["submitter", "VO member", "supporter", "TPM operator", "admin"])
def test_what_people_and_sources_write_is_text_on_every_page(
    hostile: Ticket, roles: Roles, client_of: Callable[..., Client], role: str
) -> None:
    client = client_of(roles[role])
    number, submitter = hostile.pk, roles["submitter"].username
    paths = [
        "/",
        f"/tickets/{number}/",
        f"/tickets/{number}/since/0/",
        f"/tickets/{number}/now/",
        f"/tickets/{number}/hearers/",
        f"/tickets/{number}/change/next-step/",
        f"/tickets/{number}/change/subject/",
        f"/tickets/{number}/redact/subject/",
        "/tickets/",
        "/tickets/?q=xss",
        "/tickets/?q=" + "%22%27%3E%3Cxss+onload%3Dalert(1)%3E",
        "/tickets/?q=site%3A%3Cxss%3E",
        f"/tickets/new/?follow_up={number}",
        "/tickets/new/?subject=%3Cxss%3E&sites=%3Cxss%3E%2CIN2P3-CC",
        "/tpm/?list=bounced",
        f"/tpm/?ticket={number}",
        "/sites/",
        "/sites/?q=%3Cxss%3E",
        "/sites/IN2P3-CC/",
        "/sites/%3Cxss%3E/",
        "/units/",
        "/units/IN2P3-CC/",
        "/vos/juno/",
        "/people/?q=%3Cxss%3E",
        f"/people/{submitter}/",
        "/outbox/?state=all",
        "/sources/",
        "/help/",
    ]
    answers = {path: client.get(path) for path in paths}

    shown = [path for path, answer in answers.items() if "xss" in answer.content.decode()]
    assert f"/tickets/{number}/" in shown
    raw = re.compile(r".{0,40}(?:<xss|=.javascript:).{0,40}")
    found = {path: raw.findall(answers[path].content.decode()) for path in shown}
    assert {path: hits for path, hits in found.items() if hits} == {}
    assert all(answer.status_code < 500 for answer in answers.values())


def test_a_files_name_is_never_a_path(cast: Cast) -> None:
    ticket = make_ticket(by=cast.ada)
    names = ["../../etc/passwd", "a\u200b.html", "x.svg", "..\\y.exe", "\u202egpj.exe"]
    for name in names:
        write(ticket=ticket, by=cast.ada, uploads=[SimpleUploadedFile(name, b"x")])

    assert Attachment.objects.count() == len(names)
    for file in Attachment.objects.all():
        assert re.fullmatch(r"attachments/[0-9a-f]{2}/[0-9a-f]{32}", file.file.name)


# 18: forgery, sessions, redirects, headers


def test_no_address_takes_a_form_from_another_site(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.dmitri, backend="django.contrib.auth.backends.ModelBackend")

    taken = {path: client.post(path, {}).status_code for path, _view in _paths()}
    taken = {path: status for path, status in taken.items() if status != 403}

    # Programs show a token; a browser's session is nobody to them.
    # The demo's telephone asks for a signature, and is there in the demo only.
    assert taken == {"/api/v1/sources/none/events/": 401, "/outbox/caught/call/": 404}


def test_a_get_changes_nothing(hostile: Ticket, roles: Roles, client_of: Any) -> None:
    """Mail scanners and prefetching browsers follow links. Only "seen until here" is kept."""
    client = client_of(roles["admin"])
    client.get("/")
    named = {"<int:number>": str(hostile.pk), "<str:name>": "IN2P3-CC", "<str:username>": "nobody"}
    changed = []
    for route, _name, view in all_views():
        path = route
        for pattern, value in named.items():
            path = path.replace(pattern, value)
        path = CONVERTER.sub("1", path)
        if "(?P" in path or is_foreign(view):
            continue
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        changed += [
            f"{path}: {query['sql'][:80]}"
            for query in queries
            if re.match(r"\s*(?:INSERT|UPDATE|DELETE|WITH before)", query["sql"])
            and "tickets_lastseen" not in query["sql"]
        ]
    assert changed == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/accounts/login/"),
        ("get", "/accounts/signup/"),
        ("post", "/accounts/logout/"),
        ("post", "/theme/"),
        ("post", "/outbox/decide/"),
    ],
)
@pytest.mark.parametrize("to", [ELSEWHERE, "//elsewhere.example.org/", "/\\elsewhere.example.org"])
def test_no_page_leads_to_another_host(
    cast: Cast, client_of: Any, method: str, path: str, to: str
) -> None:
    answer = getattr(client_of(cast.dmitri), method)(path, {"next": to, "back": to})

    assert "elsewhere" not in answer.get("Location", "")


def test_who_leaves_is_signed_out_everywhere(cast: Cast, client_of: Any) -> None:
    client = client_of(cast.boris)
    assert client.get("/tickets/").status_code == 200

    leave(user=cast.boris, by=cast.dmitri, at=AT)

    assert client.get("/tickets/")["Location"].startswith("/accounts/login/")


def test_a_new_password_ends_the_other_sessions(at: Any) -> None:
    user = open_account(
        username="ada", name="Ada", email="ada@example.org", password=PASSWORD, at=at
    )
    here, there = Client(), Client()
    for client in (here, there):
        client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
        assert client.get("/tickets/").status_code == 200

    user.set_password("another-long-word-7")
    user.save()

    assert here.get("/tickets/").status_code == there.get("/tickets/").status_code == 302


def test_a_foreign_host_header_is_refused(client: Client) -> None:
    assert client.get("/", headers={"host": "elsewhere.example.org"}).status_code == 400


@pytest.mark.parametrize("end", ["\r\nBcc: victim@example.org", "\nX-Spam: no", "\u2028Bcc: x"])
def test_no_word_breaks_out_of_a_mails_subject(cast: Cast, clock_at: Any, end: str) -> None:
    clock_at(AT)
    make_ticket(by=cast.ada, subject=f"CE down{end}", carbon_copies=["li@example.org"])
    tasks.sweep_dispatches()

    subjects = set(Delivery.objects.values_list("subject", flat=True))
    assert len(subjects) == 1
    assert len(subjects.pop().splitlines()) == 1


# 5: nobody uses us to write to others


def test_mail_to_an_address_that_nobody_has_proven_holds_no_word_of_the_sender() -> None:
    with override_settings(EMAIL_BACKEND="juno_support.outbox.backend.OutboxBackend"):
        _register(Client(), name="Win a prize at evil.example.org")

    mail = Delivery.objects.get()
    assert mail.to_address == "grace@example.org"
    assert "evil" not in f"{mail.subject}{mail.body}{mail.headers}{mail.reason}"


def test_a_cc_and_an_on_behalf_address_give_no_right(cast: Cast, client_of: Any) -> None:
    ticket = make_ticket(
        by=cast.ada,
        carbon_copies=[cast.eve.email],
        on_behalf_of_name="Eve",
        on_behalf_of_email=cast.eve.email,
        subject="hidden word",
    )

    assert "hidden word" not in client_of(cast.eve).get(f"/tickets/{ticket.pk}/").content.decode()
    assert client_of(cast.eve).get(f"/tickets/{ticket.pk}/since/0/").status_code == 404


# 12: nothing tells of what one may not read


@pytest.mark.parametrize("role", ["submitter", "VO member", "nobody", "supporter", "unit manager"])
def test_a_security_tickets_number_stands_on_no_other_page(
    roles: Roles, client_of: Any, role: str
) -> None:
    site = roles.in2p3
    hidden = make_ticket(
        by=make_user(username="victim"),
        vo=roles.juno,
        issue_type=make_issue_type(is_security=True),
        affected_sites=[site],
        subject="Walk ticket",
    )
    ticket = make_ticket(by=roles["submitter"], vo=roles.juno, subject="Walk ticket")
    follow.add_reference(ticket=ticket, other=hidden, by=roles["CSIRT"], at=AT)
    client = client_of(roles[role])

    for path in (
        f"/tickets/{ticket.pk}/",
        f"/tickets/{ticket.pk}/since/0/",
        "/tickets/?q=walk",
        "/",
        f"/sites/{site.name}/",
        f"/tickets/new/?subject=Walk+ticket&sites={site.name}",
    ):
        text = client.get(path).content.decode()
        assert re.search(rf"(?:#|/tickets/){hidden.pk}(?!\d)", text) is None, path


# 15: what a form does not ask for cannot be set by it


def test_registration_sets_nothing_but_what_it_asks_for(client: Client) -> None:
    _register(client, is_staff="1", is_superuser="1", username="root", date_joined="2000-01-01")

    grace = User.objects.get()
    assert (grace.is_staff, grace.is_superuser, grace.username) == (False, False, "grace")


def test_filing_sets_nothing_but_what_it_asks_for(cast: Cast, client_of: Any) -> None:
    client_of(cast.ada).post(
        "/tickets/new/",
        {
            "draft": str(uuid.uuid4()),
            "subject": "CE down",
            "description": "Nothing runs.",
            "priority": "1",
            "status": "SOLVED",
            "submitter": cast.eve.pk,
            "type": "ALARM",
            "is_restricted": "1",
            "escalation_level": "3",
            "submitted_at": "2000-01-01",
        },
    )

    ticket = Ticket.objects.get()
    assert (ticket.submitter, ticket.type, ticket.status) == (cast.ada, "USER", "NEW")
    assert (ticket.is_restricted, ticket.escalation_level) == (False, 0)
    assert ticket.submitted_at.year > 2000


# 19, 20: whom we talk to, and what we write down


@pytest.mark.parametrize("options", [{"use_tls": True}, {"use_ssl": True}])
def test_the_mail_server_must_prove_who_it_is(options: dict[str, bool]) -> None:
    context = EmailBackend(**options).ssl_context

    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at the lowest level, as production writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(json_formatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_neither_password_nor_session_nor_one_time_link_is_logged(
    log: io.StringIO, at: Any, client: Client
) -> None:
    open_account(username="ada", name="Ada", email="ada@example.org", password=PASSWORD, at=at)
    token = make_admin_link(at=at)
    client.get(f"/accounts/admin-link/{token}/")
    client.post("/accounts/login/", {"login": "ada", "password": "wrong-" + PASSWORD})
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    session = client.session.session_key
    with override_settings(EMAIL_BACKEND="juno_support.outbox.backend.OutboxBackend"):
        Client().post("/accounts/password/reset/", {"email": "ada@example.org"})
    link = re.search(r"/accounts/password/reset/key/(\S+?)/", Delivery.objects.get().body)
    assert link is not None
    Client().get(link[0])

    written = log.getvalue()
    assert "/accounts/admin-link/" in written
    for secret in (PASSWORD, token, session, link[1]):
        assert secret not in written


def test_every_test_that_the_document_names_exists() -> None:
    root = Path(settings.BASE_DIR)
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (root / "docs/trust.md").read_text())

    missing = [
        (path, test)
        for path, test in named
        if not (root / path).is_file() or (test and f"def {test}(" not in (root / path).read_text())
    ]
    assert len(named) > 40
    assert missing == []
