"""The guides of docs/ as pages of the portal."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client

from juno_support.accounts.models import User
from juno_support.pages import help as pages
from tests.cast import Roles

pytestmark = pytest.mark.django_db


class _Levels(HTMLParser):
    """Collects the levels of headings, and what is linked and named."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.links: set[str] = set()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "a" and found.get("href"):
            self.links.add(str(found["href"]))
        if found.get("id"):
            self.names.append(str(found["id"]))


def _read(page: str) -> _Levels:
    reader = _Levels()
    reader.feed(page)
    return reader


def test_everybody_finds_every_guide(client: Client) -> None:
    page = client.get("/help/").content.decode()
    links = _read(page).links
    assert {f"/help/{name}/" for name in pages.GUIDES} <= links
    assert 'href="/help/"' in client.get("/").content.decode()


@pytest.mark.parametrize("name", pages.GUIDES)
def test_a_guide_is_a_page_with_its_contents(client: Client, name: str) -> None:
    answer = client.get(f"/help/{name}/")
    assert answer.status_code == 200
    page = answer.content.decode()
    article = page.partition('<article class="panel prose guide"')[2].partition("</article>")[0]
    read = _read(article)
    assert read.levels and read.levels[0] == 2
    assert all(
        later <= before + 1 for before, later in zip(read.levels, read.levels[1:], strict=False)
    )
    assert len(read.names) == len(set(read.names))
    for heading in pages.rendered(name).contents:
        assert f'href="#{heading.anchor}"' in page
        assert heading.anchor in read.names
    # A document that is too rich would be shown as it is; marks of Markdown that stay are mistakes.
    text = re.sub(r"<pre.*?</pre>|<code>.*?</code>", "", article, flags=re.DOTALL)
    assert not re.search(r"\]\(|\*\*|<!--|^\|", text, re.MULTILINE)
    assert "<br" not in article


@pytest.mark.parametrize("name", pages.GUIDES)
def test_links_between_guides_lead_to_pages_and_places(client: Client, name: str) -> None:
    links = _read(pages.rendered(name).html).links
    for link in links:
        if link.startswith("/help/pictures/"):
            continue
        if not link.startswith("/"):
            assert link.startswith("https://")
            continue
        path, _mark, anchor = link.partition("#")
        answer = client.get(path)
        assert answer.status_code == 200, link
        if anchor:
            assert f'id="{anchor}"' in answer.content.decode(), link


def test_links_are_rewritten_for_the_portal() -> None:
    text = (
        "# Try\n\n<!-- table: x -->\nSee [the desk](guide-tpm.md#keys), [below](#more), "
        "[the log](../CHANGELOG.md)\nand [GOCDB](https://goc.egi.eu/).\n\n"
        "![A <board>](pictures/sites.png)\n\n## More `code` & so\n\n"
        "| a | c & d |\n| --- | --- |\n| b | e |\n"
    )
    guide = pages.render_guide(text, "submitter")
    assert guide.heading == "Try"
    assert guide.contents == (pages.Heading("more-code--so", "More code & so"),)
    assert 'href="/help/tpm/#keys"' in guide.html
    assert 'href="/help/submitter/#more"' in guide.html
    assert 'href="https://goc.egi.eu/"' in guide.html
    assert "CHANGELOG" not in guide.html and "the log\nand" in guide.html
    assert 'src="/help/pictures/sites.png" alt="A &lt;board&gt;"' in guide.html
    assert '<h2 id="more-code--so">' in guide.html
    assert '<div class="table-scroll" tabindex="0"><table class="data-table' in guide.html
    assert (
        "<td>b</td>" in guide.html
        and '<td data-label="c &amp; d"><span>e</span></td>' in guide.html
    )
    assert "table: x" not in guide.html


def test_the_guides_of_ones_roles_are_marked(
    client_of: Callable[[User], Client], roles: Roles, client: Client
) -> None:
    def marked(page: str) -> set[str]:
        rows = re.findall(r'<li class="row-line">.*?</li>', page)
        return {
            match[1]
            for row in rows
            if "tag-accent" in row and (match := re.search(r"/help/([\w-]+)/", row))
        }

    assert marked(client.get("/help/").content.decode()) == set()
    for role, guides in {
        "nobody": {"submitter"},
        "VO member": {"submitter", "vo-member"},
        "VO shifter": {"submitter", "vo-member", "shifter"},
        "TPM operator": {"submitter", "supporter", "tpm"},
        "unit manager": {"submitter", "supporter", "unit-manager"},
        "VO manager": {"submitter", "unit-manager"},
        "admin": {"submitter", "admin"},
    }.items():
        page = client_of(roles[role]).get("/help/").content.decode()
        assert marked(page) - {"vo-member"} == guides - {"vo-member"}, role
    assert "vo-member" in marked(client_of(roles["VO member"]).get("/help/").content.decode())


def test_what_is_no_guide_is_not_there(client: Client) -> None:
    for path in ("/help/nothing/", "/help/pictures/nothing.png", "/help/pictures/..%2fsearch.md"):
        assert client.get(path).status_code == 404


def test_pictures_are_sent_as_pictures(client: Client, tmp_path, monkeypatch) -> None:
    (tmp_path / "sites.png").write_bytes(b"\x89PNG")
    (tmp_path / "notes.txt").write_text("no picture")
    monkeypatch.setattr(pages, "PICTURES", tmp_path)
    answer = client.get("/help/pictures/sites.png")
    assert answer["Content-Type"] == "image/png"
    assert b"".join(answer.streaming_content) == b"\x89PNG"
    assert client.get("/help/pictures/notes.txt").status_code == 404


def test_the_queue_leads_to_the_help_about_search(
    client_of: Callable[[User], Client], roles: Roles
) -> None:
    page = client_of(roles["supporter"]).get("/tickets/").content.decode()
    assert 'href="/help/search/"' in page


def test_the_guides_are_in_the_image() -> None:
    ignored = (settings.BASE_DIR / ".dockerignore").read_text().split()
    assert not {"docs", "docs/", "*.md", "**/*.md", "*.png"} & set(ignored)
    assert "COPY . ." in (settings.BASE_DIR / "Dockerfile").read_text()


def test_pages_of_help_ask_the_database_little(
    client: Client, django_assert_max_num_queries
) -> None:
    client.get("/help/search/")
    with django_assert_max_num_queries(4):
        client.get("/help/search/")
