"""The worker's rounds over tickets: one at a time, whoever runs them."""

from collections.abc import Callable

import pytest

from tests.beside import held
from tickets import tasks


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("task", "name", "round_"),
    [
        (tasks.refresh_contexts, "round of contexts", "tickets.tasks.watch.refresh_contexts"),
        (tasks.refresh_proposals, "round of proposals", "tickets.tasks.refresh.refresh_proposals"),
    ],
)
def test_a_round_that_takes_long_is_not_run_twice_at_once(
    task: Callable[[], None], name: str, round_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock starts one each half minute; threads would all begin the same work."""
    rounds: list[object] = []
    monkeypatch.setattr(round_, lambda *, at: rounds.append(at))

    with held(name):
        task()
    assert rounds == []

    task()
    assert len(rounds) == 1
