"""What a ticket is for the learnt model: its words, and the facts beside them. Pure.

Chinese, Japanese and Korean text is taken by pairs of signs, as the search index takes it. Single
letters and plain numbers are left out: they are ids, times and ports more often than words.
"""

from collections.abc import Iterable
from typing import Final

from juno_support.lib import words
from juno_support.lib.text import first_bytes

MOST_WORDS: Final = 120
LONGEST: Final = 40
TEXT_BYTES: Final = 4_000

WORD: Final = "w"
SITE: Final = "s"
TYPE: Final = "t"
VO: Final = "v"


def features_of(
    text: str, *, sites: Iterable[int] = (), issue_type: int | None = None, vo: int | None = None
) -> list[str]:
    """Return the features of a ticket, each once: ``w:dcache``, ``s:12`` (a site's key) and so on.

    :param text: its subject and description
    :param sites: its affected sites
    """
    found = dict.fromkeys(
        f"{WORD}:{word}"
        for word in words.words_of(first_bytes(text, TEXT_BYTES))
        if 2 <= len(word) <= LONGEST and not word.isdecimal()
    )
    facts = [f"{SITE}:{site}" for site in sorted(sites)]
    if issue_type is not None:
        facts.append(f"{TYPE}:{issue_type}")
    if vo is not None:
        facts.append(f"{VO}:{vo}")
    return list(found)[:MOST_WORDS] + facts
