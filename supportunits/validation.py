"""The yearly validation of a served VO's card: when it is due, and which are overdue."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from supportunits.models import VO, VOIDCard

EVERY: Final = timedelta(days=365)
REMIND: Final = (timedelta(days=30), timedelta(days=7), timedelta(0))
"""How long before the day people are reminded; the last: it is overdue."""


@dataclass(frozen=True, slots=True)
class Validation:
    """When a card has to be validated.

    :ivar days: days left; negative: overdue since
    """

    due_on: date
    days: int
    was_validated: bool

    @property
    def is_overdue(self) -> bool:
        """Return whether the day has gone by."""
        return self.days < 0

    @property
    def is_soon(self) -> bool:
        """Return whether people are reminded already."""
        return self.days <= REMIND[0].days

    @property
    def reminder(self) -> str:
        """Return which reminder is due: "30", "7", "overdue", or empty."""
        if self.days < 0:
            return "overdue"
        passed = [before.days for before in REMIND if before and self.days <= before.days]
        return str(min(passed)) if passed else ""


def validation_of(vo: VO, card: VOIDCard, *, today: date) -> Validation:
    """Return when the card is due: a year after its last validation, or after the VO came here."""
    begin = card.validated_date or vo.created_at.date()
    due_on = begin + EVERY
    return Validation(due_on, (due_on - today).days, card.validated_date is not None)


def overdue_cards(*, today: date) -> list[tuple[VOIDCard, Validation]]:
    """Return the cards of served VOs that are overdue, longest first. One query."""
    cards = VOIDCard.objects.filter(vo__is_served=True).select_related("vo")
    found = [(card, validation_of(card.vo, card, today=today)) for card in cards]
    overdue = [(card, validation) for card, validation in found if validation.is_overdue]
    return sorted(overdue, key=lambda pair: (pair[1].days, pair[0].vo.name))
