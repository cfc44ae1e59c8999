"""The search line: what a person types, taken apart, and put together again.

    site:INFN-T1 unit:TPM status:open priority>=urgent vo:juno updated:<2d words "a phrase" #123

Terms are parted by spaces and all must fit. A minus before a term turns it round; commas give a
choice (`status:new,assigned`); quotes hold a phrase, or a name with spaces (`unit:"data centre"`);
`pilot*` finds what begins so. What is not a field of ours is words: `https://…` and
`ce01.ihep.ac.cn:8443` need no quotes.

`parse` takes any text and never raises: a term that cannot be understood carries its error and its
place, so that it can be underlined, and the others are understood. Nothing here looks into the
database; whether a site of that name exists is asked in `tickets.search.meaning`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from juno_support.lib import words
from juno_support.lib.text import blot
from tickets.models import Category, Priority, TicketType
from tickets.workflow import ResolutionCode, Status

MAX_LENGTH: Final = 500
"""Characters of a search line; also what a saved view holds."""

MAX_TERMS: Final = 30
MAX_VALUES: Final = 20

Text = str | Promise


class Kind(StrEnum):
    """What sort of values a field takes."""

    NAME = "name"
    CHOICE = "choice"
    LEVEL = "level"
    MOMENT = "moment"
    NUMBER = "number"


@dataclass(frozen=True)
class Field:
    """A field that can be asked for; `choices` maps what is typed to what the database holds."""

    name: str
    kind: Kind
    help: Text
    choices: dict[str, tuple[str | int, Text]] = field(default_factory=dict)
    example: str = ""


def _typed(code: str) -> str:
    return code.lower().replace("_", "-")


def _choices(choices: Sequence[tuple[str, Text]]) -> dict[str, tuple[str | int, Text]]:
    return {_typed(str(code)): (code, label) for code, label in choices}


SORTS: Final[dict[str, Text]] = {
    "newest": _("newest first"),
    "oldest": _("oldest first"),
    "updated": _("last changed first"),
    "priority": _("most urgent first"),
}

IS: Final[dict[str, Text]] = {
    "open": _("not solved yet"),
    "closed": _("solved, unsolved, verified or closed"),
    "mine": _("submitted by me or assigned to me"),
    "my-unit": _("at one of my support units"),
    "unread": _("changed since I last looked"),
    "assigned": _("somebody is assigned"),
    "unassigned": _("nobody is assigned"),
    "escalated": _("escalated by the submitter"),
    "overdue": _("the promised next step is late"),
    "late": _("the time to respond has passed"),
    "amber": _("three quarters of the time to respond have passed"),
    "yellow": _("half of the time to respond has passed"),
    "silent": _("open without a public word for five working days"),
    "followed": _("I follow it"),
    "restricted": _("type Security"),
    "bounced": _("changed its support unit twice or more"),
    "incident": _("a running incident that others join"),
    "joined": _("part of an incident"),
    "duplicate": _("a duplicate of another"),
    "parent": _("has children"),
    "child": _("a child of another"),
}

FIELDS: Final[dict[str, Field]] = {
    known.name: known
    for known in (
        Field("site", Kind.NAME, _("affected or notified site"), example="site:INFN-T1"),
        Field("unit", Kind.NAME, _("support unit"), example="unit:TPM"),
        Field("vo", Kind.NAME, _("concerned VO"), example="vo:juno"),
        Field("submitter", Kind.NAME, _("who submitted it"), example="submitter:me"),
        Field("assigned", Kind.NAME, _("who works on it"), example="assigned:me"),
        Field("involved", Kind.NAME, _("who is involved"), example="involved:me"),
        Field("issue", Kind.NAME, _("type of issue"), example='issue:"file transfer"'),
        Field(
            "status",
            Kind.CHOICE,
            _("status"),
            {"open": ("open", IS["open"]), **_choices(Status.choices)},
            example="status:open",
        ),
        Field("type", Kind.CHOICE, _("ticket type"), _choices(TicketType.choices)),
        Field("category", Kind.CHOICE, _("ticket category"), _choices(Category.choices)),
        Field("solution", Kind.CHOICE, _("how it ended"), _choices(ResolutionCode.choices)),
        Field("is", Kind.CHOICE, _("what it is"), {key: (key, IS[key]) for key in IS}),
        Field(
            "priority",
            Kind.LEVEL,
            _("priority"),
            {
                "less-urgent": (Priority.LESS_URGENT.value, Priority.LESS_URGENT.label),
                "urgent": (Priority.URGENT.value, Priority.URGENT.label),
                "very-urgent": (Priority.VERY_URGENT.value, Priority.VERY_URGENT.label),
                "top": (Priority.TOP.value, Priority.TOP.label),
            },
            example="priority>=urgent",
        ),
        Field("created", Kind.MOMENT, _("when it was submitted"), example="created:>=2026-01-31"),
        Field("updated", Kind.MOMENT, _("when it last changed"), example="updated:<2d"),
        Field("solved", Kind.MOMENT, _("when it was solved"), example="solved:<1w"),
        Field("id", Kind.NUMBER, _("ticket number"), example="id:123"),
        Field("incident", Kind.NUMBER, _("joined to the incident"), example="incident:123"),
        Field("duplicate-of", Kind.NUMBER, _("duplicate of"), example="duplicate-of:123"),
        Field("parent", Kind.NUMBER, _("child of"), example="parent:123"),
        Field("follow-up-of", Kind.NUMBER, _("follow-up of"), example="follow-up-of:123"),
        Field("sort", Kind.CHOICE, _("order"), {key: (key, SORTS[key]) for key in SORTS}),
    )
}

# Other words for a value, as people know them from GGUS and elsewhere.
_ALSO: Final[dict[str, dict[str, str]]] = {
    "priority": {
        "1": "less-urgent",
        "2": "urgent",
        "3": "very-urgent",
        "4": "top",
        "less": "less-urgent",
        "low": "less-urgent",
        "very": "very-urgent",
        "top-priority": "top",
    },
    "status": {"waiting": "waiting-for-reply", "progress": "in-progress", "hold": "on-hold"},
    "is": {"my-units": "my-unit", "me": "mine", "red": "late"},
}
_FIELD_ALSO: Final = {
    "su": "unit",
    "supportunit": "unit",
    "state": "status",
    "prio": "priority",
    "from": "submitter",
    "author": "submitter",
    "user": "submitter",
    "assignee": "assigned",
    "submitted": "created",
    "changed": "updated",
    "code": "solution",
    "number": "id",
    "master": "duplicate-of",
    "child-of": "parent",
}


@dataclass(frozen=True)
class Term:
    """One term of a search line.

    `kind` is words, phrase, filter or id. `values` are as typed (words and phrases: one);
    `operator` is one of = < <= > >= or `..`. `start` and `end` say where the term stands in the
    text that was parsed; `error` says why it is left out, and is empty where it is understood.
    """

    kind: str
    values: tuple[str, ...]
    start: int = 0
    end: int = 0
    is_negative: bool = False
    field: str = ""
    operator: str = "="
    error: Text = ""

    @property
    def text(self) -> str:
        """The term as one types it; reading it again gives the same term."""
        minus = "-" if self.is_negative else ""
        if self.kind == "id":
            return f"{minus}#{self.values[0]}"
        if self.kind == "phrase":
            return f'{minus}"{self.values[0]}"'
        if self.kind == "words":
            return f"{minus}{self.values[0]}"
        if self.operator == "..":
            return f"{minus}{self.field}:{quoted('..'.join(self.values))}"
        values = ",".join(quoted(value) for value in self.values)
        joint = {"=": ":"}.get(self.operator, f":{self.operator}")
        return f"{minus}{self.field}{joint}{values}"

    @property
    def meaning(self) -> tuple[str | int, ...]:
        """What the database holds for the values of a choice or a level."""
        choices = FIELDS[self.field].choices
        return tuple(choices[value][0] for value in self.values)


@dataclass(frozen=True)
class Search:
    """A search line taken apart: its terms in their order, and the order of what is found."""

    text: str
    terms: tuple[Term, ...]
    sort: str = "newest"

    @property
    def errors(self) -> tuple[Term, ...]:
        """The terms that were not understood."""
        return tuple(term for term in self.terms if term.error)

    @property
    def understood(self) -> tuple[Term, ...]:
        """The terms that were, without the order."""
        return tuple(t for t in self.terms if not t.error and t.field != "sort")

    @property
    def has_words(self) -> bool:
        """Whether the text of tickets is searched."""
        return any(term.kind in {"words", "phrase"} for term in self.understood)

    @property
    def wanted_words(self) -> tuple[Term, ...]:
        """The words and phrases that tickets must hold: what to highlight."""
        return tuple(
            t for t in self.understood if t.kind in {"words", "phrase"} and not t.is_negative
        )

    def without(self, term: Term) -> str:
        """The line without one of its terms: where the cross on a chip leads."""
        return " ".join(other.text for other in self.terms if other is not term)

    def with_term(self, text: str) -> str:
        """The line with one more term; a filter on the same field is replaced."""
        added = parse(text).terms
        fields = {term.field for term in added if term.field and term.field != "is"}
        kept = [t.text for t in self.terms if t.field not in fields and t.text != text]
        return " ".join([*kept, *(term.text for term in added)])


_TOKEN: Final = re.compile(
    r"""(?P<minus>-(?=[^\s-]))?
        (?:
          (?P<phrase>"(?P<inside>[^"]*)"?)
        | \#(?P<id>\d+)(?=\s|$)
        | (?P<field>[A-Za-z][A-Za-z_-]*)(?P<joint>:(?:<=|>=|<|>|=)?|<=|>=|<|>)
          (?P<values>(?:"[^"]*(?:"|$)|[^\s"])*)
        | (?P<word>(?:[^\s"])+)
        )""",
    re.VERBOSE,
)
_VALUE: Final = re.compile(r'"(?P<quoted>[^"]*)"?|(?P<bare>[^,"]+)')
_AGE: Final = re.compile(r"^(\d{1,5})(min|h|d|w|mo|y)$")
_UNITS: Final = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "mo": timedelta(days=30),
    "y": timedelta(days=365),
}
_DATE: Final = re.compile(r"^(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})Z?)?)?$")
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_BIGGEST_ID: Final = 2**63 - 1


def parse(text: str) -> Search:
    """Take a search line apart. Any text gives a search; what is wrong is said at its term."""
    text = blot(text[:MAX_LENGTH])
    terms: list[Term] = []
    for match in _TOKEN.finditer(text):
        term = _read(match)
        if len(terms) >= MAX_TERMS:
            term = replace(term, error=_("This is too much for one search. Take out a few terms."))
        terms.append(term)
    sort = "newest"
    for number, term in enumerate(terms):
        if term.field == "sort" and not term.error:
            if any(other.field == "sort" for other in terms[number + 1 :] if not other.error):
                terms[number] = replace(term, error=_("Only one order is possible; a later wins."))
            else:
                sort = term.values[0]
    return Search(text, tuple(terms), sort)


def write(search: Search) -> str:
    """The line in its plain form; taking it apart again gives the same terms."""
    return " ".join(term.text for term in search.terms)


def _read(match: re.Match[str]) -> Term:
    start, end = match.span()
    term = Term("words", (match[0],), start, end, is_negative=bool(match["minus"]))
    if match["phrase"] is not None:
        term = replace(term, kind="phrase", values=(match["inside"],))
        return _with_words(term)  # a mark that is not closed reaches to the end
    if match["id"] is not None:
        return _number(replace(term, kind="id", field="", values=(match["id"],)))
    if match["field"] is not None:
        name = match["field"].lower()
        name = _FIELD_ALSO.get(name, name)
        if name in FIELDS:
            return _filter(term, FIELDS[name], match["joint"], match["values"])
        if (meant := _misspelt(name)) and not match["values"].startswith("//"):
            return replace(
                term,
                values=(_bare(match),),
                error=format_lazy(_("There is no “{name}”. Did you mean “{meant}”?"),
                                  name=name, meant=meant),
            )  # fmt: skip
    return _with_words(replace(term, values=(_bare(match),)))


def _bare(match: re.Match[str]) -> str:
    return match[0][1:] if match["minus"] else match[0]


def _misspelt(name: str) -> str:
    close = get_close_matches(name, FIELDS, n=1, cutoff=0.8) if len(name) > 2 else []
    return close[0] if close else ""


def _with_words(term: Term) -> Term:
    if words.query(term.values[0]):
        return term
    return replace(term, error=_("There is no word in this."))


def _number(term: Term) -> Term:
    if any(not value.isascii() or not value.isdigit() or int(value) > _BIGGEST_ID
           for value in term.values):  # fmt: skip
        return replace(term, error=_("A ticket number has only digits, such as #123."))
    return replace(term, values=tuple(str(int(value)) for value in term.values))


def _filter(term: Term, known: Field, joint: str, typed: str) -> Term:
    operator = joint.lstrip(":") or "="
    term = replace(term, kind="filter", field=known.name, operator=operator)
    values = tuple(_values(typed))
    term = replace(term, values=values)
    if not values or any(not value for value in values):
        return replace(
            term,
            error=format_lazy(
                _("“{name}” needs a value, such as {example}."),
                name=known.name,
                example=known.example or f"{known.name}:{next(iter(known.choices))}",
            ),
        )
    if len(values) > MAX_VALUES:
        return replace(term, error=_("These are too many values for one term."))
    if known.kind is Kind.MOMENT:
        return _moments(term)
    if operator != "=" and known.kind is not Kind.LEVEL:
        return replace(
            term,
            error=format_lazy(
                _("“{name}” cannot be more or less. Write {name}:{value}."),
                name=known.name,
                value=quoted(values[0]),
            ),
        )
    if operator != "=" and len(values) > 1:
        return replace(term, error=_("More or less than one value, please, not several."))
    if known.kind is Kind.NUMBER:
        return _number(term)
    if known.kind is Kind.NAME:
        return term
    return _chosen(term, known)


def _values(typed: str) -> Iterator[str]:
    place = 0
    while place < len(typed):
        match = _VALUE.match(typed, place)
        if match:
            yield (match["quoted"] if match["quoted"] is not None else match["bare"]).strip()
            place = match.end()
            # Bare text right behind a quotation mark belongs to no value: one comma parts them.
            if place < len(typed) and typed[place] == ",":
                place += 1
                if place == len(typed):
                    yield ""
        else:
            yield ""
            place += 1


def _chosen(term: Term, known: Field) -> Term:
    chosen = []
    for value in term.values:
        name = _typed(value).replace(" ", "-")
        name = _ALSO.get(known.name, {}).get(name, name)
        if name not in known.choices:
            close = get_close_matches(name, known.choices, n=1, cutoff=0.6)
            choices = ", ".join(close or known.choices)
            return replace(
                term,
                error=format_lazy(
                    _("“{value}” is not a value of “{name}”. Possible: {choices}."),
                    value=value,
                    name=known.name,
                    choices=choices,
                ),
            )
        chosen.append(name)
    term = replace(term, values=tuple(dict.fromkeys(chosen)))
    if known.name == "sort" and (len(term.values) > 1 or term.is_negative):
        return replace(term, error=_("Only one order is possible."))
    return term


_MOMENT_HELP: Final = _(
    "Write an age, such as <2d (min, h, d, w, mo, y), or a date, such as >=2026-01-31."
)


def _moments(term: Term) -> Term:
    values = term.values
    if len(values) == 1 and ".." in values[0] and term.operator == "=":
        values = tuple(part.strip() for part in values[0].split("..", 1))
        term = replace(term, values=values, operator="..")
        if not all(_DATE.match(value) and _date(value) for value in values):
            return replace(term, error=_("A period has two dates: 2026-01-01..2026-01-31."))
        return term
    if len(values) != 1:
        return replace(term, error=_MOMENT_HELP)
    value = values[0].lower() if _AGE.match(values[0].lower()) else values[0].upper()
    if not _AGE.match(value) and not (_DATE.match(value) and _date(value)):
        return replace(term, error=_MOMENT_HELP)
    return replace(term, values=(value,))


def _date(value: str) -> tuple[datetime, timedelta] | None:
    """The start of what was written, as if it were UTC, and its length; None where impossible."""
    match = _DATE.match(value)
    if not match:
        return None
    year, month, day, hour, minute = (int(part) if part else None for part in match.groups())
    try:
        if hour is not None and minute is not None and day is not None:
            start = datetime(year, month, day, hour, minute, tzinfo=UTC)  # type: ignore[arg-type]
            return start, timedelta(minutes=1)
        if day is not None:
            return datetime(year, month, day, tzinfo=UTC), timedelta(days=1)  # type: ignore[arg-type]
        first = date(year, month, 1)  # type: ignore[arg-type]
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return datetime.combine(first, time(), UTC), following - first
    except ValueError:
        return None


def bounds(
    term: Term, *, at: datetime, zone: tzinfo = UTC
) -> tuple[datetime | None, datetime | None]:
    """From when (inclusive) until when (exclusive) a term about moments reaches.

    Dates are days of the reader's `zone`; one with a time ending in Z is UTC. An age counts back
    from `at`: `<2d` is younger than two days, and so is `2d`. None is open.
    """
    value = term.values[0]
    if match := _AGE.match(value):
        try:
            moment = at - int(match[1]) * _UNITS[match[2]]
        except OverflowError:
            moment = _FIRST
        return (moment, None) if term.operator in {"<", "<=", "="} else (None, moment)
    start, end = _period(value, zone)
    if term.operator == "..":
        return start, _period(term.values[1], zone)[1]
    return {
        "=": (start, end),
        ">": (end, None),
        ">=": (start, None),
        "<": (None, start),
        "<=": (None, end),
    }[term.operator]


def _period(value: str, zone: tzinfo) -> tuple[datetime, datetime]:
    found = _date(value)
    if found is None:
        raise ValueError(f"{value} is no date; parse() lets none through")
    start, length = found
    here: tzinfo = UTC if value.endswith("Z") else zone
    try:
        return (
            start.replace(tzinfo=here).astimezone(UTC),
            (start + length).replace(tzinfo=here).astimezone(UTC),
        )
    except OverflowError:
        edge = _LAST if start.year > 5000 else _FIRST
        return edge, edge


def quoted(value: str) -> str:
    """A value as one types it: in quotation marks where it needs them."""
    return f'"{value}"' if not value or re.search(r'[\s,"]|^[<>=]', value) else value
