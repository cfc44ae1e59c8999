"""What a ticket hangs on and what hangs on it, as its page shows it.

The rows come with the others that hang on a ticket (``views.page``), in one query.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.lib import display
from tickets import policies
from tickets.models import Ticket
from tickets.queries import COUNT_LIMIT, count_text
from tickets.workflow import ANSWERED, FINAL, OPEN, Status

SHOWN = 5


@dataclass(frozen=True)
class Line:
    """Another ticket; its subject only for who may read it."""

    number: int
    subject: str
    state: str
    status: SafeString
    since: datetime | None = None
    is_near: bool = False

    @property
    def name(self) -> str:
        """The number, and the subject for who may read it."""
        return f"#{self.number} {self.subject}".rstrip()


@dataclass(frozen=True)
class Group:
    """Tickets that are the same to this one: a few of them, how many, and where all are listed."""

    title: str
    lines: Sequence[Line]
    number: int
    query: str = ""
    loose: str = ""

    @property
    def count(self) -> str:
        """The number as people read it."""
        return count_text(self.number)

    @property
    def has_more(self) -> bool:
        """Whether not all are shown."""
        return self.number > len(self.lines)


@dataclass(frozen=True)
class Related:
    """All relations of a ticket.

    :ivar lead: what the ticket follows; ``is_joined`` as part of an incident, else as a duplicate
    :ivar incident_since: since when the ticket is the running incident
    :ivar candidates: running incidents that the ticket can join, those of its sites first
    """

    lead: Line | None = None
    is_joined: bool = False
    parent: Line | None = None
    groups: Sequence[Group] = ()
    followers: int = 0
    open_children: int = 0
    incident_since: datetime | None = None
    candidates: Sequence[Line] = ()
    follow_ups: Sequence[Line] = ()

    @property
    def near(self) -> Sequence[Line]:
        """The running incidents at a site of the ticket."""
        return [line for line in self.candidates if line.is_near]

    @property
    def followers_text(self) -> str:
        """How many tickets follow this one."""
        return count_text(self.followers)


# What is wanted of the other tickets is decided here, what is shown of each by the policies.
RELATED_SQL = """
    SELECT 'related', t.id, t.subject, json_build_array(found.what, t.status, t.is_restricted,
             t.submitter_id, t.vo_id, found.since, found.is_near)::text
      FROM (
        SELECT 'on ' || kind AS what, other_id AS id, made_at AS since, false AS is_near
          FROM tickets_ticketrelation WHERE ticket_id = %(ticket)s AND ended_at IS NULL
        UNION ALL
        SELECT 'by ' || kind, few.ticket_id, made_at, false
          FROM unnest(ARRAY['DUPLICATE', 'JOINED', 'CHILD', 'FOLLOW_UP']) kinds(each),
               LATERAL (
                 SELECT kind, ticket_id, made_at FROM tickets_ticketrelation
                  WHERE other_id = %(ticket)s AND kind = kinds.each AND ended_at IS NULL
                  ORDER BY ticket_id DESC LIMIT %(most)s
               ) few
        UNION ALL
        SELECT 'reference', lower_id, NULL, false FROM tickets_crossreference
         WHERE upper_id = %(ticket)s
        UNION ALL
        SELECT 'reference', upper_id, NULL, false FROM tickets_crossreference
         WHERE lower_id = %(ticket)s
        UNION ALL
        SELECT 'incident', i.ticket_id, i.declared_at, EXISTS (
                 SELECT 1 FROM tickets_affectedsite a JOIN tickets_affectedsite b USING (site_id)
                  WHERE a.ticket_id = i.ticket_id AND b.ticket_id = %(ticket)s)
          FROM (
            SELECT ticket_id, declared_at FROM tickets_incident WHERE ended_at IS NULL
             ORDER BY declared_at DESC LIMIT %(few)s
          ) i
      ) found JOIN tickets_ticket t ON t.id = found.id
"""
RELATED_LIMITS = {"most": COUNT_LIMIT, "few": 20}
Rows = Sequence[tuple[int, str, str]]


def related(
    ticket: Ticket, user: Any, rows: Rows, *, is_supporter: bool, is_owner: bool
) -> Related:
    """Return the relations of a ticket as far as the user may know of them.

    :param rows: what ``RELATED_SQL`` gives, without the first column
    """
    found = _lines(rows, user)
    leads = found.get("on JOINED", []) or found.get("on DUPLICATE", [])
    parents = found.get("on CHILD", [])
    earlier = found.get("on FOLLOW_UP", [])
    own = [line for line in found.get("incident", ()) if line.number == ticket.pk]
    may_join = (
        (is_supporter or is_owner)
        and ticket.status in OPEN
        and not ticket.is_restricted
        and not leads
        and not own
    )
    others = [line for line in found.get("incident", ()) if line.number != ticket.pk]
    children = found.get("by CHILD", [])
    follow_ups = found.get("by FOLLOW_UP", [])
    may_free = "free-child" if is_supporter else ""
    may_loose = "take-loose" if is_supporter or is_owner else ""
    groups = [
        _group(_("Part of the incident"), found.get("on JOINED", []), loose=may_loose),
        _group(_("Duplicate of"), found.get("on DUPLICATE", []), loose=may_loose),
        _group(_("Child of"), parents, loose=may_free),
        _group(_("Follow-up of"), earlier),
        _group(_("Joined this incident"), found.get("by JOINED", []), f"incident:{ticket.pk}"),
        _group(_("Duplicates"), found.get("by DUPLICATE", []), f"duplicate-of:{ticket.pk}"),
        _group(_("Children"), children, f"parent:{ticket.pk}"),
        _group(_("Follow-ups"), follow_ups, f"follow-up-of:{ticket.pk}"),
        _group(_("Connected"), found.get("reference", [])),
    ]
    return Related(
        lead=leads[0] if leads else None,
        is_joined=bool(found.get("on JOINED")),
        parent=parents[0] if parents else None,
        groups=[group for group in groups if group.number],
        followers=len(found.get("by JOINED", ())) + len(found.get("by DUPLICATE", ())),
        open_children=sum(line.state in OPEN for line in children),
        incident_since=own[0].since if own else None,
        candidates=sorted(others, key=lambda line: not line.is_near) if may_join else (),
        follow_ups=follow_ups,
    )


def banner_words(found: Related, ticket: Ticket) -> str:
    """Return what following another means for the ticket now; empty where it follows none."""
    if found.lead is None or ticket.status in FINAL:
        return ""
    if ticket.status in ANSWERED:
        return _("They were answered together. If it does not help here, reopen this one alone.")
    if ticket.status == Status.ON_HOLD:
        return _(
            "It waits on hold: what is said in public there, and the solution, reach this ticket."
        )
    return _("What is said in public there, and the solution, reach this ticket.")


def _group(title: str, lines: Sequence[Line], query: str = "", *, loose: str = "") -> Group:
    return Group(title, lines[:SHOWN] if query else lines, len(lines), query, loose)


def _lines(rows: Rows, user: Any) -> dict[str, list[Line]]:
    """Return the other tickets by what they are to this one, the newest first."""
    found: dict[str, list[Line]] = {}
    for number, subject, more in sorted(rows, reverse=True):
        what, state, is_restricted, submitter, vo, since, is_near = json.loads(more)
        other = Ticket(pk=number, is_restricted=is_restricted, submitter_id=submitter, vo_id=vo)
        reading = policies.reads(other, user)
        if reading < policies.Reading.OUTLINE:
            continue
        found.setdefault(what, []).append(
            Line(
                number=number,
                subject=subject if reading >= policies.Reading.PUBLIC else "",
                state=state,
                status=display.status_pill(state, str(Status(state).label)),
                since=datetime.fromisoformat(since) if since else None,
                is_near=is_near,
            )
        )
    return found
