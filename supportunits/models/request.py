"""What people ask for around support units: to become a supporter, and to have a new unit."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportunits.models.unit import SupportUnit, UnitKind
from supportunits.models.vo import VO


class RequestState(models.TextChoices):
    """Where a request stands."""

    OPEN = "OPEN", _("open")
    ACCEPTED = "ACCEPTED", _("accepted")
    REFUSED = "REFUSED", _("refused")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")


_IS_OPEN = models.Q(state=RequestState.OPEN)
_DECIDED = (_IS_OPEN & models.Q(decided_at__isnull=True)) | (
    ~_IS_OPEN & models.Q(decided_at__isnull=False)
)
_REFUSED_WITH_REASON = ~models.Q(state=RequestState.REFUSED) | ~models.Q(answer="")


@pghistory.track()
class SupporterRequest(models.Model):
    """Somebody asks to become a supporter of a unit; its manager or an admin decides."""

    unit = models.ForeignKey(SupportUnit, models.CASCADE, related_name="supporter_requests")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="supporter_requests"
    )
    words = models.TextField(help_text="why, in the person's words")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.OPEN)
    answer = models.TextField(blank=True, help_text="the reason of the one who decided")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "user"],
                condition=_IS_OPEN,
                name="supporterrequest_one_open_per_unit_and_person",
            ),
            models.CheckConstraint(condition=_DECIDED, name="supporterrequest_decided_has_moment"),
            models.CheckConstraint(
                condition=_REFUSED_WITH_REASON, name="supporterrequest_refused_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.unit}"


@pghistory.track()
class UnitRequest(models.Model):
    """Somebody asks for a new support unit; an admin accepts or refuses.

    ``key`` is the form's: sending it twice asks once.
    """

    key = models.UUIDField(unique=True)
    name = models.CharField(max_length=100)
    title = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=UnitKind)
    vo = models.ForeignKey(VO, models.CASCADE, null=True, blank=True, related_name="unit_requests")
    mailing_list = models.EmailField(max_length=320, blank=True)
    words = models.TextField(help_text="what the unit is for, in the person's words")
    wants_to_manage = models.BooleanField(
        default=False, help_text="the person becomes its first supporter and manages it"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="unit_requests"
    )
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.OPEN)
    answer = models.TextField(blank=True, help_text="the reason of the one who decided")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    unit = models.ForeignKey(
        SupportUnit,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="what was opened",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=_IS_OPEN, name="unitrequest_one_open_per_name"
            ),
            models.CheckConstraint(
                condition=models.Q(kind=UnitKind.VO, vo__isnull=False)
                | models.Q(kind=UnitKind.SERVICE, vo__isnull=True),
                name="unitrequest_vo_units_have_a_vo",
            ),
            models.CheckConstraint(condition=_DECIDED, name="unitrequest_decided_has_moment"),
            models.CheckConstraint(
                condition=_REFUSED_WITH_REASON, name="unitrequest_refused_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.name
