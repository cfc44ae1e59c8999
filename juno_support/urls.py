"""All addresses: one include a feature."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("juno_support.pages.urls")),
    path("help/", include("juno_support.pages.help_urls")),
    path("accounts/", include("juno_support.signin.urls")),
    path("api/", include("juno_support.api.urls")),
    path("outbox/", include("juno_support.outbox.urls")),
    path("", include("juno_support.pages.unit_urls")),
    path("", include("juno_support.pages.site_urls")),
    path("", include("juno_support.pages.job_urls")),
    path("", include("juno_support.pages.shift_urls")),
    path("", include("tickets.urls")),
]

handler400 = "juno_support.pages.error_pages.bad_request"
handler403 = "juno_support.pages.error_pages.permission_denied"
handler404 = "juno_support.pages.error_pages.page_not_found"
handler429 = "juno_support.pages.error_pages.too_many_requests"
handler500 = "juno_support.pages.error_pages.server_error"
