"""Text from people and machines: make it harmless, shorten it, and recognise facts in it.

Pure functions from text to text (or to records). Nothing here translates or formats for a page.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BIDI_CONTROLS: Final = {
    "\u061c": "ALM",
    "\u200e": "LRM",
    "\u200f": "RLM",
    "\u202a": "LRE",
    "\u202b": "RLE",
    "\u202c": "PDF",
    "\u202d": "LRO",
    "\u202e": "RLO",
    "\u2066": "LRI",
    "\u2067": "RLI",
    "\u2068": "FSI",
    "\u2069": "PDI",
}
"""Characters that change the order in which a reader sees text, by their names in Unicode."""

_BIDI: Final = re.compile(f"[{''.join(BIDI_CONTROLS)}]")
# Controls but tab and newline, surrogates that stand alone, and non-characters.
_UNSTORABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SPACE: Final = re.compile(r"\s+")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def clean(text: str) -> str:
    """Text that a database, a mail and a page can hold: no NUL, no controls, no lone surrogates.

    Line ends become newlines; accents are composed, so that equal looking texts are equal.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return unicodedata.normalize("NFC", _UNSTORABLE.sub("", text))


def blot(text: str) -> str:
    """The text with a blot (U+FFFD) for each character that cannot be stored: places stay."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable(value: object) -> Any:
    """The value as a JSON column can hold it: texts blotted, endless numbers in words.

    Takes mappings and lists of any depth; keys become texts.
    """
    if isinstance(value, str):
        return blot(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {blot(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def clean_line(text: str) -> str:
    """As `clean`, on one line, without space around it: for subjects and names."""
    return _SPACE.sub(" ", clean(text)).strip()


def show_bidi(text: str) -> str:
    """The text with bidi controls written out, as ⟨RLO⟩: they can make a name look like another.

    Right-to-left letters themselves stay as they are.
    """
    return _BIDI.sub(lambda found: f"⟨{BIDI_CONTROLS[found[0]]}⟩", text)


def shorten(text: str, length: int) -> str:
    """At most `length` characters on one line, cut between words where one ends near enough."""
    text = clean_line(text)
    if len(text) <= length:
        return text
    if length <= 1:
        return "…"[:length]
    cut = text[: length - 1]
    space = cut.rfind(" ")
    if space >= length * 2 // 3:
        cut = cut[:space]
    return cut.rstrip(" ,;:.-") + "…"


def first_bytes(text: str, size: int) -> str:
    """The beginning of the text that takes at most `size` bytes in UTF-8, never half a sign."""
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= size:
        return text
    return encoded[:size].decode("utf-8", "ignore")


def whole_number(text: str | None) -> int | None:
    """A whole number that the database can hold, or None where the text is none.

    Plain digits only: signs, other scripts' digits and longer numbers are no keys of ours.
    """
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def finite_number(value: object) -> float | None:
    """A number of a document, also one that came as a text such as ``"95.2"``, or None.

    True and false are no numbers here; neither are infinities, nor what is called not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def csv_cell(value: object) -> str:
    """A cell that a spreadsheet shows and does not calculate: formulas get an apostrophe.

    Numbers of our own keep their sign; text that begins like a formula does not.
    """
    text = "" if value is None else str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return text
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


@dataclass(frozen=True)
class Fact:
    """Something that a text names: `kind` is host, site, job or dn; `value` is normalised.

    `start` and `end` say where it stands in the text.
    """

    kind: str
    value: str
    start: int
    end: int


MAX_FACTS: Final = 50
MAX_READ: Final = 64_000
"""Characters of a text in which facts are looked for: a pasted log repeats itself."""

_HOST: Final = re.compile(
    r"(?<![\w.@-])(?=[a-z0-9.-]{4,253}(?![\w-]))"
    r"((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}(?:[a-z]{2,18}))(?![\w-])(?!\.\w)",
    re.IGNORECASE,
)
# The ends of names of files and programs, which look like host names and are none.
_FILE_END_WORDS: Final = (
    "bz2 cc cfg cfn class conf cpp csh csv cxx dat db deb doc docx err exe gif gz h hh hpp htm html"
    " ini jar java jdl jpeg jpg js json lock log md out pdf pem pl png ps py rb root rpm rst sh so"
    " sql svg tar tex tgz tmp toml txt xml xz yaml yml zip"
)
_FILE_ENDS: Final = frozenset(_FILE_END_WORDS.split())
_DOMAINS_THAT_FILES_HAVE: Final = frozenset({"cc", "pl", "md", "py", "sh", "ps", "so", "rs"})
# Names as GOCDB has them: INFN-T1, BEIJING-LCG2, ru-Moscow-SINP-T3, IN2P3-CC, UKI-LT2-QMUL.
_SITE: Final = re.compile(
    r"(?<![\w./@=-])([A-Za-z][A-Za-z0-9]{1,23}(?:[-_][A-Za-z0-9]{1,24}){1,5})(?![\w/=@])"
)
_SITE_WORDS: Final = re.compile(
    r"(?:^|[-_])(?:T[0123]|LCG2?|CC|GRID|EGEE|HEP|HEPGRID|CLOUD|TIER[123])(?:$|[-_])|\d$|^UKI-|^GRIF"
)
_DIRAC_SITE: Final = re.compile(
    r"(?<![\w.])((?:LCG|GRID|CLOUD|DIRAC|VAC|BOINC|CLUSTER|SSH|ARC)\.[A-Za-z0-9][\w-]{1,40}\.[a-z]{2,3})(?![\w.-])"
)
_JOB: Final = re.compile(
    r"\bjob(?:s|[ _-]?ids?|[ _-]?numbers?)?\b[\s:#=(\[]{0,4}"
    r"(\d{4,12}(?:(?:\s*(?:,|and|&|;)\s*)\d{4,12}){0,20})(?![\d.]*\d)",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d{4,12}")
_DN_PART: Final = r"(?:DC|C|O|OU|CN|L|ST|E|emailAddress|UID)"
_DN: Final = re.compile(rf"((?:/{_DN_PART}=[^/\n=<>\"]{{1,100}}){{2,12}})")
_DN_RFC: Final = re.compile(
    rf"\b({_DN_PART}=[^,\n=<>\"]{{1,100}}(?:,\s?{_DN_PART}=[^,\n=<>\"]{{1,100}}){{2,12}})"
)


def facts(text: str) -> list[Fact]:
    """Host names, site-like names, DIRAC job ids and certificate DNs that the text names.

    In the order of the text, each once. "Site-like" is a guess by form: whoever asks looks the
    name up among the sites that exist. Reads the first `MAX_READ` characters, gives at most
    `MAX_FACTS`.
    """
    text = text[:MAX_READ]
    found: list[Fact] = []
    taken: list[tuple[int, int]] = []

    def add(kind: str, value: str, start: int, end: int) -> None:
        if not any(begin < end and start < stop for begin, stop in taken):
            taken.append((start, end))
            found.append(Fact(kind, value, start, end))

    for pattern in (_DN, _DN_RFC):
        for match in pattern.finditer(text):
            if "CN=" in match[1]:
                value = match[1].rstrip(" .,;:)'")
                add("dn", value, match.start(1), match.start(1) + len(value))
    for match in _DIRAC_SITE.finditer(text):
        add("site", match[1], match.start(1), match.end(1))
    for match in _HOST.finditer(text):
        if _is_host(match[1]):
            add("host", match[1].lower(), match.start(1), match.end(1))
    for match in _JOB.finditer(text):
        for number in _NUMBER.finditer(match[1]):
            start = match.start(1) + number.start()
            add("job", number[0], start, start + len(number[0]))
    for match in _SITE.finditer(text):
        if _SITE_WORDS.search(match[1].upper()) and any(letter.isupper() for letter in match[1]):
            add("site", match[1], match.start(1), match.end(1))
    known: set[tuple[str, str]] = set()
    unique = []
    for fact in sorted(found, key=lambda fact: fact.start):
        if (fact.kind, fact.value.casefold()) not in known:
            known.add((fact.kind, fact.value.casefold()))
            unique.append(fact)
    return unique[:MAX_FACTS]


_BARE_NUMBERS: Final = re.compile(r"[\s\d,;:#/|&+()\[\]]*")
_LONE_NUMBER: Final = re.compile(r"(?<![\w.:/@-])\d{1,12}(?![\w:/@-]|\.\w)")


def named_jobs(text: str) -> list[int]:
    """Ids of DIRAC jobs that a text names as such ("job 4711", "jobs: 4711, 4712"), each once."""
    found = (
        int(number[0])
        for match in _JOB.finditer(text[:MAX_READ])
        for number in _NUMBER.finditer(match[1])
    )
    return list(dict.fromkeys(found))


def job_ids(text: str) -> list[int]:
    """Ids of DIRAC jobs that somebody pasted into a box for them, each once.

    A bare list of numbers is one of ids. Among words count those that are named as jobs, or, where
    none is, the numbers that stand alone.
    """
    text = text[:MAX_READ]
    if _BARE_NUMBERS.fullmatch(text):
        found = [int(number) for number in re.findall(r"\d+", text) if len(number) <= 12]
    else:
        found = named_jobs(text) or [int(match[0]) for match in _LONE_NUMBER.finditer(text)]
    return [number for number in dict.fromkeys(found) if number]


def _is_host(name: str) -> bool:
    labels = name.lower().split(".")
    end = labels[-1]
    if any(label.startswith("-") or label.endswith("-") for label in labels):
        return False
    if end in _FILE_ENDS and not (end in _DOMAINS_THAT_FILES_HAVE and len(labels) > 2):
        return False
    # "e.g" and "i.e" are words, "www.ihep" lacks an end; a host of two labels needs a real name.
    return len(labels) > 2 or (len(labels[0]) > 2 and len(end) <= 6)
