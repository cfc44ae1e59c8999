"""All addresses of the portal, as the rules walk them."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def all_views() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Yield (route, name, view) of every address."""
    yield from _walk(get_resolver().url_patterns, "/")


def _walk(
    patterns: list[URLPattern | URLResolver], prefix: str
) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern.name or "", pattern.callback


def is_foreign(view: Callable[..., Any]) -> bool:
    """Return whether the view is a library's, which declares its access in its own way."""
    return view.__module__.split(".")[0] in {"allauth", "rest_framework"} or hasattr(
        view, "view_class"
    )
