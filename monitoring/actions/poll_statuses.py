"""One poll of a source of states: its ``fetch`` and ``normalise``, then the fold into intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from juno_support.feeds.registry import Gathered, Question, Stored, Traffic
from monitoring.actions import store_report
from monitoring.observations import Report

# A complete answer with less than half of what the last one held is looked at by a person first.
SHRUNK_TO = 0.5
WORTH_COMPARING = 10


@dataclass(frozen=True)
class Raw:
    """What came over the wire: ``documents`` is what the source's own ``normalise`` takes."""

    documents: Any
    traffic: Traffic
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class StatusSource(Protocol):
    """A source of states. Add one: a client, a parser, this, and a line in the registry."""

    namespace: str

    def fetch(self, question: Question) -> Raw:
        """Ask; network only, nothing is understood or written.

        :raises juno_support.lib.faults.FetchFault: when there is no usable answer
        """
        ...

    def normalise(self, raw: Raw, question: Question) -> Report:
        """Understand; pure, so that recorded documents can be tried.

        :raises juno_support.lib.faults.AnswerNotUnderstood: when a document is not what it should
            be as a whole; single bad rows are refused in the report
        """
        ...


class StatusPoller:
    """The poller that the registry names for a source of states."""

    def __init__(self, source: StatusSource) -> None:
        self.source = source

    def gather(self, question: Question) -> Gathered:
        """Ask and understand; write nothing."""
        raw = self.source.fetch(question)
        report = self.source.normalise(raw, question)
        return Gathered(
            payload=report,
            traffic=raw.traffic,
            refused=(*raw.refused, *report.refused),
            notes=(*raw.notes, *report.notes),
            doubt=report.doubt,
        )

    def store(self, question: Question, gathered: Gathered) -> Stored:
        """Fold the report into intervals, unless it cannot be the present."""
        report: Report = gathered.payload
        seen = {**report.seen, "things": len(set(_things(report)))}
        if report.stale:
            return Stored(seen=seen, changed={}, suspicious=report.stale)
        before = question.last_seen.get("things", 0)
        if (
            report.complete
            and not report.is_partial
            and before >= WORTH_COMPARING
            and seen["things"] < before * SHRUNK_TO
            and not question.trust
        ):
            return Stored(
                seen=seen,
                changed={},
                suspicious=f"Only {seen['things']} things are reported, after {before}; "
                "nothing was taken over.",
            )
        done = store_report.store(
            source=question.configuration.kind.name,
            namespace=self.source.namespace,
            report=report,
            at=question.at,
            last_success_at=question.last_success_at,
            longest_gap=3 * question.configuration.interval,
        )
        return Stored(seen={**seen, "unmapped": done.unmapped}, changed=done.changed)


def _things(report: Report) -> Iterable[Any]:
    yield from (observation.thing for observation in report.observations)
    yield from (period.thing for period in report.periods)
