"""What ARM does to Batch accounts: creation, changes, keys, deletion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from azuresim.core.arm_rules import check_location, property_change
from azuresim.core.batch_account_settings import authentication_modes, bad_request, check_account, identity_shown, name_fault
from azuresim.core.batch_accounts import BatchAccount, BatchAccounts
from azuresim.core.catalogue import Catalogue
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.operations import Operation, Operations
from azuresim.core.pools import Pools
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.storage import Storage

Json = dict[str, Any]
# The fixed words of the addresses where creations, deletions and deletions of pools are polled.
ACCOUNT_RESULTS, DELETION_RESULTS, POOL_RESULTS = "operationResults", "accountOperationResults", "poolOperationResults"
_DEFAULTS: Json = {"publicNetworkAccess": "Enabled", "privateEndpointConnections": [], "encryption": {"keySource": "Microsoft.Batch"}}
_NEW_QUOTAS: dict[str, int] = {"dedicated_quota": 500, "low_priority_quota": 500, "pool_quota": 100}
# Members of a shown account that are no configuration of their own.
_DERIVED = frozenset({"accountEndpoint", "provisioningState", "allowedAuthenticationModes"})
_QUOTAS = {"dedicatedCoreQuota": "dedicated_quota", "lowPriorityCoreQuota": "low_priority_quota", "poolQuota": "pool_quota"}
_OTHERS = frozenset({"dedicatedCoreQuotaPerVMFamily", "dedicatedCoreQuotaPerVMFamilyEnforced", "activeJobAndJobScheduleQuota"})


class BatchAccountWrites:
    """Everything the management plane changes about accounts. ``tenant`` is asked when an identity is shown."""

    def __init__(
        self,
        kernel: Kernel,
        operations: Operations,
        *,
        accounts: BatchAccounts,
        pools: Pools,
        storage: Storage,
        catalogue: Catalogue,
        tenant: Callable[[], str],
    ) -> None:
        self._kernel = kernel
        self._operations = operations
        self._accounts = accounts
        self._pools = pools
        self._storage = storage
        self._catalogue = catalogue
        self._tenant = tenant

    def put(self, account_id: ResourceId, body: Mapping[str, Any]) -> tuple[BatchAccount, Operation | None]:
        """A new account with its operation, or a change of an existing one, done at once."""
        existing = self._accounts.find(account_id)
        check_location(existing, account_id, body)
        given: Json = body.get("properties") or {}
        # One that failed to be made is made anew.
        if existing is not None and existing.state != "Failed":
            mode = given.get("poolAllocationMode")
            if mode is not None and mode != existing.allocation_mode:
                raise property_change("properties.poolAllocationMode")
            return self.patch(account_id, {"tags": body.get("tags"), **{n: body[n] for n in ("identity", "properties") if n in body}}), None
        return self._create(account_id, body)

    def patch(self, account_id: ResourceId, body: Mapping[str, Any]) -> BatchAccount:
        """Tags are replaced, properties one by one; a null takes automatic storage away."""
        account = self._writable(account_id)
        check_account(body, allocation_mode=account.allocation_mode)
        given: Json = body.get("properties") or {}
        storage = given.get("autoStorage")
        if storage and storage.get("storageAccountId"):
            self._require_storage(storage)
        if "tags" in body:
            account.tags = dict(body["tags"] or {})
        if body.get("identity") is not None:
            account.identity = self._identity(body["identity"])
        if "allowedAuthenticationModes" in given:
            account.authentication_modes = authentication_modes(given["allowedAuthenticationModes"], account.allocation_mode)
        account.settings = self._settings(account.settings, given)
        self._touch(account)
        return account

    def delete(self, account_id: ResourceId) -> Operation | None:
        """None when there is nothing to delete. Its pools go with it."""
        account = self._accounts.find(account_id)
        if account is None:
            return None
        # One that failed to be made or deleted can still be deleted.
        account = account if account.state == "Failed" else self._writable(account_id)
        account.state = "Deleting"
        self._delete_pools(account)
        times = self._kernel.durations
        seconds = times.batch_account_delete if account.allocation_mode == "BatchService" else times.batch_own_account_delete
        return self._operations.after(seconds, DELETION_RESULTS, account_id, account.location, lambda: self._accounts.forget(account_id))

    def forget(self, account_id: ResourceId) -> None:
        """Drop it at once, as its resource group does; its nodes are given back in the time they take."""
        account = self._accounts.find(account_id)
        if account is not None:
            self._delete_pools(account)
            self._accounts.forget(account_id)

    def synchronise_storage_keys(self, account_id: ResourceId) -> None:
        """Read the automatic storage account's keys again."""
        account = self._writable(account_id)
        storage = account.settings.get("autoStorage")
        if storage is None:
            raise bad_request(
                "The specified Request Body is not syntactically valid.", "The account has no auto storage account associated with it."
            )
        self._require_storage(storage)
        account.settings["autoStorage"] = {**storage, "lastKeySync": self._kernel.moment}

    def keys(self, account: BatchAccount) -> tuple[str, str]:
        """Primary and secondary. Raises 409 where shared keys are not allowed (azure-mgmt-batch, get_keys)."""
        if "SharedKey" not in account.authentication_modes:
            raise ServiceError(409, "OperationNotAllowed", "The account does not allow shared key authentication.")
        return account.keys

    def regenerate_key(self, account_id: ResourceId, key_name: str) -> BatchAccount:
        """`Primary` or `Secondary`; the other stays."""
        account = self._writable(account_id)
        primary, secondary = self.keys(account)
        fresh = self._kernel.ids.hex(64)
        account.keys = (fresh, secondary) if key_name == "Primary" else (primary, fresh)
        self._touch(account)
        return account

    def adopt(self, account_id: ResourceId, body: Mapping[str, Any]) -> BatchAccount:
        """A finished account from its ARM body as the service shows it."""
        shown: Json = body.get("properties") or {}
        mode = shown.get("poolAllocationMode", "BatchService")
        families = {str(row["name"]): int(row["coreQuota"]) for row in shown.get("dedicatedCoreQuotaPerVMFamily") or ()}
        quotas = {field: int(shown[name]) if shown.get(name) is not None else _NEW_QUOTAS[field] for name, field in _QUOTAS.items()}
        return self._accounts.add(
            account_id,
            location=body["location"],
            allocation_mode=mode,
            family_quotas=families or self._families(quotas["dedicated_quota"]),
            families_enforced=shown.get("dedicatedCoreQuotaPerVMFamilyEnforced", True),
            authentication_modes=authentication_modes(shown.get("allowedAuthenticationModes"), mode),
            job_quota=shown.get("activeJobAndJobScheduleQuota", 300),
            tags=dict(body.get("tags") or {}),
            identity=dict(body.get("identity") or {"type": "None"}),
            settings={n: v for n, v in shown.items() if n not in _DERIVED | _QUOTAS.keys() | _OTHERS | {"poolAllocationMode"}},
            **quotas,
        )

    def _create(self, account_id: ResourceId, body: Mapping[str, Any]) -> tuple[BatchAccount, Operation]:
        fault = name_fault(account_id.name)
        if fault is not None:
            raise bad_request("The specified account name is not valid.", fault)
        if self._accounts.find(account_id) is None and self._accounts.has_name(account_id.name):
            raise ServiceError(409, "AccountAlreadyExists", f"An account named '{account_id.name}' is already in use.")
        location = region_key(body["location"])
        if self._accounts.in_region(account_id.subscription, location) >= self._accounts.regional_quota:
            raise ServiceError(
                409, "SubscriptionQuotaExceeded", "The regional account quota for the specified subscription has been reached."
            )
        given: Json = body.get("properties") or {}
        mode = given.get("poolAllocationMode") or "BatchService"
        check_account(body, allocation_mode=mode)
        if mode == "UserSubscription" and not given.get("keyVaultReference"):
            raise bad_request(
                "The specified Request Body is not syntactically valid.",
                "A key vault reference is required for accounts with pool allocation mode UserSubscription.",
            )
        if given.get("autoStorage"):
            self._require_storage(given["autoStorage"])
        self._accounts.forget(account_id)
        account = self._accounts.add(
            account_id,
            location=location,
            allocation_mode=mode,
            family_quotas=self._families(_NEW_QUOTAS["dedicated_quota"]),
            families_enforced=True,
            authentication_modes=authentication_modes(given.get("allowedAuthenticationModes"), mode),
            tags=dict(body.get("tags") or {}),
            identity=self._identity(body.get("identity")),
            state="Creating",
            settings=self._settings(_DEFAULTS, given),
            **_NEW_QUOTAS,
        )

        def created() -> None:
            account.state = "Succeeded"
            self._touch(account)

        seconds = self._kernel.durations.batch_account_create
        return account, self._operations.after(seconds, ACCOUNT_RESULTS, account_id, location, created)

    def _delete_pools(self, account: BatchAccount) -> None:
        for pool in account.pools.values():
            if pool.state == "active":
                self._pools.delete(account, pool.id)

    def _settings(self, before: Mapping[str, Any], given: Mapping[str, Any]) -> Json:
        """The members that are configuration, after a write."""
        kept = {"poolAllocationMode", "allowedAuthenticationModes"}
        after = {**before, **{name: value for name, value in given.items() if name not in kept}}
        if given.get("autoStorage"):
            after["autoStorage"] = {"authenticationMode": "StorageKeys", **given["autoStorage"], "lastKeySync": self._kernel.moment}
        return {name: value for name, value in after.items() if value is not None}

    def _families(self, quota: int) -> dict[str, int]:
        return dict.fromkeys(self._catalogue.families(), quota)

    def _identity(self, given: Mapping[str, Any] | None) -> Json:
        return identity_shown(given, tenant=self._tenant(), fresh=self._kernel.ids.guid)

    def _require_storage(self, storage: Mapping[str, Any]) -> None:
        parsed = ResourceId.parse(str(storage["storageAccountId"]))
        if parsed is None or self._storage.named(parsed.name) is None:
            raise bad_request(
                "The specified storage account could not be found.",
                f"The storage account '{storage['storageAccountId']}' does not exist or is not accessible.",
            )

    def _writable(self, account_id: ResourceId) -> BatchAccount:
        account = self._accounts.get(account_id)
        if account.state != "Succeeded":
            word = {"Creating": "Created", "Deleting": "Deleted"}.get(account.state)
            if word is None:
                raise ServiceError(409, "AccountIsDisabled", "The specified account is disabled.")
            raise ServiceError(409, f"AccountBeing{word}", f"The specified account is being {word.lower()}.")
        return account

    def _touch(self, account: BatchAccount) -> None:
        account.last_modified = self._kernel.moment
        account.etag = self._kernel.ids.etag(account.last_modified)
