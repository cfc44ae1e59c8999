"""Every history kind has the text of its mail, or is declared quiet; no text is left over."""

import pytest
from django.conf import settings
from django.template import Context, Engine

from tickets.mail.recipients import QUIET
from tickets.mail.words import FIELDS, RESTRICTED
from tickets.models import Kind

FOLDER = settings.BASE_DIR / "templates" / "mail"
# Not of one kind: what stands around the others.
FRAMES = {"frame", "_footer", "_passed", RESTRICTED}


def test_every_kind_has_its_text_or_is_quiet() -> None:
    texts = {path.stem for path in FOLDER.glob("*.txt")}
    assert texts - FRAMES == {str(kind) for kind in set(Kind) - QUIET}


@pytest.mark.parametrize("name", sorted(FRAMES | {str(kind) for kind in set(Kind) - QUIET}))
def test_every_text_can_be_written(name: str) -> None:
    Engine.get_default().get_template(f"mail/{name}.txt").render(Context({}))


def test_every_field_that_can_change_has_its_word() -> None:
    from tickets.actions.work import CHANGEABLE

    assert set(FIELDS) == {*CHANGEABLE, "affected_sites", "type"}
