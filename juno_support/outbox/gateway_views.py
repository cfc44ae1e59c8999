"""The pages of gateways to phones: what there is, change one, try one."""

from typing import Any, cast
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts import audit_lines
from juno_support.accounts.audit import Part
from juno_support.accounts.models import User
from juno_support.lib import clock, display
from juno_support.lib.http import without_password
from juno_support.lib.text import show_bidi
from juno_support.outbox import gateways
from juno_support.outbox.gateway_form import GatewayForm, TryForm
from juno_support.outbox.models import Channel, Delivery, Gateway, GatewaySecret
from juno_support.outbox.policies import may_see_outbox
from juno_support.outbox.views import TONES


@require_safe
@allowed_if(may_see_outbox)
def gateway_list(request: HttpRequest) -> HttpResponse:
    """Show the gateways, each with what became of its last call, and what was changed."""
    now = clock.now()
    last = {
        row.gateway_id: row
        for row in Delivery.objects.filter(gateway__isnull=False)
        .order_by("gateway_id", "-pk")
        .distinct("gateway_id")
    }
    signed = set(GatewaySecret.objects.values_list("gateway_id", flat=True))
    lines = [
        {
            "row": row,
            "where": show_bidi(without_password(row.url) or row.pattern),
            "kind": row.get_channel_display(),
            "is_unsigned": row.channel == Channel.WEBHOOK and row.pk not in signed,
            "last": _last(last.get(row.pk), now),
        }
        for row in Gateway.objects.order_by("name")
    ]
    trace = audit_lines.trace(request, parts_of_gateways(), sees_addresses=True)
    return render(request, "outbox/gateways.html", {"lines": lines, "trace": trace})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(may_see_outbox)
def new_gateway(request: HttpRequest) -> HttpResponse:
    """Make a gateway."""
    return _form_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(may_see_outbox)
@never_cache
def gateway(request: HttpRequest, number: int) -> HttpResponse:
    """Change a gateway, and try it."""
    return _form_page(request, get_object_or_404(Gateway, pk=number))


@require_POST
@allowed_if(may_see_outbox)
@never_cache
def try_gateway(request: HttpRequest, number: int) -> HttpResponse:
    """Send a test through a gateway now, and say what happened."""
    row = get_object_or_404(Gateway, pk=number)
    form = TryForm(request.POST)
    if not form.is_valid():
        return _page(request, row, GatewayForm(gateway=row), tries=form, status=422)
    by = cast(User, request.user)
    try:
        tried = gateways.try_out(
            gateway=row,
            target=form.cleaned_data["target"],
            key=form.cleaned_data["key"],
            by=by,
            now=clock.now,
        )
    except gateways.NotAGateway as error:
        form.add_error("target", str(error))
        return _page(request, row, GatewayForm(gateway=row), tries=form, status=422)
    again = TryForm(initial={"target": form.cleaned_data["target"], "key": uuid4()})
    return _page(request, row, GatewayForm(gateway=row), tries=again, tried=tried)


def parts_of_gateways() -> tuple[Part, ...]:
    """Return what is told of the changes of gateways."""
    return (
        Part(
            Gateway,
            {},
            noun=gettext_lazy("gateway %(name)s"),
            words={
                "name": gettext_lazy("name"),
                "channel": gettext_lazy("what it is"),
                "is_active": gettext_lazy("in use"),
                "url": gettext_lazy("address"),
                "pattern": gettext_lazy("pattern"),
            },
            quiet={"created_at"},
        ),
    )


def _form_page(request: HttpRequest, row: Gateway | None) -> HttpResponse:
    if request.method != "POST":
        return _page(request, row, GatewayForm(gateway=row))
    form = GatewayForm(request.POST, gateway=row)
    if form.is_valid():
        try:
            saved = gateways.save(
                gateway=row, by=cast(User, request.user), at=clock.now(), **form.arguments()
            )
        except gateways.NotAGateway as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("The gateway is saved. Try it, so that you hear it ring."))
            return redirect("outbox:gateway", saved.pk)
    return _page(request, row, form, status=422)


def _page(
    request: HttpRequest,
    row: Gateway | None,
    form: GatewayForm,
    *,
    tries: TryForm | None = None,
    tried: gateways.Tried | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "gateway": row,
        "form": form,
        "tries": tries or TryForm(initial={"key": uuid4()}),
        "tried": tried,
        "is_webhook": row is not None and row.channel == Channel.WEBHOOK,
    }
    return render(request, "outbox/gateway.html", context, status=status)


def _last(row: Delivery | None, now: Any) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "state": display.pill(row.get_state_display(), TONES[row.state]),
        "when": display.when(row.last_attempt_at or row.created_at, now),
        "words": show_bidi(row.error or row.answer),
    }
