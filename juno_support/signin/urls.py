"""Addresses of profile, admin link, and of django-allauth: registration, sign-in, passwords."""

from django.urls import include, path

from juno_support.signin.admin_link import admin_link
from juno_support.signin.profile import profile

urlpatterns = [
    path("profile/", profile, name="profile"),
    path("admin-link/<str:token>/", admin_link, name="admin_link"),
    path("", include("allauth.account.urls")),
]
