"""Real documents, served by a plain HTTP server, show the right states on site and ticket."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from juno_support.accounts.models import User
from juno_support.feeds import polling
from juno_support.feeds.models import Outcome
from tests.argo_upstream import API_KEY, Argo, running_argo
from tests.cast import Cast
from tests.dirac_upstream import REQUESTS, STATUS, Dirac, running_dirac
from tests.make import make_site
from tests.tickets.make import make_ticket
from topology.models import Service, Site, SiteAlias

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here"),
]
ClientOf = Callable[[User | None], Client]


def poll(name: str, now: datetime) -> None:
    run = polling.poll(name, now=lambda: now)
    assert run.outcome == Outcome.OK, run.reason


def shown(client: Client, cast: Cast, site: Site, now: datetime) -> tuple[str, str]:
    """Return the page of the site, and what the ticket about it says of the present."""
    ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[site], at=now)
    page = client.get(f"/sites/{site.name}/")
    card = client.get(f"/tickets/{ticket.pk}/now/", headers={"HX-Request": "true"})
    assert (page.status_code, card.status_code) == (200, 200)
    return page.content.decode(), card.content.decode()


def test_argo(cast: Cast, client_of: ClientOf, clock_at: Callable[[datetime], Any]) -> None:
    now = datetime(2015, 5, 1, 18, tzinfo=UTC)
    clock_at(now)
    site_a, site_b = make_site(name="SITEA"), make_site(name="SITEB")
    Service.objects.create(
        source="gocdb",
        key="1G0",
        site=site_b,
        hostname="cream03.example.foo",
        service_type="CREAM-CE",
    )
    argo = Argo({"/v3/status/Critical": (SAMPLES / "argo" / "v3status-01.json").read_bytes()})
    with (
        running_argo(argo),
        override_settings(JUNO_ARGO_URL=argo.url, JUNO_ARGO_API_KEY=API_KEY),
    ):
        poll("argo", now)
        client = client_of(cast.boris)
        page, card = shown(client, cast, site_b, now)
        _, healthy = shown(client, cast, site_a, now)

    assert "cream03.example.foo" in page
    assert "critical" in page
    assert "<strong>ARGO</strong> critical since" in card
    assert 'datetime="2015-05-01T17:53Z"' in card
    assert "cream03.example.foo" in card
    assert "<strong>ARGO</strong> ok since" in healthy


def test_dirac(cast: Cast, client_of: ClientOf, clock_at: Callable[[datetime], Any]) -> None:
    now = datetime(2026, 11, 21, 20, tzinfo=UTC)
    clock_at(now)
    cnaf, jinr = make_site(name="INFN-T1"), make_site(name="JINR-LCG2")
    for site, name in ((cnaf, "GRID.INFN-CNAF.it"), (jinr, "GRID.JINR.ru")):
        SiteAlias.objects.create(site=site, namespace="dirac", name=name)

    def real(name: str) -> bytes:
        path = SAMPLES / "dirac" / "dirac-9.1.22-tornado" / f"{name}.json"
        return json.dumps(json.loads(path.read_bytes())["body"]).encode()

    dirac = Dirac(
        {
            (STATUS, "select:SiteStatus"): real("resourcestatus-select-SiteStatus-all"),
            (STATUS, "select:ResourceStatus"): real("resourcestatus-select-ResourceStatus-SE"),
            (REQUESTS, "getDBSummary"): real("reqmanager-getDBSummary"),
        },
        tornado=True,
    )
    with running_dirac(dirac), override_settings(JUNO_DIRAC_HTTPS_URL=dirac.url):
        poll("dirac-https", now)
        client = client_of(cast.boris)
        page, card = shown(client, cast, jinr, now)
        _, degraded = shown(client, cast, cnaf, now)

    assert "GOCDB downtime 34567" in page
    assert "<strong>DIRAC status</strong> down (Banned) since" in card
    assert 'datetime="2026-11-21T06:00Z"' in card
    assert "GOCDB downtime 34567" in card
    assert "<strong>DIRAC status</strong> warning (Degraded) since" in degraded
    assert "GGUS 123456: high failure rate" in degraded
    assert "<strong>DIRAC requests</strong> ok (in order)" in degraded
