"""Jobs and tasks as the service stores them: defaults filled in, as recorded in 2023."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.core.errors import invalid_property
from azuresim.core.iso_duration import parse_duration
from azuresim.core.pool_settings import required, stored_settings, without_nulls

Json = dict[str, Any]
# .NET's longest time span: no limit.
ENDLESS = "P10675199DT2H48M5.4775807S"
_PRIORITY = 1000
_USER = {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}}
# What PATCH and PUT may change: azure-batch, BatchJobUpdateOptions.
CHANGEABLE = (
    "priority",
    "maxParallelTasks",
    "allowTaskPreemption",
    "onAllTasksComplete",
    "constraints",
    "poolInfo",
    "metadata",
    "networkConfiguration",
)


def stored_job(given: Mapping[str, Any]) -> Json:
    """A new job's members."""
    stored: Json = {
        "priority": 0,
        "maxParallelTasks": -1,
        "usesTaskDependencies": False,
        "allowTaskPreemption": False,
        "onAllTasksComplete": "noaction",
        "onTaskFailure": "noaction",
        **{name: value for name, value in without_nulls(given).items() if value != []},
    }
    stored.pop("id", None)
    if not -_PRIORITY <= stored["priority"] <= _PRIORITY:
        raise invalid_property("priority", f"The value must be between -{_PRIORITY} and {_PRIORITY}.", value=str(stored["priority"]))
    stored["constraints"] = {"maxWallClockTime": ENDLESS, "maxTaskRetryCount": 0, **stored.get("constraints", {})}
    _check_duration(stored["constraints"]["maxWallClockTime"])
    stored["poolInfo"] = _pool_info(stored["poolInfo"])
    if "jobPreparationTask" in stored:
        task = {"id": "jobpreparation", "userIdentity": _USER, "waitForSuccess": True, "rerunOnNodeRebootAfterSuccess": True}
        stored["jobPreparationTask"] = {
            **task,
            **stored["jobPreparationTask"],
            "constraints": _constraints(stored["jobPreparationTask"], 0),
        }
    if "jobReleaseTask" in stored:
        task = {"id": "jobrelease", "maxWallClockTime": "PT15M", "retentionTime": "P7D", "userIdentity": _USER}
        stored["jobReleaseTask"] = {**task, **stored["jobReleaseTask"]}
    if "jobManagerTask" in stored:
        task = {"killJobOnCompletion": True, "runExclusive": True, "requiredSlots": 1, "userIdentity": _USER, "allowLowPriorityNode": True}
        stored["jobManagerTask"] = {**task, **stored["jobManagerTask"], "constraints": _constraints(stored["jobManagerTask"], 0)}
    return stored


def changed_settings(present: Json, given: Mapping[str, Any], *, whole: bool) -> Json:
    """A job's members after a PATCH, or after a PUT when ``whole``."""
    if whole:
        required(given, "poolInfo")
    kept = {name: value for name, value in present.items() if not whole or name not in CHANGEABLE}
    wanted = {name: given[name] for name in CHANGEABLE if given.get(name) is not None}
    return stored_job({**kept, **wanted})


def stored_task(given: Mapping[str, Any], job: Json) -> Json:
    """A new task's members; a retry count left out is the job's."""
    required(given, "id", "commandLine")
    stored = {name: value for name, value in without_nulls(given).items() if value != [] and name != "id"}
    retries: int = job["constraints"]["maxTaskRetryCount"]
    return {
        "userIdentity": _USER,
        "requiredSlots": 1,
        **stored,
        "constraints": _constraints(stored, retries),
    }


def _constraints(given: Mapping[str, Any], retries: int) -> Json:
    limits: Json = {"maxWallClockTime": ENDLESS, "retentionTime": "P7D", "maxTaskRetryCount": retries, **given.get("constraints", {})}
    _check_duration(limits["maxWallClockTime"])
    _check_duration(limits["retentionTime"])
    return limits


def _check_duration(text: str) -> None:
    if text != ENDLESS and parse_duration(text) is None:
        raise invalid_property("constraints", "The value is no duration.", value=text)


def _pool_info(given: Json) -> Json:
    """Exactly one of an existing pool's id and the description of a pool to be made."""
    automatic = given.get("autoPoolSpecification")
    if (automatic is None) == (given.get("poolId") is None):
        raise invalid_property("poolInfo", "Exactly one of poolId and autoPoolSpecification must be specified.")
    if automatic is None or automatic.get("pool") is None:
        return given
    sizes = {"resizeTimeout": "PT15M", "targetDedicatedNodes": 0, "targetLowPriorityNodes": 0, "enableAutoScale": False}
    described = automatic["pool"]
    if described.get("enableAutoScale"):
        sizes = {}
    return {"autoPoolSpecification": {"keepAlive": False, **automatic, "pool": {**sizes, **described, **stored_settings(described)}}}
