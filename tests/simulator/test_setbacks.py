"""Operations of every family that are stuck or fail by a rule."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from azuresim import FailOperation, FaultRule, StickOperation
from azuresim.fault_actions import Setback
from simulator import machines
from simulator.cloud import API, DEFINITION, GALLERY, GROUP, STORAGE, VHD, Cloud, version_body

COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
DISK = f"{COMPUTE}/disks/d"
COMMAND = f"{machines.MACHINE}/runCommands/r"
VERSION = f"{DEFINITION}/versions/1.0.0"
EMPTY = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
SCRIPT = {"location": "westus", "properties": {"source": {"script": "echo"}}}
SYSTEM = {"osType": "Linux", "osState": "Generalized", "blobUri": VHD}
IMAGE = {"location": "westus", "properties": {"hyperVGeneration": "V2", "storageProfile": {"osDisk": SYSTEM}}}
ACCOUNT = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
AN_HOUR = 3600
Prepared = Callable[[Cloud], Awaitable[Any]]


async def nothing(_cloud: Cloud) -> None:
    """What there is from the beginning will do."""


async def disk(cloud: Cloud) -> None:
    ask(cloud, "PUT", DISK, EMPTY)
    cloud.clock.advance(5)


async def command(cloud: Cloud) -> None:
    await machines.made(cloud)
    ask(cloud, "PUT", COMMAND, SCRIPT)
    cloud.clock.advance(60)


async def definition(cloud: Cloud) -> None:
    cloud.world.add_definition(DEFINITION, location="westus")


async def version(cloud: Cloud) -> None:
    cloud.image()


def ask(cloud: Cloud, method: str, path: str, body: Any = None) -> Any:
    return cloud.ask(method, f"{path}?{API}", b"" if body is None else json.dumps(body).encode())


def state(cloud: Cloud, path: str) -> str | None:
    """Of an ARM resource; None when it is gone."""
    answer = ask(cloud, "GET", path)
    return None if answer.status == 404 else str(answer.json()["properties"]["provisioningState"])


def outcome(cloud: Cloud, begun: Any) -> str | None:
    """What the address of an operation says came out: a code, Succeeded, or None while it goes on."""
    headers = {name.lower(): value for name, value in begun.headers.items()}
    address = headers.get("azure-asyncoperation") or headers["location"]
    answer = cloud.ask("GET", address.removeprefix("https://azuresim.test"))
    if answer.status == 202:
        return None
    shown = answer.json() if answer.body else {}
    if "error" in shown:
        return str(shown["error"]["code"])
    return None if shown.get("status") == "InProgress" else "Succeeded"


def going_on(method: str, path: str) -> str:
    """The state of what is being written."""
    if method == "DELETE":
        return "Deleting"
    return "Updating" if path == DISK else "Creating"


WRITES = [
    pytest.param(nothing, "PUT", machines.MACHINE, machines.body(), id="machine"),
    pytest.param(machines.made, "DELETE", machines.MACHINE, None, id="machine deleted"),
    pytest.param(machines.made, "PUT", COMMAND, SCRIPT, id="run command"),
    pytest.param(command, "DELETE", COMMAND, None, id="run command deleted"),
    pytest.param(nothing, "PUT", DISK, EMPTY, id="disk"),
    pytest.param(disk, "DELETE", DISK, None, id="disk deleted"),
    pytest.param(nothing, "PUT", f"{COMPUTE}/images/i", IMAGE, id="managed image"),
    pytest.param(nothing, "PUT", GALLERY, {"location": "westus"}, id="gallery"),
    pytest.param(definition, "DELETE", DEFINITION, None, id="definition deleted"),
    pytest.param(definition, "PUT", VERSION, version_body(), id="version"),
    pytest.param(version, "DELETE", VERSION, None, id="version deleted"),
    pytest.param(nothing, "PUT", f"{STORAGE}2", ACCOUNT, id="storage account"),
    pytest.param(nothing, "DELETE", GROUP, None, id="group deleted"),
]


@pytest.mark.parametrize(("prepare", "method", "path", "body"), WRITES)
async def test_what_failed_shows_it_and_can_be_tried_again(cloud: Cloud, prepare: Prepared, method: str, path: str, body: Any) -> None:
    await prepare(cloud)
    cloud.app.faults.add(FaultRule(action=FailOperation(code="Broken"), method=method))
    begun = ask(cloud, method, path, body)
    assert (state(cloud, path), outcome(cloud, begun)) == (going_on(method, path), None)
    cloud.clock.advance(AN_HOUR)
    assert (state(cloud, path), outcome(cloud, begun)) == ("Failed", "Broken")
    assert ask(cloud, method, path, body).status in {200, 201, 202}
    cloud.clock.advance(AN_HOUR)
    assert state(cloud, path) == (None if method == "DELETE" else "Succeeded")


@pytest.mark.parametrize(("prepare", "method", "path", "body"), WRITES)
async def test_what_is_stuck_goes_on_for_ever(cloud: Cloud, prepare: Prepared, method: str, path: str, body: Any) -> None:
    await prepare(cloud)
    cloud.app.faults.add(FaultRule(action=StickOperation(), method=method))
    begun = ask(cloud, method, path, body)
    cloud.clock.advance(24 * AN_HOUR)
    assert (state(cloud, path), outcome(cloud, begun)) == (going_on(method, path), None)


@pytest.mark.parametrize(
    ("prepare", "path", "body"),
    [
        pytest.param(
            machines.made, f"{machines.MACHINE}/runCommand", {"commandId": "RunShellScript", "script": ["echo"]}, id="run command"
        ),
        pytest.param(disk, f"{DISK}/beginGetAccess", {"access": "Read", "durationInSeconds": 300}, id="access to a disk"),
    ],
)
async def test_an_action_that_fails_leaves_its_resource_as_it_was(cloud: Cloud, prepare: Prepared, path: str, body: Any) -> None:
    await prepare(cloud)
    cloud.app.faults.add(FaultRule(action=FailOperation(code="Broken"), method="POST"))
    begun = ask(cloud, "POST", path, body)
    cloud.clock.advance(60)
    assert (state(cloud, path.rpartition("/")[0]), outcome(cloud, begun)) == ("Succeeded", "Broken")
    again = ask(cloud, "POST", path, body)
    cloud.clock.advance(60)
    assert outcome(cloud, again) == "Succeeded"


@pytest.mark.parametrize(("action", "status"), [(FailOperation(code="Broken", message="No."), "failed"), (StickOperation(), "pending")])
async def test_a_copy_that_fails_or_is_stuck(cloud: Cloud, action: Setback, status: str) -> None:
    cloud.world.add_storage_account(f"{STORAGE}2", location="westus")
    await cloud.blobs.get_container_client("copies").create_container()
    cloud.app.faults.add(FaultRule(action=action, service="blob", method="PUT"))
    blob = cloud.blobs.get_blob_client("copies", "os.vhd")
    await blob.start_copy_from_url(VHD)
    cloud.clock.advance(AN_HOUR)
    copy = (await blob.get_blob_properties()).copy
    assert copy.status == status
    assert copy.status_description == ('409 Broken "No."' if status == "failed" else None)
