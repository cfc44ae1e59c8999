"""Find the unit that an address names, for those who may."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from supportunits import policies
from supportunits.models import SupportUnit


def find_unit(name: str) -> SupportUnit:
    """Return the unit of this name, with its place and VO.

    :raises Http404: there is none
    """
    units = SupportUnit.objects.select_related("site__operations_centre", "operations_centre", "vo")
    return get_object_or_404(units, name__iexact=name)


def find_to_change(request: HttpRequest, name: str) -> SupportUnit:
    """Return the unit of this name for one who may change it.

    :raises PermissionDenied: for all others
    """
    unit = find_unit(name)
    if not policies.may_change_unit(request.user, unit):
        raise PermissionDenied
    return unit
