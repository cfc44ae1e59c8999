"""Addresses of the home page and of the reader's choice of colours."""

from django.urls import path

from juno_support.pages import health
from juno_support.pages.home import home
from juno_support.pages.theme import choose_theme

urlpatterns = [
    path("", home, name="home"),
    path("theme/", choose_theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
