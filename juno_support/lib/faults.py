"""What goes wrong when other people's programs are asked something; no network, no database."""

# Enough of an answer that failed to see what it was.
KEPT_BYTES = 8_000


class FetchFault(Exception):
    """A question to an outside program that brought no usable answer.

    ``permanent`` says whether asking again later, with nothing changed by a person, can help.
    ``status`` is the HTTP status where there was one, ``body_start`` the first bytes of the answer.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        status: int | None = None,
        body_start: bytes = b"",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.status = status
        self.body_start = body_start[:KEPT_BYTES]


class ServiceUnavailable(FetchFault):
    """The program cannot be reached, did not answer in time, or says that it is ill. Try later."""


class CredentialRefused(ServiceUnavailable):
    """The program wants another certificate, key or token. A person must change it first."""

    def __init__(self, reason: str, *, status: int | None = None, body_start: bytes = b"") -> None:
        super().__init__(reason, permanent=True, status=status, body_start=body_start)


class AnswerNotUnderstood(FetchFault):
    """An answer came, but not one that the protocol promises. Keep it and tell a person."""
