"""When a site is proposed, when it is not, and when a proposal ends: by hand-made states."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from juno_support.feeds.models import FeedRun
from monitoring.models import Severity
from supportunits.models import VO, VOSite
from tests.make import AT, make_service, make_site, make_vo, make_vo_site
from tests.tickets.make import make_ticket
from tests.tickets.proposals.make import MINUTE, outage, polled, state, turn
from tickets.models import Decision, Ending, HistoryEntry, Proposal
from tickets.proposals.alarms import MOST_EVIDENCE
from tickets.proposals.refresh import LONGEST_SILENCE, Done, refresh_proposals, threshold_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(cast):
    """Every source was read just now."""
    fresh_at(AT)


def fresh_at(at):
    FeedRun.objects.all().delete()
    for name in ("argo", "dirac-https", "gocdb-downtimes"):
        polled(name, at=at)


def bad(site, *, minutes, **fields):
    return state(site, fields.pop("status", "critical"), since=AT - minutes * MINUTE, **fields)


def refresh(*, minutes=0):
    at = AT + minutes * MINUTE
    return refresh_proposals(at=at)


# When it begins


@pytest.mark.parametrize(("minutes", "opened"), [(29, 0), (30, 1), (300, 1)])
def test_a_site_is_proposed_after_the_threshold(cast, minutes, opened):
    bad(cast.in2p3, minutes=minutes)

    assert refresh() == Done(opened=opened)
    assert Proposal.objects.count() == opened


@pytest.mark.parametrize("status", ["ok", "warning", "maintenance", "unknown"])
def test_what_is_not_critical_or_down_is_not_proposed(cast, status):
    bad(cast.in2p3, minutes=300, status=status)

    assert refresh() == Done()


def test_the_threshold_is_the_vos_or_the_instances(cast, settings):
    bad(cast.in2p3, minutes=40)
    settings.JUNO_PROPOSE_AFTER_MINUTES = 60
    assert threshold_of(cast.juno) == timedelta(minutes=60)
    assert refresh() == Done()

    cast.juno.propose_after_minutes = 40
    cast.juno.save()
    assert refresh() == Done(opened=1)


def test_twelve_bad_services_of_a_site_are_one_proposal_with_its_evidence(cast):
    for number in range(12):
        bad(
            cast.in2p3,
            minutes=60 + number,
            thing=f"se{number:02}.in2p3.example.org SRM",
            summary=f"put failed, {number}",
            evidence_url="https://argo.example.org/se",
        )
    bad(cast.in2p3, minutes=45, status="down", source="dirac-https", metric="rss")

    refresh()

    proposal = Proposal.objects.get()
    assert (proposal.site, proposal.vo, proposal.things) == (cast.in2p3, cast.juno, 13)
    assert (proposal.worst, proposal.since) == ("down", AT - 71 * MINUTE)
    assert len(proposal.evidence) == len(proposal.series) == 13
    first = proposal.evidence[0]
    assert (first["source"], first["kind"], first["status"]) == ("dirac-https", "site", "down")
    assert proposal.evidence[1]["source"] == "argo", "then the worst of each other source"
    assert proposal.evidence[1]["summary"] in {f"put failed, {number}" for number in range(12)}
    assert proposal.evidence[1]["evidence_url"] == "https://argo.example.org/se"


def test_the_evidence_begins_with_what_made_it_an_alarm(cast):
    bad(cast.in2p3, minutes=5, status="down", source="dirac-https", metric="jobs")
    bad(cast.in2p3, minutes=90, thing="se01.in2p3.example.org SRM")

    refresh()

    entities = [fact["entity"] for fact in Proposal.objects.get().evidence]
    assert entities == ["se01.in2p3.example.org SRM", "IN2P3-CC"]


def test_the_evidence_is_bounded_and_the_count_is_true(cast):
    for number in range(MOST_EVIDENCE + 5):
        bad(cast.in2p3, minutes=60, thing=f"se{number:02}.in2p3.example.org SRM")

    refresh()

    proposal = Proposal.objects.get()
    assert len(proposal.evidence) == MOST_EVIDENCE
    assert proposal.things == len(proposal.series) == MOST_EVIDENCE + 5


def test_only_sites_that_a_served_vo_lists_are_proposed_to_that_vo(cast):
    elsewhere, gone, closed = (make_site(name=name) for name in ("ELSE", "GONE", "CLOSED"))
    belle, mirrored = make_vo(name="belle"), make_vo(name="mirrored", is_served=False)
    make_vo_site(vo=belle, site=cast.in2p3)
    make_vo_site(vo=mirrored, site=elsewhere)
    for site in (gone, closed):
        make_vo_site(vo=cast.juno, site=site)
    gone.gone_at = AT
    gone.save()
    closed.certification_status = "Closed"
    closed.save()
    for site in (cast.in2p3, elsewhere, gone, closed):
        bad(site, minutes=60)

    assert refresh() == Done(opened=2)
    assert set(Proposal.objects.values_list("site__name", "vo__name")) == {
        ("IN2P3-CC", "juno"),
        ("IN2P3-CC", "belle"),
    }


def test_what_a_source_says_for_one_vo_is_proposed_to_that_vo_only(cast):
    belle = make_vo(name="belle")
    make_vo_site(vo=belle, site=cast.in2p3)
    bad(cast.in2p3, minutes=60, vo="belle", source="dirac-https", metric="mask")

    refresh()

    assert [each.vo for each in Proposal.objects.all()] == [belle]


@pytest.mark.parametrize("how", ["stale", "doubt"])
def test_a_source_that_is_stale_or_in_doubt_proposes_nothing(cast, how):
    bad(cast.in2p3, minutes=60)
    FeedRun.objects.filter(source__name="argo").delete()
    if how == "stale":
        polled("argo", at=AT - timedelta(hours=3))
    else:
        polled("argo", doubt="the monitoring host is critical")

    assert refresh() == Done()


# Downtimes


def test_an_outage_masks_and_a_period_at_risk_does_not(cast):
    bad(cast.in2p3, minutes=60)
    bad(cast.beijing, minutes=60)
    soon = {"starts_at": AT - 10 * MINUTE, "ends_at": AT + 60 * MINUTE}
    outage(cast.in2p3, **soon)
    outage(cast.beijing, severity=Severity.WARNING, **soon)

    refresh()

    assert [each.site for each in Proposal.objects.all()] == [cast.beijing]


def test_an_outage_of_one_service_masks_that_service_alone(cast):
    masked = make_service(site=cast.in2p3, hostname="se01.example.org")
    other = make_service(site=cast.in2p3, hostname="se02.example.org")
    bad(cast.in2p3, minutes=60, thing="se01.example.org SRM", service=masked)
    outage(cast.in2p3, starts_at=AT - 90 * MINUTE, ends_at=AT + 60 * MINUTE, services=(masked,))
    assert refresh() == Done()

    bad(cast.in2p3, minutes=60, thing="se02.example.org SRM", service=other)
    assert refresh() == Done(opened=1)
    assert Proposal.objects.get().things == 1


def test_right_after_an_outage_the_site_gets_the_threshold_to_come_back(cast):
    bad(cast.in2p3, minutes=300)
    outage(cast.in2p3, starts_at=AT - 290 * MINUTE, ends_at=AT - 5 * MINUTE)

    assert refresh() == Done()
    fresh_at(AT + 25 * MINUTE)
    assert refresh(minutes=25) == Done(opened=1)


# While it goes on


def test_running_again_changes_nothing(cast):
    bad(cast.in2p3, minutes=60)
    refresh()
    before = Proposal.objects.values().get()

    assert refresh() == Done()
    assert refresh(minutes=1) == Done()
    assert Proposal.objects.values().get() == before


def test_from_critical_to_down_is_no_pause(cast):
    interval = bad(cast.in2p3, minutes=45)
    turn(interval, "down", AT - 10 * MINUTE)

    assert refresh() == Done(opened=1)
    assert Proposal.objects.get().worst == "down"


def test_bad_with_a_pause_is_not_bad_for_long(cast):
    interval = bad(cast.in2p3, minutes=45)
    interval = turn(interval, "ok", AT - 20 * MINUTE)
    turn(interval, "critical", AT - 15 * MINUTE)

    assert refresh() == Done()


def test_what_gets_bad_meanwhile_is_added_and_what_recovers_is_taken_away(cast):
    first = bad(cast.in2p3, minutes=60, thing="se01.example.org SRM")
    refresh()

    bad(cast.in2p3, minutes=1, thing="se02.example.org SRM")
    assert refresh(minutes=1) == Done(changed=1)
    assert Proposal.objects.get().things == 2

    turn(first, "ok", AT + 2 * MINUTE)
    assert refresh(minutes=3) == Done(changed=1)
    proposal = Proposal.objects.get()
    assert [fact["entity"] for fact in proposal.evidence] == ["se02.example.org SRM"]
    assert proposal.since == AT - 60 * MINUTE, "the bad time began with the first"


# When it ends


def test_it_ends_when_the_site_has_been_well_for_ten_minutes(cast):
    interval = bad(cast.in2p3, minutes=60)
    refresh()
    turn(interval, "ok", AT + 5 * MINUTE)
    fresh_at(AT + 10 * MINUTE)

    assert refresh(minutes=6) == Done()
    assert refresh(minutes=14) == Done()
    assert refresh(minutes=15) == Done(ended=1)
    proposal = Proposal.objects.get()
    assert (proposal.ending, proposal.ended_at) == (Ending.RECOVERED, AT + 15 * MINUTE)
    assert refresh(minutes=16) == Done()


def test_a_flap_neither_ends_it_nor_opens_another(cast):
    interval = bad(cast.in2p3, minutes=60)
    refresh()
    for minute in range(1, 40, 6):
        interval = turn(interval, "ok", AT + minute * MINUTE)
        fresh_at(AT + minute * MINUTE)
        assert refresh(minutes=minute + 1).ended == 0
        interval = turn(interval, "critical", AT + (minute + 3) * MINUTE)
        assert refresh(minutes=minute + 4).opened == 0

    assert Proposal.objects.filter(ended_at=None).count() == Proposal.objects.count() == 1


def test_when_it_gets_bad_again_there_is_another(cast):
    interval = bad(cast.in2p3, minutes=60)
    refresh()
    interval = turn(interval, "ok", AT)
    refresh(minutes=10)
    turn(interval, "down", AT + 12 * MINUTE)
    fresh_at(AT + 41 * MINUTE)

    assert refresh(minutes=41) == Done()
    fresh_at(AT + 42 * MINUTE)
    assert refresh(minutes=42) == Done(opened=1)
    assert Proposal.objects.filter(ended_at=None).count() == 1
    assert Proposal.objects.count() == 2


def test_a_declared_outage_ends_it_at_once(cast):
    bad(cast.in2p3, minutes=60)
    refresh()
    outage(cast.in2p3, starts_at=AT - 90 * MINUTE, ends_at=AT + 60 * MINUTE)

    assert refresh(minutes=1) == Done(ended=1)
    assert Proposal.objects.get().ending == Ending.DOWNTIME


def test_a_source_that_falls_silent_is_no_recovery(cast):
    bad(cast.in2p3, minutes=60)
    refresh()

    later = 180
    assert refresh(minutes=later) == Done(changed=1)
    proposal = Proposal.objects.get()
    assert (proposal.silent_since, proposal.ended_at) == (AT + later * MINUTE, None)
    assert refresh(minutes=later + 1) == Done()

    fresh_at(AT + (later + 2) * MINUTE)
    assert refresh(minutes=later + 2) == Done(changed=1)
    assert Proposal.objects.get().silent_since is None


def test_unknown_is_no_recovery(cast):
    interval = bad(cast.in2p3, minutes=60)
    refresh()
    interval = turn(interval, "unknown", AT + 1 * MINUTE)
    fresh_at(AT + 20 * MINUTE)

    assert refresh(minutes=20) == Done(changed=1)
    assert Proposal.objects.get().silent_since == AT + 20 * MINUTE
    turn(interval, "ok", AT + 21 * MINUTE)
    fresh_at(AT + 30 * MINUTE)
    assert refresh(minutes=30) == Done(changed=1), "told again, and not yet well for ten minutes"
    assert refresh(minutes=31) == Done(ended=1)


def test_after_a_day_of_silence_nobody_can_say_that_it_goes_on(cast):
    bad(cast.in2p3, minutes=60)
    refresh()
    refresh(minutes=180)
    silent_from = AT + 180 * MINUTE

    assert refresh_proposals(at=silent_from + LONGEST_SILENCE - MINUTE) == Done()
    assert refresh_proposals(at=silent_from + LONGEST_SILENCE) == Done(ended=1)
    assert Proposal.objects.get().ending == Ending.SILENCE


@pytest.mark.parametrize("how", ["taken off", "vo not served"])
def test_it_ends_when_the_vo_lists_the_site_no_more(cast, how):
    bad(cast.in2p3, minutes=60)
    refresh()
    if how == "taken off":
        VOSite.objects.filter(site=cast.in2p3).delete()
    else:
        VO.objects.filter(pk=cast.juno.pk).update(is_served=False)

    assert refresh(minutes=1) == Done(ended=1)
    assert Proposal.objects.get().ending == Ending.NOT_LISTED


def test_its_end_tells_the_linked_ticket_nothing(cast):
    interval = bad(cast.in2p3, minutes=60)
    refresh()
    ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    Proposal.objects.update(ticket=ticket, decision=Decision.TICKET)
    turn(interval, "ok", AT)
    before = HistoryEntry.objects.count()

    assert refresh(minutes=10) == Done(ended=1)
    assert HistoryEntry.objects.count() == before


# Decisions and the clock


def test_a_dismissed_one_stays_so_until_more_gets_bad(cast):
    first = bad(cast.in2p3, minutes=60, thing="se01.example.org SRM")
    refresh()
    proposal = Proposal.objects.get()
    proposal.decision, proposal.reason = Decision.DISMISSED, "a probe that is wrong"
    proposal.dismissed_series = proposal.series
    proposal.save()

    turn(first, "down", AT)
    refresh(minutes=1)
    assert Proposal.objects.get().decision == Decision.DISMISSED, "the same thing, in another state"

    state(cast.in2p3, "down", since=AT)
    fresh_at(AT + 29 * MINUTE)
    refresh(minutes=29)
    assert Proposal.objects.get().decision == Decision.DISMISSED, "not yet for long"
    refresh(minutes=30)
    proposal = Proposal.objects.get()
    assert (proposal.decision, proposal.reason) == ("", "")


def test_a_dismissed_one_that_recovers_is_over_and_the_next_is_proposed(cast):
    interval = bad(cast.in2p3, minutes=60)
    refresh()
    Proposal.objects.update(decision=Decision.DISMISSED, reason="known")
    interval = turn(interval, "ok", AT)
    refresh(minutes=10)
    turn(interval, "critical", AT + 11 * MINUTE)
    fresh_at(AT + 41 * MINUTE)
    refresh(minutes=41)

    assert list(Proposal.objects.order_by("pk").values_list("decision", "ending")) == [
        (Decision.DISMISSED, Ending.RECOVERED),
        ("", ""),
    ]


# The database


def test_the_database_refuses_a_second_open_one_of_a_site_and_vo(cast):
    bad(cast.in2p3, minutes=60)
    refresh()
    proposal = Proposal.objects.get()
    proposal.pk = None

    with pytest.raises(IntegrityError, match="proposal_one_open"), transaction.atomic():
        proposal.save(force_insert=True)
    proposal.ended_at, proposal.ending = AT, Ending.RECOVERED
    proposal.save(force_insert=True)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"ended_at": AT}, "proposal_ends_for_a_reason"),
        ({"ending": Ending.RECOVERED}, "proposal_ends_for_a_reason"),
        ({"decision": Decision.DISMISSED}, "proposal_dismissed_for_a_reason"),
        ({"decision": Decision.SNOOZED}, "proposal_snoozed_until"),
    ],
)
def test_the_database_refuses_what_makes_no_sense(cast, fields, name):
    bad(cast.in2p3, minutes=60)
    refresh()

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Proposal.objects.update(**fields)


@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_once_open_one(cast):
    bad(cast.in2p3, minutes=60)
    found = []

    def run():
        try:
            found.append(refresh().opened)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [0, 0, 1]
    assert Proposal.objects.count() == 1


def test_a_round_asks_a_bounded_number_of_questions(cast, django_assert_max_num_queries):
    for number in range(40):
        site = make_site(name=f"SITE-{number}")
        make_vo_site(vo=cast.juno, site=site)
        state(site, "critical", since=AT - 60 * MINUTE)
    refresh()

    with django_assert_max_num_queries(12):
        assert refresh(minutes=1) == Done()
    with django_assert_max_num_queries(12 + 40):
        # All fall silent: nothing is asked for each site, but each is written once.
        assert refresh(minutes=180) == Done(changed=40)
