"""What the bench database holds: as much as asked for, believable in its proportions.

Everything follows from a ticket's number, so that two machines measure the same. Units, sites,
VOs, submitters and words follow Zipf's law; three quarters of the tickets are closed; each has
four diary entries. A few words are put where the measurements need them:

* `quokka` stands in twelve tickets, spread over all times: a rare word;
* `throughput` stands in about every third: a common one;
* `proton` and `neutrino` stand in every tenth, but together in a handful of the oldest ones only:
  the pair that deceives an estimate. What PostgreSQL needs to see that they do not meet grows with
  the rarer of the two lists: 40 ns an entry, 4 ms at a million tickets.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

from juno_support.lib.working_time import WORKING_DAY, Calendar, add_working_time
from supportunits.models import SupportUnit
from supportunits.quality import FIRST_LOOK, counted_with
from tickets.models import Kind, Priority, TicketType
from tickets.response import CLOCKED
from tickets.search.index import vectors
from tickets.workflow import OPEN, Status

VERSION: Final = 4
"""Raise it when the rows change: an older bench database is then loaded anew."""

UNITS: Final = 60
SITES: Final = 423
VOS: Final = 12
PEOPLE: Final = 2_000
ENTRIES: Final = 4
HISTORY: Final = 8
"""Numbers of history entries that a ticket reserves; it uses seven."""

RARE: Final = "quokka"
COMMON: Final = "throughput"
PAIR: Final = ("proton", "neutrino")
OWN_TICKETS: Final = 60
END: Final = datetime(2026, 11, 1, tzinfo=UTC)
YEARS: Final = 6

_GRID_WORDS: Final = (
    "job jobs error failed transfer storage pilot site data file files proxy queue the to of and"
    " in is at from on for with we not have since all our this after when please check log output"
    " timeout server endpoint certificate expired disk space quota access denied connection"
    " refused release software production user analysis reconstruction simulation cvmfs dcache"
    " eos xrootd webdav token voms condor batch slot memory killed limit walltime submit status"
)
_SYLLABLES: Final = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bra cle dri flo"
_CHINESE: Final = "作业失败了请检查存储服务器的连接状态谢谢"

_ANSWERED: Final = (Status.SOLVED, Status.UNSOLVED, Status.VERIFIED, Status.CLOSED)
_OPEN_WEIGHTS: Final = dict(zip(OPEN, (8, 24, 36, 16, 12, 4), strict=True))


@dataclass(frozen=True)
class Places:
    """Primary keys of what tickets point to, the most frequent first."""

    units: list[int]
    sites: list[int]
    vos: list[int]
    people: list[int]
    submitter: int


@dataclass(frozen=True)
class Rows:
    """The rows of some tickets, by table, each a dictionary of columns."""

    ticket: list[dict[str, Any]]
    affectedsite: list[dict[str, Any]]
    ticketperson: list[dict[str, Any]]
    diaryentry: list[dict[str, Any]]
    historyentry: list[dict[str, Any]]
    statusinterval: list[dict[str, Any]]
    searchdocument: list[dict[str, Any]]
    responseperiod: list[dict[str, Any]]


def zipf(number: int) -> list[float]:
    """Cumulated weights 1, 1/2, 1/3 … for `random.choices`."""
    return list(accumulate(1 / rank for rank in range(1, number + 1)))


@cache
def _pool() -> list[str]:
    """A long run of words as people use them; texts are pieces of it."""
    source = random.Random(1)
    words, syllables = _GRID_WORDS.split(), _SYLLABLES.split()
    while len(words) < 20_000:
        words.append("".join(source.choices(syllables, k=source.randint(2, 4))))
    for number in range(200):
        words[300 + number * 7] = f"ce{number:02}.site{number % 90}.example.org"
    return source.choices(words, cum_weights=zipf(len(words)), k=500_000)


def moment(number: int, total: int) -> datetime:
    """When a ticket was submitted: evenly over the years up to END."""
    return END - timedelta(days=365 * YEARS) * (1 - number / (total + 1))


def tickets(first: int, last: int, total: int, places: Places) -> Rows:
    """The rows of the tickets from `first` to `last`, both included, of `total` in all."""
    source = random.Random(first)
    rows = Rows([], [], [], [], [], [], [], [])
    pool = _pool()
    unit_weights, site_weights = zipf(UNITS), zipf(SITES)
    vo_weights, people_weights = zipf(VOS), zipf(len(places.people))
    many = last - first + 1
    units = source.choices(places.units, cum_weights=unit_weights, k=many)
    vos = source.choices(places.vos, cum_weights=vo_weights, k=many)
    submitters = source.choices(places.people, cum_weights=people_weights, k=many)
    supporters = source.choices(places.people[:200], k=many)
    open_states = source.choices(list(_OPEN_WEIGHTS), list(_OPEN_WEIGHTS.values()), k=many)
    priorities = source.choices([p.value for p in Priority], (55, 30, 11, 4), k=many)
    types = source.choices(
        [TicketType.USER, TicketType.TEAM, TicketType.ALARM, TicketType.OPS], (80, 17, 1, 2), k=many
    )
    own_every = max(total // OWN_TICKETS, 1)
    rare_every = max(total // 12, 1)
    pair_meets = {1 + step for step in range(0, max(total // 10, 5), max(total // 60, 1))}

    def text(length: int) -> str:
        start = source.randrange(len(pool) - length)
        return " ".join(pool[start : start + length])

    for step in range(many):
        number = first + step
        at = moment(number, total)
        is_open = source.random() < 0.25
        status = open_states[step] if is_open else source.choice(_ANSWERED[2:])
        if not is_open and total - number < total // 200:
            status = Status.SOLVED
        submitter = places.submitter if number % own_every == own_every // 2 else submitters[step]
        special = []
        if number % rare_every == rare_every // 3:
            special.append(RARE)
        if number % 3 == 0:
            special.append(COMMON)
        if number % 10 == 1 or number in pair_meets:
            special.append(PAIR[0])
        if number % 10 == 2 or number in pair_meets:
            special.append(PAIR[1])
        subject = text(source.randint(4, 9))[:200]
        description = " ".join([text(45), *special])
        if number % 33 == 0:
            description += f"\n\n{_CHINESE}"
        entries = [(entry != 2, text(source.randint(8, 30))) for entry in range(ENTRIES)]
        solution = "" if is_open else text(8)
        _add(rows, number, at, text=(subject, description, solution), entries=entries,
             status=status, submitter=submitter, supporter=supporters[step], unit=units[step],
             vo=vos[step], priority=priorities[step], type_=types[step], source=source,
             sites=source.choices(places.sites, cum_weights=site_weights,
                                  k=source.choices((0, 1, 2, 3), (5, 80, 10, 5))[0]))  # fmt: skip
    return rows


def _add(
    rows: Rows,
    number: int,
    at: datetime,
    *,
    text: tuple[str, str, str],
    entries: list[tuple[bool, str]],
    status: Status,
    submitter: int,
    supporter: int,
    unit: int,
    vo: int,
    priority: int,
    type_: str,
    source: random.Random,
    sites: list[int],
) -> None:
    subject, description, solution = text
    is_open = status in OPEN
    hour = timedelta(hours=1)
    answered = status != Status.NEW
    steps: list[tuple[Kind, int | None, timedelta, bool, int | None, str]] = [
        (Kind.SUBMITTED, submitter, 0 * hour, True, None,
         f'{{"unit": {unit}, "status": "NEW", "priority": {priority}}}'),
        (Kind.PUBLIC_ENTRY, submitter, 1 * hour, True, 0, '{"late": false}'),
        (Kind.PUBLIC_ENTRY, supporter, 2 * hour, True, 1, '{"late": false}'),
    ]  # fmt: skip
    if answered:
        steps.append(
            (Kind.STATUS_CHANGED, supporter, 2 * hour, True, None,
             f'{{"status": ["NEW", "{status}"], "step": "take"}}')
        )  # fmt: skip
    steps += [
        (Kind.INTERNAL_ENTRY, supporter, 3 * hour, False, 2, '{"late": false}'),
        (Kind.PUBLIC_ENTRY, supporter, 4 * hour, True, 3, '{"late": false}'),
    ]
    base, diary = number * HISTORY, number * ENTRIES
    for step, (kind, actor, after, is_public, entry, facts) in enumerate(steps):
        rows.historyentry.append({
            "id": base + step, "ticket_id": number, "kind": kind.value, "actor_id": actor,
            "happened_at": at + after, "is_public": is_public,
            "diary_entry_id": None if entry is None else diary + entry, "facts": facts,
        })  # fmt: skip
    for entry, (is_public, words) in enumerate(entries):
        rows.diaryentry.append({
            "id": diary + entry, "submission_key": UUID(int=diary + entry),
            "ticket_id": number, "author_id": submitter if entry == 0 else supporter,
            "is_public": is_public, "is_late": False, "text": words, "html": f"<p>{words}</p>\n",
            "renderer_version": 1, "written_at": at + (entry + 1) * hour, "redacted_at": None,
        })  # fmt: skip
    last = at + 4 * hour
    clock = _clock(rows, number, at, status=status, unit=unit, priority=priority, waits=last)
    rows.ticket.append({
        "id": number,
        "submission_key": UUID(int=number),
        "type": type_,
        "subject": subject,
        "description": description,
        "description_html": f"<p>{description}</p>\n",
        "renderer_version": 1,
        "submitter_id": submitter,
        "vo_id": vo if number % 7 else None,
        "notified_site_id": sites[0] if sites and number % 4 == 0 else None,
        "unit_id": unit,
        "priority": priority,
        "submitted_priority": priority,
        "problem_at": at,
        "is_restricted": number % 331 == 0,
        "status": status.value,
        "resolution_code": "" if is_open else "FIXED",
        "solution": solution,
        "solution_html": f"<p>{solution}</p>\n" if solution else "",
        "next_step": "look again" if is_open and number % 10 == 0 else "",
        "next_step_at": END + timedelta(days=number % 9 - 3)
        if is_open and number % 10 == 0
        else None,
        "submitted_at": at,
        "updated_at": last,
        "public_word_at": last,
        "assigned_at": at if answered else None,
        "waiting_since": last if status == Status.WAITING_FOR_REPLY else None,
        "hold_until": END + timedelta(days=30) if status == Status.ON_HOLD else None,
        "solved_at": None if is_open else last,
        "close_after": END + timedelta(days=20)
        if status in (Status.SOLVED, Status.UNSOLVED)
        else None,
        "unit_changes": (0, 0, 0, 1, 1, 2)[number % 6],
        "escalation_level": 1 if is_open and number % 50 == 0 else 0,
        "attention_since": last if is_open and number % 50 == 0 else None,
        "last_line": entries[3][1][:160],
        "last_entry_id": base + len(steps) - 1,
        **clock,
    })  # fmt: skip
    for site in dict.fromkeys(sites):
        rows.affectedsite.append({"ticket_id": number, "site_id": site})
    if answered:
        rows.ticketperson.append({"ticket_id": number, "user_id": supporter, "part": "ASSIGNED"})
    for interval_status, starts, ends in _intervals(status, at, last):
        rows.statusinterval.append({
            "ticket_id": number, "unit_id": unit, "status": interval_status,
            "priority": priority, "starts_at": starts, "ends_at": ends,
        })  # fmt: skip
    public, supporters, is_full = vectors(
        [(True, subject), (True, description), (True, solution), *entries]
    )
    rows.searchdocument.append({
        "ticket_id": number, "public": public, "supporters": supporters, "is_full": is_full,
    })  # fmt: skip


@cache
def _steps() -> dict[bool, list[tuple[int, int]]]:
    """Of each half hour of a week, the hours until three quarters and all of a time to respond.

    By whether it is TPM's hour for a new ticket; the bench's units have the plain hours, in UTC.
    """
    calendar = Calendar()
    monday = datetime(2024, 1, 1, tzinfo=UTC)
    found: dict[bool, list[tuple[int, int]]] = {}
    for is_new, target in ((True, FIRST_LOOK), (False, 5 * WORKING_DAY)):
        found[is_new] = []
        for half_hour in range(2 * 24 * 7):
            starts = monday + timedelta(minutes=30 * half_hour)
            amber, due = (add_working_time(starts, target * share, calendar) for share in (0.75, 1))
            found[is_new].append(
                (int((amber - starts).total_seconds()), int((due - starts).total_seconds()))
            )
    return found


@cache
def _digest() -> str:
    return counted_with(SupportUnit())


def _clock(
    rows: Rows,
    number: int,
    at: datetime,
    *,
    status: Status,
    unit: int,
    priority: int,
    waits: datetime,
) -> dict[str, Any]:
    """The ticket's clock; adds what the unit's time to respond was, or is.

    Whatever has passed at END was told: nothing is due there.
    """
    is_new, runs = status == Status.NEW, status in CLOCKED
    half_hour = int((at - datetime(2024, 1, 1, tzinfo=UTC)).total_seconds()) // 1800
    amber_after, due_after = _steps()[is_new][half_hour % (2 * 24 * 7)]
    amber, due = at + timedelta(seconds=amber_after), at + timedelta(seconds=due_after)
    yellow = at + timedelta(seconds=amber_after // 2)
    rows.responseperiod.append({
        "ticket_id": number, "unit_id": unit,
        "status": status.value if runs else Status.ASSIGNED.value,
        "priority": priority, "quality": "BASE", "counted_with": _digest(),
        "starts_at": at, "yellow_at": yellow, "amber_at": amber, "due_at": due,
        "amber_told_at": amber if runs and amber <= END else None,
        "due_told_at": due if runs and due <= END else None,
        "ends_at": None if runs else waits, "outcome": "" if runs else "ANSWERED",
    })  # fmt: skip
    following = next((moment for moment in (amber, due) if moment > END), None)
    if status == Status.WAITING_FOR_REPLY:
        reminder = waits + timedelta(days=7)
        following = reminder if reminder > END else None
    return {
        "yellow_at": yellow if runs else None,
        "amber_at": amber if runs else None,
        "due_at": due if runs else None,
        "next_clock_at": following if runs or status == Status.WAITING_FOR_REPLY else None,
    }


def _intervals(
    status: Status, at: datetime, last: datetime
) -> Iterator[tuple[str, datetime, datetime | None]]:
    if status == Status.NEW:
        yield status.value, at, None
        return
    middle = at + timedelta(hours=2)
    yield Status.NEW.value, at, middle
    yield status.value, middle, None
