"""What changes at a ticket's sites while it is open: told inside, folded, and its end by mail."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from juno_support.outbox.models import Delivery
from monitoring.models import Downtime
from monitoring.statuses import Status
from tests.make import AT, make_issue_type, make_service, make_user
from tests.tickets.make import make_ticket
from tests.tickets.states import polled, seen, tell
from tickets import tasks
from tickets.actions import assign, context, watch, work
from tickets.models import ContextRound, ContextSnapshot, HistoryEntry, TicketWatch
from topology.models import NetworkLink

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CONTEXT = "ticket.context-changed"


@pytest.fixture
def ticket(cast, clock_at):
    """An open ticket about IN2P3-CC, taken by Boris, while all is well there."""
    clock_at(AT)
    polled("gocdb-downtimes", at=AT)
    tell("argo", seen("IN2P3-CC", Status.OK), at=AT)
    ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    assign.assign_to_unit(ticket=ticket, unit=cast.in2p3_unit, by=cast.carla, at=AT)
    work.take_step(ticket=ticket, step="take", by=cast.boris, at=AT)
    tasks.sweep_dispatches()
    context.attach_context(ticket=ticket, at=AT)
    watch.refresh_contexts(at=AT)
    Delivery.objects.all().delete()
    return ticket


@pytest.fixture
def after(clock_at):
    """A function that lets minutes pass, tells states of ARGO, and looks round."""

    def go(minutes, *told, source="argo", doubt="", fresh=("gocdb-downtimes",)):
        at = AT + minutes * MINUTE
        clock_at(at)
        for name in fresh:
            polled(name, at=at)
        if told or doubt:
            tell(source, *told, at=at, doubt=doubt)
        return watch.refresh_contexts(at=at)

    return go


def site(status, **more):
    return seen("IN2P3-CC", status, **more)


def entries(ticket):
    return list(HistoryEntry.objects.filter(ticket=ticket, kind=CONTEXT).order_by("pk"))


def told(ticket):
    """Return what was told, an entry a row: (what, to) for each change."""
    return [
        [
            (change.get("entity", change.get("key", "")), change.get("to", change["what"]))
            for change in entry.facts["changes"]
        ]
        for entry in entries(ticket)
    ]


def outage(place, *, key="1G0", starts, ends, **fields):
    return Downtime.objects.create(
        source="gocdb",
        key=key,
        site=place,
        severity=fields.pop("severity", "OUTAGE"),
        classification="UNSCHEDULED",
        declared_at=AT,
        starts_at=AT + starts * MINUTE,
        ends_at=AT + ends * MINUTE,
        first_seen_at=AT,
        changed_at=AT,
        **fields,
    )


def mails_sent():
    tasks.sweep_dispatches()
    return list(Delivery.objects.order_by("to_address"))


# Told inside, once


def test_a_change_is_an_internal_entry_without_mail(cast, client_of, ticket, after):
    after(15, site(Status.CRITICAL))
    assert after(16) == 0, "quiet when nothing is new"

    (entry,) = entries(ticket)
    assert not entry.is_public
    (change,) = entry.facts["changes"]
    assert change == {
        "what": "state",
        "site": "IN2P3-CC",
        "kind": "site",
        "entity": "IN2P3-CC",
        "source": "argo",
        "metric": "status",
        "vo": "",
        "to": "critical",
        "from": "ok",
        "since": (AT + 15 * MINUTE).isoformat(),
    }
    assert mails_sent() == []
    inside = client_of(cast.boris).get(f"/tickets/{ticket.pk}/").content.decode()
    assert "<strong>IN2P3-CC</strong>: ARGO critical since" in inside
    assert "(was ok)" in inside
    outside = client_of(cast.ada).get(f"/tickets/{ticket.pk}/").content.decode()
    assert "(was ok)" not in outside


def test_several_changes_of_a_site_are_one_entry_and_services_are_counted(ticket, after):
    services = [
        seen(f"ce{n}.in2p3.fr CE", Status.OK, kind="service", site="IN2P3-CC") for n in range(30)
    ]
    after(5, *services)
    assert entries(ticket) == []

    bad = [
        seen(f"ce{n}.in2p3.fr CE", Status.CRITICAL, kind="service", site="IN2P3-CC")
        for n in range(30)
    ]
    after(15, site(Status.CRITICAL), *bad)

    (entry,) = entries(ticket)
    own, others = entry.facts["changes"]
    assert own["entity"] == "IN2P3-CC"
    assert (others["count"], others["names"]) == (
        30,
        ["ce0.in2p3.fr CE", "ce1.in2p3.fr CE", "ce10.in2p3.fr CE"],
    )
    assert len(str(entry.facts)) < 1500


def test_a_warning_of_an_unnamed_service_is_no_news_but_of_a_named_one(cast, ticket, after):
    service = make_service(site=cast.in2p3, hostname="ce1.in2p3.fr", service_type="CE")
    named = make_ticket(by=cast.ada, affected_sites=[cast.in2p3], affected_services=[service])
    context.attach_context(ticket=named, at=AT)

    after(
        15,
        seen("ce1.in2p3.fr CE", Status.WARNING, kind="service", site="IN2P3-CC"),
        seen("ce2.in2p3.fr CE", Status.CRITICAL, kind="service", site="IN2P3-CC"),
    )

    assert told(ticket) == [[("ce2.in2p3.fr CE", "critical")]]
    assert told(named) == [[("ce1.in2p3.fr CE", "warning")]]


def test_links_and_the_notified_site_count_too(cast, clock_at, after):
    clock_at(AT)
    NetworkLink.objects.create(name="IN2P3-BEIJING", site_a=cast.in2p3, site_b=cast.beijing)
    ticket = make_ticket(by=cast.ada, notified_site=cast.beijing)
    context.attach_context(ticket=ticket, at=AT)

    after(
        15,
        seen("IN2P3-CC BEIJING-LCG2", Status.DOWN, kind="link", metric="loss"),
        source="perfsonar",
    )

    assert told(ticket) == [[("IN2P3-CC BEIJING-LCG2", "down")]]


def test_the_word_of_another_vo_is_not_told(ticket, after):
    after(15, site(Status.DOWN, metric="rss", vo="belle"), source="diracx")

    assert entries(ticket) == []


# What cannot be trusted tells nothing


def test_unknown_alone_is_no_news_and_what_was_before_is_remembered(ticket, after):
    after(15, site(Status.CRITICAL))
    after(90, site(Status.UNKNOWN))
    after(105, site(Status.CRITICAL))
    assert told(ticket) == [[("IN2P3-CC", "critical")]]

    after(200, site(Status.UNKNOWN))
    after(215, site(Status.OK))
    assert told(ticket)[1:] == [[("IN2P3-CC", "ok")]]


def test_a_source_in_doubt_tells_nothing_until_it_is_sure_again(ticket, after):
    after(15, site(Status.CRITICAL), doubt="consistency is CRITICAL")
    assert entries(ticket) == []

    after(30, site(Status.CRITICAL))

    assert told(ticket) == [[("IN2P3-CC", "critical")]]


def test_a_stale_source_tells_nothing(ticket, after):
    tell("argo", site(Status.CRITICAL), at=AT + MINUTE)

    after(600)

    assert entries(ticket) == []


def test_maintenance_that_a_downtime_announced_is_not_told_twice(cast, ticket, after):
    outage(cast.in2p3, starts=10, ends=100)
    after(15, site(Status.MAINTENANCE))

    assert told(ticket) == [[("1G0", "declared")]]

    after(110, site(Status.OK))
    assert told(ticket)[1:] == [[("1G0", "ended")]]


# Flapping


def test_flapping_is_held_back_for_the_hour_and_counted(ticket, after):
    after(15, site(Status.CRITICAL))
    after(20, site(Status.OK))
    for minutes, status in (
        (25, Status.CRITICAL),
        (30, Status.OK),
        (35, Status.CRITICAL),
        (40, Status.OK),
    ):
        assert after(minutes, site(status)) == 0
    assert told(ticket) == [[("IN2P3-CC", "critical")], [("IN2P3-CC", "ok")]]

    after(74)
    assert len(entries(ticket)) == 2
    polled("argo", at=AT + 74 * MINUTE)
    after(76)

    *_, last = entries(ticket)
    assert [(change["to"], change["moves"]) for change in last.facts["changes"]] == [("ok", 4)]
    assert after(77) == 0


def test_flapping_that_ends_badly_is_told_as_bad(client_of, cast, ticket, after):
    for minutes, status in (
        (15, Status.CRITICAL),
        (20, Status.OK),
        (25, Status.CRITICAL),
        (30, Status.OK),
        (35, Status.CRITICAL),
    ):
        after(minutes, site(status))

    polled("argo", at=AT + 74 * MINUTE)
    after(80)

    *_, last = entries(ticket)
    assert [(change["to"], change["moves"]) for change in last.facts["changes"]] == [
        ("critical", 3)
    ]
    page = client_of(cast.boris).get(f"/tickets/{ticket.pk}/").content.decode()
    assert "changed 3 times within the hour" in page


# The worker was away; work is bounded


def test_a_worker_that_was_down_for_an_hour_misses_nothing(ticket, clock_at):
    tell("argo", site(Status.CRITICAL), at=AT + 10 * MINUTE)
    polled("argo", at=AT + 110 * MINUTE)
    clock_at(AT + 2 * HOUR)

    watch.refresh_contexts(at=AT + 2 * HOUR)

    assert told(ticket) == [[("IN2P3-CC", "critical")]]
    assert ContextRound.objects.get().looked_at == AT + 2 * HOUR


def test_a_poll_that_took_minutes_is_found_though_its_rows_look_old(ticket, after):
    after(15)
    tell("argo", site(Status.CRITICAL), at=AT + 12 * MINUTE)

    after(16)

    assert told(ticket) == [[("IN2P3-CC", "critical")]]


def test_a_busy_site_is_told_a_few_tickets_a_round(cast, ticket, after, monkeypatch):
    monkeypatch.setattr(watch, "TICKETS_AT_ONCE", 2)
    tickets = [make_ticket(by=cast.ada, affected_sites=[cast.in2p3]) for _ in range(3)]
    for each in tickets:
        context.attach_context(ticket=each, at=AT)

    counts = [after(15, site(Status.CRITICAL)), after(16), after(17)]

    assert counts == [2, 2, 0]
    assert all(told(each) == [[("IN2P3-CC", "critical")]] for each in (*tickets, ticket))


def test_sites_without_open_tickets_cost_one_look(cast, after):
    after(0)
    tell("argo", *(seen("BEIJING-LCG2", Status.CRITICAL),), at=AT + MINUTE)

    with CaptureQueriesContext(connection) as queries:
        watch.refresh_contexts(at=AT + 2 * MINUTE)

    assert len(queries) <= 8, [query["sql"][:100] for query in queries]


def test_a_ticket_of_before_there_were_states_is_not_told_of_old_ones(cast, ticket, after):
    TicketWatch.objects.all().delete()
    tell("argo", site(Status.CRITICAL), at=AT + MINUTE)

    after(2)
    assert entries(ticket) == []
    after(20, site(Status.OK))

    assert told(ticket) == [[("IN2P3-CC", "ok")]]


def test_a_snapshot_of_a_change_stays_small(ticket, after):
    services = [
        seen(f"ce{n}.in2p3.fr CE", Status.OK, kind="service", site="IN2P3-CC") for n in range(200)
    ]
    after(15, site(Status.CRITICAL), *services)

    snapshot = ContextSnapshot.objects.filter(ticket=ticket, reason="CHANGE").get()
    assert len(str(snapshot.data)) < 5000


# Recovery


def test_who_works_on_the_ticket_is_told_once_that_the_site_recovered(cast, ticket, after):
    helper = make_user(username="helper")
    cast.in2p3_unit.memberships.create(user=helper, added_at=AT)
    assign.involve(ticket=ticket, person=helper, by=cast.boris, at=AT)
    tasks.sweep_dispatches()
    Delivery.objects.all().delete()
    after(15, site(Status.CRITICAL), site(Status.DOWN, metric="rss"))
    assert mails_sent() == []

    after(75, site(Status.OK))
    assert mails_sent() == [], "one source still says that it is down"
    after(90, site(Status.OK, metric="rss"))
    after(91)

    mails = mails_sent()
    assert [mail.to_address for mail in mails] == sorted([cast.boris.email, helper.email])
    assert "Monitoring: IN2P3-CC recovered" in mails[0].body
    assert "ARGO" in mails[0].body
    assert "Internal: for supporters only." in mails[0].body
    *_, last = entries(ticket)
    assert last.facts["recovered"]["sites"] == ["IN2P3-CC"]
    assert not last.is_public


def test_no_recovery_while_an_outage_runs_or_is_to_be_extended(cast, ticket, after):
    first = outage(cast.in2p3, starts=10, ends=60)
    after(15, site(Status.CRITICAL))
    after(45, site(Status.OK))
    assert mails_sent() == [], "the outage still runs"
    outage(cast.in2p3, key="2G0", starts=70, ends=120, extends=first)
    after(65)
    assert mails_sent() == [], "between a downtime and its extension nothing has recovered"
    after(75)
    assert mails_sent() == []

    polled("argo", at=AT + 121 * MINUTE)
    after(121)

    assert [mail.to_address for mail in mails_sent()] == [cast.boris.email]


def test_no_recovery_while_nobody_knows(ticket, after):
    after(15, site(Status.CRITICAL))
    after(75, site(Status.UNKNOWN))
    assert mails_sent() == []

    # GOCDB has not answered for hours: whether an outage runs is not known.
    after(300, site(Status.OK), fresh=())
    assert mails_sent() == []

    polled("argo", at=AT + 310 * MINUTE)
    after(311)
    assert len(mails_sent()) == 1


def test_a_site_that_comes_and_goes_is_not_reported_well_each_time(ticket, after):
    after(15, site(Status.CRITICAL))
    after(20, site(Status.OK))
    assert len(mails_sent()) == 1
    for minutes in range(25, 75, 10):
        after(minutes, site(Status.CRITICAL))
        after(minutes + 5, site(Status.OK))
    assert len(mails_sent()) == 1

    polled("argo", at=AT + 90 * MINUTE)
    after(90)
    after(95)

    assert len(mails_sent()) == 2


def test_what_was_well_all_the_time_does_not_recover(ticket, after):
    after(15, site(Status.WARNING))
    after(30, site(Status.OK))

    assert told(ticket) == [[("IN2P3-CC", "warning")], [("IN2P3-CC", "ok")]]
    assert mails_sent() == []


def test_nobody_works_on_it_and_nobody_is_told(cast, ticket, after):
    unassigned = make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    tasks.sweep_dispatches()
    context.attach_context(ticket=unassigned, at=AT)
    Delivery.objects.all().delete()

    after(15, site(Status.CRITICAL))
    after(75, site(Status.OK))

    assert {mail.about_ticket for mail in mails_sent()} == {ticket.pk}
    assert "recovered" in entries(unassigned)[-1].facts


def test_a_site_that_was_taken_off_the_ticket_holds_nothing_up(cast, ticket, after):
    tell("argo", seen("BEIJING-LCG2", Status.CRITICAL), at=AT)
    work.set_affected_sites(ticket=ticket, sites=[cast.in2p3, cast.beijing], by=cast.boris, at=AT)
    after(15, site(Status.CRITICAL))
    work.set_affected_sites(ticket=ticket, sites=[cast.in2p3], by=cast.boris, at=AT)

    after(75, site(Status.OK))

    assert len([mail for mail in mails_sent() if mail.kind == CONTEXT]) == 1


def test_a_recovery_of_a_restricted_ticket_says_no_word_of_it(roles, clock_at, after):
    clock_at(AT)
    polled("gocdb-downtimes", at=AT)
    tell("argo", site(Status.CRITICAL), at=AT)
    hidden = make_ticket(
        by=roles["submitter"],
        affected_sites=[roles.in2p3],
        issue_type=make_issue_type(is_security=True),
    )
    tasks.sweep_dispatches()
    assign.assign_person(ticket=hidden, person=roles["CSIRT"], by=roles["CSIRT"], at=AT)
    context.attach_context(ticket=hidden, at=AT)
    tasks.sweep_dispatches()
    Delivery.objects.all().delete()

    after(75, site(Status.OK))

    (mail,) = mails_sent()
    assert mail.to_address == roles["CSIRT"].email
    assert "IN2P3" not in mail.subject + mail.body
