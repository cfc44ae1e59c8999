"""Suggest support units for a ticket, each with a reason that a person can check.

Rules of admins come first, then what is recognised: affected sites, and hosts, services and sites
in the text; then what was learnt. Behind them stand the operations centres of the sites and the
units of the concerned VO, which are seldom wrong and seldom right (domain: section 6).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from supportunits import queries as unit_queries
from supportunits.models import ROUTABLE, SupportUnit, UnitKind
from tickets.models import Ticket
from tickets.routing import features, learnt
from tickets.routing.learnt import Evidence, Hint
from tickets.routing.matching import fits, terms_of
from tickets.routing.models import LearntModel, Origin, RoutingRule
from tickets.routing.queries import newest_model, rules_in_use
from tickets.routing.seen import Seen, see

MOST = 5


@dataclass(frozen=True)
class Suggestion:
    """A unit that may be the right one, and why.

    :ivar reason: one line, with all that speaks for it
    :ivar source: where it comes from first, an ``Origin``
    :ivar likelihood: "likely" or "possible" where it was learnt, else empty
    :ivar examples: numbers of tickets that the reader may look at
    :ivar rule_id: the rule that says so
    """

    unit: SupportUnit
    reason: str
    source: str = Origin.SITE
    likelihood: str = ""
    examples: tuple[int, ...] = ()
    rule_id: int | None = None


@dataclass
class Basis:
    """What suggestions are made from, beside the tickets; read once for many of them."""

    rules: list[RoutingRule] = field(default_factory=list)
    model: LearntModel | None = None

    @property
    def asks_for_services(self) -> bool:
        """Whether a rule asks for a type of service."""
        return any(rule.service_type for rule in self.rules)


def basis() -> Basis:
    """Return the rules that are on, and what was learnt last. Two queries."""
    return Basis(list(rules_in_use()), newest_model())


def suggest_units(ticket: Ticket, user: Any = None) -> list[Suggestion]:
    """Return up to five units, the best first. The ticket's own unit is left out.

    A bounded number of queries, at most twenty. Of a restricted ticket nothing is said: CSIRT has
    it, and it stays there.

    :param user: who reads the reasons: they name only tickets that this person may read
    """
    if ticket.is_restricted:
        return []
    known = basis()
    seen = see([ticket], with_services=known.asks_for_services)
    found = features_of(seen[0])
    hinted = learnt.hints_for(found, known.model) if known.model else []
    reasons = learnt.evidence(hinted, known.model, user) if known.model and hinted else {}
    return suggest_many(seen, known, hinted=[hinted], reasons=reasons)[0]


def features_of(seen: Seen) -> list[str]:
    """Return what the learnt model knows a ticket by."""
    return features.features_of(
        seen.text, sites=seen.sites, issue_type=seen.issue_type_id, vo=seen.vo_id
    )


def suggest_many(
    many: Sequence[Seen],
    known: Basis,
    *,
    hinted: Sequence[Sequence[Hint]],
    reasons: Mapping[int, Evidence],
) -> list[list[Suggestion]]:
    """Return the suggestions for many tickets. Three queries.

    :param hinted: what was learnt, for each ticket
    :param reasons: why, by unit
    """
    sites = {site.pk: site for seen in many for site in _sites_of(seen)}
    chains = unit_queries.chains_for_sites(sites.values()) if sites else {}
    units = SupportUnit.objects.filter(~unit_queries.of_sites_that_left()).in_bulk(
        {hint.unit_id for hints in hinted for hint in hints}
    )
    of_vo = _units_of_vos({seen.vo_id for seen in many} - {None})
    terms = [
        (rule, terms_of(rule))
        for rule in known.rules
        if not unit_queries.why_unreachable(rule.unit)
    ]
    made = []
    for seen, hints in zip(many, hinted, strict=True):
        merged = _Merged(seen.unit_id)
        for rule, conditions in terms:
            if fits(conditions, seen):
                reason = _("by the rule “%(rule)s”") % {"rule": rule.name}
                merged.add(Suggestion(rule.unit, reason, Origin.RULE, rule_id=rule.pk))
        behind = _add_sites(merged, seen, chains)
        _add_learnt(merged, hints, units, reasons)
        for suggestion in behind:
            merged.add(suggestion)
        for unit in of_vo.get(seen.vo_id or 0, []):
            merged.add(Suggestion(unit, _("a unit of the concerned VO"), Origin.VO))
        made.append(merged.best())
    return made


class _Merged:
    """Suggestions in their order, each unit once; what else speaks for a unit is added to it."""

    def __init__(self, own_unit: int) -> None:
        self._own_unit = own_unit
        self._found: dict[int, Suggestion] = {}

    def add(self, made: Suggestion) -> None:
        unit = made.unit
        if unit.pk == self._own_unit or not unit.is_routable:
            return
        if unit.kind in (UnitKind.TPM, UnitKind.SECURITY):
            return
        before = self._found.get(unit.pk)
        if before is None:
            self._found[unit.pk] = made
        elif made.source not in (before.source, Origin.VO, Origin.CENTRE):
            self._found[unit.pk] = replace(
                before,
                reason=f"{before.reason}; {made.reason}",
                likelihood=before.likelihood or made.likelihood,
                examples=before.examples or made.examples,
            )

    def best(self) -> list[Suggestion]:
        return list(self._found.values())[:MOST]


def _sites_of(seen: Seen) -> list[Any]:
    return [*seen.affected, *(named.site for named in seen.named)]


def _add_sites(
    merged: _Merged, seen: Seen, chains: Mapping[int, list[SupportUnit]]
) -> list[Suggestion]:
    """Add the first unit of each site's chain; return those behind it."""
    reasons = {
        site.pk: (_("%(site)s is affected") % {"site": site.name}, Origin.SITE)
        for site in seen.affected
    }
    for named in seen.named:
        source = Origin.HOST if named.by_host else Origin.SITE
        reasons.setdefault(named.site.pk, (named.reason, source))
    behind = []
    for key, (reason, source) in reasons.items():
        chain = [unit for unit in chains[key] if unit.kind != UnitKind.TPM]
        for unit in chain[:1]:
            merged.add(Suggestion(unit, reason, source))
        behind += [Suggestion(unit, reason, Origin.CENTRE) for unit in chain[1:]]
    return behind


def _add_learnt(
    merged: _Merged,
    hints: Iterable[Hint],
    units: Mapping[int, SupportUnit],
    reasons: Mapping[int, Evidence],
) -> None:
    for hint in hints:
        if hint.unit_id in units:
            told = reasons.get(hint.unit_id, Evidence(_("learnt from routed tickets")))
            merged.add(
                Suggestion(
                    units[hint.unit_id],
                    told.reason,
                    Origin.LEARNT,
                    likelihood=learnt.likelihood(hint.share),
                    examples=told.examples,
                )
            )


def _units_of_vos(vos: Iterable[int | None]) -> dict[int, list[SupportUnit]]:
    wanted = [vo for vo in vos if vo is not None]
    if not wanted:
        return {}
    found: dict[int, list[SupportUnit]] = {}
    units = SupportUnit.objects.filter(vo__in=wanted, kind=UnitKind.VO, state__in=ROUTABLE)
    for unit in units.order_by("name"):
        found.setdefault(unit.vo_id or 0, []).append(unit)
    return found
