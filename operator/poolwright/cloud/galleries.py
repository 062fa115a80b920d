"""Galleries, definitions and versions through azure-mgmt-compute. PUT and GET only: a PATCH of this SDK takes a 202 for an error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from azure.mgmt.compute.aio import ComputeManagementClient
from azure.mgmt.compute.models import Gallery, GalleryImage, GalleryImageVersion

from poolwright.cloud.clients import AzureClients
from poolwright.cloud.errors import called, found
from poolwright.domain import resource_id
from poolwright.domain.image import situation
from poolwright.domain.image.observed import DefinitionView, GalleryView, RegionProgress, State, VersionView
from poolwright.domain.image.spec import DEFAULT_REPLICAS, DEFAULT_STORAGE, OperatingSystem, Region, VhdSource
from poolwright.domain.outcomes import CallFailed, LookAgain
from poolwright.domain.ownership import SOURCE_DIGEST, Mark
from poolwright.domain.resource_id import ResourceId

# A missing group or subscription means that nothing is there either; the PUT that follows says so in Azure's words.
ABSENT = frozenset({"ResourceNotFound", "NotFound", "ParentResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound"})
Json = dict[str, Any]


class AzureGalleries:
    """The port ``Galleries`` over the SDK."""

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients

    async def gallery(self, gallery: ResourceId) -> GalleryView | None:
        """One direct read."""
        call = self._compute(gallery).galleries.get(gallery.resource_group, gallery.name)
        model = await found(f"reading gallery {gallery.name}", call, absent=ABSENT)
        if model is None:
            return None
        body = model.as_dict()
        state = body.get("properties", {}).get("provisioningState", "Succeeded")
        return GalleryView(location=resource_id.region(body["location"]), state=state)

    async def definition(self, definition: ResourceId) -> DefinitionView | None:
        """One direct read."""
        gallery, name = definition.names
        call = self._compute(definition).gallery_images.get(definition.resource_group, gallery, name)
        model = await found(f"reading image definition {name}", call, absent=ABSENT)
        return None if model is None else _definition(model.as_dict())

    async def versions(self, definition: ResourceId) -> tuple[VersionView, ...] | None:
        """One listing, all pages; None when the definition does not exist."""
        gallery, name = definition.names
        pages = self._compute(definition).gallery_image_versions.list_by_gallery_image(definition.resource_group, gallery, name)

        async def collect() -> list[Json]:
            return [model.as_dict() async for model in pages]

        bodies = await found(f"listing versions of {name}", collect(), absent=ABSENT)
        return None if bodies is None else tuple(_version(body) for body in bodies)

    async def version(self, version: ResourceId) -> VersionView | None:
        """One direct read, with the replication status."""
        body = await self._read(version, expand="ReplicationStatus")
        return None if body is None else _version(body)

    async def create_gallery(self, action: situation.CreateGallery, mark: Mark) -> None:
        """PUT; the tags say who made it, nothing depends on them."""
        body = {"location": action.location, "tags": mark.tags(), "properties": {}}
        gallery = action.gallery
        call = self._compute(gallery).galleries.begin_create_or_update(gallery.resource_group, gallery.name, Gallery(body), polling=False)
        await called(f"creating gallery {gallery.name}", call)

    async def create_definition(self, action: situation.CreateDefinition, mark: Mark) -> None:
        """PUT, every property that has a default sent: from api 2025-03-03 on the service's defaults changed."""
        home = action.home
        gallery, name = home.definition.names
        identifier = {"publisher": home.identifier.publisher, "offer": home.identifier.offer, "sku": home.identifier.sku}
        properties = {
            "osType": home.os.type,
            "osState": "Generalized",
            "hyperVGeneration": home.os.hyper_v_generation,
            "architecture": home.os.architecture,
            "features": [{"name": "SecurityType", "value": home.os.security_type}],
            "identifier": identifier,
        }
        body = {"location": home.location, "tags": mark.tags(), "properties": properties}
        images = self._compute(home.definition).gallery_images
        call = images.begin_create_or_update(home.definition.resource_group, gallery, name, GalleryImage(body), polling=False)
        await called(f"creating image definition {name}", call)

    async def put_version(self, action: situation.PutVersion, mark: Mark) -> None:
        """PUT with the source."""
        source, home = action.spec.source, action.home
        if not isinstance(source, VhdSource):
            raise TypeError("only a VHD is published so far")
        disk = {"source": {"storageAccountId": str(source.storage_account), "uri": source.blob_uri}}
        properties = {
            "publishingProfile": {"targetRegions": _target_regions(action.spec.regions), "replicationMode": action.spec.replication_mode},
            "storageProfile": {"osDiskImage": disk},
            # Without it a region that leaves the declaration could never be removed.
            "safetyProfile": {"allowDeletionOfReplicatedLocations": True},
        }
        body = {"location": home.location, "tags": {**mark.tags(), SOURCE_DIGEST: action.digest}, "properties": properties}
        await self._put(home.definition.child("versions", action.version), body)

    async def update_regions(self, action: situation.UpdateRegions) -> None:
        """GET, then PUT without the source; what else is on the version stays."""
        body = await self._read(action.version, expand=None)
        if body is None:
            raise CallFailed(LookAgain(detail=f"version {action.version.name} went away"))
        profile = body["properties"]["publishingProfile"]
        kept = {name: profile[name] for name in ("excludeFromLatest", "endOfLifeDate") if name in profile}
        properties = {
            "publishingProfile": {**kept, "targetRegions": _target_regions(action.spec.regions)},
            "storageProfile": {},
            "safetyProfile": {"allowDeletionOfReplicatedLocations": True},
        }
        await self._put(action.version, {"location": body["location"], "tags": body.get("tags", {}), "properties": properties})

    async def delete_version(self, version: ResourceId) -> None:
        """DELETE."""
        gallery, image, name = version.names
        versions = self._compute(version).gallery_image_versions
        await called(f"deleting version {name}", versions.begin_delete(version.resource_group, gallery, image, name, polling=False))

    async def delete_definition(self, definition: ResourceId) -> None:
        """DELETE."""
        gallery, name = definition.names
        images = self._compute(definition).gallery_images
        await called(f"deleting image definition {name}", images.begin_delete(definition.resource_group, gallery, name, polling=False))

    async def _read(self, version: ResourceId, *, expand: str | None) -> Json | None:
        gallery, image, name = version.names
        call = self._compute(version).gallery_image_versions.get(version.resource_group, gallery, image, name, expand=expand)
        model = await found(f"reading version {name}", call, absent=ABSENT)
        return None if model is None else model.as_dict()

    async def _put(self, version: ResourceId, body: Json) -> None:
        gallery, image, name = version.names
        versions = self._compute(version).gallery_image_versions
        await called(
            f"writing version {name}",
            versions.begin_create_or_update(version.resource_group, gallery, image, name, GalleryImageVersion(body), polling=False),
        )

    def _compute(self, resource: ResourceId) -> ComputeManagementClient:
        return self._clients.compute(resource.subscription)


def _definition(body: Json) -> DefinitionView:
    properties = body["properties"]
    features = {feature["name"]: feature["value"] for feature in properties.get("features", ())}
    system = OperatingSystem(
        type=properties["osType"],
        hyper_v_generation=properties.get("hyperVGeneration", "V1"),
        architecture=properties.get("architecture", "x64"),
        security_type=features.get("SecurityType", "Standard"),
    )
    state = properties.get("provisioningState", "Succeeded")
    return DefinitionView(state=state, os=system, os_state=properties["osState"], tags=body.get("tags", {}))


def _version(body: Json) -> VersionView:
    properties = body["properties"]
    profile, status = properties.get("publishingProfile", {}), properties.get("replicationStatus")
    return VersionView(
        id=body["id"],
        name=body["name"],
        location=resource_id.region(body["location"]),
        state=_STATES.get(properties.get("provisioningState", "Succeeded"), State.UPDATING),
        regions=tuple(_region(region) for region in profile.get("targetRegions", ())),
        tags=body.get("tags", {}),
        published_time=profile.get("publishedDate"),
        replication=None if status is None else _replication(status.get("summary", ())),
    )


def _region(region: Json) -> Region:
    return Region(
        name=resource_id.region(region["name"]),
        replicas=region.get("regionalReplicaCount", DEFAULT_REPLICAS),
        storage_account_type=region.get("storageAccountType", DEFAULT_STORAGE),
    )


def _replication(summary: Iterable[Json]) -> tuple[RegionProgress, ...]:
    return tuple(sorted((_progress(item) for item in summary), key=lambda region: region.name))


def _progress(item: Json) -> RegionProgress:
    name, state = resource_id.region(item["region"]), item.get("state", "Unknown")
    return RegionProgress(name=name, state=state, progress=item.get("progress", 0), detail=item.get("details", "") or "")


# Migrating is an update of Azure's own.
_STATES = {state.value: state for state in State}


def _target_regions(regions: Iterable[Region]) -> list[Json]:
    return [
        {"name": region.name, "regionalReplicaCount": region.replicas, "storageAccountType": region.storage_account_type}
        for region in regions
    ]
