"""One virtual machine: what it was asked to be, what it is made of, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from azuresim.core.agenda import Appointment
from azuresim.core.contents import Contents
from azuresim.core.operations import Operation
from azuresim.core.resource_id import ResourceId

Json = dict[str, Any]
Power = Literal["starting", "running", "stopping", "stopped", "deallocating", "deallocated"]
# Where a change of power that came to nothing leaves a machine whose guest does not run.
_WITHOUT_GUEST: dict[Power, Power] = {"starting": "deallocated", "stopping": "stopped", "deallocating": "stopped"}


@dataclass(slots=True, kw_only=True)
class MachineDisk:
    """One disk of a machine. ``settings`` are the members of `osDisk` or `dataDisks` that the machine itself keeps.

    A managed disk has an id and its own contents; a VHD of a storage account and an ephemeral disk keep theirs here.
    """

    settings: Json
    id: ResourceId | None = None
    own: Contents | None = None

    @property
    def name(self) -> str:
        """As shown."""
        name: str = self.settings["name"]
        return name

    @property
    def vhd(self) -> str | None:
        """The address of an unmanaged disk."""
        uri: str | None = (self.settings.get("vhd") or {}).get("uri")
        return uri

    @property
    def ephemeral(self) -> bool:
        """Whether it lives on the host and ends with the machine's allocation."""
        return (self.settings.get("diffDiskSettings") or {}).get("option") == "Local"

    @property
    def vanishes(self) -> bool:
        """Whether it is deleted together with the machine."""
        return self.settings.get("deleteOption") == "Delete"


@dataclass(slots=True, kw_only=True)
class Guest:
    """The operating system while it runs. ``ready`` is when its agent reports for the first time; None: it has no agent."""

    booted: float
    ready: float | None
    answering: bool = True

    def reports(self, now: float) -> bool:
        """Whether the agent is there at ``now``."""
        return self.answering and self.ready is not None and now >= self.ready


@dataclass(frozen=True, slots=True)
class Step:
    """What an operation does at its end; ``power``: it settles whether the machine runs. A ServiceError is how the operation fails."""

    finish: Callable[[], Json | None]
    power: bool


@dataclass(slots=True, kw_only=True)
class Running:
    """An operation of the machine that has not ended, with its steps: those it took over from earlier ones, and its own."""

    operation: Operation
    end: Appointment
    steps: list[Step]


@dataclass(slots=True, kw_only=True)
class Task:
    """Something the agent was told to do and has not reported on. ``fail`` tells whoever asked that it came to nothing.

    ``subject`` is the key of what it is about: a later task about the same takes over. Of ``exclusive`` tasks, the older run commands,
    a machine takes one at a time.
    """

    operation: Operation
    subject: str
    fail: Callable[[], None]
    exclusive: bool = False
    appointments: list[Appointment] = field(default_factory=list)

    def cancel(self) -> None:
        """Nothing more happens by itself."""
        for appointment in self.appointments:
            appointment.cancel()


@dataclass(slots=True, kw_only=True)
class Extension:
    """One extension; ``secrets`` are the protected settings. ``version`` is the handler's full version."""

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    properties: Json
    secrets: Json
    state: str
    version: str
    message: str = ""

    @property
    def kind(self) -> str:
        """`Publisher.Type`, as handlers are named."""
        return f"{self.properties.get('publisher')}.{self.properties.get('type')}"


@dataclass(slots=True, kw_only=True)
class Execution:
    """What has become of a run command's script. Times in POSIX seconds."""

    state: str = "Pending"
    exit_code: int = 0
    message: str = ""
    output: str = ""
    error: str = ""
    started: float | None = None
    ended: float | None = None


@dataclass(slots=True, kw_only=True)
class RunCommand:
    """One managed run command; ``secrets`` are what is never shown."""

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    properties: Json
    secrets: Json
    state: str
    execution: Execution = field(default_factory=Execution)


@dataclass(slots=True, kw_only=True)
class Machine:
    """A virtual machine.

    ``envelope`` holds the top-level members beside tags (zones, identity, plan); ``properties`` the model without the storage profile.
    ``secrets`` are passwords and custom data: compared, never shown. ``generalized`` is the platform's mark: such a machine never
    starts again. ``reported`` is when the agent was last heard of before the machine stopped; ``failure`` code and message of the last
    operation, when it failed; ``booted`` tells whether it has ever run.
    """

    id: ResourceId
    location: str
    tags: dict[str, str] | None
    envelope: Json
    properties: Json
    secrets: Json
    image: Json | None
    os_disk: MachineDisk
    data_disks: list[MachineDisk]
    vm_id: str
    created: float
    size: str
    os: tuple[str, str]
    agent_wanted: bool = True
    state: str = "Creating"
    power: Power = "starting"
    revision: int = 1
    generalized: bool = False
    booted: bool = False
    provisioned: float | None = None
    reported: float | None = None
    failure: tuple[str, str] | None = None
    guest: Guest | None = None
    running: Running | None = None
    tasks: list[Task] = field(default_factory=list)
    extensions: dict[str, Extension] = field(default_factory=dict)
    run_commands: dict[str, RunCommand] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """Quoted, as shown: the machine's revision."""
        return f'"{self.revision}"'

    @property
    def security_type(self) -> str:
        """Standard when nothing else was asked for."""
        kind: str | None = (self.properties.get("securityProfile") or {}).get("securityType")
        return kind or "Standard"

    @property
    def os_type(self) -> str:
        """Linux or Windows."""
        kind: str = self.os_disk.settings["osType"]
        return kind

    @property
    def disks(self) -> list[MachineDisk]:
        """The OS disk first."""
        return [self.os_disk, *self.data_disks]

    @property
    def changes_power(self) -> bool:
        """Whether the operation under way settles if it runs."""
        return self.running is not None and any(step.power for step in self.running.steps)

    @property
    def unmanaged(self) -> bool:
        """Whether its OS disk is a VHD in a storage account."""
        return self.os_disk.vhd is not None

    @property
    def allocated(self) -> bool:
        """Whether it takes up cores."""
        return self.power != "deallocated"

    @property
    def low_priority(self) -> bool:
        """Whether it is a Spot machine, with a quota of its own."""
        return is_low_priority(self.properties)

    def fail(self, code: str, message: str) -> None:
        """The operation under way has come to nothing: the power is again what the guest says."""
        self.running, self.state, self.failure = None, "Failed", (code, message)
        if self.guest is not None:
            self.power = "running"
        else:
            self.power = _WITHOUT_GUEST.get(self.power, self.power)

    @property
    def encrypted(self) -> bool:
        """Whether the OS disk is encrypted by the guest or at the host."""
        settings = self.os_disk.settings.get("encryptionSettings") or {}
        disk_encryption = any("AzureDiskEncryption" in extension.kind for extension in self.extensions.values())
        return bool(settings.get("enabled")) or disk_encryption


def is_low_priority(properties: Mapping[str, Any]) -> bool:
    """Of a machine's properties: Spot, or the older name of it."""
    return str(properties.get("priority", "")).lower() in {"low", "spot"}
