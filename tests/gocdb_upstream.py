"""A GOCDB on loopback whose rows a test writes down; it knows nothing of our parsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from xml.sax.saxutils import escape, quoteattr

from django.test import override_settings

from tests.loopback import Asked, Loopback, serving


@dataclass
class SiteRow:
    """A site as the public list shows it, with the status by which that list can be filtered."""

    key: str
    name: str
    roc: str = "NGI_FRANCE"
    status: str = "Certified"
    country: str = "France"

    def xml(self) -> str:
        """Render it as get_site_list does."""
        return (
            f'<SITE ID="{self.key[:-2]}" PRIMARY_KEY="{self.key}" NAME={quoteattr(self.name)} '
            f'COUNTRY="{self.country}" COUNTRY_CODE="FR" ROC="{self.roc}" SUBGRID=""/>'
        )


@dataclass
class ServiceRow:
    """A service endpoint."""

    key: str
    site: str
    hostname: str
    service_type: str = "SRM"
    production: str = "Y"

    def xml(self) -> str:
        """Render it as get_service does."""
        return (
            f'<SERVICE_ENDPOINT PRIMARY_KEY="{self.key}"><PRIMARY_KEY>{self.key}</PRIMARY_KEY>'
            f"<HOSTNAME>{escape(self.hostname)}</HOSTNAME><BETA>N</BETA>"
            f"<SERVICE_TYPE>{self.service_type}</SERVICE_TYPE>"
            f"<IN_PRODUCTION>{self.production}</IN_PRODUCTION><NODE_MONITORED>Y</NODE_MONITORED>"
            f"<SITENAME>{escape(self.site)}</SITENAME><SCOPES><SCOPE>EGI</SCOPE></SCOPES>"
            "</SERVICE_ENDPOINT>"
        )


@dataclass
class DowntimeRow:
    """A downtime with its services."""

    key: str
    starts_at: datetime
    ends_at: datetime
    services: list[ServiceRow]
    severity: str = "OUTAGE"
    classification: str = "SCHEDULED"
    description: str = "maintenance"
    declared_at: datetime | None = None

    def xml(self) -> str:
        """Render it as get_downtime_nested_services does."""
        services = "".join(
            f"<SERVICE><PRIMARY_KEY>{service.key}</PRIMARY_KEY>"
            f"<HOSTNAME>{service.hostname}</HOSTNAME>"
            f"<SERVICE_TYPE>{service.service_type}</SERVICE_TYPE>"
            f"<HOSTED_BY>{service.site}</HOSTED_BY><AFFECTED_ENDPOINTS/></SERVICE>"
            for service in self.services
        )
        declared = self.declared_at or self.starts_at
        return (
            f'<DOWNTIME ID="{self.key[:-2]}" PRIMARY_KEY="{self.key}" '
            f'CLASSIFICATION="{self.classification}"><SEVERITY>{self.severity}</SEVERITY>'
            f"<DESCRIPTION>{escape(self.description)}</DESCRIPTION>"
            f"<INSERT_DATE>{declared.timestamp():.0f}</INSERT_DATE>"
            f"<START_DATE>{self.starts_at.timestamp():.0f}</START_DATE>"
            f"<END_DATE>{self.ends_at.timestamp():.0f}</END_DATE>"
            f"<SERVICES>{services}</SERVICES></DOWNTIME>"
        )


@dataclass
class Gocdb:
    """What this GOCDB holds; ``instead`` replaces the answer of a method, or of all by ``*``."""

    sites: list[SiteRow] = field(default_factory=list)
    services: list[ServiceRow] = field(default_factory=list)
    downtimes: list[DowntimeRow] = field(default_factory=list)
    centres: list[str] = field(default_factory=lambda: ["NGI_FRANCE", "NGI_IT"])
    knows_status_filter: bool = True
    instead: dict[str, bytes] = field(default_factory=dict)
    server: Loopback | None = None

    def answer(self, asked: Asked, handler: BaseHTTPRequestHandler) -> bytes | None:
        """Answer one question."""
        method = asked.query.get("method", "")
        for name in (method, "*"):
            if name in self.instead:
                return self.instead[name]
        if method == "get_site_list":
            status = asked.query.get("certification_status")
            wanted = [
                site
                for site in self.sites
                if not (status and self.knows_status_filter) or site.status == status
            ]
            return results("".join(site.xml() for site in wanted))
        if method == "get_service":
            return results("".join(service.xml() for service in self.services))
        if method == "get_roc_list":
            return results(
                "".join(
                    f'<ROC PRIMARY_KEY="{number}G0" ROC_NAME="{name}"/>'
                    for number, name in enumerate(self.centres, start=1)
                )
            )
        if method == "get_downtime_nested_services":
            since = datetime.fromisoformat(asked.query["windowstart"])
            return results("".join(row.xml() for row in self.downtimes if row.ends_at > since))
        return f"Unable to find method: {method}".encode()


def results(rows: str) -> bytes:
    """Wrap rows as an unpaged answer."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<results>{rows}</results>'.encode()


@contextmanager
def running_gocdb(gocdb: Gocdb) -> Iterator[Gocdb]:
    """Serve it, and point the portal at it as the environment would."""
    with (
        serving(gocdb.answer) as server,
        override_settings(JUNO_GOCDB_URL=f"{server.url}/gocdbpi"),
    ):
        gocdb.server = server
        yield gocdb
