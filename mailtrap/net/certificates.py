"""Makes certificates; imports cryptography, and is itself imported only when one is made."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mailtrap.clock import Clock


def make_authority(days: int) -> bytes:
    """A new CA: its key, then its certificate, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"mailtrap sandbox CA {Clock().token(4)}")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _builder(name, name, key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pem(key, certificate)


def make_server(authority: bytes, names: list[str], days: int, begins: int = 0, chain: bool = True) -> bytes:
    """A new server certificate for these host names and addresses, signed by a CA: key, certificate and CA, in PEM.

    It is good from `begins` days after today on; `chain` leaves the CA out if false.
    """
    ca_key = serialization.load_pem_private_key(authority, None)
    ca = x509.load_pem_x509_certificate(authority)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("our CA has an EC key")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _for_server(_builder(_name("mailtrap sandbox"), ca.subject, key, days, begins), key, names)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    certificate = builder.add_extension(issuer, critical=False).sign(ca_key, hashes.SHA256())
    return _pem(key, certificate) + (ca.public_bytes(serialization.Encoding.PEM) if chain else b"")


def make_self_signed(names: list[str], days: int) -> bytes:
    """A server certificate that nobody vouches for: key and certificate, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("mailtrap sandbox")
    return _pem(key, _for_server(_builder(name, name, key, days), key, names).sign(key, hashes.SHA256()))


def _for_server(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, names: list[str]
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, begins: int = 0
) -> x509.CertificateBuilder:
    first = datetime.fromtimestamp(Clock().now() / 1_000_000, UTC) + timedelta(days=begins)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # An hour back, for clients whose clock is a little behind.
        .not_valid_before(first - timedelta(hours=1))
        .not_valid_after(first + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii") if not name.isascii() else name)


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
