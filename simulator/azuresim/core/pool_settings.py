"""Pool configuration as the service stores it: defaults filled in, spellings settled, secrets left out.

Every rule here was seen in recorded traffic of 2020 to 2024, unless a comment names another source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from azuresim.core.errors import ServiceError, invalid_property
from azuresim.core.iso_duration import parse_duration

Json = dict[str, Any]
DEFAULT_RESIZE_TIMEOUT = 900
# 5 minutes to 7 days: azure-batch, BatchPoolResizeOptions; the upper bound is the autoscale interval's.
_TIMEOUT_BOUNDS = (300, 604_800)
_POOL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# Members of a pool's configuration, in the order the service lists them.
SETTINGS = (
    "displayName",
    "vmSize",
    "enableInterNodeCommunication",
    "startTask",
    "applicationPackageReferences",
    "metadata",
    "taskSlotsPerNode",
    "taskSchedulingPolicy",
    "userAccounts",
    "mountConfiguration",
    "upgradePolicy",
    "virtualMachineConfiguration",
    "networkConfiguration",
    # Set through the management plane only.
    "identity",
)
# What may change while nodes exist: azure-batch, BatchPoolUpdateOptions.
LIVE_SETTINGS = frozenset({"startTask", "applicationPackageReferences", "metadata"})
# Members that api-versions before 2024-07 had; they are shown to those only.
RETIRED = ("cloudServiceConfiguration", "certificateReferences", "applicationLicenses", "targetNodeCommunicationMode", "resourceTags")
_MOST_NODES = 2**31 - 1
_DEALLOCATION_OPTIONS = ("requeue", "terminate", "taskcompletion", "retaineddata")
_CACHING = {"none": "none", "readonly": "readonly", "readwrite": "readwrite"}
_OS_DISK_CACHING = {"none": "None", "readonly": "ReadOnly", "readwrite": "ReadWrite"}


def check_pool_id(pool_id: str) -> None:
    """Letters, digits, dash and underscore, at most 64."""
    if not _POOL_ID.fullmatch(pool_id):
        raise invalid_property("id", "The id contains invalid characters or is too long.", value=pool_id)


def resize_timeout(text: str | None) -> int:
    """Seconds; refuses what is no duration or out of bounds."""
    if text is None:
        return DEFAULT_RESIZE_TIMEOUT
    seconds = parse_duration(text)
    low, high = _TIMEOUT_BOUNDS
    if seconds is None or not low <= seconds <= high:
        raise invalid_property("resizeTimeout", "The value must be between 5 minutes and 7 days.", value=text)
    return seconds


def deallocation_option(body: Mapping[str, Any], name: str) -> str:
    """What becomes of running tasks; `requeue` when left out. Refuses what is no option."""
    option = str(body.get(name) or "requeue").lower()
    if option not in _DEALLOCATION_OPTIONS:
        raise invalid_property(name, f"The value is not one of {', '.join(_DEALLOCATION_OPTIONS)}.", value=option)
    return option


def node_count(body: Mapping[str, Any], name: str) -> int | None:
    """A target, or None."""
    value: int | None = body.get(name)
    if value is not None and not 0 <= value <= _MOST_NODES:
        raise invalid_property(name, f"The value must be between 0 and {_MOST_NODES}.", value=str(value))
    return value


def resize_request(body: Mapping[str, Any]) -> tuple[int | None, int | None, int, str]:
    """Targets (dedicated, low-priority; one may be None), time limit and deallocation option of a resize. Raises 400."""
    dedicated, low_priority = node_count(body, "targetDedicatedNodes"), node_count(body, "targetLowPriorityNodes")
    if dedicated is None and low_priority is None:
        required(body, "targetDedicatedNodes")
    return dedicated, low_priority, resize_timeout(body.get("resizeTimeout")), deallocation_option(body, "nodeDeallocationOption")


def stored_settings(given: Mapping[str, Any]) -> Json:
    """A new pool's configuration."""
    filled = {"enableInterNodeCommunication": False, "taskSlotsPerNode": 1, "taskSchedulingPolicy": {}, **given}
    return normalised(filled)


def normalised(given: Mapping[str, Any]) -> Json:
    """The members of ``given`` that are configuration, each as the service would answer it: null is as good as absent."""
    result: Json = {}
    for name in SETTINGS:
        value = without_nulls(given.get(name))
        if value is None or value == []:
            continue
        rule = _RULES.get(name)
        result[name] = rule(value) if rule else value
    return result


def without_nulls(value: Any) -> Any:
    """The same without the members that are null, at whatever depth."""
    if isinstance(value, Mapping):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def retired(given: Mapping[str, Any]) -> Json:
    """The members of ``given`` that only old api-versions know, with their defaults."""
    kept = {name: given[name] for name in RETIRED if given.get(name) is not None}
    if "cloudServiceConfiguration" in kept:
        kept["cloudServiceConfiguration"] = {"osVersion": "*", **kept["cloudServiceConfiguration"]}
    return kept


def required(body: Mapping[str, Any], *names: str) -> None:
    """400 MissingRequiredProperty for the first absent one."""
    for name in names:
        if body.get(name) is None:
            raise ServiceError(
                400,
                "MissingRequiredProperty",
                "A required property was not specified in the request body.",
                values=(("PropertyName", name),),
            )


def _start_task(given: Json) -> Json:
    required(given, "commandLine")
    return {
        **given,
        "userIdentity": given.get("userIdentity") or {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}},
        "maxTaskRetryCount": given.get("maxTaskRetryCount", 0),
        "waitForSuccess": given.get("waitForSuccess", True),
    }


def _scheduling(given: Json) -> Json:
    return {**given, "nodeFillType": str(given.get("nodeFillType") or "spread").capitalize()}


def _virtual_machines(given: Json) -> Json:
    required(given, "imageReference", "nodeAgentSKUId")
    stored = dict(given)
    stored["imageReference"] = _image(given["imageReference"])
    if given.get("osDisk"):
        disk = {"ephemeralOSDiskSettings": {}, **given["osDisk"]}
        if "caching" in disk:
            disk["caching"] = _OS_DISK_CACHING.get(str(disk["caching"]).lower(), disk["caching"])
        stored["osDisk"] = disk
    if given.get("dataDisks"):
        stored["dataDisks"] = [_data_disk(disk) for disk in given["dataDisks"]]
    profile = given.get("securityProfile")
    if profile and "securityType" in profile:
        stored["securityProfile"] = {**profile, "securityType": str(profile["securityType"]).lower()}
    containers = given.get("containerConfiguration")
    if containers and containers.get("containerRegistries"):
        stored["containerConfiguration"] = {**containers, "containerRegistries": _without(containers["containerRegistries"], "password")}
    if given.get("extensions"):
        stored["extensions"] = [
            {"autoUpgradeMinorVersion": False, "enableAutomaticUpgrade": False, **extension}
            for extension in _without(given["extensions"], "protectedSettings")
        ]
    return {name: value for name, value in stored.items() if value not in (None, [])}


def _image(given: Json) -> Json:
    """Exactly one way of naming an image: a Marketplace image, or one of three kinds of id."""
    ids = [name for name in ("virtualMachineImageId", "sharedGalleryImageId", "communityGalleryImageId") if given.get(name) is not None]
    marketplace = any(given.get(name) is not None for name in ("publisher", "offer", "sku"))
    if len(ids) + marketplace != 1:
        raise invalid_property("imageReference", "Exactly one of a Marketplace image and the image ids must be specified.")
    return dict(given) if ids else {**given, "version": given.get("version") or "latest"}


def _data_disk(given: Json) -> Json:
    caching = _CACHING.get(str(given.get("caching") or "none").lower(), "none")
    return {"managedDisk": {"storageAccountType": "standard_lrs"}, **given, "caching": caching}


def _network(given: Json) -> Json:
    return {"dynamicVNetAssignmentScope": "none", **given}


def _accounts(given: list[Json]) -> list[Json]:
    """Passwords and keys are never shown."""
    kept = [{"elevationLevel": "nonadmin", **account} for account in _without(given, "password")]
    for account in kept:
        if account.get("linuxUserConfiguration"):
            account["linuxUserConfiguration"] = _without([account["linuxUserConfiguration"]], "sshPrivateKey")[0]
    return kept


def _mounts(given: list[Json]) -> list[Json]:
    """One file system each; its keys and passwords are never shown."""
    secrets = ("accountKey", "sasKey", "password")
    kept = []
    for mount in given:
        chosen = {name: value for name, value in mount.items() if value is not None}
        if len(chosen) != 1:
            raise invalid_property("mountConfiguration", "Each entry must have exactly one file system.")
        kept.append({name: _without([value], *secrets)[0] for name, value in chosen.items()})
    return kept


def _without(given: list[Json], *secrets: str) -> list[Json]:
    return [{name: value for name, value in item.items() if name not in secrets} for item in given]


_RULES: dict[str, Callable[[Any], Any]] = {
    "startTask": _start_task,
    "taskSchedulingPolicy": _scheduling,
    "virtualMachineConfiguration": _virtual_machines,
    "networkConfiguration": _network,
    "userAccounts": _accounts,
    "mountConfiguration": _mounts,
}
