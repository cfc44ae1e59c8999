"""Whether rules fit: words as the search knows them, every condition, and what leaves nothing."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from juno_support.lib import words
from tests.make import (
    make_issue_type,
    make_operations_centre,
    make_service,
    make_site,
    make_unit,
    make_vo,
)
from tests.tickets.make import make_ticket
from tickets.routing.matching import Terms, fits, fits_words, is_too_short, leaves_nothing
from tickets.routing.seen import see

# A busy machine draws slowly; that is no fault of what is drawn.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.lists(
    st.text("abcXYZéøß12 -.作业失败磁带", min_size=1, max_size=12), min_size=1, max_size=4
)
TEXTS = st.text("abcXYZéøß12 -.\n作业失败磁带", max_size=60)


def _fits(wanted, text, *, all_words=False):
    terms = Terms(phrases=tuple(words.phrase(each) for each in wanted), all_words=all_words)
    return fits_words(terms, words.padded(text))


@pytest.mark.parametrize(
    ("wanted", "text", "found"),
    [
        ("tape", "The TAPE is stuck", True),
        ("tape", "tapes and taped", False),  # whole words
        ("recall failed", "a Recall  failed.", True),
        ("recall failed", "failed recall", False),
        ("mueller", "Mueller", True),
        ("muller", "Müller", True),  # accents do not matter
        ("ce01.ihep.ac.cn", "at ce01.ihep.ac.cn:8443", True),
        ("ihep.ac.cn", "at ce01.ihep.ac.cn:8443", True),
        ("磁带", "从磁带读取失败", True),
        ("磁带读取", "从磁带读取失败", True),
        ("磁带失败", "从磁带读取失败", False),
        ("带", "磁带", True),
        ("ce 作业", "CE作业失败", True),
        ("テープ", "テープから読めない", True),
        ("", "anything", False),
    ],
)
def test_words_and_phrases(wanted, text, found):
    assert words.holds(words.padded(text), words.phrase(wanted)) == found


@patient
@given(TEXTS, TEXTS, TEXTS)
def test_a_phrase_is_found_wherever_it_stands_whatever_its_case(before, wanted, after):
    assume(words.phrase(wanted))

    assert _fits([wanted], f"{before} {wanted} {after}")
    assert _fits([wanted.upper()], f"{before} {wanted.lower()} {after}")


@patient
@given(WORDS, TEXTS)
def test_all_is_every_one_and_any_is_one(wanted, text):
    each = [_fits([word], text) for word in wanted]

    assert _fits(wanted, text) == any(each)
    assert _fits(wanted, text, all_words=True) == all(each)


@patient
@given(st.text("abc 12", min_size=1, max_size=8), st.text("abc 12", max_size=30))
def test_a_phrase_is_a_run_of_whole_words(wanted, text):
    looked_for, there = wanted.split(), text.split()
    assume(looked_for)
    runs = (there[i : i + len(looked_for)] for i in range(len(there)))

    assert _fits([wanted], text) == (looked_for in runs)


PHRASES = [words.phrase(each) for each in ("tape", "tape library", "ce", "磁带", "磁带库", "带")]
TOLD = ["tape", "library", "ce", "磁带", "磁带库", "x"]
TERMS = st.builds(
    Terms,
    vo=st.sampled_from([None, 1, 2]),
    ticket_type=st.sampled_from(["", "USER"]),
    phrases=st.lists(
        st.sampled_from(PHRASES),
        max_size=3,
    ).map(tuple),
    all_words=st.booleans(),
)  # fmt: skip


@patient
@given(
    TERMS,
    TERMS,
    st.sampled_from([None, 1, 2]),
    st.sampled_from(["USER", "TEAM"]),
    st.lists(st.sampled_from(TOLD), max_size=5),
)
def test_what_leaves_nothing_really_leaves_nothing(first, second, vo, kind, text):
    """Where the first rule is said to take everything, no ticket fits only the second."""
    from tickets.routing.seen import Seen

    seen = Seen(1, kind, 1, vo_id=vo, padded=words.padded(" ".join(text)))
    if leaves_nothing(first, second) and fits(second, seen):
        assert fits(first, seen)


@patient
@given(TERMS)
def test_a_rule_leaves_nothing_to_itself(terms):
    assert leaves_nothing(terms, terms)


@pytest.mark.parametrize(
    ("word", "too_short"),
    [
        *((word, True) for word in ("a", "1", "带", "...", "")),
        *((word, False) for word in ("CE", "磁带", "tape")),
    ],
)
def test_what_says_too_little(word, too_short):
    assert is_too_short(word) == too_short


def test_every_condition_counts(cast):
    centre = make_operations_centre(name="NGI_IT")
    site = make_site(name="INFN-T1", operations_centre=centre)
    service = make_service(site=site, service_type="SRM")
    kind = make_issue_type(vo=cast.juno, name="Storage")
    ticket = make_ticket(
        by=cast.ada,
        vo=cast.juno,
        affected_sites=[site],
        affected_services=[service],
        issue_type=kind,
        subject="Tape is stuck",
    )
    seen = see([ticket])[0]
    terms = Terms(
        vo=cast.juno.pk,
        ticket_type="USER",
        site=site.pk,
        centre=centre.pk,
        service_type="SRM",
        issue_type=kind.pk,
        phrases=(words.phrase("tape"),),
    )

    assert fits(terms, seen)
    for wrong in (
        {"vo": make_vo(name="other").pk},
        {"ticket_type": "TEAM"},
        {"site": cast.in2p3.pk},
        {"centre": cast.in2p3.operations_centre_id},
        {"service_type": "VOMS"},
        {"issue_type": kind.pk + 1},
        {"phrases": (words.phrase("disk"),)},
    ):
        assert not fits(replace(terms, **wrong), seen), wrong


def test_a_security_ticket_is_never_looked_at(cast):
    kind = make_issue_type(name="Break-in", is_security=True)
    make_unit(kind="SECURITY", members=(cast.boris,))
    hidden = make_ticket(by=cast.ada, issue_type=kind)

    with pytest.raises(ValueError, match="restricted"):
        see([hidden])
