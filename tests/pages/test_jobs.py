"""pages/jobs: look jobs up, keep them with a ticket, make them one; who may."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from juno_support.accounts.models import User
from monitoring import look_up
from monitoring.models import Entity
from tests.cast import Roles
from tests.diracx_upstream import Diracx, running_diracx, usual_diracx
from tests.make import make_vo
from tests.monitoring.actions.test_diracx_login import sign_in
from tests.monitoring.parsers.test_diracx_jobs import JOB
from tests.tickets.make import make_ticket, write
from tickets.actions import jobs as job_actions
from tickets.actions import redact
from tickets.models import HistoryEntry, JobEvidence, Kind, Ticket, TicketType

pytestmark = pytest.mark.django_db
LOG = [{"Status": "Received", "StatusTime": "2026-01-12T07:28:22Z", "Source": "JobManager"}]


@pytest.fixture
def diracx(at: datetime, clock_at: Callable[[datetime], None]) -> Iterator[Diracx]:
    clock_at(at)
    made = usual_diracx()
    made.found_jobs = [{**JOB, "LoggingInfo": LOG}]
    made.found_pilots = [
        {"Status": "Aborted", "GridSite": "ce02-htc.cr.cnaf.infn.it", "PilotJobReference": "p/1"}
    ]
    made.same_errors = [
        {"Site": "GRID.INFN-CNAF.it", "count": 60},
        {"Site": "GRID.IHEP.cn", "count": 8},
    ]
    with running_diracx(made) as running:
        sign_in(running, at)
        running.questions.clear()
        yield running


@pytest.fixture
def ticket(roles: Roles) -> Ticket:
    return make_ticket(
        by=roles["submitter"],
        vo=roles.juno,
        affected_sites=[roles.in2p3],
        description="All fail: job 265 and the rest.",
    )


def known_site(roles: Roles, at: datetime) -> None:
    Entity.objects.create(
        namespace="dirac",
        kind="site",
        name="GRID.INFN-CNAF.it",
        site=roles.in2p3,
        first_seen_at=at,
    )


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_look_up_tells_the_whole_story(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], at: datetime
) -> None:
    known_site(roles, at)

    page = words(client_of(roles["supporter"]).get("/jobs/", {"ids": "job 265 died"}))

    for said in (
        "265",
        "Failed",
        "Application Finished With Errors",
        "IN2P3-CC</a> (GRID.INFN-CNAF.it)",
        "ce02-htc.cr.cnaf.infn.it",
        "Aborted p/1",
        "68 jobs ended alike in the 24 hours before the look-up",
        "GRID.IHEP.cn",
        "1 step in its log",
        "DiracX, looked up",
        "Make it a ticket",
    ):
        assert said in page
    assert "TEAM" not in page


def test_what_is_not_there_is_said(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client]
) -> None:
    diracx.found_jobs = []
    client = client_of(roles["supporter"])

    assert "DIRAC has no such jobs, or does not show them to us: 7, 8" in words(
        client.get("/jobs/", {"ids": "7, 8"})
    )
    assert "There is no number of a job in that." in words(client.get("/jobs/", {"ids": "hello"}))
    many = ",".join(str(number) for number in range(1, 31))
    assert "10 more were left out." in words(client.get("/jobs/", {"ids": many}))


def test_a_failure_of_dirac_is_said_in_its_words(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client]
) -> None:
    diracx.instead["/api/jobs/search"] = (503, b"")

    answer = client_of(roles["supporter"]).get("/jobs/", {"ids": "265"})

    assert answer.status_code == 200
    assert "The server answered 503" in words(answer)
    assert "Not found where an answer came: 265." in words(answer)


def test_nobody_waits_for_a_slow_dirac_for_ever(
    diracx: Diracx, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question has its own limit; all together must not hold a thread of the web server."""
    monkeypatch.setattr(look_up, "MOST_SECONDS", 0)

    found = look_up.look_up_jobs([265], at=at)

    assert [why for _title, why in found.faults] == ["The time for all questions together is over."]
    assert not diracx.questions


def test_without_a_dirac_the_page_says_so(
    roles: Roles, client_of: Callable[[User], Client]
) -> None:
    page = words(client_of(roles["supporter"]).get("/jobs/", {"ids": "265"}))

    assert "No DIRAC of your VO is set up" in page


def test_a_shifter_sees_jobs_of_the_own_vo_only(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], settings: Any
) -> None:
    client = client_of(roles["VO shifter"])
    assert "Make it a TEAM ticket" in words(client.get("/jobs/", {"ids": "265"}))

    shifter = roles["VO shifter"]
    other = make_vo(name="cepc")
    shifter.vo_memberships.update(vo=other)
    again = words(client.get("/jobs/", {"ids": "265"}))

    assert "Application Finished" not in again
    assert "No DIRAC of your VO is set up" in again


def test_jobs_are_kept_with_a_ticket_as_they_were_shown(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], ticket: Ticket
) -> None:
    client = client_of(roles["supporter"])
    client.get("/jobs/", {"ids": "265", "ticket": ticket.pk})
    diracx.instead["/api/jobs/search"] = (503, b"")

    answer = client.post("/jobs/keep/", {"ids": "265", "ticket": str(ticket.pk)})

    assert answer.headers["Location"] == f"/tickets/{ticket.pk}/#jobs"
    kept = JobEvidence.objects.get(ticket=ticket)
    assert (kept.job_id, kept.vo, kept.source) == (265, "juno", "diracx")
    assert kept.data["minor_status"] == "Application Finished With Errors"
    entry = HistoryEntry.objects.get(ticket=ticket, kind=Kind.JOBS_KEPT)
    assert (entry.is_public, entry.facts) == (False, {"jobs": [265]})
    part = client.get(f"/tickets/{ticket.pk}/jobs/", headers={"HX-Request": "true"})
    assert "Application Finished With Errors" in words(part)
    assert "looked up the job 265" in words(client.get(f"/tickets/{ticket.pk}/"))
    again = client.post("/jobs/keep/", {"ids": "265", "ticket": str(ticket.pk)}, follow=True)
    assert "They were kept with the ticket already." in words(again)
    assert JobEvidence.objects.count() == 1


def test_named_jobs_are_offered_on_the_ticket(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], ticket: Ticket
) -> None:
    write(ticket=ticket, by=roles["supporter"], words="Also job 4712.", is_public=False)
    shifter = words(client_of(roles["VO shifter"]).get(f"/tickets/{ticket.pk}/jobs/"))

    page = words(client_of(roles["supporter"]).get(f"/tickets/{ticket.pk}/jobs/"))

    assert f"/jobs/?ids=4712&amp;ticket={ticket.pk}" in page
    # What only supporters read is not offered to others.
    assert "4712" not in shifter


def test_the_ticket_page_asks_for_its_jobs(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], ticket: Ticket
) -> None:
    address = f'hx-get="/tickets/{ticket.pk}/jobs/"'

    for role, sees in (
        ("supporter", True),
        ("VO shifter", True),
        ("admin", True),
        ("submitter", False),
        ("VO member", False),
    ):
        page = client_of(roles[role]).get(f"/tickets/{ticket.pk}/").content.decode()
        assert (address in page) is sees, role


def test_a_shifter_of_another_vo_sees_no_jobs_of_the_ticket(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], ticket: Ticket
) -> None:
    client_of(roles["supporter"]).post("/jobs/keep/", {"ids": "265", "ticket": str(ticket.pk)})
    Ticket.objects.filter(pk=ticket.pk).update(vo=make_vo(name="cepc"))

    answer = client_of(roles["VO shifter"]).get(f"/tickets/{ticket.pk}/jobs/")

    assert answer.status_code == 404


def test_nobody_keeps_jobs_with_a_ticket_that_is_not_for_them(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], ticket: Ticket
) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(is_restricted=True)

    page = client_of(roles["supporter"]).post(
        "/jobs/keep/", {"ids": "265", "ticket": str(ticket.pk)}, follow=True
    )

    assert "There is no such ticket for you." in words(page)
    assert not JobEvidence.objects.exists()


@pytest.mark.parametrize("is_team", [False, True])
def test_one_click_makes_a_ticket_and_the_evidence_goes_along(
    diracx: Diracx,
    roles: Roles,
    client_of: Callable[[User], Client],
    at: datetime,
    is_team: bool,
) -> None:
    known_site(roles, at)
    client = client_of(roles["VO shifter"])

    form = client.post(
        "/jobs/ticket/", {"ids": "265", **({"type": "TEAM"} if is_team else {})}, follow=True
    )

    page = words(form)
    assert form.request["PATH_INFO"] == ("/tickets/new/team/" if is_team else "/tickets/new/")
    assert "Job 265 failed at IN2P3-CC: Application Finished With Errors" in page
    assert "68 jobs ended alike" in page
    assert "shifter" not in page.split("What DIRAC tells")[1].split("</textarea>")[0]
    sent = {
        name: form.context["form"][name].value() or ""
        for name in form.context["form"].fields
        if name not in ("services", "affects_whole_vo", "is_vo_specific")
    }
    sent |= {"draft": str(form.context["draft_id"]), "routing": "site", "mou_area": ""}
    filed = client.post(form.request["PATH_INFO"], sent)
    assert filed.status_code == 302, words(filed)

    ticket = Ticket.objects.get()
    assert ticket.type == (TicketType.TEAM if is_team else TicketType.USER)
    assert ticket.recognised["jobs"] == ["265"]
    part = words(client_of(roles["supporter"]).get(f"/tickets/{ticket.pk}/jobs/"))
    assert "Application Finished With Errors" in part
    assert "looked up by" in part


def test_the_form_offers_to_look_up_to_those_who_may(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client]
) -> None:
    typed = {"subject": "Jobs fail", "description": "job 4711 died", "draft": str(uuid.uuid4())}

    ours = client_of(roles["supporter"]).post("/tickets/new/draft/", typed)
    other = client_of(roles["nobody"]).post(
        "/tickets/new/draft/", {**typed, "draft": str(uuid.uuid4())}
    )

    assert 'href="/jobs/?ids=4711"' in words(ours)
    assert "/jobs/" not in words(other)


def test_hostile_words_of_dirac_are_shown_as_text(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client]
) -> None:
    diracx.found_jobs[0] |= {"MinorStatus": "<script>alert(1)</script>", "JobName": "a\u202eb"}

    page = words(client_of(roles["supporter"]).get("/jobs/", {"ids": "265"}))

    assert "<script>alert" not in page
    assert "⟨RLO⟩" in page


def test_the_number_of_queries_does_not_grow_with_the_jobs(
    diracx: Diracx,
    roles: Roles,
    client_of: Callable[[User], Client],
    ticket: Ticket,
    django_assert_max_num_queries: Any,
) -> None:
    diracx.found_jobs = [{**JOB, "JobID": number, "LoggingInfo": LOG} for number in range(1, 21)]
    client = client_of(roles["supporter"])
    ids = ",".join(str(number) for number in range(1, 21))
    client.post("/jobs/keep/", {"ids": ids, "ticket": str(ticket.pk)})
    assert JobEvidence.objects.count() == 20

    with django_assert_max_num_queries(16):
        client.get(f"/tickets/{ticket.pk}/jobs/", headers={"HX-Request": "true"})


def test_a_kept_job_can_be_taken_out_for_good(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], ticket: Ticket, at: datetime
) -> None:
    client = client_of(roles["supporter"])
    client.post("/jobs/keep/", {"ids": "265", "ticket": str(ticket.pk)})
    kept = JobEvidence.objects.get()
    address = f"/tickets/{ticket.pk}/redact/job/{kept.pk}/"
    assert address in words(client.get(f"/tickets/{ticket.pk}/jobs/"))
    assert address not in words(client_of(roles["VO shifter"]).get(f"/tickets/{ticket.pk}/jobs/"))

    refused = client_of(roles["VO shifter"]).post(address, {"why": "a token"})
    client.post(address, {"why": "a token in its name"})

    assert refused.status_code == 403
    assert not JobEvidence.objects.exists()
    assert "took a job out" in words(client.get(f"/tickets/{ticket.pk}/"))
    kept.save(force_insert=True)  # as an older backup brings it back
    note = {"ticket": ticket.pk, "by": roles["supporter"].pk, "why": "again", "job": kept.pk}
    assert redact.redo(note, at=at)
    assert not JobEvidence.objects.exists()


def test_jobs_of_drafts_that_were_never_filed_are_forgotten(
    diracx: Diracx, roles: Roles, client_of: Callable[[User], Client], at: datetime
) -> None:
    client_of(roles["supporter"]).post("/jobs/ticket/", {"ids": "265"})
    assert JobEvidence.objects.count() == 1

    assert job_actions.forget_unfiled(at=at + timedelta(days=59)) == 0
    assert job_actions.forget_unfiled(at=at + timedelta(days=61)) == 1
