"""What is, or was, going on at sites, as plain values: for pages, JSON, and as kept evidence."""

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitoring.statuses import Status


class SiteState(models.TextChoices):
    """What the declared downtimes make of a site."""

    OUTAGE = "outage", _("outage")
    AT_RISK = "at-risk", _("at risk")
    NONE = "none", _("no downtime")
    UNKNOWN = "unknown", _("unknown")


class Phase(models.TextChoices):
    """Where a downtime stands relative to the moment that was asked about."""

    RUNNING = "running", _("running")
    COMING = "coming", _("coming")
    OVER = "over", _("over")
    WITHDRAWN = "withdrawn", _("withdrawn")


@dataclass(frozen=True)
class AffectedService:
    """A service that a downtime names."""

    key: str
    hostname: str
    service_type: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True)
class DeclaredDowntime:
    """A downtime as it was known; times are aware UTC, the end is exclusive.

    ``covers_asked`` says whether it names one of the services that were asked about; it is True
    where none were. ``extended_until`` is the end of the downtimes that extend it.
    """

    id: int
    source: str
    key: str
    site: str
    severity: str
    classification: str
    description: str
    declared_at: datetime
    starts_at: datetime
    ends_at: datetime
    phase: str
    covers_asked: bool
    services: tuple[AffectedService, ...]
    extends: str | None
    extended_until: datetime | None
    first_seen_at: datetime
    changed_at: datetime
    withdrawn_at: datetime | None
    portal_url: str


@dataclass(frozen=True)
class EntityStatus:
    """What a monitoring system said of a thing over a period; ``kind`` is an ``EntityKind``.

    ``stale`` means that its source had not been read for too long at the moment that was asked
    about, ``doubt`` why the source itself could not be trusted then.
    """

    source: str
    metric: str
    entity: str
    status: str
    since: datetime
    until: datetime | None
    stale: bool
    kind: str
    raw_status: str
    vo: str
    summary: str
    details: dict[str, Any]
    evidence_url: str
    doubt: str


@dataclass(frozen=True)
class SourceAge:
    """How old a source's data were, seen from the moment that was asked about."""

    last_success: datetime | None
    stale: bool
    doubt: str = ""


@dataclass(frozen=True)
class SiteConditions:
    """What is known to have been going on at one site at a moment, or until ``until``.

    :param statuses: states in force of the site, its services and storage elements; unless
        everything was asked for, services in order that were not asked about are only counted
    :param earlier: states of the same things that ended within the day before
    :param links: states of the links that touch the site; :param systems: of whole systems
    :param in_order: how many services in order were left out, by source
    """

    site: str
    at: datetime
    until: datetime | None
    state: str
    downtimes: tuple[DeclaredDowntime, ...]
    coming: tuple[DeclaredDowntime, ...]
    recent: tuple[DeclaredDowntime, ...]
    statuses: tuple[EntityStatus, ...]
    sources: dict[str, SourceAge]
    earlier: tuple[EntityStatus, ...] = ()
    links: tuple[EntityStatus, ...] = ()
    systems: tuple[EntityStatus, ...] = ()
    in_order: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values for a JSON document; moments as ISO 8601 in UTC."""
        plain: dict[str, Any] = as_plain_values(self)
        return plain


@dataclass(frozen=True)
class Conditions:
    """What is known to have been going on at some sites."""

    at: datetime
    until: datetime | None
    sites: tuple[SiteConditions, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values for a JSON document; moments as ISO 8601 in UTC."""
        plain: dict[str, Any] = as_plain_values(self)
        return plain


# A site's own state goes before a status of the same name.
_WORDS = {each.value: each.label for each in (*Status, *SiteState)}


@dataclass(frozen=True)
class SiteBadge:
    """A site's present state in one word, for lists. ``until`` is the end of the downtime.

    ``state`` is what is declared; ``is_bad`` says that a source which can be trusted calls the
    site itself critical or down, for every VO.
    """

    state: str
    until: datetime | None
    is_stale: bool
    downtimes: int
    is_bad: bool = False

    @property
    def shown(self) -> str:
        """Return what is worse: an outage, else ``critical`` where it is bad, else the state."""
        if self.is_bad and self.state != SiteState.OUTAGE:
            return Status.CRITICAL.value
        return self.state

    @property
    def word(self) -> str:
        """Return what is shown in the reader's language."""
        return state_word(self.shown)


def state_word(shown: str) -> str:
    """Return what ``SiteBadge.shown`` is called in the reader's language."""
    return str(_WORDS[shown])


def as_plain_values(value: Any) -> Any:
    """Return records, moments and tuples as what a JSON document can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain_values(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: as_plain_values(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_plain_values(item) for item in value]
    return value
