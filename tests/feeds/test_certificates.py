"""Certificates that are entered on a page: checked, encrypted, shown to upstreams only."""

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import Client, override_settings

from juno_support.accounts.models import User
from juno_support.errors import SupportError
from juno_support.feeds import certificates, vault
from juno_support.feeds.configuration import configuration_of, ensure_source
from juno_support.feeds.models import SourceSecret
from juno_support.feeds.registry import find_kind
from juno_support.lib import http
from tests.cast import Cast

ClientOf = Callable[[User | None], Client]


def make_pem(name: str = "robot", *, password: bytes | None = None) -> tuple[str, str]:
    """Return certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=3650))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    locked = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked
        ).decode(),
    )


CERTIFICATE, KEY = make_pem()


@pytest.mark.parametrize("pem", [CERTIFICATE + KEY, KEY + CERTIFICATE])
def test_a_certificate_with_its_key_is_taken(pem: str) -> None:
    facts = certificates.check(pem)
    assert facts.subject == "CN=robot"
    assert facts.ends_at == datetime(2036, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("", "no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
        (KEY, "no certificate"),
        (CERTIFICATE, "no private key"),
        (CERTIFICATE + make_pem()[1], "not that of the certificate"),
        (CERTIFICATE + make_pem(password=b"secret")[1], "passphrase"),
    ],
)
def test_what_is_wrong_is_said(pem: str, words: str) -> None:
    with pytest.raises(SupportError, match=words):
        certificates.check(pem)


@pytest.mark.django_db
def test_an_admin_enters_one_and_it_is_never_shown_again(client_of: ClientOf, cast: Cast) -> None:
    client = client_of(cast.dmitri)
    form = {"url": "https://dirac.example.org:8443", "minutes": "10", "is_enabled": "on"}

    wrong = client.post("/sources/dirac-https/configure/", {**form, "certificate": CERTIFICATE})
    assert wrong.status_code == 422
    assert "no private key" in wrong.content.decode()
    assert "BEGIN CERTIFICATE" not in wrong.content.decode()

    client.post("/sources/dirac-https/configure/", {**form, "certificate": CERTIFICATE + KEY})
    page = client.get("/sources/").content.decode()
    assert "Set: CN=robot, valid until 2036-01-01" in page
    assert "BEGIN" not in page
    assert KEY.splitlines()[1].encode() not in bytes(SourceSecret.objects.get().encrypted)

    source = ensure_source(find_kind("dirac-https"))
    before = configuration_of(source).fingerprint()
    client.post("/sources/dirac-https/configure/", form)
    assert vault.read("dirac-https", "certificate"), "an empty field keeps it"
    client.post("/sources/dirac-https/configure/", {**form, "remove-certificate": "on"})
    assert configuration_of(source).client_certificate is None
    assert configuration_of(source).fingerprint() != before


@pytest.mark.django_db
def test_the_environments_certificate_wins(cast: Cast, at: datetime) -> None:
    source = ensure_source(find_kind("dirac-https"))
    vault.write(source=source, name="certificate", value=CERTIFICATE + KEY, by=None, at=at)
    with override_settings(JUNO_DIRAC_HTTPS_CERT="/etc/cert.pem"):
        configuration = configuration_of(source)
        assert configuration.client_certificate == http.Certificate("/etc/cert.pem")
        assert "certificate" in configuration.from_environment


@pytest.mark.django_db
def test_a_server_that_wants_a_certificate_gets_it(at: datetime, tmp_path: Path) -> None:
    server_pem, client_pem = tmp_path / "server.pem", tmp_path / "client.pem"
    certificate, key = make_pem("localhost")
    server_pem.write_text(certificate + key)
    client_pem.write_text(CERTIFICATE)
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.connection.getpeercert()["subject"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(client_pem)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    source = ensure_source(find_kind("dirac-https"))
    vault.write(source=source, name="certificate", value=CERTIFICATE + KEY, by=None, at=at)
    try:
        answer = http.fetch(
            f"https://localhost:{server.server_port}/",
            certificate=configuration_of(source).client_certificate,
            ca_bundle=str(server_pem),
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert answer.body == b"ok"
    assert seen == [((("commonName", "robot"),),)]
