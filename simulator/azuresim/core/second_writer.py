"""Another client that writes to the same resource and changes nothing but its ETag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.lookup import addressed
from azuresim.core.world import World


def overtake(world: World, path: str, names: Mapping[str, str]) -> None:
    """Give what a request speaks of a new ETag; what is not there cannot be overtaken."""
    found: Any = addressed(world, path, names)
    kernel = world.kernel
    if hasattr(found, "etag"):
        found.etag = kernel.ids.etag(kernel.moment)
    if hasattr(found, "last_modified"):
        found.last_modified = kernel.moment
