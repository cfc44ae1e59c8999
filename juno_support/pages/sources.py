"""The page of sources: how old our picture is, and what went wrong where."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from juno_support.access import allowed_if, is_signed_in
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds import actions, queries, vault
from juno_support.feeds.forms import SourceForm
from juno_support.feeds.queries import Standing
from juno_support.feeds.registry import UnknownSource
from juno_support.feeds.tasks import poll_source
from juno_support.lib import clock
from juno_support.pages.source_lines import source_line
from juno_support.pages.source_trace import parts_of_sources
from monitoring.names import unmapped_by_namespace
from supportunits import policies


@require_safe
@allowed_if(is_signed_in)
def source_list(request: HttpRequest) -> HttpResponse:
    """Show for each source how its last polls went and how old its data are."""
    return _show(request)


@require_POST
@allowed_if(policies.is_admin)
def poll_now(request: HttpRequest, name: str) -> HttpResponse:
    """Ask the worker to poll a source now; with ``trust`` also what was suspicious is taken."""
    standing = _find(name)
    if standing.kind.is_pushed:
        raise Http404
    trust = "trust" in request.POST
    try:
        poll_source.apply_async(kwargs={"name": name, "force": True, "trust": trust}, retry=False)
    except OperationalError:
        messages.error(
            request,
            _("The worker cannot be reached, so nothing is polled. On the server: %(command)s")
            % {"command": f"manage.py poll {name}"},
        )
    else:
        messages.success(
            request,
            _("%(source)s is being polled; the result appears here.")
            % {"source": standing.kind.title},
        )
    return redirect(f"{reverse('sources:list')}#{name}")


@require_POST
@allowed_if(policies.is_admin)
def configure(request: HttpRequest, name: str) -> HttpResponse:
    """Set address, interval and switch of a source."""
    standing = _find(name)
    form = SourceForm(
        standing.configuration, request.POST, secrets_set=vault.names(standing.source)
    )
    if form.is_valid():
        try:
            actions.configure_source(
                source=standing.source,
                url=form.cleaned_data.get("url", ""),
                interval=form.interval,
                is_enabled=form.cleaned_data["is_enabled"],
                options=form.options,
                secrets=form.secrets,
                by=cast(User, request.user),
                at=clock.now(),
            )
        except SupportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(source)s is set.") % {"source": standing.kind.title})
            return redirect(f"{reverse('sources:list')}#{name}")
    return _show(request, wrong={name: form}, status=422)


def _find(name: str) -> Standing:
    try:
        return queries.standing_of(name, clock.now())
    except UnknownSource:
        raise Http404 from None


def _show(
    request: HttpRequest, *, wrong: dict[str, SourceForm] | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    is_admin = policies.is_admin(request.user)
    sees_details = policies.may_see_addresses(request.user)
    standings = queries.standings(now)
    secrets = vault.names_by_source()
    names = unmapped_by_namespace() if is_admin else {}
    lines = [
        source_line(
            standing,
            now,
            sees_details=sees_details,
            form=(wrong or {}).get(standing.kind.name)
            or SourceForm(
                standing.configuration,
                secrets_set=secrets.get(standing.kind.name, frozenset()),
            ),
            names=names,
        )
        for standing in standings
    ]
    return render(
        request,
        "feeds/sources.html",
        {
            "sources": lines,
            "is_admin": is_admin,
            "sees_details": sees_details,
            "wrong": set(wrong or {}),
            "unmapped": sum(names.values()),
            "trace": trace(request, parts_of_sources(), sees_addresses=True) if is_admin else None,
        },
        status=status,
    )
