"""Addresses of the REST interface."""

from django.urls import path

from juno_support.api import pushes

app_name = "api"
urlpatterns = [
    path("v1/sources/<slug:name>/events/", pushes.push_events, name="push-events"),
]
