"""Virtual machines as images see them, without any life of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azuresim.core.contents import Contents
from azuresim.core.machine_view import Machine
from azuresim.core.resource_id import ResourceId


@dataclass(slots=True)
class StandInDisk:
    """One disk."""

    settings: dict[str, Any]
    id: ResourceId | None = None
    own: Contents | None = None
    vhd: str | None = None
    ephemeral: bool = False


@dataclass(slots=True, kw_only=True)
class StandInMachine:
    """One machine."""

    os_disk: StandInDisk
    data_disks: Sequence[StandInDisk] = field(default_factory=list)
    location: str = "westus"
    generalized: bool = False
    security_type: str = "Standard"


@dataclass(slots=True)
class StandInMachines:
    """All of them, by key."""

    by_key: Mapping[str, Machine]

    def find(self, resource: ResourceId, /) -> Machine | None:
        """None when there is none."""
        return self.by_key.get(resource.key)
