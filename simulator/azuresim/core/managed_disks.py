"""What managed disks and snapshots are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from azuresim.core.contents import Contents
from azuresim.core.disk_performance import sku_tier
from azuresim.core.extents import SparseBytes
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]
# The api-version that brought `snapshotAccessState`, from the change logs of the SDKs.
_ACCESS_STATE_FROM = "2025-01-02"
DiskKind = Literal["disks", "snapshots"]


@dataclass(slots=True, kw_only=True)
class Access:
    """A shared access signature that is out. ``blob`` is what it opens: account, container and name."""

    url: str
    blob: tuple[str, str, str]
    until: float
    writes: bool


@dataclass(slots=True, kw_only=True)
class ManagedDisk:
    """A disk or a snapshot.

    ``declared`` are the properties its owner may set, ``computed`` those the service adds once it is made; ``more`` are members beside
    `properties`, such as zones. ``machines`` are the ids of the virtual machines it is attached to. ``bits`` are None when nothing was
    ever written.
    """

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    sku: str
    declared: Json
    contents: Contents
    computed: Json = field(default_factory=dict)
    more: Json = field(default_factory=dict)
    state: str = "Updating"
    made: bool = False
    bits: SparseBytes | None = None
    machines: list[str] = field(default_factory=list)
    running: bool = False
    access: Access | None = None
    awaits_upload: bool = False
    copying: tuple[float, float] | None = None

    @property
    def kind(self) -> DiskKind:
        """By its resource type."""
        return "snapshots" if self.id.types[-1].lower() == "snapshots" else "disks"

    @property
    def disk_state(self) -> str:
        """One of Azure's states of a disk."""
        if self.access is not None:
            return "ActiveUpload" if self.access.writes else "ActiveSAS"
        if self.awaits_upload:
            return "ReadyToUpload"
        if self.machines:
            return "Attached" if self.running else "Reserved"
        return "Unattached"

    @property
    def size_gib(self) -> int:
        """Its size."""
        return self.contents.size_gib

    def completion(self, now: float) -> float | None:
        """Percent of a copy between regions; None for anything else."""
        if self.copying is None:
            return None
        started, ends = self.copying
        return min(100.0, max(0.0, round(100 * (now - started) / max(ends - started, 1e-9), 1)))

    def is_readable(self, now: float) -> bool:
        """Whether others can be made from it."""
        return self.made and not self.awaits_upload and (self.completion(now) or 100.0) >= 100.0  # noqa: PLR2004 - percent

    def document(self, now: float | None, api_version: str = "") -> Json:
        """The resource as ARM shows it; without ``now`` as an operation's output, which has no progress of copies."""
        shown = self._head()
        shown["sku"] = {"name": self.sku, "tier": sku_tier(self.sku)} if self.made else {"name": self.sku}
        properties = {**self.declared, **self.computed, "provisioningState": self.state}
        if self.made:
            properties["diskState"] = self.disk_state
            completion = None if now is None else self.completion(now)
            if completion is not None:
                properties["completionPercent"] = completion
            if now is not None and self.kind == "snapshots" and api_version >= _ACCESS_STATE_FROM:
                properties["snapshotAccessState"] = "Available" if self.is_readable(now) else "Pending"
        return {**shown, "properties": properties}

    def accepted(self) -> Json:
        """What the service answers to a write: the declared part only."""
        return {**self._head(), "sku": {"name": self.sku}, "properties": {**self.declared, "provisioningState": self.state}}

    def _head(self) -> Json:
        head: Json = {
            "name": self.id.name,
            "id": str(self.id),
            "type": "/".join((self.id.namespace, *self.id.types)),
            "location": self.location,
        }
        if self.tags is not None:
            head["tags"] = dict(self.tags)
        if len(self.machines) > 1:
            head["managedByExtended"] = list(self.machines)
        elif self.machines:
            head["managedBy"] = self.machines[0]
        return {**head, **self.more}
