"""The colours of tokens.css and dark.css can be told apart (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from itertools import product

import pytest
from django.conf import settings

TONES = ("neutral", "info", "good", "warn", "bad", "violet")
CSS = settings.BASE_DIR / "static" / "css"


def _tokens(theme: str) -> dict[str, str]:
    text = (CSS / "tokens.css").read_text()
    if theme == "dark":
        text += (CSS / "dark.css").read_text()
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\b", text))


def _brightness(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0 to 1."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_brightness(one), _brightness(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("surface", "page", "sunken", "hover")
TEXTS = [
    *product(("ink", "ink-2", "ink-3", "accent-ink"), GROUNDS),
    *((f"{tone}-ink", ground) for tone in TONES for ground in (f"{tone}-soft", "surface", "page")),
    *((ink, "selected") for ink in ("ink", "ink-2", "ink-3", "accent-ink")),
    ("accent-ink", "accent-soft"),
    ("ink", "mark"),
    ("public-ink", "public-soft"),
    ("internal-ink", "internal-soft"),
    ("ink", "internal-soft"),
    ("on-accent", "accent"),
]
SHAPES = [
    *((f"{tone}-dot", ground) for tone in TONES for ground in ("surface", "page")),
    *product(("line-strong", "focus", "accent"), ("surface", "page")),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_their_ground(theme: str) -> None:
    tokens = _tokens(theme)
    weak = [
        f"{ink} on {ground}: {ratio:.2f}"
        for ink, ground in TEXTS
        if (ratio := _contrast(tokens[ink], tokens[ground])) < 4.5
    ]
    assert weak == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dots_borders_of_fields_and_the_focus_stand_out(theme: str) -> None:
    tokens = _tokens(theme)
    weak = [
        f"{shape} on {ground}: {ratio:.2f}"
        for shape, ground in SHAPES
        if (ratio := _contrast(tokens[shape], tokens[ground])) < 3
    ]
    assert weak == []


def test_the_dark_theme_has_a_value_for_every_colour() -> None:
    light = set(re.findall(r"--([\w-]+):\s*#", (CSS / "tokens.css").read_text()))
    dark = set(re.findall(r"--([\w-]+):\s*#", (CSS / "dark.css").read_text()))
    assert light == dark


def test_colours_stand_in_the_tokens_only() -> None:
    for path in sorted(CSS.glob("*.css")):
        if path.name not in ("tokens.css", "dark.css"):
            found = re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s,)])", path.read_text())
            assert set(found) <= {"#fff", "#000"}, path.name
