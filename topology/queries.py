"""Questions about what exists."""

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q

from topology.models import Site

SIMILAR_ENOUGH = 0.3


class SiteNotFound(LookupError):
    """No site goes by that name; says which names come near."""

    def __init__(self, name: str, similar: list[str]) -> None:
        hint = f" Did you mean {', '.join(similar)}?" if similar else ""
        super().__init__(f"We know no site named {name!r}.{hint}")
        self.similar = similar


def find_site(name: str) -> Site:
    """Return the site of that name: exactly, else whatever the case, else by an alias.

    :raises SiteNotFound: when there is none
    """
    wanted = name.strip()
    sites = list(Site.objects.filter(Q(name=wanted) | Q(name__iexact=wanted))[:10])
    sites.sort(key=lambda site: site.name != wanted)
    if not sites:
        sites = list(Site.objects.filter(aliases__name__iexact=wanted).order_by("pk")[:1])
    if sites:
        return sites[0]
    raise SiteNotFound(wanted, similar_site_names(wanted))


def similar_site_names(name: str, *, limit: int = 3) -> list[str]:
    """Return names that come near, nearest first."""
    return list(
        Site.objects.annotate(nearness=TrigramSimilarity("name", name))
        .filter(nearness__gt=SIMILAR_ENOUGH)
        .order_by("-nearness", "name")
        .values_list("name", flat=True)[:limit]
    )
