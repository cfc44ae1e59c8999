"""Make, change and withdraw known answers; count where they were of use."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import NotAcceptable
from juno_support.lib import markdown, text, words
from juno_support.lib.form_key import wait_for
from supportunits.actions.trace import traced
from supportunits.models import VO, IssueType
from tickets import policies
from tickets.actions.row import NotAllowed
from tickets.answers import rights
from tickets.answers.models import AnswerUse, Audience, KnownAnswer
from tickets.models import Ticket
from topology.models import Site

TITLE_LENGTH = 200
TEXT_BYTES = 20 * 1024
REVIEWED_EVERY = timedelta(days=365)


@traced
def write_answer(
    *,
    by: User,
    at: datetime,
    submission_key: UUID,
    title: str,
    words_of_it: str,
    audience: Audience = Audience.PUBLIC,
    review_on: date | None = None,
    vo: VO | None = None,
    issue_type: IssueType | None = None,
    sites: Iterable[Site] = (),
    made_from: Ticket | None = None,
) -> KnownAnswer:
    """Make a known answer; the same submission key twice makes it once.

    :param made_from: the ticket whose solution it was; ``by`` must be able to read it, and a
        restricted one gives none
    :raises NotAllowed: if ``by`` may not write answers, or not from this ticket
    :raises NotAcceptable: if title or text cannot be taken
    """
    if not rights.may_write(by):
        raise NotAllowed(_("Only supporters make known answers."))
    if made_from is not None and made_from.is_restricted:
        raise NotAllowed(
            _("What a Security ticket says stays with its readers."),
            _("Write an answer that tells nothing of it."),
        )
    wait_for(submission_key)
    before = KnownAnswer.objects.filter(submission_key=submission_key).first()
    if before is not None:
        return before
    answer = KnownAnswer(
        submission_key=submission_key, owner=by, created_at=at, updated_at=at, made_from=made_from
    )
    _fill(answer, title, words_of_it, audience, review_on or (at + REVIEWED_EVERY).date(), at)
    answer.vo, answer.issue_type = vo, issue_type
    answer.save(force_insert=True)
    answer.sites.set(sites)
    return answer


@traced
def change_answer(
    *,
    answer: KnownAnswer,
    by: User,
    at: datetime,
    title: str,
    words_of_it: str,
    audience: Audience,
    review_on: date,
    vo: VO | None,
    issue_type: IssueType | None,
    sites: Iterable[Site],
    owner: User | None = None,
    seen_at: datetime | None = None,
) -> KnownAnswer:
    """Change a known answer.

    :param owner: who looks after it from now on; None: as before
    :param seen_at: its ``updated_at`` when the form was made
    :raises NotAllowed: if ``by`` may not change it
    :raises NotAcceptable: if something cannot be taken, or somebody changed it meanwhile
    """
    answer = _locked(answer, by)
    if seen_at is not None and seen_at < answer.updated_at:
        raise NotAcceptable(
            "",
            _("Somebody else changed this answer meanwhile."),
            _("Your words are kept below. Look at the answer, and send them again."),
        )
    if owner is not None and not rights.may_write(owner):
        raise NotAcceptable("owner", _("%(person)s is no supporter.") % {"person": owner})
    _fill(answer, title, words_of_it, audience, review_on, at)
    answer.vo, answer.issue_type = vo, issue_type
    answer.owner = owner or answer.owner
    answer.save()
    answer.sites.set(sites)
    return answer


@traced
def withdraw_answer(*, answer: KnownAnswer, by: User, at: datetime) -> KnownAnswer:
    """Offer the answer no more; it can come back. Raises NotAllowed."""
    answer = _locked(answer, by)
    answer.withdrawn_at = answer.withdrawn_at or at
    answer.save(update_fields=["withdrawn_at"])
    return answer


@traced
def withdraw_made_from(*, ticket: Ticket, by: User, at: datetime) -> int:
    """Withdraw the answers made from a ticket whose solution is redacted; returns how many.

    The words that had to go may stand in them, too: their owners look before they come back.
    """
    found = KnownAnswer.objects.filter(made_from=ticket, withdrawn_at=None)
    return found.update(withdrawn_at=at, updated_at=at)


@traced
def restore_answer(*, answer: KnownAnswer, by: User, at: datetime) -> KnownAnswer:
    """Offer a withdrawn answer again. Raises NotAllowed."""
    answer = _locked(answer, by)
    answer.withdrawn_at = None
    answer.updated_at = at
    answer.save(update_fields=["withdrawn_at", "updated_at"])
    return answer


@traced
def confirm_answer(*, answer: KnownAnswer, by: User, at: datetime) -> KnownAnswer:
    """Say that it is still true: the next review is a year from now. Raises NotAllowed."""
    answer = _locked(answer, by)
    answer.review_on = (at + REVIEWED_EVERY).date()
    answer.review_asked_at = None
    answer.save(update_fields=["review_on", "review_asked_at"])
    return answer


@traced
def count_solved(*, answer: KnownAnswer, ticket: Ticket, by: User, at: datetime) -> bool:
    """Count that the answer solved a ticket; once a ticket. Returns whether it was new."""
    return _count(answer, "solved", AnswerUse(answer=answer, ticket=ticket, by=by, at=at))


@traced
def count_helped(*, answer: KnownAnswer, by: User, at: datetime) -> bool:
    """Count that the answer spared somebody a ticket; once a person. Returns whether it was new.

    :raises NotAllowed: if ``by`` may not read it
    """
    if not rights.visible_answers(by).filter(pk=answer.pk).exists():
        raise NotAllowed(_("This answer is not for you."))
    return _count(answer, "helped", AnswerUse(answer=answer, ticket=None, by=by, at=at))


def may_be_made_from(ticket: Ticket, user: Any) -> bool:
    """Return whether an answer can be made of the ticket by the person: solved, no Security."""
    return (
        bool(ticket.solution)
        and not ticket.is_restricted
        and rights.may_write(user)
        and policies.may_read_internal(ticket, user)
    )


def _count(answer: KnownAnswer, field: str, use: AnswerUse) -> bool:
    try:
        with transaction.atomic():
            use.save(force_insert=True)
    except IntegrityError:
        return False
    KnownAnswer.objects.filter(pk=answer.pk).update(**{field: F(field) + 1})
    return True


def _locked(answer: KnownAnswer, by: User) -> KnownAnswer:
    locked = KnownAnswer.objects.select_for_update(of=("self",)).select_related("owner")
    answer = locked.get(pk=answer.pk)
    if not rights.may_change(by, answer):
        raise NotAllowed(
            _("Only its owner, TPM operators and admins change a known answer."),
            _("Write to its owner."),
        )
    return answer


def _fill(
    answer: KnownAnswer, title: str, body: str, audience: Audience, review_on: date, at: datetime
) -> None:
    title, body = text.clean_line(title), text.clean(body).strip()
    if not title:
        raise NotAcceptable("title", _("Say in one line what the answer is about."))
    if len(title) > TITLE_LENGTH:
        raise NotAcceptable(
            "title", _("A title has %(n)s characters at most.") % {"n": TITLE_LENGTH}
        )
    if not body:
        raise NotAcceptable("text", _("Write what helps."))
    if len(body.encode()) > TEXT_BYTES or markdown.is_too_rich(body):
        raise NotAcceptable(
            "text",
            _("The answer is too long: 20 kB fit."),
            _("A known answer is short. Link to the documentation for the rest."),
        )
    if review_on <= at.date():
        raise NotAcceptable("review_on", _("The review lies ahead: choose a later day."))
    answer.title, answer.text = title, body
    answer.html = markdown.render(body)
    answer.renderer_version = markdown.RENDERER_VERSION
    answer.audience, answer.review_on, answer.review_asked_at = audience, review_on, None
    answer.words = words.vector([title, body])
    answer.updated_at = at
