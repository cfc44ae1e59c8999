"""Which tickets routing learns from and looks back at. Security, spam and tests never count."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from supportunits.models import SupportUnit, UnitKind
from tickets.models import Category, StatusInterval, Ticket
from tickets.routing.models import LearntModel, RoutingRule
from tickets.workflow import Status

SETTLED_AFTER = timedelta(days=3)
"""An open ticket that stayed with its unit for so long counts as routed."""

_LEFT_OUT = (Category.TEST, Category.SPAM)


def seen_by_tpm() -> QuerySet[Ticket]:
    """Return the tickets that TPM was to route: they began as new, nobody sent them directly."""
    was_new = StatusInterval.objects.filter(ticket=OuterRef("pk"), status=Status.NEW)
    return Ticket.objects.filter(Exists(was_new), is_restricted=False).exclude(
        category__in=_LEFT_OUT
    )


def routed_tickets(*, at: datetime) -> QuerySet[Ticket]:
    """Return the tickets that TPM routed and that ended, or settled, in a unit; newest first.

    The unit that a ticket ended in counts, not the first one.
    """
    # By primary key: the kinds are two rows, and a join would keep the index from being walked.
    no_units = list(
        SupportUnit.objects.filter(kind__in=[UnitKind.TPM, UnitKind.SECURITY]).values_list(
            "pk", flat=True
        )
    )
    return (
        seen_by_tpm()
        .exclude(unit__in=no_units)
        .filter(Q(is_open=False) | Q(assigned_at__lte=at - SETTLED_AFTER))
        .order_by("-pk")
    )


def rules_in_order() -> QuerySet[RoutingRule]:
    """Return all rules, the first one first, with what their conditions name."""
    return RoutingRule.objects.select_related(
        "unit__site", "vo", "site", "operations_centre", "issue_type"
    ).order_by("position", "pk")


def rules_in_use() -> QuerySet[RoutingRule]:
    """Return the rules that act, the first one first, with what matching needs and no more."""
    return (
        RoutingRule.objects.filter(is_on=True)
        .select_related("unit__site", "site")
        .order_by("position", "pk")
    )


def newest_model() -> LearntModel | None:
    """Return what was learnt last, or None where nothing was ever tried."""
    return LearntModel.objects.order_by("-pk").first()
