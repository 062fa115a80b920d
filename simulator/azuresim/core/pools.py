"""Pools of Batch accounts: creation, changes, resizes, deletion, nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azuresim.core.allocation import Allocation
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.catalogue import Catalogue
from azuresim.core.errors import ServiceError
from azuresim.core.kernel import Kernel
from azuresim.core.pool import Json, Node, Pool, Size
from azuresim.core.pool_images import PoolImages, check_node_agent, check_vm_size, pool_not_found
from azuresim.core.pool_settings import (
    LIVE_SETTINGS,
    SETTINGS,
    check_pool_id,
    node_count,
    normalised,
    required,
    resize_timeout,
    stored_settings,
)


class Pools:
    """Everything the Batch data plane does to pools. All methods act at ``kernel.moment``."""

    def __init__(self, kernel: Kernel, catalogue: Catalogue, images: PoolImages) -> None:
        self._kernel = kernel
        self._catalogue = catalogue
        self._images = images
        self._allocation = Allocation(kernel, catalogue, images)

    @property
    def allocation(self) -> Allocation:
        """Where nodes come from."""
        return self._allocation

    @staticmethod
    def get(account: BatchAccount, pool_id: str) -> Pool:
        """Raises 404 PoolNotFound."""
        found = account.pools.get(pool_id.lower())
        if found is None:
            raise pool_not_found()
        return found

    @staticmethod
    def after(account: BatchAccount, name: str | None) -> Iterator[Pool]:
        """Pools in the order of their ids, from the one after ``name``."""
        return (account.pools[key] for key in account.pool_names.after(name))

    def create(self, account: BatchAccount, body: Mapping[str, Any]) -> Pool:
        """A new pool, resizing toward its targets."""
        required(body, "id", "vmSize")
        check_pool_id(body["id"])
        key = body["id"].lower()
        if key in account.pools:
            if account.pools[key].state == "deleting":
                raise _being_deleted()
            raise ServiceError(409, "PoolExists", "The specified pool already exists.")
        required(body, "virtualMachineConfiguration")
        if body.get("enableAutoScale"):
            raise _not_simulated("enableAutoScale")
        timeout = resize_timeout(body.get("resizeTimeout"))
        target = Size(dedicated=node_count(body, "targetDedicatedNodes") or 0, low_priority=node_count(body, "targetLowPriorityNodes") or 0)
        settings = stored_settings(body)
        self._check_machines(account, settings)
        if len(account.pools) >= account.pool_quota:
            # 403 or 409 is not on record; the name and the sentence are.
            raise ServiceError(409, "PoolQuotaReached", "The pool quota for the account has been reached.")
        now = self._kernel.moment
        pool = Pool(
            id=body["id"],
            etag=self._kernel.ids.etag(now),
            created=now,
            last_modified=now,
            settings=settings,
            target=target,
            resize_timeout=timeout,
            state_since=now,
            allocation_since=now,
        )
        account.pools[key] = pool
        account.pool_names.add(key)
        self._allocation.resize(account, pool, target, timeout)
        return pool

    def patch(self, account: BatchAccount, pool_id: str, body: Mapping[str, Any]) -> Pool:
        """Replace the members given. All but three of them need a pool without nodes."""
        pool = self._writable(account, pool_id)
        given = {name: value for name, value in body.items() if value is not None}
        if given.keys() - LIVE_SETTINGS and not pool.is_empty():
            raise ServiceError(
                409,
                "OperationInvalidForCurrentState",
                "The specified operation is not valid for the current state of the resource.",
                values=(("Reason", "The pool must have no compute nodes to change " + ", ".join(sorted(given.keys() - LIVE_SETTINGS))),),
            )
        changed = {name: value for name, value in pool.settings.items() if name not in given} | normalised(given)
        if given.keys() & {"virtualMachineConfiguration", "vmSize"}:
            self._check_machines(account, changed)
        pool.settings = {name: changed[name] for name in SETTINGS if name in changed}
        self.touch(pool)
        return pool

    def replace_properties(self, account: BatchAccount, pool_id: str, body: Mapping[str, Any]) -> Pool:
        """Start task, packages and metadata, as a whole: an absent start task is removed."""
        pool = self._writable(account, pool_id)
        required(body, "applicationPackageReferences", "metadata")
        changed = {name: value for name, value in pool.settings.items() if name not in LIVE_SETTINGS} | normalised(
            {name: body.get(name) for name in LIVE_SETTINGS}
        )
        pool.settings = {name: changed[name] for name in SETTINGS if name in changed}
        self.touch(pool)
        return pool

    def resize(self, account: BatchAccount, pool_id: str, body: Mapping[str, Any]) -> Pool:
        """Only from steady. A target left out stays what it was."""
        pool = self._writable(account, pool_id)
        dedicated, low_priority = node_count(body, "targetDedicatedNodes"), node_count(body, "targetLowPriorityNodes")
        if dedicated is None and low_priority is None:
            required(body, "targetDedicatedNodes")
        timeout = resize_timeout(body.get("resizeTimeout"))
        if pool.allocation_state != "steady":
            raise ServiceError(409, "PoolBeingResized", "The specified pool is being resized.")
        target = Size(
            dedicated=pool.target.dedicated if dedicated is None else dedicated,
            low_priority=pool.target.low_priority if low_priority is None else low_priority,
        )
        self._allocation.resize(account, pool, target, timeout)
        self.touch(pool)
        return pool

    def stop_resize(self, account: BatchAccount, pool_id: str) -> Pool:
        """Leaves the ETag alone, as recorded."""
        pool = self._writable(account, pool_id)
        if pool.allocation_state == "steady":
            raise ServiceError(
                409, "OperationInvalidForCurrentState", "The specified operation is not valid for the current state of the resource."
            )
        if pool.allocation_state == "resizing":
            self._allocation.stop(pool)
        return pool

    def delete(self, account: BatchAccount, pool_id: str) -> None:
        """State deleting for a while, then gone."""
        pool = self._writable(account, pool_id)
        pool.state, pool.state_since = "deleting", self._kernel.moment
        key = pool.id.lower()

        def gone(_at: float) -> None:
            del account.pools[key]
            account.pool_names.remove(key)

        self._allocation.drop_everything(account, pool, gone)

    def node(self, account: BatchAccount, pool_id: str, node_id: str) -> Node:
        """Raises 404 PoolNotFound or NodeNotFound."""
        found = self.get(account, pool_id).nodes.get(node_id)
        if found is None:
            raise ServiceError(404, "NodeNotFound", "The specified node does not exist.")
        return found

    def touch(self, pool: Pool) -> None:
        """A configuration write: new ETag and time."""
        pool.last_modified = self._kernel.moment
        pool.etag = self._kernel.ids.etag(pool.last_modified)

    def lose_nodes(self, account: BatchAccount, pool_id: str, count: int, *, dedicated: bool = True) -> list[str]:
        """Take ``count`` nodes away as a host failure would; Batch replaces them later. Returns their ids."""
        pool = self.get(account, pool_id)
        chosen = _first(pool, count, dedicated=dedicated)
        self._allocation.lose(account, pool, chosen)
        return chosen

    def preempt_nodes(self, account: BatchAccount, pool_id: str, count: int) -> list[str]:
        """Preempt ``count`` low-priority nodes; they stay listed and come back later. Returns their ids."""
        pool = self.get(account, pool_id)
        chosen = _first(pool, count, dedicated=False)
        self._allocation.preempt(pool, chosen)
        return chosen

    def break_nodes(
        self, account: BatchAccount, pool_id: str, count: int, *, state: str = "unusable", errors: tuple[Json, ...] = ()
    ) -> list[str]:
        """Put ``count`` nodes into a state that does not heal by itself. Returns their ids."""
        pool = self.get(account, pool_id)
        chosen = [node.id for node in pool.nodes.values() if node.fixed is None][:count]
        for node_id in chosen:
            pool.nodes[node_id].fixed = (state, self._kernel.moment)
            pool.nodes[node_id].errors = errors
        return chosen

    def _writable(self, account: BatchAccount, pool_id: str) -> Pool:
        pool = self.get(account, pool_id)
        if pool.state == "deleting":
            raise _being_deleted()
        return pool

    def _check_machines(self, account: BatchAccount, settings: Mapping[str, Any]) -> None:
        machines = settings["virtualMachineConfiguration"]
        check_vm_size(self._catalogue, settings["vmSize"], account.location)
        check_node_agent(self._catalogue, machines["nodeAgentSKUId"])
        self._images.check(machines["imageReference"], account)


def _first(pool: Pool, count: int, *, dedicated: bool) -> list[str]:
    return [node.id for node in pool.nodes.values() if node.dedicated is dedicated and node.fixed is None][:count]


def _being_deleted() -> ServiceError:
    return ServiceError(409, "PoolBeingDeleted", "The specified pool is being deleted.")


def _not_simulated(name: str) -> ServiceError:
    return ServiceError(501, "NotImplemented", f"The simulator does not support {name} yet.")
