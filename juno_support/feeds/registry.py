"""The one list of sources that we can poll.

A source's poller lives in an app above this one, so it is named, not imported: an object with
``gather`` (ask and understand, writes nothing) and ``store`` (bring the database in line).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from juno_support.feeds.configuration import Configuration


class UnknownSource(LookupError):
    """There is no source of that name."""


@dataclass(frozen=True)
class SourceKind:
    """What is the same in every instance: a source's name, where its data go, how often to ask.

    :param name: as in ``manage.py poll NAME``
    :param settings: the beginning of its settings' names: ``JUNO_GOCDB`` means ``JUNO_GOCDB_URL``,
        ``_CERT``, ``_KEY`` and ``_CA_BUNDLE``
    :param interval_setting: the setting that overrides how often to ask, in seconds
    :param after: the source that must have succeeded once before this one makes sense
    """

    name: str
    title: str | Promise
    brings: str | Promise
    poller: str
    settings: str
    interval: timedelta
    interval_setting: str
    example_url: str
    after: str | None = None


@dataclass(frozen=True)
class Question:
    """What a poller is given.

    ``trust`` means that a person looked at a suspicious answer and wants it taken as it is.
    ``last_seen`` are the counts of the last good poll, empty before the first.
    """

    configuration: "Configuration"
    at: datetime
    last_success_at: datetime | None
    last_seen: dict[str, int]
    last_wide_at: datetime | None
    trust: bool = False


@dataclass(frozen=True)
class Traffic:
    """What went over the wire: the first address, bytes read, digest of all answers."""

    url: str = ""
    http_status: int | None = None
    size: int = 0
    sha256: str = ""
    clock_skew: timedelta | None = None


@dataclass(frozen=True)
class Gathered:
    """A whole answer, understood: ``payload`` is what the poller's own ``store`` takes."""

    payload: Any
    traffic: Traffic
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    window_starts_at: datetime | None = None


@dataclass(frozen=True)
class Stored:
    """What storing did: counts by kind of row; ``suspicious`` says why a person should look."""

    seen: dict[str, int]
    changed: dict[str, int]
    refused: tuple[tuple[str, str], ...] = ()
    suspicious: str = ""


class Poller(Protocol):
    """Asks one source, and brings the database in line with what it said."""

    def gather(self, question: Question) -> Gathered:
        """Ask and understand; write nothing.

        :raises juno_support.lib.faults.FetchFault: when there is no usable answer
        """
        ...

    def store(self, question: Question, gathered: Gathered) -> Stored:
        """Bring the database in line, inside the caller's transaction.

        An answer that cannot be true is not stored, and said to be suspicious.
        """
        ...


SOURCES = (
    SourceKind(
        name="gocdb-topology",
        title=_("GOCDB: sites and services"),
        brings=_("operations centres, sites, contacts and service endpoints"),
        poller="topology.actions.pull_topology.POLLER",
        settings="JUNO_GOCDB",
        interval=timedelta(hours=6),
        interval_setting="JUNO_GOCDB_TOPOLOGY_INTERVAL",
        example_url="https://goc.egi.eu/gocdbpi",
    ),
    SourceKind(
        name="gocdb-downtimes",
        title=_("GOCDB: downtimes"),
        brings=_("declared downtimes of sites and services"),
        poller="monitoring.actions.poll_downtimes.POLLER",
        settings="JUNO_GOCDB",
        interval=timedelta(minutes=5),
        interval_setting="JUNO_GOCDB_DOWNTIMES_INTERVAL",
        example_url="https://goc.egi.eu/gocdbpi",
        after="gocdb-topology",
    ),
)


def find_kind(name: str) -> SourceKind:
    """Return the source of that name.

    :raises UnknownSource: when there is none
    """
    for kind in SOURCES:
        if kind.name == name:
            return kind
    raise UnknownSource(name)


def find_poller(kind: SourceKind) -> Poller:
    """Load the poller that the kind names."""
    return cast(Poller, import_string(kind.poller))
