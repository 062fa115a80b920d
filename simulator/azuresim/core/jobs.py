"""Jobs: creation, changes, and their ways from active to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError, invalid_property
from azuresim.core.iso_duration import parse_duration
from azuresim.core.job_settings import ENDLESS, changed_settings, stored_job
from azuresim.core.kernel import Kernel
from azuresim.core.pool_settings import check_pool_id, required
from azuresim.core.pool_states import invalid_state
from azuresim.core.pools import Pools
from azuresim.core.scheduling import Scheduling
from azuresim.core.task import Job, JobState, Task
from azuresim.core.tasks import CLOSED, Tasks

Json = dict[str, Any]


class Jobs:
    """The jobs of one world's accounts. All methods act at ``kernel.moment``."""

    def __init__(self, kernel: Kernel, pools: Pools, scheduling: Scheduling, tasks: Tasks) -> None:
        self._kernel = kernel
        self._pools = pools
        self._scheduling = scheduling
        self._tasks = tasks
        self._made = 0
        scheduling.task_ended = self._task_ended

    @staticmethod
    def get(account: BatchAccount, job_id: str) -> Job:
        """Raises 404 JobNotFound."""
        found = account.jobs.get(job_id.lower())
        if found is None:
            raise ServiceError(404, "JobNotFound", "The specified job does not exist.")
        return found

    @staticmethod
    def after(account: BatchAccount, name: str | None) -> Iterator[Job]:
        """Jobs in the order of their ids, from the one after ``name``."""
        return (account.jobs[key] for key in account.job_names.after(name))

    def create(self, account: BatchAccount, body: Mapping[str, Any]) -> Job:
        """A new job, active at once; one with its own pool makes that too."""
        required(body, "id", "poolInfo")
        check_pool_id(body["id"])
        key = body["id"].lower()
        if key in account.jobs:
            raise ServiceError(409, "JobExists", "The specified job already exists.")
        now = self._kernel.moment
        settings = stored_job(body)
        pool_id, automatic = self._pool_for(account, settings["poolInfo"])
        job = Job(
            id=body["id"],
            number=self._made,
            settings=settings,
            pool_id=pool_id,
            etag=self._kernel.ids.etag(now),
            created=now,
            last_modified=now,
            since=now,
            auto_pool=automatic,
        )
        self._made += 1
        account.jobs[key] = job
        account.job_names.add(key)
        manager = settings.get("jobManagerTask")
        if manager is not None:
            kept = {
                name: value
                for name, value in manager.items()
                if name not in {"killJobOnCompletion", "runExclusive", "allowLowPriorityNode"}
            }
            self._tasks.add(account, job, kept)
        self._limit(account, job)
        return job

    def change(self, account: BatchAccount, job: Job, body: Mapping[str, Any], *, whole: bool) -> None:
        """PATCH, or PUT when ``whole``: what is left out goes back to its default. The pool may change only while disabled."""
        self._require(job, "active", "disabling", "disabled")
        settings = changed_settings(job.settings, body, whole=whole)
        if settings["poolInfo"] != job.settings["poolInfo"]:
            if job.state != "disabled":
                raise invalid_state("The pool of a job can be changed only while the job is disabled.")
            job.pool_id, job.auto_pool = self._pool_for(account, settings["poolInfo"])
        job.settings = settings
        self._touch(job)
        self._serve(account, job)

    def disable(self, account: BatchAccount, job: Job, body: Mapping[str, Any]) -> None:
        """Running tasks are put back, ended or left to finish; then the job is disabled."""
        required(body, "disableTasks")
        option = str(body["disableTasks"]).lower()
        if option not in {"requeue", "terminate", "wait"}:
            raise invalid_property("disableTasks", "The value is not one of requeue, terminate, wait.", value=option)
        self._require(job, "active")
        self._enter(job, "disabling")
        for task in list(job.running.values()):
            if option == "terminate":
                self._scheduling.terminate(account, job, task, self._kernel.moment)
            elif option == "requeue":
                self._scheduling.requeue(account, job, task, self._kernel.moment)
        self._touch(job)
        self._serve(account, job)
        self._later(job, "disabling", lambda at: self._disabled(job, at))

    def enable(self, account: BatchAccount, job: Job) -> None:
        """Let tasks be scheduled again."""
        if job.state == "active":
            raise invalid_state("The job is active already.")
        self._require(job, "disabling", "disabled")
        self._enter(job, "active")
        self._touch(job)
        self._serve(account, job)

    def terminate(self, account: BatchAccount, job: Job, reason: str | None) -> None:
        """End the job with all its tasks."""
        self._require(job, "active", "disabling", "disabled")
        self._end(account, job, reason or "UserTerminate")
        self._touch(job)

    def delete(self, account: BatchAccount, job: Job) -> None:
        """End the tasks, be `deleting` for a moment, then gone; a pool of its own goes with it."""
        if job.state == "deleting":
            raise _refused(job)
        self._enter(job, "deleting")
        for task in [*job.running.values(), *job.waiting.values()]:
            self._scheduling.terminate(account, job, task, self._kernel.moment)
        key = job.id.lower()

        def gone(_at: float) -> None:
            del account.jobs[key]
            account.job_names.remove(key)

        self._later(job, "deleting", gone)
        self._drop_pool(account, job)

    def _disabled(self, job: Job, at: float) -> None:
        if not job.running:
            job.enter("disabled", at)

    def _end(self, account: BatchAccount, job: Job, reason: str) -> None:
        job.terminate_reason = reason
        self._enter(job, "terminating")
        for task in [*job.running.values(), *job.waiting.values()]:
            self._scheduling.terminate(account, job, task, self._kernel.moment)

        def completed(at: float) -> None:
            job.enter("completed", at)
            job.ended = at
            self._drop_pool(account, job)

        self._later(job, "terminating", completed)

    def _task_ended(self, account: BatchAccount, job: Job, task: Task, at: float) -> None:
        """What a task's end means for its job."""
        if job.state == "disabling" and not job.running:
            job.enter("disabled", at)
        if job.state != "active":
            return
        manager = job.settings.get("jobManagerTask") or {}
        if manager.get("id") == task.id and manager.get("killJobOnCompletion", True):
            self._end(account, job, "JMComplete")
        elif task.execution.failure is not None and job.settings["onTaskFailure"] == "performexitoptionsjobaction" and _ends_job(task):
            self._end(account, job, "TaskFailed")
        elif not job.waiting and not job.running and job.settings["onAllTasksComplete"] == "terminatejob":
            self._end(account, job, "AllTasksComplete")

    def _limit(self, account: BatchAccount, job: Job) -> None:
        """Appoint the end of a job whose time is limited."""
        limit = job.settings["constraints"]["maxWallClockTime"]
        if limit == ENDLESS:
            return

        def over(_at: float) -> None:
            if account.jobs.get(job.id.lower()) is job and job.state in {"active", "disabling", "disabled"}:
                self._end(account, job, "MaxWallClockTimeExpiry")

        self._kernel.agenda.at(self._kernel.moment + (parse_duration(limit) or 0), over)

    def _pool_for(self, account: BatchAccount, info: Mapping[str, Any]) -> tuple[str, bool]:
        """The id of the pool, and whether it was made for the job."""
        automatic = info.get("autoPoolSpecification")
        if automatic is None:
            required(info, "poolId")
            return info["poolId"], False
        required(automatic, "pool")
        prefix = automatic.get("autoPoolIdPrefix")
        name = self._kernel.ids.guid().upper()
        pool = self._pools.create(account, {**automatic["pool"], "id": f"{prefix}_{name}" if prefix else name})
        return pool.id, not automatic.get("keepAlive", False)

    def _drop_pool(self, account: BatchAccount, job: Job) -> None:
        pool = account.pools.get(job.pool_id.lower())
        if job.auto_pool and pool is not None and pool.state == "active":
            self._pools.delete(account, job.pool_id)

    def _serve(self, account: BatchAccount, job: Job) -> None:
        pool = account.pools.get(job.pool_id.lower())
        if pool is not None:
            self._scheduling.fill(account, pool, self._kernel.moment)

    def _later(self, job: Job, state: JobState, happen: Callable[[float], None]) -> None:
        """Do the rest of a change of state, unless the state has changed again."""

        def due(at: float) -> None:
            if job.state == state:
                happen(at)

        self._kernel.agenda.at(self._kernel.moment + self._kernel.durations.job_change, due)

    def _enter(self, job: Job, state: JobState) -> None:
        job.enter(state, self._kernel.moment)

    def _touch(self, job: Job) -> None:
        job.last_modified = self._kernel.moment
        job.etag = self._kernel.ids.etag(job.last_modified)

    @staticmethod
    def _require(job: Job, *states: JobState) -> None:
        if job.state not in states:
            raise _refused(job)


def _refused(job: Job) -> ServiceError:
    code, sentence = CLOSED.get(job.state, ("JobDisabled", "The specified job is disabled."))
    return ServiceError(409, code, sentence)


def _ends_job(task: Task) -> bool:
    """What the task's exit conditions say of its exit code."""
    conditions = task.settings.get("exitConditions") or {}
    code = task.execution.exit_code
    for mapping in conditions.get("exitCodes") or ():
        if mapping["code"] == code:
            return bool((mapping.get("exitOptions") or {}).get("jobAction") == "terminate")
    for mapping in conditions.get("exitCodeRanges") or ():
        if code is not None and mapping["start"] <= code <= mapping["end"]:
            return bool((mapping.get("exitOptions") or {}).get("jobAction") == "terminate")
    return bool((conditions.get("default") or {}).get("jobAction") == "terminate")
