"""VO ID cards as the Operations Portal writes them, so that our parser reads back the same."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from juno_support.lib.text import clean
from supportunits.parsers.card_records import (
    BOUNDS,
    LISTS,
    MIDDLEWARES,
    PLAIN_RESOURCES,
    RANGES,
    REGISTRIES,
    CardRecord,
)

NOT_TOLD: Final = "Not available"
_NO_DATE: Final = "0000-00-00 00:00:00"
FORMATS: Final = ("new", "old")


def write_cards(cards: Iterable[CardRecord], *, layout: str = "new") -> bytes:
    """Return a document with these cards, in UTF-8.

    :param layout: ``new`` (``<data><Vo>``) or ``old`` (``<VoDump><IDCard>``)
    """
    root = Element("VoDump" if layout == "old" else "data")
    write = _old if layout == "old" else _new
    for card in cards:
        write(root, card)
    indent(root)
    return tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _add(parent: Element, tag: str, text: object = "", **attributes: str) -> Element:
    element = SubElement(parent, tag, attributes)
    element.text = clean(str(text)) or None
    return element


def _told(fields: Mapping[str, Any], name: str) -> str:
    """Return a text; what the card does not tell is said to be hidden."""
    value = fields.get(name)
    return NOT_TOLD if value is None else str(value)


def _flag(value: object) -> str:
    return "1" if value else "0"


def _moment(text: str | None) -> str:
    """Return a day or a moment (UTC) as the Portal writes them."""
    if not text:
        return _NO_DATE
    return text.replace("T", " ")[:19] if "T" in text else f"{text} 00:00:00"


def _old(root: Element, record: CardRecord) -> None:
    fields = record.fields
    card = _add(root, "IDCard", Name=record.name)
    for tag, name in (
        ("CIC_ID", "cic_id"),
        ("Serial", "serial"),
        ("Status", "status"),
        ("Alias", "alias"),
        ("GridId", "grid_id"),
    ):
        if name in fields:
            card.set(tag, fields[name])
    _add(card, "ValidationDate", _moment(fields.get("validated_date")), TimeZone="UTC")
    _add(card, "LastChange", _moment(fields.get("changed_at")), TimeZone="UTC")
    _add(card, "Scope", _told(fields, "scope"))
    _add(card, "SupportProcedure", _told(fields, "support_procedure_url"))
    if "disciplines" in fields:
        paths = fields["disciplines"]
        _add(card, "Discipline", " / ".join(paths[0]) if paths else "")
    _add(card, "EnrollmentUrl", _told(fields, "enrolment_url"))
    _add(card, "HomepageUrl", _told(fields, "homepage_url"))
    policy = _add(card, "AUP", _told(fields, "acceptable_use_policy"))
    if "acceptable_use_policy_type" in fields:
        policy.set("type", fields["acceptable_use_policy_type"])
    _add(card, "Description", _told(fields, "description"))
    _middlewares(card, fields)
    if "groups" in fields or "voms_servers" in fields:
        grid = _add(card, "gLiteConf")
        groups = _add(grid, "FQANs")
        for group in fields.get("groups", ()):
            _old_group(groups, group)
        servers = _add(grid, "VOMSServers")
        for server in fields.get("voms_servers", ()):
            _voms_server(servers, server, _OLD_SERVER)
        _add(card, "ARCConf")
        _add(card, "UNICOREConf")
    people = _add(card, "Contacts")
    lists = _add(people, "MailingList")
    for name, tag in LISTS.items():
        _add(lists, tag, _told(fields, name))
    if "contacts" in fields:
        individuals = _add(people, "Individuals")
        for contact in fields["contacts"]:
            person = _add(individuals, "Contact")
            _add(person, "Name", contact["name"])
            _add(person, "Role", contact["role"])
            for key, tag in (("email", "Email"), ("dn", "DN"), ("phone", "Phone")):
                _add(person, tag, _told(contact, key))
    if "resources" in fields:
        _resources(_add(card, "Ressources"), fields["resources"])
    _extras(card, fields)


def _old_group(parent: Element, group: Mapping[str, Any]) -> None:
    row = _add(
        parent,
        "FQAN",
        IsGroupUsed=_flag(group.get("is_used")),
        GroupType=group.get("kind", ""),
    )
    _add(row, "FqanExpr", group.get("name", ""))
    _add(row, "Description", group.get("description", ""))
    _add(row, "ComputingShare", group.get("share", ""))


_OLD_SERVER: Final = ("VOMS_Server", "HttpsPort", "VomsesPort", "IsVomsAdminServer")
_NEW_SERVER: Final = ("VoVomsServer", "https_port", "vomses_port", "is_vomsadmin_server")


def _voms_server(parent: Element, server: Mapping[str, Any], names: tuple[str, ...]) -> None:
    tag, https, vomses, admin = names
    row = _add(
        parent,
        tag,
        **{
            https: str(server.get("https_port", "")),
            vomses: str(server.get("vomses_port", "")),
            admin: _flag(server.get("is_admin_server")),
        },
    )
    members = server.get("members_list_url", "")
    if names is _OLD_SERVER:
        row.set("MembersListUrl", members)
    _add(row, "hostname", server.get("hostname", ""))
    if names is _NEW_SERVER:
        _add(row, "memberslisturl", members)
    parts = (
        ("DN", "dn"),
        ("CA_DN", "ca_dn"),
        ("X509PublicKey", "public_key"),
        ("SerialNumber", "serial_number"),
    )
    if any(server.get(key) for _tag, key in parts):
        certificate = _add(row, "X509Cert")
        for part, key in parts:
            _add(certificate, part, server.get(key, ""))


def _middlewares(card: Element, fields: Mapping[str, Any]) -> None:
    if "middlewares" not in fields:
        return
    words = {word: name for name, word in MIDDLEWARES.items()}
    row = _add(card, "Middlewares")
    supported = set(fields["middlewares"])
    for word, name in words.items():
        row.set(name, _flag(word in supported))
    # A service that the Portal has no name for cannot be an attribute's name for sure.
    for word in sorted(supported - set(words)):
        _add(row, "Middleware", "1", name=word)


def _resources(parent: Element, needs: Mapping[str, str]) -> None:
    for name, tag in PLAIN_RESOURCES.items():
        if needs.get(name):
            _add(parent, tag, needs[name])
    for name, tag in RANGES.items():
        bounds = {word: needs.get(f"{name}_{bound}") for bound, word in BOUNDS.items()}
        if any(bounds.values()):
            row = _add(parent, tag)
            for word, value in bounds.items():
                _add(row, word, value or "")
    for endpoint in needs.get("cvmfs_endpoints", "").splitlines():
        _add(parent, "endpoints", endpoint)


def _extras(card: Element, fields: Mapping[str, Any]) -> None:
    names = {
        "is_monitored": "monitored",
        "needs_dedicated_support": "need_ggus_support",
        "needs_voms_help": "need_voms_help",
    }
    for name, tag in names.items():
        if name in fields:
            _add(card, tag, _flag(fields[name]))


_NEW_HEADER: Final = (
    ("scope", "scope"),
    ("enrollment_url", "enrolment_url"),
    ("homepage_url", "homepage_url"),
    ("supportprocedureurl", "support_procedure_url"),
    ("aup", "acceptable_use_policy"),
    ("aup_type", "acceptable_use_policy_type"),
    ("description", "description"),
    ("alias", "alias"),
    ("gridid", "grid_id"),
    ("status", "status"),
)
_NEW_LISTS: Final = {
    "admins_list": "adminsmailinglist",
    "operations_list": "operationsmailinglist",
    "users_list": "usersmailinglist",
    "user_support_list": "usersupportmailinglist",
    "security_list": "securitycontactmailinglist",
}


def _new(root: Element, record: CardRecord) -> None:
    fields = record.fields
    card = _add(root, "Vo", key=record.name, serial=fields.get("serial", ""))
    if fields.get("cic_id"):
        card.set("cic_id", fields["cic_id"])
    _add(card, "name", record.name)
    for tag, name in (
        ("validationdate", "validated_date"),
        ("creationdate", "created_date"),
        ("lastchange", "changed_at"),
    ):
        _add(card, tag, _moment(fields.get(name)))
    header = _add(card, "VoHeader")
    for tag, name in _NEW_HEADER:
        if name in fields:
            _add(header, tag, fields[name])
    _each(card, fields, "contacts", "VoContacts", _new_contact)
    lists = _add(card, "VoMailingLists")
    for name, tag in _NEW_LISTS.items():
        _add(lists, tag, _told(fields, name))
    if "resources" in fields:
        _resources(_add(card, "VoResources"), fields["resources"])
    _each(card, fields, "disciplines", "VoDisciplines", _discipline)
    _middlewares(card, fields)
    _each(card, fields, "groups", "VoVomsGroups", _new_group)
    _each(card, fields, "acknowledgements", "VoAcknowledgments", _thanks)
    if "voms_servers" in fields or "registries" in fields:
        registries = _add(card, "Registries")
        for server in fields.get("voms_servers", ()):
            _voms_server(registries, server, _NEW_SERVER)
        for registry in fields.get("registries", ()):
            _registry(registries, registry)
    _extras(card, fields)


def _registry(parent: Element, registry: Mapping[str, str]) -> None:
    kind = registry["kind"]
    row = _add(parent, kind) if kind in REGISTRIES else _add(parent, "ExternalRegistry", name=kind)
    _add(row, "memberslisturl", registry["url"])


def _each(
    card: Element,
    fields: Mapping[str, Any],
    name: str,
    tag: str,
    write: Callable[[Element, Any], None],
) -> None:
    if name in fields:
        parent = _add(card, tag)
        for value in fields[name]:
            write(parent, value)


def _new_contact(parent: Element, contact: Mapping[str, Any]) -> None:
    first, _blank, last = contact["name"].rpartition(" ")
    row = _add(parent, "VoContact")
    _add(row, "first_name", first)
    _add(row, "last_name", last)
    _add(row, "profile", contact["role"])
    for key in ("email", "dn", "phone"):
        _add(row, key, _told(contact, key))


def _discipline(parent: Element, path: Iterable[str]) -> None:
    for label in path:
        parent = _add(parent, "VoDiscipline", value=label)


def _new_group(parent: Element, group: Mapping[str, Any]) -> None:
    row = _add(parent, "VoVomsGroup")
    _add(row, "group_role", group.get("name", ""))
    _add(row, "description", group.get("description", ""))
    _add(row, "is_group_used", _flag(group.get("is_used")))
    _add(row, "group_type", group.get("kind", ""))
    _add(row, "allocated_ressources", group.get("share", ""))


def _thanks(parent: Element, row: Mapping[str, Any]) -> None:
    element = _add(parent, "VoAcknowledgment")
    _add(element, "grantid", row.get("grant", ""))
    _add(element, "acknowledgment", row.get("text", ""))
    _add(element, "relationShip", row.get("relationship", ""))
    _add(element, "publicationUrl", row.get("publication_url", ""))
