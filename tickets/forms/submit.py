"""The form "File a ticket": three questions, and everything else folded away."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.accounts.models import NotificationMode, User
from juno_support.accounts.zones import zone_choices, zone_names, zone_of
from juno_support.lib.text import clean, whole_number
from supportunits import policies as unit_policies
from supportunits import queries as unit_queries
from supportunits.models import IS_ROUTABLE, VO, IssueType, SupportUnit, UnitKind
from tickets.actions.submit import SUBJECT_LENGTH
from tickets.forms.fields import WallClockField, entered, in_zone
from tickets.forms.places import Places, find_places
from tickets.models import Priority
from topology.models import Service, Site

MOST_SERVICES = 200
MOST_URLS = 10
# A clock that is a little fast is forgiven.
AHEAD = timedelta(hours=1)

HOW_BAD = (
    (Priority.LESS_URGENT, gettext_lazy("I can work around it")),
    (Priority.URGENT, gettext_lazy("It slows my work down")),
    (Priority.VERY_URGENT, gettext_lazy("I cannot work")),
    (Priority.TOP, gettext_lazy("Data taking, or many people, are stopped")),
)


class _IssueTypeSelect(forms.Select):
    """Marks the security types, so that the style sheet can show the emergency contacts."""

    security: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.security:
            option["attrs"]["data-security"] = ""
        return option


class TicketForm(forms.Form):
    """What somebody tells about a problem. Made for one person; its queries are bounded."""

    subject = forms.CharField(
        label=gettext_lazy("What happened?"),
        max_length=SUBJECT_LENGTH,
        help_text=gettext_lazy("One line, as you would tell a colleague."),
        error_messages={"required": gettext_lazy("Say in one line what happened.")},
    )
    description = forms.CharField(
        label=gettext_lazy("Details"),
        widget=forms.Textarea,
        help_text=gettext_lazy(
            "What did you do, what did you expect, what came instead? Paste the error message. "
            "Markdown works."
        ),
        error_messages={"required": gettext_lazy("Describe what happened.")},
    )
    sites = forms.CharField(
        label=gettext_lazy("Where?"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy(
            "A site, or several with commas. Leave it empty if you cannot tell."
        ),
    )
    priority = forms.TypedChoiceField(
        label=gettext_lazy("How bad is it?"),
        choices=Priority.choices,
        coerce=int,
        initial=Priority.LESS_URGENT,
        widget=forms.RadioSelect,
    )
    vo = forms.ModelChoiceField(
        label=gettext_lazy("Concerned VO"),
        queryset=VO.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("none"),
        help_text=gettext_lazy("Members of the VO can read the public side of the ticket."),
    )
    affects_whole_vo = forms.BooleanField(
        label=gettext_lazy("It affects the whole VO"), required=False
    )
    is_vo_specific = forms.BooleanField(
        label=gettext_lazy("It happens in this VO only"), required=False
    )
    issue_type = forms.TypedChoiceField(
        label=gettext_lazy("Type of issue"), required=False, widget=_IssueTypeSelect
    )
    problem_at = WallClockField(label=gettext_lazy("Moment of the problem"), required=False)
    problem_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone of that moment"), choices=zone_choices, required=False
    )
    services = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Affected services"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    notified_site = forms.CharField(
        label=gettext_lazy("A site"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Its support unit gets the ticket, and its contact a mail."),
    )
    unit = forms.ModelChoiceField(
        label=gettext_lazy("Or a support unit"),
        # CSIRT gets tickets of type Security only: those nobody else reads.
        queryset=SupportUnit.objects.filter(IS_ROUTABLE)
        .exclude(kind=UnitKind.SECURITY)
        .exclude(unit_queries.of_sites_that_left())
        .order_by("name"),
        required=False,
        empty_label=gettext_lazy("none: leave it to TPM"),
        error_messages={
            "invalid_choice": gettext_lazy(
                "This support unit cannot receive tickets. Choose another one, or leave it to TPM."
            )
        },
    )
    carbon_copies = forms.CharField(
        label=gettext_lazy("CC"),
        required=False,
        max_length=4000,
        help_text=gettext_lazy(
            "E-mail addresses with commas. They get copies of the public side, and no rights."
        ),
    )
    on_behalf_of_name = forms.CharField(
        label=gettext_lazy("On behalf of"),
        required=False,
        max_length=150,
        help_text=gettext_lazy("The name of the person who has the problem, if it is not you."),
    )
    on_behalf_of_email = forms.EmailField(
        label=gettext_lazy("That person's e-mail address"), required=False, max_length=320
    )
    notification_mode = forms.ChoiceField(
        label=gettext_lazy("Tell me by mail"), choices=NotificationMode.choices, required=False
    )
    related_urls = forms.CharField(
        label=gettext_lazy("Related addresses"),
        required=False,
        max_length=6000,
        widget=forms.Textarea,
        help_text=gettext_lazy("Web pages that help to understand, one a line."),
    )
    jobs = forms.CharField(label=gettext_lazy("Job ids"), required=False, max_length=1000)
    hosts = forms.CharField(label=gettext_lazy("Hosts"), required=False, max_length=2000)
    dns = forms.CharField(
        label=gettext_lazy("Certificate DN"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Shown to supporters and to you only."),
    )

    # What is asked at once; all else is folded away.
    asked = frozenset({"subject", "description", "sites", "priority"})

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        user: User,
        at: datetime,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the form for a person; ``initial`` is what a draft holds, as strings and lists."""
        defaults = {
            "vo": _own_vo(user) if data is None else None,
            "notification_mode": user.notification_mode,
            "problem_zone": timezone.get_current_timezone_name(),
            "problem_at": at,
            "priority": Priority.LESS_URGENT,
        }
        data = None if data is None else _storable(data)
        super().__init__(data, initial=defaults | dict(initial or {}))
        self._at = at
        self.takes_several = self.may_name_several(user)
        self.places: Places = find_places([self._text("sites"), self._text("notified_site")])
        self._issue_types = _issue_types(self._text("vo"))
        field = self.fields["issue_type"]
        field.choices = [  # type: ignore[attr-defined]
            ("", _("not said")),
            *((str(each.pk), each.name) for each in self._issue_types.values()),
        ]
        field.widget.security = frozenset(
            str(each.pk) for each in self._issue_types.values() if each.is_security
        )
        # Asked for when they are shown, or when one is ticked.
        self.fields["services"].choices = self._service_choices  # type: ignore[attr-defined]

    @cached_property
    def chosen_sites(self) -> list[Site]:
        """The sites that the field *Where?* names, those that are known."""
        return self.places.of(self._text("sites"))

    @cached_property
    def known_services(self) -> dict[int, Service]:
        """The services of the chosen sites, by key."""
        if not self.chosen_sites:
            return {}
        rows = Service.objects.filter(site__in=self.chosen_sites, gone_at=None).only(
            "hostname", "service_type", "site"
        )
        return {
            each.pk: each
            for each in rows.order_by("site__name", "service_type", "hostname")[:MOST_SERVICES]
        }

    def _service_choices(self) -> list[tuple[int, str]]:
        return [
            (each.pk, f"{each.hostname} ({each.service_type})")
            for each in self.known_services.values()
        ]

    @property
    def chosen_services(self) -> list[Service]:
        """Those of the chosen sites' services that are ticked."""
        ticked = {str(each) for each in self["services"].value() or ()}
        return [each for key, each in self.known_services.items() if str(key) in ticked]

    @property
    def vo_name(self) -> str | None:
        """The name of the chosen VO; one query."""
        key = whole_number(self._text("vo"))
        return VO.objects.filter(pk=key).values_list("name", flat=True).first() if key else None

    @property
    def priority_choices(self) -> list[dict[str, Any]]:
        """The four answers: value, GGUS's word, what it means, whether it is chosen."""
        chosen = self._text("priority")
        return [
            {
                "value": value.value,
                "label": value.label,
                "meaning": meaning,
                "chosen": str(value.value) == chosen,
            }
            for value, meaning in HOW_BAD
        ]

    @property
    def unknown_sites(self) -> list[dict[str, Any]]:
        """The names that no site has, each with names that were perhaps meant."""
        return [
            {"name": name, "offers": self.places.offers.get(name, [])}
            for name in self.places.unknown(self._text("sites"))
        ]

    @property
    def is_security(self) -> bool:
        """Whether the chosen type of issue is a security type."""
        chosen = self._issue_types.get(self._text("issue_type"))
        return bool(chosen and chosen.is_security)

    @property
    def words(self) -> str:
        """Subject and description, as far as they are typed."""
        return f"{self._text('subject')}\n{self._text('description')}"

    @property
    def opens_more(self) -> bool:
        """Whether the folded part must be open: it holds an error, or something was said there."""
        hidden = set(self.fields) - self.asked
        return bool(hidden & set(self.errors))

    def clean_sites(self) -> list[Site]:
        """Return the sites; an unknown name is said with names that were perhaps meant."""
        self._check_known("sites")
        return self.chosen_sites

    @staticmethod
    def may_name_several(user: User) -> bool:
        """Return whether the person files for several sites in one step (domain: section 2)."""
        return unit_policies.is_tpm_operator(user)

    @property
    def notified_sites(self) -> list[Site]:
        """The sites that are to be notified, those that are known."""
        return self.places.of(self._text("notified_site"))

    def clean_notified_site(self) -> Site | None:
        """Return the one site that is to be notified; of several the first."""
        self._check_known("notified_site")
        found = self.notified_sites
        if len(found) > 1 and not self.takes_several:
            raise ValidationError(_("Choose one site: a ticket goes to one support unit."))
        return found[0] if found else None

    def clean_issue_type(self) -> IssueType | None:
        """Return the type of issue."""
        return self._issue_types.get(self.cleaned_data["issue_type"])

    def clean_problem_zone(self) -> str:
        """Return the name of the zone; the reader's, if none was given."""
        name = self.cleaned_data["problem_zone"]
        return name if name in zone_names() else timezone.get_current_timezone_name()

    def clean_carbon_copies(self) -> list[str]:
        """Return the addresses; the action checks each."""
        return entered(self.cleaned_data["carbon_copies"])

    def clean_related_urls(self) -> list[str]:
        """Return the addresses of web pages."""
        found = self.cleaned_data["related_urls"].split()
        if len(found) > MOST_URLS:
            raise ValidationError(_("Up to %(most)s addresses fit.") % {"most": MOST_URLS})
        check = URLValidator(schemes=["http", "https"])
        for each in found:
            try:
                check(each)
            except ValidationError:
                raise ValidationError(
                    _("“%(address)s” is no address of a web page.") % {"address": each}
                ) from None
            if len(each) > 500:
                raise ValidationError(_("An address can have 500 characters."))
        return found

    def clean_jobs(self) -> list[str]:
        """Return the job ids: numbers."""
        found = list(dict.fromkeys(entered(self.cleaned_data["jobs"])))
        for each in found:
            if not each.isascii() or not each.isdigit():
                raise ValidationError(_("“%(word)s” is no job id.") % {"word": each})
        return found

    def clean_hosts(self) -> list[str]:
        """Return the host names."""
        return list(dict.fromkeys(entered(self.cleaned_data["hosts"].lower())))

    def clean_dns(self) -> list[str]:
        """Return the DNs, one a semicolon: they may hold spaces and commas."""
        return [part.strip() for part in self.cleaned_data["dns"].split(";") if part.strip()]

    def clean(self) -> dict[str, Any]:
        """Make one moment of time and zone; refuse a site and a unit together."""
        found = super().clean() or self.cleaned_data
        if found.get("notified_site") and found.get("unit"):
            words = _("A ticket goes either to a site or to a support unit. Choose one of them.")
            self.add_error("notified_site", words)
            self.add_error("unit", words)
        moment = in_zone(found.get("problem_at"), zone_of(found.get("problem_zone", "UTC")))
        if moment is not None and moment > self._at + AHEAD:
            self.add_error("problem_at", _("This moment lies ahead."))
        found["problem_at"] = moment
        return found

    def arguments(self) -> dict[str, Any]:
        """Return what ``actions.several.submit_for_sites`` takes, of a valid form."""
        found = dict(self.cleaned_data)
        del found["notified_site"]
        services = [self.known_services[key] for key in found.pop("services")]
        return {
            "affected_sites": found.pop("sites"),
            "affected_services": services,
            "notified_sites": self.notified_sites,
            "recognised": {kind: found.pop(kind) for kind in ("jobs", "hosts", "dns")},
            **found,
        }

    def _check_known(self, name: str) -> None:
        unknown = self.places.unknown(self._text(name))
        if not unknown:
            return
        errors = []
        for each in unknown:
            offers = self.places.offers.get(each)
            errors.append(
                _("We know no site “%(name)s”. Did you mean %(offers)s?")
                % {"name": each, "offers": ", ".join(offers)}
                if offers
                else _("We know no site “%(name)s”. Leave it out if you cannot tell.")
                % {"name": each}
            )
        raise ValidationError(errors)

    def _text(self, name: str) -> str:
        value = self[name].value()
        return "" if value is None else str(value)


def draft_data(data: QueryDict, form: type[TicketForm] = TicketForm) -> dict[str, Any]:
    """Return what a draft keeps of a sent form: strings, and lists where several can be chosen."""
    kept: dict[str, Any] = {}
    for name in form.base_fields:
        if name == "services":
            kept[name] = [clean(value) for value in data.getlist(name)]
        elif name in data:
            kept[name] = clean(str(data[name]))
    for name, field in form.base_fields.items():
        if isinstance(field, forms.BooleanField):
            kept[name] = name in data
    return kept


def is_worth_keeping(kept: Mapping[str, Any]) -> bool:
    """Return whether anything was typed that somebody would miss."""
    names = ("subject", "description", "sites", "notified_site")
    return any(str(kept.get(name, "")).strip() for name in names)


def _storable(data: QueryDict) -> QueryDict:
    """Return what was sent without signs that no database holds, such as NUL."""
    found = data.copy()
    for name, values in data.lists():
        found.setlist(name, [clean(str(value)) for value in values])
    return found


def _own_vo(user: User) -> int | None:
    own = unit_policies.vos_of(user)
    if user.default_vo:
        found = VO.objects.filter(name=user.default_vo).values_list("pk", flat=True).first()
        if found is not None:
            return found
    return next(iter(own)) if len(own) == 1 else None


def _issue_types(vo: str) -> dict[str, IssueType]:
    """Return the VO's own list, or the default one, and the security types of either; by key."""
    key = int(vo) if vo.isascii() and vo.isdigit() and len(vo) < 10 else None
    rows = list(
        IssueType.objects.filter(is_active=True)
        .filter(Q(vo=None) | Q(vo=key))
        .order_by("position", "name")
    )
    own = [each for each in rows if each.vo_id is not None]
    shown = [each for each in rows if not own or each.vo_id is not None or each.is_security]
    if any(each.is_security for each in own):
        shown = own
    return {str(each.pk): each for each in shown}
