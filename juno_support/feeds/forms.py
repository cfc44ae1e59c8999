"""What an admin may set of a source on its page."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from juno_support.errors import SupportError
from juno_support.feeds import certificates, vault
from juno_support.feeds.configuration import Configuration
from juno_support.feeds.option_fields import field_for, secret_field
from juno_support.feeds.registry import Option
from juno_support.lib.http import without_password

LONGEST_CERTIFICATE = 40_000


class _Unshown(forms.Textarea):
    """A large field whose value is never written back, not even when it was wrong."""

    def format_value(self, value: Any) -> str:
        """Return nothing."""
        return ""


class SourceForm(forms.Form):
    """Address, interval, switch and the options of the kind.

    What the environment sets is shown and cannot be changed. A secret can be set, replaced or
    removed, but what it is never leaves the server.
    """

    url = forms.CharField(label=_("Address"), max_length=500, required=False)
    minutes = forms.IntegerField(
        label=_("Ask every (minutes)"), min_value=1, max_value=7 * 24 * 60, required=False
    )
    is_enabled = forms.BooleanField(label=_("Poll this source"), required=False)

    def __init__(
        self,
        configuration: Configuration,
        *args: object,
        secrets_set: frozenset[str] = frozenset(),
        **kwargs: object,
    ) -> None:
        """Make the form.

        :param secrets_set: names of the secrets that were entered
        """
        self._configuration = configuration
        self.secrets_set = secrets_set
        kind = configuration.kind
        kwargs.setdefault(
            "initial",
            {
                "url": without_password(configuration.url),
                "minutes": max(1, round(configuration.interval.total_seconds() / 60)),
                "is_enabled": configuration.is_enabled,
            },
        )
        kwargs.setdefault("auto_id", f"{kind.name}-%s")
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if kind.is_pushed:
            del self.fields["url"]
            self.fields["minutes"].label = _("It tells every (minutes)")
            self.fields["is_enabled"].label = _("Take what it tells")
        else:
            self.fields["url"].widget.attrs["placeholder"] = kind.example_url
            self.fields["url"].help_text = _("For example %(url)s.") % {"url": kind.example_url}
        for name, value in (("url", "url"), ("minutes", "interval")):
            if value in configuration.from_environment and name in self.fields:
                self._close(name)
        for option in kind.options:
            self._add(option, is_set=option.name in secrets_set)
        if not kind.is_pushed:
            self._add_certificate()

    def _add(self, option: Option, *, is_set: bool) -> None:
        name = f"option-{option.name}"
        if not option.is_secret:
            self.fields[name] = field_for(option, self._configuration.option(option.name))
        else:
            self.fields[name] = secret_field(option, is_set=is_set)
            if is_set and option.name not in self._configuration.from_environment:
                self.fields[f"remove-{option.name}"] = forms.BooleanField(
                    label=_("Remove it: %(name)s") % {"name": option.label}, required=False
                )
        if option.name in self._configuration.from_environment:
            self._close(name)

    def _add_certificate(self) -> None:
        self.fields["certificate"] = forms.CharField(
            label=_("Client certificate with its key"),
            required=False,
            max_length=LONGEST_CERTIFICATE,
            help_text=self._about_certificate(),
            widget=_Unshown(
                attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false", "wrap": "off"}
            ),
        )
        if "certificate" in self._configuration.from_environment:
            self._close("certificate")
        elif certificates.SECRET in self.secrets_set:
            self.fields["remove-certificate"] = forms.BooleanField(
                label=_("Remove it: %(name)s") % {"name": _("client certificate")}, required=False
            )

    def _about_certificate(self) -> str:
        if certificates.SECRET not in self.secrets_set:
            return str(_("As PEM, the key without a passphrase. Not set."))
        try:
            facts = certificates.check(
                vault.read(self._configuration.kind.name, certificates.SECRET)
            )
        except SupportError as error:
            return str(error)
        return _("Set: %(subject)s, valid until %(end)s. Leave this empty to keep it.") % {
            "subject": facts.subject,
            "end": f"{facts.ends_at:%Y-%m-%d}",
        }

    def _close(self, name: str) -> None:
        self.fields[name].disabled = True
        self.fields[name].help_text = _("Set in the environment of the server.")

    @property
    def interval(self) -> timedelta:
        """Return the interval that was typed, or the one in force."""
        minutes = self.cleaned_data.get("minutes")
        return timedelta(minutes=minutes) if minutes else self._configuration.interval

    @property
    def options(self) -> dict[str, Any]:
        """Return what was typed of the options that are no secrets, by name."""
        return {
            option.name: self.cleaned_data.get(f"option-{option.name}")
            for option in self._configuration.kind.options
            if not option.is_secret
        }

    @property
    def secrets(self) -> dict[str, str]:
        """Return the secrets that were typed, and "" for those that are to be removed."""
        found = {}
        if typed := self.cleaned_data.get("certificate"):
            found[certificates.SECRET] = str(typed)
        elif self.cleaned_data.get("remove-certificate"):
            found[certificates.SECRET] = ""
        for option in self._configuration.kind.options:
            if not option.is_secret:
                continue
            if typed := self.cleaned_data.get(f"option-{option.name}"):
                found[option.name] = str(typed)
            elif self.cleaned_data.get(f"remove-{option.name}"):
                found[option.name] = ""
        return found


class PushedSourceForm(forms.Form):
    """A new source that tells by itself."""

    word = forms.CharField(
        label=_("Name"),
        max_length=40,
        help_text=_("A short word, for example cern-noc; the source is then push-cern-noc."),
    )
    minutes = forms.IntegerField(
        label=_("Tells every (minutes)"),
        min_value=1,
        max_value=7 * 24 * 60,
        initial=15,
        help_text=_("When nothing came for three times as long, what it told is called old."),
    )
    namespace = forms.CharField(
        label=_("Whose names it uses"),
        max_length=30,
        required=False,
        help_text=_(
            "Names of sites, services and links are matched within a family of names: perfsonar, "
            "dirac, argo. Empty: names of its own."
        ),
    )

    @property
    def interval(self) -> timedelta:
        """Return the interval that was typed."""
        return timedelta(minutes=self.cleaned_data["minutes"])
