"""The replay itself, on small recordings made with the simulator: each kind of deviation is noticed, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from azuresim import Application, ManualClock, Request, World
from azuresim.cli import main
from azuresim.replay import Deviation, Interaction, Scenario, load_scenario, play
from azuresim.replay.shapes import ShapeFinding, compare_shapes
from azuresim.replay.states import family, is_running, states
from azuresim.wire.timestamps import http_time
from simulator.cloud import BATCH, DEFINITION, GALLERY, SIZE, UBUNTU

GALLERIES = {"api-version": "2024-03-03"}
DISKS = {"api-version": "2023-10-02"}
ACCOUNTS = {"api-version": "2025-06-01"}
GALLERY_BODY = {"location": "westus", "tags": {"a": "b"}}
DEFINITION_BODY = {
    "location": "westus",
    "properties": {"osType": "Linux", "osState": "Generalized", "identifier": {"publisher": "p", "offer": "o", "sku": "s"}},
}
POOL_BODY = {
    "id": "p",
    "vmSize": SIZE,
    "virtualMachineConfiguration": {
        "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
        "nodeAgentSKUId": UBUNTU,
    },
}


class Recorder:
    """Another world, with other ids, whose traffic is recorded as if it were Azure's."""

    def __init__(self) -> None:
        self.clock = ManualClock(1_700_000_000)
        self.world = World(self.clock, seed=7, base_url="https://management.azure.com")
        self.world.add_resource_group(GALLERY.split("/")[2], "rg", "westus")
        self.world.add_batch_account(BATCH, location="westus")
        self.app = Application(self.world)
        self.interactions: list[Interaction] = []

    def call(self, method: str, path: str, body: Any = None, *, plane: Any = "arm", **query: str) -> dict[str, str]:
        """One call; the headers of its answer."""
        asked = {**(GALLERIES if "Microsoft.Compute" in path else ACCOUNTS), **query}
        root = "" if plane == "arm" else "/batch/acct"
        url = f"{self.world.base_url}{root}{path}?" + "&".join(f"{name}={value}" for name, value in asked.items())
        content = b"" if body is None else json.dumps(body).encode()
        got = self.app.handle(Request(method, url, {"authorization": "Bearer x", "content-type": "application/json"}, content))
        headers = {name.lower(): value for name, value in got.headers.items()} | {"date": http_time(self.clock.now())}
        self.interactions.append(
            Interaction(
                number=len(self.interactions),
                plane=plane,
                method=method,
                path=path,
                query=asked,
                request_body=body,
                status=got.status,
                response_headers=headers,
                response_body=got.json() if got.body else None,
            )
        )
        return headers

    def poll(self, url: str, after: float) -> None:
        self.clock.advance(after)
        self.call("GET", url.removeprefix(self.world.base_url).partition("?")[0])

    @property
    def scenario(self) -> Scenario:
        return Scenario(name="made-up", interactions=tuple(self.interactions))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def gallery(recorder: Recorder) -> Recorder:
    """A gallery made, its operation followed twice, and read back."""
    address = recorder.call("PUT", GALLERY, GALLERY_BODY)["azure-asyncoperation"]
    recorder.poll(address, 0)
    recorder.poll(address, 5)
    recorder.call("GET", GALLERY)
    return recorder


def altered(scenario: Scenario, number: int, **changes: Any) -> Scenario:
    interactions = list(scenario.interactions)
    interactions[number] = replace(interactions[number], **changes)
    return replace(scenario, interactions=tuple(interactions))


def found(scenario: Scenario) -> list[tuple[int, str, str]]:
    return [(d.interaction, d.kind, d.path) for d in play(scenario).deviations]


def test_what_the_simulator_itself_recorded_replays_without_a_deviation(gallery: Recorder) -> None:
    gallery.call("GET", f"{GALLERY}/images")
    gallery.call("PUT", DEFINITION, DEFINITION_BODY)
    gallery.clock.advance(3)
    gallery.call("GET", DEFINITION)
    gallery.call("DELETE", GALLERY)
    assert [i.status for i in gallery.interactions] == [201, 200, 200, 200, 200, 201, 200, 409]
    played = play(gallery.scenario)
    assert played.deviations == ()
    assert (played.interactions, played.deviating) == (8, 0)


def without(body: Any, *path: str) -> Any:
    head, *rest = path
    return {k: without(v, *rest) if k == head else v for k, v in body.items() if k != head or rest}


@pytest.mark.parametrize(
    ("number", "changes", "deviations"),
    [
        pytest.param(3, lambda _: {"status": 404}, [(3, "status", "")], id="status"),
        pytest.param(0, lambda _: {"response_headers": {}}, [(0, "header", "azure-asyncoperation")], id="no operation"),
        pytest.param(3, lambda _: {"response_headers": {"etag": '"0x1"'}}, [(3, "header", "etag")], id="an ETag"),
        pytest.param(
            0,
            lambda i: {"response_headers": {"azure-asyncoperation": i.response_headers["azure-asyncoperation"].replace("caps", "Disk")}},
            [(0, "header", "azure-asyncoperation")],
            id="another family of operations",
        ),
        pytest.param(
            3,
            lambda i: {"response_body": i.response_body | {"properties": i.response_body["properties"] | {"provisioningState": "Failed"}}},
            [(3, "state", "properties/provisioningState")],
            id="state of a resource",
        ),
        pytest.param(
            2, lambda i: {"response_body": i.response_body | {"status": "Failed"}}, [(2, "state", "status")], id="end of an operation"
        ),
        pytest.param(3, lambda i: {"response_body": i.response_body | {"etag": "x"}}, [(3, "missing", "etag")], id="a member more"),
        pytest.param(
            3,
            lambda i: {"response_body": without(i.response_body, "properties", "identifier", "uniqueName")},
            [(3, "extra", "properties/identifier/uniqueName")],
            id="a member less",
        ),
        pytest.param(3, lambda i: {"response_body": i.response_body | {"tags": "a=b"}}, [(3, "type", "tags")], id="another type"),
        pytest.param(
            3, lambda i: {"response_body": i.response_body | {"name": "other", "tags": "redacted"}}, [], id="another value, a redacted one"
        ),
    ],
)
def test_each_kind_of_deviation_is_noticed(
    gallery: Recorder, number: int, changes: Callable[[Interaction], dict[str, Any]], deviations: list[tuple[int, str, str]]
) -> None:
    scenario = gallery.scenario
    assert found(altered(scenario, number, **changes(scenario.interactions[number]))) == deviations


def test_another_code_of_an_error_is_noticed(gallery: Recorder) -> None:
    gallery.call("GET", f"{GALLERY}x")
    (seen,) = play(altered(gallery.scenario, 4, response_body={"error": {"code": "NotFound", "message": "m"}})).deviations
    assert str(seen) == "#4 Galleries_Get: code code: expected NotFound, got ResourceNotFound"


def test_a_call_the_simulator_does_not_know_is_named_by_its_path() -> None:
    path = GALLERY.replace("galleries/gal", "sshPublicKeys/key")
    unknown = Interaction(number=0, plane="arm", method="GET", path=path, query=GALLERIES, status=200)
    (seen,) = play(Scenario(name="x", interactions=(unknown,))).deviations
    assert (seen.operation, seen.kind, seen.got) == ("GET sshPublicKeys", "status", "404 InvalidResourceType")


@pytest.mark.parametrize("took", [0.4, 60.0, 2000.0])
def test_an_operation_may_take_another_time_but_not_another_course(recorder: Recorder, took: float) -> None:
    address = recorder.call("PUT", GALLERY, GALLERY_BODY)["azure-asyncoperation"]
    # The simulated gallery takes 0.3 s; this one is recorded as running all the while.
    running = {"startTime": "x", "status": "InProgress", "name": "x"}
    for _ in range(3):
        recorder.poll(address, took / 3)
        last = recorder.interactions[-1]
        recorder.interactions[-1] = replace(last, response_body=running)
    recorder.poll(address, 1)
    recorder.call("GET", GALLERY)
    assert found(recorder.scenario) == []


def test_an_operation_recorded_as_over_sooner_than_the_simulators_is_waited_for(recorder: Recorder) -> None:
    recorder.world.add_gallery(GALLERY, location="westus")
    recorder.world.add_definition(DEFINITION, location="westus")
    recorder.world.add_version(f"{DEFINITION}/versions/1.0.0", regions=("westus",))
    recorder.call("GET", f"{DEFINITION}/versions/1.0.0")
    address = recorder.call("DELETE", f"{DEFINITION}/versions/1.0.0")["azure-asyncoperation"]
    recorder.poll(address, 500)
    late = recorder.interactions[-1]
    # The recorded service was done after a second; 123 are usual.
    moved = {**late.response_headers, "date": http_time(recorder.clock.now() - 499)}
    recorder.interactions[-1] = replace(late, response_headers=moved)
    assert found(recorder.scenario) == []


def test_what_a_scenario_presupposes_is_there_with_its_parents(recorder: Recorder) -> None:
    recorder.world.add_definition(DEFINITION, location="westus", tags={"x": "y"}, architecture="Arm64")
    recorder.world.add_version(f"{DEFINITION}/versions/1.0.0", regions=("westus", "eastus"))
    recorder.call("GET", f"{DEFINITION}/versions")
    recorder.call("GET", DEFINITION)
    recorder.call("DELETE", f"{DEFINITION}/versions/1.0.0")
    recorder.call("GET", BATCH)
    assert [i.status for i in recorder.interactions] == [200, 200, 202, 200]
    assert found(recorder.scenario) == []


def test_a_probe_for_what_is_not_there_finds_nothing_although_it_comes_later(recorder: Recorder) -> None:
    recorder.call("GET", GALLERY)
    recorder.call("GET", GALLERY.rpartition("/")[0])
    recorder.world.add_gallery(GALLERY, location="westus")
    recorder.call("GET", GALLERY)
    recorder.call("GET", GALLERY.rpartition("/")[0])
    assert [i.status for i in recorder.interactions] == [404, 200, 200, 200]
    assert found(recorder.scenario) == []


def test_what_the_scenario_deleted_is_not_put_back(gallery: Recorder) -> None:
    gallery.call("DELETE", GALLERY)
    gallery.clock.advance(5)
    shown = gallery.interactions[3].response_body
    later = {"date": http_time(gallery.clock.now())}
    gallery.interactions.append(replace(gallery.interactions[3], number=5, response_headers=later, response_body=shown))
    assert found(gallery.scenario) == [(5, "status", "")]


def test_an_operation_whose_beginning_was_not_recorded() -> None:
    output = {
        "name": "d",
        "id": f"{GALLERY.replace('galleries/gal', 'diskEncryptionSets/d')}",
        "properties": {"provisioningState": "Succeeded"},
    }
    body = {"startTime": "x", "endTime": "y", "status": "Succeeded", "properties": {"output": output}, "name": "n"}
    path = f"/subscriptions/{GALLERY.split('/')[2]}/providers/Microsoft.Compute/locations/westus/DiskOperations/0-1"
    poll = Interaction(number=0, plane="arm", method="GET", path=path, query=DISKS, status=200, response_body=body)
    assert found(Scenario(name="x", interactions=(poll,))) == []


def test_the_data_plane_uses_the_account_of_the_recording_and_its_etags(recorder: Recorder) -> None:
    recorder.call("GET", BATCH)
    etag = recorder.call("POST", "/pools", POOL_BODY, plane="batch")["etag"]
    recorder.clock.advance(60)
    recorder.call("GET", "/pools/p", plane="batch")
    resized = recorder.call("POST", "/pools/p/resize", {"targetDedicatedNodes": 1}, plane="batch")["etag"]
    recorder.call("GET", "/pools/p", plane="batch")
    assert etag != resized
    assert found(recorder.scenario) == []
    # The client answers with the ETag it was given; the replay sends the simulator's own in its place.
    recorder.clock.advance(600)
    recorder.call("DELETE", "/pools/p", plane="batch")
    matched = replace(recorder.interactions[-1], request_headers={"if-match": recorder.interactions[-2].response_headers["etag"]})
    recorder.interactions[-1] = matched
    assert found(recorder.scenario) == []
    recorder.interactions[-1] = replace(matched, request_headers={"if-match": "0xDEAD"})
    assert found(recorder.scenario) == [(5, "status", "")]


def test_a_data_plane_without_an_account_in_the_recording(recorder: Recorder) -> None:
    recorder.call("POST", "/pools", POOL_BODY, plane="batch")
    assert found(recorder.scenario) == []


def test_pools_that_were_there_before_the_recording(recorder: Recorder) -> None:
    recorder.call("POST", "/pools", {**POOL_BODY, "targetDedicatedNodes": 2}, plane="batch")
    recorder.clock.advance(600)
    recorder.call("GET", "/pools", plane="batch")
    recorder.call("POST", "/pools/p/resize", {"targetDedicatedNodes": 1}, plane="batch")
    recorder.call("DELETE", "/pools/p", plane="batch")
    # What came before the listing was not recorded.
    later = tuple(replace(i, number=n) for n, i in enumerate(recorder.interactions[1:]))
    assert [i.status for i in later] == [200, 202, 202]
    assert found(Scenario(name="x", interactions=later)) == []


@pytest.mark.parametrize(
    ("expected", "got", "findings"),
    [
        pytest.param({"a": None}, {}, [], id="null and absent"),
        pytest.param({"a": 1}, {"a": 2.5}, [], id="numbers"),
        pytest.param({"a": True}, {"a": 1}, [ShapeFinding("type", "a", "boolean", "number")], id="a boolean is no number"),
        pytest.param({"a": [{"b": 1}, {"c": "x"}]}, {"a": [{"b": 1, "c": "y"}]}, [], id="lists by their union"),
        pytest.param({"a": [{"b": [1]}]}, {"a": [{"b": ["x"]}]}, [ShapeFinding("type", "a[]/b[]", "number", "string")], id="deep in lists"),
        pytest.param({"a": [1]}, {"a": []}, [ShapeFinding("missing", "a[]", "number", "absent")], id="an empty list"),
        pytest.param({"a": "redacted"}, {"a": 7}, [], id="redacted"),
        pytest.param({"a": "redacted"}, {}, [ShapeFinding("missing", "a", "string", "absent")], id="redacted but gone"),
        pytest.param([{"a": 1}], {"a": 1}, [ShapeFinding("type", "", "list", "object")], id="at the top"),
        pytest.param(None, {"a": 1}, [ShapeFinding("extra", "", "absent", "object")], id="no body expected"),
    ],
)
def test_shapes(expected: Any, got: Any, findings: list[ShapeFinding]) -> None:
    assert list(compare_shapes(expected, got)) == findings


def test_states_and_families() -> None:
    document = {"status": "InProgress", "properties": {"provisioningState": "x", "list": [{"state": "y"}], "state": 3}}
    assert list(states(document)) == [("status", "InProgress"), ("properties/provisioningState", "x")]
    assert is_running(202, None)
    assert is_running(200, {"status": "InProgress"})
    assert not is_running(200, {"status": "Succeeded"})
    paths = ("/x/capsOperations/1", "/x/operations/1", "/b/operationResults/1", "/x/accountOperationResults/a-1", "/pools/p")
    assert [family(path) for path in paths] == ["capsOperations", "operations", "operationResults", "accountOperationResults", None]


def write(folder: Path, scenario: Scenario) -> None:
    members = ("plane", "method", "path", "query", "request_headers", "request_body", "status", "response_headers", "response_body")
    recorded = [{name: getattr(i, name) for name in members} for i in scenario.interactions]
    (folder / f"{scenario.name}.json").write_text(json.dumps({"source": "made up", "interactions": recorded}))


def test_the_command(gallery: Recorder, tmp_path: Path) -> None:
    write(tmp_path, gallery.scenario)
    write(tmp_path, replace(altered(gallery.scenario, 3, status=404), name="wrong"))
    explained = CliRunner().invoke(main, ["replay", str(tmp_path), "--explain"])
    assert explained.exit_code == 0
    assert explained.output.splitlines() == [
        "made-up: 4 interactions, 0 deviate",
        "wrong: 4 interactions, 1 deviate",
        "  #3 Galleries_Get: status: expected 404, got 200",
        "replayed 8 interactions, 1 deviate",
    ]
    only = CliRunner().invoke(main, ["replay", str(tmp_path), "--only", "made"])
    assert only.output.splitlines() == ["made-up: 4 interactions, 0 deviate", "replayed 4 interactions, 0 deviate"]


def test_a_group_that_the_scrubber_missed_in_capitals(recorder: Recorder, tmp_path: Path) -> None:
    recorder.world.add_gallery(GALLERY, location="westus")
    recorder.call("GET", GALLERY.rpartition("/")[0])
    recorder.call("GET", GALLERY)
    shown = json.loads(json.dumps(recorder.interactions[0].response_body).replace("/rg/", "/RGXYZ/"))
    write(tmp_path, altered(recorder.scenario, 0, response_body=shown))
    loaded = load_scenario(tmp_path / "made-up.json")
    assert loaded.interactions[0].response_body["value"][0]["id"] == GALLERY
    assert found(loaded) == []


CALL = {"plane": "arm", "method": "GET", "path": "/subscriptions", "status": 200}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("[]", "no list of interactions", id="a list"),
        pytest.param("{", "Expecting property name", id="cut off"),
        pytest.param('{"interactions": {}}', "no list of interactions", id="no list"),
        pytest.param('{"interactions": [{"colour": 1}]}', "interaction 0 has no plane, method, path, status", id="something else"),
        pytest.param(json.dumps({"interactions": [CALL, {**CALL, "status": "200"}]}), "interaction 1: status is '200'", id="status"),
        pytest.param(json.dumps({"interactions": [{**CALL, "plane": "blob"}]}), "interaction 0: plane is 'blob'", id="plane"),
        pytest.param(json.dumps({"interactions": [{**CALL, "query": []}]}), r"interaction 0: query is \[\]", id="query"),
    ],
)
def test_a_file_that_is_no_recording_is_named(text: str, why: str, gallery: Recorder, tmp_path: Path) -> None:
    write(tmp_path, gallery.scenario)
    file = tmp_path / "odd.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=rf"odd\.json is not a recording: .*{why}"):
        load_scenario(file)
    asked = CliRunner().invoke(main, ["replay", str(tmp_path)])
    assert asked.exit_code == 1
    assert "odd.json is not a recording" in asked.stderr
    assert asked.stdout.splitlines() == ["made-up: 4 interactions, 0 deviate", "replayed 4 interactions, 0 deviate"]


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Nothing here.")
    asked = CliRunner().invoke(main, ["replay", str(tmp_path)])
    assert (asked.exit_code, asked.output) == (0, "replayed 0 interactions, 0 deviate\n")


def test_what_a_recorder_adds_or_leaves_out_does_not_matter(gallery: Recorder, tmp_path: Path) -> None:
    write(tmp_path, gallery.scenario)
    file = tmp_path / "made-up.json"
    document = json.loads(file.read_text())
    for call in document["interactions"]:
        call |= {"comment": "mine", "query": {**call["query"], "number": 1}}
        call["response_headers"]["date"] = "some day"
    document["interactions"][1] = {name: value for name, value in document["interactions"][1].items() if value not in (None, {})}
    file.write_text(json.dumps(document))
    assert found(load_scenario(file)) == []


def test_a_deviation_reads_well() -> None:
    seen = Deviation(interaction=3, operation="Pools_Get", kind="status", path="", expected="200", got="404 PoolNotFound")
    assert str(seen) == "#3 Pools_Get: status: expected 200, got 404 PoolNotFound"
