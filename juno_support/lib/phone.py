"""Phone numbers as they are dialled from anywhere: with a plus and the country's code (E.164)."""

import re
from typing import Final

MOST_DIGITS: Final = 15
LEAST_DIGITS: Final = 7
_FROM_ABROAD = re.compile(r"\s*(?:\+|00)(?=[\s(]*\d)")
# "+33 (0)4 72": the nought is dialled within the country only.
_WITHIN_THE_COUNTRY = re.compile(r"\(\s*0\s*\)")
# "+49 (030) 12": whether a nought is dialled from abroad, only the owner of the number knows.
_BEGINS_WITH_NOUGHT = re.compile(r"\(\s*0")
_CODE_IN_PARENTHESES = re.compile(r"\s*\(\s*([0-9]+)\s*\)")
# Italy and San Marino dial it from abroad, too.
_KEEPS_THE_NOUGHT = re.compile(r"\s*(?:39|378)(?!\d)")
_NUMBER = re.compile(r"\+[1-9][0-9 ()/.-]*")


def normal(text: str) -> str:
    """Return a number that has the country's code as it is dialled from abroad, else the text.

    ``0033 (0)4 72`` becomes ``+33 4 72``: a plus for the two noughts, and without the nought in
    parentheses that is for callers within the country; ``+39 (0)6`` becomes ``+39 06``, and
    ``+(33) 4`` becomes ``+33 4``.
    """
    begin = _FROM_ABROAD.match(text)
    if begin is None:
        return text
    rest = text[begin.end() :]
    code = _CODE_IN_PARENTHESES.match(rest)
    if code:
        rest = f"{code[1]} {rest[code.end() :]}"
    nought = " 0" if _KEEPS_THE_NOUGHT.match(rest) else " "
    rest = _WITHIN_THE_COUNTRY.sub(nought, rest)
    return "+" + " ".join(rest.split())


def digits(text: str) -> str:
    """Return only the digits of a number, the country's code first where it has one."""
    return re.sub(r"\D", "", normal(text), flags=re.ASCII)


def is_international(text: str) -> bool:
    """Return whether the text is a number with the country's code and as many digits as can be.

    ``+33 (04) 72`` is none: dialled as it stands, it is a wrong number nearly everywhere.
    """
    number = normal(text)
    if _BEGINS_WITH_NOUGHT.search(number) and not _KEEPS_THE_NOUGHT.match(number[1:]):
        return False
    return bool(_NUMBER.fullmatch(number) and LEAST_DIGITS <= len(digits(text)) <= MOST_DIGITS)
