"""Two sources of one family fold at the same moment; an admin maps a name meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.registry import find_kind
from monitoring.actions import map_name, store_report
from monitoring.models import Entity, StatusInterval
from monitoring.observations import Name, Observation, Report
from monitoring.statuses import Status
from tests.beside import beside
from tests.make import make_site, make_user

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STRANGER = Name("site", "GRID.Somewhere.xx")


def fold(source: str, at: datetime = NOON) -> None:
    store_report.store(
        source=source,
        namespace="dirac",
        report=Report(observations=(Observation(STRANGER, source, Status.OK, "ok"),)),
        at=at,
        last_success_at=None,
        longest_gap=timedelta.max,
    )


def atomically(work: Callable[[], object]) -> Callable[[], object]:
    return transaction.atomic(work)


def test_two_sources_learn_one_new_name_at_once() -> None:
    for name in ("dirac-https", "diracx"):
        ensure_source(find_kind(name))
    with transaction.atomic():
        fold("dirac-https")
        other = beside(atomically(lambda: fold("diracx")))
    other.join(60)

    assert Entity.objects.get().name == STRANGER.name
    assert StatusInterval.objects.count() == 2


def test_what_is_stored_while_an_admin_maps_its_name_is_mapped() -> None:
    ensure_source(find_kind("dirac-https"))
    ensure_source(find_kind("diracx"))
    site, admin = make_site(name="SOMEWHERE"), make_user(username="dora", is_staff=True)
    fold("dirac-https")
    entity = Entity.objects.get()

    with transaction.atomic():
        fold("diracx")
        admins = beside(lambda: map_name.map_to_site(entity=entity, site=site, by=admin, at=NOON))
    admins.join(60)

    sites = StatusInterval.objects.values_list("site", flat=True)
    assert list(sites) == [site.pk, site.pk]
