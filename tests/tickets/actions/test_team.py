"""TEAM tickets: who files them, where they go, what stays, and whose they are afterwards."""

import uuid
from functools import partial

import pytest

from juno_support.errors import NotAcceptable
from supportunits.models import UnitKind
from tests.make import (
    AT,
    join_vo,
    make_issue_type,
    make_site,
    make_unit,
    make_user,
    make_vo,
    make_vo_site,
)
from tests.tickets.alarms import make_alarmer, raise_alarm
from tests.tickets.make import make_ticket, write
from tickets.actions import diary, follow, work
from tickets.actions.row import NotAllowed
from tickets.actions.team import submit_team_ticket
from tickets.models import Category, Priority, Ticket, TicketType
from tickets.workflow import Status, StepNotAllowed


@pytest.fixture
def quentin(cast):
    """A shifter of juno."""
    person = make_user(username="quentin", name="Quentin Moreau")
    join_vo(vo=cast.juno, user=person, is_shifter=True)
    return person


@pytest.fixture
def rosa(cast):
    """Another shifter of juno."""
    person = make_user(username="rosa", name="Rosa Jiménez")
    join_vo(vo=cast.juno, user=person, is_shifter=True)
    return person


def file_team(cast, by, **fields):
    fields.setdefault("vo", cast.juno)
    fields.setdefault("notified_site", cast.in2p3)
    return submit_team_ticket(
        draft_id=fields.pop("draft_id", uuid.uuid4()),
        by=by,
        at=AT,
        subject="No transfers to Lyon",
        description="All of them fail since 08:00.",
        **fields,
    )


def test_it_goes_to_the_sites_own_unit_and_affects_the_site(cast, quentin):
    ticket = file_team(cast, quentin, affected_sites=[cast.beijing, cast.in2p3])

    assert ticket.type == TicketType.TEAM
    assert (ticket.unit, ticket.status) == (cast.in2p3_unit, Status.ASSIGNED)
    assert ticket.notified_site == cast.in2p3
    assert set(ticket.affected_sites.all()) == {cast.in2p3, cast.beijing}


def test_without_a_unit_the_operations_centre_gets_it_and_without_that_tpm(cast, quentin):
    lpnhe = make_site(name="LPNHE", operations_centre=cast.in2p3.operations_centre)
    centre = make_unit(
        name="NGI_FRANCE",
        kind=UnitKind.OPERATIONS_CENTRE,
        operations_centre=cast.in2p3.operations_centre,
    )

    at_centre = file_team(cast, quentin, notified_site=lpnhe)
    at_tpm = file_team(cast, quentin, notified_site=cast.beijing)

    assert (at_centre.unit, at_centre.status) == (centre, Status.ASSIGNED)
    assert (at_tpm.unit, at_tpm.status) == (cast.tpm, Status.NEW)


def test_by_choice_it_goes_to_tpm_and_the_site_is_notified_all_the_same(cast, quentin):
    ticket = file_team(cast, quentin, to_tpm=True)

    assert (ticket.unit, ticket.status) == (cast.tpm, Status.NEW)
    assert ticket.notified_site == cast.in2p3


def test_only_shifters_of_the_concerned_vo_file_it(roles):
    filed = set()
    for role, person in roles.people.items():
        if person.is_anonymous:
            continue
        try:
            submit_team_ticket(
                draft_id=uuid.uuid4(),
                by=roles[role],
                at=AT,
                vo=roles.juno,
                notified_site=roles.in2p3,
                subject="s",
                description="d",
            )
        except NotAcceptable as error:
            assert error.field == "vo"
        else:
            filed.add(role)

    assert filed == {"VO shifter"}
    with pytest.raises(NotAcceptable, match="concerned VO"):
        submit_team_ticket(
            draft_id=uuid.uuid4(),
            by=roles["VO shifter"],
            at=AT,
            vo=roles.other_vo,
            notified_site=roles.in2p3,
            subject="s",
            description="d",
        )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"vo": None}, "vo"),
        ({"notified_site": None}, "send_to"),
        ({"mou_area": "Networking"}, "mou_area"),
    ],
)
def test_what_is_missing_is_said_at_its_field(cast, quentin, fields, field):
    with pytest.raises(NotAcceptable) as error:
        file_team(cast, quentin, **fields)

    assert error.value.field == field
    assert not Ticket.objects.exists()


def test_a_vo_that_does_not_use_them_gets_none(cast, quentin):
    quiet = make_vo(name="quiet", has_team_tickets=False)
    join_vo(vo=quiet, user=quentin, is_shifter=True)

    with pytest.raises(NotAcceptable, match="quiet does not use TEAM tickets"):
        file_team(cast, quentin, vo=quiet)


def test_where_the_vo_keeps_mou_areas_one_of_them_is_a_must(cast, quentin):
    cast.juno.mou_areas = ["Networking services", "Data acceptance"]
    cast.juno.save()

    for wrong in ("", "Something else"):
        with pytest.raises(NotAcceptable) as error:
            file_team(cast, quentin, mou_area=wrong)
        assert error.value.field == "mou_area"
    assert file_team(cast, quentin, mou_area="Data acceptance").mou_area == "Data acceptance"


@pytest.mark.parametrize(
    ("status", "in_commissioning", "is_refused"),
    [
        ("", False, False),
        ("Suspended", False, False),
        ("Candidate", False, True),
        ("Uncertified", False, True),
        ("Uncertified", True, False),
        ("Closed", False, True),
        ("Closed", True, False),
    ],
)
@pytest.mark.parametrize("to_tpm", [False, True])
def test_certification_decides_who_can_be_notified(
    cast, quentin, status, in_commissioning, is_refused, to_tpm
):
    site = make_site(name="SINP", certification_status=status)
    if in_commissioning:
        make_vo_site(
            vo=cast.juno, site=site, is_in_commissioning=True, contact_email="a@example.org"
        )

    if is_refused:
        with pytest.raises(NotAcceptable):
            file_team(cast, quentin, notified_site=site, to_tpm=to_tpm)
    else:
        assert file_team(cast, quentin, notified_site=site, to_tpm=to_tpm).notified_site == site


def test_a_security_incident_is_no_team_ticket(cast, quentin):
    kind = make_issue_type(name="Break-in", is_security=True)

    with pytest.raises(NotAcceptable) as error:
        file_team(cast, quentin, issue_type=kind)

    assert error.value.field == "issue_type"
    assert not Ticket.objects.exists()


def test_the_same_draft_twice_gives_one_ticket(cast, quentin):
    draft_id = uuid.uuid4()

    assert file_team(cast, quentin, draft_id=draft_id) == file_team(
        cast, quentin, draft_id=draft_id
    )
    assert Ticket.objects.count() == 1


def test_the_notified_site_and_the_vo_stay(cast, quentin):
    ticket = file_team(cast, quentin)

    for field, value in (("notified_site", cast.beijing), ("notified_site", None), ("vo", None)):
        with pytest.raises(NotAllowed):
            work.change_field(ticket=ticket, field=field, value=value, by=cast.carla, at=AT)

    ticket.refresh_from_db()
    assert (ticket.notified_site, ticket.vo) == (cast.in2p3, cast.juno)


def test_any_shifter_of_the_vo_answers_escalates_reopens_and_verifies(cast, quentin, rosa):
    ticket = file_team(cast, quentin)
    diary.add_entry(
        ticket=ticket,
        words="Which transfers?",
        is_public=True,
        submission_key=uuid.uuid4(),
        by=cast.boris,
        at=AT,
        step="ask",
    )

    write(ticket=ticket, by=rosa, words="Those from Beijing.")
    ticket.refresh_from_db()
    assert ticket.status == Status.IN_PROGRESS, "her answer wakes it as the submitter's would"

    assert work.escalate(ticket=ticket, by=rosa, at=AT).escalation_level == 1
    work.set_affected_sites(ticket=ticket, sites=[cast.in2p3, cast.beijing], by=rosa, at=AT)
    solution = {"step": "solve", "solution": "Restarted.", "code": "FIXED"}
    work.take_step(ticket=ticket, by=cast.boris, at=AT, **solution)
    work.take_step(ticket=ticket, step="reopen", comment="No.", by=rosa, at=AT)
    work.take_step(ticket=ticket, by=cast.boris, at=AT, **solution)
    verified = work.take_step(ticket=ticket, step="verify", by=rosa, at=AT)

    assert verified.status == Status.VERIFIED
    assert verified.escalation_level == 0, "reopened, it could be escalated anew"


def test_a_member_who_is_no_shifter_only_reads_it(cast, quentin):
    ticket = file_team(cast, quentin)

    with pytest.raises(NotAllowed):
        write(ticket=ticket, by=cast.ada)
    with pytest.raises(NotAllowed):
        work.escalate(ticket=ticket, by=cast.ada, at=AT)
    with pytest.raises(StepNotAllowed):
        work.take_step(ticket=ticket, step="withdraw", by=cast.ada, at=AT)


def test_the_answer_of_the_sites_own_supporter_takes_it_also_from_a_shifter(cast, quentin):
    join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    ticket = file_team(cast, quentin)

    write(ticket=ticket, by=cast.boris, words="I look.")

    ticket.refresh_from_db()
    assert ticket.status == Status.IN_PROGRESS


def test_the_submitters_own_words_take_nothing(cast):
    join_vo(vo=cast.juno, user=cast.boris, is_shifter=True)
    ticket = file_team(cast, cast.boris)

    write(ticket=ticket, by=cast.boris, words="It gets worse.")

    ticket.refresh_from_db()
    assert ticket.status == Status.ASSIGNED


def _edits(ticket, by):
    """Yield every change of what a ticket says, ready to be made."""
    who = {"ticket": ticket, "by": by, "at": AT}
    kind = make_issue_type(name=f"Data transfer {by.username}")
    yield lambda: work.set_priority(**who, priority=Priority.TOP)
    yield lambda: work.set_next_step(**who, what="Call Lyon", person=None, due_at=None)
    yield lambda: follow.add_carbon_copy(**who, address="lyon@example.org")
    yield lambda: follow.remove_carbon_copy(**who, address="lyon@example.org")
    for field, value in (
        ("subject", "No transfers to Lyon at all"),
        ("issue_type", kind),
        ("mou_area", "Storage"),
        ("problem_at", AT),
        ("affects_whole_vo", True),
    ):
        yield partial(work.change_field, **who, field=field, value=value)


def test_any_shifter_of_the_vo_changes_what_it_says(cast, quentin, rosa):
    cast.juno.mou_areas = ["Storage", "Networking"]
    cast.juno.save()
    ticket = file_team(cast, quentin, mou_area="Networking")

    for change in _edits(ticket, rosa):
        change()

    ticket.refresh_from_db()
    assert (ticket.priority, ticket.next_step) == (Priority.TOP, "Call Lyon")
    assert (ticket.subject, ticket.mou_area) == ("No transfers to Lyon at all", "Storage")
    assert not ticket.carbon_copies.exists()
    with pytest.raises(NotAllowed, match="MoU areas"):
        work.change_field(ticket=ticket, field="mou_area", value="Anything", by=rosa, at=AT)


def test_what_is_the_units_own_stays_with_supporters(cast, quentin, rosa):
    ticket = file_team(cast, quentin)

    for field, value in (("category", Category.TEST), ("eta_at", AT), ("vo", make_vo(name="x"))):
        with pytest.raises(NotAllowed):
            work.change_field(ticket=ticket, field=field, value=value, by=rosa, at=AT)


@pytest.mark.parametrize("who", ["a member", "a shifter of another VO", "the submitter of a USER"])
def test_others_change_nothing_of_it(cast, quentin, who):
    person, ticket = cast.ada, file_team(cast, quentin)
    if who == "a shifter of another VO":
        person = make_user(username="belle")
        join_vo(vo=make_vo(name="belle"), user=person, is_shifter=True)
    elif who == "the submitter of a USER":
        ticket = make_ticket(by=cast.ada, vo=cast.juno)

    for change in _edits(ticket, person):
        with pytest.raises(NotAllowed):
            change()


def test_an_alarm_ticket_is_changed_by_alarmers_not_by_every_shifter(cast, rosa):
    zoya = make_alarmer(cast)
    ticket = raise_alarm(cast, zoya)

    with pytest.raises(NotAllowed):
        work.set_priority(ticket=ticket, priority=Priority.URGENT, by=rosa, at=AT)

    done = work.set_priority(
        ticket=ticket, priority=Priority.URGENT, by=make_alarmer(cast, "yuri"), at=AT
    )
    assert done.priority == Priority.URGENT
