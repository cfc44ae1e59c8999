"""Ask GOCDB for downtimes, and keep what it says and how that changes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from juno_support.feeds.registry import Gathered, Question, Stored, Traffic
from monitoring.actions import store_downtimes
from topology.actions.pull_topology import client_for
from topology.clients.gocdb import read_all_pages
from topology.parsers import gocdb
from topology.parsers.records import DowntimeRecord

SOURCE = "gocdb"
NARROW_WINDOW = timedelta(hours=48)
WIDE_WINDOW = timedelta(days=30)
WIDE_EVERY = timedelta(hours=24)


@dataclass(frozen=True)
class Downtimes:
    """All downtimes of one answer; ``refused_keys`` exist but could not be read."""

    records: tuple[DowntimeRecord, ...]
    refused_keys: frozenset[str]
    is_whole: bool


def window_start(question: Question) -> datetime:
    """Return from which end on to ask for downtimes.

    Two days back catch what was ended early or declared after the fact. Once a day, and after a
    gap in our polls, a month back, so that late edits are found and nothing ended unseen.
    """
    last_wide, last_good = question.last_wide_at, question.last_success_at
    must_be_wide = (
        last_wide is None
        or last_good is None
        or question.at - last_wide >= WIDE_EVERY
        or question.at - last_good >= WIDE_EVERY
    )
    return question.at - (WIDE_WINDOW if must_be_wide else NARROW_WINDOW)


class DowntimesPoller:
    """Asks for the downtimes of a window, and compares each with what we knew."""

    def gather(self, question: Question) -> Gathered:
        """Ask for the window's downtimes, understand them, write nothing.

        :raises juno_support.lib.faults.FetchFault: when there is no usable answer
        """
        client = client_for(question)
        starts_at = window_start(question)
        pages, is_whole = read_all_pages(
            lambda cursor: client.get_downtimes(window_starts_at=starts_at, cursor=cursor),
            gocdb.parse_downtimes,
        )
        records = {record.key: record for page in pages for record in page.records}
        refused = [refusal for page in pages for refusal in page.refused]
        repaired = sum(page.repaired for page in pages)
        notes = [remark for page in pages for remark in page.remarks]
        if repaired:
            notes.insert(0, f"{repaired} characters that XML forbids were taken out.")
        return Gathered(
            payload=Downtimes(
                records=tuple(records.values()),
                refused_keys=frozenset(refusal.key for refusal in refused if refusal.key),
                is_whole=is_whole,
            ),
            traffic=Traffic.of(client.traffic),
            refused=tuple((refusal.row, refusal.reason) for refusal in refused),
            notes=tuple(notes),
            window_starts_at=starts_at,
        )

    def store(self, question: Question, gathered: Gathered) -> Stored:
        """Bring our downtimes in line with the answer."""
        downtimes: Downtimes = gathered.payload
        if gathered.window_starts_at is None:
            raise ValueError("downtimes are always asked for with a window")
        done = store_downtimes.store(
            source=SOURCE,
            records=downtimes.records,
            present_keys=downtimes.refused_keys,
            is_whole=downtimes.is_whole,
            window_starts_at=gathered.window_starts_at,
            at=question.at,
        )
        doubt = done.doubt
        if not downtimes.is_whole:
            doubt = (
                "The server repeats a page instead of going on; what came was kept, "
                "and nothing is taken for withdrawn."
            )
        return Stored(
            seen={"downtimes": len(downtimes.records)},
            changed={"downtimes": done.written},
            refused=done.refused,
            suspicious="" if question.trust else doubt,
        )


POLLER = DowntimesPoller()
