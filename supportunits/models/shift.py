"""Shifts of a VO: their types, who has which, and how the one on call is reached."""

from datetime import time

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower

from supportunits.models.vo import VO


def _eight_o_clock() -> list[time]:
    return [time(8)]


def _usual_checks() -> list[str]:
    # Words of the VO, which its manager changes; so they are data and not translated.
    return [
        "VOMS membership with the shifter role",
        "valid proxy",
        "on the mailing list of shifters",
        "access to the tools",
    ]


@pghistory.track()
class ShiftType(models.Model):
    """A kind of shift of a VO: how long one lasts, and at what times it is handed over.

    Hand-over times are UTC: daylight saving moves what the clock on the wall says, never the
    shift. With one hand-over a shift lasts ``days``; with several, a day is cut into as many
    shifts. A type that does not go round the clock names when its last shift of a day ends.
    """

    vo = models.ForeignKey(VO, models.CASCADE, related_name="shift_types")
    name = models.CharField(max_length=100)
    days = models.PositiveSmallIntegerField(
        default=7, help_text="how many days one shift lasts; 1 where a day has several"
    )
    weekday = models.PositiveSmallIntegerField(
        default=0, help_text="on which day a shift of several days begins; 0 is Monday"
    )
    hand_overs = ArrayField(
        models.TimeField(), default=_eight_o_clock, help_text="UTC, in the order of the day"
    )
    day_ends_at = models.TimeField(
        null=True,
        blank=True,
        help_text="UTC; when the last shift of a day ends; empty: round the clock",
    )
    checks = ArrayField(
        models.CharField(max_length=200),
        default=_usual_checks,
        blank=True,
        help_text="what a shifter makes sure of before a shift",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("vo", Lower("name"), name="shifttype_name_once"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=28), name="shifttype_days"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="shifttype_weekday"),
            models.CheckConstraint(
                condition=Q(hand_overs__len__gte=1) & (Q(hand_overs__len=1) | Q(days=1)),
                name="shifttype_several_a_day_last_one_day",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ShiftPeriod(Func):
    """The time of a shift as a range, its end exclusive."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    meta={
        "indexes": [
            # calendar feeds: what was a person's, or of a type, and is no longer
            models.Index(fields=["person", "pgh_created_at"], name="shiftevent_of_person"),
            models.Index(fields=["type", "pgh_created_at"], name="shiftevent_of_type"),
        ]
    },
)
class Shift(models.Model):
    """One shift: who is on call from ``starts_at`` to ``ends_at`` (exclusive).

    Without a person it is a gap that somebody is wanted for. The database refuses overlaps within
    a type. Whoever is on shift is TPM operator for its length (domain: section 1).
    """

    # Found by the index of the constraint below.
    type = models.ForeignKey(ShiftType, models.PROTECT, related_name="shifts", db_index=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="shifts",
        db_index=False,
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="shift_has_length"
            ),
            # Also the index of the rota: the shifts of a type in some weeks, and who is on call.
            ExclusionConstraint(
                name="shift_no_overlap",
                expressions=[
                    ("type", RangeOperators.EQUAL),
                    (ShiftPeriod("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            # every page: is the reader on shift? and "my next shift"
            models.Index(fields=["person", "ends_at"], name="shift_of_person"),
            # who is on call now; reminders; gaps ahead
            models.Index(fields=["ends_at"], name="shift_by_end"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def is_gap(self) -> bool:
        """Return whether nobody has this shift."""
        return self.person_id is None


@pghistory.track()
class OnCallContact(models.Model):
    """How a person is reached while on call. Shown to supporters and shifters only."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="on_call_contact"
    )
    phone = models.CharField(max_length=40, blank=True)
    im_address = models.CharField(
        max_length=200, blank=True, help_text="with the network: matrix:@ada:example.org"
    )
    wakes_at = models.TimeField(default=time(6), help_text="in the person's own zone")
    sleeps_at = models.TimeField(
        default=time(0), help_text="in the person's own zone; midnight ends the day"
    )

    def __str__(self) -> str:
        return f"{self.user}"
