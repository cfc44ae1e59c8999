"""What people changed, in words."""

from datetime import datetime, timedelta
from typing import Any

from juno_support.accounts.models import User
from supportunits import changes
from supportunits.actions import members, people, units, vos
from supportunits.models import Quality, Tier
from tests import make
from tests.cast import Cast


def test_a_units_changes_are_told_newest_first(cast: Cast, at: datetime) -> None:
    unit, by = cast.in2p3_unit, cast.dmitri
    later = at + timedelta(minutes=5)
    units.change_unit(unit=unit, changes={"quality": Quality.ADVANCED}, by=by, at=at)
    members.add_member(unit=unit, user=cast.eve, by=cast.boris, at=later)
    # the cast's own rows were made without an action, at the database's time
    told = [change for change in changes.changes_of_unit(unit) if change.at <= later]
    assert told == [
        changes.Change(later, "Boris Lefèvre", "member Eve Nobody: added", "", ""),
        changes.Change(at, "Dmitri Orlov", "quality of support", "Base", "Advanced"),
    ]


def test_flags_are_told_as_yes_and_no(cast: Cast, at: datetime) -> None:
    people.set_admin(user=cast.eve, is_admin=True, by=cast.dmitri, at=at)
    members.add_member(unit=cast.in2p3_unit, user=cast.eve, by=cast.dmitri, at=at)
    members.set_manager(unit=cast.in2p3_unit, user=cast.eve, is_manager=True, by=cast.dmitri, at=at)
    told = {(change.what, change.old, change.new) for change in changes.changes_of_person(cast.eve)}
    assert ("admin", "no", "yes") in told
    assert ("member of IN2P3-CC: manager", "no", "yes") in told


def test_a_vos_changes_are_told(cast: Cast, at: datetime) -> None:
    vos.set_vo_site(vo=cast.juno, site=cast.in2p3, tier=Tier.TIER_0, by=cast.ada, at=at)
    told = changes.changes_of_vo(cast.juno)
    assert changes.Change(at, "Ada Liang", "site IN2P3-CC: tier", "Tier 1", "Tier 0") in told


def test_what_the_portal_did_is_told_as_such(cast: Cast, at: datetime) -> None:
    units.close_unit(unit=cast.in2p3_unit, by=None, at=at)
    told = changes.changes_of_unit(cast.in2p3_unit)
    assert changes.Change(at, "the portal", "state", "active", "closed") in told


def test_traces_outlive_people(cast: Cast, at: datetime) -> None:
    members.remove_member(unit=cast.in2p3_unit, user=cast.boris, by=cast.boris, at=at)
    User.objects.filter(pk=cast.boris.pk).delete()
    told = changes.changes_of_unit(cast.in2p3_unit)
    assert any(change.who == "somebody or something deleted" for change in told)


def test_telling_is_bounded(cast: Cast, at: datetime, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        members.add_member(unit=cast.in2p3_unit, user=make.make_user(), by=cast.dmitri, at=at)
        units.change_unit(
            unit=cast.in2p3_unit, changes={"title": f"Title {number}"}, by=None, at=at
        )
    with django_assert_max_num_queries(6):
        told = changes.changes_of_unit(cast.in2p3_unit, limit=20)
    assert len(told) == 20
