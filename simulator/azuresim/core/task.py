"""Jobs and tasks: what they are. What happens to them is in ``jobs``, ``tasks`` and ``scheduling``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from azuresim.core.agenda import Appointment
from azuresim.core.command_line import Run
from azuresim.core.node import Node
from azuresim.core.sorted_names import SortedNames

Json = dict[str, Any]
TaskState = Literal["active", "running", "completed"]
JobState = Literal["active", "disabling", "disabled", "terminating", "completed", "deleting"]


@dataclass(slots=True, kw_only=True)
class Execution:
    """How a task's executions went. ``failure`` is set when the last one failed, or when it was ended from outside."""

    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    failure: Json | None = None
    retries: int = 0
    last_retry: float | None = None
    requeues: int = 0
    last_requeue: float | None = None

    @property
    def result(self) -> str | None:
        """`success` or `failure`, once it ended."""
        if self.ended is None:
            return None
        return "success" if self.failure is None else "failure"


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One task. ``settings`` are its members as shown, defaults filled in; ``where`` is the (pool, node) it runs or ran on."""

    id: str
    job_id: str
    settings: Json
    etag: str
    created: float
    last_modified: float
    state: TaskState = "active"
    since: float
    previous: tuple[TaskState, float] | None = None
    execution: Execution = field(default_factory=Execution)
    where: tuple[str, str] | None = None
    node: Node | None = None
    run: Run | None = None
    end: Appointment | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Unique in the account."""
        return self.job_id.lower(), self.id.lower()

    @property
    def slots(self) -> int:
        """Slots of a node it needs."""
        slots: int = self.settings["requiredSlots"]
        return slots

    @property
    def max_retries(self) -> int:
        """-1 is without end."""
        count: int = self.settings["constraints"]["maxTaskRetryCount"]
        return count

    def exit_option(self, name: str) -> str | None:
        """`jobAction` or `dependencyAction`, by the exit conditions for the code it ended with."""
        conditions = self.settings.get("exitConditions") or {}
        code = self.execution.exit_code
        codes = (mapping for mapping in conditions.get("exitCodes") or () if mapping["code"] == code)
        ranges = (m for m in conditions.get("exitCodeRanges") or () if code is not None and m["start"] <= code <= m["end"])
        chosen = next(codes, None) or next(ranges, None)
        options: Json = (chosen or {"exitOptions": conditions.get("default")})["exitOptions"] or {}
        option: str | None = options.get(name)
        return option

    def enter(self, state: TaskState, at: float) -> None:
        """Change state; the one before is remembered."""
        self.previous = (self.state, self.since)
        self.state, self.since = state, at

    def satisfies(self) -> bool:
        """Whether tasks that depend on it may run: it succeeded, or its failure is said not to matter."""
        return self.state == "completed" and (self.execution.failure is None or self.exit_option("dependencyAction") == "satisfy")


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One job with its tasks. ``pool_id`` is where they run; ``waiting`` holds the active ones in order.

    ``succeeded`` and ``failed`` count how tasks ended, those deleted since included.
    """

    id: str
    number: int
    settings: Json
    pool_id: str
    etag: str
    created: float
    last_modified: float
    state: JobState = "active"
    since: float
    previous: tuple[JobState, float] | None = None
    ended: float | None = None
    terminate_reason: str | None = None
    auto_pool: bool = False
    tasks: dict[str, Task] = field(default_factory=dict)
    task_names: SortedNames = field(default_factory=SortedNames)
    waiting: dict[str, Task] = field(default_factory=dict)
    running: dict[str, Task] = field(default_factory=dict)
    succeeded: int = 0
    failed: int = 0

    @property
    def priority(self) -> int:
        """From -1000 to 1000; the greater goes first."""
        priority: int = self.settings["priority"]
        return priority

    @property
    def parallel(self) -> int:
        """Tasks that may run at once; -1 is without limit."""
        count: int = self.settings["maxParallelTasks"]
        return count

    def enter(self, state: JobState, at: float) -> None:
        """Change state; the one before is remembered."""
        self.previous = (self.state, self.since)
        self.state, self.since = state, at

    def ready(self, task: Task) -> bool:
        """Whether all that the task depends on has ended well enough."""
        wanted = task.settings.get("dependsOn")
        if not wanted:
            return True
        ranges = (range(span["start"], span["end"] + 1) for span in wanted.get("taskIdRanges") or ())
        # One by one: a range may be as long as its numbers allow, and the first that is missing decides.
        names = chain((str(name).lower() for name in wanted.get("taskIds") or ()), map(str, chain.from_iterable(ranges)))
        return all(other is not None and other.satisfies() for other in map(self.tasks.get, names))

    def count(self, *, slots: bool) -> Counter[str]:
        """Tasks, or the slots they need, by `active`, `running`, `completed`, `succeeded` and `failed`."""
        counted: Counter[str] = Counter()
        for task in self.tasks.values():
            weight = task.slots if slots else 1
            counted[task.state] += weight
            if task.state == "completed":
                counted["succeeded" if task.execution.failure is None else "failed"] += weight
        return counted
