"""Rules every ARM resource here obeys: its location, merging, what never changes, parents and children."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from azuresim.core.errors import ServiceError
from azuresim.core.regions import is_region, region_key
from azuresim.core.resource_id import ResourceId


class Placed(Protocol):
    """A resource with a place."""

    location: str


class Tracked(Placed, Protocol):
    """A resource with a place, tags and properties."""

    tags: dict[str, str] | None
    properties: dict[str, Any]


def given_properties(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body says under `properties`; null says nothing, on any level."""
    said: dict[str, Any] = _said(body.get("properties") or {})
    return said


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _said(item) for name, item in value.items() if item is not None}
    return [_said(item) for item in value if item is not None] if isinstance(value, list) else value


def check_location(existing: Placed | None, resource: ResourceId, body: Mapping[str, Any]) -> None:
    """A location is required, must be a region, and never changes."""
    location = body.get("location")
    if not location:
        raise ServiceError(400, "LocationRequired", "The location property is required for this definition.")
    if not is_region(location):
        raise ServiceError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type '{resource.namespace}/{'/'.join(resource.types)}'.",
        )
    if existing is not None and region_key(existing.location) != region_key(location):
        raise ServiceError(
            409,
            "InvalidResourceLocation",
            f"The resource '{'/'.join(resource.names)}' already exists in location '{existing.location}' "
            f"in resource group '{resource.group}'. "
            f"A resource with the same name cannot be created in location '{location}'. Please select a new resource name.",
        )


def merge_patch(resource: Tracked, body: Mapping[str, Any]) -> None:
    """Tags are replaced, properties merged one level deep."""
    if "tags" in body:
        resource.tags = body["tags"]
    resource.properties = {**resource.properties, **given_properties(body)}


def property_change(path: str) -> ServiceError:
    """409 for what only a new resource can have."""
    return ServiceError(409, "PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.", target=path)


def nested_resources() -> ServiceError:
    """409 for a parent that still has children."""
    return ServiceError(409, "CannotDeleteResource", "Can not delete resource before nested resources are deleted.")


def parent_not_found(resource: ResourceId) -> ServiceError:
    """404 for a child whose parent is missing."""
    parent = "/".join(resource.parent.names)
    return ServiceError(
        404, "ParentResourceNotFound", f"Can not perform requested operation on nested resource. Parent resource '{parent}' not found."
    )
