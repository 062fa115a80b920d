"""Jobs on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azuresim.core.task import Job
from azuresim.wire.batch_envelope import (
    answer,
    check_conditions,
    common_headers,
    find_account,
    find_job,
    page,
    read,
    root,
    selection,
    start_after,
    versioned_headers,
)
from azuresim.wire.batch_filter import parse_filter
from azuresim.wire.http import Response
from azuresim.wire.routing import Call, Route
from azuresim.wire.timestamps import batch_time

Json = dict[str, Any]


def _show(base: str, job: Job) -> Json:
    execution: Json = {"startTime": batch_time(job.created), "poolId": job.pool_id}
    if job.ended is not None:
        execution["endTime"] = batch_time(job.ended)
    if job.terminate_reason is not None:
        execution["terminateReason"] = job.terminate_reason
    shown: Json = {
        "id": job.id,
        "url": f"{base}/jobs/{job.id}",
        "eTag": job.etag,
        "lastModified": batch_time(job.last_modified),
        "creationTime": batch_time(job.created),
        "state": job.state,
        "stateTransitionTime": batch_time(job.since),
    }
    if job.previous is not None:
        shown |= {"previousState": job.previous[0], "previousStateTransitionTime": batch_time(job.previous[1])}
    return {**shown, **job.settings, "executionInfo": execution}


def _create(call: Call) -> Response:
    job = call.world.jobs.create(find_account(call), call.body)
    location = f"{root(call)}/jobs/{job.id}"
    return Response(201, {**versioned_headers(call, job), "DataServiceId": location, "Location": location})


def _list(call: Call) -> Response:
    keep, select, base = parse_filter(call.request.query.get("$filter")), selection(call), root(call)
    shown = ((job.id.lower(), _show(base, job)) for job in call.world.jobs.after(find_account(call), start_after(call)))
    return page(call, "jobs", ((name, select(job)) for name, job in shown if keep(job)))


def _get(call: Call) -> Response:
    job = find_job(call)
    return read(call, job, lambda: selection(call)(_show(root(call), job)), "jobs/@Element")


def _acting(act: Callable[[Call, Job], None], status: int) -> Callable[[Call], Response]:
    def handle(call: Call) -> Response:
        job = find_job(call)
        check_conditions(call, job)
        act(call, job)
        return Response(status, versioned_headers(call, job))

    return handle


_patch = _acting(lambda call, job: call.world.jobs.change(find_account(call), job, call.body, whole=False), 200)
_put = _acting(lambda call, job: call.world.jobs.change(find_account(call), job, call.body, whole=True), 200)
_disable = _acting(lambda call, job: call.world.jobs.disable(find_account(call), job, call.body), 202)
_enable = _acting(lambda call, job: call.world.jobs.enable(find_account(call), job), 202)
_terminate = _acting(lambda call, job: call.world.jobs.terminate(find_account(call), job, (call.body or {}).get("terminateReason")), 202)


def _delete(call: Call) -> Response:
    job = find_job(call)
    check_conditions(call, job)
    call.world.jobs.delete(find_account(call), job)
    return Response(202, common_headers(call))


def _task_counts(call: Call) -> Response:
    job = find_job(call)
    names = ("active", "running", "completed", "succeeded", "failed")
    tasks, slots = job.count(slots=False), job.count(slots=True)
    shown = {
        "odata.metadata": f"{root(call)}/$metadata#taskcountsresult/@Element",
        "taskCounts": {name: tasks[name] for name in names},
        "taskSlotCounts": {name: slots[name] for name in names},
    }
    return answer(200, shown, common_headers(call))


_JOBS = "/batch/{account}/jobs"
_JOB = f"{_JOBS}/{{job}}"

ROUTES = (
    Route("POST", _JOBS, "Jobs_Create", _create, schema="batch.BatchJobCreateOptions"),
    Route("GET", _JOBS, "Jobs_List", _list, shows="batch.BatchJob"),
    Route("GET", _JOB, "Jobs_Get", _get, shows="batch.BatchJob"),
    Route("PATCH", _JOB, "Jobs_Update", _patch, schema="batch.BatchJobUpdateOptions"),
    # The clients send the whole resource, without its read-only members.
    Route("PUT", _JOB, "Jobs_Replace", _put, schema="batch.BatchJob"),
    Route("DELETE", _JOB, "Jobs_Delete", _delete),
    Route("POST", f"{_JOB}/disable", "Jobs_Disable", _disable, schema="batch.BatchJobDisableOptions"),
    Route("POST", f"{_JOB}/enable", "Jobs_Enable", _enable),
    Route("POST", f"{_JOB}/terminate", "Jobs_Terminate", _terminate, schema="batch.BatchJobTerminateOptions"),
    Route("GET", f"{_JOB}/taskcounts", "Jobs_GetTaskCounts", _task_counts, shows="batch.BatchTaskCountsResult"),
)
