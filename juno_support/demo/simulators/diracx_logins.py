"""The logins of the simulated DiracX: devices that wait for a person, and chains of tokens.

DiracX's refresh tokens rotate: each can be used once, and whoever uses one again is taken for a
thief: then every token of that login is worth nothing. So this simulator keeps state, in a file
beside the switches; whoever changes it holds a lock.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ACCESS_LIFETIME = timedelta(minutes=20)
DEVICE_LIFETIME = timedelta(minutes=10)
# DiracX's default is an hour; an instance may set more, and the demo is often off for longer.
REFRESH_LIFETIME = timedelta(days=14)
# Finished logins are forgotten, or the file would grow for ever.
MOST_DEVICES = 50
MOST_CHAINS = 50
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"

PENDING, APPROVED, DENIED = "pending", "approved", "denied"
REUSED = "Revoked refresh token reused: potential attack detected."
NOT_VALID = "Invalid JWT"


class Refused(Exception):
    """DiracX gives no token; ``body`` is what it says, with a status."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        """Keep what is said."""
        super().__init__(str(body))
        self.status = status
        self.body = body


@dataclass
class Logins:
    """What is kept: devices by their code, chains by their number, a key to sign with."""

    key: str = field(default_factory=lambda: secrets.token_hex(32))
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    chains: dict[str, dict[str, Any]] = field(default_factory=dict)


def file_beside(switch_file: Path) -> Path:
    """Return where the logins are kept."""
    return switch_file.with_name("diracx-logins.json")


@contextmanager
def changing(switch_file: Path) -> Iterator[Logins]:
    """Give the logins for a change, and write them in one step; others wait."""
    path = file_beside(switch_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            logins = Logins(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            logins = Logins()
        try:
            yield logins
        finally:
            # Also after a refusal: a chain that was revoked stays revoked.
            _write(path, logins)


def _write(path: Path, logins: Logins) -> None:
    logins.devices = dict([*logins.devices.items()][-MOST_DEVICES:])
    logins.chains = dict([*logins.chains.items()][-MOST_CHAINS:])
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(logins), file, ensure_ascii=False, indent=1)
    os.replace(temporary, path)


# --- a device -----------------------------------------------------------------------------


def begin_device(
    switch_file: Path, *, client: str, vo: str, group: str, approved: bool, at: datetime
) -> dict[str, Any]:
    """Begin a login and return it, with its ``device_code`` and ``user_code``."""
    code = secrets.token_urlsafe(32)
    device: dict[str, Any] = {
        "device_code": code,
        "user_code": "".join(secrets.choice(_LETTERS) for _ in range(8)),
        "client": client,
        "vo": vo,
        "group": group,
        "state": APPROVED if approved else PENDING,
        "expires_at": (at + DEVICE_LIFETIME).timestamp(),
    }
    with changing(switch_file) as logins:
        logins.devices[code] = device
    return device


def find_device(switch_file: Path, user_code: str) -> dict[str, Any] | None:
    """Return the login that a person's code belongs to."""
    with changing(switch_file) as logins:
        return _by_user_code(logins, user_code)


def decide_device(switch_file: Path, user_code: str, *, approve: bool, at: datetime) -> bool:
    """Let a device in, or do not; return whether there was one that waits for it."""
    with changing(switch_file) as logins:
        device = _by_user_code(logins, user_code)
        if device is None or device["state"] != PENDING or device["expires_at"] <= at.timestamp():
            return False
        device["state"] = APPROVED if approve else DENIED
        return True


def _by_user_code(logins: Logins, user_code: str) -> dict[str, Any] | None:
    wanted = user_code.strip().upper()
    return next((one for one in logins.devices.values() if one["user_code"] == wanted), None)


# --- tokens -------------------------------------------------------------------------------


def token_for_device(switch_file: Path, code: str, *, client: str, at: datetime) -> dict[str, Any]:
    """Return the first tokens of a login that a person has approved; only once.

    :raises Refused: as long as nobody has, and afterwards
    """
    with changing(switch_file) as logins:
        device = logins.devices.get(code)
        if device is None or device["client"] != client:
            raise Refused(401, {"detail": "Invalid device_code"})
        if device["expires_at"] <= at.timestamp():
            raise Refused(400, {"error": "expired_token"})
        if device["state"] == PENDING:
            raise Refused(400, {"error": "authorization_pending"})
        if device["state"] == DENIED:
            raise Refused(400, {"error": "access_denied"})
        if device["state"] != APPROVED:
            raise Refused(401, {"detail": "Code was already used"})
        device["state"] = "used"
        return _new_chain(logins, vo=device["vo"], group=device["group"], at=at)


def sign_in(switch_file: Path, *, vo: str, group: str, at: datetime) -> dict[str, Any]:
    """Return the tokens of a login that needs nobody; the demo's own."""
    with changing(switch_file) as logins:
        return _new_chain(logins, vo=vo, group=group, at=at)


def refresh(switch_file: Path, token: str, *, at: datetime) -> dict[str, Any]:
    """Return new tokens for a refresh token that was not used yet.

    :raises Refused: when it was: then the whole chain is revoked; or it is none of ours, or old
    """
    with changing(switch_file) as logins:
        claims = _claims(logins, token)
        if claims is None or claims.get("type") != "refresh":
            raise Refused(401, {"detail": NOT_VALID})
        chain = logins.chains.get(claims["chain"])
        if chain is None or claims["exp"] <= at.timestamp():
            raise Refused(401, {"detail": NOT_VALID})
        if chain["revoked"] or claims["number"] != chain["newest"]:
            chain["revoked"] = True
            raise Refused(401, {"detail": REUSED})
        chain["newest"] += 1
        return _tokens(logins, claims["chain"], at)


def revoke(switch_file: Path, token: str) -> None:
    """Revoke the login that a refresh token belongs to, if it is one of ours."""
    with changing(switch_file) as logins:
        claims = _claims(logins, token)
        chain = logins.chains.get(claims["chain"]) if claims else None
        if chain is not None:
            chain["revoked"] = True


def revoke_all(switch_file: Path) -> int:
    """Revoke every login, as an administrator of DiracX can; return how many there were."""
    with changing(switch_file) as logins:
        valid = [chain for chain in logins.chains.values() if not chain["revoked"]]
        for chain in valid:
            chain["revoked"] = True
        return len(valid)


def who(switch_file: Path, token: str, *, at: datetime) -> dict[str, Any]:
    """Return what an access token says of its bearer.

    It is worth something until it expires, also when its chain is revoked: nobody looks it up.

    :raises Refused: when it is none of ours, or old
    """
    with changing(switch_file) as logins:
        claims = _claims(logins, token)
    if claims is None or claims.get("type") != "access" or claims["exp"] <= at.timestamp():
        raise Refused(401, {"detail": NOT_VALID})
    return claims


def _new_chain(logins: Logins, *, vo: str, group: str, at: datetime) -> dict[str, Any]:
    number = secrets.token_hex(8)
    logins.chains[number] = {"vo": vo, "group": group, "newest": 1, "revoked": False}
    return _tokens(logins, number, at)


def _tokens(logins: Logins, number: str, at: datetime) -> dict[str, Any]:
    chain = logins.chains[number]
    common = {"chain": number, "vo": chain["vo"], "dirac_group": chain["group"]}

    def token(kind: str, lifetime: timedelta) -> str:
        expires = int((at + lifetime).timestamp())
        jti = secrets.token_hex(8)
        return _signed(
            logins,
            common | {"type": kind, "exp": expires, "number": chain["newest"], "jti": jti},
        )

    return {
        "access_token": token("access", ACCESS_LIFETIME),
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "token_type": "Bearer",
        "refresh_token": token("refresh", REFRESH_LIFETIME),
    }


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _signature(logins: Logins, text: str) -> str:
    return _base64(hmac.new(logins.key.encode(), text.encode(), hashlib.sha256).digest())


def _signed(logins: Logins, claims: dict[str, Any]) -> str:
    head = _base64(b'{"alg":"HS256","typ":"JWT"}')
    text = f"{head}.{_base64(json.dumps(claims).encode())}"
    return f"{text}.{_signature(logins, text)}"


def _claims(logins: Logins, token: str) -> dict[str, Any] | None:
    text, _dot, signature = token.rpartition(".")
    if not text or not hmac.compare_digest(
        _signature(logins, text).encode(), signature.encode("utf-8", "replace")
    ):
        return None
    payload = text.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims if isinstance(claims, dict) else None
