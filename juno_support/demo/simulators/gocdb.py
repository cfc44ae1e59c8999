"""A simulator of GOCDB's programmatic interface: a WSGI app in the true wire format.

It answers below ``/gocdbpi/public/`` and ``/gocdbpi/private/`` with the methods that a support
portal calls, with GOCDB's habits: errors come as HTTP 200, the scope EGI is assumed where none is
asked for, some empty elements are left out and others are not, ids and primary keys differ, links
of paged answers point to another host. In reality the web server before ``private`` asks for a
client certificate; here whoever asks there counts as somebody with a certificate.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape, quoteattr

from juno_support.demo.simulators import failures, gocdb_downtimes, switches
from juno_support.demo.simulators import gocdb_topology as topology
from juno_support.demo.simulators.gocdb_downtimes import Shown

PAGE_SIZE = 100
DEFAULT_SCOPE = "EGI"
PORTAL = "https://goc.example.org/portal/index.php"
# As behind a proxy: not the host that was asked.
INTERNAL_HOST = "https://gocdb-internal.example.org"

_PATHS = {"/gocdbpi/public/": False, "/gocdbpi/private/": True}
_CURSORS = ("next_cursor", "prev_cursor")
_SCOPE = ("scope", "scope_match")
_OF_SITES = (
    "sitename",
    "roc",
    "country",
    "certification_status",
    "exclude_certification_status",
    "production_status",
    *_SCOPE,
    "extensions",
    *_CURSORS,
)
_OF_SERVICES = (
    "hostname",
    "sitename",
    "roc",
    "country",
    "service_type",
    "monitored",
    *_SCOPE,
    "extensions",
    "properties",
    *_CURSORS,
)
_OF_DOWNTIMES = (
    "topentity",
    "ongoing_only",
    "startdate",
    "enddate",
    "windowstart",
    "windowend",
    *_SCOPE,
    "id",
    "all_lastmonth",
    "site_extensions",
    "service_extensions",
    *_CURSORS,
    # Not documented, and working, all but servicelist, which is taken and ignored.
    "sitelist",
    "servicelist",
    "ngilist",
    "severity",
    "classification",
    "production",
    "monitored",
    "certification_status",
    "service_type_list",
)


class Refused(Exception):
    """What GOCDB says instead of a document, with status 200."""


class Element:
    """An element of an answer, with children or a text; written as PHP's DOM writes it."""

    def __init__(self, tag: str, text: str = "", /, **attributes: str) -> None:
        self.tag = tag
        self.text = text
        self.attributes = attributes
        self.children: list[Element] = []

    def add(self, tag: str, text: str | int | None = "", /) -> "Element":
        """Append a child, written as an empty element where the text is empty."""
        child = Element(tag, "" if text is None else str(text))
        self.children.append(child)
        return child

    def add_if(self, tag: str, text: str) -> None:
        """Append a child unless the text is empty: then GOCDB leaves the element out."""
        if text:
            self.add(tag, text)

    def extend(self, children: Iterable["Element"]) -> Self:
        """Append children and return the element."""
        self.children.extend(children)
        return self

    def lines(self, indent: str = "") -> Iterable[str]:
        """Return the element line by line."""
        head = self.tag + "".join(f" {k}={quoteattr(v)}" for k, v in self.attributes.items())
        if self.children:
            yield f"{indent}<{head}>"
            for child in self.children:
                yield from child.lines(indent + "  ")
            yield f"{indent}</{self.tag}>"
        elif self.text:
            yield f"{indent}<{head}>{escape(self.text)}</{self.tag}>"
        else:
            yield f"{indent}<{head}/>"


@dataclass(frozen=True)
class Question:
    """A question to the interface."""

    method: str
    params: dict[str, str]
    is_private: bool
    moment: datetime
    base: datetime
    manual: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """A method of the interface: what it accepts, and whether it asks for a credential."""

    answer: Callable[[Question], list[Element]]
    accepts: tuple[str, ...]
    is_protected: bool = False


class Gocdb:
    """The WSGI app."""

    def __init__(
        self,
        moment: Callable[[], datetime],
        switch_file: Path,
        *,
        wait: failures.Wait | None = None,
    ) -> None:
        """Make the app.

        :param moment: gives the present moment, aware; the demo's clock may be moved
        :param switch_file: where ``manage.py demo`` keeps the switches
        :param wait: sleeps for so many seconds; for tests
        """
        self._moment = moment
        self._switch_file = switch_file
        self._started_at = moment().astimezone(UTC).replace(microsecond=0)
        honest = self._answer
        self._app = (
            failures.spoiled(honest, self._failure)
            if wait is None
            else failures.spoiled(honest, self._failure, wait=wait)
        )

    def __call__(
        self, environ: failures.Environ, start_response: failures.StartResponse
    ) -> Iterable[bytes]:
        """Answer a question."""
        return self._app(environ, start_response)

    def _failure(self, environ: failures.Environ) -> str | None:
        method = dict(parse_qsl(environ.get("QUERY_STRING", ""))).get("method", "")
        source = "gocdb-downtimes" if method.startswith("get_downtime") else "gocdb-topology"
        switched = switches.read(self._switch_file).failures
        return switched.get(source) or switched.get("gocdb")

    def _answer(
        self, environ: failures.Environ, start_response: failures.StartResponse
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        path = path.removesuffix("index.php")
        is_private = _PATHS.get(path if path.endswith("/") else path + "/")
        if is_private is None:
            start_response("404 Not Found", [("Content-Type", "text/html; charset=iso-8859-1")])
            return [b"<html><h1>Not Found</h1></html>"]
        params = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        params.pop("output", None)
        switched = switches.read(self._switch_file)
        base = (
            self._started_at
            if switched.base is None
            else datetime.fromtimestamp(switched.base, UTC)
        )
        question = Question(
            params.pop("method", ""),
            params,
            is_private,
            self._moment().astimezone(UTC),
            base,
            switched.downtimes,
        )
        try:
            text = _document(question)
        except Refused as words:
            text = str(words)
        body = text.encode()
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]


def _document(question: Question) -> str:
    method = METHODS.get(question.method)
    if method is None:
        raise Refused(f"Unable to find method: {question.method}")
    if method.is_protected and not question.is_private:
        raise Refused(
            "No valid identifier found. Try accessing the resource through the private interface."
        )
    for name in question.params:
        if name not in method.accepts:
            raise Refused(f"<error>Unsupported parameter: {name}</error>")
    for value in question.params.values():
        if any(sign in value for sign in "\"'`"):
            raise Refused(f"<error>Unsuported chracter in value: {value}</error>")
    root = Element("results").extend(method.answer(question))
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', *root.lines(), ""))


# --- questions ----------------------------------------------------------------------------


def _like(pattern: str, value: str) -> bool:
    """Compare as SQL's LIKE does in a database that ignores the case of letters."""
    remaining = value.lower()
    first, *others = pattern.lower().split("%")
    if not others:
        return remaining == first
    if not remaining.startswith(first):
        return False
    remaining = remaining[len(first) :]
    *middle, last = others
    for part in middle:
        found = remaining.find(part)
        if found < 0:
            return False
        remaining = remaining[found + len(part) :]
    return remaining.endswith(last)


def _in_scope(scopes: Iterable[str], params: dict[str, str]) -> bool:
    wanted = params.get("scope", DEFAULT_SCOPE)
    if not wanted:
        return True
    how = params.get("scope_match", "all")
    if how not in ("all", "any"):
        raise Refused("<error>Invalid scope_match value</error>")
    asked = [one.strip() for one in wanted.split(",")]
    has = set(scopes)
    return (any if how == "any" else all)(one in has for one in asked)


def _sites(params: dict[str, str]) -> list[topology.Site]:
    return [
        site
        for site in topology.sites()
        if _in_scope(site.scopes, params)
        and _like(params.get("sitename", "%"), site.name)
        and _like(params.get("roc", "%"), site.centre)
        and _like(params.get("country", "%"), site.country)
        and _like(params.get("certification_status", "%"), site.status)
        and not _like(params.get("exclude_certification_status", ""), site.status)
        and _like(params.get("production_status", "%"), site.infrastructure)
    ]


def _moment_of(text: str, now: datetime) -> datetime:
    """Read a date as PHP's DateTime does, in the forms that clients send; UTC by default."""
    if not text.strip():
        return now
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(
            f"Failed to parse time string ({text}) at position 0 ({text[0]}):"
            " The timezone could not be found in the database"
        ) from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _paged(rows: list[Any], question: Question) -> tuple[list[Any], list[Element]]:
    """Return one page and its meta element, or everything where no cursor was asked for."""
    named = next((name for name in _CURSORS if name in question.params), None)
    if named is None:
        return rows, []
    text = question.params[named]
    if not text.isdigit():
        raise Refused(f"<error>Invalid '{named}' parameter - must be a whole number</error>")
    cursor = int(text)
    if named == "next_cursor":
        page = [row for row in rows if row.id > cursor][:PAGE_SIZE]
    else:
        page = [row for row in rows if row.id < cursor][-PAGE_SIZE:]

    def link(rel: str, name: str, value: int) -> Element:
        others = {k: v for k, v in question.params.items() if k not in _CURSORS}
        side = "private" if question.is_private else "public"
        query = urlencode({"method": question.method, **others, name: value})
        return Element("link", rel=rel, href=f"{INTERNAL_HOST}/gocdbpi/{side}/?{query}")

    meta = Element("meta")
    meta.children.append(link("self", named, cursor))
    if page:
        meta.children.append(link("next", "next_cursor", page[-1].id))
        meta.children.append(link("prev", "prev_cursor", page[0].id))
    elif named == "next_cursor":
        meta.children.append(link("prev", "prev_cursor", cursor + 1))
    meta.children.append(link("start", "next_cursor", 0))
    meta.add("count", str(len(page)))
    meta.add("max_page_size", str(PAGE_SIZE))
    return page, [meta]


# --- sites and centres --------------------------------------------------------------------


def _get_site_list(question: Question) -> list[Element]:
    return [
        Element(
            "SITE",
            ID=str(site.id),
            PRIMARY_KEY=site.key,
            NAME=site.name,
            COUNTRY=site.country,
            COUNTRY_CODE=site.country_code,
            ROC=site.centre,
            SUBGRID="",
            GIIS_URL="",
        )
        for site in _sites(question.params)
    ]


def _get_site(question: Question) -> list[Element]:
    page, answer = _paged(_sites(question.params), question)
    for site in page:
        element = Element("SITE", ID=str(site.id), PRIMARY_KEY=site.key, NAME=site.name)
        element.add("PRIMARY_KEY", site.key)
        element.add("SHORT_NAME", site.name)
        element.add_if("OFFICIAL_NAME", site.official_name)
        element.add_if("SITE_DESCRIPTION", site.description)
        element.add("GOCDB_PORTAL_URL", f"{PORTAL}?Page_Type=Site&id={site.id}")
        element.add_if("HOME_URL", site.home_url)
        element.add("CONTACT_EMAIL", f"grid-support@{site.mail_domain}")
        element.add_if("CONTACT_TEL", site.telephone)
        if "juno" in site.scopes or "wlcg" in site.scopes:
            element.add("ALARM_EMAIL", f"grid-alarm@{site.mail_domain}")
        element.add("COUNTRY_CODE", site.country_code)
        element.add("COUNTRY", site.country)
        element.add("ROC", site.centre)
        element.add("PRODUCTION_INFRASTRUCTURE", site.infrastructure)
        element.add("CERTIFICATION_STATUS", site.status)
        element.add("TIMEZONE", site.time_zone)
        element.add("LATITUDE", str(site.latitude))
        element.add("LONGITUDE", str(site.longitude))
        element.add("CSIRT_EMAIL", f"csirt@{site.mail_domain}")
        element.add("NOTIFICATIONS", "TRUE" if site.id % 2 else "FALSE")
        element.add("DOMAIN").add("DOMAIN_NAME", site.domain)
        element.add("SITE_IP", f"192.0.2.{site.id % 250}/255.255.255.255")
        element.add("SCOPES").extend(Element("SCOPE", scope) for scope in site.scopes)
        element.add("EXTENSIONS")
        answer.append(element)
    return answer


def _get_site_contacts(question: Question) -> list[Element]:
    page, answer = _paged(_sites(question.params), question)
    role = question.params.get("roletype", "%")
    for site in page:
        element = Element("SITE", ID=f"{site.id}G0", PRIMARY_KEY=site.key, NAME=site.name)
        element.add("PRIMARY_KEY", site.key)
        element.add("SHORT_NAME", site.name)
        for person in site.people:
            if not _like(role, person.role):
                continue
            contact = Element("CONTACT", USER_ID=f"{person.id}G0", PRIMARY_KEY=f"{person.id}G0")
            contact.add("FORENAME", person.forename)
            contact.add("SURNAME", person.surname)
            contact.add("TITLE")
            contact.add("EMAIL", person.email)
            contact.add("TEL", site.telephone)
            name = f"{person.forename} {person.surname}"
            contact.add("CERTDN", f"/DC=org/DC=example/O={site.name}/CN={name}")
            contact.add("ROLE_NAME", person.role)
            element.children.append(contact)
        answer.append(element)
    return answer


def _get_site_security_info(question: Question) -> list[Element]:
    page, answer = _paged(_sites(question.params), question)
    for site in page:
        element = Element("SITE", ID=f"{site.id}G0", PRIMARY_KEY=site.key, NAME=site.name)
        element.add("PRIMARY_KEY", site.key)
        element.add("SHORT_NAME", site.name)
        element.add("CSIRT_EMAIL", f"csirt@{site.mail_domain}")
        element.add("CSIRT_TEL", site.telephone)
        answer.append(element)
    return answer


def _get_roc_list(question: Question) -> list[Element]:
    return [
        Element("ROC", PRIMARY_KEY=f"{centre.id}G0", ROC_NAME=centre.name)
        for centre in topology.centres()
        if _like(question.params.get("roc", "%"), centre.name)
    ]


def _get_ngi(question: Question) -> list[Element]:
    counted = [site.centre for site in topology.sites()]
    chosen = [
        centre
        for centre in topology.centres()
        if _in_scope((DEFAULT_SCOPE,), question.params)
        and _like(question.params.get("roc", "%"), centre.name)
    ]
    page, answer = _paged(chosen, question)
    for centre in page:
        element = Element("NGI", ID=str(centre.id), NAME=centre.name)
        element.add("PRIMARY_KEY", str(centre.id))
        element.add("NAME", centre.name)
        element.add("OBJECT_ID", str(centre.id))
        element.add("DESCRIPTION", centre.description)
        element.add("EMAIL", f"operations@{centre.domain}")
        element.add("GGUS_SU", centre.ggus_unit)
        element.add("ROD_EMAIL", f"rod@{centre.domain}" if centre.id % 3 else "")
        element.add("HELPDESK_EMAIL", f"helpdesk@{centre.domain}" if centre.id % 2 else "")
        element.add("SECURITY_EMAIL", f"security@{centre.domain}")
        element.add("SITE_COUNT", str(counted.count(centre.name)))
        element.add("SCOPES").add("SCOPE", DEFAULT_SCOPE)
        answer.append(element)
    return answer


# --- services -----------------------------------------------------------------------------


def _get_service(question: Question) -> list[Element]:
    params = question.params
    chosen = [
        service
        for site in topology.sites()
        if _like(params.get("sitename", "%"), site.name)
        and _like(params.get("roc", "%"), site.centre)
        and _like(params.get("country", "%"), site.country)
        for service in site.services
        if _in_scope(service.scopes, params)
        and _like(params.get("hostname", "%"), service.hostname)
        and _like(params.get("service_type", "%"), service.type)
        and _like(params.get("monitored", "%"), _yes(service.monitored))
    ]
    page, answer = _paged(chosen, question)
    for service in page:
        site = topology.site_of_service()[service.id]
        element = Element("SERVICE_ENDPOINT", PRIMARY_KEY=service.key)
        element.add("PRIMARY_KEY", service.key)
        element.add("HOSTNAME", service.hostname)
        element.add("GOCDB_PORTAL_URL", f"{PORTAL}?Page_Type=Service&id={service.id}")
        if service.type in (topology.HTCONDOR, topology.ARC, topology.VOMS):
            element.add("HOSTDN", f"/DC=org/DC=example/O={site.name}/CN={service.hostname}")
        element.add("BETA", _yes(service.beta))
        element.add("SERVICE_TYPE", service.type)
        if service.id % 3 == 0:
            element.add("HOST_IP", f"192.0.2.{service.id % 250 + 1}")
        element.add("CORE")
        element.add("IN_PRODUCTION", _yes(service.in_production))
        element.add("NODE_MONITORED", _yes(service.monitored))
        element.add("NOTIFICATIONS", "N")
        element.add("SITENAME", site.name)
        element.add("COUNTRY_NAME", site.country)
        element.add("COUNTRY_CODE", site.country_code)
        element.add("ROC_NAME", site.centre)
        element.add("URL", service.url)
        endpoints = element.add("ENDPOINTS")
        if service.url:
            endpoint = endpoints.add("ENDPOINT")
            endpoint.add("ID", str(service.id))
            endpoint.add("NAME", service.type)
            endpoint.add("EXTENSIONS")
            endpoint.add("URL", service.url)
            endpoint.add("INTERFACENAME", service.type)
            endpoint.add("ENDPOINT_MONITORED", _yes(service.monitored))
        element.add("SCOPES").extend(Element("SCOPE", scope) for scope in service.scopes)
        element.add("EXTENSIONS")
        answer.append(element)
    return answer


def _get_service_types(question: Question) -> list[Element]:
    answer = []
    for number, (name, words) in enumerate(topology.SERVICE_TYPES.items(), start=1):
        element = Element("SERVICE_TYPE", TYPE_ID=f"{number}G0", PRIMARY_KEY=f"{number}G0")
        element.add("SERVICE_TYPE_NAME", name)
        element.add("SERVICE_TYPE_DESC", words)
        answer.append(element)
    return answer


# --- downtimes ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chosen:
    """A downtime with those of its services that the question's filters leave."""

    id: int
    shown: Shown
    services: tuple[topology.Service, ...]


def _all_downtimes(question: Question) -> list[Shown]:
    return gocdb_downtimes.shown_at(question.moment, base=question.base, manual=question.manual)


def _service_fits(service: topology.Service, site: topology.Site, params: dict[str, str]) -> bool:
    """Say whether the filters leave a service: they trim the services inside a downtime."""
    top = params.get("topentity", "%")
    return (
        _in_scope(service.scopes, params)
        and any(
            _like(top, name) for name in (service.hostname, site.name, site.centre, site.country)
        )
        and _listed(service.type, params.get("service_type_list"))
        and _like(params.get("monitored", "%"), "1" if service.monitored else "0")
        and _like(params.get("production", "%"), "1" if service.in_production else "0")
    )


def _listed(value: str, wanted: str | None) -> bool:
    return wanted is None or value in wanted.split(",")


def _downtime_fits(shown: Shown, question: Question) -> bool:
    params, now, facts = question.params, question.moment, shown.facts
    if "ongoing_only" in params:
        if params["ongoing_only"] not in ("yes", "no"):
            raise Refused("<error>Invalid ongoing_only value - must be 'yes' or 'no'</error>")
        if params["ongoing_only"] == "yes" and ("startdate" in params or "enddate" in params):
            raise Refused(
                "<error>Invalid parameter combination - do not specify startdate or enddate with"
                " ongoing_only</error>"
            )
        # "no" restricts just as "yes" does.
        if not facts.starts_at < now < facts.ends_at:
            return False
    if "startdate" in params and not facts.starts_at > _moment_of(params["startdate"], now):
        return False
    if "enddate" in params and not facts.ends_at < _moment_of(params["enddate"], now):
        return False
    if "windowstart" in params and not facts.ends_at > _moment_of(params["windowstart"], now):
        return False
    if "windowend" in params:
        # GOCDB adds a day.
        last = _moment_of(params["windowend"], now) + timedelta(days=1)
        if not facts.starts_at < last:
            return False
    if "all_lastmonth" in params and not facts.starts_at > now - timedelta(days=31):
        return False
    return (
        params.get("id", str(shown.id)) == str(shown.id)
        and params.get("severity", facts.severity) == facts.severity
        and params.get("classification", shown.classification) == shown.classification
        and _listed(shown.site.name, params.get("sitelist"))
        and _listed(shown.site.centre, params.get("ngilist"))
        and _like(params.get("certification_status", "%"), shown.site.status)
    )


def _chosen(question: Question) -> list[_Chosen]:
    for name in ("startdate", "enddate", "windowstart", "windowend"):
        if name in question.params:
            _moment_of(question.params[name], question.moment)
    found = []
    for shown in _all_downtimes(question):
        if not _downtime_fits(shown, question):
            continue
        services = tuple(
            service
            for service in shown.site.services
            if service.id in shown.facts.services
            and _service_fits(service, shown.site, question.params)
        )
        if services:
            found.append(_Chosen(shown.id, shown, services))
    return found


def _get_downtime_nested_services(question: Question) -> list[Element]:
    page, answer = _paged(_chosen(question), question)
    for one in page:
        element = _downtime_element(one.shown)
        _add_facts(element, one.shown)
        element.add("GOCDB_PORTAL_URL", _downtime_url(one.shown))
        services = element.add("SERVICES")
        for service in one.services:
            inner = services.add("SERVICE")
            inner.add("PRIMARY_KEY", service.key)
            inner.add("HOSTNAME", service.hostname)
            inner.add("SERVICE_TYPE", service.type)
            inner.add("ENDPOINT", service.hostname + service.type)
            inner.add("HOSTED_BY", one.shown.site.name)
            _add_endpoints(inner, service)
        answer.append(element)
    return answer


def _get_downtime(question: Question) -> list[Element]:
    page, answer = _paged(_chosen(question), question)
    for one in page:
        for service in one.services:
            element = _downtime_element(one.shown)
            element.add("PRIMARY_KEY", one.shown.key)
            element.add("HOSTNAME", service.hostname)
            element.add("SERVICE_TYPE", service.type)
            element.add("ENDPOINT", service.hostname + service.type)
            element.add("HOSTED_BY", one.shown.site.name)
            element.add("GOCDB_PORTAL_URL", _downtime_url(one.shown))
            _add_endpoints(element, service)
            _add_facts(element, one.shown)
            answer.append(element)
    return answer


def _get_downtime_to_broadcast(question: Question) -> list[Element]:
    text = question.params.get("interval", "1")
    if not text.isdigit():
        raise Refused("<error>Invalid interval value</error>")
    since = question.moment - timedelta(days=int(text))
    page, answer = _paged(
        [one for one in _chosen(question) if one.shown.declared_at > since], question
    )
    for one in page:
        facts = one.shown.facts
        for service in one.services:
            element = _downtime_element(one.shown)
            element.add("PRIMARY_KEY", one.shown.key)
            element.add("SITENAME", one.shown.site.name)
            element.add("HOSTNAME", service.hostname)
            element.add("SERVICE_TYPE", service.type)
            element.add("HOSTED_BY", one.shown.site.name)
            element.add("GOCDB_PORTAL_URL", _downtime_url(one.shown))
            _add_endpoints(element, service)
            element.add("SEVERITY", facts.severity)
            element.add("DESCRIPTION", facts.description)
            element.add("INSERT_DATE", _epoch(one.shown.declared_at))
            element.add("START_DATE", _epoch(facts.starts_at))
            element.add("END_DATE", _epoch(facts.ends_at))
            element.add("REMINDER_START_DOWNTIME", _epoch(one.shown.declared_at))
            element.add("BROADCASTING_START_DOWNTIME")
            answer.append(element)
    return answer


def _downtime_element(shown: Shown) -> Element:
    return Element(
        "DOWNTIME",
        ID=str(shown.id),
        PRIMARY_KEY=shown.key,
        CLASSIFICATION=shown.classification,
    )


def _downtime_url(shown: Shown) -> str:
    return f"{PORTAL}?Page_Type=Downtime&id={shown.id}"


def _add_facts(element: Element, shown: Shown) -> None:
    facts = shown.facts
    element.add("SEVERITY", facts.severity)
    element.add("DESCRIPTION", facts.description)
    element.add("INSERT_DATE", _epoch(shown.declared_at))
    element.add("START_DATE", _epoch(facts.starts_at))
    element.add("END_DATE", _epoch(facts.ends_at))
    element.add("FORMATED_START_DATE", f"{facts.starts_at:%Y-%m-%d %H:%M}")
    element.add("FORMATED_END_DATE", f"{facts.ends_at:%Y-%m-%d %H:%M}")


def _add_endpoints(element: Element, service: topology.Service) -> None:
    endpoints = element.add("AFFECTED_ENDPOINTS")
    if service.url:
        endpoint = endpoints.add("ENDPOINT")
        endpoint.add("ID", str(service.id))
        endpoint.add("NAME", service.type)
        endpoint.add("URL", service.url)
        endpoint.add("INTERFACENAME", service.type)
        endpoint.add("ENDPOINT_MONITORED", _yes(service.monitored))


def _epoch(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _yes(value: bool) -> str:
    return "Y" if value else "N"


METHODS: dict[str, Method] = {
    "get_site_list": Method(_get_site_list, _OF_SITES),
    "get_site": Method(_get_site, _OF_SITES, is_protected=True),
    "get_site_contacts": Method(
        _get_site_contacts,
        ("sitename", "roc", "country", "roletype", *_SCOPE, *_CURSORS),
        is_protected=True,
    ),
    "get_site_security_info": Method(_get_site_security_info, _OF_SITES, is_protected=True),
    "get_roc_list": Method(_get_roc_list, ("roc",)),
    "get_ngi": Method(_get_ngi, ("roc", *_SCOPE, *_CURSORS), is_protected=True),
    "get_service": Method(_get_service, _OF_SERVICES),
    "get_service_endpoint": Method(_get_service, _OF_SERVICES),
    "get_service_types": Method(_get_service_types, ()),
    "get_downtime": Method(_get_downtime, _OF_DOWNTIMES),
    "get_downtime_nested_services": Method(_get_downtime_nested_services, _OF_DOWNTIMES),
    "get_downtime_to_broadcast": Method(
        _get_downtime_to_broadcast, ("interval", *_SCOPE, "id", *_CURSORS)
    ),
}
"""Every method that the simulator knows."""
