"""How pools get and lose nodes: resizes, their ends and errors, stops, losses and replacements."""

from __future__ import annotations

from collections.abc import Callable

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.catalogue import Catalogue, VmSize
from azuresim.core.kernel import Kernel
from azuresim.core.pool import AllocationState, Json, Node, Pool, Size
from azuresim.core.pool_images import BootImage, PoolImages

# How often a resize that waits for capacity looks again.
_CAPACITY_RECHECK = 30.0
_GROW, _SHRINK, _SETTLE = "grow", "shrink", "settle"

_MESSAGES = {
    "AccountCoreQuotaReached": "The specified account has reached core quota",
    "AccountVMSeriesCoreQuotaReached": "The specified account has reached VM series core quota",
    "AccountLowPriorityCoreQuotaReached": "The specified account has reached low-priority core quota",
    "AllocationTimedout": "Desired number of {kind} nodes could not be allocated as the resize timeout was reached",
    "AllocationFailed": "Desired number of {kind} nodes could not be allocated",
    "ResizeStopped": "Desired number of {kind} nodes could not be allocated due to a stop resize operation",
    "UnsupportedVMSize": "The specified VM size is not supported",
}
_OTHER = "Desired number of {kind} nodes could not be allocated"


class Allocation:
    """The allocator of one world. Every method is called at ``kernel.moment`` or from an event."""

    def __init__(self, kernel: Kernel, catalogue: Catalogue, images: PoolImages) -> None:
        self._kernel = kernel
        self._catalogue = catalogue
        self._images = images
        # Asked before machines of a size are looked for in a region: a text is the resize error code instead.
        self.fault: Callable[[str, str, str], str | None] = lambda _pool, _size, _region: None
        # Asked for every new node: a text is the state it ends in instead of idle.
        self.node_fault: Callable[[str], str | None] = lambda _pool: None

    def resize(self, account: BatchAccount, pool: Pool, target: Size, timeout: int) -> None:
        """Begin; the pool must be steady or new. Nodes too many leave, missing ones come in waves."""
        now, times = self._kernel.moment, self._kernel.durations
        pool.target, pool.resize_timeout, pool.resize_errors = target, timeout, []
        self._enter(pool, "resizing", now)
        pool.deadline = now + timeout
        pool.unfinished = {_SETTLE}
        self._appoint(pool, now + times.pool_settle, lambda at: self._done_with(pool, _SETTLE, at))
        if self._mark_surplus(pool, now):
            pool.unfinished.add(_SHRINK)
            self._appoint(pool, now + times.node_leave, lambda at: self._shrink(account, pool, at))
        if self._missing(pool) != (0, 0):
            pool.unfinished.add(_GROW)
            begins = now + times.pool_allocate
            if begins <= pool.deadline:
                self._appoint(pool, begins, lambda at: self._grow(account, pool, at))
            else:
                self._appoint(pool, pool.deadline, lambda at: self._time_out(pool, at))

    def stop(self, pool: Pool) -> None:
        """Ask a running resize to end. What is there stays; the target stays too."""
        self._enter(pool, "stopping", self._kernel.moment)

        def stopped(at: float) -> None:
            for node in pool.nodes.values():
                node.leaving_since = None
            have = pool.current()
            for dedicated, now_there, wanted in (
                (True, have.dedicated, pool.target.dedicated),
                (False, have.low_priority, pool.target.low_priority),
            ):
                if now_there != wanted:
                    pool.resize_errors.append(_error("ResizeStopped", dedicated=dedicated))
            self._enter(pool, "steady", at)

        self._appoint(pool, self._kernel.moment + self._kernel.durations.pool_stop, stopped)

    def drop_everything(self, account: BatchAccount, pool: Pool, gone: Callable[[float], None]) -> None:
        """The pool is being deleted: nodes leave, nothing new comes, ``gone`` at the end."""
        now = self._kernel.moment
        self._enter(pool, "resizing", now)
        pool.target = Size(dedicated=0, low_priority=0)
        self._mark_surplus(pool, now)

        def ended(at: float) -> None:
            self._remove(account, pool, list(pool.nodes))
            gone(at)

        self._kernel.agenda.at(now + self._kernel.durations.pool_delete, ended)

    def lose(self, account: BatchAccount, pool: Pool, node_ids: list[str]) -> None:
        """Nodes vanish; the target stays, and Batch replaces them."""
        self._remove(account, pool, node_ids)
        self._replace_later(account, pool)

    def preempt(self, pool: Pool, node_ids: list[str]) -> None:
        """Low-priority nodes lose their machine but stay listed under the same id; Batch brings them back."""
        now, times = self._kernel.moment, self._kernel.durations
        for node_id in node_ids:
            node = pool.nodes[node_id]
            node.fixed = ("preempted", now)

            def back(at: float, node: Node = node) -> None:
                if pool.nodes.get(node.id) is node and node.fixed is not None and node.fixed[0] == "preempted":
                    node.fixed, node.allocated = None, at
                    node.starting = at + times.node_create
                    node.ready = node.starting + times.node_start

            self._kernel.agenda.at(now + times.node_replace, back)

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

    def _mark_surplus(self, pool: Pool, now: float) -> bool:
        """Mark nodes too many as leaving, the newest first; whether there are any."""
        marked = False
        for dedicated, wanted in ((True, pool.target.dedicated), (False, pool.target.low_priority)):
            kind = [node for node in pool.nodes.values() if node.dedicated is dedicated]
            for node in kind[wanted:]:
                node.leaving_since = now
                marked = True
        return marked

    def _shrink(self, account: BatchAccount, pool: Pool, at: float) -> None:
        leaving = [node.id for node in pool.nodes.values() if node.leaving_since is not None]
        self._remove(account, pool, leaving)
        self._done_with(pool, _SHRINK, at)

    def _remove(self, account: BatchAccount, pool: Pool, node_ids: list[str]) -> None:
        size = self._known_size(pool)
        for node_id in node_ids:
            node = pool.nodes.pop(node_id)
            pool.dedicated_count -= node.dedicated
            account.count_node(size, dedicated=node.dedicated, sign=-1)

    @staticmethod
    def _missing(pool: Pool) -> tuple[int, int]:
        have = pool.current()
        return max(0, pool.target.dedicated - have.dedicated), max(0, pool.target.low_priority - have.low_priority)

    def _grow(self, account: BatchAccount, pool: Pool, at: float) -> None:
        """One wave. Ends the growth when nothing is missing, or when what is missing cannot come."""
        refused = self._wave(account, pool, at)
        missing = dict(zip((True, False), self._missing(pool), strict=True))
        waiting = [kind for kind, count in missing.items() if count and kind not in refused]
        if waiting and at >= pool.deadline:
            refused.update({kind: _error("AllocationTimedout", dedicated=kind) for kind in waiting})
            waiting = []
        if waiting:
            stuck = not account.has_capacity(self._known_size(pool))
            pause = _CAPACITY_RECHECK if stuck else self._kernel.durations.pool_wave
            self._appoint(pool, min(at + pause, pool.deadline), lambda later: self._grow(account, pool, later))
            return
        pool.resize_errors.extend(refused.values())
        self._done_with(pool, _GROW, at)

    def _time_out(self, pool: Pool, at: float) -> None:
        """The limit came before the first node."""
        missing = zip((True, False), self._missing(pool), strict=True)
        pool.resize_errors.extend(_error("AllocationTimedout", dedicated=kind) for kind, count in missing if count)
        self._done_with(pool, _GROW, at)

    def _wave(self, account: BatchAccount, pool: Pool, at: float) -> dict[bool, Json]:
        """Add what can be added now, at most one wave; the kinds (dedicated: True) that are refused, with their errors."""
        missing = dict(zip((True, False), self._missing(pool), strict=True))
        size = self._catalogue.size(pool.vm_size, account.location)
        if size is None:
            return {kind: _error("UnsupportedVMSize", dedicated=kind) for kind, count in missing.items() if count}
        code = self.fault(pool.id, size.name, account.location)
        if code is not None:
            return {kind: _error(code, dedicated=kind) for kind, count in missing.items() if count}
        image = self._images.resolve(pool.image_reference, account)
        why_not = image if isinstance(image, str) else image.misfit(size, _security_type(pool))
        if why_not is not None or isinstance(image, str):
            return {kind: _error("AllocationFailed", dedicated=kind, reason=str(why_not)) for kind, count in missing.items() if count}
        refused: dict[bool, Json] = {}
        room = self._kernel.durations.pool_wave_nodes
        for dedicated, count in missing.items():
            if count and not dedicated and not size.low_priority:
                refused[dedicated] = _error("UnsupportedVMSize", dedicated=dedicated)
                continue
            for _ in range(min(count, room)):
                code = account.refusal(size, dedicated=dedicated)
                if code is not None:
                    refused[dedicated] = _error(code, dedicated=dedicated)
                    break
                if not account.has_capacity(size):
                    break
                self._add_node(account, pool, size, image, dedicated=dedicated, at=at)
                room -= 1
        return refused

    def _add_node(self, account: BatchAccount, pool: Pool, size: VmSize, image: BootImage, *, dedicated: bool, at: float) -> None:
        ids, times = self._kernel.ids, self._kernel.durations
        agent_fits = ("windows" in pool.settings["virtualMachineConfiguration"]["nodeAgentSKUId"].lower()) == (image.os_type == "windows")
        number = int(ids.hex(6), 16)
        node = Node(
            id=f"tvmps_{ids.hex(64)}_{'d' if dedicated else 'p'}",
            dedicated=dedicated,
            address=f"10.{number >> 16}.{number >> 8 & 0xFF}.{number & 0xFF}",
            image_version=image.exact_version,
            allocated=at,
            starting=at + times.node_create,
            ready=at + times.node_create + times.node_start,
            # An agent for another operating system never reports back.
            ready_state=self.node_fault(pool.id) or ("idle" if agent_fits else "unusable"),
        )
        pool.nodes[node.id] = node
        pool.dedicated_count += dedicated
        account.count_node(size, dedicated=dedicated, sign=1)

    def _replace_later(self, account: BatchAccount, pool: Pool) -> None:
        def replace(at: float) -> None:
            if pool.state != "active" or self._missing(pool) == (0, 0):
                return
            steady = pool.allocation_state == "steady"
            refused = self._wave(account, pool, at) if steady else {}
            missing = dict(zip((True, False), self._missing(pool), strict=True))
            if any(count for kind, count in missing.items() if kind not in refused):
                self._kernel.agenda.at(at + self._kernel.durations.node_replace, replace)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.node_replace, replace)

    def _known_size(self, pool: Pool) -> VmSize:
        """The size of nodes that exist, though the region may offer it no more."""
        size = self._catalogue.size(pool.vm_size, "")
        if size is None:
            raise LookupError(f"pool {pool.id} has nodes of the unknown size {pool.vm_size}")
        return size


def _error(code: str, *, dedicated: bool, reason: str | None = None) -> Json:
    error: Json = {"code": code, "message": _MESSAGES.get(code, _OTHER).format(kind="dedicated" if dedicated else "low priority")}
    if reason is not None:
        error["values"] = [{"name": "Reason", "value": reason}]
    return error


def _security_type(pool: Pool) -> str:
    profile = pool.settings["virtualMachineConfiguration"].get("securityProfile") or {}
    return str(profile.get("securityType", ""))
