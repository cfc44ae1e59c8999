"""A form field for each option of a source's kind, and back from what was typed to its value."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from juno_support.errors import SupportError
from juno_support.feeds.registry import Option, OptionValue

LONGEST_TEXT = 500
LONGEST_SECRET = 8000
LONGEST_LIST = 4000
_ADDRESS_ENDS = ("_url", "_base")


def field_for(option: Option, value: OptionValue | None) -> forms.Field:
    """Return the field that lets an admin set an option; never required: empty is the default."""
    help_text = str(option.help)
    if option.choices:
        choices = [(choice, choice) for choice in option.choices]
        return forms.ChoiceField(
            label=str(option.label), choices=choices, initial=value, help_text=help_text
        )
    match option.default:
        case int():
            return forms.IntegerField(
                label=str(option.label),
                initial=value,
                help_text=help_text or _default(option),
                min_value=0,
                max_value=10**9,
                required=False,
            )
        case float():
            return forms.FloatField(
                label=str(option.label),
                initial=value,
                help_text=help_text or _default(option),
                min_value=0,
                max_value=1e9,
                required=False,
            )
        case tuple():
            return forms.CharField(
                label=str(option.label),
                initial=", ".join(value) if isinstance(value, tuple) else "",
                help_text=help_text,
                max_length=LONGEST_LIST,
                required=False,
            )
    return forms.CharField(
        label=str(option.label),
        initial=value,
        help_text=" ".join(part for part in (help_text, _default(option)) if part),
        max_length=LONGEST_TEXT,
        required=False,
    )


def secret_field(option: Option, *, is_set: bool) -> forms.Field:
    """Return the field of a secret: what it is, is never written back."""
    kept = _("It is set. Leave this empty to keep it.") if is_set else _("Not set.")
    return forms.CharField(
        label=str(option.label),
        required=False,
        strip=True,
        max_length=LONGEST_SECRET,
        help_text=" ".join(part for part in (str(option.help), kept) if part),
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}
        ),
    )


def typed_value(option: Option, given: Any) -> OptionValue:
    """Return what was typed in the type of the option's default.

    :raises SupportError: when it is no choice, or no address where one is meant
    """
    if given in (None, ""):
        return option.default
    if option.choices and given not in option.choices:
        raise SupportError(
            _("%(option)s cannot be %(value)s.") % {"option": option.label, "value": given},
            _("Choose one of: %(choices)s.") % {"choices": ", ".join(option.choices)},
        )
    value = option.typed(given)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if option.name.endswith(_ADDRESS_ENDS) and not text.startswith(("https://", "http://")):
        raise SupportError(
            _("%(option)s: this is no web address.") % {"option": option.label},
            _("It must begin with https:// or http://."),
        )
    return text


def _default(option: Option) -> str:
    if option.default in ("", ()):
        return ""
    return _("Usually %(value)s.") % {"value": option.default}
