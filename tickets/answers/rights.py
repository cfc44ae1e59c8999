"""Who reads known answers, and who writes them."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404

from juno_support.accounts.models import User
from supportunits import policies as units
from supportunits.models import UnitMembership, UnitState
from tickets import policies
from tickets.answers.models import Audience, KnownAnswer


def may_write(user: Any) -> bool:
    """Return whether the person may make known answers: supporters, TPM operators, admins."""
    return policies.reads_everything(user)


def writers() -> QuerySet[User]:
    """Return the people who can own answers, by name: active supporters and admins.

    Who is TPM operator by a shift alone writes answers, but a shift is over before the review.
    """
    supports = UnitMembership.objects.filter(unit__state=UnitState.ACTIVE).values("user")
    found = User.objects.filter(Q(pk__in=supports) | Q(is_staff=True), is_active=True)
    return found.order_by("name", "pk")


def may_change(user: Any, answer: KnownAnswer) -> bool:
    """Return whether the person may change this one: its owner, TPM operators, admins."""
    if not may_write(user):
        return False
    return answer.owner_id == user.pk or units.is_tpm_operator(user) or units.is_admin(user)


def visible_answers(user: Any) -> QuerySet[KnownAnswer]:
    """Return the answers that the person may read; withdrawn ones only for those who write."""
    if not user.is_authenticated or not user.is_active:
        return KnownAnswer.objects.none()
    if may_write(user):
        return KnownAnswer.objects.all()
    return KnownAnswer.objects.filter(audience=Audience.PUBLIC, withdrawn_at=None)


def find_answer(user: Any, key: int) -> KnownAnswer:
    """Return an answer that the person may read.

    :raises Http404: also where it exists and may not be read
    """
    named = visible_answers(user).select_related("owner", "vo", "issue_type", "made_from")
    answer = named.prefetch_related("sites").filter(pk=key).first()
    if answer is None:
        raise Http404
    return answer
