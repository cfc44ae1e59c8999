"""States of things for years: what five sources told of the bench's sites, services and links.

    python -m bench.states --intervals 5000000

Ten sites have 200 services each, the others five. DIRAC, its web portal, DiracX, perfSONAR and
MaDDash tell how things are now and were since; ARGO's part ended before, so that a poll of it can
be measured beside it. PostgreSQL makes the rows itself; the indexes are made afterwards.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import datetime, timedelta
from typing import Any, Final

import django

VERSION: Final = 2
LARGE_SITES: Final = 10
MANY_SERVICES: Final = 200
FEW_SERVICES: Final = 5
LINKS: Final = 100
YEARS: Final = 3
ARGO_ENDED: Final = timedelta(days=60)
SOURCES: Final = ("dirac-https", "dirac-webapp", "diracx", "perfsonar", "maddash")

_ROWS: Final = """
INSERT INTO monitoring_statusinterval
    (entity_id, site_id, source_id, metric, vo, status, severity, raw_status, since, until,
     summary, details, evidence_url, external_key, noticed_at)
SELECT entity, site, source, metric, '', status, severity, upper(status), since,
       CASE WHEN k = %(count)s - 1 AND NOT is_over THEN NULL ELSE since + step END,
       CASE WHEN status = 'ok' THEN '' ELSE 'the probe said that something was wrong' END,
       '{"jobs": 12, "good_percent": 93.5}', 'https://example.org/evidence/' || entity, '', since
FROM (
    SELECT series.*, k, %(step)s * interval '1 second' AS step,
           ends + shift * interval '1 second' - (%(count)s - k) * %(step)s * interval '1 second'
               AS since,
           (ARRAY['ok', 'warning', 'critical', 'unknown'])[1 + bad] AS status,
           (ARRAY[0, 3, 4, 1])[1 + bad] AS severity
    FROM generate_series(0, %(count)s - 1) AS k
    CROSS JOIN bench_series AS series
    -- In order and not, by turns; at the end every tenth thing is not.
    CROSS JOIN LATERAL (
        SELECT CASE WHEN (%(count)s - 1 - k + (entity %% 10 = 0)::int) %% 2 = 0 THEN 0
                    ELSE 1 + (k + entity) %% 3 END AS bad
    ) AS turn
) AS rows
"""


def main() -> None:
    """Load, unless what is asked for is there."""
    parser = argparse.ArgumentParser(prog="python -m bench.states")
    parser.add_argument("--intervals", type=int, required=True)
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    load(arguments.intervals)


def load(total: int) -> None:
    """Make about so many intervals; what is there already stays."""
    from django.db import connection

    from bench.load import without_indexes
    from bench.world import END
    from monitoring.models import StatusInterval

    mark = f"bench states {VERSION} {total}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('monitoring_statusinterval'::regclass)")
        if cursor.fetchone()[0] == mark and StatusInterval.objects.exists():
            print(f"{total:,} intervals are there already")
            return
        began = time.monotonic()
        cursor.execute("COMMENT ON TABLE monitoring_statusinterval IS NULL")
        cursor.execute(
            "TRUNCATE monitoring_statusinterval, monitoring_entity, monitoring_entityevent"
        )
        rows = _series(END)
        _make_table(cursor, rows)
        count = max(total // len(rows), 1)
        step = YEARS * 365 * 86_400 // count
        with without_indexes(["statusinterval"], app="monitoring"):
            # No look-ups of foreign keys; what is not flushed yet may be lost.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SET synchronous_commit = off")
            cursor.execute(_ROWS, {"count": count, "step": step})
            cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE monitoring_statusinterval, monitoring_entity")
        cursor.execute("COMMENT ON TABLE monitoring_statusinterval IS %s", [mark])
    print(f"loaded {count * len(rows):,} intervals in {time.monotonic() - began:.0f} s")


def _make_table(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    from psycopg2.extras import execute_values

    cursor.execute(
        "CREATE TEMPORARY TABLE bench_series (entity bigint, site bigint, source bigint,"
        " metric text, ends timestamptz, is_over boolean, shift integer)"
    )
    # The last state began up to a day ago, and never at the same moment everywhere.
    execute_values(
        cursor.cursor,
        "INSERT INTO bench_series VALUES %s",
        [(*row, (number * 7919) % 86_400) for number, row in enumerate(rows)],
    )


def _series(ends: datetime) -> list[tuple[Any, ...]]:
    """Make things and sources; returns entity, site, source, metric, end and whether it is over."""
    from juno_support.feeds.configuration import ensure_source
    from juno_support.feeds.models import FeedRun, Outcome
    from juno_support.feeds.registry import find_kind
    from monitoring.observations import EntityKind
    from topology.models import Site

    sources = {name: ensure_source(find_kind(name)).pk for name in (*SOURCES, "argo")}
    for name in SOURCES:
        FeedRun.objects.create(
            source_id=sources[name], started_at=ends, finished_at=ends, outcome=Outcome.OK
        )
    sites = list(Site.objects.filter(source="bench").order_by("pk"))
    found: list[tuple[Any, ...]] = []

    def add(entity: Any, name: str, *metrics: str) -> None:
        is_over = name == "argo"
        until = ends - ARGO_ENDED if is_over else ends
        found.extend(
            (entity.pk, entity.site_id, sources[name], metric, until, is_over) for metric in metrics
        )

    for entity in _things("dirac", EntityKind.SITE, [(site.name, site, None) for site in sites]):
        add(entity, "dirac-https", "rss", "jobs")
        add(entity, "dirac-webapp", "jobs")
        add(entity, "diracx", "rss", "jobs")
    for entity in _things("argo", EntityKind.SITE, [(site.name, site, None) for site in sites]):
        add(entity, "argo", "status")
    services = [
        (f"{service.hostname} {service.service_type}", service.site, service)
        for service in _services(sites)
    ]
    for entity in _things("dirac", EntityKind.SERVICE, services):
        add(entity, "dirac-https", "rss")
    for entity in _things("argo", EntityKind.SERVICE, services):
        add(entity, "argo", "status")
    for entity in _link_things(sites):
        add(entity, "perfsonar", "loss", "delay")
        add(entity, "maddash", "throughput")
    return found


def _things(namespace: str, kind: str, names: list[tuple[str, Any, Any]]) -> list[Any]:
    from bench.world import END
    from monitoring.models import Entity

    return Entity.objects.bulk_create(
        Entity(
            namespace=namespace,
            kind=kind,
            name=name,
            said_site=site.name,
            site=site,
            service=service,
            first_seen_at=END,
        )
        for name, site, service in names
    )


def _services(sites: list[Any]) -> list[Any]:
    from topology.models import Service

    Service.objects.filter(source="bench").delete()
    return Service.objects.bulk_create(
        Service(
            source="bench",
            key=f"{number}.{position}",
            site=site,
            hostname=f"host{number}.site{position}.example.org",
            service_type="ARC-CE",
        )
        for position, site in enumerate(sites)
        for number in range(MANY_SERVICES if position < LARGE_SITES else FEW_SERVICES)
    )


def _link_things(sites: list[Any]) -> list[Any]:
    from bench.world import END
    from monitoring.models import Entity
    from monitoring.observations import EntityKind
    from topology.models import NetworkLink

    NetworkLink.objects.filter(name__startswith="BENCH-").delete()
    links = NetworkLink.objects.bulk_create(
        NetworkLink(
            name=f"BENCH-{number}",
            kind="LHCONE",
            site_a=sites[number % 40],
            site_b=sites[40 + number],
        )
        for number in range(LINKS)
    )
    return Entity.objects.bulk_create(
        Entity(
            namespace="perfsonar",
            kind=EntityKind.LINK,
            name=link.name,
            link=link,
            first_seen_at=END,
        )
        for link in links
    )


if __name__ == "__main__":
    main()
