"""The Portal's cards: small documents with every known trap, the real ones, and anything at all."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from supportunits.parsers.card_records import LISTS, ROLES, CardDump, CardRecord
from supportunits.parsers.card_writing import FORMATS, write_cards
from supportunits.parsers.vo_cards import read_cards

RECORDED = Path(__file__).parents[2] / "recorded" / "portal"
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "vo-id-cards"
REAL = sorted(SAMPLES.glob("*.xml"))


def recorded(name: str) -> CardDump:
    return read_cards((RECORDED / name).read_bytes())


def test_the_old_format_is_read_with_its_traps() -> None:
    dump = recorded("old.traps.xml")
    traps, bare = dump.cards
    fields = traps.fields
    assert (traps.name, fields["serial"], fields["cic_id"]) == ("traps.example.org", "77", "7")
    assert "validated_date" not in fields  # 0000-00-00 is not known
    assert fields["changed_at"] == "2012-04-10T07:28:09+00:00"
    assert fields["enrolment_url"] == "https://voms.example.org:8443/voms/traps"
    assert fields["homepage_url"] == "http://www.example.org"
    assert fields["support_procedure_url"] == ""
    assert fields["description"].startswith("Données & <script>")
    assert fields["disciplines"] == [["High-Energy Physics"]]
    assert fields["middlewares"] == ["gLite", "UNICORE", "Cloud Computing Resources", "NEW_THING"]
    assert fields["acceptable_use_policy"] == "Be kind.\nBe quick."
    assert "admins_list" not in fields  # hidden, not empty
    assert (fields["users_list"], fields["security_list"]) == ("users@example.org", "")
    assert fields["contacts"] == [
        {"name": "Grace Example", "role": "VO MANAGER", "dn": "/C=XX/CN=Grace", "phone": ""}
    ]
    assert fields["groups"] == [
        {
            "name": "/traps.example.org/Role=pilot",
            "kind": "Pilot",
            "description": "",
            "share": "40",
            "is_used": False,
        }
    ]
    assert fields["voms_servers"][0]["members_list_url"] == "https://voms.example.org/list"
    assert fields["resources"]["job_max_cpu_time"] == "2880"
    assert fields["resources"]["other_requirements"] == "line one\nline two"
    assert (bare.name, bare.fields["status"]) == ("bare", "Deleted")


def test_broken_cards_are_refused_with_row_and_reason() -> None:
    dump = recorded("old.traps.xml")
    assert {refused.row: refused.reason for refused in dump.refused} == {
        "2: ?": "it has no name",
        "3: a/b": "its name has signs that cannot stand in an address",
        "4: TRAPS.example.org": "another card of this document has the same name",
        "5: odd-status": "its status “Asleep” is none that we know",
        "6: odd-date": "“soon” is no date",
    }
    assert dump.seen == 7
    assert len(dump.remarks) == 2
    assert "VO WIZARD" in dump.remarks[0]


def test_the_new_format_is_read() -> None:
    juno, listed = recorded("new.full.xml").cards
    fields = juno.fields
    assert (fields["serial"], fields["scope"]) == ("1012", "Global")
    assert fields["validated_date"] == "2015-06-05"
    assert "created_date" not in fields  # 1970 is not known
    assert fields["disciplines"] == [
        ["Natural Sciences", "Physical sciences", "High energy physics"],
        ["Natural Sciences", "Physical sciences", "Particle physics"],
    ]
    assert fields["contacts"] == [
        {
            "name": "Wei Li",
            "role": "VO MANAGER",
            "email": "li@example.org",
            "dn": "/C=CN/CN=Wei Li",
        }
    ]
    assert (fields["admins_list"], fields["users_list"]) == ("admins@example.org", "")
    assert "user_support_list" not in fields
    assert fields["resources"] == {
        "ram_per_x86_64_core": "2048",
        "job_scratch_space": "20000",
        "job_max_cpu_time": "1440",
        "job_max_wall_time": "2880",
        "cloud_cpu_cores": "16",
        "cloud_vm_ram": "64",
        "multicore_ram_min": "1",
        "multicore_ram_preferred": "2",
        "multicore_ram_max": "4",
        "multicore_cores_preferred": "8",
        "cvmfs_endpoints": "/cvmfs/juno.example.org",
    }
    assert [row["grant"] for row in fields["acknowledgements"]] == ["G-1"]
    assert fields["registries"] == [{"kind": "Perun", "url": "https://perun.example.org/juno"}]
    assert fields["voms_servers"][0]["dn"] == "/C=CN/CN=voms"
    assert fields["groups"][0]["share"] == "30"
    assert fields["needs_dedicated_support"] is False
    assert "is_monitored" not in fields
    assert listed.fields == {"serial": "9"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"<html><body>Sign in</body></html>", "<html>"),
        (b"No valid key", "not well-formed"),
        (b'<!DOCTYPE x [<!ENTITY e "e">]><VoDump/>', "document type"),
        (b"<VoDump>" + b"<a>" * 40 + b"</a>" * 40 + b"</VoDump>", "levels deep"),
        (b"\xff\xfe<\x00V\x00", "UTF-16"),
    ],
)
def test_what_is_no_document_of_cards_is_said(body: bytes, words: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as fault:
        read_cards(body)
    assert words in fault.value.reason


def test_one_card_alone_and_a_list_under_another_root_are_read() -> None:
    for body in (b'<IDCard Name="juno"/>', b"<VoList><Vo><name>juno</name></Vo></VoList>"):
        assert [card.name for card in read_cards(body).cards] == ["juno"]
    assert read_cards(b"<VoDump/>").seen == 0


def test_a_field_that_is_too_long_refuses_its_card_only() -> None:
    long = f"<HomepageUrl>{'x' * 501}</HomepageUrl>"
    body = f"""<VoDump><IDCard Name="long" Status="Production">{long}</IDCard>
    <IDCard Name="good" Status="Production"/></VoDump>"""
    dump = read_cards(body.encode())
    assert [card.name for card in dump.cards] == ["good"]
    assert dump.refused[0].reason == "its homepage url has 501 characters; 500 fit"


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_every_real_card_is_read(path: Path) -> None:
    dump = read_cards(path.read_bytes())
    assert len(dump.cards) == {"cards-2012-08.xml": 232, "cards-2012-12.xml": 235}[path.name]
    assert (dump.refused, dump.remarks) == ((), ())
    assert sum("changed_at" not in card.fields for card in dump.cards) > 100
    assert all(not set(card.fields) & set(LISTS) for card in dump.cards)


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_every_real_card_that_we_write_is_read_back_the_same(path: Path, layout: str) -> None:
    cards = read_cards(path.read_bytes()).cards
    again = read_cards(write_cards(cards, layout=layout))
    assert again.refused == ()
    # The old format does not tell registries other than VOMS; the new one always does.
    registries: dict[str, Any] = {"registries": []} if layout == "new" else {}
    assert again.cards == tuple(CardRecord(card.name, card.fields | registries) for card in cards)


def test_our_own_documents_are_read_back_the_same() -> None:
    cards = [*recorded("old.traps.xml").cards, *recorded("new.full.xml").cards]
    for layout in FORMATS:
        told = ("contacts", "groups", "voms_servers", "resources", "middlewares", "description")
        again = read_cards(write_cards(cards, layout=layout)).cards
        for before, after in zip(cards, again, strict=True):
            for name in told:
                assert before.fields.get(name) == after.fields.get(name), (layout, name)


_SIGNS = "aZ09 é中😀<>&'\"=;:/._-\u202e\u00a0]"
_words = st.text(alphabet=_SIGNS + "\n\t\x0b\x00\r", max_size=12)
_lines = st.text(alphabet=_SIGNS, max_size=12)
_contacts = st.fixed_dictionaries(
    {"name": _lines.filter(str.strip), "role": st.sampled_from(ROLES)},
    optional={"email": _lines, "dn": _lines, "phone": _lines},
)
_cards = st.fixed_dictionaries(
    {},
    optional={
        "description": _words,
        "scope": _lines,
        "homepage_url": _lines,
        "users_list": _lines,
        "contacts": st.lists(_contacts, max_size=3),
        "disciplines": st.lists(
            st.lists(_lines.filter(str.strip), min_size=1, max_size=3), max_size=3
        ),
        "middlewares": st.lists(_lines.filter(str.strip), max_size=3),
        "resources": st.dictionaries(st.sampled_from(["job_max_cpu_time", "x"]), _words),
    },
)


@given(fields=_cards, layout=st.sampled_from(FORMATS))
def test_whatever_a_card_says_can_be_written_and_is_read_back_once_for_all(
    fields: dict[str, Any], layout: str
) -> None:
    once = read_cards(write_cards([CardRecord("juno", fields)], layout=layout))
    assert once.refused == ()
    again = read_cards(write_cards(once.cards, layout=layout))
    assert again.cards == once.cards


_TAGS = (
    *("VoDump", "IDCard", "data", "Vo", "VoHeader", "name", "status", "Contacts", "Individuals"),
    *("Contact", "Name", "Role", "Email", "Ressources", "MultiCoreJobs", "RamValuesPerJob", "min"),
    *("FQANs", "FQAN", "gLiteConf", "VOMSServers", "VOMS_Server", "hostname", "X509Cert", "DN"),
    *("VoDisciplines", "VoDiscipline", "Registries", "Perun", "Middlewares", "LastChange"),
)
_tags = st.sampled_from(_TAGS)
_attributes = st.dictionaries(
    st.sampled_from(["Name", "key", "Status", "value", "gLite", "type"]), _lines, max_size=2
)


def _element(tag: str, attributes: dict[str, str], inner: list[str], words: str) -> str:
    from xml.sax.saxutils import escape, quoteattr

    facts = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<{tag}{facts}>{escape(words)}{''.join(inner)}</{tag}>"


_trees = st.recursive(
    st.builds(_element, _tags, _attributes, st.just([]), _lines),
    lambda inner: st.builds(_element, _tags, _attributes, st.lists(inner, max_size=4), _lines),
    max_leaves=25,
)


@given(rows=st.lists(_trees, max_size=4), root=st.sampled_from(["VoDump", "data"]))
def test_any_document_of_cards_is_read_or_refused(rows: list[str], root: str) -> None:
    body = f"<{root}>{''.join(rows)}</{root}>".encode(errors="replace")
    dump = read_cards(body)
    assert len({card.name.lower() for card in dump.cards}) == len(dump.cards)
    for card in dump.cards:
        assert 0 < len(card.name) <= 100 and "/" not in card.name
        for contact in card.fields.get("contacts", []):
            assert contact["role"] in ROLES


@given(body=st.binary(max_size=400))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(AnswerNotUnderstood):
        read_cards(body + b"<")
