"""What a rota is planned from: absences and wishes, drafts of a plan, and swaps."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from supportunits.models.shift import Shift, ShiftType


class WishKind(models.TextChoices):
    """What a person says of some days."""

    ABSENT = "ABSENT", _("absent")
    WANTED = "WANTED", _("want to")
    UNWANTED = "UNWANTED", _("rather not")


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class ShiftWish(models.Model):
    """Days on which a person is absent, wants a shift, or would rather have none.

    Days are days of the person's own zone, both ends included.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="shift_wishes")
    kind = models.CharField(max_length=10, choices=WishKind)
    first_day = models.DateField()
    last_day = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="shiftwish_has_days"
            ),
            models.UniqueConstraint(
                fields=["user", "kind", "first_day", "last_day"], name="shiftwish_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind} {self.first_day} to {self.last_day}"


class PlanState(models.TextChoices):
    """Where a proposed plan stands."""

    DRAFT = "DRAFT", _("draft")
    ACCEPTED = "ACCEPTED", _("accepted")
    DISCARDED = "DISCARDED", _("discarded")


class ShiftPlan(models.Model):
    """A proposed rota of some weeks. Nobody is on shift by it until it is accepted.

    ``slots`` lists, in the order of time, what the plan would make: each a mapping with
    ``starts_at`` and ``ends_at`` (ISO, UTC), ``person`` (primary key or null) and ``why`` (of an
    empty one: how many people each constraint kept away). ``absence_known`` is true where somebody
    was given the slot by hand who was absent then already.
    """

    type = models.ForeignKey(ShiftType, models.PROTECT, related_name="plans")
    first_day = models.DateField(help_text="UTC")
    weeks = models.PositiveSmallIntegerField()
    people = ArrayField(models.BigIntegerField(), help_text="whom it was made for")
    slots = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=PlanState, default=PlanState.DRAFT)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    submission_key = models.UUIDField(unique=True, help_text="the same form sent twice is one plan")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weeks__gte=1, weeks__lte=26), name="shiftplan_weeks")
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.type} from {self.first_day}"


class SwapState(models.TextChoices):
    """Where a request to swap stands."""

    OPEN = "OPEN", _("open")
    ACCEPTED = "ACCEPTED", _("accepted")
    REFUSED = "REFUSED", _("refused")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")


class ShiftSwap(models.Model):
    """Somebody asks a colleague, or all of them, to take a shift, maybe for one of theirs."""

    shift = models.ForeignKey(Shift, models.CASCADE, related_name="swaps")
    in_exchange = models.ForeignKey(
        Shift,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the shift that the one who asks would take; empty: none",
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="empty: all shifters of the VO",
    )
    message = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=SwapState, default=SwapState.OPEN)
    asked_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shift"], condition=Q(state="OPEN"), name="shiftswap_one_open_a_shift"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.state}"
