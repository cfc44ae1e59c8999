"""Write a VO ID card: its row, its contacts and the version that keeps what it said."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from juno_support.accounts.models import User
from supportunits import card_content, card_links, card_notices
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

    What ``fields`` does not tell stays, also of a contact that is told by name and role alone. Who
    loses rights because a linked contact is gone hears of it, as do the VO's managers and the
    admins.

    :param fields: a part of a card's content
    """
    before = card_content.content_of(card)
    card_content.set_fields(card, fields)
    if "contacts" in fields:
        links = card_links.changes_of_links(card, fields["contacts"])
        _set_contacts(card, fields["contacts"])
        card_notices.tell_rights_lost(card=card, links=links, by=by, at=at)
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


def _set_contacts(card: VOIDCard, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Make the card's contacts those that are wanted; who has an account linked keeps it.

    Who is who: :func:`supportunits.card_links.matched`.
    """
    rows = list(VOContact.objects.filter(card=card).order_by("pk"))
    found, gone = card_links.matched(rows, wanted)
    for contact, known in zip(wanted, found, strict=True):
        row = known or VOContact(card=card)
        facts = {
            key: contact[key] for key in ("name", "role", "email", "dn", "phone") if key in contact
        }
        if row.pk is None or any(getattr(row, key) != value for key, value in facts.items()):
            for key, value in facts.items():
                setattr(row, key, value)
            row.save()
    VOContact.objects.filter(pk__in=[row.pk for row in gone]).delete()
