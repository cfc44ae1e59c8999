"""Which contact of a card is which of a new list, and what becomes of the accounts linked to them.

Only an admin links an account, and only those of managers and deputies have rights by it (domain:
section 1). So a link must neither move to somebody else nor vanish without a word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from supportunits.models import ContactRole, VOContact, VOIDCard
from supportunits.policies import MANAGING_ROLES

Contact = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What becomes of an account's link to a contact that is renamed or taken off.

    :ivar name: the contact's name until now
    :ivar new_name: under which it stays linked; empty where the account loses the role
    """

    account: User
    role: str
    name: str
    new_name: str = ""

    @property
    def is_lost(self) -> bool:
        """Return whether the account loses the role."""
        return not self.new_name

    def in_words(self) -> str:
        """Return for an admin what becomes of the link."""
        facts = {
            "account": self.account.get_full_name(),
            "role": ContactRole(self.role).label,
            "name": self.name,
            "new_name": self.new_name,
        }
        if self.is_lost:
            return _("The account of %(account)s loses the role %(role)s with %(name)s.") % facts
        words = _("%(new_name)s (%(role)s), so far %(name)s, stays linked to %(account)s.")
        return words % facts


def partners(known: Sequence[Contact], wanted: Sequence[Contact]) -> list[int | None]:
    """Return for each wanted contact the position of the known one that it is; None: it is new.

    People are matched by name and role; of several alike in both, in their order. Whoever is left
    is matched by role and address, where only one on each side has these: it has a new name.
    """
    left = list(range(len(known)))
    found: list[int | None] = []
    for contact in wanted:
        name = (contact["name"], contact["role"])
        alike = (at for at in left if (known[at]["name"], known[at]["role"]) == name)
        position = next(alike, None)
        if position is not None:
            left.remove(position)
        found.append(position)
    new = [_address(contact) for contact, at in zip(wanted, found, strict=True) if at is None]
    before = [_address(known[at]) for at in left]
    for number, contact in enumerate(wanted):
        address = _address(contact)
        is_only_one = new.count(address) == before.count(address) == 1
        if found[number] is None and address[1] and is_only_one:
            found[number] = next(at for at in left if _address(known[at]) == address)
    return found


def matched(
    rows: Sequence[VOContact], wanted: Sequence[Contact]
) -> tuple[list[VOContact | None], list[VOContact]]:
    """Return the row of each wanted contact (None: it is new), and the rows that nobody wants.

    Who is who: :func:`partners`.
    """
    known = [{"name": row.name, "role": row.role, "email": row.email} for row in rows]
    positions = partners(known, wanted)
    gone = [row for at, row in enumerate(rows) if at not in positions]
    return [None if at is None else rows[at] for at in positions], gone


def changes_of_links(card: VOIDCard, wanted: Sequence[Contact]) -> list[LinkChange]:
    """Return what a new list of contacts changes for managers and deputies of a served VO.

    A mirror's contacts have no rights that they could lose. One query.
    """
    if not card.vo.is_served:
        return []
    rows = list(VOContact.objects.filter(card=card).select_related("account").order_by("pk"))
    found, gone = matched(rows, wanted)
    pairs = list(zip(found, wanted, strict=True))
    staying = {row.account_id for row in found if row and row.role in MANAGING_ROLES}
    renamed = [
        LinkChange(row.account, row.role, row.name, contact["name"])
        for row, contact in pairs
        if row and row.account and row.role in MANAGING_ROLES and row.name != contact["name"]
    ]
    lost = [
        LinkChange(row.account, row.role, row.name)
        for row in gone
        if row.account and row.role in MANAGING_ROLES and row.account_id not in staying
    ]
    return renamed + lost


def _address(contact: Contact) -> tuple[str, str]:
    return contact["role"], (contact.get("email") or "").casefold()
