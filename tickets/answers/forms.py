"""The form of a known answer."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from juno_support.accounts.models import User
from supportunits.models import VO, IssueType
from tickets.answers import rights
from tickets.answers.change import REVIEWED_EVERY, TEXT_BYTES, TITLE_LENGTH
from tickets.answers.models import Audience, KnownAnswer
from tickets.forms.places import Places, find_places
from tickets.models import Ticket


class AnswerForm(forms.Form):
    """Title, text, who reads it, what it fits, when it is looked at again."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    seen_at = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(
        label=gettext_lazy("What it is about"),
        max_length=TITLE_LENGTH,
        help_text=gettext_lazy("One line in the words of those who have the problem."),
    )
    text = forms.CharField(
        label=gettext_lazy("What helps"),
        max_length=TEXT_BYTES,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=gettext_lazy(
            "Markdown. How to see that it is this; what to do; where to read more. No names of "
            "people, no addresses, no passwords."
        ),
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("Who reads it"), choices=Audience.choices, widget=forms.RadioSelect
    )
    vo = forms.ModelChoiceField(
        label=gettext_lazy("VO"), queryset=VO.objects.none(), required=False,
        empty_label=gettext_lazy("every VO"),
    )  # fmt: skip
    issue_type = forms.ModelChoiceField(
        label=gettext_lazy("Type of issue"), queryset=IssueType.objects.none(), required=False,
        empty_label=gettext_lazy("any"),
    )  # fmt: skip
    sites = forms.CharField(
        label=gettext_lazy("Sites"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Names with commas between them; empty: it fits everywhere."),
    )
    review_on = forms.DateField(
        label=gettext_lazy("Look at it again on"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("On this day its owner is asked whether it is still true."),
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("as before"),
        help_text=gettext_lazy(
            "Who looks after it. Where the owner has left, TPM is asked on the day of the review."
        ),
    )

    def __init__(self, *args: Any, is_new: bool = False, **kwargs: Any) -> None:
        """Make the form; the owner of a new answer is whoever makes it."""
        super().__init__(*args, **kwargs)
        if is_new:
            del self.fields["owner"]
        else:
            self.fields["owner"].queryset = rights.writers()  # type: ignore[attr-defined]
        self.fields["vo"].queryset = (  # type: ignore[attr-defined]
            VO.objects.filter(is_served=True).order_by("name")
        )
        self.fields["issue_type"].queryset = (  # type: ignore[attr-defined]
            IssueType.objects.filter(Q(vo=None) | Q(vo__is_served=True), is_active=True)
            .filter(is_security=False)
            .order_by("position", "name")
        )

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
        return {
            "title": found["title"],
            "words_of_it": found["text"],
            "audience": Audience(found["audience"]),
            "review_on": found["review_on"],
            "vo": found["vo"],
            "issue_type": found["issue_type"],
            "sites": self.places.of(found["sites"]),
            **({"owner": found["owner"]} if "owner" in self.fields else {}),
        }


def from_ticket(ticket: Ticket | None, at: datetime) -> dict[str, Any]:
    """Return what the form begins with: nothing, or what a solved ticket says."""
    filled: dict[str, Any] = {
        "key": uuid4(),
        "audience": Audience.PUBLIC,
        "review_on": (at + REVIEWED_EVERY).date(),
    }
    if ticket is not None:
        sites = ticket.affected_sites.order_by("name").values_list("name", flat=True)
        filled |= {
            "title": ticket.subject[:TITLE_LENGTH],
            "text": ticket.solution,
            "vo": ticket.vo_id if ticket.is_vo_specific else None,
            "issue_type": ticket.issue_type_id,
            "sites": ", ".join(sites),
        }
    return filled


def as_it_is(answer: KnownAnswer) -> dict[str, Any]:
    """Return what the form of a change begins with."""
    return {
        "key": uuid4(),
        "seen_at": answer.updated_at,
        "title": answer.title,
        "text": answer.text,
        "audience": answer.audience,
        "vo": answer.vo_id,
        "issue_type": answer.issue_type_id,
        "sites": ", ".join(sorted(site.name for site in answer.sites.all())),
        "review_on": answer.review_on,
        "owner": answer.owner_id,
    }
