"""monitoring/parsers/diracx: what DiracX says of sites, resources, jobs and pilots."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.diracx_words import error_words
from monitoring.parsers import diracx, diracx_login

RECORDED = Path(__file__).parents[2] / "recorded" / "diracx"
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac" / "diracx-0.7.0"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
COLUMNS = ("Site", "Status")


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def sample(name: str) -> bytes:
    """Return the body of a real answer."""
    return json.dumps(json.loads((SAMPLES / name).read_bytes())["body"]).encode()


def test_a_bad_row_never_costs_the_others() -> None:
    summary = diracx.parse_summary(recorded("jobs-summary.json"), COLUMNS)

    assert [(row.values, row.count) for row in summary.rows] == [
        (("GRID.IHEP.cn", "Done"), 60),
        (("GRID.IHEP.cn", "Failed"), 8),
        (("GRID.JINR.ru", "Waiting"), 60),
    ]
    assert summary.refused == (
        ("row 4", "has no Site that makes sense"),
        ("row 5 GRID.BROKEN.xx", "has no count that makes sense"),
        ("row 6", "is no object"),
    )
    assert summary.doubtful == {"GRID.BROKEN.xx"}
    assert not summary.is_whole


def test_states_of_sites() -> None:
    states = diracx.parse_states(recorded("rss-site.json"))

    assert [(row.name, row.access, row.is_allowed, row.words) for row in states.rows] == [
        ("GRID.IHEP.cn", "all", True, ""),
        ("GRID.INFN-CNAF.it", "all", True, "GGUS 123456: high failure rate"),
        ("GRID.JINR.ru", "all", False, "scheduled downtime GOCDB 34567"),
        ("CLUSTER.IHEP.cn", "all", True, ""),
    ]
    assert states.refused == (
        ("GRID.BROKEN.xx all", "does not say whether it is allowed"),
        ("GRID.SILENT.xx", "says nothing about what is allowed"),
    )


def test_a_storage_element_has_four_accesses() -> None:
    states = diracx.parse_states(recorded("rss-storage.json"))

    assert {(row.access, row.is_allowed) for row in states.rows} == {
        ("read", True),
        ("write", False),
        ("check", True),
        ("remove", True),
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<html>502</html>", "no JSON"),
        (b'{"detail": "Not Found"}', "no list"),
        (b'[{"Site": "A", "Status": "Done"}]', "no count"),
        (b'[{"Site": "A", "count": 3}]', "no Status"),
        (b"[NaN]", "no JSON"),
    ],
)
def test_what_is_no_summary(body: bytes, reason: str) -> None:
    with pytest.raises(AnswerNotUnderstood, match=reason):
        diracx.parse_summary(body, COLUMNS)


def test_an_error_as_an_object_is_no_list_of_resources() -> None:
    with pytest.raises(AnswerNotUnderstood, match="No resource can be read"):
        diracx.parse_states(b'{"detail": "Internal error"}')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"detail": "Invalid JWT"}', "Invalid JWT"),
        (b'{"error": "authorization_pending"}', "authorization_pending"),
        (recorded("error-422.json"), "body.grouping Field required"),
        (b"<html>", ""),
        (b'{"detail": {"a": 1}}', ""),
    ],
)
def test_what_an_error_says(body: bytes, words: str) -> None:
    assert error_words(body) == words


@pytest.mark.parametrize(
    ("name", "is_host", "is_site"),
    [
        ("ce01.ihep.ac.cn", True, False),
        ("GRID.IHEP.cn", False, True),
        ("CLUSTER.IHEP.cn", False, True),
        ("GRID.INFN-CNAF.it", False, True),
        ("CE02.CNAF.INFN.IT", True, False),
        ("NotAssigned", False, False),
        ("", False, False),
    ],
)
def test_hosts_and_sites_are_told_apart_by_form(name: str, is_host: bool, is_site: bool) -> None:
    assert diracx.is_host(name) is is_host
    assert diracx.is_dirac_site(name) is is_site


def test_the_link_for_confirming_is_a_web_address() -> None:
    document = {
        "user_code": "A",
        "device_code": "b",
        "verification_uri_complete": "javascript:alert(1)",
        "expires_in": 600,
    }

    with pytest.raises(AnswerNotUnderstood, match="no web address"):
        diracx_login.parse_device(json.dumps(document).encode())


def test_a_broken_answer_with_tokens_is_never_quoted() -> None:
    for body in (b'{"access_token": "geheim", "expires_in": 5}', b'{"access_token": "geheim"'):
        with pytest.raises(AnswerNotUnderstood) as caught:
            diracx_login.parse_tokens(body)

        assert caught.value.body_start == b""
        assert "geheim" not in caught.value.reason


@needs_samples
def test_the_real_documents() -> None:
    jobs = diracx.parse_summary(sample("jobs-summary-site-status-vo-recent.json"), COLUMNS)
    pilots = diracx.parse_summary(
        sample("pilots-summary-site-ce-status.json"), ("DestinationSite", "GridSite", "Status")
    )
    states = {
        kind: diracx.parse_states(sample(f"rss-{kind}.json"))
        for kind in ("site", "storage", "compute", "fts")
    }
    device = diracx_login.parse_device(sample("login-user-1-device.json"))

    assert (len(jobs.rows), jobs.refused) == (17, ())
    assert (len(pilots.rows), pilots.refused) == (9, ())
    assert {kind: len(found.rows) for kind, found in states.items()} == {
        "site": 5,
        "storage": 8,
        "compute": 2,
        "fts": 1,
    }
    assert not any(found.refused for found in states.values())
    assert (device.user_code, device.seconds) == ("FBSQLQJV", 600)
    assert diracx_login.is_pending(sample("login-user-2-token-pending.json"))
    assert diracx_login.parse_identity(sample("userinfo.json")).name == "shifter"
    assert "Unrecognised parameters" in error_words(sample("jobs-summary-bad-parameter-400.json"))


SIMPLE = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
)
WORDS = st.sampled_from(
    ["Site", "Status", "count", "all", "read", "allowed", "warnings", "reason", "detail", "loc"]
)
VALUES = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_json_is_understood_or_refused(document: object) -> None:
    body = json.dumps(document).encode()
    for parse in (
        lambda: diracx.parse_summary(body, COLUMNS),
        lambda: diracx.parse_states(body),
        lambda: diracx_login.parse_device(body),
        lambda: diracx_login.parse_tokens(body),
        lambda: diracx_login.parse_identity(body),
    ):
        try:
            parse()
        except AnswerNotUnderstood:
            continue
    assert isinstance(error_words(body), str)


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(body: bytes) -> None:
    for parse in (
        lambda: diracx.parse_summary(body, COLUMNS),
        lambda: diracx.parse_states(body),
        lambda: diracx_login.parse_tokens(body),
    ):
        with pytest.raises(AnswerNotUnderstood):
            parse()
            # Only an empty list or object gets here.
            raise AnswerNotUnderstood(repr(body))
    assert isinstance(error_words(body), str)
