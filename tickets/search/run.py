"""Find one page of tickets within a time budget, and be honest where it did not suffice.

Nothing is ever counted, and nothing is collected and sorted unless it is little. There are three
ways to a page of words, and the planner's own estimates choose the cheapest:

* **index**: few tickets hold the words. The GIN index gives them all; they are filtered and sorted.
* **filter**: few tickets fit the other conditions (a submitter's own, a small site's). They are
  read, and their words looked at.
* **walk**: many tickets fit. Slices of numbers are read from the newest down until a page is full.

Two common words that rarely meet deceive the estimate. So a walk begins with a small slice in which
several tickets should fit; where next to none does, the index is asked after all. It intersects
its lists, and is stopped where they turn out to have too much in common.

Whatever does not end in time is cancelled by PostgreSQL's statement_timeout; a walk keeps what it
has found, says how far back it looked, and goes on from there when the reader asks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from psycopg2.errors import QueryCanceled

from supportunits import policies as unit_policies
from tickets import policies
from tickets.models import Ticket
from tickets.search.grammar import Search, parse
from tickets.search.meaning import Meaning, mean

PAGE: Final = 50
BUDGET: Final = timedelta(milliseconds=400)

# What things cost, in seconds, measured at a million tickets with everything in memory; only their
# proportions matter, and what goes wrong by a factor of two is caught by the timeouts.
_INDEX_ROW: Final = 10e-6
_FILTER_ROW: Final = 12e-6
_WALK_ROW: Final = 8e-6
_SAMPLE: Final = 4
"""A walk begins with a slice in which so many tickets should fit; a quarter of it must."""

_MOST_HELD: Final = 3_000
"""So many tickets the index may give, where the estimate said that there would be too many."""

_FIRST_SLICE: Final = 300
_BIGGEST_SLICE: Final = 50_000
_SLICE_SECONDS: Final = 0.05

_ORDER: Final[dict[str, tuple[str, ...]]] = {
    "newest": ("-pk",),
    "oldest": ("pk",),
    "updated": ("-updated_at", "-pk"),
    "priority": ("-priority", "-pk"),
}


@dataclass(frozen=True)
class Page:
    """One page of what was found.

    `ids` are ticket numbers in their order, at most a page of them. `next` is the cursor of the
    following page, or empty. `looked_back_to` is set where the time budget ended before the page
    was full: the search looked at tickets submitted since then (in the order oldest first: up to
    then), and `next` goes on from there. `sort` is the order of the ids; it is newest first where
    too much was found to sort it otherwise, whatever the line asked for.
    """

    search: Search
    ids: list[int]
    next: str = ""
    looked_back_to: datetime | None = None
    sort: str = "newest"
    way: str = "direct"

    @property
    def is_complete(self) -> bool:
        """Whether the whole budgeted search was done; the page is then full, or the last."""
        return self.looked_back_to is None


def find(
    line: str | Search,
    *,
    user: Any,
    at: datetime,
    zone: tzinfo = UTC,
    cursor: str = "",
    size: int = PAGE,
    budget: timedelta = BUDGET,
) -> Page:
    """One page of the tickets that the user may see and that fit the line.

    :param cursor: `Page.next` of the page before; anything else starts from the beginning
    :param budget: how long the database may work for it, roughly
    """
    search = line if isinstance(line, Search) else parse(line)
    meaning = mean(search, user=user, at=at, zone=zone)
    if meaning.is_impossible:
        return Page(meaning.search, [], sort=meaning.search.sort)
    attempt = _Attempt(meaning, user, cursor, size, budget)
    try:
        return attempt.with_words() if meaning.words else attempt.without_words()
    except EmptyResultSet:
        return Page(meaning.search, [], sort=meaning.search.sort)
    except _OutOfTime:
        # Not even what a search needs beforehand came in time: the database is overloaded.
        again = attempt.cursor or _Cursor("newest", _BEYOND)
        return Page(meaning.search, [], str(again), looked_back_to=at, sort=again.sort, way="none")


class _OutOfTime(Exception):
    """PostgreSQL cancelled a statement at its time limit."""


@dataclass(frozen=True)
class _Cursor:
    """Behind which ticket to go on, in which order."""

    sort: str
    id: int
    key: int = 0

    def __str__(self) -> str:
        return f"{self.sort}.{self.id}.{self.key}" if self.key else f"{self.sort}.{self.id}"

    @classmethod
    def read(cls, text: str) -> _Cursor | None:
        sort, _, rest = text.partition(".")
        number, _, key = rest.partition(".")
        if sort not in _ORDER or not (number.isascii() and number.isdigit()) or len(text) > 60:
            return None
        if key and not (key.isascii() and key.isdigit()):
            return None
        return cls(sort, min(int(number), 2**63 - 1), min(int(key or 0), 2**53))

    def condition(self) -> Q:
        if self.sort == "newest":
            return Q(pk__lt=self.id)
        if self.sort == "oldest":
            return Q(pk__gt=self.id)
        if self.sort == "priority":
            key = min(self.key, 9)
            return Q(priority__lte=key) & (Q(priority__lt=key) | Q(pk__lt=self.id))
        try:
            moment = _EPOCH + timedelta(microseconds=self.key)
        except OverflowError:
            moment = datetime.max.replace(tzinfo=UTC)
        return Q(updated_at__lte=moment) & (Q(updated_at__lt=moment) | Q(pk__lt=self.id))


_BEYOND: Final = 2**62
"""A number that no ticket reaches: in a cursor, from the newest on."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Attempt:
    """One search under way: what is asked, and how much time is left."""

    def __init__(
        self, meaning: Meaning, user: Any, cursor: str, size: int, budget: timedelta
    ) -> None:
        self.meaning = meaning
        self.user = user
        self.size = size
        self.ends = time.monotonic() + budget.total_seconds()
        self.cursor = _Cursor.read(cursor)
        self.sort = self.cursor.sort if self.cursor else meaning.search.sort
        self.tickets: QuerySet[Ticket] = policies.visible_tickets(user).filter(meaning.conditions)

    # --- the two kinds of search ----------------------------------------------------------

    def without_words(self) -> Page:
        parts: list[str] = []
        params: list[Any] = []
        for branch in self.meaning.branches:
            rows = self._behind_cursor(policies.visible_tickets(self.user).filter(branch))
            rows = rows.order_by(*_ORDER[self.sort])
            sql, some = _sql(rows.values_list("pk", *self._keys())[: self.size + 1])
            parts.append(sql)
            params += some
        sql = parts[0]
        if len(parts) > 1:
            direction = "ASC" if self.sort == "oldest" else "DESC"
            order = f"2 {direction}, 1 {direction}" if self._keys() else f"1 {direction}"
            either = " UNION ".join(f"({part})" for part in parts)
            sql = f"{either} ORDER BY {order} LIMIT {self.size + 1}"
        try:
            return self._page(_run(sql, params, self._left() * 0.6), "direct")
        except _OutOfTime:
            return self._walked(1)

    def with_words(self) -> Page:
        held, fitting, number = self._estimates()
        ways = {
            "index": held * _INDEX_ROW if self.meaning.positive else float("inf"),
            "filter": fitting * _FILTER_ROW,
        }
        cheapest = min(ways, key=lambda way: ways[way])
        # How many tickets to look at for one that fits, if words and conditions are independent.
        each = number * number / max(held * fitting, 1)
        is_by_number = self.sort in {"newest", "oldest"}
        if min(each * self.size, number) * _WALK_ROW < ways[cheapest]:
            if not is_by_number:
                return self._walk_sorted()
            # One word alone is as frequent as its statistics say; several may avoid each other.
            is_doubtful = self.meaning.positive.count("'") > 2
            page = self._walk(each=each, limit=self.ends, sample=is_doubtful)
            if page is not None:
                return page
            # Next to nothing fitted: the words avoid each other, or the conditions.
            found = self._by_index(_MOST_HELD)
        elif cheapest == "index":
            found = self._by_index(max(_MOST_HELD, int(2 * held)))
        else:
            found = self._by_filter()
        if found is not None:
            return found
        return self._walked(each) if is_by_number else self._walk_sorted()

    def _walked(self, each: float) -> Page:
        """A walk by ticket numbers, whatever order was asked for."""
        if self.sort not in {"newest", "oldest"}:
            self.sort, self.cursor = "newest", None
        page = self._walk(each=each, limit=self.ends)
        if page is None:
            raise AssertionError("a walk without a sample always gives a page")
        return page

    # --- the ways -------------------------------------------------------------------------

    def _by_index(self, most: int) -> Page | None:
        """A page from what the index gives, unless that is too much or takes too long."""
        held, held_params = self._held()
        inner, params, names, shown, ending, fit_params = self._parts()
        # MATERIALIZED: the planner must not turn it round and walk, expecting to find 51 soon.
        sql = (
            f"WITH d AS MATERIALIZED ({held} LIMIT {most + 1}), found AS ("  # noqa: S608
            f"SELECT {shown} FROM d JOIN ({inner}) t ({names}) ON t.id = d.ticket_id {ending}) "
            "SELECT number, found.* FROM (SELECT count(*) AS number FROM d) n"
            " LEFT JOIN found ON number <= %s"
        )
        try:
            rows = _run(sql, [*held_params, *params, *fit_params, most], self._left() * 0.75)
        except _OutOfTime:
            return None
        if rows[0][0] > most:
            return None
        return self._page([row[1:] for row in rows if row[1] is not None], "index")

    def _by_filter(self) -> Page | None:
        """A page from the tickets that fit the other conditions, unless it takes too long."""
        inner, params, names, shown, ending, fit_params = self._parts()
        sql = (
            f"WITH t ({names}) AS MATERIALIZED ({inner}) SELECT {shown} "  # noqa: S608
            f"FROM t JOIN tickets_searchdocument d ON d.ticket_id = t.id {ending}"
        )
        try:
            rows = _run(sql, [*params, *fit_params], self._left() * 0.75)
        except _OutOfTime:
            return None
        return self._page(rows, "filter")

    def _parts(self) -> tuple[str, tuple[Any, ...], str, str, str, list[Any]]:
        """Pieces of SQL of our own: the tickets and their parameters, the names of their columns,
        what is asked of them, and condition, order and limit with their parameters.
        """
        keys = ("id", *self._keys())
        inner, params = _sql(
            self._behind_cursor().values_list("pk", *self._keys(), "is_restricted").order_by()
        )
        order = ", ".join(
            f"t.{key.lstrip('-').replace('pk', 'id')} {'DESC' if key[0] == '-' else 'ASC'}"
            for key in _ORDER[self.sort]
        )
        fits, fit_params = self._fits()
        return (
            inner,
            params,
            ", ".join([*keys, "is_restricted"]),
            ", ".join(f"t.{key}" for key in keys),
            f"WHERE {fits} ORDER BY {order} LIMIT {self.size + 1}",
            fit_params,
        )

    def _walk(self, *, each: float, limit: float, sample: bool = False) -> Page | None:
        """Read slices of ticket numbers in order until the page is full or the time is over.

        :param each: one ticket in so many is expected to fit
        :param sample: give up (with None) where the first slice holds far less than expected
        """
        ids: list[int] = []
        _, lowest, highest = self._extent
        if not highest:
            return self._page([], "walk")
        newest = self.sort != "oldest"
        edge = (highest + 1) if newest else lowest
        if self.cursor is not None:
            edge = min(self.cursor.id, highest + 1) if newest else max(self.cursor.id + 1, lowest)
        step = int(min(max(each * _SAMPLE, _FIRST_SLICE), _BIGGEST_SLICE))
        while (edge > lowest) if newest else (edge <= highest):
            began = time.monotonic()
            if began >= limit:
                break
            low, high = (max(edge - step, lowest), edge) if newest else (edge, edge + step)
            try:
                ids += self._slice(low, high, self.size + 1 - len(ids), limit - began)
            except _OutOfTime:
                break
            if len(ids) > self.size:
                return self._page([(number,) for number in ids], "walk")
            if sample and len(ids) < (high - low) / each / 4:
                return None
            sample = False
            edge = low if newest else high
            took = max(time.monotonic() - began, 1e-4)
            step = int(min(max(step * min(_SLICE_SECONDS / took, 4), 100), _BIGGEST_SLICE))
        else:
            return self._page([(number,) for number in ids], "walk")
        behind = edge if newest else edge - 1
        return Page(
            self.meaning.search,
            ids,
            next=str(_Cursor(self.sort, behind)),
            looked_back_to=_submitted(edge),
            sort=self.sort,
            way="walk",
        )

    def _walk_sorted(self) -> Page:
        """Read tickets in the order of another index, some at a time, and look at their words."""
        ids: list[tuple[Any, ...]] = []
        step = _FIRST_SLICE
        looked: tuple[Any, ...] | None = None
        fits, fit_params = self._fits()
        while True:
            began = time.monotonic()
            rows = self._behind_cursor().order_by(*_ORDER[self.sort])
            sql, params = _sql(
                rows.values_list("pk", *self._keys(), "is_restricted", "submitted_at")[:step]
            )
            sql = (
                f"SELECT t.id, t.key, t.submitted_at, {fits} "  # noqa: S608 - SQL of our own
                f"FROM ({sql}) t (id, key, is_restricted, submitted_at) "
                "JOIN tickets_searchdocument d ON d.ticket_id = t.id "
                "ORDER BY t.key DESC, t.id DESC"
            )
            try:
                found = _run(sql, [*fit_params, *params], self.ends - began)
            except _OutOfTime:
                break
            for number, key, submitted, is_hit in found:
                looked = (number, key, submitted)
                if is_hit:
                    ids.append((number, key))
            if len(ids) > self.size or len(found) < step:
                return self._page(ids[: self.size + 1], "walk")
            self.cursor = self._cursor_at(*found[-1][:2])
            step = min(step * 2, _BIGGEST_SLICE)
        if looked is None:
            return self._walked(1)
        return Page(
            self.meaning.search,
            [number for number, _ in ids],
            next=str(self.cursor),
            looked_back_to=looked[1] if self.sort == "updated" else looked[2],
            sort=self.sort,
            way="walk",
        )

    def _slice(self, low: int, high: int, most: int, seconds: float) -> list[int]:
        rows = self.tickets.filter(pk__gte=low, pk__lt=high).order_by()
        sql, params = _sql(rows.values_list("pk", "is_restricted"))
        direction = "ASC" if self.sort == "oldest" else "DESC"
        if not self.meaning.words:
            sql = f"SELECT id FROM ({sql}) t (id, is_restricted)"  # noqa: S608
            fit_params: list[Any] = []
        else:
            fits, fit_params = self._fits()
            sql = (
                f"SELECT t.id FROM ({sql}) t (id, is_restricted) "  # noqa: S608
                "JOIN tickets_searchdocument d ON d.ticket_id = t.id "
                "AND d.ticket_id >= %s AND d.ticket_id < %s "
                f"WHERE {fits}"
            )
            fit_params = [low, high, *fit_params]
        sql = f"{sql} ORDER BY 1 {direction} LIMIT {int(most)}"
        return [row[0] for row in _run(sql, [*params, *fit_params], seconds)]

    # --- what the ways are made of --------------------------------------------------------

    def _estimates(self) -> tuple[float, float, float]:
        """How many tickets hold the words, fit the other conditions, and are there at all."""
        held, held_params = self._held(self.meaning.positive or self.meaning.words)
        number = max(self._extent[0], 1.0)
        rows, params = _sql(self._behind_cursor().order_by().values_list("pk"))
        return (
            min(_estimate(held, held_params), number),
            min(_estimate(rows, list(params)), number),
            number,
        )

    @cached_property
    def _extent(self) -> tuple[float, int, int]:
        """About how many tickets there are, and the lowest and highest number; zeros for none."""
        [(number, lowest, highest)] = _run(
            "SELECT reltuples, (SELECT min(id) FROM tickets_ticket),"
            " (SELECT max(id) FROM tickets_ticket)"
            " FROM pg_class WHERE oid = 'tickets_ticket'::regclass",
            [],
            1,
        )
        return number, lowest or 0, highest or 0

    def _held(self, query: str = "") -> tuple[str, list[Any]]:
        """The tickets that the index gives for the words: perhaps too many, never too few."""
        column = "public" if self._vector() == "d.public" else "supporters"
        sql = f"SELECT * FROM tickets_searchdocument WHERE {column} @@ %s::tsquery"  # noqa: S608
        return sql, [query or self.meaning.positive]

    def _fits(self) -> tuple[str, list[Any]]:
        """The condition that the words fit, in the vector that this reader may search."""
        return f"{self._vector()} @@ %s::tsquery", [self.meaning.words]

    def _vector(self) -> str:
        """Those who read the internal diary search everything, all others the public side.

        Restricted tickets have other readers than the rest, so one person may need both vectors.
        """
        others = policies.reads_everything(self.user)
        restricted = unit_policies.is_csirt(self.user) or unit_policies.is_admin(self.user)
        if others and restricted:
            return "d.supporters"
        if others:
            return "(CASE WHEN t.is_restricted THEN d.public ELSE d.supporters END)"
        if restricted:
            return "(CASE WHEN t.is_restricted THEN d.supporters ELSE d.public END)"
        return "d.public"

    def _behind_cursor(self, tickets: QuerySet[Ticket] | None = None) -> QuerySet[Ticket]:
        tickets = self.tickets if tickets is None else tickets
        return tickets.filter(self.cursor.condition()) if self.cursor else tickets

    def _keys(self) -> tuple[str, ...]:
        return {"updated": ("updated_at",), "priority": ("priority",)}.get(self.sort, ())

    def _left(self) -> float:
        return max(self.ends - time.monotonic(), 0.02)

    def _page(self, rows: Sequence[tuple[Any, ...]], way: str) -> Page:
        page = Page(
            self.meaning.search,
            [row[0] for row in rows[: self.size]],
            sort=self.sort,
            way=way,
        )
        if len(rows) <= self.size:
            return page
        return replace(page, next=str(self._cursor_at(*rows[self.size - 1])))

    def _cursor_at(self, number: int, key: datetime | int = 0) -> _Cursor:
        if isinstance(key, datetime):
            key = (key - _EPOCH) // timedelta(microseconds=1)
        return _Cursor(self.sort, number, key)


def _sql(rows: QuerySet[Ticket, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, params = rows.query.sql_with_params()
    return sql, tuple(params)


def _run(sql: str, params: Sequence[Any], seconds: float) -> list[tuple[Any, ...]]:
    """Rows of one statement; raises _OutOfTime where PostgreSQL cancelled it at its limit.

    The limit travels in the same message as the statement, and ends with its transaction.
    """
    limit = max(int(seconds * 1000), 1)
    nested = connection.in_atomic_block
    try:
        with transaction.atomic() if nested else nullcontext(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {limit}; {sql}", params)
            rows = cursor.fetchall()
            if nested:
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
            return rows
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise _OutOfTime from error
        raise


def _estimate(sql: str, params: Sequence[Any]) -> float:
    """How many rows the planner expects."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return float(plan[0]["Plan"]["Plan Rows"])


def _submitted(number: int) -> datetime:
    """When the ticket with this number, or the next one, was submitted."""
    rows = _run(
        "SELECT submitted_at FROM tickets_ticket WHERE id >= %s ORDER BY id LIMIT 1", [number], 1
    )
    return rows[0][0] if rows else datetime.max.replace(tzinfo=UTC)
