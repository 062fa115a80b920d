"""What a virtual machine can be made from, other than an existing disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import DEFINITION_TYPE, VERSION_TYPE, Sources

Json = dict[str, Any]
_IMAGE = "microsoft.compute/images"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootImage:
    """An image on its way to a machine.

    ``shown`` is the machine's image reference as the service shows it; ``creation`` what the OS disk says of its origin.
    ``specialized`` images bring their users along and take no OS profile. ``prefix`` is how disks made from it are named.
    """

    contents: Contents
    data_disks: Mapping[int, Contents]
    shown: Json
    creation: Json
    specialized: bool = False
    prefix: str = "OsDisk_1"


class BootImages:
    """Resolves image references."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def find(self, reference: Mapping[str, Any], location: str, subscription: str) -> BootImage:
        """Raises 404 for what is not there or not in this region, 400 for what is no image."""
        named = reference.get("id") or reference.get("sharedGalleryImageId") or reference.get("communityGalleryImageId")
        if named is None:
            return self._platform(reference, location, subscription)
        parsed = ResourceId.parse(str(named))
        if parsed is not None and parsed.type in {VERSION_TYPE, DEFINITION_TYPE}:
            return self._gallery(reference, parsed, location)
        image = self._sources.images.find(parsed) if parsed is not None and parsed.type == _IMAGE else None
        if parsed is None or parsed.type != _IMAGE:
            raise invalid_parameter(f"The value '{named}' of parameter imageReference.id is invalid.", target="imageReference.id")
        if image is None or region_key(image.location) != region_key(location):
            raise ServiceError(
                404,
                "NotFound",
                f"The Image '{named}' cannot be found in '{location}' region.",
                target="imageReference",
            )
        return BootImage(
            contents=image.contents, data_disks=image.data_contents, shown={"id": named}, creation=_from_image(str(named)), prefix="disk1"
        )

    def _platform(self, reference: Mapping[str, Any], location: str, subscription: str) -> BootImage:
        image, exact = self._sources.marketplace.for_machine(reference)
        path = (
            f"/Subscriptions/{subscription}/Providers/Microsoft.Compute/Locations/{location}/Publishers/{image.publisher}"
            f"/ArtifactTypes/VMImage/Offers/{image.offer}/Skus/{image.sku}/Versions/{exact}"
        )
        return BootImage(
            contents=image.contents,
            data_disks={},
            shown={"version": "latest", **reference, "exactVersion": exact},
            creation=_from_image(path),
            prefix="disk1",
        )

    def _gallery(self, reference: Mapping[str, Any], parsed: ResourceId, location: str) -> BootImage:
        definition = self._sources.galleries.find_definition(parsed.parent if parsed.type == VERSION_TYPE else parsed)
        chosen = self._sources.version(parsed, location)
        if definition is None or chosen is None or chosen.contents is None:
            raise ServiceError(
                404,
                "GalleryImageNotFound",
                f"The gallery image {parsed} is not available in {region_key(location)} region. "
                "Please contact image owner to replicate to this region, or change your requested region.",
                target="imageReference",
            )
        return BootImage(
            contents=chosen.contents,
            data_disks=chosen.data_contents,
            shown={**reference, "exactVersion": chosen.id.name},
            creation={"createOption": "FromImage", "galleryImageReference": {"id": str(chosen.id)}},
            specialized=definition.properties.get("osState") == "Specialized",
        )


def _from_image(path: str) -> Json:
    return {"createOption": "FromImage", "imageReference": {"id": path}}
