import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('tickets', '0026_attention_since'),
    ]

    operations = [
        migrations.AddField(
            model_name='wallclock',
            name='raised_by',
            field=models.ForeignKey(blank=True, help_text='who filed it as an alarm, made it one, or reopened it', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        # The first call of each run says who began it.
        migrations.RunSQL(
            "UPDATE tickets_wallclock SET raised_by_id = entry.actor_id"
            " FROM tickets_historyentry entry"
            " WHERE entry.ticket_id = tickets_wallclock.ticket_id AND entry.kind = 'alarm.called'"
            " AND (entry.facts->>'clock')::bigint = tickets_wallclock.id"
            " AND (entry.facts->>'call')::int = 0",
            migrations.RunSQL.noop,
        ),
    ]
