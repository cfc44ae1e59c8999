"""`manage.py admin_link`: a one-time link that makes or signs in an admin."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from juno_support.accounts.actions import ADMIN_LINK_LIFE, make_admin_link
from juno_support.accounts.models import User
from juno_support.lib import clock


class Command(BaseCommand):
    """Make a link and print it; only its hash is kept, so it cannot be shown again."""

    help = (
        "Prints a one-time link, good for 24 hours, that makes a new admin account."
        " With --user it makes that account an admin and signs it in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare --user and --json."""
        parser.add_argument("--user", help="user name or e-mail address of an existing account")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link, or {"url", "expires_at", "user"}."""
        user = None
        if options["user"]:
            field = "email__iexact" if "@" in options["user"] else "username"
            user = User.objects.filter(**{field: options["user"]}).first()
            if user is None:
                raise CommandError(
                    f"There is no account {options['user']!r}."
                    " Without --user the link makes a new account."
                )
        now = clock.now()
        path = reverse("admin_link", args=[make_admin_link(at=now, user=user)])
        url = f"{settings.JUNO_BASE_URL}{path}"
        if options["json"]:
            document = {
                "url": url,
                "expires_at": (now + ADMIN_LINK_LIFE).isoformat(),
                "user": user.username if user else None,
            }
            self.stdout.write(json.dumps(document))
        else:
            self.stdout.write(url)
