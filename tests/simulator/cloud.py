"""A simulated cloud with the real SDK clients on top, every answer checked against the SDKs' own models."""

from __future__ import annotations

import re
from typing import Any, Self

from azure.batch.aio import BatchClient
from azure.batch.models import (
    BatchMetadataItem,
    BatchPoolCreateOptions,
    BatchVmImageReference,
    VirtualMachineConfiguration,
)
from azure.core.credentials import AccessToken
from azure.mgmt.batch.aio import BatchManagementClient
from azure.mgmt.compute.aio import ComputeManagementClient
from azure.storage.blob.aio import BlobServiceClient

from azuresim import Application, Durations, ManualClock, Request, Response, World
from azuresim.core.batch_accounts import BatchAccount
from azuresim.transport import SimulatorTransport
from azuresim.wire.api_versions import supported_versions
from azuresim.wire.arm_path import read_path

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/vhds"
BATCH = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/acct"
GALLERY = f"{GROUP}/providers/Microsoft.Compute/galleries/gal"
DEFINITION = f"{GALLERY}/images/img"
VHD = "https://azuresim.test/blob/vhds/images/os.vhd"
SIZE = "Standard_D2s_v3"
UBUNTU = "batch.node.ubuntu 24.04"
# `Cloud.ask` puts the newest version of the path's type in its place.
API = "api-version=1"


class StaticCredential:
    """A token that means nothing."""

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("token", 4_102_444_800)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_details: object) -> None: ...


class PatientTransport(SimulatorTransport):
    """While an SDK waits, the world's clock moves."""

    async def sleep(self, duration: float) -> None:
        clock = self.application.world.clock
        assert isinstance(clock, ManualClock)
        clock.advance(duration)


class Cloud:
    """A storage account with a VHD, a Batch account, a clock that stands still."""

    def __init__(self, *, durations: Durations | None = None, region: str = "westus") -> None:
        self.clock = ManualClock()
        self.world = World(self.clock, durations=durations)
        self.region = region
        self.world.add_storage_account(STORAGE, location=region)
        self.world.add_vhd(VHD)
        self.account: BatchAccount = self.world.add_batch_account(BATCH, location=region)
        self.app = Application(self.world, strict=True)
        transport = PatientTransport(self.app)
        credential = StaticCredential()
        # Any: the SDK's annotations know models only, its methods take bodies as on the wire too.
        self.compute: Any = ComputeManagementClient(
            credential, SUBSCRIPTION, base_url=self.world.base_url, transport=transport, retry_total=0, polling_interval=0
        )
        self.management = BatchManagementClient(credential, SUBSCRIPTION, base_url=self.world.base_url, transport=transport, retry_total=0)
        self.batch = BatchClient(f"{self.world.base_url}/batch/acct", credential, transport=transport, retry_total=0)
        self.blobs = BlobServiceClient(f"{self.world.base_url}/blob/vhds", credential, transport=transport, retry_total=0)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """One request without an SDK, with a bearer token; a body for ARM is JSON unless ``headers`` say otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body and path.startswith("/subscriptions"):
            named.setdefault("content-type", "application/json")
        length = {"content-length": str(len(body))} if body else {}
        credentials = {"authorization": "Bearer token"}
        return self.app.handle(Request(method, f"{self.world.base_url}{_dated(path)}", {**credentials, **length, **named}, body))

    def image(self, version: str = "1.0.0", *, regions: tuple[str, ...] = ("westus",), **definition: Any) -> str:
        """A finished image version; its id."""
        self.world.add_definition(DEFINITION, location=regions[0], **definition)
        self.world.add_version(f"{DEFINITION}/versions/{version}", regions=regions)
        return f"{DEFINITION}/versions/{version}"


def _dated(path: str) -> str:
    """The path with the newest api-version its type has, where it says ``API``."""
    versions = supported_versions(read_path(tuple(path.partition("?")[0].strip("/").split("/"))))
    return re.sub(r"api-version=1(?=&|$)", f"api-version={versions[0]}", path) if versions else path


def version_body(**properties: Any) -> dict[str, Any]:
    """A version of the VHD."""
    return {
        "location": "westus",
        "properties": {
            "publishingProfile": {"targetRegions": [{"name": "westus"}]},
            "storageProfile": {"osDiskImage": {"source": {"storageAccountId": STORAGE, "uri": VHD}}},
            **properties,
        },
    }


def machines(image: str | None = None, agent: str = UBUNTU) -> VirtualMachineConfiguration:
    """A gallery image, or Ubuntu from the Marketplace."""
    marketplace = BatchVmImageReference(publisher="canonical", offer="ubuntu-24_04-lts", sku="server")
    reference = marketplace if image is None else BatchVmImageReference(virtual_machine_image_id=image)
    return VirtualMachineConfiguration(image_reference=reference, node_agent_sku_id=agent)


def pool_options(pool_id: str = "p", *, image: str | None = None, **more: Any) -> BatchPoolCreateOptions:
    """A pool of nothing, unless ``more`` says otherwise."""
    return BatchPoolCreateOptions(
        **{
            "id": pool_id,
            "vm_size": SIZE,
            "virtual_machine_configuration": machines(image),
            "metadata": [BatchMetadataItem(name="owner", value="test")],
            **more,
        }
    )


def pool_json(pool_id: str = "p", *, image: str, **more: Any) -> dict[str, Any]:
    """The same as JSON, for requests without an SDK."""
    machine = {"imageReference": {"virtualMachineImageId": image}, "nodeAgentSKUId": UBUNTU}
    return {"id": pool_id, "vmSize": SIZE, "virtualMachineConfiguration": machine, **more}
