"""What a VO ID card says, as one plain mapping: the shape of versions, requests and comparisons.

Keys are the names of the card's fields, and ``contacts``; values are what JSON can hold, dates and
moments as ISO 8601. What an import does not tell is not in its mapping.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from supportunits.models import ContactRole, VOIDCard
from supportunits.parsers.card_records import LISTS

Content = dict[str, Any]

LABELS: Final = {
    "scope": gettext_lazy("Scope"),
    "status": gettext_lazy("Status"),
    "alias": gettext_lazy("Alias"),
    "description": gettext_lazy("Description"),
    "disciplines": gettext_lazy("Discipline"),
    "middlewares": gettext_lazy("Supported services"),
    "enrolment_url": gettext_lazy("Enrolment URL"),
    "homepage_url": gettext_lazy("Homepage"),
    "support_procedure_url": gettext_lazy("Support procedure URL"),
    "acceptable_use_policy_type": gettext_lazy("Kind of acceptable use policy"),
    "acceptable_use_policy": gettext_lazy("Acceptable use policy"),
    "contacts": gettext_lazy("Contacts"),
    "admins_list": gettext_lazy("Mailing list of the admins"),
    "operations_list": gettext_lazy("Mailing list of operations"),
    "user_support_list": gettext_lazy("Mailing list of user support"),
    "users_list": gettext_lazy("Mailing list of the users"),
    "security_list": gettext_lazy("Security contact"),
    "voms_servers": gettext_lazy("VOMS servers"),
    "registries": gettext_lazy("Other registries"),
    "groups": gettext_lazy("Groups and roles"),
    "resources": gettext_lazy("Resources needed"),
    "acknowledgements": gettext_lazy("Acknowledgements"),
    "needs_dedicated_support": gettext_lazy("GGUS dedicated user support"),
    "needs_voms_help": gettext_lazy("VOMS set-up support"),
    "is_monitored": gettext_lazy("Monitored"),
    "serial": gettext_lazy("Serial number"),
    "cic_id": gettext_lazy("Older number"),
    "grid_id": gettext_lazy("Grid id"),
    "created_date": gettext_lazy("Created"),
    "validated_date": gettext_lazy("Validation date"),
    "changed_at": gettext_lazy("Last change"),
}
"""Every field, in the order in which people read a card."""

PORTALS_OWN: Final = frozenset({"serial", "cic_id", "created_date", "validated_date", "changed_at"})
"""What the Portal itself numbers and dates: no difference that anybody has to look at."""

ADDRESSES: Final = frozenset(LISTS)
"""Fields that hold addresses: shown to supporters and to the VO's own people only."""

RESOURCES: Final = {
    "job_max_cpu_time": gettext_lazy("Job: most CPU time (minutes)"),
    "job_max_wall_time": gettext_lazy("Job: most wall-clock time (minutes)"),
    "job_scratch_space": gettext_lazy("Job: scratch space (MB)"),
    "ram_per_i386_core": gettext_lazy("RAM per i386 core (MB)"),
    "ram_per_x86_64_core": gettext_lazy("RAM per x86_64 core (MB)"),
    "multicore_cores_min": gettext_lazy("Multi-core job: cores, least"),
    "multicore_cores_preferred": gettext_lazy("Multi-core job: cores, preferred"),
    "multicore_cores_max": gettext_lazy("Multi-core job: cores, most"),
    "multicore_ram_min": gettext_lazy("Multi-core job: RAM, least (MB)"),
    "multicore_ram_preferred": gettext_lazy("Multi-core job: RAM, preferred (MB)"),
    "multicore_ram_max": gettext_lazy("Multi-core job: RAM, most (MB)"),
    "multicore_scratch_min": gettext_lazy("Multi-core job: scratch space, least (MB)"),
    "multicore_scratch_preferred": gettext_lazy("Multi-core job: scratch space, preferred (MB)"),
    "multicore_scratch_max": gettext_lazy("Multi-core job: scratch space, most (MB)"),
    "cloud_cpu_cores": gettext_lazy("Cloud: CPU cores"),
    "cloud_vm_ram": gettext_lazy("Cloud: RAM per virtual machine (MB)"),
    "cloud_storage_size": gettext_lazy("Cloud: storage (GB)"),
    "cvmfs_endpoints": gettext_lazy("CVMFS endpoints"),
    "other_requirements": gettext_lazy("Other requirements"),
}
"""What a VO needs of sites, by the key within ``resources``."""

_CONTACT_FACTS = ("name", "role", "email", "dn", "phone")


def content_of(card: VOIDCard) -> Content:
    """Return all that a card says. One query, for its contacts, unless they were prefetched."""
    content: Content = {}
    for name in LABELS:
        if name != "contacts":
            value = getattr(card, name)
            if isinstance(value, datetime | date):
                value = value.isoformat()
            content[name] = value
    content["contacts"] = [
        {fact: getattr(contact, fact) for fact in _CONTACT_FACTS}
        for contact in sorted(card.contacts.all(), key=lambda contact: contact.pk)
    ]
    return content


def set_fields(card: VOIDCard, fields: Mapping[str, Any]) -> None:
    """Put values of a content onto a card's row (not its contacts, and without saving it)."""
    for name, value in fields.items():
        if name == "contacts":
            continue
        if name in ("created_date", "validated_date") and value:
            value = date.fromisoformat(value) if isinstance(value, str) else value
        elif name == "changed_at" and isinstance(value, str):
            value = datetime.fromisoformat(value)
        setattr(card, name, value)


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that says something else: in words, several lines where it is a list."""

    field: str
    label: str
    old: str
    new: str


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the fields that ``new`` tells and that say something else than in ``old``."""
    return [name for name in LABELS if name in new and not same(name, old.get(name), new[name])]


def same(name: str, one: Any, other: Any) -> bool:
    """Return whether two values of a field mean the same.

    What is missing equals what is empty; contacts are compared by what both tell of a person.
    """
    if name == "contacts":
        return _same_people(one or [], other or [])
    if name == "disciplines" or name == "middlewares":
        return sorted(map(str, one or [])) == sorted(map(str, other or []))
    if name == "resources":
        return _said(one) == _said(other)
    return (one or None) == (other or None)


def _said(needs: Any) -> dict[str, Any]:
    """Return the resources that say something: the Portal writes 0 for nothing."""
    found = needs if isinstance(needs, dict) else {}
    return {key: value for key, value in found.items() if value not in (None, "", "0")}


def _same_people(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    if len(one) != len(other):
        return False
    pairs = zip(sorted(one, key=_person), sorted(other, key=_person), strict=True)
    return all(
        all(
            mine[fact] == theirs[fact] for fact in _CONTACT_FACTS if fact in mine and fact in theirs
        )
        for mine, theirs in pairs
    )


def _person(contact: Mapping[str, Any]) -> tuple[str, str]:
    return (contact["name"], contact["role"])


def differences(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    fields: Iterable[str] | None = None,
    with_addresses: bool,
) -> list[Difference]:
    """Return what differs between two contents, in words.

    :param fields: only these; else all that differ
    :param with_addresses: whether the reader may see addresses and DNs
    """
    wanted = changed_fields(old, new) if fields is None else list(fields)
    found = []
    for name in LABELS:
        if name not in wanted:
            continue
        texts = [
            in_words(name, content.get(name), with_addresses=with_addresses)
            for content in (old, new)
        ]
        found.append(Difference(name, str(LABELS[name]), *texts))
    return found


def in_words(name: str, value: Any, *, with_addresses: bool) -> str:
    """Return a field's value in words: lists one thing a line, empty as a dash."""
    if name in ADDRESSES and value and not with_addresses:
        return _("(shown to supporters and to the VO's own people)")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "resources":
        return _lines(f"{RESOURCES.get(key, key)}: {text}" for key, text in _said(value).items())
    if name in _ROWS and isinstance(value, list):
        return _lines(
            _ROWS[name](row) if name != "contacts" else _contact(row, with_addresses)
            for row in value
            if isinstance(row, dict)
        )
    if name == "disciplines" and isinstance(value, list):
        return _lines(
            " / ".join(map(str, path)) if isinstance(path, list) else str(path) for path in value
        )
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if name == "changed_at" and value:
        return str(value).replace("T", " ")[:16] + " UTC"
    return str(value or "") or "-"


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts) or "-"


def _contact(row: Mapping[str, Any], with_addresses: bool) -> str:
    role = row.get("role", "")
    label = str(ContactRole(role).label) if role in ContactRole.values else role
    facts = [f"{row.get('name', '')} ({label})"]
    if with_addresses:
        facts += [row[fact] for fact in ("email", "phone", "dn") if row.get(fact)]
    return ", ".join(facts)


def _group(row: Mapping[str, Any]) -> str:
    facts = [row.get("kind"), row.get("description")]
    if row.get("share") not in (None, "", "0"):
        facts.append(_("share %(n)s %%") % {"n": row["share"]})
    if row.get("is_used") is False:
        facts.append(_("not used"))
    inner = "; ".join(str(fact) for fact in facts if fact)
    return f"{row.get('name', '')}" + (f" ({inner})" if inner else "")


def _server(row: Mapping[str, Any]) -> str:
    ports = _("HTTPS %(https)s, VOMSES %(vomses)s") % {
        "https": row.get("https_port") or "-",
        "vomses": row.get("vomses_port") or "-",
    }
    admin = f", {_('admin server')}" if row.get("is_admin_server") else ""
    parts = [f"{row.get('hostname', '')} ({ports}{admin})"]
    parts += [str(row[key]) for key in ("members_list_url", "dn", "ca_dn") if row.get(key)]
    if row.get("serial_number"):
        parts.append(_("certificate %(number)s") % {"number": row["serial_number"]})
    return " ".join(parts)


def _plain(*keys: str) -> Any:
    return lambda row: ": ".join(str(row[key]) for key in keys if row.get(key))


_ROWS: Final[dict[str, Any]] = {
    "contacts": _contact,
    "groups": _group,
    "voms_servers": _server,
    "registries": _plain("kind", "url"),
    "acknowledgements": _plain("grant", "text", "relationship", "publication_url"),
}
