"""lib/xml: hostile and broken documents."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.xml import read_document, strip_forbidden


def test_a_plain_document_is_read() -> None:
    document = read_document(
        b'<?xml version="1.0" encoding="UTF-8"?><results><A X="1">t</A></results>'
    )

    assert document.root.tag == "results"
    assert document.root[0].attrib == {"X": "1"}
    assert document.root[0].text == "t"
    assert document.repaired == 0


@pytest.mark.parametrize(
    "broken",
    [
        b"<r>a\x0bb</r>",
        b"<r>a\x00b</r>",
        b"<r>a&#11;b</r>",
        b"<r>a&#x0B;b</r>",
        b"<r>a&#xD800;b</r>",
        b"<r>a\xef\xbf\xbfb</r>",
        b"<r a='\x0b'>ab</r>",
    ],
)
def test_forbidden_characters_are_taken_out_and_counted(broken: bytes) -> None:
    document = read_document(broken)

    assert document.root.text == "ab"
    assert document.repaired == 1


@pytest.mark.parametrize("broken", [b"<r>caf\xe9</r>", b"<r>\xed\xa0\x80</r>", b"<r>\xff</r>"])
def test_broken_utf8_is_replaced(broken: bytes) -> None:
    document = read_document(broken)

    assert "\ufffd" in (document.root.text or "")
    assert document.repaired >= 1


def test_allowed_characters_stay() -> None:
    text = "tab\tline\n emoji \U0001f600 cjk 中文 bidi \u202e nbsp \u00a0 reference &#65;"
    document = read_document(f"<r>{text}</r>".encode())

    assert document.root.text == text.replace("&#65;", "A")
    assert document.repaired == 0


def test_latin1_is_read_where_it_is_declared() -> None:
    body = '<?xml version="1.0" encoding="iso-8859-1"?><r>Orléans</r>'.encode("iso-8859-1")

    assert read_document(body).root.text == "Orléans"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE r><r/>",
        b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>',
        b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>',
        b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>',
        b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><lolz>&b;</lolz>',
        b"<!\x0bDOCTYPE r><r/>",
    ],
)
def test_document_types_and_entities_are_refused(body: bytes) -> None:
    with pytest.raises(AnswerNotUnderstood, match="document type"):
        read_document(body)


def test_depth_is_bounded() -> None:
    assert read_document(b"<a>" * 32 + b"</a>" * 32)
    with pytest.raises(AnswerNotUnderstood, match="32 levels"):
        read_document(b"<a>" * 33 + b"</a>" * 33)


def test_the_number_of_elements_is_bounded() -> None:
    with pytest.raises(AnswerNotUnderstood, match="more than 10 elements"):
        read_document(b"<r>" + b"<a/>" * 10 + b"</r>", max_elements=10)


@pytest.mark.parametrize(
    "body",
    [b"", b"no xml", b"<a>", b"<a></b>", b"<a/><b/>", b"<a>&nbsp;</a>", b"<a", b"\xff\xfe<\x00"],
)
def test_what_is_not_well_formed_is_said(body: bytes) -> None:
    with pytest.raises(AnswerNotUnderstood) as fault:
        read_document(body)
    assert fault.value.body_start == body


def test_an_unknown_encoding_is_said() -> None:
    with pytest.raises(AnswerNotUnderstood):
        read_document(b'<?xml version="1.0" encoding="klingon"?><r/>')


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(AnswerNotUnderstood):
        read_document(body)


@given(st.binary(max_size=100))
def test_any_text_inside_an_element_can_be_read(body: bytes) -> None:
    text = body.replace(b"<", b"").replace(b"&", b"").replace(b"]]>", b"")
    document = read_document(b"<r>" + text + b"</r>")

    assert document.root.tag == "r"


@given(st.binary(max_size=200))
def test_stripping_is_done_once(body: bytes) -> None:
    try:
        clean, _ = strip_forbidden(body)
    except AnswerNotUnderstood:
        return
    if not clean.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")):
        assert strip_forbidden(clean)[0] == clean
