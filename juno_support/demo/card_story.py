"""How the demo's VO ID cards came to be: two imports from the Portal, and a change that waits."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from juno_support.accounts.models import User
from juno_support.demo import cards
from supportunits.actions import card_requests
from supportunits.actions.cards import newest_number
from supportunits.actions.import_cards import import_cards
from supportunits.models import VO
from supportunits.parsers.card_records import CardRecord
from supportunits.parsers.card_writing import write_cards

_KEY = uuid.UUID("2c1a61c4-3a4d-4a53-9d0e-5f0c8f6a7b21")


def import_from_portal(*, at: datetime) -> None:
    """Import the Portal's cards of all VOs: mirrors of the others, JUNO's beside our own."""
    _import(dict(cards.MIRRORED.items()), at)


def tell_of_cards(*, people: Mapping[str, User], at: datetime) -> None:
    """Import again, with what changed meanwhile; let the VO's manager ask for a change."""
    changed = {name: cards.MIRRORED[name] | more for name, more in cards.CHANGED.items()}
    _import(cards.MIRRORED | changed, at - timedelta(days=4))
    juno = VO.objects.get(name="juno")
    card_requests.ask_change(
        vo=juno,
        fields=cards.JUNO_WANTED,
        note="The Portal asks for these since this year.",
        key=_KEY,
        by=people["yong"],
        at=at - timedelta(days=2),
        seen=newest_number(juno.card),
    )


def _import(mirrored: Mapping[str, Mapping[str, Any]], at: datetime) -> None:
    records = [
        CardRecord(name, _told(fields)) for name, fields in {"juno": cards.JUNO, **mirrored}.items()
    ]
    import_cards(body=write_cards(records), by=None, at=at)


def _told(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in fields.items()
        if value is not None
    }
