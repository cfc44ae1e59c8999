"""Small forms: one for each single change of a ticket. There is no big form with "Update"."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.accounts.models import User
from juno_support.lib import clock, display
from juno_support.lib.text import whole_number
from supportunits.models import (
    IS_ROUTABLE,
    VO,
    IssueType,
    SupportUnit,
    UnitKind,
    UnitMembership,
    UnitState,
)
from tickets.actions.alarm import downtime_until
from tickets.forms.fields import WallClockField, in_zone
from tickets.forms.places import find_places
from tickets.models import BounceReason, Category, Priority, Ticket


class Change(forms.Form):
    """A form about one ticket. Subclasses take their first values from it."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: QueryDict | None = None, *, ticket: Ticket) -> None:
        """Make the form with what the ticket says now."""
        self.ticket = ticket
        initial = {"seen": ticket.last_entry_id, **self._first_values(ticket)}
        super().__init__(data, initial=initial, auto_id="change_%s")
        self._prepare()

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        """Return what the fields show at first."""
        return {}

    def _prepare(self) -> None:
        """Set what depends on the ticket, such as choices."""

    def offer(self, user: Any, at: datetime) -> None:
        """Set what depends on the reader."""


class PriorityChange(Change):
    """Another priority."""

    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        choices=Priority.choices,
        coerce=int,
        widget=forms.RadioSelect,
    )

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"priority": ticket.priority}


class UnitChange(Change):
    """Another support unit, with a reason unless the ticket is new."""

    unit = forms.ModelChoiceField(
        label=gettext_lazy("Support unit"),
        queryset=SupportUnit.objects.none(),
        empty_label=gettext_lazy("choose…"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Both units read it. Tell the submitter in the public diary."),
    )

    def _prepare(self) -> None:
        field = self.fields["unit"]
        field.queryset = (  # type: ignore[attr-defined]
            SupportUnit.objects.filter(IS_ROUTABLE).exclude(pk=self.ticket.unit_id).order_by("name")
        )


class GiveBackChange(Change):
    """Why a unit gives the ticket back to TPM."""

    why = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=BounceReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a reason.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Both units read it. Who could help instead?"),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for words where the list has none."""
        found = super().clean() or self.cleaned_data
        if found.get("why") == BounceReason.OTHER and not (found.get("reason") or "").strip():
            self.add_error("reason", _("Say which reason."))
        return found


class PersonChange(Change):
    """A supporter who is to work on the ticket, or to be involved."""

    person = forms.ModelChoiceField(
        label=gettext_lazy("Supporter"),
        queryset=User.objects.none(),
        empty_label=gettext_lazy("choose…"),
        help_text=gettext_lazy("Anybody who is no supporter can be added as CC."),
    )

    def _prepare(self) -> None:
        self.fields["person"].queryset = supporters_for(self.ticket)  # type: ignore[attr-defined]


class NextStepChange(Change):
    """What happens next, by whom, by when."""

    what = forms.CharField(
        label=gettext_lazy("What happens next?"),
        max_length=250,
        required=False,
        help_text=gettext_lazy("Empty: there is no next step."),
    )
    person = forms.ModelChoiceField(
        label=gettext_lazy("By whom"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("nobody in particular"),
    )
    due_at = WallClockField(label=gettext_lazy("By when, in your time zone"), required=False)

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {
            "what": ticket.next_step,
            "person": ticket.next_step_by_id,
            "due_at": ticket.next_step_at,
        }

    def _prepare(self) -> None:
        people = User.objects.filter(
            Q(pk__in=supporters_for(self.ticket).values("pk")) | Q(pk=self.ticket.submitter_id)
        )
        self.fields["person"].queryset = people.order_by("name")  # type: ignore[attr-defined]

    def clean_due_at(self) -> Any:
        """Return the moment in the reader's zone."""
        return in_zone(self.cleaned_data["due_at"], timezone.get_current_timezone())


class VOChange(Change):
    """Another concerned VO, or none."""

    value = forms.ModelChoiceField(
        label=gettext_lazy("Concerned VO"),
        queryset=VO.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("none"),
        help_text=gettext_lazy(
            "This changes who may read the ticket: members of the VO read its public side."
        ),
    )

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"value": ticket.vo_id}


class ScopeChange(Change):
    """How far in the VO the problem reaches."""

    is_vo_specific = forms.BooleanField(
        label=gettext_lazy("It happens in this VO only"), required=False
    )
    affects_whole_vo = forms.BooleanField(
        label=gettext_lazy("It affects the whole VO"), required=False
    )

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {
            "is_vo_specific": ticket.is_vo_specific,
            "affects_whole_vo": ticket.affects_whole_vo,
        }


class IssueTypeChange(Change):
    """Another type of issue."""

    value = forms.ModelChoiceField(
        label=gettext_lazy("Type of issue"),
        queryset=IssueType.objects.none(),
        required=False,
        empty_label=gettext_lazy("not said"),
    )

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"value": ticket.issue_type_id}

    def _prepare(self) -> None:
        kinds = IssueType.objects.filter(is_active=True, is_security=self.ticket.is_restricted)
        own = kinds.filter(vo=self.ticket.vo_id) if self.ticket.vo_id else kinds.none()
        shown = own if own.exists() else kinds.filter(vo=None)
        self.fields["value"].queryset = (  # type: ignore[attr-defined]
            shown | IssueType.objects.filter(pk=self.ticket.issue_type_id or 0)
        ).order_by("position", "name")


class AreaChange(Change):
    """Another of the MoU areas that the VO lists."""

    value = forms.ChoiceField(label=gettext_lazy("MoU area"))

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"value": ticket.mou_area}

    def _prepare(self) -> None:
        areas = self.ticket.vo.mou_areas if self.ticket.vo else []
        self.fields["value"].choices = [  # type: ignore[attr-defined]
            ("", _("choose…")),
            *((area, area) for area in areas),
        ]


class CategoryChange(Change):
    """Another category; tests and spam stay out of every report."""

    value = forms.ChoiceField(
        label=gettext_lazy("Category"),
        # Spam is discarded at the desk.
        choices=[choice for choice in Category.choices if choice[0] != Category.SPAM],
        widget=forms.RadioSelect,
    )

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"value": ticket.category}


class SubjectChange(Change):
    """A better subject."""

    value = forms.CharField(label=gettext_lazy("Subject"), max_length=250)

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"value": ticket.subject}


class MomentChange(Change):
    """Another moment of the problem, or another ETA; in the reader's zone."""

    value = WallClockField(label=gettext_lazy("Date and time, in your time zone"), required=False)
    field_name = ""

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"value": getattr(ticket, self.field_name)}

    def clean_value(self) -> Any:
        """Return the moment in the reader's zone."""
        return in_zone(self.cleaned_data["value"], timezone.get_current_timezone())


class ProblemChange(MomentChange):
    """Another moment of the problem."""

    field_name = "problem_at"

    def clean_value(self) -> Any:
        """Return the moment; a problem has one."""
        found = super().clean_value()
        if found is None:
            raise ValidationError(_("Say when the problem was."))
        return found


class EtaChange(MomentChange):
    """Another time at which a solution is expected."""

    field_name = "eta_at"


class SitesChange(Change):
    """Other affected sites. They inform; they do not route."""

    sites = forms.CharField(
        label=gettext_lazy("Affected sites"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Names with commas. They inform; they do not route."),
    )

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        names = ticket.affected_sites.order_by("name").values_list("name", flat=True)
        return {"sites": ", ".join(names)}

    def clean_sites(self) -> Any:
        """Return the sites."""
        return _sites(self.cleaned_data["sites"])


class NotifiedSiteChange(Change):
    """Another notified site, or none."""

    site = forms.CharField(
        label=gettext_lazy("Notified site"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("The ticket stays with its support unit; change that separately."),
    )

    def _first_values(self, ticket: Ticket) -> dict[str, Any]:
        return {"site": ticket.notified_site.name if ticket.notified_site else ""}

    def clean_site(self) -> Any:
        """Return the site, or None."""
        found = _sites(self.cleaned_data["site"])
        if len(found) > 1:
            raise ValidationError(_("Name one site."))
        return found[0] if found else None


class CopyChange(Change):
    """An address that is to get copies of the public side."""

    address = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=320,
        help_text=gettext_lazy("It gets copies of the public side, and no rights."),
    )


class ReferenceChange(Change):
    """Another ticket that has to do with this one."""

    number = forms.CharField(
        label=gettext_lazy("Ticket number"),
        max_length=20,
        help_text=gettext_lazy("Both tickets show the reference."),
    )

    def clean_number(self) -> int:
        """Return the number; ``#123`` is understood too."""
        number = whole_number(self.cleaned_data["number"].strip().lstrip("#"))
        if number is None:
            raise ValidationError(_("Give the number of a ticket, such as #123."))
        return number


class Confirmation(Change):
    """Nothing to fill in: a question whether it is really meant."""


class WithdrawChange(Change):
    """Why the ticket is not needed any more."""

    words = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Others with the same problem are glad to read what helped."),
    )


class RedactChange(Change):
    """Why something is taken out."""

    why = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=200,
        help_text=gettext_lazy("Everybody who reads the ticket sees this. Do not repeat it here."),
    )


class AlarmChange(Change):
    """A TEAM ticket becomes an ALARM ticket."""

    in_downtime = forms.BooleanField(
        label=gettext_lazy("I know of the downtime: the alarm is about something else"),
        required=False,
    )

    def _prepare(self) -> None:
        site = self.ticket.notified_site
        ends_at = downtime_until(site, at=clock.now()) if site else None
        if ends_at is None:
            del self.fields["in_downtime"]
        else:
            self.fields["in_downtime"].help_text = _(
                "%(site)s is in a declared downtime until %(end)s."
            ) % {"site": site, "end": display.utc_text(ends_at)}


def supporters_for(ticket: Ticket) -> Any:
    """Return the people who can be involved: supporters; on Security tickets, CSIRT's."""
    memberships = UnitMembership.objects.filter(unit__state=UnitState.ACTIVE)
    if ticket.is_restricted:
        memberships = memberships.filter(unit__kind=UnitKind.SECURITY)
    return User.objects.filter(is_active=True, pk__in=memberships.values("user")).order_by("name")


def _sites(text: str) -> list[Any]:
    places = find_places([text])
    errors = []
    for name in places.unknown(text):
        offers = ", ".join(places.offers.get(name, []))
        errors.append(
            _("We know no site “%(name)s”. Did you mean %(offers)s?")
            % {"name": name, "offers": offers}
            if offers
            else _("We know no site “%(name)s”.") % {"name": name}
        )
    if errors:
        raise ValidationError(errors)
    return places.of(text)
