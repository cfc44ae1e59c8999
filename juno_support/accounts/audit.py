"""The trace of settings: person, time, old and new, from the events that pghistory keeps.

To show it on a page of your own, four steps:

1. The model carries ``@pghistory.track(...)`` from its first migration, and its actions run under
   ``supportunits.actions.trace.traced`` (it notes ``by`` and ``at``).
2. Describe it: one ``Part`` for each model whose changes belong on the page::

       def parts_of_unit(unit):
           return (
               Part(SupportUnit, {"pgh_obj_id": unit.pk}, noun=_("unit"), is_whole=True,
                    words={"title": _("title"), "mailing_list": _("contact")},
                    addresses={"mailing_list"}, quiet={"list_bounces"}),
               Part(UnitMembership, {"unit_id": unit.pk}, noun=_("member %(user)s"),
                    words={"is_manager": _("manager")}, quiet={"unit", "user", "added_at"}),
           )

3. In the view: ``"trace": audit_lines.trace(request, parts, sees_addresses=...)``.
4. In the template: ``{% include "pages/_trace.html" %}``.

Then the table of ``tests/rules/test_audit.py`` gets a row. A field is told only if it has a word
here, so that a secret cannot slip in; the rule test asks that every tracked field has a word or is
named ``quiet``. Names stand instead of keys. E-mail addresses are told to those only who may see
them.

An event outlives what it speaks of, so names are looked up and may be missing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from pghistory.models import Context

from juno_support.accounts.models import User
from juno_support.lib.text import shorten, whole_number

SIZE = 25
_LONGEST = 600
_IN_NOUN = re.compile(r"%\((\w+)\)s")
_HIDDEN = "…@…"


@dataclass(frozen=True, slots=True)
class Part:
    """What the trace says of one model, and how.

    :ivar model: a model that pghistory tracks
    :ivar where: which events belong to the page, such as ``{"unit_id": 7}``
    :ivar noun: what a line is about; ``%(user)s`` is replaced by the value of that field, a foreign
        key by the name of what it points at
    :ivar words: a word for each field that is told
    :ivar addresses: fields that hold e-mail addresses
    :ivar quiet: tracked fields that are not told
    :ivar shown: how to write a field's value where its plain text would not do
    :ivar is_whole: the page is about this one row, so that a change need not repeat the noun
    """

    model: Any
    where: Mapping[str, Any]
    noun: Any
    words: Mapping[str, Any]
    addresses: AbstractSet[str] = frozenset()
    quiet: AbstractSet[str] = frozenset()
    shown: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    is_whole: bool = False

    @property
    def events(self) -> Any:
        """Return the model of the events."""
        return self.model.pgh_event_model


@dataclass(frozen=True, slots=True)
class Change:
    """One change, in words; ``old`` and ``new`` are empty where a row came or went."""

    at: datetime
    who: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes, newest first.

    :ivar older: where the next page begins, or empty at the end
    """

    changes: list[Change]
    older: str


@dataclass(frozen=True, slots=True)
class _Step:
    """An event, and the one before it of the same row (None: the first)."""

    part: Part
    event: Any
    before: Any


def page_of(
    parts: Sequence[Part], *, sees_addresses: bool, before: str = "", size: int = SIZE
) -> Page:
    """Return a page of the changes of these parts, newest first.

    Two queries for each part, one for who and when, one for each kind of thing that is named.

    :param sees_addresses: whether the reader may see e-mail addresses of others
    :param before: ``older`` of the page before; anything else means the first page
    """
    place = _Place.read(before)
    found = [
        (event.pgh_created_at, -number, event.pgh_id, part, event)
        for number, part in enumerate(parts)
        for event in _events(part, number, place, size + 1)
    ]
    found.sort(key=lambda each: each[:3], reverse=True)
    steps = _with_before([(part, event) for *_key, part, event in found[:size]])
    older = ""
    if len(found) > size:
        created_at, number, key, *_rest = found[size - 1]
        older = f"{created_at.isoformat()}~{-number}~{key}"
    return Page(_told(steps, sees_addresses=sees_addresses), older)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the merged list: everything before it was shown."""

    created_at: datetime
    number: int
    key: int

    @classmethod
    def read(cls, text: str) -> "_Place | None":
        moment, _tilde, rest = text.partition("~")
        number, _tilde, key = rest.partition("~")
        try:
            created_at = datetime.fromisoformat(moment)
        except ValueError:
            return None
        numbers = whole_number(number), whole_number(key)
        if created_at.tzinfo is None or numbers[0] is None or numbers[1] is None:
            return None
        return cls(created_at, numbers[0], numbers[1])


def _events(part: Part, number: int, place: _Place | None, size: int) -> list[Any]:
    events = part.events.objects.filter(**part.where)
    if place is not None:
        older = Q(pgh_created_at__lt=place.created_at)
        if number > place.number:
            older |= Q(pgh_created_at=place.created_at)
        elif number == place.number:
            older |= Q(pgh_created_at=place.created_at, pgh_id__lt=place.key)
        events = events.filter(older)
    earlier = part.events.objects.filter(
        pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id")
    ).order_by("-pgh_id")
    return list(
        events.annotate(before_id=Subquery(earlier.values("pgh_id")[:1])).order_by(
            "-pgh_created_at", "-pgh_id"
        )[:size]
    )


def _with_before(found: list[tuple[Part, Any]]) -> list[_Step]:
    wanted: dict[Any, set[int]] = {}
    for part, event in found:
        if event.before_id is not None:
            wanted.setdefault(part.events, set()).add(event.before_id)
    rows = {model: model.objects.in_bulk(keys) for model, keys in wanted.items()}
    return [
        _Step(part, event, rows.get(part.events, {}).get(event.before_id)) for part, event in found
    ]


def _told(steps: list[_Step], *, sees_addresses: bool) -> list[Change]:
    contexts = Context.objects.in_bulk(
        {step.event.pgh_context_id for step in steps if step.event.pgh_context_id}
    )
    facts = {key: context.metadata or {} for key, context in contexts.items()}
    names = _Names(steps, {fact["user"] for fact in facts.values() if fact.get("user")})
    changes: list[Change] = []
    for step in steps:
        fact = facts.get(step.event.pgh_context_id, {})
        who = names.of(User, fact.get("user")) or _("the portal")
        at = datetime.fromisoformat(fact["at"]) if "at" in fact else step.event.pgh_created_at
        changes += [
            Change(at, who, what, old, new)
            for what, old, new in _differences(step, names, sees_addresses=sees_addresses)
        ]
    # The portal's clock can be moved, the database's cannot; people read the portal's.
    changes.sort(key=lambda change: change.at, reverse=True)
    return changes


class _Names:
    """Names of rows by model and primary key, each model with one query for the whole page."""

    def __init__(self, steps: Iterable[_Step], users: Iterable[int]) -> None:
        wanted: dict[Any, set[int]] = {User: set(users)}
        for step in steps:
            for name in (*step.part.words, *_IN_NOUN.findall(str(step.part.noun))):
                target = _target(step.event, name)
                for event in (step.event, step.before):
                    key = getattr(event, f"{name}_id", None) if target else None
                    if key is not None:
                        wanted.setdefault(target, set()).add(key)
        self._rows = {
            model: model._default_manager.in_bulk(keys) for model, keys in wanted.items() if keys
        }

    def of(self, model: Any, key: int | None) -> str:
        """Return the name of a row, or empty for no key."""
        if key is None:
            return ""
        row = self._rows.get(model, {}).get(key)
        return _("somebody or something deleted") if row is None else str(row)

    def value(self, event: Any, name: str) -> str:
        """Return what a field of an event holds, in words."""
        target = _target(event, name)
        return self.of(target, getattr(event, f"{name}_id")) if target else _text(event, name)


def _target(event: Any, name: str) -> Any:
    """Return the model that a foreign key of the event points at, or None for other fields."""
    return event._meta.get_field(name).related_model


def _differences(step: _Step, names: _Names, *, sees_addresses: bool) -> list[tuple[str, str, str]]:
    part, event = step.part, step.event
    noun = _IN_NOUN.sub(lambda match: names.value(event, match[1]), str(part.noun))
    if event.pgh_label == "insert":
        return [(_("%(what)s: added") % {"what": noun}, "", "")]
    if event.pgh_label == "delete":
        return [(_("%(what)s: removed") % {"what": noun}, "", "")]
    if step.before is None:
        return []

    def told(of: Any, name: str) -> str:
        show = part.shown.get(name)
        words = show(getattr(of, name)) if show else names.value(of, name)
        hides = name in part.addresses and not sees_addresses
        return (_HIDDEN if hides and words else words) or "-"

    return [
        (
            str(word) if part.is_whole else f"{noun}: {word}",
            told(step.before, name),
            told(event, name),
        )
        for name, word in part.words.items()
        if _raw(event, name) != _raw(step.before, name)
    ]


def _raw(event: Any, name: str) -> Any:
    return getattr(event, event._meta.get_field(name).attname)


def _text(event: Any, name: str) -> str:
    value = getattr(event, name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, list):
        value = ", ".join(_item(item) for item in value)
    elif isinstance(value, dict):
        value = ", ".join(f"{key} = {_item(item)}" for key, item in sorted(value.items()))
    else:
        display = getattr(event, f"get_{name}_display", None)
        value = display() if display else value
    return shorten(str(value), _LONGEST)


def _item(item: Any) -> str:
    if isinstance(item, time):
        return f"{item:%H:%M}"
    if isinstance(item, dict):
        return " / ".join(str(value) for value in item.values() if value not in ("", None))
    if isinstance(item, list):
        return " / ".join(_item(each) for each in item)
    return item.isoformat() if isinstance(item, date) else str(item)
