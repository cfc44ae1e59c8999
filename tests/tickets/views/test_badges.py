"""The colour of a site in the queue and at the desk: what is declared, and what is measured."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.models import Downtime
from monitoring.queries import current_conditions_for_sites
from monitoring.statuses import Status
from tests.make import AT
from tests.tickets.make import make_ticket
from tests.tickets.states import polled, seen, tell

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def stand(cast, clock_at):
    clock_at(AT)
    polled("gocdb-downtimes", at=AT)
    make_ticket(by=cast.ada, affected_sites=[cast.in2p3])


def declare(site, severity):
    Downtime.objects.create(
        source="gocdb",
        key=severity,
        site=site,
        severity=severity,
        classification="SCHEDULED",
        declared_at=AT - HOUR,
        starts_at=AT - HOUR,
        ends_at=AT + HOUR,
        first_seen_at=AT - HOUR,
        changed_at=AT - HOUR,
    )


@pytest.fixture
def queue(cast, client_of):
    def get():
        return client_of(cast.boris).get("/tickets/?q=status:open").content.decode()

    return get


def test_a_site_that_is_well_looks_well_in_the_queue(queue):
    tell("argo", seen("IN2P3-CC", Status.OK), at=AT)

    assert '<span class="badge-site" data-state="ok">IN2P3-CC</span>' in queue()


def test_a_site_that_is_bad_looks_bad_in_the_queue(queue):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT)

    assert 'data-state="critical" title="critical">IN2P3-CC' in queue()


@pytest.mark.parametrize(
    ("severity", "shown"), [("OUTAGE", "outage"), ("WARNING", "critical"), (None, "critical")]
)
def test_an_outage_explains_it_and_a_period_at_risk_does_not(cast, severity, shown):
    if severity:
        declare(cast.in2p3, severity)
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT)

    badge = current_conditions_for_sites([cast.in2p3.pk], at=AT)[cast.in2p3.pk]

    assert badge.shown == shown
    assert badge.word == shown


@pytest.mark.parametrize(
    "told",
    [
        {"status": Status.WARNING},
        {"status": Status.CRITICAL, "vo": "juno"},
        {"status": Status.UNKNOWN},
    ],
)
def test_what_holds_for_one_vo_or_is_less_than_bad_changes_nothing(cast, told):
    tell("argo", seen("IN2P3-CC", told.pop("status"), **told), at=AT)

    assert current_conditions_for_sites([cast.in2p3.pk], at=AT)[cast.in2p3.pk].shown == "none"


def test_a_service_does_not_make_its_site_bad(cast):
    tell("argo", seen("ce.in2p3.fr CE", Status.DOWN, kind="service", site="IN2P3-CC"), at=AT)

    assert current_conditions_for_sites([cast.in2p3.pk], at=AT)[cast.in2p3.pk].shown == "none"


@pytest.mark.parametrize(("at", "doubt"), [(AT, "in doubt"), (AT - 20 * HOUR, "")])
def test_a_source_that_is_not_reliable_colours_nothing(cast, at, doubt):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=at, doubt=doubt)

    assert current_conditions_for_sites([cast.in2p3.pk], at=AT)[cast.in2p3.pk].shown == "none"


def test_it_is_one_question_while_the_ages_are_known(cast):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT)
    keys = [cast.in2p3.pk, cast.beijing.pk]
    current_conditions_for_sites(keys, at=AT)

    with CaptureQueriesContext(connection) as queries:
        current_conditions_for_sites(keys, at=AT + timedelta(seconds=5))

    assert len(queries) == 1
