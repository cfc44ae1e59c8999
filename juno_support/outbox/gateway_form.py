"""What an admin enters about a gateway to phones."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from juno_support.outbox.models import Channel, Gateway, GatewaySecret


class GatewayForm(forms.Form):
    """A gateway. The secret can be set, replaced or removed; it is never written back."""

    name = forms.CharField(label=_("Name"), max_length=60)
    channel = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            (Channel.WEBHOOK, _("a webhook: a service that calls or writes to phones")),
            (Channel.SMS, _("SMS by mail: an address that makes text messages of mails")),
        ],
        widget=forms.RadioSelect,
        initial=Channel.WEBHOOK,
    )
    where = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_(
            "Of a webhook its https address; of SMS by mail the address with {number} where the "
            "phone number goes, such as {number}@sms.example.org."
        ),
    )
    secret = forms.CharField(
        label=_("Shared secret"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Of a webhook: signs every call, so that the service knows that it is us."),
    )
    removes_secret = forms.BooleanField(label=_("Remove the secret"), required=False)
    is_active = forms.BooleanField(
        label=_("In use: alarms without a receipt ring through it"), required=False, initial=True
    )

    def __init__(self, *args: Any, gateway: Gateway | None = None, **kwargs: Any) -> None:
        """Make the form of a new gateway, or of one that there is."""
        if gateway is not None:
            kwargs.setdefault(
                "initial",
                {
                    "name": gateway.name,
                    "channel": gateway.channel,
                    "where": gateway.url or gateway.pattern,
                    "is_active": gateway.is_active,
                },
            )
        super().__init__(*args, **kwargs)
        has_secret = gateway is not None and GatewaySecret.objects.filter(gateway=gateway).exists()
        if gateway is not None:
            del self.fields["channel"]
            if gateway.channel == Channel.SMS:
                del self.fields["secret"]
        if has_secret:
            self.fields["secret"].help_text = _("There is one. Leave this empty to keep it.")
        else:
            del self.fields["removes_secret"]

    def arguments(self) -> dict[str, Any]:
        """Return what ``gateways.save`` takes, of a valid form."""
        found = self.cleaned_data
        secret = found.get("secret") or None
        if found.get("removes_secret"):
            secret = ""
        return {
            "name": found["name"],
            "channel": found.get("channel", ""),
            "where": found["where"],
            "is_active": found["is_active"],
            "secret": secret,
        }


class TryForm(forms.Form):
    """Whom a test of a gateway is to reach."""

    target = forms.CharField(
        label=_("Number or address"),
        max_length=200,
        help_text=_("Your own, as a rule: it rings."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
