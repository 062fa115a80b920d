"""Resources put into the world as they are: finished, in no time, from the body that the service showed of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from azuresim.core.regions import display_name, region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.versions import Replica

if TYPE_CHECKING:
    from azuresim.core.world import World

Json = dict[str, Any]
Adopt = Callable[["World", ResourceId, Mapping[str, Any]], object]


def adopt(world: World, body: Mapping[str, Any]) -> None:
    """Make the resource ``body`` shows; its `id` says which. Raises ValueError for a type that cannot be adopted."""
    text = str(body.get("id"))
    if _PLATFORM_IMAGE.match(text):
        _reach(world, "sources.marketplace.adopt")(text, body)
        return
    resource = ResourceId.parse(text)
    how = None if resource is None else _ADOPTERS.get(resource.type)
    if resource is None or how is None:
        raise ValueError(f"cannot adopt {text}")
    world.add_resource_group(resource.subscription, resource.group, body.get("location") or "westeurope")
    how(world, resource, body)


def _reach(world: World, name: str) -> Callable[..., object]:
    """The method by which a part of the world adopts. Raises ValueError when this world has none."""
    try:
        found: Callable[..., object] = attrgetter(name)(world)
    except AttributeError:
        raise ValueError(f"this world has no {name}") from None
    return found


def _by(name: str, otherwise: Adopt | None = None) -> Adopt:
    """The part of the world adopts it itself."""

    def adopt_there(world: World, resource: ResourceId, body: Mapping[str, Any]) -> object:
        try:
            there = _reach(world, name)
        except ValueError:
            if otherwise is None:
                raise
            return otherwise(world, resource, body)
        return there(resource, body)

    return adopt_there


def _storage_account(world: World, resource: ResourceId, body: Mapping[str, Any]) -> None:
    world.add_storage_account(str(resource), location=body["location"])


def _gallery(world: World, resource: ResourceId, body: Mapping[str, Any]) -> None:
    world.add_gallery(str(resource), location=body["location"], tags=body.get("tags"))
    given = {name: value for name, value in body.get("properties", {}).items() if name != "provisioningState"}
    world.galleries.get(resource).properties.update(given)


def _definition(world: World, resource: ResourceId, body: Mapping[str, Any]) -> None:
    properties = body.get("properties", {})
    world.add_definition(
        str(resource),
        location=body["location"],
        os_type=properties.get("osType", "Linux"),
        generation=properties.get("hyperVGeneration", "V1"),
        os_state=properties.get("osState", "Generalized"),
        identifier=properties.get("identifier"),
        tags=body.get("tags"),
    )
    given = {name: value for name, value in properties.items() if name != "provisioningState"}
    world.galleries.definition(resource).properties = given


def _version(world: World, resource: ResourceId, body: Mapping[str, Any]) -> None:
    properties = body.get("properties", {})
    regions = tuple(region["name"] for region in properties.get("publishingProfile", {}).get("targetRegions", ()))
    version = world.add_version(str(resource), regions=tuple(map(region_key, regions)) or (body["location"],), tags=body.get("tags"))
    shown = {name: value for name, value in properties.items() if name not in {"provisioningState", "replicationStatus"}}
    version.location = body["location"]
    version.properties = {**version.properties, **shown}
    version.replicas = {key: Replica(region=display_name(key), state="Completed") for key in map(region_key, regions)} or version.replicas


def _batch_account(world: World, resource: ResourceId, body: Mapping[str, Any]) -> None:
    properties = body.get("properties", {})
    account = world.add_batch_account(
        str(resource),
        location=body["location"],
        allocation_mode=properties.get("poolAllocationMode", "BatchService"),
        dedicated_quota=properties.get("dedicatedCoreQuota") or 500,
        low_priority_quota=properties.get("lowPriorityCoreQuota") or 500,
        pool_quota=properties.get("poolQuota") or 100,
        family_quotas={family["name"]: family["coreQuota"] for family in properties.get("dedicatedCoreQuotaPerVMFamily") or ()},
        families_enforced=properties.get("dedicatedCoreQuotaPerVMFamilyEnforced", True),
        authentication_modes=tuple(properties.get("allowedAuthenticationModes") or ()) or None,
    )
    account.tags.update(body.get("tags") or {})


_PLATFORM_IMAGE = re.compile("/subscriptions/[^/]+/providers/microsoft.compute/locations/[^/]+/publishers/", re.IGNORECASE)
_ADOPTERS: dict[str, Adopt] = {
    "microsoft.storage/storageaccounts": _storage_account,
    "microsoft.batch/batchaccounts": _by("batch_writes.adopt", _batch_account),
    "microsoft.compute/galleries": _by("galleries.adopt", _gallery),
    "microsoft.compute/galleries/images": _by("galleries.adopt_definition", _definition),
    "microsoft.compute/galleries/images/versions": _by("publishing.adopt", _version),
    "microsoft.compute/disks": _by("disks.adopt"),
    "microsoft.compute/snapshots": _by("snapshots.adopt"),
    "microsoft.compute/images": _by("images.adopt"),
    "microsoft.compute/virtualmachines": _by("virtual.adoption.adopt"),
    "microsoft.compute/virtualmachines/runcommands": _by("virtual.run_commands.adopt"),
    "microsoft.network/networkinterfaces": _by("virtual.network.adopt"),
}
