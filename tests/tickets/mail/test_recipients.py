"""Who hears of what: the table of domain section 11, and properties over random tickets."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tickets.mail.people import (
    ADA,
    ASSIGNED,
    CSIRT,
    HELPER,
    MEMBER,
    ROSA,
    TICKET,
    TPM,
)
from tickets.mail.recipients import (
    QUIET,
    Centre,
    EntryFacts,
    Person,
    TicketFacts,
    Unit,
    Why,
    recipients,
)
from tickets.models import Kind
from tickets.workflow import Status

# One letter an address; small letters get the mail without anything internal.
LETTERS = {
    "ada@x": "s",
    "behalf@x": "b",
    "cc@x": "c",
    "follower@x": "f",
    "assigned@x": "A",
    "involved@x": "I",
    "member@x": "M",
    "unit-list@x": "l",
    "site@x": "n",
    "tpm@x": "T",
    "tpm-list@x": "u",
    "admin@x": "X",
    "csirt@x": "C",
    "security-list@x": "k",
    "helper@x": "H",
    "shifter@x": "r",
    "centre@x": "o",
    "unit-centre@x": "p",
}
EVERYBODY = "s b c f A I M l"


def heard(entry: EntryFacts, ticket: TicketFacts = TICKET) -> str:
    """Return the letters of who hears, in the order of the table above."""
    found = recipients(entry, ticket)
    letters = {
        LETTERS[each.address].upper() if each.may_read_internal else LETTERS[each.address].lower()
        for each in found
    }
    assert len(letters) == len(found)
    order = [letter.lower() for letter in LETTERS.values()]
    return " ".join(sorted(letters, key=lambda letter: order.index(letter.lower())))


SOLUTION_ONLY = replace(TICKET, solution_only=True)
SECURITY = replace(TICKET, is_restricted=True)
TEAM = replace(TICKET, vo_name="juno", shifters=(ADA, ROSA))
SUSPENDED = replace(
    TICKET,
    site_centre=Centre("NGI_FRANCE", ("centre@x",)),
    unit_centre=Centre("NGI_IT", ("unit-centre@x",)),
)
STATUS = Kind.STATUS_CHANGED
TABLE = [
    # the submitter's confirmation; the notified site
    (EntryFacts(Kind.SUBMITTED, actor=ADA), "s b c f A I M l n"),
    # filed with its parent, which confirms all of them
    (EntryFacts(Kind.SUBMITTED, actor=ADA, is_child=True), "A I M l n"),
    (EntryFacts(STATUS, status=Status.IN_PROGRESS), EVERYBODY),
    (EntryFacts(STATUS, status=Status.ON_HOLD), EVERYBODY),
    (EntryFacts(STATUS, status=Status.WAITING_FOR_REPLY), EVERYBODY),
    (EntryFacts(STATUS, status=Status.SOLVED, actor=ASSIGNED), "s b c f I M l"),
    # withdrawn by the submitter
    (EntryFacts(STATUS, status=Status.UNSOLVED, actor=ADA), "b c f A I M l"),
    # reopened: the solving unit and TPM
    (EntryFacts(STATUS, status=Status.REOPENED, actor=ADA), "b c f A I M l T u"),
    (EntryFacts(STATUS, status=Status.VERIFIED, actor=ADA), "b c f A I M l"),
    (EntryFacts(STATUS, status=Status.CLOSED), EVERYBODY),
    (EntryFacts(Kind.ASSIGNED_TO_UNIT, status=Status.ASSIGNED, actor=TPM), EVERYBODY),
    (EntryFacts(Kind.PUBLIC_ENTRY, actor=ADA), "b c f A I M l"),
    (EntryFacts(Kind.PUBLIC_ENTRY, actor=MEMBER), "s b c f A I l"),
    (EntryFacts(Kind.INTERNAL_ENTRY, is_public=False, actor=MEMBER), "A I l"),
    (EntryFacts(Kind.INTERNAL_ENTRY, is_public=False, actor=HELPER), "A I M l"),
    (EntryFacts(Kind.PRIORITY_CHANGED, actor=MEMBER), "s b c f A I l"),
    (EntryFacts(Kind.FIELD_CHANGED, field="subject"), EVERYBODY),
    (EntryFacts(Kind.NEXT_STEP), EVERYBODY),
    (EntryFacts(Kind.NEXT_STEP, person=HELPER), EVERYBODY + " H"),
    # escalated: the unit; also TPM; also who is on call, or the admins where nobody is
    (EntryFacts(Kind.ESCALATED, level=1, actor=ADA), "b c f A I M l"),
    (EntryFacts(Kind.ESCALATED, level=2, actor=ADA), "b c f A I M l T u"),
    (EntryFacts(Kind.ESCALATED, level=3, actor=ADA), "b c f A I M l T u X"),
    (EntryFacts(Kind.PERSON_ADDED, is_public=False, person=HELPER), "H"),
    (EntryFacts(Kind.PERSON_ADDED, is_public=False, person=HELPER, actor=HELPER), ""),
    # a duplicate, or joined to an incident: its public side; of many at once, no unit
    (EntryFacts(Kind.RELATED, actor=MEMBER), "s b c f"),
    (EntryFacts(Kind.PUBLIC_ENTRY, is_passed=True, actor=MEMBER), "s b c f"),
    (EntryFacts(STATUS, is_passed=True, status=Status.SOLVED), "s b c f"),
    (EntryFacts(STATUS, is_passed=True, status=Status.IN_PROGRESS), EVERYBODY),
    # what monitoring notes is read on the page; of a recovery hears who works on the ticket
    (EntryFacts(Kind.CONTEXT, is_public=False), ""),
    (EntryFacts(Kind.CONTEXT, is_public=False, tells_recovery=True), "A I"),
    # who is called is mail.alarm's business; the receipt is public
    (EntryFacts(Kind.ALARM_CALLED), ""),
    (EntryFacts(Kind.ALARM_RECEIVED, actor=MEMBER), "s b c f A I l"),
    # a submitter who was asked, and whoever else can answer
    (EntryFacts(Kind.REMINDED), "s b"),
    # gathered from many tickets: ``tickets.mail.late``
    (EntryFacts(Kind.RESPONSE_DUE, is_public=False), ""),
    *((EntryFacts(kind, person=HELPER), "") for kind in sorted(QUIET)),
]


@pytest.mark.parametrize(("entry", "expected"), TABLE)
def test_who_hears(entry: EntryFacts, expected: str) -> None:
    assert heard(entry) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (EntryFacts(Kind.SUBMITTED, actor=ADA), EVERYBODY + " n o"),
        (EntryFacts(Kind.SUBMITTED, actor=ADA, is_child=True), "A I M l n o"),
        (EntryFacts(Kind.ASSIGNED_TO_UNIT, status=Status.ASSIGNED), EVERYBODY + " p"),
        (EntryFacts(STATUS, status=Status.IN_PROGRESS), EVERYBODY),
        (EntryFacts(Kind.INTERNAL_ENTRY, is_public=False), "A I M l"),
    ],
)
def test_the_operations_centre_of_a_suspended_site_hears_when_the_site_is_told(
    entry: EntryFacts, expected: str
) -> None:
    assert heard(entry, SUSPENDED) == expected
    if entry.kind in (Kind.SUBMITTED, Kind.ASSIGNED_TO_UNIT):
        assert "o" not in heard(entry, replace(SUSPENDED, is_restricted=True))


def test_the_table_names_every_kind() -> None:
    assert {entry.kind for entry, _ in TABLE} == set(Kind)


@pytest.mark.parametrize(
    ("entry", "hears"),
    [
        (EntryFacts(Kind.SUBMITTED, actor=ADA), True),
        (EntryFacts(Kind.PUBLIC_ENTRY, actor=ADA), True),
        (EntryFacts(Kind.PUBLIC_ENTRY, actor=MEMBER), True),
        (EntryFacts(Kind.PUBLIC_ENTRY, actor=ROSA), False),
        (EntryFacts(STATUS, status=Status.WAITING_FOR_REPLY), True),
        (EntryFacts(STATUS, status=Status.SOLVED), True),
        (EntryFacts(STATUS, status=Status.UNSOLVED), True),
        (EntryFacts(STATUS, status=Status.IN_PROGRESS), False),
        (EntryFacts(Kind.ASSIGNED_TO_UNIT, status=Status.ASSIGNED), False),
        (EntryFacts(Kind.PRIORITY_CHANGED), False),
        (EntryFacts(Kind.INTERNAL_ENTRY, is_public=False, actor=MEMBER), False),
        (EntryFacts(Kind.ESCALATED, level=3, actor=ADA), False),
    ],
)
def test_of_a_team_ticket_the_other_shifters_hear_what_its_owners_act_on(
    entry: EntryFacts, hears: bool
) -> None:
    assert ("r" in heard(entry, TEAM).split()) is hears
    without = [letter for letter in heard(entry, TEAM).split() if letter != "r"]
    assert without == heard(entry).split(), "nobody else hears more or less"
    assert "r" not in heard(entry, replace(TEAM, is_restricted=True)).split()


def test_a_shifter_who_is_a_supporter_reads_it_as_one() -> None:
    both = replace(TEAM, shifters=(Person(MEMBER.user_id, MEMBER.address),))
    found = {each.address: each for each in recipients(EntryFacts(Kind.PUBLIC_ENTRY), both)}
    assert found["member@x"].may_read_internal
    assert found["member@x"].is_owner
    assert not found["member@x"].is_submitter
    assert [reason.why for reason in found["member@x"].reasons] == [Why.SHIFTER, Why.MEMBER]


@pytest.mark.parametrize(
    ("entry", "hears"),
    [
        (EntryFacts(Kind.SUBMITTED, actor=ADA), True),
        (EntryFacts(Kind.PUBLIC_ENTRY), True),
        (EntryFacts(STATUS, status=Status.SOLVED), True),
        (EntryFacts(STATUS, status=Status.UNSOLVED), True),
        (EntryFacts(STATUS, status=Status.WAITING_FOR_REPLY), True),
        (EntryFacts(Kind.FIELD_CHANGED, field="vo"), True),
        (EntryFacts(STATUS, status=Status.IN_PROGRESS), False),
        (EntryFacts(STATUS, status=Status.CLOSED), False),
        (EntryFacts(Kind.ASSIGNED_TO_UNIT, status=Status.ASSIGNED), False),
        (EntryFacts(Kind.PRIORITY_CHANGED), False),
        (EntryFacts(Kind.FIELD_CHANGED, field="category"), False),
        (EntryFacts(Kind.NEXT_STEP), False),
    ],
)
def test_in_the_mode_solution_only_the_submitter_hears_what_matters(
    entry: EntryFacts, hears: bool
) -> None:
    assert ("s" in heard(entry, SOLUTION_ONLY).split()) is hears
    # the mode is the submitter's alone
    assert heard(entry, SOLUTION_ONLY).replace("s ", "") == heard(entry).replace("s ", "")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (EntryFacts(Kind.SUBMITTED, actor=ADA), "s C"),
        (EntryFacts(Kind.PUBLIC_ENTRY, actor=CSIRT), "s"),
        (EntryFacts(STATUS, status=Status.REOPENED, actor=ADA), "C"),
        (EntryFacts(Kind.INTERNAL_ENTRY, is_public=False), "C"),
        (EntryFacts(Kind.ESCALATED, level=3, actor=ADA), "C"),
        (EntryFacts(Kind.ASSIGNED_TO_UNIT, status=Status.ASSIGNED), "s C"),
        (EntryFacts(Kind.PERSON_ADDED, is_public=False, person=HELPER), ""),
        (EntryFacts(Kind.PERSON_ADDED, is_public=False, person=CSIRT), "C"),
        (EntryFacts(Kind.NEXT_STEP, person=HELPER), "s C"),
        (EntryFacts(Kind.ME_TOO), ""),
    ],
)
def test_type_security_is_for_csirt_and_the_submitter(entry: EntryFacts, expected: str) -> None:
    assert heard(entry, SECURITY) == expected


def test_without_csirt_somebody_still_hears() -> None:
    entry = EntryFacts(Kind.SUBMITTED, actor=ADA)
    listed = replace(SECURITY, security=Unit("CSIRT", mailing_list="security-list@x"))
    assert heard(entry, listed) == "s k"
    assert heard(entry, replace(SECURITY, security=Unit("CSIRT"))) == "s T u"


def test_a_list_closed_to_supporters_gets_the_internal_diary() -> None:
    closed = replace(TICKET, unit=replace(TICKET.unit, list_is_closed=True))
    entry = EntryFacts(Kind.INTERNAL_ENTRY, is_public=False)
    assert heard(entry, closed) == "A I M L"


def test_a_unit_in_which_nobody_reads_is_no_end() -> None:
    entry = EntryFacts(Kind.PUBLIC_ENTRY, actor=ADA)
    alone = replace(TICKET, unit=Unit("Gone"), assigned=(), involved=())
    assert heard(entry, alone) == "b c f T u"
    assert heard(entry, replace(alone, tpm=Unit("TPM"))) == "b c f X"


def test_one_mail_an_address_with_all_its_reasons() -> None:
    ada_everywhere = replace(
        TICKET,
        on_behalf_address="ADA@x",
        carbon_copies=("Ada@X", "cc@x"),
        subscribers=(ADA,),
        site_addresses=("unit-list@x",),
    )
    found = {each.address: each for each in recipients(EntryFacts(Kind.SUBMITTED), ada_everywhere)}
    assert [reason.why for reason in found["ada@x"].reasons] == [
        Why.SUBMITTER,
        Why.ON_BEHALF,
        Why.CC,
        Why.SUBSCRIBER,
    ]
    # one copy to the site's contact if it is also the unit's list
    assert [reason.why for reason in found["unit-list@x"].reasons] == [Why.LIST, Why.SITE]
    assert "site@x" not in found


def test_the_actor_does_not_come_back_through_another_reason() -> None:
    mine = replace(TICKET, carbon_copies=("MEMBER@x",), involved=(MEMBER,), subscribers=(MEMBER,))
    assert "M" not in heard(EntryFacts(Kind.PRIORITY_CHANGED, actor=MEMBER), mine)


def test_an_account_with_the_address_of_an_open_list_gets_what_the_list_may_read() -> None:
    shared = Person(40, "Unit-List@x", reads_internal=True)
    ticket = replace(TICKET, assigned=(shared,))
    entry = EntryFacts(Kind.INTERNAL_ENTRY, is_public=False)
    [found] = [each for each in recipients(entry, ticket) if each.address.lower() == "unit-list@x"]
    assert not found.may_read_internal


def test_a_supporter_who_left_hears_the_public_side_at_most() -> None:
    left = replace(ASSIGNED, reads_internal=False)
    ticket = replace(TICKET, assigned=(left,))
    entry = EntryFacts(Kind.INTERNAL_ENTRY, is_public=False)
    [found] = [each for each in recipients(entry, ticket) if each.address == "assigned@x"]
    assert not found.may_read_internal


addresses = st.sampled_from([f"{name}@x" for name in "abcdefgh"])
persons = st.builds(Person, st.integers(1, 8), addresses, reads_internal=st.booleans())
few_persons = st.lists(persons, max_size=3).map(tuple)
units = st.builds(
    Unit,
    st.sampled_from(["TPM", "IN2P3-CC"]),
    few_persons,
    st.one_of(st.just(""), addresses),
    st.booleans(),
)
centres = st.builds(Centre, st.just("NGI_FRANCE"), st.lists(addresses, max_size=2).map(tuple))
tickets = st.builds(
    TicketFacts,
    submitter=persons,
    unit=units,
    tpm=units,
    security=units,
    admins=few_persons,
    is_restricted=st.booleans(),
    solution_only=st.booleans(),
    on_behalf_address=st.one_of(st.just(""), addresses),
    carbon_copies=st.lists(addresses, max_size=3).map(tuple),
    subscribers=few_persons,
    assigned=few_persons,
    involved=few_persons,
    site_addresses=st.lists(addresses, max_size=2).map(tuple),
    site_centre=centres,
    unit_centre=centres,
    shifters=few_persons,
)
entries = st.builds(
    EntryFacts,
    kind=st.sampled_from(list(Kind)),
    actor=st.one_of(st.none(), persons),
    is_public=st.booleans(),
    status=st.one_of(st.just(""), st.sampled_from(list(Status))),
    field=st.sampled_from(["", "vo", "subject"]),
    level=st.integers(0, 3),
    person=st.one_of(st.none(), persons),
)


def _groups(ticket: TicketFacts, entry: EntryFacts) -> dict[str, set[str]]:
    units = (ticket.unit, ticket.tpm, ticket.security)
    people = [
        ticket.submitter,
        *ticket.subscribers,
        *ticket.assigned,
        *ticket.involved,
        *ticket.admins,
        *(member for unit in units for member in unit.members),
        *([entry.person] if entry.person else []),
    ]
    return {
        "readers": {each.address for each in people if each.reads_internal}
        | {unit.mailing_list for unit in units if unit.list_is_closed},
        "csirt": {each.address for each in ticket.security.members},
        "fallback": {each.mailing_list for each in (ticket.security, ticket.tpm)}
        | {each.address for each in (*ticket.tpm.members, *ticket.admins)},
    }


@given(entries, tickets)
def test_whatever_the_ticket_no_internal_word_goes_astray(
    entry: EntryFacts, ticket: TicketFacts
) -> None:
    found = recipients(entry, ticket)
    groups = _groups(ticket, entry)
    seen = [each.address.casefold() for each in found]
    assert len(seen) == len(set(seen)), "one mail an address"
    assert all(each.address and each.reasons for each in found)
    for each in found:
        if each.may_read_internal:
            assert each.address in groups["readers"]
        if entry.kind in QUIET:
            raise AssertionError("quiet kinds are quiet")
        whys = {reason.why for reason in each.reasons}
        if not entry.is_public:
            assert not whys & {
                Why.SUBMITTER,
                Why.SHIFTER,
                Why.CC,
                Why.ON_BEHALF,
                Why.SUBSCRIBER,
            }
        if ticket.is_restricted:
            allowed = groups["csirt"] | {ticket.submitter.address}
            if not ticket.security.members:
                allowed |= groups["fallback"]
            assert each.address in allowed


def test_who_escalates_alone_on_shift_is_not_the_only_one_who_is_told() -> None:
    """TPM has nobody: the admins hear, or who else is on shift; not whoever escalates."""
    alone = replace(TICKET, tpm=Unit("TPM"), on_shift=(HELPER,))
    two = replace(alone, on_shift=(HELPER, TPM))
    for entry in (
        EntryFacts(Kind.ESCALATED, level=2, actor=HELPER),
        EntryFacts(STATUS, status=Status.REOPENED, actor=HELPER),
    ):
        assert "X" in heard(entry, alone).split()
        assert not {"X", "H"} & set(heard(entry, two).split())
        assert "T" in heard(entry, two).split()
