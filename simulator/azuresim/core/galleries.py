"""Compute galleries and image definitions. Versions, the part with a life of their own, are in ``versions``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azuresim.core import definitions
from azuresim.core.arm_rules import check_location, given_properties, merge_patch, nested_resources, parent_not_found
from azuresim.core.definitions import Definition
from azuresim.core.errors import ServiceError, check_range, invalid_parameter
from azuresim.core.kernel import Kernel
from azuresim.core.operations import GALLERIES, Operation, Operations
from azuresim.core.resource_id import ResourceId
from azuresim.core.subscriptions import not_found

Json = dict[str, Any]
# Allowed characters and lengths: MicrosoftDocs/azure-compute-docs, virtual-machines/troubleshooting-shared-images.md.
_GALLERY_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.]{0,78}[A-Za-z0-9])?")
_DEFINITION_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9])?")
_MOST_DAYS = 3650


@dataclass(slots=True, kw_only=True)
class Gallery:
    """A gallery; ``properties`` as ARM shows them, without the provisioning state."""

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    properties: Json
    state: str
    more: Json = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What a PUT came to."""

    created: bool
    operation: Operation


class Galleries:
    """All galleries, by id."""

    def __init__(self, kernel: Kernel, operations: Operations) -> None:
        self._kernel = kernel
        self._operations = operations
        self._by_key: dict[str, Gallery] = {}

    def get(self, gallery_id: ResourceId) -> Gallery:
        """Raises 404 ResourceNotFound."""
        found = self._by_key.get(gallery_id.key)
        if found is None:
            raise not_found(gallery_id)
        return found

    def definition(self, definition_id: ResourceId) -> Definition:
        """Raises 404 for the gallery or the definition."""
        gallery = self._by_key.get(definition_id.parent.key)
        found = gallery.definitions.get(definition_id.name.lower()) if gallery else None
        if found is None:
            raise not_found(definition_id)
        return found

    def find_definition(self, definition_id: ResourceId) -> Definition | None:
        """None instead of an error."""
        gallery = self._by_key.get(definition_id.parent.key)
        return gallery.definitions.get(definition_id.name.lower()) if gallery else None

    def all(self) -> list[Gallery]:
        """In the order of their creation."""
        return list(self._by_key.values())

    def forget(self, gallery_id: ResourceId) -> None:
        """Drop it with its definitions and versions, at once; harmless when it is not here."""
        self._by_key.pop(gallery_id.key, None)

    def in_group(self, subscription: str, group: str | None) -> list[Gallery]:
        """Of one subscription, optionally of one group."""
        return [
            gallery
            for gallery in self._by_key.values()
            if gallery.id.subscription.lower() == subscription.lower() and (group is None or gallery.id.group.lower() == group.lower())
        ]

    def put(self, gallery_id: ResourceId, body: Mapping[str, Any]) -> tuple[Gallery, Written]:
        """Create or update."""
        if not _GALLERY_NAME.fullmatch(gallery_id.name):
            raise invalid_parameter(
                "Gallery name is invalid. Allowed characters are English alphanumeric characters, with underscores, and periods "
                "allowed in the middle, up to 80 characters total. All other special characters, including dashes, are disallowed.",
                target="galleryName",
            )
        existing = self._by_key.get(gallery_id.key)
        check_location(existing, gallery_id, body)
        _check_periods(body)
        given = {name: value for name, value in given_properties(body).items() if name != "identifier"}
        if existing is None:
            self._require_unique(gallery_id)
            given["identifier"] = {"uniqueName": f"{gallery_id.subscription}-{gallery_id.name.upper()}"}
            existing = Gallery(
                id=gallery_id, location=body["location"], tags=body.get("tags"), properties=given, state="Creating", more=_beside(body)
            )
            self._by_key[gallery_id.key] = existing
            return existing, self._settle_later(existing, created=True)
        existing.tags, existing.more = body.get("tags"), {**existing.more, **_beside(body)}
        # Recorded: an update without the policy keeps it.
        policy = {name: existing.properties[name] for name in ("softDeletePolicy",) if name in existing.properties}
        existing.properties = {**policy, **given, "identifier": existing.properties["identifier"]}
        existing.state = "Updating"
        _empty_bin(existing)
        return existing, self._settle_later(existing, created=False)

    def patch(self, gallery_id: ResourceId, body: Mapping[str, Any]) -> Gallery:
        """Merge tags and top-level properties; done at once."""
        gallery = self.get(gallery_id)
        _check_periods(body)
        merge_patch(gallery, body)
        gallery.more |= _beside(body)
        _empty_bin(gallery)
        return gallery

    def delete(self, gallery_id: ResourceId) -> Operation | None:
        """None when there is nothing to delete. 409 while definitions exist."""
        gallery = self._by_key.get(gallery_id.key)
        if gallery is None:
            return None
        if gallery.definitions:
            raise nested_resources()
        gallery.state = "Deleting"
        return self._remove_later(gallery.location, gallery_id, lambda: self._by_key.pop(gallery_id.key, None))

    def put_definition(self, definition_id: ResourceId, body: Mapping[str, Any], *, api_version: str) -> tuple[Definition, Written]:
        """Create or update; what identifies an image can never change."""
        gallery = self._by_key.get(definition_id.parent.key)
        if gallery is None:
            raise parent_not_found(definition_id)
        if not _DEFINITION_NAME.fullmatch(definition_id.name):
            raise invalid_parameter(
                f"The entity name '{definition_id.name}' is invalid according to its validation rule.", target="galleryImageName"
            )
        existing = gallery.definitions.get(definition_id.name.lower())
        check_location(existing, definition_id, body)
        given = definitions.normalised(given_properties(body))
        definitions.check_end_of_life(given, self._kernel.moment)
        if existing is None:
            definitions.check_identifier(gallery.definitions.values(), given)
            made = Definition(
                id=definition_id,
                location=body["location"],
                tags=body.get("tags"),
                properties=definitions.with_defaults(given, api_version),
                state="Creating",
            )
            gallery.definitions[definition_id.name.lower()] = made
            return made, self._settle_later(made, created=True)
        definitions.check_unchanged(existing, given)
        existing.properties = {**definitions.immutable_part(existing.properties), **given}
        existing.tags = body.get("tags")
        existing.state = "Updating"
        return existing, self._settle_later(existing, created=False)

    def patch_definition(self, definition_id: ResourceId, body: Mapping[str, Any]) -> Definition:
        """Merge; the same properties are immutable as in a PUT."""
        definition = self.definition(definition_id)
        given = definitions.normalised(given_properties(body))
        definitions.check_unchanged(definition, given)
        definitions.check_end_of_life(given, self._kernel.moment)
        merge_patch(definition, {**body, "properties": given})
        return definition

    def delete_definition(self, definition_id: ResourceId) -> Operation | None:
        """None when there is nothing to delete. 409 while versions exist."""
        gallery = self._by_key.get(definition_id.parent.key)
        definition = gallery.definitions.get(definition_id.name.lower()) if gallery else None
        if gallery is None or definition is None:
            return None
        if definition.versions or definition.recycled:
            raise nested_resources()
        definition.state = "Deleting"
        siblings = gallery.definitions
        return self._remove_later(definition.location, definition_id, lambda: siblings.pop(definition_id.name.lower(), None))

    def adopt(self, gallery_id: ResourceId, body: Mapping[str, Any]) -> Gallery:
        """Put a gallery into the world as the service shows it, finished."""
        shown = dict(body.get("properties") or {})
        state = shown.pop("provisioningState", "Succeeded")
        shown.setdefault("identifier", {"uniqueName": f"{gallery_id.subscription}-{gallery_id.name.upper()}"})
        made = Gallery(id=gallery_id, location=body["location"], tags=body.get("tags"), properties=shown, state=state, more=_beside(body))
        self._by_key[gallery_id.key] = made
        return made

    def adopt_definition(self, definition_id: ResourceId, body: Mapping[str, Any]) -> Definition:
        """The same for a definition; its gallery is made when missing. What the body leaves out is what older api-versions mean."""
        shown = dict(body.get("properties") or {})
        state = shown.pop("provisioningState", "Succeeded")
        gallery = self._by_key.get(definition_id.parent.key) or self.adopt(definition_id.parent, {"location": body["location"]})
        identifier = {"publisher": gallery.id.name, "offer": definition_id.name, "sku": definition_id.name}
        known = {"osType": "Linux", "osState": "Generalized", "hyperVGeneration": "V1", "architecture": "x64", "identifier": identifier}
        made = Definition(id=definition_id, location=body["location"], tags=body.get("tags"), properties={**known, **shown}, state=state)
        gallery.definitions[definition_id.name.lower()] = made
        return made

    def _require_unique(self, gallery_id: ResourceId) -> None:
        if any(g.id.name.lower() == gallery_id.name.lower() for g in self.in_group(gallery_id.subscription, None)):
            raise ServiceError(
                409,
                "Conflict",
                f"The gallery name {gallery_id.name} is not unique within the subscription {gallery_id.subscription}. "
                "Please pick another gallery name.",
            )

    def _settle_later(self, resource: Gallery | Definition, *, created: bool) -> Written:
        operation = self._operations.begin(GALLERIES, resource.id.subscription, resource.location)

        def done(at: float) -> None:
            if resource.state != "Deleting":
                resource.state = "Succeeded"
            self._operations.end(operation, at)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.gallery_write, done)
        return Written(created, operation)

    def _remove_later(self, location: str, resource: ResourceId, remove: Callable[[], object]) -> Operation:
        operation = self._operations.begin(GALLERIES, resource.subscription, location)

        def done(at: float) -> None:
            remove()
            self._operations.end(operation, at)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.gallery_delete, done)
        return operation


def _beside(body: Mapping[str, Any]) -> Json:
    """Members beside the properties that are kept as they are."""
    return {name: body[name] for name in ("identity", "systemData") if body.get(name)}


def _check_periods(body: Mapping[str, Any]) -> None:
    """Days of the soft-delete policy; the bounds are a guess, those of the service are not known."""
    policy = given_properties(body).get("softDeletePolicy") or {}
    for name in ("retentionPeriodInDays", "gracePeriodInDays"):
        check_range(policy.get(name, 0), f"softDeletePolicy.{name}", 0, _MOST_DAYS)


def _empty_bin(gallery: Gallery) -> None:
    """Without the policy nothing is kept: the definitions of such a gallery can be deleted at once, as recorded."""
    if not (gallery.properties.get("softDeletePolicy") or {}).get("isSoftDeleteEnabled"):
        for definition in gallery.definitions.values():
            definition.recycled.clear()
