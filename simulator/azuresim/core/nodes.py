"""What can be asked of single nodes: reboot, deallocate, start, scheduling, removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.allocation import Allocation
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.booting import Booting
from azuresim.core.errors import ServiceError, invalid_property
from azuresim.core.kernel import Kernel
from azuresim.core.node import Boot, Node
from azuresim.core.pool import Pool
from azuresim.core.pool_settings import deallocation_option, required, resize_timeout
from azuresim.core.pool_states import invalid_state, require_steady
from azuresim.core.scheduling import Scheduling

# At most so many nodes a call: azure-batch, BatchNodeRemoveOptions.
_MAX_REMOVED = 100
_AT_ONCE = frozenset({"requeue", "terminate"})
# "Only if it is in an idle or running state": azure-batch, begin_reboot_node and begin_deallocate_node.
_AWAKE = frozenset({"idle", "running"})
_REFUSALS = {
    "creating": ("NodeBeingCreated", "The specified node is being created."),
    "starting": ("NodeBeingStarted", "The specified node is being started."),
    "waitingforstarttask": ("NodeBeingStarted", "The specified node is being started."),
    "rebooting": ("NodeBeingRebooted", "The specified node is being rebooted."),
    "reimaging": ("NodeBeingReimaged", "The specified node is being reimaged."),
    "unusable": ("NodeStateUnusable", "The state of the specified node is unusable."),
}


class Nodes:
    """Node operations of one world. All methods act at ``kernel.moment``."""

    def __init__(self, kernel: Kernel, booting: Booting, allocation: Allocation, scheduling: Scheduling) -> None:
        self._kernel = kernel
        self._booting = booting
        self._allocation = allocation
        self._scheduling = scheduling
        scheduling.node_freed.append(self._freed)

    @staticmethod
    def get(pool: Pool, node_id: str) -> Node:
        """Raises 404 NodeNotFound."""
        found = pool.nodes.get(node_id)
        if found is None:
            raise ServiceError(404, "NodeNotFound", "The specified node does not exist.")
        return found

    def reboot(self, account: BatchAccount, pool: Pool, node: Node, body: Mapping[str, Any]) -> None:
        """From idle or running only; `taskcompletion` and `retaineddata` wait for the running tasks."""
        self._when_free(account, pool, node, "reboot", deallocation_option(body, "nodeRebootOption"))

    def deallocate(self, account: BatchAccount, pool: Pool, node: Node, body: Mapping[str, Any]) -> None:
        """From idle or running only: the machine goes, the node stays."""
        self._when_free(account, pool, node, "deallocate", deallocation_option(body, "nodeDeallocateOption"))

    def start(self, account: BatchAccount, pool: Pool, node: Node) -> None:
        """From deallocated only."""
        now = self._kernel.moment
        self._require(node, frozenset({"deallocated"}))
        node.boot = self._booting.again(pool, node.image, (), now)
        self._allocation.expect(account, pool, [node])

    @staticmethod
    def reimage() -> None:
        """Refused, as recorded with a pool of virtual machines; and there are no others any more."""
        raise ServiceError(
            409,
            "OperationNotValidOnNode",
            "The specified operation is not valid on the node.",
            values=(("Reason", "Operation reimage can be invoked only on pools created with cloudServiceConfiguration"),),
        )

    def disable_scheduling(self, account: BatchAccount, pool: Pool, node: Node, body: Mapping[str, Any]) -> None:
        """No new tasks; those that run are put back, ended or left to finish, as the option says."""
        option = str(body.get("nodeDisableSchedulingOption") or "requeue").lower()
        if option not in {"requeue", "terminate", "taskcompletion"}:
            raise invalid_property(
                "nodeDisableSchedulingOption", "The value is not one of requeue, terminate, taskcompletion.", value=option
            )
        self._set_scheduling(node, "disabled")
        if option in _AT_ONCE:
            self._scheduling.release(account, node, option, self._kernel.moment)
        self._scheduling.fill(account, pool, self._kernel.moment)

    def enable_scheduling(self, account: BatchAccount, pool: Pool, node: Node) -> None:
        """Take tasks again."""
        self._set_scheduling(node, "enabled")
        self._scheduling.fill(account, pool, self._kernel.moment)

    def remove(self, account: BatchAccount, pool: Pool, body: Mapping[str, Any]) -> None:
        """Take up to 100 nodes away; the target goes down with them."""
        required(body, "nodeList")
        names: list[str] = list(dict.fromkeys(body["nodeList"]))
        if not 1 <= len(names) <= _MAX_REMOVED:
            raise invalid_property("nodeList", f"The list must have 1 to {_MAX_REMOVED} nodes.", value=str(len(names)))
        timeout, option = resize_timeout(body.get("resizeTimeout")), deallocation_option(body, "nodeDeallocationOption")
        if pool.auto_scale is not None:
            raise invalid_state("Nodes cannot be removed while automatic scaling is enabled on the pool.")
        require_steady(pool)
        self._allocation.remove(account, pool, [self.get(pool, name) for name in names], timeout, option)

    def _set_scheduling(self, node: Node, wanted: str) -> None:
        if node.scheduling == wanted:
            raise ServiceError(409, "NodeAlreadyInTargetSchedulingState", "The specified node is already in the target scheduling state.")
        node.scheduling = "enabled" if wanted == "enabled" else "disabled"
        if not node.running:
            node.changed = self._kernel.moment

    def _when_free(self, account: BatchAccount, pool: Pool, node: Node, action: str, option: str) -> None:
        self._require(node, _AWAKE)
        node.awaiting = action
        if not node.running:
            self._freed(account, pool, node, self._kernel.moment)
        elif option in _AT_ONCE:
            self._scheduling.release(account, node, option, self._kernel.moment)
        self._scheduling.fill(account, pool, self._kernel.moment)

    def _freed(self, account: BatchAccount, pool: Pool, node: Node, at: float) -> None:
        """Do what was waiting for the tasks."""
        action, node.awaiting = node.awaiting, None
        times = self._kernel.durations
        if action == "reboot":
            node.boot = self._booting.again(pool, node.image, ((at, "rebooting"),), at + times.node_reboot)
            self._allocation.expect(account, pool, [node])
        elif action == "deallocate":
            node.boot = Boot(phases=((at, "deallocating"), (at + times.node_leave, "deallocated")), reported=None)

    def _require(self, node: Node, states: frozenset[str]) -> None:
        state, _ = node.state(self._kernel.moment)
        if state in states and node.awaiting is None:
            return
        code, sentence = _REFUSALS.get(state, ("OperationNotValidOnNode", "The specified operation is not valid on the node."))
        values = (("Reason", f"The node is in the state {state}"),)
        raise ServiceError(409, code, sentence, values=values)
