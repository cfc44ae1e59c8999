"""The Operations Portal's copy of a card beside the card that we keep."""

from collections.abc import Iterable
from typing import Any

from supportunits import card_content
from supportunits.card_content import Difference
from supportunits.models import PortalCopy, VOIDCard
from supportunits.parsers.card_records import CardRecord

FULL_SHARE = 0.7
"""A document with fewer of the cards that we know is no full list: nothing is gone by it.

The Portal drops cards for a poll while one of its caches rebuilds."""


def differing_fields(content: dict[str, Any], copy: PortalCopy) -> list[str]:
    """Return the fields of which the Portal says something else than the card."""
    return [
        name
        for name in card_content.changed_fields(content, copy.content)
        if name not in card_content.PORTALS_OWN
    ]


def portal_differences(
    content: dict[str, Any], copy: PortalCopy, *, with_addresses: bool
) -> list[Difference]:
    """Return what differs between a card (old) and the Portal's copy of it (new), in words."""
    return card_content.differences(
        content,
        copy.content,
        fields=differing_fields(content, copy),
        with_addresses=with_addresses,
    )


def as_record(card: VOIDCard, *, with_addresses: bool = True) -> CardRecord:
    """Return a card as a record that can be written as the Portal's XML.

    :param with_addresses: False: addresses and DNs are left out, as in the Portal's public feed
    """
    fields = {
        name: value
        for name, value in card_content.content_of(card).items()
        if value is not None and (with_addresses or name not in card_content.ADDRESSES)
    }
    if not with_addresses:
        fields["contacts"] = [_without_addresses(contact) for contact in fields["contacts"]]
    return CardRecord(card.vo.name, fields)


def as_records(cards: Iterable[VOIDCard]) -> list[CardRecord]:
    """Return cards as records, with all that they say."""
    return [as_record(card) for card in cards]


def _without_addresses(contact: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in contact.items() if key in ("name", "role")}
