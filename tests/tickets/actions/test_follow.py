"""Subscribing, me too, CC, cross references."""

from datetime import timedelta

import pytest

from juno_support.errors import NotAcceptable
from supportunits.models import UnitKind
from tests.make import AT, join_vo, make_issue_type, make_unit, make_user
from tests.tickets.actions.test_team import file_team
from tests.tickets.make import make_ticket
from tickets.actions import follow, submit
from tickets.actions.follow import CannotRefer, NoAddress
from tickets.actions.row import NotAllowed
from tickets.models import CrossReference, HistoryEntry, LastSeen, MeToo, Subscription, Ticket


def test_only_readers_follow(cast):
    ticket = make_ticket(by=cast.ada)

    follow.subscribe(ticket=ticket, by=cast.boris)
    follow.subscribe(ticket=ticket, by=cast.boris)
    with pytest.raises(NotAllowed):
        follow.subscribe(ticket=ticket, by=cast.eve)

    assert Subscription.objects.get().user == cast.boris
    follow.unsubscribe(ticket=ticket, by=cast.boris)
    assert not Subscription.objects.exists()


def test_me_too_counts_once_and_follows(cast):
    ticket = make_ticket(by=cast.eve, vo=cast.juno)

    follow.say_me_too(ticket=ticket, by=cast.ada, at=AT)
    follow.say_me_too(ticket=ticket, by=cast.ada, at=AT)

    assert MeToo.objects.count() == 1
    assert Subscription.objects.get().user == cast.ada
    assert ticket.history.filter(kind="ticket.me-too").count() == 1


@pytest.mark.parametrize("who", ["ada", "eve"])
def test_me_too_is_not_for_the_submitter_or_strangers(cast, who):
    ticket = make_ticket(by=cast.ada, vo=cast.juno)

    with pytest.raises(NotAllowed):
        follow.say_me_too(ticket=ticket, by=getattr(cast, who), at=AT)


def test_me_too_on_a_final_ticket_is_refused(cast):
    ticket = make_ticket(by=cast.eve, vo=cast.juno)
    Ticket.objects.filter(pk=ticket.pk).update(status="CLOSED")

    with pytest.raises(NotAllowed):
        follow.say_me_too(ticket=ticket, by=cast.ada, at=AT)


def test_copies(cast):
    ticket = make_ticket(by=cast.ada)

    follow.add_carbon_copy(ticket=ticket, address="Li@example.org", by=cast.boris, at=AT)
    follow.add_carbon_copy(ticket=ticket, address="li@Example.org", by=cast.boris, at=AT)
    assert ticket.carbon_copies.get().address == "Li@example.org"
    with pytest.raises(NoAddress):
        follow.add_carbon_copy(ticket=ticket, address="nobody", by=cast.boris, at=AT)
    with pytest.raises(NotAllowed):
        follow.add_carbon_copy(ticket=ticket, address="b@example.org", by=cast.ada, at=AT)
    follow.remove_carbon_copy(ticket=ticket, address="LI@example.org", by=cast.boris, at=AT)

    assert not ticket.carbon_copies.exists()
    # The history holds no address: it cannot be redacted from there.
    assert "example.org" not in str(list(HistoryEntry.objects.values_list("facts", flat=True)))


def test_copies_end_somewhere(cast):
    ticket = make_ticket(by=cast.ada, carbon_copies=[f"p{n}@example.org" for n in range(20)])

    with pytest.raises(NoAddress, match="20"):
        follow.add_carbon_copy(ticket=ticket, address="p21@example.org", by=cast.boris, at=AT)


@pytest.fixture
def quentin(cast):
    person = make_user(username="quentin")
    join_vo(vo=cast.juno, user=person, is_shifter=True)
    return person


def test_copies_of_a_day_end_somewhere_for_who_is_no_supporter(cast, quentin, monkeypatch):
    monkeypatch.setattr(submit, "MOST_COPIES_A_DAY", 3)
    ticket = file_team(cast, quentin, carbon_copies=["a@example.org"])
    follow.add_carbon_copy(ticket=ticket, address="s@example.org", by=cast.boris, at=AT)
    # Taken off again it has had its mails: it counts.
    follow.add_carbon_copy(ticket=ticket, address="b@example.org", by=quentin, at=AT)
    follow.remove_carbon_copy(ticket=ticket, address="b@example.org", by=quentin, at=AT)
    follow.add_carbon_copy(ticket=ticket, address="c@example.org", by=quentin, at=AT)

    with pytest.raises(NoAddress, match="within a day"):
        follow.add_carbon_copy(ticket=ticket, address="d@example.org", by=quentin, at=AT)
    with pytest.raises(NotAcceptable, match="within a day"):
        file_team(cast, quentin, carbon_copies=["d@example.org"])
    # What is there already is no further one.
    follow.add_carbon_copy(ticket=ticket, address="c@example.org", by=quentin, at=AT)
    follow.add_carbon_copy(ticket=ticket, address="t@example.org", by=cast.boris, at=AT)
    follow.add_carbon_copy(
        ticket=ticket, address="d@example.org", by=quentin, at=AT + timedelta(days=1)
    )


def test_on_a_final_ticket_supporters_alone_add_copies(cast, quentin):
    ticket = file_team(cast, quentin)
    Ticket.objects.filter(pk=ticket.pk).update(status="CLOSED")

    with pytest.raises(NotAllowed, match="final"):
        follow.add_carbon_copy(ticket=ticket, address="a@example.org", by=quentin, at=AT)
    follow.add_carbon_copy(ticket=ticket, address="a@example.org", by=cast.boris, at=AT)
    follow.remove_carbon_copy(ticket=ticket, address="a@example.org", by=quentin, at=AT)

    assert not ticket.carbon_copies.exists()


def test_a_reference_is_seen_from_both_sides_once(cast):
    one, two = make_ticket(by=cast.ada), make_ticket(by=cast.ada)

    follow.add_reference(ticket=two, other=one, by=cast.ada, at=AT)
    follow.add_reference(ticket=one, other=two, by=cast.boris, at=AT)

    assert (CrossReference.objects.get().lower, CrossReference.objects.get().upper) == (one, two)
    facts = HistoryEntry.objects.filter(kind="ticket.reference-added").order_by("ticket")
    assert [entry.facts["other"] for entry in facts] == [two.pk, one.pk]


def test_a_reference_gives_nothing_away(cast):
    mine, hidden = make_ticket(by=cast.eve), make_ticket(by=cast.ada)

    with pytest.raises(NotAllowed, match="no ticket with this number"):
        follow.add_reference(ticket=mine, other=hidden, by=cast.eve, at=AT)
    with pytest.raises(CannotRefer):
        follow.add_reference(ticket=mine, other=mine, by=cast.eve, at=AT)


def test_what_was_seen(cast):
    ticket = make_ticket(by=cast.ada)

    follow.mark_seen(ticket=ticket, by=cast.boris)
    follow.mark_seen(ticket=ticket, by=cast.boris)

    assert LastSeen.objects.get().entry_id == ticket.last_entry_id


def test_a_reference_to_a_security_ticket_leaves_no_word_on_the_other(cast):
    mira = make_user(username="mira")
    make_unit(kind=UnitKind.SECURITY, members=(mira,))
    ticket = make_ticket(by=cast.ada)
    hidden = make_ticket(by=cast.eve, issue_type=make_issue_type(is_security=True))

    follow.add_reference(ticket=ticket, other=hidden, by=mira, at=AT)

    assert CrossReference.objects.count() == 1
    assert not ticket.history.filter(kind="ticket.reference-added").exists()
    assert hidden.history.get(kind="ticket.reference-added").facts["other"] == ticket.pk
