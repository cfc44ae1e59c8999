"""Addresses of the home page and of the reader's choice of colours."""

from django.urls import path

from juno_support.pages import announcements, health
from juno_support.pages.home import home
from juno_support.pages.theme import choose_theme

urlpatterns = [
    path("", home, name="home"),
    path("announcements/", announcements.announcement_list, name="announcements"),
    path("announcements/new/", announcements.announce, name="announce"),
    path("announcements/<int:key>/", announcements.announcement, name="announcement"),
    path("announcements/<int:key>/change/", announcements.change, name="change-announcement"),
    path("announcements/<int:key>/withdraw/", announcements.withdraw, name="withdraw-announcement"),
    path("announcements/<int:key>/hide/", announcements.hide, name="hide-announcement"),
    path("theme/", choose_theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
