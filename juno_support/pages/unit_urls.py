"""Addresses of support units, VOs and people."""

from django.urls import include, path

from juno_support.pages import (
    fallback,
    people,
    readiness,
    unit,
    unit_open,
    unit_proof,
    unit_requests,
    unit_supporters,
    units,
    vo,
    vos,
)

_units = [
    path("", units.unit_list, name="list"),
    # No unit's name holds a slash, so these cannot meet one.
    path("-/open/", unit_open.open_unit, name="open"),
    path("-/open/place/", unit_open.open_unit_of_place, name="open-place"),
    path("-/fallback/", fallback.fallback_page, name="fallback"),
    path("-/fallback/change/", fallback.change_fallback, name="change-fallback"),
    path("-/list/<str:token>/", unit_proof.prove_list, name="prove"),
    path("-/requests/", unit_requests.request_list, name="requests"),
    path("-/requests/<uuid:key>/", unit_requests.decide_request, name="decide-request"),
    path("<str:name>/", unit.unit_page, name="unit"),
    path("<str:name>/change/", unit.change_unit, name="change"),
    path("<str:name>/members/", unit.change_members, name="members"),
    path("<str:name>/list-test/", unit_proof.send_list_test, name="list-test"),
    path("<str:name>/ask/", unit_supporters.ask_to_support, name="ask"),
    path("<str:name>/withdraw/", unit_supporters.withdraw_request, name="withdraw"),
    path("<str:name>/leave/", unit_supporters.leave_unit, name="leave"),
    path("<str:name>/supporters/", unit_supporters.decide_supporter, name="decide-supporter"),
    path("<str:name>/close/", unit_open.close_unit, name="close"),
]
_vos = [
    path("", vos.vo_list, name="list"),
    path("-/make/", vos.make_vo, name="make"),
    path("<str:name>/", vo.vo_page, name="vo"),
    path("<str:name>/open-units/", vo.open_units, name="open-units"),
    path("<str:name>/sites/", vo.change_sites, name="sites"),
    path("<str:name>/readiness/", readiness.readiness, name="readiness"),
    path("<str:name>/readiness/<str:site>/", readiness.readiness_of_site, name="readiness-site"),
    path("<str:name>/team/", vo.change_team_tickets, name="team"),
]
_people = [
    path("", people.people_list, name="list"),
    path("<str:username>/", people.person_page, name="person"),
    path("<str:username>/change/", people.change_person, name="change"),
]

urlpatterns = [
    path("units/", include((_units, "units"))),
    path("vos/", include((_vos, "vos"))),
    path("people/", include((_people, "people"))),
]
