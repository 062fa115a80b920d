"""Where bits are found by the names requests give them: disks, snapshots, images, versions, machines, blobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.galleries import Galleries
from azuresim.core.machine import Machine, MachineDisk
from azuresim.core.managed_disks import ManagedDisk
from azuresim.core.marketplace import Marketplace
from azuresim.core.resource_id import ResourceId
from azuresim.core.shelf import Shelf
from azuresim.core.storage import Storage
from azuresim.core.versions import ImageVersion
from azuresim.core.vhd_blobs import VhdBlob, locate

if TYPE_CHECKING:
    from azuresim.core.managed_images import ManagedImage

VERSION_TYPE = "microsoft.compute/galleries/images/versions"
DEFINITION_TYPE = "microsoft.compute/galleries/images"
_PLATFORM = ("publishers", "artifacttypes", "offers", "skus", "versions")


class Sources:
    """One per world."""

    def __init__(self, storage: Storage, galleries: Galleries, blob_base: Callable[[], str]) -> None:
        self.storage = storage
        self.disks: Shelf[ManagedDisk] = Shelf()
        self.snapshots: Shelf[ManagedDisk] = Shelf()
        self.images: Shelf[ManagedImage] = Shelf()
        self.machines: Shelf[Machine] = Shelf()
        self.galleries = galleries
        self.marketplace = Marketplace()
        self._blob_base = blob_base

    @property
    def blob_base(self) -> str:
        """What all blob endpoints begin with, for example `https://127.0.0.1:8443/blob/`."""
        return self._blob_base()

    def disk(self, text: str | None) -> ManagedDisk | None:
        """A disk or a snapshot by its id; None for anything else, and for what is not there."""
        parsed = ResourceId.parse(text or "")
        if parsed is None:
            return None
        return self.disks.find(parsed) if parsed.type == "microsoft.compute/disks" else self.snapshots.find(parsed)

    def machine(self, text: str | None) -> Machine | None:
        """A virtual machine by its id."""
        parsed = ResourceId.parse(text or "")
        return self.machines.find(parsed) if parsed is not None and parsed.type == "microsoft.compute/virtualmachines" else None

    def on(self, disk: MachineDisk) -> Contents:
        """What is on a machine's disk now."""
        managed = self.disks.find(disk.id) if disk.id is not None else None
        return managed.contents if managed is not None else disk.own or Contents(size_gib=int(disk.settings.get("diskSizeGB") or 1))

    def vhd(self, uri: str) -> VhdBlob | None:
        """A blob by its address; None when it is in no account here."""
        return locate(uri, self.storage, self.blob_base)

    def version(self, resource: ResourceId, region: str) -> ImageVersion | None:
        """A gallery version that can be used in ``region``; of a definition, the latest there."""
        definition = self.galleries.find_definition(resource.parent if resource.type == VERSION_TYPE else resource)
        if definition is None:
            return None
        found = definition.version(resource.name) if resource.type == VERSION_TYPE else definition.latest(region)
        return found if found is not None and found.usable_in(region) else None

    def image_disk(self, text: str, region: str, *, lun: int | None = None) -> Contents:
        """One disk of an image: a gallery version's, a managed image's, a Marketplace image's.

        Raises 404 when it is not there, 400 for a lun it does not have.
        """
        platform = self._platform(text)
        if platform is not None:
            return platform
        parsed = ResourceId.parse(text)
        version = self.version(parsed, region) if parsed is not None and parsed.type in {VERSION_TYPE, DEFINITION_TYPE} else None
        if version is None or version.contents is None:
            raise ServiceError(
                404,
                "NotFound",
                f"The gallery image {text} is not available in {region} region. "
                "Please contact image owner to replicate to this region, or change your requested region.",
            )
        if lun is None:
            return version.contents
        if lun not in version.data_contents:
            raise invalid_parameter("The value of parameter imageReference is invalid.", target="imageReference")
        return version.data_contents[lun]

    def platform_contents(self, publisher: str, offer: str, sku: str) -> Contents | None:
        """A Marketplace image; None when the cloud does not offer it."""
        found = self.marketplace.find(publisher, offer, sku)
        return None if found is None else found.contents

    def _platform(self, text: str) -> Contents | None:
        """`/Subscriptions/{s}/Providers/Microsoft.Compute/Locations/{l}/Publishers/{p}/ArtifactTypes/VMImage/Offers/{o}/Skus/{s}/Versions/{v}`."""
        parts = text.strip("/").split("/")
        pairs = {kind.lower(): name for kind, name in zip(parts[0::2], parts[1::2], strict=False)}
        if not all(kind in pairs for kind in _PLATFORM):
            return None
        found = self.platform_contents(pairs["publishers"], pairs["offers"], pairs["skus"])
        if found is None:
            raise ServiceError(
                404,
                "PlatformImageNotFound",
                f"The platform image '{pairs['publishers']}:{pairs['offers']}:{pairs['skus']}:{pairs['versions']}' is not available.",
            )
        return found
