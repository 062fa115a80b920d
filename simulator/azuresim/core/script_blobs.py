"""Scripts read from blobs, output written to blobs."""

from __future__ import annotations

from azuresim.core.errors import ServiceError
from azuresim.core.sources import Sources


class ScriptBlobs:
    """By address; a query, such as a signature, is left aside."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def read(self, uri: str) -> str | None:
        """None when there is nothing at that address."""
        found = self._sources.vhd(uri)
        if found is None:
            return None
        try:
            blob = found.account.blob(found.container, found.name)
        except ServiceError:
            return None
        return blob.content.read(0, blob.content.size).decode(errors="replace")

    def write(self, uri: str | None, text: str) -> None:
        """Keep all of the output. What cannot be written is lost, and nobody is told."""
        found = self._sources.vhd(uri) if uri is not None else None
        if found is None or found.container not in found.account.containers:
            return
        data = text.encode()
        made = self._sources.storage.put_blob(
            found.account, found.container, found.name, kind="BlockBlob", size=len(data), metadata={}, http_headers={}
        )
        made.content.write(0, data)
