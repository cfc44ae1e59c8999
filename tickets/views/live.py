"""What an open ticket page asks for while it is open: news, the present at its sites, who hears."""

from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from juno_support.access import checked_inside
from juno_support.lib import clock
from monitoring import queries as monitoring
from tickets import policies, queries
from tickets.mail import facts
from tickets.mail.recipients import EntryFacts, Person, Recipient, Why, recipients
from tickets.models import Attachment, Kind, Ticket
from tickets.views.conditions import card
from tickets.views.page import mail_marks, ticket_context
from tickets.views.shared import person
from tickets.views.strips import live_strips
from tickets.views.timeline import make_rows, names_of
from topology.models import Site

MOST_NEW = 50
MOST_OTHERS = 5


@require_safe
@checked_inside
def since(request: HttpRequest, number: int, entry_id: int) -> HttpResponse:
    """Answer what happened after an entry: 204, or its rows and the parts around them."""
    ticket = policies.find_ticket(request.user, number)
    if ticket.last_entry_id <= entry_id:
        return HttpResponse(status=204)
    entries = list(
        queries.entries_since(ticket, request.user, entry_id).prefetch_related(None)[:MOST_NEW]
    )
    if not entries:
        return HttpResponse(status=204)
    written = [entry.diary_entry_id for entry in entries if entry.diary_entry_id]
    context = ticket_context(request, ticket)
    context["rows"] = make_rows(
        entries,
        ticket=ticket,
        redacts=policies.may_redact(ticket, request.user),
        reads_internal=context["reads_internal"],
        names=names_of(entries),
        files=Attachment.objects.filter(entry__in=written).order_by("uploaded_at", "name"),
        at=clock.now(),
        mails=mail_marks(context["parts"].mails) if context["reads_internal"] else None,
        new_after=entry_id,
        reader=request.user.pk,
    )
    context["last_entry_id"] = entries[-1].pk
    context["news"] = ngettext("%(n)d new entry", "%(n)d new entries", len(context["rows"])) % {
        "n": len(context["rows"])
    }
    return render(request, "tickets/_since.html", context)


@require_safe
@checked_inside
def now(request: HttpRequest, number: int) -> HttpResponse:
    """Answer what is going on at the ticket's sites at this moment; alone to htmx, else a page."""
    ticket = policies.find_ticket(request.user, number)
    at = clock.now()
    affected = list(ticket.affected_sites.order_by("name"))
    sites = list(affected)
    if ticket.notified_site is not None and ticket.notified_site not in sites:
        sites.append(ticket.notified_site)
    services = list(ticket.affected_services.all())
    vo = ticket.vo.name if ticket.vo else None
    found = monitoring.conditions_at(sites=sites, services=services, moment=at, vo=vo)
    strips = live_strips(sites, found, at=at, services=services, vo=vo)
    shown = card(
        found.as_json(), now=at, strips=strips, others=_other_tickets(ticket, sites, request.user)
    )
    badges = [
        {
            "key": site.pk,
            "name": site.name,
            "state": line.state,
            "word": line.word,
            "is_trouble": line.tone in ("bad", "warn"),
        }
        for site, line in zip(sites, shown.sites, strict=True)
        if site.pk != ticket.notified_site_id or site in affected
    ]
    context = {"ticket": ticket, "card": shown, "badges": badges}
    template = "tickets/_now.html" if request.htmx else "tickets/now.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _other_tickets(ticket: Ticket, sites: list[Site], user: Any) -> dict[str, SafeString]:
    """Return by site the newest other open tickets about it that the reader may read."""
    numbers = queries.open_numbers_of_sites(user, [site.pk for site in sites])
    found = {}
    for site in sites:
        others = [number for number in numbers.get(site.pk, ()) if number != ticket.pk]
        if not others:
            continue
        links = format_html_join(
            ", ",
            '<a href="{}">#{}</a>',
            ((reverse("ticket", args=[number]), number) for number in others[:MOST_OTHERS]),
        )
        if len(others) > MOST_OTHERS:
            query = urlencode({"q": f"site:{site.name} status:open"})
            links = format_html(
                _('{tickets}, <a href="{url}">all {number}</a>'),
                tickets=links,
                url=f"{reverse('queue')}?{query}",
                number=len(others) + (ticket.pk in numbers[site.pk]),
            )
        found[site.name] = links
    return found


@require_safe
@checked_inside
def hearers(request: HttpRequest, number: int) -> HttpResponse:
    """Answer in words who would receive a public and an internal entry of the reader by mail."""
    ticket = policies.find_ticket(request.user, number)
    user = person(request)
    if not policies.may_comment(ticket, user):
        return HttpResponse(status=204)
    writes_internal = policies.may_change(ticket, user)
    ticket_facts = facts.of_ticket(ticket)
    actor = Person(user.pk, user.email)
    public = EntryFacts(kind=Kind.PUBLIC_ENTRY, actor=actor, is_public=True)
    internal = EntryFacts(kind=Kind.INTERNAL_ENTRY, actor=actor, is_public=False)
    context = {
        "public": _words(recipients(public, ticket_facts), ticket),
        "internal": _words(recipients(internal, ticket_facts), ticket) if writes_internal else "",
    }
    return render(request, "tickets/_hearers.html", context)


def _words(heard: list[Recipient], ticket: Ticket) -> str:
    """Return the recipients in words: what they are to the ticket, never their addresses."""
    counts: Counter[tuple[Why, str]] = Counter()
    for recipient in heard:
        reason = recipient.reasons[0]
        counts[reason.why, reason.name] += 1
    parts = [_group(why, name, number, ticket) for (why, name), number in counts.items()]
    return ", ".join(parts) if parts else _("nobody; it is shown here")


def _group(why: Why, name: str, number: int, ticket: Ticket) -> str:
    words = {
        Why.SUBMITTER: _("%(submitter)s, who filed it"),
        Why.ON_BEHALF: _("the person it was filed for"),
        Why.CC: ngettext("%(n)d CC address", "%(n)d CC addresses", number),
        Why.SUBSCRIBER: ngettext("%(n)d follower", "%(n)d followers", number),
        Why.ASSIGNED: ngettext("the assigned supporter", "%(n)d assigned supporters", number),
        Why.INVOLVED: ngettext("%(n)d involved supporter", "%(n)d involved supporters", number),
        Why.MEMBER: ngettext("%(n)d member of %(name)s", "%(n)d members of %(name)s", number),
        Why.LIST: _("the mailing list of %(name)s"),
        Why.SITE: _("the contact of %(name)s"),
        Why.ADMIN: ngettext("%(n)d admin", "%(n)d admins", number),
    }.get(why, _("others"))
    return words % {"n": number, "name": name, "submitter": ticket.submitter}
