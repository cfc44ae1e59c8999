"""A multinomial naive Bayes over units, small enough to be explained. Pure.

What is known is in how many tickets a feature went with a unit, and nothing else. The score of a
unit is the logarithm of its share of tickets plus, for each feature of the ticket, that of its
smoothed share among the unit's features. Words of one text depend on one another, so that the plain
probabilities are far too sure; they are cooled by one number, the temperature, which is chosen on
tickets that the counts do not hold.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SMOOTHING: Final = 0.1
_NEVER: Final = math.log(SMOOTHING)
# Tried in this order; the larger, the less sure.
TEMPERATURES: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
FACT_WEIGHT: Final = 3.0
"""A site or a type of issue was chosen by a person; one word of a text was not."""

Counts = Mapping[str, Mapping[int, int]]


@dataclass
class Sums:
    """What is known of all tickets together.

    :ivar tickets: tickets by unit
    :ivar features: features by unit, each as often as it occurs
    :ivar different: how many features there are
    """

    tickets: dict[int, int] = field(default_factory=dict)
    features: dict[int, int] = field(default_factory=dict)
    different: int = 0


def count(stream: Iterable[tuple[Sequence[str], int]]) -> dict[str, dict[int, int]]:
    """Return in how many tickets each feature went with each unit."""
    counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for features, unit in stream:
        for feature in features:
            counts[feature][unit] += 1
    return {feature: dict(units) for feature, units in counts.items()}


def sums_of(counts: Counts, units: Iterable[int]) -> Sums:
    """Return the sums that belong to counts.

    :param units: the unit of each ticket
    """
    features: Counter[int] = Counter()
    for by_unit in counts.values():
        features.update(by_unit)
    return Sums(dict(Counter(units)), dict(features), len(counts))


def weight(feature: str) -> float:
    """Return how much a feature counts."""
    return 1.0 if feature.startswith("w:") else FACT_WEIGHT


def scores(features: Iterable[str], counts: Counts, sums: Sums) -> dict[int, float]:
    """Return the logarithmic score of every unit; features that nobody has seen say nothing."""
    total = sum(sums.tickets.values())
    found = {unit: math.log(number / total) for unit, number in sums.tickets.items()}
    known = [(feature, counts[feature]) for feature in features if counts.get(feature)]
    weights = sum(weight(feature) for feature, _by_unit in known)
    for unit in found:
        # As if no feature was ever there; what was there is added below.
        below = math.log(sums.features.get(unit, 0) + SMOOTHING * max(sums.different, 1))
        found[unit] += weights * (_NEVER - below)
    for feature, by_unit in known:
        share = weight(feature)
        for unit, number in by_unit.items():
            if unit in found:
                found[unit] += share * (math.log(number + SMOOTHING) - _NEVER)
    return found


def probabilities(found: Mapping[int, float], temperature: float) -> dict[int, float]:
    """Return probabilities of scores, cooled by the temperature, the greatest first."""
    if not found:
        return {}
    top = max(found.values())
    raised = {unit: math.exp((score - top) / temperature) for unit, score in found.items()}
    total = sum(raised.values())
    return dict(
        sorted(
            ((unit, value / total) for unit, value in raised.items()),
            key=lambda pair: (-pair[1], pair[0]),
        )
    )


def choose_temperature(tried: Sequence[tuple[Mapping[int, float], int]]) -> float:
    """Return the temperature under which the truth was least surprising.

    :param tried: scores of tickets that the counts do not hold, each with its true unit
    """
    if not tried:
        return TEMPERATURES[-1]

    def surprise(temperature: float) -> float:
        return sum(
            -math.log(max(probabilities(found, temperature).get(unit, 0.0), 1e-6))
            for found, unit in tried
        )

    return min(TEMPERATURES, key=surprise)


def most_telling(
    features: Iterable[str], unit: int, counts: Counts, sums: Sums, *, most: int
) -> list[str]:
    """Return the features that speak most for a unit, compared with all units together."""
    everything = sum(sums.features.values()) or 1
    own = sums.features.get(unit, 0) or 1
    told: list[tuple[float, str]] = []
    for feature in features:
        by_unit = counts.get(feature, {})
        with_unit = by_unit.get(unit, 0)
        if not with_unit:
            continue
        lift = math.log((with_unit / own) / (sum(by_unit.values()) / everything))
        if lift > 0:
            # A rare word is telling only as far as it was seen.
            told.append((weight(feature) * lift * with_unit / (with_unit + 3), feature))
    told.sort(key=lambda pair: (-pair[0], pair[1]))
    return [feature for _worth, feature in told[:most]]
