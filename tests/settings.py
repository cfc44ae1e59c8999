"""The product's settings, made quick and still for tests."""

import os

os.environ.setdefault("JUNO_SECRET_KEY", "a key for tests only, of no value to anybody")

from juno_support.settings import *  # noqa: F403

JUNO_CLOCK_MOVABLE = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "juno_support.lib.storage.SyncedFileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Tests share a Redis with whatever else uses it, and with those who run beside them; each clears
# only its own keys.
CACHES["default"]["KEY_PREFIX"] = "-".join(  # noqa: F405
    ("juno", DATABASES["default"]["TEST"]["NAME"], os.environ.get("PYTEST_XDIST_WORKER", ""))  # noqa: F405
)
# No mail leaves a test; the tests of real SMTP name their own server.
JUNO_MAIL_BACKEND = "juno_support.outbox.catcher.CatcherBackend"
# WhiteNoise looks files up when asked: tests have not collected any.
WHITENOISE_AUTOREFRESH = True
