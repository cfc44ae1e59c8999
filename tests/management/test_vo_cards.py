"""manage.py import_vo_cards and export_vo_cards."""

import io
import json
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from supportunits.actions.import_cards import import_cards
from supportunits.models import VO
from supportunits.parsers.card_records import CardRecord
from supportunits.parsers.card_writing import write_cards
from supportunits.parsers.vo_cards import read_cards
from tests import make
from tests.cast import Cast


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.fixture
def document(tmp_path: Path) -> str:
    """A file with a card of a new VO, one of juno, and one that is broken."""
    cards = [CardRecord("biomed", {"scope": "Global"}), CardRecord("juno", {"scope": "Regional"})]
    path = tmp_path / "cards.xml"
    path.write_bytes(write_cards(cards).replace(b"</data>", b'<Vo key="a/b"/></data>'))
    return str(path)


def test_a_dry_run_says_all_and_does_nothing(cast: Cast, document: str) -> None:
    make.make_card(vo=cast.juno)
    found = json.loads(run("import_vo_cards", document, "--dry-run", "--json"))
    assert found == {
        "seen": 3,
        "new": 1,
        "changed": 1,
        "unchanged": 0,
        "refused": [
            {"row": "3: a/b", "reason": "its name has signs that cannot stand in an address"}
        ],
        "gone": [],
        "remarks": [],
    }
    assert not VO.objects.filter(name="biomed").exists()


def test_the_second_import_changes_nothing(cast: Cast, document: str) -> None:
    make.make_card(vo=cast.juno)
    first = json.loads(run("import_vo_cards", document, "--json"))
    assert (first["new"], first["changed"]) == (1, 1)
    second = json.loads(run("import_vo_cards", document, "--json"))
    assert (second["new"], second["changed"], second["unchanged"]) == (0, 0, 2)
    assert VO.objects.get(name="juno").card.scope == "Global"


def test_in_words(cast: Cast, document: str) -> None:
    make.make_card(vo=cast.juno)
    words = run("import_vo_cards", document)
    assert "3 cards: 1 new, 1 changed, 0 unchanged, 1 refused." in words
    assert "refused 3: a/b: its name has signs" in words
    assert "juno: scope (supported here: kept, look at the differences)" in words


def test_what_cannot_be_imported_is_said(tmp_path: Path, cast: Cast) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("import_vo_cards", str(tmp_path / "nothing.xml"))
    wrong = tmp_path / "wrong.xml"
    wrong.write_text("<html/>")
    with pytest.raises(CommandError, match="<html> document"):
        run("import_vo_cards", str(wrong))


def test_cards_are_exported(cast: Cast, at: datetime) -> None:
    make.make_card(vo=cast.juno, security_list="csirt@juno.org", description="ours")
    import_cards(body=write_cards([CardRecord("biomed", {})]), by=None, at=at)

    def names(*words: str) -> list[str]:
        return [card.name for card in read_cards(run("export_vo_cards", *words).encode()).cards]

    assert names() == ["juno"]
    assert names("--all") == ["biomed", "juno"]
    assert names("--vo", "BIOMED", "--format", "old") == ["biomed"]
    (juno,) = read_cards(run("export_vo_cards").encode()).cards
    assert juno.fields["security_list"] == "csirt@juno.org"
    with pytest.raises(CommandError, match="no VO nothere"):
        run("export_vo_cards", "--vo", "nothere")
