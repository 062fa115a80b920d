"""Rules every ARM resource here obeys: its location, merging, what never changes, parents and children."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.regions import is_region, region_key, region_keys
from azuresim.core.resource_id import ResourceId


class Located(Protocol):
    """A resource with a place."""

    location: str


class Tracked(Located, Protocol):
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


def check_location(existing: Located | None, resource: ResourceId, body: Mapping[str, Any]) -> None:
    """A location is required, must be a region, and never changes."""
    location = body.get("location")
    if not location:
        raise ServiceError(400, "LocationRequired", "The location property is required for this definition.")
    if not is_region(location):
        raise ServiceError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available for resource type '{resource.namespace}/{'/'.join(resource.types)}'. "
            f"List of available regions for the resource type is '{','.join(region_keys())}'.",
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


_ENTITY_NAME = re.compile(r"[^_\W][\w.-]{0,79}(?<![-.])", re.ASCII)


def check_entity_name(name: str, path: str) -> None:
    """Of disks, snapshots and images: 80 characters, from the first, no underscore, to the last, neither hyphen nor dot. Raises 400."""
    if not _ENTITY_NAME.fullmatch(name):
        raise invalid_parameter(
            f"The entity name '{name}' is invalid according to its validation rule: ^[^_\\W][\\w-._]{{0,79}}(?<![-.])$.", target=path
        )


# Limits on tags: azure-resource-manager documentation, tag-resources.
_MAX_TAGS, _MAX_TAG_NAME, _MAX_TAG_VALUE = 50, 512, 256
_NOT_IN_TAG_NAMES = frozenset("<>%&\\?/")


def check_tags(tags: Mapping[str, str] | None) -> None:
    """At most 50, names of 512 characters without reserved ones, values of 256. Raises 400."""
    if not tags:
        return
    if len(tags) > _MAX_TAGS:
        raise ServiceError(
            400, "TooManyTags", f"The number of tags '{len(tags)}' exceeds the maximum number of tags '{_MAX_TAGS}' allowed on a resource."
        )
    for name, value in tags.items():
        if not name or len(name) > _MAX_TAG_NAME:
            raise ServiceError(
                400, "InvalidTagNameLength", f"The tag name '{name[:80]}' must have between 1 and {_MAX_TAG_NAME} characters."
            )
        if _NOT_IN_TAG_NAMES & set(name):
            raise ServiceError(
                400, "InvalidTagNameCharacters", f"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters."
            )
        if len(str(value)) > _MAX_TAG_VALUE:
            raise ServiceError(
                400, "InvalidTagValueLength", f"The value of tag '{name}' exceeds the maximum length of {_MAX_TAG_VALUE} characters."
            )
