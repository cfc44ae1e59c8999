"""Read XML that came from outside: no DTDs, no entities, bounded depth and number of elements.

GOCDB passes characters on that XML forbids (a vertical tab pasted into a description), which
makes the whole document unreadable for every parser; they are taken out first and counted.
"""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from juno_support.lib.faults import AnswerNotUnderstood

MAX_DEPTH = 32
MAX_ELEMENTS = 2_000_000

# XML 1.0 section 2.2: of the characters below a blank only tab, LF and CR are allowed;
# U+FFFE and U+FFFF never are.
_FORBIDDEN_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_CHARACTER_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")
_UTF16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00", b"\x00\x00\xfe\xff")
_DECLARED_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}encoding=[\"']([A-Za-z0-9._-]{1,40})[\"']")


@dataclass(frozen=True)
class Document:
    """A document's root element, and how many forbidden characters were taken out to read it."""

    root: Element
    repaired: int


class _TooMuch(Exception):
    """The document is deeper or longer than we are willing to hold."""


class _BoundedTreeBuilder(TreeBuilder):
    """Builds the tree, and gives up when it becomes too deep or too large."""

    def __init__(self, max_depth: int, max_elements: int) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0
        self._max_depth = max_depth
        self._max_elements = max_elements

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > self._max_depth:
            raise _TooMuch(f"it is nested more than {self._max_depth} levels deep")
        if self._elements > self._max_elements:
            raise _TooMuch(f"it has more than {self._max_elements:,} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def read_document(
    body: bytes, *, max_depth: int = MAX_DEPTH, max_elements: int = MAX_ELEMENTS
) -> Document:
    """Turn the bytes of an XML document into its tree.

    :raises AnswerNotUnderstood: when it is no well-formed XML, has a DTD or entities, or is
        deeper or longer than allowed
    """
    clean, repaired = strip_forbidden(body)
    parser = DefusedXMLParser(
        target=_BoundedTreeBuilder(max_depth, max_elements),
        forbid_dtd=True,
        forbid_entities=True,
        forbid_external=True,
    )
    try:
        parser.feed(clean)
        root = parser.close()
    except ParseError as error:
        raise AnswerNotUnderstood(
            f"The answer is not well-formed XML ({error}).", body_start=body
        ) from error
    except DefusedXmlException as error:
        raise AnswerNotUnderstood(
            "The answer declares a document type or entities; we do not read such XML.",
            permanent=True,
            body_start=body,
        ) from error
    except _TooMuch as error:
        raise AnswerNotUnderstood(
            f"The answer is refused: {error}.", permanent=True, body_start=body
        ) from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        raise AnswerNotUnderstood(
            f"The answer's encoding cannot be read ({error}).", body_start=body
        ) from error
    return Document(root=root, repaired=repaired)


def strip_forbidden(body: bytes) -> tuple[bytes, int]:
    """Take out what XML does not allow: control characters, references to them, broken UTF-8.

    :return: the clean bytes, and how many characters were taken out or replaced
    :raises AnswerNotUnderstood: when the document is in UTF-16 or UTF-32
    """
    if body.startswith(_UTF16_OR_32):
        raise AnswerNotUnderstood(
            "The answer is in UTF-16 or UTF-32; we expect UTF-8.",
            permanent=True,
            body_start=body,
        )
    clean, repaired = _FORBIDDEN_BYTES.subn(b"", body)
    if b"&#" in clean:
        references = 0

        def keep_if_allowed(match: re.Match[bytes]) -> bytes:
            nonlocal references
            code = int(match[1], 16) if match[1] else int(match[2])
            if _is_allowed(code):
                return match[0]
            references += 1
            return b""

        clean = _CHARACTER_REFERENCE.sub(keep_if_allowed, clean)
        repaired += references
    declared = _DECLARED_ENCODING.match(clean)
    if not declared or declared[1].lower() in (b"utf-8", b"utf8"):
        try:
            clean.decode()
        except UnicodeDecodeError:
            text = clean.decode(errors="replace")
            repaired += text.count("\ufffd")
            clean = text.encode()
    return clean, repaired


def _is_allowed(code: int) -> bool:
    """Say whether XML 1.0 allows this character (production ``Char``)."""
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )
