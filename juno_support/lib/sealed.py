"""Secrets at rest: locked with a key that is derived from ``JUNO_SECRET_KEY`` for one purpose.

After the key was changed, the old one still opens what it locked as long as it stands in
``SECRET_KEY_FALLBACKS``.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def lock(value: str, *, purpose: bytes) -> bytes:
    """Return the secret as it may be stored."""
    return _fernet(purpose).encrypt(value.encode())


def unlock(locked: bytes, *, purpose: bytes) -> str:
    """Return the secret; empty where it can no longer be opened."""
    try:
        return _fernet(purpose).decrypt(bytes(locked)).decode()
    except InvalidToken:
        return ""


def _fernet(purpose: bytes) -> MultiFernet:
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(purpose + key.encode()).digest()))
            for key in keys
        ]
    )
