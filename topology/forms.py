"""What an admin may set of a site, and of a network link."""

from django import forms
from django.utils.translation import gettext_lazy as _

from juno_support.lib.text import clean_line
from topology.models import LinkKind, NetworkLink, Site
from topology.queries import SiteNotFound, find_site


class OverridesForm(forms.Form):
    """An admin's words, which win over those of the source."""

    contact_email_override = forms.EmailField(
        label=_("Contact"), max_length=320, required=False, help_text=_("Instead of the source's.")
    )
    emergency_email_override = forms.EmailField(
        label=_("Emergency address"),
        max_length=320,
        required=False,
        help_text=_("Instead of the source's."),
    )
    time_zone_override = forms.CharField(
        label=_("Time zone"), max_length=64, required=False, help_text=_("Such as Europe/Rome.")
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown on this page to everybody who may see it."),
    )


class LinkForm(forms.Form):
    """A network link; its two sites are named."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("As its operators name it: CERN-CNAF-LHCOPN-001."),
    )
    kind = forms.ChoiceField(label=_("Network"), choices=LinkKind.choices)
    site_a = forms.CharField(label=_("One site"), max_length=200)
    site_b = forms.CharField(label=_("The other site"), max_length=200)
    provider = forms.CharField(label=_("Provider"), max_length=200, required=False)
    is_backup = forms.BooleanField(label=_("It is a backup"), required=False)
    note = forms.CharField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("auto_id", "link-%s")
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for end in ("site_a", "site_b"):
            self.fields[end].widget.attrs |= {"list": "link-sites", "autocomplete": "off"}

    @classmethod
    def of(cls, link: NetworkLink) -> "LinkForm":
        """Return the form that changes a link, with what it is now."""
        return cls(
            initial={
                "name": link.name,
                "kind": link.kind,
                "site_a": link.site_a.name,
                "site_b": link.site_b.name,
                "provider": link.provider,
                "is_backup": link.is_backup,
                "note": link.note,
            }
        )

    def clean_site_a(self) -> Site:
        """Return the site that is meant."""
        return self._site("site_a")

    def clean_site_b(self) -> Site:
        """Return the site that is meant."""
        return self._site("site_b")

    def _site(self, end: str) -> Site:
        try:
            return find_site(clean_line(self.cleaned_data[end]))
        except SiteNotFound as unknown:
            raise forms.ValidationError(str(unknown)) from None
