"""Markdown: what people may write, and that nothing else gets onto a page."""

import re
import sys
from html.parser import HTMLParser
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juno_support.lib.markdown import MAX_BYTES, is_safe_address, is_too_rich, render

TAGS = (
    "a blockquote br code del em h3 h4 h5 h6 hr img li ol p pre s strong table tbody td th"
    " thead tr ul"
)
REL = 'rel="noopener nofollow"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        (" \n ", ""),
        ("**bold** *slant* ~~gone~~", "<p><strong>bold</strong> <em>slant</em> <s>gone</s></p>\n"),
        ("one\ntwo", "<p>one<br>\ntwo</p>\n"),
        ("# Title", "<h3>Title</h3>\n"),
        ("###### Small", "<h3>Small</h3>\n"),
        (
            "## a\n### b\n##### c\n### d\n# e",
            "<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h4>d</h4>\n<h3>e</h3>\n",
        ),
        (
            "# a\n## b\n### c\n#### d\n##### e",
            "<h3>a</h3>\n<h4>b</h4>\n<h5>c</h5>\n<h6>d</h6>\n<h6>e</h6>\n",
        ),
        ("see #12.", f'<p>see <a href="/tickets/12/" {REL}>#12</a>.</p>\n'),
        ("`#12` a#12 ##12 #1a", "<p><code>#12</code> a#12 ##12 #1a</p>\n"),
        ("[#12](https://x.org)", f'<p><a href="https://x.org" {REL}>#12</a></p>\n'),
        ("https://a.org/#12", f'<p><a href="https://a.org/#12" {REL}>https://a.org/#12</a></p>\n'),
        ("ce01.ihep.ac.cn job.sh", "<p>ce01.ihep.ac.cn job.sh</p>\n"),
        ("[x](/sites/IHEP/)", f'<p><a href="/sites/IHEP/" {REL}>x</a></p>\n'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](//evil.org)", "<p>[x](//evil.org)</p>\n"),
        ("<b>no</b>", "<p>&lt;b&gt;no&lt;/b&gt;</p>\n"),
        ("a\u202eb", "<p>a⟨RLO⟩b</p>\n"),
        ("nul\x00l", "<p>null</p>\n"),
        (
            "```sh\nls #3 <x>\n```",
            '<pre><code class="language-sh">ls #3 &lt;x&gt;\n</code></pre>\n',
        ),
        (
            "![spy](https://evil.org/x.png)",
            f'<p><a href="https://evil.org/x.png" {REL}>spy</a></p>\n',
        ),
        (
            "[![spy](https://evil.org/x.png)](https://a.org)",
            f'<p><a href="https://a.org" {REL}>spy</a></p>\n',
        ),
        (
            "![ours](/tickets/3/files/abc-1.png)",
            '<p><img src="/tickets/3/files/abc-1.png" alt="ours"></p>\n',
        ),
    ],
)
def test_what_people_write(text: str, html: str) -> None:
    assert render(text) == html


def test_tables_are_aligned_without_style() -> None:
    html = render("| a | b |\n|--:|:-:|\n| 1 | 2 |")
    assert '<td class="text-end">1</td>' in html
    assert '<td class="text-center">2</td>' in html
    assert "style" not in html


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://gocdb.eu/portal", True),
        ("http://[::1]/", True),
        ("mailto:a@b.org", True),
        ("/tickets/3/", True),
        ("JaVaScRiPt:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("vbscript:x", False),
        ("//evil.org", False),
        ("/\\evil.org", False),
        ("https:evil", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_where_links_may_lead(address: str, safe: bool) -> None:
    assert is_safe_address(address) is safe


@pytest.mark.parametrize(
    "text",
    [
        ">" * 50_000,
        "- " * 20_000,
        "*" * 60_000,
        "[" * 3_900,
        "![" * 1_900,
        "![" * 30_000,
        "*a_ " * 1_900,
        "[a](" * 950,
        "<a " * 1_300,
        "&" * 60_000,
        "#1 " * 20_000,
        "- a\n" * 16_000,
        "http://a.b/c " * 5_000,
        "a|" * 1_900 + "\n" + "-|" * 1_900,
        "\n".join(" " * depth + "- a" for depth in range(0, 400, 2)),
        "x" * (2 * MAX_BYTES),
    ],
)
def test_no_text_takes_long(text: str) -> None:
    # Calls instead of seconds: a busy machine takes its time. Five millions are about a second; a
    # pattern that runs away within one call meets the time limit of the test.
    calls = 0

    def count(frame: FrameType, event: str, about: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        render(text)
    finally:
        sys.setprofile(before)
    assert 0 < calls < 5_000_000


def test_a_log_is_shown_as_it_is() -> None:
    log = "<a> *b* [c](d)\n" * 20_000
    assert is_too_rich(log)
    html = render(log)
    assert html.startswith("<pre>&lt;a&gt; *b* [c](d)\n")
    assert html.endswith("</pre>")
    assert len(log) > MAX_BYTES  # the rest is cut


class Walls(HTMLParser):
    """Fails on everything that a page must not get from a text."""

    tags = {*TAGS.split()}
    attributes = frozenset({"href", "src", "alt", "title", "rel", "class", "start"})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.tags
        for name, value in attrs:
            assert name in self.attributes
            if name == "href":
                assert re.match(r"(https?://|mailto:|/(?!/))", value or "", re.IGNORECASE)
            if name == "src":
                assert (value or "").startswith(("/tickets/", "/files/", "/attachments/"))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment got through: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration got through: {decl}")


pieces = st.sampled_from(
    [
        "<script>", "</script>", "<img src=x onerror=alert(1)>", "javascript:", "[a](", ")", "![",
        "](", "<", ">", '"', "'", "`", "```\n", "\n", "\n\n", "    ", "- ", "> ", "|", "|-|-|\n",
        "onclick=", "<svg/onload=x>", "&#106;avascript:", "data:text/html,", "<!--", "-->", "#1",
        "https://a.org/", "mailto:a@b", "\u202e", "\x00", "&lt;", "<a href=", "style=", "[r]: ",
        "<math><mi//xlink:href=", "\\", "*", "_", "~~", "/tickets/1/files/", "x", "<![CDATA[",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(pieces, max_size=25).map("".join)))
def test_nothing_dangerous_gets_through(text: str) -> None:
    walls = Walls(convert_charrefs=True)
    walls.feed(render(text))
    walls.close()


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_no_heading_skips_a_level(levels: list[int]) -> None:
    html = render("\n\n".join(f"{'#' * level} x" for level in levels))
    shown = [2, *map(int, re.findall(r"<h(\d)>", html))]
    assert len(shown) == len(levels) + 1
    assert all(3 <= b <= min(a + 1, 6) for a, b in pairwise(shown))
