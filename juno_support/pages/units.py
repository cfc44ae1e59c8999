"""The list of support units."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.lib import clock
from juno_support.lib.text import clean_line, show_bidi
from juno_support.pages.unit_words import (
    MOST_COUNTED,
    count_word,
    kind_heading,
    missing,
    queue_of,
    state_pill,
)
from supportunits import policies
from supportunits.models import SupportUnit, UnitKind, UnitState
from supportunits.presence import presence_words
from tickets import policies as ticket_policies

PAGE = 100


_KIND_ORDER = (
    UnitKind.TPM,
    UnitKind.SECURITY,
    UnitKind.VO,
    UnitKind.SERVICE,
    UnitKind.OPERATIONS_CENTRE,
    UnitKind.SITE,
)


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit in the list, ready to be written."""

    name: str
    url: str
    title: str
    state: SafeString
    missing: str
    contact: str
    members: int
    open_tickets: str
    open_url: str
    time: str
    hours: SafeString


@dataclass(frozen=True, slots=True)
class UnitGroup:
    """The units of one kind."""

    heading: str
    lines: list[UnitLine]


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice above a list."""

    label: str
    url: str
    current: bool
    count: str


@require_safe
@allowed_if(is_signed_in)
def unit_list(request: HttpRequest) -> HttpResponse:
    """Show the units by kind, with state, contact, members and open tickets."""
    user, now = request.user, clock.now()
    search = clean_line(request.GET.get("q", ""))[:100]
    kind = request.GET.get("kind", "")
    if kind not in (*UnitKind.values, "closed"):
        kind = ""
    units = _listed(search, kind)
    sees_tickets = ticket_policies.sees_queue(user)
    if sees_tickets:
        units = units.annotate(
            open_numbers=ArraySubquery(
                ticket_policies.visible_tickets(user)
                .filter(unit=OuterRef("pk"), is_open=True)
                .order_by("-pk")
                .values("pk")[:MOST_COUNTED]
            )
        )
    rows: list[Any] = list(_after(units, clean_line(request.GET.get("after", "")))[: PAGE + 1])
    sees_contact = policies.may_see_addresses(user)
    lines = [
        (unit.kind, _line(unit, now, sees_tickets=sees_tickets, sees_contact=sees_contact))
        for unit in rows[:PAGE]
    ]
    here = reverse("units:list")
    question = ({"q": search} if search else {}) | ({"kind": kind} if kind else {})
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        more = f"{here}?{urlencode(question | {'after': f'{last.rank}:{last.name}'})}"
    return render(
        request,
        "pages/units.html",
        {
            "groups": _groups(lines),
            "choices": _choices(here, search, kind),
            "search": search,
            "kind": kind,
            "more": more,
            "sees_tickets": sees_tickets,
            "sees_contact": sees_contact,
            "columns": 4 + sees_tickets + sees_contact,
            "may_open": policies.may_open_units(user),
            "is_admin": policies.is_admin(user),
        },
    )


def _listed(search: str, kind: str) -> QuerySet[SupportUnit]:
    units = SupportUnit.objects.all()
    if kind == "closed":
        units = units.filter(state=UnitState.CLOSED)
    else:
        units = units.exclude(state=UnitState.CLOSED)
        if kind:
            units = units.filter(kind=kind)
    if search:
        units = units.filter(Q(name__icontains=search) | Q(title__icontains=search))
    return units.annotate(
        rank=Case(*(When(kind=value, then=Value(rank)) for rank, value in enumerate(_KIND_ORDER))),
        member_count=Count("memberships", filter=Q(memberships__user__is_active=True)),
    ).order_by("rank", "name")


def _after(units: QuerySet[SupportUnit], place: str) -> QuerySet[SupportUnit]:
    rank, colon, name = place.partition(":")
    if not colon or not (rank.isascii() and rank.isdigit() and len(rank) == 1):
        return units
    return units.filter(Q(rank__gt=int(rank)) | Q(rank=int(rank), name__gt=name[:100]))


def _choices(here: str, search: str, current: str) -> list[Choice]:
    counts = SupportUnit.objects.aggregate(
        all=Count("pk", filter=~Q(state=UnitState.CLOSED)),
        closed=Count("pk", filter=Q(state=UnitState.CLOSED)),
        **{
            f"of_{kind}": Count("pk", filter=Q(kind=kind) & ~Q(state=UnitState.CLOSED))
            for kind in _KIND_ORDER
        },
    )
    choices = [("", _("All"), counts["all"])]
    choices += [
        (kind, kind_heading(kind), counts[f"of_{kind}"])
        for kind in _KIND_ORDER
        if kind not in (UnitKind.TPM, UnitKind.SECURITY)
    ]
    choices.append(("closed", _("Closed"), counts["closed"]))
    found = []
    for value, label, count in choices:
        if not count and value != current:
            continue
        question = ({"q": search} if search else {}) | ({"kind": value} if value else {})
        url = f"{here}?{urlencode(question)}" if question else here
        found.append(Choice(label, url, value == current, str(count)))
    return found


def _line(unit: Any, now: datetime, *, sees_tickets: bool, sees_contact: bool) -> UnitLine:
    numbers = unit.open_numbers if sees_tickets else []
    time, working = presence_words(unit, now)
    return UnitLine(
        name=unit.name,
        url=reverse("units:unit", args=[unit.name]),
        title=show_bidi(unit.title),
        state=state_pill(unit),
        missing=missing(unit),
        contact=unit.mailing_list if sees_contact else "",
        members=unit.member_count,
        open_tickets=count_word(len(numbers)),
        open_url=queue_of(unit),
        time=time,
        hours=working,
    )


def _groups(lines: Iterable[tuple[str, UnitLine]]) -> list[UnitGroup]:
    groups: dict[str, list[UnitLine]] = {}
    for kind, line in lines:
        groups.setdefault(kind, []).append(line)
    return [UnitGroup(kind_heading(kind), found) for kind, found in groups.items()]
