"""Two weeks of tickets."""

from datetime import datetime

from juno_support.accounts.models import User


def tell_story(*, people: dict[str, User], at: datetime) -> int:
    """Tell the story; return how many tickets it has."""
    return 0
