"""The lists of the TPM desk (domain: section 6), each with what it holds, in its order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from juno_support.lib import calendars, cursor, working_time
from juno_support.lib.text import whole_number
from supportunits.models import IS_ROUTABLE, SupportUnit, UnitKind
from tickets import policies, queries, response
from tickets.models import Category, Ticket
from tickets.workflow import Status

SILENT_DAYS = 10
AT_TPM = (Status.ASSIGNED, Status.REOPENED, Status.IN_PROGRESS)
_T = Ticket._meta.db_table


@dataclass(frozen=True)
class DeskList:
    """One list: its name in addresses, its label and what it holds, in words."""

    name: str
    label: str | Promise
    meaning: str | Promise


LISTS = {
    each.name: each
    for each in (
        DeskList(
            "new",
            _("New"),
            _("Nobody has touched these yet, oldest first. Target: one working hour."),
        ),
        DeskList(
            "tpm",
            _("With TPM"),
            _("Open at TPM, but not new: given back, reopened, or being worked on by TPM."),
        ),
        DeskList("bounced", _("Bounced"), _("Changed the support unit twice or more often.")),
        DeskList(
            "escalated",
            _("Escalated"),
            _(
                "Somebody asked for attention; since then support has not answered in public, "
                "taken it, put it on hold or gone on with it."
            ),
        ),
        DeskList("silent", _("Silent"), _("No public word for ten working days.")),
        DeskList(
            "waiting",
            _("Waiting too long"),
            _("Waiting for the submitter for fifteen working days."),
        ),
        DeskList(
            "problems",
            _("Routing problems"),
            _("With a support unit that cannot receive tickets: give them to another."),
        ),
        DeskList(
            "discarded",
            _("Discarded"),
            _("Spam, the latest first. Nobody is told of it; what was none can be recovered."),
        ),
    )
}


@dataclass(frozen=True)
class Units:
    """The keys of the TPM unit and of those that cannot receive tickets."""

    tpm: int
    unroutable: tuple[int, ...]


def units_that_matter() -> Units:
    """Return the units by which lists are told apart. One query."""
    # By their keys: joined, the planner looks through all open tickets for these few.
    tpm = Q(kind=UnitKind.TPM)
    rows = SupportUnit.objects.filter(tpm | ~IS_ROUTABLE).order_by()
    found = list(rows.only("kind", "state"))
    return Units(
        tpm=next(unit.pk for unit in found if unit.kind == UnitKind.TPM),
        unroutable=tuple(unit.pk for unit in found if not unit.is_routable),
    )


def tickets_in(
    name: str, user: Any, *, at: datetime, units: Units | None = None
) -> QuerySet[Ticket]:
    """Return the tickets of a list that the user may read, in the list's order.

    :param units: what is known of units already
    :raises KeyError: if there is no such list
    """
    if name == "discarded":
        return policies.visible_tickets(user).filter(category=Category.SPAM).order_by("-pk")
    condition, parameters = _condition(name, units or units_that_matter(), at)
    found = queries.open_tickets(user).extra(where=[condition], params=parameters)  # noqa: S610
    return found.order_by("submitted_at", "pk")


def counts(user: Any, *, at: datetime, units: Units | None = None) -> list[int]:
    """Return how many tickets each list holds, in their order; each count stops at a hundred.

    One query. What all lists have in common is put together once: eight querysets would take
    longer to write than to answer.
    """
    units = units or units_that_matter()
    spam = tickets_in("discarded", user, at=at).order_by().values("pk")[: queries.COUNT_LIMIT]
    seen, parameters = queries.open_tickets(user).order_by().values("pk").query.sql_with_params()
    parts: list[str] = []
    given: list[Any] = []
    for name in LISTS:
        if name == "discarded":
            few, its_parameters = spam.query.sql_with_params()
            given += its_parameters
        else:
            condition, its_own = _condition(name, units, at)
            few = f"{seen} AND {condition} LIMIT {queries.COUNT_LIMIT}"
            given += [*parameters, *its_own]
        parts.append(f"(SELECT count(*) FROM ({few}) few)")  # noqa: S608 - SQL of our own
    with connection.cursor() as rows:
        rows.execute(f"SELECT {', '.join(parts)}", given)
        return list(rows.fetchone())


def _condition(name: str, units: Units, at: datetime) -> tuple[str, list[Any]]:
    """Return what tells a list's open tickets from others: SQL of ours, and its parameters.

    Statuses are written out, as in the conditions of the indexes that serve the lists.
    """
    match name:
        case "new":
            return f"{_T}.unit_id = %s AND {_T}.status = 'NEW'", [units.tpm]
        case "tpm":
            return f"{_T}.unit_id = %s AND {_T}.status IN {_in(AT_TPM)}", [units.tpm]
        case "bounced":
            return f"{_T}.unit_changes >= 2", []
        case "escalated":
            return f"{_T}.attention_since IS NOT NULL", []
        case "silent":
            since = working_time.working_days_ago(at, SILENT_DAYS, calendars.instance_calendar())
            return response.silent_sql(_T), [since, at]
        case "waiting":
            since = response.too_long_since(at)
            return f"{_T}.status = 'WAITING_FOR_REPLY' AND {_T}.waiting_since < %s", [since]
        case "problems":
            return f"{_T}.unit_id = ANY(%s)", [list(units.unroutable)]
        case _:
            raise KeyError(name)


def _in(statuses: Iterable[Status]) -> str:
    return "({})".format(", ".join(f"'{status.value}'" for status in statuses))


def cursor_of(name: str, submitted_at: datetime, number: int) -> str:
    """Return the cursor that stands behind a ticket of a list."""
    return str(number) if name == "discarded" else cursor.written(submitted_at, number)


def behind(name: str, tickets: QuerySet[Ticket], after: str) -> QuerySet[Ticket]:
    """Return the tickets behind a cursor of :func:`cursor_of`; all where it is none."""
    if name == "discarded":
        last = whole_number(after)
        return tickets if last is None else tickets.filter(pk__lt=last)
    place = cursor.read(after)
    if place is None:
        return tickets
    at, number = place
    return tickets.filter(
        Q(submitted_at__gt=at) | Q(submitted_at=at, pk__gt=number), submitted_at__gte=at
    )


def following(name: str, user: Any, ticket: Ticket, *, at: datetime) -> int | None:
    """Return the number of the ticket that comes behind this one in a list, else of its first."""
    tickets = tickets_in(name, user, at=at)
    after = cursor_of(name, ticket.submitted_at, ticket.pk)
    others = tickets.exclude(pk=ticket.pk)
    found = behind(name, others, after).only("pk").first() or others.only("pk").first()
    return found.pk if found else None


def waited_too_long(ticket: Ticket, *, at: datetime) -> bool:
    """Return whether the ticket waits for its submitter for so long that its end is one step."""
    return (
        ticket.status == Status.WAITING_FOR_REPLY
        and ticket.waiting_since is not None
        and ticket.waiting_since < response.too_long_since(at)
    )


def discarded_of(submitter: int) -> int:
    """Return how many tickets of a person were discarded as spam."""
    return Ticket.objects.filter(category=Category.SPAM, submitter=submitter).count()


def of_known_spammers(numbers: Iterable[int]) -> frozenset[int]:
    """Return which of these tickets, not discarded, are of people whose others were."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_KNOWN_SPAMMERS, [list(numbers)])
        return frozenset(number for (number,) in cursor)


# Written out: as a queryset it takes longer than its answer, with each page of the desk.
_OF_KNOWN_SPAMMERS = """
SELECT ticket.id FROM tickets_ticket ticket
 WHERE ticket.id = ANY(%s) AND ticket.category <> 'SPAM'
   AND EXISTS (SELECT 1 FROM tickets_ticket other
                WHERE other.submitter_id = ticket.submitter_id AND other.category = 'SPAM')
"""
