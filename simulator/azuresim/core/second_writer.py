"""Another client that writes to the same resource and changes nothing but its ETag."""

from __future__ import annotations

from collections.abc import Mapping

from azuresim.core.resource_id import ResourceId
from azuresim.core.world import World


def overtake(world: World, path: str, params: Mapping[str, str]) -> None:
    """Give what a request addresses a new ETag: by the ARM id its path begins with, or by the names in a data plane's path.

    Raises ServiceError when it is not there.
    """
    resource_id = addressed(path)
    if resource_id is not None:
        _touch(world, world.find(resource_id))
    elif "account" in params and "pool" in params:
        _touch(world, world.pools.get(world.batch.named(params["account"]), params["pool"]))
    elif "account" in params and "blob" in params:
        storage = world.storage.named(params["account"])
        if storage is not None:
            _touch(world, storage.blob(params["container"], params["blob"]))


def addressed(path: str) -> ResourceId | None:
    """The resource an ARM path speaks of; actions such as `.../deallocate` count as their resource."""
    return ResourceId.parse(path) or ResourceId.parse(path.rstrip("/").rpartition("/")[0])


def _touch(world: World, found: object) -> None:
    kernel = world.kernel
    if hasattr(found, "etag"):
        found.etag = kernel.ids.etag(kernel.moment)
    if hasattr(found, "last_modified"):
        found.last_modified = kernel.moment
