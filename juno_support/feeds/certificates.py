"""Client certificates that an admin entered on a page: checked there, kept in ``feeds.vault``, and
handed to the libraries that want files without ever lying on a disk.
"""

import os
import threading
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.utils.translation import gettext as _

from juno_support.errors import SupportError

SECRET = "certificate"  # noqa: S105 - the name under which it is kept


@dataclass(frozen=True)
class Facts:
    """Whose certificate it is (RFC 4514), and until when it is valid."""

    subject: str
    ends_at: datetime


def check(pem: str) -> Facts:
    """Look whether a text is a certificate with its key (PEM, the key without a passphrase).

    Further certificates after the first are the chain, as of an X.509 proxy (RFC 3820).

    :raises SupportError: with what is wrong
    """
    try:
        certificate = x509.load_pem_x509_certificates(pem.encode())[0]
    except (ValueError, IndexError):
        raise SupportError(
            _("There is no certificate in it."),
            _("Paste certificate and key as PEM: the lines from BEGIN to END of both."),
        ) from None
    try:
        key = load_pem_private_key(_key_of(pem), password=None)
    except TypeError:
        raise SupportError(
            _("Its key is locked with a passphrase."),
            _("Unlock it first: openssl pkey -in key.pem -out unlocked.pem"),
        ) from None
    except ValueError:
        raise SupportError(
            _("There is no private key in it."),
            _("Paste certificate and key as PEM: the lines from BEGIN to END of both."),
        ) from None
    kind = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*kind) != certificate.public_key().public_bytes(*kind):
        raise SupportError(
            _("The key is not that of the certificate."),
            _("Paste the first certificate's own key; a proxy brings its own."),
        )
    return Facts(certificate.subject.rfc4514_string(), certificate.not_valid_after_utc)


def _key_of(pem: str) -> bytes:
    """Return the part of a text that holds a private key, as it stands."""
    for part in pem.split("-----BEGIN ")[1:]:
        if part.partition("-----")[0].endswith("PRIVATE KEY"):
            return f"-----BEGIN {part}".encode()
    return b""


class _Files:
    """Files in memory, by what is in them: one a certificate as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: dict[str, int] = {}

    def path_of(self, pem: str) -> str:
        with self._lock:
            handle = self._handles.get(pem)
            if handle is None:
                handle = os.memfd_create("certificate", os.MFD_CLOEXEC)
                os.write(handle, pem.encode())
                self._handles[pem] = handle
        return f"/proc/self/fd/{handle}"


path_of = _Files().path_of
"""Return a path at which this process alone finds a certificate with its key."""
