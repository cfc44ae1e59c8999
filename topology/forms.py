"""What an admin may set of a site."""

from django import forms
from django.utils.translation import gettext_lazy as _


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
