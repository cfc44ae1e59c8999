"""Find known answers: by words that somebody searches, and such that fit what somebody writes."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from juno_support.lib import words
from tickets.answers import rights
from tickets.answers.models import KnownAnswer
from tickets.models import Ticket

OFFERED = 3
LOOKED_AT = 300
MOST_WORDS = 24
# Of the weight of all words that were asked for, so much must be in the answer.
FITS_FROM = 0.3
SHORTEST_WORD = 2
# What a match of VO, type of issue or site adds to the likeness.
_BONUS = 0.15


@dataclass(frozen=True)
class About:
    """What a ticket is about besides its words, as keys; what is not known is empty."""

    vo: int | None = None
    issue_type: int | None = None
    sites: frozenset[int] = frozenset()


def search_answers(user: Any, line: str, *, withdrawn: bool = False) -> QuerySet[KnownAnswer]:
    """Return the readable answers that hold all words, the last of which may be a beginning;
    newest first. All of them for an empty line.
    """
    found = rights.visible_answers(user).filter(withdrawn_at__isnull=not withdrawn)
    asked = line.split()
    parts = [words.query(each, prefix=place == len(asked) - 1) for place, each in enumerate(asked)]
    if wanted := words.all_of(parts):
        found = found.filter(words=SearchQuery(wanted, config="simple", search_type="raw"))
    return found.order_by("-updated_at", "-pk")


def offer_answers(
    user: Any, text: str, about: About | None = None, *, most: int = OFFERED
) -> list[KnownAnswer]:
    """Return the answers that fit a text, the likeliest first; two queries, none without words.

    Rare words count for more than common ones (by the answers that hold them). At least two words
    must fit, or the only one. An answer of another VO, or of other sites, is not offered.
    """
    about = about or About()
    asked = _words(text)
    if not asked:
        return []
    readable = rights.visible_answers(user).filter(withdrawn_at=None)
    here = Q(vo=None) if about.vo is None else Q(vo=None) | Q(vo=about.vo)
    any_word = " | ".join(f"'{word}'" for word in asked)
    rows = list(
        readable.filter(here, words=SearchQuery(any_word, config="simple", search_type="raw"))
        .order_by("-solved", "-pk")
        .prefetch_related("sites")[:LOOKED_AT]
    )
    if not rows:
        return []
    number = readable.count()
    held = {row.pk: _held(row, asked) for row in rows}
    weight = {
        word: math.log(1 + number / (1 + sum(word in each for each in held.values())))
        for word in asked
    }
    everything = sum(weight.values())
    liked = []
    for row in rows:
        sites = {site.pk for site in row.sites.all()}
        if sites and about.sites and not sites & about.sites:
            continue
        fitting = held[row.pk]
        likeness = sum(weight[word] for word in fitting) / everything
        if len(fitting) < min(2, len(asked)) or likeness < FITS_FROM:
            continue
        likeness += _BONUS * (row.vo_id is not None)
        likeness += _BONUS * bool(sites & about.sites)
        likeness += _BONUS * (
            row.issue_type_id is not None and row.issue_type_id == about.issue_type
        )
        liked.append((likeness, row.solved, row.pk, row))
    liked.sort(key=lambda each: each[:3], reverse=True)
    return [row for *_order, row in liked[:most]]


def offers_for(user: Any, ticket: Ticket, *, most: int = OFFERED) -> list[KnownAnswer]:
    """Return the answers that fit a ticket's subject and description."""
    about = About(
        vo=ticket.vo_id,
        issue_type=ticket.issue_type_id,
        sites=frozenset(ticket.affected_sites.values_list("pk", flat=True)),
    )
    return offer_answers(user, f"{ticket.subject} {ticket.description[:500]}", about, most=most)


def to_review(user: Any, on: date) -> QuerySet[KnownAnswer]:
    """Return the answers of one owner whose review is due."""
    return KnownAnswer.objects.filter(owner=user, withdrawn_at=None, review_on__lte=on).order_by(
        "review_on", "pk"
    )


def _words(text: str) -> list[str]:
    """Return the words that are asked for, each once; short ones say nothing."""
    found = dict.fromkeys(
        word for word in words.words_of(text) if len(word) > SHORTEST_WORD or not word.isascii()
    )
    return list(found)[:MOST_WORDS]


def _held(row: KnownAnswer, asked: Collection[str]) -> frozenset[str]:
    own = set(words.words_of(f"{row.title} {row.text}"))
    return frozenset(word for word in asked if word in own)
