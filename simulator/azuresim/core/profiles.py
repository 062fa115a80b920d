"""Publishing profiles of image versions: defaults filled in, regions normalised, and what an update may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.arm_rules import property_change
from azuresim.core.disk_performance import KINDS
from azuresim.core.errors import ServiceError, check_range, invalid_parameter
from azuresim.core.moments import given_moment, moment_of
from azuresim.core.regions import display_name, is_region, region_key
from azuresim.core.versions import ImageVersion

Json = dict[str, Any]
_MAX_REPLICAS = 100
_CREATE_ONLY = ("replicationMode", "storageAccountType")


def checked_profile(given: Mapping[str, Any], *, home: str, previous: Mapping[str, Any] | None = None) -> Json:
    """The profile as the service stores it.

    No regions mean the home region; a list without it is refused. ``previous`` supplies what an update leaves out.
    """
    before = previous or {}
    said = {name: value for name, value in given.items() if value is not None}
    profile = {"replicaCount": 1, "excludeFromLatest": False, "storageAccountType": "Standard_LRS", **before, **said}
    check_range(profile["replicaCount"], "replicaCount", 1, _MAX_REPLICAS)
    listed = given.get("targetRegions") or before.get("targetRegions") or [{"name": home}]
    profile["targetRegions"] = [_region(region, profile) for region in listed]
    if profile.get("endOfLifeDate"):
        given_moment(profile["endOfLifeDate"], "properties.publishingProfile.endOfLifeDate")
    if profile.get("targetExtendedLocations"):
        profile["targetExtendedLocations"] = [_extended(place) for place in profile["targetExtendedLocations"]]
    keys = [region_key(region["name"]) for region in profile["targetRegions"]]
    if len(keys) != len(set(keys)):
        raise invalid_parameter("Duplicate regions are not allowed in target publishing regions.", target="targetRegions")
    if region_key(home) not in keys:
        raise invalid_parameter(
            f"Gallery image version publishing profile regions {', '.join(keys)} must contain the location of image version {home}.",
            target="targetRegions",
        )
    order = (
        "targetRegions",
        "targetExtendedLocations",
        "replicaCount",
        "excludeFromLatest",
        "publishedDate",
        "endOfLifeDate",
        "storageAccountType",
        "replicationMode",
    )
    return {name: profile[name] for name in (*order, *(n for n in profile if n not in order)) if profile.get(name) is not None}


def merged_properties(version: ImageVersion, given: Mapping[str, Any], *, whole: bool) -> Json:
    """What an update makes of the properties. Raises for what may not change.

    ``whole``: a profile without extended locations means none, as recorded for a PUT.
    """
    current = version.properties
    profile = given.get("publishingProfile") or {}
    for name in _CREATE_ONLY:
        if profile.get(name) is not None and profile[name] != current["publishingProfile"].get(
            name, "Full" if name == "replicationMode" else None
        ):
            raise property_change(f"galleryImageVersion.properties.publishingProfile.{name}")
    _check_same_source(version, given.get("storageProfile") or {})
    before = dict(current["publishingProfile"])
    if whole and profile:
        before.pop("targetExtendedLocations", None)
    merged = checked_profile(profile, home=version.location, previous=before)
    safety = {**current["safetyProfile"], **(given.get("safetyProfile") or {})}
    removed = {region_key(r["name"]) for r in version.target_regions} - {region_key(r["name"]) for r in merged["targetRegions"]}
    # The stored flag decides: removing a region takes a first update that allows it.
    if removed and not current["safetyProfile"]["allowDeletionOfReplicatedLocations"]:
        raise ServiceError(
            409,
            "OperationNotAllowed",
            f"Deletion of replicated locations {', '.join(sorted(removed))} is not allowed: "
            "set safetyProfile.allowDeletionOfReplicatedLocations to true first.",
            target="safetyProfile.allowDeletionOfReplicatedLocations",
        )
    _check_extended(current["publishingProfile"], merged, allowed=bool(safety["allowDeletionOfReplicatedLocations"]))
    return {**current, "publishingProfile": merged, "safetyProfile": safety}


def endless(properties: Mapping[str, Any], now: float) -> bool:
    """Whether deletion is blocked until an end of life that has not come."""
    end = properties["publishingProfile"].get("endOfLifeDate")
    if not properties["safetyProfile"].get("blockDeletionBeforeEndOfLife") or not end:
        return False
    return moment_of(end) > now


def _region(given: Mapping[str, Any], profile: Mapping[str, Any]) -> Json:
    _check_region(given.get("name"))
    count = given.get("regionalReplicaCount", profile["replicaCount"])
    check_range(count, "regionalReplicaCount", 1, _MAX_REPLICAS)
    named = {
        "name": display_name(given["name"]),
        "regionalReplicaCount": count,
        "storageAccountType": given.get("storageAccountType") or profile["storageAccountType"],
    }
    rest = {name: value for name, value in given.items() if name not in named and value is not None}
    if "encryption" in rest:
        rest["encryption"] = _encryption(rest["encryption"])
    return {**named, **rest}


def _check_region(name: str | None) -> None:
    if not is_region(name or ""):
        raise invalid_parameter(
            f"The provided location '{name}' is not available for resource type 'Microsoft.Compute/galleries'.", target="targetRegions"
        )


def _encryption(given: Mapping[str, Any]) -> Json:
    """Recorded: the disk of the operating system always shows a security profile."""
    shown = dict(given)
    if shown.get("osDiskImage"):
        shown["osDiskImage"] = {"securityProfile": {}, **shown["osDiskImage"]}
    return shown


def _extended(given: Mapping[str, Any]) -> Json:
    """Recorded: the account type is in the service's spelling, and StandardSSD_LRS by default."""
    _check_region(given.get("name"))
    kind = str(given.get("storageAccountType") or "StandardSSD_LRS")
    shown: Json = {
        "extendedLocation": {"type": "EdgeZone", **(given.get("extendedLocation") or {})},
        "name": display_name(given["name"]),
        "extendedLocationReplicaCount": given.get("extendedLocationReplicaCount") or 1,
        "storageAccountType": KINDS.get(kind.lower(), kind),
    }
    return {**shown, **({"encryption": _encryption(given["encryption"])} if given.get("encryption") else {})}


def _check_extended(before: Mapping[str, Any], after: Mapping[str, Any], *, allowed: bool) -> None:
    """Recorded: the same PUT may allow the removal."""
    kept = [place["extendedLocation"] for place in after.get("targetExtendedLocations", ())]
    lost = [place for place in before.get("targetExtendedLocations", ()) if place["extendedLocation"] not in kept]
    if lost and not allowed:
        names = ", ".join(place["extendedLocation"]["name"] for place in lost)
        raise ServiceError(
            409,
            "OperationNotAllowed",
            f"Deletion of replicated locations {names} is not allowed: set safetyProfile.allowDeletionOfReplicatedLocations to true first.",
            target="safetyProfile.allowDeletionOfReplicatedLocations",
        )


def _check_same_source(version: ImageVersion, given: Mapping[str, Any]) -> None:
    """An update may leave the source out; naming another one, or other data disks, is refused."""
    current = version.properties["storageProfile"]
    whole = given.get("source")
    if whole and whole != current.get("source"):
        raise property_change("galleryImageVersion.properties.storageProfile.source.id")
    disk = (given.get("osDiskImage") or {}).get("source")
    if disk and disk != (current.get("osDiskImage") or {}).get("source"):
        raise property_change("galleryImageVersion.properties.storageProfile.osDiskImage.source.id")
    luns = {image.get("lun") for image in given.get("dataDiskImages") or ()}
    if version.captured and luns - {image["lun"] for image in current.get("dataDiskImages") or ()}:
        raise ServiceError(
            409,
            "PropertyChangeNotAllowed",
            "Adding new Data Disks or changing the LUN of a Data Disk in an existing Image is not allowed.",
            target="galleryImageVersion.properties.storageProfile.dataDiskImages",
        )
