"""What templates know of the demo."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from juno_support.demo.people import CHARACTERS, PASSWORD, Character

# Those with whom a visitor begins: each another role.
_FIRST = ("ada", "carla", "boris", "giulia", "jun", "sven", "dmitri", "eve")


@dataclass(frozen=True)
class DemoAccount:
    """An account as the sign-in page shows it."""

    username: str
    name: str
    roles: str


class DemoAccounts:
    """The accounts of the demo world, as ``demo_accounts`` in templates."""

    password = PASSWORD

    @property
    def first(self) -> list[DemoAccount]:
        """Return one account for each role."""
        by_name = {one.username: one for one in CHARACTERS}
        return [_shown(by_name[name]) for name in _FIRST]

    @property
    def others(self) -> list[DemoAccount]:
        """Return the rest."""
        return [_shown(one) for one in CHARACTERS if one.username not in _FIRST]


def demo(request: HttpRequest) -> dict[str, Any]:
    """Return the demo's accounts where there is a demo (a context processor)."""
    return {"demo_accounts": DemoAccounts()} if settings.JUNO_DEMO else {}


def _shown(one: Character) -> DemoAccount:
    return DemoAccount(one.username, one.name, ", ".join(one.roles))
