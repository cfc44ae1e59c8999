"""Make a change that was asked for of an older card to what the card says now.

A request keeps whole fields, before and after. Two open requests that each add a contact must both
land (domain: section 8), so that of lists only the rows are taken that a request itself changes.
"""

from collections.abc import Mapping
from typing import Any, Final

from supportunits.card_content import same
from supportunits.card_links import partners

# What a row of a list is known by while its other facts change; rows of other lists are values.
# A contact that has another name keeps its address (see card_links.partners).
_KNOWN_BY: Final = {
    "contacts": ("name", "role"),
    "voms_servers": ("hostname",),
    "groups": ("name",),
}


_Keyed = dict[tuple[str, int], Any]


def merged(name: str, *, old: Any, new: Any, now: Any) -> Any:
    """Return what a field says once a change is made to what it says now.

    Of lists and of the resources, only what differs between ``old`` and ``new`` is added, changed
    or taken out; single values become the new one. A row that was taken out meanwhile stays out,
    whatever was to change about it (:func:`left_out`).

    :param old: what the field said when the change was asked for
    :param new: what it was to say
    """
    if same(name, old, now):
        return new
    if name == "resources" and isinstance(new, dict) and isinstance(now, dict):
        return _merged_facts(old if isinstance(old, dict) else {}, new, now)
    if isinstance(new, list) and isinstance(now, list):
        return _merged_rows(name, old if isinstance(old, list) else [], new, now)
    return new


def left_out(name: str, *, old: Any, new: Any, now: Any) -> list[str]:
    """Return the names of rows that a change is about, but that were taken out meanwhile.

    Parameters as of :func:`merged`.
    """
    if not all(isinstance(rows, list) for rows in (old, new, now)):
        return []
    before, after, found = _keyed_alike(name, old, new, now)
    return [
        str(before[key].get(_KNOWN_BY[name][0]))
        for key, row in after.items()
        if key in before and key not in found and before[key] != row
    ]


def _merged_facts(
    old: Mapping[str, Any], new: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    gone = old.keys() - new.keys()
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return {key: value for key, value in now.items() if key not in gone} | changed


def _merged_rows(name: str, old: list[Any], new: list[Any], now: list[Any]) -> list[Any]:
    before, after, found = _keyed_alike(name, old, new, now)
    for key in before.keys() - after.keys():
        found.pop(key, None)
    for key, row in after.items():
        was, there = before.get(key), found.get(key)
        if was == row or (was is not None and there is None):
            # Not of this change, or taken out meanwhile: whoever did that meant it.
            continue
        if isinstance(row, dict) and isinstance(there, dict):
            found[key] = _merged_facts(was if isinstance(was, dict) else {}, row, there)
        else:
            found[key] = row
    return list(found.values())


def _keyed_alike(name: str, old: list[Any], new: list[Any], now: list[Any]) -> list[_Keyed]:
    """Return the three lists keyed such that the same key is the same row in each."""
    before = _keyed(name, old, {})
    return [before, *(_keyed(name, rows, before) for rows in (new, now))]


def _keyed(name: str, rows: list[Any], before: _Keyed) -> _Keyed:
    """Return rows by what they are known by; of several alike, by their number, too.

    :param before: what the list said before; a contact that is one of its has its key
    """
    known_keys = list(before)
    keyed: _Keyed = {}
    is_people = name == "contacts"
    whose = partners(list(before.values()), rows) if is_people else [None] * len(rows)
    for row, position in zip(rows, whose, strict=True):
        if position is not None:
            keyed[known_keys[position]] = row
            continue
        known = [row.get(fact) for fact in _KNOWN_BY.get(name, ())] if isinstance(row, dict) else []
        text = repr(known if any(known) else row)
        number = 0
        while (text, number) in keyed or (is_people and (text, number) in before):
            number += 1
        keyed[text, number] = row
    return keyed
