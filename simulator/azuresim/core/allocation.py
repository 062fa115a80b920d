"""How pools get and lose nodes: resizes, their ends and errors, stops, losses and replacements."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.booting import Booting
from azuresim.core.growth import Growth
from azuresim.core.kernel import Kernel
from azuresim.core.node import Boot, Node
from azuresim.core.pool import AllocationState, Pool, Size
from azuresim.core.resize_errors import resize_error
from azuresim.core.scheduling import Scheduling

# How often a resize that waits for capacity looks again.
_CAPACITY_RECHECK = 30.0
_GROW, _SHRINK, _SETTLE = "grow", "shrink", "settle"
_AT_ONCE = frozenset({"requeue", "terminate"})
REMOVAL_FAILED = "RemoveNodesFailed"


class Allocation:
    """The allocator of one world. Every method is called at ``kernel.moment`` or from an event.

    ``fault(pool id, VM size, region)`` may name the resize error that nodes to come (RemoveNodesFailed: nodes to go) meet.
    """

    def __init__(self, kernel: Kernel, growth: Growth, booting: Booting, scheduling: Scheduling) -> None:
        self._kernel = kernel
        self._growth = growth
        self._booting = booting
        self._scheduling = scheduling
        self.fault: Callable[[str, str, str], str | None] = lambda _pool_id, _size, _region: None

    def resize(self, account: BatchAccount, pool: Pool, target: Size, timeout: int, option: str = "requeue") -> None:
        """Begin; the pool must be steady or new. Nodes too many leave, missing ones come in waves."""
        pool.deallocation = option
        self._begin(account, pool, target, timeout)

    def remove(self, account: BatchAccount, pool: Pool, nodes: list[Node], timeout: int, option: str) -> None:
        """Take these nodes away; the target goes down with them."""
        pool.deallocation = option
        dedicated = sum(node.dedicated for node in nodes)
        target = Size(
            dedicated=max(0, pool.target.dedicated - dedicated),
            low_priority=max(0, pool.target.low_priority - len(nodes) + dedicated),
        )
        self._begin(account, pool, target, timeout, nodes)

    def stop(self, account: BatchAccount, pool: Pool) -> None:
        """Ask a running resize to end. What is there stays; the target stays too."""
        self._enter(pool, "stopping", self._kernel.moment)

        def stopped(at: float) -> None:
            for node in pool.nodes.values():
                node.leaving_since = None
            have = pool.current()
            for dedicated, there, wanted in (
                (True, have.dedicated, pool.target.dedicated),
                (False, have.low_priority, pool.target.low_priority),
            ):
                if there != wanted:
                    pool.resize_errors.append(resize_error("ResizeStopped", dedicated=dedicated))
            self._enter(pool, "steady", at)
            self._scheduling.fill(account, pool, at)

        self._appoint(pool, self._kernel.moment + self._kernel.durations.pool_stop, stopped)

    def drop_everything(self, account: BatchAccount, pool: Pool, gone: Callable[[float], None]) -> None:
        """The pool is being deleted: running tasks are put back, nodes leave, nothing new comes, ``gone`` at the end."""
        now = self._kernel.moment
        self._enter(pool, "resizing", now)
        pool.target = Size(dedicated=0, low_priority=0)
        for node in pool.nodes.values():
            node.leaving_since = now
            self._scheduling.release(account, node, "requeue", now)

        def ended(at: float) -> None:
            self._drop(account, pool, list(pool.nodes.values()), at)
            gone(at)

        self._kernel.agenda.at(now + self._kernel.durations.pool_delete, ended)

    def lose(self, account: BatchAccount, pool: Pool, node_ids: list[str]) -> None:
        """Nodes vanish; the target stays, and Batch replaces them."""
        self._drop(account, pool, [pool.nodes[node_id] for node_id in node_ids], self._kernel.moment)
        self._replace_later(account, pool)

    def preempt(self, account: BatchAccount, pool: Pool, node_ids: list[str]) -> None:
        """Low-priority nodes lose their machine but stay listed under the same id; Batch brings them back."""
        now, times = self._kernel.moment, self._kernel.durations
        for node_id in node_ids:
            node = pool.nodes[node_id]
            node.boot = Boot(phases=((now, "preempted"),), reported=None)
            self._scheduling.release(account, node, "requeue", now)

            def back(at: float, node: Node = node) -> None:
                if pool.nodes.get(node.id) is node and node.boot.phases[0][1] == "preempted":
                    node.allocated, node.deleted_files = at, set()
                    node.boot = self._booting.create(pool, node.image, at)
                    self.expect(account, pool, [node])

            self._kernel.agenda.at(now + times.node_replace, back)
        self._scheduling.fill(account, pool, now)

    def furnish(self, account: BatchAccount, pool: Pool) -> None:
        """Give an adopted pool all its nodes at once, idle."""
        self._growth.furnish(account, pool, self._kernel.moment)
        self._scheduling.fill(account, pool, self._kernel.moment)

    def freed(self, account: BatchAccount, pool: Pool, node: Node, at: float) -> None:
        """A leaving node's last task has ended."""
        if node.leaving_since is not None and _SHRINK in pool.unfinished and at >= pool.leaves_at:
            self._shrink(account, pool, at)

    def expect(self, account: BatchAccount, pool: Pool, nodes: list[Node]) -> None:
        """Nodes are on their way up: look for tasks whenever some of them turn idle."""
        for moment in {node.boot.phases[-1][0] for node in nodes}:
            self._kernel.agenda.at(moment, lambda at: self._scheduling.fill(account, pool, at))

    def _begin(self, account: BatchAccount, pool: Pool, target: Size, timeout: int, chosen: list[Node] | None = None) -> None:
        now, times = self._kernel.moment, self._kernel.durations
        pool.target, pool.resize_timeout, pool.resize_errors = target, timeout, []
        self._enter(pool, "resizing", now)
        pool.resize_began = now
        pool.deadline = now + timeout
        pool.unfinished = {_SETTLE}
        self._appoint(pool, now + times.pool_settle, lambda at: self._done_with(pool, _SETTLE, at))
        leaving = self._surplus(pool) if chosen is None else chosen
        if leaving:
            pool.unfinished.add(_SHRINK)
            self._part_with(account, pool, leaving, now)
        if any(pool.missing().values()):
            pool.unfinished.add(_GROW)
            begins = now + times.pool_allocate
            if begins <= pool.deadline:
                self._appoint(pool, begins, lambda at: self._grow(account, pool, at))
            else:
                self._appoint(pool, pool.deadline, lambda at: self._time_out(pool, at))
        self._scheduling.fill(account, pool, now)

    def _part_with(self, account: BatchAccount, pool: Pool, leaving: Iterable[Node], now: float) -> None:
        pool.leaves_at = now + self._kernel.durations.node_leave
        for node in leaving:
            node.leaving_since = now
            if pool.deallocation in _AT_ONCE:
                self._scheduling.release(account, node, pool.deallocation, now)
        self._appoint(pool, pool.leaves_at, lambda at: self._shrink(account, pool, at))
        self._appoint(pool, pool.deadline, lambda at: self._give_up(account, pool, at))

    def _enter(self, pool: Pool, state: AllocationState, at: float) -> None:
        for appointment in pool.pending:
            appointment.cancel()
        pool.pending.clear()
        pool.unfinished.clear()
        pool.allocation_state = state
        pool.allocation_since = at

    def _appoint(self, pool: Pool, at: float, happen: Callable[[float], None]) -> None:
        pool.pending.append(self._kernel.agenda.at(at, happen))

    def _done_with(self, pool: Pool, part: str, at: float) -> None:
        pool.unfinished.discard(part)
        if not pool.unfinished:
            self._enter(pool, "steady", at)

    @staticmethod
    def _surplus(pool: Pool) -> list[Node]:
        """Nodes too many: those without tasks first, the newest before the older."""
        chosen: list[Node] = []
        for dedicated, wanted in ((True, pool.target.dedicated), (False, pool.target.low_priority)):
            kind = [node for node in pool.nodes.values() if node.dedicated is dedicated]
            kind.sort(key=lambda node: (not node.running, node.number))
            chosen += kind[wanted:]
        return chosen

    def _shrink(self, account: BatchAccount, pool: Pool, at: float) -> None:
        """Let go what is free to go; the shrinking ends with the last one."""
        leaving = [node for node in pool.nodes.values() if node.leaving_since is not None]
        if leaving and self.fault(pool.id, pool.vm_size, account.location) == REMOVAL_FAILED:
            self._keep(account, pool, leaving, REMOVAL_FAILED, at)
            return
        keeps_data = pool.deallocation == "retaineddata"
        free = [node for node in leaving if not node.running and not (keeps_data and node.retained_until > at)]
        self._drop(account, pool, free, at)
        if len(free) == len(leaving):
            self._done_with(pool, _SHRINK, at)
            return
        kept = [node.retained_until for node in leaving if keeps_data and not node.running and node.retained_until > at]
        if kept and min(kept) < pool.deadline:
            self._appoint(pool, min(kept), lambda later: self._shrink(account, pool, later))

    def _give_up(self, account: BatchAccount, pool: Pool, at: float) -> None:
        """The limit came before the last node could go: those that stay take tasks again."""
        leaving = [node for node in pool.nodes.values() if node.leaving_since is not None]
        if _SHRINK in pool.unfinished and leaving:
            self._keep(account, pool, leaving, "AllocationTimedout", at)

    def _keep(self, account: BatchAccount, pool: Pool, leaving: list[Node], code: str, at: float) -> None:
        for node in leaving:
            node.leaving_since = None
        pool.resize_errors.extend(resize_error(code, dedicated=kind) for kind in sorted({n.dedicated for n in leaving}, reverse=True))
        self._done_with(pool, _SHRINK, at)
        self._scheduling.fill(account, pool, at)

    def _drop(self, account: BatchAccount, pool: Pool, nodes: list[Node], at: float) -> None:
        for node in nodes:
            del pool.nodes[node.id]
            pool.dedicated_count -= node.dedicated
            self._growth.count(account, pool, dedicated=node.dedicated, sign=-1)
            self._scheduling.release(account, node, "requeue", at)
        if nodes:
            self._scheduling.fill(account, pool, at)

    def _grow(self, account: BatchAccount, pool: Pool, at: float) -> None:
        """One wave. Ends the growth when nothing is missing, or when what is missing cannot come."""
        refused = self._wave(account, pool, at)
        waiting = [kind for kind, count in pool.missing().items() if count and kind not in refused]
        if waiting and at >= pool.deadline:
            refused.update({kind: resize_error("AllocationTimedout", dedicated=kind) for kind in waiting})
            waiting = []
        if waiting:
            pause = _CAPACITY_RECHECK if self._stuck(account, pool) else self._kernel.durations.pool_wave
            self._appoint(pool, min(at + pause, pool.deadline), lambda later: self._grow(account, pool, later))
            return
        pool.resize_errors.extend(refused.values())
        self._done_with(pool, _GROW, at)

    def _stuck(self, account: BatchAccount, pool: Pool) -> bool:
        return self.fault(pool.id, pool.vm_size, account.location) is not None or not self._growth.has_capacity(account, pool)

    def _time_out(self, pool: Pool, at: float) -> None:
        """The limit came before the first node."""
        pool.resize_errors.extend(resize_error("AllocationTimedout", dedicated=kind) for kind, count in pool.missing().items() if count)
        self._done_with(pool, _GROW, at)

    def _wave(self, account: BatchAccount, pool: Pool, at: float) -> dict[bool, dict[str, object]]:
        fault = self.fault(pool.id, pool.vm_size, account.location)
        made, refused = self._growth.wave(account, pool, at, None if fault == REMOVAL_FAILED else fault)
        self.expect(account, pool, made)
        self._scheduling.note(account, pool, at)
        return refused

    def _replace_later(self, account: BatchAccount, pool: Pool) -> None:
        def replace(at: float) -> None:
            if pool.state != "active" or not any(pool.missing().values()):
                return
            refused = self._wave(account, pool, at) if pool.allocation_state == "steady" else {}
            if any(count for kind, count in pool.missing().items() if kind not in refused):
                self._kernel.agenda.at(at + self._kernel.durations.node_replace, replace)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.node_replace, replace)
