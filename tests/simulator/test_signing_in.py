"""azure-identity's own credentials against the token endpoint, over HTTPS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.storage.blob import BlobServiceClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from azuresim import RealClock
from azuresim.core.world import DEFAULT_TENANT as TENANT
from azuresim.wire import tokens
from simulator.blob_backends import Backend, simulator

SCOPE = "https://storage.azure.com/.default"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with simulator(tmp_path_factory.mktemp("azuresim")) as running:
        yield running


def options(backend: Backend) -> dict[str, Any]:
    return {
        "authority": backend.arm,
        "disable_instance_discovery": True,
        "transport": RequestsTransport(connection_verify=str(backend.authority)),
    }


def secret(backend: Backend, _folder: Path, _set: pytest.MonkeyPatch) -> Any:
    return ClientSecretCredential(TENANT, "me", "secret", **options(backend))


def environment(backend: Backend, _folder: Path, patch: pytest.MonkeyPatch) -> Any:
    for name, value in {"TENANT_ID": TENANT, "CLIENT_ID": "me", "CLIENT_SECRET": "secret"}.items():
        patch.setenv(f"AZURE_{name}", value)
    return EnvironmentCredential(**options(backend))


def workload(backend: Backend, folder: Path, _set: pytest.MonkeyPatch, *, seconds: int = 600) -> Any:
    file = folder / "token"
    file.write_text(tokens.encode({"sub": "system:serviceaccount:a:b", "exp": RealClock().now() + seconds}))
    return WorkloadIdentityCredential(tenant_id=TENANT, client_id="me", token_file_path=str(file), **options(backend))


def app_service(backend: Backend, _folder: Path, patch: pytest.MonkeyPatch) -> Any:
    patch.setenv("IDENTITY_ENDPOINT", f"{backend.arm}/msi/token")
    patch.setenv("IDENTITY_HEADER", "header")
    return ManagedIdentityCredential(transport=RequestsTransport(connection_verify=str(backend.authority)))


def machine(backend: Backend, _folder: Path, patch: pytest.MonkeyPatch) -> Any:
    patch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", backend.arm)
    return ManagedIdentityCredential(transport=RequestsTransport(connection_verify=str(backend.authority)))


def certificate(backend: Backend, folder: Path, _set: pytest.MonkeyPatch) -> Any:
    key, name = rsa.generate_private_key(65537, 2048), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    unlocked = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "me.pem"
    file.write_bytes(key.private_bytes(*unlocked) + signed)
    return CertificateCredential(TENANT, "me", str(file), **options(backend))


def by_default(backend: Backend, folder: Path, patch: pytest.MonkeyPatch) -> Any:
    """As in a pod with workload identity, where everything comes from the environment."""
    file = folder / "token"
    file.write_text(tokens.encode({"sub": "system:serviceaccount:a:b", "exp": RealClock().now() + 600}))
    variables = {"AUTHORITY_HOST": backend.arm, "TENANT_ID": TENANT, "CLIENT_ID": "me", "FEDERATED_TOKEN_FILE": str(file)}
    for name, value in variables.items():
        patch.setenv(f"AZURE_{name}", value)
    return DefaultAzureCredential(disable_instance_discovery=True, transport=options(backend)["transport"])


def by_default_on_a_machine(backend: Backend, _folder: Path, patch: pytest.MonkeyPatch) -> Any:
    """Nothing but the address of its metadata, which is asked without the header first."""
    patch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", backend.arm)
    return DefaultAzureCredential(transport=options(backend)["transport"])


@pytest.mark.parametrize("make", [secret, environment, workload, certificate, app_service, machine, by_default, by_default_on_a_machine])
def test_a_token_opens_the_blobs(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Backend, Path, pytest.MonkeyPatch], Any]
) -> None:
    credential = make(backend, tmp_path, monkeypatch)
    claims = tokens.decode(credential.get_token(SCOPE).token)
    assert claims is not None
    assert str(claims["aud"]).rstrip("/") == "https://storage.azure.com"
    with BlobServiceClient(backend.url, credential, connection_verify=str(backend.authority), retry_total=0) as client:
        assert list(client.list_containers()) == []
    credential.close()


def test_an_expired_assertion_says_so(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credential = workload(backend, tmp_path, monkeypatch, seconds=-1)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700024"):
        credential.get_token(SCOPE)
    credential.close()
