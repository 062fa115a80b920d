"""How nodes come up: the moments and states of a boot, worked out beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from azuresim.core.command_line import run
from azuresim.core.kernel import Kernel
from azuresim.core.node import Boot, Json, StartRun
from azuresim.core.pool import Pool
from azuresim.core.pool_images import BootImage


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFault:
    """What goes wrong with one boot: the node turns ``state``; ``error`` is what an unusable one tells."""

    state: Literal["unusable", "starttaskfailed"]
    error: Json | None = None


class Booting:
    """``node_fault(pool id)`` is asked at each boot and may make it fail."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.node_fault: Callable[[str], NodeFault | None] = lambda _pool_id: None

    def create(self, pool: Pool, image: BootImage, at: float) -> Boot:
        """A new machine: creating, starting, and on."""
        starting = at + self._kernel.durations.node_create
        return self._rise(pool, image, ((at, "creating"), (starting, "starting")))

    def again(self, pool: Pool, image: BootImage, before: tuple[tuple[float, str], ...], starting: float) -> Boot:
        """The same machine once more, after the states in ``before``."""
        return self._rise(pool, image, (*before, (starting, "starting")))

    def _rise(self, pool: Pool, image: BootImage, phases: tuple[tuple[float, str], ...]) -> Boot:
        times, starting = self._kernel.durations, phases[-1][0]
        up = starting + times.node_start
        if not image.generalized:
            # An image that was never generalised boots into a machine whose agent never reports (azure.md, section 8).
            return Boot(phases=(*phases, (starting + times.node_give_up, "unusable")), reported=None)
        if not pool.fits_agent(image):
            # An agent for another operating system never reports back.
            return Boot(phases=(*phases, (up, "unusable")), reported=None)
        fault = self.node_fault(pool.id)
        if fault is not None and fault.state == "unusable":
            errors = () if fault.error is None else (fault.error,)
            return Boot(phases=(*phases, (up, "unusable")), reported=up, errors=errors)
        return self._start(pool.settings.get("startTask"), phases, up, failing=fault is not None)

    @staticmethod
    def _start(task: Json | None, phases: tuple[tuple[float, str], ...], up: float, *, failing: bool) -> Boot:
        if task is None and not failing:
            return Boot(phases=(*phases, (up, "idle")), reported=up)
        task = task or {"commandLine": "exit 1", "maxTaskRetryCount": 0, "waitForSuccess": True}
        done = run(task["commandLine"])
        if failing and done.exit_code == 0:
            done = replace(done, exit_code=1)
        start = StartRun(task=task, began=up, run=done, retries=task["maxTaskRetryCount"])
        if not task["waitForSuccess"]:
            return Boot(phases=(*phases, (up, "idle")), reported=up, start=start)
        waiting = (*phases, (up, "waitingforstarttask"))
        if start.ended is None:
            return Boot(phases=waiting, reported=up, start=start)
        end = "idle" if start.run.exit_code == 0 else "starttaskfailed"
        return Boot(phases=(*waiting, (start.ended, end)), reported=up, start=start)
