"""What is in force for a source: the environment's values win over those of its row."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from juno_support.feeds.models import Source
from juno_support.feeds.registry import SOURCES, SourceKind, find_kind


@dataclass(frozen=True)
class Configuration:
    """The values in force for one source.

    ``from_environment`` names those that the environment sets and that a page therefore cannot
    change: ``url``, ``interval``. Certificate, key and CA bundle are paths of files on the
    server and come from the environment only.
    """

    kind: SourceKind
    url: str
    interval: timedelta
    is_enabled: bool
    certificate: str = ""
    key: str = ""
    ca_bundle: str = ""
    from_environment: frozenset[str] = frozenset()

    @property
    def is_complete(self) -> bool:
        """Say whether there is an address to ask."""
        return bool(self.url)

    def fingerprint(self) -> str:
        """Return a digest of the credential and of where it is shown; empty without one."""
        if not self.certificate:
            return ""
        digest = hashlib.sha256(self.url.encode())
        for path in (self.certificate, self.key):
            digest.update(path.encode())
            try:
                digest.update(Path(path).read_bytes() if path else b"")
            except OSError:
                digest.update(b"unreadable")
        return digest.hexdigest()


def ensure_source(kind: SourceKind) -> Source:
    """Return the source's row; made with its defaults when it is asked for the first time."""
    source, _made = Source.objects.get_or_create(
        name=kind.name, defaults={"interval": kind.interval}
    )
    return source


def all_sources() -> list[tuple[SourceKind, Source]]:
    """Return every source that we can poll, in the order of the registry; one query."""
    rows = {row.name: row for row in Source.objects.all()}
    return [(kind, rows.get(kind.name) or ensure_source(kind)) for kind in SOURCES]


def configuration_of(source: Source, kind: SourceKind | None = None) -> Configuration:
    """Put together what is in force for a source."""
    kind = kind or find_kind(source.name)
    url = getattr(settings, f"{kind.settings}_URL", "")
    seconds = getattr(settings, kind.interval_setting, 0)
    from_environment = {name for name, value in (("url", url), ("interval", seconds)) if value}
    return Configuration(
        kind=kind,
        url=(url or source.url).rstrip("/"),
        interval=timedelta(seconds=seconds) if seconds else source.interval,
        is_enabled=source.is_enabled,
        certificate=getattr(settings, f"{kind.settings}_CERT", ""),
        key=getattr(settings, f"{kind.settings}_KEY", ""),
        ca_bundle=getattr(settings, f"{kind.settings}_CA_BUNDLE", ""),
        from_environment=frozenset(from_environment),
    )
