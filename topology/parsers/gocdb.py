"""GOCDB's XML to records.

Every answer comes as HTTP 200, errors too: as plain text or as ``<error>``. Only a well-formed
document with the root ``results`` is an answer. Elements with an empty value are left out, and
their order differs between versions. Epoch seconds are the truth about times. A row that cannot
be read is refused with its reason and never costs the others.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused
from juno_support.lib.xml import Document, read_document
from topology.parsers.records import (
    AffectedServiceRecord,
    CentreRecord,
    ContactRecord,
    DowntimeRecord,
    EndpointRecord,
    Paging,
    Refusal,
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
NO_CREDENTIAL = "No valid identifier found"

# Longer identities cannot be theirs; GOCDB itself holds names in columns of 255 and less.
LONGEST_KEY = 100
LONGEST_NAME = 100
LONGEST_HOST = 255
LONGEST_URL = 500
LONGEST_SERVICE_URL = 1000
LONGEST_EMAIL = 320
LONGEST_DESCRIPTION = 20_000
MOST_REMARKS = 50

# Names stand in addresses and mails. GOCDB itself takes letters, digits, dot, dash and underscore;
# we take blanks and other scripts too, but nothing that could be read as a path or as another name.
_UNFIT_FOR_NAMES = re.compile(
    r"[/\\\x00-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]|^\.{1,2}$"
)
_GENERATED_SUFFIX = re.compile(r"^(\d+)G\d+$")

Record = TypeVar("Record")


class _BadRow(Exception):
    """Why one row cannot be read."""


def parse_site_list(body: bytes) -> Rows[SiteRecord]:
    """Read an answer of ``get_site_list``: names, countries and operations centres only.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> SiteRecord:
        return SiteRecord(
            key=_key(element),
            name=_name(element.get("NAME"), "NAME"),
            operations_centre=_clip(element.get("ROC"), LONGEST_NAME, remark),
            country=_clip(element.get("COUNTRY"), 100, remark),
            country_code=_clip(element.get("COUNTRY_CODE"), 8, remark),
        )

    return _rows(body, "SITE", read)


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
            key=_key(element),
            name=_name(element.get("NAME") or element.findtext("SHORT_NAME"), "NAME"),
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
            home_url=_web_address(element.findtext("HOME_URL"), LONGEST_URL),
            portal_url=_web_address(element.findtext("GOCDB_PORTAL_URL"), LONGEST_URL),
            scopes=_scopes(element),
        )

    return _rows(body, "SITE", read)


def parse_services(body: bytes) -> Rows[ServiceRecord]:
    """Read an answer of ``get_service``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> ServiceRecord:
        return ServiceRecord(
            key=_key(element),
            site_name=_needed(element.findtext("SITENAME"), "SITENAME", LONGEST_NAME),
            hostname=_needed(element.findtext("HOSTNAME"), "HOSTNAME", LONGEST_HOST).lower(),
            service_type=_needed(element.findtext("SERVICE_TYPE"), "SERVICE_TYPE", LONGEST_HOST),
            url=_clip(element.findtext("URL"), LONGEST_SERVICE_URL, remark),
            portal_url=_web_address(element.findtext("GOCDB_PORTAL_URL"), LONGEST_URL),
            is_in_production=_is_yes(element.findtext("IN_PRODUCTION")),
            is_monitored=_is_yes(element.findtext("NODE_MONITORED")),
            is_beta=_is_yes(element.findtext("BETA")),
            scopes=_scopes(element),
            endpoints=tuple(_endpoints(element.find("ENDPOINTS"))),
        )

    return _rows(body, "SERVICE_ENDPOINT", read)


def parse_centre_list(body: bytes) -> Rows[CentreRecord]:
    """Read an answer of ``get_roc_list``: keys and names of operations centres.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> CentreRecord:
        return CentreRecord(
            key=_centre_key(element),
            name=_name(element.get("ROC_NAME"), "ROC_NAME"),
        )

    return _rows(body, "ROC", read)


def parse_centres(body: bytes) -> Rows[CentreRecord]:
    """Read an answer of the private ``get_ngi``: operations centres with their addresses.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    :raises CredentialRefused: when GOCDB wants a certificate, or another one
    """

    def read(element: Element, remark: Callable[[str], None]) -> CentreRecord:
        text = _texts(element)
        return CentreRecord(
            key=_centre_key(element),
            name=_name(element.get("NAME") or element.findtext("NAME"), "NAME"),
            email=text("EMAIL", LONGEST_EMAIL, remark),
            helpdesk_email=text("HELPDESK_EMAIL", LONGEST_EMAIL, remark),
            security_email=text("SECURITY_EMAIL", LONGEST_EMAIL, remark),
            rod_email=text("ROD_EMAIL", LONGEST_EMAIL, remark),
            ggus_unit=text("GGUS_SU", 100, remark),
        )

    return _rows(body, "NGI", read)


def parse_site_contacts(body: bytes) -> Rows[tuple[ContactRecord, ...]]:
    """Read an answer of the private ``get_site_contacts``: for each site its people.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    :raises CredentialRefused: when GOCDB wants a certificate, or another one
    """

    def read(element: Element, remark: Callable[[str], None]) -> tuple[ContactRecord, ...]:
        site_key = _key(element)
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
                    role=_clip(contact.findtext("ROLE_NAME"), 100, remark),
                    email=_clip(contact.findtext("EMAIL"), LONGEST_EMAIL, remark),
                    telephone=_clip(contact.findtext("TEL"), 100, remark),
                )
            )
        return tuple(people)

    return _rows(body, "SITE", read, merge=lambda old, new: (*old, *new))


def parse_downtimes(body: bytes) -> Rows[DowntimeRecord]:
    """Read an answer of ``get_downtime_nested_services``.

    :raises AnswerNotUnderstood: when it is an error or no such answer
    """

    def read(element: Element, remark: Callable[[str], None]) -> DowntimeRecord:
        classification = _one_of(element.get("CLASSIFICATION"), "CLASSIFICATION", CLASSIFICATIONS)
        severity = _one_of(element.findtext("SEVERITY"), "SEVERITY", SEVERITIES)
        starts_at = _moment(element, "START_DATE", remark)
        ends_at = _moment(element, "END_DATE", remark)
        if ends_at < starts_at:
            raise _BadRow("it ends before it starts")
        services = tuple(_affected(element.find("SERVICES"), remark))
        if not services:
            raise _BadRow("it names no service, and so no site")
        return DowntimeRecord(
            key=_key(element),
            classification=classification,
            severity=severity,
            description=_clip(element.findtext("DESCRIPTION"), LONGEST_DESCRIPTION, remark),
            declared_at=_moment(element, "INSERT_DATE", remark),
            starts_at=starts_at,
            ends_at=ends_at,
            portal_url=_web_address(element.findtext("GOCDB_PORTAL_URL"), LONGEST_URL),
            services=services,
        )

    return _rows(body, "DOWNTIME", read)


# The document


def _results(body: bytes) -> Document:
    """Return the document if it is an answer; raise what GOCDB says if it is an error."""
    text = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        raise AnswerNotUnderstood("GOCDB's answer is empty (0 bytes).", body_start=body)
    if not text.startswith(b"<"):
        raise _what_gocdb_says(text.decode(errors="replace"), body)
    document = read_document(body)
    if document.root.tag.lower() == "error":
        raise _what_gocdb_says("".join(document.root.itertext()), body)
    if document.root.tag != "results":
        raise AnswerNotUnderstood(
            f"The answer is a <{document.root.tag[:50]}> document, not GOCDB's <results>.",
            body_start=body,
        )
    return document


def _what_gocdb_says(text: str, body: bytes) -> AnswerNotUnderstood | CredentialRefused:
    words = " ".join(text.split())[:300]
    if NO_CREDENTIAL.lower() in words.lower():
        return CredentialRefused(
            f"GOCDB wants a certificate, or another one: {words}", body_start=body
        )
    return AnswerNotUnderstood(f"GOCDB answered with an error: {words}", body_start=body)


def _rows(
    body: bytes,
    tag: str,
    read: Callable[[Element, Callable[[str], None]], Record],
    *,
    merge: Callable[[Record, Record], Record] | None = None,
) -> Rows[Record]:
    """Read every row with this tag.

    The same row twice counts once; two rows with one key that differ are merged where that has a
    meaning, else the second is refused.
    """
    document = _results(body)
    found: dict[str, Record] = {}
    refused: list[Refusal] = []
    remarks: list[str] = []
    strangers: str | None = None
    for position, element in enumerate(document.root, start=1):
        if element.tag != tag:
            if element.tag != "meta" and strangers is None:
                strangers = str(element.tag)
            continue
        key = (element.get("PRIMARY_KEY") or element.findtext("PRIMARY_KEY") or "").strip()
        row = f"{tag} {key[:LONGEST_KEY]}" if key else f"{tag} number {position}"

        def remark(words: str, row: str = row) -> None:
            if len(remarks) < MOST_REMARKS:
                remarks.append(f"{row}: {words}")

        try:
            record = read(element, remark)
        except _BadRow as bad:
            refused.append(Refusal(row=row, reason=str(bad), key=key))
            continue
        # read() made sure of the key, or found another one that will do
        key = key or str(getattr(record, "key", row))
        if key not in found:
            found[key] = record
        elif merge:
            found[key] = merge(found[key], record)
        elif found[key] != record:
            refused.append(Refusal(row=row, reason="another row has the same key", key=key))
    if strangers and not found and not refused:
        # Zero downtimes are good news; a document of another kind is none.
        raise AnswerNotUnderstood(
            f"The answer holds <{strangers[:50]}> where <{tag}> was expected.",
            body_start=body,
        )
    return Rows(
        records=tuple(found.values()),
        refused=tuple(refused),
        remarks=tuple(remarks),
        paging=_paging(document.root.find("meta")),
        repaired=document.repaired,
    )


def _paging(meta: Element | None) -> Paging | None:
    """Read the paging block; of the links only the cursor's number is taken, never the address."""
    if meta is None:
        return None
    count = _whole_number(meta.findtext("count"))
    page_size = _whole_number(meta.findtext("max_page_size"))
    if count is None or page_size is None:
        return None
    next_cursor = None
    for link in meta.findall("link"):
        if link.get("rel") == "next":
            try:
                query = parse_qs(urlsplit(link.get("href") or "").query)
            except ValueError:
                continue
            next_cursor = _whole_number((query.get("next_cursor") or [""])[0])
    return Paging(count=count, page_size=page_size, next_cursor=next_cursor)


# Parts of rows


def _key(element: Element) -> str:
    return _needed(
        element.get("PRIMARY_KEY") or element.findtext("PRIMARY_KEY"),
        "PRIMARY_KEY",
        LONGEST_KEY,
    )


def _centre_key(element: Element) -> str:
    """Return the centre's number: ``get_roc_list`` says 30G0 where ``get_ngi`` says 30."""
    key = _key(element)
    match = _GENERATED_SUFFIX.match(key)
    return match[1] if match else key


def _needed(value: str | None, name: str, longest: int) -> str:
    """Return what identifies the row; without it, or cut short, the row would be another one."""
    clean = (value or "").strip()
    if not clean:
        raise _BadRow(f"{name} is missing")
    if len(clean) > longest:
        raise _BadRow(f"{name} is longer than {longest} characters")
    return clean


def _name(value: str | None, label: str) -> str:
    """Return a name that may stand in an address."""
    clean = _needed(value, label, LONGEST_NAME)
    if _UNFIT_FOR_NAMES.search(clean):
        raise _BadRow(f"{label} {clean[:50]!r} holds characters that no name may have")
    return clean


def _clip(value: str | None, longest: int, remark: Callable[[str], None]) -> str:
    clean = (value or "").strip()
    if len(clean) > longest:
        remark(f"a text of {len(clean)} characters was cut to {longest}")
        return clean[:longest]
    return clean


def _texts(element: Element) -> Callable[[str, int, Callable[[str], None]], str]:
    """Return a reader of the element's children by name; what is left out is empty."""

    def text(name: str, longest: int, remark: Callable[[str], None]) -> str:
        return _clip(element.findtext(name), longest, remark)

    return text


def _one_of(value: str | None, name: str, allowed: tuple[str, ...]) -> str:
    clean = (value or "").strip().upper()
    if clean not in allowed:
        raise _BadRow(f"{name} is {clean[:50]!r}, not one of {', '.join(allowed)}")
    return clean


def _is_yes(value: str | None) -> bool:
    return (value or "").strip().upper() in ("Y", "YES", "TRUE", "1")


def _web_address(value: str | None, longest: int) -> str:
    """Return an address that may become a link, or empty: GOCDB has relative ones, and worse."""
    clean = (value or "").strip()
    if len(clean) > longest or any(character.isspace() for character in clean):
        return ""
    try:
        parts = urlsplit(clean)
    except ValueError:
        return ""
    return clean if parts.scheme.lower() in ("http", "https") and parts.netloc else ""


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
            is_monitored=_is_yes(endpoint.findtext("ENDPOINT_MONITORED")),
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
                site_name=_needed(service.findtext("HOSTED_BY"), "HOSTED_BY", LONGEST_NAME),
                hostname=_needed(service.findtext("HOSTNAME"), "HOSTNAME", LONGEST_HOST).lower(),
                service_type=_needed(
                    service.findtext("SERVICE_TYPE"), "SERVICE_TYPE", LONGEST_HOST
                ),
                endpoints=tuple(
                    name
                    for endpoint in service.iterfind("AFFECTED_ENDPOINTS/ENDPOINT")
                    if (name := (endpoint.findtext("NAME") or "").strip()[:255])
                ),
            )
        except _BadRow as bad:
            remark(f"a service was left out: {bad}")
            continue
        if record not in seen:
            seen.add(record)
            yield record


def _moment(element: Element, name: str, remark: Callable[[str], None]) -> datetime:
    """Read epoch seconds; check them against the human form where there is one."""
    value = _needed(element.findtext(name), name, 40)
    try:
        moment = datetime.fromtimestamp(int(value), UTC)
    except (ValueError, OverflowError, OSError):
        raise _BadRow(f"{name} {value!r} is no moment in epoch seconds") from None
    human = (element.findtext(f"FORMATED_{name}") or "").strip()
    if human and human != moment.strftime("%Y-%m-%d %H:%M"):
        remark(
            f"FORMATED_{name} says {human[:40]}, {name} says "
            f"{moment:%Y-%m-%d %H:%M}; we take {name}"
        )
    return moment


def _whole_number(value: str | None) -> int | None:
    clean = (value or "").strip()
    return int(clean) if clean.isascii() and clean.isdigit() and len(clean) < 19 else None
