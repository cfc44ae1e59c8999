"""The root of every mistake that a person can make and should be told about."""


class SupportError(Exception):
    """Something that cannot be done, in words for the person who asked for it.

    ``is_refusal`` tells errors that say "not you" from those that say "not so".

    :param message: what happened, a full sentence.
    :param next_step: what the person can do now, a full sentence or empty.
    """

    is_refusal = False

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class NotAcceptable(SupportError):
    """What was written cannot be taken; ``field`` names where, empty: as a whole."""

    def __init__(self, field: str, message: str, next_step: str = "") -> None:
        super().__init__(message, next_step)
        self.field = field
