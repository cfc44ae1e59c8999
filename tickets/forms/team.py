"""The form "File a TEAM ticket": for shifters, about one site of which the ticket tells."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.accounts.models import User
from supportunits import policies as unit_policies
from supportunits import queries as unit_queries
from supportunits.models import VO
from tickets.forms.submit import TicketForm
from topology.models import Site

TO_SITE, TO_TPM = "site", "tpm"


class TeamForm(TicketForm):
    """What a shifter tells: subject and notified site are a must, as the MoU area where the VO
    keeps a list of them.
    """

    asked = frozenset(
        {"subject", "description", "notified_site", "priority", "vo", "mou_area", "routing"}
    )

    # A site and a unit exclude one another, and a TEAM ticket always has a site.
    unit = None  # type: ignore[assignment]

    notified_site = forms.CharField(
        label=gettext_lazy("Which site?"),
        max_length=200,
        help_text=gettext_lazy(
            "It is notified and its contact gets a mail. This cannot be changed afterwards. "
            "Several with commas: each gets a ticket of its own, under one parent."
        ),
        error_messages={"required": gettext_lazy("Name the site that is to be notified.")},
    )
    sites = forms.CharField(
        label=gettext_lazy("Further affected sites"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("With commas. They inform; they do not route."),
    )
    routing = forms.ChoiceField(
        label=gettext_lazy("Who gets it?"),
        choices=(
            (TO_SITE, gettext_lazy("the site's support unit")),
            (TO_TPM, gettext_lazy("TPM, which finds who can help")),
        ),
        initial=TO_SITE,
        widget=forms.RadioSelect,
    )
    vo = forms.ModelChoiceField(
        label=gettext_lazy("Concerned VO"),
        queryset=VO.objects.none(),
        empty_label=gettext_lazy("choose…"),
        help_text=gettext_lazy("Each of its shifters may answer, verify and reopen the ticket."),
        error_messages={"required": gettext_lazy("Choose the VO on whose shift you are.")},
    )
    mou_area = forms.ChoiceField(label=gettext_lazy("MoU area"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        user: User,
        at: datetime,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the form for a shifter; ``initial`` is what a draft or a proposal holds."""
        self.vos = {vo.pk: vo for vo in self.own_vos(user)}
        own: dict[str, Any] = {"vo": next(iter(self.vos)) if len(self.vos) == 1 else None}
        super().__init__(data, user=user, at=at, initial=own | dict(initial or {}))
        field = self.fields["vo"]
        field.queryset = self.own_vos(user)  # type: ignore[attr-defined]
        if len(self.vos) == 1:
            field.empty_label = None  # type: ignore[attr-defined]
        self.fields["mou_area"].choices = [  # type: ignore[attr-defined]
            ("", _("choose…")),
            *((area, area) for area in self.areas),
        ]
        self.fields["mou_area"].required = bool(self.areas)
        # The whole VO reads such a ticket: no security incident.
        types = self.fields["issue_type"]
        security = types.widget.security
        types.choices = [  # type: ignore[attr-defined]
            choice
            for choice in types.choices  # type: ignore[attr-defined]
            if choice[0] not in security
        ]

    @staticmethod
    def own_vos(user: User) -> QuerySet[VO]:
        """Return the VOs of which the person may file such a ticket."""
        return team_vos(user)

    @property
    def chosen_vo(self) -> VO | None:
        """The chosen VO, if it is one of the person's."""
        chosen = self._text("vo")
        key = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
        return self.vos.get(key) if key is not None else None

    @cached_property
    def chosen_sites(self) -> list[Site]:
        """The notified site, and further ones that are named."""
        found = self.places.of(self._text("notified_site")) + self.places.of(self._text("sites"))
        return list({site.pk: site for site in found}.values())

    @property
    def areas(self) -> list[str]:
        """The MoU areas of the chosen VO; none where it keeps no list."""
        return self.chosen_vo.mou_areas if self.chosen_vo else []

    @property
    def way(self) -> dict[str, str] | None:
        """Who would get the ticket, or why the site cannot be notified; None before it is named."""
        ways = []
        for site in self.notified_sites:
            try:
                unit_queries.check_notifiable(site)
            except unit_queries.SiteCannotBeNotified as error:
                return {"problem": str(error)}
            unit = (
                unit_queries.tpm_unit()
                if self._text("routing") == TO_TPM
                else unit_queries.unit_for_notified_site(site)
            )
            ways.append((site.name, unit.name))
        if not ways:
            return None
        if len(ways) > 1:
            each = ", ".join(f"{site} → {unit}" for site, unit in ways)
            return {
                "words": _(
                    "A parent ticket waits for one child for each site: %(each)s. The contacts of "
                    "the sites get a mail at once."
                )
                % {"each": each}
            }
        return {
            "words": _("It goes to %(unit)s; the contact of %(site)s gets a mail at once.")
            % {"unit": ways[0][1], "site": ways[0][0]}
        }

    @staticmethod
    def may_name_several(user: User) -> bool:
        """Return whether several sites are possible: each gets a ticket of its own."""
        return True

    def clean_notified_site(self) -> Site:
        """Return the one site that is to be notified."""
        found = super().clean_notified_site()
        if found is None:
            raise ValidationError(_("Name the site that is to be notified."))
        return found

    def arguments(self) -> dict[str, Any]:
        """Return what ``actions.several.submit_team_for_sites`` takes, of a valid form."""
        found = super().arguments()
        to_tpm = found.pop("routing", TO_SITE) == TO_TPM
        return {**found, "to_tpm": to_tpm}


def team_vos(user: User) -> QuerySet[VO]:
    """Return the VOs whose TEAM tickets the person may file."""
    return VO.objects.filter(pk__in=unit_policies.shifter_of(user), has_team_tickets=True).order_by(
        "name"
    )
