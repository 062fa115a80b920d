"""What a Batch account's nodes must reach, as recorded: endpoint by endpoint, with the reason."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
from azuresim.wire.batch_arm_envelope import find_account
from azuresim.wire.http import Response
from azuresim.wire.routing import Call

Json = dict[str, Any]
_BATCH = (
    "Applicable to job manager tasks, tasks that use job scoped authentication, or any task that makes calls to Batch.",
    "Applicable to Azure Batch pools using Simplified communication mode.",
)
_AUTO_STORAGE = "AutoStorage endpoint for this Batch account. Applicable to all Azure Batch pools under this account."
_CLASSIC = "Applicable to Azure Batch pools using Classic communication mode."
_PACKAGES = (
    "Only applicable to pools containing a Mount Configuration. "
    "Learn about Mount Configurations in Batch at https://docs.microsoft.com/azure/batch/virtual-file-mount."
)
_VAULT = (
    "Only applicable to pools that have a Disk Encryption Configuration containing Temporary Disk as an encryption target and which use a "
    "VM size that does not support encryption at host. Learn more about disk encryption in Batch at "
    "https://docs.microsoft.com/azure/batch/disk-encryption. Learn more about encryption at host and supported VM sizes at "
    "https://docs.microsoft.com/azure/virtual-machines/disks-enable-host-based-encryption-portal."
)


def list_outbound_dependencies(call: Call) -> Response:
    """Batch itself, its storage, the package repository, the key vault."""
    account = find_account(call)
    batch = (
        (call.world.batch_endpoint(account), _BATCH[0]),
        (account.node_management_endpoint, _BATCH[1]),
    )
    storage = tuple((f"*.{kind}.core.windows.net", _CLASSIC) for kind in ("blob", "table", "queue"))
    return arm.page(
        (
            _category("Azure Batch", batch),
            _category("Azure Storage", _auto_storage(call, account) + storage),
            _category("Microsoft Package Repository", (("packages.microsoft.com", _PACKAGES),)),
            _category("Azure Key Vault", (("*.vault.azure.net", _VAULT),)),
        )
    )


def _auto_storage(call: Call, account: BatchAccount) -> tuple[tuple[str, str], ...]:
    parsed = ResourceId.parse(str((account.settings.get("autoStorage") or {}).get("storageAccountId")))
    found = None if parsed is None else call.world.storage.named(parsed.name)
    if found is None:
        return ()
    address = urlsplit(call.world.blob_endpoint(found))
    return ((f"{address.netloc}{address.path}".rstrip("/"), _AUTO_STORAGE),)


def _category(name: str, endpoints: tuple[tuple[str, str], ...]) -> Json:
    return {
        "category": name,
        "endpoints": [{"domainName": domain, "description": why, "endpointDetails": [{"port": 443}]} for domain, why in endpoints],
    }
