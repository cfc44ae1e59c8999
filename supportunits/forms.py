"""Forms about units, VOs and people: each small, each for one change."""

import re
from datetime import date, time
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from juno_support.accounts.zones import zone_choices
from juno_support.lib.working_time import END_OF_DAY, known_countries
from supportunits.models import VO, Quality, SupportUnit, Tier, UnitKind

_BETWEEN_DAYS = re.compile(r"[\s,;]+")
_MOST_DAYS = 60


class DaysField(forms.CharField):
    """Days, each as 2026-12-24, with space or commas between them; gives a list of dates."""

    def prepare_value(self, value: Any) -> Any:
        """Write dates as people type them."""
        if isinstance(value, list):
            return " ".join(day.isoformat() for day in sorted(value))
        return value

    def clean(self, value: Any) -> list[date]:
        """Return the dates, each once, in order."""
        days = set()
        for word in filter(None, _BETWEEN_DAYS.split(super().clean(value))):
            try:
                days.add(date.fromisoformat(word))
            except ValueError as error:
                raise ValidationError(
                    _("“%(word)s” is not a day. Write days as 2026-12-24."),
                    params={"word": word},
                ) from error
        if len(days) > _MOST_DAYS:
            raise ValidationError(_("Write %(n)s days at most."), params={"n": _MOST_DAYS})
        return sorted(days)


class ClosingTimeField(forms.TimeField):
    """When a day's work ends; 00:00 is the end of the day, since browsers take no 24:00."""

    def prepare_value(self, value: Any) -> Any:
        """Write the end of the day as people type it."""
        # A form leaves out the microseconds of what it begins with.
        return time(0) if value == END_OF_DAY.replace(microsecond=0) else value

    def to_python(self, value: Any) -> time | None:
        """Return the time, at midnight the end of the day."""
        closes_at = super().to_python(value)
        return END_OF_DAY if closes_at == time(0) else closes_at


class AboutForm(forms.Form):
    """What a unit is for."""

    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    description = forms.CharField(
        label=_("What it is for"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Markdown. What to send here, what not, what a good ticket tells."),
    )


class ContactForm(forms.Form):
    """Where a unit is written to."""

    mailing_list = forms.EmailField(
        label=_("Contact"),
        max_length=320,
        required=False,
        help_text=_("A mailing list, or one address. Shown to supporters only."),
    )
    list_is_closed = forms.BooleanField(
        label=_("Only supporters read it: internal notes may be mailed there"), required=False
    )


class HoursForm(forms.Form):
    """When a unit works."""

    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    opens_at = forms.TimeField(
        label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    closes_at = ClosingTimeField(
        label=_("To"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("00:00 is the end of the day."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Working days"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    holiday_country = forms.ChoiceField(
        label=_("Public holidays of"),
        required=False,
        choices=lambda: [("", _("no country")), *((code, code) for code in known_countries())],
        help_text=_("The country's code, such as FR or CN."),
    )
    extra_days_off = DaysField(
        label=_("Own free days"), required=False, max_length=1000, help_text=_("2026-12-24 …")
    )
    extra_working_days = DaysField(
        label=_("Extra working days"),
        required=False,
        max_length=1000,
        help_text=_("Days worked although weekday or holiday say otherwise."),
    )


class QualityForm(forms.Form):
    """Which quality of support a unit gives."""

    quality = forms.ChoiceField(
        label=_("Quality of support"), choices=Quality, widget=forms.RadioSelect
    )


class OpenUnitForm(forms.Form):
    """A new service unit, or a unit of a VO."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Short; it is part of the address.")
    )
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    mailing_list = forms.EmailField(
        label=_("Contact"),
        max_length=320,
        required=False,
        help_text=_("A mailing list, or one address. Without it no ticket can be given."),
    )
    vo = forms.ModelChoiceField(
        label=_("VO"),
        queryset=VO.objects.order_by("name"),
        required=False,
        empty_label=_("none: a service for everybody"),
    )

    @property
    def kind(self) -> UnitKind:
        """Return the kind that follows from the VO."""
        return UnitKind.VO if self.cleaned_data["vo"] else UnitKind.SERVICE


class FAQForm(forms.Form):
    """A unit's page of frequent questions."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    text = forms.CharField(
        label=_("Questions and answers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 22}),
        help_text=_(
            "Markdown. A line that begins with ## is a question; the answer stands below it. "
            "Everybody who is signed in reads it."
        ),
    )


class AskToSupportForm(forms.Form):
    """Why somebody should become a supporter of a unit."""

    words = forms.CharField(
        label=_("Why?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who you are to the unit; its manager reads it."),
    )


class RequestUnitForm(forms.Form):
    """A request for a new service unit, or for a unit of a VO."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Short; it is part of the address.")
    )
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    vo = forms.ModelChoiceField(label=_("VO"), queryset=VO.objects.none(), required=False)
    mailing_list = forms.EmailField(
        label=_("Mailing list"),
        max_length=320,
        required=False,
        help_text=_("Without it, and without a supporter, no ticket can be given."),
    )
    words = forms.CharField(
        label=_("What it is for"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What to send there, and who works on it."),
    )
    wants_to_manage = forms.BooleanField(
        label=_("I shall be its first supporter and manage it"), required=False
    )

    def __init__(
        self, data: Any = None, *, vos: QuerySet[VO], may_have_none: bool, key: UUID
    ) -> None:
        """Offer these VOs.

        :param may_have_none: a unit without VO, a service, may be asked for too
        :param key: the form's key, where it is shown for the first time
        """
        super().__init__(data, initial={"key": key})
        field = self.fields["vo"]
        field.queryset = vos.order_by("name")  # type: ignore[attr-defined]
        field.required = not may_have_none
        field.empty_label = (  # type: ignore[attr-defined]
            _("none: a service for everybody") if may_have_none else None
        )


class VOSiteForm(forms.Form):
    """How a VO lists a site."""

    site = forms.CharField(label=_("Site"), max_length=100, help_text=_("GOCDB's short name."))
    tier = forms.TypedChoiceField(label=_("Tier"), choices=Tier, coerce=int, initial=Tier.TIER_2)
    is_in_commissioning = forms.BooleanField(label=_("In commissioning"), required=False)
    contact_email = forms.EmailField(
        label=_("Contact while in commissioning"), max_length=320, required=False
    )


class TeamTicketsForm(forms.Form):
    """How a VO's shifters file TEAM tickets."""

    has_team_tickets = forms.BooleanField(label=_("Shifters file TEAM tickets"), required=False)
    mou_areas = forms.CharField(
        label=_("MoU areas"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One a line. Every TEAM ticket names one of them. Empty: they need none."),
    )
    propose_after_minutes = forms.IntegerField(
        label=_("Propose a ticket after"),
        required=False,
        min_value=1,
        max_value=24 * 60,
        help_text=_(
            "Minutes that a site is bad outside a downtime. Empty: what this instance says."
        ),
    )

    def clean_mou_areas(self) -> list[str]:
        """Return the lines."""
        return [line for line in self.cleaned_data["mou_areas"].splitlines() if line.strip()]


class UnitMembershipForm(forms.Form):
    """Which unit somebody shall be a member of."""

    unit = forms.ModelChoiceField(
        label=_("Support unit"),
        queryset=SupportUnit.objects.exclude(state="CLOSED").order_by("name"),
    )
    is_manager = forms.BooleanField(label=_("Manages the unit"), required=False)


class VOMembershipForm(forms.Form):
    """Which VO somebody shall be a member of, and as what."""

    vo = forms.ModelChoiceField(label=_("VO"), queryset=VO.objects.order_by("name"))
    is_shifter = forms.BooleanField(label=_("Shifter"), required=False)
    is_alarmer = forms.BooleanField(label=_("Alarmer"), required=False)
