"""The product's addresses, and the floor."""

from django.urls import include, path

from bench.pages import counts, floor

urlpatterns = [
    path("bench/floor/", floor),
    path("bench/counts/", counts),
    path("", include("juno_support.urls")),
]

handler400 = "juno_support.pages.error_pages.bad_request"
handler403 = "juno_support.pages.error_pages.permission_denied"
handler404 = "juno_support.pages.error_pages.page_not_found"
handler500 = "juno_support.pages.error_pages.server_error"
