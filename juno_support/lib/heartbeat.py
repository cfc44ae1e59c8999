"""When a worker last did scheduled work; kept in the cache, by the real clock."""

import time

from django.core.cache import cache
from redis.exceptions import RedisError

_KEY = "worker-heartbeat"
_KEEP_SECONDS = 24 * 3600


def note() -> None:
    """Note that a worker has just done scheduled work."""
    cache.set(_KEY, time.time(), _KEEP_SECONDS)


def age() -> float | None:
    """Return the seconds since the last sign of life, or None: none for a day, or no cache."""
    try:
        noted = cache.get(_KEY)
    except (RedisError, OSError):
        return None
    return None if noted is None else max(0.0, time.time() - noted)
