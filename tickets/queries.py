"""Questions about tickets. Each starts from ``policies.visible_tickets(user)``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.lib import text
from supportunits import policies as unit_policies
from supportunits.models import VO
from tickets import policies, response
from tickets.models import (
    Attachment,
    DiaryEntry,
    Draft,
    HistoryEntry,
    JobEvidence,
    Priority,
    SavedView,
    Ticket,
    TicketPerson,
    TicketType,
    WallClock,
)
from tickets.workflow import ANSWERED, Status
from topology.models import Site

COUNT_LIMIT = 100
FEW = 100
SIMILAR_FROM = 0.2
FEW_HUNDRED = 500
# Of a few typed words within a subject; below that they only look alike by chance.
SIMILAR_WORDS = 0.5
MOST_JOBS_SHOWN = 100
# Diary entries in which names of jobs are looked for.
MOST_WORDS_READ = 200


@dataclass(frozen=True)
class Count:
    """A live count that stops at 99+; ``query`` is the search line that lists what was counted."""

    name: str
    label: str
    number: int
    query: str

    @property
    def text(self) -> str:
        """Return the number as the rail shows it."""
        return count_text(self.number)


def count_text(number: int) -> str:
    """Return a count as people read it: from a hundred on it is 99+."""
    return "99+" if number >= COUNT_LIMIT else str(number)


def count_up_to_limit(lists: Sequence[QuerySet[Ticket]]) -> list[int]:
    """Return how many tickets are in each list, looking at ``COUNT_LIMIT`` of each; one query."""
    parts: list[str] = []
    parameters: list[Any] = []
    for tickets in lists:
        try:
            few = tickets.order_by().values("pk")[:COUNT_LIMIT]
            sql, its_parameters = few.query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) few)")  # noqa: S608 - Django's own SQL
        parameters += its_parameters
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        return list(cursor.fetchone())


def open_tickets(user: Any) -> QuerySet[Ticket]:
    """Return the open tickets that the user may read."""
    return policies.visible_tickets(user).filter(is_open=True)


def open_tickets_with(user: Any, person: User) -> QuerySet[Ticket]:
    """Return the open tickets that the reader may read and a person is assigned to or involved in.

    :param user: the reader
    """
    mine = TicketPerson.objects.filter(user=person).values("ticket")
    return open_tickets(user).filter(pk__in=mine)


def own_tickets(user: Any) -> QuerySet[Ticket]:
    """Return the tickets that the user submitted, newest first."""
    return Ticket.objects.filter(submitter=user).order_by("-pk")


def open_numbers_of_sites(user: Any, sites: Iterable[int]) -> dict[int, list[int]]:
    """Return for each site's key the numbers of its open tickets (of 2,000 at the most, newest)."""
    found: dict[int, list[int]] = {site: [] for site in sites}
    # Of nearly all sites, all are quicker than a list.
    here = (
        Q(affectedsite__site__in=list(found))
        if len(found) <= FEW
        else Q(affectedsite__isnull=False)
    )
    rows = (
        open_tickets(user)
        .filter(here)
        .order_by("-pk")
        .values_list("affectedsite__site_id", "pk")[:2000]
    )
    for site_id, number in rows:
        if site_id in found:
            found[site_id].append(number)
    return {site: numbers for site, numbers in found.items() if numbers}


def similar_open_tickets(
    user: Any, words: str, sites: Iterable[Site] = (), *, at: datetime, limit: int = 5
) -> list[Ticket]:
    """Return open tickets with a similar subject that the user may read, likest first.

    Looked at are the newest 300 open ones, and the newest 100 of the given sites.
    """
    if len(words.strip()) < 4:
        return []
    newest = open_tickets(user).filter(is_restricted=False).order_by("-pk")
    keys = set(newest.values_list("pk", flat=True)[:300])
    site_keys = [site.pk for site in sites]
    if site_keys:
        keys |= set(
            newest.filter(affectedsite__site__in=site_keys).values_list("pk", flat=True)[:100]
        )
    return list(
        Ticket.objects.filter(pk__in=keys)
        .annotate(likeness=TrigramSimilarity("subject", words[:250]))
        .filter(likeness__gte=SIMILAR_FROM)
        .select_related("unit")
        .prefetch_related("affected_sites")
        .order_by("-likeness", "-pk")[:limit]
    )


def tickets_like(user: Any, typed: str, *, limit: int = 8) -> list[Ticket]:
    """Return tickets that somebody may mean: the one of that number, or open ones by their words.

    Looked at are the newest 500 open ones that the user may read. Two queries.
    """
    words = text.clean_line(typed)[:100]
    number = text.whole_number(words.removeprefix("#").split(" ")[0])
    if number is not None:
        return list(policies.visible_tickets(user).filter(pk=number, is_restricted=False))
    if len(words) < 3:
        return []
    newest = open_tickets(user).filter(is_restricted=False).order_by("-pk")
    keys = list(newest.values_list("pk", flat=True)[:FEW_HUNDRED])
    like = Q(likeness__gte=SIMILAR_WORDS) | Q(subject__icontains=words)
    others = (
        Ticket.objects.filter(pk__in=keys)
        .annotate(likeness=TrigramWordSimilarity(words, "subject"))
        .filter(like)
        .order_by("-likeness", "-pk")
    )
    return list(others[:limit])


def timeline(ticket: Ticket, user: Any) -> QuerySet[HistoryEntry]:
    """Return what happened to the ticket, oldest first: all of it, or its public side."""
    entries = (
        HistoryEntry.objects.filter(ticket=ticket)
        .select_related("actor", "diary_entry", "words_row")
        .prefetch_related(
            Prefetch("diary_entry__attachments", Attachment.objects.order_by("uploaded_at", "name"))
        )
        .order_by("pk")
    )
    if not policies.may_read_internal(ticket, user):
        entries = entries.filter(is_public=True)
    return entries


def entries_since(ticket: Ticket, user: Any, entry_id: int) -> QuerySet[HistoryEntry]:
    """Return the entries after one, that the user may read: what an open page asks for."""
    return timeline(ticket, user).filter(pk__gt=entry_id)


def job_evidence(ticket: Ticket, user: Any) -> list[JobEvidence]:
    """Return the jobs that are kept with the ticket, as last looked up first; for a shifter those
    of the ticket's VO. Ask ``policies.sees_jobs`` first.
    """
    rows = JobEvidence.objects.filter(
        Q(ticket=ticket) | Q(submission_key=ticket.submission_key)
    ).select_related("looked_up_by")
    if not policies.may_read_internal(ticket, user):
        rows = rows.filter(vo=ticket.vo.name if ticket.vo else "")
    return list(rows.order_by("-looked_up_at", "job_id")[:MOST_JOBS_SHOWN])


def named_jobs(ticket: Ticket, user: Any) -> list[int]:
    """Return the ids of DIRAC jobs that the ticket's words name, as far as the user reads them."""
    texts = [
        "jobs: " + ", ".join(str(job) for job in ticket.recognised.get("jobs", [])),
        f"{ticket.subject}\n{ticket.description}",
    ]
    diary = DiaryEntry.objects.filter(ticket=ticket, text__icontains="job")
    if not policies.may_read_internal(ticket, user):
        diary = diary.filter(is_public=True)
    texts += diary.order_by("pk").values_list("text", flat=True)[:MOST_WORDS_READ]
    return list(dict.fromkeys(job for each in texts for job in text.named_jobs(each)))


def words_since(user: Any, since: datetime, most: int) -> int:
    """Return how many diary entries the user wrote since a moment; looks at so many at the most."""
    written = DiaryEntry.objects.filter(author=user, written_at__gt=since)
    return len(written.values_list("pk", flat=True)[:most])


def drafts(user: Any) -> QuerySet[Draft]:
    """Return the user's drafts, the last touched first."""
    return Draft.objects.filter(owner=user).order_by("-updated_at")


def drill_clocks(
    *, vo: VO | None = None, sites: Iterable[int] | None = None, since: datetime
) -> QuerySet[WallClock]:
    """Return the clocks of alarm drills that were started since, newest first."""
    found = WallClock.objects.filter(drill__isnull=False, starts_at__gte=since)
    if vo is not None:
        found = found.filter(drill__vo=vo)
    if sites is not None:
        found = found.filter(ticket__notified_site__in=sites)
    return found.select_related("ticket", "drill").order_by("-starts_at", "-pk")


def saved_views(user: Any) -> QuerySet[SavedView]:
    """Return the views that the user keeps, and those that supporters share among themselves."""
    shown = Q(owner=user)
    if policies.sees_queue(user):
        shown |= Q(is_shared=True)
    return SavedView.objects.filter(shown).select_related("owner").order_by("name")


def rail(user: Any, *, at: datetime) -> list[Count]:
    """Return the live counts beside the queue; one query, each part stops at a hundred rows.

    The queue is the most asked page: what all parts have in common is put together once.
    """
    ticket = Ticket._meta.db_table
    person = TicketPerson._meta.db_table
    lines: list[tuple[str, str, str, list[Any], str]] = [
        ("new", _("New"), "status = %s", [Status.NEW.value], "status:new"),
        (
            "mine",
            _("Assigned to me"),
            f"id IN (SELECT ticket_id FROM {person} WHERE user_id = %s AND part = %s)",  # noqa: S608
            [user.pk, TicketPerson.Part.ASSIGNED.value],
            "assigned:me status:open",
        ),
    ]
    units = sorted(unit_policies.units_of(user))
    if units:
        of_units = ("my-units", _("My units"), "unit_id = ANY(%s)", [units])
        lines.append((*of_units, "unit:mine status:open"))
    lines += [
        ("alarm", _("Alarms"), "type = %s", [TicketType.ALARM.value], "type:alarm status:open"),
        (
            "waiting",
            _("Waiting for reply"),
            "status = %s",
            [Status.WAITING_FOR_REPLY.value],
            "status:waiting",
        ),
        (
            "urgent",
            _("Very urgent and up"),
            "priority >= %s",
            [Priority.VERY_URGENT.value],
            "status:open priority>=very-urgent",
        ),
        ("late", _("Response late"), "due_at <= %s", [at], "is:late"),
        ("overdue", _("Overdue promises"), "next_step_at < %s", [at], "status:open is:overdue"),
    ]
    if units:
        lines.append(
            (
                "silent",
                _("Silent at my units"),
                f"unit_id = ANY(%s) AND {response.silent_sql(ticket)}",
                [units, response.silent_since(at), at],
                "unit:mine is:silent",
            )
        )
    try:
        seen, parameters = open_tickets(user).order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return [Count(name, label, 0, line) for name, label, _sql, _parameters, line in lines]
    parts: list[str] = []
    all_parameters: list[Any] = []
    for _name, _label, condition, its_parameters, _line in lines:
        few = f"{seen} AND {ticket}.{condition} LIMIT {COUNT_LIMIT}"
        parts.append(f"(SELECT count(*) FROM ({few}) few)")  # noqa: S608 - SQL of our own
        all_parameters += [*parameters, *its_parameters]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", all_parameters)
        numbers = cursor.fetchone()
    return [
        Count(name, label, number, line)
        for (name, label, _sql, _parameters, line), number in zip(lines, numbers, strict=True)
    ]


def own_rail(user: Any) -> list[Count]:
    """Return the live counts for somebody who only files tickets; of a shifter, the shift's too."""
    mine = own_tickets(user)
    shift: list[tuple[str, str, QuerySet[Ticket], str]] = []
    if unit_policies.is_shifter(user):
        team = open_tickets(user).filter(
            type=TicketType.TEAM, vo__in=unit_policies.shifter_of(user)
        )
        shift.append(("team", _("TEAM tickets"), team, "type:team status:open"))
    if unit_policies.is_alarmer(user):
        alarms = open_tickets(user).filter(
            type=TicketType.ALARM, vo__in=unit_policies.alarmer_of(user)
        )
        shift.append(("alarm", _("Alarms"), alarms, "type:alarm status:open"))
    return _counted(
        [
            *shift,
            (
                "open",
                _("My open tickets"),
                mine.filter(is_open=True),
                "submitter:me status:open",
            ),
            (
                "waiting",
                _("Waiting for my answer"),
                mine.filter(status=Status.WAITING_FOR_REPLY),
                "submitter:me status:waiting",
            ),
            (
                "solved",
                _("Solved, to verify"),
                mine.filter(status__in=ANSWERED),
                "submitter:me status:solved,unsolved",
            ),
        ]
    )


def _counted(lines: Sequence[tuple[str, str, QuerySet[Ticket], str]]) -> list[Count]:
    numbers = count_up_to_limit([tickets for _name, _label, tickets, _line in lines])
    return [
        Count(name, label, number, line)
        for (name, label, _tickets, line), number in zip(lines, numbers, strict=True)
    ]
