"""Makes the certificate of an emulator that serves over TLS, and the certificate authority that clients trust."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

#: Hosts of the service, for clients that cannot be given another endpoint and find the emulator by ``/etc/hosts``.
SERVICE_NAMES = ("dysmsapi.aliyuncs.com", "dysmsapi.ap-southeast-1.aliyuncs.com")

#: Days for which a certificate is valid; each start makes a new one.
VALID_DAYS = 90

_Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def write_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Write a new certificate for an emulator, and the authority that has signed it.

    The key of the authority is not kept, so that it can never sign another certificate.

    :param folder: an existing folder
    :param host: IP address that the emulator listens on
    :returns: the path of the authority's certificate, which clients trust, and that of the emulator's certificate and
        key, which its owner alone may read
    """
    authority = _sign("Dysms emulator CA", None, [])
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in ("localhost", *SERVICE_NAMES)]
    addresses = {ipaddress.ip_address(text) for text in ("127.0.0.1", "::1", host)}
    names += [x509.IPAddress(address) for address in addresses]
    certificate, key = _sign("Dysms emulator", authority, names)
    ca_path, own_path = folder / "ca.pem", folder / "emulator.pem"
    ca_path.write_bytes(authority[0].public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(own_path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return ca_path, own_path


def _sign(subject: str, authority: _Signed | None, names: list[x509.GeneralName]) -> _Signed:
    """Return a certificate with its key, in the form that OpenSSL's strict verification demands."""
    key = ec.generate_private_key(ec.SECP256R1())
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    issuer, signing_key = (authority[0].subject, authority[1]) if authority else (own_name, key)
    now, is_ca = datetime.now(UTC), authority is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(own_name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(_key_usage(is_ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing_key, hashes.SHA256()), key


def _key_usage(is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
