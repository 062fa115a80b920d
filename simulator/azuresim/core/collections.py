"""What lists across types show, and what goes with a resource group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azuresim.core.inventory import Collection

if TYPE_CHECKING:
    from azuresim.core.world import World


def register(world: World) -> None:
    """Tell the world's inventory of every tracked type."""
    add = world.inventory.register
    machines, sources, nics = world.virtual.machines, world.sources, world.virtual.network
    add(
        "Microsoft.Storage/storageAccounts",
        Collection(
            members=world.storage.all,
            forget=world.storage.forget,
            more=lambda account: {"sku": {"name": account.sku, "tier": account.sku.partition("_")[0]}, "kind": account.kind},
        ),
    )
    add("Microsoft.Compute/virtualMachines", Collection(members=lambda: machines.shelf, forget=machines.forget))
    add("Microsoft.Compute/disks", Collection(members=lambda: sources.disks, forget=sources.disks.remove))
    add("Microsoft.Compute/snapshots", Collection(members=lambda: sources.snapshots, forget=sources.snapshots.remove))
    add("Microsoft.Compute/images", Collection(members=lambda: sources.images, forget=sources.images.remove))
    add("Microsoft.Network/networkInterfaces", Collection(members=nics.all, forget=nics.remove))
    add("Microsoft.Compute/galleries", Collection(members=world.galleries.all, forget=world.galleries.forget))
    add("Microsoft.Batch/batchAccounts", Collection(members=world.batch.all, forget=world.batch_writes.forget))
