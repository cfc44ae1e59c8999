"""Names in a search line: which rows they mean, and which were perhaps meant.

Sites are known by their name and their aliases, units and VOs by their names, people by their
user names. Capitals do not matter. What is not found is answered with the nearest names
(pg_trgm), except for people: a search must not tell who has an account.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from juno_support.accounts.models import User
from supportunits.models import VO, IssueType, SupportUnit
from topology.models import Site

LIKE_ENOUGH: Final = 0.25
"""Trigram similarity from which on a name is offered; `INFN-T2` and `INFN-T1` have 0.6."""

MOST_OFFERED: Final = 3

_SITES: Final = """
SELECT lower(name), id FROM topology_site WHERE lower(name) = ANY(%s)
UNION
SELECT lower(name), site_id FROM topology_sitealias WHERE lower(name) = ANY(%s)
"""


def find(field: str, names: Iterable[str]) -> dict[str, list[int]]:
    """The primary keys of the rows that each name means, in one query; empty where none does.

    :param field: site, unit, vo, issue, or a field of people (submitter, assigned, involved)
    """
    names = list(names)
    wanted = {name.lower() for name in names}
    found: dict[str, list[int]] = {}
    for lower, key in _known(field, sorted(wanted)):
        found.setdefault(lower, []).append(key)
    return {name: sorted(found.get(name.lower(), [])) for name in names}


def _known(field: str, wanted: list[str]) -> Iterable[tuple[str, int]]:
    if field == "site":
        # Written by hand: every filed ticket asks this, and the ORM needs longer than PostgreSQL.
        with connection.cursor() as cursor:
            cursor.execute(_SITES, [wanted, wanted])
            return list(cursor.fetchall())
    rows = _rows(field).annotate(lower=Lower(_name_of(field))).filter(lower__in=wanted)
    return rows.values_list("lower", "pk")


def similar(field: str, name: str) -> list[str]:
    """Names that were perhaps meant, the nearest first; none for people."""
    if field not in {"site", "unit", "vo", "issue"}:
        return []
    rows = (
        _rows(field)
        .annotate(likeness=TrigramSimilarity("name", name))
        .filter(likeness__gte=LIKE_ENOUGH)
        .order_by("-likeness", "name")
    )
    return list(dict.fromkeys(rows.values_list("name", flat=True)[: MOST_OFFERED * 2]))[
        :MOST_OFFERED
    ]


def beginning(field: str, text: str, *, limit: int, people: bool = False) -> list[str]:
    """Names for completion: those that begin with the text, then those that hold or resemble it.

    :param people: whether the reader may be told names of people; supporters may
    """
    if field in {"submitter", "assigned", "involved"}:
        if not people:
            return []
        users = User.objects.filter(is_active=True).filter(
            Q(username__istartswith=text) | Q(name__icontains=text)
        )
        return list(users.order_by("username").values_list("username", flat=True)[:limit])
    rows = _rows(field)
    names = list(
        rows.filter(name__istartswith=text).order_by("name").values_list("name", flat=True)[:limit]
    )
    if text and len(names) < limit:
        more = (
            rows.annotate(likeness=TrigramSimilarity("name", text))
            .filter(Q(name__icontains=text) | Q(likeness__gte=LIKE_ENOUGH))
            .order_by("-likeness", "name")
        )
        names += more.values_list("name", flat=True)[:limit]
    return list(dict.fromkeys(names))[:limit]


def _rows(field: str) -> QuerySet[Any]:
    if field == "site":
        return Site.objects.filter(gone_at=None)
    if field == "unit":
        return SupportUnit.objects.all()
    if field == "vo":
        return VO.objects.all()
    if field == "issue":
        return IssueType.objects.all()
    return User.objects.all()


def _name_of(field: str) -> str:
    return "username" if field in {"submitter", "assigned", "involved"} else "name"
