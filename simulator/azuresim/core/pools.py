"""Pools of Batch accounts: creation, changes, resizes, deletion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from azuresim.core.allocation import Allocation
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.booting import Booting
from azuresim.core.catalogue import Catalogue
from azuresim.core.errors import ServiceError
from azuresim.core.growth import Growth
from azuresim.core.kernel import Kernel
from azuresim.core.node import Boot, Node
from azuresim.core.nodes import Nodes
from azuresim.core.os_upgrades import OsUpgrades
from azuresim.core.pool import Json, Pool, Size
from azuresim.core.pool_images import PoolImages, check_slots, check_vm_size
from azuresim.core.pool_scaling import AutoScaling
from azuresim.core.pool_settings import (
    LIVE_SETTINGS,
    RETIRED,
    SETTINGS,
    check_pool_id,
    node_count,
    normalised,
    required,
    resize_request,
    resize_timeout,
    retired,
    stored_settings,
)
from azuresim.core.pool_states import being_deleted, invalid_state, pool_not_found, require_steady
from azuresim.core.quotas import Quotas
from azuresim.core.scheduling import Scheduling

# Sizes that only pools of cloud services had.
_CLOUD_SERVICE_SIZES = frozenset({"small", "medium", "large", "extralarge"})


class Pools:
    """Everything that is done to pools, by whichever interface. All methods act at ``kernel.moment``."""

    def __init__(self, kernel: Kernel, catalogue: Catalogue, images: PoolImages, quotas: Quotas, scheduling: Scheduling) -> None:
        self._kernel = kernel
        self._catalogue = catalogue
        self._images = images
        self._scheduling = scheduling
        self.booting = Booting(kernel)
        self.allocation = Allocation(kernel, Growth(kernel, catalogue, images, self.booting, quotas), self.booting, scheduling)
        self.scaling = AutoScaling(kernel, self.allocation)
        self.upgrades = OsUpgrades(kernel, images, self.booting, self.allocation, scheduling)
        self.nodes = Nodes(kernel, self.booting, self.allocation, scheduling)
        scheduling.node_freed.append(self.allocation.freed)

    @staticmethod
    def get(account: BatchAccount, pool_id: str) -> Pool:
        """Raises 404 PoolNotFound."""
        found = account.pools.get(pool_id.lower())
        if found is None:
            raise pool_not_found()
        return found

    def writable(self, account: BatchAccount, pool_id: str) -> Pool:
        """The same, and 409 PoolBeingDeleted for one on its way out."""
        pool = self.get(account, pool_id)
        if pool.state == "deleting":
            raise being_deleted()
        return pool

    @staticmethod
    def after(account: BatchAccount, name: str | None) -> Iterator[Pool]:
        """Pools in the order of their ids, from the one after ``name``."""
        return (account.pools[key] for key in account.pool_names.after(name))

    def create(self, account: BatchAccount, body: Mapping[str, Any]) -> Pool:
        """A new pool, resizing toward its targets, or with a formula that will set them."""
        required(body, "id", "vmSize")
        check_pool_id(body["id"])
        key = body["id"].lower()
        if key in account.pools:
            if account.pools[key].state == "deleting":
                raise being_deleted()
            raise ServiceError(409, "PoolExists", "The specified pool already exists.")
        if body.get("cloudServiceConfiguration") is None:
            required(body, "virtualMachineConfiguration")
        scale = self.scaling.settings(body)
        timeout = resize_timeout(body.get("resizeTimeout"))
        target = Size(dedicated=node_count(body, "targetDedicatedNodes") or 0, low_priority=node_count(body, "targetLowPriorityNodes") or 0)
        settings = stored_settings(body)
        self._check_machines(account, settings)
        self._check_packages(account, settings)
        if len(account.pools) >= account.pool_quota:
            # The service's table of error codes says 409.
            raise ServiceError(409, "PoolQuotaReached", "Pool quota for the account has been reached.")
        pool = self._keep(account, body["id"], settings, target, timeout)
        pool.retired = retired(body)
        self.allocation.resize(account, pool, target, timeout)
        if scale is not None:
            self.scaling.begin(account, pool, scale)
        self.upgrades.watch(account, pool)
        return pool

    def adopt(self, account: BatchAccount, body: Mapping[str, Any]) -> Pool:
        """Take a pool as the data plane shows it: finished, with as many idle nodes as it says to have. Members are kept as they are."""
        counts = {name: int(body.get(name) or 0) for name in _COUNTS}
        target = Size(dedicated=counts["targetDedicatedNodes"], low_priority=counts["targetLowPriorityNodes"])
        settings = stored_settings({}) | {name: body[name] for name in SETTINGS if body.get(name) is not None}
        pool = self._keep(account, body["id"], settings, target, resize_timeout(body.get("resizeTimeout")))
        pool.retired = {name: body[name] for name in RETIRED if body.get(name) is not None}
        pool.allocation_state, pool.resize_errors = "steady", list(body.get("resizeErrors") or ())
        pool.etag = body.get("eTag") or pool.etag
        pool.target = Size(dedicated=counts["currentDedicatedNodes"], low_priority=counts["currentLowPriorityNodes"])
        self.allocation.furnish(account, pool)
        pool.target = target
        if body.get("enableAutoScale"):
            scale = self.scaling.settings({name: body.get(name) for name in _AUTO_SCALE})
            if scale is not None:
                self.scaling.begin(account, pool, scale)
        return pool

    def patch(self, account: BatchAccount, pool_id: str, body: Mapping[str, Any]) -> Pool:
        """Replace the members given. All but a few of them need a pool without nodes."""
        pool = self.writable(account, pool_id)
        given = {name: value for name, value in body.items() if value is not None}
        bound = given.keys() - LIVE_SETTINGS - set(RETIRED)
        if bound and not pool.is_empty():
            raise invalid_state("The pool must have no compute nodes to change " + ", ".join(sorted(bound)))
        changed = {name: value for name, value in pool.settings.items() if name not in given} | normalised(given)
        if given.keys() & {"virtualMachineConfiguration", "vmSize", "taskSlotsPerNode", "upgradePolicy"}:
            self._check_machines(account, changed)
        self._check_packages(account, given)
        pool.settings = {name: changed[name] for name in SETTINGS if name in changed}
        pool.retired |= retired(given)
        self.upgrades.watch(account, pool)
        self.touch(pool)
        return pool

    def reconfigure(self, account: BatchAccount, pool_id: str, body: Mapping[str, Any]) -> Pool:
        """The whole configuration replaced, as a PUT through ARM does it. Only what differs may need a pool without nodes."""
        pool = self.writable(account, pool_id)
        required(body, "vmSize", "virtualMachineConfiguration")
        wanted = stored_settings(body)
        changed = {name for name in SETTINGS if wanted.get(name) != pool.settings.get(name)} - LIVE_SETTINGS
        if changed and not pool.is_empty():
            raise invalid_state("The pool must have no compute nodes to change " + ", ".join(sorted(changed)))
        self._check_machines(account, wanted)
        self._check_packages(account, wanted)
        pool.settings = wanted
        self.upgrades.watch(account, pool)
        self.touch(pool)
        return pool

    def replace_properties(self, account: BatchAccount, pool_id: str, body: Mapping[str, Any]) -> Pool:
        """Start task, packages and metadata, as a whole: an absent start task is removed."""
        pool = self.writable(account, pool_id)
        required(body, "applicationPackageReferences", "metadata")
        self._check_packages(account, body)
        changed = {name: value for name, value in pool.settings.items() if name not in LIVE_SETTINGS} | normalised(
            {name: body.get(name) for name in LIVE_SETTINGS}
        )
        pool.settings = {name: changed[name] for name in SETTINGS if name in changed}
        if "certificateReferences" in body:
            # As old api-versions replaced them.
            pool.retired |= {"targetNodeCommunicationMode": "default", **retired(body)}
        self.touch(pool)
        return pool

    def resize(self, account: BatchAccount, pool_id: str, body: Mapping[str, Any]) -> Pool:
        """Only from steady. A target left out stays what it was."""
        pool = self.writable(account, pool_id)
        dedicated, low_priority, timeout, option = resize_request(body)
        if pool.auto_scale is not None:
            raise invalid_state("The pool cannot be resized while automatic scaling is enabled on it.")
        require_steady(pool)
        target = Size(
            dedicated=pool.target.dedicated if dedicated is None else dedicated,
            low_priority=pool.target.low_priority if low_priority is None else low_priority,
        )
        self.allocation.resize(account, pool, target, timeout, option)
        self.touch(pool)
        return pool

    def stop_resize(self, account: BatchAccount, pool_id: str) -> Pool:
        """Leaves the ETag alone, as recorded."""
        pool = self.writable(account, pool_id)
        if pool.allocation_state == "steady":
            raise invalid_state("The pool is not being resized.")
        if pool.allocation_state == "resizing":
            self.allocation.stop(account, pool)
        return pool

    def delete(self, account: BatchAccount, pool_id: str) -> None:
        """State deleting for a while, then gone."""
        pool = self.writable(account, pool_id)
        self.scaling.disable(pool)
        pool.state, pool.state_since = "deleting", self._kernel.moment
        key = pool.id.lower()

        def gone(_at: float) -> None:
            del account.pools[key]
            account.pool_names.remove(key)

        self.allocation.drop_everything(account, pool, gone)

    def moved(self, accounts: Iterable[BatchAccount], appointments: int) -> list[tuple[BatchAccount, Pool]]:
        """Pools whose resize or deletion began after there had been so many appointments."""
        return [(a, p) for a in accounts for p in a.pools.values() if any(later.number > appointments for later in p.pending)]

    def touch(self, pool: Pool) -> None:
        """A configuration write: new ETag and time."""
        pool.last_modified = self._kernel.moment
        pool.etag = self._kernel.ids.etag(pool.last_modified)

    def lose_nodes(self, account: BatchAccount, pool_id: str, count: int, *, dedicated: bool = True) -> list[str]:
        """Take ``count`` nodes away as a host failure would; Batch replaces them later. Returns their ids."""
        pool = self.get(account, pool_id)
        chosen = self._working(pool, count, dedicated=dedicated)
        self.allocation.lose(account, pool, chosen)
        return chosen

    def preempt_nodes(self, account: BatchAccount, pool_id: str, count: int) -> list[str]:
        """Preempt ``count`` low-priority nodes; they stay listed and come back later. Returns their ids."""
        pool = self.get(account, pool_id)
        chosen = self._working(pool, count, dedicated=False)
        self.allocation.preempt(account, pool, chosen)
        return chosen

    def break_nodes(
        self, account: BatchAccount, pool_id: str, count: int, *, state: str = "unusable", errors: tuple[Json, ...] = ()
    ) -> list[str]:
        """Put ``count`` nodes into a state that does not heal by itself; their tasks are put back. Returns their ids."""
        pool, now = self.get(account, pool_id), self._kernel.moment
        chosen = self._working(pool, count)
        for node_id in chosen:
            node = pool.nodes[node_id]
            node.boot, node.errors = Boot(phases=((now, state),), reported=node.reported(now), start=node.boot.start), errors
            self._scheduling.release(account, node, "requeue", now)
        self._scheduling.fill(account, pool, now)
        return chosen

    def _keep(self, account: BatchAccount, pool_id: str, settings: Json, target: Size, timeout: int) -> Pool:
        now = self._kernel.moment
        pool = Pool(
            id=pool_id,
            etag=self._kernel.ids.etag(now),
            created=now,
            last_modified=now,
            settings=settings,
            target=target,
            resize_timeout=timeout,
            state_since=now,
            allocation_since=now,
        )
        account.pools[pool_id.lower()] = pool
        account.pool_names.add(pool_id.lower())
        return pool

    def _working(self, pool: Pool, count: int, *, dedicated: bool | None = None) -> list[str]:
        """The first nodes of a kind that nothing has happened to yet: on their way up, or up."""

        def untouched(node: Node) -> bool:
            return (
                node.leaving_since is None
                and node.boot.phases[0][1] in {"creating", "starting", "rebooting", "upgradingos"}
                and node.phase(self._kernel.moment)[0] not in _BROKEN
            )

        found = [node.id for node in pool.nodes.values() if dedicated in (None, node.dedicated) and untouched(node)]
        return found[:count]

    def _check_machines(self, account: BatchAccount, settings: Mapping[str, Any]) -> None:
        machines = settings.get("virtualMachineConfiguration")
        if machines is None and settings["vmSize"].lower() in _CLOUD_SERVICE_SIZES:
            return
        check_slots(settings["taskSlotsPerNode"], check_vm_size(self._catalogue, settings["vmSize"], account.location))
        if machines is not None:
            self._images.check(machines, account, self._kernel.moment)
        self.upgrades.check(dict(settings))

    @staticmethod
    def _check_packages(account: BatchAccount, settings: Mapping[str, Any]) -> None:
        for package in settings.get("applicationPackageReferences") or ():
            if not account.has_application(package["applicationId"], package.get("version")):
                raise ServiceError(
                    409,
                    "InvalidApplicationPackageReferences",
                    "One or more application package references could not be satisfied.",
                    values=((package["applicationId"], "The specified application package does not exist."),),
                )


_BROKEN = frozenset({"unusable", "starttaskfailed"})
_COUNTS = ("targetDedicatedNodes", "targetLowPriorityNodes", "currentDedicatedNodes", "currentLowPriorityNodes")
_AUTO_SCALE = ("enableAutoScale", "autoScaleFormula", "autoScaleEvaluationInterval")
