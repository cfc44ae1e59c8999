"""GOCDB's programmatic interface; raw XML out.

The public part needs no credential and tells names, services and downtimes; the private part
wants a client certificate and tells addresses and certification status. ``scope=`` is always
sent where the method knows it: without it GOCDB silently applies the scope of its instance.
Links inside answers are never followed, because they are built from the server's configuration:
of a link to the next page only the cursor's number counts.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from juno_support.lib import http
from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.traffic import Tally

# GOCDB hands out 100 rows a page: room for 50,000 services, and an end to a server gone mad.
MOST_PAGES = 500
FIRST_CURSOR = 0


class Paging(Protocol):
    """What a paged answer says of itself."""

    @property
    def count(self) -> int:
        """Return how many rows this page has."""
        ...

    @property
    def page_size(self) -> int:
        """Return how many rows a full page has."""
        ...

    @property
    def next_cursor(self) -> int | None:
        """Return what to ask with for the next page."""
        ...


class Understood(Protocol):
    """An answer that somebody has parsed; ``paging`` is None where it came in one piece."""

    @property
    def paging(self) -> Paging | None:
        """Return what the answer says of its paging."""
        ...


Page = TypeVar("Page", bound=Understood)


class GocdbClient:
    """Asks one GOCDB; ``base_url`` goes up to and including ``/gocdbpi``."""

    def __init__(
        self,
        base_url: str,
        *,
        certificate: http.Certificate | None = None,
        ca_bundle: str | None = None,
        limits: http.Limits | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._certificate = certificate
        self._ca_bundle = ca_bundle
        self._limits = limits or http.Limits()
        self.traffic = Tally()

    @property
    def has_certificate(self) -> bool:
        """Say whether the private part can be asked."""
        return self._certificate is not None

    def get_site_list(self, certification_status: str | None = None) -> bytes:
        """Ask for all sites by name.

        With a status only for those: that filter works in the public part, which does not show
        the status itself.
        """
        wanted = {"certification_status": certification_status} if certification_status else {}
        return self._ask("public", "get_site_list", {"scope": "", **wanted})

    def get_roc_list(self) -> bytes:
        """Ask for all operations centres by name; this method refuses any scope."""
        return self._ask("public", "get_roc_list", {})

    def get_services(self, cursor: int = FIRST_CURSOR) -> bytes:
        """Ask for one page of services."""
        return self._ask("public", "get_service", {"scope": "", "next_cursor": str(cursor)})

    def get_downtimes(self, *, window_starts_at: datetime, cursor: int = FIRST_CURSOR) -> bytes:
        """Ask for one page of the downtimes that end after a moment, with their services.

        Without an end of the window these are all that run or come, and the past ones back to
        ``window_starts_at``. No other filter may be added: it would also trim the services
        inside each downtime.
        """
        start = window_starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._ask(
            "public",
            "get_downtime_nested_services",
            {"scope": "", "windowstart": start, "next_cursor": str(cursor)},
        )

    def get_sites(self, cursor: int = FIRST_CURSOR) -> bytes:
        """Ask the private part for one page of sites with all their fields."""
        return self._ask("private", "get_site", {"scope": "", "next_cursor": str(cursor)})

    def get_ngis(self, cursor: int = FIRST_CURSOR) -> bytes:
        """Ask the private part for one page of operations centres with their addresses."""
        return self._ask("private", "get_ngi", {"scope": "", "next_cursor": str(cursor)})

    def get_site_contacts(self, cursor: int = FIRST_CURSOR) -> bytes:
        """Ask the private part for one page of the people of sites."""
        return self._ask("private", "get_site_contacts", {"scope": "", "next_cursor": str(cursor)})

    def _ask(self, part: str, method: str, params: Mapping[str, str]) -> bytes:
        answer = http.fetch(
            f"{self._base_url}/{part}/",
            params={"method": method, **params},
            headers={"Accept": "application/xml"},
            certificate=self._certificate if part == "private" else None,
            ca_bundle=self._ca_bundle,
            limits=self._limits,
        )
        self.traffic.add(answer)
        return answer.body


def read_all_pages(
    ask: Callable[[int], bytes], understand: Callable[[bytes], Page]
) -> tuple[list[Page], bool]:
    """Ask page after page until the last, understanding each before the next is asked for.

    A server that ignores paging answers everything at once, or the same page again and again:
    its cursor does not grow, and asking ends.

    :return: the pages, and whether they surely are all
    :raises AnswerNotUnderstood: when there is no end to the pages
    """
    pages: list[Page] = []
    cursor = FIRST_CURSOR
    while len(pages) < MOST_PAGES:
        page = understand(ask(cursor))
        pages.append(page)
        paging = page.paging
        if paging is None or paging.count < paging.page_size or paging.next_cursor is None:
            return pages, True
        if paging.next_cursor <= cursor:
            return pages, False
        cursor = paging.next_cursor
    raise AnswerNotUnderstood(f"GOCDB goes on after {MOST_PAGES} pages; we stopped reading.")
