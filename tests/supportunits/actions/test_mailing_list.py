"""A unit's mailing list: proven by a followed link, for a year, until mail comes back."""

import re
from datetime import datetime, timedelta

import pytest

from juno_support.outbox.models import Channel, Delivery, DeliveryState
from supportunits import readiness
from supportunits.actions import mailing_list, members, units
from supportunits.models import ListState, ListTest, SupportUnit, UnitState
from tests import make
from tests.cast import Cast
from tests.outbox.make import make_delivery

YEAR = mailing_list.PROOF_LIFE


def _proven(unit: SupportUnit, at: datetime) -> SupportUnit:
    test = mailing_list.send_test(unit=unit, by=None, at=at)
    return mailing_list.prove(token=mailing_list.token_of(test), by=None, at=at)


def _mails(kind: str) -> list[str]:
    found = Delivery.objects.filter(kind=kind).order_by("pk")
    return [delivery.to_address for delivery in found]


def test_the_link_goes_to_the_list_alone(cast: Cast, at: datetime) -> None:
    test = mailing_list.send_test(unit=cast.in2p3_unit, by=cast.boris, at=at)
    [mail] = Delivery.objects.all()
    assert (mail.kind, mail.to_address) == ("unit.list-test", "in2p3-cc-list@example.org")
    assert "Boris Lefèvre asked for this mail." in mail.body
    [link] = re.findall(r"http\S+", mail.body)
    assert link.endswith(f"/units/-/list/{mailing_list.token_of(test)}/")


def test_a_followed_link_proves_the_list(cast: Cast, at: datetime) -> None:
    later = at + timedelta(hours=3)
    test = mailing_list.send_test(unit=cast.in2p3_unit, by=cast.boris, at=at)
    unit = mailing_list.prove(token=mailing_list.token_of(test), by=None, at=later)
    assert (unit.list_state, unit.list_proven_at) == (ListState.PROVEN, later)
    test.refresh_from_db()
    assert test.followed_at == later
    assert test.followed_by is None


def test_following_it_again_changes_nothing(cast: Cast, at: datetime) -> None:
    test = mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at)
    token = mailing_list.token_of(test)
    mailing_list.prove(token=token, by=cast.boris, at=at)
    later = at + timedelta(days=100)
    unit = mailing_list.prove(token=token, by=cast.eve, at=later)
    assert unit.list_proven_at == at
    test.refresh_from_db()
    assert test.followed_by == cast.boris


def test_an_old_link_does_not_prove_a_list_that_fails(cast: Cast, at: datetime) -> None:
    test = mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at)
    token = mailing_list.token_of(test)
    _bounce(mailing_list.prove(token=token, by=None, at=at), at, 3)
    with pytest.raises(mailing_list.LinkIsNoGood, match="holds no more"):
        mailing_list.prove(token=token, by=None, at=at)


def test_an_expired_link_proves_nothing(cast: Cast, at: datetime) -> None:
    test = mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at)
    token = mailing_list.token_of(test)
    with pytest.raises(mailing_list.LinkIsNoGood, match="expired"):
        mailing_list.prove(token=token, by=None, at=at + mailing_list.LINK_LIFE)
    almost = at + mailing_list.LINK_LIFE - timedelta(seconds=1)
    assert mailing_list.prove(token=token, by=None, at=almost).list_state == ListState.PROVEN


@pytest.mark.parametrize("token", ["", "1", "1:x", "x:y", "é:1", "1" * 5000, "\x00", "1:é"])
def test_a_link_that_we_did_not_sign_proves_nothing(cast: Cast, at: datetime, token: str) -> None:
    mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at)
    with pytest.raises(mailing_list.LinkIsNoGood):
        mailing_list.prove(token=token, by=None, at=at)


def test_a_signature_does_not_fit_another_test(cast: Cast, at: datetime) -> None:
    test = mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at)
    _key, _colon, signature = mailing_list.token_of(test).partition(":")
    with pytest.raises(mailing_list.LinkIsNoGood, match="not a link of ours"):
        mailing_list.prove(token=f"{test.pk + 1}:{signature}", by=None, at=at)


def test_another_address_is_not_proven(cast: Cast, at: datetime) -> None:
    old = mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at)
    mailing_list.prove(token=mailing_list.token_of(old), by=None, at=at)
    unit = units.change_unit(
        unit=cast.in2p3_unit, changes={"mailing_list": "new@example.org"}, by=cast.boris, at=at
    )
    assert (unit.list_state, unit.list_proven_at) == (ListState.UNPROVEN, None)
    with pytest.raises(mailing_list.LinkIsNoGood, match="another mailing list"):
        mailing_list.prove(token=mailing_list.token_of(old), by=None, at=at)


def test_the_same_address_stays_proven(cast: Cast, at: datetime) -> None:
    _proven(cast.in2p3_unit, at)
    unit = units.change_unit(
        unit=cast.in2p3_unit,
        changes={"mailing_list": "IN2P3-CC-list@example.org", "list_is_closed": True},
        by=cast.boris,
        at=at,
    )
    assert unit.list_state == ListState.PROVEN


def test_test_mails_have_a_pause(cast: Cast, at: datetime) -> None:
    mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at)
    with pytest.raises(mailing_list.TestedLately):
        mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at + timedelta(minutes=9))
    mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=at + mailing_list.LEAST_PAUSE)
    assert ListTest.objects.count() == 2


def test_no_test_without_a_list_or_of_a_closed_unit(cast: Cast, at: datetime) -> None:
    with pytest.raises(mailing_list.NoList):
        mailing_list.send_test(unit=make.make_unit(mailing_list=""), by=None, at=at)
    closed = units.close_unit(unit=cast.in2p3_unit, by=cast.dmitri, at=at)
    with pytest.raises(units.UnitIsClosed):
        mailing_list.send_test(unit=closed, by=None, at=at)


def test_the_yearly_round_reminds_three_times_and_then_lets_it_lapse(
    cast: Cast, at: datetime
) -> None:
    members.add_member(unit=cast.in2p3_unit, user=cast.eve, is_manager=True, by=None, at=at)
    _proven(cast.in2p3_unit, at)
    sent = {}
    for day in range(366):
        for hour in (0, 1):  # the clock runs more often than there is something to do
            mailing_list.review_lists(at=at + timedelta(days=day, hours=hour))
        sent[day] = ListTest.objects.count() - 1
    rises = [day for day in range(1, 366) if sent[day] > sent[day - 1]]
    assert rises == [335, 351, 362]
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.list_state == ListState.LAPSED
    assert _mails("unit.list-lapsed") == ["eve@example.org", "tpm-list@example.org"]
    # where the proof lapsed mail still goes, and the state says so
    assert cast.in2p3_unit.working_list == "in2p3-cc-list@example.org"


def test_a_unit_that_was_tested_a_moment_ago_does_not_stop_the_round(
    cast: Cast, at: datetime
) -> None:
    other = make.make_unit(name="Other", mailing_list="other@example.org")
    for unit in (cast.in2p3_unit, other):
        _proven(unit, at)
    due = at + YEAR - mailing_list.REMINDERS[0]
    mailing_list.send_test(unit=cast.in2p3_unit, by=None, at=due - timedelta(minutes=5))
    mailing_list.review_lists(at=due)
    assert ListTest.objects.filter(unit=other).count() == 2


def test_a_followed_reminder_begins_another_year(cast: Cast, at: datetime) -> None:
    _proven(cast.in2p3_unit, at)
    soon = at + YEAR - timedelta(days=30)
    mailing_list.review_lists(at=soon)
    token = mailing_list.token_of(ListTest.objects.latest("pk"))
    mailing_list.prove(token=token, by=None, at=soon)
    for day in (1, 20, 31, 300):
        mailing_list.review_lists(at=soon + timedelta(days=day))
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.list_state == ListState.PROVEN
    assert ListTest.objects.count() == 2


def test_closed_units_are_not_asked(cast: Cast, at: datetime) -> None:
    _proven(cast.in2p3_unit, at)
    units.close_unit(unit=cast.in2p3_unit, by=cast.dmitri, at=at)
    mailing_list.review_lists(at=at + YEAR)
    assert ListTest.objects.count() == 1


def _bounce(unit: SupportUnit, at: datetime, times: int = 1) -> SupportUnit:
    for _ in range(times):
        unit = mailing_list.note_bounce(unit=unit, address=unit.mailing_list, at=at)
    return unit


def test_three_hard_bounces_mark_the_list_and_tpm_hears_once(cast: Cast, at: datetime) -> None:
    unit = _bounce(cast.in2p3_unit, at, 2)
    assert unit.list_state == ListState.UNPROVEN
    assert _mails("unit.list-failing") == []
    unit = _bounce(unit, at, 3)
    assert unit.list_state == ListState.FAILING
    assert unit.working_list == ""
    assert unit.state == UnitState.ACTIVE
    assert _mails("unit.list-failing") == ["tpm-list@example.org"]
    assert "mailed one by one" in Delivery.objects.get(kind="unit.list-failing").body


def test_tpm_is_reached_also_while_its_list_fails_and_nobody_works_there(
    cast: Cast, at: datetime
) -> None:
    make.make_user(username="boss", is_staff=True)
    members.remove_member(unit=cast.tpm, user=cast.carla, by=None, at=at)
    _bounce(cast.tpm, at, 3)
    body = Delivery.objects.filter(kind="unit.list-failing").latest("pk").body
    assert "who is on shift gets its mail, else who stands in for it, else the admins" in body
    assert "no ticket can be given" not in body


def test_a_mail_only_unit_whose_list_fails_needs_a_contact(cast: Cast, at: datetime) -> None:
    unit = _bounce(make.make_unit(name="Storage"), at, 3)
    assert unit.state == UnitState.NEEDS_CONTACT
    unit = units.change_unit(
        unit=unit, changes={"mailing_list": "other@example.org"}, by=cast.dmitri, at=at
    )
    assert unit.state == UnitState.MAIL_ONLY


def test_a_proof_ends_the_failing(cast: Cast, at: datetime) -> None:
    unit = _proven(_bounce(make.make_unit(name="Storage"), at, 3), at)
    assert (unit.list_state, unit.list_bounces) == (ListState.PROVEN, 0)
    assert unit.state == UnitState.MAIL_ONLY


def test_a_bounce_of_an_address_of_yesterday_counts_nothing(cast: Cast, at: datetime) -> None:
    unit = mailing_list.note_bounce(unit=cast.in2p3_unit, address="old@example.org", at=at)
    assert unit.list_bounces == 0


def _refused(address: str, at: datetime | None, channel: Channel = Channel.MAIL) -> None:
    row = make_delivery(to_address=address, channel=channel)
    Delivery.objects.filter(pk=row.pk).update(state=DeliveryState.FAILED, refused_at=at)


def _taken(at: datetime, address: str = "reader@example.org") -> None:
    row = make_delivery(to_address=address)
    Delivery.objects.filter(pk=row.pk).update(state=DeliveryState.SENT, sent_at=at)


def test_refused_mails_to_a_list_are_counted_once(cast: Cast, at: datetime) -> None:
    shared = make.make_unit(name="Storage", mailing_list="In2p3-cc-list@example.org")
    _taken(at)
    for _ in range(2):
        _refused("IN2P3-CC-list@example.org", at)
    _refused("ada@example.org", at)
    _refused("in2p3-cc-list@example.org", None)
    _refused("in2p3-cc-list@example.org", at, Channel.SMS)
    _refused("in2p3-cc-list@example.org", at - timedelta(days=2))

    assert mailing_list.note_bounces(at=at) == 2
    assert mailing_list.note_bounces(at=at) == 0

    for unit in (cast.in2p3_unit, shared):
        unit.refresh_from_db()
        assert (unit.list_bounces, unit.list_state) == (2, ListState.UNPROVEN)
    _refused("in2p3-cc-list@example.org", at)
    mailing_list.note_bounces(at=at)
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.list_state == ListState.FAILING


def test_a_server_that_refuses_everything_says_nothing_about_lists(
    cast: Cast, at: datetime
) -> None:
    _taken(at - timedelta(minutes=5))
    for _ in range(3):
        _refused("in2p3-cc-list@example.org", at)

    assert mailing_list.note_bounces(at=at) == 0

    _taken(at + timedelta(minutes=1))
    assert mailing_list.note_bounces(at=at + timedelta(minutes=2)) == 3


@pytest.mark.parametrize("is_one_round", [True, False])
def test_refusals_with_a_taken_mail_in_between_do_not_add_up(
    cast: Cast, at: datetime, is_one_round: bool
) -> None:
    the_list = "in2p3-cc-list@example.org"
    moments = [at + timedelta(minutes=10 * step) for step in range(4)]
    # refused twice, taken, refused, and refused once more
    for moment in moments:
        _taken(moment)
        if moment == moments[2]:
            _taken(moment - timedelta(minutes=1), the_list.upper())
        _refused(the_list, moment)
        if not is_one_round:
            mailing_list.note_bounces(at=moment)
    mailing_list.note_bounces(at=moments[-1])
    cast.in2p3_unit.refresh_from_db()
    assert (cast.in2p3_unit.list_bounces, cast.in2p3_unit.list_state) == (2, ListState.UNPROVEN)

    _taken(moments[-1])
    _refused(the_list, moments[-1])
    mailing_list.note_bounces(at=moments[-1])
    cast.in2p3_unit.refresh_from_db()
    assert cast.in2p3_unit.list_state == ListState.FAILING


@pytest.mark.parametrize(
    ("is_proven", "has_member", "missing"),
    [
        (True, True, []),
        (False, True, ["its list is not proven"]),
        (True, False, ["it has no supporter"]),
        (False, False, ["its list is not proven", "it has no supporter"]),
    ],
)
def test_a_unit_is_ready_with_a_proven_list_and_a_supporter(
    cast: Cast, at: datetime, is_proven: bool, has_member: bool, missing: list[str]
) -> None:
    unit = make.make_unit(name="Storage", members=(cast.eve,) if has_member else ())
    if is_proven:
        unit = _proven(unit, at)
    assert readiness.what_is_missing(unit) == missing
    assert readiness.unit_is_ready(unit) is (not missing)


def test_a_closed_unit_is_not_ready(cast: Cast, at: datetime) -> None:
    _proven(cast.in2p3_unit, at)
    unit = units.close_unit(unit=cast.in2p3_unit, by=cast.dmitri, at=at)
    assert not readiness.unit_is_ready(unit)
    assert readiness.what_is_missing(unit) == ["the unit is closed"]
