"""The whole simulated cloud of one test or one demo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azuresim.clock import Clock, ManualClock
from azuresim.core import collections
from azuresim.core.adoption import adopt
from azuresim.core.arm_pools import ArmPools
from azuresim.core.batch_account_writes import BatchAccountWrites
from azuresim.core.batch_accounts import AllocationMode, BatchAccount, BatchAccounts
from azuresim.core.catalogue import Catalogue
from azuresim.core.contents import Contents
from azuresim.core.copies import Copies
from azuresim.core.directory import Directory
from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.disks import Disks
from azuresim.core.durations import Durations
from azuresim.core.galleries import Galleries
from azuresim.core.inventory import Inventory
from azuresim.core.jobs import Jobs
from azuresim.core.kernel import Kernel
from azuresim.core.locks import Locks
from azuresim.core.lookup import find
from azuresim.core.managed_images import ManagedImages
from azuresim.core.operations import Operations
from azuresim.core.permissions import Permissions
from azuresim.core.pool_images import PoolImages
from azuresim.core.pools import Pools
from azuresim.core.publishing import Publishing
from azuresim.core.regions import display_name, region_key
from azuresim.core.resource_groups import ResourceGroups
from azuresim.core.resource_id import ResourceId
from azuresim.core.scheduling import Scheduling
from azuresim.core.seed import load
from azuresim.core.sources import Sources
from azuresim.core.storage import Blob, Storage, StorageAccount
from azuresim.core.storage_accounts import StorageAccounts
from azuresim.core.subscriptions import Subscriptions
from azuresim.core.tasks import Tasks
from azuresim.core.throttling import Throttle
from azuresim.core.versions import ImageVersion, Replica
from azuresim.core.vhd_contents import described
from azuresim.core.virtual_machines import VirtualMachines

DEFAULT_TENANT = "00000000-0000-0000-0000-00000000aaaa"


class World:
    """Subscriptions and all that is in them, over one clock.

    ``base_url`` is where the wire is reached; endpoints of accounts are built from it and nothing else.
    ``seed`` settles every generated id. ``add_*`` create at once, without the time the real thing takes.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        durations: Durations | None = None,
        seed: int = 0,
        base_url: str = "https://azuresim.test",
        catalogue: Catalogue | None = None,
    ) -> None:
        self.clock: Clock = clock or ManualClock()
        self.kernel = Kernel(self.clock, durations or Durations(), seed)
        self.base_url = base_url
        self.tenant = DEFAULT_TENANT
        self.catalogue = catalogue or Catalogue()
        self.subscriptions = Subscriptions()
        self.locks = Locks()
        self.throttle = Throttle(self.kernel)
        self.inventory = Inventory()
        self.operations = Operations(self.kernel)
        self.groups = ResourceGroups(self.kernel, self.operations, self.subscriptions, self.inventory)
        self.directory = Directory()
        self.storage = Storage(self.kernel)
        self.copies = Copies(self.kernel, self.storage)
        self.storage_accounts = StorageAccounts(self.kernel, self.operations, self.storage)
        self.galleries = Galleries(self.kernel, self.operations)
        self.sources = Sources(self.storage, self.galleries, lambda: f"{self.base_url}/blob/")
        # One life for both; their ids tell them apart.
        self.disks = self.snapshots = Disks(self.kernel, self.operations, self.sources)
        self.machine_disks = DisksOfMachines(self.disks, self.sources)
        self.images = ManagedImages(self.kernel, self.operations, self.sources)
        self.publishing = Publishing(self.kernel, self.operations, self.galleries, self.sources)
        self.virtual = VirtualMachines(
            self.kernel, self.operations, sources=self.sources, disks=self.machine_disks, catalogue=self.catalogue
        )
        self.permissions = Permissions()
        self.batch = BatchAccounts(self.kernel)
        scheduling = Scheduling(self.kernel)
        self.pools = Pools(
            self.kernel, self.catalogue, PoolImages(self.catalogue, self.galleries), self.virtual.machines.quotas, scheduling
        )
        self.tasks = Tasks(self.kernel, scheduling)
        self.jobs = Jobs(self.kernel, self.pools, scheduling, self.tasks)
        self.batch_writes = BatchAccountWrites(
            self.kernel,
            self.operations,
            accounts=self.batch,
            pools=self.pools,
            storage=self.storage,
            catalogue=self.catalogue,
            tenant=lambda: self.tenant,
        )
        self.arm_pools = ArmPools(self.pools)
        collections.register(self)

    def settle(self) -> float:
        """Bring everything up to the clock; returns the time."""
        return self.kernel.settle()

    def run_on(self, clock: Clock) -> None:
        """Take the time from another clock from now on."""
        self.clock = self.kernel.clock = clock

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block no time passes."""
        clock = self.clock
        self.run_on(ManualClock(self.settle()))
        try:
            yield
        finally:
            self.run_on(clock)

    def find(self, resource_id: ResourceId) -> Any | None:
        """Any resource by its id; None when there is none."""
        return find(self, resource_id)

    def blob_endpoint(self, account: StorageAccount) -> str:
        """What ARM answers as `primaryEndpoints.blob`."""
        return account.endpoint or f"{self.base_url}/blob/{account.name}/"

    def batch_endpoint(self, account: BatchAccount) -> str:
        """What ARM answers as `accountEndpoint`: without a scheme."""
        return f"{self.base_url.removeprefix('https://')}/batch/{account.name}"

    def add_resource_group(self, subscription: str, name: str, location: str = "westeurope") -> None:
        """Create a group, and its subscription when missing."""
        self.subscriptions.add(subscription, tenant=self.tenant)
        self.subscriptions.add_group(subscription, name, location)

    def add_storage_account(self, account_id: str, *, location: str, sku: str = "Standard_LRS") -> StorageAccount:
        """Create an account under its ARM id."""
        return self.storage.add_account(self._prepared(account_id, location), location=location, sku=sku)

    def add_vhd(self, blob_uri: str, *, size_mib: int = 1024, footer: bytes | None = None, contents: Contents | None = None) -> Blob:
        """A VHD at an address below an existing account's blob endpoint; ``footer`` makes a wrong one.

        ``contents`` are what is on it; None: whatever its user says.
        """
        self.settle()
        path = blob_uri.removeprefix(f"{self.base_url}/blob/")
        name, container, blob = path.split("/", 2)
        account = self.storage.named(name)
        if account is None:
            raise LookupError(f"{blob_uri} lies in no storage account of this world")
        made = self.storage.put_vhd(account, container, blob, size_mib=size_mib, footer=footer)
        if contents is not None:
            made.metadata.update(described(contents))
        return made

    def add_batch_account(
        self,
        account_id: str,
        *,
        location: str,
        allocation_mode: AllocationMode = "BatchService",
        dedicated_quota: int = 500,
        low_priority_quota: int = 500,
        pool_quota: int = 100,
        family_quotas: Mapping[str, int] | None = None,
        families_enforced: bool = True,
        authentication_modes: tuple[str, ...] | None = None,
        capacity: Mapping[str, int] | None = None,
        applications: Mapping[str, Iterable[str]] | None = None,
    ) -> BatchAccount:
        """Create an account under its ARM id. A family not named in ``family_quotas`` has the whole dedicated quota.

        ``applications`` are the versions of packages pools may refer to.
        """
        modes = ("SharedKey", "AAD", "TaskAuthenticationToken") if allocation_mode == "BatchService" else ("AAD", "TaskAuthenticationToken")
        return self.batch.add(
            self._prepared(account_id, location),
            location=location,
            allocation_mode=allocation_mode,
            dedicated_quota=dedicated_quota,
            low_priority_quota=low_priority_quota,
            pool_quota=pool_quota,
            family_quotas={**dict.fromkeys(self.catalogue.families(), dedicated_quota), **(family_quotas or {})},
            families_enforced=families_enforced,
            authentication_modes=authentication_modes or modes,
            capacity={name.lower(): count for name, count in (capacity or {}).items()},
            applications={name.lower(): tuple(versions) for name, versions in (applications or {}).items()},
        )

    def add_gallery(self, gallery_id: str, *, location: str, tags: dict[str, str] | None = None) -> None:
        """A finished gallery."""
        parsed = self._prepared(gallery_id, location)
        gallery, _ = self.galleries.put(parsed, {"location": location, "tags": tags})
        gallery.state = "Succeeded"

    def add_definition(
        self,
        definition_id: str,
        *,
        location: str,
        os_type: str = "Linux",
        generation: str = "V2",
        architecture: str = "x64",
        security_type: str = "Standard",
        os_state: str = "Generalized",
        identifier: Mapping[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """A finished definition, its gallery included when missing."""
        parsed = self._prepared(definition_id, location)
        if parsed.parent.key not in {g.id.key for g in self.galleries.in_group(parsed.subscription, parsed.group)}:
            self.add_gallery(str(parsed.parent), location=location)
        properties: dict[str, Any] = {
            "osType": os_type,
            "osState": os_state,
            "hyperVGeneration": generation,
            "architecture": architecture,
            "features": [{"name": "SecurityType", "value": security_type}],
            "identifier": dict(identifier or {"publisher": "sim", "offer": parsed.names[0], "sku": parsed.name}),
        }
        definition, _ = self.galleries.put_definition(
            parsed, {"location": location, "tags": tags, "properties": properties}, api_version="2026-03-03"
        )
        definition.state = "Succeeded"

    def add_version(
        self,
        version_id: str,
        *,
        regions: tuple[str, ...],
        tags: dict[str, str] | None = None,
        size_gib: int = 30,
        generalized: bool | None = None,
    ) -> ImageVersion:
        """A finished version, complete in ``regions``; the first is its home. The definition must exist.

        ``generalized`` None: as the definition says; a version of a generalised definition that is not lets no Batch node turn idle.
        """
        self.settle()
        parsed = self._parsed(version_id)
        definition = self.galleries.definition(parsed.parent)
        targets = [{"name": display_name(r), "regionalReplicaCount": 1, "storageAccountType": "Standard_LRS"} for r in regions]
        version = ImageVersion(
            id=parsed,
            location=regions[0],
            tags=tags,
            properties={
                "publishingProfile": {
                    "targetRegions": targets,
                    "replicaCount": 1,
                    "excludeFromLatest": False,
                    "storageAccountType": "Standard_LRS",
                },
                "storageProfile": {"osDiskImage": {"sizeInGB": size_gib, "hostCaching": "ReadWrite", "source": {}}},
                "safetyProfile": {"reportedForPolicyViolation": False, "allowDeletionOfReplicatedLocations": False},
            },
            state="Succeeded",
            published=self.kernel.moment,
            captured=True,
        )
        version.contents = definition.contents(size_gib, generalized=generalized)
        version.replicas = {r: Replica(region=r, state="Completed") for r in map(region_key, regions)}
        definition.versions[parsed.name.lower()] = version
        return version

    def adopt(self, body: Mapping[str, Any]) -> None:
        """Put a resource in as the service showed it; see ``adoption.adopt``."""
        self.settle()
        adopt(self, body)

    def load(self, document: Mapping[str, Any]) -> None:
        """Create what a seed document describes; see ``seed.load``."""
        load(self, document)

    def _parsed(self, text: str) -> ResourceId:
        parsed = ResourceId.parse(text)
        if parsed is None:
            raise ValueError(f"not the id of a resource in a resource group: {text}")
        return parsed

    def _prepared(self, text: str, location: str) -> ResourceId:
        """The parsed id, its subscription and group created when missing."""
        self.settle()
        parsed = self._parsed(text)
        self.add_resource_group(parsed.subscription, parsed.group, location)
        return parsed
