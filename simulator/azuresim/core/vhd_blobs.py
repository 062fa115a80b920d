"""VHDs in storage accounts, as the sources of disks and images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.extents import SparseBytes
from azuresim.core.storage import PAGE_BYTES, Blob, Storage, StorageAccount
from azuresim.core.vhd import FOOTER_BYTES, GIB, footer_fault
from azuresim.core.vhd_contents import contents_of

_STEP = 4 << 20


@dataclass(frozen=True, slots=True)
class VhdBlob:
    """One blob an address speaks of; looked at only when it is copied, as the service does."""

    account: StorageAccount
    container: str
    name: str

    def blob(self) -> Blob:
        """Raises 400 when it is not there or cannot be a disk: a page blob, a fixed VHD footer, whole MiB; 409 while it is being copied."""
        address = f"{self.container}/{self.name}"
        try:
            found = self.account.blob(self.container, self.name)
        except ServiceError as missing:
            raise invalid_parameter(f"Source was not found: {address}. Please make sure the source exists.", target="uri") from missing
        if found.copying:
            # Reported as refused, its words unverified.
            raise ServiceError(409, "OperationNotAllowed", f"Source blob {address} cannot be used while a copy into it is pending.")
        if found.kind != "PageBlob":
            raise invalid_parameter(f"Source blob {address} is of type {found.kind}. Only page blobs are supported.", target="uri")
        check_footer(address, found.content)
        return found

    def contents(self, assumed: Contents) -> Contents:
        """Of the blob as it is now; raises as ``blob`` does."""
        found = self.blob()
        return contents_of(found.metadata, resized(assumed, found.content.size - FOOTER_BYTES))


def locate(uri: str, storage: Storage, blob_base: str) -> VhdBlob | None:
    """Below an account's endpoint here (``blob_base`` and its name) or at `https://{account}.blob.{suffix}/`; None when in no account."""
    parts = urlsplit(uri)
    if uri.startswith(blob_base):
        name, _, path = urlsplit(uri[len(blob_base) :]).path.partition("/")
    else:
        host = (parts.hostname or "").split(".")
        name, path = (host[0], parts.path.lstrip("/")) if host[1:2] == ["blob"] else ("", "")
    container, _, blob = unquote(path).partition("/")
    account = storage.named(name) if name else None
    return VhdBlob(account, container, blob) if account is not None and blob else None


def check_footer(address: str, content: SparseBytes) -> None:
    """Raises 400 InvalidVhd."""
    size = content.size
    fault = footer_fault(content.read(size - FOOTER_BYTES, size), size) if size > PAGE_BYTES else "The blob is too small for a VHD."
    if fault is not None:
        raise ServiceError(400, "InvalidVhd", f"{address}: {fault}")


def resized(contents: Contents, size_bytes: int) -> Contents:
    """The same bits on a disk of another size, in whole GiB."""
    return replace(contents, size_gib=-(-size_bytes // GIB))


def pour(source: SparseBytes, target: SparseBytes, size: int) -> None:
    """Write the written ranges of the first ``size`` bytes into another place."""
    for start, end in source.ranges():
        for at in range(start, min(end, size), _STEP):
            target.write(at, source.read(at, min(at + _STEP, end, size)))


def copied(content: SparseBytes, size: int) -> SparseBytes:
    """The first ``size`` bytes as bytes of their own."""
    made = SparseBytes(size)
    pour(content, made, size)
    return made
