"""The offset of the movable clock, and the PostgreSQL extensions that several apps use."""

from django.contrib.postgres.operations import (
    BtreeGistExtension,
    TrigramExtension,
    UnaccentExtension,
)
from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        BtreeGistExtension(),
        migrations.RunSQL(
            "CREATE TABLE juno_clock (id smallint PRIMARY KEY CHECK (id = 1), seconds double precision NOT NULL)",
            "DROP TABLE juno_clock",
        ),
    ]
