"""Everything about virtual machines, put together."""

from __future__ import annotations

from azuresim.core.catalogue import Catalogue
from azuresim.core.disk_attachment import DisksOfMachines
from azuresim.core.extensions import Extensions
from azuresim.core.guest import Guests
from azuresim.core.kernel import Kernel
from azuresim.core.machine_adoption import MachineAdoption
from azuresim.core.machine_allocation import MachineAllocation
from azuresim.core.machine_images import BootImages
from azuresim.core.machine_networks import MachineNetworks
from azuresim.core.machine_operations import MachineOperations
from azuresim.core.machine_power import MachinePower
from azuresim.core.machine_storage import MachineStorage
from azuresim.core.machine_vhds import MachineVhds
from azuresim.core.machines import Machines
from azuresim.core.network import Network
from azuresim.core.operations import Operations
from azuresim.core.quotas import Quotas
from azuresim.core.run_commands import RunCommands
from azuresim.core.script_blobs import ScriptBlobs
from azuresim.core.sources import Sources
from azuresim.core.tallies import tallies


class VirtualMachines:
    """One per world. ``sources`` is where bits are found, and machines are kept."""

    def __init__(self, kernel: Kernel, operations: Operations, *, sources: Sources, disks: DisksOfMachines, catalogue: Catalogue) -> None:
        self.disks = disks
        self.marketplace = sources.marketplace
        self.network = Network(kernel, operations)
        self.guests = Guests(kernel, operations, sources)
        vhds = MachineVhds(kernel, sources)
        quotas = Quotas(catalogue, lambda: sources.machines, tallies(sources))
        self.allocation = MachineAllocation(quotas)
        own = MachineOperations(kernel, operations, self.guests, disks=disks, allocation=self.allocation)
        storage = MachineStorage(kernel, disks, BootImages(sources), vhds)
        networks = MachineNetworks(kernel, self.network)
        self.machines = Machines(own, catalogue, sources.machines, storage=storage, networks=networks, quotas=quotas)
        self.power = MachinePower(own, catalogue, disks, vhds, storage)
        self.extensions = Extensions(kernel, self.machines.shelf, self.guests)
        self.run_commands = RunCommands(kernel, self.machines.shelf, self.guests, ScriptBlobs(sources))
        self.adoption = MachineAdoption(kernel, self.machines.shelf, disks, sources, self.network)
