"""Let the clock's sweep look at the open tickets of before there was a clock.

Only flagged here, a range of numbers at a time; the sweep counts their deadlines in batches.
"""

from django.db import migrations, models

AT_ONCE = 20_000


def flag(apps, schema_editor):
    tickets = apps.get_model("tickets", "Ticket").objects.using(schema_editor.connection.alias)
    last = tickets.aggregate(last=models.Max("pk"))["last"] or 0
    for first in range(1, last + 1, AT_ONCE):
        few = tickets.filter(pk__range=(first, first + AT_ONCE - 1), next_clock_at=None)
        few.filter(status__in=["NEW", "ASSIGNED", "REOPENED"], due_at=None).update(
            next_clock_at=models.F("submitted_at")
        )
        few.filter(status="WAITING_FOR_REPLY", waiting_since__isnull=False).update(
            next_clock_at=models.F("waiting_since")
        )


class Migration(migrations.Migration):
    # Each range is a transaction of its own: nobody waits for the whole.
    atomic = False

    dependencies = [("tickets", "0018_response_clock")]

    operations = [migrations.RunPython(flag, migrations.RunPython.noop)]
