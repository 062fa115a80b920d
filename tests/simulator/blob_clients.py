"""Blob clients with all sorts of credentials, on the in-process transport."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob.aio import BlobServiceClient

from azuresim.core.storage import StorageAccount
from azuresim.transport import SimulatorTransport
from simulator.cloud import STORAGE, Cloud

FAR = STORAGE.replace("/vhds", "/far")
PAGE = b"\1" * 512


def moment(cloud: Cloud, seconds: float = 0) -> datetime:
    """The world's time, and so much later."""
    return datetime.fromtimestamp(cloud.clock.now(), UTC) + timedelta(seconds=seconds)


def account(cloud: Cloud, name: str = "vhds") -> StorageAccount:
    found = cloud.world.storage.named(name)
    assert found is not None
    return found


def key(cloud: Cloud, name: str = "vhds") -> str:
    """As `listKeys` shows it."""
    shown = cloud.ask("POST", f"{STORAGE.replace('/vhds', f'/{name}')}/listKeys?api-version=1").json()["keys"][0]["value"]
    assert isinstance(shown, str)
    return shown


def service(cloud: Cloud, credential: Any = None, *, name: str = "vhds", query: str = "") -> BlobServiceClient:
    """Without a credential: anonymous, or by the signature in ``query``."""
    url = f"{cloud.world.base_url}/blob/{name}{'?' if query else ''}{query}"
    return BlobServiceClient(url, credential, transport=SimulatorTransport(cloud.app), retry_total=0)


def page_blob(cloud: Cloud, name: str = "b.vhd") -> Any:
    """Its client, with a token. Any: the tests pass keywords from tables, which the SDK's annotations cannot follow."""
    return cloud.blobs.get_blob_client("images", name)


async def made(cloud: Cloud, name: str = "b.vhd", pages: int = 8) -> Any:
    """A page blob of zeros."""
    blob = page_blob(cloud, name)
    await blob.create_page_blob(pages * 512)
    return blob


async def refused(call: Any) -> tuple[int | None, str | None]:
    """Status and code."""
    with pytest.raises(HttpResponseError) as caught:
        await call
    code = getattr(caught.value, "error_code", None)
    return caught.value.status_code, str(getattr(code, "value", code))
