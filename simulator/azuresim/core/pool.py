"""A Batch pool: what it is and how it looks at a moment. What happens to it is in ``allocation`` and its neighbours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from azuresim.core.agenda import Appointment
from azuresim.core.autoscale import Run
from azuresim.core.metrics import History
from azuresim.core.node import Node

if TYPE_CHECKING:
    from azuresim.core.pool_images import BootImage

Json = dict[str, Any]
AllocationState = Literal["steady", "resizing", "stopping"]

# Node state on the wire → its name in node counts.
COUNTED_STATES: dict[str, str] = {
    "creating": "creating",
    "idle": "idle",
    "leavingpool": "leavingPool",
    "offline": "offline",
    "preempted": "preempted",
    "rebooting": "rebooting",
    "reimaging": "reimaging",
    "running": "running",
    "starting": "starting",
    "starttaskfailed": "startTaskFailed",
    "unusable": "unusable",
    "unknown": "unknown",
    "upgradingos": "upgradingOS",
    "waitingforstarttask": "waitingForStartTask",
    "deallocated": "deallocated",
    "deallocating": "deallocating",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Node counts by kind."""

    dedicated: int
    low_priority: int


@dataclass(slots=True, kw_only=True)
class AutoScale:
    """A pool's automatic scaling: the formula, every how many seconds, the last run, and the next one."""

    formula: str
    interval: int
    run: Run | None = None
    next: Appointment | None = None


@dataclass(slots=True, kw_only=True)
class Pool:
    """One pool. ``settings`` holds the configuration members as the data plane shows them, defaults filled in.

    ``retired`` holds members that api-versions before 2024-07 had; ``tags`` are those of the ARM resource.
    """

    id: str
    etag: str
    created: float
    last_modified: float
    settings: Json
    target: Size
    resize_timeout: int
    state: Literal["active", "deleting"] = "active"
    state_since: float
    allocation_state: AllocationState = "resizing"
    allocation_since: float
    resize_errors: list[Json] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    dedicated_count: int = 0
    nodes_made: int = 0
    retired: Json = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    auto_scale: AutoScale | None = None
    auto_scale_requested: float | None = None
    history: History = field(default_factory=History)
    # The running resize: what is still to happen and until when, and from when on marked nodes may go.
    deadline: float = 0.0
    unfinished: set[str] = field(default_factory=set)
    pending: list[Appointment] = field(default_factory=list)
    deallocation: str = "requeue"
    leaves_at: float = 0.0
    # When the last resize began, and what only the management plane sets.
    resize_began: float = 0.0
    identity: Json | None = None

    @property
    def vm_size(self) -> str:
        """As it was written."""
        size: str = self.settings["vmSize"]
        return size

    @property
    def machines(self) -> Json:
        """The virtual machine configuration; empty for a pool of cloud services, which only old api-versions can make."""
        configuration: Json = self.settings.get("virtualMachineConfiguration", {})
        return configuration

    @property
    def image_reference(self) -> Json:
        """As it was written, defaults filled in."""
        reference: Json = self.machines.get("imageReference", {})
        return reference

    @property
    def slots(self) -> int:
        """Task slots of each node."""
        slots: int = self.settings["taskSlotsPerNode"]
        return slots

    def fits_agent(self, image: BootImage) -> bool:
        """Whether the node agent is made for the image's operating system, as far as it is known."""
        agent: str = self.machines["nodeAgentSKUId"].lower()
        if ("windows" in agent) != (image.os_type == "windows"):
            return False
        return image.node_agent is None or image.node_agent.lower() == agent

    def current(self) -> Size:
        """Nodes there are, preempted and leaving ones included."""
        return Size(dedicated=self.dedicated_count, low_priority=len(self.nodes) - self.dedicated_count)

    def missing(self) -> dict[bool, int]:
        """Nodes to come by kind (dedicated: True); those that are leaving do not count as being there."""
        staying = Counter(node.dedicated for node in self.nodes.values() if node.leaving_since is None)
        return {True: max(0, self.target.dedicated - staying[True]), False: max(0, self.target.low_priority - staying[False])}

    def counts(self, now: float, *, dedicated: bool) -> Counter[str]:
        """How many nodes of a kind are in each state (wire names)."""
        return Counter(node.state(now)[0] for node in self.nodes.values() if node.dedicated is dedicated)

    def is_empty(self) -> bool:
        """No nodes and no resize under way: only then may most of the configuration change."""
        return not self.nodes and self.allocation_state == "steady"
