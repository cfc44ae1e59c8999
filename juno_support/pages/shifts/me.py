"""What a shifter says of oneself: contact, waking hours, absences and wishes, private calendars."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, is_signed_in
from juno_support.accounts.audit import page_of
from juno_support.accounts.audit_lines import lines
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import whole_number
from juno_support.pages.shifts.find import person
from juno_support.pages.shifts.forms import CalendarForm, ContactForm, WishForm
from supportunits import changes
from supportunits.actions import shift_people
from supportunits.models import VO, CalendarLink, OnCallContact, ShiftWish
from supportunits.shift_changes import parts_of_wishes

CHANGES_SHOWN = 10


@require_safe
@allowed_if(is_signed_in)
def my_page(request: HttpRequest) -> HttpResponse:
    """Show the reader's own contact, absences and wishes, and calendar addresses."""
    return _show(request)


@require_POST
@allowed_if(is_signed_in)
def change_contact(request: HttpRequest) -> HttpResponse:
    """Say how one is reached while on call, and when one is awake."""
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _show(request, contact=form)
    user = person(request)
    shift_people.set_contact(user=user, by=user, at=clock.now(), **form.cleaned_data)
    messages.success(request, _("Saved. Supporters and shifters see it while you are on call."))
    return redirect("shifts:me")


@require_POST
@allowed_if(is_signed_in)
def change_wishes(request: HttpRequest) -> HttpResponse:
    """Name days of absence or wishes, or take them back."""
    user = person(request)
    if "remove" in request.POST:
        key = whole_number(request.POST["remove"])
        wish = get_object_or_404(ShiftWish, user=user, pk=key)
        shift_people.remove_wish(wish=wish, by=user, at=clock.now())
        messages.success(request, _("Taken back."))
        return redirect(reverse("shifts:me") + "#wishes")
    form = WishForm(request.POST)
    if form.is_valid():
        try:
            shift_people.add_wish(user=user, by=user, at=clock.now(), **form.cleaned_data)
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The next plan respects it."))
            return redirect(reverse("shifts:me") + "#wishes")
    return _show(request, wish=form)


@require_POST
@allowed_if(is_signed_in)
def change_calendars(request: HttpRequest) -> HttpResponse:
    """Make a private address of a calendar, which is shown this once, or end one."""
    user, now = person(request), clock.now()
    if "end" in request.POST:
        key = whole_number(request.POST["end"])
        link = get_object_or_404(CalendarLink, owner=user, pk=key)
        shift_people.end_calendar_link(link=link, by=user, at=now)
        messages.success(request, _("That address leads nowhere now."))
        return redirect(reverse("shifts:me") + "#calendars")
    form = CalendarForm(_vos(), request.POST)
    if form.is_valid():
        vo, kind = form.chosen()
        try:
            _link, token = shift_people.make_calendar_link(
                owner=user, vo=vo, kind=kind, by=user, at=now
            )
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            return _show(request, token=token)
    return _show(request, calendar=form)


def _vos() -> list[VO]:
    return list(VO.objects.filter(shift_types__is_active=True).distinct().order_by("name"))


def _show(
    request: HttpRequest,
    *,
    contact: ContactForm | None = None,
    wish: WishForm | None = None,
    calendar: CalendarForm | None = None,
    token: str = "",
) -> HttpResponse:
    user, now = person(request), clock.now()
    known = OnCallContact.objects.filter(user=user).first()
    initial: dict[str, Any] = {}
    if known:
        initial = {
            "phone": known.phone,
            "im_address": known.im_address,
            "wakes_at": known.wakes_at,
            "sleeps_at": known.sleeps_at,
        }
    wishes = ShiftWish.objects.filter(user=user, last_day__gte=now.date()).order_by("first_day")
    links = CalendarLink.objects.filter(owner=user, expires_at__gt=now).select_related("vo", "type")
    parts = [part for part in changes.parts_of_person(user) if part.model is OnCallContact]
    parts += parts_of_wishes(user.pk)
    address = f"{settings.JUNO_BASE_URL}{reverse('calendar-shifts')}?token={token}"
    return render(
        request,
        "shifts/me.html",
        {
            "contact_form": contact or ContactForm(initial=initial),
            "zone": user.time_zone,
            "wish_form": wish or WishForm(),
            "wishes": [
                {
                    "key": one.pk,
                    "kind": one.get_kind_display(),
                    "first": one.first_day.isoformat(),
                    "last": one.last_day.isoformat() if one.last_day != one.first_day else "",
                }
                for one in wishes
            ],
            "calendar_form": calendar or CalendarForm(_vos()),
            "links": [
                {
                    "key": link.pk,
                    "what": f"{link.vo}: {link.type}"
                    if link.type
                    else str(link.vo or _("your shifts")),
                    "made": display.when(link.made_at, now),
                    "ends": display.when(link.expires_at, now),
                }
                for link in links.order_by("-pk")
            ],
            "address": address if token else "",
            "changes": lines(page_of(parts, sees_addresses=True, size=CHANGES_SHOWN).changes, now),
        },
        status=422 if contact or wish or calendar else 200,
    )
