"""The first check-list for first-line answers; admins edit it on its page (domain: section 6)."""

from django.db import migrations

ITEMS = (
    ("Proxy", "Is the submitter's proxy or token valid, with the VO's attributes?"),
    ("VOMS or IAM membership", "Is the membership of the VO there, and not expired?"),
    ("Quota", "Is there room left in the quota of the group and of the user?"),
    ("CE state", "Is the computing element up, and does the VO's production use it now?"),
    ("Known answers", "Was the same solved before? Search the solved tickets."),
)


def lay(apps, _schema_editor):
    """Make the list where there is none."""
    model = apps.get_model("tickets", "CheckItem")
    if not model.objects.exists():
        for position, (words, how) in enumerate(ITEMS, start=1):
            model.objects.create(words=words, how=how, position=position)


class Migration(migrations.Migration):
    """Lay the first check-list."""

    dependencies = [("tickets", "0014_tpm_desk")]

    operations = [migrations.RunPython(lay, migrations.RunPython.noop)]
