"""Response times of every unit, with and without the hours of an outage (domain: section 7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.models import Downtime
from supportunits.models import Quality, SupportUnit
from tests.cast import Cast
from tests.make import make_downtime, make_service, make_unit
from tests.tickets.make import make_ticket
from tickets.actions import assign, work
from tickets.models import Ticket
from tickets.reports.response_times import response_counts, response_times
from topology.models import Service

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def storage(cast: Cast) -> Service:
    """The service that the tickets name."""
    return make_service(site=cast.in2p3)


@pytest.fixture
def unit() -> SupportUnit:
    """A unit that works from nine to five, UTC."""
    return make_unit(name="CNAF", quality=Quality.ADVANCED)


def _ticket(cast: Cast, unit: SupportUnit, *services: Service) -> Ticket:
    return make_ticket(by=cast.ada, at=MONDAY, unit=unit, affected_services=services)


def _outage(service: Service, starts: float, ends: float, **fields: Any) -> Downtime:
    """Declare an outage, in hours after Monday at nine."""
    downtime = make_downtime(
        site=service.site,
        starts_at=MONDAY + starts * HOUR,
        ends_at=MONDAY + ends * HOUR,
        **fields,
    )
    downtime.services.add(service)
    return downtime


def _figures(ticket: Ticket, after: float) -> list[tuple[float, float]]:
    """Spent, and spent without outage, in hours; asked so many hours after Monday at nine."""
    found = response_times(ticket, at=MONDAY + after * HOUR)
    return [(each.spent / HOUR, each.without_outage / HOUR) for each in found]


def test_only_working_time_counts(cast: Cast, unit: SupportUnit) -> None:
    ticket = _ticket(cast, unit)
    work.take(ticket=ticket, by=cast.boris, at=MONDAY + 25 * HOUR)  # Tuesday at ten
    assert _figures(ticket, 100) == [(9, 9)]


def test_an_outage_of_the_named_service_is_left_out(
    cast: Cast, unit: SupportUnit, storage: Service
) -> None:
    ticket = _ticket(cast, unit, storage)
    # Begins before the ticket and ends two hours into it; another, from four in the afternoon
    # until nine in the morning, has one working hour.
    _outage(storage, -5, 2)
    _outage(storage, 7, 24)
    assert _figures(ticket, 25) == [(9, 6)]


def test_overlapping_outages_count_once(cast: Cast, unit: SupportUnit, storage: Service) -> None:
    ticket = _ticket(cast, unit, storage)
    _outage(storage, 1, 3)
    _outage(storage, 2, 4)
    assert _figures(ticket, 8) == [(8, 5)]


def test_what_covers_nothing(cast: Cast, unit: SupportUnit, storage: Service) -> None:
    """An outage of another service, one that was withdrawn, and "at risk"."""
    ticket = _ticket(cast, unit, storage)
    _outage(make_service(site=cast.in2p3), 1, 3)
    _outage(storage, 1, 3, withdrawn_at=MONDAY)
    _outage(storage, 1, 3, severity="WARNING")
    assert _figures(ticket, 8) == [(8, 8)]


def test_a_ticket_that_names_no_service_keeps_its_hours(
    cast: Cast, unit: SupportUnit, storage: Service
) -> None:
    ticket = _ticket(cast, unit)
    _outage(storage, 1, 3)
    assert _figures(ticket, 8) == [(8, 8)]


def test_every_unit_that_ever_had_it_has_its_own_figure(
    cast: Cast, unit: SupportUnit, storage: Service
) -> None:
    ticket = _ticket(cast, unit, storage)
    beijing = make_unit(name="IHEP", time_zone="Asia/Shanghai")
    _outage(storage, 3, 30)
    assign.assign_to_unit(
        ticket=ticket, unit=beijing, by=cast.carla, at=MONDAY + 4 * HOUR, reason="Yours."
    )
    # Beijing begins on Tuesday at nine there, which is sixteen hours after Monday at nine UTC.
    assert _figures(ticket, 18) == [(4, 3), (2, 0)]


def test_counts_of_a_unit(cast: Cast, unit: SupportUnit, django_assert_num_queries: Any) -> None:
    for days in (0, 4, 7):
        make_ticket(by=cast.ada, at=MONDAY + timedelta(days=days), unit=unit)
    at = MONDAY + timedelta(days=8)

    response_counts(cast.boris, unit, at=at)  # who he is costs queries of its own
    with django_assert_num_queries(1):
        counts = response_counts(cast.boris, unit, at=at)

    assert counts == {"late": 1, "amber": 0, "silent": 1}
