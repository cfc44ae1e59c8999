"""Sources that tell by themselves: making one, its token, and lists of link events by hand."""

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds import pushed
from juno_support.feeds.configuration import configuration_of
from juno_support.feeds.forms import PushedSourceForm
from juno_support.feeds.models import PushToken, Source
from juno_support.feeds.registry import PUSHED
from juno_support.lib import clock, display
from juno_support.lib.text import show_bidi
from monitoring.actions import push_statuses
from monitoring.forms import EventListForm
from monitoring.matching import Atlas
from monitoring.observations import EntityKind, Name
from monitoring.parsers.pushed import PushedEvent, PushedEvents, read_csv
from monitoring.statuses import Status
from supportunits import policies

ROWS_SHOWN = 200
TONES = {
    Status.OK: "good",
    Status.WARNING: "warn",
    Status.CRITICAL: "bad",
    Status.DOWN: "bad",
    Status.MAINTENANCE: "info",
    Status.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class EventLine:
    """One event of a list that is about to be taken."""

    row: int
    link: str
    state: SafeString
    since: SafeString
    until: SafeString | str
    reference: str
    is_known: bool


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.is_admin)
def new(request: HttpRequest) -> HttpResponse:
    """Make a source; its token is on the answer to the form, and nowhere else later."""
    form = PushedSourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            source, token = pushed.make_source(
                word=form.cleaned_data["word"].strip(),
                interval=form.interval,
                namespace=form.cleaned_data["namespace"].strip(),
                by=cast(User, request.user),
                at=clock.now(),
            )
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            return _show(request, source, token=token)
    status = 422 if request.method == "POST" else 200
    return render(request, "feeds/push_new.html", {"form": form}, status=status)


@require_safe
@allowed_if(policies.is_admin)
def show(request: HttpRequest, name: str) -> HttpResponse:
    """Show how to push to a source, its token's age, and a form for lists."""
    return _show(request, _find(name))


@require_POST
@allowed_if(policies.is_admin)
def issue(request: HttpRequest, name: str) -> HttpResponse:
    """Give a source a new token; the old one ends."""
    source = _find(name)
    token = pushed.issue_token(source=source, by=cast(User, request.user), at=clock.now())
    return _show(request, source, token=token)


@require_POST
@allowed_if(policies.is_admin)
def revoke(request: HttpRequest, name: str) -> HttpResponse:
    """Take a source's token away."""
    source = _find(name)
    pushed.revoke_token(source=source, by=cast(User, request.user), at=clock.now())
    messages.success(request, _("The token is revoked; nobody can push until there is a new one."))
    return redirect("sources:push-source", source.name)


@require_POST
@allowed_if(policies.is_admin)
def upload(request: HttpRequest, name: str) -> HttpResponse:
    """Show what a list of link events would do; take it when the person has looked."""
    source = _find(name)
    form = EventListForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, source, form=form, status=422)
    text: str = form.cleaned_data["list"]
    at = clock.now()
    try:
        told = read_csv(text, at=at)
    except ValueError as error:
        form.add_error(None, str(error))
        return _show(request, source, form=form, status=422)
    if "confirm" not in request.POST or not told.events:
        return _preview(request, source, text, told)
    done = push_statuses.push(source=source, told=told, body=text.encode(), at=at)
    messages.success(
        request,
        ngettext("%(n)d event was taken", "%(n)d events were taken", done.accepted)
        % {"n": done.accepted}
        + ngettext(", %(n)d state changed.", ", %(n)d states changed.", done.changed)
        % {"n": done.changed},
    )
    return redirect(f"{reverse('sources:list')}#{source.name}")


def _find(name: str) -> Source:
    source = Source.objects.filter(name=name).first() if name.startswith(PUSHED) else None
    if source is None:
        raise Http404
    return source


def _show(
    request: HttpRequest,
    source: Source,
    *,
    token: str = "",
    form: EventListForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    row = PushToken.objects.select_related("made_by").filter(source=source).first()
    context: dict[str, Any] = {
        "source": source,
        "token": token,
        "has_token": row is not None,
        "token_made": display.when(row.made_at, now) if row else "",
        "token_by": show_bidi(row.made_by.name) if row and row.made_by else "",
        "address": settings.JUNO_BASE_URL + reverse("api:push-events", args=[source.name]),
        "namespace": configuration_of(source).option("namespace") or source.name,
        "interval": display.duration_text(source.interval),
        "form": form or EventListForm(),
    }
    response = render(request, "feeds/push_source.html", context, status=status)
    if token:
        response["Cache-Control"] = "no-store"
    return response


def _preview(request: HttpRequest, source: Source, text: str, told: PushedEvents) -> HttpResponse:
    now = clock.now()
    atlas = Atlas(str(configuration_of(source).option("namespace")) or source.name, {})

    def line(event: PushedEvent) -> EventLine:
        return EventLine(
            row=event.row,
            link=show_bidi(event.name),
            state=display.pill(str(event.status.label), TONES[event.status]),
            since=display.when(event.since, now),
            until=display.when(event.until, now) if event.until else _("still so"),
            reference=show_bidi(str(event.details.get("reference", ""))),
            is_known=atlas.match(Name(EntityKind.LINK.value, event.name)).is_known,
        )

    lines = [line(event) for event in told.events]
    return render(
        request,
        "feeds/push_preview.html",
        {
            "source": source,
            "form": EventListForm(initial={"text": text}),
            "lines": lines[:ROWS_SHOWN],
            "count": len(lines),
            "more": max(0, len(lines) - ROWS_SHOWN),
            "unknown": sorted({one.link for one in lines if not one.is_known}),
            "refused": [(refusal.row, show_bidi(refusal.reason)) for refusal in told.refused],
            "text": text,
        },
        status=200 if lines else 422,
    )
