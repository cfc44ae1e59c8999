"""Sites as people type them: names and aliases, in any case, with typing errors."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.exceptions import ValidationError
from django.db.models import Case, F, FloatField, Q, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from juno_support.lib.text import clean_line
from tickets.search import names as search_names
from topology.models import Site, SiteAlias

MOST_SITES = 20
LIKE_ENOUGH = 0.3
_BETWEEN = re.compile(r"[,;\n]+")


@dataclass(frozen=True)
class Places:
    """What typed names mean: sites by the name that was typed, and offers for unknown names."""

    sites: dict[str, Site]
    offers: dict[str, list[str]]

    def of(self, text: str) -> list[Site]:
        """Return the known sites of a text, each once, in the order of the text."""
        found = {
            site.pk: site for name in split_names(text) if (site := self.sites.get(name.casefold()))
        }
        return list(found.values())

    def unknown(self, text: str) -> list[str]:
        """Return the names of a text that no site has."""
        return [name for name in split_names(text) if name.casefold() not in self.sites]

    def checked(self, text: str) -> str:
        """Return the text if a site has each of its names.

        :raises ValidationError: for the first that is unknown, with what was perhaps meant
        """
        for name in self.unknown(text):
            words = _("No site is called “%(name)s”.") % {"name": name}
            if offers := self.offers.get(name):
                words += " " + _("Did you mean %(names)s?") % {"names": ", ".join(offers)}
            raise ValidationError(words)
        return text


@dataclass(frozen=True)
class Offer:
    """A site that was perhaps meant; ``note`` says what matched or where it is."""

    name: str
    note: str


def split_names(text: str) -> list[str]:
    """Return the names of a list with commas, each once, at most ``MOST_SITES``."""
    found = {part.strip().casefold(): part.strip() for part in _BETWEEN.split(text) if part.strip()}
    return list(found.values())[:MOST_SITES]


def find_places(texts: Iterable[str]) -> Places:
    """Look up all names of some texts: two queries, and two for each of the first unknown ones."""
    names = [name for text in texts for name in split_names(text)]
    if not names:
        return Places({}, {})
    keys = search_names.find("site", names)
    rows = {
        site.pk: site
        for site in Site.objects.filter(pk__in={key for found in keys.values() for key in found})
    }
    sites = {name.casefold(): rows[found[0]] for name, found in keys.items() if found}
    unknown = [name for name in dict.fromkeys(names) if name.casefold() not in sites]
    return Places(
        sites, {name: [offer.name for offer in offer_sites(name, limit=3)] for name in unknown[:5]}
    )


def offer_sites(text: str, *, limit: int = 8) -> list[Offer]:
    """Return sites that a beginning, a part or a misspelling may mean, the nearest first.

    Looks at names, official names and aliases. Two queries.
    """
    text = clean_line(text)[:100]
    if not text:
        return []
    by_name = (
        Site.objects.filter(gone_at=None)
        .annotate(
            likeness=Greatest(TrigramSimilarity("name", text), TrigramWordSimilarity(text, "name")),
            score=F("likeness") + _bonus("name", text),
        )
        .filter(
            Q(likeness__gte=LIKE_ENOUGH)
            | Q(name__icontains=text)
            | Q(official_name__icontains=text)
        )
        .order_by("-score", "name")
        .values_list("name", "official_name", "country", "score")[:limit]
    )
    by_alias = (
        SiteAlias.objects.filter(site__gone_at=None)
        .annotate(
            likeness=TrigramSimilarity("name", text), score=F("likeness") + _bonus("name", text)
        )
        .filter(Q(likeness__gte=LIKE_ENOUGH) | Q(name__icontains=text))
        .order_by("-score", "name")
        .values_list("site__name", "name", "score")[:limit]
    )
    scored: dict[str, tuple[float, str]] = {}
    for name, official, country, score in by_name:
        scored[name] = (score, " · ".join(part for part in (official, country) if part))
    for name, alias, score in by_alias:
        if score > scored.get(name, (0.0, ""))[0]:
            scored[name] = (score, f"= {alias}")
    best = sorted(scored.items(), key=lambda item: (-item[1][0], item[0]))
    return [Offer(name, note) for name, (_score, note) in best[:limit]]


def _bonus(field: str, text: str) -> Case:
    return Case(
        When(**{f"{field}__iexact": text}, then=Value(2.0)),
        When(**{f"{field}__istartswith": text}, then=Value(1.0)),
        When(**{f"{field}__icontains": text}, then=Value(0.5)),
        default=Value(0.0),
        output_field=FloatField(),
    )
