"""How long suggestions for a new ticket, the preview of a rule and learning take."""

import itertools
import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

RULES = 20


@cache
def _prepared() -> Any:
    """Learn once, write rules once; return the newest tickets and a reader, in turns."""
    from bench import world
    from juno_support.accounts.models import User
    from supportunits.models import SupportUnit, UnitKind
    from tickets.models import Ticket
    from tickets.routing import training
    from tickets.routing.models import RoutingRule

    began = time.perf_counter()
    model = training.train(at=world.END)
    took = time.perf_counter() - began
    print(f"learnt from {model.tickets} tickets in {took:.1f} s, {model.words.count()} rows")
    units = SupportUnit.objects.filter(kind=UnitKind.SITE, state="ACTIVE").order_by("pk")[:RULES]
    for number, unit in enumerate(units):
        RoutingRule.objects.get_or_create(
            name=f"bench {number}",
            defaults={
                "submission_key": uuid.uuid4(),
                "position": 10 * number + 10,
                "unit": unit,
                "words": [f"robot{number}", "tape library", "磁带读取失败"],
                "service_type": "SRM" if number % 2 else "",
            },
        )
    newest = Ticket.objects.filter(is_restricted=False).order_by("-pk")
    numbers = itertools.cycle(newest.values_list("pk", flat=True)[:200])
    return numbers, User.objects.get(username="bench-supporter")


def suggest(figure: Any, counter: Callable[[], Any]) -> None:
    """Suggest units for a ticket, with reasons that the reader may check."""
    from django.db import connection

    from supportunits import policies
    from tickets.models import Ticket
    from tickets.routing.suggest import suggest_units

    numbers, reader = _prepared()
    ticket = Ticket.objects.get(pk=next(numbers))
    policies.facts(reader)  # a page has asked that before
    if not figure.times:
        suggest_units(ticket, reader)
    queries = counter()
    began = time.perf_counter()
    with connection.execute_wrapper(queries):
        suggest_units(ticket, reader)
    figure.times.append((time.perf_counter() - began) * 1000)
    figure.queries.append(queries.number)


def preview_rule(figure: Any, counter: Callable[[], Any]) -> None:
    """Ask what a rule about a common word would have done to a month of tickets."""
    from django.db import connection

    from bench import world
    from supportunits.models import SupportUnit
    from tickets.routing.models import RoutingRule
    from tickets.routing.preview import preview

    unit = SupportUnit.objects.filter(state="ACTIVE").order_by("pk")[0]
    rule = RoutingRule(name="x", position=1, unit=unit, words=[world.COMMON], service_type="SRM")
    queries = counter()
    began = time.perf_counter()
    with connection.execute_wrapper(queries):
        preview(rule, at=world.END)
    figure.times.append((time.perf_counter() - began) * 1000)
    figure.queries.append(queries.number)
