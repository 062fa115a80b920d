"""The model of a virtual machine: what a body says, what the service fills in, what can never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.arm_rules import property_change
from azuresim.core.errors import ServiceError
from azuresim.core.machine import Machine, MachineDisk

Json = dict[str, Any]
# Members of the body beside location, tags and properties that are kept as given.
ENVELOPE = ("zones", "identity", "plan", "extendedLocation", "placement", "managedBy")
# Members of `properties` with a life of their own.
_APART = frozenset({"storageProfile", "networkProfile", "provisioningState", "instanceView", "vmId", "userData"})
_SECRETS = ("adminPassword", "customData")
_UNCHANGEABLE = ("computerName", "adminUsername", "adminPassword", "customData")


def split_secrets(properties: Mapping[str, Any]) -> tuple[Json, Json]:
    """The model without the storage and network profiles, and what is never shown of it."""
    model = {name: value for name, value in properties.items() if name not in _APART and value is not None}
    secrets: Json = {}
    profile = model.get("osProfile")
    if profile is not None:
        secrets = {name: profile[name] for name in _SECRETS if profile.get(name) is not None}
        model["osProfile"] = {name: value for name, value in profile.items() if name not in _SECRETS}
    if properties.get("userData") is not None:
        secrets["userData"] = properties["userData"]
    return model, secrets


def with_defaults(model: Json, os_type: str) -> Json:
    """What the service adds to a new machine's OS profile, as recorded for Linux; for Windows after the SDK's descriptions."""
    profile = model.get("osProfile")
    if profile is None:
        return model
    if os_type == "Linux":
        linux: Json = {
            "disablePasswordAuthentication": False,
            "provisionVMAgent": True,
            "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"},
        }
        filled = {"linuxConfiguration": linux | (profile.get("linuxConfiguration") or {})}
    else:
        windows: Json = {
            "provisionVMAgent": True,
            "enableAutomaticUpdates": True,
            "patchSettings": {"patchMode": "AutomaticByOS", "assessmentMode": "ImageDefault", "enableHotpatching": False},
        }
        filled = {"windowsConfiguration": windows | (profile.get("windowsConfiguration") or {})}
    rest: Json = {"secrets": [], "allowExtensionOperations": True, "requireGuestProvisionSignal": True}
    return {**model, "osProfile": {**rest, **profile, **filled}}


def has_agent(model: Mapping[str, Any]) -> bool:
    """Whether the OS profile wants the agent; without a profile what is on the disk decides."""
    profile = model.get("osProfile") or {}
    configuration = profile.get("linuxConfiguration") or profile.get("windowsConfiguration") or {}
    return configuration.get("provisionVMAgent", True) is not False


def merged(machine: Machine, properties: Mapping[str, Any]) -> tuple[Json, Json]:
    """Model and secrets after an update. PUT and PATCH mean the same: what is left out stays (put-calls-create-or-update.md).

    Raises 409 PropertyChangeNotAllowed.
    """
    given, secrets = split_secrets(properties)
    _check_os_profile(machine, given.get("osProfile") or {}, secrets)
    _check_image(machine, (properties.get("storageProfile") or {}).get("imageReference"))
    model = dict(machine.properties)
    for name, value in given.items():
        present = model.get(name)
        model[name] = {**present, **value} if isinstance(present, dict) and isinstance(value, dict) else value
    if "osProfile" in given and "osProfile" not in machine.properties:
        raise property_change("osProfile")
    return model, {**machine.secrets, **secrets}


def check_disk(machine: Machine, disk: MachineDisk, given: Mapping[str, Any], path: str, *, sku: str | None) -> None:
    """What a disk is can never change; its SKU changes only at the disk (hashicorp/terraform-provider-azurerm#921)."""
    managed = given.get("managedDisk") or {}
    wanted = managed.get("id")
    if wanted is not None and (disk.id is None or disk.id.key != str(wanted).lower()):
        raise property_change(f"{path}.managedDisk.id")
    vhd = (given.get("vhd") or {}).get("uri")
    if vhd is not None and vhd != disk.vhd:
        raise property_change(f"{path}.vhd.uri")
    for name in ("name", "createOption", "osType"):
        if given.get(name) is not None and str(given[name]).lower() != str(disk.settings.get(name)).lower():
            raise property_change(f"{path}.{name}")
    kind = managed.get("storageAccountType")
    if kind is not None and sku is not None and kind.lower() != sku.lower():
        raise ServiceError(
            409,
            "OperationNotAllowed",
            f"Managed disk storage account type change through Virtual Machine '{machine.id.name}' is not allowed. "
            f"Please update disk resource at {disk.id}.",
        )


def _check_os_profile(machine: Machine, given: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
    present = {**(machine.properties.get("osProfile") or {}), **machine.secrets}
    for name in _UNCHANGEABLE:
        value = {**given, **secrets}.get(name)
        # What an adopted machine was given in secret nobody knows any more.
        if value is not None and name in present and value != present[name]:
            raise property_change(f"osProfile.{name}")
    keys = (given.get("linuxConfiguration") or {}).get("ssh")
    if keys is not None and keys != ((present.get("linuxConfiguration") or {}).get("ssh")):
        raise property_change("linuxConfiguration.ssh.publicKeys")


def _check_image(machine: Machine, given: Mapping[str, Any] | None) -> None:
    if given is None:
        return
    present = machine.image or {}
    for name, value in given.items():
        if value is not None and name != "exactVersion" and str(value).lower() != str(present.get(name)).lower():
            raise property_change(f"imageReference.{name}" if machine.image is not None else "imageReference")
