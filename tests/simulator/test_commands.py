"""The command line, against a simulator that runs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.batch import BatchClient
from azure.core.exceptions import HttpResponseError, IncompleteReadError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute.models import Gallery
from click.testing import CliRunner

from azuresim.cli import main
from azuresim.fault_words import KINDS
from simulator.cloud import BATCH, STORAGE, SUBSCRIPTION, pool_options
from simulator.running import Running, serving
from simulator.static_token import StaticToken

SEED = {"storageAccounts": [{"id": STORAGE, "location": "westus"}], "batchAccounts": [{"id": BATCH, "location": "westus"}]}
POOLS = "/batch/acct/pools?api-version=2025-06-01"


def test_a_world_nobody_described_has_a_subscription_to_fill(tmp_path: Path) -> None:
    with serving(tmp_path) as started:
        group = f"/subscriptions/{started.variables['AZURE_SUBSCRIPTION_ID']}/resourcegroups/rg?api-version=2022-09-01"
        assert started.ask("PUT", group, {"location": "westus"})["properties"] == {"provisioningState": "Succeeded"}
        assert started.ask("GET", "/subscriptions?api-version=2022-12-01")["value"][0]["state"] == "Enabled"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("azuresim")
    (folder / "world.json").write_text(json.dumps(SEED))
    with serving(folder, "--world", "world.json", "--clock", "manual", "--journal", "journal.jsonl") as started:
        yield started


@pytest.fixture(autouse=True)
def no_faults(running: Running) -> Iterator[None]:
    yield
    running.ask("DELETE", "/_sim/faults")


def said(running: Running, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, words, env=running.variables | {"COLUMNS": "200"}, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_a_rule_in_words(running: Running) -> None:
    made = said(running, "faults", "add", "429", "retry_after=5", "--operation", "Pools_List", "--count", "3")
    assert made.endswith(": status status=429 retry_after=5 for operation=Pools_List\n")
    answer = requests.get(f"{running.url}{POOLS}", headers={"authorization": "Bearer x"}, verify=running.authority, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert "operation=Pools_List  1 of 3" in said(running, "faults", "list")
    said(running, "faults", "add", "drop", "--path", "^[b-d]+$")
    assert "path=^[b-d]+$" in said(running, "faults", "list")


WORDS: list[tuple[list[str], dict[str, Any]]] = [
    (["drop", "when=middle", "--service", "batch", "--always"], {"action": {"kind": "Drop", "when": "middle"}, "count": None}),
    (["bump-etag", "--skip", "2"], {"action": {"kind": "BumpETag"}, "skip": 2}),
    (["stale", "seconds=60", "--probability", "0.5"], {"action": {"kind": "Stale", "seconds": 60}, "probability": 0.5}),
    (["no-capacity", "size=Standard_D2s_v3", "--path", "^p"], {"path": "^p"}),
    (["delay", "seconds=0.5", "--method", "GET|HEAD"], {"method": "GET|HEAD"}),
    (['{"action": {"kind": "SmallPages"}, "body": "x"}'], {"action": {"kind": "SmallPages", "size": 1}, "body": "x"}),
    (["503", "code=Busy", "--body", "vmSize"], {"body": "vmSize"}),
    (["status", "status=500", "when=after"], {}),
    (
        ["throttle", "retry_after=null", "bucket=UpdateVM3Min"],
        {"action": {"kind": "Throttle", "retry_after": None, "retry_after_ms": None, "bucket": "UpdateVM3Min"}},
    ),
    (["expired-token"], {"action": {"kind": "ExpiredToken"}}),
    (["small-pages", "size=2"], {"action": {"kind": "SmallPages", "size": 2}}),
    (["expire-operation", "seconds=60"], {"action": {"kind": "ExpireOperation", "seconds": 60}}),
    (["stick-operation", "--operation", "Pools_Resize"], {"action": {"kind": "StickOperation"}, "operation": "Pools_Resize"}),
    (
        ["fail-operation", "code=AllocationFailed", "message=no luck"],
        {"action": {"kind": "FailOperation", "code": "AllocationFailed", "message": "no luck"}},
    ),
    (["fail-replication", "region=eastus"], {}),
    (["fail-copy", "reason=broken"], {"action": {"kind": "FailCopy", "reason": "broken"}}),
    (["fail-node", "state=unusable", "--path", "^p$"], {"path": "^p$"}),
]


def test_there_is_an_example_of_every_kind() -> None:
    assert KINDS.keys() - {words[0] for words, _ in WORDS} == set()


@pytest.mark.parametrize(("words", "expected"), WORDS)
def test_what_words_come_to(running: Running, words: list[str], expected: dict[str, Any]) -> None:
    said(running, "faults", "add", *words)
    (rule,) = json.loads(said(running, "faults", "list", "--json"))
    assert {name: rule[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["explode"], "there is no fault 'explode'"),
        (["drop", "when=sideways"], "Drop.when must be 'before' or 'after' or 'middle', not 'sideways'"),
        (["drop", "sideways"], "no member=value"),
        (["drop", "colour=red"], "Drop has no member 'colour'; it has when"),
        (["delay"], "Delay needs seconds"),
        (["delay", "seconds=long"], "Delay.seconds must be a number"),
        (["drop", "--path", "("], "path is no regular expression"),
        (["drop", "--operation", "Pool_List"], "close to it are Pools_List"),
        (["drop", "--service", "bach"], "there is no service 'bach'"),
        (["200"], "status must be from 400 to 599, not 200"),
        (["{"], "the rule is no JSON"),
    ],
)
def test_words_that_come_to_nothing(running: Running, words: list[str], complaint: str) -> None:
    assert complaint in said(running, "faults", "add", *words, code=1)


def test_rules_are_cleared_one_by_one_or_all(running: Running) -> None:
    for _ in range(3):
        said(running, "faults", "add", "drop")
    first = json.loads(said(running, "faults", "list", "--json"))[0]["number"]
    said(running, "faults", "clear", str(first))
    assert f"no rule has the number {first}" in said(running, "faults", "clear", str(first), code=1)
    assert len(json.loads(said(running, "faults", "list", "--json"))) == 2
    said(running, "faults", "clear")
    assert said(running, "faults", "list") == "No rule is in force.\n"


def test_every_kind_is_explained_without_a_simulator() -> None:
    told = CliRunner().invoke(main, ["faults", "kinds"], env={"COLUMNS": "200"}).output
    added = CliRunner().invoke(main, ["faults", "add", "--help"]).output
    for word in KINDS:
        assert f"\n{word} " in f"\n{told}"
        assert f"\n  {word} " in added
    assert "when: 'before' or 'after' or 'middle' [after]" in told
    assert "retry_after: a number or null [60.0]" in told


def test_services_nobody_knows() -> None:
    for command in ("operations", "journal"):
        asked = CliRunner().invoke(main, [command, "--service", "bach"])
        assert (asked.exit_code, "'bach' is not one of" in asked.output) == (2, True)


def test_the_clock_is_moved_and_told(running: Running) -> None:
    running.ask("POST", POOLS, {**json.loads(json.dumps(pool_options("clocked").as_dict()))})
    assert "next event in 1.500 s" in said(running, "advance")
    assert "next event in 0.500 s" in said(running, "advance", "1")
    assert "nothing is to come" in said(running, "advance", "--next")
    assert "no event is to come" in said(running, "advance", "--next", code=1)


def test_the_journal_for_people_and_for_machines(running: Running) -> None:
    mark = running.ask("GET", "/_sim/journal")["next"]
    said(running, "faults", "add", "drop", "when=before", "--operation", "Pools_Get")
    running.ask("GET", POOLS)
    with pytest.raises(requests.ConnectionError):
        running.ask("GET", "/batch/acct/pools/p?api-version=2025-06-01")
    with pytest.raises(requests.HTTPError):
        running.ask("GET", "/batch/acct/pools/nobody?api-version=2025-06-01")
    running.ask("POST", f"{STORAGE}/listKeys?api-version=2024-01-01")
    since = ["journal", "--since", str(mark)]
    shown = said(running, *since)
    assert "batch Pools_List" in shown
    assert "cut" in shown
    entries = [json.loads(line) for line in said(running, *since, "--json").splitlines()]
    assert [entry["status"] for entry in entries] == [200, None, 404, 200]
    assert "value" in entries[0]["response_body"]
    assert entries[2]["response_body"]["code"] == "PoolNotFound"
    assert {key["value"] for key in entries[3]["response_body"]["keys"]} == {"REDACTED"}
    picked = {
        ("--status", "404"): [404],
        ("--status", "2xx"): [200, 200],
        ("--status", "none"): [None],
        ("--operation", "Pools_Get"): [None, 404],
        ("--service", "storage-arm"): [200],
        ("--tail", "1"): [200],
        ("--writes",): [],
    }
    for options, statuses in picked.items():
        assert [json.loads(line)["status"] for line in said(running, *since, "--json", *options).splitlines()] == statuses, options
    assert "batch" not in said(running, *since, "--writes")


def test_the_journal_can_be_followed(running: Running) -> None:
    mark = running.ask("GET", "/_sim/journal")["next"]
    command = [sys.executable, "-m", "azuresim", "journal", "--since", str(mark), "--follow", "--json"]
    environment = running.variables | {"PYTHONPATH": str(Path(__file__).parents[2] / "simulator"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as following:  # noqa: S603  # our own program
        assert following.stdout is not None
        running.ask("GET", POOLS)
        assert json.loads(following.stdout.readline())["operation"] == "Pools_List"
        running.ask("GET", "/subscriptions?api-version=2022-12-01")
        assert json.loads(following.stdout.readline())["operation"] == "Subscriptions_List"
        following.kill()


def test_the_variables_are_printed_for_a_shell(running: Running) -> None:
    printed = said(running, "env")
    shown = subprocess.run(["/bin/sh", "-c", f"{printed}\nprintenv"], capture_output=True, text=True, check=True, env={}).stdout  # noqa: S603  # our own text
    assert running.variables.items() <= dict(line.split("=", 1) for line in shown.splitlines()).items()
    assert running.variables["AZURE_SUBSCRIPTION_ID"] == SUBSCRIPTION


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"AZURESIM_URL": "https://127.0.0.1:1"}, "is it running?"),
        ({"AZURESIM_URL": "http://127.0.0.1:1"}, "is no https address"),
        ({"AZURESIM_CA": ""}, "is --ca its certificate authority?"),
        ({"AZURESIM_CA": __file__}, "holds no certificate"),
    ],
)
def test_a_simulator_that_is_not_there(running: Running, change: dict[str, str], complaint: str) -> None:
    result = CliRunner().invoke(main, ["advance"], env=running.variables | {"SSL_CERT_FILE": ""} | change)
    assert (result.exit_code, complaint in result.output) == (1, True), result.output


def test_without_an_address_the_option_is_named(running: Running) -> None:
    result = CliRunner().invoke(main, ["advance"], env=dict.fromkeys(running.variables))
    assert result.exit_code == 2
    assert "--url" in result.output
    assert "AZURESIM_URL" in result.output


# --- Serving ---------------------------------------------------------------------------------------------------------------


def refused(folder: Path, *options: str) -> str:
    result = CliRunner().invoke(main, ["serve", "--dir", str(folder / "certificates"), *options])
    assert result.exit_code == 1, result.output
    return result.output


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port} is taken by another process" in refused(tmp_path, "--port", str(port))


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("{", "is no JSON: Expecting property name"),
        ("[]", "must hold a JSON object of sections"),
        ('{"pools": []}', "unknown sections: pools"),
        ('{"storageAccounts": [{"location": "westus"}]}', "storageAccounts[0]: the member 'id' is missing"),
        ('{"batchAccounts": [{"id": "x", "colour": 1}]}', "batchAccounts[0]: unknown members colour"),
        ('{"galleries": [{"id": "nonsense", "location": "westus"}]}', "galleries[0]: not the id of a resource"),
        ('{"versions": ["text"]}', "versions[0]: "),
    ],
)
def test_a_world_document_that_cannot_be_followed(tmp_path: Path, document: str, complaint: str) -> None:
    file = tmp_path / "world.json"
    file.write_text(document)
    said = refused(tmp_path, "--world", str(file))
    assert complaint in said
    assert "world.json" in said


def test_a_state_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"no database at all, but quite a long text" * 100)
    assert "no state file of azuresim" in refused(tmp_path, "--state", str(tmp_path / "state"))


@pytest.mark.parametrize("command", [(), ("serve",), ("faults",), ("faults", "add"), ("advance",), ("journal",), ("env",)])
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


# --- Faults as clients meet them over a socket -----------------------------------------------------------------------------


def test_an_answer_is_really_cut_in_the_middle(running: Running) -> None:
    said(running, "faults", "add", "drop", "when=middle", "--path", "subscriptions", "--count", "9")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        running.ask("GET", "/subscriptions?api-version=2022-12-01")
    verify: dict[str, Any] = {"connection_verify": running.authority, "retry_total": 0}
    with ComputeManagementClient(StaticToken(), SUBSCRIPTION, base_url=running.url, **verify) as compute:
        with pytest.raises(IncompleteReadError):
            compute.galleries.begin_create_or_update("rg", "cut", Gallery(location="westus"), polling=False)
        said(running, "faults", "clear")
        assert compute.galleries.get("rg", "cut").name == "cut"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["throttle", "retry_after=1"], 429, "TooManyRequests"),
        (["expired-token"], 401, "AuthenticationFailed"),
        (["503", "retry_after_ms=10"], 503, "ServerBusy"),
    ],
)
def test_refusals_over_a_socket(running: Running, words: list[str], status: int, code: str) -> None:
    said(running, "faults", "add", *words, "--service", "batch")
    with (
        BatchClient(f"{running.url}/batch/acct", StaticToken(), connection_verify=running.authority, retry_total=0) as batch,
        pytest.raises(HttpResponseError) as caught,
    ):
        batch.get_pool("p")
    assert caught.value.error is not None
    assert (caught.value.status_code, caught.value.error.code) == (status, code)
