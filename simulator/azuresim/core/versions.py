"""What an image version is, and where its replicas stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from azuresim.core.agenda import Appointment
from azuresim.core.contents import Contents
from azuresim.core.operations import Operation
from azuresim.core.regions import display_name, region_key
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]
ReplicaState = Literal["Replicating", "Completed", "Failed"]


@dataclass(slots=True, kw_only=True)
class Replica:
    """A version's copy in one region. ``started`` is None while it waits for the home region to be captured."""

    region: str
    state: ReplicaState = "Replicating"
    started: float | None = None
    ends: float | None = None
    details: str = ""

    def progress(self, now: float) -> int:
        """Whole percent."""
        if self.state == "Completed":
            return 100
        if self.state == "Failed" or self.started is None or self.ends is None:
            return 0
        span = max(self.ends - self.started, 1e-9)
        return max(0, min(99, int(100 * (now - self.started) / span)))


@dataclass(slots=True, kw_only=True)
class SoftDeletion:
    """What is remembered of a deletion that can be taken back. ``consumable`` until ``consumption_ends``; gone at ``hard_deletion``."""

    deleted: float
    consumption_ends: float
    hard_deletion: float
    consumable: bool = True


@dataclass(slots=True, kw_only=True)
class ImageVersion:
    """One image version; ``properties`` as ARM shows them, without provisioning and replication state.

    ``contents`` and ``data_contents`` (by lun) are what was captured; None before that.
    """

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    properties: Json
    state: str
    published: float
    captured: bool = False
    contents: Contents | None = None
    data_contents: dict[int, Contents] = field(default_factory=dict)
    soft_deletion: SoftDeletion | None = None
    replicas: dict[str, Replica] = field(default_factory=dict)
    operation: Operation | None = None
    pending: list[Appointment] = field(default_factory=list)

    @property
    def target_regions(self) -> list[Json]:
        """As declared, names in display form."""
        regions: list[Json] = self.properties["publishingProfile"]["targetRegions"]
        return regions

    @property
    def number(self) -> tuple[int, ...]:
        """For ordering: 1.10.0 is after 1.9.0."""
        return tuple(int(part) for part in self.id.name.split("."))

    def usable_in(self, region: str) -> bool:
        """Whether machines can be made from it in ``region`` now."""
        replica = self.replicas.get(region_key(region))
        if self.soft_deletion is not None and not self.soft_deletion.consumable:
            return False
        return self.state != "Deleting" and replica is not None and replica.state == "Completed"

    def in_latest(self, region: str) -> bool:
        """Whether `latest` may mean this one in ``region``."""
        profile = self.properties["publishingProfile"]
        own: Json = next((r for r in self.target_regions if region_key(r["name"]) == region_key(region)), {})
        return not profile.get("excludeFromLatest") and not own.get("excludeFromLatest")

    @property
    def captured_at(self) -> float | None:
        """When the home region was complete; None before that."""
        if not self.captured:
            return None
        return self.replicas[region_key(self.location)].ends or self.published

    def aggregated_state(self) -> str:
        """Completed when all are, Failed when one is, else InProgress."""
        states = {replica.state for replica in self.replicas.values()}
        if "Failed" in states:
            return "Failed"
        return "Completed" if states == {"Completed"} else "InProgress"

    def replication_status(self, now: float) -> Json:
        """What `$expand=ReplicationStatus` adds."""
        summary = [
            {"region": display_name(r.region), "state": r.state, "details": r.details, "progress": r.progress(now)}
            for r in self.replicas.values()
        ]
        return {"aggregatedState": self.aggregated_state(), "summary": summary}
