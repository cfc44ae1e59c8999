"""A simulator of DiracX 0.7, below ``/diracx``.

Base address for clients: ``http://HOST:PORT/diracx`` (then ``/.well-known/…`` and ``/api/…``). A
login begins at ``/api/auth/device``; a person approves it on ``verification_uri_complete``, or
nobody needs to (``manage.py demo approve auto``). With DiracX's habits: refresh tokens rotate, and
the second use of one ends the whole login (diracx_logins); summaries and searches are of all VOs
unless the question says which; a part of a search is 206, a page behind the end 416; resource
states come with an ETag, and 304 when nothing changed; which states were there before is not said.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any, ClassVar

from juno_support.demo.simulators import dirac_elements as elements
from juno_support.demo.simulators import diracx_jobs, diracx_logins
from juno_support.demo.simulators.addresses import DIRACX_CLIENT
from juno_support.demo.simulators.upstream import Asked, Told, Upstream

GROUPS = {
    "juno": {"juno_admin": ["JobAdministrator", "NormalUser", "ServiceAdministrator"],
             "juno_user": ["NormalUser"]},
    "bes": {"bes_user": ["NormalUser"]},
}  # fmt: skip
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

Json = dict[str, Any]


class DiracX(Upstream):
    """The WSGI app."""

    mount = "diracx"
    source = "diracx"
    special: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "diracx": {
            "revoked": "Every login is revoked: refresh tokens are taken for stolen ones.",
            "expired": "Access tokens are refused; refreshing works, and does not help.",
        }
    }

    def answer(self, asked: Asked) -> Told:
        """Answer a question to the interface."""
        try:
            return self._answer(asked)
        except diracx_logins.Refused as refused:
            return Told(refused.body, status=refused.status)
        except diracx_jobs.Refused as refused:
            return Told({"detail": refused.detail}, status=refused.status)

    def _answer(self, asked: Asked) -> Told:
        open_call = _OPEN.get((asked.method, asked.path.rstrip("/")))
        if open_call is not None:
            return open_call(asked)
        call = _CALLS.get((asked.method, asked.path.rstrip("/")))
        if call is None:
            known = {path for _method, path in (*_OPEN, *_CALLS)}
            if asked.path.rstrip("/") in known:
                return Told({"detail": "Method Not Allowed"}, status=405)
            return Told({"detail": "Not Found"}, status=404)
        return call(asked, _bearer(asked))


def _bearer(asked: Asked) -> Json:
    given = asked.headers.get("authorization", "")
    if not given:
        raise diracx_logins.Refused(401, {"detail": "Authorization header is missing"})
    if not given.startswith("Bearer ") or asked.failure == "expired":
        raise diracx_logins.Refused(401, {"detail": diracx_logins.NOT_VALID})
    token = given.removeprefix("Bearer ").strip()
    return diracx_logins.who(asked.switch_file, token, at=asked.moment)


# --- what everybody may ask ---------------------------------------------------------------


def _openid(asked: Asked) -> Told:
    issuer = f"{asked.address}/diracx"
    auth = f"{issuer}/api/auth"
    return Told(
        {
            "issuer": issuer,
            "token_endpoint": f"{auth}/token",
            "userinfo_endpoint": f"{auth}/userinfo",
            "authorization_endpoint": f"{auth}/authorize",
            "device_authorization_endpoint": f"{auth}/device",
            "revocation_endpoint": f"{auth}/revoke",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "grant_types_supported": ["authorization_code", DEVICE_GRANT],
            "scopes_supported": [
                *(f"vo:{vo}" for vo in GROUPS),
                *(f"group:{group}" for groups in GROUPS.values() for group in groups),
                "property:NormalUser",
                "property:JobAdministrator",
            ],
            "response_types_supported": ["code"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "Ed25519"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


def _metadata(asked: Asked) -> Told:
    return Told(
        {
            "virtual_organizations": {
                vo: {
                    "groups": {name: {"properties": held} for name, held in groups.items()},
                    "support": {
                        "message": "Please contact system administrator",
                        "webpage": None,
                        "email": None,
                    },
                    "default_group": f"{vo}_user",
                }
                for vo, groups in GROUPS.items()
            }
        }
    )


def _device(asked: Asked) -> Told:
    client = asked.parameters.get("client_id", "")
    if client != DIRACX_CLIENT:
        return Told({"detail": "Unrecognised client_id"}, status=400)
    vo, group = _scope(asked.parameters.get("scope", ""))
    device = diracx_logins.begin_device(
        asked.switch_file,
        client=client,
        vo=vo,
        group=group,
        approved=asked.approves_itself,
        at=asked.moment,
    )
    address = f"{asked.address}/diracx/api/auth/device"
    return Told(
        {
            "user_code": device["user_code"],
            "device_code": device["device_code"],
            "verification_uri_complete": f"{address}?user_code={device['user_code']}",
            "verification_uri": address,
            "expires_in": int(diracx_logins.DEVICE_LIFETIME.total_seconds()),
        }
    )


def _scope(text: str) -> tuple[str, str]:
    parts = [part.partition(":") for part in text.split()]
    vos = [value for name, _colon, value in parts if name == "vo"]
    if len(vos) != 1 or vos[0] not in GROUPS:
        detail = f"Invalid scope: {text!r}: exactly one vo of {sorted(GROUPS)} is needed"
        raise diracx_logins.Refused(400, {"detail": detail})
    groups = [value for name, _colon, value in parts if name == "group"]
    group = groups[0] if groups else f"{vos[0]}_user"
    if group not in GROUPS[vos[0]]:
        raise diracx_logins.Refused(403, {"detail": f"{group} is not a group of {vos[0]}"})
    return vos[0], group


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>DiracX of the demo</title></head>
<body><h1>DiracX of the demo</h1>{content}</body></html>
"""
_QUESTION = """<p>A program asks to act as <b>{group}</b> of the VO <b>{vo}</b>. Its code:
<b>{code}</b></p>
<form method="post"><input type="hidden" name="user_code" value="{code}">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button></form>
"""
_ENTER = """<form method="get"><label>Code <input name="user_code" autofocus></label>
<button>Continue</button></form>
"""


def _page(content: str, status: int = 200) -> Told:
    html = "text/html; charset=utf-8"
    return Told(_PAGE.format(content=content), status=status, content_type=html)


def _device_page(asked: Asked) -> Told:
    """Show what a person is asked in the browser; in reality its identity provider does."""
    code = asked.parameters.get("user_code", "")
    if not code:
        return _page(_ENTER)
    device = diracx_logins.find_device(asked.switch_file, code)
    if device is None or device["state"] != diracx_logins.PENDING:
        return _page("<p>No login waits with this code.</p>", 400)
    return _page(
        _QUESTION.format(
            group=escape(device["group"]), vo=escape(device["vo"]), code=device["user_code"]
        )
    )


def _device_decision(asked: Asked) -> Told:
    approve = asked.form.get("decision") == "approve"
    code = asked.form.get("user_code", "")
    if not diracx_logins.decide_device(asked.switch_file, code, approve=approve, at=asked.moment):
        return _page("<p>No login waits with this code.</p>", 400)
    return _page(
        "<p>Please close the window: the program is let in.</p>"
        if approve
        else "<p>The program is not let in.</p>"
    )


def _device_post(asked: Asked) -> Told:
    # The same address: a program begins a login, a person's browser sends a decision.
    return _device_decision(asked) if "decision" in asked.form else _device(asked)


def _token(asked: Asked) -> Told:
    form = asked.form
    if form.get("client_id") != DIRACX_CLIENT:
        return Told({"detail": "Unrecognised client_id"}, status=400)
    grant = form.get("grant_type", "")
    if grant == DEVICE_GRANT:
        code = form.get("device_code", "")
        found = diracx_logins.token_for_device(
            asked.switch_file, code, client=DIRACX_CLIENT, at=asked.moment
        )
        return Told(found)
    if grant == "refresh_token":
        if asked.failure == "revoked":
            diracx_logins.revoke_all(asked.switch_file)
        token = form.get("refresh_token", "")
        return Told(diracx_logins.refresh(asked.switch_file, token, at=asked.moment))
    place = {"loc": ["body", "grant_type"], "type": "enum", "msg": "Input should be a known grant"}
    return Told({"detail": [place | {"input": grant}]}, status=422)


def _revoke(asked: Asked) -> Told:
    # What is none of ours counts as revoked, too: so the standard has it.
    diracx_logins.revoke(asked.switch_file, asked.form.get("token", ""))
    return Told("Refresh token revoked")


_OPEN: dict[tuple[str, str], Callable[[Asked], Told]] = {
    ("GET", ".well-known/openid-configuration"): _openid,
    ("GET", ".well-known/dirac-metadata"): _metadata,
    ("POST", "api/auth/device"): _device_post,
    ("GET", "api/auth/device"): _device_page,
    ("POST", "api/auth/token"): _token,
    ("POST", "api/auth/revoke"): _revoke,
}


# --- what a token opens -------------------------------------------------------------------


def _userinfo(asked: Asked, who: Json) -> Told:
    return Told(
        {
            "sub": f"{who['vo']}:75212b23-14c2-47be-9374-eb0113b0575e",
            "vo": who["vo"],
            "dirac_group": who["dirac_group"],
            "policies": {},
            "properties": GROUPS[who["vo"]][who["dirac_group"]],
            "preferred_username": "portal",
        }
    )


def _read(asked: Asked) -> Json:
    try:
        body = json.loads(asked.body or b"{}")
    except ValueError:
        raise diracx_jobs.Refused(
            422, [{"type": "json_invalid", "loc": ["body", 0], "msg": "JSON decode error"}]
        ) from None
    if not isinstance(body, dict):
        raise diracx_jobs.Refused(
            422, [{"type": "model_attributes_type", "loc": ["body"], "msg": "Input should be a "
                   "valid dictionary or object"}]
        )  # fmt: skip
    return body


def _summary(rows: Callable[[Asked, Json], list[Json]]) -> Callable[[Asked, Json], Told]:
    def call(asked: Asked, who: Json) -> Told:
        return Told(diracx_jobs.summary(rows(asked, who), _read(asked)))

    return call


def _search(name: str, rows: Callable[[Asked, Json], list[Json]]) -> Callable[[Asked, Json], Told]:
    def call(asked: Asked, who: Json) -> Told:
        page, per_page = (
            diracx_jobs.number(asked.parameters.get(key, ""), key, default)
            for key, default in (("page", 1), ("per_page", 100))
        )
        question = _read(asked)
        found = diracx_jobs.search(rows(asked, who), question)
        first = (page - 1) * per_page
        some = found[first : first + per_page]
        if diracx_jobs.LOGGING in (question.get("parameters") or ()):
            some = diracx_jobs.with_logging(asked.story, some)
        if not some and page > 1:
            return Told([], status=416, headers={"Content-Range": f"{name} */{len(found)}"})
        if len(some) == len(found):
            return Told(some)
        span = f"{name} {first}-{first + len(some) - 1}/{len(found)}"
        return Told(some, status=206, headers={"Content-Range": span})

    return call


def _jobs(asked: Asked, who: Json) -> list[Json]:
    return diracx_jobs.job_rows(asked.story)


def _pilots(asked: Asked, who: Json) -> list[Json]:
    # Of pilots one sees those of one's own VO.
    return [row for row in diracx_jobs.pilot_rows(asked.story) if row["VO"] == who["vo"]]


_ACCESS = {
    "ReadAccess": "read", "WriteAccess": "write", "CheckAccess": "check", "RemoveAccess": "remove",
    "all": "all",
}  # fmt: skip


def _resources(kind: str) -> Callable[[Asked, Json], Told]:
    def call(asked: Asked, who: Json) -> Told:
        body: Json = {}
        newest = datetime(2026, 1, 1, tzinfo=UTC)
        rows = 0
        for element in elements.of_kind(kind):
            states: Json = {}
            for status_type in element.types:
                # A row of the VO's own wins over the one for all.
                phase = elements.status_at(
                    asked.story, element, status_type, who["vo"]
                ) or elements.status_at(asked.story, element, status_type)
                if phase is None:
                    continue
                rows += 1
                newest = max(newest, phase.since)
                states[_ACCESS[status_type]] = _allowed(phase.state, phase.words)
            body[element.name] = states
        etag = f"{newest:%Y-%m-%dT%H:%M:%S}.{len(kind):06d}+00:00-{rows}-{who['vo']}"
        headers = {
            "ETag": etag,
            "Last-Modified": format_datetime(newest, usegmt=True),
            "Vary": "Authorization, Origin",
        }
        if asked.headers.get("if-none-match") == etag:
            return Told(b"", status=304, headers=headers)
        return Told(body, headers=headers)

    return call


def _allowed(state: str, words: str) -> Json:
    """Return DiracX's view of a state: it says whether, not which, and no since."""
    if state == elements.ACTIVE:
        return {"allowed": True, "warnings": None}
    if state == elements.DEGRADED:
        return {"allowed": True, "warnings": words or "Degraded"}
    return {"allowed": False, "reason": words or state}


_CALLS: dict[tuple[str, str], Callable[[Asked, Json], Told]] = {
    ("GET", "api/auth/userinfo"): _userinfo,
    ("POST", "api/jobs/summary"): _summary(_jobs),
    ("POST", "api/jobs/search"): _search("jobs", _jobs),
    ("POST", "api/pilots/summary"): _summary(_pilots),
    ("POST", "api/pilots/search"): _search("pilots", _pilots),
    ("GET", "api/rss/site"): _resources("Site"),
    ("GET", "api/rss/storage"): _resources("StorageElement"),
    ("GET", "api/rss/compute"): _resources("ComputingElement"),
    ("GET", "api/rss/fts"): _resources("FTS"),
}
