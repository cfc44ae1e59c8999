"""How each of many sites is now, in one word: what lists show beside a site's name."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from juno_support.feeds.queries import Freshness
from juno_support.feeds.recent import recent_freshness
from monitoring.conditions import SiteBadge, SiteState
from monitoring.models import Severity
from monitoring.observations import EntityKind
from monitoring.status_rows import sources_of_states
from monitoring.statuses import BAD

DOWNTIMES = "gocdb-downtimes"

# In SQL: every list of tickets asks it, and Django would put it together anew each time, which
# takes five times as long as PostgreSQL needs for the answer.
_BADGES = """
SELECT site.id, site.source, site.gone_at,
    count(running.id) FILTER (WHERE running.severity = %(outage)s),
    count(running.id),
    max(running.ends_at),
    max(running.ends_at) FILTER (WHERE running.severity = %(outage)s),
    site.id IN (
        SELECT open.site_id
        FROM monitoring_statusinterval open
        JOIN feeds_source source ON source.id = open.source_id
        JOIN monitoring_entity entity ON entity.id = open.entity_id
        WHERE entity.site_id = ANY(%(sites)s) AND entity.kind = %(kind)s
            AND source.name = ANY(%(reliable)s)
            AND open.until IS NULL AND open.status = ANY(%(bad)s) AND open.vo = ''
    )
FROM topology_site site
LEFT JOIN monitoring_downtime running ON running.site_id = site.id
    AND running.withdrawn_at IS NULL
    AND running.starts_at <= %(at)s AND running.ends_at > %(at)s
WHERE site.id = ANY(%(sites)s)
GROUP BY site.id
"""


def current_conditions_for_sites(
    site_ids: Iterable[int], *, at: datetime, ages: dict[str, Freshness] | None = None
) -> dict[int, SiteBadge]:
    """Return the present state of each site in one word; one query for any number of sites.

    How old the sources' data are may be known from up to ten seconds ago.

    :param ages: what ``freshness`` returned, where the caller has asked already
    """
    ids = set(site_ids)
    if not ids:
        return {}
    if ages is None:
        ages = recent_freshness(at)
    age = ages[DOWNTIMES]
    parameters: dict[str, Any] = {
        "at": at,
        "sites": list(ids),
        "outage": Severity.OUTAGE.value,
        "kind": EntityKind.SITE.value,
        "bad": list(BAD),
        "reliable": [
            name for name, each in sources_of_states(ages).items() if not (each.stale or each.doubt)
        ],
    }
    with connection.cursor() as cursor:
        cursor.execute(_BADGES, parameters)
        rows = cursor.fetchall()
    badges = {}
    for site_id, source, gone_at, outages, downtimes, until, outage_until, is_bad in rows:
        if outages:
            state, until = SiteState.OUTAGE, outage_until
        elif downtimes:
            state = SiteState.AT_RISK
        elif age.stale or source == "local" or gone_at is not None:
            state = SiteState.UNKNOWN
        else:
            state = SiteState.NONE
        badges[site_id] = SiteBadge(
            state=state.value,
            until=until,
            is_stale=age.stale,
            downtimes=downtimes,
            is_bad=is_bad,
        )
    return badges
