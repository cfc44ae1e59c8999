"""Link a contact of a VO ID card to an account: an admin's word, never a guess."""

from typing import cast

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line, show_bidi
from juno_support.pages.vo_finding import find_vo
from supportunits import policies
from supportunits.actions import vos as vo_actions
from supportunits.models import VOContact

FOUND = 20


@require_safe
@allowed_if(policies.is_admin)
def contact_page(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show a contact, and find the account that it shall be linked to."""
    vo = find_vo(name)
    contact = _find(name, number)
    search = clean_line(request.GET.get("q", ""))[:100]
    accounts = User.objects.none()
    if search:
        accounts = User.objects.filter(is_active=True).filter(
            Q(name__icontains=search) | Q(username__icontains=search) | Q(email__icontains=search)
        )
    return render(
        request,
        "pages/card_contact.html",
        {
            "vo": vo,
            "contact": contact,
            "shown_name": show_bidi(contact.name),
            "search": search,
            "accounts": [
                {
                    "username": user.username,
                    "name": user.get_full_name(),
                    "email": user.email,
                    "avatar": display.avatar(user.get_full_name()),
                    "is_linked": user.pk == contact.account_id,
                }
                for user in accounts.order_by("name", "pk")[:FOUND]
            ],
        },
    )


@require_POST
@allowed_if(policies.is_admin)
def link_contact(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Link the contact to an account, or unlink it."""
    contact = _find(name, number)
    username = request.POST.get("account", "")
    account = get_object_or_404(User, username=username) if username else None
    try:
        vo_actions.link_contact(
            contact=contact, account=account, by=cast(User, request.user), at=clock.now()
        )
    except SupportError as error:
        messages.error(request, str(error))
    else:
        words = (
            _("%(contact)s is %(name)s now, with the rights of this role.")
            if account
            else _("%(contact)s is linked to no account any more.")
        )
        who = account.get_full_name() if account else ""
        messages.success(request, words % {"contact": contact.name, "name": who})
    return redirect("vos:contact", name=contact.card.vo.name, number=contact.pk)


def _find(name: str, number: int) -> VOContact:
    rows = VOContact.objects.select_related("card__vo", "account")
    return get_object_or_404(rows, card__vo__name__iexact=name, pk=number)
