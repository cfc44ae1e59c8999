"""Signing the portal in to DiracX: an admin confirms in a browser, the portal keeps the login."""

from dataclasses import dataclass
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect
from kombu.exceptions import OperationalError

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from juno_support.feeds.configuration import Configuration, configuration_for
from juno_support.feeds.registry import find_kind
from juno_support.feeds.tasks import poll_source
from juno_support.lib import clock, display
from juno_support.lib.faults import CredentialRefused, FetchFault
from juno_support.lib.http import without_password
from juno_support.lib.text import show_bidi
from monitoring.actions import diracx_login
from supportunits import policies

SOURCE = "diracx"


@dataclass(frozen=True)
class LoginLine:
    """How the login stands: a word, and what is wrong with it."""

    state: SafeString
    problem: str
    identity: str
    signed_in: SafeString | str
    signed_in_by: str
    refreshed: SafeString | str


@require_safe
@allowed_if(policies.is_admin)
def login(request: HttpRequest) -> HttpResponse:
    """Show how the login stands; while one waits to be confirmed, its code and link."""
    return _show(request)


@require_POST
@allowed_if(policies.is_admin)
def begin(request: HttpRequest) -> HttpResponse:
    """Begin a login."""
    try:
        diracx_login.begin(configuration=_in_force(), by=cast(User, request.user), at=clock.now())
    except FetchFault as fault:
        return _show(request, problem=fault.reason, status=422)
    return redirect("sources:diracx-login")


@require_POST
@allowed_if(policies.is_admin)
def check(request: HttpRequest) -> HttpResponse:
    """Ask whether the login was confirmed; the page does so by itself every few seconds."""
    configuration = _in_force()
    try:
        done = diracx_login.finish(
            configuration=configuration, by=cast(User, request.user), at=clock.now()
        )
    except CredentialRefused as refusal:
        return _show(request, problem=refusal.reason, status=422)
    except FetchFault as fault:
        # It may answer the next time: the code stays as it is.
        return _show(request, waiting=fault.reason)
    if done is None:
        return _show(request, waiting=_("DiracX says that nobody has confirmed yet."))
    messages.success(
        request,
        _("The portal is signed in to DiracX as %(name)s.") % {"name": show_bidi(done.identity)}
        if done.identity
        else _("The portal is signed in to DiracX."),
    )
    try:
        poll_source.apply_async(kwargs={"name": SOURCE, "force": True}, retry=False)
    except OperationalError:
        messages.warning(request, _("The worker cannot be reached, so nothing is polled yet."))
    address = f"{reverse('sources:list')}#{SOURCE}"
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(address)
    return redirect(address)


@require_POST
@allowed_if(policies.is_admin)
def end(request: HttpRequest) -> HttpResponse:
    """End the login."""
    diracx_login.forget(configuration=_in_force(), at=clock.now())
    messages.success(request, _("The portal is no longer signed in to DiracX."))
    return redirect("sources:diracx-login")


def login_line(configuration: Configuration) -> LoginLine:
    """Say how the login stands; for this page and the page of sources."""
    now = clock.now()
    kept = diracx_login.login_of(configuration)
    problem = diracx_login.why_unusable(kept, configuration) if configuration.url else ""
    if kept is None:
        state = display.pill(_("not signed in"), "warn")
    elif problem:
        state = display.pill(_("re-login needed"), "bad")
    else:
        state = display.pill(_("signed in"), "good")
    return LoginLine(
        state=state,
        problem=show_bidi(problem),
        identity=show_bidi(kept.identity) if kept else "",
        signed_in=display.when(kept.signed_in_at, now) if kept else "",
        signed_in_by=kept.signed_in_by if kept else "",
        refreshed=display.when(kept.refreshed_at, now) if kept else "",
    )


def _show(
    request: HttpRequest, *, problem: str = "", waiting: str = "", status: int = 200
) -> HttpResponse:
    configuration = _in_force()
    now = clock.now()
    begun = diracx_login.begun_login(configuration, at=now)
    context = {
        "login": login_line(configuration),
        "has_login": diracx_login.login_of(configuration) is not None,
        "begun": begun,
        "ends": display.left_text(begun.ends_at, now) if begun else "",
        "address": without_password(configuration.url),
        "vo": configuration.option("vo"),
        "group": configuration.option("group"),
        "problem": show_bidi(problem),
        "waiting": show_bidi(waiting),
    }
    return render(request, "feeds/diracx_login.html", context, status=status)


def _in_force() -> Configuration:
    """Return what is in force; to look at it makes no row."""
    return configuration_for(find_kind(SOURCE))
