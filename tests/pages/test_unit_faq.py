"""What units are asked again and again: writing, reading, finding it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from supportunits.actions import faq as actions
from supportunits.faqs import find_faqs
from supportunits.models import UnitFAQ, UnitState
from tests import make
from tests.cast import ROLE_NAMES, Cast, Roles

ClientOf = Callable[[Any], Client]
AT = make.AT
PAGE, EDIT = "/units/IN2P3-CC/faq/", "/units/IN2P3-CC/faq/edit/"
TEXT = "## Where are my files?\nOn tape.\n\n## Who <b>are</b> you?\n<script>alert(1)</script>We."


@pytest.fixture(autouse=True)
def now(clock_at: Callable[[Any], None]) -> None:
    clock_at(AT)


def _write(cast: Cast, text: str, **more: Any) -> UnitFAQ:
    unit = more.pop("unit", cast.in2p3_unit)
    seen = more.pop("seen", actions.mark_of(UnitFAQ.objects.filter(unit=unit).first()))
    return actions.write_faq(unit=unit, text=text, seen=seen, by=cast.dmitri, **{"at": AT} | more)


def test_everybody_who_signed_in_reads_it_and_managers_write_it(
    roles: Roles, client_of: ClientOf
) -> None:
    for name in ROLE_NAMES:
        if name in ("anonymous", "left"):
            continue
        client = client_of(roles[name])
        writes = name in ("unit manager", "admin")
        assert client.get(PAGE).status_code == 200, name
        assert client.get(EDIT).status_code == (200 if writes else 403), name
        answer = client.post(EDIT, {"text": TEXT, "seen": ""})
        assert answer.status_code == (302 if writes else 403), name
        UnitFAQ.objects.all().delete()


def test_what_is_written_is_shown_safely(cast: Cast, client_of: ClientOf) -> None:
    client_of(cast.dmitri).post(EDIT, {"text": TEXT, "seen": ""})
    page = client_of(cast.eve).get(PAGE).content.decode()
    assert "Where are my files?" in page
    assert "<script>alert" not in page
    assert "Written by Dmitri Orlov" in page
    assert "Frequent questions" in client_of(cast.eve).get("/units/IN2P3-CC/").content.decode()


def test_who_writes_second_is_told_and_loses_nothing(cast: Cast, client_of: ClientOf) -> None:
    _write(cast, "the first text")
    form = {"text": "my own long text", "seen": ""}
    client = client_of(cast.dmitri)
    answer = client.post(EDIT, form)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Dmitri Orlov has changed this page since you began." in page
    assert "my own long text" in page
    assert UnitFAQ.objects.get().text == "the first text"
    # now that it is known, the next press holds
    form["seen"] = answer.context["form"]["seen"].value()
    assert client.post(EDIT, form).status_code == 302
    assert UnitFAQ.objects.get().text == "my own long text"


def test_older_versions_are_read_by_those_who_write(cast: Cast, client_of: ClientOf) -> None:
    _write(cast, "old words")
    _write(cast, "new words", at=AT + timedelta(minutes=1))
    admin, eve = client_of(cast.dmitri), client_of(cast.eve)
    page = admin.get(PAGE)
    oldest = page.context["versions"][-1].url
    shown = admin.get(oldest).content.decode()
    assert "old words" in shown
    assert "This is an older version." in shown
    assert "old words" not in eve.get(oldest).content.decode()
    assert "Versions" not in eve.get(oldest).content.decode()
    for odd in ("0", "x", "99999999999999999999", "-1"):
        assert admin.get(f"{PAGE}?version={odd}").status_code in (200, 404)
    # and the trace of the unit tells both
    trace = admin.get("/units/IN2P3-CC/").content.decode()
    assert "FAQ: text" in trace
    assert "old words" in trace


def test_pages_are_found_by_words(cast: Cast, client_of: ClientOf) -> None:
    _write(cast, TEXT)
    storage = make.make_unit(name="Storage", title="Disk and tape")
    _write(cast, "## Quota\nAsk for more.", unit=storage)
    client = client_of(cast.eve)

    def found(search: str) -> list[str]:
        lines = client.get("/units/-/faq/", {"q": search}).context["lines"]
        return [line.unit for line in lines]

    assert found("") == ["IN2P3-CC", "Storage"]
    assert found("tape") == ["IN2P3-CC", "Storage"]  # in the text, in the title
    assert found("QUOTA more") == ["Storage"]
    assert found("files quota") == []
    assert "No unit has written about that." in client.get("/units/-/faq/?q=zzz").content.decode()
    [hit] = find_faqs("on tape")
    assert "<mark>On</mark>" in hit.excerpt
    assert hit.questions == ["Where are my files?", "Who <b>are</b> you?"]
    assert "&lt;b&gt;" in client.get("/units/-/faq/").content.decode()


def test_closed_units_and_empty_pages_are_not_listed(cast: Cast) -> None:
    _write(cast, TEXT)
    closed = make.make_unit(name="Closed")
    _write(cast, TEXT, unit=closed)
    closed.state = UnitState.CLOSED
    closed.save()
    assert [each.faq.unit.name for each in find_faqs("")] == ["IN2P3-CC"]
    _write(cast, "  ")
    assert find_faqs("") == []


def test_the_list_goes_on_in_one_query(
    cast: Cast,
    client_of: ClientOf,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    monkeypatch.setattr("juno_support.pages.unit_faq.PAGE", 4)
    for letter in "abcdef":
        _write(cast, "x", unit=make.make_unit(name=f"Unit {letter}"))
    with django_assert_num_queries(1):
        assert len(find_faqs("", limit=5)) == 5
    client = client_of(cast.eve)
    first = client.get("/units/-/faq/")
    rest = client.get(first.context["more"])
    names = [line.unit for page in (first, rest) for line in page.context["lines"]]
    assert names == [f"Unit {letter}" for letter in "abcdef"]


def test_nothing_new_is_no_version(cast: Cast) -> None:
    first = _write(cast, TEXT)
    again = _write(cast, TEXT, at=AT + timedelta(days=1))
    assert again.changed_at == first.changed_at
    with pytest.raises(actions.TooLong):
        _write(cast, "x" * (actions.LONGEST + 1))
