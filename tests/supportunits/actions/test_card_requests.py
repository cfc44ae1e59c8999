"""Change requests of cards: checks, versions, two at once, decisions, yearly validation."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from juno_support.outbox.models import Delivery
from supportunits import card_content, policies, validation
from supportunits.actions import card_requests, cards, remind_of_cards, vos
from supportunits.actions.deciding import AlreadyDecided, WordsMissing
from supportunits.actions.import_cards import import_cards
from supportunits.actions.rights import NotAllowed
from supportunits.models import CardRequest, CardRequestState, ContactRole, VOIDCard
from supportunits.parsers.card_records import CardRecord
from supportunits.parsers.card_writing import write_cards
from tests import make
from tests.cast import Cast

LONG = "The experiment measures neutrinos of reactors far away with a large detector."


@pytest.fixture
def card(cast: Cast) -> VOIDCard:
    """The card of juno, managed by Ada."""
    card = make.make_card(vo=cast.juno, description="short")
    make.make_contact(card=card, role=ContactRole.MANAGER, account=cast.ada)
    return card


def ask(cast: Cast, at: datetime, key: uuid.UUID | None = None, **fields: Any) -> CardRequest:
    seen = cards.newest_number(cast.juno.card)
    return card_requests.ask_change(
        vo=cast.juno, fields=fields, key=key or uuid.uuid4(), by=cast.ada, at=at, seen=seen
    )


def decide(request: CardRequest, cast: Cast, at: datetime, **how: Any) -> CardRequest:
    how.setdefault("approved", list(request.new))
    how.setdefault("seen", cards.newest_number(request.card))
    return card_requests.decide(request=request, by=cast.dmitri, at=at, **how)


def test_a_request_keeps_old_and_new_and_changes_nothing(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    request = ask(cast, at, description=LONG, scope="Global")
    assert (request.old, request.new) == ({"description": "short"}, {"description": LONG})
    card.refresh_from_db()
    assert card.description == "short"
    assert Delivery.objects.filter(kind="card.change-asked", to_user=cast.dmitri).exists()


def test_the_same_form_twice_is_one_request(cast: Cast, card: VOIDCard, at: datetime) -> None:
    key = uuid.uuid4()
    assert ask(cast, at, key, description=LONG) == ask(cast, at, key, description=LONG)


def test_who_may_ask_and_decide(cast: Cast, card: VOIDCard, at: datetime) -> None:
    for stranger in (cast.eve, cast.boris, cast.carla):
        with pytest.raises(NotAllowed):
            card_requests.ask_change(
                vo=cast.juno,
                fields={"description": LONG},
                key=uuid.uuid4(),
                by=stranger,
                at=at,
                seen=0,
            )
    request = ask(cast, at, description=LONG)
    with pytest.raises(NotAllowed):
        card_requests.decide(request=request, approved=["description"], by=cast.ada, at=at, seen=0)


def test_approving_writes_a_version(cast: Cast, card: VOIDCard, at: datetime) -> None:
    request = decide(ask(cast, at, description=LONG), cast, at)
    card.refresh_from_db()
    assert (request.state, card.description, card.changed_at) == ("APPROVED", LONG, at)
    first, second = card.versions.order_by("number")
    assert (first.source, first.content["description"]) == ("BEGIN", "short")
    assert (second.source, second.made_by) == ("REQUEST", cast.dmitri)
    assert "description" in second.changed_fields
    mail = Delivery.objects.get(kind="card.change-decided")
    assert mail.to_user == cast.ada


def test_single_fields_are_approved_and_the_others_refused_with_a_reason(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    request = ask(cast, at, description=LONG, scope="National - NGI_IT")
    with pytest.raises(WordsMissing):
        decide(request, cast, at, approved=["description"])
    request = decide(request, cast, at, approved=["description"], reason="JUNO is global.")
    card.refresh_from_db()
    assert (card.description, card.scope) == (LONG, "Global")
    assert (request.state, request.approved_fields) == ("PARTLY", ["description"])
    assert "JUNO is global." in Delivery.objects.get(kind="card.change-decided").body


def test_refusing_needs_a_reason_and_is_final(cast: Cast, card: VOIDCard, at: datetime) -> None:
    request = ask(cast, at, description=LONG)
    with pytest.raises(WordsMissing):
        decide(request, cast, at, approved=[], reason="  ")
    decide(request, cast, at, approved=[], reason="No.")
    assert CardRequest.objects.get().state == CardRequestState.REFUSED
    with pytest.raises(AlreadyDecided):
        decide(request, cast, at)
    with pytest.raises(AlreadyDecided):
        card_requests.withdraw(request=request, by=cast.ada, at=at)


def test_a_field_that_changes_must_pass_the_checks_others_need_not(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    with pytest.raises(card_requests.CardFailsChecks) as failure:
        ask(cast, at, homepage_url="ftp://juno", security_list="nobody")
    assert set(failure.value.findings) == {"homepage_url", "security_list"}
    assert not CardRequest.objects.exists()
    # The card lacks a policy, a registry and more; that does not bar this change.
    assert ask(cast, at, homepage_url="https://juno.example.org")


def test_nothing_to_change_is_said(cast: Cast, card: VOIDCard, at: datetime) -> None:
    with pytest.raises(card_requests.NothingToChange):
        ask(cast, at, description="short", serial="9", needs_dedicated_support=True)


def test_the_second_of_two_sees_what_changed(cast: Cast, card: VOIDCard, at: datetime) -> None:
    vos.write_card(vo=cast.juno, by=None, at=at, alias="J")
    seen = cards.newest_number(card)
    decide(ask(cast, at, description=LONG), cast, at)
    with pytest.raises(card_requests.CardChangedMeanwhile) as change:
        card_requests.ask_change(
            vo=cast.juno,
            fields={"description": LONG * 2},
            key=uuid.uuid4(),
            by=cast.ada,
            at=at,
            seen=seen,
        )
    assert change.value.fields == ["description"]
    assert change.value.before["description"] == "short"
    assert change.value.now["description"] == LONG


def test_an_admin_who_saw_an_older_card_looks_again(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    one, other = ask(cast, at, description=LONG), ask(cast, at, description=LONG * 2)
    seen = cards.newest_number(card)
    decide(one, cast, at, seen=seen)
    with pytest.raises(card_requests.CardChangedMeanwhile):
        decide(other, cast, at, seen=seen)


def contact(name: str, role: str = "VO EXPERT", email: str = "") -> dict[str, str]:
    return {"name": name, "role": role, "email": email, "dn": "", "phone": ""}


def test_two_open_requests_that_each_add_a_contact_both_land(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    ada = contact(cast.ada.name, "VO MANAGER", "ada@ihep.org")
    card.contacts.update(email="ada@ihep.org")
    one = ask(cast, at, contacts=[ada, contact("Bob")])
    other = ask(cast, at, contacts=[ada, contact("Eve")])
    decide(other, cast, at)
    decide(one, cast, at)
    names = card.contacts.order_by("pk").values_list("name", flat=True)
    assert list(names) == [cast.ada.name, "Eve", "Bob"]
    assert card.contacts.get(name=cast.ada.name).account == cast.ada


def test_two_requests_that_together_fail_the_checks_are_not_both_approved(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    one, two = (contact(name, "VO MANAGER", f"{name}@ihep.org") for name in ("one", "two"))
    decide(ask(cast, at, contacts=[one, two]), cast, at)
    first = card_requests.ask_change(
        vo=cast.juno, fields={"contacts": [one]}, key=uuid.uuid4(), by=cast.dmitri, at=at, seen=99
    )
    second = card_requests.ask_change(
        vo=cast.juno, fields={"contacts": [two]}, key=uuid.uuid4(), by=cast.dmitri, at=at, seen=99
    )
    decide(first, cast, at)
    with pytest.raises(card_requests.CardFailsChecks) as failure:
        decide(second, cast, at)
    assert "at least one VO manager" in failure.value.findings["contacts"][0]
    assert card.contacts.get().name == "one"


def test_a_linked_contact_stays_linked_and_a_new_one_has_no_account(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    people = [
        {
            "name": cast.ada.name,
            "role": "VO MANAGER",
            "email": "ada@ihep.org",
            "dn": "",
            "phone": "",
        },
        {
            "name": cast.eve.name,
            "role": "VO DEPUTY",
            "email": cast.eve.email,
            "dn": "",
            "phone": "",
        },
    ]
    decide(ask(cast, at, contacts=people), cast, at)
    linked = {contact.name: contact.account for contact in card.contacts.all()}
    assert linked == {cast.ada.name: cast.ada, cast.eve.name: None}


def test_a_linked_contact_with_a_new_name_and_the_same_address_stays_linked(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    card.contacts.update(email="ada@ihep.org")
    renamed = contact("Ada Liang-Ricci", "VO MANAGER", "Ada@ihep.org")
    decide(ask(cast, at, contacts=[contact("New", email="ada@ihep.org"), renamed]), cast, at)
    accounts = dict(card.contacts.values_list("name", "account"))
    assert accounts == {"Ada Liang-Ricci": cast.ada.pk, "New": None}
    assert not Delivery.objects.filter(kind="card.rights-lost").exists()


def test_an_address_that_two_managers_share_keeps_no_link(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    card.contacts.update(email="managers@ihep.org")
    people = [contact(name, "VO MANAGER", "managers@ihep.org") for name in ("One", "Two")]
    decide(ask(cast, at, contacts=people), cast, at)
    assert not card.contacts.exclude(account=None).exists()


@pytest.mark.parametrize("how", ["other person", "other role"])
def test_who_loses_a_role_with_a_contact_is_told_and_so_are_managers_and_admins(
    cast: Cast, card: VOIDCard, at: datetime, how: str
) -> None:
    make.make_contact(
        card=card, role=ContactRole.DEPUTY, account=cast.eve, email="eve@ihep.org", name="Eve"
    )
    card.contacts.filter(account=cast.ada).update(email="ada@ihep.org")
    new = {
        "other person": contact("Zoe", "VO DEPUTY", "zoe@ihep.org"),
        "other role": contact("Eve", "VO EXPERT", "eve@ihep.org"),
    }[how]
    ada = contact(cast.ada.name, "VO MANAGER", "ada@ihep.org")
    assert policies.manages_vo(cast.eve, cast.juno)
    decide(ask(cast, at, contacts=[ada, new]), cast, at)
    policies.forget(cast.eve)
    assert not policies.manages_vo(cast.eve, cast.juno)
    told = Delivery.objects.filter(kind="card.rights-lost")
    assert {mail.to_user for mail in told} == {cast.eve, cast.ada, cast.dmitri}
    assert "deputy" in told[0].body and cast.dmitri.get_full_name() in told[0].body


def test_who_loses_two_roles_at_once_gets_a_mail_about_each(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    for role in (ContactRole.MANAGER, ContactRole.DEPUTY):
        make.make_contact(card=card, role=role, account=cast.eve, email="eve@ihep.org", name="Eve")
    ada = contact(cast.ada.name, "VO MANAGER", "ada@ihep.org")
    decide(ask(cast, at, contacts=[ada]), cast, at)
    told = Delivery.objects.filter(kind="card.rights-lost", to_user=cast.eve)
    assert sorted("deputy" in mail.subject for mail in told) == [False, True]


def test_contacts_of_a_mirror_lose_no_role(cast: Cast, card: VOIDCard, at: datetime) -> None:
    vos.set_served(vo=cast.juno, is_served=False, by=None, at=at)
    vos.write_card(vo=cast.juno, by=None, at=at, contacts=[])
    assert not Delivery.objects.filter(kind="card.rights-lost").exists()


def test_an_admin_takes_single_fields_over_from_the_portal(
    cast: Cast, card: VOIDCard, at: datetime
) -> None:
    theirs = {"description": LONG, "scope": "Regional - Asia", "serial": "5"}
    import_cards(body=write_cards([CardRecord("juno", theirs)]), by=None, at=at)
    with pytest.raises(NotAllowed):
        card_requests.take_over(vo=cast.juno, fields=["description"], by=cast.ada, at=at)
    for field in ("alias", "serial"):
        with pytest.raises(card_requests.NotInPortal):
            card_requests.take_over(vo=cast.juno, fields=[field], by=cast.dmitri, at=at)
    version = card_requests.take_over(vo=cast.juno, fields=["description"], by=cast.dmitri, at=at)
    card.refresh_from_db()
    assert (card.description, card.scope) == (LONG, "Global")
    assert version is not None and version.source == "PORTAL"


def test_validating_begins_the_year_anew(cast: Cast, card: VOIDCard, at: datetime) -> None:
    vos.write_card(vo=cast.juno, by=None, at=at, validated_date=date(2015, 6, 5))
    assert [found.vo for found, _v in validation.overdue_cards(today=at.date())] == [cast.juno]
    card_requests.validate(vo=cast.juno, by=cast.ada, at=at)
    card.refresh_from_db()
    assert card.validated_date == at.date()
    assert validation.overdue_cards(today=at.date()) == []
    assert card.versions.order_by("-number")[0].source == "VALIDATION"


@pytest.mark.parametrize(
    ("days_left", "mails"), [(31, 0), (30, 1), (8, 1), (7, 1), (1, 1), (0, 1), (-1, 2)]
)
def test_reminders_at_30_and_7_days_and_when_overdue(
    cast: Cast, card: VOIDCard, at: datetime, days_left: int, mails: int
) -> None:
    validated = at.date() - validation.EVERY + timedelta(days=days_left)
    vos.write_card(vo=cast.juno, by=None, at=at, validated_date=validated)
    for _twice in range(2):
        remind_of_cards.remind_of_validations(at=at)
    sent = Delivery.objects.filter(kind="card.validation-due")
    assert sent.count() == mails
    if mails:
        assert sent.filter(to_user=cast.ada).exists()
    assert sent.filter(to_user=cast.dmitri).exists() is (days_left < 0)


def test_every_reminder_of_a_year_is_sent_once(cast: Cast, card: VOIDCard, at: datetime) -> None:
    vos.write_card(vo=cast.juno, by=None, at=at, validated_date=at.date())
    for day in range(300, 420):
        remind_of_cards.remind_of_validations(at=at + timedelta(days=day))
    sent = Delivery.objects.filter(kind="card.validation-due", to_user=cast.ada)
    assert sent.count() == 3


def test_a_card_that_says_all_passes_the_checks(cast: Cast) -> None:
    from supportunits.card_checks import check_card

    assert {finding.field for finding in check_card({}, vo_name="juno")} == {
        *("scope", "description", "disciplines", "middlewares", "enrolment_url", "homepage_url"),
        *("acceptable_use_policy", "contacts", "security_list", "voms_servers"),
    }
    full = {
        "scope": "Global",
        "description": LONG,
        "disciplines": [["Natural Sciences"]],
        "middlewares": ["gLite"],
        "enrolment_url": "https://voms.example.org/juno",
        "homepage_url": "https://juno.example.org",
        "acceptable_use_policy": "https://juno.example.org/aup",
        "acceptable_use_policy_type": "url",
        "contacts": [{"name": "A", "role": "VO MANAGER", "email": "a@example.org"}],
        "security_list": "security@example.org",
        "voms_servers": [{"hostname": "voms.example.org", "https_port": "8443"}],
        "groups": [{"name": "/juno/Role=production", "share": "40"}],
    }
    assert check_card(full, vo_name="juno") == []
    wrong = full | {
        "description": "Эксперимент измеряет нейтрино от далёких реакторов большим детектором.",
        "groups": [{"name": "/other"}],
        "voms_servers": [{"hostname": "not a host", "vomses_port": "99999"}],
    }
    found = [finding.field for finding in check_card(wrong, vo_name="juno")]
    assert found == ["description", "voms_servers", "voms_servers", "groups"]


def test_contents_are_told_in_words(cast: Cast, card: VOIDCard) -> None:
    for name in card_content.LABELS:
        value = card_content.content_of(card)[name]
        assert card_content.in_words(name, value, with_addresses=True)
