"""The field matrix: when a change of each declared field can be applied to a pool that exists.

Source: ``BatchPoolUpdateOptions`` of azure-batch 15.1.0 (api 2025-06-01) and batch-pool-update-properties.md (2025-04).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from poolwright.domain.pool.images import Usable, boots
from poolwright.domain.pool.observed import PoolView
from poolwright.domain.pool.spec import PoolSpec


class Applies(Enum):
    """What a change needs."""

    LIVE = "live"
    WITH_NEXT_RESIZE = "with the next resize"
    EMPTY_POOL = "needs an empty pool"
    NEW_POOL = "needs a new pool"


@dataclass(frozen=True, slots=True)
class Row:
    """One field; ``absent`` says what leaving it out means."""

    field: str
    applies: Applies
    absent: str


MATRIX: tuple[Row, ...] = (
    Row("batchAccountId", Applies.NEW_POOL, "required, immutable"),
    Row("poolId", Applies.NEW_POOL, "metadata.name, immutable"),
    Row("image", Applies.EMPTY_POOL, "required"),
    Row("nodeAgentSku", Applies.EMPTY_POOL, "chosen for the image's base image"),
    Row("vmSize", Applies.EMPTY_POOL, "required"),
    Row("targetDedicatedNodes", Applies.LIVE, "left alone"),
    Row("targetLowPriorityNodes", Applies.LIVE, "left alone"),
    Row("resizeTimeoutSeconds", Applies.WITH_NEXT_RESIZE, "30 minutes, and 15 more for each 1,000 nodes"),
)


def needs_empty(spec: PoolSpec, pool: PoolView, image: Usable | None) -> tuple[str, ...]:
    """The fields that differ and that only an empty pool takes.

    The node agent is compared where it is declared; else it follows the image.
    """
    differs = {
        "image": image is not None and not boots(pool.image_id, image),
        "vmSize": spec.vm_size.lower() != pool.vm_size.lower(),
        "nodeAgentSku": spec.node_agent_sku is not None and spec.node_agent_sku.lower() != pool.node_agent_sku.lower(),
    }
    return tuple(name for name, different in differs.items() if different)
