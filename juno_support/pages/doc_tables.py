"""The tables in docs/ that are made from the code, so that they cannot drift from it.

A document holds each between two marks, ``<!-- table: steps -->`` and ``<!-- end -->``. To write
them anew after a change of the code (a test fails until then)::

    .venv/bin/python -m juno_support.pages.doc_tables
"""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import django

_PART: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """Return a document with each of its tables as the code has it now.

    :raises KeyError: when the document asks for a table that there is not
    """
    return _PART.sub(lambda part: f"{part[1]}\n{_TABLES[part[2]]()}\n\n{part[3]}", text)


def _steps() -> str:
    from tickets.workflow import STEPS, Need, Who

    who = {Who.OWNER: "submitter", Who.SUPPORTER: "supporter", Who.SYSTEM: "the portal"}
    needs = {
        Need.COMMENT: "a comment",
        Need.REASON: "a reason",
        Need.UNTIL: "a date",
        Need.SOLUTION: "the solution in words",
        Need.CODE: "a resolution code",
    }
    return _table(
        ("Step", "From", "To", "Who", "Asks for"),
        (
            (
                str(step.label),
                ", ".join(str(status.label) for status in step.froms),
                str(step.to.label),
                ", ".join(who[each] for each in Who if each in step.who),
                ", ".join(needs[need] for need in step.needs) or "nothing",
            )
            for step in STEPS
        ),
    )


def _codes() -> str:
    from tickets.workflow import CODES, ResolutionCode, Status

    rows = [(str(status.label), _labels(codes)) for status, codes in CODES.items()]
    rows.append((str(Status.UNSOLVED.label), f"{ResolutionCode.WITHDRAWN.label} (set by withdraw)"))
    return _table(("Status", "Codes"), rows)


def _fields() -> str:
    from tickets.search.grammar import FIELDS, Kind

    takes = {
        Kind.NAME: "a name, or several with commas",
        Kind.CHOICE: "one or several of the values below",
        Kind.LEVEL: "a level; also `<` `<=` `>` `>=`",
        Kind.MOMENT: "an age or a date; also `<` `<=` `>` `>=` and a period",
        Kind.NUMBER: "a number, or several with commas",
    }
    return _table(
        ("Field", "What it asks for", "Takes", "Example"),
        (
            (
                f"`{known.name}`",
                str(known.help),
                "one order" if known.name == "sort" else takes[known.kind],
                f"`{known.example or f'{known.name}:{next(iter(known.choices))}'}`",
            )
            for known in FIELDS.values()
        ),
    )


def _values() -> str:
    from tickets.search.grammar import FIELDS

    return _table(
        ("Field", "Value", "Meaning"),
        (
            (f"`{known.name}`", f"`{typed}`", str(label))
            for known in FIELDS.values()
            for typed, (_held, label) in known.choices.items()
        ),
    )


def _labels(choices: Iterable[object]) -> str:
    return ", ".join(str(getattr(choice, "label", choice)) for choice in choices)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _column in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_TABLES: Final[dict[str, Callable[[], str]]] = {
    "steps": _steps,
    "codes": _codes,
    "fields": _fields,
    "values": _values,
}


def main() -> None:
    """Write the tables of all documents anew."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "juno_support.settings")
    django.setup()
    for path in (Path(__file__).resolve().parents[2] / "docs").glob("*.md"):
        old = path.read_text(encoding="utf-8")
        if (new := filled(old)) != old:
            path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
