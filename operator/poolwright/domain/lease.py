"""The lease by which one process leads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A coordination.k8s.io Lease; ``version`` is its resourceVersion, empty before it exists."""

    holder: str
    duration_seconds: int
    acquired: datetime
    renewed: datetime
    transitions: int
    version: str = ""


class Leases(Protocol):
    """Where the Lease is kept. Each call raises KubernetesError; a write of a version that has moved raises Conflict."""

    async def read(self) -> Lease | None:
        """The Lease as stored, None when there is none."""

    async def create(self, lease: Lease) -> Lease:
        """POST."""

    async def replace(self, lease: Lease) -> Lease:
        """PUT this version."""
