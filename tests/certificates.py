"""Certificate authorities of the tests' own, and the certificates they give to servers."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
EXPIRED = (-2 * DAY, -DAY)
VALID = (-DAY, 10 * DAY)
NOT_YET = (DAY, 10 * DAY)
"""From when to when a certificate is good, counted from now."""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and its key, in files."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What a server of this process needs to use it."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """Signs certificates; whoever has its own trusts them."""

    def __init__(self, name: str, *, signs_tokens: bool = False) -> None:
        """Make one.

        Args:
            name: what it calls itself.
            signs_tokens: whether its key is to sign tokens too: those are signed with RSA.
        """
        self.key: Key = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if signs_tokens
            else ec.generate_private_key(ec.SECP256R1())
        )
        self.certificate = _signed(_name(name), self.key, _name(name), self.key)

    @cached_property
    def pem(self) -> bytes:
        """The certificate that others are to trust."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @cached_property
    def der(self) -> bytes:
        """The same as plain bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def issue(
        self, folder: Path, *names: str, valid: tuple[timedelta, timedelta] = VALID
    ) -> Certificate:
        """Give a server a certificate for all its names.

        Args:
            folder: where the files go.
            names: the server's, the first also in the files' names.
            valid: from when to when, counted from now.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject
        made = _signed(_name(names[0]), key, issuer, self.key, valid=valid, names=names)
        files = Certificate(folder / f"{names[0]}.crt", folder / f"{names[0]}.key")
        files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    issuer_key: Key,
    *,
    valid: tuple[timedelta, timedelta] = VALID,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    """A server's certificate; without names an authority's own."""
    now = datetime.now(UTC)
    public = issuer_key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid[0])
        .not_valid_after(now + valid[1])
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if names:
        found = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(found, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
