"""Markdown to safe HTML.

What people write is rendered once, when it is stored, and kept beside its text with the version of
this renderer, which tells what a later one would show otherwise. Three walls, each enough by itself
against scripts: the parser passes no HTML on, the result is sanitised against an allow-list, and
the pages' Content Security Policy forbids inline scripts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from html import escape, unescape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from juno_support.lib.text import clean, clean_line, first_bytes, show_bidi

RENDERER_VERSION: Final = 2
"""Raise it whenever the same text would give other HTML."""

MAX_BYTES: Final = 256 * 1024
"""What a description may hold (domain.md, section 3); more is cut, and the page says so."""

MAX_RICH_BYTES: Final = 64 * 1024
MAX_NESTING: Final = 20
MAX_MARKS: Final = 4_000
"""Past any of these a text is a log, or an attack: it is shown as it is, in one block."""

OWN_FILES: Final = re.compile(r"^/(?:tickets/\d+/)?(?:files|attachments)/[\w./-]+$")
"""The addresses from which a picture may be shown; any other picture becomes a link to it."""

TICKET_REFERENCE: Final = re.compile(r"(?<![\w#&/])#(\d{1,9})(?!\w)")

_TAG_WORDS: Final = (
    "a blockquote br code del em h3 h4 h5 h6 hr img li ol p pre s strong table tbody td th"
    " thead tr ul"
)
_TAGS: Final = frozenset(_TAG_WORDS.split())
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"class"},
    "th": {"class"},
    "code": {"class"},
}
_CLASSES: Final = re.compile(r"^(?:text-center|text-end|language-[A-Za-z0-9_+-]{1,30})$")
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_ADDRESS: Final = re.compile(r"^(?:https?://[^\s/?#]+|mailto:[^\s]+@|/(?!/))", re.IGNORECASE)
# What opens a structure; the parser's time and depth grow with these and not with plain words.
_MARKS: Final = re.compile(r"[\[\]*_`<>~|!]")
_DEEP: Final = re.compile(rf"(?m)^(?:\s*(?:>|[-+*]|\d{{1,9}}[.)])){{{MAX_NESTING},}}")


def render(text: str) -> str:
    """The HTML of a Markdown text: safe to put on a page as it is. Never raises, for any text."""
    text = show_bidi(clean(first_bytes(text, MAX_BYTES)))
    if not text.strip():
        return ""
    if is_too_rich(text):
        return nh3.clean(f"<pre>{escape(text)}</pre>", tags={"pre"}, attributes={})
    return _sanitise(_parser().render(text))


def plain(html: str) -> str:
    """Return the words of rendered Markdown on one line, for lists; nothing in it is markup."""
    return clean_line(unescape(nh3.clean(html, tags=set())))


def is_too_rich(text: str) -> bool:
    """Whether a text is shown as it is, because parsing it may take too long.

    That is a long text, or one with thousands of marks, or with twenty levels of quotes and lists.
    """
    return (
        len(text) > MAX_RICH_BYTES
        or bool(_DEEP.search(text))
        or sum(1 for _ in _MARKS.finditer(text)) > MAX_MARKS
    )


def is_safe_address(address: str) -> bool:
    """Whether a link may lead there: http, https, mailto, or a path on this portal."""
    return bool(_ADDRESS.match(address.strip())) and not re.search(r"[\x00-\x20\\]", address)


def _sanitise(html: str) -> str:
    return nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_filter_attribute,
        url_schemes=set(_SCHEMES),
        link_rel="noopener nofollow",
        strip_comments=True,
    )


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return value if _CLASSES.match(value) else None
    if attribute == "href":
        return value if is_safe_address(value) else None
    if attribute == "src":
        return value if OWN_FILES.match(value) else None
    if attribute == "start":
        return value if value.isdigit() else None
    return value


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark",
        {"html": False, "linkify": True, "breaks": True, "maxNesting": MAX_NESTING},
    )
    parser.enable(["table", "strikethrough", "linkify"])
    parser.disable(["html_block", "html_inline"])
    parser.validateLink = is_safe_address  # type: ignore[method-assign, assignment]
    # Only what says it is an address becomes a link: `job.sh` and `ce01.ihep.ac.cn` are names.
    if parser.linkify is not None:
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": True, "fuzzy_ip": False})
    parser.core.ruler.push("pictures", _each_inline(_pictures))
    parser.core.ruler.push("ticket_references", _each_inline(_ticket_references))
    parser.core.ruler.push("alignment", _alignment)
    parser.core.ruler.push("headings", _headings)
    return parser


def _each_inline(change: Callable[[list[Token]], list[Token]]) -> Callable[..., None]:
    def rule(state) -> None:  # type: ignore[no-untyped-def]
        for token in state.tokens:
            if token.type == "inline" and token.children:
                token.children = change(token.children)

    return rule


def _pictures(tokens: list[Token]) -> list[Token]:
    """A picture from elsewhere tells its owner who reads the ticket: make it a link."""
    changed: list[Token] = []
    in_link = False
    for token in tokens:
        in_link = (in_link or token.type == "link_open") and token.type != "link_close"
        source = str(token.attrGet("src") or "")
        if token.type != "image" or OWN_FILES.match(source):
            changed.append(token)
            continue
        words = token.content or source
        if in_link:
            changed.append(_text(words))
        else:
            changed += _link(source, words)
    return changed


def _ticket_references(tokens: list[Token]) -> list[Token]:
    changed: list[Token] = []
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "text" or depth or "#" not in token.content:
            changed.append(token)
            continue
        place = 0
        for match in TICKET_REFERENCE.finditer(token.content):
            if match.start() > place:
                changed.append(_text(token.content[place : match.start()]))
            changed += _link(f"/tickets/{int(match[1])}/", match[0])
            place = match.end()
        if place < len(token.content):
            changed.append(_text(token.content[place:]))
    return changed


def _alignment(state) -> None:  # type: ignore[no-untyped-def]
    """Columns are aligned by class: the pages' policy forbids style attributes."""
    classes = {"text-align:center": "text-center", "text-align:right": "text-end"}
    for token in state.tokens:
        if token.type in {"td_open", "th_open"}:
            style = str(token.attrs.pop("style", ""))
            if style in classes:
                token.attrSet("class", classes[style])


def _headings(state) -> None:  # type: ignore[no-untyped-def]
    """Put the headings of a text below the page's first two, and no level above a missing one.

    Whatever a text begins with is an h3, and what stands below it is one level deeper.
    """
    above: list[int] = []
    for token in state.tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
            while above and above[-1] >= level:
                above.pop()
            above.append(level)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(2 + len(above), 6)}"


def _text(content: str) -> Token:
    token = Token("text", "", 0)
    token.content = content
    return token


def _link(address: str, words: str) -> list[Token]:
    opening = Token("link_open", "a", 1)
    opening.attrSet("href", address)
    return [opening, _text(words), Token("link_close", "a", -1)]
