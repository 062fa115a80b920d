"""Steps that tests of the Batch data plane share."""

from __future__ import annotations

from typing import Any

import pytest
from azure.batch.models import BatchJobCreateOptions, BatchPoolInfo, BatchTaskCreateOptions
from azure.core.exceptions import HttpResponseError

from simulator import machines as vm
from simulator.cloud import DEFINITION, GROUP, Cloud, pool_options, version_body

DETACHED_DEPROVISION = "systemd-run --on-active=10 /bin/sh -c 'waagent -deprovision+user -force && sync && poweroff'"


async def refused(call: Any) -> tuple[int | None, str | None, dict[str, str]]:
    """Status, code and the details of a refusal."""
    with pytest.raises(HttpResponseError) as caught:
        await call
    model = caught.value.model
    details = {v.key: v.value for v in (model.error_values or ())} if model is not None else {}
    return caught.value.status_code, caught.value.error.code if caught.value.error else None, details


async def grown(cloud: Cloud, dedicated: int = 0, low_priority: int = 0, *, wait: float = 60, **options: Any) -> Any:
    """A pool as it is ``wait`` seconds after its creation."""
    options = {"target_dedicated_nodes": dedicated, "target_low_priority_nodes": low_priority, **options}
    await cloud.batch.create_pool(pool_options(**options))
    cloud.clock.advance(wait)
    return await cloud.batch.get_pool("p")


async def job_with(cloud: Cloud, *command_lines: str, job: str = "j", **options: Any) -> None:
    """A job on the pool `p` with a task for each command line: t0, t1, ..."""
    await cloud.batch.create_job(BatchJobCreateOptions(id=job, pool_info=BatchPoolInfo(pool_id="p"), **options))
    for number, line in enumerate(command_lines):
        await cloud.batch.create_task(job, BatchTaskCreateOptions(id=f"t{number}", command_line=line))


async def version_of_machine(cloud: Cloud, *, deprovisioned: bool, **machine: Any) -> str:
    """A version of the OS disk of a machine, by way of a snapshot, as its user makes it; its id."""
    compute = cloud.compute
    made = await vm.made(cloud, **machine)
    if deprovisioned:
        script = {"commandId": "RunShellScript", "script": [DETACHED_DEPROVISION]}
        await compute.virtual_machines.begin_run_command("rg", "vm", script, polling=False)
        cloud.clock.advance(120)
    await vm.stopped(cloud)
    source = {"location": "westus", "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": str(made.os_disk.id)}}}
    await compute.snapshots.begin_create_or_update("rg", "s", source, polling=False)
    cloud.clock.advance(60)
    body = version_body(storageProfile={"osDiskImage": {"source": {"id": f"{GROUP}/providers/Microsoft.Compute/snapshots/s"}}})
    await compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", body, polling=False)
    cloud.clock.advance(1000)
    return f"{DEFINITION}/versions/1.0.0"


async def states(cloud: Cloud) -> list[str]:
    """The states of the nodes of `p`, in order."""
    return sorted([n["state"] async for n in cloud.batch.list_nodes("p")])


async def task_states(cloud: Cloud, job: str = "j") -> list[str]:
    """The states of the job's tasks, by id."""
    return [t["state"] async for t in cloud.batch.list_tasks(job)]


def errors(pool: Any) -> list[str]:
    """The codes of its resize errors."""
    return [error.code for error in pool.resize_errors or ()]
