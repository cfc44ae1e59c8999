"""What programs send: JSON, of a bounded size."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from juno_support.api.problems import Problem
from juno_support.lib.faults import AnswerNotUnderstood
from juno_support.lib.json_document import read_json

MOST_BYTES = 1024 * 1024


class BoundedJSON(BaseParser):
    """Reads a JSON document of at most 1 MiB, and keeps its bytes beside its value."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return ``{"value": …, "bytes": …}``.

        :raises Problem: when the body is too large, or no JSON
        """
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise Problem(
                413, f"At most {MOST_BYTES:,} bytes are taken at a time; send it in parts."
            )
        try:
            return {"value": read_json(body), "bytes": body}
        except AnswerNotUnderstood as fault:
            raise Problem(400, fault.reason.replace("The answer", "The body")) from fault
