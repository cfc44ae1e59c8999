"""What is wrong with a rule, in words, each at its field: before it is saved, and later on."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from supportunits import queries as unit_queries
from supportunits.models import UnitKind
from tickets.models import TicketType
from tickets.routing.matching import SHORTEST_WORD, is_too_short, leaves_nothing, terms_of
from tickets.routing.models import RoutingRule

MOST_WORDS = 50
LONGEST_WORDS = 100


@dataclass(frozen=True)
class Problem:
    """What is wrong, and at which field; empty: with the rule as a whole."""

    field: str
    message: str


def problems(rule: RoutingRule, others: Iterable[RoutingRule]) -> list[Problem]:
    """Return all that keeps a rule from being saved; the rule need not be stored.

    :param others: the stored rules in their order; the rule itself may be among them
    """
    found = [*_of_words(rule), *_of_unit(rule), *_of_conditions(rule)]
    if not found and rule.is_on:
        first = shadowed_by(rule, others)
        if first is not None:
            found.append(Problem("position", _shadow_words(first)))
    return found


def shadowed_by(rule: RoutingRule, others: Iterable[RoutingRule]) -> RoutingRule | None:
    """Return the earlier rule that leaves nothing to this one, or None.

    An earlier rule takes tickets away where it routes by itself, and where it names the same unit.
    """
    terms = terms_of(rule)
    for other in others:
        if other.pk == rule.pk or not other.is_on or not other.unit.is_routable:
            continue
        is_before = (other.position, other.pk) < (rule.position, rule.pk or float("inf"))
        takes = other.is_automatic or (other.unit_id == rule.unit_id and not rule.is_automatic)
        if (
            is_before
            and takes
            and leaves_nothing(terms_of(other), terms)
            and not unit_queries.why_unreachable(other.unit)
        ):
            return other
    return None


def shadows(rule: RoutingRule, others: Iterable[RoutingRule]) -> list[RoutingRule]:
    """Return the later rules to which this one leaves nothing."""
    listed = list(others)
    return [
        other for other in listed if other.pk != rule.pk and other.is_on
        and shadowed_by(other, [rule]) is not None
    ]  # fmt: skip


def why_idle(rule: RoutingRule, others: Iterable[RoutingRule]) -> str:
    """Return why a stored rule does nothing, in words; empty where it acts."""
    if not rule.is_on:
        return _("switched off")
    if not rule.unit.is_routable:
        return _("%(unit)s is %(state)s: nothing can be sent there") % {
            "unit": rule.unit.name,
            "state": rule.unit.get_state_display(),
        }
    if unreachable := unit_queries.why_unreachable(rule.unit):
        return unreachable
    first = shadowed_by(rule, others)
    if first is not None:
        return _("“%(name)s” comes first and takes everything") % {"name": first.name}
    return ""


def _shadow_words(first: RoutingRule) -> str:
    return _(
        "“%(name)s” comes first (place %(place)s) and fits every ticket that this rule fits, so "
        "that nothing would be left for this one. Choose a lower place, or say more in that rule."
    ) % {"name": first.name, "place": first.position}


def _of_words(rule: RoutingRule) -> Iterable[Problem]:
    short = [word for word in rule.words if is_too_short(word)]
    if short:
        yield Problem(
            "words",
            ngettext(
                "“%(words)s” is too short: it stands in too many texts. Write at least "
                "%(least)s letters or signs.",
                "“%(words)s” are too short: they stand in too many texts. Write at least "
                "%(least)s letters or signs.",
                len(short),
            )
            % {"words": "”, “".join(short), "least": SHORTEST_WORD},
        )
    if len(rule.words) > MOST_WORDS:
        yield Problem(
            "words", _("A rule has at most %(most)s words or phrases.") % {"most": MOST_WORDS}
        )
    if any(len(word) > LONGEST_WORDS for word in rule.words):
        yield Problem(
            "words",
            _("A word or phrase has at most %(most)s characters.") % {"most": LONGEST_WORDS},
        )


def _of_unit(rule: RoutingRule) -> Iterable[Problem]:
    unit = rule.unit
    if unit.kind == UnitKind.SECURITY:
        yield Problem(
            "unit_name", _("%(unit)s gets tickets of type Security only.") % {"unit": unit.name}
        )
    elif unit.kind == UnitKind.TPM:
        yield Problem("unit_name", _("What no rule fits is TPM's anyway. Choose another unit."))
    elif not rule.is_on:
        return  # it sends nothing there, and must be kept where its unit closed
    elif not unit.is_routable:
        yield Problem(
            "unit_name",
            _(
                "%(unit)s cannot receive tickets: it is %(state)s. Choose another unit, or give "
                "this one a contact first."
            )
            % {"unit": unit.name, "state": unit.get_state_display()},
        )
    elif unreachable := unit_queries.why_unreachable(unit):
        yield Problem("unit_name", unreachable + " " + _("Choose another unit."))


def _of_conditions(rule: RoutingRule) -> Iterable[Problem]:
    if rule.is_automatic and rule.ticket_type not in ("", TicketType.USER):
        yield Problem(
            "ticket_type",
            _("Only USER tickets are routed by rules. Let this rule only suggest."),
        )
    says_something = (
        rule.vo_id
        or rule.site_id
        or rule.operations_centre_id
        or rule.service_type
        or rule.issue_type_id
        or rule.words
    )
    if not says_something:
        only_type = _("Every %(type)s ticket would fit.") % {"type": rule.get_ticket_type_display()}
        yield Problem(
            "",
            (only_type if rule.ticket_type else _("Every ticket would fit this rule."))
            + " "
            + _("Say what it is about: a VO, a site, a service, a type of issue, or words."),
        )
    if rule.issue_type is not None and rule.issue_type.is_security:
        yield Problem(
            "issue_type", _("Tickets of type Security go to the security unit, by no rule.")
        )
