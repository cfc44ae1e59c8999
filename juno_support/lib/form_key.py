"""The key of a form that somebody sends: pressing the button twice takes effect once."""

from uuid import UUID

from django.db import connection


def wait_for(key: UUID) -> None:
    """Let one press of a form's button at a time go on, until the end of its transaction.

    Who waited here sees what the other press has done.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key.int % 2**63])
