"""Phone numbers as they are dialled from anywhere."""

import pytest

from juno_support.lib import phone


@pytest.mark.parametrize(
    ("text", "normal", "digits"),
    [
        ("+33 4 72 69 42 00", "+33 4 72 69 42 00", "33472694200"),
        ("+33 (0)4 72 69 42 00", "+33 4 72 69 42 00", "33472694200"),
        ("+33(0)472694200", "+33 472694200", "33472694200"),
        (" 0033 ( 0 ) 4 72-69-42-00 ", "+33 4 72-69-42-00", "33472694200"),
        ("00 86 10 5550100", "+86 10 5550100", "86105550100"),
        ("+39 06 5550 101", "+39 06 5550 101", "39065550101"),
        ("+39 (0)6 5550 101", "+39 06 5550 101", "39065550101"),
        ("+39 (06) 5550 101", "+39 (06) 5550 101", "39065550101"),
        ("+(33) 4 72 69 42 00", "+33 4 72 69 42 00", "33472694200"),
        ("00 (33)(0)4 72 69 42 00", "+33 4 72 69 42 00", "33472694200"),
        ("+( 39 ) (0)6 5550 101", "+39 06 5550 101", "39065550101"),
        ("+7 (495) 555-01-01", "+7 (495) 555-01-01", "74955550101"),
        # Without the country's code nothing is known of it.
        ("(0)4 72 69 42 00", "(0)4 72 69 42 00", "0472694200"),
        ("matrix:@ada:00.example.org", "matrix:@ada:00.example.org", "00"),
        ("", "", ""),
    ],
)
def test_numbers_are_dialled_as_from_abroad(text: str, normal: str, digits: str) -> None:
    assert phone.normal(text) == normal
    assert phone.normal(normal) == normal
    assert phone.digits(text) == digits


@pytest.mark.parametrize(
    "text",
    [
        *("+33 (0)4 72 69 42 00", "0086 10 5550100", "+7 (495) 555-01-01", "+(33) 4 72 69 42 00"),
        *("+39 (06) 5550 101", "+378 (0549) 555 010", "+(39) (06) 5550 101"),
    ],
)
def test_numbers_with_the_country_are_international(text: str) -> None:
    assert phone.is_international(text)


@pytest.mark.parametrize(
    "text",
    [
        *("04 72 69 42 00", "(0)4 72 69 42 00", "+0 472 694 200", "+33", "+33 4 72 69 42 00 ext 5"),
        *("+33 (04) 72 69 42 00", "0049 ( 030 ) 5550 101", "+(33) (04) 72 69 42 00"),
        *(
            "+(0) 33 4 72 69 42 00",
            "+",
            "call me",
            "",
            "+331234567890123456",
            "+33\u0664\u0667\u0662\u0666\u0669",
        ),
    ],
)
def test_other_texts_are_not(text: str) -> None:
    assert not phone.is_international(text)
