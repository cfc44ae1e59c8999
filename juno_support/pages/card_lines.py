"""The fields of a VO ID card, ready to be written."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from juno_support.lib import display
from juno_support.lib.text import show_bidi
from supportunits.card_content import RESOURCES
from supportunits.models import VO, CardStatus, SupportState, VOContact, VOIDCard

_STATUS_TONES = {
    CardStatus.PRODUCTION: "good",
    CardStatus.PENDING: "warn",
    CardStatus.LEAVING: "warn",
    CardStatus.DELETED: "neutral",
}
_LONG_NEED = "other_requirements"
_SUPPORT_TONES = {
    SupportState.REQUESTED: "warn",
    SupportState.ACCEPTED: "info",
    SupportState.ACTIVE: "good",
    SupportState.REFUSED: "bad",
    SupportState.WITHDRAWN: "neutral",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of the card: its name and its value, with an address where it is one.

    :ivar paths: values that are paths, from broad to narrow
    """

    label: str
    value: SafeString | str = ""
    url: str = ""
    paths: tuple[tuple[str, ...], ...] = ()


def status_pill(card: VOIDCard) -> SafeString:
    """Return the status of the VO in the Portal."""
    return display.pill(card.get_status_display(), _STATUS_TONES[CardStatus(card.status)])


def support_pill(state: SupportState | None) -> SafeString:
    """Return where a VO's request for dedicated user support stands; none: it has not asked."""
    if state is None:
        return display.pill(_("no"), "neutral")
    return display.pill(str(state.label), _SUPPORT_TONES[state])


def day(value: date | None) -> str:
    """Return a day as 2015-06-05; empty where it is not known."""
    return value.isoformat() if value else ""


def link(label: str, address: str) -> Fact:
    """Return a field whose value is an address; only addresses of the web become links."""
    return Fact(label, show_bidi(address), url=address if is_of_the_web(address) else "")


def is_of_the_web(address: str) -> bool:
    """Return whether the text is an address of the web."""
    try:
        return urlsplit(address).scheme in ("http", "https")
    except ValueError:  # brackets that open no IPv6 address
        return False


def yes_no(value: bool) -> str:
    """Return yes or no, as a card says it."""
    return _("Yes") if value else _("No")


def identity(card: VOIDCard) -> list[Fact]:
    """Return who the VO is."""
    return [
        Fact(_("Name"), card.vo.name),
        Fact(_("Alias"), show_bidi(card.alias)),
        Fact(_("Scope"), show_bidi(card.scope)),
        Fact(_("Status"), status_pill(card)),
        Fact(_("Validation date"), day(card.validated_date)),
        Fact(_("Created"), day(card.created_date)),
        Fact(_("Last change"), display.when(card.changed_at) if card.changed_at else ""),
        Fact(_("Serial number"), card.serial),
        Fact(_("Grid id"), card.grid_id),
        Fact(
            _("Discipline"),
            paths=tuple(
                tuple(str(part) for part in path) if isinstance(path, list) else (str(path),)
                for path in card.disciplines
            ),
        ),
    ]


def services(vo: VO, card: VOIDCard) -> list[Fact]:
    """Return what the VO uses and where it is found."""
    return [
        Fact(_("Supported services"), ", ".join(card.middlewares)),
        link(_("Enrolment URL"), card.enrolment_url),
        link(_("Homepage"), card.homepage_url),
        link(_("Support procedure URL"), card.support_procedure_url),
        Fact(_("GGUS dedicated user support"), yes_no(card.needs_dedicated_support)),
        Fact(_("VOMS set-up support"), yes_no(card.needs_voms_help)),
        Fact(_("TEAM tickets"), yes_no(vo.has_team_tickets)),
        Fact(_("Monitored"), yes_no(card.is_monitored)),
    ]


def policy(card: VOIDCard) -> Fact:
    """Return the acceptable use policy: an address, or its text."""
    text = card.acceptable_use_policy.strip()
    if is_of_the_web(text) and len(text.split()) == 1:
        return link("", text)
    return Fact("", show_bidi(text))


def lists(card: VOIDCard) -> list[Fact]:
    """Return the mailing lists."""
    return [
        Fact(_("Admins"), card.admins_list),
        Fact(_("Operations"), card.operations_list),
        Fact(_("User support"), card.user_support_list),
        Fact(_("Users"), card.users_list),
        Fact(_("Security"), card.security_list),
    ]


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact of the card; addresses are empty for those who may not see them."""

    name: str
    role: str
    avatar: SafeString
    email: str
    phone: str
    dn: str
    account: str
    number: int


def contacts(card: VOIDCard, sees_addresses: bool) -> list[ContactLine]:
    """Return the people of the card, managers first."""
    order = {"VO MANAGER": 0, "VO DEPUTY": 1, "VO EXPERT": 2, "VO SHIFTER": 3}
    contacts = sorted(
        VOContact.objects.filter(card=card).select_related("account"),
        key=lambda contact: (order.get(contact.role, 9), contact.name),
    )
    return [
        ContactLine(
            name=show_bidi(contact.name),
            role=contact.get_role_display(),
            avatar=display.avatar(contact.name),
            email=contact.email if sees_addresses else "",
            phone=contact.phone if sees_addresses else "",
            dn=contact.dn if sees_addresses else "",
            account=contact.account.get_full_name() if contact.account else "",
            number=contact.pk,
        )
        for contact in contacts
    ]


def _records(value: Any) -> list[dict[str, Any]]:
    """Return those members of a JSON list that are objects: imported cards may hold anything."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _word(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return "" if value is None else show_bidi(str(value))


def voms(card: VOIDCard) -> list[dict[str, Any]]:
    """Return the VOMS servers."""
    return [
        {
            "hostname": _word(server, "hostname"),
            "https_port": _word(server, "https_port"),
            "vomses_port": _word(server, "vomses_port"),
            "is_admin": yes_no(bool(server.get("is_admin_server"))),
            "members": link("", _word(server, "members_list_url")),
            "dn": _word(server, "dn"),
            "ca_dn": _word(server, "ca_dn"),
        }
        for server in _records(card.voms_servers)
    ]


def groups(card: VOIDCard) -> list[dict[str, str]]:
    """Return the groups and roles."""
    return [
        {key: _word(group, key) for key in ("name", "kind", "description", "share")}
        for group in _records(card.groups)
    ]


def resources(card: VOIDCard) -> list[Fact]:
    """Return what the VO needs of sites; the Portal's 0 says nothing, long texts stand apart."""
    needs = card.resources if isinstance(card.resources, dict) else {}
    ordered = [key for key in RESOURCES if key in needs] + [
        key for key in needs if key not in RESOURCES
    ]
    return [
        Fact(show_bidi(str(RESOURCES.get(key, key))), show_bidi(str(needs[key])))
        for key in ordered
        if needs[key] not in (None, "", "0") and key != _LONG_NEED
    ]


def requirements(card: VOIDCard) -> str:
    """Return what the VO needs in its own words, which may be pages."""
    needs = card.resources if isinstance(card.resources, dict) else {}
    return show_bidi(str(needs.get(_LONG_NEED) or ""))


def acknowledgements(card: VOIDCard) -> list[dict[str, Any]]:
    """Return what papers shall say."""
    return [
        {
            "grant": _word(record, "grant"),
            "text": _word(record, "text"),
            "relationship": _word(record, "relationship"),
            "publication": link("", _word(record, "publication_url")),
        }
        for record in _records(card.acknowledgements)
    ]


def registries(card: VOIDCard) -> list[Fact]:
    """Return the registries other than VOMS."""
    return [
        link(_word(record, "kind"), _word(record, "url")) for record in _records(card.registries)
    ]
