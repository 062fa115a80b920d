"""Versions made disk by disk: managed disks, snapshots, VHD blobs, mixed at will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azuresim.core.captures import DATA_CACHING, OS_CACHING, Capture, CapturedDisk
from azuresim.core.contents import Contents
from azuresim.core.definitions import Definition
from azuresim.core.errors import check_range, invalid_parameter
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.source_rules import check_place, check_security, check_sort, invalid_id, source_gone, source_missing
from azuresim.core.sources import Sources
from azuresim.core.vhd_blobs import VhdBlob

Json = dict[str, Any]
_DISKS = frozenset({"microsoft.compute/disks", "microsoft.compute/snapshots"})
_ACCOUNT = "microsoft.storage/storageaccounts"
# No size of machine takes more than 64 data disks.
_HIGHEST_LUN = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One disk of the version: a blob, or the id of a disk or snapshot."""

    origin: VhdBlob | str
    definition: Definition
    sources: Sources
    host_caching: str
    shown: Mapping[str, Any]
    lun: int | None

    @property
    def key(self) -> str:
        """The same for two parts with the same bits."""
        if isinstance(self.origin, VhdBlob):
            return f"{self.origin.account.name}/{self.origin.container}/{self.origin.name}"
        return self.origin.lower()

    def capture(self) -> CapturedDisk:
        """The disk as it is when the copy is made."""
        return CapturedDisk(contents=self._contents(), host_caching=self.host_caching, lun=self.lun, source=dict(self.shown))

    def _contents(self) -> Contents:
        if isinstance(self.origin, VhdBlob):
            return self.origin.contents(self._assumed())
        disk = self.sources.disk(self.origin)
        if disk is None:
            raise source_gone(self.origin)
        return disk.contents

    def _assumed(self) -> Contents:
        """A VHD of which nothing is known is what the definition says."""
        return self.definition.contents(1) if self.lun is None else Contents(size_gib=1)


@dataclass(frozen=True, slots=True)
class DisksSource:
    """Looked at only when they are copied, as the service does."""

    os_disk: Part
    data_disks: tuple[Part, ...]

    def capture(self) -> Capture:
        """All disks."""
        return Capture(os_disk=self.os_disk.capture(), data_disks=tuple(part.capture() for part in self.data_disks))


def disks_source(profile: Mapping[str, Any], location: str, definition: Definition, sources: Sources) -> DisksSource:
    """Raises 400 for what the service sees at once."""
    data = profile.get("dataDiskImages") or []
    luns = [image["lun"] for image in data]
    for lun in luns:
        check_range(lun, "dataDiskImages.lun", 0, _HIGHEST_LUN)
    if len(set(luns)) < len(luns):
        raise invalid_parameter(
            "Duplicated lun numbers have been detected in the input data disks. Lun number must be unique for each data disk.", target="lun"
        )
    first, *others = (_part(image, location, definition, sources) for image in (profile["osDiskImage"], *data))
    keys = [part.key for part in (first, *others)]
    if len(set(keys)) < len(keys):
        if isinstance(first.origin, VhdBlob):
            raise invalid_parameter(f"OSDiskImage and DataDiskImage cannot point to same blob {first.shown.get('uri')}", target="uri")
        raise invalid_parameter(
            "Duplicated source ids are found in the input disks. Source id should be unique for each disk.", target="source.id"
        )
    return DisksSource(first, tuple(others))


def _part(image: Mapping[str, Any], location: str, definition: Definition, sources: Sources) -> Part:
    source = image.get("source") or {}
    lun = image.get("lun")
    path = "osDiskImage.source" if lun is None else "dataDiskImages.source"
    origin: VhdBlob | str
    if source.get("uri"):
        origin = _blob(source, location, path, sources)
        security, text = ("Standard", str(source["uri"]))
        if lun is None:
            check_security(text, "Vhd Blob", security, definition)
    else:
        origin = _disk(str(source.get("id") or ""), location, path, definition if lun is None else None, sources)
    caching = image.get("hostCaching") or (OS_CACHING if lun is None else DATA_CACHING)
    return Part(origin=origin, definition=definition, sources=sources, host_caching=caching, shown=source, lun=lun)


def _disk(text: str, location: str, path: str, definition: Definition | None, sources: Sources) -> str:
    """The id itself; ``definition`` is what the disk of an operating system has to fit."""
    parsed = ResourceId.parse(text)
    if parsed is None:
        raise invalid_id(text, f"{path}.id")
    if parsed.type not in _DISKS:
        raise invalid_parameter(f"The source id: {text} must be a managed disk or snapshot.", target=f"{path}.id")
    disk = sources.disk(text)
    if disk is None or not disk.made:
        raise source_missing(text)
    check_place(text, disk.location, location)
    if disk.sku.lower() in {"ultrassd_lrs", "premiumv2_lrs"}:
        raise invalid_parameter(
            f"Source disk {text} cannot be stored in an {disk.sku.partition('_')[0]} account type.", target=f"{path}.id"
        )
    if definition is not None:
        # Whether it was generalised the service cannot see: a disk does not say.
        # Recorded: one without an operating system fits any generation.
        if disk.contents.os_type is not None and ("hyperVGeneration" in disk.declared or "osType" in disk.declared):
            check_sort(text, disk.contents, definition)
        check_security(text, "Disk", disk.contents.security_type, definition)
    return text


def _blob(source: Mapping[str, Any], location: str, path: str, sources: Sources) -> VhdBlob:
    # Recorded traffic of 2024 names the account in `id`, later api-versions in `storageAccountId`.
    account_text = source.get("storageAccountId") or source.get("id") or ""
    account_id = ResourceId.parse(account_text)
    if account_id is None or account_id.type != _ACCOUNT:
        raise invalid_id(account_text, f"{path}.storageAccountId")
    account = sources.storage.named(account_id.name)
    if account is None or account.id.key != account_id.key or region_key(account.location) != region_key(location):
        raise source_missing(account_text)
    found = sources.vhd(source["uri"])
    if found is None or found.account is not account:
        raise invalid_parameter(f"The source blob {source['uri']} does not belong to the storage account {account_text}.", target="uri")
    return found
