"""monitoring/states: what is asked often is found by the indexes, however much is kept."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.registry import find_kind
from monitoring.models import Entity, StatusInterval
from monitoring.queries import conditions_at
from tests.make import make_site

pytestmark = pytest.mark.django_db


def plan_of(sql: str) -> str:
    """How PostgreSQL would do it if reading whole tables cost a lot, as it does with millions."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_states_of_a_site_are_found_by_site_and_period(at: datetime) -> None:
    site = make_site()
    source = ensure_source(find_kind("argo"))
    for place in (site, *(make_site() for _ in range(19))):
        entity = Entity.objects.create(
            namespace="argo", kind="site", name=place.name, site=place, first_seen_at=at
        )
        StatusInterval.objects.bulk_create(
            StatusInterval(
                entity=entity,
                site=place,
                source=source,
                metric="status",
                status="ok",
                severity=0,
                since=at - (hours + 1) * timedelta(hours=1),
                until=at - hours * timedelta(hours=1) if hours else None,
                noticed_at=at,
            )
            for hours in range(200)
        )
    with connection.cursor() as cursor:
        # What other tests left in the statistics must not decide.
        cursor.execute("ANALYZE monitoring_statusinterval")

    with CaptureQueriesContext(connection) as queries:
        conditions_at(sites=[site], moment=at)

    (sql, *_others) = [_sql(query) for query in queries if "tstzrange" in _sql(query).lower()]
    plan = plan_of(sql)
    (condition, *_others) = [
        line for line in plan.splitlines() if "Index Cond" in line and "tstzrange" in line
    ]
    assert "site_id = " in condition, plan


def _sql(query: dict[str, Any]) -> str:
    return str(query["sql"])
