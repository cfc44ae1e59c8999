"""The frame of every page: the navigation by role, and nothing inline."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.cast import Roles

HELPERS = {
    "supporter",
    "supporter of another unit",
    "unit manager",
    "TPM operator",
    "CSIRT",
    "admin",
}
WHO_SEES = {
    "Queue": HELPERS,
    "TPM desk": {"TPM operator"},
    "Proposals": {"VO shifter", "TPM operator"},
    "Sources": HELPERS,
    "Shifts": HELPERS | {"VO shifter", "VO manager"},
}
SIGNED_IN = HELPERS | {
    "nobody",
    "submitter",
    "VO member",
    "VO shifter",
    "alarmer",
    "member of another VO",
    "VO manager",
}


def _nav(page: str) -> set[str]:
    nav = page.partition('<ul class="nav-links">')[2].partition("</ul>")[0]
    return set(re.findall(r">([^<>]+)</a>", nav))


@pytest.mark.parametrize("role", sorted(SIGNED_IN | {"anonymous", "left"}))
def test_the_navigation_names_what_the_role_may_open(
    roles: Roles, client_of: Callable[..., Client], role: str
) -> None:
    links = _nav(client_of(roles[role]).get("/").content.decode())
    expected = {"Sites"}
    if role in SIGNED_IN:
        expected |= {"Units", "VOs"}
        expected |= {label for label, who in WHO_SEES.items() if role in who}
        if role not in HELPERS:
            expected.add("My tickets")
    assert links == expected


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/accounts/signup/", "/no/such/"])
@pytest.mark.django_db
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client: Client, address: str) -> None:
    answer = client.get(address)
    page = answer.content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert not re.search(r"\sstyle\s*=", page)
    assert not re.search(r"\son[a-z]+\s*=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
