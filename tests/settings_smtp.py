"""The tests' settings for a process of its own that sends by SMTP to a port of loopback."""

import os

from tests.settings import *  # noqa: F403

JUNO_MAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["TEST_SMTP_PORT"])
