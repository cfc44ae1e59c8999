"""Shifts as a private iCalendar document (RFC 5545): updates and cancellations included."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Max, Model, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from juno_support.access import open_to_everyone
from juno_support.lib import clock
from supportunits.actions.shift_people import find_link
from supportunits.models import CalendarLink, Shift, ShiftType

BACK = timedelta(days=60)
# Calendars ask every hour or so; what was taken away longer ago they have forgotten already.
CANCELLED_BACK = timedelta(days=60)
MOST = 2000
REFRESH = timedelta(hours=1)
Edit = tuple[int, datetime]


@require_safe
@open_to_everyone
def shifts_feed(request: HttpRequest) -> HttpResponse:
    """Answer with the shifts of a private address (``?token=``): one's own, a VO's or a type's.

    The token says whose it is; an unknown, ended or expired one is 404.
    """
    now = clock.now()
    link = find_link(request.GET.get("token", "")[:200], at=now)
    if link is None:
        raise Http404
    answer = HttpResponse(document(link, now), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="shifts.ics"'
    answer["Cache-Control"] = "private, max-age=300"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def document(link: CalendarLink, now: datetime) -> bytes:
    """Return the document of a link. A shift that went to somebody else, or off the rota, stays
    in it for sixty days as cancelled, so that calendars take it away; one to come of a type that
    was put out of use is cancelled, too.
    """
    mine = _wanted(link)
    shifts = (
        Shift.objects.filter(mine, ends_at__gt=now - BACK)
        .select_related("type__vo", "person")
        .order_by("starts_at", "pk")[:MOST]
    )
    there = list(shifts)
    gone = _gone(link, {shift.pk for shift in there}, now)
    edits = _edits(Shift, (shift.pk for shift in there))
    of_types = _edits(ShiftType, {shift.type_id for shift in there} | {row.type_id for row in gone})
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//JUNO Support//Shifts//EN")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", _title(link))
    calendar.add("x-wr-calname", _title(link))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for shift in there:
        edit = _sum(edits.get(shift.pk, (0, shift.starts_at)), of_types.get(shift.type_id))
        if shift.type.is_active or shift.ends_at <= now:
            event = _event(shift, *edit, is_own=link.vo_id is None)
        else:
            event = _cancelled(shift.pk, *edit, shift.starts_at, shift.ends_at)
        calendar.add_component(event)
    for row in gone:
        edit = _sum((row.number - 1, row.last), of_types.get(row.type_id))
        calendar.add_component(_cancelled(row.pgh_obj_id, *edit, row.starts_at, row.ends_at))
    document: bytes = calendar.to_ical(sorted=True)
    return document


def _wanted(link: CalendarLink) -> Q:
    if link.type_id is not None:
        return Q(type=link.type_id)
    if link.vo_id is not None:
        return Q(type__vo=link.vo_id)
    return Q(person=link.owner_id)


def _title(link: CalendarLink) -> str:
    if link.type is not None:
        return _("Shifts: %(vo)s, %(type)s") % {"vo": link.vo, "type": link.type}
    if link.vo is not None:
        return _("Shifts: %(vo)s") % {"vo": link.vo}
    return _("My shifts")


def _edits(model: type[Model], keys: Iterable[int]) -> dict[int, Edit]:
    """Return how often each row was changed by its trace, and when last: one query."""
    rows = (
        _events(model)
        .filter(pgh_obj_id__in=list(keys))
        .values("pgh_obj_id")
        .annotate(number=Count("pgh_id") - 1, last=Max("pgh_created_at"))
    )
    return {row["pgh_obj_id"]: (row["number"], row["last"]) for row in rows}


def _sum(of_shift: Edit, of_type: Edit | None) -> Edit:
    """Return how often an event of the calendar changed: with the shift, and with its type."""
    number, at = of_type or (0, of_shift[1])
    return of_shift[0] + number, max(of_shift[1], at)


def _gone(link: CalendarLink, there: set[int], now: datetime) -> list[Any]:
    """Return what the calendar held and holds no more: the last event of each that fitted.

    The trace of the rota says what was whose.
    """
    events = _events(Shift)
    newest = events.filter(pgh_obj_id=OuterRef("pgh_obj_id")).order_by("-pgh_id")
    numbers = Subquery(
        newest.order_by().values("pgh_obj_id").annotate(number=Count("pgh_id")).values("number")[:1]
    )
    if link.vo_id is None:
        fits = events.filter(person_id=link.owner_id)
    else:
        kinds = ShiftType.objects.filter(vo=link.vo_id)
        if link.type_id is not None:
            kinds = kinds.filter(pk=link.type_id)
        fits = events.filter(type_id__in=list(kinds.values_list("pk", flat=True)))
    since = now - CANCELLED_BACK
    return list(
        fits.filter(pgh_created_at__gt=since)
        .exclude(pgh_obj_id__in=there)
        .annotate(number=numbers, last=Subquery(newest.values("pgh_created_at")[:1]))
        .order_by("pgh_obj_id", "-pgh_id")
        .distinct("pgh_obj_id")[:MOST]
    )


def _events(model: type[Model]) -> Any:
    return model.pgh_event_model.objects.all()  # type: ignore[attr-defined]


def _event(shift: Shift, sequence: int, changed_at: datetime, *, is_own: bool) -> Event:
    event = _frame(shift.pk, sequence, changed_at, shift.starts_at, shift.ends_at)
    event.add("status", "CONFIRMED")
    name = str(shift.person) if shift.person else _("nobody")
    what = f"{shift.type.vo.name}: {shift.type.name}"
    event.add("summary", what if is_own else f"{what}, {name}")
    event.add("transp", "OPAQUE" if is_own else "TRANSPARENT")
    address = reverse("shifts:shift", args=[shift.pk])
    event.add("url", f"{settings.JUNO_BASE_URL}{address}")
    return event


def _cancelled(
    key: int, sequence: int, changed_at: datetime, starts_at: datetime, ends_at: datetime
) -> Event:
    event = _frame(key, sequence, changed_at, starts_at, ends_at)
    event.add("status", "CANCELLED")
    event.add("summary", _("Cancelled: shift"))
    event.add("transp", "TRANSPARENT")
    return event


def _frame(
    key: int, sequence: int, changed_at: datetime, starts_at: datetime, ends_at: datetime
) -> Event:
    event = Event()
    host = urlsplit(settings.JUNO_BASE_URL).hostname or "localhost"
    event.add("uid", f"shift-{key}@{host}")
    # A calendar without METHOD: then DTSTAMP says the same as LAST-MODIFIED (RFC 5545, 3.8.7.2).
    event.add("dtstamp", _utc(changed_at))
    event.add("last-modified", _utc(changed_at))
    event.add("sequence", sequence)
    event.add("dtstart", _utc(starts_at))
    event.add("dtend", _utc(ends_at))
    return event


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
