"""What the learnt model says of a ticket, each time with reasons that a person can check."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from supportunits.models import VO, IssueType
from tickets import policies
from tickets.routing import bayes, features
from tickets.routing.bayes import Sums
from tickets.routing.models import LearntModel, LearntWord
from topology.models import Site

LEAST: Final = 500
"""Routed tickets from which on something is learnt (domain: section 6)."""

LIKELY: Final = 0.6
POSSIBLE: Final = 0.2
MOST_HINTS: Final = 3
MOST_REASONS: Final = 2
MOST_EXAMPLES: Final = 2


# The queryset's "in" would make two hundred parameters of it.
_COUNTS: Final = (
    f"SELECT feature, unit_id, count FROM {LearntWord._meta.db_table}"  # noqa: S608 (ours)
    " WHERE model_id = %s AND feature = ANY(%s)"
)


@dataclass(frozen=True)
class Hint:
    """A unit that the model names.

    :ivar share: the cooled probability, 0 to 1; shown as a word only
    :ivar telling: the features that speak most for it
    """

    unit_id: int
    share: float
    telling: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """How often what speaks for a unit went there: the reason as words, and tickets to look at."""

    reason: str
    examples: tuple[int, ...] = ()


def sums_from(facts: Mapping[str, Any]) -> Sums:
    """Return the sums of a stored model."""
    return Sums(
        {int(unit): number for unit, number in facts["tickets"].items()},
        {int(unit): number for unit, number in facts["features"].items()},
        facts["different"],
    )


def hints(found: Sequence[str], counts: bayes.Counts, sums: Sums, temperature: float) -> list[Hint]:
    """Return the units that the counts name for a ticket with these features, the likeliest first.

    Only units for which something in the ticket itself speaks: the largest unit is no guess.
    """
    shares = bayes.probabilities(bayes.scores(found, counts, sums), temperature)
    likely = [(unit, share) for unit, share in shares.items() if share >= POSSIBLE][:MOST_HINTS]
    made = []
    for unit, share in likely:
        telling = bayes.most_telling(found, unit, counts, sums, most=MOST_REASONS)
        if telling:
            made.append(Hint(unit, share, tuple(telling)))
    return made


def hints_for(found: Sequence[str], model: LearntModel) -> list[Hint]:
    """Return what a stored model says of a ticket; one query by an index, whatever was learnt."""
    if not model.tickets:
        return []
    counts: dict[str, dict[int, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [model.pk, list(found)])
        for feature, unit, number in cursor.fetchall():
            counts.setdefault(feature, {})[unit] = number
    return hints(found, counts, sums_from(model.facts), model.facts["temperature"])


def likelihood(share: float) -> str:
    """Return a probability as a word; how often each word was right is on the page of figures."""
    return _("likely") if share >= LIKELY else _("possible")


def evidence(hinted: Sequence[Hint], model: LearntModel, user: Any) -> dict[int, Evidence]:
    """Return the reasons for each unit that was named, by the unit. Five queries at most.

    :param user: who reads them: only tickets that this person may read are named, none for None
    """
    wanted = {feature for hint in hinted for feature in hint.telling}
    if not wanted:
        return {}
    went: dict[str, dict[int, list[int]]] = {}
    rows = LearntWord.objects.filter(model=model, feature__in=wanted)
    for feature, unit, tickets in rows.values_list("feature", "unit_id", "tickets"):
        went.setdefault(feature, {})[unit] = tickets
    names = _names(wanted)
    counted = {hint.unit_id: _together(hint, went) for hint in hinted}
    readable = _readable(
        (ticket for _telling, own, _all in counted.values() for ticket in own), user
    )
    found = {}
    for unit, (telling, own, total) in counted.items():
        examples = tuple(ticket for ticket in own if ticket in readable)[:MOST_EXAMPLES]
        named = [names[feature] for feature in telling if feature in names]
        if named and own:
            found[unit] = Evidence(_words(named, len(own), total, examples), examples)
    return found


def _together(
    hint: Hint, went: Mapping[str, Mapping[int, list[int]]]
) -> tuple[tuple[str, ...], list[int], int]:
    """Return the features that are told, the unit's tickets that hold them all, newest first, and
    in how many tickets of any unit they were together.
    """
    for telling in (hint.telling, hint.telling[:1]):
        sets = [
            {unit: set(tickets) for unit, tickets in went.get(each, {}).items()} for each in telling
        ]
        if not sets:
            break
        total = 0
        own: set[int] = set()
        for unit in set.intersection(*(set(each) for each in sets)):
            both = set.intersection(*(each[unit] for each in sets))
            total += len(both)
            if unit == hint.unit_id:
                own = both
        # Two words that never met say nothing together; the first alone does.
        if len(own) >= 2 or len(telling) == 1:
            return tuple(telling), sorted(own, reverse=True), total
    return (), [], 0


def _readable(tickets: Iterable[int], user: Any) -> set[int]:
    newest = sorted(set(tickets), reverse=True)[:40]
    if user is None or not newest:
        return set()
    return set(
        policies.visible_tickets(user)
        .filter(pk__in=newest, is_restricted=False)
        .values_list("pk", flat=True)
    )


def _words(named: list[str], own: int, total: int, examples: tuple[int, ...]) -> str:
    facts = {
        "what": _(" and ").join(named),
        "own": own,
        "total": total,
        "example": f"#{examples[0]}" if examples else "",
    }
    if not examples:
        return ngettext(
            "%(what)s went there in %(own)s of %(total)s ticket",
            "%(what)s went there in %(own)s of %(total)s tickets",
            total,
        ) % facts  # fmt: skip
    return ngettext(
        "%(what)s went there in %(own)s of %(total)s ticket, e.g. %(example)s",
        "%(what)s went there in %(own)s of %(total)s tickets, e.g. %(example)s",
        total,
    ) % facts  # fmt: skip


def _names(wanted: Iterable[str]) -> dict[str, str]:
    """Return each feature as people read it; what is gone meanwhile is left out."""
    kinds: dict[str, set[int]] = {}
    found = {}
    for feature in wanted:
        kind, _colon, value = feature.partition(":")
        if kind == features.WORD:
            found[feature] = f"“{value}”"
        else:
            kinds.setdefault(kind, set()).add(int(value))
    for kind, model, words in (
        (features.SITE, Site, _("the site %(name)s")),
        (features.TYPE, IssueType, _("the type “%(name)s”")),
        (features.VO, VO, _("the VO %(name)s")),
    ):
        if kind in kinds:
            for key, row in model._default_manager.in_bulk(kinds[kind]).items():
                found[f"{kind}:{key}"] = words % {"name": row.name}
    return found
