"""The first check-list for first-line answers; ``tickets.apps`` lays it after each migration."""

from django.db import migrations


class Migration(migrations.Migration):
    """Nothing to do: kept for the databases and migrations that know it."""

    dependencies = [("tickets", "0014_tpm_desk")]

    operations = []
