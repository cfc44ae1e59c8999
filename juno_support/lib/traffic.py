"""What went over the wire while a source was polled, for the record of the poll."""

import hashlib
from dataclasses import dataclass, field

from juno_support.lib import http


@dataclass
class Tally:
    """What was asked and read so far."""

    urls: list[str] = field(default_factory=list)
    size: int = 0
    status: int | None = None
    clock_skew: float | None = None
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, answer: http.Answer) -> None:
        """Count one answer."""
        self.urls.append(answer.url)
        self.size += len(answer.body)
        # What is not there is asked for elsewhere: a poll that went well shows what came.
        if self.status is None or answer.status < 400:
            self.status = answer.status
        if self.clock_skew is None:
            self.clock_skew = answer.clock_skew
        self._digest.update(answer.body)

    @property
    def sha256(self) -> str:
        """Return the digest of everything that was read, in order."""
        return self._digest.hexdigest()
