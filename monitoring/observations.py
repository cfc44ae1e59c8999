"""What a source's normaliser hands over: plain values, no database, no network.

A *snapshot* source (DIRAC's job counters, DiracX) says how things are now: ``Observation`` without
an end. A *history* source (ARGO, perfSONAR, MaDDash) says how things were over a window:
``Period``. Both are folded into ``StatusInterval`` by ``monitoring.actions.store_report``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitoring.statuses import Status


class EntityKind(models.TextChoices):
    """What sort of thing is watched."""

    SITE = "site", _("site")
    SERVICE = "service", _("service")
    STORAGE = "storage", _("storage element")
    LINK = "link", _("link")
    SYSTEM = "system", _("whole system")


@dataclass(frozen=True)
class Name:
    """A thing as its source calls it.

    :param kind: an ``EntityKind``
    :param name: the source's own name: ``GRID.JINR.ru`` for a site, ``host service_type`` (or only
        ``host``) for a service, ``CNAF-DISK`` for a storage element, ``source destination`` (two
        hosts) for a direction of a link, free words for a whole system
    :param site: the site that the source puts it at, in the source's own words; empty if it does
        not say. A help for matching, not part of the identity
    :param hosts: host names that belong to it, a help for matching
    """

    kind: str
    name: str
    site: str = field(default="", compare=False)
    hosts: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Observation:
    """How a thing is, as of this poll.

    :param metric: what was measured: ``status``, ``rss``, ``jobs``, ``loss``, … (a short word)
    :param raw_status: the source's own word
    :param vo: the VO that it holds for; empty for all
    :param since: from when on the source says so; None if it does not tell
    :param summary: at most 200 characters for people
    :param details: numbers and texts for JSON; no secrets. A change of these alone (or of the
        summary) is written into the interval that is open, and opens no new one
    :param evidence_url: a page for people
    """

    thing: Name
    metric: str
    status: Status
    raw_status: str
    vo: str = ""
    since: datetime | None = None
    summary: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence_url: str = ""


@dataclass(frozen=True)
class Period:
    """How a thing was from ``since`` (included) to ``until`` (excluded; None: still so).

    ``external_key`` is the source's own key of an event that it may correct later, else empty.
    """

    thing: Name
    metric: str
    status: Status
    raw_status: str
    since: datetime
    until: datetime | None = None
    vo: str = ""
    summary: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence_url: str = ""
    external_key: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that one poll of a source told.

    :param observations: how things are now
    :param periods: how things were; those of one series (thing, metric, VO) replace together what
        we had of it between the first one's ``since`` and the last one's ``until``. Gaps between
        them must be periods of their own (unknown)
    :param complete: pairs (metric, vo) of which this report surely holds every thing: a thing that
        we had and that is not reported any more becomes unknown
    :param left_alone: things whose state cannot be told just now and that keep what they have, for
        example because the source has not computed them yet today
    :param members: what the source's own topology says of its sites: name of the site -> host
        names of its computing and storage elements; a help for matching names
    :param refused: (row, reason) of rows that were left out
    :param notes: oddities worth a word to admins
    :param doubt: why the source itself says that it cannot be trusted now (ARGO's consistency);
        its states are kept and shown as unreliable
    :param stale: why the whole answer is old and must not be stored as the present; empty if it is
        not. The poll is then suspicious, what we have ages
    :param is_partial: parts of the source could not be asked, and ``refused`` says which: that
        there is less than before is explained
    :param seen: counts by kind of row, for the record of the poll
    """

    observations: tuple[Observation, ...] = ()
    periods: tuple[Period, ...] = ()
    complete: frozenset[tuple[str, str]] = frozenset()
    left_alone: frozenset[Name] = frozenset()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    doubt: str = ""
    stale: str = ""
    is_partial: bool = False
    seen: Mapping[str, int] = field(default_factory=dict)
