"""Ask owners whether their known answers are still true."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from juno_support.outbox.actions import Mail, enqueue_all
from supportunits import notices
from tickets.answers import rights
from tickets.answers.models import KnownAnswer

AT_ONCE = 200


@transaction.atomic
def ask_owners(*, at: datetime) -> int:
    """Mail each owner one list of the answers whose review is due; each is asked for once.

    TPM is asked instead of an owner who has left, supports no unit any more or has no address.

    :returns: how many answers were asked for
    """
    due = list(
        KnownAnswer.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(withdrawn_at=None, review_asked_at=None, review_on__lte=at.date())
        .select_related("owner")
        .order_by("owner", "review_on", "pk")[:AT_ONCE]
    )
    looked_after = {user.pk for user in rights.writers().exclude(email="")}
    by_owner: dict[int | None, list[KnownAnswer]] = {}
    for answer in due:
        owner = answer.owner_id if answer.owner_id in looked_after else None
        by_owner.setdefault(owner, []).append(answer)
    for key, answers in by_owner.items():
        to = notices.tpm(at=at) if key is None else [notices.person(answers[0].owner)]
        enqueue_all((_mail(each, answers, is_tpm=key is None, at=at) for each in to), at=at)
    KnownAnswer.objects.filter(pk__in=[answer.pk for answer in due]).update(review_asked_at=at)
    return len(due)


def _mail(to: notices.To, answers: list[KnownAnswer], *, is_tpm: bool, at: datetime) -> Mail:
    keys = "-".join(str(answer.pk) for answer in answers)
    subject = (
        _("Are these known answers still true?")
        if is_tpm
        else _("Are your known answers still true?")
    )
    return Mail(
        key=f"answers-review:{to.user_id or 'list'}:{at.date().isoformat()}:{keys}"[:200],
        kind="answers.review",
        to_address=to.address,
        to_user_id=to.user_id,
        subject=f"[{settings.JUNO_INSTANCE_NAME}] {subject}",
        body=render_to_string(
            "answers/mail/review.txt",
            {"answers": answers, "is_tpm": is_tpm, "base_url": settings.JUNO_BASE_URL},
        ),
        reason=_("TPM is asked about known answers whose owner has left")
        if is_tpm
        else _("owners of known answers are asked on the day of the review"),
    )
