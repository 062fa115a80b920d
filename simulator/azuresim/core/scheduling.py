"""Which task runs on which node, how tasks end, and what becomes of them when their node goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from azuresim.core import command_line
from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.iso_duration import parse_duration
from azuresim.core.kernel import Kernel
from azuresim.core.node import Node
from azuresim.core.pool import Pool
from azuresim.core.task import Execution, Job, Task

Json = dict[str, Any]
# What "without limit" looks like, in .NET's words; see ``tasks``.
_ENDLESS = "P10675199D"


class Scheduling:
    """The scheduler of one world.

    Each of ``node_freed`` is called with (account, pool, node, moment) when a node's last task ends, ``task_ended`` with (account, job,
    task, moment) when a task is completed.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.node_freed: list[Callable[[BatchAccount, Pool, Node, float], None]] = []
        self.task_ended: Callable[[BatchAccount, Job, Task, float], None] = lambda _account, _job, _task, _at: None

    def jobs_of(self, account: BatchAccount, pool: Pool) -> list[Job]:
        """The pool's jobs, those that go first in front."""
        key = pool.id.lower()
        return sorted((job for job in account.jobs.values() if job.pool_id.lower() == key), key=lambda job: (-job.priority, job.number))

    def fill(self, account: BatchAccount, pool: Pool, at: float, *, nodes: bool = True) -> None:
        """Give waiting tasks to nodes that can take them, and note how the pool stands; ``nodes`` as for ``note``."""
        if account.jobs and pool.state == "active":
            free = {node.id: pool.slots - node.slots_used for node in pool.nodes.values() if node.takes_tasks(at)}
            for job in self.jobs_of(account, pool):
                if job.state == "active":
                    self._serve(account, pool, job, free, at)
        self.note(account, pool, at, nodes=nodes)

    def note(self, account: BatchAccount, pool: Pool, at: float, *, nodes: bool = True) -> None:
        """Take a reading of the pool for autoscale formulas; ``nodes`` tells whether those may have changed."""
        jobs = self.jobs_of(account, pool) if account.jobs else []
        reading = pool.history.last._replace(
            active=sum(len(job.waiting) for job in jobs),
            running=sum(len(job.running) for job in jobs),
            succeeded=sum(job.succeeded for job in jobs),
            failed=sum(job.failed for job in jobs),
        )
        if nodes:
            states = Counter(node.state(at)[0] for node in pool.nodes.values())
            have = pool.current()
            reading = reading._replace(
                dedicated=have.dedicated,
                low_priority=have.low_priority,
                preempted=states["preempted"],
                usable=states["idle"] + states["running"],
                slots=pool.slots,
            )
        pool.history.note(at, reading)

    def release(self, account: BatchAccount, node: Node, option: str, at: float) -> None:
        """End the node's tasks at once: put back into the queue, or with `terminate` over for good."""
        for task in list(node.running.values()):
            job = account.jobs[task.job_id.lower()]
            if option == "terminate":
                self.terminate(account, job, task, at)
            else:
                self.requeue(account, job, task, at)

    def requeue(self, account: BatchAccount, job: Job, task: Task, at: float) -> None:
        """A running task goes back to the end of the queue."""
        self._leave_node(account, task, at)
        task.execution.requeues += 1
        task.execution.last_requeue = at
        task.execution.started = None
        task.enter("active", at)
        task.where = None
        job.running.pop(task.id.lower(), None)
        job.waiting[task.id.lower()] = task

    def terminate(self, account: BatchAccount, job: Job, task: Task, at: float) -> None:
        """End a task from outside."""
        failure = {"category": "usererror", "code": "TaskEnded", "message": "Task Was Ended by User Request", "details": []}
        self._complete(account, job, task, at, exit_code=None, failure=failure)

    def _serve(self, account: BatchAccount, pool: Pool, job: Job, free: dict[str, int], at: float) -> None:
        packed = str(pool.settings["taskSchedulingPolicy"].get("nodeFillType", "")).lower() == "pack"
        for task in list(job.waiting.values()):
            if not free or (0 <= job.parallel <= len(job.running)):
                return
            fitting = [name for name, slots in free.items() if slots >= task.slots]
            if not fitting or not job.ready(task):
                continue
            chosen = min(fitting, key=free.__getitem__) if packed else max(fitting, key=free.__getitem__)
            free[chosen] -= task.slots
            if free[chosen] == 0:
                del free[chosen]
            self._begin(account, job, task, (pool, pool.nodes[chosen]), at)

    def _begin(self, account: BatchAccount, job: Job, task: Task, place: tuple[Pool, Node], at: float) -> None:
        pool, node = place
        del job.waiting[task.id.lower()]
        job.running[task.id.lower()] = task
        if not node.running:
            node.changed = at
        node.running[task.key] = task
        node.tasks_run += 1
        if task not in node.recent:
            node.recent.appendleft(task)
        task.node, task.where = node, (pool.id, node.id)
        task.enter("running", at)
        task.execution.started = at
        self._execute(account, job, task, at)

    def _execute(self, account: BatchAccount, job: Job, task: Task, at: float) -> None:
        task.run = command_line.run(task.settings["commandLine"])
        limit = _seconds(task.settings["constraints"].get("maxWallClockTime"))
        if limit is not None and limit < task.run.seconds:
            task.end = self._kernel.agenda.at(at + limit, lambda end: self._out_of_time(account, job, task, end))
        else:
            task.end = self._kernel.agenda.at(at + task.run.seconds, lambda end: self._ended(account, job, task, end))

    def _out_of_time(self, account: BatchAccount, job: Job, task: Task, at: float) -> None:
        failure = {"category": "usererror", "code": "TaskEnded", "message": "Task was terminated because it exceeded its wall-clock time"}
        self._complete(account, job, task, at, exit_code=None, failure=failure)

    def _ended(self, account: BatchAccount, job: Job, task: Task, at: float) -> None:
        code = task.run.exit_code if task.run is not None else 0
        if code and (task.max_retries < 0 or task.execution.retries < task.max_retries):
            task.execution.retries += 1
            task.execution.last_retry = at
            self._execute(account, job, task, at)
            return
        self._complete(account, job, task, at, exit_code=code, failure=exit_failure(code))

    def _complete(self, account: BatchAccount, job: Job, task: Task, at: float, *, exit_code: int | None, failure: Json | None) -> None:
        job.waiting.pop(task.id.lower(), None)
        job.running.pop(task.id.lower(), None)
        task.enter("completed", at)
        job.succeeded += failure is None
        job.failed += failure is not None
        task.execution.ended, task.execution.exit_code, task.execution.failure = at, exit_code, failure
        if task.node is not None:
            task.node.tasks_succeeded += failure is None
            kept = _seconds(task.settings["constraints"].get("retentionTime"))
            task.node.retained_until = max(task.node.retained_until, at + (kept or 0.0))
        self._leave_node(account, task, at)
        self.task_ended(account, job, task, at)
        pool = account.pools.get(job.pool_id.lower())
        if pool is not None:
            self.fill(account, pool, at, nodes=False)

    def _leave_node(self, account: BatchAccount, task: Task, at: float) -> None:
        if task.end is not None:
            task.end.cancel()
            task.end = None
        node, task.node = task.node, None
        if node is None or node.running.pop(task.key, None) is None or node.running:
            return
        node.changed = at
        pool = account.pools.get(task.where[0].lower()) if task.where else None
        if pool is not None and pool.nodes.get(node.id) is node:
            for told in self.node_freed:
                told(account, pool, node, at)


def exit_failure(code: int) -> Json | None:
    """What the service says of an exit code; None for 0."""
    if code == 0:
        return None
    message = "The task exited with an exit code representing a failure"
    return {
        "category": "usererror",
        "code": "FailureExitCode",
        "message": message,
        "details": [{"name": "Message", "value": f"The task process exited with an unexpected exit code: {code}"}],
    }


def fresh(task: Task, at: float) -> None:
    """A task that is to run again from the beginning."""
    task.execution = Execution()
    task.where = task.run = None
    task.enter("active", at)


def _seconds(text: str | None) -> float | None:
    """A limit in seconds; None for none."""
    return None if text is None or text.startswith(_ENDLESS) else parse_duration(text)
