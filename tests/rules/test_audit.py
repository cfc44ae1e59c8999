"""Every setting whose changes are kept tells them on some page: person, time, old and new.

The table is written by hand. A new tracked model gets a row: the functions that describe it, and
the page on which an admin reads it.
"""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from juno_support.accounts.audit import Part
from juno_support.accounts.models import User
from juno_support.outbox import gateway_views
from juno_support.pages import source_trace
from juno_support.pages.announcements import parts_of_announcement
from supportunits import changes
from supportunits.models import VO, Announcement, SupportUnit
from supportunits.shift_changes import parts_of_shifts
from tests.cast import Cast
from tests.pages.watched import make_link
from tickets.answers.models import KnownAnswer
from tickets.desk.changes import parts_of_check_list, parts_of_texts
from tickets.routing import changes as rule_changes
from tickets.views.answers import parts_of_answer
from topology.models import NetworkLink, Site

# model: the address (by name) of the page on which its changes are read
PAGES = {
    "answers.KnownAnswer": "answer",
    "accounts.User": "people:person",
    "feeds.PushToken": "sources:list",
    "feeds.Source": "sources:list",
    "monitoring.Entity": "sources:names",
    "outbox.Gateway": "outbox:gateways",
    "routing.RoutingRule": "rules",
    "supportunits.Announcement": "announcement",
    "supportunits.CardRequest": "vos:vo",
    "supportunits.FallbackPerson": "people:person",
    "supportunits.IssueType": "vos:vo",
    "supportunits.OnCallContact": "people:person",
    "supportunits.Shift": "shifts:rota",
    "supportunits.ShiftType": "shifts:rota",
    "supportunits.ShiftWish": "people:person",
    "supportunits.SupporterRequest": "units:unit",
    "supportunits.SupportUnit": "units:unit",
    "supportunits.SupportRequest": "vos:vo",
    "supportunits.UnitFAQ": "units:unit",
    "supportunits.UnitMembership": "units:unit",
    "supportunits.UnitRequest": "units:requests",
    "supportunits.VO": "vos:vo",
    "supportunits.VOContact": "vos:vo",
    "supportunits.VOIDCard": "vos:vo",
    "supportunits.VOMembership": "vos:vo",
    "supportunits.VOSite": "vos:vo",
    "tickets.CheckItem": "check-list",
    "tickets.ReadyText": "ready-texts",
    "topology.NetworkLink": "links:link",
    "topology.Site": "sites:site",
    "topology.SiteAlias": "sites:site",
}
# described by the function that the page asks
DESCRIPTIONS: dict[str, Callable[[], tuple[Part, ...]]] = {
    "announcement": lambda: parts_of_announcement(Announcement(pk=0)),
    "answer": lambda: parts_of_answer(KnownAnswer(pk=0)),
    "units:unit": lambda: changes.parts_of_unit(SupportUnit(pk=0)),
    "units:requests": changes.parts_of_unit_requests,
    "people:person": lambda: changes.parts_of_person(User(pk=0)),
    "shifts:rota": lambda: parts_of_shifts(VO(pk=0)),
    "vos:vo": lambda: changes.parts_of_vo(VO(pk=0)),
    "sites:site": lambda: changes.parts_of_site(Site(pk=0)),
    "rules": rule_changes.parts_of_rules,
    "outbox:gateways": gateway_views.parts_of_gateways,
    "sources:list": source_trace.parts_of_sources,
    "sources:names": source_trace.parts_of_names,
    "check-list": parts_of_check_list,
    "ready-texts": parts_of_texts,
    "links:link": lambda: source_trace.parts_of_link(NetworkLink(pk=0)),
}
# shown by the page of a VO's meetings
SHOWN_ELSEWHERE = {
    "supportunits.MeetingAction",
    "supportunits.ShiftMeeting",
}
# what pghistory adds, and the key of the row
_OWN = {"pgh_id", "pgh_created_at", "pgh_label", "pgh_obj", "pgh_context", "id"}


def _tracked() -> set[str]:
    return {
        model._meta.label
        for model in apps.get_models()
        if getattr(model, "pgh_event_model", None) is not None
    }


def test_the_table_names_every_tracked_model() -> None:
    assert set(PAGES) | SHOWN_ELSEWHERE == _tracked()


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(PAGES))
def test_the_page_tells_of_the_model(label: str) -> None:
    told = {part.model._meta.label for part in DESCRIPTIONS[PAGES[label]]()}
    assert label in told


@pytest.mark.django_db
@pytest.mark.parametrize("page", sorted(DESCRIPTIONS))
def test_every_field_has_a_word_or_is_quiet(page: str) -> None:
    for part in DESCRIPTIONS[page]():
        fields = {field.name for field in part.events._meta.get_fields()} - _OWN
        assert set(part.words) | set(part.quiet) == fields, part.model
        assert not set(part.words) & set(part.quiet), part.model
        assert part.addresses <= set(part.words), part.model


@pytest.mark.django_db
@pytest.mark.parametrize("page", sorted(DESCRIPTIONS))
def test_fields_that_hold_addresses_are_named(page: str) -> None:
    for part in DESCRIPTIONS[page]():
        for name in part.words:
            holds_address = "email" in name or "mailing_list" in name
            assert not holds_address or name in part.addresses, (part.model, name)


def _address(page: str, cast: Cast) -> str:
    link = make_link(cast.in2p3, cast.beijing)
    arguments = {
        "units:unit": ["IN2P3-CC"],
        "people:person": ["boris"],
        "shifts:rota": ["juno"],
        "vos:vo": ["juno"],
        "sites:site": ["IN2P3-CC"],
        "links:link": [link.name],
    }
    return reverse(page, args=arguments.get(page, []))


@pytest.mark.django_db
@pytest.mark.parametrize("page", sorted(set(DESCRIPTIONS) - {"announcement", "answer"}))
def test_an_admin_reads_the_trace_on_the_page(
    page: str, cast: Cast, client_of: Callable[[User], Client]
) -> None:
    response = client_of(cast.dmitri).get(_address(page, cast))
    assert response.status_code == 200
    assert "pages/_trace.html" in {template.name for template in response.templates}
    assert response.context["trace"] is not None
