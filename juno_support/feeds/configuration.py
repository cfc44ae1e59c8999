"""What is in force for a source: the environment's values win over those of its row."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from juno_support.feeds import certificates, vault
from juno_support.feeds.models import Source
from juno_support.feeds.registry import (
    PUSHED,
    SOURCES,
    Option,
    OptionValue,
    SourceKind,
    find_kind,
)
from juno_support.lib.http import Certificate


@dataclass(frozen=True)
class Configuration:
    """The values in force for one source.

    ``from_environment`` names those that the environment sets and that a page therefore cannot
    change: ``url``, ``interval``, ``certificate``, and options. Certificate, key and CA bundle are
    paths of files on the server and come from the environment; a certificate that was entered on a
    page, and other secrets, are read when they are needed. ``options`` holds every other option.
    """

    kind: SourceKind
    url: str
    interval: timedelta
    is_enabled: bool
    certificate: str = ""
    key: str = ""
    ca_bundle: str = ""
    from_environment: frozenset[str] = frozenset()
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Say whether there is an address to ask, or nobody has to be asked."""
        return bool(self.url) or self.kind.is_pushed

    @property
    def client_certificate(self) -> Certificate | None:
        """Return the certificate to show: the environment's, else the one that was entered."""
        if self.certificate:
            return Certificate(self.certificate, self.key or None)
        entered = vault.read(self.kind.name, certificates.SECRET)
        return Certificate(certificates.path_of(entered)) if entered else None

    def option(self, name: str) -> Any:
        """Return an option's value, of the type of its default.

        :raises KeyError: when the kind has no such option
        """
        return self.options[name]

    def secret(self, name: str) -> str:
        """Return a secret option: the environment's, else the one that was entered, else empty."""
        given = getattr(settings, f"{self.kind.settings}_{name.upper()}", "")
        return str(given) or vault.read(self.kind.name, name)

    def fingerprint(self) -> str:
        """Return a digest of the credentials and of where they are shown.

        Empty where the source takes no secret and there is no certificate: nothing that a person
        could change was refused then, and asking goes on.
        """
        secrets = [self.secret(option.name) for option in self.kind.options if option.is_secret]
        secrets += [vault.read(self.kind.name, name) for name in self.kind.keeps]
        if entered := vault.read(self.kind.name, certificates.SECRET):
            secrets.append(entered)
        if not self.certificate and not secrets:
            return ""
        digest = hashlib.sha256(self.url.encode())
        for secret in secrets:
            digest.update(hashlib.sha256(secret.encode()).digest())
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


def all_sources(among: Iterable[Source] | None = None) -> list[tuple[SourceKind, Source]]:
    """Return every source in the order of the registry, then those that push; one query.

    A source that nobody asked for yet has a row that is not saved.

    :param among: the rows with what else the caller wants to know of each
    """
    rows = {row.name: row for row in (Source.objects.all() if among is None else among)}
    polled = [
        (kind, rows.get(kind.name) or Source(name=kind.name, interval=kind.interval))
        for kind in SOURCES
    ]
    pushed = sorted(name for name in rows if name.startswith(PUSHED))
    return [*polled, *((find_kind(name), rows[name]) for name in pushed)]


def configuration_for(kind: SourceKind) -> Configuration:
    """Return what is in force for a source, asked for before or not; writes nothing."""
    row = Source.objects.filter(name=kind.name).first()
    return configuration_of(row or Source(name=kind.name, interval=kind.interval), kind)


def configuration_of(source: Source, kind: SourceKind | None = None) -> Configuration:
    """Put together what is in force for a source."""
    kind = kind or find_kind(source.name)
    url = getattr(settings, f"{kind.settings}_URL", "")
    seconds = getattr(settings, kind.interval_setting, 0)
    certificate = getattr(settings, f"{kind.settings}_CERT", "")
    given_values = (("url", url), ("interval", seconds), (certificates.SECRET, certificate))
    from_environment = {name for name, value in given_values if value}
    options: dict[str, OptionValue] = {}
    for option in kind.options:
        given = getattr(settings, f"{kind.settings}_{option.name.upper()}", "")
        if given:
            from_environment.add(option.name)
        if not option.is_secret:
            options[option.name] = _typed(option, given or source.config.get(option.name))
    return Configuration(
        kind=kind,
        url=(url or source.url).rstrip("/"),
        interval=timedelta(seconds=seconds) if seconds else source.interval,
        is_enabled=source.is_enabled,
        certificate=certificate,
        key=getattr(settings, f"{kind.settings}_KEY", ""),
        ca_bundle=getattr(settings, f"{kind.settings}_CA_BUNDLE", ""),
        from_environment=frozenset(from_environment),
        options=options,
    )


def _typed(option: Option, given: Any) -> OptionValue:
    """Return a value in the type of the option's default; the default where it cannot be one."""
    try:
        return option.typed(given)
    except (TypeError, ValueError):
        return option.default
