"""What the tests of classic DIRAC look at: polls and the states that they leave."""

from datetime import UTC, datetime
from typing import Any

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun
from monitoring.models import StatusInterval


def poll(at: datetime) -> FeedRun:
    return polling.poll("dirac-https", now=lambda: at)


def states(**wanted: Any) -> set[tuple[str, str, str, str, str]]:
    return set(
        StatusInterval.objects.filter(until=None, **wanted).values_list(
            "entity__name", "metric", "vo", "status", "raw_status"
        )
    )


def day(number: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 1, number, hour, minute, tzinfo=UTC)


def pieces(name: str, metric: str) -> list[tuple[Any, ...]]:
    rows = StatusInterval.objects.filter(entity__name=name, metric=metric, vo="")
    return list(rows.order_by("since").values_list("raw_status", "since", "until", "summary"))
