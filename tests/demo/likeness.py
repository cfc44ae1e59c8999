"""Compare a simulator's document with a real one: the same keys, the same kinds of values."""

import json
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"


def sample(name: str) -> Any:
    """Return the body of a real document."""
    document = json.loads((SAMPLES / name).read_bytes())
    if isinstance(document, dict) and "body" in document:
        return document["body"]
    return document


def differences(
    ours: Any, real: Any, where: str = "$", *, may_lack: set[str] | None = None
) -> list[str]:
    """Return where a document has another shape than the real one.

    Lists are compared by their rows that have most keys. Rows may lack ``may_lack``, and what is
    null in either may be anything in the other.
    """
    lacking = may_lack or set()
    if ours is None or real is None:
        return []
    if isinstance(real, dict) and isinstance(ours, dict):
        found = [f"{where}: lacks {key}" for key in real.keys() - ours.keys() - lacking]
        found += [f"{where}: has {key}" for key in ours.keys() - real.keys() - lacking]
        for key in real.keys() & ours.keys():
            found += differences(ours[key], real[key], f"{where}.{key}", may_lack=lacking)
        return found
    if isinstance(real, list) and isinstance(ours, list):
        if not real or not ours:
            return []
        return differences(_richest(ours), _richest(real), f"{where}[]", may_lack=lacking)
    if isinstance(real, bool) or isinstance(ours, bool) or type(real) is not type(ours):
        numbers = (int, float)
        if type(real) in numbers and type(ours) in numbers:
            return []
        if type(real) is not type(ours):
            return [f"{where}: {type(ours).__name__} instead of {type(real).__name__}"]
    return []


def _richest(rows: list[Any]) -> Any:
    return max(rows, key=lambda row: len(row) if isinstance(row, dict | list) else 0)
