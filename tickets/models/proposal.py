"""What monitoring says should perhaps become a ticket: a site that is bad and not in a downtime."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from supportunits.models import VO
from tickets.models.ticket import Ticket
from topology.models import Site


class Decision(models.TextChoices):
    """What somebody decided about a proposal; empty: nobody has yet."""

    TICKET = "TICKET", _("there is a ticket")
    SNOOZED = "SNOOZED", _("later")
    DISMISSED = "DISMISSED", _("dismissed")


class Ending(models.TextChoices):
    """Why a proposal ended; empty: it has not."""

    RECOVERED = "RECOVERED", _("recovered")
    DOWNTIME = "DOWNTIME", _("a downtime is declared")
    SILENCE = "SILENCE", _("no source tells any more")
    NOT_LISTED = "NOT_LISTED", _("the VO does not list the site any more")


class Proposal(models.Model):
    """One bad time of a site in the eyes of a VO; twelve bad services are one proposal.

    It lives until the site has recovered, also when it was dismissed, so that the same bad time is
    not proposed again. What the sources say of it is folded into ``evidence``.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    vo = models.ForeignKey(VO, models.CASCADE, related_name="+")
    since = models.DateTimeField(help_text="since when the first of its things was bad")
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="when the evidence last changed")
    worst = models.CharField(max_length=12, help_text="the worst state: critical or down")
    things = models.PositiveIntegerField(help_text="how many things are bad")
    evidence = models.JSONField(default=list, help_text="the worst states, as plain values")
    series = models.JSONField(default=list, help_text="the keys of all bad series")
    silent_since = models.DateTimeField(
        null=True, blank=True, help_text="since when no fresh source tells whether it goes on"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(max_length=12, choices=Ending, blank=True)

    decision = models.CharField(max_length=12, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=250, blank=True, help_text="why it was dismissed")
    snoozed_until = models.DateTimeField(null=True, blank=True)
    dismissed_series = models.JSONField(
        default=list, help_text="what was bad when it was dismissed; more than that comes back"
    )
    ticket = models.ForeignKey(
        Ticket, models.SET_NULL, null=True, blank=True, related_name="proposals"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "vo"], condition=Q(ended_at=None), name="proposal_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ending="") | Q(ended_at__isnull=False) & ~Q(ending=""),
                name="proposal_ends_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(decision=Decision.DISMISSED) | ~Q(reason=""),
                name="proposal_dismissed_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(decision=Decision.SNOOZED) | Q(snoozed_until__isnull=False),
                name="proposal_snoozed_until",
            ),
        ]
        indexes = [
            # what ended lately, below the list of proposals
            models.Index(
                fields=["-ended_at"],
                name="proposal_ended",
                condition=Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.site_id}"
