"""Addresses of the home page and of the reader's choice of colours."""

from django.urls import path

from juno_support.pages.home import home
from juno_support.pages.theme import choose_theme

urlpatterns = [
    path("", home, name="home"),
    path("theme/", choose_theme, name="theme"),
]
