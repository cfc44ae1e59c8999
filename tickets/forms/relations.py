"""Small forms that relate a ticket with another."""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.lib import display
from tickets import policies
from tickets.forms.changes import Change, ReferenceChange
from tickets.models import Incident, Ticket

MOST_INCIDENTS = 30


class DuplicateChange(ReferenceChange):
    """The ticket of which this one is a duplicate."""

    number = forms.CharField(
        label=gettext_lazy("Number of the master"),
        max_length=20,
        help_text=gettext_lazy(
            "This ticket then waits on hold. What supporters say in public on the master, and its "
            "solution, reach this one too."
        ),
    )


class ParentChange(ReferenceChange):
    """The ticket of which this one is a child."""

    number = forms.CharField(
        label=gettext_lazy("Number of the parent"),
        max_length=20,
        help_text=gettext_lazy(
            "The parent then waits on hold, cannot be solved before its children, and goes on when "
            "the last of them is solved."
        ),
    )


class JoinChange(Change):
    """The running incident that this ticket is part of."""

    incident = forms.TypedChoiceField(
        label=gettext_lazy("Running incidents"),
        choices=(),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the incident.")},
    )

    def offer(self, user: Any, at: Any) -> None:
        """Offer the running incidents of which the person may know, newest first."""
        offer_incidents(self.fields["incident"], user, at, apart_from=self.ticket)


def offer_incidents(
    field: forms.Field, user: Any, at: Any, *, apart_from: Ticket | None = None
) -> None:
    """Make the running incidents of which the person may know a field's choices, newest first."""
    running = (
        Incident.objects.filter(ended_at=None, ticket__is_restricted=False)
        .exclude(ticket=apart_from)
        .select_related("ticket")
        .prefetch_related("ticket__affected_sites")
        .order_by("-declared_at")[:MOST_INCIDENTS]
    )
    field.choices = [  # type: ignore[attr-defined]
        (row.pk, _incident_words(row.ticket, row.declared_at, user, at)) for row in running
    ]
    if not running:
        field.help_text = _("No incident is running.")


def _incident_words(ticket: Ticket, since: Any, user: Any, at: Any) -> str:
    reads = policies.reads(ticket, user) >= policies.Reading.PUBLIC
    sites = ", ".join(site.name for site in ticket.affected_sites.all())
    return format_html(
        "#{} {}, {}, {}",
        ticket.pk,
        ticket.subject if reads else "",
        sites or _("no site named"),
        display.age(since, at),
    )
