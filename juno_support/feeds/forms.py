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
