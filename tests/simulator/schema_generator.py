"""Writes the tables the simulator checks bodies against, from the models of the installed SDKs.

Run as a script to renew `simulator/azuresim/schemas`; a test compares the stored tables with what this makes.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import types
import typing
from pathlib import Path
from typing import Any

import azure.batch.models._models
import azure.mgmt.batch.models
import azure.mgmt.compute.models

import azuresim

FAMILIES: dict[str, tuple[types.ModuleType, tuple[str, ...]]] = {
    "compute": (
        azure.mgmt.compute.models,
        (
            "AccessUri",
            "Disk",
            "DiskUpdate",
            "Gallery",
            "GalleryImage",
            "GalleryImageUpdate",
            "GalleryImageVersion",
            "GalleryImageVersionUpdate",
            "GallerySoftDeletedResource",
            "GalleryUpdate",
            "GrantAccessData",
            "Image",
            "ImageUpdate",
            "ResourceSku",
            "RunCommandInput",
            "RunCommandResult",
            "Snapshot",
            "SnapshotUpdate",
            "Usage",
            "VirtualMachine",
            "VirtualMachineCaptureParameters",
            "VirtualMachineCaptureResult",
            "VirtualMachineExtension",
            "VirtualMachineExtensionUpdate",
            "VirtualMachineExtensionsListResult",
            "VirtualMachineImage",
            "VirtualMachineImageResource",
            "VirtualMachineInstanceView",
            "VirtualMachineRunCommand",
            "VirtualMachineRunCommandUpdate",
            "VirtualMachineUpdate",
        ),
    ),
    "batch": (
        # Some request bodies are not exported: the client takes their members as arguments.
        azure.batch.models._models,
        (
            "AutoScaleRun",
            "BatchError",
            "BatchJob",
            "BatchJobCreateOptions",
            "BatchJobDisableOptions",
            "BatchJobTerminateOptions",
            "BatchJobUpdateOptions",
            "BatchNode",
            "BatchNodeDeallocateOptions",
            "BatchNodeDisableSchedulingOptions",
            "BatchNodeFile",
            "BatchNodeRebootOptions",
            "BatchNodeReimageOptions",
            "BatchNodeRemoteLoginSettings",
            "BatchNodeRemoveOptions",
            "BatchPool",
            "BatchPoolCreateOptions",
            "BatchPoolEnableAutoScaleOptions",
            "BatchPoolEvaluateAutoScaleOptions",
            "BatchPoolNodeCounts",
            "BatchPoolReplaceOptions",
            "BatchPoolResizeOptions",
            "BatchPoolUpdateOptions",
            "BatchSupportedImage",
            "BatchTask",
            "BatchTaskCountsResult",
            "BatchTaskCreateOptions",
            "BatchTaskGroup",
            "BatchCreateTaskCollectionResult",
        ),
    ),
    "mgmt_batch": (
        azure.mgmt.batch.models,
        (
            "BatchAccount",
            "BatchAccountCreateParameters",
            "BatchAccountKeys",
            "BatchAccountRegenerateKeyParameters",
            "BatchAccountUpdateParameters",
            "BatchLocationQuota",
            "OutboundEnvironmentEndpoint",
            "Pool",
            "SupportedSku",
        ),
    ),
}
SCALARS: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    bytes: "string",
    dt.datetime: "string",
    dt.date: "string",
    dt.time: "string",
    dt.timedelta: "string",
    decimal.Decimal: "number",
}


# What ARM's services write in a spelling of their own. Not the sizes of machines: their list is long out of date, and each keeps the
# spelling it was given. Batch keeps what it gets.
ENUMERATED = (azure.mgmt.compute.models, azure.mgmt.batch.models)
OPEN = ("VirtualMachineSizeTypes",)


def table(models: types.ModuleType, roots: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Every model reachable from ``roots``, sorted by name."""
    made: dict[str, dict[str, str]] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in made:
            made[name] = _members(models, name, waiting)
    return dict(sorted(made.items()))


def _members(models: types.ModuleType, name: str, waiting: list[str]) -> dict[str, str]:
    model = getattr(models, name)
    made: dict[str, str] = {}
    for base in reversed(model.__mro__):
        for attribute, field in vars(base).items():
            if type(field).__name__ != "_RestField":
                continue
            kind, optional = _kind(models, base.__annotations__[attribute], waiting)
            read_only = field._visibility == ["read"]
            if read_only and kind[0] == "=":
                kind = "string"
            required = not optional and not read_only and not field._is_discriminator
            made[field._rest_name_input or attribute] = f"{'-' if read_only else ''}{kind}{'!' if required else ''}"
    return dict(sorted(made.items()))


def _kind(models: types.ModuleType, hint: Any, waiting: list[str]) -> tuple[str, bool]:
    """The type's text, and whether it may be absent."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        present = [a for a in arguments if a is not type(None)]
        # Enumerations are extensible: Union[str, SomeEnum].
        kind = _words(models, present) if str in present else _kind(models, present[0], waiting)[0] if len(present) == 1 else "any"
        return kind, len(present) < len(arguments)
    name = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else hint
    if isinstance(name, str):
        waiting.append(name.removeprefix("_models."))
        return f"@{waiting[-1]}", False
    containers = {list: "[", dict: "{"}
    if origin in containers:
        return f"{containers[origin]}{_kind(models, arguments[-1], waiting)[0]}", False
    return "string" if origin is typing.Literal else SCALARS.get(hint, "any"), False


def _words(models: types.ModuleType, present: list[Any]) -> str:
    """`=One|Two` for an enumeration whose spelling the service has of its own, else `string`."""
    names = [hint.__forward_arg__.removeprefix("_models.") for hint in present if isinstance(hint, typing.ForwardRef)]
    words = getattr(models, names[0], None) if names and models in ENUMERATED and names[0] not in OPEN else None
    return "string" if words is None else f"={'|'.join(word.value for word in words)}"


def render(family: str) -> str:
    """The text of one table."""
    return json.dumps(table(*FAMILIES[family]), indent=1) + "\n"


if __name__ == "__main__":
    folder = Path(azuresim.__file__).parent / "schemas"
    for each in FAMILIES:
        (folder / f"{each}.json").write_text(render(each), "utf-8")
