"""VO ID cards out of the Operations Portal's XML, of its old and its new interface.

Old (to 2021): ``<VoDump><IDCard Name="juno" …>``. New: ``<data><Vo key="juno" serial="…">``, with
all fields (VO_full_new) or only some (lists of VOs). A card that cannot be read is refused with its
reason; the others are kept. Sources: the Portal's public feed, and its own configuration.
"""

from collections.abc import Callable
from typing import Any, Final
from xml.etree.ElementTree import Element

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.text import clean_line
from juno_support.lib.xml import read_document
from supportunits.parsers import card_parts as parts
from supportunits.parsers import card_values as values
from supportunits.parsers.card_records import LISTS, CardDump, CardRecord, RefusedCard
from supportunits.parsers.card_values import BadCard, attribute, child, local, text_of, told

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_ELEMENTS: Final = 500_000
MOST_REMARKS: Final = 50
# The Portal's roots, which may be empty; others count where there are cards below them.
_ROOTS: Final = ("vodump", "data")
_CARDS: Final = ("idcard", "vo")
Remark = Callable[[str], None]


def read_cards(body: bytes) -> CardDump:
    """Read a document of the Portal.

    :raises AnswerNotUnderstood: when it is no document of cards at all
    """
    if len(body) > MOST_BYTES:
        raise AnswerNotUnderstood("The document is larger than 64 MB.", permanent=True)
    if not body.strip():
        raise AnswerNotUnderstood("The document is empty (0 bytes).", permanent=True)
    document = read_document(body, max_elements=MOST_ELEMENTS)
    root = document.root
    elements = [root] if local(root) in _CARDS else [each for each in root if local(each) in _CARDS]
    if not elements and local(root) not in _ROOTS:
        raise AnswerNotUnderstood(
            f"This is a <{str(root.tag)[:50]}> document, not the Portal's <VoDump> or <data>.",
            permanent=True,
            body_start=body,
        )
    found: dict[str, CardRecord] = {}
    refused: list[RefusedCard] = []
    remarks: list[str] = []
    for position, element in enumerate(elements, start=1):
        row = f"{position}: {_name(element)[:100] or '?'}"

        def remark(words: str, row: str = row) -> None:
            if len(remarks) < MOST_REMARKS:
                remarks.append(f"{row}: {words}")

        try:
            card = _read(element, remark)
        except BadCard as error:
            refused.append(RefusedCard(row, str(error), _name(element)))
            continue
        if card.name.lower() in found:
            refused.append(
                RefusedCard(row, "another card of this document has the same name", card.name)
            )
        else:
            found[card.name.lower()] = card
    return CardDump(tuple(found.values()), tuple(refused), tuple(remarks), document.repaired)


def _name(element: Element) -> str:
    header = child(element, "VoHeader")
    return (
        attribute(element, "Name")
        or attribute(element, "key")
        or clean_line(text_of(child(element, "name")))
        or (clean_line(text_of(child(header, "name"))) if header is not None else "")
    )


def _read(element: Element, remark: Remark) -> CardRecord:
    name = values.vo_name(_name(element))
    read = _old if local(element) == "idcard" else _new
    fields = {key: value for key, value in read(element, remark).items() if value is not None}
    values.check_lengths(fields)
    return CardRecord(name, fields)


def _old(card: Element, remark: Remark) -> dict[str, Any]:
    policy = child(card, "AUP")
    discipline = values.line(child(card, "Discipline"))
    fields: dict[str, Any] = {
        "serial": values.told_attribute(card, "Serial"),
        "cic_id": values.told_attribute(card, "CIC_ID"),
        "alias": values.told_attribute(card, "Alias"),
        "grid_id": values.told_attribute(card, "GridId"),
        "status": values.status(attribute(card, "Status") or "Production"),
        "validated_date": values.day(text_of(child(card, "ValidationDate"))),
        "changed_at": values.moment(text_of(child(card, "LastChange"))),
        "scope": values.line(child(card, "Scope")),
        "support_procedure_url": parts.url(child(card, "SupportProcedure")),
        "enrolment_url": parts.url(child(card, "EnrollmentUrl")),
        "homepage_url": parts.url(child(card, "HomepageUrl")),
        "description": told(child(card, "Description")),
        "acceptable_use_policy": told(policy),
        "acceptable_use_policy_type": values.told_attribute(policy, "type"),
    }
    if discipline is not None:
        fields["disciplines"] = [[discipline]] if discipline else []
    return fields | _old_parts(card, remark) | _extras(card)


def _old_parts(card: Element, remark: Remark) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    services = child(card, "Middlewares")
    if services is not None:
        fields["middlewares"] = parts.middlewares(services)
    grid = child(card, "gLiteConf")
    if grid is not None:
        fields["groups"] = [_old_group(each) for each in parts.rows(child(grid, "FQANs"), "FQAN")]
        fields["voms_servers"] = [
            parts.voms_server(each)
            for each in parts.rows(child(grid, "VOMSServers"), "VOMS_Server")
        ]
    people = child(card, "Contacts")
    if people is not None:
        lists = child(people, "MailingList")
        if lists is not None:
            fields |= {name: values.line(child(lists, tag)) for name, tag in LISTS.items()}
        individuals = child(people, "Individuals")
        if individuals is not None:
            fields["contacts"] = parts.contacts(
                parts.rows(individuals, "Contact"), _old_contact, remark
            )
    needs = child(card, "Ressources")
    if needs is not None:
        fields["resources"] = parts.resources(needs)
    return fields


def _old_group(element: Element) -> dict[str, Any]:
    return {
        "name": clean_line(text_of(child(element, "FqanExpr"))),
        "kind": attribute(element, "GroupType"),
        "description": text_of(child(element, "Description")),
        "share": clean_line(text_of(child(element, "ComputingShare"))),
        "is_used": values.is_yes(attribute(element, "IsGroupUsed")),
    }


def _old_contact(element: Element) -> dict[str, Any]:
    return {
        "name": clean_line(text_of(child(element, "Name"))),
        "role": clean_line(text_of(child(element, "Role"))),
        **parts.known(
            email=values.line(child(element, "Email")),
            dn=values.line(child(element, "DN")),
            phone=values.line(child(element, "Phone")),
        ),
    }


def _new(card: Element, remark: Remark) -> dict[str, Any]:
    found = child(card, "VoHeader")
    header = found if found is not None else card
    status = text_of(child(header, "status"))
    policy = child(header, "aup")
    fields: dict[str, Any] = {
        "serial": attribute(card, "serial") or values.line(child(card, "serial")),
        "cic_id": attribute(card, "cic_id") or None,
        "alias": values.line(child(header, "alias")),
        "grid_id": values.line(child(header, "gridid")),
        "status": values.status(status) if status else None,
        "validated_date": values.day(text_of(child(card, "validationdate"))),
        "created_date": values.day(text_of(child(card, "creationdate"))),
        "changed_at": values.moment(text_of(child(card, "lastchange"))),
        "scope": values.line(child(header, "scope")),
        "support_procedure_url": parts.url(child(header, "supportprocedureurl")),
        "enrolment_url": parts.url(child(header, "enrollment_url")),
        "homepage_url": parts.url(child(header, "homepage_url")),
        "description": told(child(header, "description")),
        "acceptable_use_policy": told(policy),
        "acceptable_use_policy_type": values.line(child(header, "aup_type")),
    }
    return fields | _new_parts(card, header, remark) | _new_lists(card) | _extras(card)


def _new_parts(card: Element, header: Element, remark: Remark) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    lists = child(card, "VoMailingLists")
    if lists is not None:
        fields |= {name: values.line(child(lists, tag)) for name, tag in _NEW_LISTS.items()}
    people = child(card, "VoContacts")
    if people is not None:
        fields["contacts"] = parts.contacts(parts.rows(people, "VoContact"), _new_contact, remark)
    disciplines = child(card, "VoDisciplines")
    if disciplines is not None:
        fields["disciplines"] = parts.discipline_paths(disciplines)
    services = child(card, "Middlewares")
    if services is None:
        services = child(header, "Middlewares")
    if services is not None:
        fields["middlewares"] = parts.middlewares(services)
    needs = child(card, "VoResources")
    if needs is not None:
        fields["resources"] = parts.resources(needs)
    return fields


def _new_lists(card: Element) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    groups = child(card, "VoVomsGroups")
    if groups is not None:
        fields["groups"] = [_new_group(each) for each in parts.rows(groups, "VoVomsGroup")]
    words = child(card, "VoAcknowledgments")
    if words is not None:
        fields["acknowledgements"] = [
            row
            for each in parts.rows(words, "VoAcknowledgment")
            if any((row := _thanks(each)).values())
        ]
    registries = child(card, "Registries")
    if registries is not None:
        fields["voms_servers"] = [
            parts.voms_server(each) for each in parts.rows(registries, "VoVomsServer")
        ]
        fields["registries"] = _registries(registries)
    return fields


_NEW_LISTS: Final = {
    "admins_list": "adminsmailinglist",
    "operations_list": "operationsmailinglist",
    "user_support_list": "usersupportmailinglist",
    "users_list": "usersmailinglist",
    "security_list": "securitycontactmailinglist",
}


def _new_contact(element: Element) -> dict[str, Any]:
    names = (text_of(child(element, "first_name")), text_of(child(element, "last_name")))
    return {
        "name": clean_line(" ".join(names)),
        "role": clean_line(text_of(child(element, "profile"))),
        **parts.known(
            email=values.line(child(element, "email")),
            dn=values.line(child(element, "dn")),
            phone=values.line(child(element, "phone")),
        ),
    }


def _new_group(element: Element) -> dict[str, Any]:
    return {
        "name": clean_line(text_of(child(element, "group_role"))),
        "kind": clean_line(text_of(child(element, "group_type"))),
        "description": text_of(child(element, "description")),
        "share": clean_line(text_of(child(element, "allocated_ressources"))),
        "is_used": values.is_yes(text_of(child(element, "is_group_used"))),
    }


def _thanks(element: Element) -> dict[str, str]:
    return {
        "grant": clean_line(text_of(child(element, "grantid"))),
        "text": text_of(child(element, "acknowledgment")),
        "relationship": text_of(child(element, "relationShip")),
        "publication_url": clean_line(text_of(child(element, "publicationUrl"))),
    }


def _registries(element: Element) -> list[dict[str, str]]:
    found = []
    for each in element:
        if local(each) == "vovomsserver" or not isinstance(each.tag, str):
            continue
        inside = child(each, "memberslisturl")
        address = clean_line(text_of(inside if inside is not None else each))
        if address:
            kind = attribute(each, "name") or each.tag.rpartition("}")[2]
            found.append({"kind": clean_line(kind)[:100], "url": address})
    return found


def _extras(card: Element) -> dict[str, Any]:
    """Return what the Portal keeps beside the card and tells only to some."""
    said = {
        "is_monitored": told(child(card, "monitored")),
        "needs_dedicated_support": told(child(card, "need_ggus_support")),
        "needs_voms_help": told(child(card, "need_voms_help")),
    }
    return {name: values.is_yes(text) for name, text in said.items() if text}
