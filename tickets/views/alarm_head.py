"""The wall clock as the head of an ALARM ticket shows it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from juno_support.lib import display
from tickets.models import Call, ReceiptHow, WallClock

# What comes next, in words for everybody who may read the ticket: no name and no address.
_NEXT = {
    Call.PHONE: lambda: _("the phone of the person on call"),
    Call.EVERYBODY: lambda: _("the person on call, TPM and the operations centre"),
}


@dataclass(frozen=True)
class AlarmHead:
    """One run of the clock, ready to be shown.

    :ivar tone: bad while it runs late, warn while it runs, good with a receipt, else neutral
    :ivar title: how it stands, in a few words
    :ivar words: since when, by whom, what is next
    """

    tone: str
    title: str
    words: SafeString
    is_running: bool
    is_drill: bool


def newest_run(ticket_id: int) -> WallClock | None:
    """Return the newest run of a ticket's clock; one query."""
    runs = WallClock.objects.select_related("received_by").filter(ticket=ticket_id)
    return runs.order_by("-starts_at").first()


def alarm_head(run: WallClock, *, at: datetime) -> AlarmHead:
    """Return what the head shows of a run at a moment."""
    if run.received_at is not None:
        tone = "good" if run.received_at <= run.due_at else "warn"
        title, words = _received_title(run), _received_words(run, at)
    elif run.ended_at is not None:
        tone, title = "neutral", _("Ended without a receipt")
        words = display.when(run.ended_at, at)
    else:
        tone, title, words = _running(run, at)
    return AlarmHead(tone, title, words, run.is_running, run.drill_id is not None)


def _running(run: WallClock, at: datetime) -> tuple[str, str, SafeString]:
    minutes = int((run.due_at - at).total_seconds() // 60)
    if at < run.due_at:
        tone = "warn"
        title = ngettext(
            "No receipt yet: %(n)d minute left",
            "No receipt yet: %(n)d minutes left",
            max(minutes, 0),
        ) % {"n": max(minutes, 0)}
    else:
        tone = "bad"
        title = _("No receipt, due %(age)s ago") % {"age": display.duration_text(at - run.due_at)}
    began = format_html(_("raised {moment}"), moment=display.when(run.starts_at, at))
    if run.next_call_at is None or run.next_call is None:
        return tone, title, format_html(_("{began}; everybody there is was called"), began=began)
    return (
        tone,
        title,
        format_html(
            _("{began}; next is {who}, {moment}"),
            began=began,
            who=_NEXT[Call(run.next_call)](),
            moment=display.when(run.next_call_at, at),
        ),
    )


def _received_title(run: WallClock) -> str:
    minutes = run.minutes or 0
    return ngettext("Received after %(n)d minute", "Received after %(n)d minutes", minutes) % {
        "n": minutes
    }


def _received_words(run: WallClock, at: datetime) -> SafeString:
    return format_html(
        _("by {who}, {how}, {moment}"),
        who=run.received_name or (run.received_by.name if run.received_by else ""),
        how=ReceiptHow(run.received_how).label,
        moment=display.when(run.received_at, at),
    )
