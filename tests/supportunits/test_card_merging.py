"""Changes of older cards, made to what the card says now."""

from typing import Any

import pytest

from supportunits.card_merging import left_out, merged


def _contact(name: str, role: str = "VO EXPERT", **facts: Any) -> dict[str, Any]:
    return {"name": name, "role": role, "email": "", "phone": ""} | facts


ADA, BOB, EVE = _contact("Ada"), _contact("Bob"), _contact("Eve")
LIN = _contact("Lin", email="lin@b.c", phone="1")
LIU, NEW_PHONE = LIN | {"name": "Liu"}, {"phone": "2"}
VOMS, OTHER = {"hostname": "voms.org", "https_port": "8443"}, {"hostname": "other.org"}


@pytest.mark.parametrize(
    ("field", "old", "new", "now", "becomes"),
    [
        pytest.param("contacts", [ADA], [ADA, BOB], [ADA, EVE], [ADA, EVE, BOB], id="both add"),
        pytest.param("contacts", [ADA], [ADA, BOB], [ADA, BOB], [ADA, BOB], id="the same twice"),
        pytest.param("contacts", [ADA, BOB], [ADA], [ADA, BOB, EVE], [ADA, EVE], id="takes out"),
        pytest.param("contacts", [ADA, BOB], [ADA, BOB, EVE], [ADA], [ADA, EVE], id="gone stays"),
        pytest.param(
            "contacts",
            [ADA],
            [ADA | {"email": "a@b.c"}],
            [ADA | {"phone": "12"}, EVE],
            [ADA | {"email": "a@b.c", "phone": "12"}, EVE],
            id="each another fact of one person",
        ),
        pytest.param(
            "contacts", [LIN], [LIU], [LIN | NEW_PHONE, EVE], [LIU | NEW_PHONE, EVE], id="renames"
        ),
        pytest.param(
            "contacts", [LIN], [LIN | NEW_PHONE], [EVE, LIU], [EVE, LIU | NEW_PHONE], id="renamed"
        ),
        pytest.param(
            "contacts",
            [LIN],
            [LIN | {"email": "new@b.c"}],
            [LIU],
            [LIU | {"email": "new@b.c"}],
            id="renamed, and another address",
        ),
        pytest.param("contacts", [LIN, ADA], [ADA], [ADA, LIU], [ADA], id="takes out a renamed"),
        pytest.param("contacts", [LIN, ADA], [LIU, ADA], [ADA], [ADA], id="renames who is gone"),
        pytest.param(
            "contacts", [LIN, ADA], [LIN | NEW_PHONE, ADA], [ADA], [ADA], id="calls who is gone"
        ),
        pytest.param(
            "contacts",
            [LIN],
            [LIU, LIN | {"email": "other@b.c"}],
            [LIN | NEW_PHONE],
            [LIN | NEW_PHONE | {"email": "other@b.c"}, LIU],
            id="a name stays with its row",
        ),
        pytest.param(
            "voms_servers",
            [VOMS, OTHER],
            [VOMS | {"https_port": "443"}, OTHER],
            [OTHER],
            [OTHER],
            id="a server that is gone",
        ),
        pytest.param(
            "voms_servers",
            [VOMS],
            [VOMS | {"https_port": "443"}],
            [VOMS, OTHER],
            [VOMS | {"https_port": "443"}, OTHER],
            id="a server's port",
        ),
        pytest.param(
            "acknowledgements",
            [{"grant": ""}],
            [{"grant": ""}, {"grant": "", "text": "one"}],
            [{"grant": ""}, {"grant": "", "text": "two"}],
            [{"grant": ""}, {"grant": "", "text": "two"}, {"grant": "", "text": "one"}],
            id="rows without a name",
        ),
        pytest.param("middlewares", ["gLite"], [], ["gLite", "ARC"], ["ARC"], id="words"),
        pytest.param(
            "disciplines",
            [["A"]],
            [["A"], ["B"]],
            [["A"], ["C"]],
            [["A"], ["C"], ["B"]],
            id="paths",
        ),
        pytest.param(
            "resources",
            {"a": "1", "b": "2"},
            {"a": "5", "c": "3"},
            {"a": "1", "b": "2", "d": "4"},
            {"a": "5", "c": "3", "d": "4"},
            id="resources",
        ),
        pytest.param("description", "old", "mine", "theirs", "mine", id="a single value"),
        pytest.param("contacts", [ADA, BOB], [BOB, ADA], [ADA, BOB], [BOB, ADA], id="nothing new"),
    ],
)
def test_only_what_a_change_itself_changes_is_changed(
    field: str, old: Any, new: Any, now: Any, becomes: Any
) -> None:
    assert merged(field, old=old, new=new, now=now) == becomes


@pytest.mark.parametrize(
    ("field", "old", "new", "now", "names"),
    [
        ("contacts", [LIN, ADA], [LIU, ADA], [ADA], ["Lin"]),
        ("contacts", [LIN, ADA], [LIN, ADA | NEW_PHONE], [ADA], []),
        ("contacts", [LIN, ADA], [ADA], [ADA], []),
        ("contacts", [LIN], [LIU], [LIN], []),
        ("contacts", [LIN], [LIN, BOB], [], []),
        ("voms_servers", [VOMS], [VOMS | {"https_port": "443"}], [], ["voms.org"]),
        ("middlewares", ["gLite"], ["ARC"], [], []),
        ("acknowledgements", [{"grant": ""}], [{"grant": "1"}], [], []),
        ("description", "old", "mine", "theirs", []),
    ],
)
def test_who_was_taken_out_meanwhile_is_named(
    field: str, old: Any, new: Any, now: Any, names: list[str]
) -> None:
    assert left_out(field, old=old, new=new, now=now) == names
