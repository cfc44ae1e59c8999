"""topology/parsers/gocdb on real documents, where they are present beside the checkout."""

import re
from pathlib import Path

import pytest

from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused
from topology.parsers import gocdb

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "gocdb"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")


def read(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "parse", "count"),
    [
        ("full-egi/get_site_list.xml", gocdb.parse_site_list, 423),
        ("full-egi/private_get_site.xml", gocdb.parse_sites, 423),
        ("full-egi/get_service.xml", gocdb.parse_services, 4186),
        ("full-egi/get_service.scope-juno.xml", gocdb.parse_services, None),
        ("full-egi/get_roc_list.xml", gocdb.parse_centre_list, 36),
        ("full-egi/get_downtime_nested_services.xml", gocdb.parse_downtimes, 68),
        ("small/get_site_list.xml", gocdb.parse_site_list, 23),
        ("small/private_get_site.xml", gocdb.parse_sites, 23),
        ("small/private_get_site_contacts.xml", gocdb.parse_site_contacts, 23),
        ("small/private_get_ngi.xml", gocdb.parse_centres, 7),
        ("small/get_roc_list.xml", gocdb.parse_centre_list, 7),
        ("small/get_service.xml", gocdb.parse_services, 60),
        ("small/get_downtime_nested_services.xml", gocdb.parse_downtimes, 4),
        ("small/get_downtime_nested_services.paged.xml", gocdb.parse_downtimes, 4),
        ("small/get_downtime_nested_services.empty.xml", gocdb.parse_downtimes, 0),
        ("small/get_downtime_nested_services.paged-empty.xml", gocdb.parse_downtimes, 0),
        (
            "small/get_downtime_nested_services.control-char-NOT-WELLFORMED.xml",
            gocdb.parse_downtimes,
            4,
        ),
        ("clients/sample-site.xml", gocdb.parse_sites, None),
        ("clients/sample-topofeedpaging.xml", gocdb.parse_sites, None),
        ("clients/sample-service_endpoint.xml", gocdb.parse_services, None),
        ("clients/sample-service_endpoint_biomed.xml", gocdb.parse_services, None),
    ],
)
def test_every_row_of_a_real_answer_is_read(name, parse, count) -> None:  # type: ignore[no-untyped-def]
    answer = parse(read(name))

    assert not answer.refused
    if count is None:
        rows = re.findall(rb"<(?:SITE|SERVICE_ENDPOINT)[ >]", read(name))
        count = len(rows)
        assert count
    assert len(answer.records) == count


@pytest.mark.parametrize(
    "name",
    ["error-bad-date", "error-no-credential", "error-unknown-method", "error-unsupported-param"],
)
def test_real_errors_are_told(name: str) -> None:
    with pytest.raises((AnswerNotUnderstood, CredentialRefused)) as fault:
        gocdb.parse_downtimes(read(f"small/{name}.http200.txt"))
    words = re.sub(rb"<[^>]+>", b"", read(f"small/{name}.http200.txt")).decode().strip()
    assert words[:60] in fault.value.reason


def test_the_page_of_a_real_answer_says_where_it_goes_on() -> None:
    paging = gocdb.parse_sites(read("clients/sample-topofeedpaging.xml")).paging

    assert paging is not None
    assert paging.next_cursor == 134


def test_every_service_of_the_real_topology_has_its_site() -> None:
    sites = {
        site.name for site in gocdb.parse_site_list(read("full-egi/get_site_list.xml")).records
    }
    services = gocdb.parse_services(read("full-egi/get_service.xml")).records

    assert {service.site_name for service in services} <= sites
