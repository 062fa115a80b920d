"""Tasks: adding, ending, running again, deleting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.job_settings import stored_task
from azuresim.core.kernel import Kernel
from azuresim.core.pool_settings import check_pool_id
from azuresim.core.scheduling import Scheduling, fresh
from azuresim.core.task import Job, Task

# Why a job takes no more tasks.
CLOSED = {
    "terminating": ("JobBeingTerminated", "The specified job is being terminated."),
    "deleting": ("JobBeingDeleted", "The specified job has been marked for deletion and is being garbage collected."),
    "completed": ("JobCompleted", "The specified job is already in a completed state."),
}


class Tasks:
    """The tasks of one world's jobs. All methods act at ``kernel.moment``."""

    def __init__(self, kernel: Kernel, scheduling: Scheduling) -> None:
        self._kernel = kernel
        self._scheduling = scheduling

    @staticmethod
    def get(job: Job, task_id: str) -> Task:
        """Raises 404 TaskNotFound."""
        found = job.tasks.get(task_id.lower())
        if found is None:
            raise ServiceError(404, "TaskNotFound", "The specified task does not exist.")
        return found

    @staticmethod
    def after(job: Job, name: str | None) -> Iterator[Task]:
        """Tasks in the order of their ids, from the one after ``name``."""
        return (job.tasks[key] for key in job.task_names.after(name))

    def add(self, account: BatchAccount, job: Job, body: Mapping[str, Any]) -> Task:
        """A new task, active; it runs as soon as a node has room."""
        if job.state in CLOSED:
            code, sentence = CLOSED[job.state]
            raise ServiceError(409, code, sentence)
        settings, now = stored_task(body, job.settings), self._kernel.moment
        check_pool_id(body["id"])
        key = body["id"].lower()
        if key in job.tasks:
            raise ServiceError(409, "TaskExists", "The specified task already exists.")
        if settings.get("dependsOn") and not job.settings["usesTaskDependencies"]:
            raise ServiceError(
                400,
                "TaskDependenciesNotSpecifiedOnJob",
                "A task was specified as depending on other tasks, but the job did not specify that it would use task dependencies.",
            )
        etag = self._kernel.ids.etag(now)
        task = Task(id=body["id"], job_id=job.id, settings=settings, etag=etag, created=now, last_modified=now, since=now)
        job.tasks[key] = job.waiting[key] = task
        job.task_names.add(key)
        self._serve(account, job)
        return task

    def change(self, task: Task, body: Mapping[str, Any]) -> None:
        """Replace the constraints: all that may change."""
        constraints = stored_task({"id": task.id, "commandLine": "", "constraints": body.get("constraints")}, _NO_RETRIES)["constraints"]
        task.settings = {**task.settings, "constraints": constraints}
        self._touch(task)

    def terminate(self, account: BatchAccount, job: Job, task: Task) -> None:
        """End it from outside. Raises 409 TaskCompleted."""
        if task.state == "completed":
            raise ServiceError(409, "TaskCompleted", "The specified task is already in a completed state.")
        self._scheduling.terminate(account, job, task, self._kernel.moment)
        self._touch(task)

    def reactivate(self, account: BatchAccount, job: Job, task: Task) -> None:
        """Run a failed task again, with its retries counted anew."""
        if task.state != "completed":
            raise ServiceError(
                409,
                "TaskNotCompleted",
                "The specified task is not in a completed state, and the requested operation can be performed only on completed tasks.",
            )
        if task.execution.failure is None:
            raise ServiceError(409, "TaskSucceeded", "The specified task has already completed successfully.")
        if job.state in CLOSED:
            code, sentence = CLOSED[job.state]
            raise ServiceError(409, code, sentence)
        fresh(task, self._kernel.moment)
        job.waiting[task.id.lower()] = task
        self._touch(task)
        self._serve(account, job)

    def delete(self, account: BatchAccount, job: Job, task: Task) -> None:
        """Gone at once, also while it runs."""
        if task.state != "completed":
            self._scheduling.terminate(account, job, task, self._kernel.moment)
        del job.tasks[task.id.lower()]
        job.task_names.remove(task.id.lower())

    def _touch(self, task: Task) -> None:
        task.last_modified = self._kernel.moment
        task.etag = self._kernel.ids.etag(task.last_modified)

    def _serve(self, account: BatchAccount, job: Job) -> None:
        pool = account.pools.get(job.pool_id.lower())
        if pool is not None:
            self._scheduling.fill(account, pool, self._kernel.moment, nodes=False)


_NO_RETRIES = {"constraints": {"maxTaskRetryCount": 0}}
