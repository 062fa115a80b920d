"""A compute node: how it boots, what state it is in at a moment, and what runs on it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from azuresim.core.command_line import Run, Stream

if TYPE_CHECKING:
    from azuresim.core.pool_images import BootImage
    from azuresim.core.task import Task

Json = dict[str, Any]
_REMEMBERED_TASKS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution of a start task. ``over`` tells whether it is the last one and has ended."""

    number: int
    began: float
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """A start task's executions on one boot. It fails in the same way each time; ``retries`` -1 is without end."""

    task: Json
    began: float
    run: Run
    retries: int

    @property
    def ended(self) -> float | None:
        """When the last execution ends; None for one that is repeated for ever."""
        if self.run.exit_code == 0:
            return self.began + self.run.seconds
        return None if self.retries < 0 else self.began + self.run.seconds * (self.retries + 1)

    def attempt(self, now: float) -> Attempt:
        """The execution under way, or the last one."""
        ended = self.ended
        if ended is not None and now >= ended:
            last = 0 if self.run.exit_code == 0 else self.retries
            return Attempt(number=last, began=ended - self.run.seconds, over=True)
        number = int(max(0.0, now - self.began) / self.run.seconds)
        return Attempt(number=number, began=self.began + number * self.run.seconds, over=False)

    def text(self, stream: Stream, now: float) -> str:
        """What the stream's file holds; each execution begins a new one."""
        return self.run.text(stream, now - self.attempt(now).began)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """A node's way up: (moment, state) in order, when its agent reports, and its start task."""

    phases: tuple[tuple[float, str], ...]
    reported: float | None
    start: StartRun | None = None
    errors: tuple[Json, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """One compute node. Its state follows from the boot, and when idle from its tasks and its scheduling."""

    id: str
    number: int
    dedicated: bool
    image: BootImage
    allocated: float
    boot: Boot
    errors: tuple[Json, ...] = ()
    leaving_since: float | None = None
    scheduling: Literal["enabled", "disabled"] = "enabled"
    # When it last turned busy, free, or had its scheduling changed.
    changed: float = 0.0
    running: dict[tuple[str, str], Task] = field(default_factory=dict)
    recent: deque[Task] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_TASKS))
    tasks_run: int = 0
    tasks_succeeded: int = 0
    # Until when finished tasks keep their files, which `retaineddata` waits for.
    retained_until: float = 0.0
    # A reboot or a deallocation that waits for the running tasks.
    awaiting: str | None = None
    deleted_files: set[str] = field(default_factory=set)

    @property
    def address(self) -> str:
        """In its network, which begins at 10.0.0.4, as recorded."""
        number = self.number + 4
        return f"10.{number >> 16 & 0xFF}.{number >> 8 & 0xFF}.{number & 0xFF}"

    @property
    def preempted(self) -> bool:
        """Whether it has lost its machine."""
        return self.boot.phases[0][1] == "preempted"

    @property
    def slots_used(self) -> int:
        """By the tasks it runs."""
        return sum(task.slots for task in self.running.values())

    def phase(self, now: float) -> tuple[str, float]:
        """The boot's state at ``now`` and since when."""
        since, state = self.boot.phases[0]
        for at, name in self.boot.phases:
            if at > now:
                break
            since, state = at, name
        return state, since

    def state(self, now: float) -> tuple[str, float]:
        """The state on the wire and since when."""
        if self.leaving_since is not None:
            return "leavingpool", self.leaving_since
        state, since = self.phase(now)
        if state != "idle":
            return state, since
        if self.running:
            return "running", max(since, self.changed)
        return ("idle" if self.scheduling == "enabled" else "offline"), max(since, self.changed)

    def reported(self, now: float) -> float | None:
        """When its agent last reported; None while it has not."""
        return self.boot.reported if self.boot.reported is not None and self.boot.reported <= now else None

    def shown_errors(self, now: float) -> tuple[Json, ...]:
        """What it tells of itself; a boot's errors show with the state they lead to."""
        return (*self.errors, *(self.boot.errors if now >= self.boot.phases[-1][0] else ()))

    def takes_tasks(self, now: float) -> bool:
        """Whether the scheduler may give it work."""
        return self.leaving_since is None and self.awaiting is None and self.scheduling == "enabled" and self.phase(now)[0] == "idle"
