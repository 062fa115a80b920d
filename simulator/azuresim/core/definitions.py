"""Image definitions: what they are, and the rules of their properties."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azuresim.core.arm_rules import property_change
from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.moments import given_moment
from azuresim.core.resource_id import ResourceId
from azuresim.core.versions import ImageVersion

Json = dict[str, Any]
# What an image is known by can never change.
_IMMUTABLE = ("osType", "osState", "hyperVGeneration", "architecture", "identifier")
_IDENTIFIER = {"publisher": 128, "offer": 64, "sku": 64}
# Their spelling is the service's own (recorded: "ConfidentialVm" is answered as "ConfidentialVM").
_SECURITY_TYPES = {
    name.lower(): name
    for name in (
        "Standard",
        "TrustedLaunch",
        "TrustedLaunchSupported",
        "ConfidentialVM",
        "ConfidentialVMSupported",
        "TrustedLaunchAndConfidentialVmSupported",
    )
}
# From this gallery api-version on, an unsaid generation and security type mean the newer ones (azure-compute-gallery.md).
_TRUSTED_BY_DEFAULT_FROM = "2025-03-03"


@dataclass(slots=True, kw_only=True)
class Definition:
    """An image definition; ``properties`` as ARM shows them, without the provisioning state."""

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    properties: Json
    state: str
    versions: dict[str, ImageVersion] = field(default_factory=dict)
    recycled: dict[str, ImageVersion] = field(default_factory=dict)

    @property
    def security_type(self) -> str:
        """Standard when no feature says otherwise."""
        features = self.properties.get("features", ())
        return next((f["value"] for f in features if f["name"].lower() == "securitytype"), "Standard")

    def contents(self, size_gib: int, *, generalized: bool | None = None) -> Contents:
        """What is on an image of which only the definition is known."""
        own = self.properties
        return Contents(
            size_gib=size_gib,
            os_type=own["osType"],
            generation=own["hyperVGeneration"],
            architecture=own.get("architecture", "x64"),
            security_type="Standard" if self.security_type.endswith("Supported") else self.security_type,
            generalized=own["osState"] == "Generalized" if generalized is None else generalized,
        )

    def version(self, name: str) -> ImageVersion | None:
        """By its full name, soft-deleted ones included: they can be used until their retention ends."""
        return self.versions.get(name.lower()) or self.recycled.get(name.lower())

    def latest(self, region: str) -> ImageVersion | None:
        """The highest one offered as latest in the region; soft-deleted ones never are."""
        offered = [v for v in self.versions.values() if v.usable_in(region) and v.in_latest(region)]
        return max(offered, key=lambda v: v.number, default=None)


def check_unchanged(definition: Definition, given: Mapping[str, Any]) -> None:
    """409 for a new value of what can never change; leaving it out is in order."""
    for name in _IMMUTABLE:
        if name in given and given[name] != definition.properties.get(name):
            raise property_change(f"galleryImage.properties.{name}")


def normalised(given: Mapping[str, Any]) -> Json:
    """What the service keeps: nothing empty, feature values in its spelling."""
    kept = {name: value for name, value in given.items() if value not in ({}, [])}
    if "features" in kept:
        for number, feature in enumerate(kept["features"]):
            for name in ("name", "value"):
                if not (feature or {}).get(name):
                    target = f"galleryImage.properties.features[{number}].{name}"
                    raise invalid_parameter(f"Required parameter '{target}' is missing (null).", target=target)
        kept["features"] = [{**feature, "value": _feature_value(**feature)} for feature in kept["features"]]
    return kept


def _feature_value(name: str, value: str, **_more: Any) -> str:
    if name.lower() == "securitytype":
        return _SECURITY_TYPES.get(value.lower(), value)
    # Recorded: "true" is answered as "True".
    return value.capitalize() if value in {"true", "false"} else value


def with_defaults(given: Json, api_version: str) -> Json:
    """A new definition's properties; what is left out depends on the api-version."""
    filled = {"hyperVGeneration": "V1", "architecture": "x64", **given}
    if api_version >= _TRUSTED_BY_DEFAULT_FROM:
        if "hyperVGeneration" not in given:
            filled["hyperVGeneration"] = "V2"
        names = {f["name"] for f in given.get("features", ())}
        if "SecurityType" not in names and filled["hyperVGeneration"] == "V2":
            filled["features"] = [*given.get("features", ()), {"name": "SecurityType", "value": "TrustedLaunchSupported"}]
    return filled


def immutable_part(properties: Json) -> Json:
    """What an update that leaves it out does not take away."""
    return {
        name: properties[name]
        for name in ("hyperVGeneration", "architecture", "osType", "osState", "identifier", "features")
        if name in properties
    }


def check_end_of_life(given: Mapping[str, Any], now: float) -> None:
    """400 for an end that has come already (troubleshooting-shared-images.md)."""
    end = given.get("endOfLifeDate")
    if end and given_moment(end, "properties.endOfLifeDate") <= now:
        raise invalid_parameter("EndOfLifeDate must be set to a future date.", target="galleryImage.properties.endOfLifeDate")


def check_identifier(siblings: Iterable[Definition], given: Json) -> None:
    """Refuse a malformed or taken identifier, and a definition without an operating system."""
    identifier = given.get("identifier") or {}
    for name, longest in _IDENTIFIER.items():
        value = str(identifier.get(name) or "")
        if not re.fullmatch(rf"[A-Za-z0-9._-]{{1,{longest}}}(?<!\.)", value):
            raise invalid_parameter(
                f"Asset name galleryImage.properties.identifier.{name} is not valid. It cannot be empty. "
                "Allowed characters are uppercase or lowercase letters, digits, hyphen(-), period (.), underscore (_). "
                "Names are not allowed to end with period(.). "
                f"The length of the name cannot exceed {longest} characters.",
                target=f"galleryImage.properties.identifier.{name}",
            )
    taken = [d for d in siblings if d.properties["identifier"] == identifier]
    if taken:
        raise ServiceError(
            409,
            "Conflict",
            f"Gallery image: {taken[0].id.name} identified by (publisher:{identifier['publisher']}, offer:{identifier['offer']}, "
            f"sku:{identifier['sku']}) already exists. Choose a different publisher, offer, sku combination.",
        )
    for name in ("osType", "osState"):
        if name not in given:
            raise invalid_parameter(
                f"Required parameter 'galleryImage.properties.{name}' is missing (null).", target=f"galleryImage.properties.{name}"
            )
