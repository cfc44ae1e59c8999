"""Structured logs: one JSON object a line, with the request's or task's id and the person's."""

import logging
import re
from typing import Any

import structlog

# Who has one of these addresses is let in: it must not stand in a log that others read.
_ONE_TIME = re.compile(r"(/accounts/(?:admin-link|confirm-email|password/reset/key)/)[^/?\s]+")


def hide_one_time_links(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Take the keys of one-time links out of the addresses of requests."""
    for name in ("request", "event"):
        if isinstance(event.get(name), str):
            event[name] = _ONE_TIME.sub(r"\1…", event[name])
    return event


_SHARED = [
    structlog.contextvars.merge_contextvars,
    hide_one_time_links,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

structlog.configure(
    processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],  # type: ignore[list-item]
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


def json_formatter() -> logging.Formatter:
    """Return the formatter for Django's LOGGING; it also renders what other libraries log."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,  # type: ignore[arg-type]
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
