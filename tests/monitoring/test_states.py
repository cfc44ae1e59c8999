"""What is asked of the states: which hold for a ticket, which alarm a shifter."""

from datetime import datetime, timedelta

import pytest

from juno_support.feeds.configuration import ensure_source
from juno_support.feeds.models import FeedRun, Outcome
from juno_support.feeds.registry import find_kind
from monitoring import alarms, states
from monitoring.actions import store_report
from monitoring.models import Downtime
from monitoring.observations import Name, Observation, Report
from monitoring.queries import conditions_at
from monitoring.statuses import Status
from tests import make
from topology.models import NetworkLink, Service, Site

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NAMESPACES = {"argo": "argo", "dirac-https": "dirac", "maddash": "perfsonar"}


@pytest.fixture
def cnaf() -> Site:
    site = make.make_site(name="INFN-T1")
    for number, host in enumerate(["ce", "se", "ui"]):
        Service.objects.create(
            source="gocdb",
            key=f"{number}G0",
            site=site,
            hostname=f"{host}.cnaf.example.org",
            service_type="SRM",
        )
    return site


@pytest.fixture(autouse=True)
def read(at: datetime) -> None:
    for name in ("argo", "dirac-https", "maddash"):
        ran(name, at - timedelta(minutes=1))


def ran(name: str, at: datetime, doubt: str = "") -> None:
    FeedRun.objects.create(
        source=ensure_source(find_kind(name)),
        started_at=at,
        finished_at=at,
        outcome=Outcome.OK,
        doubt=doubt,
    )


def tell(
    source: str,
    since: datetime,
    kind: str,
    name: str,
    status: Status,
    *,
    vo: str = "",
    metric: str = "status",
) -> None:
    store_report.store(
        source=source,
        namespace=NAMESPACES[source],
        report=Report(
            observations=(
                Observation(Name(kind, name), metric, status, status.value.upper(), vo=vo),
            )
        ),
        at=since,
        last_success_at=None,
        longest_gap=HOUR,
    )


def outage(site: Site, at: datetime, *services: Service, severity: str = "OUTAGE") -> Downtime:
    downtime = Downtime.objects.create(
        source="gocdb",
        key="7G0",
        site=site,
        severity=severity,
        classification="UNSCHEDULED",
        declared_at=at - HOUR,
        starts_at=at - HOUR,
        ends_at=at + HOUR,
        first_seen_at=at - HOUR,
        changed_at=at - HOUR,
    )
    downtime.services.set(services)
    return downtime


def bad(site: Site, at: datetime, vo: str | None = None) -> list[str]:
    found = alarms.bad_since(site_ids=[site.pk], at=at, longer_than=HOUR, vo=vo)
    return [status.entity for status in found.get(site.pk, [])]


def test_services_in_order_are_counted_unless_they_were_named(cnaf: Site, at: datetime) -> None:
    tell("argo", at - HOUR, "site", "INFN-T1", Status.OK)
    for host in ("ce", "ui"):
        tell("argo", at - HOUR, "service", f"{host}.cnaf.example.org SRM", Status.OK)
    tell("argo", at - HOUR, "service", "se.cnaf.example.org SRM", Status.CRITICAL)
    named = Service.objects.get(hostname="ui.cnaf.example.org")

    (found,) = conditions_at(sites=[cnaf], services=[named], moment=at).sites
    (whole,) = conditions_at(sites=[cnaf], moment=at, everything=True).sites

    assert [status.entity for status in found.statuses] == [
        "INFN-T1",
        "se.cnaf.example.org SRM",
        "ui.cnaf.example.org SRM",
    ]
    assert found.in_order == {"argo": 1}
    assert len(whole.statuses) == 4
    assert whole.in_order == {}


def test_a_vo_has_its_own_word_and_sees_no_other_vos(cnaf: Site, at: datetime) -> None:
    tell("dirac-https", at - HOUR, "site", "INFN-T1", Status.OK, metric="rss")
    tell("dirac-https", at - HOUR, "site", "INFN-T1", Status.DOWN, metric="rss", vo="juno")
    tell("dirac-https", at - HOUR, "site", "INFN-T1", Status.WARNING, metric="rss", vo="bes")

    def seen(vo: str | None) -> list[tuple[str, str]]:
        (found,) = conditions_at(sites=[cnaf], moment=at, vo=vo).sites
        return sorted((status.vo, status.status) for status in found.statuses)

    assert seen("juno") == [("juno", "down")]
    assert seen("cepc") == [("", "ok")]
    assert len(seen(None)) == 3


def test_then_is_not_now(cnaf: Site, at: datetime) -> None:
    tell("argo", at - 5 * HOUR, "site", "INFN-T1", Status.CRITICAL)
    tell("argo", at - 2 * HOUR, "site", "INFN-T1", Status.OK)

    then = conditions_at(sites=[cnaf], moment=at - 3 * HOUR, asked_at=at).sites[0]
    now = conditions_at(sites=[cnaf], moment=at).sites[0]

    assert [status.status for status in then.statuses] == ["critical"]
    assert [status.status for status in now.statuses] == ["ok"]
    assert [status.status for status in now.earlier] == ["critical"]


def test_links_that_touch_the_site_and_whole_systems(cnaf: Site, at: datetime) -> None:
    lyon = make.make_site(name="IN2P3-CC")
    NetworkLink.objects.create(name="CNAF-LYON", kind="LHCOPN", site_a=cnaf, site_b=lyon)
    tell("maddash", at - HOUR, "link", "CNAF-LYON", Status.DOWN, metric="loss")
    tell("dirac-https", at - HOUR, "system", "Requests", Status.WARNING, metric="requests")

    elsewhere = make.make_site(name="ELSEWHERE")
    found = conditions_at(sites=[cnaf, lyon, elsewhere], moment=at).sites

    assert [[status.entity for status in site.links] for site in found] == [
        ["CNAF-LYON"],
        ["CNAF-LYON"],
        [],
    ]
    assert all([status.entity for status in site.systems] == ["Requests"] for site in found)


def test_old_and_doubtful_states_say_so(cnaf: Site, at: datetime) -> None:
    tell("argo", at - HOUR, "site", "INFN-T1", Status.CRITICAL)
    ran("argo", at - timedelta(seconds=30), doubt="Flapping items 65%")
    (doubtful,) = conditions_at(sites=[cnaf], moment=at).sites[0].statuses
    (old,) = conditions_at(sites=[cnaf], moment=at + 2 * HOUR).sites[0].statuses
    assert (doubtful.stale, doubtful.doubt) == (False, "Flapping items 65%")
    assert old.stale


def test_a_source_that_nobody_uses_is_not_mentioned(cnaf: Site, at: datetime) -> None:
    found = conditions_at(sites=[cnaf], moment=at).sites[0]
    assert "perfsonar" not in found.sources
    assert "argo" in found.sources


def test_the_board_takes_the_sites_own_state_and_counts_its_bad_things(
    cnaf: Site, at: datetime
) -> None:
    tell("argo", at - HOUR, "site", "INFN-T1", Status.WARNING)
    tell("argo", at - HOUR, "service", "se.cnaf.example.org SRM", Status.CRITICAL)
    tell("dirac-https", at - HOUR, "service", "ce.cnaf.example.org", Status.CRITICAL)
    found = states.board_states([cnaf.pk])[cnaf.pk]
    assert {name: (state.status, state.bad) for name, state in found.items()} == {
        "argo": ("warning", 1),
        "dirac-https": ("critical", 1),
    }


def test_what_is_bad_for_long_alarms(cnaf: Site, at: datetime) -> None:
    tell("argo", at - 2 * HOUR, "service", "se.cnaf.example.org SRM", Status.CRITICAL)
    tell("argo", at - timedelta(minutes=59), "site", "INFN-T1", Status.CRITICAL)
    tell("argo", at - 2 * HOUR, "service", "ce.cnaf.example.org SRM", Status.WARNING)
    assert bad(cnaf, at) == ["se.cnaf.example.org SRM"]


def test_another_vos_ban_alarms_nobody_here(cnaf: Site, at: datetime) -> None:
    tell("dirac-https", at - 2 * HOUR, "site", "INFN-T1", Status.DOWN, metric="rss", vo="bes")
    assert bad(cnaf, at, vo="juno") == []
    assert bad(cnaf, at, vo="bes") == ["INFN-T1"]


def test_an_outage_of_the_service_masks_it_and_no_other(cnaf: Site, at: datetime) -> None:
    for host in ("ce", "se"):
        name = f"{host}.cnaf.example.org SRM"
        tell("argo", at - 2 * HOUR, "service", name, Status.CRITICAL)
    outage(cnaf, at, Service.objects.get(hostname="se.cnaf.example.org"))
    assert bad(cnaf, at) == ["ce.cnaf.example.org SRM"]


def test_an_outage_masks_the_sites_own_states(cnaf: Site, at: datetime) -> None:
    tell("argo", at - 2 * HOUR, "site", "INFN-T1", Status.CRITICAL)
    outage(cnaf, at, *Service.objects.all())
    assert bad(cnaf, at) == []


def test_at_risk_and_withdrawn_mask_nothing(cnaf: Site, at: datetime) -> None:
    tell("argo", at - 2 * HOUR, "site", "INFN-T1", Status.CRITICAL)
    downtime = outage(cnaf, at, severity="WARNING")
    assert bad(cnaf, at) == ["INFN-T1"]
    downtime.severity, downtime.withdrawn_at = "OUTAGE", at
    downtime.save()
    assert bad(cnaf, at) == ["INFN-T1"]


def test_stale_and_doubtful_sources_alarm_nobody(cnaf: Site, at: datetime) -> None:
    tell("argo", at - 2 * HOUR, "site", "INFN-T1", Status.CRITICAL)
    assert bad(cnaf, at + HOUR) == []
    ran("argo", at - timedelta(seconds=1), doubt="Flapping items 65%")
    assert bad(cnaf, at) == []


def test_sites_with_news_also_by_their_links(cnaf: Site, at: datetime) -> None:
    lyon = make.make_site(name="IN2P3-CC")
    NetworkLink.objects.create(name="CNAF-LYON", kind="LHCOPN", site_a=cnaf, site_b=lyon)
    tell("argo", at - 2 * HOUR, "site", "INFN-T1", Status.OK)
    assert alarms.sites_with_news(at - HOUR) == set()
    tell("maddash", at, "link", "CNAF-LYON", Status.DOWN)
    assert alarms.sites_with_news(at - HOUR) == {cnaf.pk, lyon.pk}
