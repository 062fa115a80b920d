"""What the service refuses a new virtual machine for, before it makes anything of it.

Sentences: recorded issues of Azure's own clients where a comment says so, else as commonly reported and unverified.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from azuresim.core.catalogue import Catalogue, VmSize
from azuresim.core.contents import Contents
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.regions import region_key

Json = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?")
_LONGEST_COMPUTER_NAME = {"Linux": 64, "Windows": 15}
_RSA_BITS = 2048
_FORBIDDEN_USERS = frozenset({"admin", "administrator", "root", "guest", "user", "user1", "test", "test1", "console", "sys", "support"})
# 2026-04-01T00:00:00Z: the day after the retirement of unmanaged disks (unmanaged-disks-deprecation.md).
_UNMANAGED_UNTIL = 1_775_001_600.0


def check_name(name: str) -> None:
    """1 to 64 characters."""
    if not _NAME.fullmatch(name):
        raise invalid_parameter(
            "Linux host name cannot exceed 64 characters in length or contain the following characters: "
            "` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : ' \" , < > / ?.",
            target="vmName",
        )


def check_managed(moment: float) -> None:
    """No machine on VHDs after the retirement, neither new nor changed nor started (ansible-collections/azure#2288)."""
    if moment >= _UNMANAGED_UNTIL:
        raise ServiceError(400, "BadRequest", "Unmanaged disks have been retired. Please migrate to Managed Disks.")


def size_of(catalogue: Catalogue, properties: Mapping[str, Any], location: str) -> VmSize:
    """The size a body asks for. Raises 400 for an unknown one, 409 for one that is kept from the subscription."""
    name = (properties.get("hardwareProfile") or {}).get("vmSize")
    if not name:
        raise invalid_parameter("Required parameter 'hardwareProfile.vmSize' is missing (null).", target="vmSize")
    region = region_key(location)
    if catalogue.restricted(region, name):
        raise ServiceError(
            409,
            "SkuNotAvailable",
            f"The requested VM size {name} is currently not available in location '{region}'. Please try another size or deploy to a "
            "different location or different zone. See https://aka.ms/azureskunotavailable for details.",
        )
    size = catalogue.size(name, region)
    if size is None:
        valid = ",".join(each.name for each in catalogue.sizes(region))
        raise invalid_parameter(
            f"The value {name} provided for the VM size is not valid. The valid sizes in the current region are: {valid}. "
            "Find out more on the valid VM sizes in each region at https://aka.ms/azure-regions.",
            target="vmSize",
        )
    return size


def check_fit(size: VmSize, contents: Contents, security_type: str) -> None:
    """Generation, architecture and security type of the disk against the size and the machine (loft-sh/devpod#731, azure-cli#28005)."""
    generation = contents.generation[1:]
    if contents.generation not in size.generations:
        raise ServiceError(
            400,
            "BadRequest",
            f"The selected VM size '{size.name}' cannot boot Hypervisor Generation '{generation}'. If this was a Create operation please "
            "check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size. If this was an "
            f"Update operation please select a Hypervisor Generation '{generation}' VM Size. For more information, see "
            "https://aka.ms/azuregen2vm",
        )
    if contents.architecture.lower() != size.architecture.lower():
        raise ServiceError(
            400,
            "BadRequest",
            f"Cannot create a VM of size '{size.name}' because this VM size only supports a CPU Architecture of '{size.architecture}', but "
            f"an image or disk with CPU Architecture '{contents.architecture}' was given. Please check that the CPU Architecture of the "
            "image or disk is compatible with that of the VM size.",
        )
    wanted = security_type.lower()
    if wanted == "trustedlaunch":
        _check_trusted(size, contents)
    elif contents.security_type == "TrustedLaunch":
        raise ServiceError(
            400,
            "BadRequest",
            "The provided gallery image only supports creation of VMs and VM Scale Sets with 'TrustedLaunch' security type.",
            target="securityProfile.securityType",
        )


def _check_trusted(size: VmSize, contents: Contents) -> None:
    if not size.trusted_launch:
        raise ServiceError(
            400,
            "BadRequest",
            f"The VM size '{size.name}' is not supported for creation of VMs and Virtual Machine Scale Set with 'TrustedLaunch' security "
            "type. For more information, see https://aka.ms/TrustedLaunch-FAQ",
        )
    if contents.generation != "V2" or not contents.security_type.startswith("TrustedLaunch"):
        raise ServiceError(
            400,
            "BadRequest",
            "Use of TrustedLaunch setting is not supported for the provided image. Please select Trusted Launch Supported Gen2 OS Image. "
            "For more information, see https://aka.ms/TrustedLaunch-FAQ.",
        )


def check_network(properties: Mapping[str, Any]) -> None:
    """At least one NIC, by id or by configuration; configurations say which api-version they are written in."""
    profile = properties.get("networkProfile") or {}
    configurations = profile.get("networkInterfaceConfigurations")
    if not profile.get("networkInterfaces") and not configurations:
        raise invalid_parameter("Required parameter 'networkProfile' is missing (null).", target="networkProfile")
    if configurations and not profile.get("networkApiVersion"):
        raise invalid_parameter(
            "Required parameter 'networkProfile.networkApiVersion' is missing (null).", target="networkProfile.networkApiVersion"
        )


def check_os_profile(profile: Mapping[str, Any] | None, os_type: str, *, wanted: bool) -> None:
    """Generalised images need a profile, anything else takes none."""
    if not wanted:
        if profile is not None:
            raise invalid_parameter("Parameter 'osProfile' is not allowed.", target="osProfile")
        return
    if profile is None:
        raise invalid_parameter("Required parameter 'osProfile' is missing (null).", target="osProfile")
    for name in ("computerName", "adminUsername"):
        if not profile.get(name):
            raise invalid_parameter(f"Required parameter 'osProfile.{name}' is missing (null).", target=f"osProfile.{name}")
    if len(profile["computerName"]) > _LONGEST_COMPUTER_NAME[os_type]:
        raise invalid_parameter(
            f"{os_type} computer name cannot be more than {_LONGEST_COMPUTER_NAME[os_type]} characters long, be entirely numeric, or "
            "contain the following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : . ' \" , < > / ?.",
            target="computerName",
        )
    if profile["adminUsername"].lower() in _FORBIDDEN_USERS:
        raise invalid_parameter(
            "The Admin Username specified is not allowed. For more information about disallowed usernames, see https://aka.ms/vmosprofile",
            target="adminUsername",
        )
    wrong = {"Linux": "windowsConfiguration", "Windows": "linuxConfiguration"}[os_type]
    if profile.get(wrong) is not None:
        raise invalid_parameter(f"Parameter 'osProfile.{wrong}' is not allowed.", target=wrong)
    _check_sign_in(profile, os_type)


def _check_sign_in(profile: Mapping[str, Any], os_type: str) -> None:
    linux = profile.get("linuxConfiguration") or {}
    keys = ((linux.get("ssh") or {}).get("publicKeys")) or []
    for key in keys:
        if not _is_good_key(str(key.get("keyData", ""))):
            raise invalid_parameter("The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.", target="keyData")
    password = profile.get("adminPassword")
    if os_type == "Linux" and linux.get("disablePasswordAuthentication"):
        if not keys:
            raise invalid_parameter(
                "Authentication using either SSH or by user name and password must be enabled in Linux profile.",
                target="linuxConfiguration",
            )
    elif not password:
        raise invalid_parameter("Required parameter 'osProfile.adminPassword' is missing (null).", target="adminPassword")


def _is_good_key(text: str) -> bool:
    """An OpenSSH public key: Ed25519, or RSA of 2048 bits at least (the SDK's SshPublicKey)."""
    parts = text.split()
    if len(parts) < len(("kind", "data")):
        return False
    try:
        raw = base64.b64decode(parts[1], validate=True)
    except binascii.Error:
        return False
    fields: list[bytes] = []
    while len(raw) >= len(b"size"):
        length = int.from_bytes(raw[:4], "big")
        fields.append(raw[4 : 4 + length])
        raw = raw[4 + length :]
    if parts[0] == "ssh-rsa" and len(fields) == len(("kind", "exponent", "modulus")):
        return int.from_bytes(fields[2], "big").bit_length() >= _RSA_BITS
    return parts[0] == "ssh-ed25519" and bool(fields) and fields[0] == b"ssh-ed25519"
