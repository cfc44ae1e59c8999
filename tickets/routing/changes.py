"""What is told of rules in the trace of settings; ``accounts.audit`` tells it."""

from django.utils.translation import gettext_lazy as _

from juno_support.accounts.audit import Part
from tickets.routing.models import RoutingRule

_WORDS = {
    "name": _("name"),
    "position": _("place"),
    "is_on": _("in use"),
    "is_automatic": _("routes by itself"),
    "unit": _("support unit"),
    "words": _("words"),
    "all_words": _("all of the words"),
    "site": _("affected site"),
    "operations_centre": _("operations centre"),
    "service_type": _("type of service"),
    "vo": _("VO"),
    "issue_type": _("type of issue"),
    "ticket_type": _("type of ticket"),
}
_QUIET = frozenset({"submission_key"})


def parts_of_rule(rule: RoutingRule) -> tuple[Part, ...]:
    """Return what is told on a rule's page."""
    where = {"pgh_obj_id": rule.pk}
    return (Part(RoutingRule, where, noun=_("rule"), words=_WORDS, quiet=_QUIET, is_whole=True),)


def parts_of_rules() -> tuple[Part, ...]:
    """Return what is told on the page of all rules, also of those removed."""
    return (Part(RoutingRule, {}, noun=_("rule “%(name)s”"), words=_WORDS, quiet=_QUIET),)
