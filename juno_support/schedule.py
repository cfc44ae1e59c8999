"""The table of everything that runs by the clock: task, how often, why.

A source's own interval lives on its row; ``poll_due`` looks every few seconds which is due.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Scheduled:
    """One line of the table."""

    task: str
    every: timedelta
    why: str


SCHEDULE = (
    Scheduled(
        "juno_support.tasks.beat_heart", timedelta(seconds=15), "show that schedule and worker live"
    ),
    Scheduled(
        "juno_support.feeds.tasks.poll_due",
        timedelta(seconds=15),
        "poll the sources that are due",
    ),
    Scheduled(
        "monitoring.tasks.keep_logins_alive",
        timedelta(minutes=5),
        "renew the login to DiracX before it ends, polled or not",
    ),
    Scheduled(
        "monitoring.tasks.watch_sources",
        timedelta(minutes=1),
        "tell admins of sources that are silent",
    ),
    Scheduled(
        "juno_support.outbox.tasks.send_due",
        timedelta(seconds=10),
        "send what waits, retry what failed",
    ),
    Scheduled(
        "supportunits.tasks.mail_announcements",
        timedelta(seconds=30),
        "mail what was announced",
    ),
    Scheduled(
        "tickets.tasks.sweep_dispatches",
        timedelta(seconds=5),
        "handle what a crash or an undo window left",
    ),
    Scheduled(
        "tickets.tasks.sweep_passings",
        timedelta(seconds=5),
        "let duplicates, joined tickets and parents catch up",
    ),
    Scheduled(
        "tickets.tasks.climb_alarms",
        timedelta(seconds=10),
        "call the next people about alarms without a receipt",
    ),
    Scheduled(
        "tickets.tasks.refresh_contexts",
        timedelta(seconds=30),
        "note on open tickets what changed at their sites",
    ),
    Scheduled(
        "tickets.tasks.refresh_proposals",
        timedelta(minutes=1),
        "propose tickets about sites that are bad",
    ),
    Scheduled(
        "tickets.tasks.look_at_clocks",
        timedelta(seconds=30),
        "tell of responses that are due, remind submitters who were asked",
    ),
    Scheduled(
        "tickets.tasks.recount_clocks",
        timedelta(minutes=1),
        "count deadlines anew where a unit changed its hours or its quality of support",
    ),
    Scheduled(
        "tickets.tasks.close_overdue",
        timedelta(minutes=10),
        "close what nobody verified in ten working days",
    ),
    Scheduled(
        "tickets.tasks.wake_held",
        timedelta(minutes=5),
        "put tickets on hold back to work on their date",
    ),
    Scheduled(
        "tickets.tasks.hand_over_tickets",
        timedelta(minutes=5),
        "act on people who left, and on units and sites that closed",
    ),
    Scheduled(
        "supportunits.tasks.review_lists",
        timedelta(hours=6),
        "have mailing lists proven again in time, let proofs lapse after a year",
    ),
    Scheduled(
        "supportunits.tasks.note_bounces",
        timedelta(minutes=1),
        "count mails that came back from mailing lists of units",
    ),
    Scheduled(
        "tickets.tasks.learn_from_routed",
        timedelta(hours=1),
        "learn from routed tickets, where the last time is a day ago",
    ),
    Scheduled(
        "supportunits.tasks.tell_shifters",
        timedelta(minutes=5),
        "remind shifters, tell who is on call, ask for missing hand-overs",
    ),
    Scheduled(
        "supportunits.tasks.make_cards",
        timedelta(minutes=10),
        "make the printable card of who is on call, once a night, and mail it",
    ),
    Scheduled(
        "supportunits.tasks.look_after_cards",
        timedelta(hours=6),
        "remind of VO ID cards to validate",
    ),
    Scheduled(
        "supportunits.tasks.activate_support",
        timedelta(minutes=1),
        "make dedicated user support active whose unit is ready",
    ),
    Scheduled(
        "tickets.tasks.tell_of_support_requests",
        timedelta(minutes=1),
        "file tickets about requests for dedicated user support",
    ),
    Scheduled(
        "tickets.tasks.ask_owners_of_answers",
        timedelta(hours=6),
        "ask whether known answers are still true",
    ),
    Scheduled(
        "tickets.tasks.sweep_orphans",
        timedelta(hours=6),
        "remove uploads that no row names",
    ),
    Scheduled(
        "juno_support.feeds.tasks.forget_old_runs",
        timedelta(hours=24),
        "remove the records of polls after sixty days",
    ),
)

BEAT_SCHEDULE = {
    line.task: {
        "task": line.task,
        "schedule": line.every.total_seconds(),
        "options": {"expires": 600},
    }
    for line in SCHEDULE
}
