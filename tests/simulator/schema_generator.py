"""Writes the tables the simulator checks bodies against, from the models of the installed SDKs.

Run as a script to renew `simulator/azuresim/schemas`; a test compares the stored tables with what this makes.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import inspect
import json
import sys
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
            "RunCommandDocument",
            "RunCommandDocumentBase",
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
            "VirtualMachineSize",
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
            "CheckNameAvailabilityParameters",
            "CheckNameAvailabilityResult",
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


# Not the sizes of machines: their list is long out of date, and each keeps the spelling it was given.
# What the service answers and the models do not have: recorded in November 2025 (azure.md, R8).
RECORDED = {"ValidationsProfile": {"validationOperationStatus": "-string"}}

# What ARM's services write in a spelling of their own. Not the sizes of machines: their list is long out of date, and each keeps the
# spelling it was given. Batch keeps what it gets.
ENUMERATED = ("compute", "mgmt_batch")
OPEN = ("VirtualMachineSizeTypes",)


def enumerations(family: str) -> dict[str, dict[str, list[str]]]:
    """Model → member → words, for the members of ``table`` that clients may write."""
    models, roots = FAMILIES[family]
    made: dict[str, dict[str, list[str]]] = {}
    for model, members in table(models, roots).items():
        hints = {name: (hint, field) for base in getattr(models, model).__mro__ for name, hint, field in _fields(base)}
        for name, kind in members.items():
            if kind[0] != "-" and (words := _words(models, hints[name][0])):
                made.setdefault(model, {})[name] = words
    return made


def _fields(base: type) -> list[tuple[str, Any, Any]]:
    """(name on the wire, annotation, field) of what a model declares itself."""
    return [
        (field._rest_name_input or attribute, base.__annotations__[attribute], field)
        for attribute, field in vars(base).items()
        if type(field).__name__ == "_RestField"
    ]


def _words(models: types.ModuleType, hint: Any) -> list[str]:
    """Those of the enumeration within a type; empty for any other type."""
    name = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else hint
    if isinstance(name, str):
        # Beside the models, where those are in a module of their own.
        found = getattr(sys.modules[str(models.__package__)], name.removeprefix("_models."), None)
        known = inspect.isclass(found) and issubclass(found, enum.Enum) and found.__name__ not in OPEN
        return [word.value for word in found] if known and found is not None else []
    return next((words for inner in typing.get_args(hint) if (words := _words(models, inner))), [])


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
    made: dict[str, str] = dict(RECORDED.get(name, {}))
    for base in reversed(model.__mro__):
        for attribute, field in vars(base).items():
            if type(field).__name__ != "_RestField":
                continue
            kind, optional = _kind(base.__annotations__[attribute], waiting)
            read_only = field._visibility == ["read"]
            required = not optional and not read_only and not field._is_discriminator
            made[field._rest_name_input or attribute] = f"{'-' if read_only else ''}{kind}{'!' if required else ''}"
    return dict(sorted(made.items()))


def _kind(hint: Any, waiting: list[str]) -> tuple[str, bool]:
    """The type's text, and whether it may be absent."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        present = [a for a in arguments if a is not type(None)]
        # Enumerations are extensible: Union[str, SomeEnum].
        kind = "string" if str in present else _kind(present[0], waiting)[0] if len(present) == 1 else "any"
        return kind, len(present) < len(arguments)
    name = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else hint
    if isinstance(name, str):
        waiting.append(name.removeprefix("_models."))
        return f"@{waiting[-1]}", False
    containers = {list: "[", dict: "{"}
    if origin in containers:
        return f"{containers[origin]}{_kind(arguments[-1], waiting)[0]}", False
    return "string" if origin is typing.Literal else SCALARS.get(hint, "any"), False


def render(family: str) -> str:
    """The text of one table."""
    return json.dumps(table(*FAMILIES[family]), indent=1) + "\n"


def render_enumerations() -> str:
    """The text of the words of all families."""
    return json.dumps({family: enumerations(family) for family in FAMILIES}, indent=1) + "\n"


if __name__ == "__main__":
    folder = Path(azuresim.__file__).parent / "schemas"
    for each in FAMILIES:
        (folder / f"{each}.json").write_text(render(each), "utf-8")
    (folder / "enumerations.json").write_text(render_enumerations(), "utf-8")
