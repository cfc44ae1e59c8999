"""Make a change that was asked for of an older card to what the card says now.

A request keeps whole fields, before and after. Two open requests that each add a contact must both
land (domain: section 8), so that of lists only the rows are taken that a request itself changes.
"""

from collections.abc import Mapping
from typing import Any, Final

from supportunits.card_content import same

# What a row of a list is known by while its other facts change; rows of other lists are values.
_KNOWN_BY: Final = {
    "contacts": ("name", "role"),
    "voms_servers": ("hostname",),
    "groups": ("name",),
}


def merged(name: str, *, old: Any, new: Any, now: Any) -> Any:
    """Return what a field says once a change is made to what it says now.

    Of lists and of the resources, only what differs between ``old`` and ``new`` is added, changed
    or taken out; single values become the new one.

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


def _merged_facts(
    old: Mapping[str, Any], new: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    gone = old.keys() - new.keys()
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return {key: value for key, value in now.items() if key not in gone} | changed


def _merged_rows(name: str, old: list[Any], new: list[Any], now: list[Any]) -> list[Any]:
    before, after, found = (_keyed(name, rows) for rows in (old, new, now))
    for key in before.keys() - after.keys():
        found.pop(key, None)
    for key, row in after.items():
        was, there = before.get(key), found.get(key)
        if was == row:  # not of this change; whoever took it out meanwhile meant it
            continue
        if isinstance(row, dict) and isinstance(there, dict):
            found[key] = _merged_facts(was if isinstance(was, dict) else {}, row, there)
        else:
            found[key] = row
    return list(found.values())


def _keyed(name: str, rows: list[Any]) -> dict[tuple[str, int], Any]:
    """Return rows by what they are known by; of several alike, by their number, too."""
    keyed: dict[tuple[str, int], Any] = {}
    for row in rows:
        known = [row.get(fact) for fact in _KNOWN_BY.get(name, ())] if isinstance(row, dict) else []
        text = repr(known if any(known) else row)
        number = 0
        while (text, number) in keyed:
            number += 1
        keyed[text, number] = row
    return keyed
