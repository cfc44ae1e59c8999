"""The shifters' list of proposals: what is bad, whether it is known, and one click to a ticket."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from juno_support.access import allowed_if
from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock, display
from juno_support.lib.strips import Span, Timeline, share_words
from juno_support.lib.text import show_bidi, whole_number
from monitoring.statuses import Status
from monitoring.words import metric_word, source_name
from supportunits import policies as unit_policies
from tickets import policies
from tickets.models import Ending, Proposal, Ticket
from tickets.proposals import decide as decisions
from tickets.proposals import lists, words
from tickets.proposals.alarms import series_of_fact
from tickets.views.shared import key_or_none, person

A_DAY = timedelta(hours=24)
AN_HOUR = timedelta(hours=1)
LINES_SHOWN = 4
SNOOZE_HOURS = (1, 4, 24)
_TONES = {Status.CRITICAL: "bad", Status.DOWN: "bad"}
_ENDING_TONES = {
    Ending.RECOVERED: "good",
    Ending.DOWNTIME: "info",
    Ending.SILENCE: "unknown",
    Ending.NOT_LISTED: "neutral",
}


@dataclass(frozen=True)
class EvidenceLine:
    """What one source says of one thing; ``strip`` is how it went for a day, drawn."""

    source: str
    thing: str
    state: SafeString
    since: SafeString
    summary: str
    url: str
    strip: SafeString


@dataclass(frozen=True)
class KnownTicket:
    """An open ticket about the same site. ``may_add``: the evidence can be written into it.

    :ivar is_since: it is about the time in which the site has been bad
    """

    number: int
    subject: str
    type: str
    status: SafeString
    unit: str
    may_add: bool
    may_say_me_too: bool
    is_since: bool = False


@dataclass(frozen=True)
class Card:
    """One proposal as the page shows it.

    :ivar place: the list in which it stands: waits, ticket, aside or ended
    """

    key: int
    place: str
    site: str
    site_url: str
    vo: str
    headline: str
    state: SafeString
    since: SafeString
    lasts: str
    lines: list[EvidenceLine]
    more: int
    silent: SafeString | str
    known: list[KnownTicket]
    file_url: str
    files_team: bool
    ticket: KnownTicket | None
    decision: str
    decided: str
    reason: str
    until: SafeString | str
    ended: SafeString | str
    ending: SafeString | str


@require_safe
@allowed_if(decisions.sees_proposals)
def proposals(request: HttpRequest) -> HttpResponse:
    """Show what waits for a decision, what has a ticket, what was put aside, what is over."""
    return _page(request)


@require_POST
@allowed_if(decisions.sees_proposals)
def decide(request: HttpRequest, key: int) -> HttpResponse:
    """Dismiss, put off, bring back, or add to a ticket that is open already."""
    user, at = person(request), clock.now()
    proposal = decisions.find_proposal(user, key)
    try:
        number = _act(request, proposal, user, at)
    except SupportError as error:
        status = 403 if error.is_refusal else 422
        return _page(request, problem=str(error), about=key, status=status)
    return redirect("ticket", number) if number else redirect("proposals")


def _act(request: HttpRequest, proposal: Proposal, user: User, at: datetime) -> int | None:
    """Do what the pressed button says; returns the ticket to go to, if there is one."""
    who: dict[str, Any] = {"proposal": proposal, "by": user, "at": at}
    site = {"site": proposal.site.name}
    number = whole_number(request.POST.get("ticket"))
    if number is not None:
        decisions.add_to_ticket(
            ticket=policies.find_ticket(user, number),
            submission_key=key_or_none(request.POST.get("key")) or uuid4(),
            **who,
        )
        messages.success(request, _("%(site)s is noted in this ticket.") % site)
        return number
    if "dismiss" in request.POST:
        decisions.dismiss(reason=request.POST.get("reason", ""), **who)
        messages.success(request, _("%(site)s is dismissed, unless it gets worse.") % site)
    elif "back" in request.POST:
        decisions.bring_back(**who)
        messages.success(request, _("%(site)s is to be decided again.") % site)
    else:
        hours = whole_number(request.POST.get("hours")) or 0
        decisions.snooze(until=at + timedelta(hours=min(hours, 10_000)), **who)
        messages.success(request, _("%(site)s comes back later, if it is still bad.") % site)
    return None


def _page(
    request: HttpRequest, *, problem: str = "", about: int = 0, status: int = 200
) -> HttpResponse:
    user, at = person(request), clock.now()
    found = lists.lists(user, at=at)
    known = lists.known_tickets(user, [*found.to_decide, *found.put_aside])
    history = lists.evidence_history(
        [*found.to_decide, *found.with_ticket, *found.put_aside],
        starts_at=at - A_DAY,
        ends_at=at,
        most_lines=LINES_SHOWN,
    )
    shows = _Shows(user, at, known, history)

    def cards(place: str, shown: list[Proposal]) -> list[Card]:
        return [_card(place, each, shows) for each in shown]

    context = {
        "to_decide": cards("waits", found.to_decide),
        "with_ticket": cards("ticket", found.with_ticket),
        "put_aside": cards("aside", found.put_aside),
        "ended": cards("ended", found.ended),
        "problem": problem,
        "about": about,
        "typed": request.POST.get("reason", "")[: decisions.REASON_LENGTH],
        "hours": SNOOZE_HOURS,
        "key": uuid4(),
        "files_team": unit_policies.is_shifter(user),
    }
    return render(request, "tickets/proposals.html", context, status=status)


@dataclass(frozen=True)
class _Shows:
    """To whom, when, and what was asked for all cards at once."""

    user: User
    at: datetime
    known: dict[int, list[Ticket]]
    history: dict[tuple[int, str], list[lists.Stretch]]


def _card(place: str, proposal: Proposal, shows: _Shows) -> Card:
    user, at = shows.user, shows.at
    known = shows.known.get(proposal.pk, [])
    ended = proposal.ended_at
    files_team = unit_policies.is_shifter_of(user, proposal.vo)
    address = reverse("new-team-ticket" if files_team else "new-ticket")
    facts = proposal.evidence
    return Card(
        key=proposal.pk,
        place=place,
        site=proposal.site.name,
        site_url=f"/sites/{proposal.site.name}/",
        vo=proposal.vo.name,
        headline=words.subject(proposal),
        state=_state(proposal.worst),
        since=display.when(proposal.since, at),
        lasts=display.duration_text((ended or at) - proposal.since),
        lines=[_line(fact, proposal.site_id, shows) for fact in facts[:LINES_SHOWN]],
        more=max(0, len(proposal.series) - min(LINES_SHOWN, len(facts))),
        silent=display.when(proposal.silent_since, at) if proposal.silent_since else "",
        known=_all_known(proposal, known, user),
        file_url=f"{address}?proposal={proposal.pk}",
        files_team=files_team,
        ticket=_known(proposal.ticket, user) if proposal.ticket is not None else None,
        decision=proposal.decision,
        decided=_decided(proposal, at),
        reason=show_bidi(proposal.reason),
        until=display.when(proposal.snoozed_until, at) if proposal.snoozed_until else "",
        ended=display.when(ended, at) if ended else "",
        ending=display.pill(
            str(proposal.get_ending_display()), _ENDING_TONES[Ending(proposal.ending)]
        )
        if proposal.ending
        else "",
    )


def _line(fact: dict[str, Any], site_id: int, shows: _Shows) -> EvidenceLine:
    url = fact["evidence_url"]
    source = f"{source_name(fact['source'])} {metric_word(fact['metric'])}".strip()
    thing = show_bidi(fact["entity"])
    stretches = shows.history.get((site_id, series_of_fact(fact)), [])
    return EvidenceLine(
        source=source,
        thing=thing,
        state=_state(fact["status"]),
        since=display.when(datetime.fromisoformat(fact["since"]), shows.at),
        summary=show_bidi(fact["summary"]),
        url=url if url.startswith(("https://", "http://")) else "",
        strip=_strip(f"{source}, {thing}", stretches, shows.at),
    )


def _strip(name: str, stretches: list[lists.Stretch], at: datetime) -> SafeString:
    """Draw the last day of one thing; nothing where nothing is kept."""
    if not stretches:
        return SafeString("")
    day = Timeline(starts_at=at - A_DAY, ends_at=at, now=at, days_a_cell=0, hours_a_cell=6)
    spans = [Span(*stretch) for stretch in stretches]
    said = share_words(day.shares(spans), {each.value: str(each.label) for each in Status})
    label = _("%(name)s, last 24 hours: %(shares)s") % {"name": name, "shares": said}
    return day.states(spans, label)


def _state(status: str) -> SafeString:
    known = Status(status)
    return display.pill(str(known.label), _TONES.get(known, "unknown"))


def _all_known(proposal: Proposal, tickets: list[Ticket], user: User) -> list[KnownTicket]:
    """Return the other open tickets, those of this bad time first."""
    begin = proposal.since - AN_HOUR
    found = [
        replace(_known(ticket, user), is_since=ticket.problem_at >= begin)
        for ticket in tickets
        if ticket.pk != proposal.ticket_id
    ]
    return sorted(found, key=lambda one: not one.is_since)


def _known(ticket: Ticket, user: User) -> KnownTicket:
    reads = policies.reads(ticket, user) >= policies.Reading.PUBLIC
    return KnownTicket(
        number=ticket.pk,
        subject=ticket.subject if reads else "",
        type=str(ticket.get_type_display()) if ticket.type != "USER" else "",
        status=display.status_pill(ticket.status, str(ticket.get_status_display())),
        unit=ticket.unit.name,
        may_add=policies.may_comment(ticket, user),
        may_say_me_too=policies.may_say_me_too(ticket, user),
    )


def _decided(proposal: Proposal, at: datetime) -> str:
    if not proposal.decision or proposal.decided_at is None:
        return ""
    ago = display.age_text(proposal.decided_at, at)
    if proposal.decided_by is None:
        return ago
    return _("%(who)s, %(ago)s") % {"who": proposal.decided_by, "ago": ago}


@dataclass(frozen=True)
class ProposalLine:
    """One proposal in the short list of the first page."""

    site: str
    url: str
    headline: str
    state: SafeString
    lasts: str


def brief(user: Any, *, at: datetime, most: int) -> tuple[list[ProposalLine], int]:
    """Return the first of what waits for a decision, and how many more there are; one query."""
    waiting = list(lists.to_decide(user, at=at).select_related("site")[: lists.MOST_SHOWN])
    shown = [
        ProposalLine(
            site=each.site.name,
            url=f"{reverse('proposals')}#proposal-{each.pk}",
            headline=words.subject(each),
            state=_state(each.worst),
            lasts=display.duration_text(at - each.since),
        )
        for each in waiting[:most]
    ]
    return shown, len(waiting) - len(shown)
