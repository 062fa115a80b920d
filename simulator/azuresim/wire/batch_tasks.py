"""Tasks on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azuresim.core.errors import ServiceError
from azuresim.core.task import Job, Task
from azuresim.schema import check_request
from azuresim.wire.batch_envelope import (
    answer,
    check_conditions,
    common_headers,
    error_body,
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
# At most so many a call: azure-batch, create_task_collection.
_MAX_ADDED = 100


def show_execution(task: Task) -> Json:
    """`executionInfo`, also of a node's recent tasks."""
    execution = task.execution
    times = {
        "startTime": execution.started,
        "endTime": execution.ended,
        "lastRetryTime": execution.last_retry,
        "lastRequeueTime": execution.last_requeue,
    }
    shown: Json = {"retryCount": execution.retries, "requeueCount": execution.requeues}
    shown |= {name: batch_time(moment) for name, moment in times.items() if moment is not None}
    rest = {"exitCode": execution.exit_code, "failureInfo": execution.failure, "result": execution.result}
    return shown | {name: value for name, value in rest.items() if value is not None}


def _show(base: str, task: Task) -> Json:
    shown: Json = {
        "id": task.id,
        "url": f"{base}/jobs/{task.job_id}/tasks/{task.id}",
        "eTag": task.etag,
        "creationTime": batch_time(task.created),
        "lastModified": batch_time(task.last_modified),
        "state": task.state,
        "stateTransitionTime": batch_time(task.since),
    }
    if task.previous is not None:
        shown |= {"previousState": task.previous[0], "previousStateTransitionTime": batch_time(task.previous[1])}
    shown |= task.settings
    shown["executionInfo"] = show_execution(task)
    if task.where is not None:
        pool_id, node_id = task.where
        node, folder = f"{base}/pools/{pool_id}/nodes/{node_id}", f"workitems/{task.job_id}/job-1/{task.id}"
        shown["nodeInfo"] = {
            "affinityId": f"TVM:{node_id}",
            "nodeUrl": node,
            "poolId": pool_id,
            "nodeId": node_id,
            "taskRootDirectory": folder,
            "taskRootDirectoryUrl": f"{node}/files/{folder}",
        }
    return shown


def _find(call: Call) -> tuple[Job, Task]:
    job = find_job(call)
    return job, call.world.tasks.get(job, call.params["task"])


def _create(call: Call) -> Response:
    job = find_job(call)
    task = call.world.tasks.add(find_account(call), job, call.body)
    location = f"{root(call)}/jobs/{job.id}/tasks/{task.id}"
    return Response(201, {**versioned_headers(call, task), "DataServiceId": location, "Location": location})


def _create_many(call: Call) -> Response:
    """Each task for itself: what is wrong with one does not keep the others out."""
    job, given = find_job(call), call.body["value"]
    if not 1 <= len(given) <= _MAX_ADDED:
        raise ServiceError(413, "RequestBodyTooLarge", "The size of the request body exceeds the maximum size permitted.")
    results = [_added(call, job, body) for body in given]
    return answer(200, {"odata.metadata": f"{root(call)}/$metadata#taskaddresult", "value": results}, common_headers(call))


def _added(call: Call, job: Job, body: Json) -> Json:
    try:
        check_request("batch.BatchTaskCreateOptions", body)
        task = call.world.tasks.add(find_account(call), job, body)
    except ServiceError as refused:
        return {"status": "clienterror", "taskId": str(body.get("id", "")), "error": error_body(call, refused)}
    return {
        "status": "success",
        "taskId": task.id,
        "eTag": task.etag,
        "lastModified": batch_time(task.last_modified),
        "location": f"{root(call)}/jobs/{job.id}/tasks/{task.id}",
    }


def _list(call: Call) -> Response:
    keep, select, base = parse_filter(call.request.query.get("$filter")), selection(call), root(call)
    shown = ((task.id.lower(), _show(base, task)) for task in call.world.tasks.after(find_job(call), start_after(call)))
    return page(call, "tasks", ((name, select(task)) for name, task in shown if keep(task)))


def _get(call: Call) -> Response:
    _, task = _find(call)
    return read(call, task, lambda: selection(call)(_show(root(call), task)), "tasks/@Element")


def _acting(act: Callable[[Call, Job, Task], None], status: int) -> Callable[[Call], Response]:
    def handle(call: Call) -> Response:
        job, task = _find(call)
        check_conditions(call, task)
        act(call, job, task)
        return Response(status, versioned_headers(call, task))

    return handle


_put = _acting(lambda call, _job, task: call.world.tasks.change(task, call.body), 200)
_terminate = _acting(lambda call, job, task: call.world.tasks.terminate(find_account(call), job, task), 204)
_reactivate = _acting(lambda call, job, task: call.world.tasks.reactivate(find_account(call), job, task), 204)


def _delete(call: Call) -> Response:
    job, task = _find(call)
    check_conditions(call, task)
    call.world.tasks.delete(find_account(call), job, task)
    return Response(200, common_headers(call))


_TASKS = "/batch/{account}/jobs/{job}/tasks"
_TASK = f"{_TASKS}/{{task}}"

ROUTES = (
    Route("POST", _TASKS, "Tasks_Create", _create, schema="batch.BatchTaskCreateOptions"),
    Route(
        "POST",
        "/batch/{account}/jobs/{job}/addtaskcollection",
        "Tasks_CreateCollection",
        _create_many,
        schema="batch.BatchTaskGroup",
        shows="batch.BatchTaskCreateResult",
    ),
    Route("GET", _TASKS, "Tasks_List", _list, shows="batch.BatchTask"),
    Route("GET", _TASK, "Tasks_Get", _get, shows="batch.BatchTask"),
    # The clients send the whole resource, without its read-only members.
    Route("PUT", _TASK, "Tasks_Replace", _put, schema="batch.BatchTask"),
    Route("POST", f"{_TASK}/terminate", "Tasks_Terminate", _terminate),
    Route("POST", f"{_TASK}/reactivate", "Tasks_Reactivate", _reactivate),
    Route("DELETE", _TASK, "Tasks_Delete", _delete),
)
