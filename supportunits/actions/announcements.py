"""Announce, change, withdraw, and mail what was to be mailed."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable, SupportError
from juno_support.lib import form_key, markdown, text
from juno_support.outbox.actions import Mail, enqueue_all
from supportunits import announcements, policies
from supportunits.actions.trace import traced
from supportunits.models import VO, Announcement, Audience, Tone
from topology.models import Site

TITLE_LENGTH = 150
TEXT_BYTES = 10 * 1024
MOST_SITES = 20
MAILS_AT_ONCE = 500


class NotForYou(SupportError):
    """The person may not announce this."""

    is_refusal = True


@traced
def announce(
    *,
    by: User,
    at: datetime,
    submission_key: UUID,
    title: str,
    words: str = "",
    tone: Tone = Tone.INFO,
    audience: Audience,
    vo: VO | None = None,
    sites: Iterable[Site] = (),
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    is_mailed: bool = False,
    downtime_key: str = "",
) -> Announcement:
    """Announce something; the same submission key twice announces it once.

    :param starts_at: None: now
    :raises NotForYou: if ``by`` may not announce to this audience
    :raises NotAcceptable: if something about it cannot be taken
    """
    form_key.wait_for(submission_key)
    before = Announcement.objects.filter(submission_key=submission_key).first()
    if before is not None:
        return before
    row = Announcement(
        submission_key=submission_key,
        made_by=by,
        made_at=at,
        is_mailed=is_mailed,
        downtime_key=downtime_key[:300],
    )
    return _store(row, by, at, title, words, tone, audience, vo, sites, starts_at or at, ends_at)


@traced
def change_announcement(
    *,
    announcement: Announcement,
    by: User,
    at: datetime,
    title: str,
    words: str,
    tone: Tone,
    audience: Audience,
    vo: VO | None,
    sites: Iterable[Site],
    starts_at: datetime,
    ends_at: datetime | None,
    seen_at: datetime | None = None,
) -> Announcement:
    """Change an announcement; what was mailed is not mailed again.

    :param seen_at: its ``changed_at`` when the form was made
    :raises NotForYou: if ``by`` may not announce to its audience, before or after
    :raises NotAcceptable: if something cannot be taken, or somebody changed it meanwhile
    """
    row = Announcement.objects.select_for_update(of=("self",)).get(pk=announcement.pk)
    _check(row, by)
    if seen_at is not None and seen_at < row.changed_at:
        raise NotAcceptable(
            "",
            _("Somebody else changed this announcement meanwhile."),
            _("Your words are kept below. Look at it, and send them again."),
        )
    return _store(row, by, at, title, words, tone, audience, vo, sites, starts_at, ends_at)


@traced
def withdraw_announcement(*, announcement: Announcement, by: User, at: datetime) -> Announcement:
    """Take an announcement back: it is shown and mailed no more. Raises NotForYou."""
    row = Announcement.objects.select_for_update(of=("self",)).get(pk=announcement.pk)
    _check(row, by)
    row.withdrawn_at = row.withdrawn_at or at
    row.save(update_fields=["withdrawn_at"])
    announcements.forget()
    return row


def mail_announcements(*, at: datetime) -> int:
    """Put the mails of announcements that have begun into the outbox; returns how many.

    One mail a person and announcement, whatever happens between: the outbox knows its key.
    """
    due = Announcement.objects.filter(
        is_mailed=True, mailed_at=None, withdrawn_at=None, starts_at__lte=at
    )
    return sum(_mail(key, at) for key in list(due.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _mail(key: int, at: datetime) -> int:
    rows = Announcement.objects.select_for_update(of=("self",), skip_locked=True)
    row = rows.filter(pk=key, mailed_at=None, withdrawn_at=None).first()
    if row is None:
        return 0
    body = render_to_string(
        "supportunits/mail/announcement.txt",
        {"announcement": row, "url": f"{settings.JUNO_BASE_URL}/announcements/{row.pk}/"},
    )
    people = list(announcements.addressed(row).values_list("pk", "email"))
    for start in range(0, len(people), MAILS_AT_ONCE):
        enqueue_all(
            (
                Mail(
                    key=f"announcement:{row.pk}:{person}",
                    kind="announcement",
                    to_address=address,
                    to_user_id=person,
                    subject=f"[{settings.JUNO_INSTANCE_NAME}] {row.title}",
                    body=body,
                    reason=_REASONS[Audience(row.audience)](),
                )
                for person, address in people[start : start + MAILS_AT_ONCE]
            ),
            at=at,
        )
    row.mailed_at = at
    row.save(update_fields=["mailed_at"])
    return len(people)


_REASONS = {
    Audience.EVERYBODY: lambda: _("it is announced to everybody with an account"),
    Audience.VO: lambda: _("it is announced to your VO"),
    Audience.SITES: lambda: _("it is announced to the users of a site of your VO or unit"),
}


def _check(row: Announcement, by: User) -> None:
    if not policies.may_announce_to(by, row.audience, row.vo):
        raise NotForYou(
            _("You may not announce this."),
            _("Managers announce to their VO; TPM operators and admins to all."),
        )


def _store(
    row: Announcement,
    by: User,
    at: datetime,
    title: str,
    words: str,
    tone: Tone,
    audience: Audience,
    vo: VO | None,
    sites: Iterable[Site],
    starts_at: datetime,
    ends_at: datetime | None,
) -> Announcement:
    title, words, chosen = text.clean_line(title), text.clean(words).strip(), list(sites)
    if not title:
        raise NotAcceptable("title", _("Say in one line what is announced."))
    if len(title) > TITLE_LENGTH:
        raise NotAcceptable(
            "title", _("A title has %(n)s characters at most.") % {"n": TITLE_LENGTH}
        )
    if len(words.encode()) > TEXT_BYTES or markdown.is_too_rich(words):
        raise NotAcceptable("text", _("The text is too long: 10 kB fit."))
    if audience == Audience.VO and vo is None:
        raise NotAcceptable("vo", _("Choose the VO."))
    if audience == Audience.SITES and not chosen:
        raise NotAcceptable("sites", _("Name the sites whose users are meant."))
    if len(chosen) > MOST_SITES:
        raise NotAcceptable("sites", _("Name %(n)s sites at most.") % {"n": MOST_SITES})
    if ends_at is not None and ends_at <= max(starts_at, at):
        raise NotAcceptable("ends_at", _("The end must lie ahead, and after the beginning."))
    row.title, row.text, row.html = title, words, markdown.render(words)
    row.renderer_version = markdown.RENDERER_VERSION
    row.tone, row.audience = tone, audience
    row.vo = vo if audience == Audience.VO else None
    row.starts_at, row.ends_at, row.changed_at = starts_at, ends_at, at
    _check(row, by)
    row.save()
    row.sites.set(chosen if audience == Audience.SITES else [])
    announcements.forget()
    return row
