"""The pages of routing rules: written with a preview, checked at the field, nothing lost."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from supportunits.models import UnitState
from tests.make import AT, make_issue_type, make_service, make_site, make_unit
from tests.tickets.make import make_ticket
from tests.tickets.routing.make import make_rule, route_ticket
from tickets.models import Category, Ticket
from tickets.routing.models import RoutingRule


@pytest.fixture
def storage(cast):
    return make_unit(name="Storage")


@pytest.fixture
def admin(cast, client_of, clock_at):
    clock_at(AT)
    return client_of(cast.dmitri)


def _form(**fields):
    return {
        "key": str(uuid.uuid4()),
        "name": "Tape",
        "unit_name": "Storage",
        "position": "10",
        "is_on": "on",
        "is_automatic": "suggest",
        "all_words": "any",
        "words": "tape\nrecall failed",
        "step": "save",
    } | fields


def test_an_admin_writes_a_rule_once(admin, storage):
    form = _form()

    first, second = admin.post("/tpm/rules/new/", form), admin.post("/tpm/rules/new/", form)

    rule = RoutingRule.objects.get()
    assert first.url == second.url == f"/tpm/rules/{rule.pk}/"
    assert (rule.name, rule.unit, rule.words) == ("Tape", storage, ["tape", "recall failed"])
    page = admin.get(first.url).content.decode()
    assert "recall failed" in page
    assert "rule: added" in page


def test_the_preview_saves_nothing_and_keeps_what_was_typed(admin, cast, storage):
    hit = route_ticket(by=cast.ada, unit=storage, subject="Tape is stuck")
    miss = route_ticket(by=cast.ada, unit=cast.in2p3_unit, subject="TAPE, again")
    waiting = make_ticket(by=cast.ada, subject="No tape", at=AT - timedelta(hours=1))
    route_ticket(by=cast.ada, unit=storage, subject="Disk")
    route_ticket(by=cast.ada, unit=storage, subject="Tape of old", at=AT - timedelta(days=31))

    page = admin.post("/tpm/rules/new/", _form(step="preview"))

    assert not RoutingRule.objects.exists()
    found = page.context["preview"]
    assert (found.total, found.fitting, found.hits, found.misses, found.still_open) == (
        4,
        3,
        1,
        1,
        1,
    )
    assert {line.number for line in page.context["tickets"]} == {hit.pk, miss.pk, waiting.pk}
    text = page.content.decode()
    assert "recall failed" in text
    assert f"/tickets/{miss.pk}/" in text


def test_security_spam_and_tests_are_no_part_of_the_preview(admin, cast, storage):
    security = make_issue_type(name="Break-in", is_security=True)
    make_ticket(by=cast.ada, issue_type=security, subject="Secret tape", at=AT)
    for category in (Category.SPAM, Category.TEST):
        other = make_ticket(by=cast.ada, subject="Junk tape", at=AT)
        Ticket.objects.filter(pk=other.pk).update(category=category)

    page = admin.post("/tpm/rules/new/", _form(step="preview"))

    assert page.context["preview"].fitting == page.context["preview"].total == 0
    assert "Secret" not in page.content.decode()


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"words": ""}, None, "Every ticket would fit this rule"),
        ({"words": "", "ticket_type": "TEAM"}, None, "Every TEAM ticket would fit"),
        ({"words": "a\ntape"}, "words", "“a” is too short"),
        ({"words": "...\n-"}, "words", "are too short"),
        ({"words": "\n".join(f"word{n}" for n in range(51))}, "words", "at most 50 words"),
        ({"words": "w" * 101}, "words", "at most 100 characters"),
        ({"unit_name": "Gone"}, "unit_name", "cannot receive tickets: it is closed"),
        ({"unit_name": "TPM"}, "unit_name", "anyway. Choose another"),
        ({"unit_name": "Security"}, "unit_name", "type Security only"),
        ({"unit_name": "qqqq"}, "unit_name", "No support unit is called"),
        ({"site_name": "IN2P3"}, "site_name", "Did you mean IN2P3-CC"),
        ({"service_type": "SRN"}, "service_type", "No service in GOCDB"),
        ({"is_automatic": "route", "ticket_type": "TEAM"}, "ticket_type", "Only USER tickets"),
        ({"position": "0"}, "position", "greater than or equal to 1"),
        ({"name": ""}, "name", "required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(admin, storage, fields, field, words):
    make_unit(name="Gone", state=UnitState.CLOSED)
    form = _form(**fields)

    page = admin.post("/tpm/rules/new/", form)

    assert page.status_code == 422
    errors = page.context["form"].errors
    assert words in str(errors[field or "__all__"])
    assert not RoutingRule.objects.exists()
    if "words" not in fields:
        assert "recall failed" in page.content.decode()


def test_a_rule_that_an_earlier_one_leaves_nothing_is_refused(admin, cast, storage):
    make_rule(name="All tapes", unit=storage, by=cast.dmitri, words=["tape"], position=5)

    page = admin.post("/tpm/rules/new/", _form(words="tape library"))

    assert page.status_code == 422
    assert "“All tapes” comes first" in str(page.context["form"].errors["position"])


def test_a_rule_that_takes_everything_from_a_later_one_warns(admin, cast, storage):
    make_rule(name="Library", unit=storage, by=cast.dmitri, words=["tape library"], position=50)

    page = admin.post("/tpm/rules/new/", _form(words="tape"), follow=True)

    assert "leaves nothing to the later rule “Library”" in page.content.decode()
    listed = admin.get("/tpm/rules/").content.decode()
    assert "“Tape” comes first and takes everything" in listed


def test_a_name_is_used_once(admin, cast, storage):
    make_rule(name="Tape", unit=storage, by=cast.dmitri, words=["tape"])

    page = admin.post("/tpm/rules/new/", _form(name="tape", words="disk"))

    assert page.status_code == 422
    assert "already" in str(page.context["form"].errors["name"])


def test_a_change_leaves_its_trace(admin, cast, storage):
    other = make_unit(name="Data")
    rule = make_rule(name="Tape", unit=storage, by=cast.dmitri, words=["tape"])

    admin.post(f"/tpm/rules/{rule.pk}/", _form(unit_name="Data", words="tape\nrobot"))

    rule.refresh_from_db()
    assert (rule.unit, rule.words) == (other, ["tape", "robot"])
    page = admin.get(f"/tpm/rules/{rule.pk}/")
    lines = {line.what: line for line in page.context["trace"].lines}
    assert (lines["support unit"].old, lines["support unit"].new) == ("Storage", "Data")
    assert (lines["words"].new, lines["words"].who) == ("tape, robot", "Dmitri Orlov")


def test_a_removed_rule_is_in_the_trace_and_nowhere_else(admin, cast, storage):
    rule = make_rule(name="Tape", unit=storage, by=cast.dmitri, words=["tape"])

    page = admin.post(f"/tpm/rules/{rule.pk}/remove/", follow=True)

    assert not RoutingRule.objects.exists()
    assert page.context["trace"].lines[0].what == "rule “Tape”: removed"


def test_a_rule_whose_unit_closed_since_says_so(admin, cast, storage):
    rule = make_rule(name="Tape", unit=storage, by=cast.dmitri, words=["tape"])
    type(storage).objects.filter(pk=storage.pk).update(state=UnitState.CLOSED)

    assert "Storage is closed" in admin.get("/tpm/rules/").content.decode()
    assert "does nothing now" in admin.get(f"/tpm/rules/{rule.pk}/").content.decode()


def test_a_rule_whose_unit_closed_since_can_be_switched_off(admin, cast, storage):
    rule = make_rule(name="Tape", unit=storage, by=cast.dmitri, words=["tape"])
    type(storage).objects.filter(pk=storage.pk).update(state=UnitState.CLOSED)
    form = _form()

    assert admin.post(f"/tpm/rules/{rule.pk}/", form).status_code == 422
    del form["is_on"]
    assert admin.post(f"/tpm/rules/{rule.pk}/", form).status_code == 302

    rule.refresh_from_db()
    assert not rule.is_on


def test_tpm_reads_rules_and_writes_none(cast, client_of, clock_at, storage):
    clock_at(AT)
    rule = make_rule(name="Tape", unit=storage, by=cast.dmitri, words=["tape"])
    tpm = client_of(cast.carla)

    assert b"Save the rule" not in tpm.get(f"/tpm/rules/{rule.pk}/").content
    tpm.post(f"/tpm/rules/{rule.pk}/", _form(name="Mine"))

    rule.refresh_from_db()
    assert rule.name == "Tape"


def test_the_preview_asks_a_bounded_number_of_questions_and_says_how_far_it_came(
    admin, cast, storage, monkeypatch
):
    from tickets.routing import preview

    monkeypatch.setattr(preview, "SLICE", 5)
    site = make_site(name="INFN-T1")
    make_service(site=site, hostname="ce01.cnaf.example.org", service_type="ARC-CE")
    for number in range(12):
        make_ticket(
            by=cast.ada,
            subject=f"ce01.cnaf.example.org fails {number}",
            at=AT - timedelta(hours=20 - number),
        )
    rule = make_rule(name="CE", unit=storage, by=cast.dmitri, service_type="ARC-CE")

    with CaptureQueriesContext(connection) as queries:
        whole = preview.preview(rule, at=AT)
    part = preview.preview(rule, at=AT, slices=2)

    assert (whole.fitting, whole.looked_back_to) == (12, None)
    assert len(queries) <= 2 + 3 * 5, "\n".join(query["sql"][:120] for query in queries)
    assert part.fitting == 10
    assert part.looked_back_to == AT - timedelta(hours=18)


def test_a_rule_for_a_site_that_left_says_so_and_no_new_one_is_written(admin, cast, storage):
    rule = make_rule(name="Lyon", unit=cast.in2p3_unit, by=cast.dmitri, words=["lyon"])
    cast.in2p3.certification_status = "Closed"
    cast.in2p3.save()

    assert "IN2P3-CC is closed: nobody there" in admin.get("/tpm/rules/").content.decode()
    assert "does nothing now" in admin.get(f"/tpm/rules/{rule.pk}/").content.decode()
    page = admin.post("/tpm/rules/new/", _form(unit_name="IN2P3-CC"))
    assert page.status_code == 422
    assert "nobody there would read" in str(page.context["form"].errors["unit_name"])
