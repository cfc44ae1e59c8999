"""Addresses to which mail can really be sent, out of what people and feeds write."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from juno_support.errors import SupportError

_SEPARATORS = re.compile(r"[\s,;]+")
_LONGEST = 320


class NotAnAddress(SupportError):
    """What was typed is not an e-mail address."""


def first_address(*texts: str) -> str:
    """Return the first usable address in what a feed wrote, or empty.

    GOCDB keeps several in one field.
    """
    for text in texts:
        for word in _SEPARATORS.split(text):
            if is_address(word):
                return word
    return ""


def is_address(text: str) -> bool:
    """Return whether the text is one e-mail address."""
    if not text or len(text) > _LONGEST:
        return False
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def checked_address(text: str) -> str:
    """Return a typed address without space around it; empty stays empty.

    :raises NotAnAddress: if it is not one
    """
    text = text.strip()
    if text and not is_address(text):
        raise NotAnAddress(
            _("%(text)s is not an e-mail address.") % {"text": text},
            _("Write one address, such as support@example.org."),
        )
    return text
