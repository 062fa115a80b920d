"""Every service of the simulated Azure: what the router is built from."""

from __future__ import annotations

from azuresim.wire import (
    arm,
    batch,
    batch_arm,
    batch_arm_results,
    blobs,
    compute_catalogue,
    disks,
    entra,
    galleries,
    images,
    marketplace,
    network,
    permissions,
    resource_groups,
    run_commands,
    storage_arm,
    virtual_machines,
)
from azuresim.wire.routing import Service

SERVICES: tuple[Service, ...] = (
    arm.SERVICE,
    resource_groups.SERVICE,
    galleries.SERVICE,
    disks.SERVICE,
    images.SERVICE,
    virtual_machines.SERVICE,
    run_commands.SERVICE,
    marketplace.SERVICE,
    compute_catalogue.SERVICE,
    network.SERVICE,
    permissions.SERVICE,
    storage_arm.SERVICE,
    batch_arm.SERVICE,
    batch_arm_results.SERVICE,
    batch.SERVICE,
    blobs.SERVICE,
    entra.SERVICE,
)
