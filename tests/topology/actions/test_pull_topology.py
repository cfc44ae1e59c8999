"""topology/actions/pull_topology: our rows follow GOCDB's, and nothing is ever deleted."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from juno_support.feeds import polling
from juno_support.feeds.models import FeedRun, Outcome
from tests.gocdb_upstream import Gocdb, ServiceRow, SiteRow, running_gocdb
from tests.loopback import serving
from topology.models import OperationsCentre, Service, Site, SiteAlias, SiteContact

pytestmark = pytest.mark.django_db

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "gocdb"
HOURS = timedelta(hours=1)


@pytest.fixture
def gocdb() -> Iterator[Gocdb]:
    """Run a GOCDB with ten sites and a service each."""
    sites = [SiteRow(f"{n}G0", f"SITE-{n}") for n in range(1, 11)]
    services = [ServiceRow(f"{n}0G0", f"SITE-{n}", f"host{n}.example.org") for n in range(1, 11)]
    with running_gocdb(Gocdb(sites=sites, services=services)) as running:
        yield running


def poll(at: datetime, **options: Any) -> FeedRun:
    return polling.poll("gocdb-topology", now=lambda: at, **options)


def test_sites_services_and_centres_are_linked(gocdb: Gocdb, at: datetime) -> None:
    poll(at)

    site = Site.objects.get(name="SITE-3")
    assert (site.source, site.key, site.country) == ("gocdb", "3G0", "France")
    assert site.operations_centre == OperationsCentre.objects.get(name="NGI_FRANCE")
    assert site.services.get().hostname == "host3.example.org"
    assert site.services.get().scopes == ["EGI"]


def test_only_what_changed_is_written(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    gocdb.sites[2].country = "Italy"
    gocdb.services[4].production = "N"

    run = poll(at + HOURS)

    assert run.outcome == Outcome.OK
    assert run.changed == {"operations_centres": 0, "sites": 1, "services": 1}
    assert Site.objects.get(name="SITE-3").country == "Italy"
    assert not Service.objects.get(key="50G0").is_in_production


def test_an_admins_words_are_kept_apart(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    Site.objects.filter(key="3G0").update(
        contact_email_override="ops@site-3.example.org", note="ring first"
    )
    gocdb.sites[2].country = "Italy"

    poll(at + HOURS)

    site = Site.objects.get(key="3G0")
    assert site.country == "Italy"
    assert (site.contact, site.note) == ("ops@site-3.example.org", "ring first")


def test_certification_statuses_are_found_out_by_the_filter(gocdb: Gocdb, at: datetime) -> None:
    gocdb.sites[0].status = "Suspended"
    gocdb.sites[1].status = "Uncertified"

    poll(at)

    statuses = dict(Site.objects.values_list("name", "certification_status"))
    assert statuses["SITE-1"] == "Suspended"
    assert statuses["SITE-2"] == "Uncertified"
    assert statuses["SITE-3"] == "Certified"


def test_a_server_that_ignores_the_filter_leaves_statuses_as_they_were(
    gocdb: Gocdb, at: datetime
) -> None:
    poll(at)
    gocdb.knows_status_filter = False
    gocdb.sites.append(SiteRow("11G0", "SITE-11"))

    run = poll(at + HOURS)

    assert run.outcome == Outcome.OK
    assert "filter is ignored" in run.notes[0]
    assert Site.objects.get(name="SITE-3").certification_status == "Certified"
    assert Site.objects.get(name="SITE-11").certification_status == ""


def test_a_missing_site_is_gone_after_three_whole_polls_and_comes_back(
    gocdb: Gocdb, at: datetime
) -> None:
    poll(at)
    last = gocdb.sites.pop()
    gocdb.services.pop()

    missed = []
    for hour in range(1, 5):
        poll(at + hour * HOURS)
        site = Site.objects.get(key=last.key)
        missed.append((site.missed_polls, site.gone_at))
    assert missed == [(1, None), (2, None), (3, at + 3 * HOURS), (3, at + 3 * HOURS)]
    assert Service.objects.get(key="100G0").gone_at == at + 3 * HOURS
    assert poll(at + 5 * HOURS).outcome == Outcome.UNCHANGED

    gocdb.sites.append(last)
    poll(at + 6 * HOURS)
    site = Site.objects.get(key=last.key)
    assert (site.missed_polls, site.gone_at) == (0, None)


def test_a_failed_poll_does_not_count_as_missing(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    gocdb.instead["get_site_list"] = b"<error>no</error>"
    for hour in range(1, 6):
        poll(at + hour * HOURS)

    assert not Site.objects.exclude(missed_polls=0).exists()


def test_a_row_that_cannot_be_read_is_not_missing(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    gocdb.services[0].hostname = ""
    gocdb.services[1].site = "NOWHERE"

    for hour in range(1, 5):
        run = poll(at + hour * HOURS)

    assert {refusal["row"]: refusal["reason"] for refusal in run.refused} == {
        "SERVICE_ENDPOINT 10G0": "HOSTNAME is missing",
        "SERVICE_ENDPOINT 20G0": "it belongs to 'NOWHERE', which is not among the sites",
    }
    assert not Service.objects.exclude(missed_polls=0).exists()
    assert run.outcome == Outcome.UNCHANGED


@pytest.mark.parametrize(("kept", "outcome"), [(8, Outcome.OK), (7, Outcome.SUSPICIOUS)])
def test_a_feed_that_shrinks_by_more_than_a_quarter_is_suspicious(
    gocdb: Gocdb, at: datetime, kept: int, outcome: str
) -> None:
    poll(at)
    del gocdb.sites[kept:]
    del gocdb.services[kept:]

    run = poll(at + HOURS)

    assert run.outcome == outcome
    if outcome == Outcome.SUSPICIOUS:
        assert "fell from 10 to 7" in run.reason
        assert not Site.objects.exclude(missed_polls=0).exists()


def test_an_empty_answer_is_suspicious_even_the_first_time(gocdb: Gocdb, at: datetime) -> None:
    gocdb.sites, gocdb.services = [], []

    run = poll(at)

    assert run.outcome == Outcome.SUSPICIOUS
    assert "no sites at all" in run.reason


def test_a_person_may_trust_a_suspicious_answer_which_is_then_the_measure(
    gocdb: Gocdb, at: datetime
) -> None:
    poll(at)
    del gocdb.sites[5:]
    del gocdb.services[5:]

    assert poll(at + HOURS).outcome == Outcome.SUSPICIOUS
    assert poll(at + 2 * HOURS, trust=True).outcome == Outcome.OK
    assert poll(at + 3 * HOURS).outcome == Outcome.OK
    assert Site.objects.filter(missed_polls=2).count() == 5


def test_a_renamed_site_keeps_its_row_and_its_old_name_as_alias(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    before = Site.objects.get(key="3G0")
    gocdb.sites[2].name = gocdb.services[2].site = "NEW-NAME"

    poll(at + HOURS)

    assert Site.objects.get(name="NEW-NAME").pk == before.pk
    assert SiteAlias.objects.get(site=before).name == "SITE-3"
    assert Service.objects.get(key="30G0").site_id == before.pk


def test_two_sites_may_swap_their_names(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    gocdb.sites[0].name, gocdb.sites[1].name = "SITE-2", "SITE-1"

    assert poll(at + HOURS).outcome == Outcome.OK
    assert dict(Site.objects.filter(key__in=["1G0", "2G0"]).values_list("key", "name")) == {
        "1G0": "SITE-2",
        "2G0": "SITE-1",
    }


def test_a_name_may_pass_on_from_a_site_that_vanished(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    del gocdb.sites[0]
    gocdb.sites[0].name = gocdb.services[1].site = "SITE-1"
    del gocdb.services[0]

    run = poll(at + HOURS)

    assert run.outcome == Outcome.OK, run.reason
    assert Site.objects.get(name="SITE-1").key == "2G0"
    assert Site.objects.get(key="1G0").name == "SITE-1 (formerly 1G0)"


def test_a_site_made_by_hand_becomes_gocdbs_when_it_registers(gocdb: Gocdb, at: datetime) -> None:
    by_hand = Site.objects.create(source="local", key="sinp", name="ru-Moscow-SINP-T3")
    gocdb.sites.append(SiteRow("77G0", "ru-Moscow-SINP-T3"))

    poll(at)

    site = Site.objects.get(name="ru-Moscow-SINP-T3")
    assert (site.pk, site.source, site.key) == (by_hand.pk, "gocdb", "77G0")


def test_a_site_registered_anew_stays_one_site(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    before = Site.objects.get(name="SITE-3")
    gocdb.sites[2].key = "333G0"

    assert poll(at + HOURS).outcome == Outcome.OK
    assert Site.objects.get(name="SITE-3").pk == before.pk
    assert Site.objects.count() == 10


def test_a_second_site_of_the_same_name_is_refused(gocdb: Gocdb, at: datetime) -> None:
    gocdb.sites.append(SiteRow("99G0", "SITE-1"))

    run = poll(at)

    assert run.outcome == Outcome.OK
    assert run.refused == [{"row": "SITE 99G0", "reason": "another site is named 'SITE-1', too"}]


def test_a_server_that_repeats_a_page_makes_nothing_gone(gocdb: Gocdb, at: datetime) -> None:
    poll(at)
    rows = "".join(service.xml() for service in gocdb.services[:8])
    gocdb.instead["get_service"] = (
        "<results><meta><link rel='next' href='?next_cursor=8'/><count>8</count>"
        f"<max_page_size>8</max_page_size></meta>{rows}</results>"
    ).encode()

    run = poll(at + HOURS)

    assert run.outcome == Outcome.SUSPICIOUS
    assert "repeats a page" in run.reason
    assert run.seen["services"] == 8
    assert not Service.objects.exclude(missed_polls=0).exists()


PRIVATE_SITE = """<SITE ID="3" PRIMARY_KEY="3G0" NAME="SITE-3"><ROC>NGI_FRANCE</ROC>
<CONTACT_EMAIL>contact@site-3.example.org</CONTACT_EMAIL>
<CERTIFICATION_STATUS>Suspended</CERTIFICATION_STATUS><TIMEZONE>Europe/Paris</TIMEZONE></SITE>"""
PRIVATE_CENTRE = """<NGI ID="1" NAME="NGI_FRANCE"><PRIMARY_KEY>1</PRIMARY_KEY>
<EMAIL>ngi@example.org</EMAIL><GGUS_SU>NGI_FRANCE</GGUS_SU></NGI>"""
PRIVATE_PEOPLE = """<SITE ID="3G0" PRIMARY_KEY="3G0" NAME="SITE-3"><CONTACT PRIMARY_KEY="8G0">
<FORENAME>Ann</FORENAME><SURNAME>Lee</SURNAME><ROLE_NAME>Site Administrator</ROLE_NAME>
</CONTACT></SITE>"""


def results(rows: str) -> bytes:
    return f"<results>{rows}</results>".encode()


@pytest.fixture
def with_certificate(tmp_path: Path) -> Iterator[Path]:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("never shown over plain HTTP")
    with override_settings(JUNO_GOCDB_CERT=str(certificate)):
        yield certificate


def test_with_a_certificate_addresses_and_people_are_told(
    gocdb: Gocdb, at: datetime, with_certificate: Path
) -> None:
    gocdb.services = [gocdb.services[2]]
    gocdb.instead = {
        "get_site": results(PRIVATE_SITE),
        "get_ngi": results(PRIVATE_CENTRE),
        "get_site_contacts": results(PRIVATE_PEOPLE),
    }

    run = poll(at)

    assert run.outcome == Outcome.OK, run.reason
    site = Site.objects.get()
    assert site.contact_email == "contact@site-3.example.org"
    assert site.certification_status == "Suspended"
    assert site.operations_centre is not None
    assert site.operations_centre.email == "ngi@example.org"
    assert SiteContact.objects.get().name == "Ann Lee"
    assert run.seen["contacts"] == 1

    gocdb.instead["get_site_contacts"] = results(PRIVATE_PEOPLE.replace("Lee", "Low"))
    assert poll(at + HOURS).changed["contacts"] == 1
    assert SiteContact.objects.get().name == "Ann Low"


def test_without_the_certificate_again_addresses_stay_as_they_were(
    gocdb: Gocdb, at: datetime, with_certificate: Path
) -> None:
    gocdb.instead = {"get_site": results(PRIVATE_SITE)}
    gocdb.services = [gocdb.services[2]]
    poll(at)
    gocdb.sites = [gocdb.sites[2]]
    gocdb.instead = {}

    with override_settings(JUNO_GOCDB_CERT=""):
        poll(at + HOURS)

    assert Site.objects.get().contact_email == "contact@site-3.example.org"


def test_what_we_can_do_without_costs_nothing_else(
    gocdb: Gocdb, at: datetime, with_certificate: Path
) -> None:
    gocdb.services = [gocdb.services[2]]
    gocdb.instead = {"get_site": results(PRIVATE_SITE)}

    run = poll(at)

    assert run.outcome == Outcome.OK
    assert "Addresses of operations centres are not told" in run.notes[0]
    assert "People of sites are not told" in run.notes[1]
    assert OperationsCentre.objects.count() == 2


def test_a_private_part_that_is_broken_costs_only_what_it_alone_tells(
    gocdb: Gocdb, at: datetime, with_certificate: Path
) -> None:
    gocdb.instead = {"get_site": b"<error>An exception has been thrown</error>"}

    run = poll(at)

    assert run.outcome == Outcome.OK
    assert run.seen["sites"] == 10
    assert "Addresses of sites are not told" in run.notes[0]


def test_a_refused_certificate_fails_the_poll(
    gocdb: Gocdb, at: datetime, with_certificate: Path
) -> None:
    gocdb.instead = {"get_site": b"No valid identifier found."}

    run = poll(at)

    assert run.outcome == Outcome.FAILED
    assert run.credential


def row_versions() -> dict[str, list[Any]]:
    """Return each table's rows by their transaction ids: any write shows."""
    tables = ["topology_site", "topology_service", "topology_operationscentre",
              "topology_siteevent", "feeds_source", "feeds_sourceevent"]  # fmt: skip
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT xmin::text, ctid::text FROM {table} ORDER BY ctid")
            found[table] = cursor.fetchall()
    return found


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_the_whole_real_topology_and_an_unchanged_poll_writes_only_its_record(
    at: datetime,
) -> None:
    def answer(asked: Any, handler: Any) -> bytes:
        return (SAMPLES / "full-egi" / f"{asked.query['method']}.xml").read_bytes()

    with serving(answer) as server, override_settings(JUNO_GOCDB_URL=f"{server.url}/gocdbpi"):
        first = poll(at)
        before = row_versions()
        second = poll(at + HOURS)
        after = row_versions()

    assert first.outcome == Outcome.OK
    assert first.seen == {"operations_centres": 36, "sites": 423, "services": 4186}
    assert not first.refused
    assert second.outcome == Outcome.UNCHANGED
    assert before == after
    assert FeedRun.objects.count() == 2
