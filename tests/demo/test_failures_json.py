"""Every kind of failure of the JSON upstreams answers as it says, and none for ever."""

import gzip
import json

import pytest

from juno_support.demo.simulators import failures, failures_json
from juno_support.demo.simulators.server import JSON_UPSTREAMS
from juno_support.demo.switchboard import GOCDB, SOURCES, SPECIAL, kinds_of
from tests.demo.asking import Answered
from tests.demo.conftest import JsonUpstreams

STATUSES = {
    "http500": 500,
    "empty500": 500,
    "http503": 503,
    "unauthorized": 401,
    "notfound": 404,
    "toomany": 429,
    "conflict": 409,
    "redirect": 302,
    "timeout": 504,
}
LOSS = "/perfsonar/esmond/perfsonar/archive/"


def ask(world: JsonUpstreams, source: str) -> Answered:
    """Ask each source something that has rows."""
    if source == "argo":
        return world.argo("v3/status/Critical", "view=latest")
    if source == "dirac-https":
        return world.dirac("ResourceStatus/ResourceStatus", "select", "ResourceStatus", {})
    if source == "dirac-webapp":
        return world.ask("/dirac/DIRAC/s:JUNO/g:juno_user/JobSummary/getData")
    if source == "diracx":
        return world.diracx("rss/storage")
    if source == "perfsonar":
        return world.ask(LOSS, "event-type=packet-loss-rate")
    return world.ask("/maddash/grids/JUNO+-+OWAMP+Loss")


def rows(source: str, document: object) -> int:
    """Count the rows of the document that ``ask`` gets."""
    key = {"argo": "groups", "dirac-https": "Value", "dirac-webapp": "result", "maddash": "grid"}
    found = document[key[source]] if source in key else document  # type: ignore[index]
    return len(found)  # type: ignore[arg-type]


def test_every_simulated_source_can_fail() -> None:
    assert (*GOCDB, *SPECIAL) == SOURCES
    assert {kind.source for kind in JSON_UPSTREAMS} <= set(SPECIAL)
    for source in SOURCES:
        for kind, words in kinds_of(source).items():
            assert words.endswith("."), (source, kind)
    for words in SPECIAL.values():
        assert not set(words) & set(failures_json.KINDS)


@pytest.mark.parametrize("source", sorted(SPECIAL))
@pytest.mark.parametrize(
    "kind", sorted(failures_json.KINDS.keys() - {"huge", "gzipbomb", "broken"})
)
def test_the_status_is_as_said(world: JsonUpstreams, source: str, kind: str) -> None:
    assert ask(world, source).status == 200
    world.fail(source, kind)
    assert ask(world, source).status == STATUSES.get(kind, 200)
    world.fail("another", kind)
    assert ask(world, source).status == 200


@pytest.mark.parametrize("source", sorted(SPECIAL))
def test_rows_are_missing(world: JsonUpstreams, source: str) -> None:
    whole = ask(world, source).json
    world.fail(source, "shrunk")
    fewer = ask(world, source).json
    assert type(fewer) is type(whole)
    assert rows(source, fewer) == -(-rows(source, whole) // 3)
    world.fail(source, "empty")
    assert rows(source, ask(world, source).json) == 0


@pytest.mark.parametrize("source", sorted(SPECIAL))
def test_every_second_row_is_broken_and_the_others_whole(world: JsonUpstreams, source: str) -> None:
    def listed() -> list[object]:
        document = ask(world, source).json
        key = {"argo": "groups", "dirac-https": "Value", "dirac-webapp": "result"}
        if source == "diracx":
            return list(document.items())
        found = document["grid"] if source == "maddash" else document
        return list(found[key[source]] if source in key else found)

    whole = listed()
    world.fail(source, "halfrows")
    halves = listed()
    assert len(halves) == len(whole)
    assert halves[::2] == whole[::2]
    assert all(one != other for one, other in zip(halves[1::2], whole[1::2], strict=True))


@pytest.mark.parametrize(
    "kind", ["text200", "html200", "nothing", "truncated", "notwellformed", "garbage"]
)
def test_these_are_no_json(world: JsonUpstreams, kind: str) -> None:
    world.fail("argo", kind)
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        json.loads(ask(world, "argo").body)


def test_some_are_json_of_something_else(world: JsonUpstreams) -> None:
    for kind in ("wrongroot", "error200"):
        world.fail("argo", kind)
        assert "groups" not in ask(world, "argo").json
    world.fail("argo", "scalar")
    assert ask(world, "argo").json == 42
    world.fail("argo", "notanumber")
    assert b"NaN" in ask(world, "argo").body
    world.fail("argo", "deep")
    with pytest.raises(RecursionError):
        json.loads(ask(world, "argo").body)


def test_slow_ones_wait_and_end(world: JsonUpstreams) -> None:
    honest = ask(world, "maddash").body
    world.fail("maddash", "slow")
    assert ask(world, "maddash").body == honest
    world.fail("maddash", "timeout")
    assert ask(world, "maddash").body == b""
    assert world.waited == [failures.SLOW_SECONDS, failures.TIMEOUT_SECONDS]
    world.waited.clear()
    world.fail("maddash", "drip")
    dripped = ask(world, "maddash").body
    assert honest.startswith(dripped) and 0 < len(dripped) < len(honest)
    assert sum(world.waited) <= failures.DRIP_SECONDS


def test_huge_and_compressed_ones_are_larger_than_anybody_reads(
    world: JsonUpstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "HUGE_BYTES", 2_000_000)
    world.fail("argo", "huge")
    assert len(ask(world, "argo").body) > 1_900_000
    world.fail("argo", "gzipbomb")
    answered = ask(world, "argo")
    assert answered.headers["Content-Encoding"] == "gzip"
    assert len(answered.body) < 100_000
    assert len(gzip.decompress(answered.body)) == 2_000_000


def test_what_has_no_rows_is_left_as_it_was(world: JsonUpstreams) -> None:
    honest = world.argo("v3/health").json
    world.fail("argo", "empty")
    assert world.argo("v3/health").json == honest
    world.fail("argo", "shrunk")
    assert world.ask("/argo/api/v3/status/x").status == 406
