"""Addresses of the sites board, sites, downtimes, network links and sources."""

from django.urls import include, path

from juno_support.pages import board, calendar, diracx_login, links, names, pushed, site, sources

_sites = [
    path("", board.site_board, name="board"),
    path("<str:name>/", site.site_page, name="site"),
    path("<str:name>/override/", site.override, name="override"),
]
_links = [
    path("", links.link_list, name="list"),
    # No link's name is a hyphen, so this cannot meet one.
    path("-/add/", links.add_link, name="add"),
    path("<str:name>/", links.link_page, name="link"),
    path("<str:name>/change/", links.change_link, name="change"),
]
_sources = [
    path("", sources.source_list, name="list"),
    path("names/", names.name_list, name="names"),
    path("names/<int:number>/map/", names.map_one, name="name-map"),
    path("names/<int:number>/aside/", names.set_aside, name="name-aside"),
    path("names/<int:number>/back/", names.take_back, name="name-back"),
    path("diracx/login/", diracx_login.login, name="diracx-login"),
    path("diracx/login/begin/", diracx_login.begin, name="diracx-begin"),
    path("diracx/login/check/", diracx_login.check, name="diracx-check"),
    path("diracx/login/end/", diracx_login.end, name="diracx-end"),
    path("push/new/", pushed.new, name="push-new"),
    path("push/<slug:name>/", pushed.show, name="push-source"),
    path("push/<slug:name>/token/", pushed.issue, name="push-token"),
    path("push/<slug:name>/revoke/", pushed.revoke, name="push-revoke"),
    path("push/<slug:name>/upload/", pushed.upload, name="push-upload"),
    path("<slug:name>/poll/", sources.poll_now, name="poll"),
    path("<slug:name>/configure/", sources.configure, name="configure"),
]

_downtimes = [path("", calendar.calendar, name="calendar")]

urlpatterns = [
    path("downtimes/", include((_downtimes, "downtimes"))),
    path("calendar/downtimes.ics", calendar.feed, name="calendar-downtimes"),
    path("sites/", include((_sites, "sites"))),
    path("links/", include((_links, "links"))),
    path("sources/", include((_sources, "sources"))),
]
