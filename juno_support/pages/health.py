"""For those who look after the portal: alive, ready, and figures for Prometheus.

The background never makes the portal unready: pages answer while the broker or all workers are
down, and what they left is done later.
"""

import ipaddress
import secrets
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from juno_support.access import open_to_everyone
from juno_support.feeds import queries as feeds
from juno_support.lib import clock, heartbeat
from juno_support.outbox import smime
from juno_support.outbox.models import Delivery, DeliveryState
from tickets.models import Dispatch, Ticket

# A worker takes scheduled work every 15 s; after so long something is wrong.
WORKER_IS_LATE = 90.0
QUEUE = "celery"


@require_safe
@never_cache
@open_to_everyone
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the web process is alive; asks nobody else."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
@open_to_everyone
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether pages can be served: database and migrations. Broker and worker are reported."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        database = "ok"
        migrations = "ok" if not waiting else f"{len(waiting)} to apply"
    except DatabaseError:
        database, migrations = "unreachable", "unknown"
    age = heartbeat.age()
    is_ready = database == migrations == "ok"
    return JsonResponse(
        {
            "status": "ready" if is_ready else "not ready",
            "database": database,
            "migrations": migrations,
            "broker": "ok" if _queue_length() is not None else "unreachable",
            "worker": "ok" if age is not None and age < WORKER_IS_LATE else "no sign of life",
            "worker_heartbeat_age_s": None if age is None else round(age, 1),
            "mail_signature": _signature(),
        },
        status=200 if is_ready else 503,
    )


def _signature() -> str:
    standing = smime.standing(clock.now())
    if not standing.is_set:
        return "not set"
    return standing.problem or standing.warning or "ok"


@require_safe
@never_cache
@open_to_everyone
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the figures to Prometheus: from this machine itself, or with the token."""
    if not (_is_from_here(request) or _has_token(request)):
        return HttpResponse(
            "Figures are given to this machine, or with JUNO_METRICS_TOKEN as bearer token.\n",
            status=403,
            content_type="text/plain",
        )
    registry = CollectorRegistry()
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """What is read from the database and the broker at each visit."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one family after another."""
        yield _labelled(
            "juno_tickets_open",
            "Open tickets by status",
            "status",
            Ticket.objects.filter(is_open=True)
            .values_list("status")
            .annotate(number=Count("pk"))
            .order_by(),
        )
        waiting = Dispatch.objects.filter(done_at=None, cancelled_at=None)
        yield GaugeMetricFamily(
            "juno_dispatches_waiting", "History entries still to be acted upon", waiting.count()
        )
        yield GaugeMetricFamily(
            "juno_dispatches_failing",
            "Of these, those that failed at least once",
            waiting.filter(attempts__gt=0).count(),
        )
        yield _labelled(
            "juno_mails",
            "Mails waiting or given up",
            "state",
            Delivery.objects.filter(state__in=[DeliveryState.WAITING, DeliveryState.FAILED])
            .values_list("state")
            .annotate(number=Count("pk"))
            .order_by(),
        )
        at = clock.now()
        ages = GaugeMetricFamily(
            "juno_feed_age_seconds", "Since a source last answered well", labels=["source"]
        )
        stale = GaugeMetricFamily(
            "juno_feed_stale", "1 if the source's data are old", labels=["source"]
        )
        for standing in feeds.standings(at):
            if standing.last_success_at is not None:
                age = (at - standing.last_success_at).total_seconds()
                ages.add_metric([standing.source.name], age)
            stale.add_metric([standing.source.name], float(standing.is_stale))
        yield ages
        yield stale
        length = _queue_length()
        if length is not None:
            yield GaugeMetricFamily("juno_task_queue", "Tasks that wait for a worker", length)
        beat = heartbeat.age()
        if beat is not None:
            yield GaugeMetricFamily(
                "juno_worker_heartbeat_age_seconds", "Since a worker did scheduled work", beat
            )


def _labelled(name: str, text: str, label: str, rows: object) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in rows:  # type: ignore[attr-defined]
        family.add_metric([value.lower()], number)
    return family


def _queue_length() -> int | None:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as redis:
            return int(redis.llen(QUEUE))
    except (RedisError, OSError):
        return None


def _is_from_here(request: HttpRequest) -> bool:
    """Return whether the visitor is on this machine; a proxy in front is not the visitor."""
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    wanted = settings.JUNO_METRICS_TOKEN
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    return bool(wanted) and kind == "Bearer" and secrets.compare_digest(given, wanted)
