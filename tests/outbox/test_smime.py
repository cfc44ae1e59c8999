"""Signed mails: what openssl says of them, and what leaves when the certificate is no good."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from django.test import Client

from juno_support.outbox import message, sending, smime
from juno_support.outbox.models import Delivery
from tests.make import AT, make_user
from tests.outbox.make import make_delivery, smtp_server

pytestmark = pytest.mark.django_db
BODY = "Grüße aus Lyon.\n.\nFrom here on:\n" + "a long line " * 200 + "\n"


def make_certificate(
    folder: Path,
    *,
    begins: datetime = AT - timedelta(days=1),
    ends: datetime = AT + timedelta(days=365),
    curve: bool = False,
) -> tuple[Path, Path]:
    """Write a certificate that signs itself, and its key."""
    key: Any = (
        ec.generate_private_key(ec.SECP256R1())
        if curve
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "support@example.org")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(
            x509.SubjectAlternativeName([x509.RFC822Name("support@example.org")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture
def certified(settings: Any, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that sets a certificate and returns its path."""

    def certify(**fields: Any) -> Path:
        certificate, key = make_certificate(tmp_path, **fields)
        settings.JUNO_SMIME_CERT, settings.JUNO_SMIME_KEY = str(certificate), str(key)
        return certificate

    return certify


def through_a_server(delivery: Delivery, at: datetime = AT) -> bytes:
    """Send it by SMTP; return the bytes that arrived."""
    with smtp_server() as mailbox:
        sending.send_all([delivery.pk], now=lambda: at)
    return mailbox.raw[0]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
@pytest.mark.parametrize("curve", [False, True])
def test_openssl_verifies_what_arrived(
    certified: Callable[..., Path], tmp_path: Path, curve: bool
) -> None:
    certificate = certified(curve=curve)
    raw = through_a_server(make_delivery(body=BODY, wants_signature=True))
    mail, text = tmp_path / "mail.eml", tmp_path / "text"
    mail.write_bytes(raw)

    def verify(path: Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [
                *("openssl", "smime", "-verify", "-in", path, "-CAfile", certificate),
                *("-out", text, "-attime", str(int(AT.timestamp()))),
            ],
            capture_output=True,
            check=False,
        )

    done = verify(mail)
    assert done.returncode == 0, done.stderr.decode()
    assert b"Content-Type: text/plain" in text.read_bytes()

    lines = raw.split(b"\r\n")
    at = next(n for n, line in enumerate(lines) if line == b"" and lines[n - 1].startswith(b"Con"))
    bad = next(n for n in range(at + 1, len(lines)) if len(lines[n]) > 60)
    lines[bad] = lines[bad][:10] + (b"A" if lines[bad][10:11] != b"A" else b"B") + lines[bad][11:]
    mail.write_bytes(b"\r\n".join(lines))
    assert verify(mail).returncode != 0, "one changed sign is noticed"


def test_its_words_and_headers_stay_readable(certified: Callable[..., Path]) -> None:
    certified()
    delivery = make_delivery(
        body=BODY, wants_signature=True, headers={"X-JUNO-Ticket": "123", "References": "<a@b>"}
    )
    with smtp_server() as mailbox:
        sending.send_all([delivery.pk], now=lambda: AT)

    mail = mailbox.accepted[0]
    assert mail.get_content_type() == "multipart/signed"
    assert mail["Subject"] == "[JUNO #123] Transfers fail"
    assert (mail["Message-ID"], mail["X-JUNO-Ticket"]) == (delivery.message_id, "123")
    body = mail.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == BODY


def test_only_what_wants_it_is_signed(certified: Callable[..., Path]) -> None:
    certified()

    assert not isinstance(message.build(make_delivery()), smime.SignedMessage)
    assert isinstance(message.build(make_delivery(wants_signature=True)), smime.SignedMessage)


def test_without_a_certificate_it_leaves_as_ever(settings: Any) -> None:
    raw = through_a_server(make_delivery(wants_signature=True))

    assert b"multipart/signed" not in raw
    assert b"not signed" not in raw
    assert not smime.standing(AT).is_set


@pytest.mark.parametrize("fault", ["ended", "not yet", "no key", "not a key", "another", "gone"])
def test_a_bad_certificate_lets_the_mail_leave_unsigned_and_says_so(
    settings: Any, tmp_path: Path, certified: Callable[..., Path], fault: str
) -> None:
    match fault:
        case "ended":
            certified(ends=AT - timedelta(minutes=1))
        case "not yet":
            certified(begins=AT + timedelta(minutes=1))
        case "no key":
            certified()
            settings.JUNO_SMIME_KEY = ""
        case "not a key":
            certified()
            Path(settings.JUNO_SMIME_KEY).write_text("-----BEGIN nothing")
        case "another":
            certified()
            other = tmp_path / "other"
            other.mkdir()
            settings.JUNO_SMIME_KEY = str(make_certificate(other)[1])
        case "gone":
            certified()
            Path(settings.JUNO_SMIME_CERT).unlink()

    delivery = make_delivery(wants_signature=True, body="Wake up.")
    raw = through_a_server(delivery).decode()

    assert "[This mail is not signed: The certificate" in raw or "[This mail is not signed" in raw
    assert "Wake up." in raw
    delivery.refresh_from_db()
    assert delivery.answer.startswith("It left without a signature.")
    assert smime.standing(AT).problem


def test_the_pages_say_that_a_certificate_has_ended_or_ends_soon(
    certified: Callable[..., Path],
    client_of: Callable[..., Client],
    clock_at: Callable[[datetime], None],
) -> None:
    clock_at(AT)
    admin = client_of(make_user(is_staff=True))

    certified(ends=AT - timedelta(days=1))
    page = admin.get("/outbox/").content.decode()
    assert "Mails of ALARM tickets leave unsigned." in page
    assert "The certificate ended on 2026-01-11 08:30 UTC." in page
    assert "ended" in admin.get("/readyz").json()["mail_signature"]

    certified(ends=AT + timedelta(days=10))
    assert "The certificate ends on 2026-01-22" in admin.get("/outbox/").content.decode()

    certified(ends=AT + timedelta(days=300))
    assert "certificate" not in admin.get("/outbox/").content.decode()
    assert admin.get("/readyz").json()["mail_signature"] == "ok"


def test_moments_of_certificates_are_utc(certified: Callable[..., Path]) -> None:
    certified(ends=AT)

    assert smime.standing(AT - timedelta(seconds=1)).signer is not None
    assert smime.standing(AT).signer is None
    assert AT.tzinfo is UTC
