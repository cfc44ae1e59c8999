"""The words of a text, for the search index and for what people search: one rule for both.

Tickets mix languages, often in one sentence, and are full of names of machines. So there is no
stemming and there are no stop words (both belong to one language, and both spoil `ce01.ihep.ac.cn`
and `J23.1.0`), and PostgreSQL's own parser is not used: it keeps a host name as one token that
cannot be found by its parts, and makes one word of a Chinese sentence. Instead:

* A word is a run of letters and digits, without case and accents: `Müller-T1` is `muller`, `t1`.
* A name with punctuation inside is searched as a phrase of its parts. `ce01.ihep.ac.cn` is found
  whole, by `ihep.ac.cn` and by `ce01`.
* Chinese, Japanese and Korean runs become overlapping pairs: 作业失败 is 作业, 业失, 失败, and the
  last sign alone, so that a search for one sign (a prefix search) finds it wherever it stands.
* `pilot*` finds what begins so.

PostgreSQL keeps the result as a tsvector, which this module writes as a literal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

MAX_WORD: Final = 64
"""Characters of a word that count: nobody types more, and base64 has to end somewhere."""

MAX_POSITION: Final = 16_000
"""PostgreSQL counts positions to 16,383; from here on we begin again at 1 (see `Vector`)."""

MAX_POSITIONS_PER_WORD: Final = 255
"""PostgreSQL keeps at most 256 positions of a word; the word itself is always kept."""

# Chinese (with its extensions and compatibility signs), kana, Hangul syllables and letters.
_CJK: Final = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb\uf900-\ufaff"
    "\U00020000-\U0002fa1f\U00030000-\U000323af"
)
_RUNS: Final = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<word>(?:(?![{_CJK}])[^\W_])+)")
_PIECES: Final = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f])*")
_SCRIPTS: Final = re.compile(rf"[{_CJK}]+|[^{_CJK}]+")
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]+")
_KEEPS_ITS_MARKS: Final = re.compile(rf"[{_CJK}]")
# Letters that Unicode does not take apart, although readers see a letter with a stroke.
_STROKES: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ħ": "h",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
    }
)


@dataclass(frozen=True)
class Run:
    """One run of a text: `start` and `end` index the text as given, `words` are what it gives."""

    start: int
    end: int
    words: tuple[str, ...]
    is_cjk: bool


def plain(text: str) -> str:
    """The text without case, accents and width variants; its length may differ."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_STROKES)
    if text.isascii():
        return text
    text = _FOREIGN.sub(lambda found: "".join(map(_without_marks, found[0])), text)
    return unicodedata.normalize("NFC", text)


def words_of(text: str) -> list[str]:
    """The words of a text in their order, as they are indexed."""
    found: list[str] = []
    for match in _RUNS.finditer(plain(text)):
        found += _words_of_run(match)
    return found


def runs_of(text: str) -> list[Run]:
    """The runs of a text with their places in it, for highlighting what a search found.

    Works on single runs of the original text, so that places stay exact although taking away
    accents changes lengths.
    """
    runs = []
    for piece in _PIECES.finditer(text):
        if piece[0].isascii():
            word = piece[0].lower()[:MAX_WORD]
            runs.append(Run(piece.start(), piece.end(), (word,), is_cjk=False))
            continue
        for match in _SCRIPTS.finditer(piece[0]):
            words = tuple(words_of(match[0]))
            if words:
                is_cjk = bool(_KEEPS_ITS_MARKS.match(match[0]))
                start = piece.start() + match.start()
                runs.append(Run(start, start + len(match[0]), words, is_cjk))
    return runs


class Vector:
    """The tsvector of several texts, up to a size; `size` is what PostgreSQL will need for it.

    A gap keeps phrases from reaching from one text into the next. Positions start at `begin` and
    begin again at 1 past `MAX_POSITION`: a very long ticket may then find a phrase that is not
    there, but never misses one that is. Take a `begin` of 2 for what is appended with `||`, which
    moves positions behind those that are there already.
    """

    def __init__(self, *, begin: int = 1, limit: int | None = None) -> None:
        self.size = 0
        self._limit = limit
        self._position = begin
        self._places: dict[str, list[int]] = {}

    def add(self, text: str) -> bool:
        """Take the words of a text in, all of them or (past the limit) none; say which."""
        words = words_of(text)
        if self._limit is not None and self.size + self._growth(words) > self._limit:
            return False
        self.size += self._growth(words)
        for word in words:
            known = self._places.setdefault(word, [])
            if len(known) < MAX_POSITIONS_PER_WORD:
                known.append(self._position)
            self._step()
        self._step()
        return True

    @property
    def literal(self) -> str:
        """What PostgreSQL reads as this tsvector."""
        # Words hold letters and digits only, so that nothing in them needs escaping.
        return " ".join(f"'{word}':{','.join(map(str, at))}" for word, at in self._places.items())

    def _growth(self, words: list[str]) -> int:
        # A lexeme takes its bytes, its entry and its count; each position two bytes.
        new = set(words) - self._places.keys()
        return sum(len(word.encode()) + 8 for word in new) + 2 * len(words)

    def _step(self) -> None:
        self._position = self._position + 1 if self._position < MAX_POSITION else 1


def vector(texts: Iterable[str], *, begin: int = 1) -> str:
    """The literal of the tsvector of these texts; see `Vector`."""
    made = Vector(begin=begin)
    for text in texts:
        made.add(text)
    return made.literal


def query(text: str, *, prefix: bool = False) -> str:
    """What PostgreSQL reads as the tsquery that finds this text as a phrase.

    `prefix` lets the last word be the beginning of one. Empty where the text holds no word.
    """
    asked: list[tuple[str, int]] = []  # a lexeme and its place
    place = 0
    for match in _RUNS.finditer(plain(text)):
        words = _words_of_run(match)
        # The sign alone that ends a run in the index is not asked for, unless it is all there is;
        # then it may be the first of a pair.
        pairs = words[:-1] if match["cjk"] else words
        asked += [(f"'{word}'", place + step) for step, word in enumerate(pairs)]
        if not pairs:
            asked.append((f"'{words[0]}':*", place))
        place += len(words)
    if not asked:
        return ""
    if prefix and not asked[-1][0].endswith("*"):
        asked[-1] = (asked[-1][0] + ":*", asked[-1][1])
    joined, before = asked[0]
    for lexeme, place in asked[1:]:
        joined += f" <{place - before}> {lexeme}"
        before = place
    return joined


def padded(text: str) -> str:
    """The words of a text with a space around each, for `holds`."""
    return f" {' '.join(words_of(text))} "


def phrase(text: str) -> str:
    """What `holds` looks for to find this text as whole words, one after another.

    A last run of Chinese, Japanese or Korean signs is found also where the run goes on, as a search
    finds it. Empty where the text holds no word.
    """
    runs = [(_words_of_run(match), bool(match["cjk"])) for match in _RUNS.finditer(plain(text))]
    if not runs:
        return ""
    words = [word for found, _is_cjk in runs for word in found]
    last, is_cjk = runs[-1]
    if not is_cjk:
        return f" {' '.join(words)} "
    if len(last) == 1:
        # One sign alone is the first of a pair, or ends its run.
        return f" {' '.join(words)}"
    return f" {' '.join(words[:-1])} "


def holds(padded_text: str, wanted: str) -> bool:
    """Whether a text, `padded`, holds a `phrase`; an empty one is held by none."""
    return bool(wanted) and wanted in padded_text


def all_of(queries: Sequence[str], none_of: Sequence[str] = ()) -> str:
    """The tsquery that finds what fits all `queries` and none of `none_of`; may be empty."""
    parts = [f"({part})" for part in queries if part]
    parts += [f"!({part})" for part in none_of if part]
    return " & ".join(parts)


def _words_of_run(match: re.Match[str]) -> list[str]:
    run = match[0]
    if match["word"]:
        return [run[:MAX_WORD]]
    return [run[i : i + 2] for i in range(len(run))]


def _without_marks(character: str) -> str:
    if character.isascii() or _KEEPS_ITS_MARKS.match(character):
        return character
    apart = unicodedata.normalize("NFD", character)
    return "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")
