"""Private keys of webhooks and what they sign; imports cryptography, and is itself imported only when one is used."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from mailtrap.clock import Clock


def make_ecdsa() -> str:
    """A new P-256 key in PEM."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def make_rsa() -> str:
    """A new RSA key in PEM, and a certificate for its public part."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.mailtrap.invalid")])
    now = datetime.fromtimestamp(Clock().now() / 1_000_000, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return _pem(key) + certificate.public_bytes(serialization.Encoding.PEM).decode()


def public_key(pem: str) -> str:
    """The public part as SendGrid shows it: SubjectPublicKeyInfo in base64."""
    octets = (
        _key(pem).public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return b64encode(octets).decode()


def certificate(pem: str) -> bytes:
    """The certificate that stands behind an RSA key."""
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.PEM)


def sign_ecdsa(pem: str, octets: bytes) -> str:
    """ECDSA with SHA-256, DER in base64."""
    key = _key(pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("an EC key signs here")
    return b64encode(key.sign(octets, ec.ECDSA(hashes.SHA256()))).decode()


def sign_rsa(pem: str, octets: bytes, version: str) -> str:
    """RSA (PKCS #1 v1.5) with SHA-1 for SNS's signature version 1, SHA-256 for version 2, in base64."""
    key = _key(pem)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key signs here")
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - what SNS's version 1 is
    return b64encode(key.sign(octets, padding.PKCS1v15(), digest)).decode()


@lru_cache(64)
def _key(pem: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError("our keys are EC or RSA")
    return key


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
