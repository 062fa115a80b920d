"""Blobs by the addresses that Compute is given: VHDs, scripts, places for output."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from azuresim.core.errors import ServiceError
from azuresim.core.storage import Storage, StorageAccount


def locate(uri: str, storage: Storage, blob_base: str) -> tuple[StorageAccount, str, str]:
    """Account, container and blob; a query, such as a signature, is left aside. Raises 404 for an address outside this world.

    ``blob_base`` is what all blob endpoints begin with. The public form of an address counts as well: machines adopted from the real
    service have no other.
    """
    if uri.startswith(blob_base):
        name, container, blob = (*unquote(urlsplit(uri.removeprefix(blob_base)).path).split("/", 2), "", "")[:3]
    else:
        parts = urlsplit(uri)
        name = (parts.hostname or "").partition(".")[0]
        container, _, blob = unquote(parts.path).lstrip("/").partition("/")
    account = storage.named(name)
    if account is None or not blob:
        raise ServiceError(
            404,
            "StorageAccountNotFound",
            f"Storage account {name} not found. Ensure storage account is not deleted and belongs to the same Azure location as the VM.",
        )
    return account, container, blob
