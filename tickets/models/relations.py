"""How tickets hang together: duplicates, children, joined to an incident, follow-ups.

A relation goes from the ticket that hangs to the one it hangs on. Two of them make their ticket
wait: a duplicate and a joined ticket wait for the other's answer. A parent waits for its children.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tickets.models.history import HistoryEntry
from tickets.models.ticket import Ticket


class RelationKind(models.TextChoices):
    """What a ticket is to the other."""

    DUPLICATE = "DUPLICATE", _("duplicate of")
    JOINED = "JOINED", _("joined to the incident")
    CHILD = "CHILD", _("child of")
    FOLLOW_UP = "FOLLOW_UP", _("follow-up of")


LED = (RelationKind.DUPLICATE, RelationKind.JOINED)
"""Kinds whose ticket follows the other: its public words and its solution pass on to it."""

# One at a time, so that two relations that are made at once cannot close a circle together: each
# statement of the function sees what was committed before it. Restricted tickets stay apart.
_CHECK = """
    IF NEW.ended_at IS NOT NULL OR NEW.kind = 'FOLLOW_UP' OR NEW.ticket_id = NEW.other_id THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tickets_ticketrelation'));
    IF EXISTS (
        SELECT 1 FROM tickets_ticket WHERE id IN (NEW.ticket_id, NEW.other_id) AND is_restricted
    ) THEN
        RAISE EXCEPTION 'ticketrelation_unrestricted: no restricted ticket takes part'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ticketrelation_unrestricted';
    END IF;
    IF EXISTS (
        WITH RECURSIVE awaited(id) AS (
            SELECT CASE NEW.kind WHEN 'CHILD' THEN NEW.ticket_id ELSE NEW.other_id END
            UNION
            SELECT next.id FROM awaited, LATERAL (
                SELECT other_id AS id FROM tickets_ticketrelation
                 WHERE ticket_id = awaited.id AND kind IN ('DUPLICATE', 'JOINED')
                   AND ended_at IS NULL
                UNION ALL
                SELECT ticket_id FROM tickets_ticketrelation
                 WHERE other_id = awaited.id AND kind = 'CHILD' AND ended_at IS NULL
            ) next
        )
        SELECT 1 FROM awaited
         WHERE id = CASE NEW.kind WHEN 'CHILD' THEN NEW.other_id ELSE NEW.ticket_id END
    ) THEN
        RAISE EXCEPTION 'ticketrelation_no_cycle: tickets would wait for one another'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ticketrelation_no_cycle';
    END IF;
    RETURN NEW;
"""


class TicketRelation(models.Model):
    """A ticket hangs on another (domain: section 5). In force until ``ended_at``."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="relations")
    other = models.ForeignKey(Ticket, models.CASCADE, related_name="related")
    kind = models.CharField(max_length=10, choices=RelationKind)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(ticket=F("other")), name="ticketrelation_not_to_itself"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RelationKind.values), name="ticketrelation_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind="FOLLOW_UP") | Q(ticket__gt=F("other")),
                name="ticketrelation_follow_up_is_later",
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                condition=Q(kind__in=["DUPLICATE", "JOINED"], ended_at=None),
                name="ticketrelation_follows_one",
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                condition=Q(kind="CHILD", ended_at=None),
                name="ticketrelation_one_parent",
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                condition=Q(kind="FOLLOW_UP", ended_at=None),
                name="ticketrelation_follows_up_one",
            ),
        ]
        indexes = [
            # ticket page: what hangs on it, newest first; who is to be told of its news
            models.Index(
                fields=["other", "kind", "-ticket"],
                name="ticketrelation_hanging",
                condition=Q(ended_at=None),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="no_circle",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=_CHECK,
            )
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.kind} #{self.other_id}"


class Incident(models.Model):
    """A ticket that was declared the incident; it runs until ``ended_at`` (domain: section 5)."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, primary_key=True, related_name="incident")
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # running incidents, newest first: offered while filing, and to tickets of a site
            models.Index(
                fields=["-declared_at"], name="incident_running", condition=Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id}"


class Passing(models.Model):
    """What happened to one ticket is to take effect on another, once, by a worker.

    Written in the transaction of the entry itself; its effect and ``done_at`` are one transaction.
    """

    entry = models.ForeignKey(HistoryEntry, models.PROTECT, related_name="passings")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "ticket"], name="passing_once")]
        indexes = [
            # the sweep: what is due
            models.Index(fields=["not_before"], name="passing_due", condition=Q(done_at=None)),
            # what a ticket is still to catch up with, in order
            models.Index(fields=["ticket", "entry"], name="passing_of", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"entry {self.entry_id} to #{self.ticket_id}"


class ToldOnce(models.Model):
    """An address was told of an entry that passed on to several tickets: one mail, not one each."""

    entry = models.ForeignKey(HistoryEntry, models.PROTECT, related_name="+")
    address = models.CharField(max_length=64, help_text="SHA-256 of the address, case folded")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "address"], name="toldonce_once")]

    def __str__(self) -> str:
        return f"entry {self.entry_id}"
