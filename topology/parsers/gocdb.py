"""GOCDB's XML to records.

Elements with an empty value are left out, and their order differs between versions. Epoch seconds
are the truth about times. A row that cannot be read is refused with its reason and never costs
the others.
"""

import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from topology.parsers.gocdb_rows import (
    LONGEST_KEY,
    LONGEST_NAME,
    BadRow,
    clip,
    fit_name,
    is_yes,
    key_of,
    moment_of,
    needed,
    one_of,
    read_rows,
    web_address,
)
from topology.parsers.records import (
    AffectedServiceRecord,
    CentreRecord,
    ContactRecord,
    DowntimeRecord,
    EndpointRecord,
    Rows,
    ServiceRecord,
    SiteRecord,
)

CERTIFICATION_STATUSES = (
    "Candidate",
    "Uncertified",
    "Certified",
    "Suspended",
    "Closed",
)
SEVERITIES = ("OUTAGE", "WARNING")
CLASSIFICATIONS = ("SCHEDULED", "UNSCHEDULED")
LONGEST_HOST = 255
LONGEST_URL = 500
LONGEST_SERVICE_URL = 1000
LONGEST_EMAIL = 320
LONGEST_DESCRIPTION = 20_000

_GENERATED_SUFFIX = re.compile(r"^(\d+)G\d+$")


def parse_site_list(body: bytes) -> Rows[SiteRecord]:
    """Read an answer of ``get_site_list``: names, countries and operations centres only.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> SiteRecord:
        return SiteRecord(
            key=key_of(element),
            name=fit_name(element.get("NAME"), "NAME"),
            operations_centre=clip(element.get("ROC"), LONGEST_NAME, remark),
            country=clip(element.get("COUNTRY"), 100, remark),
            country_code=clip(element.get("COUNTRY_CODE"), 8, remark),
        )

    return read_rows(body, "SITE", read)


def parse_sites(body: bytes) -> Rows[SiteRecord]:
    """Read an answer of the private ``get_site``: everything that GOCDB knows of sites.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    :raises CredentialRefused: when GOCDB wants a certificate, or another one
    """

    def read(element: Element, remark: Callable[[str], None]) -> SiteRecord:
        text = _texts(element)
        status = text("CERTIFICATION_STATUS", 20, remark)
        if status and status not in CERTIFICATION_STATUSES:
            remark(f"the certification status {status!r} is not one that we know")
            status = ""
        return SiteRecord(
            key=key_of(element),
            name=fit_name(element.get("NAME") or element.findtext("SHORT_NAME"), "NAME"),
            operations_centre=text("ROC", LONGEST_NAME, remark),
            country=text("COUNTRY", 100, remark),
            country_code=text("COUNTRY_CODE", 8, remark),
            official_name=text("OFFICIAL_NAME", 255, remark),
            description=text("SITE_DESCRIPTION", LONGEST_DESCRIPTION, remark),
            certification_status=status,
            infrastructure=text("PRODUCTION_INFRASTRUCTURE", 30, remark),
            contact_email=text("CONTACT_EMAIL", LONGEST_EMAIL, remark),
            emergency_email=text("ALARM_EMAIL", LONGEST_EMAIL, remark),
            csirt_email=text("CSIRT_EMAIL", LONGEST_EMAIL, remark),
            telephone=text("CONTACT_TEL", 100, remark),
            time_zone=text("TIMEZONE", 64, remark),
            home_url=web_address(element.findtext("HOME_URL"), LONGEST_URL),
            portal_url=web_address(element.findtext("GOCDB_PORTAL_URL"), LONGEST_URL),
            scopes=_scopes(element),
        )

    return read_rows(body, "SITE", read)


def parse_services(body: bytes) -> Rows[ServiceRecord]:
    """Read an answer of ``get_service``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> ServiceRecord:
        return ServiceRecord(
            key=key_of(element),
            site_name=needed(element.findtext("SITENAME"), "SITENAME", LONGEST_NAME),
            hostname=needed(element.findtext("HOSTNAME"), "HOSTNAME", LONGEST_HOST).lower(),
            service_type=needed(element.findtext("SERVICE_TYPE"), "SERVICE_TYPE", LONGEST_HOST),
            url=clip(element.findtext("URL"), LONGEST_SERVICE_URL, remark),
            portal_url=web_address(element.findtext("GOCDB_PORTAL_URL"), LONGEST_URL),
            is_in_production=is_yes(element.findtext("IN_PRODUCTION")),
            is_monitored=is_yes(element.findtext("NODE_MONITORED")),
            is_beta=is_yes(element.findtext("BETA")),
            scopes=_scopes(element),
            endpoints=tuple(_endpoints(element.find("ENDPOINTS"))),
        )

    return read_rows(body, "SERVICE_ENDPOINT", read)


def parse_centre_list(body: bytes) -> Rows[CentreRecord]:
    """Read an answer of ``get_roc_list``: keys and names of operations centres.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> CentreRecord:
        return CentreRecord(
            key=_centre_key(element),
            name=fit_name(element.get("ROC_NAME"), "ROC_NAME"),
        )

    return read_rows(body, "ROC", read)


def parse_centres(body: bytes) -> Rows[CentreRecord]:
    """Read an answer of the private ``get_ngi``: operations centres with their addresses.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    :raises CredentialRefused: when GOCDB wants a certificate, or another one
    """

    def read(element: Element, remark: Callable[[str], None]) -> CentreRecord:
        text = _texts(element)
        return CentreRecord(
            key=_centre_key(element),
            name=fit_name(element.get("NAME") or element.findtext("NAME"), "NAME"),
            email=text("EMAIL", LONGEST_EMAIL, remark),
            helpdesk_email=text("HELPDESK_EMAIL", LONGEST_EMAIL, remark),
            security_email=text("SECURITY_EMAIL", LONGEST_EMAIL, remark),
            rod_email=text("ROD_EMAIL", LONGEST_EMAIL, remark),
            ggus_unit=text("GGUS_SU", 100, remark),
        )

    return read_rows(body, "NGI", read)


def parse_site_contacts(body: bytes) -> Rows[tuple[ContactRecord, ...]]:
    """Read an answer of the private ``get_site_contacts``: for each site its people.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    :raises CredentialRefused: when GOCDB wants a certificate, or another one
    """

    def read(element: Element, remark: Callable[[str], None]) -> tuple[ContactRecord, ...]:
        site_key = key_of(element)
        people = []
        for contact in element.findall("CONTACT"):
            key = (contact.get("PRIMARY_KEY") or contact.get("USER_ID") or "").strip()
            names = (contact.findtext("FORENAME"), contact.findtext("SURNAME"))
            name = " ".join(part.strip() for part in names if part and part.strip())
            if not key or not name:
                remark("a contact without key or name was left out")
                continue
            people.append(
                ContactRecord(
                    site_key=site_key,
                    key=key[:LONGEST_KEY],
                    name=name[:200],
                    role=clip(contact.findtext("ROLE_NAME"), 100, remark),
                    email=clip(contact.findtext("EMAIL"), LONGEST_EMAIL, remark),
                    telephone=clip(contact.findtext("TEL"), 100, remark),
                )
            )
        return tuple(people)

    return read_rows(body, "SITE", read, merge=lambda old, new: (*old, *new))


def parse_downtimes(body: bytes) -> Rows[DowntimeRecord]:
    """Read an answer of ``get_downtime_nested_services``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> DowntimeRecord:
        classification = one_of(element.get("CLASSIFICATION"), "CLASSIFICATION", CLASSIFICATIONS)
        severity = one_of(element.findtext("SEVERITY"), "SEVERITY", SEVERITIES)
        starts_at = moment_of(element, "START_DATE", remark)
        ends_at = moment_of(element, "END_DATE", remark)
        if ends_at < starts_at:
            raise BadRow("it ends before it starts")
        services = tuple(_affected(element.find("SERVICES"), remark))
        if not services:
            raise BadRow("it names no service, and so no site")
        return DowntimeRecord(
            key=key_of(element),
            classification=classification,
            severity=severity,
            description=clip(element.findtext("DESCRIPTION"), LONGEST_DESCRIPTION, remark),
            declared_at=moment_of(element, "INSERT_DATE", remark),
            starts_at=starts_at,
            ends_at=ends_at,
            portal_url=web_address(element.findtext("GOCDB_PORTAL_URL"), LONGEST_URL),
            services=services,
        )

    return read_rows(body, "DOWNTIME", read)


# Parts of rows


def _centre_key(element: Element) -> str:
    """Return the centre's number: ``get_roc_list`` says 30G0 where ``get_ngi`` says 30."""
    key = key_of(element)
    match = _GENERATED_SUFFIX.match(key)
    return match[1] if match else key


def _texts(element: Element) -> Callable[[str, int, Callable[[str], None]], str]:
    """Return a reader of the element's children by name; what is left out is empty."""

    def text(name: str, longest: int, remark: Callable[[str], None]) -> str:
        return clip(element.findtext(name), longest, remark)

    return text


def _scopes(element: Element) -> tuple[str, ...]:
    names = (scope.text or "" for scope in element.iterfind("SCOPES/SCOPE"))
    return tuple(sorted({name.strip()[:100] for name in names if name.strip()}))


def _endpoints(parent: Element | None) -> Iterator[EndpointRecord]:
    for endpoint in parent.findall("ENDPOINT") if parent is not None else ():
        yield EndpointRecord(
            key=(endpoint.findtext("ID") or "").strip()[:LONGEST_KEY],
            name=(endpoint.findtext("NAME") or "").strip()[:255],
            url=(endpoint.findtext("URL") or "").strip()[:LONGEST_SERVICE_URL],
            interface=(endpoint.findtext("INTERFACENAME") or "").strip()[:255],
            is_monitored=is_yes(endpoint.findtext("ENDPOINT_MONITORED")),
        )


def _affected(
    parent: Element | None, remark: Callable[[str], None]
) -> Iterator[AffectedServiceRecord]:
    """Read the services of a downtime, each once; one that cannot be read is only remarked on."""
    seen = set()
    for service in parent.findall("SERVICE") if parent is not None else ():
        try:
            record = AffectedServiceRecord(
                key=(service.findtext("PRIMARY_KEY") or "").strip()[:LONGEST_KEY],
                site_name=needed(service.findtext("HOSTED_BY"), "HOSTED_BY", LONGEST_NAME),
                hostname=needed(service.findtext("HOSTNAME"), "HOSTNAME", LONGEST_HOST).lower(),
                service_type=needed(service.findtext("SERVICE_TYPE"), "SERVICE_TYPE", LONGEST_HOST),
                endpoints=tuple(
                    name
                    for endpoint in service.iterfind("AFFECTED_ENDPOINTS/ENDPOINT")
                    if (name := (endpoint.findtext("NAME") or "").strip()[:255])
                ),
            )
        except BadRow as bad:
            remark(f"a service was left out: {bad}")
            continue
        if record not in seen:
            seen.add(record)
            yield record
