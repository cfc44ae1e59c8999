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
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.lib import clock
from juno_support.lib.text import clean_line, show_bidi
from juno_support.pages.unit_words import (
    MAY_STAY_MAIL_ONLY,
    MOST_COUNTED,
    count_word,
    kind_heading,
    missing,
    queue_of,
    state_pill,
)
from supportunits import policies
from supportunits.models import VO, ListState, SupportUnit, UnitKind, UnitState, VOSite
from supportunits.presence import presence_words
from tickets import policies as ticket_policies
from topology.models import OperationsCentre

PAGE = 100
_MOST_OFFERED = 300
_UNPROVEN = "unproven"
_STATES = [
    (UnitState.NEEDS_CONTACT.value, UnitState.NEEDS_CONTACT.label),
    (UnitState.MAIL_ONLY.value, UnitState.MAIL_ONLY.label),
    (UnitState.ACTIVE.value, UnitState.ACTIVE.label),
    (_UNPROVEN, gettext_lazy("list not proven")),
]


_KIND_ORDER = (
    UnitKind.TPM,
    UnitKind.SECURITY,
    UnitKind.VO,
    UnitKind.SERVICE,
    UnitKind.OPERATIONS_CENTRE,
    UnitKind.SITE,
)


# What TPM and admins should mend. Sites and operations centres may stay mail-only, and their
# contact is GOCDB's: of them it is a trouble only if a proof has lapsed.
_TROUBLE = (
    Q(state=UnitState.NEEDS_CONTACT)
    | Q(list_state__in=[ListState.FAILING, ListState.LAPSED])
    | (
        ~Q(kind__in=MAY_STAY_MAIL_ONLY)
        & ~Q(state=UnitState.CLOSED)
        & (Q(state=UnitState.MAIL_ONLY) | (~Q(mailing_list="") & ~Q(list_state=ListState.PROVEN)))
    )
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
    """Show the units by kind, with state, contact, members and open tickets.

    TPM and admins see first what needs attention: no contact, mail that comes back, nobody
    registered, a list that is not proven.
    """
    user, now = request.user, clock.now()
    chosen = Filter.of(request)
    mends = policies.may_open_units(user)
    units = _ordered(chosen.units(), troubles_first=mends)
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
        (
            _heading(unit),
            _line(unit, now, sees_tickets=sees_tickets, sees_contact=sees_contact),
        )
        for unit in rows[:PAGE]
    ]
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        more = chosen.url(after=f"{last.trouble}:{last.rank}:{last.name}")
    return render(
        request,
        "pages/units.html",
        {
            "groups": _groups(lines),
            "choices": _choices(chosen),
            "chosen": chosen,
            "states": _STATES,
            "vos": VO.objects.order_by("name").values_list("name", flat=True)[:_MOST_OFFERED],
            "centres": OperationsCentre.objects.filter(support_units__isnull=False)
            .order_by("name")
            .values_list("name", flat=True)[:_MOST_OFFERED],
            "more": more,
            "sees_tickets": sees_tickets,
            "sees_contact": sees_contact,
            "columns": 4 + sees_tickets + sees_contact,
            "may_open": mends,
            "may_request": policies.may_request_some_unit(user),
            "is_admin": policies.is_admin(user),
        },
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader chose above the list."""

    search: str
    kind: str
    state: str
    vo: str
    centre: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Filter":
        """Read it from the address; what cannot be chosen is not chosen."""
        kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
        return cls(
            search=clean_line(request.GET.get("q", ""))[:100],
            kind=kind if kind in (*UnitKind.values, "closed") else "",
            state=state if state in dict(_STATES) else "",
            vo=clean_line(request.GET.get("vo", ""))[:100],
            centre=clean_line(request.GET.get("centre", ""))[:100],
        )

    @property
    def narrows(self) -> bool:
        """Return whether anything but the kind is chosen."""
        return bool(self.search or self.state or self.vo or self.centre)

    def url(self, **more: str) -> str:
        """Return the list's address with this choice, and with what is different."""
        question = {
            "q": self.search,
            "kind": self.kind,
            "state": self.state,
            "vo": self.vo,
            "centre": self.centre,
        } | more
        given = {name: value for name, value in question.items() if value}
        here = reverse("units:list")
        return f"{here}?{urlencode(given)}" if given else here

    def units(self) -> QuerySet[SupportUnit]:
        """Return the units that fit; a VO's are its own and those of its sites."""
        is_closed = Q(state=UnitState.CLOSED)
        units = SupportUnit.objects.filter(is_closed if self.kind == "closed" else ~is_closed)
        if self.kind and self.kind != "closed":
            units = units.filter(kind=self.kind)
        if self.state == _UNPROVEN:
            units = units.exclude(list_state=ListState.PROVEN).exclude(mailing_list="")
        elif self.state:
            units = units.filter(state=self.state)
        if self.search:
            units = units.filter(Q(name__icontains=self.search) | Q(title__icontains=self.search))
        if self.vo:
            listed = VOSite.objects.filter(vo__name__iexact=self.vo).values("site")
            units = units.filter(
                Q(vo__name__iexact=self.vo) | Q(kind=UnitKind.SITE, site__in=listed)
            )
        if self.centre:
            units = units.filter(
                Q(operations_centre__name__iexact=self.centre)
                | Q(site__operations_centre__name__iexact=self.centre)
            )
        return units


def _ordered(units: QuerySet[SupportUnit], *, troubles_first: bool) -> QuerySet[SupportUnit]:
    units = units.annotate(
        rank=Case(*(When(kind=value, then=Value(rank)) for rank, value in enumerate(_KIND_ORDER))),
        member_count=Count("memberships", filter=Q(memberships__user__is_active=True)),
    )
    # 0 needs attention, 1 does not; all the same for those who cannot mend it
    trouble = Case(When(_TROUBLE, then=Value(0)), default=Value(1)) if troubles_first else Value(1)
    return units.annotate(trouble=trouble).order_by("trouble", "rank", "name")


def _after(units: QuerySet[SupportUnit], place: str) -> QuerySet[SupportUnit]:
    trouble, _colon, rest = place.partition(":")
    rank, colon, name = rest.partition(":")
    if not colon or not (_is_digit(trouble) and _is_digit(rank)):
        return units
    return units.filter(
        Q(trouble__gt=int(trouble))
        | Q(trouble=int(trouble), rank__gt=int(rank))
        | Q(trouble=int(trouble), rank=int(rank), name__gt=name[:100])
    )


def _is_digit(text: str) -> bool:
    return len(text) == 1 and text.isascii() and text.isdigit()


def _heading(unit: Any) -> str:
    return _("Need attention") if not unit.trouble else kind_heading(unit.kind)


def _choices(chosen: Filter) -> list[Choice]:
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
    return [
        Choice(label, chosen.url(kind=value), value == chosen.kind, str(count))
        for value, label, count in choices
        if count or value == chosen.kind
    ]


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
    for heading, line in lines:
        groups.setdefault(heading, []).append(line)
    return [UnitGroup(heading, found) for heading, found in groups.items()]
