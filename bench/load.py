"""Write the bench world into the database of DATABASE_URL, or find that it is there already.

    python -m bench.load --tickets 100000

Secondary indexes go before the rows come and are made afterwards; the rows come by COPY from one
process for each processor, in chunks that follow each other, so that tables lie in the order of
their keys as they would in life.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import django
from django.db import models

CHUNK = 2_000
TABLES = (
    "ticket",
    "affectedsite",
    "ticketperson",
    "diaryentry",
    "historyentry",
    "statusinterval",
    "searchdocument",
    "responseperiod",
)


def main() -> None:
    """Load, unless what is asked for is there."""
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("--tickets", type=int, required=True)
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    _load(arguments.tickets)


def _load(total: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from bench import world

    call_command("migrate", interactive=False, verbosity=0)
    mark = f"bench {world.VERSION} {total}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        if cursor.fetchone()[0] == mark:
            print(f"{total:,} tickets are there already")
            return
    began = time.monotonic()
    places = _make_places()
    with without_indexes(TABLES):
        _copy_all(total, places)
    _finish(total)
    with connection.cursor() as cursor:
        cursor.execute(
            f"COMMENT ON DATABASE {connection.ops.quote_name(_database())} IS %s", [mark]
        )
    print(f"loaded {total:,} tickets in {time.monotonic() - began:.0f} s")


def _database() -> str:
    from django.db import connection

    return str(connection.settings_dict["NAME"])


def _make_places() -> Any:
    """Empty the database, and make people, units, sites and VOs."""
    from django.contrib.auth.hashers import make_password
    from django.db import connection

    from bench import world
    from juno_support.accounts.models import User
    from supportunits.models import VO, SupportUnit, UnitMembership, VOMembership
    from topology.models import OperationsCentre, Site

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE tickets_ticket, accounts_user, supportunits_vo, topology_site,"
            " topology_operationscentre CASCADE"
        )
    nobody = make_password(None)
    names = ["supporter", "submitter", "admin"]
    names += [f"person{number}" for number in range(world.PEOPLE)]
    people = User.objects.bulk_create(
        User(
            username=f"bench-{name}",
            name=f"Bench {name.title()}",
            email=f"{name}@bench.example.org",
            password=nobody,
            is_staff=name == "admin",
        )
        for name in names
    )
    centres = OperationsCentre.objects.bulk_create(
        OperationsCentre(source="bench", key=f"NGI_{number}", name=f"NGI_{number}")
        for number in range(40)
    )
    sites = Site.objects.bulk_create(
        Site(
            source="bench",
            key=f"{number}G0",
            name=f"SITE{number}-T{number % 4}",
            operations_centre=centres[number % 40],
            certification_status="Certified",
            contact_email=f"site{number}@bench.example.org",
        )
        for number in range(world.SITES)
    )
    tpm = SupportUnit.objects.create(name="TPM", kind="TPM", state="ACTIVE")
    SupportUnit.objects.create(name="Security", kind="SECURITY")
    units = SupportUnit.objects.bulk_create(
        SupportUnit(
            name=f"Bench unit {number}",
            kind="SITE" if number < 40 else "SERVICE",
            site=sites[number] if number < 40 else None,
            state="ACTIVE",
            mailing_list=f"unit{number}@bench.example.org",
        )
        for number in range(world.UNITS - 1)
    )
    units.insert(7, tpm)  # TPM holds a part of the open tickets, not the largest
    at = world.END
    vos = VO.objects.bulk_create(
        VO(name="juno" if number == 0 else f"vo{number}.example.org", created_at=at)
        for number in range(world.VOS)
    )
    supporter, submitter = people[0], people[1]
    UnitMembership.objects.bulk_create(
        [UnitMembership(unit=unit, user=supporter, added_at=at) for unit in (tpm, units[0])]
        + [
            UnitMembership(unit=units[number % len(units)], user=person, added_at=at)
            for number, person in enumerate(people[3:203])
        ]
    )
    VOMembership.objects.bulk_create(
        VOMembership(vo=vos[number % len(vos)], user=person)
        for number, person in enumerate(people[203:])
    )
    return world.Places(
        units=[unit.pk for unit in units],
        sites=[site.pk for site in sites],
        vos=[vo.pk for vo in vos],
        people=[person.pk for person in people[3:]],
        submitter=submitter.pk,
    )


@contextmanager
def without_indexes(names: Iterable[str], app: str = "tickets") -> Iterator[None]:
    """Take all indexes but primary keys away from some tables of an app, and put them back."""
    from django.db import connection

    tables = [f"{app}_{name}" for name in names]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype IN ('u', 'x') AND conrelid = ANY(%s::regclass[])",
            [tables],
        )
        constraints = cursor.fetchall()
        for table, name, _ in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '1GB'")
            cursor.execute("SET max_parallel_maintenance_workers = 2")
            todo = [(name, definition) for name, definition in indexes]
            todo += [
                (name, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
                for table, name, definition in constraints
            ]
            bar = Bar("indexes", len(todo))
            for number, (_, statement) in enumerate(todo):
                bar.show(number)
                cursor.execute(statement)
            bar.show(len(todo))


def _copy_all(total: int, places: Any) -> None:
    from django.db import connection

    connection.close()
    chunks = [(first, min(first + CHUNK - 1, total), total) for first in range(1, total + 1, CHUNK)]
    bar = Bar("tickets", total)
    with multiprocessing.get_context("fork").Pool(
        os.cpu_count(), initializer=_begin, initargs=(places,)
    ) as pool:
        done = 0
        for number in pool.imap(_copy, chunks):
            done += number
            bar.show(done)


_places: Any = None
_cursor: Any = None


def _begin(places: Any) -> None:
    global _places, _cursor
    from django.db import connection

    _places = places
    _cursor = connection.cursor()
    # No triggers and no look-ups of foreign keys; what is not flushed yet may be lost.
    _cursor.execute("SET session_replication_role = replica")
    _cursor.execute("SET synchronous_commit = off")


def _copy(chunk: tuple[int, int, int]) -> int:
    from django.apps import apps

    from bench import world

    first, last, total = chunk
    rows = world.tickets(first, last, total, _places)
    for name in TABLES:
        given = getattr(rows, name)
        if given:
            columns, defaults = _columns(apps.get_model("tickets", name), given[0])
            _write(f"tickets_{name}", columns, defaults, given)
    return last - first + 1


def _columns(model: type[models.Model], row: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The columns to write, and the values of those that the world says nothing about."""
    columns = list(row)
    defaults = {}
    for field in model._meta.concrete_fields:
        if field.column in row or field.generated or isinstance(field, models.AutoField):
            continue
        value = field.get_default()
        if isinstance(field, models.JSONField):
            value = json.dumps(value)
        if isinstance(value, list):
            value = "{}"
        defaults[field.column] = value
    return columns, defaults


def _write(
    table: str, columns: list[str], defaults: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    tail = "".join(f"\t{_text(value)}" for value in defaults.values()) + "\n"
    buffer = io.StringIO()
    for row in rows:
        buffer.write("\t".join([_text(row[column]) for column in columns]))
        buffer.write(tail)
    buffer.seek(0)
    names = ", ".join(f'"{column}"' for column in [*columns, *defaults])
    _cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", buffer)


def _text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        if "\\" in value or "\n" in value or "\t" in value:
            return value.replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t")
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _finish(total: int) -> None:
    from django.db import connection

    from bench import world

    numbers = {
        "tickets_ticket": total,
        "tickets_diaryentry": (total + 1) * world.ENTRIES,
        "tickets_historyentry": (total + 1) * world.HISTORY,
    }
    with connection.cursor() as cursor:
        for table, number in numbers.items():
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, number + 1]
            )
        print("vacuum and analyze", flush=True)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


class Bar:
    """A progress bar: on a terminal it moves, elsewhere it says a line now and then."""

    def __init__(self, name: str, total: int) -> None:
        self.name = name
        self.total = max(total, 1)
        self.began = time.monotonic()
        self.said = -1.0

    def show(self, done: int) -> None:
        """Say how much is done."""
        share = done / self.total
        took = time.monotonic() - self.began
        left = f"{took / share - took:4.0f} s left" if share else ""
        if sys.stderr.isatty():
            filled = int(share * 40)
            end = "\n" if done == self.total else ""
            sys.stderr.write(
                f"\r{self.name:>8} [{'#' * filled}{'.' * (40 - filled)}] {share:4.0%} {left}  {end}"
            )
        elif share - self.said >= 0.1 or done == self.total:
            self.said = share
            sys.stderr.write(f"{self.name}: {share:4.0%} {left}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
