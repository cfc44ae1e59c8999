"""Load and check in one call what pages of shifts are about."""

from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from juno_support.accounts.models import User
from supportunits import policies
from supportunits.models import VO, Shift


def person(request: HttpRequest) -> User:
    """Return the reader, who is signed in."""
    return cast(User, request.user)


def vo_of(name: str) -> VO:
    """Return the VO of this name, in whatever case.

    :raises Http404: there is none
    """
    return get_object_or_404(VO, name__iexact=name)


def managed_vo(user: Any, name: str) -> VO:
    """Return the VO, for those who may change its rota.

    :raises PermissionDenied: for all others
    """
    vo = vo_of(name)
    if not policies.may_change_rota(user, vo):
        raise PermissionDenied
    return vo


def logged_vo(user: Any, name: str) -> VO:
    """Return the VO, for those who read its shift log.

    :raises PermissionDenied: for all others
    """
    vo = vo_of(name)
    if not policies.may_read_shift_log(user, vo):
        raise PermissionDenied
    return vo


def reported_vo(user: Any, name: str) -> VO:
    """Return the VO, for those who read its reports and meetings.

    :raises PermissionDenied: for all others
    """
    vo = vo_of(name)
    if not policies.may_read_shift_report(user, vo):
        raise PermissionDenied
    return vo


def shift_of(number: int) -> Shift:
    """Return a shift with its type, VO and person.

    :raises Http404: there is none
    """
    shift = (
        Shift.objects.select_related("type__vo", "person__on_call_contact")
        .filter(pk=number)
        .first()
    )
    if shift is None:
        raise Http404
    return shift
