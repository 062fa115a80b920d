"""One pool in two languages: ARM's (`Microsoft.Batch/batchAccounts/pools`) and the data plane's.

Pure functions. ``TABLE`` says which members have other names or other words for the same thing; what is not in it is the same in both.
Names and words are those of azure-mgmt-batch and azure-batch, their spelling on the data plane that of recorded answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A member that differs. ``words`` are pairs (ARM's, the data plane's); ``inside`` describes an object's members, or a list's."""

    arm: str
    batch: str
    words: tuple[tuple[Any, Any], ...] = ()
    inside: tuple[Member, ...] = field(default=())


def _same(name: str, *inside: Member) -> Member:
    return Member(name, name, inside=inside)


def _lower(name: str, *words: str, batch: str | None = None) -> Member:
    """The data plane writes the same words in lower case."""
    return Member(name, batch or name, words=tuple((word, word.lower()) for word in words))


_ELEVATION = _lower("elevationLevel", "NonAdmin", "Admin")
_DISK = _same("managedDisk", _lower("storageAccountType", "Standard_LRS", "Premium_LRS", "StandardSSD_LRS"))
_WORKING_DIRECTORY = Member(
    "workingDirectory",
    "workingDirectory",
    words=(("TaskWorkingDirectory", "taskWorkingDirectory"), ("ContainerImageDefault", "containerImageDefault")),
)
_START_TASK = _same(
    "startTask",
    Member(
        "userIdentity",
        "userIdentity",
        inside=(Member("userName", "username"), _same("autoUser", _lower("scope", "Task", "Pool"), _ELEVATION)),
    ),
    _same("containerSettings", _WORKING_DIRECTORY),
)
_MACHINES = (
    _same("imageReference", Member("id", "virtualMachineImageId")),
    Member("nodeAgentSkuId", "nodeAgentSKUId"),
    _same("dataDisks", _lower("caching", "None", "ReadOnly", "ReadWrite"), _DISK),
    _same("osDisk", _DISK, _same("ephemeralOSDiskSettings", _lower("placement", "CacheDisk"))),
    Member(
        "containerConfiguration",
        "containerConfiguration",
        inside=(Member("type", "type", words=(("DockerCompatible", "dockerCompatible"), ("CriCompatible", "criCompatible"))),),
    ),
    _same("diskEncryptionConfiguration", _lower("targets", "OsDisk", "TemporaryDisk")),
    _same("nodePlacementConfiguration", _lower("policy", "Regional", "Zonal")),
    _same("securityProfile", _lower("securityType", "trustedLaunch", "confidentialVM")),
)
_POOLS = Member(
    "inboundNatPools",
    "inboundNATPools",
    inside=(_lower("protocol", "TCP", "UDP"), _same("networkSecurityGroupRules", _lower("access", "Allow", "Deny"))),
)

TABLE: tuple[Member, ...] = (
    Member("interNodeCommunication", "enableInterNodeCommunication", words=(("Enabled", True), ("Disabled", False))),
    _same("taskSchedulingPolicy", _lower("jobDefaultOrder", "None", "CreationTime")),
    _START_TASK,
    _same("userAccounts", _ELEVATION, _same("windowsUserConfiguration", _lower("loginMode", "Batch", "Interactive"))),
    _same("mountConfiguration", _same("cifsMountConfiguration", Member("userName", "username"))),
    Member(
        "networkConfiguration",
        "networkConfiguration",
        inside=(
            Member("dynamicVnetAssignmentScope", "dynamicVNetAssignmentScope"),
            _same("endpointConfiguration", _POOLS),
            _same("publicIPAddressConfiguration", _lower("provision", "BatchManaged", "UserManaged", "NoPublicIPAddresses")),
        ),
    ),
    Member("virtualMachineConfiguration", "virtualMachineConfiguration", inside=_MACHINES),
)

# Of a shown pool, what the two planes share under the same name and what only one of them has.
_CONFIGURATION = (
    "displayName",
    "vmSize",
    "interNodeCommunication",
    "taskSlotsPerNode",
    "taskSchedulingPolicy",
    "userAccounts",
    "metadata",
    "startTask",
    "applicationPackages",
    "mountConfiguration",
    "networkConfiguration",
    "upgradePolicy",
    "deploymentConfiguration",
)
_STATES = {"active": "Succeeded", "deleting": "Deleting"}


def to_batch(properties: Mapping[str, Any]) -> Json:
    """Pool properties of ARM → members of the data plane's body, scale included."""
    given = {name: value for name, value in properties.items() if value is not None}
    scale = given.pop("scaleSettings", None)
    deployment = given.pop("deploymentConfiguration", None)
    packages = given.pop("applicationPackages", None)
    made: Json = _translate(given | (deployment or {}), TABLE, from_arm=True)
    if packages is not None:
        made["applicationPackageReferences"] = [_package_to_batch(package) for package in packages]
    return made | scale_to_batch(scale)


def shown_to_batch(properties: Mapping[str, Any]) -> Json:
    """Everything ARM shows of a pool that a new one can be given: configuration, scale, and how many nodes there are."""
    configuration = {name: properties[name] for name in (*_CONFIGURATION, "scaleSettings") if name in properties}
    counts = {name: properties[name] for name in ("currentDedicatedNodes", "currentLowPriorityNodes") if name in properties}
    return to_batch(configuration) | counts


def scale_to_batch(scale: Mapping[str, Any] | None) -> Json:
    """Scale settings → targets or a formula; nothing when there are none."""
    if not scale:
        return {}
    automatic, fixed = scale.get("autoScale"), scale.get("fixedScale") or {}
    if automatic:
        made = {
            "enableAutoScale": True,
            "autoScaleFormula": automatic.get("formula"),
            "autoScaleEvaluationInterval": automatic.get("evaluationInterval"),
        }
    else:
        made = {name: fixed.get(name) for name in ("targetDedicatedNodes", "targetLowPriorityNodes", "resizeTimeout")}
    return {name: value for name, value in made.items() if value is not None}


def deallocation_option(scale: Mapping[str, Any] | None) -> str | None:
    """What becomes of running tasks when nodes go, in the data plane's word."""
    option = ((scale or {}).get("fixedScale") or {}).get("nodeDeallocationOption")
    return None if option is None else str(option).lower()


def configuration_to_arm(settings: Mapping[str, Any], account: str) -> Json:
    """Configuration members of the data plane → ARM's, in ARM's order. ``account`` is the account's id, for packages' ids."""
    given = dict(settings)
    packages = given.pop("applicationPackageReferences", None)
    made: Json = _translate(given, TABLE, from_arm=False)
    if "virtualMachineConfiguration" in made:
        made["deploymentConfiguration"] = {"virtualMachineConfiguration": made.pop("virtualMachineConfiguration")}
    if packages is not None:
        made["applicationPackages"] = [_package_to_arm(package, account) for package in packages]
    return {name: made[name] for name in _CONFIGURATION if name in made}


def scale_to_arm(shown: Mapping[str, Any]) -> Json:
    """Scale settings of a shown pool."""
    if shown.get("enableAutoScale"):
        names = {"formula": "autoScaleFormula", "evaluationInterval": "autoScaleEvaluationInterval"}
        return {"autoScale": {arm: shown[batch] for arm, batch in names.items() if batch in shown}}
    return {
        "fixedScale": {name: shown[name] for name in ("targetDedicatedNodes", "targetLowPriorityNodes", "resizeTimeout") if name in shown}
    }


def pool_to_arm(shown: Mapping[str, Any], account: str, *, resize_began: str) -> Json:
    """The properties ARM shows of a pool, from everything the data plane shows of it."""
    made: Json = {
        "lastModified": shown["lastModified"],
        "creationTime": shown["creationTime"],
        "provisioningState": _STATES[shown["state"]],
        "provisioningStateTransitionTime": shown["stateTransitionTime"],
        "allocationState": str(shown["allocationState"]).capitalize(),
        "allocationStateTransitionTime": shown["allocationStateTransitionTime"],
        "currentDedicatedNodes": shown["currentDedicatedNodes"],
        "currentLowPriorityNodes": shown["currentLowPriorityNodes"],
        "scaleSettings": scale_to_arm(shown),
    }
    run = shown.get("autoScaleRun")
    if run is not None:
        made["autoScaleRun"] = _run_to_arm(run)
    made["resizeOperationStatus"] = _resize_to_arm(shown, resize_began)
    return made | configuration_to_arm(shown, account)


def identity_to_batch(identity: Mapping[str, Any] | None) -> Json | None:
    """A pool's identity as the data plane shows it: a list instead of a map."""
    if not identity or identity.get("type") != "UserAssigned":
        return None
    chosen = identity.get("userAssignedIdentities") or {}
    return {"type": "UserAssigned", "userAssignedIdentities": [{"resourceId": name, **(ids or {})} for name, ids in chosen.items()]}


def _run_to_arm(run: Mapping[str, Any]) -> Json:
    made = {"evaluationTime": run["timestamp"], "results": run.get("results")}
    if run.get("error"):
        made["error"] = _error_to_arm(run["error"])
    return {name: value for name, value in made.items() if value is not None}


def _resize_to_arm(shown: Mapping[str, Any], began: str) -> Json:
    """The running resize, or the last one (azure-mgmt-batch, ResizeOperationStatus)."""
    names = ("targetDedicatedNodes", "targetLowPriorityNodes", "resizeTimeout")
    made: Json = {name: shown[name] for name in names if name in shown} | {"startTime": began}
    if shown.get("resizeErrors"):
        made["errors"] = [_error_to_arm(error) for error in shown["resizeErrors"]]
    return made


def _error_to_arm(error: Mapping[str, Any]) -> Json:
    made: Json = {"code": error.get("code"), "message": error.get("message")}
    if error.get("values"):
        made["details"] = [{"code": item["name"], "message": item["value"]} for item in error["values"]]
    return made


def _package_to_batch(package: Mapping[str, Any]) -> Json:
    rest = {name: value for name, value in package.items() if name != "id"}
    return {"applicationId": str(package["id"]).rpartition("/")[2], **rest} if "id" in package else dict(package)


def _package_to_arm(package: Mapping[str, Any], account: str) -> Json:
    rest = {name: value for name, value in package.items() if name != "applicationId"}
    return {"id": f"{account}/applications/{package['applicationId']}", **rest}


def _translate(value: Any, members: tuple[Member, ...], *, from_arm: bool) -> Any:
    if isinstance(value, list):
        return [_translate(item, members, from_arm=from_arm) for item in value]
    if not isinstance(value, Mapping):
        return value
    known = {member.arm if from_arm else member.batch: member for member in members}
    made: Json = {}
    for name, item in value.items():
        member = known.get(name)
        if member is None:
            made[name] = item
            continue
        translated = _word(item, member, from_arm=from_arm) if member.words else _translate(item, member.inside, from_arm=from_arm)
        made[member.batch if from_arm else member.arm] = translated
    return made


def _word(value: Any, member: Member, *, from_arm: bool) -> Any:
    """Without regard to case; a word nobody knows stays."""
    if isinstance(value, list):
        return [_word(item, member, from_arm=from_arm) for item in value]
    pairs = member.words if from_arm else tuple((batch, arm) for arm, batch in member.words)
    return next((to for word, to in pairs if _folded(word) == _folded(value)), value)


def _folded(word: Any) -> Any:
    return word.lower() if isinstance(word, str) else word
