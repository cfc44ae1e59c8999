"""What people decide about proposals, who may, and what comes of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import Http404

from tests.cast import ROLE_NAMES
from tests.make import AT, join_vo, make_user, make_vo, make_vo_site
from tests.tickets.make import make_ticket
from tests.tickets.proposals.make import MINUTE, polled, state
from tickets.actions import work
from tickets.actions.row import NotAllowed
from tickets.models import CrossReference, Decision, Proposal, Ticket
from tickets.proposals import decide, lists
from tickets.proposals.refresh import refresh_proposals

pytestmark = pytest.mark.django_db


@pytest.fixture
def quentin(cast):
    """A shifter of juno."""
    person = make_user(username="quentin", name="Quentin Moreau")
    join_vo(vo=cast.juno, user=person, is_shifter=True)
    return person


@pytest.fixture
def proposal(cast):
    """IN2P3-CC is down for an hour."""
    polled("argo")
    state(cast.in2p3, "down", since=AT - 60 * MINUTE, summary="no route to host")
    refresh_proposals(at=AT)
    return Proposal.objects.get()


def waiting(user, at=AT):
    """What waits for a decision; the menu counts the same."""
    found = list(lists.to_decide(user, at=at))
    assert lists.count_to_decide(user, at=at) == len(found)
    return found


def who(by, at=AT):
    return {"by": by, "at": at}


def test_who_sees_and_finds_proposals(roles):
    polled("argo")
    make_vo_site(vo=roles.other_vo, site=roles.in2p3)
    state(roles.in2p3, "down", since=AT - 60 * MINUTE)
    refresh_proposals(at=AT)
    seen = {
        role: {each.vo.name for each in decide.visible_proposals(roles[role])}
        for role in ROLE_NAMES
        if decide.sees_proposals(roles[role])
    }

    assert seen == {"VO shifter": {"juno"}, "TPM operator": {"juno", "other"}}
    other = Proposal.objects.get(vo=roles.other_vo)
    with pytest.raises(Http404):
        decide.find_proposal(roles["VO shifter"], other.pk)
    with pytest.raises(NotAllowed):
        decide.dismiss(proposal=other, reason="no", **who(roles["VO shifter"]))
    for role in ROLE_NAMES:
        expected = {"VO shifter": 1, "TPM operator": 2}.get(role, 0)
        assert lists.count_to_decide(roles[role], at=AT) == expected, role


def test_dismissed_with_a_reason_it_waits_no_more(cast, quentin, proposal):
    with pytest.raises(decide.ReasonMissing):
        decide.dismiss(proposal=proposal, reason="  ", **who(quentin))
    assert waiting(quentin) == [proposal]

    decide.dismiss(proposal=proposal, reason="The probe is wrong", **who(quentin))

    proposal.refresh_from_db()
    assert (proposal.decision, proposal.reason) == (Decision.DISMISSED, "The probe is wrong")
    assert (proposal.decided_by, proposal.decided_at) == (quentin, AT)
    assert proposal.dismissed_series == proposal.series != []
    assert waiting(quentin) == waiting(cast.carla) == []

    decide.bring_back(proposal=proposal, **who(quentin))
    assert waiting(quentin) == [proposal]
    proposal.refresh_from_db()
    assert (proposal.decision, proposal.reason, proposal.dismissed_series) == ("", "", [])


def test_put_off_it_comes_back_by_itself(quentin, proposal):
    decide.snooze(proposal=proposal, until=AT + timedelta(hours=4), **who(quentin))

    assert waiting(quentin, AT + timedelta(hours=3, minutes=59)) == []
    assert waiting(quentin, AT + timedelta(hours=4)) == [proposal]


@pytest.mark.parametrize("hours", [0, -1, 7 * 24 + 1])
def test_it_is_put_off_into_the_near_future_only(quentin, proposal, hours):
    with pytest.raises(decide.ReasonMissing):
        decide.snooze(proposal=proposal, until=AT + timedelta(hours=hours), **who(quentin))


def test_what_has_ended_is_not_decided(quentin, proposal):
    Proposal.objects.update(ended_at=AT, ending="RECOVERED")

    for act in (
        lambda: decide.dismiss(proposal=proposal, reason="late", **who(quentin)),
        lambda: decide.snooze(proposal=proposal, until=AT + MINUTE, **who(quentin)),
        lambda: decide.bring_back(proposal=proposal, **who(quentin)),
    ):
        with pytest.raises(decide.NotOpen, match="recovered"):
            act()


def test_a_filed_ticket_is_linked_and_the_proposal_waits_until_that_is_solved(
    cast, quentin, proposal
):
    ticket = make_ticket(by=quentin, vo=cast.juno, notified_site=cast.in2p3)

    linked = decide.link_filed(proposal=proposal, ticket=ticket, **who(quentin))

    assert linked == ticket
    assert waiting(quentin) == []
    assert lists.lists(quentin, at=AT).with_ticket == [proposal]
    with pytest.raises(decide.NotOpen, match=f"#{ticket.pk}"):
        decide.dismiss(proposal=proposal, reason="no", **who(quentin))
    work.take_step(
        ticket=ticket, step="solve", solution="Done.", code="FIXED", by=cast.boris, at=AT
    )
    assert waiting(quentin) == [proposal], "solved, and still bad"


def test_who_was_slower_gets_a_ticket_that_refers_to_the_first(cast, quentin, proposal):
    first = make_ticket(by=quentin, vo=cast.juno)
    second = make_ticket(by=quentin, vo=cast.juno)
    decide.link_filed(proposal=proposal, ticket=first, **who(quentin))

    assert decide.link_filed(proposal=proposal, ticket=second, **who(quentin)) == first

    proposal.refresh_from_db()
    assert proposal.ticket == first
    assert CrossReference.objects.filter(lower=first, upper=second).exists()


def test_a_ticket_filed_while_the_site_recovered_is_linked_all_the_same(cast, quentin, proposal):
    Proposal.objects.update(ended_at=AT, ending="RECOVERED")
    ticket = make_ticket(by=quentin, vo=cast.juno)

    decide.link_filed(proposal=proposal, ticket=ticket, **who(quentin))

    proposal.refresh_from_db()
    assert (proposal.ticket, proposal.ending) == (ticket, "RECOVERED")


def test_an_owner_adds_the_evidence_to_the_open_ticket_once(cast, quentin, proposal):
    ticket = make_ticket(by=quentin, vo=cast.juno, affected_sites=[cast.in2p3])
    key = uuid4()

    decide.add_to_ticket(proposal=proposal, ticket=ticket, submission_key=key, **who(quentin))

    entry = ticket.diary.get()
    assert entry.is_public
    assert "no route to host" in entry.text
    proposal.refresh_from_db()
    assert (proposal.decision, proposal.ticket) == (Decision.TICKET, ticket)
    with pytest.raises(decide.NotOpen):
        decide.add_to_ticket(proposal=proposal, ticket=ticket, submission_key=key, **who(quentin))
    assert ticket.diary.count() == 1


def test_another_reader_says_me_too(cast, quentin, proposal):
    ticket = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])

    decide.add_to_ticket(proposal=proposal, ticket=ticket, submission_key=uuid4(), **who(quentin))

    assert ticket.diary.count() == 0
    assert [said.user for said in ticket.me_toos.all()] == [quentin]
    proposal.refresh_from_db()
    assert proposal.ticket == ticket


def test_a_solved_ticket_takes_nothing(cast, quentin, proposal):
    ticket = make_ticket(by=quentin, vo=cast.juno)
    solved = work.take_step(
        ticket=ticket, step="solve", solution="Done.", code="FIXED", by=cast.boris, at=AT
    )
    solved.refresh_from_db()

    with pytest.raises(decide.NotOpen):
        decide.add_to_ticket(
            proposal=proposal, ticket=solved, submission_key=uuid4(), **who(quentin)
        )
    proposal.refresh_from_db()
    assert proposal.ticket is None


def test_known_tickets_are_open_ones_of_the_same_vo_and_site(cast, quentin, proposal):
    affecting = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    notifying = make_ticket(by=cast.ada, vo=cast.juno, notified_site=cast.in2p3)
    make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.beijing])
    make_ticket(by=cast.ada, vo=make_vo(name="belle"), affected_sites=[cast.in2p3])
    make_ticket(by=cast.ada, affected_sites=[cast.in2p3])
    closed = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    work.take_step(ticket=closed, step="withdraw", by=cast.ada, at=AT)
    hidden = make_ticket(by=cast.ada, vo=cast.juno, affected_sites=[cast.in2p3])
    Ticket.objects.filter(pk=hidden.pk).update(is_restricted=True)

    assert lists.known_tickets(quentin, [proposal]) == {proposal.pk: [notifying, affecting]}
    assert lists.known_tickets(quentin, []) == {}


def test_what_ended_is_shown_for_a_day(quentin, proposal):
    Proposal.objects.update(ended_at=AT, ending="RECOVERED")

    assert lists.lists(quentin, at=AT + timedelta(hours=23)).ended == [proposal]
    assert lists.lists(quentin, at=AT + timedelta(hours=24)).ended == []
