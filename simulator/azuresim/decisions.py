"""What the world asks about its own future, answered by the fault plan or, when it is done again, as it was answered before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from azuresim.core.booting import NodeFault
from azuresim.core.machine_allocation import REFUSALS, SHORTAGES
from azuresim.core.resize_errors import ALLOCATION_ERRORS, REMOVAL_ERRORS
from azuresim.core.world import World
from azuresim.faults import FaultPlan
from azuresim.inputs import Input

_OF_POOLS = ALLOCATION_ERRORS | REMOVAL_ERRORS


class Decisions:
    """The questions of one world, counted: the same world asks the same ones in the same order.

    ``heard`` is told every answer but None. Without a ``plan`` only what is recorded is answered.
    """

    def __init__(self, world: World, plan: FaultPlan | None, heard: Callable[[Input], None], asked: Counter[str] | None = None) -> None:
        self.plan = plan
        self.asked: Counter[str] = Counter(asked)
        self._kernel = world.kernel
        self._heard = heard
        self._recorded: dict[tuple[str, int], str] = {}
        world.publishing.replication_fault = self.replication
        world.copies.fault = self.copy
        world.pools.allocation.fault = self.allocation
        world.pools.booting.node_fault = self.node
        world.virtual.allocation.refusal = self.refusal
        world.virtual.allocation.shortage = self.shortage

    def record(self, decided: Input) -> None:
        """Keep an answer for when its question comes."""
        self._recorded[decided.detail["question"], decided.detail["number"]] = decided.detail["answer"]

    def replication(self, version_id: str, region: str) -> str | None:
        """Why a replication fails."""
        return self._decide("replication", lambda plan: plan.replication_fault(version_id, region))

    def copy(self, path: str) -> str | None:
        """Why a copy fails."""
        return self._decide("copy", lambda plan: plan.copy_fault(path))

    def allocation(self, pool_id: str, size: str, region: str) -> str | None:
        """The resize error code a growing pool meets."""
        return self._decide("allocation", lambda plan: plan.allocation_fault(pool_id, size, region, _OF_POOLS))

    def node(self, pool_id: str) -> NodeFault | None:
        """How a boot fails."""
        state = self._decide("node", lambda plan: plan.node_fault(pool_id))
        return None if state is None else NodeFault(state=state)  # type: ignore[arg-type]  # one of the states of FailNode

    def refusal(self, machine_id: str, size: str, region: str) -> str | None:
        """Why a machine is refused. Not kept: what is done again are requests that were not refused."""
        return None if self.plan is None else self.plan.allocation_fault(machine_id, size, region, REFUSALS)

    def shortage(self, machine_id: str, size: str, region: str) -> str | None:
        """Why there is no hardware for a machine."""
        return self._decide("machine", lambda plan: plan.allocation_fault(machine_id, size, region, SHORTAGES))

    def _decide(self, question: str, ask: Callable[[FaultPlan], str | None]) -> str | None:
        number = self.asked[question]
        self.asked[question] += 1
        if self.plan is None:
            return self._recorded.pop((question, number), None)
        answer = ask(self.plan)
        if answer is not None:
            detail = {"question": question, "number": number, "answer": answer}
            self._heard(Input(time=self._kernel.moment, kind="decision", detail=detail))
        return answer
