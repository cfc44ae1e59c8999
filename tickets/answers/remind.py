"""Ask owners whether their known answers are still true."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from juno_support.outbox.actions import Mail, enqueue
from tickets.answers.models import KnownAnswer

AT_ONCE = 200


@transaction.atomic
def ask_owners(*, at: datetime) -> int:
    """Mail each owner one list of the answers whose review is due; each is asked for once.

    An owner whose account is inactive gets no mail; those who read the list see that it is due.

    :returns: how many answers were asked for
    """
    due = list(
        KnownAnswer.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(withdrawn_at=None, review_asked_at=None, review_on__lte=at.date())
        .select_related("owner")
        .order_by("owner", "review_on", "pk")[:AT_ONCE]
    )
    by_owner: dict[int, list[KnownAnswer]] = {}
    for answer in due:
        by_owner.setdefault(answer.owner_id, []).append(answer)
    for answers in by_owner.values():
        owner = answers[0].owner
        if not (owner.is_active and owner.email):
            continue
        body = render_to_string(
            "answers/mail/review.txt",
            {"owner": owner, "answers": answers, "base_url": settings.JUNO_BASE_URL},
        )
        keys = "-".join(str(answer.pk) for answer in answers)
        enqueue(
            Mail(
                key=f"answers-review:{owner.pk}:{at.date().isoformat()}:{keys}"[:200],
                kind="answers.review",
                to_address=owner.email,
                to_user_id=owner.pk,
                subject=_("[%(instance)s] Are your known answers still true?")
                % {"instance": settings.JUNO_INSTANCE_NAME},
                body=body,
                reason=_("owners of known answers are asked on the day of the review"),
            ),
            at=at,
        )
    KnownAnswer.objects.filter(pk__in=[answer.pk for answer in due]).update(review_asked_at=at)
    return len(due)
