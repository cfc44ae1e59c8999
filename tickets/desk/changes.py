"""What is told of ready texts and of the check-list in the trace of settings."""

from django.utils.translation import gettext_lazy as _

from juno_support.accounts.audit import Part
from tickets.models import CheckItem, ReadyText

_QUIET = frozenset({"submission_key"})


def parts_of_texts() -> tuple[Part, ...]:
    """Return what is told on the page of ready texts."""
    words = {"title": _("title"), "text": _("text"), "vo": _("for tickets of")}
    return (Part(ReadyText, {}, noun="%(title)s", words=words, quiet=_QUIET),)


def parts_of_check_list() -> tuple[Part, ...]:
    """Return what is told on the page of the check-list."""
    words = {
        "words": _("words"),
        "how": _("how"),
        "url": _("address"),
        "position": _("place"),
        "is_retired": _("off the list"),
    }
    return (Part(CheckItem, {}, noun="%(words)s", words=words, quiet=_QUIET),)
