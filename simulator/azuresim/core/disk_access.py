"""Shared access signatures on disks and snapshots: page blobs that hold their bits for as long as somebody may read or write them."""

from __future__ import annotations

from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.managed_disks import Access, ManagedDisk
from azuresim.core.operations import DISKS, Operation, Operations
from azuresim.core.resource_id import ResourceId
from azuresim.core.sas import blob_sas
from azuresim.core.sources import Sources
from azuresim.core.storage import StorageAccount
from azuresim.core.vhd import FOOTER_BYTES, GIB, fixed_footer
from azuresim.core.vhd_blobs import check_footer, copied, pour, resized
from azuresim.core.vhd_contents import contents_of, described

# Accounts of the platform's own: no subscription of a user lists them.
_PLATFORM_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_BLOB_NAME = "abcd"
_SAS_VERSION = "2018-03-28"
# MicrosoftDocs/azure-compute-docs, download-vhd: 60 days since February 2025.
_MAX_SECONDS = 5_184_000


class Accesses:
    """`beginGetAccess` and `endGetAccess`."""

    def __init__(self, kernel: Kernel, operations: Operations, sources: Sources) -> None:
        self._kernel = kernel
        self._operations = operations
        self._sources = sources

    def grant(self, disk: ManagedDisk, *, access: str, seconds: int) -> Operation:
        """Open it to whoever has the URL. A second grant has a URL of its own, for the same blob."""
        writes = access.lower() == "write"
        if access.lower() not in {"read", "write"}:
            raise invalid_parameter(f"The value '{access}' of parameter 'access' is invalid.", target="access")
        if not 0 < seconds <= _MAX_SECONDS:
            raise invalid_parameter(f"The value {seconds} of parameter durationInSeconds is out of range.", target="durationInSeconds")
        self._check(disk, access, writes=writes)

        def opened() -> dict[str, str]:
            # Its machine may have started meanwhile.
            self._check(disk, access, writes=writes)
            return {"accessSAS": self.open(disk, writes=writes, seconds=seconds).url}

        return self._operations.after(self._kernel.durations.disk_access, DISKS, disk.id, disk.location, opened)

    def _check(self, disk: ManagedDisk, access: str, *, writes: bool) -> None:
        if not disk.made or disk.state == "Deleting":
            raise ServiceError(409, "OperationNotAllowed", f"Access not permitted because {disk.kind[:-1]} {disk.id.name} is not ready.")
        if writes != disk.awaits_upload:
            raise ServiceError(
                409,
                "OperationNotAllowed",
                f"Access '{access}' is not permitted because disk {disk.id.name} is in state {disk.disk_state}. "
                "Write access needs a disk made with CreateOption 'Upload', and only until the upload has ended.",
            )
        if disk.machines and disk.running:
            # microsoft/AzureStorageExplorer#5994.
            raise ServiceError(
                409,
                "OperationNotAllowed",
                f"Access not permitted because disk {disk.id.name} is currently attached to running VM {disk.machines[0]}.",
            )
        if (disk.completion(self._kernel.moment) or 100.0) < 100.0:  # noqa: PLR2004 - percent
            raise ServiceError(409, "OperationNotAllowed", f"Access not permitted because snapshot {disk.id.name} is still being copied.")

    def revoke(self, disk: ManagedDisk) -> Operation:
        """Close it. What was uploaded must be a VHD: the operation fails with InvalidVhd and the disk stays open when it is not."""
        return self._operations.after(self._kernel.durations.disk_access, DISKS, disk.id, disk.location, lambda: self._close(disk))

    def open(self, disk: ManagedDisk, *, writes: bool, seconds: float) -> Access:
        """The access itself, at once."""
        until = self._kernel.moment + seconds
        if disk.access is None:
            account, container = self._account(disk.location, upload=writes), self._kernel.ids.hex(12)
            self._fill(disk, account, container, writes=writes)
            disk.access = Access(url="", blob=(account.name, container, _BLOB_NAME), until=until, writes=writes)
        disk.access.url = self._url(disk.access, until)
        disk.access.until = max(disk.access.until, until)
        self._expire_later(disk, disk.access)
        return disk.access

    def _fill(self, disk: ManagedDisk, account: StorageAccount, container: str, *, writes: bool) -> None:
        storage, size = self._sources.storage, disk.size_gib * GIB
        storage.create_container(account, container, {})
        if writes:
            length = int(disk.declared["creationData"].get("uploadSizeBytes", size + FOOTER_BYTES))
            storage.put_blob(account, container, _BLOB_NAME, kind="PageBlob", size=length, metadata={}, http_headers={})
            return
        blob = storage.put_blob(
            account, container, _BLOB_NAME, kind="PageBlob", size=size + FOOTER_BYTES, metadata=described(disk.contents), http_headers={}
        )
        if disk.bits is not None:
            pour(disk.bits, blob.content, size)
        blob.content.write(size, fixed_footer(size))

    def _close(self, disk: ManagedDisk) -> None:
        access = disk.access
        if access is None:
            return
        name, container, blob_name = access.blob
        account = self._sources.storage.named(name)
        if access.writes and account is not None:
            blob = account.blob(container, blob_name)
            check_footer(f"disk '{disk.id.name}' with blob {access.url.partition('?')[0]}", blob.content)
            size = blob.content.size - FOOTER_BYTES
            disk.bits = copied(blob.content, size)
            disk.contents = contents_of(blob.metadata, resized(disk.contents, size))
            disk.awaits_upload = False
        self._forget(access)
        disk.access = None

    def _forget(self, access: Access) -> None:
        account = self._sources.storage.named(access.blob[0])
        if account is not None:
            account.containers.pop(access.blob[1], None)

    def _expire_later(self, disk: ManagedDisk, access: Access) -> None:
        """The URL opens nothing after its time; the disk's state follows a good while later, as recorded."""

        def expired(at: float) -> None:
            if disk.access is access and access.until <= at and not access.writes:
                self._forget(access)

        def lapsed(at: float) -> None:
            if disk.access is access and access.until <= at and not access.writes:
                disk.access = None

        self._kernel.agenda.at(access.until, expired)
        self._kernel.agenda.at(access.until + self._kernel.durations.disk_access_linger, lapsed)

    def _account(self, location: str, *, upload: bool) -> StorageAccount:
        name = f"md-{'impexp-' if upload else ''}{self._kernel.ids.hex(12)}"
        account_id = ResourceId(_PLATFORM_SUBSCRIPTION, "platform", "Microsoft.Storage", ("storageAccounts",), (name,))
        return self._sources.storage.add_account(account_id, location=location)

    def _url(self, access: Access, until: float) -> str:
        """A service SAS as any other."""
        account = self._sources.storage.named(access.blob[0])
        if account is None:
            raise AssertionError("the account of a disk's access is made with it")
        signed = blob_sas(account, *access.blob[1:], permissions="rw" if access.writes else "r", expires=until)
        return f"{self._sources.blob_base}{'/'.join(access.blob)}?{signed}"
