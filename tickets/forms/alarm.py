"""The form "Raise an alarm": for alarmers, about one Tier 0 or Tier 1 site of their VO."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.accounts.models import User
from juno_support.lib import display
from supportunits import policies as unit_policies
from supportunits import queries as unit_queries
from supportunits.models import VO
from tickets.actions.alarm import downtime_until, why_not_alarmed
from tickets.forms.team import TeamForm
from tickets.models import Priority
from topology.models import Site


class AlarmForm(TeamForm):
    """What an alarmer tells: as for a TEAM ticket, and what keeps nobody awake for nothing."""

    asked = frozenset(
        {"subject", "description", "notified_site", "priority", "vo", "mou_area"}
        | {"in_downtime", "is_test"}
    )

    # An alarm goes to the site, never to TPM first.
    routing = None  # type: ignore[assignment]

    notified_site = forms.CharField(
        label=gettext_lazy("Which site?"),
        max_length=200,
        help_text=gettext_lazy(
            "A Tier 0 or Tier 1 of the VO. Its emergency address is mailed at once, day and night."
        ),
        error_messages={"required": gettext_lazy("Name the site that is to be woken.")},
    )
    vo = forms.ModelChoiceField(
        label=gettext_lazy("Concerned VO"),
        queryset=VO.objects.none(),
        empty_label=gettext_lazy("choose…"),
        help_text=gettext_lazy("Each of its alarmers may answer, verify and reopen the ticket."),
        error_messages={"required": gettext_lazy("Choose the VO whose alarmer you are.")},
    )
    in_downtime = forms.BooleanField(
        label=gettext_lazy("I know of the downtime: the alarm is about something else"),
        required=False,
    )
    is_test = forms.BooleanField(
        label=gettext_lazy("It is a test"),
        required=False,
        help_text=gettext_lazy(
            "It calls the same people and is marked as a test everywhere; it counts in no figure."
        ),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        user: User,
        at: datetime,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the form for an alarmer."""
        super().__init__(
            data, user=user, at=at, initial={"priority": Priority.TOP} | dict(initial or {})
        )

    @staticmethod
    def own_vos(user: User) -> QuerySet[VO]:
        """Return the VOs whose alarmer the person is."""
        return VO.objects.filter(pk__in=unit_policies.alarmer_of(user)).order_by("name")

    @property
    def downtime(self) -> str:
        """Until when the named site is in a declared downtime, in words; empty where it is not."""
        site = self._named_site
        ends_at = downtime_until(site, at=self._at) if site else None
        if site is None or ends_at is None:
            return ""
        return _("%(site)s is in a declared downtime until %(end)s.") % {
            "site": site.name,
            "end": display.utc_text(ends_at),
        }

    @property
    def way(self) -> dict[str, str] | None:
        """Who would be called, or why nobody can be; None before site and VO are named."""
        site, vo = self._named_site, self.chosen_vo
        if site is None:
            return None
        if vo is not None:
            problem = why_not_alarmed(vo, site)
            if problem is not None:
                return {"problem": str(problem)}
        try:
            unit_queries.check_notifiable(site)
        except unit_queries.SiteCannotBeNotified as error:
            return {"problem": str(error)}
        unit = unit_queries.unit_for_notified_site(site)
        return {
            "words": _(
                "It goes to %(unit)s. The emergency address of %(site)s and the person on call are "
                "mailed at once."
            )
            % {"unit": unit.name, "site": site.name}
        }

    def arguments(self) -> dict[str, Any]:
        """Return what ``actions.alarm.submit_alarm_ticket`` takes, of a valid form."""
        found = super().arguments()
        found.pop("to_tpm")
        [site] = found.pop("notified_sites")
        return {**found, "notified_site": site}

    @staticmethod
    def may_name_several(user: User) -> bool:
        """Return that an alarm is about one site."""
        return False

    @property
    def _named_site(self) -> Site | None:
        named = self.places.of(self._text("notified_site"))
        return named[0] if len(named) == 1 else None
