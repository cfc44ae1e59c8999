"""Addresses that a server hands out, turned into addresses on the host that we were told to ask."""

from urllib.parse import urlsplit, urlunsplit


def on_our_host(base_url: str, named: str) -> str:
    """Return the full address of something that a server named, on the host of ``base_url``.

    Of what the server says only path and query count, so that no answer can send us elsewhere.
    Where it lies behind a proxy under a longer path (``/NAME/esmond/perfsonar/…``) and does not
    know it, the beginning of that path is put before.
    """
    base, there = urlsplit(base_url), urlsplit(named)
    path = "/" + there.path.lstrip("/")
    return urlunsplit(
        (base.scheme, base.netloc, _hidden_prefix(base.path, path) + path, there.query, "")
    )


def _hidden_prefix(base_path: str, path: str) -> str:
    """Return what a proxy puts before the paths that the server knows; mostly nothing."""
    base_path = base_path.rstrip("/")
    if path == base_path or path.startswith(f"{base_path}/"):
        return ""
    parts = base_path.strip("/").split("/")
    for length in range(1, len(parts)):
        known = "/" + "/".join(parts[length:])
        if path.startswith(f"{known}/"):
            return "/" + "/".join(parts[:length])
    return ""
