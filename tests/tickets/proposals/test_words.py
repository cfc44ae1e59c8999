"""The words of a ticket that is filed for a proposal."""

import pytest

from juno_support.lib import markdown
from tests.make import AT, make_service
from tests.tickets.proposals.make import MINUTE, polled, state
from tickets.models import Priority, Proposal
from tickets.proposals import words
from tickets.proposals.refresh import refresh_proposals

pytestmark = pytest.mark.django_db


def proposed(cast, *things, **site):
    polled("argo")
    polled("dirac-https")
    for thing in things:
        state(cast.in2p3, since=AT - 60 * MINUTE, **thing)
    if site:
        state(cast.in2p3, since=AT - 60 * MINUTE, **site)
    refresh_proposals(at=AT)
    return Proposal.objects.select_related("site").get()


def test_the_subject_says_what_is_bad_where(cast):
    assert words.subject(proposed(cast, status="down")) == "IN2P3-CC is down (ARGO)"


def test_one_service_is_named(cast):
    proposal = proposed(cast, {"thing": "se01.example.org SRM"})

    assert words.subject(proposal) == "se01.example.org SRM is critical at IN2P3-CC"


def test_several_services_are_counted(cast):
    things = [{"thing": f"se{number}.example.org SRM"} for number in range(12)]

    assert words.subject(proposed(cast, *things)) == "12 services are critical at IN2P3-CC"


def test_the_text_holds_the_evidence_line_by_line(cast):
    proposal = proposed(
        cast,
        {
            "thing": "se01.example.org SRM",
            "summary": "put failed",
            "evidence_url": "https://argo.example.org/x",
        },
        status="down",
        source="dirac-https",
        metric="rss",
        raw_status="Banned",
    )

    text = words.description(proposal)

    assert "IN2P3-CC is bad since 2026-01-12 07:30 UTC" in text
    assert "- DIRAC: `IN2P3-CC` **down** since 2026-01-12 07:30 UTC (`Banned`)" in text
    assert (
        "- ARGO: `se01.example.org SRM` **critical** since 2026-01-12 07:30 UTC: `put failed`"
        in text
    )
    assert "argo.example.org" not in text
    assert words.prefilled(proposal)["related_urls"] == "https://argo.example.org/x"


def test_long_evidence_is_cut_and_says_so(cast):
    things = [{"thing": f"se{number:02}.example.org SRM"} for number in range(50)]

    text = words.description(proposed(cast, *things))

    assert text.count("- ARGO") == words.MOST_LINES
    assert text.endswith(f"- and {50 - words.MOST_LINES} more")


def test_words_of_a_source_are_never_markup(cast):
    hostile = "`x` **y** <script>alert(1)</script> [a](javascript:b) \u202egnp"
    proposal = proposed(
        cast,
        {
            "thing": "se01.example.org `SRM`",
            "summary": hostile,
            "evidence_url": "https://e.org/> <b>",
        },
    )

    text = words.description(proposal)
    html = markdown.render(text)

    assert "<script" not in html
    assert "javascript:" not in html.replace("[a](javascript:b)", "")
    assert "<b>" not in html
    assert "<strong>y" not in html
    assert "\u202e" not in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://e.org/" + "x" * 500, "x"])
def test_an_address_that_is_no_page_is_left_out(cast, address):
    proposal = proposed(cast, status="down", evidence_url=address)

    assert address not in words.description(proposal)
    assert words.prefilled(proposal)["related_urls"] == ""


def test_the_form_begins_with_what_is_known(cast):
    service = make_service(site=cast.in2p3, hostname="se01.example.org")
    gone = make_service(site=cast.in2p3, hostname="se02.example.org", gone_at=AT)
    proposal = proposed(
        cast,
        {"thing": "se01.example.org SRM", "service": service},
        {"thing": "se02.example.org SRM", "service": gone},
    )

    found = words.prefilled(proposal)

    assert found["services"] == [service.pk]
    assert found["problem_at"] == AT - 60 * MINUTE
    assert (found["sites"], found["vo"]) == ("IN2P3-CC", cast.juno.pk)
    assert found["priority"] == Priority.URGENT
    assert found["proposal"] == proposal.pk
