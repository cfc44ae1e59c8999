"""Parts of a card that both of the Portal's formats have: people, servers, groups, resources."""

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element

from juno_support.lib.text import clean_line
from supportunits.parsers import card_values as values
from supportunits.parsers.card_records import (
    BOUNDS,
    LONGEST_CONTACT,
    LONGEST_TEXT,
    MIDDLEWARES,
    PLAIN_RESOURCES,
    RANGES,
    ROLES,
)
from supportunits.parsers.card_values import BadCard, attribute, child, is_yes, local, text_of

MOST_ROWS = 2_000
# The newer format's second name for the same thing.
_OTHER_NAMES = {"jobscratchspace": "max_scratch_space"}
Remark = Callable[[str], None]


def rows(parent: Element | None, name: str) -> list[Element]:
    """Return the children of this name.

    :raises BadCard: when there are more than anybody could have meant
    """
    found = [each for each in parent if local(each) == name.lower()] if parent is not None else []
    if len(found) > MOST_ROWS:
        raise BadCard(f"it has {len(found)} of <{name}>; {MOST_ROWS} are read")
    return found


def middlewares(element: Element) -> list[str]:
    """Return the supported services: attributes that say 1, or children that do."""
    said = dict(element.attrib) | {
        attribute(each, "name") or each.tag: each.text or ""
        for each in element
        if isinstance(each.tag, str)
    }
    names = {name for name, value in said.items() if is_yes(value)}
    known = {name.lower(): word for name, word in MIDDLEWARES.items()}
    words = {known.get(name.lower(), clean_line(name)[:100]) for name in names}
    order = {word: place for place, word in enumerate(MIDDLEWARES.values())}
    return sorted(words, key=lambda word: (order.get(word, len(order)), word))


def voms_server(element: Element) -> dict[str, Any]:
    """Return a VOMS server, with its certificate where the document has it."""
    certificate = child(element, "X509Cert")
    inside = certificate if certificate is not None else Element("X509Cert")
    return {
        "hostname": clean_line(text_of(child(element, "hostname"))),
        "https_port": attribute(element, "HttpsPort") or attribute(element, "https_port"),
        "vomses_port": attribute(element, "VomsesPort") or attribute(element, "vomses_port"),
        "is_admin_server": is_yes(
            attribute(element, "IsVomsAdminServer") or attribute(element, "is_vomsadmin_server")
        ),
        "members_list_url": attribute(element, "MembersListUrl")
        or clean_line(text_of(child(element, "memberslisturl"))),
        "dn": clean_line(text_of(child(inside, "DN"))),
        "ca_dn": clean_line(text_of(child(inside, "CA_DN"))),
        "serial_number": clean_line(text_of(child(inside, "SerialNumber"))),
        "public_key": text_of(child(inside, "X509PublicKey")),
    }


def contacts(
    elements: Iterable[Element], read: Callable[[Element], dict[str, Any]], remark: Remark
) -> list[dict[str, Any]]:
    """Return the people of a card, each once; those without name or known role are left out."""
    found: list[dict[str, Any]] = []
    for element in elements:
        contact = read(element)
        contact["role"] = contact["role"].upper()
        if not contact["name"]:
            remark("a contact without a name is left out")
        elif contact["role"] not in ROLES:
            remark(f"contact {contact['name']} is left out: its role is “{contact['role'][:40]}”")
        elif contact not in found:
            for key, most in LONGEST_CONTACT.items():
                if len(contact.get(key) or "") > most:
                    raise BadCard(f"the {key} of a contact has more than {most} characters")
            found.append(contact)
    return found


def known(**facts: str | None) -> dict[str, Any]:
    """Return those facts that the document tells."""
    return {name: value for name, value in facts.items() if value is not None}


def resources(element: Element) -> dict[str, str]:
    """Return what the VO needs of sites, wherever in the element the document says it."""
    leaves: dict[str, str] = {}
    found: dict[str, str] = {}
    ranges = {tag.lower(): name for name, tag in RANGES.items()}
    endpoints = []
    for each in element.iter():
        tag = local(each)
        if tag in ranges:
            for bound, word in BOUNDS.items():
                value = clean_line(text_of(child(each, word)))
                if value:
                    found[f"{ranges[tag]}_{bound}"] = value
        elif tag in ("endpoint", "endpoints") and len(each) == 0 and text_of(each):
            endpoints.append(clean_line(text_of(each)))
        elif len(each) == 0 and text_of(each):
            leaves.setdefault(tag, text_of(each))
    for name, wanted in PLAIN_RESOURCES.items():
        tag = wanted.lower()
        value = leaves.get(tag) or leaves.get(_OTHER_NAMES.get(tag, ""), "")
        if value:
            found[name] = value if name == "other_requirements" else clean_line(value)
    if endpoints:
        found["cvmfs_endpoints"] = "\n".join(endpoints)
    for name, value in found.items():
        if len(value) > LONGEST_TEXT:
            raise BadCard(f"its {name.replace('_', ' ')} has {len(value)} characters")
    return found


def discipline_paths(element: Element) -> list[list[str]]:
    """Return the disciplines of a tree, each as its path from broad to narrow."""
    paths: list[list[str]] = []

    def walk(node: Element, above: list[str]) -> None:
        label = _label(node)
        path = [*above, label] if label else above
        inner = [each for each in node if local(each) not in _LABELS]
        for each in inner:
            walk(each, path)
        if not inner and path and path not in paths:
            paths.append(path)

    for each in element:
        walk(each, [])
    if not len(element) and text_of(element):
        paths.append([clean_line(text_of(element))])
    return paths


_LABELS = ("value", "label", "name", "disciplinelabel", "id", "level")


def _label(node: Element) -> str:
    for name in ("value", "label", "name"):
        if attribute(node, name):
            return attribute(node, name)
    for name in ("value", "label", "name", "disciplinelabel"):
        label = clean_line(text_of(child(node, name)))
        if label:
            return label
    return clean_line(text_of(node))


def url(element: Element | None) -> str | None:
    """Return an address on one line; the Portal keeps blanks around some."""
    return values.line(element)
