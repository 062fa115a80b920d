"""Storage accounts, and the life of their containers and blobs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from azuresim.core import page_blobs
from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.blobs import Blob, BlobKind, Container
from azuresim.core.extents import SparseBytes
from azuresim.core.kernel import Kernel
from azuresim.core.leases import Lease
from azuresim.core.page_blobs import MAX_PAGE_WRITE, PAGE_BYTES
from azuresim.core.ranges import Ranges
from azuresim.core.resource_id import ResourceId
from azuresim.core.subscriptions import not_found
from azuresim.core.vhd import FOOTER_BYTES, MIB, fixed_footer

__all__ = ["MAX_PAGE_WRITE", "PAGE_BYTES", "Blob", "BlobKind", "Container", "DataRole", "Storage", "StorageAccount"]

DataRole = Literal["Reader", "Contributor", "Owner"]
_CONTAINER_NAME = re.compile(r"\$root|\$logs|\$web|(?!.*--)[a-z0-9][a-z0-9-]*[a-z0-9]")
_NAME_LENGTHS = range(3, 64)


@dataclass(slots=True, kw_only=True)
class StorageAccount:
    """A storage account; its name is unique in the whole world.

    ``data_role`` is what everybody who comes with a token may do with the blobs: Storage Blob Data Owner, Contributor
    (no tags), Reader, or nothing (None).
    """

    id: ResourceId
    location: str
    sku: str
    created: float
    keys: tuple[str, str]
    containers: dict[str, Container] = field(default_factory=dict)
    # Names of deleted containers, and when they are free again.
    leaving: dict[str, float] = field(default_factory=dict)
    data_role: DataRole | None = "Owner"
    shared_key_access: bool = True
    public_access: bool = False
    # As ARM shows them.
    kind: str = "StorageV2"
    state: Literal["Creating", "Succeeded", "Failed"] = "Succeeded"
    tags: dict[str, str] = field(default_factory=dict)
    identity: dict[str, Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    # Another blob service that keeps its blobs, shown as the account's own: Azurite, for example.
    endpoint: str | None = None

    @property
    def name(self) -> str:
        """The account's name."""
        return self.id.name

    def admits(self, address: str) -> bool:
        """Whether its network rules let a client at that address reach its blobs. ARM, and services that ARM trusts, need not ask."""
        if self.settings.get("publicNetworkAccess", "Enabled") != "Enabled":
            return False
        rules = self.settings.get("networkAcls") or {}
        allowed = (ip_network(rule["value"], strict=False) for rule in rules.get("ipRules") or ())
        return rules.get("defaultAction", "Allow") == "Allow" or any(ip_address(address) in network for network in allowed)

    def container(self, name: str) -> Container:
        """Raises 404 ContainerNotFound."""
        found = self.containers.get(name)
        if found is None:
            raise refusal("ContainerNotFound")
        return found

    def blob(self, container: str, name: str, snapshot: str | None = None) -> Blob:
        """Raises 404 ContainerNotFound or BlobNotFound."""
        return self.container(container).blob(name, snapshot)


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

    def set_data_role(self, role: DataRole | None) -> None:
        """What all who come with a token may do from now on, in every account there is."""
        for account in self._accounts.values():
            account.data_role = role

    def create_container(self, account: StorageAccount, name: str, metadata: Mapping[str, str]) -> Container:
        """Raises 400 for a name that is none, 409 ContainerAlreadyExists or ContainerBeingDeleted."""
        if len(name) not in _NAME_LENGTHS:
            raise refusal("OutOfRangeInput", "The specified resource name length is not within the permissible limits.")
        if _CONTAINER_NAME.fullmatch(name) is None:
            raise refusal("InvalidResourceName")
        if name in account.containers:
            raise refusal("ContainerAlreadyExists")
        now = self._kernel.moment
        if account.leaving.get(name, now) > now:
            raise refusal("ContainerBeingDeleted")
        account.leaving.pop(name, None)
        made = Container(name=name, etag=self._kernel.ids.etag(now), last_modified=now, metadata=dict(metadata))
        account.containers[name] = made
        return made

    def delete_container(self, account: StorageAccount, name: str) -> None:
        """All blobs go at once; the name stays taken for a while."""
        del account.containers[name]
        account.leaving[name] = self._kernel.moment + self._kernel.durations.container_delete

    def put_blob(
        self,
        account: StorageAccount,
        container: str,
        name: str,
        *,
        kind: BlobKind,
        size: int,
        metadata: Mapping[str, str],
        http_headers: Mapping[str, str],
        tags: Mapping[str, str] | None = None,
    ) -> Blob:
        """Create or overwrite; a page blob's size must be whole pages. Snapshots and the lease of what was there stay."""
        if kind == "PageBlob":
            page_blobs.check_size(size)
        now = self._kernel.moment
        blobs = account.container(container).blobs
        before = blobs.get(name)
        etag = self._kernel.ids.etag(now)
        made = Blob(
            name=name,
            kind=kind,
            content=SparseBytes(size),
            etag=etag,
            created=now,
            last_modified=now,
            metadata=dict(metadata),
            http_headers=dict(http_headers),
            tags=dict(tags or {}),
            lease=Lease(subject="blob") if before is None else before.lease,
            snapshots={} if before is None else before.snapshots,
            lineage=etag,
        )
        blobs[name] = made
        return made

    def write_pages(self, blob: Blob, start: int, end: int, data: bytes | None) -> None:
        """Put Page over [start, end), or clear it when ``data`` is None."""
        page_blobs.write(blob, start, end, data)
        self.touch(blob)

    def resize(self, blob: Blob, size: int) -> None:
        """Change a page blob's size; the caller reports the change with ``touch``."""
        page_blobs.require(blob)
        page_blobs.check_size(size)
        blob.changed.add(min(size, blob.content.size), max(size, blob.content.size))
        blob.content.resize(size)

    def touch(self, thing: Blob | Container) -> None:
        """A change: new ETag and time."""
        thing.last_modified = self._kernel.moment
        thing.etag = self._kernel.ids.etag(thing.last_modified)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str]) -> Blob:
        """A read-only copy under the present time; ``metadata``, when given, replaces the blob's own."""
        moment = self._kernel.moment
        while (stamp := _stamp(moment)) in blob.snapshots:
            # Two snapshots within one tick of the stamp.
            moment += 1e-6
        made = replace(
            blob,
            snapshot=stamp,
            content=blob.content.copy(),
            metadata=dict(metadata or blob.metadata),
            lease=Lease(subject="blob"),
            snapshots={},
        )
        if metadata:
            self.touch(made)
        blob.changed = Ranges()
        blob.snapshots[stamp] = made
        return made

    def delete_blob(self, account: StorageAccount, container: str, blob: Blob, *, snapshots: Literal["include", "only"] | None) -> None:
        """Delete a snapshot, or a blob whose snapshots are gone or go with it. Raises 409 SnapshotsPresent."""
        held = account.container(container)
        if blob.snapshot is not None:
            del held.blobs[blob.name].snapshots[blob.snapshot]
            return
        if blob.copying:
            raise refusal("PendingCopyOperation")
        if blob.snapshots and snapshots is None:
            raise refusal("SnapshotsPresent")
        if snapshots == "only":
            blob.snapshots.clear()
        else:
            del held.blobs[blob.name]

    def change_sequence_number(self, blob: Blob, action: str, given: int | None) -> None:
        """Update to, raise to, or add one: `update`, `max`, `increment`."""
        page_blobs.require(blob)
        if action == "increment":
            if given is not None:
                raise bad_header("x-ms-blob-sequence-number", str(given))
            if blob.sequence_number >= page_blobs.MAX_SEQUENCE_NUMBER:
                raise refusal("SequenceNumberIncrementTooLarge")
            blob.sequence_number += 1
            return
        if action not in {"update", "max"}:
            raise bad_header("x-ms-sequence-number-action", action)
        if given is None:
            raise refusal("MissingRequiredHeader", HeaderName="x-ms-blob-sequence-number")
        blob.sequence_number = given if action == "update" else max(given, blob.sequence_number)

    def put_vhd(self, account: StorageAccount, container: str, name: str, *, size_mib: int, footer: bytes | None = None) -> Blob:
        """A sparse page blob with a fixed VHD footer (``footer`` replaces it, to make a wrong one)."""
        if container not in account.containers:
            self.create_container(account, container, {})
        size = size_mib * MIB
        blob = self.put_blob(account, container, name, kind="PageBlob", size=size + FOOTER_BYTES, metadata={}, http_headers={})
        blob.content.write(size, fixed_footer(size) if footer is None else footer)
        return blob


def _stamp(moment: float) -> str:
    """`2024-04-18T19:21:35.0230280Z`: seven digits, as all snapshot names have."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
