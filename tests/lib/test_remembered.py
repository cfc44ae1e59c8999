"""What a process remembers for a while."""

from datetime import datetime, timedelta

from juno_support.lib.remembered import Remembered
from tests.make import AT


def test_it_is_asked_again_after_a_while_and_when_told_to() -> None:
    asked: list[datetime] = []
    known = Remembered(lambda moment: asked.append(moment) or len(asked), timedelta(seconds=5))

    def answers(*seconds: int) -> list[int]:
        return [known.at(AT + timedelta(seconds=each)) for each in seconds]

    assert answers(0, 4, 5, 9) == [1, 1, 2, 2]
    assert answers(4) == [3], "the clock was moved back"
    known.forget()
    assert answers(4, 4) == [4, 4]
