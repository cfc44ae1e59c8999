"""The details beside a ticket: its facts, and the moments that matter now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.lib import clock, display
from tickets import policies
from tickets.models import Ticket
from tickets.workflow import ANSWERED, FINAL, OPEN, Status


@dataclass(frozen=True)
class Fact:
    """One line of the details: a name, its value, and where it is changed."""

    name: str
    value: SafeString | str
    change_url: str = ""
    label: str = ""


def deadlines_of(ticket: Ticket, at: datetime) -> list[dict[str, Any]]:
    """Return the moments that matter now: what is due, since when, until when."""
    found: list[tuple[str, datetime | None]] = []
    response_due, expected = _("Response due"), _("Solution expected")
    if ticket.status in OPEN:
        found.append((response_due, ticket.due_at))
    if ticket.status == Status.WAITING_FOR_REPLY:
        found.append((_("Waiting for the reply since"), ticket.waiting_since))
    if ticket.status == Status.ON_HOLD:
        found.append((_("On hold until"), ticket.hold_until))
    if ticket.status in OPEN:
        found.append((expected, ticket.eta_at))
        found.append((_("With this unit since"), ticket.assigned_at))
        found.append((_("Last public word"), ticket.public_word_at))
    if ticket.status in ANSWERED:
        found.append((_("Closes by itself"), ticket.close_after))
    return [
        {
            "name": name,
            "when": display.when(moment, at),
            "rest": display.left_text(moment, at)
            if moment > at
            else _("%(age)s ago") % {"age": display.duration_text(at - moment)}
            if at - moment >= timedelta(minutes=1)
            else _("just now"),
            "is_late": moment < at and name in (response_due, expected),
        }
        for name, moment in found
        if moment is not None
    ]


def facts_of(
    ticket: Ticket,
    sites: list[dict[str, Any]],
    services: list[dict[str, str]],
    user: Any,
    *,
    is_supporter: bool,
    is_owner: bool,
    edits: bool,
) -> list[Fact]:
    """Return the lines of the details, each with where this reader changes it."""
    may_change = is_supporter and ticket.status not in FINAL
    edits = edits and ticket.status not in FINAL

    def change(what: str, allowed: bool = may_change) -> str:
        return reverse("change-ticket", args=[ticket.pk, what]) if allowed else ""

    has_areas = ticket.vo is not None and bool(ticket.vo.mou_areas)

    def site_links() -> SafeString | str:
        links = [
            format_html('<a href="{}">{}</a>', reverse("sites:site", args=[name]), name)
            for name in (site["name"] for site in sites)
        ]
        return SafeString(", ".join(links)) if links else _("not said")

    found = [
        Fact(
            _("Priority"),
            display.priority_dot(ticket.priority, str(ticket.get_priority_display())),
            change("priority", edits),
        ),
        Fact(_("Support unit"), ticket.unit.name, change("unit", is_supporter and ticket.is_open)),
        Fact(_("Concerned VO"), ticket.vo.name if ticket.vo else _("none"), change("vo")),
        Fact(
            _("Affected sites"),
            site_links(),
            change("sites", may_change or (is_owner and ticket.status not in FINAL)),
        ),
    ]
    if services:
        listed = ", ".join(f"{each['host']} ({each['type']})" for each in services[:8])
        more = len(services) - 8
        words = f"{listed}, +{more}" if more > 0 else listed
        found.append(Fact(_("Affected services"), words))
    found += [
        Fact(
            _("Notified site"),
            ticket.notified_site.name if ticket.notified_site else _("none"),
            change("notified-site", may_change and not policies.keeps_notified_site(ticket)),
        ),
        Fact(
            _("MoU area"),
            ticket.mou_area or (_("not said") if has_areas else ""),
            change("mou-area", edits and has_areas),
        ),
        Fact(
            _("Type of issue"),
            ticket.issue_type.name if ticket.issue_type else _("not said"),
            change("issue-type", edits),
        ),
        Fact(_("Category"), str(ticket.get_category_display()), change("category")),
        Fact(
            _("Moment of the problem"),
            display.when(ticket.problem_at, clock.now()),
            change("problem-at", edits),
        ),
    ]
    if ticket.vo is not None and (ticket.affects_whole_vo or ticket.is_vo_specific or edits):
        scope = [
            words
            for is_set, words in (
                (ticket.affects_whole_vo, _("affects the whole VO")),
                (ticket.is_vo_specific, _("in this VO only")),
            )
            if is_set
        ]
        found.append(Fact(_("Reach"), ", ".join(scope) or _("not said"), change("scope", edits)))
    found.append(
        Fact(
            _("Solution expected"),
            display.when(ticket.eta_at, clock.now()) if ticket.eta_at else _("not said"),
            change("eta"),
        )
    )
    for kind, label in (("jobs", _("Job ids")), ("hosts", _("Hosts"))):
        if ticket.recognised.get(kind):
            found.append(Fact(label, ", ".join(ticket.recognised[kind])))
    if ticket.recognised.get("dns") and (is_owner or policies.may_see_addresses(user)):
        found.append(Fact(_("Certificate DN"), "; ".join(ticket.recognised["dns"])))
    if ticket.related_urls:
        found.append(
            Fact(
                _("Related addresses"),
                SafeString(
                    "<br>".join(
                        format_html(
                            '<a href="{}" rel="noopener nofollow" target="_blank">{}</a>', url, url
                        )
                        for url in ticket.related_urls
                    )
                ),
            )
        )
    return [
        fact if not fact.change_url else _with_label(fact) for fact in found if fact.value != ""
    ]


def _with_label(fact: Fact) -> Fact:
    label = _("Change: %(what)s") % {"what": fact.name}
    return Fact(fact.name, fact.value, fact.change_url, label)
