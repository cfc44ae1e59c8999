"""topology/parsers/gocdb: small documents with every known trap, and anything at all."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused
from topology.parsers import gocdb

RECORDED = Path(__file__).parents[2] / "recorded" / "gocdb"
EVERY_PARSER = (
    gocdb.parse_site_list,
    gocdb.parse_sites,
    gocdb.parse_services,
    gocdb.parse_centre_list,
    gocdb.parse_centres,
    gocdb.parse_site_contacts,
    gocdb.parse_downtimes,
)


def results(rows: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><results>{rows}</results>'.encode()


@pytest.fixture(scope="module")
def traps() -> Any:
    body = (RECORDED / "get_downtime_nested_services.traps.xml").read_bytes()
    return gocdb.parse_downtimes(body)


def test_good_rows_are_read_beside_bad_ones(traps: Any) -> None:
    assert [record.key for record in traps.records] == ["31G0", "32G0", "33G0"]


def test_every_bad_row_is_refused_with_row_and_reason(traps: Any) -> None:
    assert {refusal.row: refusal.reason for refusal in traps.refused} == {
        "DOWNTIME 34G0": "START_DATE 'soon' is no moment in epoch seconds",
        "DOWNTIME 35G0": "CLASSIFICATION is 'MAYBE', not one of SCHEDULED, UNSCHEDULED",
        "DOWNTIME number 7": "PRIMARY_KEY is missing",
        "DOWNTIME 37G0": "it ends before it starts",
        "DOWNTIME 38G0": "END_DATE '99999999999999' is no moment in epoch seconds",
        "DOWNTIME 39G0": "it names no service, and so no site",
    }
    assert [refusal.key for refusal in traps.refused] == [
        "34G0",
        "35G0",
        "",
        "37G0",
        "38G0",
        "39G0",
    ]


def test_a_downtime_whatever_the_order_of_its_elements(traps: Any) -> None:
    downtime = traps.records[0]

    assert downtime.classification == "SCHEDULED"
    assert downtime.severity == "OUTAGE"
    assert downtime.starts_at == datetime(2026, 1, 12, 8, tzinfo=UTC)
    assert downtime.ends_at == datetime(2026, 1, 12, 18, tzinfo=UTC)
    assert downtime.portal_url.endswith("Page_Type=Downtime&id=31")
    assert '<b>whole</b> farm & "tape" 冷却 \u202eevil\u202c <script>' in downtime.description


def test_services_are_read_once_in_lower_case_and_bad_ones_left_out(traps: Any) -> None:
    (service,) = traps.records[0].services

    assert (service.hostname, service.service_type) == ("ce01.example.org", "ARC-CE")
    assert service.endpoints == ("arex",)
    assert "DOWNTIME 31G0: a service was left out: HOSTNAME is missing" in traps.remarks


def test_what_is_left_out_is_empty(traps: Any) -> None:
    downtime = traps.records[1]

    assert downtime.description == ""
    assert downtime.severity == "WARNING"
    assert downtime.services[0].key == ""


def test_ends_beyond_32_bits_and_in_2100_are_kept(traps: Any) -> None:
    assert traps.records[1].ends_at == datetime(2100, 1, 1, tzinfo=UTC)
    assert traps.records[2].ends_at == datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)


def test_epoch_wins_over_the_human_form_and_the_difference_is_said(traps: Any) -> None:
    assert traps.records[1].starts_at == datetime(2026, 1, 12, 8, tzinfo=UTC)
    assert (
        "DOWNTIME 32G0: FORMATED_START_DATE says 2026-01-12 09:00, START_DATE says "
        "2026-01-12 08:00; we take START_DATE" in traps.remarks
    )


def test_only_web_addresses_become_links(traps: Any) -> None:
    assert traps.records[1].portal_url == ""
    assert traps.records[2].portal_url == ""


def test_of_the_next_page_only_the_cursor_is_taken(traps: Any) -> None:
    assert (traps.paging.count, traps.paging.page_size) == (9, 100)
    assert traps.paging.next_cursor == 41


def test_the_last_page_has_no_next() -> None:
    page = gocdb.parse_downtimes(
        results("<meta><count>0</count><max_page_size>100</max_page_size></meta>")
    )

    assert page.paging is not None
    assert page.paging.next_cursor is None
    assert page.records == ()


@pytest.mark.parametrize(
    "meta", ["<meta/>", "<meta><count>x</count><max_page_size>100</max_page_size></meta>"]
)
def test_a_paging_block_without_numbers_is_none(meta: str) -> None:
    assert gocdb.parse_downtimes(results(meta)).paging is None


@pytest.mark.parametrize("cursor", ["", "-1", "x", "9" * 40, "1&amp;next_cursor="])
def test_a_cursor_that_is_no_number_is_none(cursor: str) -> None:
    page = gocdb.parse_downtimes(
        results(
            f'<meta><link rel="next" href="?next_cursor={cursor}"/>'
            "<count>100</count><max_page_size>100</max_page_size></meta>"
        )
    )
    assert page.paging is not None
    assert page.paging.next_cursor in (None, 1)


@pytest.mark.parametrize("parse", EVERY_PARSER)
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Unable to find method: get_bogus", "Unable to find method: get_bogus"),
        (b"<error>Unsupported parameter: foo</error>", "Unsupported parameter: foo"),
        (b"Failed to parse time string (garbage) at position 0 (g)", "Failed to parse time"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html><body>Maintenance</body></html>", "<html> document"),
        (b"<results><SITE></results>", "not well-formed"),
        (b"<!DOCTYPE results><results/>", "document type"),
        (b"An exception has been thrown: SQLSTATE[HY000] [2002]", "SQLSTATE"),
    ],
)
def test_errors_come_as_http_200_and_are_told(parse: Any, body: bytes, words: str) -> None:
    with pytest.raises(AnswerNotUnderstood) as fault:
        parse(body)
    assert words in fault.value.reason
    assert fault.value.body_start == body[:500]


@pytest.mark.parametrize("parse", EVERY_PARSER)
@pytest.mark.parametrize("form", ["{}", "<error>{}</error>"])
def test_a_missing_credential_is_told_apart(parse: Any, form: str) -> None:
    words = "No valid identifier found. Try accessing the resource through the private interface."
    with pytest.raises(CredentialRefused):
        parse(form.format(words).encode())


@pytest.mark.parametrize("parse", EVERY_PARSER)
def test_an_honest_empty_answer_is_empty(parse: Any) -> None:
    assert parse(results("")).records == ()


@pytest.mark.parametrize("parse", EVERY_PARSER)
def test_a_document_of_another_kind_is_not_empty(parse: Any) -> None:
    with pytest.raises(AnswerNotUnderstood, match="<SERVICE_TYPE>"):
        parse(results('<SERVICE_TYPE TYPE_ID="1"/>'))


def test_a_pasted_vertical_tab_costs_nothing_but_itself() -> None:
    body = results('<SITE PRIMARY_KEY="1G0" NAME="A\x0b"/><SITE PRIMARY_KEY="2G0" NAME="B"/>')

    answer = gocdb.parse_site_list(body)

    assert [record.name for record in answer.records] == ["A", "B"]
    assert answer.repaired == 1


def test_a_site_list_tells_little_and_says_what_it_does_not_tell() -> None:
    (site,) = gocdb.parse_site_list(
        results(
            '<SITE ID="39" PRIMARY_KEY="39G0" NAME="ZA-UCT" COUNTRY="South Africa" '
            'COUNTRY_CODE="ZA" ROC="AfricaArabia" SUBGRID="" GIIS_URL=""/>'
        )
    ).records

    assert (site.key, site.name, site.operations_centre) == ("39G0", "ZA-UCT", "AfricaArabia")
    assert site.contact_email is None
    assert site.certification_status is None


def test_the_private_sites() -> None:
    answer = gocdb.parse_sites((RECORDED / "get_site.xml").read_bytes())

    first, second = answer.records
    assert first.contact_email == "contact@site-a.example.org"
    assert first.emergency_email == "alarm@site-a.example.org"
    assert first.scopes == ("EGI", "wlcg")
    assert first.csirt_email == ""
    assert second.certification_status == ""
    assert "Excommunicated" in answer.remarks[0]
    assert [refusal.reason for refusal in answer.refused] == [
        "PRIMARY_KEY is missing",
        "NAME is missing",
    ]


def test_a_service() -> None:
    (service,) = gocdb.parse_services(
        results(
            '<SERVICE_ENDPOINT PRIMARY_KEY="61G0"><HOSTNAME>CE.Example.org</HOSTNAME>'
            "<SERVICE_TYPE>ARC-CE</SERVICE_TYPE><SITENAME>SITE-A</SITENAME>"
            "<IN_PRODUCTION>Y</IN_PRODUCTION><NODE_MONITORED>N</NODE_MONITORED><BETA>N</BETA>"
            "<ENDPOINTS><ENDPOINT><ID>7</ID><NAME>arex</NAME><URL>https://ce:443/arex</URL>"
            "<INTERFACENAME>ARC</INTERFACENAME><ENDPOINT_MONITORED>Y</ENDPOINT_MONITORED>"
            "</ENDPOINT></ENDPOINTS><SCOPES><SCOPE>juno</SCOPE></SCOPES></SERVICE_ENDPOINT>"
        )
    ).records

    assert service.hostname == "ce.example.org"
    assert (service.is_in_production, service.is_monitored, service.is_beta) == (True, False, False)
    assert service.endpoints[0].interface == "ARC"
    assert service.endpoints[0].is_monitored
    assert service.scopes == ("juno",)


def test_a_centre_has_one_key_in_both_lists() -> None:
    (listed,) = gocdb.parse_centre_list(
        results('<ROC PRIMARY_KEY="30G0" ROC_NAME="NGI_CHINA"/>')
    ).records
    (full,) = gocdb.parse_centres(
        results(
            '<NGI ID="30" NAME="NGI_CHINA"><PRIMARY_KEY>30</PRIMARY_KEY>'
            "<EMAIL>ngi@example.org</EMAIL><GGUS_SU>NGI_CHINA</GGUS_SU></NGI>"
        )
    ).records

    assert listed.key == full.key == "30"
    assert listed.email is None
    assert full.email == "ngi@example.org"


def test_people_of_sites() -> None:
    answer = gocdb.parse_site_contacts(
        results(
            '<SITE ID="5G0" PRIMARY_KEY="251G0" NAME="A">'
            '<CONTACT USER_ID="1G0" PRIMARY_KEY="1G0"><FORENAME>Ann</FORENAME>'
            "<SURNAME>Lee</SURNAME><EMAIL>ann@example.org</EMAIL>"
            "<ROLE_NAME>Site Administrator</ROLE_NAME></CONTACT><CONTACT/></SITE>"
        )
    )

    ((person,),) = answer.records
    assert (person.site_key, person.name, person.role) == ("251G0", "Ann Lee", "Site Administrator")
    assert answer.remarks


def test_the_same_row_twice_counts_once_and_a_contradiction_is_refused() -> None:
    answer = gocdb.parse_site_list(
        results(
            '<SITE PRIMARY_KEY="1G0" NAME="A"/><SITE PRIMARY_KEY="1G0" NAME="A"/>'
            '<SITE PRIMARY_KEY="1G0" NAME="B"/>'
        )
    )

    assert [record.name for record in answer.records] == ["A"]
    assert [refusal.reason for refusal in answer.refused] == ["another row has the same key"]


def test_what_identifies_is_never_cut_and_the_rest_is() -> None:
    answer = gocdb.parse_sites(
        results(
            f'<SITE PRIMARY_KEY="1G0" NAME="{"x" * 101}"/>'
            f'<SITE PRIMARY_KEY="2G0" NAME="A"><CONTACT_TEL>{"1" * 200}</CONTACT_TEL></SITE>'
        )
    )

    assert answer.refused[0].reason == "NAME is longer than 100 characters"
    assert answer.records[0].telephone == "1" * 100
    assert "cut to 100" in answer.remarks[0]


@pytest.mark.parametrize("name", ["a/b", "a\\b", "..", ".", "IN\u202eP2", "A\u200bB", "A&#10;B"])
@pytest.mark.parametrize(
    ("parse", "row"),
    [
        (gocdb.parse_site_list, '<SITE PRIMARY_KEY="1G0" NAME="{}"/>'),
        (gocdb.parse_sites, '<SITE PRIMARY_KEY="1G0" NAME="{}"/>'),
        (gocdb.parse_centre_list, '<ROC PRIMARY_KEY="1G0" ROC_NAME="{}"/>'),
        (gocdb.parse_centres, '<NGI ID="1" NAME="{}"><PRIMARY_KEY>1</PRIMARY_KEY></NGI>'),
    ],
)
def test_a_name_that_may_not_stand_in_an_address_is_refused(
    parse: Any, row: str, name: str
) -> None:
    answer = parse(results(row.format(name)))

    assert answer.records == ()
    assert "no name may have" in answer.refused[0].reason


def test_names_of_other_scripts_and_with_blanks_are_taken() -> None:
    answer = gocdb.parse_site_list(results('<SITE PRIMARY_KEY="1G0" NAME="中国 T1 (a.b-c_d)"/>'))

    assert answer.records[0].name == "中国 T1 (a.b-c_d)"


_tags = st.sampled_from(
    ["results", "SITE", "DOWNTIME", "SERVICES", "SERVICE", "SERVICE_ENDPOINT", "meta", "link",
     "count", "max_page_size", "START_DATE", "END_DATE", "INSERT_DATE", "SEVERITY", "HOSTNAME",
     "HOSTED_BY", "SERVICE_TYPE", "PRIMARY_KEY", "ROC", "NGI", "CONTACT", "SCOPES", "ENDPOINTS"]
)  # fmt: skip
_texts = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.sampled_from(["OUTAGE", "SCHEDULED", "1G0", "Y", "1768204800", "http://["]),
)


@st.composite
def _elements(draw: Any, depth: int = 4) -> str:
    tag = draw(_tags)
    names = ["PRIMARY_KEY", "NAME", "CLASSIFICATION", "rel", "href"]
    attributes = "".join(
        f' {name}="{_escape(draw(_texts))}"' for name in names if draw(st.booleans())
    )
    inner = _escape(draw(_texts))
    if depth:
        inner += "".join(draw(st.lists(_elements(depth=depth - 1), max_size=3)))
    return f"<{tag}{attributes}>{inner}</{tag}>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


@pytest.mark.parametrize("parse", EVERY_PARSER)
@given(rows=st.lists(_elements(), max_size=4))
def test_any_document_is_read_or_not_understood(parse: Any, rows: list[str]) -> None:
    try:
        answer = parse(f"<results>{''.join(rows)}</results>".encode(errors="replace"))
    except (AnswerNotUnderstood, CredentialRefused):
        return
    for refusal in answer.refused:
        assert refusal.row
        assert refusal.reason


@pytest.mark.parametrize("parse", EVERY_PARSER)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_not_understood(parse: Any, body: bytes) -> None:
    assume(b"<results" not in body)  # an empty answer is understood

    with pytest.raises((AnswerNotUnderstood, CredentialRefused)):
        parse(body)
