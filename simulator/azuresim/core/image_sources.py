"""What an image version can be made from, and what the service refuses before and during the copying.

Texts: MicrosoftDocs/azure-compute-docs, virtual-machines/troubleshooting-shared-images.md; sizes: image-version.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from azuresim.core.definitions import Definition
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.galleries import Galleries
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.storage import PAGE_BYTES, Storage, StorageAccount
from azuresim.core.versions import ImageVersion
from azuresim.core.vhd import FOOTER_BYTES, GIB, footer_fault

Json = dict[str, Any]
_MAX_OS_DISK_GIB = 2048
_MAX_DATA_DISK_GIB = 1024
_VERSION_TYPE = "microsoft.compute/galleries/images/versions"


class Source(Protocol):
    """Where the bits come from."""

    def capture(self) -> Json:
        """The disks (`osDiskImage`, `dataDiskImages`) once copied. Raises ServiceError when the copy fails."""


@dataclass(frozen=True, slots=True)
class VhdDisk:
    """One blob named by an address. ``lun`` is None for the disk of the operating system; ``shown`` is the source as it was written."""

    account: StorageAccount
    container: str
    blob: str
    host_caching: str
    shown: Mapping[str, Any]
    lun: int | None

    def capture(self) -> Json:
        """Page blob, fixed VHD footer, whole MiB, not too large."""
        address = f"{self.container}/{self.blob}"
        try:
            blob = self.account.blob(self.container, self.blob)
        except ServiceError as missing:
            raise invalid_parameter(f"Source was not found: {address}. Please make sure the source exists.", target="uri") from missing
        if blob.kind != "PageBlob":
            raise invalid_parameter(f"Source blob {address} is of type {blob.kind}. Only page blobs are supported.", target="uri")
        size = blob.content.size
        fault = (
            footer_fault(blob.content.read(size - FOOTER_BYTES, size), size) if size > PAGE_BYTES else "The blob is too small for a VHD."
        )
        if fault is not None:
            raise ServiceError(400, "InvalidVhd", f"{address}: {fault}")
        gib = -(-(size - FOOTER_BYTES) // GIB)
        limit = _MAX_OS_DISK_GIB if self.lun is None else _MAX_DATA_DISK_GIB
        if gib > limit:
            raise invalid_parameter(f"The GalleryImageVersion source resource size {gib} exceeds the max size {limit} supported.")
        number = {} if self.lun is None else {"lun": self.lun}
        return {**number, "sizeInGB": gib, "hostCaching": self.host_caching, "source": dict(self.shown)}


@dataclass(frozen=True, slots=True)
class VhdSource:
    """Blobs, looked at only when they are copied, as the service does."""

    os_disk: VhdDisk
    data_disks: tuple[VhdDisk, ...]

    def capture(self) -> Json:
        """All disks."""
        disks: Json = {"osDiskImage": self.os_disk.capture()}
        if self.data_disks:
            disks["dataDiskImages"] = [disk.capture() for disk in self.data_disks]
        return disks


@dataclass(frozen=True, slots=True)
class VersionSource:
    """Another gallery image version."""

    version: ImageVersion
    home: str

    def capture(self) -> Json:
        """Its disks; it must still be there."""
        if not self.version.usable_in(self.home):
            raise invalid_parameter(f"Source was not found: {self.version.id}. Please make sure the source exists.", target="source.id")
        profile = self.version.properties["storageProfile"]
        disks = {name: profile[name] for name in ("osDiskImage", "dataDiskImages") if name in profile}
        return {**disks, "osDiskImage": {**disks["osDiskImage"], "source": {}}}


def find_source(
    storage_profile: Mapping[str, Any], *, location: str, definition: Definition, galleries: Galleries, storage: Storage, blob_base: str
) -> Source:
    """The one source a request names. Raises 400 for what the service sees at once.

    ``blob_base`` is what all blob endpoints begin with, for example `https://127.0.0.1:8443/blob/`.
    """
    whole = storage_profile.get("source") or {}
    disk = storage_profile.get("osDiskImage") or {}
    disk_source = disk.get("source") or {}
    if bool(whole) == bool(disk_source):
        raise invalid_parameter(
            "The gallery artifact version source can only be specified either directly under storageProfile or within "
            "individual OS or data disks. One and only one source type (user image, snapshot, disk, virtual machine) can be provided.",
            target="storageProfile",
        )
    if whole:
        return _version_source(whole, location, definition, galleries)
    data = storage_profile.get("dataDiskImages") or []
    luns = [image.get("lun") for image in data]
    if len(set(luns)) < len(luns):
        raise invalid_parameter(
            "Duplicated lun numbers have been detected in the input data disks. Lun number must be unique for each data disk.", target="lun"
        )
    first, *others = (_vhd_disk(image, location, storage, blob_base) for image in (disk, *data))
    if len({(d.account.name, d.container, d.blob) for d in (first, *others)}) <= len(others):
        raise invalid_parameter(f"OSDiskImage and DataDiskImage cannot point to same blob {disk_source.get('uri')}", target="uri")
    return VhdSource(first, tuple(others))


def _vhd_disk(disk: Mapping[str, Any], location: str, storage: Storage, blob_base: str) -> VhdDisk:
    source = disk.get("source") or {}
    if not source.get("uri"):
        raise _source_missing(str(source.get("id")))
    # Recorded traffic of 2024 names the account in `id`, later api-versions in `storageAccountId`.
    account_text = source.get("storageAccountId") or source.get("id") or ""
    account_id = ResourceId.parse(account_text)
    if account_id is None or account_id.type != "microsoft.storage/storageaccounts":
        raise invalid_parameter(
            f"Property id '{account_text}' at path 'properties.storageProfile.osDiskImage.source.storageAccountId' is invalid. "
            "Expect fully qualified resource Id that start with '/subscriptions/<subscriptionID>'.",
            target="storageAccountId",
        )
    account = storage.named(account_id.name)
    if account is None or account.id.key != account_id.key or region_key(account.location) != region_key(location):
        raise _source_missing(account_text)
    uri = source["uri"]
    prefix = f"{blob_base}{account.name}/"
    path = urlsplit(uri[len(prefix) :]).path if uri.startswith(prefix) else ""
    container, _, blob = unquote(path).partition("/")
    if not blob:
        raise invalid_parameter(f"The source blob {uri} does not belong to the storage account {account_text}.", target="uri")
    default_caching = "ReadWrite" if disk.get("lun") is None else "None"
    return VhdDisk(account, container, blob, disk.get("hostCaching", default_caching), source, disk.get("lun"))


def _version_source(whole: Mapping[str, Any], location: str, definition: Definition, galleries: Galleries) -> VersionSource:
    text = whole.get("id") or whole.get("virtualMachineId") or whole.get("communityGalleryImageId") or ""
    parsed = ResourceId.parse(text)
    if parsed is None:
        raise invalid_parameter(
            f"Property id '{text}' at path 'properties.storageProfile.source.id' is invalid. "
            "Expect fully qualified resource Id that start with '/subscriptions/<subscriptionID>'.",
            target="source.id",
        )
    theirs = galleries.find_definition(parsed.parent) if parsed.type == _VERSION_TYPE else None
    version = theirs.versions.get(parsed.name.lower()) if theirs else None
    if theirs is None or version is None or not version.usable_in(location):
        raise _source_missing(text)
    for name, what in (("hyperVGeneration", "Hypervisor generation"), ("osType", "OS type"), ("architecture", "architecture")):
        if theirs.properties[name] != definition.properties[name]:
            raise invalid_parameter(
                f"The resource with id '{text}' has a different {what} ['{theirs.properties[name]}'] than the parent gallery image {what} "
                f"['{definition.properties[name]}'].",
                target="source.id",
            )
    if theirs.properties["osState"] != definition.properties["osState"]:
        raise invalid_parameter(
            f"Cannot create Gallery Image Version from: {text} since the OS State in the parent gallery image "
            f"({definition.properties['osState']}) is not {theirs.properties['osState']}.",
            target="source.id",
        )
    return VersionSource(version, location)


def _source_missing(text: str) -> ServiceError:
    return invalid_parameter(
        f"Source {text} is not found. Please check source exists, and is in the same region as gallery image version being created.",
        target="source",
    )
