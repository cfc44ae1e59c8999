"""Read switches, numbers and secrets from the environment, and say clearly what is wrong.

Every variable may also be given as ``NAME_FILE``: the path of a file that holds the value, as
container platforms hand over secrets. What a running embedded stack wrote into ``JUNO_DATA``
serves where the environment itself says nothing.
"""

import os
from functools import cache
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from juno_support.launcher import state

CHECKOUT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Return the folder of database, Valkey and uploads (``JUNO_DATA``, default ``var/``)."""
    return Path(os.environ.get("JUNO_DATA") or CHECKOUT / "var").resolve()


@cache
def _running_stack() -> dict[str, str]:
    return state.load(data_dir())


def read(name: str, default: str | None = None) -> str | None:
    """Return the variable's value, its file's content, the running stack's value, or a default."""
    value = os.environ.get(name)
    if value is not None and value != "":
        return value
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}: {error.strerror}.") from error
    return _running_stack().get(name, default)


def text(name: str, default: str = "") -> str:
    """Return a text setting."""
    value = read(name, default)
    return default if value is None else value


def path(name: str) -> str:
    """Return the path of a file that is handed over as a file: ``NAME`` and ``NAME_FILE`` alike.

    Certificates and keys are read by the TLS library from where they lie.
    """
    return os.environ.get(name) or os.environ.get(f"{name}_FILE") or text(name)


def required(name: str, hint: str) -> str:
    """Return a setting that must be there; the hint tells where it comes from."""
    value = read(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {hint}")
    return value


def switch(name: str, default: bool = False) -> bool:
    """Return an on/off setting: 1/0, true/false, yes/no, on/off."""
    value = read(name)
    if value is None:
        return default
    match value.strip().lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
    raise ImproperlyConfigured(f"{name} is {value!r}; use 1 or 0.")


def number(name: str, default: int) -> int:
    """Return a whole number."""
    value = read(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; use a whole number.") from error


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
