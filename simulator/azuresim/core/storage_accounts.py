"""Storage accounts as ARM makes and changes them. What is in them is in ``storage``.

Codes and sentences are Microsoft.Storage's, from its documentation and the issues of its clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from azuresim.core.arm_rules import check_location
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.operations import Operation, Operations
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.storage import Storage, StorageAccount

Json = dict[str, Any]
# The word of the operation's address.
STORAGE_OPERATIONS = "asyncoperations"
_NAME = re.compile(r"[a-z0-9]{3,24}")
_KINDS = ("StorageV2", "Storage", "BlobStorage", "BlockBlobStorage", "FileStorage")
_SKUS = (
    "Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS", "Premium_LRS", "Premium_ZRS",
)  # fmt: skip
_DEFAULTS: Json = {
    "minimumTlsVersion": "TLS1_2",
    "allowBlobPublicAccess": False,
    "networkAcls": {"bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"},
    "supportsHttpsTrafficOnly": True,
    "encryption": {
        "services": {"file": {"keyType": "Account", "enabled": True}, "blob": {"keyType": "Account", "enabled": True}},
        "keySource": "Microsoft.Storage",
    },
    "accessTier": "Hot",
}
_WORDS = {
    "publicNetworkAccess": ("Enabled", "Disabled", "SecuredByPerimeter"),
    "minimumTlsVersion": ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"),
    "accessTier": ("Hot", "Cool", "Cold", "Premium"),
}
# Of a shown account, what follows from the rest.
_DERIVED = frozenset({"provisioningState", "creationTime", "primaryEndpoints", "primaryLocation", "statusOfPrimary", "keyCreationTime"})


class StorageAccounts:
    """Creation, changes, keys and deletion."""

    def __init__(self, kernel: Kernel, operations: Operations, storage: Storage) -> None:
        self._kernel = kernel
        self._operations = operations
        self._storage = storage

    def put(self, account_id: ResourceId, body: Mapping[str, Any]) -> tuple[StorageAccount, Operation | None]:
        """A new account with its operation; one that is there is changed at once."""
        self._check_name(account_id)
        existing = self._storage.named(account_id.name)
        check_location(existing, account_id, body)
        kind, sku = body.get("kind"), (body.get("sku") or {}).get("name")
        wrong = [name for name, value, known in (("sku", sku, _SKUS), ("kind", kind, _KINDS)) if value not in known]
        if wrong:
            raise _invalid(*wrong)
        _check_settings(body.get("properties") or {})
        if existing is not None:
            return self.patch(account_id, body), None
        location = region_key(body["location"])
        account = self._storage.add_account(account_id, location=location, sku=str(sku))
        account.kind, account.tags = str(kind), dict(body.get("tags") or {})
        account.identity = body.get("identity")
        self._configure(account, {**_DEFAULTS, **(body.get("properties") or {})})
        account.state = "Creating"

        def created() -> None:
            account.state = "Succeeded"

        seconds = self._kernel.durations.storage_account_create
        return account, self._operations.after(seconds, STORAGE_OPERATIONS, account_id, location, created)

    def patch(self, account_id: ResourceId, body: Mapping[str, Any]) -> StorageAccount:
        """Sku within its tier, tags as a whole, properties one by one. The kind can only become StorageV2."""
        account = self._storage.account(account_id)
        kind, sku = body.get("kind", account.kind), (body.get("sku") or {}).get("name", account.sku)
        wrong = [name for name, value, known in (("sku", sku, _SKUS), ("kind", kind, _KINDS)) if value not in known]
        if wrong:
            raise _invalid(*wrong)
        if kind not in {account.kind, "StorageV2"}:
            raise _cannot_be_updated("kind")
        if sku.partition("_")[0] != account.sku.partition("_")[0]:
            raise _cannot_be_updated("sku.tier")
        _check_settings(body.get("properties") or {})
        account.kind, account.sku = kind, sku
        if "tags" in body:
            account.tags = dict(body["tags"] or {})
        if "identity" in body:
            account.identity = body["identity"]
        self._configure(account, {**account.settings, **(body.get("properties") or {})})
        if account.state == "Failed":
            account.state = "Succeeded"
        return account

    def delete(self, account_id: ResourceId) -> bool:
        """At once, with everything in it; whether there was anything."""
        there = self._storage.has(account_id)
        self._storage.forget(account_id)
        return there

    def regenerate_key(self, account_id: ResourceId, key_name: str) -> StorageAccount:
        """`key1` or `key2`; the other stays."""
        account = self._storage.account(account_id)
        first, second = account.keys
        if key_name not in {"key1", "key2"}:
            raise _invalid("keyName")
        fresh = self._kernel.ids.hex(64)
        account.keys = (fresh, second) if key_name == "key1" else (first, fresh)
        return account

    def unavailable(self, name: str) -> tuple[str, str] | None:
        """Why nobody can make an account of that name, as reason and sentence; None when one can."""
        if not _NAME.fullmatch(name):
            return "AccountNameInvalid", _name_fault(name)
        if self._storage.named(name) is not None:
            return "AlreadyExists", f"The storage account named {name} is already taken."
        return None

    def adopt(self, account_id: ResourceId, body: Mapping[str, Any]) -> StorageAccount:
        """A finished account from its ARM body as the service shows it."""
        sku = (body.get("sku") or {}).get("name", "Standard_LRS")
        account = self._storage.add_account(account_id, location=region_key(body["location"]), sku=sku)
        account.kind, account.tags = body.get("kind", "StorageV2"), dict(body.get("tags") or {})
        account.identity = body.get("identity")
        # Other endpoints than that of its blobs are shown as they were.
        kept = _DERIVED - {"primaryEndpoints"}
        self._configure(account, {name: value for name, value in (body.get("properties") or {}).items() if name not in kept})
        return account

    @staticmethod
    def _configure(account: StorageAccount, settings: Json) -> None:
        account.settings = {name: value for name, value in settings.items() if value is not None}
        account.shared_key_access = settings.get("allowSharedKeyAccess") is not False
        account.public_access = settings.get("allowBlobPublicAccess") is True

    def _check_name(self, account_id: ResourceId) -> None:
        name = account_id.name
        if not _NAME.fullmatch(name):
            raise ServiceError(400, "AccountNameInvalid", _name_fault(name))
        taken = self._storage.named(name)
        if taken is None or taken.id.key == account_id.key:
            return
        if taken.id.subscription.lower() == account_id.subscription.lower():
            raise ServiceError(409, "StorageAccountInAnotherResourceGroup", f"The account {name} is already in another resource group.")
        raise ServiceError(409, "StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")


def _check_settings(settings: Mapping[str, Any]) -> None:
    """400 for a word that is none, and for network rules that name no addresses."""
    for name, known in _WORDS.items():
        if settings.get(name) is not None and settings[name] not in known:
            raise _invalid(name)
    rules = settings.get("networkAcls") or {}
    if rules.get("defaultAction", "Allow") not in {"Allow", "Deny"}:
        raise _invalid("networkAcls.defaultAction")
    for rule in rules.get("ipRules") or ():
        try:
            ip_network(rule["value"], strict=False)
        except ValueError as wrong:
            raise _invalid("networkAcls.ipRule[*].value") from wrong


def _name_fault(name: str) -> str:
    return (
        f"{name} is not a valid storage account name. "
        "Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."
    )


def _invalid(*names: str) -> ServiceError:
    listed = ",".join(names)
    return ServiceError(400, "InvalidValuesForRequestParameters", f"Values for request parameters are invalid: {listed}.", target=names[0])


def _cannot_be_updated(name: str) -> ServiceError:
    return ServiceError(
        409,
        "AccountPropertyCannotBeUpdated",
        f"The property '{name}' was specified in the input, but it cannot be updated as it is read-only.",
        target=name,
    )
