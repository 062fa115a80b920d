"""Certificates that live and die with one control plane.

The bounds of their validity are fixed, so that no clock is asked and a wrong one does no harm: the keys leave the machine's temporary
folder only inside a kubeconfig, and mean nothing once the control plane has stopped.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_AFTER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """A certificate authority of its own, with keys that exist only in this object."""

    def __init__(self) -> None:
        self._key = _new_key()
        self._name = _name("poolwright local control plane")
        basics = x509.BasicConstraints(ca=True, path_length=0)
        certificate = self._builder(self._name, self._key).add_extension(basics, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = certificate.public_bytes(Encoding.PEM)

    def server(self, name: str) -> Pair:
        """A certificate for a loopback server that may also present it as a client."""
        return self._issue(_name(name), [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])

    def client(self, name: str, *, group: str) -> Pair:
        """A client certificate; Kubernetes reads the user from its common name and the group from its organisation."""
        return self._issue(_name(name, group), [ExtendedKeyUsageOID.CLIENT_AUTH])

    def _issue(self, subject: x509.Name, usages: list[x509.ObjectIdentifier]) -> Pair:
        key = _new_key()
        addresses = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        certificate = (
            self._builder(subject, key)
            .add_extension(addresses, critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Pair(certificate=certificate.public_bytes(Encoding.PEM), key=private_pem(key, PrivateFormat.PKCS8))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOT_BEFORE)
            .not_valid_after(_NOT_AFTER)
        )


def token_signing_key() -> bytes:
    """A key for service account tokens.

    kube-apiserver reads the public half from the same file, which it does for SEC1 ("EC PRIVATE KEY") but not for PKCS #8.
    """
    return private_pem(_new_key(), PrivateFormat.TraditionalOpenSSL)


def private_pem(key: ec.EllipticCurvePrivateKey, form: PrivateFormat) -> bytes:
    """A private key as PEM, unencrypted."""
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


def _new_key() -> ec.EllipticCurvePrivateKey:
    # P-256 takes a millisecond to make; an RSA key would take longer than the rest of the start together.
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str, organisation: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)
