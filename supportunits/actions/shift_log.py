"""What is written during a shift: check-list, hand-over, log."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import form_key, markdown
from juno_support.lib.text import clean
from supportunits import policies, shift_notices
from supportunits.actions.rota import lock_shift
from supportunits.models import (
    VO,
    HandOver,
    Shift,
    ShiftLogEntry,
    ShiftTick,
)
from topology.models import Site, SiteAlias

NOTE_BYTES = 64 * 1024
MOST_NAMED = 20
# The note may be written this long before the shift ends.
EARLY = timedelta(hours=24)


class NotYourShift(SupportError):
    """Only the one who has the shift does this."""

    is_refusal = True


class EmptyText(SupportError):
    """There is nothing written, or far too much."""


class NotYet(SupportError):
    """It is too early for this."""


@transaction.atomic
def set_ticks(*, shift: Shift, ticked: Iterable[str], by: User, at: datetime) -> Shift:
    """Tick lines of the check-list of one's shift, and take ticks back.

    :param ticked: the lines that are ticked now; lines that the type does not have are ignored
    :raises NotYourShift: it is somebody else's
    """
    shift = lock_shift(shift)
    _refuse_others(shift, by)
    wanted = set(ticked) & set(shift.type.checks)
    there = set(ShiftTick.objects.filter(shift=shift).values_list("check_text", flat=True))
    ShiftTick.objects.filter(shift=shift, check_text__in=there - wanted).delete()
    ShiftTick.objects.bulk_create(
        ShiftTick(shift=shift, check_text=line, ticked_by=by, ticked_at=at)
        for line in sorted(wanted - there)
    )
    return shift


@transaction.atomic
def hand_over(*, shift: Shift, note: str, by: User, at: datetime) -> HandOver:
    """Leave a note to the next shifter, who gets it by mail; written again, it replaces the first.

    Gaps are passed over (:func:`next_shift`). Where nobody follows, the note waits on the page of
    the following shift.

    :raises NotYourShift: it is somebody else's
    :raises EmptyText: without a note (one is required; domain: section 8), or far too long
    :raises NotYet: the shift goes on for more than a day
    """
    shift = lock_shift(shift)
    _refuse_others(shift, by)
    if at < max(shift.starts_at, shift.ends_at - EARLY):
        raise NotYet(
            _("Your shift goes on for a while."), _("Use the log until its last day has come.")
        )
    note = _checked(note)
    row, _is_new = HandOver.objects.update_or_create(
        shift=shift,
        defaults={
            "note": note,
            "note_html": markdown.render(note),
            "written_by": by,
            "written_at": at,
            "taken_by": None,
            "taken_at": None,
        },
    )
    row.shift = shift
    shift_notices.tell_hand_over(row, next_shift(shift), at=at)
    return row


@transaction.atomic
def take_over(*, hand_over: HandOver, by: User, at: datetime) -> HandOver:
    """Say that the note was read, as the one who has the following shift.

    :raises NotYourShift: somebody else has it
    """
    row = (
        HandOver.objects.select_for_update(of=("self",))
        .select_related("shift__type")
        .get(pk=hand_over.pk)
    )
    following = next_shift(row.shift)
    if following is None or following.person_id != by.pk:
        raise NotYourShift(_("The note is for the one who has the following shift."))
    if row.taken_at is None:
        row.taken_by, row.taken_at = by, at
        row.save(update_fields=["taken_by", "taken_at"])
    return row


def next_shift(shift: Shift) -> Shift | None:
    """Return the shift of the type that somebody has next, or None where nobody follows."""
    return (
        Shift.objects.filter(type=shift.type, starts_at__gte=shift.ends_at, person__is_active=True)
        .select_related("person", "type__vo")
        .order_by("starts_at")
        .first()
    )


def shift_before(shift: Shift) -> Shift | None:
    """Return the shift of the type that somebody had before this one, with its hand-over, or None.

    A gap hands nothing over, so that the note of whoever had the shift before it counts.
    """
    return (
        Shift.objects.filter(
            # Who left since then had the shift all the same.
            type=shift.type,
            ends_at__lte=shift.starts_at,
            person__isnull=False,
        )
        .select_related("person", "type__vo", "hand_over__written_by", "hand_over__taken_by")
        .order_by("-ends_at")
        .first()
    )


@transaction.atomic
def write_log(
    *, vo: VO, text: str, by: User, at: datetime, key: UUID, tickets: Iterable[int] = ()
) -> ShiftLogEntry:
    """Write into the VO's shift log; the same key twice gives the same entry once.

    Tickets written as #123 and sites named by their names are linked.

    :param tickets: numbers that the writer may read, of those that the text names
    :raises NotYourShift: the person is neither shifter of the VO nor TPM
    :raises EmptyText: nothing is written, or far too much
    """
    if not policies.may_write_shift_log(by, vo):
        raise NotYourShift(_("Shifters of %(vo)s and TPM write this log.") % {"vo": vo.name})
    form_key.wait_for(key)
    known = ShiftLogEntry.objects.filter(submission_key=key).first()
    if known is not None:
        return known
    text = _checked(text)
    running = Shift.objects.filter(
        type__vo=vo, person=by, starts_at__lte=at, ends_at__gt=at
    ).first()
    entry = ShiftLogEntry.objects.create(
        vo=vo,
        shift=running,
        text=text,
        html=markdown.render(text),
        tickets=sorted(set(tickets))[:MOST_NAMED],
        written_by=by,
        written_at=at,
        submission_key=key,
    )
    entry.sites.set(sites_named(text, vo))
    return entry


@transaction.atomic
def redact_log(*, entry: ShiftLogEntry, by: User, at: datetime) -> ShiftLogEntry:
    """Take out what must not stay of an entry (trust: promise 6); who did it, and when, stays.

    :raises NotYourShift: the person does not read this log
    """
    entry = ShiftLogEntry.objects.select_for_update(of=("self",)).get(pk=entry.pk)
    if not policies.may_write_shift_log(by, entry.vo) and not policies.is_admin(by):
        raise NotYourShift(_("Shifters of the VO, TPM and admins take entries out."))
    entry.text = entry.html = ""
    entry.tickets = []
    entry.redacted_by, entry.redacted_at = by, at
    entry.save(update_fields=["text", "html", "tickets", "redacted_by", "redacted_at"])
    entry.sites.clear()
    return entry


def tickets_named(text: str) -> list[int]:
    """Return the numbers that the text writes as #123, each once, in order."""
    found = (int(match[1]) for match in markdown.TICKET_REFERENCE.finditer(text))
    return list(dict.fromkeys(found))[:MOST_NAMED]


def sites_named(text: str, vo: VO) -> list[Site]:
    """Return the VO's sites that the text names, by name or by an alias that people use."""
    sites = {site.name.casefold(): site for site in Site.objects.filter(vo_sites__vo=vo)}
    aliases = SiteAlias.objects.filter(site__in=list(sites.values())).select_related("site")
    for alias in aliases:
        sites.setdefault(alias.name.casefold(), alias.site)
    words = text.casefold()
    found = {
        site.pk: site
        for name, site in sites.items()
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words)
    }
    return list(found.values())[:MOST_NAMED]


def _refuse_others(shift: Shift, by: User) -> None:
    if shift.person_id != by.pk:
        raise NotYourShift(_("This is not your shift (any more)."))


def _checked(text: str) -> str:
    text = clean(text).strip()
    if not text:
        raise EmptyText(
            _("There is nothing written."), _("Write a word, even if nothing happened.")
        )
    if len(text.encode()) > NOTE_BYTES:
        raise EmptyText(_("This is too long."), _("Write 64 kB at the most."))
    return text
