"""Sources that push: made by admins, with a token that only they ever see."""

from datetime import timedelta

import pytest

from juno_support.errors import SupportError
from juno_support.feeds import polling, pushed, queries
from juno_support.feeds.models import FeedRun, PushToken, Source
from juno_support.feeds.registry import UnknownSource
from tests.cast import Cast
from tests.make import AT

pytestmark = pytest.mark.django_db
QUARTER = timedelta(minutes=15)


def make(cast: Cast, word: str = "cern-noc", namespace: str = "") -> tuple[Source, str]:
    return pushed.make_source(
        word=word, interval=QUARTER, namespace=namespace, by=cast.dmitri, at=AT
    )


def test_a_token_opens_its_own_source_only(cast: Cast) -> None:
    source, token = make(cast)
    other, _ = make(cast, "kit")
    assert source.name == "push-cern-noc"
    assert pushed.find_by_token(source.name, token) == source
    assert pushed.find_by_token(other.name, token) is None
    assert pushed.find_by_token("gocdb-topology", token) is None
    assert pushed.find_by_token(source.name, "") is None
    assert pushed.find_by_token(source.name, f"{token}x") is None


def test_the_database_holds_no_token(cast: Cast) -> None:
    _, token = make(cast)
    row = PushToken.objects.get()
    assert token not in row.digest
    assert len(row.digest) == 64
    trace = list(PushToken.pgh_event_model.objects.values())  # type: ignore[attr-defined]
    assert trace
    assert not any(row.digest in map(str, entry.values()) for entry in trace)


def test_a_new_token_ends_the_old_one(cast: Cast) -> None:
    source, old = make(cast)
    new = pushed.issue_token(source=source, by=cast.dmitri, at=AT)
    assert pushed.find_by_token(source.name, old) is None
    assert pushed.find_by_token(source.name, new) == source
    pushed.revoke_token(source=source, by=cast.dmitri, at=AT)
    assert pushed.find_by_token(source.name, new) is None


@pytest.mark.parametrize("word", ["", "CERN", "a b", "-a", "a--b", "x" * 41, "ä"])
def test_a_name_is_a_plain_word(cast: Cast, word: str) -> None:
    with pytest.raises(SupportError, match="no name for a source"):
        make(cast, word)


def test_a_name_is_given_once(cast: Cast) -> None:
    make(cast)
    with pytest.raises(SupportError, match="already"):
        make(cast)
    assert PushToken.objects.count() == 1


def test_an_interval_and_a_namespace_must_make_sense(cast: Cast) -> None:
    with pytest.raises(SupportError, match="too often"):
        pushed.make_source(
            word="a", interval=timedelta(seconds=1), namespace="", by=cast.dmitri, at=AT
        )
    with pytest.raises(SupportError, match="family of names"):
        make(cast, namespace="Perf SONAR")


def test_nobody_asks_a_source_that_pushes(cast: Cast) -> None:
    source, _ = make(cast)
    standing = queries.standing_of(source.name, AT + timedelta(days=1))
    assert standing.next_poll_at is None
    assert standing.is_stale
    assert not standing.is_due(AT + timedelta(days=1))
    with pytest.raises(UnknownSource):
        polling.poll(source.name, now=lambda: AT)


def test_only_who_holds_a_token_and_has_pushed_can_be_old(cast: Cast) -> None:
    source, _ = make(cast)

    def in_use() -> bool:
        return queries.freshness(AT, [source.name])[source.name].is_in_use

    assert not in_use()
    FeedRun.objects.create(source=source, started_at=AT, finished_at=AT, outcome="ok")
    assert in_use()
    assert pushed.is_expected(source)
    pushed.revoke_token(source=source, by=cast.dmitri, at=AT)
    assert not in_use()
    assert not pushed.is_expected(source)
