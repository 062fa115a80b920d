"""A Batch account's ARM body: what may be in it, and what it becomes.

Members that no rule here is about are kept and shown as they came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]
# azure-mgmt-batch, BatchAccount create: lower-case letters and digits, 3 to 24.
_NAME = re.compile(r"[a-z0-9]{3,24}")
_ALL_MODES = ("SharedKey", "AAD", "TaskAuthenticationToken")
_STORAGE = "microsoft.storage/storageaccounts"


def name_fault(name: str) -> str | None:
    """What is wrong with an account's name; None for a good one."""
    if _NAME.fullmatch(name):
        return None
    return "Account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."


def bad_request(message: str, reason: str) -> ServiceError:
    """Batch's 400 in ARM, whose reason stands among the details."""
    return ServiceError(400, "InvalidRequestBody", message, values=(("Reason", reason),))


def check_account(body: Mapping[str, Any], *, allocation_mode: str) -> None:
    """Refuse, with 400, what no account of this allocation mode can be."""
    given: Mapping[str, Any] = body.get("properties") or {}
    if allocation_mode == "UserSubscription" and "SharedKey" in (given.get("allowedAuthenticationModes") or ()):
        raise bad_request(
            "The specified Request Body is not syntactically valid.",
            "SharedKey authentication is not allowed for accounts with pool allocation mode UserSubscription.",
        )
    _check_storage(given.get("autoStorage"))
    encryption = given.get("encryption") or {}
    if encryption.get("keySource") == "Microsoft.KeyVault" and not (encryption.get("keyVaultProperties") or {}).get("keyIdentifier"):
        raise bad_request("The specified Request Body is not syntactically valid.", "keyVaultProperties.keyIdentifier is required.")


def authentication_modes(given: list[str] | tuple[str, ...] | None, allocation_mode: str) -> tuple[str, ...]:
    """The modes given, or all the allocation mode has; none at all means the default too."""
    possible = _ALL_MODES if allocation_mode == "BatchService" else _ALL_MODES[1:]
    return tuple(mode for mode in possible if mode in given) if given else possible


def identity_shown(given: Mapping[str, Any] | None, *, tenant: str, fresh: Callable[[], str]) -> Json:
    """An account's identity with what Entra adds: principal and client ids, which ``fresh`` makes."""
    if given is None or given.get("type") in {None, "None"}:
        return {"type": "None"}
    if given["type"] == "SystemAssigned":
        return {"principalId": fresh(), "tenantId": tenant, "type": "SystemAssigned"}
    chosen = {name: {"principalId": fresh(), "clientId": fresh()} for name in given.get("userAssignedIdentities") or {}}
    return {"type": given["type"], "userAssignedIdentities": chosen}


def _check_storage(given: Mapping[str, Any] | None) -> None:
    if not given:
        return
    parsed = ResourceId.parse(str(given.get("storageAccountId")))
    if parsed is None or parsed.type != _STORAGE:
        raise bad_request(
            "The specified Request Body is not syntactically valid.",
            f"autoStorage.storageAccountId '{given.get('storageAccountId')}' is not the id of a storage account.",
        )
