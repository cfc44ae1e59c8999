"""The outbox page for admins, and the demo's mail catcher."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if, open_to_everyone
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display, text
from juno_support.lib.text import whole_number
from juno_support.outbox import actions, catcher, queries, sending, smime
from juno_support.outbox.models import CaughtMail, Channel, Delivery, DeliveryState
from juno_support.outbox.policies import may_see_outbox

# Later than this the worker or beat does not run.
LATE = timedelta(minutes=2)
ALL = "all"

TONES: dict[str, str] = {
    DeliveryState.WAITING: "info",
    DeliveryState.SENT: "good",
    DeliveryState.FAILED: "bad",
    DeliveryState.CANCELLED: "neutral",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the outbox, ready to be written."""

    number: int
    address: str
    way: str
    reason: str
    subject: str
    ticket_url: str
    state: SafeString
    written: SafeString
    story: str
    may_try: bool
    may_cancel: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One choice of the list."""

    label: str
    url: str
    current: bool
    count: str = ""


@require_safe
@allowed_if(may_see_outbox)
def outbox(request: HttpRequest) -> HttpResponse:
    """Show what was given up, waits, was sent or cancelled; find it by address or ticket."""
    now = clock.now()
    state = request.GET.get("state", DeliveryState.FAILED)
    if state not in DeliveryState.values:
        state = ALL
    search = request.GET.get("q", "").strip()[:320]
    page = queries.deliveries(
        state="" if state == ALL else state,
        search=search,
        before=whole_number(request.GET.get("before")),
    )
    counts = queries.counts()
    here = reverse("outbox:outbox")
    question = {"state": state} | ({"q": search} if search else {})
    return render(
        request,
        "outbox/outbox.html",
        {
            "lines": [_line(row, now) for row in page.rows],
            "tabs": [
                Tab(
                    label=label,
                    url=f"{here}?{urlencode(question | {'state': value})}",
                    current=value == state,
                    count=counts.get(value, ""),
                )
                for value, label in (
                    (DeliveryState.FAILED, _("Given up")),
                    (DeliveryState.WAITING, _("Waiting")),
                    (DeliveryState.SENT, _("Sent")),
                    (DeliveryState.CANCELLED, _("Cancelled")),
                    (ALL, _("All")),
                )
            ],
            "state": state,
            "search": search,
            "fresh": _freshness(now),
            "signing": smime.standing(now),
            "empty": _nothing_here(state, search),
            "may_try_all": state == DeliveryState.FAILED and not search and page.rows,
            "back": request.get_full_path(),
            "pager": _pager(request, here, question, page.older),
            "is_demo": settings.JUNO_DEMO,
        },
    )


@require_POST
@allowed_if(may_see_outbox)
def decide(request: HttpRequest) -> HttpResponse:
    """Try one mail again, all that were given up, or cancel one."""
    by, now = cast(User, request.user), clock.now()
    try:
        if number := whole_number(request.POST.get("again")):
            actions.try_again(delivery_id=number, by=by, at=now)
            messages.success(request, _("The mail is tried again now."))
        elif number := whole_number(request.POST.get("cancel")):
            actions.cancel(delivery_id=number, by=by, at=now)
            messages.success(request, _("The mail is cancelled; nobody gets it."))
        elif "all" in request.POST:
            many = actions.try_all_again(by=by, at=now)
            messages.success(
                request,
                ngettext(
                    "%(n)d mail is tried again now.",
                    "%(n)d mails are tried again now.",
                    many,
                )
                % {"n": many},
            )
    except Delivery.DoesNotExist:
        raise Http404 from None
    except SupportError as error:
        messages.error(request, str(error))
    back = request.POST.get("back", "")
    here = reverse("outbox:outbox")
    return redirect(back if back.split("?")[0] == here else here)


@require_safe
@open_to_everyone
@never_cache
def caught_list(request: HttpRequest) -> HttpResponse:
    """Show what the demo's mail catcher took, newest first; only in the demo."""
    _only_in_the_demo()
    now = clock.now()
    address = request.GET.get("to", "").strip()[:320]
    page = queries.caught(address=address, before=whole_number(request.GET.get("before")))
    return render(
        request,
        "outbox/caught_list.html",
        {
            "mails": [
                {
                    "url": reverse("outbox:caught-mail", args=[row.pk]),
                    "subject": row.subject or _("(no subject)"),
                    "to": row.to_address,
                    "begins": _beginning(getattr(row, "begins", "")),
                    "age": display.age(row.caught_at, now),
                }
                for row in page.rows
            ],
            "address": address,
            "pager": _pager(
                request,
                reverse("outbox:caught"),
                {"to": address} if address else {},
                page.older,
            ),
        },
    )


@require_safe
@open_to_everyone
@never_cache
def caught_mail(request: HttpRequest, number: int) -> HttpResponse:
    """Show one mail as its reader gets it: plain text, its links to follow; only in the demo."""
    _only_in_the_demo()
    mail = get_object_or_404(CaughtMail, pk=number)
    shown = ("From", "Date", "Message-ID", "In-Reply-To", "Reply-To")
    headers = [(name, mail.headers[name]) for name in shown if name in mail.headers]
    headers += [(name, value) for name, value in mail.headers.items() if name.startswith("X-JUNO-")]
    return render(
        request,
        "outbox/caught_mail.html",
        {
            "mail": mail,
            "subject": mail.subject or _("(no subject)"),
            "caught": display.when(mail.caught_at, clock.now()),
            "headers": headers,
            "same_address": f"{reverse('outbox:caught')}?{urlencode({'to': mail.to_address})}",
        },
    )


@csrf_exempt
@require_POST
@open_to_everyone
@never_cache
def catch_call(request: HttpRequest) -> HttpResponse:
    """Take a call as a gateway to phones would; only in the demo, whose phones ring here."""
    _only_in_the_demo()
    try:
        said = catcher.catch_call(request.body, request.headers, at=clock.now())
    except ValueError as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain")
    return HttpResponse(f"{said}\n", content_type="text/plain")


def _only_in_the_demo() -> None:
    # Anybody may read these mails, links that sign people in included: never outside the demo.
    if not settings.JUNO_DEMO:
        raise Http404


def _beginning(words: str) -> str:
    """Return the first paragraphs of a mail on one line."""
    return text.shorten(" · ".join(part.strip() for part in words.split("\n\n")), 140)


def _line(row: Delivery, now: datetime) -> Line:
    return Line(
        number=row.pk,
        address=text.show_bidi(row.to_address),
        way="" if row.channel == Channel.MAIL else row.get_channel_display(),
        reason=row.reason,
        subject=text.show_bidi(row.subject),
        ticket_url=f"/tickets/{row.about_ticket}/" if row.about_ticket else "",
        state=display.pill(row.get_state_display(), TONES[row.state]),
        written=display.when(row.created_at, now),
        story=_story(row, now),
        may_try=row.state in (DeliveryState.FAILED, DeliveryState.CANCELLED)
        or (row.state == DeliveryState.WAITING and row.next_attempt_at > now),
        may_cancel=row.state in (DeliveryState.WAITING, DeliveryState.FAILED),
    )


def _story(row: Delivery, now: datetime) -> str:
    attempts = ngettext("%(n)d attempt", "%(n)d attempts", row.attempts) % {"n": row.attempts}
    match row.state:
        case DeliveryState.SENT:
            answer = text.show_bidi(row.answer)
            if row.sent_at is None or row.attempts <= 1:
                return answer
            after = _("after %(attempts)s") % {"attempts": attempts}
            return f"{answer} ({after})" if answer else after
        case DeliveryState.WAITING if row.attempts:
            return _("%(error)s (%(attempts)s; next %(age)s)") % {
                "error": row.error,
                "attempts": attempts,
                "age": display.age_text(row.next_attempt_at, now),
            }
        case DeliveryState.FAILED:
            return f"{row.error} ({attempts})" if row.attempts else row.error
    return row.error


def _freshness(now: datetime) -> dict[str, object]:
    fresh = queries.freshness(now)
    return {
        "last_sent": display.when(fresh.last_sent_at, now),
        "has_sent": fresh.last_sent_at is not None,
        "late_since": display.local_text(fresh.due_since, now)
        if fresh.due_since is not None and now - fresh.due_since > LATE
        else "",
        "attempts": sending.MOST_ATTEMPTS,
    }


def _nothing_here(state: str, search: str) -> dict[str, str]:
    if search:
        return {
            "title": _("No mail fits."),
            "text": _("Search by a ticket's number or a part of an address, or look under All."),
        }
    words: dict[str, dict[str, str]] = {
        DeliveryState.FAILED: {
            "title": _("Nothing was given up."),
            "text": _("Mails that a server refused for good, or that failed too often."),
        },
        DeliveryState.WAITING: {
            "title": _("Nothing waits."),
            "text": _("Mails that were written and that no server has taken yet."),
        },
        DeliveryState.CANCELLED: {
            "title": _("Nothing was cancelled."),
            "text": _("Mails that an admin decided not to send."),
        },
    }
    return words.get(
        state,
        {"title": _("No mail yet."), "text": _("What the portal sends by mail stands here.")},
    )


def _pager(
    request: HttpRequest, here: str, question: dict[str, str], older: int | None
) -> dict[str, str]:
    pager = {"older": "", "newer": "", "note": ""}
    if older is not None:
        pager["older"] = f"{here}?{urlencode(question | {'before': str(older)})}"
    if "before" in request.GET:
        # Keyset pages go forward; back is the browser's, and this leads to the beginning.
        pager["newer"] = f"{here}?{urlencode(question)}"
    return pager
