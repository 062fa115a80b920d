"""What images and disks need to know of virtual machines; the machines themselves are somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from azuresim.core.contents import Contents
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]


class MachineDisk(Protocol):
    """One disk of a machine. ``settings`` are the members of `osDisk` or `dataDisks`, of which `lun` and `caching` matter here."""

    @property
    def settings(self) -> Json:
        """As its machine keeps them."""

    @property
    def id(self) -> ResourceId | None:
        """Of a managed disk."""

    @property
    def own(self) -> Contents | None:
        """What is on it, where it is no managed disk."""

    @property
    def vhd(self) -> str | None:
        """The address of an unmanaged disk."""

    @property
    def ephemeral(self) -> bool:
        """Whether it lives on the host."""


class Machine(Protocol):
    """A virtual machine as the source of an image."""

    @property
    def location(self) -> str:
        """Its region."""

    @property
    def generalized(self) -> bool:
        """Whether it was marked by `generalize`, which nobody can take back."""

    @property
    def security_type(self) -> str:
        """Standard, TrustedLaunch or ConfidentialVM."""

    @property
    def os_disk(self) -> MachineDisk:
        """The disk it boots from."""

    @property
    def data_disks(self) -> Sequence[MachineDisk]:
        """The others."""


class Machines(Protocol):
    """All virtual machines."""

    def find(self, resource: ResourceId, /) -> Machine | None:
        """None when there is none."""


class NoMachines:
    """A world without virtual machines."""

    def find(self, _resource: ResourceId, /) -> Machine | None:
        """Always None."""
        return None
