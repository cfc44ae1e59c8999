"""What a search line means: conditions on tickets, made from an allow-list.

Nothing that a person types becomes part of SQL or the name of a field: each field of the grammar
has its own few lines here, and values go into parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from juno_support.lib import words
from supportunits import policies as unit_policies
from tickets import policies, response
from tickets.models import (
    AffectedSite,
    Category,
    HistoryEntry,
    Incident,
    LastSeen,
    RelationKind,
    Subscription,
    Ticket,
    TicketPerson,
    TicketRelation,
)
from tickets.search import names
from tickets.search.grammar import FIELDS, Kind, Search, Term, bounds
from tickets.workflow import Status

NOBODY: Final = "nobody"
ME: Final = "me"
_PEOPLE: Final = frozenset({"submitter", "assigned", "involved"})


@dataclass(frozen=True)
class Meaning:
    """What to look for: `search` again, with errors for names that do not exist; the conditions
    on tickets, without words; and the words as a tsquery, empty where none are asked for.

    `positive` is the part of the tsquery without what must *not* be there: the index is asked for
    it first. `is_impossible` says that a condition was not understood: then nothing is found,
    because tickets that leave it aside are not what was asked for.

    `branches` say the same as `conditions` in parts of which at least one must hold, each of which
    an index serves in the order of ticket numbers (affected *or* notified site). There is always
    one at least.
    """

    search: Search
    conditions: Q
    branches: tuple[Q, ...]
    words: str = ""
    positive: str = ""
    is_impossible: bool = False


def mean(search: Search, *, user: Any, at: datetime, zone: tzinfo = UTC) -> Meaning:
    """Look names up and turn the terms that are understood into conditions.

    Who may see a ticket is not in the conditions; `run` starts from `policies.visible_tickets`.
    At most one query for each field of names (three where one is misspelt).
    """
    found = _look_up(search, user)
    terms = []
    conditions = Q()
    rest, split = Q(), None
    for term in search.terms:
        if not term.error and term.kind == "filter" and FIELDS[term.field].kind is Kind.NAME:
            term = _known(term, found, user)
        terms.append(term)
        if term.error or term.field == "sort" or term.kind in {"words", "phrase"}:
            continue
        condition = _condition(term, found, user, at, zone)
        condition = ~condition if term.is_negative else condition
        conditions &= condition
        if split is None and (split := _branches(term, found, user)) is not None:
            continue
        rest &= condition
    if not any(_names_spam(term) for term in terms):
        # What was discarded is found by who asks for it, and by who filed it.
        hidden = ~Q(category=Category.SPAM) | Q(submitter=user.pk)
        conditions &= hidden
        rest &= hidden
    search = replace(search, terms=tuple(terms))
    wanted: list[str] = []
    unwanted: list[str] = []
    for term in search.understood:
        if term.kind in {"words", "phrase"}:
            (unwanted if term.is_negative else wanted).append(_query(term))
    return Meaning(
        search,
        conditions,
        tuple(rest & branch for branch in split) if split else (conditions,),
        words=words.all_of(wanted, unwanted),
        positive=words.all_of(wanted),
        is_impossible=any(_spoils(term) for term in terms),
    )


def _names_spam(term: Term) -> bool:
    """Whether a term asks for discarded tickets: by category or number; or cannot find any, as
    those that are open.
    """
    if term.is_negative or term.error:
        return False
    if term.kind == "id" or term.field in {"id", "category"}:
        return True
    if term.field == "status":
        return Status.CLOSED not in term.meaning
    return term.field == "is" and term.values == ("open",)


def _branches(
    term: Term, found: dict[tuple[str, str], list[int]], user: Any
) -> tuple[Q, ...] | None:
    """The term in parts of which one must hold, where it is the sort that has such parts."""
    if term.is_negative or len(term.values) != 1:
        return None
    if term.field == "site" and len(keys := found[term.field, term.values[0]]) == 1:
        return Q(affectedsite__site=keys[0]), Q(notified_site=keys[0])
    if term.field == "is" and term.values == ("mine",):
        mine = Q(people__user=user.pk, people__part=TicketPerson.Part.ASSIGNED)
        return Q(submitter=user.pk), mine
    return None


def _spoils(term: Term) -> bool:
    """Whether to find nothing rather than too much: a condition is there and not understood."""
    is_mere_punctuation = term.kind in {"words", "phrase"} and not words.query(term.values[0])
    return bool(term.error) and term.field != "sort" and not is_mere_punctuation


def _query(term: Term) -> str:
    text = term.values[0]
    is_prefix = term.kind == "words" and text.endswith("*")
    return words.query(text, prefix=is_prefix)


def _look_up(search: Search, user: Any) -> dict[tuple[str, str], list[int]]:
    wanted: dict[str, list[str]] = {}
    for term in search.understood:
        if term.kind == "filter" and FIELDS[term.field].kind is Kind.NAME:
            wanted.setdefault(term.field, []).extend(term.values)
    found: dict[tuple[str, str], list[int]] = {}
    for field, typed in wanted.items():
        own = {value for value in typed if value.lower() in _special(field)}
        rest = [value for value in typed if value not in own]
        for value, keys in names.find(field, rest).items() if rest else ():
            found[field, value] = keys
        for value in own:
            found[field, value] = _own(field, value.lower(), user)
    return found


def _special(field: str) -> frozenset[str]:
    if field in {"submitter", "involved"}:
        return frozenset({ME})
    if field == "assigned":
        return frozenset({ME, NOBODY})
    return frozenset({"mine"}) if field == "unit" else frozenset()


def _own(field: str, value: str, user: Any) -> list[int]:
    if field == "unit":
        return sorted(unit_policies.units_of(user)) or [0]
    return [user.pk] if value == ME else []


def _known(term: Term, found: dict[tuple[str, str], list[int]], user: Any) -> Term:
    if term.field in _PEOPLE and not policies.may_see_addresses(user):
        # A name without an account finds nothing, as one without tickets: who is here is not told.
        return term
    for value in term.values:
        if found[term.field, value] or value.lower() in _special(term.field):
            continue
        offers = names.similar(term.field, value)
        if offers:
            error = format_lazy(
                _("There is no {field} “{value}”. Did you mean {offers}?"),
                field=term.field,
                value=value,
                offers=_list(offers),
            )
        else:
            error = format_lazy(_("There is no {field} “{value}”."), field=term.field, value=value)
        return replace(term, error=error)
    return term


def _list(offers: Iterable[str]) -> str:
    return ", ".join(f"“{offer}”" for offer in offers)


def _condition(
    term: Term,
    found: dict[tuple[str, str], list[int]],
    user: Any,
    at: datetime,
    zone: tzinfo,
) -> Q:
    if term.kind == "id" or term.field == "id":
        return Q(pk__in=[int(value) for value in term.values])
    if term.field in _RELATED:
        return _hanging(_RELATED[term.field], other__in=[int(value) for value in term.values])
    kind = FIELDS[term.field].kind
    if kind is Kind.MOMENT:
        return _moment(term, at, zone)
    if kind is Kind.LEVEL:
        return _level(term)
    if kind is Kind.NAME:
        keys = sorted({key for value in term.values for key in found[term.field, value]})
        condition = _BY_NAME[term.field](keys)
        if NOBODY in {value.lower() for value in term.values} and term.field == "assigned":
            condition |= ~_somebody_assigned()
        return condition
    return _choice(term, user, at)


_RELATED: Final = {
    "incident": RelationKind.JOINED,
    "duplicate-of": RelationKind.DUPLICATE,
    "parent": RelationKind.CHILD,
    "follow-up-of": RelationKind.FOLLOW_UP,
}


def _hanging(kind: RelationKind, **condition: Any) -> Q:
    rows = TicketRelation.objects.filter(kind=kind, ended_at=None, **condition)
    return Q(pk__in=rows.values("ticket_id"))


def _moment(term: Term, at: datetime, zone: tzinfo) -> Q:
    column = {"created": "submitted_at", "updated": "updated_at", "solved": "solved_at"}[term.field]
    start, end = bounds(term, at=at, zone=zone)
    condition = Q()
    if start is not None:
        condition &= Q(**{f"{column}__gte": start})
    if end is not None:
        condition &= Q(**{f"{column}__lt": end})
    # A ticket that is not solved was not solved before any moment either.
    return condition & Q(solved_at__isnull=False) if column == "solved_at" else condition


def _level(term: Term) -> Q:
    if len(term.meaning) > 1:
        return Q(priority__in=term.meaning)
    lookup = {"=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[term.operator]
    return Q(**{f"priority__{lookup}": term.meaning[0]})


def _of_sites(keys: list[int]) -> Q:
    affected = AffectedSite.objects.filter(site__in=keys).values("ticket_id")
    notified = Ticket.objects.filter(notified_site__in=keys).values("pk")
    return Q(pk__in=affected.union(notified, all=True))


def _has(part: TicketPerson.Part, keys: list[int]) -> Q:
    return Q(pk__in=TicketPerson.objects.filter(user__in=keys, part=part).values("ticket_id"))


def _somebody_assigned() -> Q:
    assigned = TicketPerson.objects.filter(ticket=OuterRef("pk"), part=TicketPerson.Part.ASSIGNED)
    return Q(Exists(assigned))


_BY_NAME: Final[dict[str, Callable[[list[int]], Q]]] = {
    "site": _of_sites,
    "unit": lambda keys: Q(unit__in=keys),
    "vo": lambda keys: Q(vo__in=keys),
    "issue": lambda keys: Q(issue_type__in=keys),
    "submitter": lambda keys: Q(submitter__in=keys),
    "assigned": lambda keys: _has(TicketPerson.Part.ASSIGNED, keys),
    "involved": lambda keys: _has(TicketPerson.Part.INVOLVED, keys),
}


def _choice(term: Term, user: Any, at: datetime) -> Q:
    if term.field == "is":
        condition = Q(pk__in=[])
        for value in term.values:
            condition |= _is(value, user, at)
        return condition
    if term.field == "status":
        codes = [code for code in term.meaning if code != "open"]
        condition = Q(status__in=codes) if codes else Q(pk__in=[])
        return condition | Q(is_open=True) if "open" in term.meaning else condition
    column = {"type": "type", "category": "category", "solution": "resolution_code"}[term.field]
    return Q(**{f"{column}__in": term.meaning})


def _is(value: str, user: Any, at: datetime) -> Q:
    conditions: dict[str, Callable[[], Q]] = {
        "open": lambda: Q(is_open=True),
        "closed": lambda: Q(is_open=False),
        "mine": lambda: Q(
            pk__in=Ticket.objects.filter(submitter=user.pk)
            .values("pk")
            .union(
                TicketPerson.objects.filter(user=user.pk, part=TicketPerson.Part.ASSIGNED).values(
                    "ticket_id"
                ),
                all=True,
            )
        ),
        "my-unit": lambda: Q(unit__in=sorted(unit_policies.units_of(user))),
        "unread": lambda: _unread(user),
        "assigned": _somebody_assigned,
        "unassigned": lambda: ~_somebody_assigned(),
        "escalated": lambda: Q(escalation_level__gt=0),
        "overdue": lambda: Q(next_step_at__lt=at, is_open=True),
        "late": lambda: Q(due_at__lte=at),
        "amber": lambda: Q(amber_at__lte=at, due_at__gt=at),
        "yellow": lambda: Q(yellow_at__lte=at, amber_at__gt=at),
        "silent": lambda: response.silent(at),
        "followed": lambda: Q(pk__in=Subscription.objects.filter(user=user.pk).values("ticket_id")),
        "restricted": lambda: Q(is_restricted=True),
        "bounced": lambda: Q(unit_changes__gte=2),
        "incident": lambda: Q(
            pk__in=Incident.objects.filter(ended_at=None).values("ticket_id"), is_open=True
        ),
        "joined": lambda: _hanging(RelationKind.JOINED),
        "duplicate": lambda: _hanging(RelationKind.DUPLICATE),
        "child": lambda: _hanging(RelationKind.CHILD),
        "parent": lambda: Q(
            pk__in=TicketRelation.objects.filter(kind=RelationKind.CHILD, ended_at=None).values(
                "other_id"
            )
        ),
    }
    return conditions[value]()


def _unread(user: Any) -> Q:
    """Tickets with something new to this reader: an internal note is none to a submitter."""
    newest: Any = OuterRef("last_entry_id")
    if not policies.reads_everything(user):
        public = HistoryEntry.objects.filter(ticket=OuterRef("ticket_id"), is_public=True)
        newest = Subquery(public.order_by("-pk").values("pk")[:1])
    seen = LastSeen.objects.filter(ticket=OuterRef("pk"), user=user.pk, entry_id__gte=newest)
    return ~Q(Exists(seen))
