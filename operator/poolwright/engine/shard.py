"""The part of the world one leader looks after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Lease, watch selector and pollers hang off this. There is one shard today; the label ``poolwright.io/shard`` is reserved for more."""

    lease: str = "poolwright"
    label_selector: str = ""
