"""Find pages of frequent questions by words."""

import re
from dataclasses import dataclass

from django.db.models import Q
from django.utils.html import format_html
from django.utils.safestring import SafeString

from juno_support.lib import markdown
from juno_support.lib.text import clean_line
from supportunits.models import UnitFAQ, UnitState

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_QUESTIONS = 5
_AROUND = 90


@dataclass(frozen=True, slots=True)
class FoundFAQ:
    """A unit's page that was found.

    :ivar questions: its first headings
    :ivar more: how many more there are
    :ivar excerpt: the words around what was searched for, marked; empty where only the unit's
        name fits, or nothing was searched
    """

    faq: UnitFAQ
    questions: list[str]
    more: int
    excerpt: SafeString


def find_faqs(search: str, *, after: str = "", limit: int = 30) -> list[FoundFAQ]:
    """Return the pages that hold all the words, by the unit's name; without words all.

    One query and no index: units are hundreds.

    :param after: only units whose name comes after this one
    """
    faqs = (
        UnitFAQ.objects.exclude(text="")
        .exclude(unit__state=UnitState.CLOSED)
        .select_related("unit")
    )
    words = clean_line(search).split()[:10]
    for word in words:
        faqs = faqs.filter(
            Q(text__icontains=word) | Q(unit__name__icontains=word) | Q(unit__title__icontains=word)
        )
    if after:
        faqs = faqs.filter(unit__name__gt=after)
    return [_found(faq, words) for faq in faqs.order_by("unit__name")[:limit]]


def _found(faq: UnitFAQ, words: list[str]) -> FoundFAQ:
    questions = [clean_line(each) for each in _HEADING.findall(faq.text)]
    return FoundFAQ(
        faq=faq,
        questions=questions[:_QUESTIONS],
        more=max(len(questions) - _QUESTIONS, 0),
        excerpt=_excerpt(faq.text, words),
    )


def _excerpt(text: str, words: list[str]) -> SafeString:
    text = markdown.plain(markdown.render(text)) if words else ""
    for word in words:
        hit = re.search(re.escape(word), text, re.IGNORECASE)
        if hit is not None:
            before = text[max(hit.start() - _AROUND, 0) : hit.start()]
            after = text[hit.end() : hit.end() + _AROUND]
            return format_html(
                "{}{}<mark>{}</mark>{}{}",
                "…" if hit.start() > _AROUND else "",
                before,
                hit[0],
                after,
                "…" if hit.end() + _AROUND < len(text) else "",
            )
    return SafeString("")
