"""The portal's one login to DiracX: begun by an admin, kept alive, never used twice.

DiracX's refresh token works exactly once. Whoever sends one a second time, by accident or not,
makes DiracX end every login of that account. So there is one row for the login, and a token is
changed only by whoever holds its lock, in the transaction that keeps the new one; everybody else
waits for that lock and then finds a good access token. The refresh token lives an hour, therefore
``keep_alive`` changes it every half hour whether anything is polled or not.
"""

import json
import logging
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from juno_support.accounts.models import User
from juno_support.feeds import vault
from juno_support.feeds.configuration import Configuration, ensure_source
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused, FetchFault
from juno_support.lib.http import Answer, Limits
from monitoring.clients.diracx import DiracxClient
from monitoring.diracx_words import error_words
from monitoring.parsers import diracx_login as parser

logger = logging.getLogger(__name__)

# Names in the vault.
LOGIN, BEGUN = "login", "login-begun"
# An access token is not used in its last minute: the question takes time, clocks differ.
MARGIN = timedelta(seconds=60)
# Refresh tokens live an hour; this leaves half an hour in which DiracX may be away.
REFRESH_AFTER = timedelta(minutes=30)
# How DiracX refuses a token, in words of its own; any other answer may come from elsewhere.
REFUSALS = frozenset({400, 401, 403})
# The lock is held meanwhile, so this is short. Sent once: ``tries`` would not repeat a POST.
TOKEN_LIMITS = Limits(connect=5, read=15, total=20, body_bytes=1024 * 1024)
# An answer that we stop waiting for may have spent the token: patience saves a sign-in.
REFRESH_LIMITS = Limits(connect=5, read=30, total=40, body_bytes=1024 * 1024)


@dataclass(frozen=True)
class Login:
    """A login, with what a page may say of it.

    ``url``, ``vo``, ``group`` and ``client_id`` say what it is for: it is shown to no other
    server. ``lost_at`` and ``lost_reason``: DiracX does not take it any more.
    """

    url: str
    vo: str
    group: str
    client_id: str
    refresh_token: str
    refreshed_at: datetime
    access_token: str
    access_ends_at: datetime
    signed_in_at: datetime
    signed_in_by: str
    identity: str = ""
    lost_at: datetime | None = None
    lost_reason: str = ""

    @property
    def is_lost(self) -> bool:
        """Say whether somebody must sign in again."""
        return self.lost_at is not None


@dataclass(frozen=True)
class Begun:
    """A login that waits for a person to confirm it in a browser."""

    url: str
    vo: str
    group: str
    client_id: str
    user_code: str
    device_code: str
    address: str
    begun_at: datetime
    ends_at: datetime
    begun_by: str


def login_of(configuration: Configuration) -> Login | None:
    """Return the login that is kept, also one that was lost; None where there never was one."""
    return _read(Login, vault.read(configuration.kind.name, LOGIN))


def begun_login(configuration: Configuration, *, at: datetime) -> Begun | None:
    """Return the login that waits to be confirmed, if its time is not over."""
    begun = _read(Begun, vault.read(configuration.kind.name, BEGUN))
    return begun if begun is not None and begun.ends_at > at else None


def why_unusable(login: Login | None, configuration: Configuration) -> str:
    """Say in words why there must be a (new) login; empty where the one there is will do."""
    if login is None:
        return _("Nobody has signed the portal in to DiracX yet.")
    if login.is_lost:
        return _("The login to DiracX is lost (%(reason)s): somebody must sign in again.") % {
            "reason": login.lost_reason
        }
    if login.url != configuration.url:
        return _("The login is for %(url)s, and is not shown to another server.") % {
            "url": login.url
        }
    wanted = (
        str(configuration.option("vo")),
        str(configuration.option("group")),
        str(configuration.option("client_id")),
    )
    if (login.vo, login.group, login.client_id) != wanted:
        return _("VO, group or client id were changed after the login to DiracX.")
    return ""


def begin(*, configuration: Configuration, by: User, at: datetime) -> Begun:
    """Begin a login; whoever began another one before starts anew.

    :raises juno_support.lib.faults.FetchFault: when DiracX cannot be asked, or does not want to
    """
    vo, group = str(configuration.option("vo")), str(configuration.option("group"))
    client_id = str(configuration.option("client_id"))
    start = parser.parse_device(
        _client(configuration).start_device_login(
            client_id=client_id, scope=f"vo:{vo} group:{group}" if group else f"vo:{vo}"
        )
    )
    begun = Begun(
        url=configuration.url,
        vo=vo,
        group=group,
        client_id=client_id,
        user_code=start.user_code,
        device_code=start.device_code,
        address=start.address,
        begun_at=at,
        ends_at=at + timedelta(seconds=start.seconds),
        begun_by=by.username,
    )
    source = ensure_source(configuration.kind)
    vault.write(source=source, name=BEGUN, value=_write(begun), by=by, at=at)
    return begun


def finish(*, configuration: Configuration, by: User, at: datetime) -> Login | None:
    """Ask whether the begun login was confirmed; None while it was not.

    :raises CredentialRefused: when there is none any more: it ended, or was refused
    :raises juno_support.lib.faults.FetchFault: when DiracX cannot be asked
    """
    ensure_source(configuration.kind)
    name = configuration.kind.name
    refusal: FetchFault | None = None
    login: Login | None = None
    # A device code works once, too: two open pages must not both send it.
    with vault.changing(name, BEGUN, at=at) as entry:
        begun = _read(Begun, entry.value)
        if begun is None or begun.ends_at <= at or begun.url != configuration.url:
            entry.value = ""
            refusal = CredentialRefused(_("The time for confirming is over. Begin again."))
        else:
            answer = _client(configuration).ask_for_device_tokens(
                client_id=begun.client_id, device_code=begun.device_code
            )
            if answer.status == 200:
                login = _signed_in(begun, answer.body, by=by, at=at)
                vault.write(
                    source=ensure_source(configuration.kind),
                    name=LOGIN,
                    value=_write(login),
                    by=by,
                    at=at,
                )
                entry.value = ""
            elif not (answer.status == 400 and parser.is_pending(answer.body)):
                entry.value = ""
                refusal = _refused(answer)
    if refusal is not None:
        raise refusal
    return login and _with_identity(configuration, login, at=at)


def access_token(configuration: Configuration, *, at: datetime, rejected: str = "") -> str:
    """Return an access token that holds for a while, changing the refresh token if it must.

    :param rejected: a token that DiracX did not take although it should hold
    :raises CredentialRefused: when somebody must sign in (again)
    :raises juno_support.lib.faults.FetchFault: when DiracX cannot be asked for a new one
    """
    login = _usable(login_of(configuration), configuration)
    if _holds(login, at, rejected):
        return login.access_token
    return _refresh(configuration, at=at, rejected=rejected).access_token


def keep_alive(configuration: Configuration, *, at: datetime) -> bool:
    """Change the refresh token if it is half an hour old; say whether it was changed.

    :raises CredentialRefused: when it was lost by that
    :raises juno_support.lib.faults.FetchFault: when DiracX cannot be asked; try again soon
    """
    login = login_of(configuration)
    if login is None or why_unusable(login, configuration):
        return False
    if at - login.refreshed_at < REFRESH_AFTER:
        return False
    return _refresh(configuration, at=at, older_than=REFRESH_AFTER).refreshed_at == at


def forget(*, configuration: Configuration, at: datetime) -> None:
    """End the login, at DiracX too as far as it can be told."""
    login: Login | None = None
    ensure_source(configuration.kind)
    with vault.changing(configuration.kind.name, LOGIN, at=at) as entry:
        login = _read(Login, entry.value)
        entry.value = ""
    if login is None or login.is_lost or login.url != configuration.url:
        return
    try:
        _client(configuration).revoke(client_id=login.client_id, refresh_token=login.refresh_token)
    except FetchFault as fault:
        logger.info("DiracX could not be told that the login ended: %s", fault.reason)


# The one place where a refresh token is used


def _refresh(
    configuration: Configuration,
    *,
    at: datetime,
    rejected: str = "",
    older_than: timedelta | None = None,
) -> Login:
    with vault.changing(configuration.kind.name, LOGIN, at=at) as entry:
        # Whoever held the lock before us may have done it.
        login = _usable(_read(Login, entry.value), configuration)
        is_fresh = older_than is not None and at - login.refreshed_at < older_than
        if is_fresh or (older_than is None and _holds(login, at, rejected)):
            return login
        answer = _client(configuration, REFRESH_LIMITS).refresh(
            client_id=login.client_id, refresh_token=login.refresh_token
        )
        if answer.status == 200:
            login = _renewed(login, answer.body, at=at)
        elif answer.status in REFUSALS and error_words(answer.body):
            login = _lost(login, _words(answer), at=at)
        else:
            # Not DiracX's own words, or about our question: the token may still be good.
            raise AnswerNotUnderstood(
                f"DiracX answered {answer.status} when its token was to be changed: "
                f"{_words(answer)}",
                status=answer.status,
                body_start=answer.body,
            )
        entry.value = _write(login)
    if login.is_lost:
        logger.error("the login to DiracX is lost: %s", login.lost_reason)
        raise CredentialRefused(why_unusable(login, configuration))
    return login


def _renewed(login: Login, body: bytes, *, at: datetime) -> Login:
    try:
        tokens = parser.parse_tokens(body)
    except AnswerNotUnderstood as fault:
        # The old token is spent, and the new one cannot be read.
        return _lost(login, fault.reason, at=at)
    return replace(
        login,
        refresh_token=tokens.refresh_token,
        refreshed_at=at,
        access_token=tokens.access_token,
        access_ends_at=at + timedelta(seconds=tokens.seconds),
    )


def _lost(login: Login, reason: str, *, at: datetime) -> Login:
    return replace(login, refresh_token="", access_token="", lost_at=at, lost_reason=reason)


def _usable(login: Login | None, configuration: Configuration) -> Login:
    words = why_unusable(login, configuration)
    if login is None or words:
        raise CredentialRefused(words)
    return login


def _holds(login: Login, at: datetime, rejected: str) -> bool:
    return (
        bool(login.access_token)
        and login.access_token != rejected
        and login.access_ends_at - MARGIN > at
    )


def _signed_in(begun: Begun, body: bytes, *, by: User, at: datetime) -> Login:
    tokens = parser.parse_tokens(body)
    return Login(
        url=begun.url,
        vo=begun.vo,
        group=begun.group,
        client_id=begun.client_id,
        refresh_token=tokens.refresh_token,
        refreshed_at=at,
        access_token=tokens.access_token,
        access_ends_at=at + timedelta(seconds=tokens.seconds),
        signed_in_at=at,
        signed_in_by=by.username,
    )


def _with_identity(configuration: Configuration, login: Login, *, at: datetime) -> Login:
    """Add as whom we are signed in, for the page. What fails here costs nothing."""
    client = DiracxClient(
        configuration.url,
        bearer=lambda *, rejected="": "" if rejected else login.access_token,
        certificate=configuration.client_certificate,
        ca_bundle=configuration.ca_bundle or None,
        limits=TOKEN_LIMITS,
    )
    try:
        identity = parser.parse_identity(client.identity())
    except FetchFault:
        return login
    named = f"{identity.name} ({identity.group})" if identity.group else identity.name
    with vault.changing(configuration.kind.name, LOGIN, at=at) as entry:
        kept = _read(Login, entry.value)
        if kept is None or kept.signed_in_at != login.signed_in_at:
            return login
        kept = replace(kept, identity=named)
        entry.value = _write(kept)
    return kept


def _refused(answer: Answer) -> CredentialRefused:
    return CredentialRefused(
        _("DiracX refused the login: %(reason)s") % {"reason": _words(answer)},
        status=answer.status,
    )


def _words(answer: Answer) -> str:
    return error_words(answer.body) or f"HTTP {answer.status}"


def _client(configuration: Configuration, limits: Limits = TOKEN_LIMITS) -> DiracxClient:
    return DiracxClient(
        configuration.url,
        certificate=configuration.client_certificate,
        ca_bundle=configuration.ca_bundle or None,
        limits=limits,
    )


# In the vault there are texts

Kept = TypeVar("Kept", Login, Begun)


def _write(kept: Login | Begun) -> str:
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(kept).items()
    }
    return json.dumps(values)


def _read(kind: type[Kept], text: str) -> Kept | None:
    if not text:
        return None
    try:
        values: dict[str, Any] = json.loads(text)
        for one in fields(kind):
            if one.name.endswith("_at") and values.get(one.name):
                values[one.name] = datetime.fromisoformat(values[one.name])
        return kind(**{one.name: values[one.name] for one in fields(kind) if one.name in values})
    except (ValueError, TypeError, KeyError):
        # Written by an earlier release: as good as none.
        return None
