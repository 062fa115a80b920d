"""A Batch pool and its nodes: what they are and how they look at a moment. What happens to them is in ``allocation``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from azuresim.core.agenda import Appointment

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


@dataclass(slots=True, kw_only=True)
class Node:
    """One compute node. Its ordinary states follow from three moments; ``fixed`` is a state it was put into."""

    id: str
    dedicated: bool
    address: str
    image_version: str
    allocated: float
    starting: float
    ready: float
    ready_state: str = "idle"
    fixed: tuple[str, float] | None = None
    leaving_since: float | None = None
    errors: tuple[Json, ...] = ()

    def state(self, now: float) -> tuple[str, float]:
        """State and since when."""
        if self.leaving_since is not None:
            return "leavingpool", self.leaving_since
        if self.fixed is not None:
            return self.fixed
        if now < self.starting:
            return "creating", self.allocated
        if now < self.ready:
            return "starting", self.starting
        return self.ready_state, self.ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Node counts by kind."""

    dedicated: int
    low_priority: int


@dataclass(slots=True, kw_only=True)
class Pool:
    """One pool. ``settings`` holds the configuration members as the data plane shows them, defaults filled in."""

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
    # The running resize: what is still to happen and until when.
    deadline: float = 0.0
    unfinished: set[str] = field(default_factory=set)
    pending: list[Appointment] = field(default_factory=list)
    # When the last resize began, and what only the management plane sets.
    resize_began: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    identity: Json | None = None
    auto_scale: Any = None

    @property
    def vm_size(self) -> str:
        """As it was written."""
        size: str = self.settings["vmSize"]
        return size

    @property
    def image_reference(self) -> Json:
        """As it was written, defaults filled in."""
        reference: Json = self.settings["virtualMachineConfiguration"]["imageReference"]
        return reference

    def current(self) -> Size:
        """Nodes there are, preempted and leaving ones included."""
        return Size(dedicated=self.dedicated_count, low_priority=len(self.nodes) - self.dedicated_count)

    def counts(self, now: float, *, dedicated: bool) -> Counter[str]:
        """How many nodes of a kind are in each state (wire names)."""
        return Counter(node.state(now)[0] for node in self.nodes.values() if node.dedicated is dedicated)

    def is_empty(self) -> bool:
        """No nodes and no resize under way: only then may most of the configuration change."""
        return not self.nodes and self.allocation_state == "steady"
