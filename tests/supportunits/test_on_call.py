"""Who is on call, and what it makes of the person for that long (domain: sections 1 and 8)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from juno_support.accounts.models import User
from supportunits import fallback, policies
from supportunits.models import ShiftType
from supportunits.on_call import on_call
from tests import make
from tests.cast import Cast
from tests.make import AT

HOUR = timedelta(hours=1)
ClockAt = Callable[[datetime], None]


@pytest.fixture
def day_type(cast: Cast) -> ShiftType:
    """Return a type of shift of juno."""
    return make.make_shift_type(vo=cast.juno)


def fresh(user: User) -> User:
    """Return the person as the next request loads it."""
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("offset", "is_on"),
    [
        (-timedelta(seconds=1), False),
        (timedelta(0), True),
        (8 * HOUR - timedelta(seconds=1), True),
        (8 * HOUR, False),
    ],
)
def test_a_shift_makes_a_tpm_operator_for_exactly_its_length(
    offset: timedelta, is_on: bool, cast: Cast, day_type: ShiftType, clock_at: ClockAt
) -> None:
    make.make_shift(type=day_type, person=cast.ada)
    clock_at(AT + offset)
    ada = fresh(cast.ada)
    assert policies.is_tpm_operator(ada) is is_on
    assert policies.is_on_shift(ada) is is_on
    assert policies.may_see_addresses(ada) is is_on
    assert policies.may_see_on_call_contacts(ada) is is_on
    assert [one.user for one in on_call(cast.juno, at=AT + offset)] == ([ada] if is_on else [])


def test_a_type_that_is_out_of_use_calls_nobody_and_gives_no_rights(
    cast: Cast, day_type: ShiftType, clock_at: ClockAt
) -> None:
    clock_at(AT)
    make.make_shift(type=day_type, person=cast.ada)
    for is_active in (False, True):
        ShiftType.objects.filter(pk=day_type.pk).update(is_active=is_active)
        on_shift = [cast.ada] if is_active else []
        assert [one.user for one in on_call(cast.juno, at=AT)] == on_shift
        assert [one.user for one in on_call(None, at=AT)] == on_shift
        assert fallback.on_shift(at=AT) == on_shift
        ada = fresh(cast.ada)
        assert policies.is_tpm_operator(ada) is is_active
        assert policies.is_on_shift(ada) is is_active


def test_being_on_shift_makes_no_member_of_a_unit_or_vo(
    cast: Cast, day_type: ShiftType, clock_at: ClockAt
) -> None:
    make.make_shift(type=day_type, person=cast.eve)
    clock_at(AT)
    eve = fresh(cast.eve)
    assert not policies.is_supporter(eve)
    assert not policies.is_member_of_vo(eve, cast.juno)
    assert not policies.is_shifter(eve)
    assert not policies.manages_vo(eve, cast.juno)


def test_the_facts_of_somebody_on_shift_cost_two_queries(
    cast: Cast, day_type: ShiftType, clock_at: ClockAt, django_assert_num_queries: Any
) -> None:
    make.make_shift(type=day_type, person=cast.ada)
    clock_at(AT)
    ada = fresh(cast.ada)
    with django_assert_num_queries(2):
        assert policies.is_tpm_operator(ada)
        assert policies.is_member_of_vo(ada, cast.juno)


def test_who_left_is_neither_on_call_nor_operator(
    cast: Cast, day_type: ShiftType, clock_at: ClockAt
) -> None:
    make.make_shift(type=day_type, person=cast.ada)
    User.objects.filter(pk=cast.ada.pk).update(is_active=False)
    clock_at(AT)
    assert on_call(cast.juno, at=AT) == []
    assert not policies.is_tpm_operator(fresh(cast.ada))


def test_on_call_says_how_to_reach_each_person_in_one_query(
    cast: Cast, day_type: ShiftType, django_assert_num_queries: Any
) -> None:
    expert = make.make_shift_type(vo=cast.juno, name="Expert")
    belle = make.make_shift_type(vo=make.make_vo(name="belle"))
    make.make_shift(type=day_type, person=cast.ada)
    make.make_shift(type=expert, person=cast.boris, length=2 * HOUR)
    make.make_shift(type=belle, person=cast.carla)
    make.make_on_call_contact(user=cast.ada, phone="+86 10 5550100", im_address="matrix:@ada:x.org")
    with django_assert_num_queries(1):
        ofjuno = on_call(cast.juno, at=AT)
        told = [(one.user.name, one.phone, one.im_address, one.ends_at) for one in ofjuno]
    assert told == [
        ("Boris Lefèvre", "", "", AT + 2 * HOUR),
        ("Ada Liang", "+86 10 5550100", "matrix:@ada:x.org", AT + 8 * HOUR),
    ]
    with django_assert_num_queries(1):
        everywhere = [(str(one.shift.type.vo), one.user) for one in on_call(None, at=AT)]
    assert everywhere == [("belle", cast.carla), ("juno", cast.boris), ("juno", cast.ada)]


def test_a_gap_is_nobody_on_call(cast: Cast, day_type: ShiftType) -> None:
    make.make_shift(type=day_type, person=None)
    assert on_call(cast.juno, at=AT) == []


def test_shifts_of_one_type_cannot_overlap_but_may_touch(cast: Cast, day_type: ShiftType) -> None:
    make.make_shift(type=day_type, person=cast.ada)
    make.make_shift(type=day_type, person=cast.boris, starts_at=AT + 8 * HOUR)
    make.make_shift(type=make.make_shift_type(vo=cast.juno, name="Expert"), person=cast.ada)
    with pytest.raises(IntegrityError, match="shift_no_overlap"), transaction.atomic():
        make.make_shift(type=day_type, person=None, starts_at=AT + 7 * HOUR)


def test_a_shift_has_a_length(cast: Cast, day_type: ShiftType) -> None:
    with pytest.raises(IntegrityError, match="shift_has_length"), transaction.atomic():
        make.make_shift(type=day_type, person=cast.ada, length=timedelta(0))
