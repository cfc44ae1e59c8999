"""Filing a ticket in a browser: the form, drafts, what is known before it is sent."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.feeds.models import FeedRun, Source
from monitoring.models import Classification, Downtime, Severity
from supportunits.models import IssueType, SupportUnit, UnitState
from tests.make import (
    AT,
    join_vo,
    make_issue_type,
    make_service,
    make_site,
    make_unit,
    make_user,
)
from tests.tickets.make import make_ticket
from tickets.models import Attachment, CrossReference, Draft, Ticket
from topology.models import CertificationStatus, Site, SiteAlias

URL = "/tickets/new/"


@pytest.fixture
def ada(cast, client_of, clock_at):
    clock_at(AT)
    return client_of(cast.ada)


def filled(**fields):
    """The fields of a form that can be sent as it is."""
    return {
        "draft": str(uuid4()),
        "subject": "Jobs fail with “no input data”",
        "description": "Since this morning all of them.",
        "priority": "2",
        **fields,
    }


def text_of(page):
    return page.content.decode()


def downtime_at(site, **fields):
    return Downtime.objects.create(
        source="gocdb",
        key=fields.pop("key", uuid4().hex),
        site=site,
        severity=fields.pop("severity", Severity.OUTAGE),
        classification=Classification.SCHEDULED,
        description=fields.pop("description", "Tape library: new robot"),
        declared_at=AT - timedelta(days=3),
        starts_at=fields.pop("starts_at", AT - timedelta(hours=2)),
        ends_at=fields.pop("ends_at", AT + timedelta(hours=4)),
        first_seen_at=AT - timedelta(days=3),
        changed_at=AT - timedelta(days=3),
        **fields,
    )


def polled(*, minutes_ago=2):
    source, _ = Source.objects.get_or_create(
        name="gocdb-downtimes", defaults={"interval": timedelta(minutes=5)}
    )
    at = AT - timedelta(minutes=minutes_ago)
    FeedRun.objects.create(
        source=source,
        started_at=at,
        finished_at=at,
        outcome="ok",
        window_starts_at=AT - timedelta(days=60),
    )


# The form


def test_who_is_not_signed_in_is_asked_to(client_of, db):
    page = client_of(None).get(URL)

    assert page.status_code == 302
    assert page.url.startswith("/accounts/login/")


def test_the_form_asks_three_questions_and_folds_the_rest_away(cast, ada):
    page = ada.get(URL)
    text = text_of(page)

    folded = text[text.index('<details class="panel more') :]
    for question in ("What happened?", "Where?", "How bad is it?"):
        assert question in text
        assert question not in folded
    for name in ("vo", "issue_type", "problem_at", "carbon_copies", "on_behalf_of_name", "unit"):
        assert f'name="{name}"' in folded
    assert page.context["form"]["vo"].value() == cast.juno.pk, "the only VO is chosen already"


def test_the_moment_of_the_problem_is_now_in_the_readers_zone(cast, ada):
    text = text_of(ada.get(URL))

    assert 'value="2026-01-12T16:30"' in text, "08:30 UTC is 16:30 in Shanghai"
    assert '<option value="Asia/Shanghai" selected>' in text


def test_a_filed_ticket_goes_to_tpm_and_the_page_leads_to_it(cast, ada):
    page = ada.post(
        URL,
        filled(
            sites="in2p3-cc, BEIJING-LCG2",
            vo=cast.juno.pk,
            problem_at="2026-01-12T10:15",
            problem_zone="Europe/Paris",
            carbon_copies="li@example.org, zhao@example.org",
            on_behalf_of_name="Li Na",
            on_behalf_of_email="li@example.org",
            related_urls="https://example.org/log\nhttps://example.org/plot",
            jobs="123, 456",
            dns="/DC=cn/O=ihep/CN=Li Na",
            affects_whole_vo="on",
        ),
    )

    ticket = Ticket.objects.get()
    assert page.status_code == 302
    assert page.url == f"/tickets/{ticket.pk}/"
    assert ticket.unit == cast.tpm
    assert ticket.priority == 2
    assert {site.name for site in ticket.affected_sites.all()} == {"IN2P3-CC", "BEIJING-LCG2"}
    assert ticket.problem_at == datetime(2026, 1, 12, 9, 15, tzinfo=UTC)
    assert ticket.problem_zone == "Europe/Paris"
    assert {copy.address for copy in ticket.carbon_copies.all()} == {
        "li@example.org",
        "zhao@example.org",
    }
    assert ticket.on_behalf_of_name == "Li Na"
    assert ticket.related_urls == ["https://example.org/log", "https://example.org/plot"]
    assert ticket.recognised == {"jobs": ["123", "456"], "dns": ["/DC=cn/O=ihep/CN=Li Na"]}
    assert ticket.affects_whole_vo
    assert not Draft.objects.exists()


def test_sending_the_same_form_twice_leads_to_the_same_ticket(cast, ada):
    data = filled()

    first, second = ada.post(URL, data), ada.post(URL, {**data, "subject": "Again"})

    assert first.url == second.url
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"subject": ""}, "subject", "Say in one line"),
        ({"subject": "x" * 251}, "subject", "at most 250"),
        ({"description": " "}, "description", "Describe what happened"),
        ({"sites": "INFN-T9"}, "sites", "We know no site"),
        ({"problem_at": "yesterday"}, "problem_at", "Give a date and a time"),
        ({"problem_at": "2026-01-14T10:00"}, "problem_at", "lies ahead"),
        ({"carbon_copies": "li@"}, "carbon_copies", "is no e-mail address"),
        ({"related_urls": "javascript:alert(1)"}, "related_urls", "no address of a web page"),
        ({"jobs": "12a"}, "jobs", "is no job id"),
        ({"on_behalf_of_email": "li"}, "on_behalf_of_email", "valid email"),
        ({"priority": "9"}, "priority", "Select a valid choice"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_what_was_typed_is_kept(cast, ada, fields, field, words):
    page = ada.post(URL, filled(**fields))

    assert page.status_code == 422
    assert words in " ".join(page.context["form"].errors[field])
    kept = {"subject": "Jobs fail with “no input data”", **fields}["subject"]
    assert kept in text_of(page)
    assert not Ticket.objects.exists()


def test_an_unknown_site_is_answered_with_names_that_come_near(cast, ada):
    page = ada.post(URL, filled(sites="IN2P3-CX"))

    assert "Did you mean IN2P3-CC?" in " ".join(page.context["form"].errors["sites"])
    assert 'value="fix:IN2P3-CX=>IN2P3-CC"' in text_of(page)


def test_a_site_and_a_unit_together_are_an_error_of_the_form(cast, ada):
    page = ada.post(URL, filled(notified_site="IN2P3-CC", unit=cast.in2p3_unit.pk))

    assert page.status_code == 422
    assert "either to a site or to a support unit" in page.context["form"].errors["unit"][0]
    assert (
        "either to a site or to a support unit" in page.context["form"].errors["notified_site"][0]
    )
    assert page.context["opens_more"], "the folded part is open where the error is"


def test_a_notified_site_gets_the_ticket_directly(cast, ada):
    ada.post(URL, filled(notified_site="IN2P3-CC"))

    ticket = Ticket.objects.get()
    assert (ticket.unit, ticket.notified_site) == (cast.in2p3_unit, cast.in2p3)


def test_a_site_that_cannot_be_notified_is_said_at_the_field(cast, ada):
    make_site(name="GONE-T2", certification_status=CertificationStatus.CLOSED)

    page = ada.post(URL, filled(notified_site="GONE-T2"))

    assert page.status_code == 422
    assert "GONE-T2 is closed" in page.context["form"].errors["notified_site"][0]


def test_a_unit_that_is_closed_is_not_offered(cast, ada):
    make_unit(name="Old unit", state=UnitState.CLOSED)

    assert "Old unit" not in text_of(ada.get(URL))


def test_the_unit_of_a_site_that_left_is_not_offered(cast, ada):
    assert "IN2P3-CC</option>" in text_of(ada.get(URL))
    Site.objects.filter(pk=cast.in2p3.pk).update(certification_status=CertificationStatus.CLOSED)
    assert "IN2P3-CC</option>" not in text_of(ada.get(URL))

    page = ada.post(URL, filled(unit=cast.in2p3_unit.pk))
    assert "cannot receive tickets" in page.context["form"].errors["unit"][0]


def test_affected_services_are_those_of_the_chosen_sites(cast, ada):
    here, there = make_service(site=cast.in2p3), make_service(site=cast.beijing)

    page = ada.post(URL, filled(sites="IN2P3-CC", services=[here.pk]))
    refused = ada.post(URL, filled(sites="IN2P3-CC", services=[there.pk]))

    assert page.status_code == 302
    assert list(Ticket.objects.get().affected_services.all()) == [here]
    assert refused.status_code == 422


# Security


def test_type_security_shows_the_emergency_contacts_first(cast, ada, settings):
    settings.JUNO_SECURITY_CONTACT = "EGI CSIRT, abuse@egi.example"
    kind = IssueType.objects.get(vo=None, is_security=True)
    SupportUnit.objects.filter(kind="SECURITY").update(mailing_list="csirt@juno.example")

    text = text_of(ada.get(URL))

    assert text.index("abuse@egi.example") < text.index("What happened?")
    assert "csirt@juno.example" in text
    assert f'<option value="{kind.pk}" data-security' in text


def test_a_security_ticket_is_restricted_from_the_first_byte(cast, ada):
    kind = IssueType.objects.get(vo=None, is_security=True)

    ada.post(URL, filled(issue_type=kind.pk, vo=cast.juno.pk))

    ticket = Ticket.objects.get()
    assert ticket.is_restricted
    assert ticket.unit.kind == "SECURITY"


def test_types_of_issue_are_the_vos_own_else_the_default_ones(cast, ada):
    make_issue_type(name="Default jobs")
    IssueType.objects.filter(vo=None, is_security=True).update(name="Default security")
    make_issue_type(name="Reconstruction", vo=cast.juno)

    own = text_of(ada.get(URL))
    default = text_of(ada.get(URL, {"vo": "0"}))

    assert "Reconstruction" in own
    assert "Default jobs" not in own
    assert "Default security" in own, "security can be said in every VO"
    assert "Default jobs" in default


# Drafts and files


def test_a_draft_is_saved_while_typing_and_can_be_continued(cast, ada):
    data = filled(sites="IN2P3-CC", affects_whole_vo="on")
    answer = ada.post("/tickets/new/draft/", data, headers={"HX-Request": "true"})

    page = ada.get(URL, {"draft": data["draft"]})
    overview = text_of(ada.get(URL))

    assert answer.status_code == 200
    assert 'id="draft-saved"' in text_of(answer)
    assert "Draft saved at 16:30" in text_of(answer)
    assert page.context["form"]["subject"].value() == data["subject"]
    assert page.context["form"]["sites"].value() == "IN2P3-CC"
    assert page.context["form"]["affects_whole_vo"].value() is True
    assert not page.context["form"].errors, "a draft is not a mistake"
    assert data["subject"] in overview, "own drafts are listed"


def test_save_draft_works_without_a_script(cast, ada):
    data = filled(keep="1")

    page = ada.post(URL, data)

    assert page.url == f"{URL}?draft={data['draft']}"
    assert Draft.objects.get().data["subject"] == data["subject"]


def test_an_empty_form_leaves_no_draft(cast, ada):
    ada.post("/tickets/new/draft/", filled(subject="", description="", sites=""))

    assert not Draft.objects.exists()


def test_a_draft_that_was_filed_meanwhile_leads_to_its_ticket(cast, ada):
    data = filled()
    ada.post(URL, data)

    page = ada.get(URL, {"draft": data["draft"]})
    late = ada.post("/tickets/new/draft/", data)

    assert page.url == f"/tickets/{Ticket.objects.get().pk}/"
    assert late.status_code == 204
    assert not Draft.objects.exists(), "what was under way does not bring the draft back"


def test_drafts_of_others_do_not_exist(cast, ada, client_of):
    data = filled(keep="1")
    ada.post(URL, data)

    eve = client_of(cast.eve)
    page = eve.get(URL, {"draft": data["draft"]})
    eve.post(f"/tickets/new/draft/{data['draft']}/discard/")
    written = eve.post(URL, {**data, "subject": "Mine now"})

    assert page.status_code == 404
    assert Draft.objects.get().data["subject"] == data["subject"]
    assert written.status_code == 302
    assert not Ticket.objects.exists()


def test_a_draft_can_be_thrown_away(cast, ada):
    data = filled(keep="1")
    ada.post(URL, data)

    ada.post(f"/tickets/new/draft/{data['draft']}/discard/")

    assert not Draft.objects.exists()


def test_files_survive_a_mistake_in_the_form_and_go_with_the_ticket(cast, ada):
    data = filled(subject="")
    page = ada.post(URL, {**data, "files": SimpleUploadedFile("job.log", b"exit 137")})
    assert page.status_code == 422
    assert "job.log" in text_of(page)

    ada.post(URL, {**data, "subject": "Now with a subject"})

    attachment = Attachment.objects.get()
    assert attachment.ticket == Ticket.objects.get()
    with attachment.file.open("rb") as file:
        assert file.read() == b"exit 137"


def test_a_file_that_is_too_large_is_refused_in_words(cast, ada, settings):
    settings.JUNO_ATTACHMENT_MAX_BYTES = 1024**2

    page = ada.post(URL, {**filled(), "files": SimpleUploadedFile("core", b"x" * (1024**2 + 1))})

    assert page.status_code == 422
    assert "core is larger than 1 MB" in text_of(page)
    assert not Ticket.objects.exists()


def test_a_recognised_fact_becomes_a_field_without_a_script(cast, ada):
    data = filled(description="Job 123456 at IN2P3-CC", use="sites:IN2P3-CC")

    page = ada.get(ada.post(URL, data).url)

    assert page.context["form"]["sites"].value() == "IN2P3-CC"


def test_a_misspelt_site_is_mended_by_its_button(cast, ada):
    data = filled(sites="BEIJING-LCG2, IN2P3-CX", use="fix:IN2P3-CX=>IN2P3-CC")

    page = ada.get(ada.post(URL, data).url)

    assert page.context["form"]["sites"].value() == "BEIJING-LCG2, IN2P3-CC"


# What is known before it is sent


def test_facts_of_the_words_are_offered(cast, ada):
    service = make_service(site=cast.in2p3, hostname="cccream09.in2p3.fr")
    words = "Job 123456 on cccream09.in2p3.fr, BEIJING-LCG2 too. /DC=cn/O=ihep/CN=Ada Liang"

    answer = ada.post("/tickets/new/draft/", filled(description=words))
    offers = {(offer.field, offer.entry) for offer in answer.context["facts"]}

    assert offers == {
        ("jobs", "123456"),
        ("hosts", "cccream09.in2p3.fr"),
        ("services", str(service.pk)),
        ("sites", "IN2P3-CC"),
        ("sites", "BEIJING-LCG2"),
        ("dns", "/DC=cn/O=ihep/CN=Ada Liang"),
    }


def test_what_is_in_its_field_is_not_offered_again(cast, ada):
    answer = ada.post(
        "/tickets/new/draft/",
        filled(description="Job 123456 at IN2P3-CC", sites="IN2P3-CC", jobs="123456"),
    )

    assert answer.context["facts"] == []


def test_a_running_downtime_is_shown_before_sending(cast, ada):
    polled()
    downtime_at(cast.in2p3)
    downtime_at(
        cast.in2p3,
        severity=Severity.WARNING,
        starts_at=AT + timedelta(days=1),
        ends_at=AT + timedelta(days=2),
    )

    text = text_of(ada.post("/tickets/new/draft/", filled(sites="IN2P3-CC")))

    assert "Scheduled downtime until" in text
    assert "12 Jan, 20:30" in text, "12:30 UTC is 20:30 in Shanghai"
    assert "2026-01-12 12:30 UTC" in text
    assert "Next: scheduled at-risk period" in text
    assert "read 2 min" in text.replace("</time>", "").replace("ago", "") or "2 min" in text


def test_a_site_without_downtime_is_fine_only_where_the_source_is_fresh(cast, ada):
    polled()
    fresh = text_of(ada.post("/tickets/new/draft/", filled(sites="IN2P3-CC")))
    FeedRun.objects.update(started_at=AT - timedelta(days=1), finished_at=AT - timedelta(days=1))
    stale = text_of(ada.post("/tickets/new/draft/", filled(sites="IN2P3-CC")))
    FeedRun.objects.all().delete()
    never = text_of(ada.post("/tickets/new/draft/", filled(sites="IN2P3-CC")))

    assert "No downtime is declared" in fresh
    assert "No downtime is declared" not in stale
    assert "too old" in stale
    assert "has not been read yet" in never


def test_open_tickets_of_the_site_are_shown_with_me_too(cast, ada):
    polled()
    polled_ticket = make_ticket(
        by=cast.carla, subject="CE is full", vo=cast.juno, affected_sites=[cast.in2p3]
    )
    make_ticket(by=cast.carla, subject="Of nobody's VO", affected_sites=[cast.in2p3])

    text = text_of(ada.post("/tickets/new/draft/", filled(sites="IN2P3-CC")))

    assert "2 tickets are open about it." in text
    assert "CE is full" in text
    assert f'name="me_too" value="{polled_ticket.pk}"' in text
    assert "Of nobody&#x27;s VO" not in text, "counted, not told"


def test_me_too_in_the_form_keeps_the_draft(cast, ada):
    ticket = make_ticket(by=cast.carla, vo=cast.juno, affected_sites=[cast.in2p3])
    data = filled(me_too=ticket.pk)

    page = ada.post(URL, data, follow=True)

    assert ticket.me_toos.get().user == cast.ada
    assert page.context["form"]["subject"].value() == data["subject"]
    assert not Ticket.objects.exclude(pk=ticket.pk).exists()


def test_similar_tickets_are_those_the_reader_may_read_else_a_count(cast, ada, client_of):
    make_ticket(by=cast.carla, subject="Jobs fail with no input data", vo=cast.juno)
    make_ticket(by=cast.carla, subject="Jobs fail with no input data at all")
    security = IssueType.objects.get(vo=None, is_security=True)
    make_ticket(by=cast.carla, subject="Jobs fail: no input data stolen", issue_type=security)

    mine = ada.post("/tickets/new/draft/", filled(subject="Jobs fail, no input data"))
    eves = client_of(cast.eve).post(
        "/tickets/new/draft/", filled(subject="Jobs fail, no input data")
    )

    assert [line.subject for line in mine.context["similar"]] == ["Jobs fail with no input data"]
    assert mine.context["hidden_similar"] == 1
    assert eves.context["similar"] == []
    assert eves.context["hidden_similar"] == 2
    assert "stolen" not in text_of(mine) + text_of(eves)


def test_site_names_are_offered_in_spite_of_typing_errors_and_by_alias(cast, ada):
    SiteAlias.objects.create(site=cast.in2p3, namespace="dirac", name="LCG.IN2P3.fr")

    def offers(text):
        return [
            offer.name for offer in ada.get("/tickets/new/sites/", {"q": text}).context["offers"]
        ]

    assert offers("IN2") == ["IN2P3-CC"]
    assert "BEIJING-LCG2" in offers("BEJING-LCG")
    assert "IN2P3-CC" in offers("LCG.IN2P3")
    assert offers("") == []


# A follow-up


def test_a_follow_up_is_prefilled_and_refers_back(cast, ada):
    before = make_ticket(
        by=cast.ada, subject="Disk full", vo=cast.juno, affected_sites=[cast.in2p3]
    )
    form = ada.get(URL, {"follow_up": before.pk}).context["form"]
    assert form["subject"].value() == "Follow-up: Disk full"
    assert form["sites"].value() == "IN2P3-CC"

    ada.post(URL, filled(follow_up=before.pk))

    new = Ticket.objects.exclude(pk=before.pk).get()
    reference = CrossReference.objects.get()
    assert (reference.lower, reference.upper) == (before, new)


def test_a_follow_up_of_a_security_ticket_is_one_too(cast, ada):
    kind = IssueType.objects.get(vo=None, is_security=True)
    before = make_ticket(by=cast.ada, subject="Break-in", issue_type=kind)

    form = ada.get(URL, {"follow_up": before.pk}).context["form"]

    assert str(form["issue_type"].value()) == str(kind.pk)
    assert form.is_security


def test_a_follow_up_of_a_ticket_that_may_not_be_read_does_not_exist(cast, client_of):
    before = make_ticket(by=cast.ada, subject="Disk full")

    assert client_of(cast.eve).get(URL, {"follow_up": before.pk}).status_code == 404


# Odd input


@pytest.mark.parametrize("path", [URL, "/tickets/new/draft/"])
def test_signs_that_no_database_holds_are_left_out(cast, ada, path):
    data = filled(subject="Odd\0 subject", sites="IN2P3\0-CC", description="\0\x01It happened")

    page = ada.post(path, data)

    kept = Ticket.objects.first() or Draft.objects.get()
    assert page.status_code in (200, 302)
    assert "Odd subject" in (getattr(kept, "subject", "") or kept.data["subject"])
    assert ada.get("/tickets/new/sites/", {"q": "IN2\0"}).status_code == 200
    assert ada.get(URL, {"subject": "a\0b", "sites": "c\0"}).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"draft": "x"},
        {"vo": "9" * 30},
        {"unit": "-1"},
        {"issue_type": "9" * 30},
        {"services": ["a"]},
        {"problem_zone": "Mars/Olympus"},
        {"follow_up": "9" * 30},
        {"use": "nonsense"},
        {"use": "fix:a"},
        {"remove": "x"},
        {"me_too": "x"},
    ],
)
def test_nonsense_in_the_form_is_no_crash(cast, ada, fields):
    assert ada.post(URL, filled(**fields)).status_code in (302, 422)


# Limits


def test_too_many_tickets_within_an_hour_are_refused_in_words(cast, ada, settings, clock_at):
    settings.JUNO_SUBMISSIONS_PER_HOUR = 2
    ada.post(URL, filled())
    ada.post(URL, filled())
    data = filled(subject="One more")

    page = ada.post(URL, data)

    assert page.status_code == 429
    assert "2 tickets within an hour" in text_of(page)
    assert "One more" in text_of(page)
    assert Draft.objects.get(pk=data["draft"]).data["subject"] == "One more"
    clock_at(AT + timedelta(minutes=61))
    assert ada.post(URL, data).status_code == 302


def test_the_same_form_again_is_never_too_many(cast, ada, settings):
    settings.JUNO_SUBMISSIONS_PER_HOUR = 1
    data = filled()

    assert ada.post(URL, data).url == ada.post(URL, data).url


def test_the_number_of_queries_does_not_grow_with_what_is_known(cast, ada):
    polled()
    join_vo(vo=cast.juno, user=make_user())

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            ada.post("/tickets/new/draft/", filled(sites="IN2P3-CC, BEIJING-LCG2"))
        return len(found)

    ada.get(URL)
    make_ticket(by=cast.carla, vo=cast.juno, affected_sites=[cast.in2p3])
    downtime_at(cast.in2p3)
    few = queries()
    for number in range(6):
        make_ticket(
            by=cast.carla,
            subject=f"Jobs fail {number}",
            vo=cast.juno,
            affected_sites=[cast.in2p3, cast.beijing],
        )
        make_service(site=cast.in2p3)
        downtime_at(cast.in2p3)

    assert queries() <= few + 1
    assert few <= 40


def test_every_role_with_an_account_may_file(roles, client_of, clock_at):
    clock_at(AT)
    for name, person in roles.people.items():
        page = client_of(roles[name]).get(URL)
        expected = 302 if person.is_anonymous or not person.is_active else 200
        assert page.status_code == expected, name


# Incidents and several sites


def _incident(cast, **fields):
    from tickets.actions.incident import declare_incident

    ticket = make_ticket(
        by=cast.boris, subject="Storage down", affected_sites=[cast.in2p3], **fields
    )
    return declare_incident(ticket=ticket, by=cast.boris, at=AT)


def test_a_running_incident_at_the_site_is_offered_and_joined(cast, ada):
    storage = _incident(cast)
    page = ada.get(URL, {"sites": "IN2P3-CC"}).content.decode()
    assert f"#{storage.pk}" in page
    assert "Storage down" not in page, "of another VO: its outline is all that she may know"
    assert f"#{storage.pk}" not in ada.get(URL, {"sites": "BEIJING-LCG2"}).content.decode()

    ada.post(URL, filled(sites="IN2P3-CC", join=storage.pk))

    ticket = Ticket.objects.latest("pk")
    assert (ticket.status, ticket.relations.get().other) == ("ON_HOLD", storage)


def test_an_incident_that_ended_meanwhile_costs_no_ticket(cast, ada):
    from tickets.actions.incident import end_incident

    storage = _incident(cast)
    end_incident(ticket=storage, by=cast.boris, at=AT)
    page = ada.post(URL, filled(sites="IN2P3-CC", join=storage.pk), follow=True)

    assert Ticket.objects.latest("pk").status == "NEW"
    assert "could not be joined" in page.content.decode()


def test_a_crash_between_filing_and_joining_loses_nothing(cast, ada):
    storage = _incident(cast)
    data = filled(sites="IN2P3-CC", join=storage.pk)
    ada.post(URL, data | {"keep": "1"})
    number = Ticket.objects.latest("pk").pk

    def die(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "tickets_ticketrelation"'):
            raise SystemExit
        return execute(sql, params, many, context)

    with connection.execute_wrapper(die), pytest.raises(SystemExit):
        ada.post(URL, data)

    assert not Ticket.objects.filter(pk__gt=number).exists()
    assert Draft.objects.filter(pk=data["draft"]).exists()
    ada.post(URL, data)
    ticket = Ticket.objects.get(pk__gt=number)
    assert (ticket.status, ticket.relations.get().other) == ("ON_HOLD", storage)


def test_a_draft_remembers_that_it_joins(cast, ada):
    storage = _incident(cast)
    data = filled(sites="IN2P3-CC", join=storage.pk, keep="1")
    page = ada.post(URL, data, follow=True)

    assert page.context["join"] == storage.pk
    assert "checked" in page.content.decode().split('name="join"')[1][:40]


def test_tpm_files_for_several_sites_and_others_are_told_to_choose(cast, ada, client_of):
    fields = {"notified_site": "IN2P3-CC, BEIJING-LCG2"}
    page = ada.post(URL, filled(**fields))
    assert page.status_code == 422
    assert "Choose one site" in page.content.decode()

    page = client_of(cast.carla).post(URL, filled(**fields), follow=True)

    assert "waits for 2 tickets" in page.content.decode()
    assert Ticket.objects.count() == 3
