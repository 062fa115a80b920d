"""Managed images: the older form of a captured machine, always generalised by its owner's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from azuresim.core.arm_rules import check_entity_name, check_location, given_properties, property_change
from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.image_disks import ImageDisks, from_machine, from_profile
from azuresim.core.kernel import Kernel
from azuresim.core.operations import COMPUTE, Operation, Operations
from azuresim.core.resource_id import ResourceId
from azuresim.core.sources import Sources

Json = dict[str, Any]
_BESIDE = ("extendedLocation", "systemData")


@dataclass(slots=True, kw_only=True)
class ManagedImage:
    """One image; ``properties`` as ARM shows them, without the provisioning state."""

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    properties: Json
    state: str
    contents: Contents
    data_contents: dict[int, Contents] = field(default_factory=dict)
    more: Json = field(default_factory=dict)


class ManagedImages:
    """All managed images."""

    def __init__(self, kernel: Kernel, operations: Operations, sources: Sources) -> None:
        self._kernel = kernel
        self._operations = operations
        self._sources = sources
        self.shelf = sources.images

    def find(self, image_id: ResourceId) -> ManagedImage | None:
        """None when there is none."""
        return self.shelf.find(image_id)

    def get(self, image_id: ResourceId) -> ManagedImage:
        """Raises 404 ResourceNotFound."""
        return self.shelf.get(image_id)

    def put(self, image_id: ResourceId, body: Mapping[str, Any]) -> tuple[ManagedImage, Operation, bool]:
        """Create, True; of an existing one only the tags can change."""
        existing = self.shelf.find(image_id)
        check_location(existing, image_id, body)
        properties = given_properties(body)
        if existing is not None:
            _check_idle(existing)
            _check_same_source(existing, properties)
            existing.tags = body.get("tags")
            return existing, self._write(existing, "Updating", None), False
        check_entity_name(image_id.name, "image.name")
        disks = self._disks(properties, body["location"])
        shown = {
            **({"sourceVirtualMachine": properties["sourceVirtualMachine"]} if properties.get("sourceVirtualMachine") else {}),
            "storageProfile": disks.shown(with_sizes=False),
            "hyperVGeneration": properties.get("hyperVGeneration") or disks.os_disk.contents.generation,
        }
        image = ManagedImage(
            id=image_id,
            location=body["location"],
            tags=body.get("tags"),
            properties=shown,
            state="Creating",
            contents=replace(disks.os_disk.contents, generation=shown["hyperVGeneration"]),
            data_contents={disk.lun: disk.contents for disk in disks.data_disks if disk.lun is not None},
            more={name: body[name] for name in _BESIDE if body.get(name)},
        )
        self.shelf.put(image)
        return image, self._write(image, "Creating", disks), True

    def patch(self, image_id: ResourceId, body: Mapping[str, Any]) -> tuple[ManagedImage, Operation]:
        """Tags; anything else is settled."""
        image = self.shelf.get(image_id)
        _check_idle(image)
        _check_same_source(image, given_properties(body))
        image.tags = body.get("tags", image.tags)
        return image, self._write(image, "Updating", None)

    def delete(self, image_id: ResourceId) -> Operation | None:
        """None when there is nothing to delete. Versions made from it live on."""
        image = self.shelf.find(image_id)
        if image is None:
            return None
        image.state = "Deleting"

        def gone() -> None:
            if self.shelf.find(image_id) is image:
                self.shelf.remove(image_id)

        return self._operations.after(self._kernel.durations.image_delete, COMPUTE, image_id, image.location, gone)

    def adopt(self, image_id: ResourceId, body: Mapping[str, Any]) -> ManagedImage:
        """Put an image into the world as the service shows it, finished."""
        properties = dict(body.get("properties") or {})
        state = properties.pop("provisioningState", "Succeeded")
        profile = properties.get("storageProfile") or {}
        disk = profile.get("osDisk") or {}
        contents = Contents(
            size_gib=disk.get("diskSizeGB", 30),
            os_type=disk.get("osType"),
            generation=properties.get("hyperVGeneration", "V1"),
            generalized=True,
        )
        data = {d["lun"]: Contents(size_gib=d.get("diskSizeGB", 1)) for d in profile.get("dataDisks") or ()}
        image = ManagedImage(
            id=image_id,
            location=body["location"],
            tags=body.get("tags"),
            properties=properties,
            state=state,
            contents=contents,
            data_contents=data,
            more={name: body[name] for name in _BESIDE if body.get(name)},
        )
        self.shelf.put(image)
        return image

    def _disks(self, properties: Mapping[str, Any], location: str) -> ImageDisks:
        machine_id = (properties.get("sourceVirtualMachine") or {}).get("id")
        profile = properties.get("storageProfile") or {}
        if machine_id is not None and (profile.get("osDisk") or profile.get("dataDisks")):
            raise invalid_parameter("Parameter 'storageProfile' is not allowed.", target="storageProfile")
        if machine_id is None and not profile.get("osDisk"):
            raise invalid_parameter("Required parameter 'image.properties.storageProfile.osDisk' is missing (null).", target="osDisk")
        generation = properties.get("hyperVGeneration")
        if machine_id is not None:
            return from_machine(machine_id, location, generation, self._sources, zone_resilient=bool(profile.get("zoneResilient")))
        return from_profile(profile, location, generation, self._sources)

    def _write(self, image: ManagedImage, state: str, disks: ImageDisks | None) -> Operation:
        image.state = state

        def done() -> None:
            if image.state == "Deleting":
                return
            if disks is not None:
                image.properties = {**image.properties, "storageProfile": disks.shown(with_sizes=True)}
            image.state = "Succeeded"

        return self._operations.after(self._kernel.durations.image_write, COMPUTE, image.id, image.location, done)


def _check_idle(image: ManagedImage) -> None:
    if image.state in {"Creating", "Updating", "Deleting"}:
        raise ServiceError(
            409, "Conflict", f"Another operation on image '{image.id.name}' is in progress. Please retry after it has completed."
        )


def _check_same_source(image: ManagedImage, given: Mapping[str, Any]) -> None:
    """An update may repeat the source or leave it out."""
    machine = (given.get("sourceVirtualMachine") or {}).get("id")
    if machine and machine.lower() != (image.properties.get("sourceVirtualMachine") or {}).get("id", "").lower():
        raise property_change("image.sourceVirtualMachine.id")
    generation = given.get("hyperVGeneration")
    if generation and generation != image.properties["hyperVGeneration"]:
        raise property_change("image.hyperVGeneration")
    disk = (given.get("storageProfile") or {}).get("osDisk") or {}
    kept = image.properties["storageProfile"]["osDisk"]
    for name in ("managedDisk", "snapshot", "blobUri", "osType", "osState"):
        if disk.get(name) and disk[name] != kept.get(name):
            raise property_change(f"image.storageProfile.osDisk.{name}")
