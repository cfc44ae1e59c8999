"""No answer can send us to another host."""

import pytest

from monitoring.clients.addresses import on_our_host
from monitoring.clients.maddash import encode

ARCHIVE = "https://ps.example.org:8443/esmond/perfsonar/archive"
BEHIND = "https://proxy.example.org/perfsonar/esmond/perfsonar/archive"


@pytest.mark.parametrize(
    ("base", "named", "address"),
    [
        (ARCHIVE, "/esmond/perfsonar/archive/a/base", f"{ARCHIVE}/a/base"),
        (ARCHIVE, "https://evil.example.net/esmond/perfsonar/archive/a", f"{ARCHIVE}/a"),
        (ARCHIVE, "//evil.example.net/a", "https://ps.example.org:8443/a"),
        (ARCHIVE, "file:///etc/passwd", "https://ps.example.org:8443/etc/passwd"),
        (ARCHIVE, "/elsewhere/a?b=c#d", "https://ps.example.org:8443/elsewhere/a?b=c"),
        (BEHIND, "/esmond/perfsonar/archive/a/base/0", f"{BEHIND}/a/base/0"),
        (BEHIND, "/perfsonar/esmond/perfsonar/archive/a", f"{BEHIND}/a"),
        ("https://ps.example.org", "/a", "https://ps.example.org/a"),
    ],
)
def test_of_a_named_address_only_path_and_query_count(base: str, named: str, address: str) -> None:
    assert on_our_host(base, named) == address


def test_names_are_encoded_as_maddash_decodes_them() -> None:
    assert encode("JUNO mesh - loss") == "JUNO+mesh+-+loss"
    assert encode("loss + delay 50%/h") == "loss+%252B+delay+50%2525%252Fh"
    assert encode("é") == "%C3%A9"
