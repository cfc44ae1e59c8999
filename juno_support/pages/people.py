"""People and their roles, for admins."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.accounts.zones import zone_of
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line, whole_number
from juno_support.pages.unit_words import state_pill, zone_words
from supportunits import changes, policies
from supportunits.actions import members as member_actions
from supportunits.actions import people as people_actions
from supportunits.actions import vos as vo_actions
from supportunits.forms import UnitMembershipForm, VOMembershipForm
from supportunits.models import VO, SupportUnit, UnitMembership, VOContact, VOMembership

PAGE = 50


class ContactField(forms.ModelChoiceField):
    """A choice of contacts, each told by its VO, name and role."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the words of one contact."""
        return f"{obj.card.vo.name}: {obj.name}, {obj.get_role_display()}"


class ContactLinkForm(forms.Form):
    """Which contact of a VO's card the person is."""

    contact = ContactField(
        label=gettext_lazy("Contact of a VO ID card"),
        # A mirror of another VO's card gives nobody a right here.
        queryset=VOContact.objects.filter(card__vo__is_served=True, account=None)
        .select_related("card__vo")
        .order_by("card__vo__name", "name"),
    )


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One account in the list, ready to be written."""

    name: str
    username: str
    email: str
    url: str
    avatar: SafeString
    roles: tuple[SafeString, ...]
    units: str


@require_safe
@allowed_if(policies.is_admin)
def people_list(request: HttpRequest) -> HttpResponse:
    """Find accounts by name, user name or e-mail address."""
    search = clean_line(request.GET.get("q", ""))[:100]
    people = User.objects.prefetch_related("unit_memberships__unit")
    if search:
        people = people.filter(
            Q(name__icontains=search) | Q(username__icontains=search) | Q(email__icontains=search)
        )
    # Names are not unique: the place in the list is name and key, the key last.
    name, colon, key = clean_line(request.GET.get("after", "")).rpartition(":")
    number = whole_number(key)
    if colon and number is not None:
        people = people.filter(Q(name__gt=name) | Q(name=name, pk__gt=number))
    rows = list(people.order_by("name", "pk")[: PAGE + 1])
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        question = ({"q": search} if search else {}) | {"after": f"{last.name}:{last.pk}"}
        more = f"{reverse('people:list')}?{urlencode(question)}"
    return render(
        request,
        "pages/people.html",
        {"lines": [_line(user) for user in rows[:PAGE]], "search": search, "more": more},
    )


def _line(user: User) -> PersonLine:
    return PersonLine(
        name=user.get_full_name(),
        username=user.username,
        email=user.email,
        url=reverse("people:person", args=[user.username]),
        avatar=display.avatar(user.get_full_name()),
        roles=_pills(user),
        units=", ".join(sorted(membership.unit.name for membership in user.unit_memberships.all())),
    )


def _pills(user: User) -> tuple[SafeString, ...]:
    pills = []
    if not user.is_active:
        pills.append(display.pill(_("left"), "neutral"))
    if user.is_staff:
        pills.append(display.pill(_("admin"), "violet"))
    return tuple(pills)


@require_safe
@allowed_if(policies.is_admin)
def person_page(request: HttpRequest, username: str) -> HttpResponse:
    """Show what a person is here, with forms to change it, and what was changed."""
    return _show(request, get_object_or_404(User, username=username))


@require_POST
@allowed_if(policies.is_admin)
def change_person(request: HttpRequest, username: str) -> HttpResponse:
    """Take one step: join or leave a unit or VO, link a contact, admin, leave, come back."""
    person = get_object_or_404(User, username=username)
    facts: dict[str, Any] = {"by": request.user, "at": clock.now()}
    step = request.POST.get("step", "")
    try:
        match step:
            case "join-unit":
                form: forms.Form = UnitMembershipForm(request.POST)
                if not form.is_valid():
                    return _show(request, person, {step: form})
                member_actions.add_member(user=person, **form.cleaned_data, **facts)
            case "leave-unit":
                unit = get_object_or_404(SupportUnit, name=request.POST.get("unit", ""))
                member_actions.remove_member(unit=unit, user=person, **facts)
            case "join-vo":
                form = VOMembershipForm(request.POST)
                if not form.is_valid():
                    return _show(request, person, {step: form})
                vo_actions.set_vo_member(user=person, **form.cleaned_data, **facts)
            case "leave-vo":
                vo = get_object_or_404(VO, name=request.POST.get("vo", ""))
                vo_actions.remove_vo_member(vo=vo, user=person, **facts)
            case "link-contact":
                form = ContactLinkForm(request.POST)
                if not form.is_valid():
                    return _show(request, person, {step: form})
                vo_actions.link_contact(
                    contact=form.cleaned_data["contact"], account=person, **facts
                )
            case "unlink-contact":
                contact = get_object_or_404(
                    VOContact, pk=whole_number(request.POST.get("contact")) or 0, account=person
                )
                vo_actions.link_contact(contact=contact, account=None, **facts)
            case "admin" | "no-admin":
                people_actions.set_admin(user=person, is_admin=step == "admin", **facts)
            case "come-back":
                people_actions.come_back(user=person, **facts)
            case _unknown:
                raise Http404
    except SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _said(step, person))
    return redirect("people:person", username=person.username)


def _said(step: str, person: User) -> str:
    words = {
        "join-unit": _("%(name)s is a supporter now."),
        "leave-unit": _("The membership of the unit has ended."),
        "join-vo": _("The membership of the VO is set."),
        "leave-vo": _("The membership of the VO has ended."),
        "link-contact": _("The contact is linked to %(name)s."),
        "unlink-contact": _("The contact is not linked any more."),
        "admin": _("%(name)s is an admin now."),
        "no-admin": _("%(name)s is not an admin any more."),
        "come-back": _("The account of %(name)s is active again, without roles."),
    }[step]
    return words % {"name": person.get_full_name()}


def _show(
    request: HttpRequest, person: User, wrong: dict[str, forms.Form] | None = None
) -> HttpResponse:
    wrong = wrong or {}
    now = clock.now()
    memberships = (
        UnitMembership.objects.filter(user=person).select_related("unit").order_by("unit__name")
    )
    return render(
        request,
        "pages/person.html",
        {
            "person": person,
            "pills": _pills(person),
            "time": f"{now.astimezone(zone_of(person.time_zone)):%H:%M}",
            "zone": zone_words(person.time_zone),
            "joined": display.when(person.date_joined, now),
            "last_login": display.when(person.last_login, now),
            "units": [(membership, state_pill(membership.unit)) for membership in memberships],
            "vos": VOMembership.objects.filter(user=person)
            .select_related("vo")
            .order_by("vo__name"),
            "contacts": VOContact.objects.filter(account=person).select_related("card__vo"),
            "unit_form": wrong.get("join-unit") or UnitMembershipForm(auto_id="id_unit_%s"),
            "vo_form": wrong.get("join-vo") or VOMembershipForm(auto_id="id_vo_%s"),
            "contact_form": wrong.get("link-contact") or ContactLinkForm(),
            "trace": trace(request, changes.parts_of_person(person), sees_addresses=True),
        },
        status=422 if wrong else 200,
    )
