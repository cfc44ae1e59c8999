"""Find the VO of an address."""

from django.http import Http404

from supportunits.models import VO


def find_vo(name: str) -> VO:
    """Return the VO of this name, in whatever case, with its card.

    :raises Http404: where there is none, or it has no card
    """
    vo = VO.objects.select_related("card", "portal_copy").filter(name__iexact=name).first()
    if vo is None or not hasattr(vo, "card"):
        raise Http404
    return vo
