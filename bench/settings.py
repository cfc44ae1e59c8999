"""The product's settings, with a floor to compare with and a count of queries in a header."""

from juno_support.settings import *  # noqa: F403, TID251
from juno_support.settings import MIDDLEWARE as _MIDDLEWARE  # noqa: TID251

ROOT_URLCONF = "bench.urls"
MIDDLEWARE = ["bench.pages.count_queries", *_MIDDLEWARE]

JUNO_SUBMISSIONS_PER_HOUR = JUNO_ENTRIES_PER_HOUR = (
    0  # one person writes all of the bench's tickets
)
