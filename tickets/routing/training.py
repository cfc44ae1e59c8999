"""Learn from routed tickets, by the clock, and measure it on tickets that it had not seen.

Bounded in tickets, in time and in memory: the newest five thousand, the beginning of each text, and
words that at least three tickets share. A word of one ticket alone, such as a pasted password, is
never kept, and what was redacted is gone at the next time.
"""

import io
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models.functions import Left

from juno_support.feeds import lock
from tickets.models import AffectedSite
from tickets.routing import bayes, evaluation, features, learnt
from tickets.routing.evaluation import Routed
from tickets.routing.models import LearntModel, LearntWord
from tickets.routing.queries import newest_model, routed_tickets

MOST_TICKETS: Final = 5_000
MOST_SECONDS: Final = 60.0
MOST_FEATURES: Final = 8_000
LEAST_TICKETS_A_FEATURE: Final = 3
AT_ONCE: Final = 500
TRAINED_ON: Final = 0.8
"""The older four fifths teach the model that the newest fifth measures."""
_COPY: Final = (
    f"COPY {LearntWord._meta.db_table} (model_id, feature, unit_id, count, tickets) FROM STDIN"
)
AGAIN_AFTER: Final = timedelta(hours=20)


def train_if_due(*, at: datetime) -> bool:
    """Learn afresh unless that was done within the last twenty hours; say whether it was due.

    Where there were too few tickets, it is tried again each time: the first day counts.
    """
    last = newest_model()
    if last is not None and last.tickets and at - last.trained_at < AGAIN_AFTER:
        return False
    with lock.only_one("learn from routed tickets") as got:
        if got:
            train(at=at)
        return got


def train(*, at: datetime) -> LearntModel:
    """Learn from the routed tickets that there are, measure it, and put it in the old one's place.

    Fewer than 500 tickets teach nothing; then only rules and recognition are measured.
    """
    stream = read_stream(at=at)
    split = int(len(stream) * TRAINED_ON)
    older, newest = stream[:split], stream[split:]
    is_enough = len(stream) >= learnt.LEAST
    measured_with = _Taught.by(older) if is_enough else None
    temperature = bayes.TEMPERATURES[-1]
    if measured_with:
        # Half of the unseen tickets choose the temperature, so that the other half measures it.
        temperature = measured_with.temperature(newest[::2])
        newest = newest[1::2]
    report = evaluation.measure(
        newest,
        at=at,
        taught=(measured_with.counts, measured_with.sums, temperature) if measured_with else None,
        majority=_majority(older),
    )
    taught = _Taught.by(stream) if is_enough else None
    return _store(stream, taught, temperature, report, at)


def read_stream(*, at: datetime) -> list[Routed]:
    """Return the newest routed tickets, the oldest of them first."""
    began = time.monotonic()
    found: list[Routed] = []
    below: int | None = None
    names: dict[str, str] = {}
    while len(found) < MOST_TICKETS and time.monotonic() - began < MOST_SECONDS:
        tickets = routed_tickets(at=at)
        if below is not None:
            tickets = tickets.filter(pk__lt=below)
        # Four times the bytes: signs of other scripts take more than one.
        rows = list(
            tickets.annotate(beginning=Left("description", features.TEXT_BYTES)).values_list(
                "pk", "unit_id", "subject", "beginning", "issue_type_id", "vo_id"
            )[:AT_ONCE]
        )
        if not rows:
            break
        sites: dict[int, list[int]] = defaultdict(list)
        affected = AffectedSite.objects.filter(ticket__in=[row[0] for row in rows])
        for ticket, site in affected.values_list("ticket_id", "site_id"):
            sites[ticket].append(site)
        for ticket, unit, subject, beginning, issue_type, vo in rows:
            told = features.features_of(
                f"{subject}\n{beginning}", sites=sites[ticket], issue_type=issue_type, vo=vo
            )
            # One text for each word, however many tickets hold it.
            own = tuple(names.setdefault(each, each) for each in told)
            found.append(Routed(ticket, unit, own))
        below = rows[-1][0]
    found.reverse()
    return found


@dataclass
class _Taught:
    """Counts and sums of a stream, rare features left out."""

    counts: dict[str, dict[int, int]]
    sums: bayes.Sums

    @classmethod
    def by(cls, stream: Sequence[Routed]) -> "_Taught":
        seen = Counter(feature for each in stream for feature in each.features)
        kept = {
            feature
            for feature, number in seen.most_common(MOST_FEATURES)
            if number >= LEAST_TICKETS_A_FEATURE
        }
        counts = bayes.count(
            ([feature for feature in each.features if feature in kept], each.unit_id)
            for each in stream
        )
        return cls(counts, bayes.sums_of(counts, (each.unit_id for each in stream)))

    def temperature(self, unseen: Sequence[Routed]) -> float:
        return bayes.choose_temperature(
            [(bayes.scores(each.features, self.counts, self.sums), each.unit_id) for each in unseen]
        )


def _majority(stream: Sequence[Routed]) -> list[int]:
    return [unit for unit, _number in Counter(each.unit_id for each in stream).most_common(3)]


@transaction.atomic
def _store(
    stream: Sequence[Routed],
    taught: _Taught | None,
    temperature: float,
    report: dict[str, Any],
    at: datetime,
) -> LearntModel:
    facts: dict[str, Any] = {}
    if taught:
        facts = {
            "tickets": taught.sums.tickets,
            "features": taught.sums.features,
            "different": taught.sums.different,
            "temperature": temperature,
        }
    model = LearntModel.objects.create(
        trained_at=at,
        tickets=len(stream) if taught else 0,
        routed=len(stream),
        facts=facts,
        evaluation=report,
    )
    if taught:
        _store_words(model, stream, taught)
    LearntModel.objects.exclude(pk=model.pk).delete()
    return model


def _store_words(model: LearntModel, stream: Sequence[Routed], taught: _Taught) -> None:
    went: dict[tuple[str, int], list[int]] = defaultdict(list)
    for each in reversed(stream):
        for feature in each.features:
            if feature in taught.counts:
                went[feature, each.unit_id].append(each.ticket_id)
    lines = io.StringIO()
    for (feature, unit), tickets in went.items():
        # Features are letters, digits and a colon: nothing in them needs escaping.
        numbers = ",".join(map(str, tickets))
        lines.write(f"{model.pk}\t{feature}\t{unit}\t{len(tickets)}\t{{{numbers}}}\n")
    lines.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(_COPY, lines)
