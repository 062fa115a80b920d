"""Any resource by its ARM id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from azuresim.core.errors import ServiceError
from azuresim.core.resource_id import ResourceId

if TYPE_CHECKING:
    from azuresim.core.world import World


def find(world: World, resource_id: ResourceId) -> Any | None:
    """The core's object; None when there is none, or when its type is unknown here."""
    finder = _FINDERS.get(resource_id.type)
    if finder is None:
        return None
    try:
        return finder(world, resource_id)
    except ServiceError:
        return None


def addressed(world: World, path: str, names: Mapping[str, str]) -> Any | None:
    """What a request speaks of: by its ARM id, or by the names in a data plane's path; None when it is not there.

    Actions such as `.../deallocate` count as their resource.
    """
    resource_id = ResourceId.parse(path) or ResourceId.parse(path.rstrip("/").rpartition("/")[0])
    if resource_id is not None:
        return find(world, resource_id)
    try:
        if "pool" in names:
            return world.pools.get(world.batch.named(names["account"]), names["pool"])
        if "blob" in names:
            storage = world.storage.named(names["account"])
            return None if storage is None else storage.blob(names["container"], names["blob"])
        if "group" in names:
            return world.subscriptions.group(names["subscription"], names["group"])
    except ServiceError:
        pass
    return None


_FINDERS: dict[str, Callable[[Any, ResourceId], Any]] = {
    "microsoft.batch/batchaccounts": lambda world, found: world.batch.get(found),
    "microsoft.batch/batchaccounts/pools": lambda world, found: world.pools.get(world.batch.get(found.parent), found.name),
    "microsoft.compute/galleries": lambda world, found: world.galleries.get(found),
    "microsoft.compute/galleries/images": lambda world, found: world.galleries.definition(found),
    "microsoft.compute/galleries/images/versions": lambda world, found: world.publishing.find(found),
    "microsoft.compute/virtualmachines": lambda world, found: world.virtual.machines.shelf.get(found),
    "microsoft.compute/disks": lambda world, found: world.sources.disks.get(found),
    "microsoft.compute/snapshots": lambda world, found: world.sources.snapshots.get(found),
    "microsoft.compute/images": lambda world, found: world.sources.images.get(found),
    "microsoft.network/networkinterfaces": lambda world, found: world.virtual.network.get(found),
    "microsoft.storage/storageaccounts": lambda world, found: world.storage.account(found),
}
