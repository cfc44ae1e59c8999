"""The small forms of the TPM desk, and those of its ready texts and check-list."""

import re
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.lib import clock
from supportunits import queries as unit_queries
from supportunits.models import VO, SupportUnit
from supportunits.queries import UnitMatch
from tickets import policies
from tickets.desk import ready
from tickets.forms.fields import WallClockField, in_zone
from tickets.forms.relations import offer_incidents
from tickets.models import Ticket

_NUMBER = re.compile(r"^#?([0-9]{1,18})\b")


class DeskForm(forms.Form):
    """A form of the desk. What it is about is said by its view."""

    # Which field is completed while one types, and by which address.
    completed: tuple[str, str] = ("", "")
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: QueryDict | None = None, *, user: Any, **kwargs: Any) -> None:
        """Make the form for a person, whose rights decide what can be named."""
        self.user = user
        super().__init__(data, auto_id="desk_%s", **kwargs)
        name, address = self.completed
        if name:
            self.fields[name].widget.attrs |= {
                "list": "desk-offers",
                "autocomplete": "off",
                "hx-get": reverse(address),
                "hx-trigger": "input changed delay:200ms",
                "hx-target": "#desk-offers",
            }


class AssignForm(DeskForm):
    """To which unit: a suggestion that was pressed, or what was typed; with a reason."""

    completed = ("unit_name", "find-units")

    unit = forms.IntegerField(widget=forms.HiddenInput, required=False)
    unit_name = forms.CharField(label=gettext_lazy("Unit or site"), max_length=100, required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        """Find the unit that is meant."""
        found = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                found["unit"] = _unit(found.get("unit"), (found.get("unit_name") or "").strip())
            except ValidationError as error:
                self.add_error("unit_name", error)
        return found


class DuplicateForm(DeskForm):
    """Of which ticket it is a duplicate: its number, with or without the words behind it."""

    completed = ("master", "find-tickets")

    master = forms.CharField(
        label=gettext_lazy("Duplicate of"),
        max_length=300,
        help_text=gettext_lazy(
            "A number, or words of an open ticket's subject. This ticket then waits for that one, "
            "and gets its public answers and its solution."
        ),
        error_messages={"required": gettext_lazy("Say of which ticket it is a duplicate.")},
    )

    def clean_master(self) -> Ticket:
        """Return the other ticket."""
        typed = self.cleaned_data["master"].strip()
        match = _NUMBER.match(typed)
        if match is None:
            raise ValidationError(
                _("Begin with the ticket's number, or choose one of the tickets that are offered.")
            )
        try:
            return policies.find_ticket(self.user, int(match[1]))
        except Http404:
            raise ValidationError(
                _("There is no ticket #%(number)s that you may read.") % {"number": match[1]}
            ) from None


class JoinForm(DeskForm):
    """Of which running incident the tickets are part."""

    incident = forms.TypedChoiceField(
        label=gettext_lazy("Running incidents"),
        choices=(),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose the incident."),
            "invalid_choice": gettext_lazy("This incident has ended. Choose another one."),
        },
    )

    def __init__(self, data: QueryDict | None = None, *, user: Any, **kwargs: Any) -> None:
        """Make the form; it offers the incidents that run."""
        super().__init__(data, user=user, **kwargs)
        offer_incidents(self.fields["incident"], user, clock.now())

    def clean_incident(self) -> Ticket:
        """Return the ticket that is the incident."""
        return policies.find_outline(self.user, self.cleaned_data["incident"])


class AskForm(DeskForm):
    """A question to the submitter, in public; it waits for the answer."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    words = forms.CharField(
        label=gettext_lazy("Your question"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "data-grows": ""}),
        help_text=gettext_lazy(
            "The submitter is asked by mail; everybody who may read the ticket sees it."
        ),
        error_messages={"required": gettext_lazy("Write your question.")},
    )

    def __init__(self, data: QueryDict | None = None, *, user: Any, **kwargs: Any) -> None:
        """Make the form; a fresh one gets a key, under which the question is asked once."""
        super().__init__(data, user=user, **kwargs)
        self.initial.setdefault("key", uuid4())

    def clean_words(self) -> str:
        """Refuse a ready text in which something is still to be filled in."""
        words: str = self.cleaned_data["words"]
        problem = ready.unfilled_words(words)
        if problem:
            raise ValidationError(problem)
        return words


class HoldForm(DeskForm):
    """Why, and until when."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("Everybody who may read the ticket sees it."),
        error_messages={"required": gettext_lazy("Give a reason.")},
    )
    until = WallClockField(
        label=gettext_lazy("Until, in your time zone"),
        error_messages={"required": gettext_lazy("Say until when.")},
    )

    def clean_until(self) -> datetime | None:
        """Return the moment in the reader's zone."""
        return in_zone(self.cleaned_data["until"], timezone.get_current_timezone())


class ReadyTextForm(forms.Form):
    """A ready text. The action says what is wrong with it."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=100,
        error_messages={"required": gettext_lazy("Give it a title by which it is found.")},
    )
    vo = forms.ModelChoiceField(
        label=gettext_lazy("For tickets of"),
        queryset=VO.objects.none(),
        required=False,
        empty_label=gettext_lazy("all VOs"),
    )
    text = forms.CharField(
        label=gettext_lazy("Text, in Markdown"),
        strip=False,
        error_messages={"required": gettext_lazy("Write the text.")},
        widget=forms.Textarea(attrs={"rows": 12}),
    )

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        """Make the form; a fresh one gets a key, under which one text is made."""
        super().__init__(data, auto_id="text_%s", **kwargs)
        self.initial.setdefault("key", uuid4())
        self.fields["vo"].queryset = VO.objects.order_by("name")  # type: ignore[attr-defined]


class CheckItemForm(forms.Form):
    """A line of the check-list."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    words = forms.CharField(
        label=gettext_lazy("What to look after"),
        max_length=120,
        error_messages={"required": gettext_lazy("Say what is looked after.")},
    )
    how = forms.CharField(
        label=gettext_lazy("How one looks, in one line"), max_length=300, required=False
    )
    url = forms.URLField(
        label=gettext_lazy("Where one looks (address)"),
        max_length=500,
        required=False,
        assume_scheme="https",
    )
    position = forms.IntegerField(
        label=gettext_lazy("Place in the list"), min_value=0, max_value=999, initial=0
    )

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        """Make the form; a fresh one gets a key, under which one line is made."""
        super().__init__(data, **kwargs)
        self.initial.setdefault("key", uuid4())


def _unit(key: int | None, typed: str) -> SupportUnit:
    """Return the unit that was chosen or is meant by what was typed.

    :raises ValidationError: where that is none, or can be several
    """
    if key is not None:
        chosen = SupportUnit.objects.filter(pk=key).first()
        if chosen is not None:
            return chosen
    if not typed:
        raise ValidationError(
            _("No support unit was chosen. Pick a suggestion, or type a unit or a site.")
        )
    matches = unit_queries.find_units(typed)
    if matches:
        wanted = typed.casefold()
        exact = [match for match in matches if wanted in _names(match)]
        # What only one name begins with is meant, although others look alike.
        begun = [match for match in matches if match.label.casefold().startswith(wanted)]
        for meant in (exact, begun, matches):
            if len({match.unit.pk for match in meant}) == 1:
                return meant[0].unit
    if not matches:
        raise ValidationError(
            _(
                "No support unit or site is called “%(name)s”. Check the spelling, or look at the "
                "list of units."
            )
            % {"name": typed}
        )
    raise ValidationError(
        _("“%(name)s” can mean several: %(names)s. Type the whole name.")
        % {"name": typed, "names": ", ".join(match.label for match in matches[:5])}
    )


def _names(match: UnitMatch) -> set[str]:
    """Return the names by which a match can be written in full."""
    site = match.site.name if match.site else ""
    return {name.casefold() for name in (match.label, match.unit.name, site, match.alias) if name}
