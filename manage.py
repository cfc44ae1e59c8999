#!/usr/bin/env python
"""Django's command line for JUNO Support."""

import os
import sys


def main() -> None:
    """Run a management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "juno_support.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that is missing is told in words, with what to do, not by a traceback.
        sys.exit(str(error))


if __name__ == "__main__":
    main()
