"""monitoring/states: what boards show of sites and links, in few words."""

from datetime import datetime, timedelta

import pytest

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.registry import find_kind
from monitoring.models import Entity, StatusInterval
from monitoring.states import BoardState, board_states, link_states
from monitoring.statuses import SEVERITY
from tests.make import make_site
from topology.models import NetworkLink, Site

pytestmark = pytest.mark.django_db


def add(
    name: str,
    status: str,
    since: datetime,
    *,
    site: Site | None = None,
    link: NetworkLink | None = None,
    kind: str = "service",
    source: str = "argo",
    until: datetime | None = None,
    metric: str = "status",
) -> None:
    """Keep a state of a thing."""
    entity, _made = Entity.objects.get_or_create(
        namespace=source,
        kind="link" if link else kind,
        name=name,
        defaults={"site": site, "link": link, "first_seen_at": since},
    )
    StatusInterval.objects.create(
        entity=entity,
        site=site,
        source=ensure_source(find_kind(source)),
        metric=metric,
        status=status,
        severity=SEVERITY[status],
        since=since,
        until=until,
        noticed_at=since,
    )


def test_a_sites_own_state_counts_before_that_of_its_things(at: datetime) -> None:
    site = make_site()
    earlier = at - timedelta(hours=2)
    add("A", "warning", at, site=site, kind="site")
    add("A jobs", "warning", earlier, site=site, kind="site")
    add("ce", "critical", earlier, site=site)
    add("se", "down", earlier, site=site, kind="storage")
    add("bdii", "ok", earlier, site=site)

    assert board_states() == {site.pk: {"argo": BoardState("warning", earlier, 2)}}


def test_without_one_of_its_own_the_worst_counts_the_oldest_of_several(at: datetime) -> None:
    site, other = make_site(), make_site()
    earlier = at - timedelta(hours=2)
    add("ce", "critical", at, site=site)
    add("se", "critical", earlier, site=site)
    add("bdii", "warning", earlier - timedelta(days=1), site=site)
    add("ce", "ok", at, site=other, source="maddash")
    add("gone", "down", earlier, site=other, until=at)

    assert board_states() == {
        site.pk: {"argo": BoardState("critical", earlier, 2)},
        other.pk: {"maddash": BoardState("ok", at, 0)},
    }
    assert set(board_states([other.pk])) == {other.pk}


def test_a_link_is_as_bad_as_its_worst_direction_and_metric(at: datetime) -> None:
    sites = [make_site(), make_site()]
    link = NetworkLink.objects.create(
        name="LHCONE-1", kind="LHCONE", site_a=sites[0], site_b=sites[1]
    )
    earlier = at - timedelta(hours=2)
    add("a b", "ok", earlier, link=link, source="perfsonar")
    add("a b", "critical", at, link=link, source="perfsonar", metric="loss")
    add("b a", "down", earlier, link=link, source="perfsonar", metric="loss")
    add("b a", "unknown", earlier, link=link, source="maddash")

    assert link_states([link.pk]) == {
        link.pk: {
            "perfsonar": BoardState("down", earlier, 2),
            "maddash": BoardState("unknown", earlier, 0),
        }
    }
    assert link_states([]) == {}
