"""Prove that a unit's mailing list is read: send the test mail, follow its link."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from juno_support.access import checked_inside, open_to_everyone
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.pages.unit_finding import find_to_change
from supportunits.actions import mailing_list
from supportunits.models import ListState, SupportUnit

_TONES = {
    ListState.PROVEN: "good",
    ListState.UNPROVEN: "warn",
    ListState.LAPSED: "warn",
    ListState.FAILING: "bad",
}


@dataclass(frozen=True, slots=True)
class ListWords:
    """What is known of a unit's list, ready to be written.

    :ivar test: the last test mail in words, or empty
    :ivar can_test: a test mail makes sense
    """

    pill: SafeString
    since: SafeString
    test: str
    can_test: bool


def list_words(unit: SupportUnit, now: datetime) -> ListWords | None:
    """Return what is known of the unit's list, or None where it has none. One query."""
    if not unit.mailing_list:
        return None
    test = mailing_list.latest_test(unit)
    words = ""
    if test is not None and test.followed_at is None:
        moments = {
            "sent": display.local_text(test.sent_at, now),
            "until": display.local_text(test.expires_at, now),
        }
        if now < test.expires_at:
            words = _("A test mail left on %(sent)s; its link works until %(until)s.") % moments
        else:
            words = _("Nobody followed the test mail of %(sent)s.") % moments
    return ListWords(
        pill=list_pill(unit),
        since=display.when(unit.list_proven_at, now) if unit.list_proven_at else SafeString(""),
        test=words,
        can_test=unit.list_state != ListState.PROVEN or bool(words),
    )


def list_pill(unit: SupportUnit) -> SafeString:
    """Return whether the unit's list is proven, as a dot and a word."""
    return display.pill(unit.get_list_state_display(), _TONES[ListState(unit.list_state)])


@require_POST
@checked_inside
def send_list_test(request: HttpRequest, name: str) -> HttpResponse:
    """Send a test mail to the unit's list; for its managers and admins."""
    unit = find_to_change(request, name)
    try:
        test = mailing_list.send_test(unit=unit, by=cast(User, request.user), at=clock.now())
    except SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("A test mail is on its way to %(address)s. One of its readers follows the link.")
            % {"address": test.address},
        )
    return redirect("units:unit", name=unit.name)


@require_http_methods(["GET", "HEAD", "POST"])
@open_to_everyone
def prove_list(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button that proves a list, or prove it; opening the link alone changes nothing.

    Open to everyone: the link went to the list and to nobody else, and its readers need no account.
    """
    now = clock.now()
    person = request.user if request.user.is_authenticated else None
    try:
        test = mailing_list.find_test(token, at=now)
        if request.method == "POST":
            mailing_list.prove(token=token, by=person, at=now)
            return redirect("units:prove", token=token)
    except mailing_list.LinkIsNoGood as error:
        return render(request, "pages/unit_prove.html", {"problem": error}, status=410)
    return render(
        request,
        "pages/unit_prove.html",
        {
            "unit": test.unit,
            "address": test.address,
            "is_proven": test.followed_at is not None,
            "followed": display.when(test.followed_at, now),
            "is_signed_in": person is not None,
        },
    )
