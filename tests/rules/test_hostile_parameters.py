"""Parameters that no form reads: hostile values are never a server error on any address."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.rules.addresses import all_views, is_foreign

HOSTILE = [
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "'\"--",
    "9" * 400,
    "../" * 20,
    "%00%ff",
    "\u202e",
    "-1",
    "[]",
    "{{7*7}}",
]
PARAMETERS = (
    "q",
    "after",
    "before",
    "list",
    "ticket",
    "done",
    "name",
    "state",
    "site",
    "sites",
    "page",
    "place",
    "address",
    "kind",
    "unit_name",
    "vo",
    "from",
    "next",
    "number",
)


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_no_parameter_breaks_a_page(roles, value):
    client = Client(raise_request_exception=False)
    client.force_login(roles["admin"], backend="django.contrib.auth.backends.ModelBackend")
    operator = Client(raise_request_exception=False)
    operator.force_login(roles["TPM operator"], backend="django.contrib.auth.backends.ModelBackend")
    broken = []
    for route, name, view in all_views():
        if is_foreign(view) or "<" in route or name in ("metrics", "readyz"):
            continue
        for each in (client, operator):
            for method in ("get", "post"):
                answer = getattr(each, method)(route, dict.fromkeys(PARAMETERS, value))
                if answer.status_code >= 500:
                    broken.append(f"{method} {route} ({name}): {answer.status_code}")
    assert not broken, "\n".join(sorted(set(broken)))


def test_hostile_names_in_addresses(roles):
    client = Client(raise_request_exception=False)
    client.force_login(roles["admin"], backend="django.contrib.auth.backends.ModelBackend")
    for name in ("sites:site", "units:unit", "vos:vo", "people:person"):
        for value in ("\x00", "'", "a" * 2000, "\u202e", "..", "%2e%2e"):
            assert client.get(reverse(name, args=[value])).status_code in (400, 404), (name, value)
    assert client.get("/tickets/99999999999999999999999/").status_code == 404
