"""The ticket, the drafts it begins as, and the people and places that hang on it."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from juno_support.accounts.models import NotificationMode
from supportunits.models import VO, IssueType, SupportUnit
from tickets.workflow import OPEN, ResolutionCode, Status
from topology.models import Service, Site


class TicketType(models.TextChoices):
    """The type of a ticket; it never changes, except from TEAM to ALARM."""

    USER = "USER", _("USER")
    TEAM = "TEAM", _("TEAM")
    ALARM = "ALARM", _("ALARM")
    NETWORK = "NETWORK", _("NETWORK")
    OPS = "OPS", _("OPS")


class Priority(models.IntegerChoices):
    """GGUS's priorities; stored as numbers so that they can be compared."""

    LESS_URGENT = 1, _("less urgent")
    URGENT = 2, _("urgent")
    VERY_URGENT = 3, _("very urgent")
    TOP = 4, _("top priority")


class Category(models.TextChoices):
    """The ticket category; tests and spam stay out of every report."""

    INCIDENT = "INCIDENT", _("incident")
    SERVICE_REQUEST = "SERVICE_REQUEST", _("service request")
    CHANGE_REQUEST = "CHANGE_REQUEST", _("change request")
    DOCUMENTATION = "DOCUMENTATION", _("documentation")
    COORDINATION = "COORDINATION", _("coordination")
    TEST = "TEST", _("test")
    SPAM = "SPAM", _("spam")


def _is(*statuses: str) -> models.Q:
    return models.Q(status__in=statuses)


class Ticket(models.Model):
    """A ticket. Its number is its primary key; what happened to it is in its history."""

    submission_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    type = models.CharField(max_length=10, choices=TicketType, default=TicketType.USER)
    subject = models.CharField(max_length=250)
    description = models.TextField()
    description_html = models.TextField()
    renderer_version = models.PositiveSmallIntegerField(default=0)

    submitter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="submitted_tickets"
    )
    on_behalf_of_name = models.CharField(max_length=150, blank=True)
    on_behalf_of_email = models.EmailField(max_length=320, blank=True)
    notification_mode = models.CharField(
        max_length=20, choices=NotificationMode, default=NotificationMode.EVERY_CHANGE
    )
    language = models.CharField(max_length=16, blank=True)

    vo = models.ForeignKey(VO, models.PROTECT, null=True, blank=True, related_name="tickets")
    is_vo_specific = models.BooleanField(default=False)
    affects_whole_vo = models.BooleanField(default=False)
    affected_sites = models.ManyToManyField(Site, through="AffectedSite", related_name="tickets")
    affected_services = models.ManyToManyField(Service, related_name="tickets", blank=True)
    notified_site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="notified_tickets"
    )
    unit = models.ForeignKey(SupportUnit, models.PROTECT, related_name="tickets")
    issue_type = models.ForeignKey(
        IssueType, models.PROTECT, null=True, blank=True, related_name="tickets"
    )
    category = models.CharField(max_length=20, choices=Category, default=Category.INCIDENT)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.LESS_URGENT)
    submitted_priority = models.PositiveSmallIntegerField(choices=Priority)
    mou_area = models.CharField(max_length=200, blank=True)
    problem_at = models.DateTimeField(help_text="the moment of the problem; drives the context")
    problem_zone = models.CharField(max_length=64, default="UTC")
    related_urls = ArrayField(models.URLField(max_length=500), default=list, blank=True)
    recognised = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text="facts of the text that the submitter took over: jobs, hosts, dns, each a list",
    )
    is_restricted = models.BooleanField(
        default=False, help_text="type Security: CSIRT and submitter only"
    )

    status = models.CharField(max_length=20, choices=Status, default=Status.NEW)
    is_open = models.GeneratedField(
        expression=models.Case(
            models.When(_is(*OPEN), then=models.Value(True)),
            default=models.Value(False),
            output_field=models.BooleanField(),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    resolution_code = models.CharField(max_length=20, blank=True, choices=ResolutionCode)
    solution = models.TextField(blank=True)
    solution_html = models.TextField(blank=True)
    next_step = models.CharField(max_length=250, blank=True)
    next_step_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="next_steps",
    )
    next_step_at = models.DateTimeField(null=True, blank=True)
    eta_at = models.DateTimeField(null=True, blank=True)

    submitted_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # The last word that the submitter could read; "nothing sleeps" is measured from here.
    public_word_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    hold_until = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    close_after = models.DateTimeField(null=True, blank=True)
    unit_changes = models.PositiveSmallIntegerField(default=0)
    escalation_level = models.PositiveSmallIntegerField(default=0)
    next_escalation_after = models.DateTimeField(null=True, blank=True)
    # Since when whoever escalated it waits for support; empty once it answered in public or took a
    # step.
    attention_since = models.DateTimeField(null=True, blank=True)
    # The clock that runs now, copied from its ResponsePeriod, so that a row of a list shows its
    # colour without another query; empty while none runs.
    yellow_at = models.DateTimeField(null=True, blank=True)
    amber_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="a response is due")
    next_clock_at = models.DateTimeField(
        null=True, blank=True, help_text="the sweep looks at the ticket: a colour, a reminder"
    )
    last_line = models.CharField(max_length=160, blank=True, help_text="of the public diary")
    last_entry_id = models.BigIntegerField(default=0, help_text="the newest history entry")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=Status.values), name="ticket_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(priority__range=(1, 4)), name="ticket_priority_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["SOLVED", "UNSOLVED"])
                | models.Q(close_after__isnull=False),
                name="ticket_answered_has_close_after",
            ),
            models.CheckConstraint(
                condition=models.Q(escalation_level__lte=3),
                name="ticket_escalation_three_steps",
            ),
        ]
        indexes = [
            # queue of a unit: newest open tickets
            models.Index(
                fields=["unit", "-id"],
                name="ticket_unit_open",
                condition=models.Q(is_open=True),
            ),
            # queue of all open tickets, newest first
            models.Index(fields=["-id"], name="ticket_open", condition=models.Q(is_open=True)),
            # home and search of a submitter: own tickets
            models.Index(fields=["submitter", "-id"], name="ticket_submitter"),
            # what members of a VO may read
            models.Index(fields=["vo", "-id"], name="ticket_vo"),
            # TPM desk: new ones and those that are with TPM, oldest first
            models.Index(
                fields=["unit", "status", "submitted_at", "id"],
                name="ticket_desk",
                condition=models.Q(is_open=True),
            ),
            # preview of a routing rule: what was filed within a month, newest first
            models.Index(fields=["-submitted_at", "-id"], name="ticket_submitted"),
            # TPM desk: discarded ones, and whose further tickets are flagged
            models.Index(
                fields=["submitter", "-id"],
                name="ticket_spam",
                condition=models.Q(category="SPAM"),
            ),
            # TPM desk: share solved at first line this week and month, from the index alone
            models.Index(
                fields=["solved_at"],
                name="ticket_solved",
                include=["unit", "unit_changes", "category", "resolution_code"],
                condition=models.Q(solved_at__isnull=False),
            ),
            # search in the order of the last change, and what changed lately
            models.Index(fields=["-updated_at", "-id"], name="ticket_updated"),
            # queue: the most urgent first; rail: how many are very urgent
            models.Index(
                fields=["-priority", "-id"],
                name="ticket_open_priority",
                condition=models.Q(is_open=True),
            ),
            # search: what a site was notified of, newest first
            models.Index(
                fields=["notified_site", "-id"],
                name="ticket_notified_site",
                condition=models.Q(notified_site__isnull=False),
            ),
            # queue and rail: new ones, few as a rule
            models.Index(
                fields=["-id"], name="ticket_new", condition=models.Q(is_open=True, status="NEW")
            ),
            # rail and queue: open alarms, few as a rule
            models.Index(
                fields=["-id"],
                name="ticket_alarm",
                condition=models.Q(is_open=True, type="ALARM"),
            ),
            # rail: promises that are late
            models.Index(
                fields=["next_step_at"],
                name="ticket_next_step",
                condition=models.Q(is_open=True, next_step_at__isnull=False),
            ),
            # TPM desk: bounced, escalated, waiting and silent ones, oldest first; few as a rule
            models.Index(
                fields=["submitted_at", "id"],
                name="ticket_bounced",
                condition=models.Q(is_open=True, unit_changes__gte=2),
            ),
            models.Index(
                fields=["submitted_at", "id"],
                name="ticket_escalated",
                condition=models.Q(is_open=True, attention_since__isnull=False),
            ),
            models.Index(
                fields=["submitted_at", "id"],
                name="ticket_waiting",
                condition=models.Q(is_open=True, status="WAITING_FOR_REPLY"),
            ),
            models.Index(
                fields=["public_word_at"],
                name="ticket_silent",
                condition=models.Q(is_open=True) & ~models.Q(status="WAITING_FOR_REPLY"),
            ),
            models.Index(
                fields=["submitted_at", "id"],
                name="ticket_open_oldest",
                condition=models.Q(is_open=True),
            ),
            # the clock's sweep: colours to tell, reminders to send
            models.Index(
                fields=["next_clock_at"],
                name="ticket_clock_due",
                condition=models.Q(next_clock_at__isnull=False),
            ),
            # rail and search: responses that are late
            models.Index(
                fields=["due_at"],
                name="ticket_response_due",
                condition=models.Q(due_at__isnull=False),
            ),
            # rail: without a public word for five working days at one's own units
            models.Index(
                fields=["unit", "public_word_at"],
                name="ticket_unit_silent",
                condition=models.Q(is_open=True) & ~models.Q(status="WAITING_FOR_REPLY"),
            ),
            # auto-close sweep
            models.Index(
                fields=["close_after"],
                name="ticket_close_due",
                condition=_is("SOLVED", "UNSOLVED"),
            ),
            # tickets on hold whose date has come
            models.Index(fields=["hold_until"], name="ticket_hold_due", condition=_is("ON_HOLD")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"


class AffectedSite(models.Model):
    """A site that a ticket affects; informs, never routes."""

    ticket = models.ForeignKey(Ticket, models.CASCADE)
    site = models.ForeignKey(Site, models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "site"], name="affectedsite_once")]
        indexes = [
            # tickets of a site, newest first
            models.Index(fields=["site", "-ticket"], name="affectedsite_newest"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.site_id}"


class Draft(models.Model):
    """What somebody is writing. Its id becomes the ticket's submission key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["owner", "-updated_at"], name="draft_newest")]

    def __str__(self) -> str:
        return f"{self.id}"


class TicketPerson(models.Model):
    """A supporter assigned to or involved in a ticket."""

    class Part(models.TextChoices):
        """What the person is to the ticket."""

        ASSIGNED = "ASSIGNED", _("assigned")
        INVOLVED = "INVOLVED", _("involved")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="ticket_parts")
    part = models.CharField(max_length=10, choices=Part)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "user", "part"], name="ticketperson_once")
        ]
        indexes = [models.Index(fields=["user", "part", "-ticket"], name="ticketperson_mine")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.part} #{self.ticket_id}"


class CarbonCopy(models.Model):
    """An address that gets copies of the public side. It gives no right."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="carbon_copies")
    address = models.EmailField(max_length=320)

    class Meta:
        constraints = [models.UniqueConstraint("ticket", Lower("address"), name="carboncopy_once")]

    def __str__(self) -> str:
        return self.address


class Subscription(models.Model):
    """Somebody who may read the ticket follows its public side by mail."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="subscriptions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.user_id} follows #{self.ticket_id}"


class MeToo(models.Model):
    """Somebody has the same problem."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="me_toos")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="me_toos")
    said_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="metoo_once")]

    def __str__(self) -> str:
        return f"{self.user_id} too: #{self.ticket_id}"


class CrossReference(models.Model):
    """Two tickets that have to do with one another; one row for both directions."""

    lower = models.ForeignKey(Ticket, models.CASCADE, related_name="references_up")
    upper = models.ForeignKey(Ticket, models.CASCADE, related_name="references_down")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lower", "upper"], name="crossreference_once"),
            models.CheckConstraint(
                condition=models.Q(lower__lt=models.F("upper")),
                name="crossreference_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.lower_id} – #{self.upper_id}"


class LastSeen(models.Model):
    """Up to which history entry a person has seen a ticket: unread marks."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    entry_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "ticket"], name="lastseen_once")]

    def __str__(self) -> str:
        return f"{self.user_id} saw #{self.ticket_id}"


class SavedView(models.Model):
    """A search that somebody keeps, or shares with everybody who may use the queue."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    is_shared = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="savedview_once")]

    def __str__(self) -> str:
        return self.name
