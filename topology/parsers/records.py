"""Plain records of what GOCDB says; what a parser makes and an action stores."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

Record = TypeVar("Record")


@dataclass(frozen=True)
class Refusal:
    """One row that could not be read; ``key`` is its PRIMARY_KEY where at least that was there."""

    row: str
    reason: str
    key: str = ""


@dataclass(frozen=True)
class Paging:
    """What a paged answer says of itself; ``next_cursor`` is None on the last page."""

    count: int
    page_size: int
    next_cursor: int | None


@dataclass(frozen=True)
class Rows(Generic[Record]):
    """One understood answer.

    ``paging`` is None where the answer came in one piece. ``repaired`` counts characters that
    XML forbids and that were taken out to read it. ``remarks`` are oddities of single rows that
    did not make them unusable.
    """

    records: tuple[Record, ...]
    refused: tuple[Refusal, ...] = ()
    remarks: tuple[str, ...] = ()
    paging: Paging | None = None
    repaired: int = 0


@dataclass(frozen=True)
class CentreRecord:
    """An operations centre (NGI). None means that this answer does not tell."""

    key: str
    name: str
    email: str | None = None
    helpdesk_email: str | None = None
    security_email: str | None = None
    rod_email: str | None = None
    ggus_unit: str | None = None


@dataclass(frozen=True)
class SiteRecord:
    """A site. None means that this answer does not tell; empty that there is nothing to tell."""

    key: str
    name: str
    operations_centre: str | None = None
    country: str | None = None
    country_code: str | None = None
    official_name: str | None = None
    description: str | None = None
    certification_status: str | None = None
    infrastructure: str | None = None
    contact_email: str | None = None
    emergency_email: str | None = None
    csirt_email: str | None = None
    telephone: str | None = None
    time_zone: str | None = None
    home_url: str | None = None
    portal_url: str | None = None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class EndpointRecord:
    """One endpoint of a service."""

    key: str
    name: str
    url: str
    interface: str
    is_monitored: bool


@dataclass(frozen=True)
class ServiceRecord:
    """A service endpoint of a site; the host name is in lower case."""

    key: str
    site_name: str
    hostname: str
    service_type: str
    url: str = ""
    portal_url: str = ""
    is_in_production: bool = True
    is_monitored: bool = True
    is_beta: bool = False
    scopes: tuple[str, ...] = ()
    endpoints: tuple[EndpointRecord, ...] = ()


@dataclass(frozen=True)
class ContactRecord:
    """A person whom GOCDB names for a site, in one role."""

    site_key: str
    key: str
    name: str
    role: str
    email: str = ""
    telephone: str = ""


@dataclass(frozen=True)
class AffectedServiceRecord:
    """A service that a downtime names; it may be one that the topology does not know."""

    key: str
    site_name: str
    hostname: str
    service_type: str
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True)
class DowntimeRecord:
    """A downtime; times are aware UTC, the end is exclusive."""

    key: str
    classification: str
    severity: str
    description: str
    declared_at: datetime
    starts_at: datetime
    ends_at: datetime
    portal_url: str
    services: tuple[AffectedServiceRecord, ...]
