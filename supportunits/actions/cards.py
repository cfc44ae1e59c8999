"""Write a VO ID card: its row, its contacts and the version that keeps what it said."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from juno_support.accounts.models import User
from supportunits import card_content
from supportunits.models import VO, CardVersion, VersionSource, VOContact, VOIDCard


def locked(vo: VO) -> VOIDCard:
    """Return the VO's card, locked: two people may change it at the same moment."""
    return VOIDCard.objects.select_for_update(of=("self",)).select_related("vo").get(vo=vo)


def newest_number(card: VOIDCard) -> int:
    """Return the number of the card's newest version; 0 before the first."""
    numbers = CardVersion.objects.filter(card=card).order_by("-number")
    return numbers.values_list("number", flat=True).first() or 0


def store(
    *,
    card: VOIDCard,
    fields: Mapping[str, Any],
    source: VersionSource,
    by: User | None,
    at: datetime,
) -> CardVersion | None:
    """Put fields onto a locked card and keep the new version; None where nothing changes.

    What ``fields`` does not tell stays, also of a contact that is told by name and role alone.

    :param fields: a part of a card's content
    """
    before = card_content.content_of(card)
    card_content.set_fields(card, fields)
    if "contacts" in fields:
        _set_contacts(card, fields["contacts"])
    after = card_content.content_of(card)
    changed = card_content.changed_fields(before, after)
    number = newest_number(card)
    if not changed and number:
        return None
    card.save()
    if not number and _says_something(before):
        number = 1
        CardVersion.objects.create(
            card=card,
            number=number,
            source=VersionSource.BEGIN,
            made_at=card.vo.created_at,
            content=before,
        )
    return CardVersion.objects.create(
        card=card,
        number=number + 1,
        source=source,
        made_at=at,
        made_by=by,
        content=after,
        changed_fields=changed,
    )


def _says_something(content: Mapping[str, Any]) -> bool:
    return any(value for name, value in content.items() if name != "status")


def _set_contacts(card: VOIDCard, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Make the card's contacts those that are wanted; who has an account linked keeps it.

    People are matched by name and role; of several alike in both, in their order.
    """
    known: dict[tuple[str, str], list[VOContact]] = {}
    for row in VOContact.objects.filter(card=card).order_by("pk"):
        known.setdefault((row.name, row.role), []).append(row)
    for contact in wanted:
        alike = known.get((contact["name"], contact["role"]))
        row = alike.pop(0) if alike else VOContact(card=card)
        facts = {
            key: contact[key] for key in ("name", "role", "email", "dn", "phone") if key in contact
        }
        if row.pk is None or any(getattr(row, key) != value for key, value in facts.items()):
            for key, value in facts.items():
                setattr(row, key, value)
            row.save()
    gone = [row.pk for alike in known.values() for row in alike]
    VOContact.objects.filter(pk__in=gone).delete()
