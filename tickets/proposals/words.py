"""The words of a ticket that is filed for a proposal: subject, text with the evidence, services."""

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.feeds.registry import UnknownSource, find_kind
from juno_support.lib import text
from monitoring.models import Entity
from monitoring.observations import EntityKind
from monitoring.statuses import Status, worst
from tickets.models import Priority, Proposal

MOST_LINES = 12
MOST_PAGES = 5
URL_LENGTH = 500


def subject(proposal: Proposal) -> str:
    """Return the subject: what is bad where, in one line."""
    site = proposal.site.name
    first = proposal.evidence[0] if proposal.evidence else {}
    if first.get("kind") == EntityKind.SITE:
        return text.shorten(
            _("%(site)s is %(status)s (%(source)s)")
            % {
                "site": site,
                "status": str(Status(first["status"]).label),
                "source": source_title(first["source"]),
            },
            250,
        )
    statuses: dict[str, list[str]] = {}
    for fact in proposal.evidence:
        if fact["kind"] != EntityKind.SITE:
            statuses.setdefault(fact["entity"], []).append(fact["status"])
    is_bad = str(Status(worst([each for found in statuses.values() for each in found])).label)
    if len(statuses) == 1:
        return text.shorten(
            _("%(thing)s is %(status)s at %(site)s")
            % {"thing": first["entity"], "status": is_bad, "site": site},
            250,
        )
    return ngettext(
        "%(count)d service is %(status)s at %(site)s",
        "%(count)d services are %(status)s at %(site)s",
        len(statuses),
    ) % {"count": len(statuses), "status": is_bad, "site": site}


def description(proposal: Proposal) -> str:
    """Return the evidence in Markdown: what is bad, since when, in whose eyes."""
    lines = [
        _("%(site)s is bad since %(moment)s, and no outage is declared. What monitoring says:")
        % {"site": proposal.site.name, "moment": _utc(proposal.since.isoformat())},
        "",
        *(_line(fact) for fact in proposal.evidence[:MOST_LINES]),
    ]
    more = len(proposal.series) - min(len(proposal.evidence), MOST_LINES)
    if more > 0:
        lines.append(
            "- " + ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more}
        )
    return "\n".join(lines)


def prefilled(proposal: Proposal) -> dict[str, Any]:
    """Return the first values of the form that files a ticket for the proposal; one query."""
    return {
        "proposal": proposal.pk,
        "subject": subject(proposal),
        "description": description(proposal),
        "sites": proposal.site.name,
        "vo": proposal.vo_id,
        "priority": Priority.URGENT,
        "services": _services(proposal),
        "problem_at": proposal.since,
        # Not in the text, where parts of them would be taken for host names.
        "related_urls": "\n".join(_pages(proposal)),
    }


def source_title(name: str) -> str:
    """Return what people call a source."""
    try:
        return str(find_kind(name).title)
    except UnknownSource:
        return name


def _pages(proposal: Proposal) -> list[str]:
    """Return the pages for people that the evidence names, such as the form takes."""
    is_page = URLValidator(schemes=["http", "https"])
    found: dict[str, None] = {}
    for fact in proposal.evidence:
        try:
            is_page(fact["evidence_url"])
        except ValidationError:
            continue
        if len(fact["evidence_url"]) <= URL_LENGTH:
            found[fact["evidence_url"]] = None
    return list(found)[:MOST_PAGES]


def _services(proposal: Proposal) -> list[int]:
    names = {fact["entity"] for fact in proposal.evidence if fact.get("kind") == EntityKind.SERVICE}
    if not names:
        return []
    return list(
        Entity.objects.filter(
            site=proposal.site_id,
            kind=EntityKind.SERVICE,
            name__in=names,
            service__gone_at=None,
            service__isnull=False,
        )
        .order_by("service_id")
        .values_list("service_id", flat=True)
        .distinct()
    )


def _line(fact: dict[str, Any]) -> str:
    words = _("%(source)s: %(thing)s **%(status)s** since %(moment)s") % {
        "source": source_title(fact["source"]),
        "thing": _code(fact["entity"]),
        "status": str(Status(fact["status"]).label),
        "moment": _utc(fact["since"]),
    }
    if fact["raw_status"] and fact["raw_status"].lower() != fact["status"]:
        words += f" ({_code(fact['raw_status'])})"
    if fact["summary"]:
        words += f": {_code(fact['summary'])}"
    return f"- {words}"


def _code(words: str) -> str:
    """Return outside words as code, so that nothing in them is taken for Markdown."""
    return "`" + text.clean_line(text.show_bidi(words)).replace("`", "'") + "`"


def _utc(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
