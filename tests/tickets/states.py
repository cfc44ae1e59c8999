"""Make states for tests as a poll does: a report that is stored, and the run that brought it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import FeedRun
from juno_support.feeds.registry import find_kind
from monitoring.actions import store_report
from monitoring.observations import Name, Observation, Period, Report
from monitoring.statuses import Status

NAMESPACES = {"argo": "argo", "perfsonar": "perfsonar", "maddash": "perfsonar"}


def tell(source: str, *told: Observation | Period, at: datetime, doubt: str = "") -> None:
    """Store what a source tells at a moment, and the record of the poll."""
    ensure_source(find_kind(source))
    with transaction.atomic():
        store_report.store(
            source=source,
            namespace=NAMESPACES.get(source, "dirac"),
            report=Report(
                observations=tuple(one for one in told if isinstance(one, Observation)),
                periods=tuple(one for one in told if isinstance(one, Period)),
            ),
            at=at,
            last_success_at=None,
            longest_gap=timedelta(minutes=45),
        )
    polled(source, at=at, doubt=doubt)


def polled(source: str, *, at: datetime, doubt: str = "") -> None:
    """Say that a source was polled well."""
    FeedRun.objects.create(
        source=ensure_source(find_kind(source)),
        started_at=at,
        finished_at=at,
        outcome="ok",
        window_starts_at=at - timedelta(days=60),
        doubt=doubt,
    )


def seen(
    name: str,
    status: Status,
    raw: str = "",
    *,
    kind: str = "site",
    metric: str = "status",
    vo: str = "",
    since: datetime | None = None,
    **more: Any,
) -> Observation:
    """Return how a thing is; of a site called as in GOCDB, unless said otherwise."""
    return Observation(
        thing=Name(kind, name, site=more.pop("site", "")),
        metric=metric,
        status=status,
        raw_status=raw or status.value.upper(),
        vo=vo,
        since=since,
        **more,
    )
