"""What is known before a ticket is sent: every source, who reported it already, named services."""

from datetime import timedelta
from uuid import uuid4

import pytest

from monitoring.models import Downtime
from monitoring.statuses import Status
from tests.make import AT, make_service
from tests.tickets.make import make_ticket
from tests.tickets.states import polled, seen, tell
from tickets.models import Ticket

HOUR = timedelta(hours=1)
URL = "/tickets/new/"


@pytest.fixture(autouse=True)
def stand(clock_at):
    clock_at(AT)
    # Whoever files a ticket may read the present; nobody polled anything but this.


@pytest.fixture
def ada(cast, client_of):
    return client_of(cast.ada)


def filled(**fields):
    return {
        "draft": str(uuid4()),
        "subject": "Pilots are aborted",
        "description": "All of them.",
        "sites": "",
        "priority": "1",
    } | fields


def known(client, **fields):
    page = client.post("/tickets/new/draft/", filled(**fields))
    assert page.status_code == 200
    return page


def text_of(page):
    return page.content.decode()


def test_every_source_tells_about_the_chosen_site(cast, ada):
    polled("gocdb-downtimes", at=AT)
    tell("argo", seen("IN2P3-CC", Status.CRITICAL, summary="3 endpoints are down"), at=AT)
    tell(
        "dirac-https",
        seen("IN2P3-disk", Status.DOWN, kind="storage", metric="write", site="IN2P3-CC"),
        seen("IN2P3-CC", Status.DOWN, "banned", metric="rss", vo="belle"),
        at=AT,
    )

    text = text_of(known(ada, sites="IN2P3-CC", vo=cast.juno.pk))

    assert "<strong>ARGO</strong> critical since" in text
    assert "3 endpoints are down" in text
    assert "IN2P3-disk DIRAC</strong> writing down" in text
    assert "banned" not in text, "another VO's"
    assert 'data-tone="bad"' in text


def test_who_reported_it_since_it_began_stands_first(cast, ada):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=AT - 3 * HOUR)
    polled("argo", at=AT)
    fields = {"by": cast.carla, "vo": cast.juno, "affected_sites": [cast.in2p3]}
    same = make_ticket(subject="Since it began", at=AT - 2 * HOUR, **fields)
    old = make_ticket(subject="Of long ago", at=AT - 90 * HOUR, **fields)
    assert old.pk > same.pk

    page = known(ada, sites="IN2P3-CC")

    (panel,) = page.context["conditions"]
    assert [(line.number, line.is_of_trouble) for line in panel.tickets] == [
        (same.pk, True),
        (old.pk, False),
    ]
    assert "it is reported already" in text_of(page)
    assert f'name="me_too" value="{same.pk}"' in text_of(page)


def test_a_running_outage_is_said_to_be_the_likely_reason(cast, ada):
    polled("gocdb-downtimes", at=AT)
    Downtime.objects.create(
        source="gocdb",
        key="1G0",
        site=cast.in2p3,
        severity="OUTAGE",
        classification="SCHEDULED",
        declared_at=AT - 50 * HOUR,
        starts_at=AT - HOUR,
        ends_at=AT + HOUR,
        first_seen_at=AT - 50 * HOUR,
        changed_at=AT - 50 * HOUR,
    )

    assert "a ticket will not end it sooner" in text_of(known(ada, sites="IN2P3-CC"))


@pytest.mark.parametrize(("at", "doubt"), [(AT, "consistency is CRITICAL"), (AT - 20 * HOUR, "")])
def test_nobody_is_held_up_by_a_source_that_is_not_reliable(cast, ada, at, doubt):
    tell("argo", seen("IN2P3-CC", Status.CRITICAL), at=at, doubt=doubt)

    page = known(ada, sites="IN2P3-CC")

    (panel,) = page.context["conditions"]
    assert panel.advice == ""
    assert ("ARGO itself reports inconsistent results" in text_of(page)) == bool(doubt)


def test_a_site_that_is_well_gives_no_advice(cast, ada):
    tell("argo", seen("IN2P3-CC", Status.OK), at=AT)

    assert known(ada, sites="IN2P3-CC").context["conditions"][0].advice == ""


def test_hundreds_of_services_do_not_fill_the_form(cast, ada):
    tell(
        "argo",
        *(
            seen(f"ce{n}.in2p3.fr CE", Status.OK, kind="service", site="IN2P3-CC")
            for n in range(180)
        ),
        at=AT,
    )

    text = text_of(known(ada, sites="IN2P3-CC"))

    assert "180 services in order (ARGO)" in text
    assert "ce5.in2p3.fr" not in text


# A host name that GOCDB knows


def test_each_service_of_a_pasted_host_is_offered_with_its_site(cast, ada):
    srm = make_service(site=cast.in2p3, hostname="se.in2p3.fr", service_type="SRM")
    dav = make_service(site=cast.in2p3, hostname="se.in2p3.fr", service_type="webdav")
    make_service(site=cast.in2p3, hostname="other.in2p3.fr")

    page = known(ada, description="Transfers to se.in2p3.fr fail")

    offers = [
        (offer.label, offer.entry, offer.site)
        for offer in page.context["facts"]
        if offer.field == "services"
    ]
    assert offers == [
        ("SRM on se.in2p3.fr", str(srm.pk), "IN2P3-CC"),
        ("webdav on se.in2p3.fr", str(dav.pk), "IN2P3-CC"),
    ]
    assert 'data-site="IN2P3-CC"' in text_of(page)


def test_one_click_takes_the_service_and_its_site_without_a_script(cast, ada):
    service = make_service(site=cast.in2p3, hostname="se.in2p3.fr", service_type="SRM")
    data = filled(description="Transfers to se.in2p3.fr fail", sites="BEIJING-LCG2")

    page = ada.get(ada.post(URL, data | {"use": f"services:{service.pk}"}).url)
    form = page.context["form"]

    assert form["sites"].value() == "BEIJING-LCG2, IN2P3-CC"
    assert form["services"].value() == [str(service.pk)]
    assert not [offer for offer in page.context["facts"] if offer.field in ("sites", "services")]
    assert f'value="{service.pk}" id="id_services_0" checked' in text_of(page)

    ada.post(
        URL,
        data | {"sites": "BEIJING-LCG2, IN2P3-CC", "services": [str(service.pk)]},
    )
    assert list(Ticket.objects.get().affected_services.all()) == [service]


@pytest.mark.parametrize("entry", ["0", "999999999", "x", "", "9" * 30, "-1"])
def test_a_service_that_is_none_changes_nothing(cast, ada, entry):
    page = ada.get(ada.post(URL, filled(use=f"services:{entry}", sites="IN2P3-CC")).url)

    assert page.context["form"]["sites"].value() == "IN2P3-CC"
    assert not page.context["form"]["services"].value()
