"""The simulated GOCDB against the facts of the real one's wire format."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import pytest

from tests.demo.asking import ask, ask_path
from tests.demo.conftest import BASE, Simulator

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "gocdb"
SIMULATORS = Path(__file__).parents[2] / "juno_support" / "demo" / "simulators"


def test_it_imports_nothing_of_ours_but_itself() -> None:
    for path in SIMULATORS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name.startswith("juno_support"):
                    assert name.startswith("juno_support.demo.simulators"), (path.name, name)
                assert name.split(".")[0] not in {
                    "django", "topology", "monitoring", "tickets", "supportunits",
                }, (path.name, name)  # fmt: skip


# --- errors come as HTTP 200 --------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("get_bogus", {}, "Unable to find method: get_bogus"),
        ("", {}, "Unable to find method: "),
        ("get_site_list", {"foo": "1"}, "<error>Unsupported parameter: foo</error>"),
        ("get_roc_list", {"scope": ""}, "<error>Unsupported parameter: scope</error>"),
        ("get_service_types", {"scope": ""}, "<error>Unsupported parameter: scope</error>"),
        (
            "get_site",
            {},
            "No valid identifier found. Try accessing the resource through the private interface.",
        ),
        (
            "get_downtime",
            {"windowstart": "garbage"},
            "Failed to parse time string (garbage) at position 0 (g): The timezone could not be"
            " found in the database",
        ),
    ],
)
def test_an_error_is_200_and_words(
    gocdb: Simulator, method: str, params: dict[str, str], words: str
) -> None:
    answered = ask(gocdb.app, method, **params)
    assert answered.status == 200
    assert answered.headers["Content-Type"] == "application/xml"
    assert answered.text == words


@pytest.mark.parametrize("sign", ['"', "'", "`"])
def test_quotes_in_values_are_refused(gocdb: Simulator, sign: str) -> None:
    assert ask(gocdb.app, "get_site_list", sitename=f"a{sign}").text.startswith("<error>")


@pytest.mark.parametrize(
    "method", ["get_site", "get_site_contacts", "get_ngi", "get_site_security_info"]
)
def test_personal_data_want_the_private_part(gocdb: Simulator, method: str) -> None:
    assert ask(gocdb.app, method).text.startswith("No valid identifier")
    assert ask(gocdb.app, method, side="private").root.tag == "results"


def test_another_path_is_not_found(gocdb: Simulator) -> None:
    assert ask_path(gocdb.app, "/gocdbpi/other/").status == 404
    assert ask_path(gocdb.app, "/gocdbpi/public", "method=get_roc_list").root.tag == "results"


# --- scopes and filters -------------------------------------------------------------------


def _names(root: Element) -> set[str]:
    return {site.get("NAME", "") for site in root}


def test_without_a_scope_the_scope_egi_is_assumed(gocdb: Simulator) -> None:
    everything = _names(ask(gocdb.app, "get_site_list", scope="").root)
    assumed = _names(ask(gocdb.app, "get_site_list").root)
    assert everything - assumed == {"ru-Moscow-SINP-T3"}
    hosts = {one.findtext("HOSTNAME") for one in ask(gocdb.app, "get_service").root}
    assert "dirac-juno.ihep.ac.cn" not in hosts


def test_scopes_match_all_or_any(gocdb: Simulator) -> None:
    both = _names(ask(gocdb.app, "get_site_list", scope="juno,wlcg").root)
    either = _names(ask(gocdb.app, "get_site_list", scope="juno,wlcg", scope_match="any").root)
    assert "INFN-T1" in both and "JINR-LCG2" not in both
    assert {"INFN-T1", "JINR-LCG2", "CERN-PROD"} <= either


@pytest.mark.parametrize(
    ("status", "site"),
    [
        ("Uncertified", "ru-Moscow-SINP-T3"),
        ("Suspended", "INFN-FERRARA"),
        ("Candidate", "T2-TH-SUT"),
        ("Closed", "PSNC"),
    ],
)
def test_the_public_part_filters_by_a_status_that_it_does_not_show(
    gocdb: Simulator, status: str, site: str
) -> None:
    root = ask(gocdb.app, "get_site_list", scope="", certification_status=status).root
    assert _names(root) == {site}
    assert "CERTIFICATION_STATUS" not in root[0].attrib


def test_percent_is_a_wildcard_and_case_is_ignored(gocdb: Simulator) -> None:
    root = ask(gocdb.app, "get_service", scope="", hostname="%.CNAF.infn.it").root
    assert {one.findtext("SITENAME") for one in root} == {"INFN-T1"}


def test_ids_and_keys_are_two_things(gocdb: Simulator) -> None:
    contacts = ask(gocdb.app, "get_site_contacts", side="private", scope="").root
    sites = ask(gocdb.app, "get_site", side="private", scope="").root
    first = sites[0]
    assert first.get("PRIMARY_KEY") == contacts[0].get("PRIMARY_KEY")
    assert contacts[0].get("ID") == f"{first.get('ID')}G0"
    assert first.get("ID") not in (first.get("PRIMARY_KEY") or "")


# --- paging -------------------------------------------------------------------------------


def test_without_a_cursor_nothing_is_paged(gocdb: Simulator) -> None:
    root = ask(gocdb.app, "get_service", scope="").root
    assert root.find("meta") is None
    assert len(root) > 250


def test_pages_come_one_after_the_other(gocdb: Simulator) -> None:
    keys: list[str | None] = []
    cursor = "0"
    for _ in range(10):
        root = ask(gocdb.app, "get_service", scope="", next_cursor=cursor).root
        meta = root[0]
        assert meta.tag == "meta"
        assert meta.findtext("max_page_size") == "100"
        rows = root[1:]
        assert meta.findtext("count") == str(len(rows))
        if not rows:
            break
        keys += [row.get("PRIMARY_KEY") for row in rows]
        links = {link.get("rel"): link.get("href", "") for link in meta.findall("link")}
        # Also the last page with rows has a link to a next one, and all name another host.
        assert all(href.startswith("https://gocdb-internal") for href in links.values())
        cursor = links["next"].rpartition("next_cursor=")[2]
    everything = ask(gocdb.app, "get_service", scope="").root
    assert keys == [row.get("PRIMARY_KEY") for row in everything]
    assert {link.get("rel") for link in meta.findall("link")} == {"self", "prev", "start"}


def test_pages_go_back(gocdb: Simulator) -> None:
    page = ask(gocdb.app, "get_service", scope="", prev_cursor=151).root
    assert len(page) == 101
    last = page[-1].findtext("GOCDB_PORTAL_URL") or ""
    assert last.endswith("id=150")


# --- downtimes ----------------------------------------------------------------------------


def _downtimes(gocdb: Simulator, **params: object) -> dict[str, Element]:
    params.setdefault("scope", "")
    root = ask(gocdb.app, "get_downtime_nested_services", **params).root
    return {one.get("ID", ""): one for one in root}


def test_times_are_told_twice_and_agree(gocdb: Simulator) -> None:
    for one in _downtimes(gocdb).values():
        for name in ("START", "END"):
            epoch = int(one.findtext(f"{name}_DATE") or "")
            told = one.findtext(f"FORMATED_{name}_DATE")
            assert told == f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M}"


def test_a_window_takes_what_touches_it(gocdb: Simulator) -> None:
    start = BASE - timedelta(hours=48)
    shown = _downtimes(gocdb, windowstart=f"{start:%Y-%m-%dT%H:%M:%SZ}")
    everything = _downtimes(gocdb)
    assert 0 < len(shown) < len(everything)
    assert shown.keys() == {
        key
        for key, one in everything.items()
        if int(one.findtext("END_DATE") or "") > start.timestamp()
    }
    # The end of a window is taken with a day more.
    ended = _downtimes(gocdb, windowstart="2026-01-12", windowend="2026-01-12")
    starts = [int(one.findtext("START_DATE") or "") for one in ended.values()]
    assert max(starts) < datetime(2026, 1, 13, tzinfo=UTC).timestamp()


def test_ongoing_only_no_is_like_yes(gocdb: Simulator) -> None:
    yes = _downtimes(gocdb, ongoing_only="yes")
    assert yes.keys() == _downtimes(gocdb, ongoing_only="no").keys()
    assert yes.keys() < _downtimes(gocdb).keys()
    assert ask(gocdb.app, "get_downtime", ongoing_only="maybe").text.startswith("<error>")


def test_a_filter_trims_the_services_inside(gocdb: Simulator) -> None:
    whole = _downtimes(gocdb)
    trimmed = _downtimes(gocdb, topentity="%cvmfs%")
    assert trimmed
    for key, one in trimmed.items():
        left = {host.text for host in one.iterfind(".//HOSTNAME")}
        assert left < {host.text for host in whole[key].iterfind(".//HOSTNAME")}


def test_flat_rows_repeat_a_downtime_for_each_service(gocdb: Simulator) -> None:
    nested = _downtimes(gocdb, topentity="INFN-T1")
    flat = ask(gocdb.app, "get_downtime", scope="", topentity="INFN-T1").root
    assert len(flat) == sum(len(one.findall("SERVICES/SERVICE")) for one in nested.values())
    assert {one.findtext("PRIMARY_KEY") for one in flat} == {
        one.get("PRIMARY_KEY") for one in nested.values()
    }


def test_nothing_in_a_window_is_an_empty_document(gocdb: Simulator) -> None:
    answered = ask(gocdb.app, "get_downtime_nested_services", scope="", startdate="2099-01-01")
    assert answered.body == b'<?xml version="1.0" encoding="UTF-8"?>\n<results/>\n'


# --- the same elements as the real one ----------------------------------------------------

REAL = [
    ("get_site_list", "public", "small/get_site_list.xml"),
    ("get_site_list", "public", "full-egi/get_site_list.xml"),
    ("get_roc_list", "public", "full-egi/get_roc_list.xml"),
    ("get_service_types", "public", "small/get_service_types.xml"),
    ("get_service", "public", "small/get_service.xml"),
    ("get_service", "public", "full-egi/get_service.xml"),
    ("get_site", "private", "small/private_get_site.xml"),
    ("get_site", "private", "full-egi/private_get_site.xml"),
    ("get_ngi", "private", "small/private_get_ngi.xml"),
    ("get_site_contacts", "private", "small/private_get_site_contacts.xml"),
    ("get_site_security_info", "private", "small/private_get_site_security_info.xml"),
    ("get_downtime", "public", "small/get_downtime.xml"),
    ("get_downtime_nested_services", "public", "small/get_downtime_nested_services.xml"),
    ("get_downtime", "public", "full-egi/get_downtime.xml"),
    (
        "get_downtime_nested_services",
        "public",
        "full-egi/get_downtime_nested_services.xml",
    ),
    ("get_downtime_to_broadcast", "public", "small/get_downtime_to_broadcast.xml"),
]


LEFT_OUT_WHERE_EMPTY = {"/SITE/CONTACT_TEL", "/SITE/HOME_URL", "/SITE/SITE_DESCRIPTION"}


def _shape(element: Element, path: str = "") -> set[str]:
    here = f"{path}/{element.tag}"
    found = {here, *(f"{here}@{name}" for name in element.attrib)}
    for child in element:
        found |= _shape(child, here)
    return found


@pytest.mark.skipif(not SAMPLES.exists(), reason="the shared samples are not here")
@pytest.mark.parametrize(("method", "side", "file"), REAL)
def test_elements_are_those_of_the_real_one(
    gocdb: Simulator, method: str, side: str, file: str
) -> None:
    params = {} if method in ("get_roc_list", "get_service_types") else {"scope": ""}
    ours = ask(gocdb.app, method, side=side, **params).root
    real = parse(SAMPLES / file).getroot()
    everything_real: set[str] = set()
    for name in (one for which, _, one in REAL if which == method):
        everything_real |= _shape(parse(SAMPLES / name).getroot())
    # GOCDB documents ALARM_EMAIL; the samples' sites have none.
    assert _shape(ours) - everything_real <= {"/results/SITE/ALARM_EMAIL"}
    # What every real row has, every row of ours has too, but for what is left out where empty.
    always = set.intersection(*(_shape(row) for row in real))
    for row in ours:
        missing = {path for path in always - _shape(row) if "S/ENDPOINT" not in path}
        assert missing <= LEFT_OUT_WHERE_EMPTY, row.attrib


@pytest.mark.skipif(not SAMPLES.exists(), reason="the shared samples are not here")
def test_the_order_of_elements_is_that_of_the_real_one(gocdb: Simulator) -> None:
    for method, side, file in REAL:
        params = {} if method in ("get_roc_list", "get_service_types") else {"scope": ""}
        real = parse(SAMPLES / file).getroot()
        order: list[str] = []
        for row in real:
            for child in row:
                if child.tag not in order:
                    order.append(child.tag)
        for row in ask(gocdb.app, method, side=side, **params).root:
            tags = [child.tag for child in row if child.tag in order]
            if method != "get_site":  # whose order differs between versions
                assert tags == sorted(tags, key=order.index), (method, tags)
