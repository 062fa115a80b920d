"""Between Batch's pools and the domain's: pure functions over the SDK's models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from azure.batch.models import (
    BatchMetadataItem,
    BatchNodeCounts,
    BatchPool,
    BatchPoolCreateOptions,
    BatchPoolNodeCounts,
    BatchPoolResizeOptions,
    BatchPoolUpdateOptions,
    BatchVmImageReference,
    VirtualMachineConfiguration,
)

from poolwright.domain.pool.observed import Allocation, PoolView, ResizeError, Size
from poolwright.domain.pool.situation import CreatePool, Resize, Update

# What a listing has to tell again and again; the rest moves only with the eTag.
SELECTED = (
    "id",
    "eTag",
    "state",
    "allocationState",
    "allocationStateTransitionTime",
    "currentDedicatedNodes",
    "targetDedicatedNodes",
    "currentLowPriorityNodes",
    "targetLowPriorityNodes",
    "resizeErrors",
    "enableAutoScale",
)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def view(pool: BatchPool) -> PoolView:
    """A pool that was read in full."""
    machine = pool.virtual_machine_configuration
    image = machine.image_reference if machine is not None else None
    return moved(
        PoolView(
            etag="",
            deleting=False,
            allocation=Allocation.STEADY,
            allocation_since=LONG_AGO,
            current=Size(dedicated=0, low_priority=0),
            target=Size(dedicated=0, low_priority=0),
            vm_size=pool.vm_size,
            image_id=_image_id(image),
            image_name="/".join(part for part in (image.publisher, image.offer, image.sku) if part) if image is not None else "",
            node_agent_sku=machine.node_agent_sku_id if machine is not None else "",
            metadata={item.name: item.value for item in pool.metadata or ()},
        ),
        pool,
    )


def moved(known: PoolView, pool: BatchPool) -> PoolView:
    """What is known of a pool, with what a listing says of its allocation."""
    return replace(
        known,
        etag=pool.etag,
        deleting=_text(pool.state) == "deleting",
        allocation=Allocation(_text(pool.allocation_state) or "steady"),
        allocation_since=pool.allocation_state_transition_time or LONG_AGO,
        current=Size(dedicated=pool.current_dedicated_nodes or 0, low_priority=pool.current_low_priority_nodes or 0),
        target=Size(dedicated=pool.target_dedicated_nodes or 0, low_priority=pool.target_low_priority_nodes or 0),
        auto_scale=bool(pool.enable_auto_scale),
        resize_errors=tuple(ResizeError(code=error.code or "", message=error.message or "") for error in pool.resize_errors or ()),
    )


def node_counts(counts: BatchPoolNodeCounts) -> dict[str, int]:
    """Nodes of both kinds by state; states without a node are left out."""
    total: dict[str, int] = {}
    for part in (counts.dedicated, counts.low_priority):
        for state, number in _states(part).items():
            total[state] = total.get(state, 0) + number
    return total


def creation(action: CreatePool) -> BatchPoolCreateOptions:
    """The body of a create."""
    spec = action.spec
    return BatchPoolCreateOptions(
        id=spec.pool_id,
        vm_size=spec.vm_size,
        virtual_machine_configuration=VirtualMachineConfiguration(
            image_reference=BatchVmImageReference(virtual_machine_image_id=action.image_id), node_agent_sku_id=action.node_agent_sku
        ),
        resize_timeout=spec.resize_timeout,
        target_dedicated_nodes=action.size.dedicated,
        target_low_priority_nodes=action.size.low_priority,
        metadata=metadata(action.metadata),
    )


def update(pool: BatchPool, action: Update) -> BatchPoolUpdateOptions:
    """The body of a PATCH: a virtual machine configuration is replaced whole, so what else is in it has to be sent back."""
    machine = VirtualMachineConfiguration(dict(pool.virtual_machine_configuration or {}))
    if action.image_id is not None:
        machine.image_reference = BatchVmImageReference(virtual_machine_image_id=action.image_id)
    if action.node_agent_sku is not None:
        machine.node_agent_sku_id = action.node_agent_sku
    return BatchPoolUpdateOptions(vm_size=action.vm_size, virtual_machine_configuration=machine)


def resize(action: Resize) -> BatchPoolResizeOptions:
    """The body of a resize."""
    return BatchPoolResizeOptions(
        target_dedicated_nodes=action.size.dedicated,
        target_low_priority_nodes=action.size.low_priority,
        resize_timeout=timedelta(seconds=action.timeout_seconds),
    )


def metadata(entries: Mapping[str, str]) -> list[BatchMetadataItem]:
    """Metadata as Batch keeps it."""
    return [BatchMetadataItem(name=name, value=value) for name, value in entries.items()]


def _image_id(image: BatchVmImageReference | None) -> str | None:
    return None if image is None else image.virtual_machine_image_id


def _states(counts: BatchNodeCounts | None) -> dict[str, int]:
    return {name: number for name, number in (counts or {}).items() if name != "total" and number}


def _text(value: object) -> str:
    return str(getattr(value, "value", value) or "").lower()
