"""topology/clients/gocdb: what is asked, and when asking for pages ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from juno_support.lib.faults import AnswerNotUnderstood
from tests.loopback import serving
from topology.clients.gocdb import MOST_PAGES, GocdbClient, read_all_pages
from topology.parsers.records import Paging


def test_every_question_goes_to_its_part_with_its_parameters() -> None:
    with serving(lambda asked, handler: b"<results/>") as server:
        client = GocdbClient(f"{server.url}/gocdbpi/")
        client.get_site_list()
        client.get_site_list("Suspended")
        client.get_roc_list()
        client.get_services(40)
        client.get_downtimes(
            window_starts_at=datetime(2026, 1, 10, 9, 30, tzinfo=timezone(timedelta(hours=1)))
        )
        client.get_sites()
        client.get_ngis()
        client.get_site_contacts()

    assert [(asked.path, asked.query) for asked in server.asked] == [
        ("/gocdbpi/public/", {"method": "get_site_list", "scope": ""}),
        (
            "/gocdbpi/public/",
            {"method": "get_site_list", "scope": "", "certification_status": "Suspended"},
        ),
        ("/gocdbpi/public/", {"method": "get_roc_list"}),
        ("/gocdbpi/public/", {"method": "get_service", "scope": "", "next_cursor": "40"}),
        (
            "/gocdbpi/public/",
            {
                "method": "get_downtime_nested_services",
                "scope": "",
                "windowstart": "2026-01-10T08:30:00Z",
                "next_cursor": "0",
            },
        ),
        ("/gocdbpi/private/", {"method": "get_site", "scope": "", "next_cursor": "0"}),
        ("/gocdbpi/private/", {"method": "get_ngi", "scope": "", "next_cursor": "0"}),
        ("/gocdbpi/private/", {"method": "get_site_contacts", "scope": "", "next_cursor": "0"}),
    ]


def test_the_traffic_is_counted() -> None:
    with serving(lambda asked, handler: b"<results/>") as server:
        client = GocdbClient(f"{server.url}/gocdbpi")
        client.get_site_list()
        client.get_roc_list()

    assert client.traffic.size == 20
    assert client.traffic.status == 200
    assert len(client.traffic.urls) == 2
    assert len(client.traffic.sha256) == 64


@dataclass(frozen=True)
class Page:
    rows: tuple[int, ...]
    paging: Paging | None


def pages_of(total: int, size: int) -> Callable[[int], Page]:
    """Page as GOCDB does: the cursor is the last id, and a full last page has a next one."""

    def page(cursor: int) -> Page:
        rows = tuple(range(cursor + 1, min(cursor + size, total) + 1))
        return Page(rows, Paging(len(rows), size, rows[-1] if rows else None))

    return page


@pytest.mark.parametrize(
    ("total", "asked"), [(0, [0]), (1, [0]), (4, [0, 4]), (10, [0, 4, 8]), (12, [0, 4, 8, 12])]
)
def test_pages_are_read_to_the_last(total: int, asked: list[int]) -> None:
    cursors: list[int] = []
    page = pages_of(total, 4)

    def ask(cursor: int) -> bytes:
        cursors.append(cursor)
        return str(cursor).encode()

    pages, is_whole = read_all_pages(ask, lambda body: page(int(body)))

    assert [row for one in pages for row in one.rows] == list(range(1, total + 1))
    assert is_whole
    assert cursors == asked


def test_an_answer_in_one_piece_is_whole() -> None:
    pages, is_whole = read_all_pages(lambda cursor: b"", lambda body: Page((1, 2), None))

    assert len(pages) == 1
    assert is_whole


def test_a_server_that_repeats_a_page_is_left_and_not_believed() -> None:
    again = Page((1, 2), Paging(2, 2, 2))

    pages, is_whole = read_all_pages(lambda cursor: b"", lambda body: again)

    assert len(pages) == 2
    assert not is_whole


def test_endless_pages_end() -> None:
    count = iter(range(1, 10_000))

    with pytest.raises(AnswerNotUnderstood, match="goes on after"):
        read_all_pages(lambda cursor: b"", lambda body: Page((1,), Paging(1, 1, next(count))))
    assert next(count) == MOST_PAGES + 1


def test_the_window_needs_no_zone_of_the_server() -> None:
    with serving(lambda asked, handler: b"<results/>") as server:
        GocdbClient(server.url).get_downtimes(
            window_starts_at=datetime(2026, 3, 29, 1, 30, tzinfo=UTC), cursor=7
        )

    assert server.asked[0].query["windowstart"] == "2026-03-29T01:30:00Z"
    assert server.asked[0].query["next_cursor"] == "7"
