"""All settings, in sections, read from the environment (see docs/settings.md and .env.example)."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONE, SELF
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from juno_support import env
from juno_support.schedule import BEAT_SCHEDULE

# --- Where and how we run -----------------------------------------------------------------

BASE_DIR = env.CHECKOUT
DATA_DIR = env.data_dir()
DEBUG = env.switch("JUNO_DEBUG")
JUNO_DEMO = env.switch("JUNO_DEMO")
# Only tests and the demo may move the clock.
JUNO_CLOCK_MOVABLE = JUNO_DEMO
SECRET_KEY = env.required(
    "JUNO_SECRET_KEY", "run `make run` first, or set it (50 random characters)."
)
JUNO_BASE_URL = env.text("JUNO_BASE_URL", "http://localhost:8000").rstrip("/")
JUNO_INSTANCE_NAME = env.text("JUNO_INSTANCE_NAME", "JUNO Support")
JUNO_CALENDAR = env.text("JUNO_CALENDAR", "")
# How many tickets one person can file within an hour; 0 is no limit.
JUNO_SUBMISSIONS_PER_HOUR = env.number("JUNO_SUBMISSIONS_PER_HOUR", 60)
# Answers of a person who is no supporter within an hour; 0: no limit.
JUNO_ENTRIES_PER_HOUR = env.number("JUNO_ENTRIES_PER_HOUR", 120)
# A site that is bad for so many minutes is proposed to shifters; a VO may say otherwise.
JUNO_PROPOSE_AFTER_MINUTES = env.number("JUNO_PROPOSE_AFTER_MINUTES", 30)
# Whom to reach at once in a security incident, shown before a Security ticket is written.
JUNO_SECURITY_CONTACT = env.text("JUNO_SECURITY_CONTACT", "EGI CSIRT, abuse@egi.eu")
# Sites board and downtimes are public unless the instance says otherwise.
JUNO_PUBLIC_BOARD = env.switch("JUNO_PUBLIC_BOARD", True)

_base = urlsplit(JUNO_BASE_URL)
ALLOWED_HOSTS = env.words("JUNO_ALLOWED_HOSTS") or [
    _base.hostname or "localhost",
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [JUNO_BASE_URL]

# --- Applications -------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "django_structlog",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "juno_support",
    "juno_support.accounts",
    "juno_support.feeds",
    "juno_support.outbox",
    "topology",
    "supportunits",
    "monitoring",
    "tickets",
    "tickets.routing",
    "tickets.answers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "juno_support.accounts.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "juno_support.pages.error_pages.RefuseNul",
]

ROOT_URLCONF = "juno_support.urls"
WSGI_APPLICATION = "juno_support.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "juno_support.pages.frame.frame",
                "juno_support.demo.frame.demo",
            ],
        },
    }
]

# --- Database, cache, broker --------------------------------------------------------------


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for ``postgresql://user:password@host:port/name?option=value``.

    A ``host`` option names a folder with a Unix socket.
    """
    parts = urlsplit(url)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {
            "NAME": f"test_{env.text('JUNO_TEST_DB', 'juno')}",
            "TEMPLATE": "template0",
        },
    }


DATABASES = {
    "default": database(env.required("DATABASE_URL", "run `make run` first, or set postgresql://…"))
}
# The trace of settings names who did it. A GET changes nothing, so it needs no trace.
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")
REDIS_URL = env.required("REDIS_URL", "run `make run` first, or set redis://…")

CACHES = {
    "default": {
        "BACKEND": "juno_support.lib.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        "KEY_PREFIX": "juno",
    }
}

# --- People -------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_ADAPTER = "juno_support.signin.adapter.AccountAdapter"
ACCOUNT_USER_DISPLAY = "juno_support.signin.adapter.shown_name"
ACCOUNT_FORMS = {
    "login": "juno_support.signin.forms.LoginForm",
    "signup": "juno_support.signin.forms.SignupForm",
    "change_password": "juno_support.signin.forms.ChangePasswordForm",
    "reset_password_from_key": "juno_support.signin.forms.ResetPasswordKeyForm",
}
# The user name is made from the address; asking for one would tell who is here.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    # five wrong passwords for one account in five minutes, ten from one address in a minute
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{JUNO_INSTANCE_NAME}] "
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None

SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())

# --- What browsers are told ---------------------------------------------------------------

_https = JUNO_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "juno_support.pages.error_pages.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
# Subdomains and the preload list are for the domain's owner to decide; the proxy redirects to
# https, while health probes come to us without it.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
X_FRAME_OPTIONS = "DENY"
if env.switch("JUNO_BEHIND_PROXY"):
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

# --- Files --------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "files"
STORAGES = {
    "default": {"BACKEND": "juno_support.lib.storage.SyncedFileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
JUNO_ATTACHMENT_MAX_BYTES = 25 * 1024 * 1024

# --- Languages and times ------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Mail ---------------------------------------------------------------------------------

EMAIL_BACKEND = "juno_support.outbox.backend.OutboxBackend"
JUNO_MAIL_BACKEND = env.text(
    "JUNO_MAIL_BACKEND",
    "juno_support.outbox.catcher.CatcherBackend"
    if JUNO_DEMO
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_HOST = env.text("JUNO_MAIL_HOST", "localhost")
EMAIL_PORT = env.number("JUNO_MAIL_PORT", 25)
EMAIL_HOST_USER = env.text("JUNO_MAIL_USER")
EMAIL_HOST_PASSWORD = env.text("JUNO_MAIL_PASSWORD")
EMAIL_USE_TLS = env.switch("JUNO_MAIL_STARTTLS")
EMAIL_USE_SSL = env.switch("JUNO_MAIL_TLS")
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text(
    "JUNO_MAIL_FROM", f"support@{_base.hostname or 'localhost'}"
)
# The subject's "[JUNO #123]".
JUNO_MAIL_TAG = env.text("JUNO_MAIL_TAG", "JUNO")
JUNO_MAIL_DOMAIN = env.text("JUNO_MAIL_DOMAIN", _base.hostname or "localhost")

# Signs the mails of ALARM tickets (S/MIME): PEM files, the key without a password.
JUNO_SMIME_CERT = env.path("JUNO_SMIME_CERT")
JUNO_SMIME_KEY = env.path("JUNO_SMIME_KEY")

# --- Background work ----------------------------------------------------------------------

CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://") if REDIS_URL.startswith("unix:") else REDIS_URL
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_keepalive": True,
    "socket_timeout": 30,
    # Publishing while the broker is away fails at once (0.2 s, not 6): the sweeps repair it.
    "max_retries": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
# The worker's threads know no time limit; whatever a task asks outside has one of its own.
JUNO_WORKER_THREADS = env.number("JUNO_WORKER_THREADS", 12)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# --- Sources that we poll: what is set here wins over the page of sources -----------------

JUNO_GOCDB_URL = env.text("JUNO_GOCDB_URL")
JUNO_GOCDB_CERT = env.path("JUNO_GOCDB_CERT")
JUNO_GOCDB_KEY = env.path("JUNO_GOCDB_KEY")
JUNO_GOCDB_CA_BUNDLE = env.path("JUNO_GOCDB_CA_BUNDLE")
JUNO_GOCDB_TOPOLOGY_INTERVAL = env.number("JUNO_GOCDB_TOPOLOGY_INTERVAL", 0)
JUNO_GOCDB_DOWNTIMES_INTERVAL = env.number("JUNO_GOCDB_DOWNTIMES_INTERVAL", 0)

# Every other source: its address, certificate and interval, and its options (feeds/registry.py).
# What is empty here can be set on the page of sources.
JUNO_ARGO_URL = env.text("JUNO_ARGO_URL")
JUNO_ARGO_CERT = env.path("JUNO_ARGO_CERT")
JUNO_ARGO_KEY = env.path("JUNO_ARGO_KEY")
JUNO_ARGO_CA_BUNDLE = env.path("JUNO_ARGO_CA_BUNDLE")
JUNO_ARGO_INTERVAL = env.number("JUNO_ARGO_INTERVAL", 0)
JUNO_ARGO_API_KEY = env.text("JUNO_ARGO_API_KEY")
JUNO_ARGO_REPORT = env.text("JUNO_ARGO_REPORT")
JUNO_ARGO_GROUP_TYPE = env.text("JUNO_ARGO_GROUP_TYPE")
JUNO_ARGO_API = env.text("JUNO_ARGO_API")
JUNO_ARGO_GRACE_HOURS = env.text("JUNO_ARGO_GRACE_HOURS")
JUNO_ARGO_EVIDENCE_BASE = env.text("JUNO_ARGO_EVIDENCE_BASE")
JUNO_DIRAC_HTTPS_URL = env.text("JUNO_DIRAC_HTTPS_URL")
JUNO_DIRAC_HTTPS_CERT = env.path("JUNO_DIRAC_HTTPS_CERT")
JUNO_DIRAC_HTTPS_KEY = env.path("JUNO_DIRAC_HTTPS_KEY")
JUNO_DIRAC_HTTPS_CA_BUNDLE = env.path("JUNO_DIRAC_HTTPS_CA_BUNDLE")
JUNO_DIRAC_HTTPS_INTERVAL = env.number("JUNO_DIRAC_HTTPS_INTERVAL", 0)
JUNO_DIRAC_HTTPS_TOKEN = env.text("JUNO_DIRAC_HTTPS_TOKEN")
JUNO_DIRAC_HTTPS_VO = env.text("JUNO_DIRAC_HTTPS_VO")
JUNO_DIRAC_HTTPS_GROUP = env.text("JUNO_DIRAC_HTTPS_GROUP")
JUNO_DIRAC_HTTPS_OWNER_GROUP = env.text("JUNO_DIRAC_HTTPS_OWNER_GROUP")
JUNO_DIRAC_HTTPS_RESOURCE_STATUS_PATH = env.text("JUNO_DIRAC_HTTPS_RESOURCE_STATUS_PATH")
JUNO_DIRAC_HTTPS_PUBLISHER_PATH = env.text("JUNO_DIRAC_HTTPS_PUBLISHER_PATH")
JUNO_DIRAC_HTTPS_WMS_PATH = env.text("JUNO_DIRAC_HTTPS_WMS_PATH")
JUNO_DIRAC_HTTPS_JOB_MONITORING_PATH = env.text("JUNO_DIRAC_HTTPS_JOB_MONITORING_PATH")
JUNO_DIRAC_HTTPS_REQUESTS_PATH = env.text("JUNO_DIRAC_HTTPS_REQUESTS_PATH")
JUNO_DIRAC_HTTPS_CONFIGURATION_PATH = env.text("JUNO_DIRAC_HTTPS_CONFIGURATION_PATH")
JUNO_DIRAC_HTTPS_GOOD_PERCENT = env.text("JUNO_DIRAC_HTTPS_GOOD_PERCENT")
JUNO_DIRAC_HTTPS_FAIR_PERCENT = env.text("JUNO_DIRAC_HTTPS_FAIR_PERCENT")
JUNO_DIRAC_HTTPS_POOR_PERCENT = env.text("JUNO_DIRAC_HTTPS_POOR_PERCENT")
JUNO_DIRAC_HTTPS_LEAST_JOBS = env.text("JUNO_DIRAC_HTTPS_LEAST_JOBS")
JUNO_DIRAC_HTTPS_FAILED_REQUESTS = env.text("JUNO_DIRAC_HTTPS_FAILED_REQUESTS")
JUNO_DIRAC_HTTPS_WEB_URL = env.text("JUNO_DIRAC_HTTPS_WEB_URL")
JUNO_DIRAC_WEBAPP_URL = env.text("JUNO_DIRAC_WEBAPP_URL")
JUNO_DIRAC_WEBAPP_CERT = env.path("JUNO_DIRAC_WEBAPP_CERT")
JUNO_DIRAC_WEBAPP_KEY = env.path("JUNO_DIRAC_WEBAPP_KEY")
JUNO_DIRAC_WEBAPP_CA_BUNDLE = env.path("JUNO_DIRAC_WEBAPP_CA_BUNDLE")
JUNO_DIRAC_WEBAPP_INTERVAL = env.number("JUNO_DIRAC_WEBAPP_INTERVAL", 0)
JUNO_DIRAC_WEBAPP_SETUP = env.text("JUNO_DIRAC_WEBAPP_SETUP")
JUNO_DIRAC_WEBAPP_GROUP = env.text("JUNO_DIRAC_WEBAPP_GROUP")
JUNO_DIRAC_WEBAPP_VO = env.text("JUNO_DIRAC_WEBAPP_VO")
JUNO_DIRACX_URL = env.text("JUNO_DIRACX_URL")
JUNO_DIRACX_CERT = env.path("JUNO_DIRACX_CERT")
JUNO_DIRACX_KEY = env.path("JUNO_DIRACX_KEY")
JUNO_DIRACX_CA_BUNDLE = env.path("JUNO_DIRACX_CA_BUNDLE")
JUNO_DIRACX_INTERVAL = env.number("JUNO_DIRACX_INTERVAL", 0)
JUNO_DIRACX_VO = env.text("JUNO_DIRACX_VO")
JUNO_DIRACX_GROUP = env.text("JUNO_DIRACX_GROUP")
JUNO_DIRACX_CLIENT_ID = env.text("JUNO_DIRACX_CLIENT_ID")
JUNO_DIRACX_CE_FIELD = env.text("JUNO_DIRACX_CE_FIELD")
JUNO_DIRACX_GOOD_PERCENT = env.text("JUNO_DIRACX_GOOD_PERCENT")
JUNO_DIRACX_FAIR_PERCENT = env.text("JUNO_DIRACX_FAIR_PERCENT")
JUNO_DIRACX_POOR_PERCENT = env.text("JUNO_DIRACX_POOR_PERCENT")
JUNO_DIRACX_LEAST_JOBS = env.text("JUNO_DIRACX_LEAST_JOBS")
JUNO_PERFSONAR_URL = env.text("JUNO_PERFSONAR_URL")
JUNO_PERFSONAR_CERT = env.path("JUNO_PERFSONAR_CERT")
JUNO_PERFSONAR_KEY = env.path("JUNO_PERFSONAR_KEY")
JUNO_PERFSONAR_CA_BUNDLE = env.path("JUNO_PERFSONAR_CA_BUNDLE")
JUNO_PERFSONAR_INTERVAL = env.number("JUNO_PERFSONAR_INTERVAL", 0)
JUNO_PERFSONAR_ARCHIVES = env.text("JUNO_PERFSONAR_ARCHIVES")
JUNO_PERFSONAR_LOSS_PERCENT = env.text("JUNO_PERFSONAR_LOSS_PERCENT")
JUNO_PERFSONAR_DELAY_PERCENT = env.text("JUNO_PERFSONAR_DELAY_PERCENT")
JUNO_PERFSONAR_THROUGHPUT_PERCENT = env.text("JUNO_PERFSONAR_THROUGHPUT_PERCENT")
JUNO_MADDASH_URL = env.text("JUNO_MADDASH_URL")
JUNO_MADDASH_CERT = env.path("JUNO_MADDASH_CERT")
JUNO_MADDASH_KEY = env.path("JUNO_MADDASH_KEY")
JUNO_MADDASH_CA_BUNDLE = env.path("JUNO_MADDASH_CA_BUNDLE")
JUNO_MADDASH_INTERVAL = env.number("JUNO_MADDASH_INTERVAL", 0)
JUNO_MADDASH_GRIDS = env.text("JUNO_MADDASH_GRIDS")

# --- Logs ---------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "juno_support.lib.logs.json_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("JUNO_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

JUNO_METRICS_TOKEN = env.text("JUNO_METRICS_TOKEN")

# --- REST ---------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    # Whose address counts where there is a limit: X-Forwarded-For is anybody's word otherwise.
    "NUM_PROXIES": 1 if env.switch("JUNO_BEHIND_PROXY") else 0,
}
