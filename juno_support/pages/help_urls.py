"""Addresses of the help."""

from django.urls import path

from juno_support.pages import help as pages

urlpatterns = [
    path("", pages.help_index, name="help"),
    path("pictures/<str:name>", pages.help_picture, name="help-picture"),
    path("<slug:name>/", pages.help_page, name="help-page"),
]
