"""Announcements: the list, one of them, announcing (also from a downtime), hiding its banner."""

from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from juno_support.access import allowed_if, checked_inside, is_signed_in, open_to_everyone
from juno_support.accounts.audit import Part
from juno_support.accounts.audit_lines import trace
from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable
from juno_support.lib import clock, display
from juno_support.lib.text import clean_line, shorten, whole_number
from juno_support.pages import downtime_lines
from monitoring.models import Downtime, Severity
from supportunits import announcements, policies
from supportunits.actions import announcements as actions
from supportunits.models import VO, Announcement, Audience, Tone
from tickets.forms.fields import WallClockField, in_zone
from tickets.forms.places import Places, find_places

PAGE = 30
HIDDEN = "hidden_announcements"
MOST_HIDDEN = 100


def parts_of_announcement(row: Announcement) -> tuple[Part, ...]:
    """Describe the trace of an announcement."""
    return (
        Part(
            Announcement,
            {"pgh_obj_id": row.pk},
            noun=_("announcement"),
            is_whole=True,
            words={
                "title": _("title"),
                "text": _("text"),
                "tone": _("kind"),
                "audience": _("to whom"),
                "vo": _("VO"),
                "starts_at": _("from"),
                "ends_at": _("until"),
                "is_mailed": _("by mail, too"),
                "withdrawn_at": _("withdrawn"),
            },
            quiet={"submission_key", "downtime_key", "made_by", "made_at", "changed_at"},
        ),
    )


class AnnouncementForm(forms.Form):
    """What is announced, to whom, from when to when."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    downtime = forms.CharField(widget=forms.HiddenInput, required=False, max_length=300)
    seen_at = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(
        label=gettext_lazy("What is announced"), max_length=actions.TITLE_LENGTH
    )
    text = forms.CharField(
        label=gettext_lazy("More about it"),
        required=False,
        max_length=actions.TEXT_BYTES,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Markdown. Everybody whom it is for reads it."),
    )
    tone = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=Tone.choices, widget=forms.RadioSelect
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("To whom"), choices=Audience.choices, widget=forms.RadioSelect
    )
    vo = forms.ModelChoiceField(
        label=gettext_lazy("VO"), queryset=VO.objects.none(), required=False
    )
    sites = forms.CharField(
        label=gettext_lazy("Sites"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Names with commas between them."),
    )
    starts_at = WallClockField(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("In your time zone; empty: now."),
    )
    ends_at = WallClockField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Empty: until somebody withdraws it."),
    )
    is_mailed = forms.BooleanField(label=gettext_lazy("Mail it, too"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vos = VO.objects.filter(is_served=True).order_by("name")
        if not (policies.is_admin(user) or policies.is_tpm_operator(user)):
            vos = vos.filter(pk__in=policies.facts(user).managed_vos)
            self.fields["audience"].choices = [  # type: ignore[attr-defined]
                (value, label) for value, label in Audience.choices if value == Audience.VO
            ]
        self.fields["vo"].queryset = vos  # type: ignore[attr-defined]

    @cached_property
    def places(self) -> Places:
        """The sites that were typed."""
        return find_places([str(self.data.get("sites", ""))])

    def clean_sites(self) -> str:
        """Refuse names that no site has; say what was perhaps meant."""
        return self.places.checked(self.cleaned_data["sites"])

    def arguments(self) -> dict[str, Any]:
        """Return what the actions take."""
        found = self.cleaned_data
        zone = timezone.get_current_timezone()
        return {
            "title": found["title"],
            "words": found["text"],
            "tone": Tone(found["tone"]),
            "audience": Audience(found["audience"]),
            "vo": found["vo"],
            "sites": self.places.of(found["sites"]),
            "starts_at": in_zone(found["starts_at"], zone) if found["starts_at"] else None,
            "ends_at": in_zone(found["ends_at"], zone) if found["ends_at"] else None,
        }


@require_safe
@open_to_everyone
def announcement_list(request: HttpRequest) -> HttpResponse:
    """Show what is and was announced to the reader, newest first."""
    at = clock.now()
    found = announcements.visible_announcements(request.user).select_related("vo")
    after = whole_number(request.GET.get("after"))
    if after is not None:
        last = get_object_or_404(found, pk=after)
        found = found.filter(starts_at__lte=last.starts_at).exclude(
            starts_at=last.starts_at, pk__gte=last.pk
        )
    rows = list(found.order_by("-starts_at", "-pk").prefetch_related("sites")[: PAGE + 1])
    context = {
        "lines": [_line(row, at) for row in rows[:PAGE]],
        "more": f"?{urlencode({'after': rows[PAGE - 1].pk})}" if len(rows) > PAGE else "",
        "may_announce": policies.may_announce(request.user),
    }
    return render(request, "announcements/list.html", context)


@require_safe
@open_to_everyone
def announcement(request: HttpRequest, key: int) -> HttpResponse:
    """Show one announcement to those whom it is for."""
    row = _find(request, key)
    may_change = policies.may_announce_to(request.user, row.audience, row.vo)
    context = {
        "announcement": row,
        "line": _line(row, clock.now()),
        "may_change": may_change,
        "trace": trace(
            request, parts_of_announcement(row), sees_addresses=True
        ) if may_change else None,
    }  # fmt: skip
    return render(request, "announcements/announcement.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_if(policies.may_announce)
def announce(request: HttpRequest) -> HttpResponse:
    """Announce something; ``?downtime=`` fills the form with a declared downtime."""
    user, at = cast(User, request.user), clock.now()
    if request.method != "POST":
        return _form_page(request, AnnouncementForm(user=user, initial=_begin(request, at)))
    form = AnnouncementForm(request.POST, user=user)
    if form.is_valid():
        try:
            row = actions.announce(
                by=user,
                at=at,
                submission_key=form.cleaned_data["key"],
                is_mailed=form.cleaned_data["is_mailed"],
                downtime_key=form.cleaned_data["downtime"],
                **form.arguments(),
            )
        except (NotAcceptable, actions.NotForYou) as error:
            form.add_error(getattr(error, "field", "") or None, str(error))
        else:
            messages.success(request, _("It is announced."))
            return redirect("announcement", row.pk)
    return _form_page(request, form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@checked_inside
def change(request: HttpRequest, key: int) -> HttpResponse:
    """Change an announcement; what cannot be taken comes back with all that was typed."""
    user, at = cast(User, request.user), clock.now()
    row = _find_to_change(request, key)
    if request.method != "POST":
        return _form_page(request, AnnouncementForm(user=user, initial=_as_it_is(row)), row)
    form = AnnouncementForm(request.POST, user=user)
    if form.is_valid():
        given = form.arguments()
        given["starts_at"] = given["starts_at"] or row.starts_at
        try:
            actions.change_announcement(
                announcement=row, by=user, at=at, seen_at=form.cleaned_data["seen_at"], **given
            )
        except (NotAcceptable, actions.NotForYou) as error:
            form.add_error(getattr(error, "field", "") or None, str(error))
            form.data = {**form.data, "seen_at": row.changed_at.isoformat()}
        else:
            messages.success(request, _("The announcement is changed."))
            return redirect("announcement", key)
    return _form_page(request, form, row, status=422)


@require_POST
@checked_inside
def withdraw(request: HttpRequest, key: int) -> HttpResponse:
    """Take an announcement back."""
    row = _find_to_change(request, key)
    actions.withdraw_announcement(announcement=row, by=cast(User, request.user), at=clock.now())
    messages.success(request, _("The announcement is withdrawn."))
    return redirect("announcement", key)


@require_POST
@allowed_if(is_signed_in)
def hide(request: HttpRequest, key: int) -> HttpResponse:
    """Hide an announcement's banner from the reader until the next sign-in."""
    hidden = request.session.get(HIDDEN, [])
    if key not in hidden:
        request.session[HIDDEN] = [*hidden, key][-MOST_HIDDEN:]
    return redirect("home")


def _find(request: HttpRequest, key: int) -> Announcement:
    visible = announcements.visible_announcements(request.user)
    return get_object_or_404(visible.select_related("vo", "made_by"), pk=key)


def _find_to_change(request: HttpRequest, key: int) -> Announcement:
    row = _find(request, key)
    if not policies.may_announce_to(request.user, row.audience, row.vo):
        raise Http404
    return row


def _line(row: Announcement, at: datetime) -> dict[str, Any]:
    if row.withdrawn_at is not None:
        state = display.pill(_("withdrawn"), "neutral")
    elif row.starts_at > at:
        state = display.pill(_("to come"), "info")
    elif row.ends_at is not None and row.ends_at <= at:
        state = display.pill(_("over"), "neutral")
    else:
        state = display.pill(_("now"), "warn" if row.tone == Tone.WARNING else "good")
    to = {
        Audience.EVERYBODY: lambda: _("everybody"),
        Audience.VO: lambda: row.vo.name if row.vo else "",
        Audience.SITES: lambda: (
            _("users of %(sites)s")
            % {"sites": ", ".join(sorted(site.name for site in row.sites.all()))}
        ),
    }[Audience(row.audience)]()
    return {
        "key": row.pk,
        "title": row.title,
        "state": state,
        "to": to,
        "starts": display.when(row.starts_at, at),
        "ends": display.when(row.ends_at, at) if row.ends_at else "",
    }


def _begin(request: HttpRequest, at: datetime) -> dict[str, Any]:
    filled: dict[str, Any] = {"key": uuid4(), "tone": Tone.INFO}
    if not policies.is_admin(request.user) and not policies.is_tpm_operator(request.user):
        filled["audience"] = Audience.VO
        if len(vos := policies.facts(request.user).managed_vos) == 1:
            filled["vo"] = next(iter(vos))
    key = whole_number(request.GET.get("downtime"))
    if key is None:
        return filled
    downtime = get_object_or_404(Downtime.objects.select_related("site"), pk=key)
    what = downtime_lines.severity_words(downtime.severity, downtime.classification)
    hosts = sorted({service["hostname"] for service in downtime.affected})
    words = [clean_line(downtime.description)]
    if hosts:
        words.append(_("Services: %(hosts)s") % {"hosts": ", ".join(hosts)})
    zone = timezone.get_current_timezone()
    return filled | {
        "downtime": f"{downtime.source}:{downtime.key}",
        "title": shorten(f"{downtime.site.name}: {what}", actions.TITLE_LENGTH),
        "text": "\n\n".join(filter(None, words)),
        "tone": Tone.WARNING if downtime.severity == Severity.OUTAGE else Tone.INFO,
        "audience": filled.get("audience", Audience.SITES),
        "sites": downtime.site.name,
        "ends_at": downtime.ends_at.astimezone(zone).replace(tzinfo=None),
    }


def _as_it_is(row: Announcement) -> dict[str, Any]:
    zone = timezone.get_current_timezone()
    return {
        "key": row.submission_key,
        "seen_at": row.changed_at,
        "title": row.title,
        "text": row.text,
        "tone": row.tone,
        "audience": row.audience,
        "vo": row.vo_id,
        "sites": ", ".join(sorted(site.name for site in row.sites.all())),
        "starts_at": row.starts_at.astimezone(zone).replace(tzinfo=None),
        "ends_at": row.ends_at.astimezone(zone).replace(tzinfo=None) if row.ends_at else None,
    }


def _form_page(
    request: HttpRequest,
    form: AnnouncementForm,
    row: Announcement | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    return render(
        request, "announcements/form.html", {"form": form, "announcement": row}, status=status
    )
