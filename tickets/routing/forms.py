"""The form of a routing rule: each condition on its own, each error at its field."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.lib.text import clean_line
from supportunits import queries as unit_queries
from supportunits.models import VO, IssueType, SupportUnit
from tickets.models import TicketType
from tickets.routing.check_rule import problems
from tickets.routing.models import RoutingRule
from tickets.routing.queries import rules_in_order
from tickets.routing.save_rule import FIELDS
from topology.models import OperationsCentre, Service, Site
from topology.queries import SiteNotFound, find_site

MOST_LETTERS = 6_000


class IssueTypeField(forms.ModelChoiceField):
    """A choice of types of issue, each with its VO."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the words of one type."""
        return f"{obj.name} ({obj.vo.name if obj.vo else _('every VO')})"


class RuleForm(forms.Form):
    """A rule as an admin writes it; ``rule`` is what it would be, also for the preview."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("TPM reads it as the reason: “Tape at CNAF”."),
    )
    unit_name = forms.CharField(
        label=gettext_lazy("Support unit"),
        max_length=100,
        help_text=gettext_lazy("Who gets the tickets that fit. Typing errors are forgiven."),
    )
    is_automatic = forms.TypedChoiceField(
        label=gettext_lazy("What it does"),
        choices=(
            ("suggest", gettext_lazy("suggests the unit to TPM")),
            ("route", gettext_lazy("routes by itself what a user sent to nobody")),
        ),
        coerce=lambda value: value == "route",
        initial="suggest",
        widget=forms.RadioSelect,
    )
    position = forms.IntegerField(
        label=gettext_lazy("Place"),
        min_value=1,
        max_value=100_000,
        help_text=gettext_lazy("Lower numbers come first."),
    )
    is_on = forms.BooleanField(label=gettext_lazy("In use"), required=False, initial=True)
    words = forms.CharField(
        label=gettext_lazy("Words or phrases"),
        max_length=MOST_LETTERS,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "One a line. Whole words of subject and description; capitals and accents do not "
            "matter. Chinese, Japanese and Korean as they are."
        ),
    )
    all_words = forms.TypedChoiceField(
        label=gettext_lazy("How many of them"),
        choices=(("any", gettext_lazy("any of them")), ("all", gettext_lazy("all of them"))),
        coerce=lambda value: value == "all",
        initial="any",
        widget=forms.RadioSelect,
    )
    site_name = forms.CharField(
        label=gettext_lazy("Affected site"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Its name or an alias."),
    )
    operations_centre = forms.ModelChoiceField(
        label=gettext_lazy("Operations centre of an affected site"),
        queryset=OperationsCentre.objects.filter(gone_at=None).order_by("name"),
        required=False,
        empty_label=gettext_lazy("any"),
    )
    service_type = forms.CharField(
        label=gettext_lazy("Type of service"),
        max_length=255,
        required=False,
        help_text=gettext_lazy(
            "GOCDB's word. Of an affected service, of a host in the text, or meant by words such "
            "as VOMS, CE, tape."
        ),
    )
    vo = forms.ModelChoiceField(
        label=gettext_lazy("VO"),
        queryset=VO.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("any"),
    )
    issue_type = IssueTypeField(
        label=gettext_lazy("Type of issue"),
        queryset=IssueType.objects.filter(is_active=True)
        .select_related("vo")
        .order_by("vo__name", "position", "name"),
        required=False,
        empty_label=gettext_lazy("any"),
    )
    ticket_type = forms.ChoiceField(
        label=gettext_lazy("Type of ticket"),
        choices=[("", gettext_lazy("any")), *TicketType.choices],
        required=False,
    )

    def __init__(self, *args: Any, stored: RoutingRule | None = None, **kwargs: Any) -> None:
        self.stored = stored
        self.rule: RoutingRule | None = None
        super().__init__(*args, **kwargs)

    def clean_unit_name(self) -> str:
        """Find the unit that is meant, or say which ones could be."""
        typed = clean_line(self.cleaned_data["unit_name"])
        exact = SupportUnit.objects.filter(name__iexact=typed).first()
        if exact is not None:
            self.cleaned_data["unit"] = exact
            return typed
        matches = [match for match in unit_queries.find_units(typed) if match.site is None]
        if len(matches) == 1:
            self.cleaned_data["unit"] = matches[0].unit
            return str(matches[0].unit.name)
        if not matches:
            raise ValidationError(
                _("No support unit is called “%(name)s”. Check the spelling."),
                params={"name": typed},
            )
        raise ValidationError(
            _("“%(name)s” can mean several: %(names)s. Type the whole name."),
            params={"name": typed, "names": ", ".join(each.unit.name for each in matches[:5])},
        )

    def clean_site_name(self) -> str:
        """Find the site, by its name or an alias."""
        typed = clean_line(self.cleaned_data["site_name"])
        self.cleaned_data["site"] = None
        if typed:
            try:
                site: Site = find_site(typed)
            except SiteNotFound as error:
                raise ValidationError(
                    _("We know no site named “%(name)s”.%(hint)s"),
                    params={
                        "name": typed,
                        "hint": _(" Did you mean %(names)s?") % {"names": ", ".join(error.similar)}
                        if error.similar
                        else "",
                    },
                ) from None
            self.cleaned_data["site"] = site
        return typed

    def clean_service_type(self) -> str:
        """Take a type that GOCDB has, in its own letters."""
        typed = clean_line(self.cleaned_data["service_type"])
        if not typed:
            return ""
        known = (
            Service.objects.filter(service_type__iexact=typed)
            .values_list("service_type", flat=True)
            .first()
        )
        if known is None:
            raise ValidationError(
                _("No service in GOCDB is of the type “%(name)s”. Pick one of the list."),
                params={"name": typed},
            )
        return str(known)

    def clean_words(self) -> list[str]:
        """Return the words and phrases, each once."""
        lines = (clean_line(line) for line in self.cleaned_data["words"].splitlines())
        return list({line.casefold(): line for line in lines if line}.values())

    def clean(self) -> dict[str, Any]:
        """Say what is wrong with the rule as a whole, each at its field."""
        given = self.cleaned_data
        if "unit" not in given or self.errors:
            return given
        made = {name: given[name] for name in FIELDS}
        self.rule = RoutingRule(pk=self.stored.pk if self.stored else None, **made)
        for problem in problems(self.rule, rules_in_order()):
            self.add_error(problem.field or None, problem.message)
        return given

    @property
    def values(self) -> dict[str, Any]:
        """What ``save_rule`` takes."""
        return {name: self.cleaned_data[name] for name in FIELDS}


def written(rule: RoutingRule) -> dict[str, Any]:
    """Return a stored rule as the form shows it."""
    return {
        "key": rule.submission_key,
        "name": rule.name,
        "unit_name": rule.unit.name,
        "is_automatic": "route" if rule.is_automatic else "suggest",
        "position": rule.position,
        "is_on": rule.is_on,
        "words": "\n".join(rule.words),
        "all_words": "all" if rule.all_words else "any",
        "site_name": rule.site.name if rule.site else "",
        "operations_centre": rule.operations_centre_id,
        "service_type": rule.service_type,
        "vo": rule.vo_id,
        "issue_type": rule.issue_type_id,
        "ticket_type": rule.ticket_type,
    }
