"""Finding: what fits, who finds it, in which order, and honesty about time."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tests.cast import ROLE_NAMES, Roles
from tests.make import AT
from tests.tickets.search.conftest import MakeTicket
from tests.tickets.search.test_grammar import lines
from tickets import policies
from tickets.models import LastSeen, Subscription, Ticket, TicketPerson
from tickets.search import run
from tickets.search.run import find

pytestmark = pytest.mark.django_db


def found(line: str, user: Any, **options: Any) -> list[int]:
    page = find(line, user=user, at=AT, **options)
    assert not page.search.errors
    return page.ids


def test_all_conditions_of_the_experience_page(roles: Roles, ticket: MakeTicket) -> None:
    fits = ticket(
        "Many words here",
        "and a phrase",
        sites=(roles.in2p3,),
        priority=2,
        vo=roles.juno,
        unit=roles.tpm,
    )
    ticket("Many words here", "and a phrase", priority=1, vo=roles.juno, unit=roles.tpm)
    ticket("Many words here", "and phrase a", priority=2, vo=roles.juno, unit=roles.tpm)
    line = (
        'site:in2p3-cc unit:TPM status:open priority>=urgent vo:juno updated:<2d words "a phrase"'
    )
    assert found(line, roles["supporter"]) == [fits.pk]


def test_every_field(roles: Roles, ticket: MakeTicket) -> None:
    user = roles["supporter"]
    issue = make.make_issue_type(name="File transfer")
    other = make.make_site(name="INFN-T1")
    old = ticket(
        status="SOLVED",
        resolution_code="FIXED",
        solved_at=AT - timedelta(days=3),
        at=AT - timedelta(days=30),
        unit=roles.other_unit,
        category="TEST",
        type="TEAM",
        issue_type=issue,
        notified_site=other,
        submitter=user,
    )
    new = ticket(
        sites=(roles.in2p3, other),
        priority=4,
        escalation_level=1,
        unit_changes=2,
        next_step_at=AT - timedelta(hours=1),
    )
    TicketPerson.objects.create(ticket=new, user=user, part="ASSIGNED")
    TicketPerson.objects.create(ticket=new, user=roles["TPM operator"], part="INVOLVED")
    Subscription.objects.create(ticket=old, user=user)
    LastSeen.objects.create(ticket=old, user=user, entry_id=5)
    expected = {
        "": [new.pk, old.pk],
        "sort:oldest": [old.pk, new.pk],
        "sort:priority": [new.pk, old.pk],
        "site:INFN-T1": [new.pk, old.pk],
        "site:IN2P3-CC": [new.pk],
        "-site:IN2P3-CC": [old.pk],
        "site:IN2P3-CC,INFN-T1 status:solved": [old.pk],
        "unit:mine": [new.pk],
        "unit:other": [old.pk],
        "submitter:me": [old.pk],
        "submitter:SUBMITTER": [new.pk],
        "assigned:me": [new.pk],
        "assigned:nobody": [old.pk],
        "involved:tpm-operator": [new.pk],
        'issue:"file transfer"': [old.pk],
        "status:open": [new.pk],
        "status:solved,new": [new.pk, old.pk],
        "-status:open": [old.pk],
        "type:team": [old.pk],
        "category:test": [old.pk],
        "solution:fixed": [old.pk],
        "is:open": [new.pk],
        "is:closed": [old.pk],
        "is:mine": [new.pk, old.pk],
        "is:my-unit": [new.pk],
        "is:unread": [new.pk],
        "is:assigned": [new.pk],
        "is:unassigned": [old.pk],
        "is:escalated": [new.pk],
        "is:overdue": [new.pk],
        "is:followed": [old.pk],
        "is:restricted": [],
        "is:bounced": [new.pk],
        "is:escalated,followed": [new.pk, old.pk],
        "priority:top": [new.pk],
        "priority<top": [old.pk],
        "created:<2d": [new.pk],
        "created:>2d": [old.pk],
        "updated:>2d": [old.pk],
        "solved:<1w": [old.pk],
        "solved:>1d": [old.pk],
        f"#{old.pk}": [old.pk],
        f"id:{old.pk},{new.pk}": [new.pk, old.pk],
        f"-#{old.pk}": [new.pk],
    }
    assert {line: found(line, user) for line in expected} == expected


def test_updated_order(roles: Roles, ticket: MakeTicket) -> None:
    first = ticket(updated_at=AT - timedelta(hours=1))
    second = ticket(updated_at=AT - timedelta(hours=2))
    assert found("sort:updated", roles["supporter"]) == [first.pk, second.pk]
    assert found("sort:updated jobs", roles["supporter"]) == [first.pk, second.pk]


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("site:IN2P3-C", "IN2P3-CC"),
        ("site:IN2P3CC", "IN2P3-CC"),
        ("unit:Othr", "Other"),
        ("vo:jun", "juno"),
    ],
)
def test_a_name_that_is_not_there_finds_nothing_and_says_what_may_be_meant(
    roles: Roles, ticket: MakeTicket, line: str, offers: str
) -> None:
    ticket()
    page = find(line, user=roles["supporter"], at=AT)
    assert page.ids == []
    (wrong,) = page.search.errors
    assert f"“{offers}”" in str(wrong.error)


def test_a_name_of_a_person_is_not_guessed(roles: Roles) -> None:
    page = find("submitter:submiter", user=roles["supporter"], at=AT)
    (wrong,) = page.search.errors
    assert "mean" not in str(wrong.error)


def test_a_site_is_found_by_its_alias(roles: Roles, ticket: MakeTicket) -> None:
    roles.in2p3.aliases.create(namespace="dirac", name="GRID.IN2P3.fr")
    made = ticket(sites=(roles.in2p3,))
    assert found("site:grid.in2p3.FR", roles["supporter"]) == [made.pk]


@pytest.mark.parametrize("way", ["index", "filter", "walk"])
class TestEveryWayFindsTheSame:
    """The ways differ in time only; here each is made the cheapest one."""

    @pytest.fixture(autouse=True)
    def only_this_way(self, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
        free, dear = 0.0, 1e9
        monkeypatch.setattr(run, "_INDEX_ROW", free if way == "index" else dear)
        monkeypatch.setattr(run, "_FILTER_ROW", free if way == "filter" else dear)
        monkeypatch.setattr(run, "_WALK_ROW", 1e-9 if way == "walk" else dear)
        monkeypatch.setattr(run, "_FIRST_SLICE", 3)

    def test_words(self, roles: Roles, ticket: MakeTicket, way: str) -> None:
        made = [
            ticket("Pilots fail on ce01.ihep.ac.cn", "作业失败了"),
            ticket("Transfers are slow", "from ce02.ihep.ac.cn", public=("pilot error",)),
            ticket("Nothing", "at all", internal=("pilots",), status="SOLVED"),
        ]
        a, b, c = (one.pk for one in made)
        user = roles["supporter"]
        page = find("pilots", user=user, at=AT)
        assert (page.ids, page.way, page.is_complete) == ([c, a], way, True)
        assert found("pilot*", user) == [c, b, a]
        assert found("pilot* status:open", user) == [b, a]
        assert found("ce01", user) == [a]
        assert found("ihep.ac.cn", user) == [b, a]
        assert found("ce01.ihep.ac.cn", user) == [a]
        assert found("作业失败", user) == [a]
        assert found("败", user) == [a]
        assert found("ihep -pilots", user) == [b]
        assert found('"are slow"', user) == [b]
        assert found('"slow are"', user) == []
        assert found("pilots slow", user) == []
        assert found("ihep sort:oldest", user) == [a, b]
        assert found("nowhere", user) == []

    def test_internal_words_are_for_those_who_read_them(
        self, roles: Roles, ticket: MakeTicket, way: str
    ) -> None:
        plain = ticket("visible", internal=("zugzwang",), vo=roles.juno)
        secret = ticket("visible", internal=("zugzwang",), is_restricted=True)
        own = ticket(
            "visible", internal=("zugzwang",), is_restricted=True, submitter=roles["supporter"]
        )
        finds_hidden = {
            "supporter": [plain.pk],
            "supporter of another unit": [plain.pk],
            "unit manager": [plain.pk],
            "TPM operator": [plain.pk],
            "CSIRT": [own.pk, secret.pk, plain.pk],
            "admin": [own.pk, secret.pk, plain.pk],
        }
        for role in ROLE_NAMES:
            user = roles[role]
            assert found("zugzwang", user) == finds_hidden.get(role, []), role
            assert found("zugzw*", user) == finds_hidden.get(role, []), role
            # What must not be there tells as much as what must.
            seen = set(found("visible", user))
            assert seen - set(found("visible -zugzwang", user)) == set(finds_hidden.get(role, []))
        assert found("visible", roles["submitter"]) == [secret.pk, plain.pk]
        assert found("visible", roles["VO member"]) == [plain.pk]
        assert found("visible", roles["supporter"]) == [own.pk, plain.pk]

    def test_pages_hold_every_ticket_once(self, roles: Roles, ticket: MakeTicket, way: str) -> None:
        every = [ticket("again").pk for _ in range(7)]
        for line in ("again", "again sort:oldest"):
            seen: list[int] = []
            cursor = ""
            for _ in range(4):
                page = find(line, user=roles["supporter"], at=AT, cursor=cursor, size=2)
                assert page.is_complete
                seen += page.ids
                cursor = page.next
            assert cursor == ""
            assert seen == (every if "oldest" in line else every[::-1])


@pytest.mark.parametrize("line", ["sort:updated", "sort:priority", "sort:oldest", "", "jobs"])
def test_pages_in_every_order(roles: Roles, ticket: MakeTicket, line: str) -> None:
    for number in range(7):
        ticket(priority=1 + number % 2, updated_at=AT + timedelta(minutes=number % 3))
    whole = find(line, user=roles["supporter"], at=AT).ids
    assert len(whole) == 7
    seen: list[int] = []
    cursor = ""
    while True:
        page = find(line, user=roles["supporter"], at=AT, cursor=cursor, size=2)
        seen += page.ids
        cursor = page.next
        if not cursor:
            break
    assert seen == whole


def test_when_the_time_is_over_it_says_how_far_it_looked_and_goes_on(
    roles: Roles, ticket: MakeTicket, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [ticket("again", at=AT + timedelta(days=number)).pk for number in range(5)]
    monkeypatch.setattr(run, "_WALK_ROW", 0.0)
    monkeypatch.setattr(run, "_FIRST_SLICE", 1)
    monkeypatch.setattr(run, "_BIGGEST_SLICE", 1)
    monkeypatch.setattr(run, "_SAMPLE", 0)
    calls = 0
    real = run._Attempt._slice

    def slow(self: Any, low: int, high: int, most: int, seconds: float) -> list[int]:
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise run._OutOfTime
        return real(self, low, high, most, seconds)

    monkeypatch.setattr(run._Attempt, "_slice", slow)
    page = find("again", user=roles["supporter"], at=AT)
    assert page.ids == every[:-3:-1]
    assert not page.is_complete
    assert page.looked_back_to == AT + timedelta(days=3)
    rest = find("again", user=roles["supporter"], at=AT, cursor=page.next)
    assert rest.ids == every[-3:-5:-1]


@pytest.mark.parametrize("sort", ["updated", "priority"])
def test_common_words_in_another_order(
    roles: Roles, ticket: MakeTicket, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(run, "_WALK_ROW", 0.0)
    monkeypatch.setattr(run, "_FIRST_SLICE", 2)
    for number in range(9):
        ticket(
            "word" if number % 3 else "nothing",
            priority=1 + number % 2,
            updated_at=AT + timedelta(minutes=number % 4),
        )
    line = f"word sort:{sort}"
    whole = find(line, user=roles["supporter"], at=AT)
    assert (whole.way, len(whole.ids), whole.sort) == ("walk", 6, sort)
    order = "-updated_at" if sort == "updated" else "-priority"
    assert whole.ids == list(
        Ticket.objects.filter(subject="word").order_by(order, "-pk").values_list("pk", flat=True)
    )
    seen: list[int] = []
    cursor = ""
    for _ in range(3):
        page = find(line, user=roles["supporter"], at=AT, size=2, cursor=cursor)
        seen += page.ids
        cursor = page.next
    assert seen == whole.ids
    assert cursor == ""


@pytest.mark.parametrize("most_held", [2, 100])
def test_two_common_words_that_rarely_meet(
    roles: Roles, ticket: MakeTicket, monkeypatch: pytest.MonkeyPatch, most_held: int
) -> None:
    meets = [ticket("proton neutrino").pk for _ in range(4)]
    for number in range(40):
        ticket("proton" if number % 2 else "neutrino")
    # The estimate says that every ticket holds both; the walk's first slice holds none.
    monkeypatch.setattr(run._Attempt, "_estimates", lambda _: (44.0, 44.0, 44.0))
    monkeypatch.setattr(run, "_FIRST_SLICE", 8)
    monkeypatch.setattr(run, "_WALK_ROW", 0.0)
    monkeypatch.setattr(run, "_MOST_HELD", most_held)
    page = find("proton neutrino", user=roles["supporter"], at=AT, size=3)
    assert page.ids == meets[:0:-1]
    assert page.way == ("index" if most_held == 100 else "walk")
    rest = find("proton neutrino", user=roles["supporter"], at=AT, size=3, cursor=page.next)
    assert rest.ids == meets[:1]
    assert find("proton neutrino vo:other", user=roles["supporter"], at=AT).ids == []


def test_postgresql_itself_ends_what_takes_too_long() -> None:
    with pytest.raises(run._OutOfTime):
        run._run("SELECT pg_sleep(5)", [], 0.05)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_database_that_does_not_answer_in_time_is_no_error(
    roles: Roles, ticket: MakeTicket, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ticket("again")
    with monkeypatch.context() as patch:
        patch.setattr(run, "_run", lambda *_: (_ for _ in ()).throw(run._OutOfTime()))
        page = find("again", user=roles["supporter"], at=AT)
    assert (page.ids, page.looked_back_to) == ([], AT)
    assert find("again", user=roles["supporter"], at=AT, cursor=page.next).ids == [made.pk]


@pytest.mark.django_db(transaction=True)
def test_the_limit_ends_with_its_statement() -> None:
    with pytest.raises(run._OutOfTime):
        run._run("SELECT pg_sleep(5)", [], 0.05)
    assert run._run("SELECT 1", [], 60) == [(1,)]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "newest",
        "newest.",
        "newest.-1",
        "newest.1.x",
        "a.b.c",
        "newest." + "9" * 80,
        "updated.1.999999999999999999",
    ],
)
def test_a_cursor_that_somebody_made_up_does_no_harm(roles: Roles, cursor: str) -> None:
    find("", user=roles["supporter"], at=AT, cursor=cursor)
    find("words", user=roles["supporter"], at=AT, cursor=cursor)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(line=lines, role=st.sampled_from(["supporter", "submitter", "VO member", "CSIRT"]))
def test_any_line_finds_only_what_may_be_seen(
    roles: Roles, ticket: MakeTicket, line: str, role: str
) -> None:
    if not Ticket.objects.exists():
        ticket("words open me", "作业 INFN-T1 12 a")
        ticket("words", is_restricted=True)
    user = roles[role]
    page = find(line, user=user, at=AT)
    visible = set(policies.visible_tickets(user).values_list("pk", flat=True))
    assert set(page.ids) <= visible
    assert page.is_complete
