"""The share solved at first line: what TPM solved without giving it to another unit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone

from supportunits import queries as unit_queries
from tickets.models import Category, Ticket
from tickets.workflow import CODES, Status

KEPT_SECONDS = 120
_KEY = "desk:first-line"


@dataclass(frozen=True)
class Share:
    """How many tickets were solved in a period, and how many of them at first line."""

    solved: int
    first_line: int

    @property
    def percent(self) -> int | None:
        """The share in per cent; None where nothing was solved."""
        return round(100 * self.first_line / self.solved) if self.solved else None


@dataclass(frozen=True)
class FirstLine:
    """The shares of the week and of the month that run, in the reader's zone."""

    week: Share
    month: Share
    month_begins: datetime


def first_line(*, at: datetime) -> FirstLine:
    """Return the share of solved tickets that TPM solved without giving them to another unit.

    Spam and tests do not count, nor what stayed unsolved (domain: sections 6 and 12). A ticket is
    solved at first line if its unit is TPM and never was another: a ticket that was given away and
    came back counts a change of unit. One query over an index of what was solved, kept for two
    minutes.
    """
    today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    week, month = today - timedelta(days=today.weekday()), today.replace(day=1)
    key = f"{_KEY}:{week.isoformat()}:{month.isoformat()}"
    numbers = cache.get(key)
    if numbers is None:
        numbers = _count(week, month)
        cache.set(key, numbers, KEPT_SECONDS)
    return FirstLine(Share(*numbers[:2]), Share(*numbers[2:]), month)


def _count(week: datetime, month: datetime) -> tuple[int, int, int, int]:
    this_week, this_month = Q(solved_at__gte=week), Q(solved_at__gte=month)
    at_first_line = Q(unit=unit_queries.tpm_unit(), unit_changes=0)
    found = (
        Ticket.objects.filter(
            solved_at__gte=min(week, month), resolution_code__in=CODES[Status.SOLVED]
        )
        .exclude(category__in=[Category.SPAM, Category.TEST])
        .aggregate(
            week=Count("pk", filter=this_week),
            week_first=Count("pk", filter=this_week & at_first_line),
            month=Count("pk", filter=this_month),
            month_first=Count("pk", filter=this_month & at_first_line),
        )
    )
    return (found["week"], found["week_first"], found["month"], found["month_first"])
