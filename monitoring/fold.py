"""How pieces of time replace one another; pure, so that it can be tried with a simple model.

A *piece* is one state of a thing for some time. What a source tells of a series is laid over what
we had of it: equal neighbours become one, and where nobody asked for long it was unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from monitoring.statuses import Status

NOT_REPORTED = "not reported"
GAP = "not asked"


@dataclass(frozen=True)
class Piece:
    """A thing is in one state from ``since`` to ``until`` (None: still)."""

    status: str
    raw_status: str
    since: datetime
    until: datetime | None
    summary: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence_url: str = ""
    external_key: str = ""

    def goes_on_as(self, later: "Piece") -> bool:
        """Say whether the later one is the same state without a break."""
        return (
            self.until == later.since
            and self.status == later.status
            and self.raw_status == later.raw_status
            and self.external_key == later.external_key
        )


def lay(pieces: list[Piece], new: Piece) -> None:
    """Lay a piece over those that began before: where a source overlaps itself, what began later
    holds, and after it what goes on beneath it.
    """
    beneath: list[Piece] = []
    while pieces and (pieces[-1].until is None or pieces[-1].until > new.since):
        piece = pieces.pop()
        if new.until is not None and (piece.until is None or piece.until > new.until):
            beneath.append(replace(piece, since=max(piece.since, new.until)))
        if piece.since < new.since:
            pieces.append(replace(piece, until=new.since))
    pieces += [new, *reversed(beneath)]


def fitted(
    pieces: list[Piece],
    had: Sequence[Piece],
    *,
    is_snapshot: bool,
    gap_from: datetime | None,
    at: datetime,
) -> list[Piece]:
    """Return the pieces of a series as they fit behind what we had.

    A snapshot does not rewrite a state that was seen since: where it says that it began before,
    it begins now. Where nobody asked for long and the source does not tell either, it was unknown.
    """
    first, last = pieces[0], had[-1] if had else None
    if last is None:
        return pieces
    if is_snapshot:
        earliest = last.until or last.since
        if first.since <= earliest:
            if last.until is not None:
                first = replace(first, since=earliest)
            elif (last.status, last.raw_status) == (first.status, first.raw_status):
                # It says since when it is so; we knew.
                return [replace(first, since=last.since)]
            else:
                first = replace(first, since=max(at, earliest))
            pieces = [first]
    is_open_then = last.until is None or (gap_from is not None and last.until > gap_from)
    if gap_from is not None and is_open_then and first.since > max(gap_from, last.since):
        gap = Piece(Status.UNKNOWN.value, GAP, max(gap_from, last.since), first.since)
        return [gap, *pieces]
    return pieces


def replaced(had: Sequence[Piece], pieces: Sequence[Piece]) -> list[Piece]:
    """Return what is to be kept of a series: the pieces, and around them what we had, with equal
    neighbours made one. The later one's words are the newer.
    """
    merged: list[Piece] = []
    for piece in _around(had, pieces):
        if merged and merged[-1].goes_on_as(piece):
            merged[-1] = replace(piece, since=merged[-1].since)
        else:
            merged.append(piece)
    return merged


def touching(had: Iterable[Piece], pieces: Sequence[Piece]) -> list[Piece]:
    """Return those that the pieces overlap or meet."""
    begins, ends = pieces[0].since, pieces[-1].until
    return [
        each
        for each in had
        if (each.until is None or each.until >= begins) and (ends is None or each.since <= ends)
    ]


def _around(had: Sequence[Piece], pieces: Sequence[Piece]) -> Iterable[Piece]:
    """Yield what remains of what we had before the pieces, the pieces, and what remains after."""
    begins, ends = pieces[0].since, pieces[-1].until
    for each in had:
        if each.since < begins:
            yield replace(each, until=min(each.until or begins, begins))
    yield from pieces
    for each in had:
        if ends is not None and (each.until is None or each.until > ends):
            yield replace(each, since=max(each.since, ends))
