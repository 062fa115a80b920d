"""Scripts read from blobs, output written to blobs."""

from __future__ import annotations

from collections.abc import Callable

from azuresim.core.blob_addresses import locate
from azuresim.core.errors import ServiceError
from azuresim.core.storage import Storage


class ScriptBlobs:
    """``blob_base`` is what all blob endpoints begin with."""

    def __init__(self, storage: Storage, blob_base: Callable[[], str]) -> None:
        self._storage = storage
        self._blob_base = blob_base

    def read(self, uri: str) -> str | None:
        """None when there is nothing at that address."""
        try:
            account, container, name = locate(uri, self._storage, self._blob_base())
            blob = account.blob(container, name)
        except ServiceError:
            return None
        return blob.content.read(0, blob.content.size).decode(errors="replace")

    def write(self, uri: str | None, text: str) -> None:
        """Keep all of the output. What cannot be written is lost, and nobody is told."""
        if uri is None:
            return
        data = text.encode()
        try:
            account, container, name = locate(uri, self._storage, self._blob_base())
            made = self._storage.put_blob(account, container, name, kind="BlockBlob", size=len(data), metadata={}, http_headers={})
        except ServiceError:
            return
        made.content.write(0, data)
