"""By the clock: remind of cards to validate, and forget documents that nobody imported."""

from datetime import datetime, timedelta

from supportunits import card_notices
from supportunits.models import CardUpload, VOIDCard
from supportunits.validation import validation_of

UPLOAD_LIFE = timedelta(days=7)


def remind_of_validations(*, at: datetime) -> None:
    """Mail 30 and 7 days before a card is due, and when it is overdue; each once.

    A reminder's mail has a key of its card, day and stage: writing it again writes nothing.
    """
    for card in VOIDCard.objects.filter(vo__is_served=True).select_related("vo").order_by("pk"):
        validation = validation_of(card.vo, card, today=at.date())
        if validation.reminder:
            card_notices.tell_validation_due(vo=card.vo, validation=validation, at=at)


def forget_uploads(*, at: datetime) -> int:
    """Remove uploaded documents of last week, imported or not; returns how many."""
    removed, _rows = CardUpload.objects.filter(uploaded_at__lt=at - UPLOAD_LIFE).delete()
    return removed
