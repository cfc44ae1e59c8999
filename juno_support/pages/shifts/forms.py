"""Forms of shifts: each small, each for one change."""

import re
from datetime import time
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from juno_support.accounts.models import User
from juno_support.lib.phone import is_international, normal
from juno_support.pages.shifts.words import shift_label
from supportunits.actions.plans import MOST_WEEKS
from supportunits.models import VO, Shift, ShiftType, WishKind
from supportunits.shift_notices import shifters_of

_BETWEEN = re.compile(r"[\s,;]+")
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
_TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class TimesField(forms.CharField):
    """Times of the day, each as 06:00, with space or commas between; gives a list of times."""

    def prepare_value(self, value: Any) -> Any:
        """Write times as people type them."""
        if isinstance(value, list):
            return " ".join(f"{moment:%H:%M}" for moment in value)
        return value

    def clean(self, value: Any) -> list[time]:
        """Return the times, each once, in order."""
        times = set()
        for word in filter(None, _BETWEEN.split(super().clean(value))):
            try:
                times.add(time.fromisoformat(word).replace(second=0, microsecond=0, tzinfo=None))
            except ValueError as error:
                raise ValidationError(
                    _("“%(word)s” is not a time of the day. Write times as 06:00 14:00."),
                    params={"word": word},
                ) from error
        return sorted(times)


class ShifterField(forms.ModelChoiceField):
    """One of a VO's active shifters, or nobody."""

    def __init__(self, vo: VO, **options: Any) -> None:
        keys = [shifter.pk for shifter in shifters_of(vo)]
        people = User.objects.filter(pk__in=keys).order_by("name", "pk")
        super().__init__(people, **options)

    def label_from_instance(self, obj: Any) -> str:
        """Return the person's name, and the zone, which tells two of one name apart."""
        return f"{obj.get_full_name()} ({obj.time_zone})"


class TypeForm(forms.Form):
    """A type of shift."""

    name = forms.CharField(label=_("Name"), max_length=100)
    days = forms.IntegerField(
        label=_("Days that one shift lasts"),
        min_value=1,
        max_value=28,
        initial=7,
        help_text=_("1 where a day has several shifts."),
    )
    weekday = forms.TypedChoiceField(
        label=_("A shift of several days begins on"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        initial=0,
    )
    hand_overs = TimesField(
        label=_("Hand-over times (UTC)"),
        max_length=200,
        initial=[time(8)],
        help_text=_("Such as 08:00, or 06:00 14:00 22:00 for three shifts a day."),
    )
    day_ends_at = forms.TimeField(
        label=_("The last shift of a day ends (UTC)"),
        required=False,
        widget=_TIME,
        help_text=_("Empty: somebody is on shift round the clock."),
    )
    checks = forms.CharField(
        label=_("Check-list, one line each"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    @classmethod
    def of(cls, kind: ShiftType, data: Any = None) -> "TypeForm":
        """Return the form of a type that is there."""
        return cls(
            data,
            prefix=f"type{kind.pk}",
            initial={
                "name": kind.name,
                "days": kind.days,
                "weekday": kind.weekday,
                "hand_overs": kind.hand_overs,
                "day_ends_at": kind.day_ends_at,
                "checks": "\n".join(kind.checks),
            },
        )

    def pattern(self) -> dict[str, Any]:
        """Return what the form says, as the actions take it."""
        return self.cleaned_data | {"checks": self.cleaned_data["checks"].splitlines()}


class ShiftForm(forms.Form):
    """One shift: who and when; times are of the reader's zone."""

    person = forms.ModelChoiceField(User.objects.none())
    starts_at = forms.DateTimeField(label=_("From"), widget=_MOMENT)
    ends_at = forms.DateTimeField(label=_("To"), widget=_MOMENT)

    def __init__(self, vo: VO, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["person"] = ShifterField(
            vo, label=_("Who"), required=False, empty_label=_("nobody: a gap")
        )

    @classmethod
    def of(cls, shift: Shift, data: Any = None) -> "ShiftForm":
        """Return the form of a shift that is on the rota."""
        return cls(
            shift.type.vo,
            data,
            initial={
                "person": shift.person_id,
                "starts_at": shift.starts_at,
                "ends_at": shift.ends_at,
            },
        )


class AddShiftForm(ShiftForm):
    """A shift to put on the rota."""

    kind = forms.ModelChoiceField(ShiftType.objects.none(), label=_("Type"), empty_label=None)
    field_order = ("kind", "person", "starts_at", "ends_at")

    def __init__(self, vo: VO, *args: Any, **options: Any) -> None:
        super().__init__(vo, *args, **options)
        self.fields["kind"].queryset = active_types(vo)  # type: ignore[attr-defined]


class CopyForm(forms.Form):
    """How much of the pattern to copy."""

    kind = forms.ModelChoiceField(ShiftType.objects.none(), label=_("Type"), empty_label=None)
    weeks = forms.IntegerField(label=_("The last weeks"), min_value=1, max_value=26, initial=4)
    first_day = forms.DateField(
        label=_("On to the weeks from"), widget=_DAY, help_text=_("The day in UTC.")
    )

    def __init__(self, vo: VO, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["kind"].queryset = active_types(vo)  # type: ignore[attr-defined]


class PlanForm(forms.Form):
    """For which weeks and people a plan is proposed."""

    kind = forms.ModelChoiceField(ShiftType.objects.none(), label=_("Type"), empty_label=None)
    first_day = forms.DateField(label=_("From"), widget=_DAY, help_text=_("The day in UTC."))
    weeks = forms.IntegerField(label=_("Weeks"), min_value=1, max_value=MOST_WEEKS, initial=12)
    people = forms.ModelMultipleChoiceField(
        User.objects.none(), label=_("With whom"), widget=forms.CheckboxSelectMultiple
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, vo: VO, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["kind"].queryset = active_types(vo)  # type: ignore[attr-defined]
        field = self.fields["people"]
        people = ShifterField(vo)
        field.queryset = people.queryset  # type: ignore[attr-defined]
        field.label_from_instance = people.label_from_instance  # type: ignore[attr-defined]
        field.initial = [shifter.pk for shifter in people.queryset]  # type: ignore[union-attr]


class ContactForm(forms.Form):
    """How one is reached while on call, and when one is awake."""

    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text=_("With a plus and the country's code: +33 4 …"),
    )
    im_address = forms.CharField(
        label=_("Instant messages"),
        max_length=200,
        required=False,
        help_text=_("With the network: matrix:@ada:example.org"),
    )
    wakes_at = forms.TimeField(label=_("Awake from"), widget=_TIME, initial=time(6))
    sleeps_at = forms.TimeField(
        label=_("Until"), widget=_TIME, initial=time(0), help_text=_("00:00 is midnight.")
    )

    def clean_phone(self) -> str:
        """Return the number as it is dialled from abroad: gateways and colleagues are anywhere."""
        number: str = self.cleaned_data["phone"].strip()
        if number and not is_international(number):
            raise ValidationError(
                _(
                    "Write digits, with a plus and the country's code first, and without a 0 that "
                    "is dialled within the country only: +33 4 72 69 42 00."
                )
            )
        return normal(number)


class WishForm(forms.Form):
    """Days on which one is absent, wants a shift, or would rather have none."""

    kind = forms.ChoiceField(label=_("Absence or wish"), choices=WishKind)
    first_day = forms.DateField(label=_("First day"), widget=_DAY)
    last_day = forms.DateField(label=_("Last day"), widget=_DAY)


class SwapForm(forms.Form):
    """Whom to ask for a swap, and what for."""

    asked_of = forms.ModelChoiceField(User.objects.none())
    in_exchange = forms.ModelChoiceField(
        Shift.objects.none(),
        label=_("In exchange for the shift"),
        required=False,
        empty_label=_("none: somebody takes mine"),
    )
    message = forms.CharField(label=_("A word"), max_length=500, required=False)

    def __init__(self, shift: Shift, *args: Any, at: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        asked = ShifterField(
            shift.type.vo,
            label=_("Ask"),
            required=False,
            empty_label=_("all shifters of the VO"),
        )
        colleagues = asked.queryset
        if colleagues is not None:
            asked.queryset = colleagues.exclude(pk=shift.person_id)
        self.fields["asked_of"] = asked
        exchange = self.fields["in_exchange"]
        exchange.queryset = (  # type: ignore[attr-defined]
            Shift.objects.filter(type__vo=shift.type.vo, person__isnull=False, starts_at__gt=at)
            .exclude(person=shift.person)
            .select_related("type", "person")
            .order_by("starts_at")[:200]
        )
        exchange.label_from_instance = shift_label  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    """The note to the next shifter."""

    note = forms.CharField(
        label=_("Note to the next shifter"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Markdown. What goes on, what was promised, what to look at."),
    )


class LogForm(forms.Form):
    """An entry of the log."""

    text = forms.CharField(
        label=_("What happened"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown. #123 links a ticket, a site's name links the site."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class MinutesForm(forms.Form):
    """The minutes of a weekly meeting."""

    minutes = forms.CharField(
        label=_("Minutes"), required=False, widget=forms.Textarea(attrs={"rows": 10})
    )


class ActionForm(forms.Form):
    """Something that a meeting agreed on."""

    what = forms.CharField(label=_("What"), max_length=300)
    person = forms.ModelChoiceField(User.objects.none(), label=_("Who"), required=False)
    due_on = forms.DateField(label=_("By when"), widget=_DAY, required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, vo: VO, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["person"] = ShifterField(vo, label=_("Who"), required=False)


class CalendarForm(forms.Form):
    """Which shifts a calendar holds."""

    what = forms.ChoiceField(label=_("Shifts"))

    def __init__(self, vos: list[VO], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices: list[tuple[str, Any]] = [("mine", _("mine"))]
        for vo in vos:
            choices.append((f"vo-{vo.pk}", vo.name))
            choices += [(f"type-{kind.pk}", f"{vo.name}: {kind.name}") for kind in active_types(vo)]
        self.fields["what"].choices = choices  # type: ignore[attr-defined]

    def chosen(self) -> tuple[VO | None, ShiftType | None]:
        """Return the VO and the type that were chosen; neither is the reader's own shifts."""
        what, _dash, key = self.cleaned_data["what"].partition("-")
        if what == "type":
            kind = ShiftType.objects.select_related("vo").get(pk=key)
            return kind.vo, kind
        return (VO.objects.get(pk=key), None) if what == "vo" else (None, None)


def active_types(vo: VO) -> Any:
    """Return the types of shift of the VO that are in use, by name."""
    return ShiftType.objects.filter(vo=vo, is_active=True).order_by("name")
