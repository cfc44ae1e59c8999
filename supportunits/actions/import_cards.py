"""Take over VO ID cards from a document of the Operations Portal.

The Portal is the truth for VOs that are not served here: their cards are its mirror. Cards of
served VOs are never overwritten: what the Portal says is kept beside them, to be looked at
(domain: section 8).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from juno_support.accounts.models import User
from supportunits import card_content, portal
from supportunits.actions import cards
from supportunits.actions.trace import traced
from supportunits.models import VO, CardUpload, PortalCopy, VersionSource, VOIDCard
from supportunits.parsers.card_records import CardDump, CardRecord
from supportunits.parsers.vo_cards import read_cards

# Two imports at once would both find a VO missing.
_LOCK = 0x766F6361726473


@dataclass(frozen=True, slots=True)
class Planned:
    """What an import does about one card.

    :ivar is_new: no VO of this name is known
    :ivar changed: fields of which the Portal says something else than at its last import
    :ivar before: what we had of the Portal, or of a mirror that was written otherwise
    :ivar is_back: the Portal had lost the card, and has it again
    """

    record: CardRecord
    vo: VO | None
    is_new: bool
    changed: tuple[str, ...]
    before: dict[str, Any]
    is_back: bool = False

    @property
    def is_served(self) -> bool:
        """Return whether the VO's support runs here, so that its card stays as it is."""
        return bool(self.vo and self.vo.is_served)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import does, found out before it does anything.

    :ivar gone: VOs that the Portal does not list any more
    :ivar is_full: the document lists most of what we know, so that what it lacks is gone
    """

    dump: CardDump
    cards: tuple[Planned, ...]
    gone: tuple[VO, ...] = ()
    is_full: bool = True

    @property
    def new(self) -> list[Planned]:
        """Return the cards of VOs that were not known."""
        return [planned for planned in self.cards if planned.is_new]

    @property
    def changed(self) -> list[Planned]:
        """Return the cards of known VOs that say something else now."""
        return [planned for planned in self.cards if planned.changed and not planned.is_new]

    def as_json(self) -> dict[str, Any]:
        """Return the figures, and each refused card with its reason."""
        return {
            "seen": self.dump.seen,
            "new": len(self.new),
            "changed": len(self.changed),
            "unchanged": len(self.cards) - len(self.new) - len(self.changed),
            "refused": [
                {"row": refused.row, "reason": refused.reason} for refused in self.dump.refused
            ],
            "gone": [vo.name for vo in self.gone],
            "remarks": list(self.dump.remarks),
        }


def plan_import(body: bytes) -> Plan:
    """Read a document and find out what importing it would do; changes nothing. Five queries.

    :raises AnswerNotUnderstood: when it is no document of cards
    """
    dump = read_cards(body)
    known = {
        vo.name.lower(): vo
        for vo in VO.objects.select_related("card", "portal_copy").prefetch_related(
            "card__contacts"
        )
    }
    planned = tuple(_plan(record, known.get(record.name.lower())) for record in dump.cards)
    listed = {record.name.lower() for record in dump.cards}
    listed |= {refused.name.lower() for refused in dump.refused}
    mirrored = [
        vo for vo in known.values() if hasattr(vo, "portal_copy") and not vo.portal_copy.gone_at
    ]
    is_full = dump.seen >= portal.FULL_SHARE * len(mirrored)
    gone = tuple(vo for vo in mirrored if is_full and vo.name.lower() not in listed)
    return Plan(dump, planned, gone, is_full)


def _plan(record: CardRecord, vo: VO | None) -> Planned:
    if vo is None:
        return Planned(record, None, True, tuple(record.fields), {})
    copy: PortalCopy | None = getattr(vo, "portal_copy", None)
    card: VOIDCard | None = getattr(vo, "card", None)
    if copy is not None:
        before = copy.content
    else:
        before = card_content.content_of(card) if card and not vo.is_served else {}
    changed = set(card_content.changed_fields(before, record.fields))
    if not vo.is_served:
        # Also what somebody wrote into the mirror otherwise is overwritten.
        mirror = card_content.content_of(card) if card else {}
        changed |= set(card_content.changed_fields(mirror, record.fields))
    ordered = tuple(name for name in card_content.LABELS if name in changed)
    return Planned(record, vo, False, ordered, before, bool(copy and copy.gone_at))


@traced
def import_cards(*, body: bytes, by: User | None, at: datetime) -> Plan:
    """Import a document; the same document again changes nothing.

    Cards that cannot be read are refused, the others kept. Contacts never gain a right by it.

    :raises AnswerNotUnderstood: when it is no document of cards; then nothing is changed
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    plan = plan_import(body)
    for planned in plan.cards:
        _store(planned, by, at)
    PortalCopy.objects.filter(vo__in=plan.gone, gone_at=None).update(gone_at=at)
    return plan


def _store(planned: Planned, by: User | None, at: datetime) -> None:
    record, vo = planned.record, planned.vo
    if vo is None:
        vo = VO.objects.create(name=record.name, created_at=at)
        VOIDCard.objects.create(vo=vo)
    copy = PortalCopy.objects.filter(vo=vo).first()
    if copy is None:
        PortalCopy.objects.create(
            vo=vo,
            content=record.fields,
            first_imported_at=at,
            imported_at=at,
            changed_at=at,
        )
    else:
        if planned.changed:
            copy.content = copy.content | record.fields
            copy.changed_at = at
        copy.imported_at, copy.gone_at = at, None
        copy.save()
    if planned.changed and not planned.is_served:
        VOIDCard.objects.get_or_create(vo=vo)
        cards.store(
            card=cards.locked(vo),
            fields=record.fields,
            source=VersionSource.IMPORT,
            by=by,
            at=at,
        )


@traced
def keep_upload(
    *, key: UUID, name: str, body: bytes, by: User | None, at: datetime
) -> tuple[CardUpload, Plan]:
    """Keep an uploaded document until somebody has looked at what it would do.

    :param key: the form's; the same file with it twice is kept once

    :raises AnswerNotUnderstood: when it is no document of cards; then it is not kept
    """
    plan = plan_import(body)
    upload = CardUpload.objects.filter(key=key).first()
    if upload is None or upload.applied_at or bytes(upload.body) != body:
        upload = CardUpload.objects.create(
            # The key of a form that was sent before with another file belongs to that file.
            key=uuid4() if upload else key,
            name=name[:255],
            body=body,
            uploaded_by=by,
            uploaded_at=at,
        )
    return upload, plan


@traced
def apply_upload(*, upload: CardUpload, by: User | None, at: datetime) -> dict[str, Any]:
    """Import a kept document; once: the second time tells what the first has done."""
    upload = CardUpload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if upload.applied_at is None:
        plan = import_cards(body=bytes(upload.body), by=by, at=at)
        upload.result = plan.as_json()
        upload.applied_at, upload.body = at, b""
        upload.save()
    result: dict[str, Any] = upload.result
    return result
