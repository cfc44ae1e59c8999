"""Who stands in for TPM while nobody is there: admins name them, supporters and TPM see them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.lib.text import clean_line
from juno_support.pages import tpm_banner
from supportunits import changes, fallback, policies, queries
from supportunits.actions import fallback as actions
from tickets.policies import sees_queue


@require_safe
@allowed_if(sees_queue)
def fallback_page(request: HttpRequest) -> HttpResponse:
    """Show who stands in, whether somebody is at TPM now, and the trace; admins find people."""
    now = clock.now()
    is_admin = policies.is_admin(request.user)
    search = clean_line(request.GET.get("person", ""))[:100] if is_admin else ""
    named = fallback.people()
    context: dict[str, Any] = {
        "people": named,
        "is_admin": is_admin,
        "has_members": fallback.has_members(),
        "on_shift": fallback.on_shift(at=now),
        "search": search,
        "found": [(person, person in named) for person in queries.find_people(search) if search],
        "trace": trace(request, changes.parts_of_fallback(), sees_addresses=True),
    }
    return render(request, "pages/fallback.html", context)


@require_POST
@allowed_if(policies.is_admin)
def change_fallback(request: HttpRequest) -> HttpResponse:
    """Name somebody, or take somebody off."""
    person = User.objects.filter(username=request.POST.get("person", "")).first()
    if person is None:
        messages.error(request, _("Nobody was chosen. Find the person, then press “Name”."))
        return redirect("units:fallback")
    facts: dict[str, Any] = {"user": person, "by": request.user, "at": clock.now()}
    try:
        if request.POST.get("step") == "remove":
            actions.remove_fallback(**facts)
            said = _("%(name)s does not stand in for TPM any more.") % {"name": person.name}
        else:
            actions.add_fallback(**facts)
            said = _("%(name)s stands in for TPM while nobody is there.") % {"name": person.name}
    except SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    tpm_banner.forget()
    return redirect("units:fallback")
