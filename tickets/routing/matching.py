"""Whether a rule fits a ticket, and whether one rule leaves nothing to another. Pure.

Words are compared as the search compares them: whole words or phrases, without case and accents,
Chinese, Japanese and Korean by pairs of signs (``juno_support.lib.words``).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from juno_support.lib import words
from tickets.routing.models import RoutingRule
from tickets.routing.seen import Seen

SHORTEST_WORD = 2


@dataclass(frozen=True)
class Terms:
    """The conditions of a rule, ready to be compared; None and empty say nothing.

    :ivar site_centre: the operations centre of the site, so that a rule for the centre is known to
        fit what a rule for the site fits
    """

    vo: int | None = None
    ticket_type: str = ""
    site: int | None = None
    site_centre: int | None = None
    centre: int | None = None
    service_type: str = ""
    issue_type: int | None = None
    phrases: tuple[str, ...] = ()
    all_words: bool = False


def terms_of(rule: RoutingRule) -> Terms:
    """Return a rule's conditions; its site should be loaded."""
    return Terms(
        vo=rule.vo_id,
        ticket_type=rule.ticket_type,
        site=rule.site_id,
        site_centre=rule.site.operations_centre_id if rule.site else None,
        centre=rule.operations_centre_id,
        service_type=rule.service_type,
        issue_type=rule.issue_type_id,
        phrases=tuple(words.phrase(each) for each in rule.words),
        all_words=rule.all_words,
    )


def fits(terms: Terms, seen: Seen) -> bool:
    """Return whether a ticket fulfils every condition."""
    return (
        (terms.vo is None or terms.vo == seen.vo_id)
        and (not terms.ticket_type or terms.ticket_type == seen.type)
        and (terms.issue_type is None or terms.issue_type == seen.issue_type_id)
        and (terms.site is None or terms.site in seen.sites)
        and (terms.centre is None or terms.centre in seen.centres)
        and (not terms.service_type or terms.service_type in seen.service_types)
        and fits_words(terms, seen.padded)
    )


def fits_words(terms: Terms, padded: str) -> bool:
    """Return whether a text, padded, holds the words: all of them, or any."""
    if not terms.phrases:
        return True
    found = (words.holds(padded, phrase) for phrase in terms.phrases)
    return all(found) if terms.all_words else any(found)


def leaves_nothing(first: Terms, second: Terms) -> bool:
    """Return whether every ticket that fits the second also fits the first."""
    return (
        first.vo in (None, second.vo)
        and first.ticket_type in ("", second.ticket_type)
        and first.issue_type in (None, second.issue_type)
        and first.site in (None, second.site)
        and (
            first.centre in (None, second.centre)
            or (second.site is not None and first.centre == second.site_centre)
        )
        and first.service_type in ("", second.service_type)
        and _words_leave_nothing(first, second)
    )


def _words_leave_nothing(first: Terms, second: Terms) -> bool:
    if not first.phrases:
        return True
    if not second.phrases:
        return False

    def implied(phrase: str, by: Iterable[str]) -> bool:
        # "tape library" holds "tape": whoever has the one has the other. A phrase that ends in a
        # lone sign goes on in an unknown way, and holds only itself.
        return any(
            each == phrase or (each.endswith(" ") and words.holds(each, phrase)) for each in by
        )

    # Of "any" nothing is sure but one phrase at a time; of "all" every phrase is.
    sure = [second.phrases] if second.all_words else [(each,) for each in second.phrases]
    if first.all_words:
        return all(all(implied(phrase, by) for phrase in first.phrases) for by in sure)
    return all(any(implied(phrase, by) for phrase in first.phrases) for by in sure)


def is_too_short(word: str) -> bool:
    """Return whether a word or phrase of a rule says too little to be one.

    One letter, one digit or one sign stands in too many texts; "CE" is a word of the field.
    """
    return sum(character.isalnum() for character in word) < SHORTEST_WORD or not words.phrase(word)
