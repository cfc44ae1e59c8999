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
    entity = Entity.objects.create(
        namespace="argo", kind="site", name=site.name, site=site, first_seen_at=at
    )
    StatusInterval.objects.create(
        entity=entity,
        site=site,
        source=ensure_source(find_kind("argo")),
        metric="status",
        status="ok",
        severity=0,
        since=at - timedelta(hours=1),
        noticed_at=at,
    )

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
