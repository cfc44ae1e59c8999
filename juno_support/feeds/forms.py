"""What an admin may set of a source on its page."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from juno_support.feeds.configuration import Configuration


class SourceForm(forms.Form):
    """Address, interval and switch; what the environment sets is shown and cannot be changed."""

    url = forms.CharField(label=_("Address"), max_length=500, required=False)
    minutes = forms.IntegerField(
        label=_("Ask every (minutes)"), min_value=1, max_value=7 * 24 * 60, required=False
    )
    is_enabled = forms.BooleanField(label=_("Poll this source"), required=False)

    def __init__(self, configuration: Configuration, *args: object, **kwargs: object) -> None:
        self._configuration = configuration
        kwargs.setdefault(
            "initial",
            {
                "url": configuration.url,
                "minutes": max(1, round(configuration.interval.total_seconds() / 60)),
                "is_enabled": configuration.is_enabled,
            },
        )
        kwargs.setdefault("auto_id", f"{configuration.kind.name}-%s")
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["url"].widget.attrs["placeholder"] = configuration.kind.example_url
        self.fields["url"].help_text = _("For example %(url)s.") % {
            "url": configuration.kind.example_url
        }
        for name, value in (("url", "url"), ("minutes", "interval")):
            if value in configuration.from_environment:
                self.fields[name].disabled = True
                self.fields[name].help_text = _("Set in the environment of the server.")

    @property
    def interval(self) -> timedelta:
        """Return the interval that was typed, or the one in force."""
        minutes = self.cleaned_data.get("minutes")
        return timedelta(minutes=minutes) if minutes else self._configuration.interval


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
