"""What a VO ID card must have before a VO is registered: the checks of EGI's procedure PROC14.

Pure: from a card's content to what is wrong with it, each said of one field. Sources: EGI PROC14
("VO registration"), the Operations Portal's own form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from supportunits.actions.addresses import is_address

SHORTEST_DESCRIPTION: Final = 50
SHORTEST_POLICY: Final = 100
_DNS_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.I)
_LISTS: Final = ("admins_list", "operations_list", "user_support_list", "users_list")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a card lacks or says wrongly; ``field`` is the name of the card's field."""

    field: str
    words: str


def check_card(content: Mapping[str, Any], *, vo_name: str) -> list[Finding]:
    """Return what is wrong with a card, in the order of its fields."""
    return [
        *_who(content),
        *_places(content),
        *_policy(content),
        *_people(content),
        *_servers(content),
        *_groups(content, vo_name),
    ]


def is_web_address(text: str) -> bool:
    """Return whether the text is an address of the web, with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)


def _who(content: Mapping[str, Any]) -> Iterator[Finding]:
    if not content.get("scope"):
        yield Finding("scope", _("Say whether the VO is global, national or regional."))
    text = (content.get("description") or "").strip()
    if len(text) < SHORTEST_DESCRIPTION:
        yield Finding(
            "description",
            _("Describe in a few sentences what the VO is for: %(n)s characters, %(least)s needed.")
            % {"n": len(text), "least": SHORTEST_DESCRIPTION},
        )
    elif len(text.split()) < 5 or not _is_english_enough(text):
        yield Finding("description", _("The description must be in English, in whole sentences."))
    if not content.get("disciplines"):
        yield Finding("disciplines", _("Name at least one discipline."))
    if not content.get("middlewares"):
        yield Finding("middlewares", _("Name at least one supported service."))


def _is_english_enough(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    return sum(sign.isascii() for sign in letters) >= 0.8 * len(letters)


def _places(content: Mapping[str, Any]) -> Iterator[Finding]:
    wanted = {
        "enrolment_url": _("Give the address where people join the VO."),
        "homepage_url": _("Give the address of the VO's homepage."),
    }
    for field in ("enrolment_url", "homepage_url", "support_procedure_url"):
        address = content.get(field) or ""
        if not address and field in wanted:
            yield Finding(field, wanted[field])
        elif address and not is_web_address(address):
            yield Finding(field, _not_of_the_web(address))


def _not_of_the_web(address: str) -> str:
    return _("“%(text)s” is no address of the web: it begins with https:// or http://.") % {
        "text": address[:100]
    }


def _policy(content: Mapping[str, Any]) -> Iterator[Finding]:
    text = (content.get("acceptable_use_policy") or "").strip()
    kind = (content.get("acceptable_use_policy_type") or "").lower()
    field = "acceptable_use_policy"
    if not text:
        yield Finding(field, _("A VO needs an acceptable use policy: its text, or its address."))
    elif kind in ("url", "file"):
        if not is_web_address(text):
            yield Finding(field, _not_of_the_web(text))
    elif len(text) < SHORTEST_POLICY and not is_web_address(text):
        yield Finding(
            field,
            _("The policy's text has %(n)s characters; %(least)s are needed to say anything.")
            % {"n": len(text), "least": SHORTEST_POLICY},
        )


def _people(content: Mapping[str, Any]) -> Iterator[Finding]:
    contacts = content.get("contacts") or []
    managers = [contact for contact in contacts if contact.get("role") == "VO MANAGER"]
    if not managers:
        yield Finding("contacts", _("A VO needs at least one VO manager."))
    elif not any(contact.get("email") for contact in managers):
        yield Finding("contacts", _("At least one VO manager needs an e-mail address."))
    for contact in contacts:
        address = contact.get("email") or ""
        if address and not is_address(address):
            yield Finding(
                "contacts",
                _("%(name)s: “%(text)s” is no e-mail address.")
                % {"name": contact.get("name", ""), "text": address[:100]},
            )
    address = content.get("security_list") or ""
    if not address:
        yield Finding("security_list", _("A VO needs a security contact: a list or an address."))
    elif not is_address(address):
        yield Finding("security_list", _no_address(address))
    for field in _LISTS:
        address = content.get(field) or ""
        if address and not is_address(address):
            yield Finding(field, _no_address(address))


def _no_address(text: str) -> str:
    return _("“%(text)s” is no e-mail address.") % {"text": text[:100]}


def _servers(content: Mapping[str, Any]) -> Iterator[Finding]:
    servers, registries = content.get("voms_servers") or [], content.get("registries") or []
    if not servers and not registries:
        yield Finding(
            "voms_servers",
            _("Name a VOMS server or another registry: a VO without one is not in the Portal."),
        )
    for server in servers:
        host = str(server.get("hostname") or "")
        if not _DNS_NAME.fullmatch(host) or len(host) > 253:
            yield Finding(
                "voms_servers", _("“%(text)s” is no name of a host.") % {"text": host[:100]}
            )
        for key in ("https_port", "vomses_port"):
            port = str(server.get(key) or "")
            if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
                yield Finding(
                    "voms_servers",
                    _("%(host)s: “%(text)s” is no port.") % {"host": host[:100], "text": port[:20]},
                )
        address = server.get("members_list_url") or ""
        if address and not is_web_address(address):
            yield Finding("voms_servers", _not_of_the_web(address))
    for registry in registries:
        if not is_web_address(str(registry.get("url") or "")):
            yield Finding("registries", _not_of_the_web(str(registry.get("url") or "")))


def _groups(content: Mapping[str, Any], vo_name: str) -> Iterator[Finding]:
    for group in content.get("groups") or []:
        name = str(group.get("name") or "")
        if name.lower() != f"/{vo_name.lower()}" and not name.lower().startswith(
            f"/{vo_name.lower()}/"
        ):
            yield Finding(
                "groups",
                _("“%(name)s” does not begin with /%(vo)s.") % {"name": name[:100], "vo": vo_name},
            )
        share = str(group.get("share") or "")
        if share and not (share.isascii() and share.isdigit() and int(share[:4]) <= 100):
            yield Finding(
                "groups",
                _("%(name)s: a share is a number of percent, 0 to 100.") % {"name": name[:100]},
            )
