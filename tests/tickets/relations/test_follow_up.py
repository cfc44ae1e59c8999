"""A final ticket goes on as a follow-up, with what was written too late."""

import uuid

import pytest

from supportunits.models import UnitKind
from tests.make import AT, make_issue_type, make_unit, make_user
from tests.tickets.make import make_ticket, write
from tests.tickets.relations.make import solve
from tickets.actions import spam, work
from tickets.actions.follow_up import follow_up
from tickets.actions.hanging import CannotRelate
from tickets.actions.row import NotAllowed
from tickets.models import Category, HistoryEntry, Kind, RelationKind, Ticket, TicketRelation


def _final(cast, *, solver=None, **fields):
    ticket = make_ticket(
        **{"by": cast.ada, "subject": "Disk full", "vo": cast.juno, "affected_sites": [cast.in2p3]}
        | fields
    )
    ticket = solve(ticket, by=solver or cast.carla)
    return work.take_step(ticket=ticket, step="verify", by=ticket.submitter, at=AT)


def _follow(ticket, by, key=None):
    return follow_up(ticket=ticket, by=by, at=AT, submission_key=key or uuid.uuid4())


@pytest.mark.parametrize("who", ["ada", "carla"])
def test_one_click_carries_the_late_comments(cast, who):
    old = _final(cast)
    write(ticket=old, by=cast.ada, words="It is full again.")
    write(ticket=old, by=cast.carla, words="An internal word.", is_public=False)

    new = _follow(old, getattr(cast, who))

    assert new.subject == "Follow-up: Disk full"
    assert new.submitter == cast.ada, "it stays the old submitter's"
    assert "Ada Liang" in new.description
    assert "It is full again." in new.description
    assert "internal word" not in new.description
    assert list(new.affected_sites.all()) == [cast.in2p3]
    assert new.vo == cast.juno
    relation = TicketRelation.objects.get()
    assert (relation.ticket, relation.other, relation.kind) == (new, old, RelationKind.FOLLOW_UP)
    told = HistoryEntry.objects.filter(kind=Kind.RELATED).values_list("ticket", flat=True)
    assert set(told) == {old.pk, new.pk}


def test_without_late_comments_the_old_words_stand(cast):
    old = _final(cast, description="The disk has no space.")

    assert "The disk has no space." in _follow(old, cast.ada).description


def test_what_follows_up_a_discarded_ticket_is_no_spam(cast):
    old = spam.discard(ticket=make_ticket(by=cast.ada), by=cast.carla, at=AT)

    assert _follow(old, cast.ada).category == Category.INCIDENT


def test_the_same_key_twice_and_a_second_one(cast):
    old, key = _final(cast), uuid.uuid4()
    new = _follow(old, cast.ada, key)

    assert _follow(old, cast.ada, key) == new
    with pytest.raises(CannotRelate, match=f"#{new.pk} follows"):
        _follow(old, cast.carla)
    assert Ticket.objects.count() == 2


@pytest.mark.parametrize("who", ["eve", "dmitri"])
def test_only_the_submitter_and_supporters(cast, who):
    with pytest.raises(NotAllowed):
        _follow(_final(cast), getattr(cast, who))


def test_what_is_not_final_is_reopened_instead(cast):
    with pytest.raises(CannotRelate, match="is solved"):
        _follow(solve(make_ticket(by=cast.ada), by=cast.carla), cast.ada)


def test_a_security_ticket_s_is_restricted_too(cast):
    csirt = make_user(username="csirt")
    make_unit(kind=UnitKind.SECURITY, members=(csirt,))
    kind = make_issue_type(name="Break-in", is_security=True)
    old = _final(cast, issue_type=kind, vo=None, solver=csirt)

    assert _follow(old, csirt).is_restricted
