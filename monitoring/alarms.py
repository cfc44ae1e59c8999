"""Questions about what is bad or new: for alarms and for open tickets."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from monitoring.conditions import EntityStatus
from monitoring.models import Downtime, Severity, StatusInterval
from monitoring.status_rows import COLUMNS, ages_at, status_of, worst_first
from monitoring.statuses import BAD


def bad_since(
    *,
    site_ids: Collection[int],
    at: datetime,
    longer_than: timedelta,
    vo: str | None = None,
) -> dict[int, list[EntityStatus]]:
    """Return, by site, what has been critical or down for longer than a while, worst first.

    Only from sources that are fresh and not in doubt, and not where an outage is declared: of the
    whole site or of that service. A period "at risk" masks nothing.
    """
    ages = {name: age for name, age in ages_at(at).items() if not age.stale and not age.doubt}
    outages = Downtime.objects.filter(
        site=OuterRef("site"),
        severity=Severity.OUTAGE,
        withdrawn_at=None,
        starts_at__lte=at,
        ends_at__gt=at,
    )
    # An outage that names no service that we know, or all there are, is one of the whole site.
    of_this = outages.filter(services=OuterRef("entity__service"))
    of_site = outages.filter(services=None)
    rows = (
        StatusInterval.objects.filter(
            until=None,
            site__in=site_ids,
            status__in=BAD,
            since__lte=at - longer_than,
            source__name__in=ages,
        )
        .annotate(
            masked=Exists(of_this),
            masked_site=Exists(of_site),
            outage=Exists(outages),
        )
        .filter(masked=False, masked_site=False)
        .exclude(entity__service=None, outage=True)
        .order_by("since")
    )
    if vo is not None:
        rows = rows.filter(vo__in=("", vo))
    found: dict[int, list[EntityStatus]] = defaultdict(list)
    for row in rows.values_list(*COLUMNS):
        found[row[0]].append(status_of(row, ages[row[6]]))
    for states in found.values():
        states.sort(key=worst_first)
    return dict(found)


def sites_with_news(since: datetime) -> set[int]:
    """Return the sites where a state, also of a link, began, ended or changed since a moment."""
    news = StatusInterval.objects.filter(noticed_at__gt=since)
    sites = set(news.filter(site__isnull=False).values_list("site_id", flat=True).distinct())
    for one, other in (
        news.filter(entity__link__isnull=False)
        .values_list("entity__link__site_a_id", "entity__link__site_b_id")
        .distinct()
    ):
        sites |= {one, other}
    return sites
