"""How often suggestions were right: on tickets that the model had not seen, and at the desk."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef

from tickets.models import Dispatch, Ticket
from tickets.routing import bayes, learnt
from tickets.routing.models import Origin, RoutingDecision
from tickets.routing.queries import rules_in_use
from tickets.routing.seen import see
from tickets.routing.suggest import Basis, Suggestion, suggest_many

MOST_MEASURED: Final = 1_000
AT_ONCE: Final = 50
FIRST, FEW = 1, 3
MOST_CONFUSIONS: Final = 8
MOST_DECISIONS: Final = 10_000
LIVE_DAYS: Final = 90

Taught = tuple[bayes.Counts, bayes.Sums, float]


@dataclass(frozen=True, slots=True)
class Routed:
    """A routed ticket as the model knows it, with the unit that it ended in."""

    ticket_id: int
    unit_id: int
    features: tuple[str, ...]


@dataclass
class Hits:
    """How often the right unit came first, and among the first three.

    :ivar named: in how many tickets there was any suggestion
    """

    tickets: int = 0
    named: int = 0
    first: int = 0
    few: int = 0

    def add(self, suggested: Sequence[int], truth: int) -> None:
        """Count one ticket in."""
        self.tickets += 1
        self.named += bool(suggested)
        self.first += truth in suggested[:FIRST]
        self.few += truth in suggested[:FEW]

    def as_json(self) -> dict[str, int]:
        """Return the numbers as the model's row keeps them."""
        return {
            "tickets": self.tickets, "named": self.named, "first": self.first, "few": self.few,
        }  # fmt: skip


@dataclass
class Tally:
    """Hits of everything together, of each origin, for each unit, and what was taken for what."""

    all: Hits = field(default_factory=Hits)
    by_origin: dict[str, Hits] = field(default_factory=lambda: defaultdict(Hits))
    by_unit: dict[int, Hits] = field(default_factory=lambda: defaultdict(Hits))
    confused: Counter[tuple[int, int]] = field(default_factory=Counter)
    words: dict[str, list[int]] = field(
        default_factory=lambda: {"likely": [0, 0], "possible": [0, 0]}
    )

    def add(self, suggested: Sequence[tuple[int, str]], truth: int) -> None:
        """Count one ticket in.

        :param suggested: unit and origin, in the order shown
        """
        units = [unit for unit, _origin in suggested]
        self.all.add(units, truth)
        self.by_unit[truth].add(units, truth)
        for origin in {origin for _unit, origin in suggested}:
            self.by_origin[origin].add([unit for unit, own in suggested if own == origin], truth)
        if units and units[0] != truth:
            self.confused[truth, units[0]] += 1

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as the model's row keeps them."""
        return {
            "all": self.all.as_json(),
            "by_origin": {origin: hits.as_json() for origin, hits in self.by_origin.items()},
            "by_unit": {str(unit): hits.as_json() for unit, hits in self.by_unit.items()},
            "confused": [
                [truth, said, number]
                for (truth, said), number in self.confused.most_common(MOST_CONFUSIONS)
            ],
            "words": self.words,
        }


def measure(
    unseen: Sequence[Routed], *, at: datetime, taught: Taught | None, majority: Sequence[int]
) -> dict[str, Any]:
    """Return how often the suggestions of today would have been right for these tickets.

    Rules and recognition are those of today; what is learnt was learnt from older tickets only.

    :param taught: counts, sums and temperature of these older tickets; None for too few
    :param majority: the largest units among them, which are the guess to be better than
    """
    newest = list(unseen)[-MOST_MEASURED:]
    known = Basis(list(rules_in_use()))
    tally, guess, alone = Tally(), Hits(), Hits()
    for start in range(0, len(newest), AT_ONCE):
        part = newest[start : start + AT_ONCE]
        for each, suggested, hinted in _suggested(part, known, taught):
            tally.add([(made.unit.pk, made.source) for made in suggested], each.unit_id)
            guess.add(majority, each.unit_id)
            if taught:
                alone.add([hint.unit_id for hint in hinted], each.unit_id)
                for hint in hinted[:1]:
                    said = tally.words["likely" if hint.share >= learnt.LIKELY else "possible"]
                    said[0] += 1
                    said[1] += hint.unit_id == each.unit_id
    return tally.as_json() | {
        "measured_at": at.isoformat(),
        "majority": guess.as_json(),
        "learnt_alone": alone.as_json(),
        "from": newest[0].ticket_id if newest else None,
        "to": newest[-1].ticket_id if newest else None,
    }


def _suggested(
    part: Sequence[Routed], known: Basis, taught: Taught | None
) -> Iterable[tuple[Routed, list[Suggestion], list[learnt.Hint]]]:
    tickets = Ticket.objects.filter(pk__in=[each.ticket_id for each in part], is_restricted=False)
    rows = tickets.defer("description_html", "solution", "solution_html").in_bulk()
    present = [each for each in part if each.ticket_id in rows]
    seen = see([rows[each.ticket_id] for each in present], with_services=known.asks_for_services)
    hinted = [learnt.hints(each.features, *taught) if taught else [] for each in present]
    # As they were at TPM: no unit is left out for having the ticket.
    at_tpm = [replace(each, unit_id=0) for each in seen]
    suggested = suggest_many(at_tpm, known, hinted=hinted, reasons={})
    return zip(present, suggested, hinted, strict=True)


def live(*, at: datetime) -> Tally:
    """Return how often TPM accepted what was suggested, in the last ninety days.

    The newest ten thousand decisions, by one query; those that were taken back do not count.
    """
    taken_back = Dispatch.objects.filter(entry=OuterRef("entry"), cancelled_at__isnull=False)
    decisions = RoutingDecision.objects.filter(
        ~Exists(taken_back), decided_at__gte=at - timedelta(days=LIVE_DAYS)
    ).order_by("-decided_at")
    tally = Tally()
    for suggestions, unit in decisions.values_list("suggestions", "unit_id")[:MOST_DECISIONS]:
        tally.add([(each["unit"], each["origin"]) for each in suggestions], unit)
    return tally


def tally_from(kept: Mapping[str, Any]) -> Tally:
    """Return the tally that a model's row keeps."""
    tally = Tally()
    if "all" in kept:
        tally.all = Hits(**kept["all"])
        tally.by_origin.update({name: Hits(**hits) for name, hits in kept["by_origin"].items()})
        tally.by_unit.update({int(unit): Hits(**hits) for unit, hits in kept["by_unit"].items()})
        tally.confused.update({(truth, said): number for truth, said, number in kept["confused"]})
        tally.words = {word: list(numbers) for word, numbers in kept["words"].items()}
    return tally


def origins_in_order(tally: Tally) -> list[tuple[Origin, Hits]]:
    """Return the hits of each origin that suggested anything, in the order of the suggestions."""
    return [(origin, tally.by_origin[origin]) for origin in Origin if origin in tally.by_origin]
