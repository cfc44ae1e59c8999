"""Addresses of the outbox."""

from django.urls import path

from juno_support.outbox import views

app_name = "outbox"
urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("decide/", views.decide, name="decide"),
    path("caught/", views.caught_list, name="caught"),
    path("caught/<int:number>/", views.caught_mail, name="caught-mail"),
]
