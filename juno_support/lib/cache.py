"""A cache on Redis that goes on without Redis.

The web answers while Redis is away (architecture: "what runs"). What is kept here then lives in
each process alone: limits on tries still hold, only for each process by itself. Nothing that must
be the same everywhere, and no lock, may be kept in the cache.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

SECONDS_WITHOUT_TRYING = 5.0

logger = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Redis's cache; after an error, memory of this process for a few seconds."""

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        own = {name: value for name, value in params.items() if name != "OPTIONS"}
        self._memory = LocMemCache("without-redis", own)
        self._tries_again_at = 0.0

    def _ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._tries_again_at:
            ask_redis: Callable[..., Any] = getattr(RedisCache, name)
            try:
                return ask_redis(self, *args, **kwargs)
            except (RedisError, OSError) as error:
                self._tries_again_at = time.monotonic() + SECONDS_WITHOUT_TRYING
                logger.warning("The cache goes on without Redis: %s", error)
        return getattr(self._memory, name)(*args, **kwargs)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        """Set the value unless there is one; return whether it was set."""
        return self._ask("add", key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        """Return the value, or the default."""
        return self._ask("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        """Keep the value."""
        return self._ask("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        """Keep the value for longer; return whether there is one."""
        return self._ask("touch", key, timeout, version)

    def delete(self, key: Any, version: Any = None) -> Any:
        """Forget the value; return whether there was one."""
        return self._ask("delete", key, version)

    def get_many(self, keys: Iterable[Any], version: Any = None) -> Any:
        """Return the values that there are, by key."""
        return self._ask("get_many", list(keys), version)

    def has_key(self, key: Any, version: Any = None) -> Any:
        """Return whether there is a value."""
        return self._ask("has_key", key, version)

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> Any:
        """Add to the value and return it.

        :raises ValueError: there is none
        """
        return self._ask("incr", key, delta, version)

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> Any:
        """Keep several values; return the keys that were not kept."""
        return self._ask("set_many", data, timeout, version)

    def delete_many(self, keys: Iterable[Any], version: Any = None) -> Any:
        """Forget several values."""
        return self._ask("delete_many", list(keys), version)

    def clear(self) -> Any:
        """Forget everything."""
        return self._ask("clear")
