"""What people changed, in words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from juno_support.accounts import audit
from juno_support.accounts.audit import Change, Part
from juno_support.accounts.models import User
from supportunits import changes
from supportunits.actions import members, people, units, vos
from supportunits.models import Quality, Tier
from tests import make
from tests.cast import Cast


def _told(parts: Sequence[Part], **more: Any) -> list[Change]:
    more.setdefault("sees_addresses", True)
    return audit.page_of(parts, **more).changes


def test_a_units_changes_are_told_newest_first(cast: Cast, at: datetime) -> None:
    unit, by = cast.in2p3_unit, cast.dmitri
    later = at + timedelta(minutes=5)
    units.change_unit(unit=unit, changes={"quality": Quality.ADVANCED}, by=by, at=at)
    members.add_member(unit=unit, user=cast.eve, by=cast.boris, at=later)
    # the cast's own rows were made without an action, at the database's time
    told = [change for change in _told(changes.parts_of_unit(unit)) if change.at <= later]
    assert told == [
        Change(later, "Boris Lefèvre", "member Eve Nobody: added", "", ""),
        Change(at, "Dmitri Orlov", "quality of support", "Base", "Advanced"),
    ]


def test_flags_are_told_as_yes_and_no(cast: Cast, at: datetime) -> None:
    people.set_admin(user=cast.eve, is_admin=True, by=cast.dmitri, at=at)
    members.add_member(unit=cast.in2p3_unit, user=cast.eve, by=cast.dmitri, at=at)
    members.set_manager(unit=cast.in2p3_unit, user=cast.eve, is_manager=True, by=cast.dmitri, at=at)
    told = {(each.what, each.old, each.new) for each in _told(changes.parts_of_person(cast.eve))}
    assert ("admin", "no", "yes") in told
    assert ("member of IN2P3-CC: manager", "no", "yes") in told


def test_days_and_names_are_told_as_people_say_them(cast: Cast, at: datetime) -> None:
    units.change_unit(
        unit=cast.in2p3_unit,
        changes={"weekdays": [0, 1, 2, 3], "extra_days_off": [at.date()]},
        by=cast.boris,
        at=at,
    )
    told = {
        (each.what, each.old, each.new) for each in _told(changes.parts_of_unit(cast.in2p3_unit))
    }
    assert ("working days", "Mon, Tue, Wed, Thu, Fri", "Mon, Tue, Wed, Thu") in told
    assert ("own free days", "-", "2026-01-12") in told


def test_a_vos_changes_are_told(cast: Cast, at: datetime) -> None:
    vos.set_vo_site(vo=cast.juno, site=cast.in2p3, tier=Tier.TIER_0, by=cast.ada, at=at)
    told = _told(changes.parts_of_vo(cast.juno))
    assert Change(at, "Ada Liang", "site IN2P3-CC: tier", "Tier 1", "Tier 0") in told


def test_a_contact_that_is_a_persons_no_more_is_told(cast: Cast, at: datetime) -> None:
    contact = make.make_contact(card=make.make_card(vo=cast.juno), role="VO MANAGER", name="A. L.")
    vos.link_contact(contact=contact, account=cast.ada, by=cast.dmitri, at=at)
    vos.link_contact(contact=contact, account=None, by=cast.dmitri, at=at)
    told = [(each.old, each.new) for each in _told(changes.parts_of_person(cast.ada))]
    assert ("-", "Ada Liang") in told
    assert ("Ada Liang", "-") in told


def test_what_the_portal_did_is_told_as_such(cast: Cast, at: datetime) -> None:
    units.close_unit(unit=cast.in2p3_unit, by=None, at=at)
    told = _told(changes.parts_of_unit(cast.in2p3_unit))
    assert Change(at, "the portal", "state", "active", "closed") in told


def test_addresses_are_told_to_those_who_may_see_them(cast: Cast, at: datetime) -> None:
    unit = cast.in2p3_unit
    units.change_unit(unit=unit, changes={"mailing_list": "new@example.org"}, by=cast.boris, at=at)
    parts = changes.parts_of_unit(unit)
    shown = next(each for each in _told(parts) if each.what == "contact")
    hidden = next(each for each in _told(parts, sees_addresses=False) if each.what == "contact")
    assert (shown.old, shown.new) == ("in2p3-cc-list@example.org", "new@example.org")
    assert "example.org" not in hidden.old + hidden.new
    assert hidden.old
    assert hidden.new


def test_traces_outlive_people(cast: Cast, at: datetime) -> None:
    members.remove_member(unit=cast.in2p3_unit, user=cast.boris, by=cast.boris, at=at)
    User.objects.filter(pk=cast.boris.pk).delete()
    told = _told(changes.parts_of_unit(cast.in2p3_unit))
    assert any(change.who == "somebody or something deleted" for change in told)


def _many_changes(cast: Cast, at: datetime) -> None:
    for number in range(30):
        members.add_member(unit=cast.in2p3_unit, user=make.make_user(), by=cast.dmitri, at=at)
        units.change_unit(
            unit=cast.in2p3_unit, changes={"title": f"Title {number}"}, by=None, at=at
        )


def test_telling_is_bounded(cast: Cast, at: datetime, django_assert_num_queries: Any) -> None:
    _many_changes(cast, at)
    parts = changes.parts_of_unit(cast.in2p3_unit)
    # one for each of the four parts, one for the values before, contexts, people
    with django_assert_num_queries(7):
        page = audit.page_of(parts, sees_addresses=True, size=20)
    assert len(page.changes) == 20
    assert page.older


def test_page_after_page_tells_everything_once(cast: Cast, at: datetime) -> None:
    _many_changes(cast, at)
    parts = changes.parts_of_unit(cast.in2p3_unit)
    whole = audit.page_of(parts, sees_addresses=True, size=1000)
    assert whole.older == ""
    seen: list[Change] = []
    before = ""
    for _ in range(100):
        page = audit.page_of(parts, sees_addresses=True, size=7, before=before)
        seen += page.changes
        before = page.older
        if not before:
            break
    key = lambda change: (change.what, change.old, change.new)  # noqa: E731
    assert sorted(seen, key=key) == sorted(whole.changes, key=key)
    # each change knows what was before it, also across pages
    titles = {(each.old, each.new) for each in seen if each.what == "title"}
    assert {(f"Title {n}", f"Title {n + 1}") for n in range(29)} <= titles


def test_a_place_that_is_none_is_the_first_page(cast: Cast) -> None:
    parts = changes.parts_of_unit(cast.in2p3_unit)
    first = audit.page_of(parts, sees_addresses=True)
    for odd in (
        "x",
        "~",
        "2026-01-12T00:00:00~0~1",
        "2026-01-12T00:00:00+00:00~a~1",
        "~~~",
        "9" * 99,
    ):
        assert audit.page_of(parts, sees_addresses=True, before=odd) == first
