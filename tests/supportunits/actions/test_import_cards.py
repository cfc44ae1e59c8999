"""Importing the Portal's cards: the mirror, cards that stay, cards that go, and no rights."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from supportunits import card_content, policies, portal
from supportunits.actions import vos
from supportunits.actions.import_cards import import_cards, plan_import
from supportunits.models import VO, CardVersion, ContactRole, PortalCopy
from supportunits.parsers.card_records import CardRecord
from supportunits.parsers.card_writing import write_cards
from supportunits.parsers.vo_cards import read_cards
from tests import make
from tests.cast import Cast

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "vo-id-cards"
REAL = sorted(SAMPLES.glob("*.xml"))


def document(**cards: dict[str, object]) -> bytes:
    return write_cards(CardRecord(name, fields) for name, fields in cards.items())


def figures(body: bytes, at: datetime) -> dict[str, object]:
    found = import_cards(body=body, by=None, at=at).as_json()
    return {key: found[key] for key in ("seen", "new", "changed", "unchanged")} | {
        "refused": len(found["refused"])
    }


def test_a_card_of_an_unknown_vo_becomes_a_mirror(cast: Cast, at: datetime) -> None:
    import_cards(body=document(biomed={"description": "Life sciences"}), by=None, at=at)
    vo = VO.objects.get(name="biomed")
    assert not vo.is_served
    assert vo.card.description == "Life sciences"
    assert vo.portal_copy.content["description"] == "Life sciences"


def test_a_mirror_is_overwritten_and_keeps_what_changed_and_when(cast: Cast, at: datetime) -> None:
    import_cards(body=document(biomed={"description": "Old", "scope": "Global"}), by=None, at=at)
    later = at + timedelta(days=1)
    plan = import_cards(body=document(biomed={"description": "New"}), by=cast.dmitri, at=later)
    assert [planned.changed for planned in plan.changed] == [("description",)]
    card = VO.objects.get(name="biomed").card
    assert (card.description, card.scope) == ("New", "Global")  # what is not told stays
    newest = card.versions.order_by("-number").first()
    assert (newest.source, newest.made_at, newest.made_by) == ("IMPORT", later, cast.dmitri)
    assert newest.changed_fields == ["description"]


def test_the_card_of_a_served_vo_is_never_overwritten(cast: Cast, at: datetime) -> None:
    make.make_card(vo=cast.juno, description="Ours", homepage_url="https://juno.example.org")
    body = document(JUNO={"description": "Theirs", "homepage_url": "https://juno.example.org"})
    import_cards(body=body, by=None, at=at)
    card = VO.objects.get(name="juno").card
    assert card.description == "Ours"
    copy = PortalCopy.objects.get(vo=cast.juno)
    content = card_content.content_of(card)
    assert portal.differing_fields(content, copy) == ["description"]
    (difference,) = portal.portal_differences(content, copy, with_addresses=False)
    assert (difference.old, difference.new) == ("Ours", "Theirs")


def test_what_the_document_hides_stays(cast: Cast, at: datetime) -> None:
    known = [{"name": "Li", "role": "VO MANAGER", "email": "li@example.org", "phone": "1"}]
    import_cards(
        body=document(biomed={"contacts": known, "admins_list": "a@b.org"}), by=None, at=at
    )
    hidden = [{"name": "Li", "role": "VO MANAGER", "phone": "2"}]
    import_cards(body=document(biomed={"contacts": hidden}), by=None, at=at)
    card = VO.objects.get(name="biomed").card
    contact = card.contacts.get()
    assert (contact.email, contact.phone, card.admins_list) == ("li@example.org", "2", "a@b.org")


def test_what_is_missing_is_marked_gone_and_comes_back(cast: Cast, at: datetime) -> None:
    every = {f"vo{n}": {"scope": "Global"} for n in range(10)}
    import_cards(body=document(**every), by=None, at=at)
    fewer = {name: fields for name, fields in every.items() if name != "vo3"}
    plan = import_cards(body=document(**fewer), by=None, at=at + timedelta(days=1))
    assert [vo.name for vo in plan.gone] == ["vo3"]
    assert VO.objects.get(name="vo3").portal_copy.gone_at == at + timedelta(days=1)
    assert VO.objects.get(name="vo3").card.scope == "Global"
    import_cards(body=document(**every), by=None, at=at + timedelta(days=2))
    assert not PortalCopy.objects.filter(gone_at__isnull=False).exists()


def test_a_document_of_few_cards_makes_nothing_gone(cast: Cast, at: datetime) -> None:
    import_cards(body=document(**{f"vo{n}": {} for n in range(10)}), by=None, at=at)
    plan = import_cards(body=document(vo1={"scope": "Global"}), by=None, at=at)
    assert not plan.is_full
    assert not PortalCopy.objects.filter(gone_at__isnull=False).exists()


def test_a_refused_card_is_not_gone(cast: Cast, at: datetime) -> None:
    import_cards(body=document(a={}, b={}, c={}), by=None, at=at)
    body = document(a={}, b={}, c={}).replace(
        b"<lastchange>0000-00-00 00:00:00", b"<lastchange>x", 1
    )
    plan = import_cards(body=body, by=None, at=at)
    assert [refused.row for refused in plan.dump.refused] == ["1: a"]
    assert plan.gone == ()


def test_an_imported_contact_gives_no_right(cast: Cast, at: datetime) -> None:
    body = document(
        biomed={
            "contacts": [{"name": cast.eve.name, "role": "VO MANAGER", "email": cast.eve.email}]
        }
    )
    import_cards(body=body, by=None, at=at)
    vo = VO.objects.get(name="biomed")
    contact = vo.card.contacts.get()
    assert contact.account is None
    assert not policies.manages_vo(cast.eve, vo)
    with pytest.raises(vos.NotServedHere):
        vos.link_contact(contact=contact, account=cast.eve, by=cast.dmitri, at=at)
    # Rights begin when an admin has the VO served and links the contact, and end with either.
    vos.set_served(vo=vo, is_served=True, by=cast.dmitri, at=at)
    contact.refresh_from_db()
    vos.link_contact(contact=contact, account=cast.eve, by=cast.dmitri, at=at)
    assert policies.manages_vo(cast.eve, vo)
    vos.set_served(vo=vo, is_served=False, by=cast.dmitri, at=at)
    policies.forget(cast.eve)
    assert not policies.manages_vo(cast.eve, vo)


def test_looking_changes_nothing(cast: Cast, at: datetime) -> None:
    assert plan_import(document(biomed={})).as_json()["new"] == 1
    assert not VO.objects.filter(name="biomed").exists()


def test_linked_contacts_stay_linked_when_a_mirror_is_read_anew(cast: Cast, at: datetime) -> None:
    contacts = [{"name": "Li", "role": ContactRole.MANAGER, "email": "li@example.org"}]
    make.make_card(vo=cast.juno)
    vos.write_card(vo=cast.juno, by=None, at=at, contacts=contacts)
    contact = cast.juno.card.contacts.get()
    vos.link_contact(contact=contact, account=cast.ada, by=cast.dmitri, at=at)
    import_cards(body=document(juno={"contacts": []}), by=None, at=at)
    assert policies.manages_vo(cast.ada, cast.juno)


@pytest.mark.skipif(len(REAL) < 2, reason="the real cards are not at hand")
def test_the_real_cards_twice(cast: Cast, at: datetime) -> None:
    summer, winter = (path.read_bytes() for path in REAL)
    expected = {"seen": 232, "new": 232, "changed": 0, "unchanged": 0, "refused": 0}
    assert figures(summer, at) == expected
    assert figures(summer, at) == expected | {"new": 0, "unchanged": 232}
    versions = CardVersion.objects.count()
    found = figures(winter, at)
    assert (found["seen"], found["refused"]) == (235, 0)
    assert found["changed"] and found["new"]
    after = CardVersion.objects.count()
    assert after > versions
    assert figures(winter, at)["unchanged"] == 235
    assert CardVersion.objects.count() == after
    assert PortalCopy.objects.filter(gone_at__isnull=False).count() == 232 + found["new"] - 235


@pytest.mark.skipif(not REAL, reason="the real cards are not at hand")
def test_every_real_card_is_exported_as_it_is_kept(cast: Cast, at: datetime) -> None:
    import_cards(body=REAL[-1].read_bytes(), by=None, at=at)
    vos_there = VO.objects.filter(is_served=False).select_related("card")
    cards = [vo.card for vo in vos_there]
    for layout in ("new", "old"):
        again = read_cards(write_cards(portal.as_records(cards), layout=layout))
        assert again.refused == ()
        for card, record in zip(cards, again.cards, strict=True):
            content = card_content.content_of(card)
            assert card_content.changed_fields(content, record.fields) == [], record.name
            assert len(record.fields) >= 25
