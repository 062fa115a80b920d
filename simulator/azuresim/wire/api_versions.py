"""The api-versions each resource type answers to, newest first: those the SDKs, `az` and the recordings send.

All are served alike, in the shape of the newest; the one rule that depends on the version (a definition's defaults) looks itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

from azuresim.core.errors import ServiceError
from azuresim.core.regions import region_keys
from azuresim.wire.arm_path import ArmPath

_COMPUTE = (
    "2026-04-01", "2025-11-01", "2025-04-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-09-01", "2023-03-01", "2022-11-01",
    "2022-08-01", "2022-07-01", "2022-03-01", "2021-07-01",
)  # fmt: skip
_DISKS = ("2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02", "2022-07-02", "2022-03-02")
_GALLERIES = (
    "2026-03-03", "2025-03-03", "2024-03-03", "2023-07-03", "2022-08-03", "2022-03-03", "2022-01-03", "2021-10-01", "2021-07-01",
)  # fmt: skip
_SKUS = ("2021-07-01", "2019-04-01")
_BATCH = ("2025-06-01", "2024-07-01", "2024-02-01", "2023-11-01", "2023-05-01", "2022-10-01")
_STORAGE = (
    "2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-04-01", "2023-01-01", "2022-09-01", "2021-09-01",
)  # fmt: skip
_RESOURCES = (
    "2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01", "2022-12-01", "2022-09-01", "2021-04-01",
    "2021-01-01", "2020-10-01", "2020-06-01", "2019-10-01", "2019-06-01", "2018-05-01", "2016-06-01", "2016-02-01",
)  # fmt: skip
_NETWORK = ("2025-05-01", "2024-07-01", "2024-05-01", "2024-03-01", "2023-11-01", "2022-01-01")

# A type stands for its children and actions too, unless they have a line of their own.
API_VERSIONS: dict[str, tuple[str, ...]] = {
    "Microsoft.Compute/virtualMachines": _COMPUTE,
    "Microsoft.Compute/images": _COMPUTE,
    "Microsoft.Compute/disks": _DISKS,
    "Microsoft.Compute/snapshots": _DISKS,
    "Microsoft.Compute/galleries": _GALLERIES,
    "Microsoft.Compute/skus": _SKUS,
    "Microsoft.Compute/locations": _COMPUTE,
    "Microsoft.Compute/locations/diskOperations": _DISKS,
    "Microsoft.Compute/locations/capsOperations": _GALLERIES,
    "Microsoft.Compute/locations/sharedGalleries": _GALLERIES,
    "Microsoft.Compute/locations/communityGalleries": _GALLERIES,
    "Microsoft.Batch/batchAccounts": _BATCH,
    "Microsoft.Batch/locations": _BATCH,
    "Microsoft.Batch/operations": _BATCH,
    "Microsoft.Storage/storageAccounts": _STORAGE,
    "Microsoft.Storage/locations": _STORAGE,
    "Microsoft.Storage/checkNameAvailability": _STORAGE,
    "Microsoft.Authorization/permissions": ("2022-04-01", "2018-07-01", "2015-07-01"),
    "Microsoft.Network/networkInterfaces": _NETWORK,
    "Microsoft.Network/virtualNetworks": _NETWORK,
    "Microsoft.Network/locations": _NETWORK,
    "Microsoft.Resources/subscriptions": _RESOURCES,
    "Microsoft.Resources/tenants": _RESOURCES,
    "Microsoft.Resources/providers": _RESOURCES,
}
# In lower case → as Azure writes it.
NAMESPACES = {kind.partition("/")[0].lower(): kind.partition("/")[0] for kind in API_VERSIONS}
_BY_TYPE = {name.lower(): versions for name, versions in API_VERSIONS.items()}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(-preview|-alpha|-beta|-privatepreview)?")


# Paths come back as the same objects (`read_path`).
_CACHED = 4096


@lru_cache(_CACHED)
def supported_versions(path: ArmPath) -> tuple[str, ...]:
    """Of the path's type, newest first; none for a type that is not simulated."""
    parts = [path.namespace, *path.kind.split("/")]
    for length in range(len(parts), 1, -1):
        found = _BY_TYPE.get("/".join(parts[:length]).lower())
        if found is not None:
            return found
    return ()


def check_version(path: ArmPath, version: str | None) -> None:
    """400 for none, for one that is no version, and for one the type does not have."""
    if version is None:
        raise ServiceError(
            400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests."
        )
    known = supported_versions(path)
    if not known or version in known:
        return
    supported = ", ".join(known)
    if not _DATE.fullmatch(version) or path.namespace.lower() == "microsoft.resources":
        raise ServiceError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. The supported versions are '{supported.replace(' ', '')}'.",
        )
    raise ServiceError(
        400,
        "NoRegisteredProviderFound",
        f"No registered resource provider found for API version '{version}' for type '{path.kind}'. "
        f"The supported api-versions are '{supported}'. The supported locations are '{', '.join(region_keys())}'.",
    )
