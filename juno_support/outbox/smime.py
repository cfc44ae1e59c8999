"""Sign mails by S/MIME, where the portal has a certificate (RFC 8551: multipart/signed).

``JUNO_SMIME_CERT`` names a PEM file with the certificate, and after it those of its issuers if
readers need them; ``JUNO_SMIME_KEY`` its key, without a password. A certificate that is broken or
past its end signs nothing: the mail leaves all the same, and says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email import generator
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.text import MIMEText
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from django.conf import settings
from django.core.mail import EmailMessage, SafeMIMEMultipart
from django.utils.translation import gettext as _

from juno_support.lib import display

# So long before its end an admin is told, so that a new one can be had.
SOON = timedelta(days=30)


@dataclass(frozen=True)
class Signer:
    """A certificate with its key, and those of its issuers."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    issuers: tuple[x509.Certificate, ...]


@dataclass(frozen=True)
class Standing:
    """How signing stands at a moment.

    :ivar is_set: whether a certificate is set at all
    :ivar problem: why nothing is signed, in words; empty where it works, or nothing is set
    :ivar warning: what an admin should do soon, in words
    """

    is_set: bool
    signer: Signer | None = None
    problem: str = ""
    warning: str = ""


def standing(at: datetime) -> Standing:
    """Return how signing stands at a moment; reads the two files."""
    certificate, key = settings.JUNO_SMIME_CERT, settings.JUNO_SMIME_KEY
    if not certificate and not key:
        return Standing(is_set=False)
    if not certificate or not key:
        return Standing(is_set=True, problem=_("A certificate and its key belong together."))
    try:
        signer = _load(certificate, key)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        words = _("The certificate or its key cannot be read: %(error)s.")
        return Standing(is_set=True, problem=words % {"error": str(said).rstrip(".")[:200]})
    begins = signer.certificate.not_valid_before_utc
    ends = signer.certificate.not_valid_after_utc
    if at < begins:
        words = _("The certificate is valid from %(moment)s on.")
        return Standing(is_set=True, problem=words % {"moment": display.utc_text(begins)})
    if at >= ends:
        words = _("The certificate ended on %(moment)s.")
        return Standing(is_set=True, problem=words % {"moment": display.utc_text(ends)})
    warning = ""
    if ends - at < SOON:
        words = _("The certificate ends on %(moment)s.")
        warning = words % {"moment": display.utc_text(ends)}
    return Standing(is_set=True, signer=signer, warning=warning)


class SignedMessage(EmailMessage):
    """A mail of plain text that leaves as multipart/signed."""

    def __init__(self, *args: Any, signer: Signer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._signer = signer

    def message(self) -> SafeMIMEMultipart:  # type: ignore[override]
        """Return the message: the text as it is signed, and the signature beside it."""
        plain = super().message()
        # base64 keeps every byte as it is on all ways; 8bit would be converted by some server.
        inner = MIMEText(str(self.body), "plain", "utf-8")
        signed = SafeMIMEMultipart(
            "signed",
            encoding="utf-8",
            protocol="application/pkcs7-signature",
            micalg="sha-256",
        )
        signed.preamble = "This mail is signed by S/MIME."
        for name, value in plain.items():
            if name.lower() not in ("content-type", "content-transfer-encoding", "mime-version"):
                signed[name] = value
        signed.attach(inner)
        signature = MIMEApplication(
            _sign(_flat(inner), self._signer), "pkcs7-signature", name="smime.p7s"
        )
        signature["Content-Disposition"] = 'attachment; filename="smime.p7s"'
        signed.attach(signature)
        return signed


def _sign(content: bytes, signer: Signer) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    for issuer in signer.issuers:
        builder = builder.add_certificate(issuer)
    return builder.sign(
        serialization.Encoding.DER,
        [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary],
    )


def _flat(part: Message) -> bytes:
    """Return the part as it travels inside the message: lines end in CR LF."""
    into = BytesIO()
    generator.BytesGenerator(into, mangle_from_=False).flatten(part, linesep="\r\n")
    return into.getvalue()


def _load(certificate: str, key: str) -> Signer:
    chain = x509.load_pem_x509_certificates(Path(certificate).read_bytes())
    private = serialization.load_pem_private_key(Path(key).read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError(_("the key is neither RSA nor elliptic"))
    if private.public_key() != chain[0].public_key():
        raise ValueError(_("the key does not belong to the certificate"))
    return Signer(chain[0], private, tuple(chain[1:]))
