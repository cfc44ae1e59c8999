"""monitoring/parsers/dirac_configuration: who is who, as DIRAC itself writes it down."""

import zlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from monitoring.parsers.dirac_configuration import parse_configuration
from tests.dirac_upstream import packed, recorded, refused, said


def test_sites_and_storage_by_their_names() -> None:
    topology = parse_configuration(packed(recorded("configuration.cfg").decode()))

    assert topology.gocdb_names == {
        "GRID.INFN-CNAF.it": "INFN-T1",
        "GRID.IN2P3.fr": "IN2P3-CC",
    }
    assert topology.hosts == {
        "GRID.INFN-CNAF.it": ("ce01.cnaf.example.org", "ce02.cnaf.example.org"),
        "GRID.IN2P3.fr": ("ce.in2p3.example.org",),
        "CLUSTER.IHEP.cn": ("login01.ihep.example.org",),
    }
    assert topology.storage_sites == {
        "CNAF-STORM": ("GRID.INFN-CNAF.it",),
        "CNAF-TAPE": ("GRID.INFN-CNAF.it",),
        "SHARED-EOS": ("GRID.INFN-CNAF.it", "GRID.IN2P3.fr"),
    }
    assert topology.storage_hosts == {
        "CNAF-STORM": ("se.cnaf.example.org", "xrootd.cnaf.example.org"),
        "CNAF-TAPE": ("tape.cnaf.example.org",),
    }


def test_nothing_of_people_is_read() -> None:
    assert "shifter" not in repr(
        parse_configuration(packed(recorded("configuration.cfg").decode()))
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (refused("no"), "DIRAC says: no"),
        (said("no base 64"), "not in base64"),
        (said(7), "not in base64"),
        (said(b64encode(b"not packed").decode()), "cannot be unpacked"),
        (packed("Resources\n{\n"), "breaks off"),
        (packed("}"), "closes what it did not open"),
        (packed("a\n{\n" * 40), "nested too deeply"),
        (
            said(b64encode(zlib.compress(b" " * 65_000_000)).decode()),
            "larger than 64,000,000 characters",
        ),
    ],
)
def test_what_is_none_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as fault:
        parse_configuration(body)
    assert words in fault.value.reason


@given(
    st.lists(
        st.sampled_from(
            ["Resources", "Sites", "StorageElements", "GRID", "{", "}", "Name = x", "SE += y,z",
             "Host = a.b.org", "BaseSE =", "=", "CEs", "# no", "Resources\n{\nSites\n{\nG\n{\nS\n{"]
        )
        | st.text(max_size=12),
        max_size=40,
    )
)  # fmt: skip
def test_any_lines_are_understood_or_refused(lines: list[str]) -> None:
    try:
        parse_configuration(packed("\n".join(lines)))
    except AnswerNotUnderstood as fault:
        assert fault.reason


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(AnswerNotUnderstood):
        parse_configuration(body)
