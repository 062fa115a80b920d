"""Batch accounts: where they are, what they may use, and what they use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from azuresim.core.catalogue import VmSize
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.pool import Pool
from azuresim.core.regions import region_key
from azuresim.core.resource_id import ResourceId
from azuresim.core.sorted_names import SortedNames
from azuresim.core.subscriptions import not_found
from azuresim.core.task import Job

Json = dict[str, Any]
AllocationMode = Literal["BatchService", "UserSubscription"]
AccountState = Literal["Creating", "Succeeded", "Deleting"]


@dataclass(slots=True, kw_only=True)
class BatchAccount:
    """One account with its pools. Quotas are cores, except ``pool_quota``; they can be changed at any time.

    ``settings`` are the configuration members of its ARM properties, as they are shown: storage, network, encryption and their like.
    """

    id: ResourceId
    location: str
    allocation_mode: AllocationMode
    dedicated_quota: int
    low_priority_quota: int
    pool_quota: int
    family_quotas: dict[str, int]
    families_enforced: bool
    authentication_modes: tuple[str, ...]
    etag: str
    last_modified: float
    keys: tuple[str, str]
    node_management_id: str
    tags: dict[str, str] = field(default_factory=dict)
    # Nodes of a size the region can still give, by lower-case size name; absent: without limit.
    capacity: dict[str, int] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    pool_names: SortedNames = field(default_factory=SortedNames)
    jobs: dict[str, Job] = field(default_factory=dict)
    job_names: SortedNames = field(default_factory=SortedNames)
    family_cores: Counter[str] = field(default_factory=Counter)
    low_priority_cores: int = 0
    # Recorded default of new accounts.
    job_quota: int = 300
    state: AccountState = "Succeeded"
    settings: Json = field(default_factory=dict)
    identity: Json = field(default_factory=lambda: {"type": "None"})

    @property
    def name(self) -> str:
        """The account's name."""
        return self.id.name

    @property
    def node_management_endpoint(self) -> str:
        """Where nodes report, without a scheme; an adopted account keeps the one it came with."""
        kept = self.settings.get("nodeManagementEndpoint")
        return str(kept) if kept else f"{self.node_management_id}.{self.location}.service.batch.azure.com"

    def count_node(self, size: VmSize, *, dedicated: bool, sign: int) -> None:
        """A node came (1) or went (-1)."""
        if dedicated:
            self.family_cores[size.family] += sign * size.vcpus
        else:
            self.low_priority_cores += sign * size.vcpus
        if size.name.lower() in self.capacity:
            self.capacity[size.name.lower()] -= sign

    def refusal(self, size: VmSize, *, dedicated: bool) -> str | None:
        """The resize error code that one more node of ``size`` would meet; None when there is room."""
        if self.allocation_mode == "UserSubscription":
            return None
        if not dedicated:
            return "AccountLowPriorityCoreQuotaReached" if self.low_priority_cores + size.vcpus > self.low_priority_quota else None
        if self.family_cores.total() + size.vcpus > self.dedicated_quota:
            return "AccountCoreQuotaReached"
        if self.families_enforced and self.family_cores[size.family] + size.vcpus > self.family_quotas.get(size.family, 0):
            return "AccountVMSeriesCoreQuotaReached"
        return None

    def has_capacity(self, size: VmSize) -> bool:
        """Whether the region can give one more node."""
        return self.capacity.get(size.name.lower(), 1) > 0


class BatchAccounts:
    """All Batch accounts. ``regional_quota`` is how many a subscription may have in a region, as recorded."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._by_name: dict[str, BatchAccount] = {}
        self.regional_quota = 1000

    def add(self, account_id: ResourceId, **settings: Any) -> BatchAccount:
        """Create an account at once; ``settings`` are BatchAccount's own fields."""
        ids, now = self._kernel.ids, self._kernel.moment
        made = BatchAccount(
            id=account_id,
            etag=ids.etag(now),
            last_modified=now,
            keys=(ids.hex(64), ids.hex(64)),
            node_management_id=ids.guid(),
            **settings,
        )
        return self._by_name.setdefault(account_id.name.lower(), made)

    def find(self, account_id: ResourceId) -> BatchAccount | None:
        """None when there is none under this id."""
        found = self._by_name.get(account_id.name.lower())
        return found if found is not None and found.id.key == account_id.key else None

    def get(self, account_id: ResourceId) -> BatchAccount:
        """Raises 404 ResourceNotFound."""
        found = self.find(account_id)
        if found is None:
            raise not_found(account_id)
        return found

    def has_name(self, name: str) -> bool:
        """Whether somebody has the name; it is part of a public address."""
        return name.lower() in self._by_name

    def named(self, name: str) -> BatchAccount:
        """By the name in its endpoint. Raises 404 for an endpoint that is nobody's."""
        found = self._by_name.get(name.lower())
        if found is None:
            raise ServiceError(404, "ResourceNotFound", f"There is no Batch account named {name}.")
        return found

    def forget(self, account_id: ResourceId) -> None:
        """Drop it; harmless when it is not here. What becomes of its pools is the caller's business."""
        if self.find(account_id) is not None:
            del self._by_name[account_id.name.lower()]

    def all(self) -> list[BatchAccount]:
        """In the order of their creation."""
        return list(self._by_name.values())

    def in_group(self, subscription: str, group: str | None) -> list[BatchAccount]:
        """Of one subscription, optionally of one group."""
        return [
            account
            for account in self._by_name.values()
            if account.id.subscription.lower() == subscription.lower() and (group is None or account.id.group.lower() == group.lower())
        ]

    def in_region(self, subscription: str, location: str) -> int:
        """How many a subscription has there."""
        return sum(region_key(account.location) == region_key(location) for account in self.in_group(subscription, None))
