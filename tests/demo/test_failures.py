"""Every kind of failure answers as it says, and none for ever."""

import gzip
from xml.etree.ElementTree import ParseError, fromstring

import pytest

from juno_support.demo.simulators import failures
from tests.demo.asking import Answered, ask
from tests.demo.conftest import Simulator


@pytest.fixture
def asked(gocdb: Simulator):
    def fail(kind: str, method: str = "get_downtime_nested_services") -> Answered:
        gocdb.fail(kind)
        return ask(gocdb.app, method, scope="")

    return fail


STATUSES = {
    "http500": 500,
    "empty500": 500,
    "http503": 503,
    "unauthorized": 403,
    "notfound": 404,
    "toomany": 429,
    "redirect": 302,
    "timeout": 504,
}


def test_each_kind_says_what_it_does() -> None:
    for kind, function in failures.KINDS.items():
        assert function.__doc__ and function.__doc__.strip().endswith("."), kind


@pytest.mark.parametrize("kind", sorted(failures.KINDS.keys() - {"huge", "gzipbomb", "broken"}))
def test_the_status_is_as_said(asked, kind: str) -> None:
    assert asked(kind).status == STATUSES.get(kind, 200)


def test_it_works_again(gocdb: Simulator) -> None:
    honest = ask(gocdb.app, "get_downtime", scope="").body
    gocdb.fail("nothing")
    assert ask(gocdb.app, "get_downtime", scope="").body == b""
    gocdb.fail("http500", source="gocdb-topology")
    assert ask(gocdb.app, "get_downtime", scope="").body == honest
    assert ask(gocdb.app, "get_site_list").status == 500


def test_one_source_can_fail_alone(gocdb: Simulator) -> None:
    gocdb.fail("http500", source="gocdb-downtimes")
    assert ask(gocdb.app, "get_downtime").status == 500
    assert ask(gocdb.app, "get_site_list").status == 200


def test_errors_that_come_as_200(asked) -> None:
    assert asked("error200").text.startswith("<error>")
    for kind in ("text200", "garbage", "nothing", "truncated", "notwellformed"):
        with pytest.raises(ParseError):
            fromstring(asked(kind).body)
    assert asked("wrongroot").root.tag != "results"
    assert "<html>" in asked("html200").text


def test_empty_is_well_formed_and_without_rows(asked) -> None:
    assert len(asked("empty").root) == 0


@pytest.mark.parametrize("method", ["get_downtime_nested_services", "get_service", "get_site_list"])
def test_shrunk_is_well_formed_with_a_third_of_the_rows(gocdb: Simulator, method: str) -> None:
    whole = len(ask(gocdb.app, method, scope="").root)
    gocdb.fail("shrunk")
    assert len(ask(gocdb.app, method, scope="").root) == (whole + 2) // 3


@pytest.mark.parametrize("method", ["get_downtime_nested_services", "get_service", "get_site_list"])
def test_halfrows_breaks_every_second_row(gocdb: Simulator, method: str) -> None:
    honest = ask(gocdb.app, method, scope="").root
    gocdb.fail("halfrows")
    root = ask(gocdb.app, method, scope="").root
    assert len(root) == len(honest)
    assert all(row.get("PRIMARY_KEY") for row in root[::2])
    assert not any(row.get("PRIMARY_KEY") for row in root[1::2])


def test_a_control_character_is_all_that_is_wrong(asked) -> None:
    body = asked("notwellformed").body
    assert b"\x0b" in body
    assert fromstring(body.replace(b"\x0b", b"")).tag == "results"


def test_the_doctype_has_entities_that_expand(asked) -> None:
    body = asked("doctype").body
    assert body.startswith(b"<?xml") and b"<!DOCTYPE results [<!ENTITY e0" in body
    assert b"&e8;" in body


def test_the_redirect_leads_to_another_host(asked) -> None:
    assert "elsewhere.example.org" in asked("redirect").headers["Location"]


def test_slow_ones_wait_and_end(gocdb: Simulator) -> None:
    honest = ask(gocdb.app, "get_roc_list").body
    gocdb.fail("slow")
    assert ask(gocdb.app, "get_roc_list").body == honest
    assert gocdb.waited == [failures.SLOW_SECONDS]
    gocdb.waited.clear()
    gocdb.fail("timeout")
    assert ask(gocdb.app, "get_roc_list").body == b""
    assert gocdb.waited == [failures.TIMEOUT_SECONDS]
    gocdb.waited.clear()
    gocdb.fail("drip")
    dripped = ask(gocdb.app, "get_roc_list").body
    assert honest.startswith(dripped) and 0 < len(dripped) < len(honest)
    assert sum(gocdb.waited) <= failures.DRIP_SECONDS


def test_huge_and_compressed_ones_are_larger_than_anybody_reads(
    gocdb: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failures.HUGE_BYTES > 64 * 1024 * 1024
    monkeypatch.setattr(failures, "HUGE_BYTES", 2_000_000)
    gocdb.fail("huge")
    assert len(ask(gocdb.app, "get_roc_list").body) > 1_900_000
    gocdb.fail("gzipbomb")
    answered = ask(gocdb.app, "get_roc_list")
    assert answered.headers["Content-Encoding"] == "gzip"
    assert len(answered.body) < 100_000
    assert len(gzip.decompress(answered.body)) == 2_000_000


def test_a_broken_connection_announces_more_than_it_gives(gocdb: Simulator) -> None:
    gocdb.fail("broken")
    told: list[list[tuple[str, str]]] = []
    environ = {"PATH_INFO": "/gocdbpi/public/", "QUERY_STRING": "method=get_roc_list"}
    body = b"".join(gocdb.app(environ, lambda status, headers, *_: told.append(headers)))
    assert int(dict(told[-1])["Content-Length"]) > len(body)
