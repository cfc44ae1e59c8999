"""DiracX's answers about signing in: the device flow and its tokens (RFC 8628, RFC 6749)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json
from juno_support.lib.text import clean_line, shorten
from monitoring.diracx_words import error_words

LONGEST_TOKEN = 16_000
LONGEST_LIFE = 366 * 24 * 3600
# What OAuth says while the person has not confirmed yet, and how the flow can end.
PENDING = frozenset({"authorization_pending", "slow_down"})


@dataclass(frozen=True)
class DeviceStart:
    """A sign-in that was begun.

    :param user_code: what the person compares or types
    :param device_code: our secret half
    :param address: where the person confirms, with the code in it; http or https
    :param seconds: how long there is
    """

    user_code: str
    device_code: str
    address: str
    seconds: int


@dataclass(frozen=True)
class Tokens:
    """A pair of tokens; the refresh token works exactly once. ``seconds``: of the access token."""

    access_token: str
    refresh_token: str
    seconds: int


@dataclass(frozen=True)
class Identity:
    """As whom we are signed in."""

    name: str
    vo: str
    group: str


def parse_device(body: bytes) -> DeviceStart:
    """Understand the answer to ``POST /api/auth/device``.

    :raises AnswerNotUnderstood: when it is none
    """
    document = _object(body)
    address = _text(document, "verification_uri_complete", body, 2000)
    parts = urlsplit(address)
    # It becomes a link on a page of ours.
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise AnswerNotUnderstood("The address for confirming is no web address.", body_start=b"")
    return DeviceStart(
        user_code=clean_line(_text(document, "user_code", body, 100)),
        device_code=_text(document, "device_code", body, 2000),
        address=address,
        seconds=_seconds(document),
    )


def parse_tokens(body: bytes) -> Tokens:
    """Understand a good answer of ``POST /api/auth/token``.

    The answer is never quoted in a fault: it holds secrets.

    :raises AnswerNotUnderstood: when it is none
    """
    document = _object(body)
    return Tokens(
        access_token=_text(document, "access_token", b"", LONGEST_TOKEN),
        refresh_token=_text(document, "refresh_token", b"", LONGEST_TOKEN),
        seconds=_seconds(document),
    )


def parse_identity(body: bytes) -> Identity:
    """Understand the answer to ``GET /api/auth/userinfo``.

    :raises AnswerNotUnderstood: when it is none
    """
    document = _object(body)
    name = document.get("preferred_username") or document.get("sub")
    group = document.get("dirac_group")
    return Identity(
        name=shorten(name, 100) if isinstance(name, str) else "",
        vo=shorten(_text(document, "vo", b"", 128), 128),
        group=shorten(group, 128) if isinstance(group, str) else "",
    )


def is_pending(body: bytes) -> bool:
    """Say whether a 400 of the token address only means that the person has not confirmed yet."""
    return error_words(body) in PENDING


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = read_json(body)
    except AnswerNotUnderstood as fault:
        raise AnswerNotUnderstood(fault.reason) from None
    if not isinstance(document, dict):
        raise AnswerNotUnderstood("The answer about signing in is no object.")
    return document


def _text(document: dict[str, Any], name: str, body: bytes, longest: int) -> str:
    value = document.get(name)
    # Visible ASCII only: it goes into a header, an address or a page.
    fits = isinstance(value, str) and 0 < len(value) <= longest
    if not fits or not str(value).isprintable() or not str(value).isascii() or " " in str(value):
        raise AnswerNotUnderstood(f"The answer about signing in has no {name}.", body_start=body)
    return str(value)


def _seconds(document: dict[str, Any]) -> int:
    seconds = document.get("expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise AnswerNotUnderstood("The answer about signing in does not say how long it holds.")
    return max(0, min(seconds, LONGEST_LIFE))
