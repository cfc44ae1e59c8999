"""monitoring/parsers/dirac_*: every trap of classic DIRAC's answers, and the real documents."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.text import finite_number
from monitoring.parsers.dirac_answers import moment_of, read_answer, resolve, text_of
from monitoring.parsers.dirac_counts import (
    parse_counters,
    parse_elements,
    parse_mask,
    parse_requests,
)
from monitoring.parsers.dirac_job import (
    kept_parameters,
    parse_ids,
    parse_jobs,
    parse_log,
    parse_parameters,
    parse_sites,
)
from monitoring.parsers.dirac_rss import parse_history, parse_statuses
from monitoring.parsers.dirac_space import parse_spaces
from tests.dirac_upstream import moment, recorded, refused, said

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dirac"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
PARSERS: tuple[Callable[[bytes], Any], ...] = (
    read_answer,
    parse_statuses,
    parse_history,
    parse_counters,
    parse_requests,
    parse_mask,
    parse_elements,
    parse_jobs,
    parse_log,
    parse_parameters,
    parse_ids,
    parse_sites,
    parse_spaces,
)


def sample(folder: str, name: str) -> bytes:
    document = json.loads((SAMPLES / folder / name).read_bytes())
    body = document["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


# What all answers have in common


def test_marks_are_resolved_at_any_depth() -> None:
    value = resolve(
        [
            {"a": [moment("2026-01-12 06:00:00")]},
            {"__dCls": "date", "obj": "2026-01-12"},
            {"__dCls": "b64", "obj": "YQ=="},
            {"__dCls": "Request", "__dMod": "DIRAC.Thing", "JobID": 7},
        ]
    )

    assert value == [
        {"a": [datetime(2026, 1, 12, 6, tzinfo=UTC)]},
        date(2026, 1, 12),
        b"a",
        {"JobID": 7},
    ]


@pytest.mark.parametrize(
    "mark",
    [
        {"__dCls": "dt", "obj": "2026-13-12 06:00:00"},
        {"__dCls": "dt", "obj": 7},
        {"__dCls": "dt"},
        {"__dCls": "b64", "obj": "no base 64"},
    ],
)
def test_a_mark_that_holds_nothing_stays_and_is_no_moment(mark: dict[str, Any]) -> None:
    assert resolve(mark) == mark
    assert moment_of(mark) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-12 06:00:00", datetime(2026, 1, 12, 6, tzinfo=UTC)),
        ("2026-01-12 06:00:01.250000", datetime(2026, 1, 12, 6, 0, 1, tzinfo=UTC)),
        ("2026-01-12T06:00:01Z", datetime(2026, 1, 12, 6, 0, 1, tzinfo=UTC)),
        ("9999-12-31 23:59:59", None),
        ("1000-01-01 00:00:00", None),
        ("None", None),
        (None, None),
        (17, None),
    ],
)
def test_moments_are_utc_and_never_is_none(value: Any, expected: datetime | None) -> None:
    assert moment_of(value) == expected


def test_numbers_may_be_texts() -> None:
    assert [finite_number(value) for value in ("95.2", 3, "0.0", "many", True, None, "inf")] == [
        95.2,
        3,
        0,
        None,
        None,
        None,
        None,
    ]
    assert text_of("None", 10) == ""
    assert text_of(None, 10) == ""
    assert text_of(12, 10) == "12"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (refused("No site", 0), "DIRAC says: No site."),
        (refused("Failed to import library ( 1001 : x)"), "( 1001 : x)."),
        (refused("Access denied", 1111), "Access denied (error 1111)."),
        (b'{"OK": false}', "DIRAC says: an error."),
        (b'{"OK": "true", "Value": 1}', "no answer of DIRAC's services"),
        (b'{"OK": true}', "has no value"),
        (b"[]", "no answer of DIRAC's services"),
        (b"<html>401</html>", "is no JSON"),
    ],
)
def test_what_went_wrong_is_said_in_words(body: bytes, words: str) -> None:
    for parse in PARSERS:
        with pytest.raises(AnswerNotUnderstood) as fault:
            parse(body)
        assert words in fault.value.reason


# Sites and resources


def test_rows_that_cannot_be_read_do_not_cost_the_others() -> None:
    statuses = parse_statuses(recorded("site-status.traps.json"))

    assert [(row.name, row.vo, row.status) for row in statuses.rows] == [
        ("GRID.IN2P3.fr", "all", "Active"),
        ("GRID.INFN-CNAF.it", "all", "Degraded"),
        ("GRID.INFN-CNAF.it", "juno", "Banned"),
        ("GRID.INFN-CNAF.it", "cepc", "Active"),
        ("GRID.JINR.ru", "all", "Banned"),
        ("CLUSTER.IHEP.cn", "all", "Probing"),
        ("CLOUD.Nowhere.cn", "all", "Sleeping"),
        ("GRID.Error.fr", "all", "Error"),
        ("GRID.Unknown.fr", "all", "Unknown"),
    ]
    assert statuses.refused == (
        ("row 10", "does not have a value for each column"),
        ("row 11", "has no name"),
        ("row 12", "has no status"),
        ("row 13", "does not have a value for each column"),
    )
    by_vo = {(row.name, row.vo): row for row in statuses.rows}
    everybody = by_vo["GRID.INFN-CNAF.it", "all"]
    assert everybody.since == datetime(2026, 1, 11, 9, 12, tzinfo=UTC)
    assert (everybody.is_by_hand, everybody.held_until) == (False, None)
    ours = by_vo["GRID.INFN-CNAF.it", "juno"]
    assert ours.is_by_hand
    assert ours.held_until == datetime(2026, 1, 13, 20, tzinfo=UTC)
    assert by_vo["GRID.JINR.ru", "all"].checked_at is None
    assert by_vo["CLOUD.Nowhere.cn", "all"].since is None
    assert by_vo["GRID.IN2P3.fr", "all"].reason == ""


def test_columns_are_compared_without_case() -> None:
    statuses = parse_statuses(recorded("resource-status.json"))

    assert [(row.kind, row.status) for row in statuses.rows[:2]] == [
        ("ReadAccess", "Active"),
        ("WriteAccess", "Banned"),
    ]
    assert statuses.rows[1].element == "StorageElement"


def test_of_two_rows_for_one_thing_the_newer_holds() -> None:
    columns = ["Name", "Status", "DateEffective"]
    older = ["A", "Active", moment("2026-01-01 00:00:00")]
    newer = ["A", "Banned", moment("2026-01-02 00:00:00")]

    for rows in ([older, newer], [newer, older]):
        statuses = parse_statuses(said(rows, Columns=columns))
        assert [row.status for row in statuses.rows] == ["Banned"]
        assert statuses.refused == (("A all all", "comes twice"),)


def test_a_table_without_a_readable_row_is_no_table() -> None:
    with pytest.raises(AnswerNotUnderstood, match="No row of DIRAC's table"):
        parse_statuses(said([[1], [2]], Columns=["Name", "Status"]))
    with pytest.raises(AnswerNotUnderstood, match="no column name"):
        parse_statuses(said([["Active"]], Columns=["status"]))
    assert parse_statuses(said([], Columns=["Name", "Status"])).rows == ()


def test_a_history_is_in_the_order_of_time() -> None:
    changes = parse_history(recorded("site-history.json"), "GRID.JINR.ru")

    assert [(change.name, change.status, change.at.day) for change in changes.rows] == [
        ("GRID.JINR.ru", "Active", 1),
        ("GRID.JINR.ru", "Degraded", 9),
        ("GRID.JINR.ru", "Active", 9),
        ("GRID.JINR.ru", "Banned", 12),
    ]
    assert changes.refused == (("history of GRID.JINR.ru, row 5", "does not say from when on"),)
    with pytest.raises(AnswerNotUnderstood, match="no column name"):
        parse_history(recorded("site-history.json"))


# Counts


def test_jobs_by_site_with_everything_that_is_no_site_apart() -> None:
    counts = parse_counters(recorded("counters.traps.json"))

    assert counts.by_site == {
        "GRID.IN2P3.fr": {"Done": 40, "Completed": 1, "Failed": 8, "Running": 20},
        "GRID.INFN-CNAF.it": {"Done": 1, "Failed": 5},
    }
    assert counts.elsewhere == {"Waiting": 306}
    assert [row for row, _ in counts.refused] == [f"counter {number}" for number in range(10, 15)]


def test_requests_operations_and_files() -> None:
    counts = parse_requests(recorded("requests.json"))

    assert counts.requests == {"Failed": 120, "Waiting": 30, "Scheduled": 12, "Done": 4}
    assert counts.operations["ReplicateAndRegister"] == {"Failed": 70, "Waiting": 3}
    assert counts.files == {"Failed": 341, "Scheduled": 20}
    assert counts.refused == (("Request Odd", "has no count but 'None'"),)


def test_the_mask_and_the_elements() -> None:
    mask = parse_mask(said({"A": "Active", "B": 7}))
    assert (mask.by_site, mask.refused) == ({"A": "Active"}, (("mask of B", "has no status"),))
    elements = parse_elements(
        said({"A": {"ces": ["CE.a.org", "ce.a.org", None], "ses": ["se.a.org"]}, "B": []})
    )
    assert elements.by_site == {"A": ("ce.a.org", "se.a.org")}
    assert elements.refused == (("elements of B", "says nothing about its elements"),)


def test_of_a_site_without_computing_elements_dirac_tells_an_error_in_their_place() -> None:
    missing = {"OK": False, "Errno": 0, "Message": "Path does not exist", "CallStack": ["here"]}
    elements = parse_elements(
        said({"A": {"ces": missing, "ses": ["se.a.org"]}, "B": {"ces": missing, "ses": []}})
    )
    assert elements.by_site == {"A": ("se.a.org",), "B": ()}
    assert elements.refused == ()


def test_the_table_of_space_in_dirac_9_has_no_address() -> None:
    columns = ["Token", "Guaranteed", "Free", "Total", "LastCheckTime"]
    rows = [["CNAF-STORM", 0.0, 1024.0, 4096.0, moment("2026-01-12 06:00:00")]]
    (space,) = parse_spaces(said(rows, Columns=columns)).rows

    assert (space.name, space.free, space.total) == ("CNAF-STORM", 1024**3, 4 * 1024**3)
    assert space.checked_at == datetime(2026, 1, 12, 6, tzinfo=UTC)


def test_how_full_storage_is() -> None:
    spaces = parse_spaces(recorded("spaces.traps.json"))

    assert [(row.name, row.free / 1024**4, row.total / 1024**4) for row in spaces.rows] == [
        ("CNAF-STORM", 20, 1000),
        ("CNAF-TAPE", 2, 10),
        ("FULL-SE", 1 / 1024, 10),
        ("OLD-SE", 10, 10),
        ("NO-SIZE-SE", 0, 0),
    ]
    assert spaces.refused == (
        ("space, row 6", "has no free space"),
        ("space, row 7", "does not say when it was measured"),
        ("space, row 8", "does not have a value for each column"),
    )


# Single jobs


def test_what_a_job_is() -> None:
    jobs = parse_jobs(recorded("jobs-summary.json"))

    assert sorted(jobs) == [265, 266, 268]
    failed = jobs[265]
    assert (failed.status, failed.minor_status) == ("Failed", "Application Finished With Errors")
    assert (failed.site, failed.job_group) == ("GRID.INFN-CNAF.it", "00001234")
    assert failed.submitted_at == datetime(2026, 1, 12, 3, tzinfo=UTC)
    assert failed.started_at == datetime(2026, 1, 12, 5, tzinfo=UTC)
    assert failed.ended_at == datetime(2026, 1, 12, 6, 10, tzinfo=UTC)
    assert (failed.heartbeat_at, failed.times_rescheduled) == (None, 1)
    waiting = jobs[266]
    assert (waiting.site, waiting.application_status, waiting.job_group) == ("", "", "")
    # What it left before it was rescheduled is no end.
    assert (waiting.ended_at, waiting.times_rescheduled) == (None, 2)


def test_the_log_of_a_job() -> None:
    steps = parse_log(recorded("job-log.json"))

    assert [step.status for step in steps] == ["Received", "Waiting", "Running", "Failed"]
    assert steps[1].at == datetime(2026, 1, 12, 3, 1, 10, tzinfo=UTC)
    assert (steps[3].application_status, steps[3].source) == (
        "Exited With Status 134",
        "JobWrapper",
    )


def test_ids_parameters_and_sites_of_jobs() -> None:
    assert parse_ids(said([265, "266", "x", None, -3])) == (265, 266)
    assert parse_parameters(said({"265": {"GridCE": "ce.a.org", "X": None}, "y": {}})) == {
        265: {"GridCE": "ce.a.org"}
    }
    assert parse_parameters(said([])) == {}


def test_the_parameters_that_are_kept_have_the_names_of_dirac_8_and_9() -> None:
    # DIRAC 8 writes all as text, also what it could not measure; DIRAC 9 has numbers.
    told = {
        "ApplicationError": "Watchdog identified this job as stalled",
        "DiskSpace(MB)": "nan",
        "JobID": 265,
        "LoadAverage": 3.5,
        "LocalAccount": "pilot07",
        "Memory(MB)": 64_000,
        "MemoryUsed(MB)": "1830.5",
        "ScaledCPUTime(s)": "86400",
        "timestamp": 1_796_092_832_545,
    }
    parameters = parse_parameters(said({"265": told}))[265]

    assert kept_parameters(parameters) == {
        "ApplicationError": "Watchdog identified this job as stalled",
        "LoadAverage": "3.5",
        "Memory(MB)": "64000",
        "MemoryUsed(MB)": "1830.5",
        "ScaledCPUTime(s)": "86400",
    }


def test_sites_of_jobs() -> None:
    assert parse_sites(said({"265": {"Site": "GRID.JINR.ru"}, "266": []})) == {265: "GRID.JINR.ru"}


# Anything at all

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(["Active", "2026-01-12 06:00:00", "9999-12-31 23:59:59", "GRID.JINR.ru"]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(
                ["__dCls", "obj", "Site", "Status", "Request", "Operation", "ces", "265", "dt"]
            )
            | st.text(max_size=10),
            inner,
            max_size=5,
        )
        | st.builds(lambda value: {"__dCls": "dt", "obj": value}, inner)
    ),
    max_leaves=20,
)
_COLUMNS = st.lists(
    st.sampled_from(
        ["Name", "status", "DateEffective", "VO", "Token", "Free", "Total", "LastCheckTime"]
    )
    | _JSON,
    max_size=7,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(body: bytes) -> None:
    for parse in PARSERS:
        with pytest.raises(AnswerNotUnderstood):
            parse(body)


@given(_JSON, _COLUMNS)
def test_any_value_is_understood_or_refused(value: Any, columns: list[Any]) -> None:
    body = json.dumps({"OK": True, "Value": value, "Columns": columns}).encode()
    for parse in PARSERS:
        try:
            parse(body)
        except AnswerNotUnderstood as fault:
            assert fault.reason


@given(st.lists(st.lists(_JSON, min_size=6, max_size=6), max_size=5))
def test_any_rows_become_records_or_refusals(rows: list[list[Any]]) -> None:
    columns = ["Name", "StatusType", "Status", "Reason", "DateEffective", "VO"]
    body = said(rows, Columns=columns)
    try:
        statuses = parse_statuses(body)
    except AnswerNotUnderstood:
        assert rows
        return
    assert all(row.name and row.status for row in statuses.rows)
    assert len(statuses.rows) + len(statuses.refused) >= len(rows)
    assert len(parse_history(body).rows) <= len(rows)


# The real documents


@needs_samples
def test_the_real_tables_of_sites() -> None:
    everything = parse_statuses(
        sample("dirac-9.1.22-tornado", "resourcestatus-select-SiteStatus-all.json")
    )
    assert {row.name: row.status for row in everything.rows} == {
        "GRID.IHEP.cn": "Active",
        "GRID.IN2P3.fr": "Active",
        "GRID.INFN-CNAF.it": "Degraded",
        "GRID.JINR.ru": "Banned",
    }
    assert everything.refused == ()
    banned = parse_statuses(
        sample("dirac-9.1.22-tornado", "resourcestatus-select-SiteStatus-banned-columns.json")
    )
    assert [(row.name, row.since) for row in banned.rows] == [
        ("GRID.JINR.ru", datetime(2026, 11, 21, 6, tzinfo=UTC))
    ]
    storage = parse_statuses(
        sample("dirac-9.1.22-tornado", "resourcestatus-select-ResourceStatus-SE.json")
    )
    assert {row.kind: row.status for row in storage.rows} == {
        "CheckAccess": "Active",
        "ReadAccess": "Active",
        "RemoveAccess": "Active",
        "WriteAccess": "Banned",
    }


@needs_samples
def test_the_real_history_counts_and_elements() -> None:
    history = parse_history(
        sample("dirac-9.1.22-tornado", "resourcestatus-select-SiteHistory.json"), "GRID.JINR.ru"
    )
    assert [change.status for change in history.rows] == [
        "Active",
        "Degraded",
        "Active",
        "Banned",
    ]
    counts = parse_counters(sample("dirac-9.1.22-web", "getJobsCounters.json"))
    assert counts.by_site["GRID.INFN-CNAF.it"] == {
        "Done": 10,
        "Failed": 60,
        "Running": 5,
        "Stalled": 5,
    }
    assert parse_requests(sample("dirac-9.1.22-tornado", "reqmanager-getDBSummary.json")) == (
        parse_requests(said({"Request": {}, "Operation": {}, "File": {}}))
    )
    elements = parse_elements(sample("dirac-9.1.22-tornado", "publisher-getSitesResources.json"))
    assert elements.by_site["GRID.JINR.ru"] == ("lcgce12.jinr.ru",)


@needs_samples
@pytest.mark.parametrize(
    "name", ["error-bad-bearer", "error-no-such-method", "error-no-such-table", "publisher-getTree"]
)
def test_the_real_errors(name: str) -> None:
    body = sample("dirac-9.1.22-tornado", f"{name}.json")
    for parse in PARSERS:
        with pytest.raises(AnswerNotUnderstood):
            parse(body)
