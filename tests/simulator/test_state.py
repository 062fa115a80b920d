"""A world in a file ends as one that was never stopped."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import requests
from azure.storage.blob.aio import BlobServiceClient
from hypothesis import given, settings
from hypothesis import strategies as st

from azuresim import (
    Application,
    BumpETag,
    FailNode,
    FailOperation,
    FailReplication,
    FaultRule,
    ManualClock,
    NoCapacity,
    Request,
    Response,
    StickOperation,
    World,
)
from azuresim.admin import Admin
from azuresim.clock import Pace
from azuresim.fault_actions import FailCopy
from azuresim.revival import revive
from azuresim.state import StateError, StateFile, new_world, same_document
from azuresim.transport import SimulatorTransport
from simulator import machines
from simulator.cloud import BATCH, DEFINITION, GALLERY, GROUP, STORAGE, pool_json, version_body
from simulator.running import SIMULATOR, Running, serving
from simulator.world_projection import projection

MANUAL = Pace.parse("manual")
SEED = {
    "storageAccounts": [{"id": STORAGE, "location": "westus"}],
    "vhds": [{"account": "vhds", "container": "images", "blob": "os.vhd", "sizeMiB": 8192}],
    "batchAccounts": [{"id": BATCH, "location": "westus", "dedicatedCoreQuota": 12}],
    "definitions": [{"id": DEFINITION, "location": "westus"}],
    "versions": [{"id": f"{DEFINITION}/versions/0.0.1", "regions": ["westus"]}],
}
IMAGE = f"{DEFINITION}/versions/0.0.1"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
MACHINE = machines.MACHINE
SCRIPT = {"location": "westus", "properties": {"source": {"script": "sleep 20; echo done"}}}
ACTION = {"commandId": "RunShellScript", "script": ["sleep 20"]}
EMPTY_DISK = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
COPY = {"location": "westus", "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/d"}}}
ACCOUNT = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


class Kept:
    """A world in a file, asked directly."""

    def __init__(self, path: Path, document: Any = SEED) -> None:
        self.file = StateFile(path)
        self.app = Application(new_world(self.file, MANUAL))
        self.repeated = revive(self.app, self.file, document if self.file.is_empty() else None, MANUAL)
        self.admin = Admin(self.app)

    @property
    def clock(self) -> ManualClock:
        clock = self.app.world.clock
        assert isinstance(clock, ManualClock)
        return clock

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        length = {"content-length": str(len(data))} if data else {}
        given = {"authorization": "Bearer secret-token", "content-type": "application/json", **length, **sent}
        return self.app.handle(Request(method, f"{self.app.world.base_url}{path}", given, data))

    def order(self, path: str, body: Any) -> Any:
        answer = self.admin.handle(Request("POST", f"{self.app.world.base_url}/_sim/{path}", {}, json.dumps(body).encode()))
        return answer.json()


@contextmanager
def kept(path: Path) -> Iterator[Kept]:
    world = Kept(path)
    try:
        yield world
    finally:
        world.file.close()


def arm(path: str, version: str = "2026-03-03") -> str:
    return f"{path}?api-version={version}"


def batch(path: str) -> str:
    return f"/batch/acct{path}?api-version=2025-06-01"


def _pool(name: str) -> Callable[[Kept], object]:
    body = pool_json(name, image=IMAGE, targetDedicatedNodes=2, targetLowPriorityNodes=1)
    return lambda world: world.ask("POST", batch("/pools"), body)


def _version(name: str, *regions: str) -> Callable[[Kept], object]:
    profile = {"publishingProfile": {"targetRegions": [{"name": region} for region in regions]}}
    return lambda world: world.ask("PUT", arm(f"{DEFINITION}/versions/{name}"), version_body(**profile))


def _fault(rule: FaultRule) -> Callable[[Kept], object]:
    return lambda world: world.app.faults.add(rule)


RULES: dict[str, Callable[[Kept], object]] = {
    "another writer": _fault(FaultRule(action=BumpETag(), path="pools/p")),
    "failing replication": _fault(FaultRule(action=FailReplication(region="eastus"))),
    "failing operation": _fault(FaultRule(action=FailOperation(code="Broken"), method="PUT", path="versions")),
    "any failing operation": _fault(FaultRule(action=FailOperation(code="Broken"))),
    "an operation that is stuck": _fault(FaultRule(action=StickOperation())),
    "failing copy": _fault(FaultRule(action=FailCopy())),
    "no capacity": _fault(FaultRule(action=NoCapacity())),
    "failing nodes": _fault(FaultRule(action=FailNode(), probability=0.5, count=None)),
}
STEPS: dict[str, Callable[[Kept], object]] = {
    "pool p": _pool("p"),
    "pool q": _pool("q"),
    "resize p": lambda world: world.ask("POST", batch("/pools/p/resize"), {"targetDedicatedNodes": 3}),
    "stop p": lambda world: world.ask("POST", batch("/pools/p/stopresize")),
    "describe p": lambda world: world.ask("PATCH", batch("/pools/p"), {"metadata": [{"name": "a", "value": "b"}]}),
    "delete q": lambda world: world.ask("DELETE", batch("/pools/q")),
    "read p": lambda world: world.ask("GET", batch("/pools/p")),
    "count nodes": lambda world: world.ask("GET", batch("/nodecounts")),
    "nonsense": lambda world: world.ask("POST", batch("/pools"), {"id": "r"}),
    "version 1": _version("1.0.0", "westus"),
    "version 2": _version("2.0.0", "westus", "eastus"),
    "delete version 1": lambda world: world.ask("DELETE", arm(f"{DEFINITION}/versions/1.0.0")),
    "tag the gallery": lambda world: world.ask("PUT", arm(GALLERY), {"location": "westus", "tags": {"a": "b"}}),
    "write a page": lambda world: world.ask(
        "PUT", "/blob/vhds/images/os.vhd?comp=page", b"\7" * 512, x_ms_page_write="update", x_ms_range="bytes=0-511"
    ),
    "machine": lambda world: world.ask("PUT", arm(MACHINE, "2024-07-01"), machines.body()),
    "run command": lambda world: world.ask("PUT", arm(f"{MACHINE}/runCommands/r", "2024-07-01"), SCRIPT),
    "run an action": lambda world: world.ask("POST", arm(f"{MACHINE}/runCommand", "2024-07-01"), ACTION),
    "deallocate the machine": lambda world: world.ask("POST", arm(f"{MACHINE}/deallocate", "2024-07-01")),
    "delete the machine": lambda world: world.ask("DELETE", arm(MACHINE, "2024-07-01")),
    "disk": lambda world: world.ask("PUT", arm(f"{COMPUTE}/disks/d", "2023-10-02"), EMPTY_DISK),
    "snapshot": lambda world: world.ask("PUT", arm(f"{COMPUTE}/snapshots/s", "2023-10-02"), COPY),
    "other gallery": lambda world: world.ask("PUT", arm(f"{COMPUTE}/galleries/other"), {"location": "westus"}),
    "delete the other gallery": lambda world: world.ask("DELETE", arm(f"{COMPUTE}/galleries/other")),
    "storage account": lambda world: world.ask("PUT", arm(f"{STORAGE}2", "2024-01-01"), ACCOUNT),
    "copy a blob": lambda world: world.ask(
        "PUT", "/blob/vhds/images/copy.vhd", x_ms_copy_source=f"{world.app.world.base_url}/blob/vhds/images/os.vhd"
    ),
    "batch account": lambda world: world.ask("PUT", arm(f"{BATCH}2", "2024-07-01"), {"location": "westus"}),
    "delete the batch account": lambda world: world.ask("DELETE", arm(f"{BATCH}2", "2024-07-01")),
    "lose a node": lambda world: world.order("nodes", {"account": "acct", "pool": "p", "action": "lose"}),
    "preempt a node": lambda world: world.order("nodes", {"account": "acct", "pool": "p", "action": "preempt"}),
    "a moment": lambda world: world.order("advance", {"seconds": 7.3}),
    "a while": lambda world: world.order("advance", {"seconds": 211}),
    "to the next event": lambda world: world.order("advance", {"toNextEvent": True}),
    **RULES,
}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.booleans()), max_size=25))
def test_a_world_that_was_stopped_at_any_time_is_the_same_as_before(steps: list[tuple[str, bool]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        world = Kept(path)
        for name, stops in steps:
            STEPS[name](world)
            if stops:
                world.app.faults.clear()
                before, now = projection(world.app.world), world.clock.now()
                world.file.close()
                world = Kept(path)
                assert world.clock.now() == now
                assert projection(world.app.world) == before
        world.order("advance", {"seconds": 4000})
        before = projection(world.app.world)
        world.file.close()
        with kept(path) as again:
            assert projection(again.app.world) == before


def test_every_step_does_something_somewhere(tmp_path: Path) -> None:
    """Or the property above would prove little."""
    done = set()
    with kept(tmp_path / "s") as world:
        for pause in (0, 100):
            for name in (name for name in STEPS if name not in RULES):
                answer = STEPS[name](world)
                world.order("advance", {"seconds": pause})
                if not isinstance(answer, Response) or answer.status < 400:
                    done.add(name)
    assert STEPS.keys() - RULES - done == {"nonsense"}


def test_a_failure_that_a_rule_caused_outlives_the_rule(tmp_path: Path) -> None:
    with kept(tmp_path / "s") as world:
        STEPS["failing replication"](world)
        STEPS["version 2"](world)
        world.order("advance", {"seconds": 3000})
    with kept(tmp_path / "s") as world:
        assert len(world.app.faults) == 0
        shown = world.ask("GET", arm(f"{DEFINITION}/versions/2.0.0")).json()
        assert shown["properties"]["provisioningState"] == "Failed"


def test_reads_and_refusals_are_not_kept_and_secrets_neither(tmp_path: Path) -> None:
    with kept(tmp_path / "s") as world:
        for name in ("read p", "count nodes", "nonsense", "pool p", "pool p"):
            STEPS[name](world)
        inputs = list(world.file.inputs())
    assert [item.kind for item in inputs] == ["seed", "request"]
    assert inputs[1].detail["headers"].keys() == {"authorization", "content-type", "content-length"}
    assert inputs[1].detail["headers"]["authorization"] == "Bearer redacted"
    assert b"secret-token" not in (tmp_path / "s").read_bytes()


async def test_a_write_that_was_signed_is_done_again_without_the_signature(tmp_path: Path) -> None:
    with kept(tmp_path / "s") as world:
        keys = world.ask("POST", f"{STORAGE}/listKeys?api-version=2024-01-01").json()["keys"]
        credential = {"account_name": "vhds", "account_key": keys[0]["value"]}
        address = f"{world.app.world.base_url}/blob/vhds"
        async with BlobServiceClient(address, credential, transport=SimulatorTransport(world.app), retry_total=0) as blobs:
            await blobs.get_blob_client("images", "signed").upload_blob(b"x" * 512, blob_type="PageBlob")
            lease = await blobs.get_blob_client("images", "signed").acquire_lease()
        before = projection(world.app.world)
    with kept(tmp_path / "s") as world:
        assert projection(world.app.world) == before
        assert lease.id in json.dumps(before, default=str)
    assert keys[0]["value"].encode() not in (tmp_path / "s").read_bytes()


def test_what_is_kept_is_on_disk_before_the_answer(tmp_path: Path) -> None:
    with kept(tmp_path / "s") as world:
        STEPS["pool p"](world)
        # Without closing: the journal of the database holds it.
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b'"id": "p"' in written


def test_one_world_has_one_simulator(tmp_path: Path) -> None:
    with kept(tmp_path / "s"), pytest.raises(StateError, match="in use by another process"):
        StateFile(tmp_path / "s")


def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("not a database, but a text that is long enough to look at" * 100)
    with pytest.raises(StateError, match="no state file of azuresim"):
        StateFile(tmp_path / "s")


def test_a_file_of_another_format(tmp_path: Path) -> None:
    StateFile(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s") as database:
        database.execute("UPDATE facts SET value = '99'")
    database.close()
    with pytest.raises(StateError, match="format 99"):
        StateFile(tmp_path / "s")


def test_another_document_and_another_address_are_refused(tmp_path: Path) -> None:
    with kept(tmp_path / "s") as world:
        same_document(world.file, SEED)
        same_document(world.file, None)
        with pytest.raises(StateError, match="another world document"):
            same_document(world.file, {})
    file = StateFile(tmp_path / "s")
    world_elsewhere = new_world(file, MANUAL)
    world_elsewhere.base_url = "https://127.0.0.1:1"
    with pytest.raises(StateError, match="same --host and --port"):
        revive(Application(world_elsewhere), file, None, MANUAL)
    file.close()


@pytest.mark.parametrize(
    ("there", "then", "why"),
    [("/pools", "/ponds", "ponds"), ('"status":201', '"status":200', "is answered with 201, it was 200")],
)
def test_what_this_version_cannot_do_again_is_named(tmp_path: Path, there: str, then: str, why: str) -> None:
    with kept(tmp_path / "s") as world:
        STEPS["pool p"](world)
    with sqlite3.connect(tmp_path / "s") as database:
        database.execute("UPDATE inputs SET detail = replace(detail, ?, ?) WHERE kind = 'request'", (there, then))
    database.close()
    file = StateFile(tmp_path / "s")
    with pytest.raises(StateError, match=f"Input 2 of the state cannot be done again .*{why}"):
        revive(Application(new_world(file, MANUAL)), file, None, MANUAL)
    file.close()


@pytest.mark.parametrize(("before", "after"), [("real", "real"), ("scaled:60", "scaled:60"), ("scaled:3600", "real"), ("real", "scaled:2")])
def test_a_clock_that_runs_has_not_gone_back(tmp_path: Path, before: str, after: str) -> None:
    file = StateFile(tmp_path / "s")
    application = Application(new_world(file, Pace.parse(before)))
    revive(application, file, SEED, Pace.parse(before))
    seen = application.world.settle()
    file.close()
    file = StateFile(tmp_path / "s")
    application = Application(new_world(file, Pace.parse(after)))
    revive(application, file, None, Pace.parse(after))
    assert application.world.settle() >= seen
    file.close()


@contextmanager
def process(folder: Path, *options: str) -> Iterator[Callable[..., Any]]:
    """A simulator that is killed at the end, as by the kernel."""
    with serving(folder, "--clock", "manual", "--state", "state.db", *options, ends=signal.SIGKILL) as running:
        yield running.ask


def story(folder: Path, stops: bool) -> tuple[Any, Any]:  # named by the test
    """A version replicates and a pool grows; the simulator is killed in the middle of both, or not."""
    (folder / "world.json").write_text(json.dumps(SEED))
    profile = {"targetRegions": [{"name": "westus"}, {"name": "eastus"}]}
    source = {"storageAccountId": STORAGE, "uri": ""}
    begin = ["--world", "world.json"]

    def first(ask: Callable[..., Any], url: str) -> None:
        body = version_body(publishingProfile=profile, storageProfile={"osDiskImage": {"source": {**source, "uri": url}}})
        ask("PUT", arm(f"{DEFINITION}/versions/1.0.0"), body)
        ask("POST", "/_sim/advance", {"seconds": 600})
        ask("POST", batch("/pools"), pool_json("p", image=IMAGE, targetDedicatedNodes=3))
        ask("POST", "/_sim/advance", {"seconds": 25})

    def second(ask: Callable[..., Any]) -> tuple[Any, Any]:
        middle = ask("GET", arm(f"{DEFINITION}/versions/1.0.0") + "&$expand=ReplicationStatus")["properties"]
        assert (middle["provisioningState"], middle["replicationStatus"]["aggregatedState"]) == ("Creating", "InProgress")
        assert [node["state"] for node in ask("GET", batch("/pools/p/nodes"))["value"]] == ["creating"] * 3
        ask("POST", "/_sim/advance", {"seconds": 1000})
        nodes = ask("GET", batch("/pools/p/nodes"))["value"]
        version = ask("GET", arm(f"{DEFINITION}/versions/1.0.0") + "&$expand=ReplicationStatus")["properties"]
        assert version["provisioningState"] == "Succeeded"
        return [(node["id"], node["state"]) for node in nodes], version["replicationStatus"]

    def url_of(ask: Callable[..., Any]) -> str:
        account = ask("GET", f"{STORAGE}?api-version=2024-01-01")
        return f"{account['properties']['primaryEndpoints']['blob']}images/os.vhd"

    with process(folder, *begin) as ask:
        first(ask, url_of(ask))
        if not stops:
            return second(ask)
    with process(folder) as ask:
        return second(ask)


def test_killed_in_the_middle_of_a_replication_and_a_resize(tmp_path: Path) -> None:
    (tmp_path / "killed").mkdir()
    (tmp_path / "spared").mkdir()
    assert story(tmp_path / "killed", stops=True) == story(tmp_path / "spared", stops=False)


def test_a_world_without_a_file_is_kept_nowhere() -> None:
    application = Application(World())
    assert revive(application, None, SEED, MANUAL) == 0
    assert application.kept is None


def test_a_full_disk_ends_the_simulator_and_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    """The shell limits the size of files, in blocks of 512 bytes, instead of filling a disk."""
    (tmp_path / "world.json").write_text(json.dumps(SEED))
    limited = 'ulimit -f 1000; exec "$@"'
    options = ["--dir", "certificates", "--clock", "manual", "--state", "state.db", "--world", "world.json"]
    serve = [sys.executable, "-m", "azuresim", "serve", *options]
    environment = {"PYTHONPATH": str(SIMULATOR), "PYTHONDONTWRITEBYTECODE": "1"}
    galleries, answered = f"{COMPUTE}/galleries", 0
    with subprocess.Popen(  # noqa: S603  # our own program
        ["/bin/sh", "-c", limited, "sh", *serve], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as limited_one:
        assert limited_one.stdout is not None
        line = json.loads(limited_one.stdout.readline())
        running = Running(line["url"], line["ca"], tmp_path, {})
        with suppress(requests.ConnectionError):
            for number in range(1000):
                running.ask("PUT", arm(f"{galleries}/g{number}"), {"location": "westus", "properties": {"description": "x" * 10_000}})
                answered = number + 1
        _out, said = limited_one.communicate(timeout=10)
    assert limited_one.returncode == 1
    assert "can no longer be written" in said
    assert "Traceback" not in said
    with process(tmp_path) as ask:
        there = ask("GET", arm(galleries))["value"]
    # One more is that of the document.
    assert 10 < len(there) - 1 == answered < 1000
