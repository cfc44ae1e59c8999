"""Help in the portal: the guides that lie in docs/, open to everyone.

The same Markdown is read in the repository and here. On the way to a page, links between guides
become addresses of the portal, links to files that only the repository has become plain words,
headings get the level and the anchor that a page needs, and comments go.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from juno_support.access import open_to_everyone
from juno_support.lib import markdown
from supportunits import policies

DOCS: Final = Path(settings.BASE_DIR) / "docs"
PICTURES: Final = DOCS / "pictures"
# A picture of the demo stays the same until the next release.
PICTURE_SECONDS: Final = 3600


@dataclass(frozen=True)
class Guide:
    """One document: its part of the address, its file, what it is for, and whose it is."""

    name: str
    file: str
    title: str | Promise
    about: str | Promise
    is_for: Callable[[Any], bool] | None = None


@dataclass(frozen=True)
class Heading:
    """One line of a guide's table of contents."""

    anchor: str
    words: str


@dataclass(frozen=True)
class Rendered:
    """A guide as its page shows it."""

    heading: str
    html: str
    contents: tuple[Heading, ...]


@dataclass(frozen=True)
class Line:
    """One guide in the list of all of them."""

    title: str | Promise
    about: str | Promise
    url: str
    is_yours: bool
    current: bool


def _is_anybody(user: Any) -> bool:
    return bool(user.is_authenticated)


def _is_vo_member(user: Any) -> bool:
    return bool(policies.vos_of(user))


def _is_manager(user: Any) -> bool:
    known = policies.facts(user)
    return bool(known.managed_units or known.managed_vos)


GROUPS: Final = (
    (
        _("First guides"),
        (
            Guide(
                "submitter",
                "guide-submitter.md",
                _("Submitters"),
                _("File a ticket, follow it, have the last word."),
                _is_anybody,
            ),
            Guide(
                "vo-member",
                "guide-vo-member.md",
                _("VO members"),
                _("Read the tickets of your VO, say “me too”."),
                _is_vo_member,
            ),
            Guide(
                "shifter",
                "guide-shifter.md",
                _("Shifters"),
                _("File TEAM tickets, work on those of the shift."),
                policies.is_shifter,
            ),
            Guide(
                "supporter",
                "guide-supporter.md",
                _("Supporters"),
                _("Take, answer, hand over and solve tickets."),
                policies.is_supporter,
            ),
            Guide(
                "tpm",
                "guide-tpm.md",
                _("TPM operators"),
                _("Route new tickets, see what got stuck."),
                policies.is_tpm_operator,
            ),
            Guide(
                "unit-manager",
                "guide-unit-manager.md",
                _("Unit managers and VO managers"),
                _("Members, contact, hours; a VO's sites."),
                _is_manager,
            ),
            Guide(
                "admin",
                "guide-admin.md",
                _("Admins"),
                _("People, units, sources, mail that did not leave."),
                policies.is_admin,
            ),
        ),
    ),
    (
        _("To look things up"),
        (
            Guide("search", "search.md", _("Search"), _("The search line, every field and value.")),
            Guide(
                "workflow",
                "workflow.md",
                _("Statuses and steps"),
                _("What each status means, who takes which step."),
            ),
            Guide(
                "sites",
                "sites.md",
                _("Sites, links and downtimes"),
                _("The board, histories, the calendar, readiness."),
            ),
            Guide(
                "sources",
                "sources.md",
                _("Sources"),
                _("What is asked of GOCDB, how often, and what may go wrong."),
            ),
            Guide(
                "noc",
                "guide-noc.md",
                _("For network operators"),
                _("Tell the portal of events: by REST, or as a list."),
            ),
        ),
    ),
    (
        _("Running the portal"),
        (
            Guide(
                "operating",
                "operating.md",
                _("Operating"),
                _("Processes, logs, figures, backup, upgrade, security."),
            ),
            Guide("settings", "settings.md", _("Settings"), _("Every variable and its default.")),
            Guide("commands", "commands.md", _("Commands"), _("Every command of manage.py.")),
        ),
    ),
)
GUIDES: Final = {guide.name: guide for _title, guides in GROUPS for guide in guides}
_NAME_OF_FILE: Final = {guide.file: guide.name for guide in GUIDES.values()}


@require_safe
@open_to_everyone
def help_index(request: HttpRequest) -> HttpResponse:
    """Show all guides, those of the reader's roles marked."""
    return render(request, "pages/help.html", {"groups": _groups(request.user)})


@require_safe
@open_to_everyone
def help_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show one guide with its table of contents."""
    if name not in GUIDES:
        raise Http404
    context = {"guide": rendered(name), "groups": _groups(request.user, current=name)}
    return render(request, "pages/help_page.html", context)


@require_safe
@open_to_everyone
def help_picture(request: HttpRequest, name: str) -> HttpResponseBase:
    """Send a picture that guides show."""
    if name not in {path.name for path in PICTURES.glob("*.png")}:
        raise Http404
    answer = FileResponse((PICTURES / name).open("rb"), content_type="image/png")
    answer["Cache-Control"] = f"public, max-age={PICTURE_SECONDS}"
    return answer


def _groups(user: Any, *, current: str = "") -> list[tuple[str | Promise, list[Line]]]:
    return [
        (
            title,
            [
                Line(
                    title=guide.title,
                    about=guide.about,
                    url=reverse("help-page", args=[guide.name]),
                    is_yours=guide.is_for is not None and guide.is_for(user),
                    current=guide.name == current,
                )
                for guide in guides
            ],
        )
        for title, guides in GROUPS
    ]


@cache
def rendered(name: str) -> Rendered:
    """Return a guide, ready for its page; read once a process.

    :raises KeyError: when there is no guide of that name
    """
    text = (DOCS / GUIDES[name].file).read_text(encoding="utf-8")
    return render_guide(text, name)


def render_guide(text: str, name: str) -> Rendered:
    """Turn a document into what its page shows; its first line is the heading."""
    first, _newline, rest = _COMMENT.sub("", text).lstrip().partition("\n")
    html = markdown.render(_LINK.sub(lambda link: _address(link, name), rest))
    # Documents are wrapped at a column; in what people write a new line is one.
    html = _BREAK.sub("\n", html)
    html = _PICTURE.sub(r'<a href="\1"><img src="\1" alt="\2" loading="lazy"></a>', html)
    html = html.replace("<pre>", '<pre tabindex="0">')
    html = _TABLE.sub(_with_labels, html)
    contents: list[Heading] = []
    html = _HEADING.sub(lambda heading: _with_anchor(heading, contents), html)
    return Rendered(first.removeprefix("# ").strip(), html, tuple(contents))


_COMMENT: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK: Final = re.compile(r"(!?)\[([^\]]+)\]\((?!https?:|mailto:)([^)\s#]*)(#[^)\s]*)?\)")
_BREAK: Final = re.compile(r"<br ?/?>\n?")
_PICTURE: Final = re.compile(r'<a href="(/help/pictures/[\w.-]+)"[^>]*>([^<]*)</a>')
_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_HEAD_CELL: Final = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
_ROW: Final = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_HEADING: Final = re.compile(r"<h([3-6])>(.*?)</h\1>", re.DOTALL)
_NOT_IN_ANCHORS: Final = re.compile(r"[^\w\- ]")


def _address(link: re.Match[str], name: str) -> str:
    """Rewrite a link of the repository for the portal; keep only its words where it has none."""
    mark, words, file, anchor = link[1], link[2], link[3], link[4] or ""
    if file.startswith("pictures/"):
        target = reverse("help-picture", args=[file.removeprefix("pictures/")])
    elif not file:
        target = reverse("help-page", args=[name])
    elif file in _NAME_OF_FILE:
        target = reverse("help-page", args=[_NAME_OF_FILE[file]])
    else:
        return words
    return f"{mark}[{words}]({target}{anchor})"


def _with_labels(table: re.Match[str]) -> str:
    """Give each cell the name of its column: on a phone a row becomes a card."""
    names = [strip_tags(name) for name in _HEAD_CELL.findall(table[0])]

    def label(row: re.Match[str]) -> str:
        first, *cells = row[0].split("<td>")
        labelled = [first]
        # The first cell is what the card is about and needs no name.
        labelled += [f"<td>{cell}" for cell in cells[:1]]
        for name, cell in zip(names[1:], cells[1:], strict=False):
            words = cell.replace("</td>", "</span></td>", 1)
            labelled.append(f'<td data-label="{name}"><span>{words}')
        return "".join(labelled)

    labelled = _ROW.sub(label, table[0]).replace(
        "<table>", '<table class="data-table stack-narrow">'
    )
    return f'<div class="table-scroll" tabindex="0">{labelled}</div>'


def _with_anchor(heading: re.Match[str], contents: list[Heading]) -> str:
    """Lift a heading by one level, since people's begin below a second, and name it."""
    level, inner = int(heading[1]) - 1, heading[2]
    words = unescape(strip_tags(inner))
    if level == 2:
        contents.append(Heading(anchor_of(words), words))
    return f'<h{level} id="{anchor_of(words)}">{inner}</h{level}>'


def anchor_of(words: str) -> str:
    """Return the anchor of a heading as repository browsers make it: small, with hyphens."""
    return _NOT_IN_ANCHORS.sub("", words.strip().lower()).replace(" ", "-")
