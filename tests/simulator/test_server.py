from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from azure.batch import BatchClient
from azure.batch.aio import BatchClient as AsyncBatchClient
from azure.batch.models import BatchPoolResizeOptions
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute.models import Gallery
from azure.storage.blob import BlobServiceClient

from azuresim.certificates import ensure_certificates
from simulator.cloud import BATCH, STORAGE, SUBSCRIPTION, StaticCredential, pool_options

TENANT = "11111111-1111-1111-1111-111111111111"
SEED = {
    "tenant": TENANT,
    "storageAccounts": [{"id": STORAGE, "location": "westus"}],
    "vhds": [{"account": "vhds", "container": "images", "blob": "os.vhd", "sizeMiB": 8}],
    "batchAccounts": [{"id": BATCH, "location": "westus"}],
}


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    url: str
    ca: str
    folder: Path

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sim/{path}", json=body, verify=self.ca, timeout=10)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("azuresim")
    (folder / "world.json").write_text(json.dumps(SEED))
    options = [
        "--dir",
        "certificates",
        "--world",
        "world.json",
        "--clock",
        "manual",
        "--journal",
        "journal.jsonl",
        "--ready-file",
        "ready.json",
    ]
    command = [sys.executable, "-m", "azuresim", "serve", *options]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "simulator"), "PYTHONWARNINGS": "error"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own program
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert json.loads((folder / "ready.json").read_text()) == line
        yield Running(process, line["url"], line["ca"], folder)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.fixture
def credential(running: Running) -> ClientSecretCredential:
    return ClientSecretCredential(
        TENANT,
        "client",
        "secret",
        authority=running.url,
        disable_instance_discovery=True,
        transport=RequestsTransport(connection_verify=running.ca),
    )


def test_the_synchronous_clients(running: Running, credential: ClientSecretCredential) -> None:
    verify: dict[str, Any] = {"connection_verify": running.ca}
    with (
        ComputeManagementClient(credential, SUBSCRIPTION, base_url=running.url, **verify) as compute,
        BlobServiceClient(f"{running.url}/blob/vhds", credential, **verify) as blobs,
        BatchClient(f"{running.url}/batch/acct", credential, **verify) as batch,
    ):
        compute.galleries.begin_create_or_update("rg", "gal", Gallery(location="westus"), polling=False)
        running.admin("POST", "advance", {"seconds": 1})
        gallery = compute.galleries.get("rg", "gal")
        assert gallery.properties is not None
        assert gallery.properties.provisioning_state == "Succeeded"
        vhd = blobs.get_blob_client("images", "os.vhd")
        size = vhd.get_blob_properties().size
        assert vhd.download_blob(offset=size - 512, length=8).readall() == b"conectix"
        upload = blobs.get_blob_client("images", "odd name/ü.vhd")
        upload.upload_blob(b"\1" * (5 << 20), blob_type="PageBlob")
        assert upload.download_blob().readall() == b"\1" * (5 << 20)
        batch.create_pool(pool_options("sync"))
        assert batch.pool_exists("sync")
        assert [p.id for p in batch.list_pools()] == ["sync"]
    credential.close()


def test_a_cut_connection_is_really_cut_after_the_change(running: Running) -> None:
    running.admin("POST", "faults", {"action": {"kind": "Drop", "when": "after"}, "operation": "Pools_Resize"})
    running.admin("POST", "faults", {"action": {"kind": "Delay", "seconds": 0.01}, "operation": "Pools_Get"})

    async def resize() -> Any:
        transport = AioHttpTransport(connection_verify=running.ca)
        async with AsyncBatchClient(f"{running.url}/batch/acct", StaticCredential(), transport=transport) as batch:
            await batch.create_pool(pool_options("async"))
            running.admin("POST", "advance", {"seconds": 60})
            with pytest.raises(ServiceRequestError, match="disconnected"):
                await batch.begin_resize_pool("async", BatchPoolResizeOptions(target_dedicated_nodes=2))
            return (await batch.get_pool("async")).target_dedicated_nodes

    assert asyncio.run(resize()) == 2
    journal = [json.loads(line) for line in (running.folder / "journal.jsonl").read_text().splitlines()]
    assert [(e["status"], e["fault"]) for e in journal if e["operation"] == "Pools_Resize"] == [(None, "Drop")]


def test_a_client_that_does_not_trust_the_authority_is_turned_away(running: Running) -> None:
    async def get() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{running.url}/_sim/clock"):
            pass

    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        asyncio.run(get())


def test_certificates_are_kept_while_they_last(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, now=1_800_000_000)
    before = first.authority.read_bytes()
    assert ensure_certificates(tmp_path, now=1_800_000_000 + 300 * 86_400).authority.read_bytes() == before
    assert ensure_certificates(tmp_path, now=1_800_000_000 + 365 * 86_400).authority.read_bytes() != before
    assert first.key.stat().st_mode & 0o077 == 0


def test_certificates_are_made_anew_for_another_host_and_for_broken_files(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, now=1_800_000_000).chain.read_bytes()
    second = ensure_certificates(tmp_path, now=1_800_000_000, hosts=("localhost", "10.0.0.1")).chain.read_bytes()
    assert second != first
    assert ensure_certificates(tmp_path, now=1_800_000_000).chain.read_bytes() != second
    (tmp_path / "ca.pem").write_bytes(b"-----BEGIN")
    assert ensure_certificates(tmp_path, now=1_800_000_000).authority.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("clock", ["fast", "scaled:0", "scaled:x"])
def test_clocks_nobody_knows(clock: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "azuresim", "serve", "--dir", str(tmp_path), "--clock", clock]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "simulator")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603  # our own program
    assert ended.returncode == 2
    assert "--clock" in ended.stderr
