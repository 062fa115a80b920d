"""Everything about virtual machines, put together."""

from __future__ import annotations

from collections.abc import Callable

from azuresim.core.catalogue import Catalogue
from azuresim.core.extensions import Extensions
from azuresim.core.galleries import Galleries
from azuresim.core.guest import Guests
from azuresim.core.kernel import Kernel
from azuresim.core.machine_adoption import MachineAdoption
from azuresim.core.machine_disks import ManagedDisks, ManagedImages
from azuresim.core.machine_images import BootImages
from azuresim.core.machine_networks import MachineNetworks
from azuresim.core.machine_operations import MachineOperations
from azuresim.core.machine_power import MachinePower
from azuresim.core.machine_storage import MachineStorage
from azuresim.core.machine_vhds import MachineVhds
from azuresim.core.machines import Machines
from azuresim.core.marketplace import Marketplace
from azuresim.core.network import Network
from azuresim.core.operations import Operations
from azuresim.core.run_commands import RunCommands
from azuresim.core.script_blobs import ScriptBlobs
from azuresim.core.storage import Storage


class VirtualMachines:
    """One per world. ``disks`` and ``images`` are where machines find theirs; ``blob_base`` is what all blob endpoints begin with."""

    def __init__(
        self,
        kernel: Kernel,
        operations: Operations,
        *,
        catalogue: Catalogue,
        galleries: Galleries,
        storage: Storage,
        disks: ManagedDisks,
        images: ManagedImages,
        blob_base: Callable[[], str],
    ) -> None:
        self.disks = disks
        self.marketplace = Marketplace()
        self.network = Network(kernel, operations)
        self.guests = Guests(kernel, operations, disks)
        self.vhds = MachineVhds(kernel, storage, blob_base)
        own = MachineOperations(kernel, operations, catalogue, self.guests)
        boot_images = BootImages(self.marketplace, galleries, images)
        self.machines = Machines(
            own, catalogue, MachineStorage(kernel, disks, boot_images, self.vhds), MachineNetworks(kernel, self.network)
        )
        self.power = MachinePower(own, disks, self.vhds)
        self.extensions = Extensions(kernel, self.machines.shelf, self.guests)
        self.run_commands = RunCommands(kernel, self.machines.shelf, self.guests, ScriptBlobs(storage, blob_base))
        self.adoption = MachineAdoption(kernel, self.machines.shelf, disks, self.vhds, self.network)
