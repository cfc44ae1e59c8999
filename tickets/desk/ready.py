"""Ready texts: which fields they may have, and how these are filled in for a ticket.

What a ticket does not tell is left as ``⟦downtime⟧``: nobody overlooks it, no text has it by
chance, and nothing that holds it is sent.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from juno_support.lib import display
from monitoring.models import Severity
from monitoring.queries import running_and_coming
from tickets.models import ReadyText, Ticket
from topology.models import Site

FIELDS: dict[str, str | Promise] = {
    "site": gettext_lazy("the affected sites"),
    "downtime": gettext_lazy("the downtime that runs at one of them, else the next within a week"),
    "submitter": gettext_lazy("the name of the submitter"),
    "ticket": gettext_lazy("the ticket's number"),
    "subject": gettext_lazy("the subject"),
    "unit": gettext_lazy("the support unit"),
    "vo": gettext_lazy("the concerned VO"),
    "me": gettext_lazy("the name of who sends it"),
}
"""What may stand in braces in a ready text, and what becomes of it."""

COMING = timedelta(days=7)
_FIELD = re.compile(r"\{([A-Za-z_]{1,40})\}")
_UNFILLED = re.compile(r"⟦([^⟦⟧]*)⟧")


def unknown_fields(text: str) -> list[str]:
    """Return the names in braces that are no fields, in their order, each once."""
    return [name for name in dict.fromkeys(_FIELD.findall(text)) if name not in FIELDS]


def unfilled(text: str) -> list[str]:
    """Return what is still to be filled in by hand, in its order, each once."""
    return list(dict.fromkeys(_UNFILLED.findall(text)))


def unfilled_words(text: str) -> str:
    """Return what to say to somebody who sends a text in which something is to be filled in."""
    names = unfilled(text)
    if not names:
        return ""
    listed = ", ".join(f"⟦{name}⟧" for name in names)
    return _("Fill in what is still marked: %(names)s.") % {"names": listed}


def fill(text: str, *, ticket: Ticket, me: Any, at: datetime) -> str:
    """Return the text with its fields filled in; those that the ticket does not tell are marked.

    Only what the text asks for is looked up; three queries at the most.
    """
    known: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in FIELDS:
            return match[0]
        if name not in known:
            # A name with a bracket of ours would look as if something were missing.
            known[name] = re.sub("[⟦⟧]", "", _VALUES[name](ticket, me, at))
        return known[name] or f"⟦{name}⟧"

    return _FIELD.sub(value, text)


def texts_for(ticket: Ticket) -> QuerySet[ReadyText]:
    """Return the ready texts for a ticket: those of its VO and those of the whole portal."""
    return ReadyText.objects.filter(Q(vo=None) | Q(vo=ticket.vo_id)).order_by("title", "pk")


def _sites(ticket: Ticket) -> list[Site]:
    sites = list(ticket.affected_sites.order_by("name"))
    if not sites and ticket.notified_site is not None:
        return [ticket.notified_site]
    return sites


def _downtime(sites: Iterable[Site], at: datetime) -> str:
    found = (
        running_and_coming(at=at, within=COMING)
        .filter(site__in=[site.pk for site in sites])
        .order_by("starts_at", "pk")
        .first()
    )
    if found is None:
        return ""
    kind = _("an outage") if found.severity == Severity.OUTAGE else _("a time at risk")
    words = {"kind": kind, "site": found.site.name, "until": display.utc_text(found.ends_at)}
    if found.starts_at <= at:
        return _("%(kind)s at %(site)s until %(until)s") % words
    words["from"] = display.utc_text(found.starts_at)
    return _("%(kind)s at %(site)s from %(from)s until %(until)s") % words


_VALUES: dict[str, Callable[[Ticket, Any, datetime], str]] = {
    "site": lambda ticket, _me, _at: ", ".join(site.name for site in _sites(ticket)),
    "downtime": lambda ticket, _me, at: _downtime(_sites(ticket), at),
    "submitter": lambda ticket, _me, _at: ticket.on_behalf_of_name or str(ticket.submitter),
    "ticket": lambda ticket, _me, _at: f"#{ticket.pk}",
    "subject": lambda ticket, _me, _at: ticket.subject,
    "unit": lambda ticket, _me, _at: ticket.unit.name,
    "vo": lambda ticket, _me, _at: ticket.vo.name if ticket.vo else "",
    "me": lambda _ticket, me, _at: str(me),
}
