"""Storage accounts, containers and blobs: page blobs whole, block blobs just enough to be the wrong kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from azuresim.core.errors import ServiceError
from azuresim.core.extents import SparseBytes
from azuresim.core.kernel import Kernel
from azuresim.core.resource_id import ResourceId
from azuresim.core.subscriptions import not_found
from azuresim.core.vhd import FOOTER_BYTES, MIB, fixed_footer

PAGE_BYTES = 512
MAX_PAGE_WRITE = 4 * MIB
BlobKind = Literal["PageBlob", "BlockBlob"]


@dataclass(slots=True, kw_only=True)
class Blob:
    """One blob. ETags are kept unquoted; ``sequence_number`` belongs to page blobs."""

    name: str
    kind: BlobKind
    content: SparseBytes
    etag: str
    created: float
    last_modified: float
    metadata: dict[str, str] = field(default_factory=dict)
    http_headers: dict[str, str] = field(default_factory=dict)
    sequence_number: int = 0


@dataclass(slots=True, kw_only=True)
class Container:
    """One blob container."""

    name: str
    etag: str
    last_modified: float
    metadata: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class StorageAccount:
    """A storage account; its name is unique in the whole world."""

    id: ResourceId
    location: str
    sku: str
    created: float
    keys: tuple[str, str]
    containers: dict[str, Container] = field(default_factory=dict)
    shared_key_access: bool = True
    public_access: bool = False
    # As ARM shows them.
    kind: str = "StorageV2"
    state: Literal["Creating", "Succeeded"] = "Succeeded"
    tags: dict[str, str] = field(default_factory=dict)
    identity: dict[str, Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The account's name."""
        return self.id.name

    def container(self, name: str) -> Container:
        """Raises 404 ContainerNotFound."""
        found = self.containers.get(name)
        if found is None:
            raise ServiceError(404, "ContainerNotFound", "The specified container does not exist.")
        return found

    def blob(self, container: str, name: str) -> Blob:
        """Raises 404 ContainerNotFound or BlobNotFound."""
        found = self.container(container).blobs.get(name)
        if found is None:
            raise ServiceError(404, "BlobNotFound", "The specified blob does not exist.")
        return found


class Storage:
    """All storage accounts."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._accounts: dict[str, StorageAccount] = {}

    def add_account(self, account_id: ResourceId, *, location: str, sku: str = "Standard_LRS") -> StorageAccount:
        """Create an account at once."""
        ids = self._kernel.ids
        made = StorageAccount(id=account_id, location=location, sku=sku, created=self._kernel.moment, keys=(ids.hex(64), ids.hex(64)))
        return self._accounts.setdefault(account_id.name.lower(), made)

    def account(self, account_id: ResourceId) -> StorageAccount:
        """Raises 404 ResourceNotFound."""
        found = self._accounts.get(account_id.name.lower())
        if found is None or found.id.key != account_id.key:
            raise not_found(account_id)
        return found

    def has(self, account_id: ResourceId) -> bool:
        """Whether there is one under this id."""
        found = self._accounts.get(account_id.name.lower())
        return found is not None and found.id.key == account_id.key

    def forget(self, account_id: ResourceId) -> None:
        """Drop it and its blobs at once; harmless when it is not here."""
        if self.has(account_id):
            del self._accounts[account_id.name.lower()]

    def all(self) -> list[StorageAccount]:
        """In the order of their creation."""
        return list(self._accounts.values())

    def named(self, name: str) -> StorageAccount | None:
        """By the name in its endpoint."""
        return self._accounts.get(name.lower())

    def in_group(self, subscription: str, group: str | None) -> list[StorageAccount]:
        """Of one subscription, optionally of one group."""
        return [
            account
            for account in self._accounts.values()
            if account.id.subscription.lower() == subscription.lower() and (group is None or account.id.group.lower() == group.lower())
        ]

    def create_container(self, account: StorageAccount, name: str, metadata: dict[str, str]) -> Container:
        """Raises 409 ContainerAlreadyExists."""
        if name in account.containers:
            raise ServiceError(409, "ContainerAlreadyExists", "The specified container already exists.")
        now = self._kernel.moment
        made = Container(name=name, etag=self._kernel.ids.etag(now), last_modified=now, metadata=metadata)
        account.containers[name] = made
        return made

    def put_blob(
        self,
        account: StorageAccount,
        container: str,
        name: str,
        *,
        kind: BlobKind,
        size: int,
        metadata: dict[str, str],
        http_headers: dict[str, str],
    ) -> Blob:
        """Create or overwrite; a page blob's size must be whole pages."""
        if kind == "PageBlob" and size % PAGE_BYTES:
            raise ServiceError(400, "InvalidHeaderValue", f"x-ms-blob-content-length must be a multiple of {PAGE_BYTES}.")
        now = self._kernel.moment
        made = Blob(
            name=name,
            kind=kind,
            content=SparseBytes(size),
            etag=self._kernel.ids.etag(now),
            created=now,
            last_modified=now,
            metadata=metadata,
            http_headers=http_headers,
        )
        account.container(container).blobs[name] = made
        return made

    def write_pages(self, blob: Blob, start: int, end: int, data: bytes | None) -> None:
        """Put Page over [start, end), or clear it when ``data`` is None. At most 4 MiB a write."""
        if blob.kind != "PageBlob":
            raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
        if start % PAGE_BYTES or end % PAGE_BYTES or end > blob.content.size or start >= end:
            raise ServiceError(416, "InvalidPageRange", "The page range specified is invalid.")
        if data is None:
            blob.content.clear(start, end)
        else:
            if len(data) > MAX_PAGE_WRITE:
                raise ServiceError(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.")
            if len(data) != end - start:
                raise ServiceError(400, "InvalidHeaderValue", "The content length does not match the page range.")
            blob.content.write(start, data)
        self.touch(blob)

    def resize(self, blob: Blob, size: int) -> None:
        """Change a page blob's size; the caller reports the change with ``touch``."""
        if blob.kind != "PageBlob":
            raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
        if size % PAGE_BYTES:
            raise ServiceError(400, "InvalidHeaderValue", f"x-ms-blob-content-length must be a multiple of {PAGE_BYTES}.")
        blob.content.resize(size)

    def touch(self, blob: Blob) -> None:
        """A change: new ETag and time."""
        blob.last_modified = self._kernel.moment
        blob.etag = self._kernel.ids.etag(blob.last_modified)

    def put_vhd(self, account: StorageAccount, container: str, name: str, *, size_mib: int, footer: bytes | None = None) -> Blob:
        """A sparse page blob with a fixed VHD footer (``footer`` replaces it, to make a wrong one)."""
        if container not in account.containers:
            self.create_container(account, container, {})
        size = size_mib * MIB
        blob = self.put_blob(account, container, name, kind="PageBlob", size=size + FOOTER_BYTES, metadata={}, http_headers={})
        blob.content.write(size, fixed_footer(size) if footer is None else footer)
        return blob
