"""monitoring/actions/diracx_login: no token is used twice, and no login is lost by us."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections

from juno_support.accounts.models import User
from juno_support.feeds import vault
from juno_support.feeds.configuration import Configuration, configuration_of, ensure_source
from juno_support.feeds.models import SourceSecret
from juno_support.feeds.registry import Question, find_kind
from juno_support.lib import http
from juno_support.lib.faults import AnswerNotUnderstood, CredentialRefused, ServiceUnavailable
from monitoring import tasks
from monitoring.actions import diracx_login
from monitoring.sources.diracx import POLLER
from monitoring.sources.diracx_jobs import DiracxJobs
from tests.diracx_upstream import Diracx, running_diracx, usual_diracx
from tests.make import make_user


@pytest.fixture
def diracx() -> Iterator[Diracx]:
    with running_diracx(usual_diracx()) as running:
        yield running


def in_force() -> Configuration:
    return configuration_of(ensure_source(find_kind("diracx")))


def sign_in(diracx: Diracx, at: datetime, by: User | None = None) -> diracx_login.Login:
    """Sign the portal in, as an admin does with a browser."""
    admin = by or make_user(username="dora", is_staff=True)
    diracx.now, diracx.is_confirmed = at, True
    diracx_login.begin(configuration=in_force(), by=admin, at=at)
    login = diracx_login.finish(configuration=in_force(), by=admin, at=at)
    assert login is not None
    return login


def token(at: datetime, rejected: str = "") -> str:
    return diracx_login.access_token(in_force(), at=at, rejected=rejected)


@pytest.mark.django_db
def test_a_login_waits_for_its_person_and_is_kept_encrypted(diracx: Diracx, at: datetime) -> None:
    admin = make_user(username="dora", is_staff=True)
    diracx.now = at

    begun = diracx_login.begin(configuration=in_force(), by=admin, at=at)
    waiting = diracx_login.finish(configuration=in_force(), by=admin, at=at)
    diracx.is_confirmed = True
    login = diracx_login.finish(configuration=in_force(), by=admin, at=at)

    assert begun.user_code == "FBSQLQJV"
    assert begun.address.endswith("/api/auth/device?user_code=FBSQLQJV")
    assert waiting is None
    assert login is not None
    assert (login.identity, login.signed_in_by) == ("shifter (juno_user)", "dora")
    assert diracx_login.begun_login(in_force(), at=at) is None
    kept = b"".join(bytes(row.encrypted) for row in SourceSecret.objects.all())
    assert login.refresh_token
    assert login.refresh_token.encode() not in kept
    assert diracx.server is not None
    asked = next(one for one in diracx.server.asked if one.path == "/api/auth/device")
    assert asked.query == {"client_id": "myDIRACClientID", "scope": "vo:juno"}


@pytest.mark.django_db
def test_the_time_for_confirming_ends(diracx: Diracx, at: datetime) -> None:
    admin = make_user(username="dora", is_staff=True)
    diracx_login.begin(configuration=in_force(), by=admin, at=at)
    later = at + timedelta(minutes=10)

    with pytest.raises(CredentialRefused, match="Begin again"):
        diracx_login.finish(configuration=in_force(), by=admin, at=later)

    assert diracx_login.begun_login(in_force(), at=later) is None


@pytest.mark.django_db
def test_a_refused_login_says_why(diracx: Diracx, at: datetime) -> None:
    admin = make_user(username="dora", is_staff=True)
    diracx_login.begin(configuration=in_force(), by=admin, at=at)
    diracx.instead["/api/auth/token"] = (403, b'{"detail": "User is not a member"}')

    with pytest.raises(CredentialRefused, match="User is not a member"):
        diracx_login.finish(configuration=in_force(), by=admin, at=at)


@pytest.mark.django_db
def test_without_a_login_nothing_is_sent(diracx: Diracx, at: datetime) -> None:
    with pytest.raises(CredentialRefused, match="Nobody has signed the portal in"):
        token(at)

    assert diracx.server is not None
    assert diracx.server.asked == []


@pytest.mark.django_db
def test_an_access_token_is_used_until_its_last_minute(diracx: Diracx, at: datetime) -> None:
    first = sign_in(diracx, at)

    assert token(at + timedelta(minutes=18)) == first.access_token
    assert diracx.refreshes == 0
    diracx.now = at + timedelta(minutes=19, seconds=30)
    assert token(diracx.now) != first.access_token
    assert diracx.refreshes == 1


@pytest.mark.django_db
def test_a_token_that_is_not_taken_is_changed_once(diracx: Diracx, at: datetime) -> None:
    first = sign_in(diracx, at)
    diracx.end_access_tokens()

    second = token(at, rejected=first.access_token)
    third = token(at, rejected=first.access_token)

    assert first.access_token != second == third
    assert diracx.refreshes == 1


@pytest.mark.django_db
def test_a_poll_that_ends_does_not_give_up_a_token_half_way(diracx: Diracx, at: datetime) -> None:
    """The end of all questions may come while DiracX has taken the old token already."""
    first = sign_in(diracx, at)

    with http.all_within(0):
        second = token(at, rejected=first.access_token)

    assert second not in ("", first.access_token)
    assert diracx.refreshes == 1


@pytest.mark.django_db
def test_a_revoked_login_is_lost_and_not_tried_again(diracx: Diracx, at: datetime) -> None:
    sign_in(diracx, at)
    diracx.end_logins()
    later = at + timedelta(minutes=30)
    diracx.now = later

    with pytest.raises(CredentialRefused, match="must sign in again"):
        token(later)
    with pytest.raises(CredentialRefused, match="must sign in again"):
        token(later)

    login = diracx_login.login_of(in_force())
    assert login is not None
    assert login.is_lost
    assert "potential attack" in login.lost_reason
    assert diracx.reuses == 1
    assert not diracx_login.keep_alive(in_force(), at=later + timedelta(hours=1))
    assert diracx.reuses == 1


@pytest.mark.django_db
def test_after_a_new_login_all_is_well(diracx: Diracx, at: datetime) -> None:
    admin = make_user(username="dora", is_staff=True)
    sign_in(diracx, at, admin)
    diracx.end_logins()
    with pytest.raises(CredentialRefused):
        token(at + timedelta(minutes=30))
    before = in_force().fingerprint()

    login = sign_in(diracx, at + timedelta(hours=3), admin)

    assert token(at + timedelta(hours=3)) == login.access_token
    assert in_force().fingerprint() != before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (500, b'{"detail": "database is away"}', ServiceUnavailable),
        (404, b"<html>maintenance</html>", AnswerNotUnderstood),
        (401, b"<html>proxy</html>", AnswerNotUnderstood),
        (422, b'{"detail": [{"loc": ["body"], "msg": "no"}]}', AnswerNotUnderstood),
    ],
)
def test_what_is_no_refusal_of_diracx_keeps_the_token(
    diracx: Diracx, at: datetime, status: int, body: bytes, fault: type[Exception]
) -> None:
    kept = sign_in(diracx, at)
    later = diracx.now = at + timedelta(minutes=30)
    diracx.instead["/api/auth/token"] = (status, body)

    with pytest.raises(fault):
        token(later)

    login = diracx_login.login_of(in_force())
    assert login == kept
    diracx.instead.clear()
    assert token(later)


@pytest.mark.django_db
def test_a_token_is_shown_to_no_other_server(diracx: Diracx, at: datetime, settings) -> None:  # type: ignore[no-untyped-def]
    sign_in(diracx, at)
    with running_diracx(usual_diracx()) as other:
        with pytest.raises(CredentialRefused, match="not shown to another server"):
            token(at)

        assert other.server is not None
        assert other.server.asked == []


@pytest.mark.django_db
def test_another_vo_needs_another_login(diracx: Diracx, at: datetime, settings) -> None:  # type: ignore[no-untyped-def]
    sign_in(diracx, at)
    settings.JUNO_DIRACX_VO = "cepc"

    with pytest.raises(CredentialRefused, match="were changed after the login"):
        token(at)


@pytest.mark.django_db
def test_the_login_is_kept_alive_without_any_poll(
    diracx: Diracx, at: datetime, clock_at: Callable[[datetime], None]
) -> None:
    sign_in(diracx, at)
    for minutes in range(5, 24 * 60, 5):
        diracx.now = at + timedelta(minutes=minutes)
        clock_at(diracx.now)
        tasks.keep_logins_alive()

    login = diracx_login.login_of(in_force())
    assert login is not None
    assert not login.is_lost
    assert diracx.refreshes == 47
    assert diracx.now - login.refreshed_at < timedelta(minutes=45)


@pytest.mark.django_db
def test_keeping_alive_without_a_login_asks_nothing(
    diracx: Diracx, at: datetime, clock_at: Callable[[datetime], None]
) -> None:
    clock_at(at)

    tasks.keep_logins_alive()

    assert diracx.server is not None
    assert diracx.server.asked == []


@pytest.mark.django_db
def test_a_login_ends_at_both_sides(diracx: Diracx, at: datetime) -> None:
    sign_in(diracx, at)

    diracx_login.forget(configuration=in_force(), at=at)

    assert diracx_login.login_of(in_force()) is None
    assert vault.read("diracx", diracx_login.LOGIN) == ""
    assert diracx.server is not None
    assert diracx.server.asked[-1].path == "/api/auth/revoke"


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_use_one_token_twice(diracx: Diracx, at: datetime) -> None:
    """Two workers poll, one looks jobs up, one keeps alive: an hour of simulated time, all at once.

    Past the feeds' own lock, which would let only one of them poll.
    """
    sign_in(diracx, at)
    configuration = in_force()
    workers = 4
    barrier = threading.Barrier(workers)
    failures: list[BaseException] = []
    polls: list[int] = []

    def once(number: int, moment: datetime) -> None:
        if number == 3:
            diracx_login.keep_alive(configuration, at=moment)
        elif number == 2:
            DiracxJobs(configuration).find_jobs([265], at=moment)
        else:
            gathered = POLLER.gather(Question(configuration, moment, None, {}, None))
            polls.append(len(gathered.payload.observations))

    def work(number: int) -> None:
        try:
            for minutes in range(1, 64):
                barrier.wait(60)
                if number == 0:
                    diracx.now = at + timedelta(minutes=minutes)
                    if minutes in (25, 50):
                        # Now and then DiracX takes no access token: all see a 401 at once.
                        diracx.end_access_tokens()
                barrier.wait(60)
                once(number, at + timedelta(minutes=minutes))
        except BaseException as error:
            failures.append(error)
            barrier.abort()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)

    assert failures == []
    login = diracx_login.login_of(configuration)
    assert login is not None
    assert not login.is_lost
    assert diracx.reuses == 0
    assert 4 <= diracx.refreshes <= 8
    assert polls == [14] * 126


@pytest.mark.django_db(transaction=True)
def test_the_new_token_is_committed_with_the_lock(diracx: Diracx, at: datetime) -> None:
    """What another connection sees after a change is the new token, whatever fails later."""
    sign_in(diracx, at)
    configuration = in_force()
    later = diracx.now = at + timedelta(minutes=30)
    seen: list[str] = []

    def look() -> None:
        try:
            login = diracx_login.login_of(configuration)
            assert login is not None
            seen.append(login.access_token)
        finally:
            connection.close()

    made = diracx_login.access_token(configuration, at=later)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join(60)

    assert seen == [made]
