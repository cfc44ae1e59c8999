"""The cache goes on without Redis."""

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from juno_support.lib import cache as cache_module
from juno_support.lib.cache import ForgivingRedisCache


@pytest.fixture
def nowhere() -> ForgivingRedisCache:
    cache = ForgivingRedisCache("unix:///no/such/folder/redis.sock", {})
    cache.clear()
    return cache


def test_without_redis_values_are_kept_in_the_process(nowhere: ForgivingRedisCache) -> None:
    assert nowhere.add("tries", 1) is True
    assert nowhere.add("tries", 9) is False
    assert nowhere.incr("tries") == 2
    assert nowhere.get("tries") == 2
    nowhere.set_many({"a": 1, "b": 2})
    assert nowhere.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert nowhere.delete("a") is True
    assert nowhere.has_key("a") is False
    assert nowhere.get("a", "none") == "none"


def test_redis_is_left_alone_for_a_while_and_then_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    time = [100.0]

    class Redis:
        answers = False

        def get(self, key: str, default: Any) -> Any:
            asked.append(key)
            if not self.answers:
                raise RedisConnectionError("away")
            return "from Redis"

    redis = Redis()
    cache = ForgivingRedisCache("unix:///no/such/folder/redis.sock", {})
    monkeypatch.setattr(ForgivingRedisCache, "_cache", redis)
    monkeypatch.setattr(cache_module.time, "monotonic", lambda: time[0])
    assert cache.get("one") is None
    assert cache.get("two") is None
    assert len(asked) == 1
    redis.answers = True
    time[0] += cache_module.SECONDS_WITHOUT_TRYING
    assert cache.get("three") == "from Redis"
    assert len(asked) == 2


def test_with_redis_values_are_shared(settings: Any) -> None:
    first, second = (
        ForgivingRedisCache(settings.REDIS_URL, {"KEY_PREFIX": "juno-test-cache"}) for _ in "ab"
    )
    first.set("shared", [1, 2], 60)
    try:
        assert second.get("shared") == [1, 2]
    finally:
        first.delete("shared")
