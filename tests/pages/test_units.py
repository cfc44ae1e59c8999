"""The pages of support units."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from juno_support.lib.working_time import END_OF_DAY
from supportunits.actions import units as unit_actions
from supportunits.hours import presence
from supportunits.models import ListState, SupportUnit, UnitKind, UnitState
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles
from tests.tickets.make import make_ticket

ClientOf = Callable[[Any], Client]

# How each address answers each role: 200 shown, 302 to sign-in, 403 refused. Written by hand.
SUPPORTERS = ("supporter", "supporter of another unit", "unit manager", "TPM operator", "CSIRT")


def _answers(roles: Roles, client_of: ClientOf, path: str, method: str = "get") -> dict[str, int]:
    return {name: getattr(client_of(roles[name]), method)(path).status_code for name in ROLE_NAMES}


def _expected(allowed: set[str], status: int = 200) -> dict[str, int]:
    signed_out = {"anonymous": 302, "left": 302}
    return {name: signed_out.get(name, status if name in allowed else 403) for name in ROLE_NAMES}


EVERYBODY = set(ROLE_NAMES)


@pytest.mark.parametrize("path", ["/units/", "/units/IN2P3-CC/"])
def test_everybody_who_signed_in_sees_the_units(
    path: str, roles: Roles, client_of: ClientOf
) -> None:
    assert _answers(roles, client_of, path) == _expected(EVERYBODY)


def test_admins_and_tpm_open_units(roles: Roles, client_of: ClientOf) -> None:
    may = {"TPM operator", "admin"}
    assert _answers(roles, client_of, "/units/-/open/") == _expected(may)
    # 404: let in, and no such operations centre
    assert _answers(roles, client_of, "/units/-/open/place/", "post") == _expected(may, 404)


def test_managers_and_admins_change_a_unit(roles: Roles, client_of: ClientOf) -> None:
    may = {"unit manager", "admin"}
    for path in ("/units/IN2P3-CC/change/", "/units/IN2P3-CC/members/"):
        assert _answers(roles, client_of, path, "post") == _expected(may, 404), path


def test_only_admins_close_a_unit(roles: Roles, client_of: ClientOf) -> None:
    assert _answers(roles, client_of, "/units/IN2P3-CC/close/", "post") == _expected({"admin"}, 302)


def test_addresses_are_shown_to_supporters_and_admins_only(
    roles: Roles, client_of: ClientOf
) -> None:
    contact, member = "in2p3-cc-list@example.org", "supporter@example.org"
    for name in ROLE_NAMES:
        if name in ("anonymous", "left"):
            continue
        client = client_of(roles[name])
        listed = client.get("/units/").content.decode()
        shown = client.get("/units/IN2P3-CC/").content.decode()
        sees = name in (*SUPPORTERS, "admin")
        assert (contact in listed) is sees, name
        assert (contact in shown) is sees, name
        assert (member in shown) is sees, name


def test_people_are_found_only_by_those_who_may_add_them(roles: Roles, client_of: ClientOf) -> None:
    for name, finds in (("unit manager", True), ("supporter", False), ("submitter", False)):
        page = client_of(roles[name]).get("/units/IN2P3-CC/?person=nobody@").content.decode()
        assert ("nobody@example.org" in page) is finds, name


def test_the_list_says_state_members_and_what_lacks(cast: Cast, client_of: ClientOf) -> None:
    make.make_unit(name="Storage", mailing_list="")
    make.make_unit(name="JUNO production", kind=UnitKind.VO, vo=cast.juno)
    page = client_of(cast.boris).get("/units/").content.decode()
    assert "needs contact" in page
    assert "not reachable" in page
    assert "needs a supporter" in page
    assert page.index("TPM") < page.index("JUNO production") < page.index("IN2P3-CC")


def test_tpm_without_anybody_is_not_called_unreachable(cast: Cast, client_of: ClientOf) -> None:
    SupportUnit.objects.filter(pk=cast.tpm.pk).update(
        state=UnitState.NEEDS_CONTACT, mailing_list=""
    )
    client = client_of(cast.boris)
    page = client.get("/units/").content.decode()
    tpm = page[page.index("/units/TPM/") : page.index("/units/Security/")]
    assert "needs a supporter" in tpm and "not reachable" not in tpm
    assert "who stands in for it, else the admins" in client.get("/units/TPM/").content.decode()


def test_the_list_is_searched_and_filtered(cast: Cast, client_of: ClientOf) -> None:
    make.make_unit(name="Storage")
    make.make_unit(name="Old storage", state=UnitState.CLOSED)
    client = client_of(cast.ada)
    found = client.get("/units/?q=STOR").content.decode()
    assert "Storage</a>" in found
    assert "Old storage" not in found
    assert "IN2P3-CC" not in found
    assert "Old storage" in client.get("/units/?kind=closed").content.decode()
    assert "Storage" not in client.get("/units/?kind=SITE").content.decode()
    nothing = client.get("/units/?q=nosuchunit").content.decode()
    assert "No unit fits." in nothing


@pytest.mark.parametrize("query", ["?kind=x", "?after=9", "?after=:", "?after=٣:x", "?q=%00"])
def test_odd_questions_do_no_harm(query: str, cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.ada).get(f"/units/{query}").status_code == 200


def test_long_lists_go_on(cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("juno_support.pages.units.PAGE", 4)
    names = [f"Unit {letter}" for letter in "abcdefg"]
    for name in names:
        make.make_unit(name=name)
    client, path, seen = client_of(cast.ada), "/units/", []
    for _ in range(4):
        response = client.get(path)
        seen += [line.name for group in response.context["groups"] for line in group.lines]
        path = response.context["more"]
        if not path:
            break
    assert seen == ["TPM", "Security", *names, "IN2P3-CC"]


def test_the_list_costs_the_same_for_many_units(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make.make_unit(name=f"Unit {number}", members=(cast.eve,))
    client = client_of(cast.boris)
    client.get("/units/")  # the first page of all makes the rows of the sources
    with django_assert_max_num_queries(11):
        client.get("/units/")


def test_a_units_page_costs_the_same_for_many_members(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    unit = make.make_unit(
        name="Big",
        managers=(cast.eve,),
        members=tuple(make.make_user() for _ in range(20)),
    )
    client = client_of(cast.eve)
    client.get("/units/")
    with django_assert_max_num_queries(18):
        page = client.get(f"/units/{unit.name}/")
    assert len(page.context["members"]) == 21


def test_a_manager_changes_the_contact(cast: Cast, client_of: ClientOf) -> None:
    make.make_unit(name="Storage", managers=(cast.eve,))
    response = client_of(cast.eve).post(
        "/units/Storage/change/",
        {"part": "contact", "mailing_list": "new@example.org", "list_is_closed": "on"},
        follow=True,
    )
    unit = SupportUnit.objects.get(name="Storage")
    assert (unit.mailing_list, unit.list_is_closed) == ("new@example.org", True)
    page = response.content.decode()
    assert "Changed: contact." in page
    assert "Eve Nobody" in page  # who changed it, under "What was changed"
    assert "storage-list@example.org" in page


def test_what_cannot_be_is_said_at_the_field_and_what_was_typed_stays(
    cast: Cast, client_of: ClientOf
) -> None:
    client = client_of(cast.dmitri)
    response = client.post(
        "/units/IN2P3-CC/change/", {"part": "contact", "mailing_list": "not an address"}
    )
    assert response.status_code == 422
    assert "not an address" in response.content.decode()
    hours = {
        "part": "hours",
        "time_zone": "Europe/Paris",
        "opens_at": "17:00",
        "closes_at": "09:00",
        "weekdays": ["0", "1"],
    }
    response = client.post("/units/IN2P3-CC/change/", hours)
    assert response.status_code == 422
    assert "cannot be" in response.content.decode()
    response = client.post(
        "/units/IN2P3-CC/change/",
        hours | {"opens_at": "08:00", "closes_at": "12:00", "extra_days_off": "24 Dec"},
    )
    assert response.status_code == 422
    assert "2026-12-24" in response.content.decode()


def test_hours_and_quality_are_changed(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.dmitri)
    hours = {
        "part": "hours",
        "time_zone": "Asia/Shanghai",
        "opens_at": "08:00",
        "closes_at": "12:30",
        "weekdays": ["0", "2"],
        "holiday_country": "CN",
        "extra_days_off": "2026-12-24, 2026-05-04",
    }
    assert client.post("/units/IN2P3-CC/change/", hours).status_code == 302
    quality = {"part": "quality", "quality": "ADVANCED"}
    assert client.post("/units/IN2P3-CC/change/", quality).status_code == 302
    page = client.get("/units/IN2P3-CC/").content.decode()
    for words in ("08:00–12:30", "Mon, Wed", "2026-05-04, 2026-12-24", "4 working hours"):
        assert words in page


@pytest.mark.parametrize("opens_at", ["00:00", "16:00"])
def test_midnight_as_the_end_is_the_end_of_the_day(
    cast: Cast, client_of: ClientOf, opens_at: str
) -> None:
    client = client_of(cast.dmitri)
    hours = {
        "part": "hours",
        "time_zone": "Europe/Paris",
        "opens_at": opens_at,
        "closes_at": "00:00",
        "weekdays": list("0123456"),
    }

    assert client.post("/units/IN2P3-CC/change/", hours).status_code == 302

    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.closes_at == END_OF_DAY
    midnight = datetime(2026, 1, 12, 23, 0, tzinfo=UTC)  # in Paris
    for at in (midnight - timedelta(seconds=1), midnight):
        is_open = opens_at == "00:00" or at < midnight
        assert presence(cast.in2p3_unit, at).is_working == is_open
    page = client.get("/units/IN2P3-CC/").content.decode()
    assert f"{opens_at}–24:00" in page
    assert '<input type="time" name="closes_at" value="00:00"' in page
    assert 'What">closes at</td><td data-label="Old">17:00</td><td data-label="New">24:00' in page


def test_members_come_and_go(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.dmitri)

    def step(name: str, person: str) -> str:
        data = {"step": name, "person": person}
        return client.post("/units/IN2P3-CC/members/", data, follow=True).content.decode()

    assert "Eve Nobody is a supporter of IN2P3-CC now." in step("add", "eve")
    assert "Eve Nobody manages IN2P3-CC now." in step("manager", "eve")
    assert "does not manage" in step("no-manager", "eve")
    step("remove", "eve")
    assert "It has no supporter left: mail-only." in step("remove", "boris")
    assert "is not a member" in step("remove", "boris")


def test_the_members_local_time_stands_beside_them(
    cast: Cast, client_of: ClientOf, clock_at: Callable[[datetime], None], at: datetime
) -> None:
    clock_at(at)
    page = client_of(cast.ada).get("/units/IN2P3-CC/").content.decode()
    assert "09:30 Paris" in page
    assert "at work" in page


def test_a_site_or_centre_gets_its_unit_with_one_click(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.carla)
    page = client.get("/units/-/open/?q=beijing").content.decode()
    assert 'value="BEIJING-LCG2"' in page
    client.post("/units/-/open/place/", {"site": "BEIJING-LCG2"})
    client.post("/units/-/open/place/", {"centre": "NGI_FRANCE"})
    assert set(
        SupportUnit.objects.exclude(kind__in=["TPM", "SECURITY"]).values_list("name", flat=True)
    ) == {"BEIJING-LCG2", "IN2P3-CC", "NGI_FRANCE"}
    page = client.get("/units/-/open/?q=beijing").content.decode()
    assert "BEIJING-LCG2, mail-only" in page


def test_the_page_of_a_site_offers_to_open_its_unit(roles: Roles, client_of: ClientOf) -> None:
    make.make_site(name="BEIJING-LCG2")
    offer = "Open a unit for it"
    for name, offers in (("TPM operator", True), ("admin", True), ("supporter", False)):
        client = client_of(roles[name])
        assert (offer in client.get("/sites/BEIJING-LCG2/").content.decode()) is offers, name
        assert offer not in client.get("/sites/IN2P3-CC/").content.decode(), name


def test_only_admins_make_service_units(cast: Cast, client_of: ClientOf) -> None:
    data = {"name": "Storage", "mailing_list": "storage@example.org"}
    assert client_of(cast.carla).post("/units/-/open/", data).status_code == 403
    client = client_of(cast.dmitri)
    assert client.post("/units/-/open/", data).status_code == 302
    again = client.post("/units/-/open/", data | {"name": "STORAGE"})
    assert again.status_code == 422
    assert "There is a unit named STORAGE already." in again.content.decode()


def test_tpm_cannot_be_closed_and_other_units_open_again(cast: Cast, client_of: ClientOf) -> None:
    client = client_of(cast.dmitri)
    page = client.post("/units/TPM/close/", follow=True).content.decode()
    assert "TPM cannot be closed" in page
    assert (
        "IN2P3-CC: closed." in client.post("/units/IN2P3-CC/close/", follow=True).content.decode()
    )
    assert (
        "IN2P3-CC: active." in client.post("/units/IN2P3-CC/close/", follow=True).content.decode()
    )


def test_a_description_cannot_bring_scripts(cast: Cast, client_of: ClientOf, at: datetime) -> None:
    unit_actions.change_unit(
        unit=cast.in2p3_unit,
        changes={"description": "<script>alert(1)</script> **bold** [x](javascript:alert(1))"},
        by=None,
        at=at,
    )
    page = client_of(cast.ada).get("/units/in2p3-cc/").content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert "<strong>bold</strong>" in page


def test_unknown_units_are_not_found(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.ada).get("/units/NOSUCH/").status_code == 404
    assert client_of(AnonymousUser()).get("/units/NOSUCH/").status_code == 302


# --- What needs attention, and the filters ---------------------------------------------------


def _names(response: Any) -> list[str]:
    return [line.name for group in response.context["groups"] for line in group.lines]


def _proven(unit: SupportUnit) -> SupportUnit:
    unit.list_state, unit.list_proven_at = ListState.PROVEN, make.AT
    unit.save()
    return unit


def test_who_can_mend_it_sees_troubles_first(cast: Cast, client_of: ClientOf) -> None:
    _proven(cast.tpm)
    _proven(make.make_unit(name="A well unit", members=(cast.eve,)))
    make.make_unit(name="Unproven", members=(cast.eve,))
    make.make_unit(name="Nobody registered")
    make.make_unit(name="No contact", mailing_list="")
    site = make.make_unit(name="Site by mail", kind=UnitKind.SITE, site=cast.beijing)
    site.list_state = ListState.FAILING
    site.save()
    for person, sees in ((cast.carla, True), (cast.dmitri, True), (cast.boris, False)):
        groups = client_of(person).get("/units/").context["groups"]
        assert (groups[0].heading == "Need attention") is sees
        if sees:
            # the security unit of the portal has nobody, too
            assert [line.name for line in groups[0].lines] == [
                "Security",
                "No contact",
                "Nobody registered",
                "Unproven",
                "Site by mail",
            ]
            assert groups[0].lines[-1].missing == "mail to its list comes back"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=ACTIVE", ["TPM", "Offline", "IN2P3-CC"]),
        ("state=NEEDS_CONTACT", ["Security", "Tapes"]),
        ("state=unproven", ["TPM", "JUNO mail", "IN2P3-CC"]),
        ("state=nonsense&kind=SERVICE", ["Offline", "Tapes"]),
        # a VO's are its own and those of its sites
        ("vo=JUNO", ["JUNO mail", "IN2P3-CC"]),
        ("vo=nosuchvo", []),
        ("centre=ngi_france", ["NGI_FRANCE", "IN2P3-CC"]),
        ("centre=NGI_FRANCE&kind=SITE", ["IN2P3-CC"]),
    ],
)
def test_the_list_is_narrowed(
    query: str, names: list[str], cast: Cast, client_of: ClientOf
) -> None:
    make.make_unit(name="JUNO mail", kind=UnitKind.VO, vo=cast.juno)
    make.make_unit(name="Tapes", mailing_list="")
    _proven(make.make_unit(name="Offline", members=(cast.eve,)))
    centre = cast.in2p3.operations_centre
    make.make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=centre,
        mailing_list="",
        state=UnitState.MAIL_ONLY,
    )
    assert _names(client_of(cast.boris).get(f"/units/?{query}")) == names


def test_the_pages_have_a_bounded_number_of_queries(
    cast: Cast, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        make.make_unit(name=f"Unit {number}", members=(cast.eve, cast.boris))
    admin = client_of(cast.dmitri)
    admin.get("/units/")
    with django_assert_max_num_queries(18):
        admin.get("/units/")
    with django_assert_max_num_queries(26):
        admin.get("/units/IN2P3-CC/")


def test_local_time_stands_beside_a_unit(
    cast: Cast, client_of: ClientOf, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(make.AT)  # 09:30 in Lyon
    offers = (
        client_of(cast.carla).get(reverse("find-units"), {"unit_name": "in2p3"}).content.decode()
    )
    assert "09:30, at work" in offers
    ticket = make_ticket(by=cast.ada, vo=cast.juno, notified_site=cast.in2p3)
    page = client_of(cast.boris).get(reverse("ticket", args=[ticket.pk])).content.decode()
    assert '<span class="num">09:30</span>' in page
