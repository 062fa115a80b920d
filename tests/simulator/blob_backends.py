"""Two blob services behind HTTPS for the same tests: the simulator and, where it is installed, Azurite."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob import BlobServiceClient
from azure.storage.blob.aio import BlobServiceClient as AsyncBlobServiceClient

from azuresim import RealClock
from azuresim.certificates import ensure_certificates
from azuresim.core.world import DEFAULT_TENANT as TENANT
from azuresim.wire import tokens
from simulator.cloud import STORAGE

ACCOUNT = "vhds"
# A folder in which `npm install azurite` was run.
AZURITE_VARIABLE = "AZURESIM_AZURITE"


class Signed:
    """Tokens of the simulator's tenant, good for an hour."""

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        now = int(RealClock().now())
        times = {"nbf": now, "iat": now, "exp": now + 3600}
        who = {"iss": f"https://sts.windows.net/{TENANT}/", "tid": TENANT, "oid": TENANT, "sub": TENANT}
        return AccessToken(tokens.encode({"aud": scopes[0].removesuffix("/.default"), **who, **times}), now + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_details: object) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Backend:
    """``url`` is the account's endpoint as ARM shows it, ``arm`` is where ARM is."""

    name: str
    url: str
    arm: str
    key: str
    authority: Path

    def client(self) -> BlobServiceClient:
        """Synchronous, with the account's key."""
        credential = {"account_name": ACCOUNT, "account_key": self.key}
        return BlobServiceClient(self.url, credential, connection_verify=str(self.authority), retry_total=0)

    def signed(self, query: str) -> BlobServiceClient:
        """Synchronous, with a shared access signature."""
        return BlobServiceClient(f"{self.url}?{query}", connection_verify=str(self.authority), retry_total=0)

    def token_client(self) -> AsyncBlobServiceClient:
        """Asynchronous, with a token."""
        return AsyncBlobServiceClient(self.url, Signed(), transport=self.transport(), retry_total=0)

    def transport(self) -> AioHttpTransport:
        """Sockets that trust the authority."""
        return AioHttpTransport(connection_verify=str(self.authority))

    def needs(self, feature: str) -> None:
        """Azurite has not everything the service has."""
        if self.name == "azurite":
            pytest.skip(f"Azurite has no {feature}")


@contextmanager
def simulator(folder: Path, *, endpoint: str | None = None) -> Iterator[Backend]:
    """The simulator in a process of its own, in real time. ``endpoint``: another service keeps the blobs."""
    seed = {"tenant": TENANT, "storageAccounts": [{"id": STORAGE, "location": "westus", "blobEndpoint": endpoint}]}
    (folder / "world.json").write_text(json.dumps(seed))
    command = [sys.executable, "-m", "azuresim", "serve", "--dir", str(folder), "--world", str(folder / "world.json")]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "simulator"), "PYTHONWARNINGS": "error"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own program
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield Backend(
                name="simulator" if endpoint is None else "azurite",
                url=f"{ready['url']}/blob/{ACCOUNT}" if endpoint is None else endpoint.rstrip("/"),
                arm=ready["url"],
                key=_key(ready["url"], ready["ca"]),
                authority=Path(ready["ca"]),
            )
        finally:
            process.terminate()


@contextmanager
def azurite(folder: Path) -> Iterator[Backend]:
    """Azurite for the blobs, the simulator for ARM: account, key and certificates are the same."""
    program = Path(os.environ.get(AZURITE_VARIABLE, "")) / "node_modules/.bin/azurite-blob"
    node = shutil.which("node")
    if AZURITE_VARIABLE not in os.environ or node is None or not program.exists():
        pytest.skip(f"Azurite is not installed ({AZURITE_VARIABLE})")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with simulator(folder, endpoint=f"https://127.0.0.1:{port}/{ACCOUNT}/") as arm:
        files = ensure_certificates(folder, now=RealClock().now(), hosts=("localhost", "127.0.0.1"))
        # Without the second line it knows neither the SDK's version nor, for copies, its own certificate.
        switches = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "-l", str(folder / "azurite"), "--oauth", "basic"]
        switches += ["--cert", str(files.chain), "--key", str(files.key), "--disableTelemetry", "--skipApiVersionCheck", "--silent"]
        environment = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{arm.key}", "NODE_EXTRA_CA_CERTS": str(files.authority)}
        with subprocess.Popen([node, str(program), *switches], env=environment) as process:  # noqa: S603  # installed for this
            try:
                _await(port, process)
                yield arm
            finally:
                process.terminate()


def _key(arm: str, authority: str) -> str:
    """The account's key, as `listKeys` shows it."""
    headers = {"Authorization": "Bearer token"}
    answer = requests.post(f"{arm}{STORAGE}/listKeys?api-version=2025-06-01", headers=headers, verify=authority, timeout=30)
    value: str = answer.json()["keys"][0]["value"]
    return value


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    """Another program's start is the one thing here that only trying tells."""
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"Azurite ended with {process.returncode}")


BACKENDS = [pytest.param(simulator, id="simulator"), pytest.param(azurite, id="azurite", marks=pytest.mark.azurite)]
