"""Promise 2 for mail: whatever people do to a ticket, no internal word leaves (trust.md)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.lib import clock
from juno_support.outbox.models import Delivery
from supportunits.models import IssueType, SupportUnit, UnitKind, UnitMembership
from tests import make
from tests.cast import Cast
from tests.make import AT
from tickets import policies, tasks
from tickets.actions import assign, diary, follow, submit, work
from tickets.models import Ticket

INTERNAL = "xINTERNALx"
Do = Callable[[Cast, Ticket, User, datetime], object]


def _say(words: str, is_public: bool, **step: object) -> Do:
    def do(cast: Cast, ticket: Ticket, by: User, at: datetime) -> object:
        uploads = [] if is_public else [SimpleUploadedFile(f"{INTERNAL}.txt", b"x", "text/plain")]
        return diary.add_entry(
            ticket=ticket,
            words=words,
            is_public=is_public,
            submission_key=uuid4(),
            by=by,
            at=at,
            uploads=uploads,
            **step,  # type: ignore[arg-type]
        )

    return do


# What people do, each with words that must stay inside where it has such words.
DEEDS: dict[str, Do] = {
    "internal note": _say(f"{INTERNAL} note", False),
    "public answer": _say("public answer", True),
    "internal note that solves": _say(
        f"{INTERNAL} note", False, step="solve", solution="solved", code="FIXED"
    ),
    "question": _say("what?", True, step="ask"),
    "to the site": lambda cast, ticket, by, at: assign.assign_to_unit(
        ticket=ticket, unit=cast.in2p3_unit, reason=f"{INTERNAL} reason", by=by, at=at
    ),
    "back to TPM": lambda cast, ticket, by, at: assign.return_to_tpm(
        ticket=ticket, reason=f"{INTERNAL} reason", by=by, at=at
    ),
    "assign": lambda cast, ticket, by, at: assign.assign_person(
        ticket=ticket, person=cast.boris, by=by, at=at
    ),
    "involve": lambda cast, ticket, by, at: assign.involve(
        ticket=ticket, person=cast.boris, by=by, at=at
    ),
    "copy": lambda cast, ticket, by, at: follow.add_carbon_copy(
        ticket=ticket, address="copy@example.org", by=by, at=at
    ),
    "copy of a supporter": lambda cast, ticket, by, at: follow.add_carbon_copy(
        ticket=ticket, address=cast.boris.email, by=by, at=at
    ),
    "follow": lambda cast, ticket, by, at: follow.subscribe(ticket=ticket, by=by),
    "next step": lambda cast, ticket, by, at: work.set_next_step(
        ticket=ticket, what="call", person=cast.boris, due_at=None, by=by, at=at
    ),
    "escalate": lambda cast, ticket, by, at: work.escalate(ticket=ticket, by=cast.ada, at=at),
    "Boris leaves his unit": lambda cast, ticket, by, at: UnitMembership.objects.filter(
        user=cast.boris
    ).delete(),
    "the list is declared closed": lambda cast, ticket, by, at: (
        type(cast.in2p3_unit).objects.filter(pk=cast.in2p3_unit.pk).update(list_is_closed=True)
    ),
}
# Most of what happens to a ticket supporters do; the others try as well.
deeds = st.lists(
    st.tuples(
        st.sampled_from([*sorted(DEEDS), *(deed for deed in sorted(DEEDS) if "internal" in deed)]),
        st.sampled_from(["carla", "boris", "carla", "ada", "dmitri", "mei"]),
        st.booleans(),
    ),
    min_size=8,
    max_size=16,
)
# Each way in which a word could get out, in one life of a ticket.
WORST_LIFE = [
    ("internal note", "boris", True),
    ("follow", "mei", True),
    ("copy of a supporter", "boris", True),
    ("involve", "boris", True),
    ("assign", "boris", True),
    ("internal note", "carla", False),
    ("public answer", "carla", True),
    ("back to TPM", "carla", False),
    ("to the site", "carla", True),
    ("Boris leaves his unit", "carla", True),
    ("internal note", "carla", True),
    ("the list is declared closed", "carla", True),
    ("internal note that solves", "carla", True),
]


class _Back(Exception):
    """Undo an example."""


@pytest.mark.django_db
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds=deeds, is_security=st.sampled_from([False, False, True]))
@example(deeds=WORST_LIFE, is_security=False)
@example(deeds=WORST_LIFE, is_security=True)
def test_no_internal_word_leaves(
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    deeds: list[tuple[str, str, bool]],
    is_security: bool,
) -> None:
    try:
        with transaction.atomic():
            _live_through(cast, monkeypatch, deeds, is_security)
            raise _Back
    except _Back:
        pass


def _live_through(
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    deeds: list[tuple[str, str, bool]],
    is_security: bool,
) -> None:
    mei = make.make_user(username=f"mei{uuid4().hex[:8]}", email="mei@example.org")
    make.join_vo(vo=cast.juno, user=mei)
    vera = make.make_user(username=f"vera{uuid4().hex[:8]}", email="vera@example.org")
    make.make_unit(kind=UnitKind.SECURITY, members=(vera,))
    kind, _ = IssueType.objects.get_or_create(
        name="Security", vo=None, defaults={"ggus_value": "Security", "is_security": True}
    )
    assert kind.is_security
    people = {
        "ada": cast.ada,
        "boris": cast.boris,
        "carla": cast.carla,
        "dmitri": cast.dmitri,
        "eve": cast.eve,
        "mei": mei,
    }
    ticket = submit.submit_ticket(
        draft_id=UUID(int=uuid4().int),
        by=cast.ada,
        at=AT,
        subject="A public subject",
        description="A public description",
        vo=cast.juno,
        notified_site=None if is_security else cast.in2p3,
        issue_type=kind if is_security else None,
        carbon_copies=["first-copy@example.org"],
        on_behalf_of_name="Wu Wei",
        on_behalf_of_email="wu@example.org",
    )
    for number, (deed, by, is_told_now) in enumerate(deeds, start=1):
        at = AT + timedelta(minutes=number)
        person = User.objects.get(pk=vera.pk if is_security and by == "carla" else people[by].pk)
        try:
            with transaction.atomic():
                DEEDS[deed](cast, ticket, person, at)
        except SupportError:
            continue  # not everybody may do everything; what counts is what is sent
        if is_told_now:
            _tell_and_check(ticket, monkeypatch, at)
    _tell_and_check(ticket, monkeypatch, AT + timedelta(days=1))
    if is_security:
        for mail in Delivery.objects.filter(about_ticket=ticket.pk):
            assert mail.to_address in {cast.ada.email, vera.email}
            sent = f"{mail.subject}\n{mail.body}\n{mail.headers}\n{mail.reason}"
            assert not [word for word in ("A public", INTERNAL, "IN2P3") if word in sent]


def _tell_and_check(ticket: Ticket, monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Have the mails written, and compare them with what their readers may read at this moment."""
    monkeypatch.setattr(clock, "now", lambda: at)
    before = set(Delivery.objects.values_list("pk", flat=True))
    tasks.sweep_dispatches()
    readers, addresses = _readers(ticket), _addresses()
    for mail in Delivery.objects.exclude(pk__in=before):
        sent = f"{mail.subject}\n{mail.body}\n{mail.headers}\n{mail.reason}"
        if mail.to_address not in readers:
            assert INTERNAL not in sent, mail.to_address
            assert not [address for address in addresses if address in sent], mail.to_address


def _readers(ticket: Ticket) -> set[str]:
    """Return the addresses that may get internal words at this moment, by the policies."""
    ticket = Ticket.objects.get(pk=ticket.pk)
    readers = {
        user.email for user in User.objects.all() if policies.may_read_internal(ticket, user)
    }
    lists = SupportUnit.objects.filter(list_is_closed=True)
    return readers | set(lists.values_list("mailing_list", flat=True))


def _addresses() -> set[str]:
    return set(User.objects.values_list("email", flat=True)) | {
        "copy@example.org",
        "wu@example.org",
    }
