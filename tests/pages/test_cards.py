"""The pages of VO ID cards: edit, decide, versions, Portal, contacts, support, import, export."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from supportunits import card_content, policies
from supportunits.actions import card_requests, vos
from supportunits.actions.import_cards import import_cards
from supportunits.models import VO, CardRequest, CardVersion, ContactRole, SupportRequest, VOIDCard
from supportunits.parsers.card_records import CardRecord
from supportunits.parsers.card_writing import write_cards
from supportunits.parsers.vo_cards import read_cards
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles
from tests.tickets.make import AT

ClientOf = Callable[[Any], Client]
LONG = "The experiment measures neutrinos of reactors far away with a large detector."


@pytest.fixture
def card(cast: Cast, at: datetime) -> VOIDCard:
    """The card of juno, managed by Ada."""
    card = make.make_card(vo=cast.juno, description="short", security_list="csirt@juno.org")
    make.make_contact(card=card, role=ContactRole.MANAGER, account=cast.ada, email="ada@ihep.org")
    vos.write_card(vo=cast.juno, by=None, at=at, alias="JUNO")
    card.refresh_from_db()
    return card


def typed(page: Any, **changes: Any) -> dict[str, Any]:
    """Return what a browser would send of the form on the page, with changes."""
    form, data = page.context["form"], {}
    for name in form.fields:
        value = form[name].value()
        if isinstance(value, list):
            value = [str(item) for item in value]
        data[name] = "" if value is None else value
    for section in page.context["sections"]:
        if section.rows is None:
            continue
        data[f"{section.rows.part}-count"] = str(section.rows.count)
        for row in section.rows.forms:
            data |= {row.add_prefix(name): row[name].value() or "" for name in row.fields}
    data |= {"key": str(page.context["key"]), "seen": str(page.context["seen"])}
    return {name: value for name, value in (data | changes).items() if value not in (False, None)}


def test_the_form_shows_the_card_and_what_the_checks_say(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    page = client_of(cast.ada).get("/vos/juno/edit/")
    text = page.content.decode()
    assert 'value="csirt@juno.org"' in text
    assert "Name at least one discipline." in text
    assert "Name a VOMS server or another registry" in text


def test_sending_it_makes_a_request_and_changes_only_what_was_changed(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    client = client_of(cast.ada)
    page = client.get("/vos/juno/edit/")
    answer = client.post("/vos/juno/edit/", typed(page, description=LONG, note="at last"))
    request = CardRequest.objects.get()
    assert answer["Location"] == f"/vos/juno/changes/{request.pk}/"
    assert (request.new, request.note) == ({"description": LONG}, "at last")
    again = client.post("/vos/juno/edit/", typed(page, description=LONG, note="at last"))
    assert again["Location"] == answer["Location"]
    assert CardRequest.objects.count() == 1


def test_an_older_request_shows_what_the_card_would_say(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime
) -> None:
    now = card_content.content_of(card)["contacts"]
    asked = [*now, {"name": "Bob", "role": "VO EXPERT", "email": "", "dn": "", "phone": ""}]
    request = card_requests.ask_change(
        vo=cast.juno, fields={"contacts": asked}, key=uuid.uuid4(), by=cast.ada, at=at, seen=99
    )
    make.make_contact(card=card, role=ContactRole.EXPERT, name="Eve")
    page = client_of(cast.dmitri).get(f"/vos/juno/changes/{request.pk}/")
    assert "changes only what was asked for" in page.content.decode()
    (shown,) = page.context["differences"]
    assert "Eve" in shown.old and "Bob" not in shown.old
    assert "Eve" in shown.new and "Bob" in shown.new


def test_an_older_request_says_whom_it_is_about_but_was_taken_out_meanwhile(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime
) -> None:
    bob = make.make_contact(card=card, role=ContactRole.EXPERT, name="Bob", email="bob@ihep.org")
    asked = card_content.content_of(card)["contacts"]
    renamed = [each | ({"name": "Robert"} if each["name"] == "Bob" else {}) for each in asked]
    request = card_requests.ask_change(
        vo=cast.juno, fields={"contacts": renamed}, key=uuid.uuid4(), by=cast.ada, at=at, seen=99
    )
    client, path = client_of(cast.dmitri), f"/vos/juno/changes/{request.pk}/"
    assert "Taken out meanwhile" not in client.get(path).content.decode()
    bob.delete()
    page = client.get(path)
    assert "left out although this changes it: Bob." in page.content.decode()
    assert not any("Robert" in shown.new for shown in page.context["differences"])


def test_the_pages_say_whose_account_loses_or_keeps_a_role(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime
) -> None:
    asked = [{"name": "Zoe", "role": "VO MANAGER", "email": "zoe@ihep.org", "dn": "", "phone": ""}]
    facts = {"vo": cast.juno, "by": cast.ada, "at": at, "seen": 99}
    lost = card_requests.ask_change(fields={"contacts": asked}, key=uuid.uuid4(), **facts)
    asked[0]["email"] = "ada@ihep.org"
    kept = card_requests.ask_change(fields={"contacts": asked}, key=uuid.uuid4(), **facts)
    client, words = client_of(cast.dmitri), f"loses the role VO manager with {cast.ada.name}"
    assert words in client.get(f"/vos/juno/changes/{lost.pk}/").content.decode()
    page = client.get(f"/vos/juno/changes/{kept.pk}/").content.decode()
    assert words not in page and "Zoe (VO manager), so far" in page

    theirs = {"contacts": [{"name": "Zoe", "role": "VO MANAGER"}]}
    import_cards(body=write_cards([CardRecord("juno", theirs)]), by=None, at=at)
    assert words in client.get("/vos/juno/portal/").content.decode()


def test_nothing_changed_is_said(cast: Cast, card: VOIDCard, client_of: ClientOf) -> None:
    client = client_of(cast.ada)
    answer = client.post("/vos/juno/edit/", typed(client.get("/vos/juno/edit/")))
    assert answer.status_code == 422
    assert "The card says this already." in answer.content.decode()


def test_what_a_form_only_trims_is_no_change(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime
) -> None:
    server = {"hostname": "voms.juno.org", "public_key": "PEM", "serial_number": "7"}
    groups = [{"name": "/juno", "kind": "Odd", "description": "two\nlines", "share": "0"}]
    vos.write_card(
        vo=cast.juno,
        by=None,
        at=at,
        groups=groups,
        voms_servers=[server],
        disciplines=[["Earth / Sky"]],
        resources={"job_max_cpu_time": "0", "ram_per_i386_core": ""},
        acceptable_use_policy_type="file",
        middlewares=["Something of its own"],
    )
    client = client_of(cast.ada)
    page = client.get("/vos/juno/edit/")
    answer = client.post("/vos/juno/edit/", typed(page))
    assert "The card says this already." in answer.content.decode()
    # The server's key is not on the form, and stays when another of its fields is changed.
    client.post("/vos/juno/edit/", typed(page, **{"voms_servers-0-https_port": "8443"}))
    request = CardRequest.objects.get()
    assert set(request.new) == {"voms_servers"}
    assert request.new["voms_servers"][0]["public_key"] == "PEM"


def test_the_key_of_a_form_is_good_for_one_file(cast: Cast, client_of: ClientOf) -> None:
    admin, key = client_of(cast.dmitri), str(uuid.uuid4())
    places = []
    for name in ("a", "a", "b"):
        body = write_cards([CardRecord(name, {})])
        data = {"file": SimpleUploadedFile("x.xml", body), "key": key}
        places.append(admin.post("/vos/-/import/", data)["Location"])
    assert places[0] == places[1] != places[2]
    assert admin.get(places[2]).context["new"] == ["b"]


def test_rows_come_and_go_without_losing_what_is_typed(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    client = client_of(cast.ada)
    page = client.get("/vos/juno/edit/")
    page = client.post("/vos/juno/edit/", typed(page, description="half a sen", add="groups"))
    page = client.post("/vos/juno/edit/", typed(page, add="groups"))
    page = client.post(
        "/vos/juno/edit/",
        typed(page, add="contacts", **{"groups-0-name": "/juno", "groups-1-name": "/juno/a"}),
    )
    assert page.status_code == 200
    page = client.post("/vos/juno/edit/", typed(page, remove="groups-0"))
    rows = {section.key: section.rows for section in page.context["sections"]}
    assert [row["name"].value() for row in rows["groups"].forms] == ["/juno/a"]
    assert rows["contacts"].count == 2
    assert page.context["form"]["description"].value() == "half a sen"
    answer = client.post("/vos/juno/edit/", typed(page, description=LONG))
    assert answer.status_code == 302  # the empty row of a contact counts as none
    assert set(CardRequest.objects.get().new) == {"description", "groups"}


def test_what_is_wrong_is_said_at_the_field_and_kept(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    client = client_of(cast.ada)
    page = client.post("/vos/juno/edit/", typed(client.get("/vos/juno/edit/"), add="voms_servers"))
    wrong = {"homepage_url": "juno", "voms_servers-0-hostname": "not a host"}
    answer = client.post("/vos/juno/edit/", typed(page, **wrong))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "“juno” is no address of the web" in text
    assert "“not a host” is no name of a host." in text
    assert 'value="not a host"' in text
    assert not CardRequest.objects.exists()


def test_the_second_of_two_sees_what_changed_and_keeps_the_own_words(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime
) -> None:
    client = client_of(cast.ada)
    page = client.get("/vos/juno/edit/")
    vos.write_card(vo=cast.juno, by=cast.dmitri, at=at, alias="J", description="theirs")
    answer = client.post("/vos/juno/edit/", typed(page, description=LONG))
    assert answer.status_code == 409
    changed = {one.field: (one.old, one.new) for one in answer.context["meanwhile"]}
    assert changed == {"alias": ("JUNO", "J"), "description": ("short", "theirs")}
    form = answer.context["form"]
    assert (form["description"].value(), form["alias"].value()) == (LONG, "J")
    assert client.post("/vos/juno/edit/", typed(answer)).status_code == 302
    assert CardRequest.objects.get().new == {"description": LONG}


def test_an_admin_decides_on_the_page(cast: Cast, card: VOIDCard, client_of: ClientOf) -> None:
    manager, admin = client_of(cast.ada), client_of(cast.dmitri)
    page = manager.get("/vos/juno/edit/")
    manager.post("/vos/juno/edit/", typed(page, description=LONG, scope="Regional - Asia"))
    path = f"/vos/juno/changes/{CardRequest.objects.get().pk}/"
    assert not manager.get(path).context["may_decide"]
    page = admin.get(path)
    assert {one.field for one in page.context["differences"]} == {"scope", "description"}
    data = {"seen": page.context["seen"], "step": "chosen", "fields": "description"}
    answer = admin.post(path + "decide/", data)
    assert answer.status_code == 422  # a reason is needed
    assert manager.post(path + "decide/", data | {"step": "approve"}).status_code == 403
    admin.post(path + "decide/", data | {"reason": "It is global."})
    card.refresh_from_db()
    assert (card.description, card.scope) == (LONG, "Global")
    assert "It is global." in manager.get(path).content.decode()
    assert admin.post(path + "decide/", data | {"step": "approve"}).status_code == 422


def test_versions_are_listed_shown_and_compared(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime
) -> None:
    vos.write_card(vo=cast.juno, by=cast.dmitri, at=at, description=LONG)
    vos.write_card(vo=cast.juno, by=None, at=at, security_list="new@juno.org")
    client = client_of(cast.eve)
    lines = client.get("/vos/juno/versions/").context["lines"]
    assert [line.number for line in lines] == [4, 3, 2, 1]
    assert "Description" in lines[1].what
    page = client.get("/vos/juno/versions/3/")
    assert [one.field for one in page.context["differences"]] == ["description"]
    page = client.get("/vos/juno/versions/4/?with=1")
    assert {one.field for one in page.context["differences"]} >= {"description", "security_list"}
    assert "juno.org" not in page.content.decode()  # Eve is no supporter
    assert "new@juno.org" in client_of(cast.boris).get("/vos/juno/versions/4/").content.decode()
    assert client.get("/vos/juno/versions/9/").status_code == 404


def test_long_lists_of_versions_go_on(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("juno_support.pages.card_versions.PAGE", 1)
    page = client_of(cast.eve).get("/vos/juno/versions/")
    assert [line.number for line in page.context["lines"]] == [2]
    page = client_of(cast.eve).get(page.context["more"])
    assert [line.number for line in page.context["lines"]] == [1]
    assert page.context["more"] == ""


def test_an_admin_takes_fields_over_from_the_portal(
    cast: Cast, card: VOIDCard, client_of: ClientOf, at: datetime
) -> None:
    theirs = {"description": LONG, "scope": "Global"}
    import_cards(body=write_cards([CardRecord("juno", theirs)]), by=None, at=at)
    assert client_of(cast.ada).get("/vos/juno/").context["differing"] == 1
    admin = client_of(cast.dmitri)
    page = admin.get("/vos/juno/portal/")
    assert [one.field for one in page.context["differences"]] == ["description"]
    assert admin.post("/vos/juno/portal/").status_code == 422
    assert client_of(cast.ada).post("/vos/juno/portal/", {"fields": "x"}).status_code == 403
    admin.post("/vos/juno/portal/", {"fields": "description"})
    card.refresh_from_db()
    assert card.description == LONG


def test_an_admin_links_a_contact_and_unlinks_it(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    contact = make.make_contact(card=card, role=ContactRole.DEPUTY, name="Eve Nobody")
    admin, path = client_of(cast.dmitri), f"/vos/juno/contacts/{contact.pk}/"
    assert admin.get(path).context["accounts"] == []
    found = admin.get(f"{path}?q=nobody").context["accounts"]
    assert [account["username"] for account in found] == ["eve"]
    assert client_of(cast.eve).get("/vos/juno/edit/").status_code == 403
    admin.post(path + "link/", {"account": "eve"})
    assert client_of(cast.eve).get("/vos/juno/edit/").status_code == 200
    changes = admin.get("/vos/juno/").content.decode()
    assert "Eve Nobody" in changes
    admin.post(path + "link/")
    assert client_of(cast.eve).get("/vos/juno/edit/").status_code == 403


def test_support_is_asked_for_and_decided_on_the_page(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    manager, admin = client_of(cast.ada), client_of(cast.dmitri)
    assert client_of(cast.eve).post("/vos/juno/support/", {"step": "ask"}).status_code == 403
    manager.post("/vos/juno/support/", {"step": "ask"})
    assert "waiting for an admin" in manager.get("/vos/juno/").content.decode()
    assert manager.post("/vos/juno/support/", {"step": "accept", "name": "X"}).status_code == 403
    assert client_of(cast.dmitri).get("/vos/-/waiting/").context["support"][0]["vo"] == "juno"
    admin.post("/vos/juno/support/", {"step": "accept", "name": "JUNO-Support"})
    request = SupportRequest.objects.get()
    assert (request.state, request.unit.name) == ("ACCEPTED", "JUNO-Support")
    panel = manager.get("/vos/juno/").context["support"]
    assert panel.unit == "JUNO-Support"
    assert panel.missing


def test_an_import_is_looked_at_then_applied_once(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    admin = client_of(cast.dmitri)
    body = write_cards(
        [CardRecord("biomed", {"scope": "Global"}), CardRecord("juno", {"scope": "X"})]
    )
    body = body.replace(b"</data>", b'<Vo key="a/b"/></data>')
    file = SimpleUploadedFile("cards.xml", body)
    key = str(uuid.uuid4())
    answer = admin.post("/vos/-/import/", {"file": file, "key": key})
    assert answer["Location"] == f"/vos/-/import/{key}/"
    page = admin.get(answer["Location"])
    assert page.context["new"] == ["biomed"]
    assert page.context["result"]["refused"][0]["row"] == "3: a/b"
    assert not VO.objects.filter(name="biomed").exists()
    for _twice in range(2):
        admin.post(f"/vos/-/import/{key}/apply/")
    assert VO.objects.get(name="biomed").card.scope == "Global"
    card.refresh_from_db()
    assert card.scope == "Global"
    assert admin.get(answer["Location"]).context["result"]["new"] == 1
    assert CardVersion.objects.filter(card__vo__name="biomed").count() == 1


@pytest.mark.parametrize(
    ("body", "words"), [(b"", "Choose a file"), (b"<html/>", "&lt;html&gt;"), (b"GIF89a", "XML")]
)
def test_what_is_no_document_of_cards_is_said(
    cast: Cast, client_of: ClientOf, body: bytes, words: str
) -> None:
    data = {"file": SimpleUploadedFile("x.xml", body)} if body else {}
    answer = client_of(cast.dmitri).post("/vos/-/import/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_card_is_exported_with_addresses_for_those_who_may_see_them(
    cast: Cast, card: VOIDCard, client_of: ClientOf
) -> None:
    for layout in ("new", "old"):
        full = client_of(cast.boris).get(f"/vos/juno/card.xml?format={layout}")
        assert full["Content-Disposition"] == 'attachment; filename="juno.xml"'
        (record,) = read_cards(full.content).cards
        assert record.fields["security_list"] == "csirt@juno.org"
        assert record.fields["contacts"][0]["email"] == "ada@ihep.org"
        hidden = client_of(cast.eve).get(f"/vos/juno/card.xml?format={layout}").content
        assert b"csirt@juno.org" not in hidden and b"ada@ihep.org" not in hidden
        (record,) = read_cards(hidden).cards
        assert record.fields["description"] == "short"
        assert "security_list" not in record.fields


def test_a_mirror_is_made_a_served_vo(cast: Cast, client_of: ClientOf, at: datetime) -> None:
    import_cards(body=write_cards([CardRecord("biomed", {})]), by=None, at=at)
    admin = client_of(cast.dmitri)
    assert admin.get("/vos/biomed/edit/").status_code == 403  # the Portal is the truth
    admin.post("/vos/biomed/serve/", {"served": "yes"})
    assert admin.get("/vos/biomed/edit/").status_code == 200
    admin.post("/vos/biomed/serve/", {"served": "no"})
    assert not VO.objects.get(name="biomed").is_served


def test_validating_is_one_button(cast: Cast, card: VOIDCard, client_of: ClientOf) -> None:
    client_of(cast.ada).post("/vos/juno/validate/")
    card.refresh_from_db()
    assert card.validated_date is not None


def test_who_may_do_what(roles: Roles, client_of: ClientOf) -> None:
    card = roles.juno.card
    contact = make.make_contact(card=card, role=ContactRole.EXPERT)
    vos.write_card(vo=roles.juno, by=None, at=AT, alias="J")
    managers, admins = {"VO manager", "admin"}, {"admin"}
    everyone = set(ROLE_NAMES)
    table = {
        ("get", "/vos/juno/edit/"): managers,
        ("get", "/vos/juno/portal/"): managers,
        ("get", "/vos/juno/versions/"): everyone,
        ("get", "/vos/juno/versions/1/"): everyone,
        ("get", "/vos/juno/card.xml"): everyone,
        ("get", f"/vos/juno/contacts/{contact.pk}/"): admins,
        ("post", f"/vos/juno/contacts/{contact.pk}/link/"): admins,
        ("get", "/vos/-/import/"): admins,
        ("get", "/vos/-/waiting/"): admins,
        ("post", "/vos/juno/validate/"): managers,
        ("post", "/vos/juno/support/"): managers,
    }
    for (method, path), allowed in table.items():
        for name in ROLE_NAMES:
            answer = getattr(client_of(roles[name]), method)(path)
            if name in ("anonymous", "left"):
                assert "/accounts/login/" in answer["Location"], (path, name)
            else:
                assert (answer.status_code != 403) is (name in allowed), (path, name)


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/vos/juno/edit/", 12),
        ("/vos/juno/versions/", 9),
        ("/vos/juno/versions/2/", 12),
        ("/vos/juno/portal/", 9),
        ("/vos/-/waiting/", 12),
        ("/vos/-/import/", 8),
    ],
)
def test_the_number_of_queries_does_not_grow(
    cast: Cast,
    card: VOIDCard,
    client_of: ClientOf,
    at: datetime,
    path: str,
    most: int,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(5):
        vos.write_card(vo=cast.juno, by=cast.dmitri, at=at, alias=f"J{n}")
        other = make.make_vo(name=f"vo{n}")
        make.make_card(vo=other)
        make.make_contact(card=card, role=ContactRole.EXPERT, name=f"E{n}")
        CardRequest.objects.create(
            card=other.card, asked_by=cast.ada, asked_at=at, old={"alias": ""}, new={"alias": "x"}
        )
    import_cards(
        body=write_cards(CardRecord(f"vo{n}", {"alias": "y"}) for n in range(5)), by=None, at=at
    )
    client = client_of(cast.dmitri)
    client.get(path)
    with django_assert_max_num_queries(most):
        assert client.get(path).status_code == 200


def test_rights_of_the_card_are_those_of_linked_contacts(cast: Cast, card: VOIDCard) -> None:
    assert policies.may_change_card(cast.ada, cast.juno)
    assert not policies.may_change_card(cast.boris, cast.juno)
