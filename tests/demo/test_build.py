"""The demo world and its story."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.db import transaction
from django.test import override_settings

from juno_support.accounts.models import User
from juno_support.demo import archive, build, world
from juno_support.demo.past import state_sources
from juno_support.demo.people import CHARACTERS, PASSWORD
from juno_support.demo.switchboard import SPECIAL
from juno_support.feeds.configuration import configuration_of, ensure_source
from juno_support.feeds.models import FeedRun
from juno_support.feeds.registry import find_kind
from juno_support.outbox.models import Delivery
from monitoring.actions import diracx_login
from monitoring.models import Entity, StatusInterval
from supportunits import policies
from supportunits.models import (
    VO,
    OnCallCard,
    Shift,
    ShiftLogEntry,
    ShiftType,
    SupportUnit,
    UnitState,
    VOSite,
)
from supportunits.on_call import on_call
from supportunits.rota import Period, gaps
from tests.make import AT, make_user
from tickets.models import (
    Attachment,
    ContextSnapshot,
    DiaryEntry,
    Dispatch,
    HistoryEntry,
    Ticket,
    TicketType,
)
from tickets.routing.models import LearntModel, RoutingDecision
from tickets.workflow import Status
from topology.models import NetworkLink


@pytest.fixture(scope="module")
def built(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Build the world once for all tests of this file, and take it back afterwards."""
    folder = tmp_path_factory.mktemp("demo")
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        override_settings(DATA_DIR=folder, MEDIA_ROOT=folder / "files", JUNO_DEMO=True),
        transaction.atomic(),
    ):
        refused: list[str] = []
        watcher = logging.Handler()
        watcher.emit = lambda record: refused.append(record.getMessage())  # type: ignore[method-assign]
        story = logging.getLogger("juno_support.demo.story")
        story.addHandler(watcher)
        build.build(at=AT)
        story.removeHandler(watcher)
        assert refused == []
        yield folder
        transaction.set_rollback(True)


def test_every_source_of_states_was_polled_well(built: Path) -> None:
    runs = FeedRun.objects.filter(source__name__in=[*state_sources(), "diracx"])
    assert {run.source.name for run in runs.select_related("source")} == set(SPECIAL)
    assert not runs.exclude(outcome__in=["ok", "unchanged"]).exists()
    # The story has something wrong for each of them.
    bad = StatusInterval.objects.filter(status__in=["critical", "down"], until=None)
    assert {interval.source.name for interval in bad.select_related("source")} >= {
        "argo",
        "dirac-https",
        "dirac-webapp",
        "diracx",
    }
    links = StatusInterval.objects.filter(entity__link__isnull=False, status="warning", until=None)
    assert links.filter(source__name="perfsonar").exists()
    assert links.filter(source__name="maddash").exists()


def test_the_portal_is_signed_in_to_diracx(built: Path) -> None:
    kind = find_kind("diracx")
    login = diracx_login.login_of(configuration_of(ensure_source(kind), kind))
    assert login is not None
    assert (login.signed_in_by, login.is_lost, login.vo) == ("dmitri", False, "juno")


def test_names_are_known_but_for_a_few(built: Path) -> None:
    unknown = Entity.objects.filter(site=None, service=None, link=None, kind="site")
    assert {entity.name for entity in unknown} == {"CLUSTER.IHEP-HPC.cn"}


def test_the_vo_card_is_the_portals(built: Path) -> None:
    juno = VO.objects.get(name="juno")
    card = juno.card
    assert juno.is_served
    assert card.scope == "Global"
    assert card.status == "Production"
    assert card.validated_date is not None
    assert card.validated_date.isoformat() == "2015-06-05"
    assert card.disciplines == [["Natural Sciences", "Physical sciences", "High energy physics"]]
    assert card.middlewares == ["gLite", "Cloud Computing Resources"]
    assert card.enrolment_url == "https://voms.ihep.ac.cn:8443/voms/juno/"
    assert card.homepage_url == "http://english.ihep.cas.cn/rs/fs/juno0815/"
    assert card.support_procedure_url == ""
    assert not card.needs_dedicated_support
    assert not card.needs_voms_help


def test_the_data_centres_are_there(built: Path) -> None:
    sites = {one.site.name: one for one in VOSite.objects.filter(vo__name="juno")}
    assert sites.keys() == {
        "BEIJING-LCG2",
        "IN2P3-CC",
        "INFN-T1",
        "JINR-T1",
        "JINR-LCG2",
        "ru-Moscow-SINP-T3",
    }
    assert [name for name, one in sites.items() if one.is_in_commissioning] == ["ru-Moscow-SINP-T3"]
    for name in sites:
        assert SupportUnit.objects.get(site__name=name).state == UnitState.ACTIVE
    assert NetworkLink.objects.count() >= 2


def test_every_role_has_somebody_who_can_sign_in(built: Path) -> None:
    for character in CHARACTERS[:3]:
        user = authenticate(username=character.username, password=PASSWORD)
        assert user is not None
        assert user.emailaddress_set.get().verified
    people = {one.username: User.objects.get(username=one.username) for one in CHARACTERS}
    assert policies.is_tpm_operator(people["carla"])
    assert policies.is_csirt(people["sven"])
    assert policies.is_admin(people["dmitri"])
    assert policies.manages_vo(people["yong"], VO.objects.get(name="juno"))
    assert not policies.is_supporter(people["ada"])
    assert len({one.time_zone for one in CHARACTERS}) >= 6


def test_tickets_are_in_every_state(built: Path) -> None:
    # The old ones are there to be learnt from; the story is of these.
    assert 120 <= Ticket.objects.count() - archive.TICKETS <= 200
    statuses = Counter(Ticket.objects.values_list("status", flat=True))
    assert statuses.keys() >= set(Status.values), statuses
    assert Ticket.objects.filter(is_restricted=True).count() == 2
    assert Ticket.objects.filter(escalation_level__gt=0).exists()
    assert Ticket.objects.filter(unit_changes__gte=2).exists()
    assert Ticket.objects.filter(next_step__gt="", is_open=True).exists()
    assert Ticket.objects.filter(subject__contains="北京").exists()
    assert Attachment.objects.filter(name="timing.csv").exists()
    assert DiaryEntry.objects.filter(is_public=False).exists()


def test_routing_has_learnt_from_them(built: Path) -> None:
    model = LearntModel.objects.get()
    assert model.tickets >= 500
    hits = model.evaluation["learnt_alone"]
    assert hits["first"] > model.evaluation["majority"]["first"] * 1.5
    assert RoutingDecision.objects.count() >= 80


def test_nobody_is_mailed_about_the_past(built: Path) -> None:
    assert Dispatch.objects.exists()
    assert not Dispatch.objects.filter(done_at=None).exists()
    assert not Delivery.objects.exists()


def test_history_runs_in_the_order_of_time(built: Path) -> None:
    entries = HistoryEntry.objects.order_by("pk").values_list("ticket", "happened_at")
    of_tickets: dict[int, list[datetime]] = {}
    for ticket, moment in entries:
        of_tickets.setdefault(ticket, []).append(moment)
    assert all(moments == sorted(moments) for moments in of_tickets.values())
    assert max(moment for _ticket, moment in entries) <= AT
    # Three chapters are told after the story: tickets that wait, alarms, spam.
    numbers = list(Ticket.objects.order_by("pk").values_list("submitted_at", flat=True))
    assert sum(later < earlier for earlier, later in pairwise(numbers)) == 3


def test_tickets_know_what_was_going_on(built: Path) -> None:
    tape = Ticket.objects.get(subject__startswith="Recall from tape fails at CNAF")
    then = tape.contexts.get(reason=ContextSnapshot.Reason.SUBMISSION).data["then"]
    (site,) = then["sites"]
    assert site["site"] == "INFN-T1"
    assert site["state"] == "outage"
    assert any("robot's controller" in one["description"] for one in site["downtimes"])
    assert not site["sources"]["gocdb-downtimes"]["stale"]
    assert ContextSnapshot.objects.filter(reason=ContextSnapshot.Reason.CHANGE).exists()


def test_building_again_changes_nothing(built: Path) -> None:
    def counts() -> list[int]:
        return [model.objects.count() for model in (User, Ticket, HistoryEntry, VO, SupportUnit)]

    before = counts()
    switches = (built / "demo" / "switches.json").read_bytes()
    assert build.build(at=AT) == build.Built(is_new=False, tickets=0)
    assert counts() == before
    assert (built / "demo" / "switches.json").read_bytes() == switches


@pytest.mark.django_db
def test_somebodys_database_is_refused() -> None:
    make_user(username="somebody")
    with pytest.raises(world.NotADemo, match="1 accounts"):
        build.build(at=AT)
    assert User.objects.count() == 1


def test_shifters_have_team_tickets_of_the_vo(built: Path) -> None:
    team = Ticket.objects.filter(type=TicketType.TEAM)

    assert {ticket.submitter.username for ticket in team} == {"quentin", "jun"}
    assert all(ticket.vo and policies.is_shifter_of(ticket.submitter, ticket.vo) for ticket in team)
    campaign = {"TPM", "BEIJING-LCG2", "IN2P3-CC", "JINR-T1"}  # a parent and its children
    assert {ticket.unit.name for ticket in team} == {"JINR-LCG2", "JINR-T1"} | campaign
    verified = team.get(status=Status.VERIFIED)
    by = HistoryEntry.objects.filter(ticket=verified, facts__step="verify").get().actor
    assert by and by != verified.submitter, "another shifter of the VO has verified it"


def test_the_rota_follows_the_sun_and_one_shift_wants_somebody(built: Path) -> None:
    begins, ends = AT - timedelta(days=20), AT + timedelta(weeks=8)
    shifts = Shift.objects.filter(type__vo__name="juno", starts_at__lt=ends, ends_at__gt=begins)
    kind = ShiftType.objects.get(vo__name="juno")
    empty = gaps(kind, shifts, Period(begins, ends))
    assert len(empty) == shifts.filter(person=None).count() == 1
    [now] = on_call(VO.objects.get(name="juno"), at=AT)
    assert now.phone and policies.is_shifter_of(now.user, kind.vo)
    zones = {shift.person.time_zone for shift in shifts.select_related("person") if shift.person}
    assert zones == {"Asia/Shanghai", "Europe/Moscow", "Europe/Rome", "Europe/Paris"}
    assert ShiftLogEntry.objects.count() >= 8
    assert OnCallCard.objects.get().made_at == AT
