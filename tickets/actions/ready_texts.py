"""Write ready texts and the check-list for first-line answers. Who changed what is kept."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import form_key
from juno_support.lib import text as texts
from supportunits import policies as unit_policies
from supportunits.actions.trace import traced
from supportunits.models import VO
from tickets import policies
from tickets.actions.row import NotAllowed
from tickets.desk import ready
from tickets.models import CheckItem, ReadyText

LONGEST = 10_000


class CannotKeep(SupportError):
    """A ready text or a line of the check-list cannot be kept; ``field`` names what is wrong."""

    def __init__(self, field: str, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.field = field


@traced
def save_text(
    *,
    key: UUID,
    row: ReadyText | None,
    title: str,
    text: str,
    vo: VO | None,
    by: User,
    at: datetime,
) -> ReadyText:
    """Make a ready text, or change one. The same key twice makes one.

    :param vo: whose tickets it is offered for; None for all
    :raises NotAllowed: for others than TPM operators and admins
    :raises CannotKeep: without title or text, with fields that there are not, or where another of
        the same VO has the title
    """
    _check_writes_texts(by)
    form_key.wait_for(key)
    made = None if row is not None else ReadyText.objects.filter(submission_key=key).first()
    if made is not None:
        return made
    title, text = texts.clean_line(title)[:100], texts.clean(text).strip()
    if not title:
        raise CannotKeep("title", _("Give it a title by which it is found."))
    if not text:
        raise CannotKeep("text", _("Write the text."))
    if len(text) > LONGEST:
        raise CannotKeep("text", _("The text is longer than 10,000 characters."))
    unknown = ready.unknown_fields(text)
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in ready.FIELDS)
        raise CannotKeep(
            "text",
            _("There is no field %(names)s.") % {"names": names},
            _("Fields are: %(known)s.") % {"known": known},
        )
    row = row or ReadyText(submission_key=key)
    row.title, row.text, row.vo = title, text, vo
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "readytext_title_once" not in str(error):
            raise
        raise CannotKeep("title", _("There is a ready text with this title already.")) from None
    return row


@traced
def delete_text(*, row: ReadyText, by: User, at: datetime) -> None:
    """Throw a ready text away; what was sent with it stays. Raises as :func:`save_text`."""
    _check_writes_texts(by)
    ReadyText.objects.filter(pk=row.pk).delete()


@traced
def save_item(
    *,
    key: UUID,
    row: CheckItem | None,
    words: str,
    how: str,
    url: str,
    position: int,
    by: User,
    at: datetime,
) -> CheckItem:
    """Make a line of the check-list, or change one. The same key twice makes one.

    :raises NotAllowed: for others than admins
    :raises CannotKeep: without words, or where another line has them
    """
    _check_admin(by)
    form_key.wait_for(key)
    made = None if row is not None else CheckItem.objects.filter(submission_key=key).first()
    if made is not None:
        return made
    words = texts.clean_line(words)[:120]
    if not words:
        raise CannotKeep("words", _("Say what is looked after."))
    row = row or CheckItem(submission_key=key)
    row.words, row.how, row.url = words, texts.clean_line(how)[:300], url
    row.position = position
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "checkitem_words_once" not in str(error):
            raise
        raise CannotKeep("words", _("There is a line with these words already.")) from None
    return row


@traced
def retire_item(*, row: CheckItem, by: User, at: datetime) -> None:
    """Take a line off the check-list; its ticks stay with their tickets.

    :raises NotAllowed: for others than admins
    """
    _check_admin(by)
    row.is_retired = True
    row.save(update_fields=["is_retired"])


def _check_writes_texts(by: User) -> None:
    if not policies.may_write_ready_texts(by):
        raise NotAllowed(_("Only TPM and admins write ready texts."))


def _check_admin(by: User) -> None:
    if not unit_policies.is_admin(by):
        raise NotAllowed(_("Only admins change the check-list."))
