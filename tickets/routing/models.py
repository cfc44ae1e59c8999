"""What routing keeps: rules, what they did, what TPM decided, and what was learnt from it."""

import uuid

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportunits.models import VO, IssueType, SupportUnit
from tickets.models import HistoryEntry, Ticket, TicketType
from topology.models import OperationsCentre, Site


class Origin(models.TextChoices):
    """Where a suggestion comes from. Codes are kept with decisions and never translated."""

    RULE = "rule", _("rules of admins")
    HOST = "host", _("hosts and services in the text")
    SITE = "site", _("affected and named sites")
    LEARNT = "learnt", _("learnt from routed tickets")
    CENTRE = "centre", _("operations centres")
    VO = "vo", _("units of the concerned VO")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class RoutingRule(models.Model):
    """A rule of an admin: tickets that fit all its conditions belong to its unit.

    An empty condition says nothing. Lower positions come first.
    """

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(help_text="lower ones come first")
    is_on = models.BooleanField(default=True)
    is_automatic = models.BooleanField(
        default=False, help_text="routes by itself; otherwise it only suggests"
    )
    vo = models.ForeignKey(VO, models.PROTECT, null=True, blank=True, related_name="+")
    ticket_type = models.CharField(max_length=10, choices=TicketType, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+")
    operations_centre = models.ForeignKey(
        OperationsCentre, models.PROTECT, null=True, blank=True, related_name="+"
    )
    service_type = models.CharField(max_length=255, blank=True)
    issue_type = models.ForeignKey(
        IssueType, models.PROTECT, null=True, blank=True, related_name="+"
    )
    words = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="words and phrases of subject and description",
    )
    all_words = models.BooleanField(default=False, help_text="all of the words; else any of them")
    unit = models.ForeignKey(SupportUnit, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="routingrule_name_once"),
            models.CheckConstraint(
                condition=Q(vo__isnull=False)
                | Q(site__isnull=False)
                | Q(operations_centre__isnull=False)
                | Q(issue_type__isnull=False)
                | ~Q(service_type="")
                | ~Q(words=[]),
                name="routingrule_has_a_condition",
            ),
            models.CheckConstraint(
                condition=Q(is_automatic=False) | Q(ticket_type__in=["", TicketType.USER]),
                name="routingrule_automatic_for_user_tickets",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AutomaticRouting(models.Model):
    """A rule routed a ticket by itself; a ticket once at most, so that nothing goes in circles."""

    ticket = models.OneToOneField(
        Ticket, models.CASCADE, primary_key=True, related_name="automatic_routing"
    )
    rule = models.ForeignKey(RoutingRule, models.SET_NULL, null=True, related_name="uses")
    unit = models.ForeignKey(SupportUnit, models.PROTECT, related_name="+")
    entry = models.OneToOneField(HistoryEntry, models.PROTECT, related_name="+")
    routed_at = models.DateTimeField()

    class Meta:
        indexes = [
            # the page of rules: what each did lately
            models.Index(fields=["rule", "-routed_at"], name="automaticrouting_of_rule"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id}"


class RoutingDecision(models.Model):
    """What TPM was shown for a ticket and what TPM chose: the hit rate is counted from these."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="routing_decisions")
    entry = models.OneToOneField(HistoryEntry, models.PROTECT, related_name="+")
    suggestions = models.JSONField(
        default=list, help_text="in the order shown, each with unit and origin"
    )
    unit = models.ForeignKey(SupportUnit, models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField(
        null=True,
        help_text="place of the chosen unit among the suggestions; null: it was not there",
    )
    origin = models.CharField(max_length=10, choices=Origin, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rank=None, origin="") | Q(rank__gte=1) & ~Q(origin=""),
                name="routingdecision_rank_has_origin",
            ),
        ]
        indexes = [
            # the page of suggestions
            models.Index(fields=["-decided_at"], name="routingdecision_newest"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} to {self.unit_id}"


class LearntModel(models.Model):
    """What was learnt from routed tickets at one time. The newest one counts; it is replaced."""

    trained_at = models.DateTimeField()
    tickets = models.PositiveIntegerField(help_text="from so many; 0: there were too few")
    routed = models.PositiveIntegerField(help_text="routed tickets there were")
    facts = models.JSONField(default=dict, help_text="sums per unit, and the temperature")
    evaluation = models.JSONField(default=dict, help_text="on tickets that it had not seen")

    def __str__(self) -> str:
        return f"of {self.trained_at}"


class LearntWord(models.Model):
    """In how many of the tickets learnt from, and in which, a word or fact went with a unit."""

    model = models.ForeignKey(LearntModel, models.CASCADE, related_name="words")
    feature = models.CharField(max_length=80)
    unit = models.ForeignKey(SupportUnit, models.CASCADE, related_name="+")
    count = models.PositiveIntegerField()
    tickets = ArrayField(models.BigIntegerField(), help_text="their numbers, newest first")

    class Meta:
        constraints = [
            # and the look-up of all words of one ticket, from the index alone: the rows are wide
            models.UniqueConstraint(
                fields=["model", "feature", "unit"],
                include=["count"],
                name="learntword_once_a_unit",
            ),
        ]

    def __str__(self) -> str:
        return self.feature
