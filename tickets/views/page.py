"""What the ticket page shows, gathered with a bounded number of queries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.lib import clock, display
from juno_support.outbox.models import DeliveryState
from tickets import policies, queries
from tickets.actions import follow, work
from tickets.actions.row import ChangedMeanwhile
from tickets.answers.change import may_be_made_from
from tickets.forms.reply import PUBLIC, ReplyForm
from tickets.mail.outgoing import entries_told_by
from tickets.models import (
    Attachment,
    Category,
    HistoryEntry,
    Kind,
    Ticket,
    TicketPerson,
    TicketType,
)
from tickets.views import clocks
from tickets.views.alarm_head import alarm_head, newest_run
from tickets.views.composer import fresh_reply, kept_files, known_answer, ready_words
from tickets.views.facts import deadlines_of, facts_of
from tickets.views.kept import Snapshot, kept_context
from tickets.views.related import RELATED_LIMITS, RELATED_SQL, banner_words, related
from tickets.views.timeline import Row, file_line, make_rows, names_of, shown_by
from tickets.workflow import ANSWERED, CODES, FINAL, OPEN, Status, Who, steps_from

MOST_ENTRIES = 200
MOST_MAILS = 2000
# Asked for ahead of time by a browser that shows nothing yet: that is no reading.
_PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Moz")

# The buttons at the top that need nothing further; the others lead to the composer.
_AT_ONCE = frozenset({"take", "answered", "resume", "verify"})


@dataclass(frozen=True)
class Button:
    """A step that the reader can take: at once, or by way of the composer."""

    name: str
    label: str
    icon: str
    is_main: bool = False
    key: str = ""


@dataclass(frozen=True)
class Parts:
    """The rows that hang on a ticket."""

    people: list[dict[str, Any]]
    copies: list[str]
    sites: list[dict[str, Any]]
    services: list[dict[str, str]]
    me_toos: int
    said_me_too: bool
    subscribed: bool
    related: list[tuple[int, str, str]]
    mails: list[tuple[str, str]]
    snapshot: Snapshot | None


def is_prefetch(request: HttpRequest) -> bool:
    """Return whether a browser asks ahead of time, so that nobody has seen the answer."""
    return any("prefetch" in request.headers.get(name, "").lower() for name in _PREFETCH_HEADERS)


def show_ticket(
    request: HttpRequest, found: Ticket, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Show the ticket's page; ``more`` goes to :func:`ticket_context`."""
    context = ticket_context(request, found, **more)
    return render(request, "tickets/ticket.html", context, status=status)


def ticket_context(
    request: HttpRequest,
    ticket: Ticket,
    *,
    reply: ReplyForm | None = None,
    changed: ChangedMeanwhile | None = None,
    problem: str = "",
) -> dict[str, Any]:
    """Return everything that ``tickets/ticket.html`` shows to this reader.

    :param reply: the composer as it was sent, where something is wrong with it
    :param changed: what others changed while the reader's page was open
    :param problem: why a button did not work
    """
    user, at = request.user, clock.now()
    roles = policies.roles_in(ticket, user)
    reads_internal = policies.may_read_internal(ticket, user)
    redacts = policies.may_redact(ticket, user)
    seen_before = None
    if request.method == "GET" and not is_prefetch(request):
        seen_before = follow.mark_seen(ticket=ticket, by=user)  # type: ignore[arg-type]

    newest = list(
        queries.timeline(ticket, user).prefetch_related(None).order_by("-pk")[: MOST_ENTRIES + 1]
    )
    has_older = len(newest) > MOST_ENTRIES
    entries = newest[:MOST_ENTRIES][::-1]
    if has_older and entries[0].kind != Kind.SUBMITTED:
        first = queries.timeline(ticket, user).prefetch_related(None).first()
        entries[:0] = [first] if first is not None else []
    shown = request.GET.get("show", "all")
    parts = _parts(ticket, user)
    attached = list(Attachment.objects.filter(ticket=ticket).order_by("uploaded_at", "name"))
    visible = [file for file in attached if reads_internal or file.is_public]
    rows = make_rows(
        shown_by(shown, entries),
        ticket=ticket,
        redacts=redacts,
        reads_internal=reads_internal,
        names=names_of(entries),
        files=visible,
        at=at,
        mails=mail_marks(parts.mails) if reads_internal else None,
        new_after=seen_before,
        reader=user.pk,
    )
    steps = steps_from(ticket.status, roles)
    may_comment = policies.may_comment(ticket, user)
    if reply is None and may_comment:
        filled = {}
        if Who.SUPPORTER in roles:
            filled = known_answer(request) or {"words": ready_words(request, ticket)}
        reply = fresh_reply(ticket, user, roles, step=request.GET.get("step", ""), filled=filled)
    last = newest[0].pk if newest else 0
    is_supporter = Who.SUPPORTER in roles
    is_owner = Who.OWNER in roles
    edits = policies.may_edit(ticket, user)
    relations = related(ticket, user, parts.related, is_supporter=is_supporter, is_owner=is_owner)
    return {
        "ticket": ticket,
        "reads_internal": reads_internal,
        "is_supporter": is_supporter,
        "is_owner": is_owner,
        "edits": edits,
        "is_open": ticket.status in OPEN,
        "is_answered": ticket.status in ANSWERED,
        "is_final": ticket.status in FINAL,
        "rows": rows,
        "has_older": has_older,
        "has_new": any(row.is_new for row in rows),
        "filters": _filters(ticket, shown, reads_internal),
        "last_entry_id": last,
        "sites": parts.sites,
        "parts": parts,
        "related": relations,
        "lead_words": banner_words(relations, ticket),
        "follow_up_key": uuid4() if ticket.status in FINAL and may_comment else None,
        "facts": facts_of(
            ticket,
            parts.sites,
            parts.services,
            user,
            is_supporter=is_supporter,
            is_owner=is_owner,
            edits=edits,
        ),
        "deadlines": deadlines_of(ticket, at),
        "clock": clocks.mark_of(ticket, at),
        "responses": clocks.response_lines(ticket, at, names_services=bool(parts.services))
        if is_supporter
        else [],
        "buttons": _buttons(steps, is_owner=is_owner),
        "escalation": _escalation(ticket, at) if is_owner else None,
        "may_withdraw": any(step.name == "withdraw" for step in steps),
        "may_redact": redacts,
        **_alarm(ticket, user, at),
        "makes_answers": may_be_made_from(ticket, user),
        "may_me_too": policies.may_say_me_too(ticket, user),
        "sees_copies": is_supporter or is_owner or reads_internal,
        "sees_addresses": policies.may_see_addresses(user),
        "sees_jobs": policies.sees_jobs(ticket, user),
        "reply": reply if may_comment else None,
        "step_shown": str(reply["step"].value() or "") if reply is not None else "",
        "side": str(reply["side"].value() or PUBLIC) if reply is not None else PUBLIC,
        "kept_files": [file_line(file, redacts=False) for file in kept_files(reply, user)],
        "changed": _changed(changed, ticket, at, reads_internal=reads_internal)
        if changed is not None
        else None,
        "problem": problem,
        "next_is_late": ticket.next_step_at is not None and ticket.next_step_at < at,
        "then": kept_context(parts.snapshot, at),
        "now_url": reverse("ticket-now", args=[ticket.pk]),
        "solved_by": _solver(entries) if ticket.solution else None,
        "good_codes": CODES[Status.SOLVED],
    }


def mail_marks(mails: Iterable[tuple[str, str]]) -> dict[int, SafeString]:
    """Return what became of the mails about each history entry, ready to be shown.

    :param mails: the key and the state of each
    """
    counts: dict[int, Counter[str]] = {}
    for key, state in mails:
        told = entries_told_by(key)
        if told:
            counts.setdefault(told[0], Counter())[state] += 1
    found = {}
    for entry_id, states in counts.items():
        words = ", ".join(
            f"{number} {DeliveryState(state).label}" for state, number in sorted(states.items())
        )
        number = sum(states.values())
        found[entry_id] = format_html(
            '<span class="entry-mail{}" title="{}">{} {}'
            '<span class="visually-hidden"> {}</span></span>',
            " is-late" if states[DeliveryState.FAILED] else "",
            words,
            display.icon("envelope"),
            number,
            ngettext("mail: %(words)s", "mails: %(words)s", number) % {"words": words},
        )
    return found


def _filters(ticket: Ticket, shown: str, reads_internal: bool) -> list[dict[str, Any]]:
    names = [("all", _("Everything")), ("diary", _("Diary"))]
    if reads_internal:
        names.append(("public", _("Public side")))
    names.append(("changes", _("Changes")))
    return [
        {
            "label": label,
            "url": f"{reverse('ticket', args=[ticket.pk])}?show={name}#timeline",
            "current": name == shown or (name == "all" and shown not in dict(names)),
        }
        for name, label in names
    ]


def _buttons(steps: list[Any], *, is_owner: bool) -> list[Button]:
    icons = {
        "take": "person-circle",
        "answered": "play-circle",
        "resume": "play-circle",
        "verify": "check2-all",
    }
    labels = {"verify": _("Verify: it works"), "take": _("Take it")}
    return [
        Button(
            name=step.name,
            label=labels.get(step.name, str(step.label)),
            icon=icons[step.name],
            is_main=step.name in ("take", "verify"),
            key="t" if step.name == "take" else "",
        )
        for step in steps
        if step.name in _AT_ONCE
        and not (is_owner and step.name in ("take", "answered") and Who.OWNER in step.who)
    ]


def _alarm(ticket: Ticket, user: Any, at: datetime) -> dict[str, Any]:
    """Return the wall clock of an ALARM ticket, and what the reader can do about it."""
    found: dict[str, Any] = {
        "may_alarm": ticket.status in OPEN and policies.may_convert(ticket, user),
        "is_test": ticket.category == Category.TEST,
    }
    run = newest_run(ticket.pk) if ticket.type == TicketType.ALARM else None
    if run is not None:
        found["alarm"] = alarm_head(run, at=at)
        found["may_confirm"] = run.is_running and policies.may_confirm_receipt(
            ticket, user, run=run
        )
    return found


def _escalation(ticket: Ticket, at: datetime) -> dict[str, Any] | None:
    if ticket.status not in OPEN:
        return None
    if ticket.escalation_level >= work.LAST_ESCALATION:
        return {"possible": False, "words": _("Escalated to everybody there is.")}
    after = ticket.next_escalation_after
    if after is not None and at < after:
        return {
            "possible": False,
            "words": format_html(
                _("The next escalation is possible from {moment}."),
                moment=display.when(after, at),
            ),
        }
    to = {
        0: _("to the support unit"),
        1: _("to the support unit and TPM"),
        2: _("to the support unit, TPM and whoever is on call"),
    }
    return {"possible": True, "words": to[ticket.escalation_level]}


def _solver(entries: list[HistoryEntry]) -> HistoryEntry | None:
    for entry in reversed(entries):
        if entry.kind == Kind.STATUS_CHANGED and entry.facts["status"][1] in ANSWERED:
            return entry
    return None


def _changed(
    changed: ChangedMeanwhile, ticket: Ticket, at: datetime, *, reads_internal: bool
) -> dict[str, Any]:
    rows: list[Row] = make_rows(
        changed.entries,
        ticket=ticket,
        redacts=False,
        reads_internal=reads_internal,
        names=names_of(changed.entries),
        files=(),
        at=at,
    )
    return {"message": changed.message, "next_step": changed.next_step, "rows": rows}


# The rows that hang on a ticket, in one query


def _parts(ticket: Ticket, user: Any) -> Parts:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_PARTS} UNION ALL {RELATED_SQL}",
            {
                "ticket": ticket.pk,
                "user": user.pk,
                "is_inside": policies.may_read_internal(ticket, user),
                "most_mails": MOST_MAILS,
                **RELATED_LIMITS,
            },
        )
        rows = cursor.fetchall()
    found: dict[str, list[tuple[int, str, str]]] = {}
    for kind, key, text, more in rows:
        found.setdefault(kind, []).append((key, text, more))
    parts = dict(TicketPerson.Part.choices)
    me_too = found.get("me-too", [(0, "0", "")])[0]
    return Parts(
        people=[
            {"key": key, "name": name, "part": part, "label": str(parts[part])}
            for key, name, part in sorted(
                found.get("person", ()), key=lambda each: (each[2], each[1])
            )
        ],
        copies=sorted(text for _key, text, _more in found.get("copy", ())),
        sites=[
            {"pk": key, "name": name}
            for key, name, _more in sorted(found.get("site", ()), key=lambda each: each[1])
        ],
        services=[
            {"host": text, "type": more}
            for _key, text, more in sorted(found.get("service", ()), key=lambda each: each[1:])
        ],
        me_toos=me_too[0],
        said_me_too=me_too[1] != "0",
        subscribed="subscribed" in found,
        related=found.get("related", []),
        mails=[(text, more) for _key, text, more in found.get("mail", ())],
        snapshot=next((Snapshot.read(*each) for each in found.get("snapshot", ())), None),
    )


# Written out: to build this of ten querysets costs more than everything else of the page's data.
_PARTS = """
    SELECT 'person' AS kind, p.user_id::bigint AS key, u.name::text AS text, p.part::text AS more
      FROM tickets_ticketperson p JOIN accounts_user u ON u.id = p.user_id
     WHERE p.ticket_id = %(ticket)s
    UNION ALL
    SELECT 'copy', id, address, '' FROM tickets_carboncopy WHERE ticket_id = %(ticket)s
    UNION ALL
    SELECT 'service', s.id, s.hostname, s.service_type
      FROM tickets_ticket_affected_services t JOIN topology_service s ON s.id = t.service_id
     WHERE t.ticket_id = %(ticket)s
    UNION ALL
    SELECT 'me-too', count(*), (count(*) FILTER (WHERE user_id = said.by))::text, ''
      FROM tickets_metoo, (SELECT %(ticket)s::bigint AS ticket, %(user)s::bigint AS by) said
     WHERE ticket_id = said.ticket GROUP BY said.ticket
    UNION ALL
    SELECT 'subscribed', user_id, '', '' FROM tickets_subscription
     WHERE ticket_id = %(ticket)s AND user_id = %(user)s
    UNION ALL
    SELECT 'site', s.id, s.name, ''
      FROM tickets_affectedsite t JOIN topology_site s ON s.id = t.site_id
     WHERE t.ticket_id = %(ticket)s
    UNION ALL
    SELECT 'snapshot', id, moment::text, taken_at::text FROM tickets_contextsnapshot
     WHERE ticket_id = %(ticket)s AND reason = 'SUBMISSION'
    UNION ALL
    (SELECT 'mail', id, key, state FROM outbox_delivery
      WHERE about_ticket = %(ticket)s AND %(is_inside)s ORDER BY id DESC LIMIT %(most_mails)s)
"""
