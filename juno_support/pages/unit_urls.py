"""Addresses of support units, VOs and people."""

from django.urls import include, path

from juno_support.pages import (
    card_contacts,
    card_deeds,
    card_edit,
    card_import,
    card_requests,
    card_versions,
    card_waiting,
    fallback,
    people,
    person_leaving,
    readiness,
    unit,
    unit_closing,
    unit_faq,
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
    path("-/faq/", unit_faq.faq_list, name="faqs"),
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
    path("<str:name>/faq/", unit_faq.faq_page, name="faq"),
    path("<str:name>/faq/edit/", unit_faq.edit_faq, name="edit-faq"),
    path("<str:name>/close/", unit_closing.close_unit, name="close"),
]
_vos = [
    path("", vos.vo_list, name="list"),
    # No VO's name is a lone dash.
    path("-/make/", vos.make_vo, name="make"),
    path("-/waiting/", card_waiting.waiting_page, name="waiting"),
    path("-/import/", card_import.import_page, name="import"),
    path("-/import/<uuid:key>/", card_import.import_preview, name="import-preview"),
    path("-/import/<uuid:key>/apply/", card_import.import_apply, name="import-apply"),
    path("<str:name>/", vo.vo_page, name="vo"),
    path("<str:name>/open-units/", vo.open_units, name="open-units"),
    path("<str:name>/edit/", card_edit.edit_card, name="edit"),
    path("<str:name>/changes/<int:number>/", card_requests.change_request, name="change-request"),
    path(
        "<str:name>/changes/<int:number>/decide/", card_requests.decide_change, name="decide-change"
    ),
    path("<str:name>/versions/", card_versions.version_list, name="versions"),
    path("<str:name>/versions/<int:number>/", card_versions.version_page, name="version"),
    path("<str:name>/portal/", card_deeds.portal_page, name="portal"),
    path("<str:name>/card.xml", card_import.export_card, name="export"),
    path("<str:name>/validate/", card_deeds.validate_card, name="validate"),
    path("<str:name>/serve/", card_deeds.serve_vo, name="serve"),
    path("<str:name>/support/", card_deeds.change_support, name="support"),
    path("<str:name>/contacts/<int:number>/", card_contacts.contact_page, name="contact"),
    path("<str:name>/contacts/<int:number>/link/", card_contacts.link_contact, name="link-contact"),
    path("<str:name>/sites/", vo.change_sites, name="sites"),
    path("<str:name>/readiness/", readiness.readiness, name="readiness"),
    path("<str:name>/readiness/<str:site>/", readiness.readiness_of_site, name="readiness-site"),
    path("<str:name>/team/", vo.change_team_tickets, name="team"),
]
_people = [
    path("", people.people_list, name="list"),
    path("<str:username>/", people.person_page, name="person"),
    path("<str:username>/change/", people.change_person, name="change"),
    path("<str:username>/leave/", person_leaving.leave, name="leave"),
]

urlpatterns = [
    path("units/", include((_units, "units"))),
    path("vos/", include((_vos, "vos"))),
    path("people/", include((_people, "people"))),
]
