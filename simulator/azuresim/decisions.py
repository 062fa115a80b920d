"""What the world asks about its own future, answered by the fault plan or, when it is done again, as it was answered before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from azuresim.core.allocation import Direction
from azuresim.core.booting import NodeFault
from azuresim.core.machine_allocation import REFUSALS, SHORTAGES
from azuresim.core.resize_errors import ALLOCATION_ERRORS, REMOVAL_ERRORS
from azuresim.core.world import World
from azuresim.fault_actions import FailNode
from azuresim.faults import FaultPlan
from azuresim.inputs import Input


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

    def allocation(self, pool_id: str, size: str, region: str, direction: Direction) -> str | None:
        """The resize error code a growing or a shrinking pool meets."""
        codes = REMOVAL_ERRORS if direction == "shrink" else ALLOCATION_ERRORS
        return self._decide("allocation", lambda plan: plan.capacity_fault(pool_id, size, region, codes))

    def node(self, pool_id: str) -> NodeFault | None:
        """How a boot fails."""
        answer = self._decide("node", lambda plan: _told(plan.node_fault(pool_id)))
        if answer is None:
            return None
        state, code, message = json.loads(answer)
        return NodeFault(state=state, error=None if code is None else {"code": code, "message": message})

    def refusal(self, machine_id: str, size: str, region: str) -> str | None:
        """Why a machine is refused. Not kept: what is done again are requests that were not refused."""
        return None if self.plan is None else self.plan.capacity_fault(machine_id, size, region, REFUSALS)

    def shortage(self, machine_id: str, size: str, region: str) -> str | None:
        """Why there is no hardware for a machine."""
        return self._decide("machine", lambda plan: plan.capacity_fault(machine_id, size, region, SHORTAGES))

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


def _told(fault: FailNode | None) -> str | None:
    return None if fault is None else json.dumps([fault.state, fault.code, fault.message])
