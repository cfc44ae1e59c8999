"""Addresses of the outbox."""

from django.urls import path

from juno_support.outbox import gateway_views, views

app_name = "outbox"
urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("decide/", views.decide, name="decide"),
    path("gateways/", gateway_views.gateway_list, name="gateways"),
    path("gateways/new/", gateway_views.new_gateway, name="new-gateway"),
    path("gateways/<int:number>/", gateway_views.gateway, name="gateway"),
    path("gateways/<int:number>/try/", gateway_views.try_gateway, name="try-gateway"),
    path("caught/call/", views.catch_call, name="catch-call"),
    path("caught/", views.caught_list, name="caught"),
    path("caught/<int:number>/", views.caught_mail, name="caught-mail"),
]
