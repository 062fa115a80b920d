"""A private certificate authority and a server certificate for 127.0.0.1 and localhost, kept in a folder."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_DAYS = 365
# Clocks of containers and hosts differ.
_BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """Where they are. Clients trust ``authority``; ``chain`` and ``key`` are the server's."""

    authority: Path
    chain: Path
    key: Path


def ensure_certificates(folder: Path, *, now: float, hosts: Iterable[str] = ("localhost", "127.0.0.1")) -> CertificateFiles:
    """Make them, unless the folder already has some for these hosts that are valid ``now`` (POSIX seconds) and a day longer."""
    files = CertificateFiles(authority=folder / "ca.pem", chain=folder / "server.pem", key=folder / "server.key")
    moment, names = datetime.fromtimestamp(now, UTC), [_name(host) for host in hosts]
    if _still_valid(files, moment, names):
        return files
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "azuresim private CA")])
    authority = (
        _builder(authority_name, authority_name, authority_key, moment)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "azuresim")])
    server = (
        _builder(server_name, authority_name, server_key, moment)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files.chain.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        server_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def _still_valid(files: CertificateFiles, moment: datetime, names: list[x509.GeneralName]) -> bool:
    if not files.key.exists():
        return False
    try:
        authority, server = (x509.load_pem_x509_certificate(path.read_bytes()) for path in (files.authority, files.chain))
    except (FileNotFoundError, ValueError):
        # The latter for half a file, left by a start that was cut short.
        return False
    known = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasting = (c.not_valid_before_utc <= moment and moment + timedelta(days=1) <= c.not_valid_after_utc for c in (authority, server))
    return all(lasting) and all(name in known for name in names)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, moment: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _BACKDATED)
        .not_valid_after(moment + timedelta(days=_VALID_DAYS))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
