"""How the operator reads a VHD, with the simulator's blobs and with Azurite's, over sockets and in real time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from azuresim.core.vhd import MIB, fixed_footer
from poolwright.cloud.clients import AzureClients, AzureCloud
from poolwright.cloud.sources import AzureSources
from poolwright.domain import reasons
from poolwright.domain.image.observed import SourceView
from poolwright.domain.image.spec import VhdSource
from poolwright.domain.reasons import Reason
from poolwright.domain.resource_id import parse
from poolwright.telemetry.metrics import PrometheusMetrics
from simulator.blob_backends import BACKENDS, Backend, Signed
from simulator.cloud import STORAGE

VHDS: dict[str, tuple[str, bytes]] = {
    "right.vhd": ("PageBlob", bytes(MIB) + fixed_footer(MIB)),
    "block.vhd": ("BlockBlob", bytes(MIB) + fixed_footer(MIB)),
    "dynamic.vhd": ("PageBlob", bytes(MIB) + fixed_footer(MIB, disk_type=3)),
    "vhdx.vhd": ("PageBlob", b"vhdxfile".ljust(MIB, b"\0")),
    "short.vhd": ("PageBlob", bytes(MIB)),
    "odd.vhd": ("PageBlob", bytes(MIB + 512) + fixed_footer(MIB + 512)),
    "empty.vhd": ("PageBlob", b""),
}


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with request.param(tmp_path_factory.mktemp("blobs")) as running:
        with running.client() as client:
            container = client.create_container("images")
            for name, (kind, data) in VHDS.items():
                container.upload_blob(name, data, blob_type=kind)
        yield running


def inspect(backend: Backend, uri: str) -> SourceView:
    """As the operator does it: the account by ARM, the blob by its endpoint."""

    async def ask() -> SourceView:
        async with backend.transport() as transport:
            clients = AzureClients(AzureCloud(resource_manager=backend.arm), Signed(), transport, PrometheusMetrics(), "0")
            source = VhdSource(blob_uri=uri, storage_account=parse(STORAGE))
            return await AzureSources(clients).inspect_vhd(source, "westus")

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("right.vhd", None),
        ("block.vhd", reasons.SOURCE_NOT_PAGE_BLOB),
        ("dynamic.vhd", reasons.SOURCE_NOT_FIXED_VHD),
        ("vhdx.vhd", reasons.SOURCE_NOT_FIXED_VHD),
        ("short.vhd", reasons.SOURCE_CORRUPT),
        ("odd.vhd", reasons.SOURCE_SIZE_NOT_WHOLE_MIB),
        ("empty.vhd", reasons.SOURCE_CORRUPT),
        ("none.vhd", reasons.SOURCE_NOT_FOUND),
    ],
)
def test_a_vhd_is_judged_the_same_whoever_keeps_it(backend: Backend, name: str, reason: Reason | None) -> None:
    view = inspect(backend, f"{backend.url}/images/{name}")
    assert view.problem == (None if reason is None else reason.name)


def test_an_address_elsewhere_is_not_the_accounts(backend: Backend) -> None:
    view = inspect(backend, "https://elsewhere.test/images/right.vhd")
    assert view.problem == reasons.STORAGE_ACCOUNT_MISMATCH.name
