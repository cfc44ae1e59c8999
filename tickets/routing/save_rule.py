"""Write, switch and remove rules; each change leaves its trace."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pghistory
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import form_key
from juno_support.lib.text import clean_line
from supportunits import policies as unit_policies
from tickets.actions.row import NotAllowed
from tickets.routing.check_rule import problems
from tickets.routing.models import RoutingRule
from tickets.routing.queries import rules_in_order

STEP = 10
FIELDS = (
    "name", "position", "is_on", "is_automatic", "vo", "ticket_type", "site", "operations_centre",
    "service_type", "issue_type", "words", "all_words", "unit",
)  # fmt: skip


class RuleRefused(SupportError):
    """The rule cannot be as it was written; ``field`` names where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def next_position() -> int:
    """Return the place behind all rules."""
    last = rules_in_order().last()
    return (last.position // STEP + 1) * STEP if last else STEP


def save_rule(
    *, rule: RoutingRule | None, key: UUID, by: User, at: datetime, **fields: Any
) -> RoutingRule:
    """Write a rule, or change one; the same key twice makes one rule.

    :param rule: the one to change; None for a new one
    :param fields: those of ``FIELDS`` that are to be set
    :raises NotAllowed: if the person is no admin
    :raises RuleRefused: with the field, if it would fit everything, never act, or cannot route
    """
    _check_admin(by)
    try:
        with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
            form_key.wait_for(key)
            if rule is None:
                before = RoutingRule.objects.filter(submission_key=key).first()
                if before is not None:
                    return before
            row = (
                RoutingRule(submission_key=key)
                if rule is None
                else RoutingRule.objects.select_for_update().get(pk=rule.pk)
            )
            for name in FIELDS:
                if name in fields:
                    setattr(row, name, fields[name])
            row.name = clean_line(row.name)
            row.words = [clean_line(word) for word in row.words if word.strip()]
            for problem in problems(row, rules_in_order()):
                raise RuleRefused(problem.field, problem.message)
            row.save()
    except IntegrityError as error:
        if "routingrule_name_once" not in str(error):
            raise
        raise RuleRefused(
            "name", _("There is a rule named “%(name)s” already.") % {"name": fields.get("name")}
        ) from None
    return row


def remove_rule(*, rule: RoutingRule, by: User, at: datetime) -> None:
    """Remove a rule. What it did stays in the tickets' histories; its trace stays too.

    :raises NotAllowed: if the person is no admin
    """
    _check_admin(by)
    with transaction.atomic(), pghistory.context(user=by.pk, at=at.isoformat()):
        RoutingRule.objects.filter(pk=rule.pk).delete()


def _check_admin(by: User) -> None:
    if not unit_policies.is_admin(by):
        raise NotAllowed(_("Only admins write rules."))
