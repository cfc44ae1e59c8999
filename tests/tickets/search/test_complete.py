"""Completion: what is offered where, and to whom."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tests.cast import Roles
from tests.tickets.search.test_grammar import lines
from tickets.search.complete import complete
from tickets.search.grammar import FIELDS, parse

pytestmark = pytest.mark.django_db


def offers(line: str, roles: Roles, role: str = "supporter") -> list[str]:
    return [offer.applied(line) for offer in complete(line, user=roles[role])]


def test_fields(roles: Roles) -> None:
    assert len(offers("", roles)) == len(FIELDS)
    assert offers("st", roles) == ["status:"]
    assert offers("words -si", roles) == ["words -site:"]


def test_values(roles: Roles) -> None:
    assert offers("status:as", roles) == ["status:assigned "]
    assert offers("priority>=ver", roles) == ["priority>=very-urgent "]
    assert offers("status:new,clo", roles) == ["status:new,closed "]
    assert "is:unread " in offers("is:", roles)
    assert "updated:<2d " in offers("updated:", roles)
    assert offers("status:solved ", roles)[0] == "status:solved site:"


def test_names(roles: Roles) -> None:
    make.make_site(name="INFN-T1")
    make.make_unit(name="Data centre")
    assert offers("site:in", roles)[:2] == ["site:IN2P3-CC ", "site:INFN-T1 "]
    assert offers("site:INFNT", roles) == ["site:INFN-T1 "]
    assert offers("x unit:data", roles) == ['x unit:"Data centre" ']
    assert offers('unit:"data c', roles)[0].startswith("unit:")
    assert offers("vo:ju", roles) == ["vo:juno "]
    assert offers("assigned:", roles)[:2] == ["assigned:me ", "assigned:nobody "]


def test_in_the_middle(roles: Roles) -> None:
    line = "status:as site:x"
    (offer,) = complete(line, len("status:as"), user=roles["supporter"])
    assert offer.applied(line) == "status:assigned  site:x"


def test_people_are_offered_to_supporters_only(roles: Roles) -> None:
    assert "submitter:alarmer " in offers("submitter:al", roles)
    for role in ("submitter", "VO member", "nobody"):
        assert offers("submitter:", roles, role) == ["submitter:me "]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(line=lines, place=st.integers(-5, 120))
def test_any_line_at_any_place(roles: Roles, line: str, place: int) -> None:
    for offer in complete(line, place, user=roles["supporter"]):
        assert 0 <= offer.start <= offer.end <= max(len(line), 0)
        parse(offer.applied(line))
