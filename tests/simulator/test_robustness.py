"""Whatever is asked, the answer is the service's, and the world stays whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azuresim import Application, Request, Response
from azuresim.core.world import DEFAULT_TENANT
from azuresim.services import SERVICES
from azuresim.wire.routing import Route, Service
from simulator.blob_clients import FAR
from simulator.cloud import API, BATCH, DEFINITION, GALLERY, GROUP, SIZE, STORAGE, SUBSCRIPTION, UBUNTU, VHD, Cloud
from simulator.fuzzing import ROUTES, Fuzzer, Likely

REQUESTS = 10_000
LEASE = "aaaaaaaa-0000-4000-8000-000000000000"
DAY = 86_400.0
IMAGE = f"{DEFINITION}/versions/1.0.0"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
MACHINES = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
    "nodeAgentSKUId": UBUNTU,
}
POOL = {"id": "p", "vmSize": SIZE, "targetDedicatedNodes": 2, "virtualMachineConfiguration": MACHINES}
CUSTOM = {**MACHINES, "imageReference": {"virtualMachineImageId": IMAGE}}
LIKELY = Likely(
    parameters={
        "subscription": (SUBSCRIPTION,),
        "group": ("rg", "RG"),
        "gallery": ("gal", "g2"),
        "image": ("img", "img2"),
        "version": ("1.0.0", "1.0.1", "2.0.0"),
        "account": ("acct", "vhds"),
        "pool": ("p", "q", "r"),
        "container": ("images", "new"),
        "blob": ("os.vhd", "a/b.vhd"),
        "blob...": ("os.vhd", "a/b.vhd"),
        "location": ("westus", "West US", "eastus"),
        "publisher": ("canonical",),
        "offer": ("ubuntu-24_04-lts",),
        "sku": ("server",),
        "name": ("d", "s", "i", "vm", "acct"),
        "namespace": ("Microsoft.Compute", "Microsoft.Batch"),
        "command": ("c",),
        "extension": ("e",),
        "job": ("j", "k"),
        "task": ("t", "u"),
        "tenant": (DEFAULT_TENANT,),
    },
    headers={
        "Blob_Put": (
            {"x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": "4096"},
            {"x-ms-blob-type": "BlockBlob", "x-ms-tags": "a=b"},
            {"x-ms-copy-source": VHD},
            {"x-ms-copy-source": "https://azuresim.test/blob/far/images/os.vhd?SIGNATURE"},
        ),
        "PageBlob_UploadPages": (
            {"x-ms-page-write": "update", "range": "bytes=0-511"},
            {"x-ms-page-write": "clear", "range": "bytes=512-1023"},
            {"x-ms-page-write": "update", "range": "bytes=0-511", "x-ms-copy-source": VHD, "x-ms-source-range": "bytes=0-511"},
        ),
        "Blob_Lease": (
            {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "60", "x-ms-proposed-lease-id": LEASE},
            {"x-ms-lease-action": "release", "x-ms-lease-id": LEASE},
            {"x-ms-lease-action": "break"},
        ),
        "Blob_AbortCopy": ({"x-ms-copy-action": "abort"},),
        "Blob_SetProperties": ({"x-ms-blob-content-length": "8192"}, {"x-ms-sequence-number-action": "increment"}),
    },
    forms=tuple(
        f"grant_type=client_credentials&client_id=me&{rest}"
        for rest in (
            "client_secret=s&scope=https://management.azure.com/.default",
            "client_secret=s&resource=x",
            "client_assertion=eyJh.e30.x&scope=x/.default",
            "client_assertion=eyJh.!.x&scope=x",
            "scope=x",
            "%FF=%FF",
        )
    ),
    signatures=(
        "sv=2026-10-06&sr=c&sp=rwl&se=2030-01-01&sig=x",
        "sv=2026-10-06&sr=b&sp=r&se=soon&sig=x",
        "sv=x&ss=b&srt=sco&sp=rwdlact&se=2030-01-01&sip=1-2&sig=x",
        "sv=2026-10-06&sr=b&sp=r&se=2030-01-01&skoid=x&skt=y&ske=z&sig=x",
        "si=none&sr=c&sv=2026-10-06&sig=x",
    ),
    members={
        "location": ("westus", "West US", "eastus"),
        "name": ("westus", "SecurityType", "x", "1.0.0"),
        "value": ("TrustedLaunch", "True", "x"),
        "publisher": ("canonical", "p"),
        "offer": ("ubuntu-24_04-lts", "o"),
        "sku": ("server", "s"),
        "version": ("latest",),
        "id": (
            IMAGE,
            f"{COMPUTE}/disks/d",
            f"{COMPUTE}/snapshots/s",
            f"{COMPUTE}/images/i",
            f"{COMPUTE}/virtualMachines/vm",
            "p",
            "q",
            "j",
            "t",
        ),
        "sourceResourceId": (f"{COMPUTE}/disks/d", f"{COMPUTE}/snapshots/s"),
        "virtualMachineId": (f"{COMPUTE}/virtualMachines/vm",),
        "storageAccountId": (STORAGE,),
        "uri": ("https://azuresim.test/blob/vhds/images/os.vhd",),
        "sourceUri": ("https://azuresim.test/blob/vhds/images/os.vhd",),
        "blobUri": ("https://azuresim.test/blob/vhds/images/os.vhd",),
        "vmSize": (SIZE,),
        "nodeAgentSKUId": (UBUNTU,),
        "virtualMachineImageId": (IMAGE, DEFINITION),
        "nodeDeallocationOption": ("requeue", "taskcompletion", "terminate"),
        "autoScaleFormula": ("$TargetDedicatedNodes = 1;",),
        "commandLine": ("exit 1", "sleep 5", "echo x"),
        "resizeTimeout": ("PT5M", "PT15M"),
        "poolId": ("p", "q"),
    },
    bodies={
        "compute.Gallery": ({"location": "westus", "tags": {"a": "b"}, "properties": {"description": "d"}},),
        "compute.GalleryImage": (
            {
                "location": "westus",
                "properties": {"osType": "Linux", "osState": "Generalized", "identifier": {"publisher": "p", "offer": "o", "sku": "s"}},
            },
        ),
        "compute.GalleryImageVersion": (
            {
                "location": "westus",
                "properties": {
                    "publishingProfile": {"targetRegions": [{"name": "westus"}, {"name": "eastus", "regionalReplicaCount": 2}]},
                    "storageProfile": {"osDiskImage": {"source": {"storageAccountId": STORAGE, "uri": VHD}}},
                },
            },
            {"location": "westus", "properties": {"storageProfile": {"source": {"id": IMAGE}}}},
        ),
        "compute.GalleryImageVersionUpdate": ({"properties": {"publishingProfile": {"targetRegions": [{"name": "westus"}]}}},),
        "compute.Disk": ({"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8}},),
        "compute.Snapshot": (
            {"location": "westus", "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/d"}}},
        ),
        "compute.VirtualMachine": (
            {
                "location": "westus",
                "properties": {
                    "hardwareProfile": {"vmSize": SIZE},
                    "storageProfile": {"imageReference": MACHINES["imageReference"], "osDisk": {"createOption": "FromImage"}},
                    "osProfile": {"computerName": "vm", "adminUsername": "a", "adminPassword": "p4ssw0rd!"},
                    "networkProfile": {"networkInterfaces": [{"id": f"{GROUP}/providers/Microsoft.Network/networkInterfaces/n"}]},
                },
            },
        ),
        "compute.VirtualMachineRunCommand": ({"location": "westus", "properties": {"source": {"script": "exit 1"}}},),
        "mgmt_batch.BatchAccountCreateParameters": ({"location": "westus", "properties": {}},),
        "batch.BatchPoolCreateOptions": (POOL, {**POOL, "id": "q"}, {**POOL, "id": "r", "virtualMachineConfiguration": CUSTOM}),
        "batch.BatchPoolResizeOptions": ({"targetDedicatedNodes": 3}, {"targetDedicatedNodes": 0, "nodeDeallocationOption": "requeue"}),
        "batch.BatchPoolUpdateOptions": ({"metadata": [{"name": "a", "value": "b"}]},),
        "batch.BatchPoolReplaceOptions": ({"applicationPackageReferences": [], "metadata": []},),
        "batch.BatchPoolEnableAutoScaleOptions": ({"autoScaleFormula": "$TargetDedicatedNodes = 1;"},),
        "storage.StorageAccount": (
            {"location": "westus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"accessTier": "Hot"}},
        ),
        "storage.RegenerateKey": ({"keyName": "key1"},),
        "batch.BatchJobCreateOptions": ({"id": "j", "poolInfo": {"poolId": "p"}},),
        "batch.BatchTaskCreateOptions": ({"id": "t", "commandLine": "sleep 5"},),
    },
)


def furnished() -> Cloud:
    """A bit of everything."""
    cloud = Cloud()
    cloud.image(generation="V1")
    cloud.world.add_storage_account(FAR, location="eastus")
    cloud.world.add_vhd("https://azuresim.test/blob/far/images/os.vhd")
    assert cloud.ask("POST", f"/batch/acct/pools?{API}", json.dumps(POOL).encode()).status == 201
    cloud.clock.advance(600)
    return cloud


def check_envelope(service: Service, request: Request, answer: Response) -> None:
    """An error is written as its service writes errors."""
    # 501 and 503 are answers of the services: what is not simulated, and what is asked for too often; one 500 is, too.
    unreachable = answer.headers.get("x-ms-error-code") == "CannotVerifyCopySource"
    assert answer.status != 500 or unreachable, f"{answer.status} {answer.body[:500]!r}"
    if answer.status < 400 or request.method == "HEAD":
        return
    kind = answer.headers.get("Content-Type", "")
    if "xml" in kind:
        assert ET.fromstring(answer.body.decode("utf-8-sig")).find("Code") is not None  # noqa: S314  # our own
        return
    shown = answer.json()
    if request.path.startswith("/batch/"):
        assert shown["code"]
        assert {"lang", "value"} <= shown["message"].keys()
    elif service.name == "entra":
        assert "error" in shown
    else:
        assert shown["error"]["code"]
        assert isinstance(shown["error"]["message"], str)


def check_world(cloud: Cloud) -> None:
    """After a day in which nobody asks for anything, all that was begun is over, and everything can be read."""
    for _ in range(3):
        cloud.clock.advance(DAY)
        cloud.world.settle()
    running = [o for o in cloud.world.operations._by_id.values() if o.ended is None]
    assert running == []
    for account in cloud.world.batch.all():
        counted = {True: 0, False: 0}
        for pool in account.pools.values():
            for node in pool.nodes.values():
                size = cloud.world.catalogue.size(pool.vm_size, account.location)
                assert size is not None
                counted[node.dedicated] += size.vcpus
        assert account.family_cores.total() == counted[True]
        assert account.low_priority_cores == counted[False]
    check_blobs(cloud)
    for path in listings():
        listed = cloud.ask("GET", f"{path}?{API}")
        if listed.status == 200:
            for item in shown_in(listed.json()):
                check_resource(cloud, item)


def check_blobs(cloud: Cloud) -> None:
    """Every blob can be listed, read and described; no copy is under way for ever."""
    for account in cloud.world.storage.all():
        account.settings = {}
        for container in account.containers.values():
            path = f"/blob/{account.name}/{container.name}"
            listed = cloud.ask("GET", f"{path}?restype=container&comp=list&include=copy,metadata,snapshots,tags,uncommittedblobs")
            names = [node.text for node in ET.fromstring(listed.body).iter("Name")]  # noqa: S314  # our own
            assert set(container.blobs) <= set(names)
            for name, blob in container.blobs.items():
                assert not blob.copying
                head = cloud.ask("HEAD", f"{path}/{quote(name)}")
                assert (head.status, head.headers["Content-Length"]) == (200, str(blob.content.size))
                assert all(0 <= start < end <= blob.content.size for start, end in blob.content.ranges())


def listings() -> Iterator[str]:
    """Every list that needs no more than a subscription and a group."""
    for service in SERVICES:
        for route in service.routes:
            path = route.path.replace("{subscription}", SUBSCRIPTION).replace("{group}", "rg")
            if route.method == "GET" and "{" not in path and "/providers/" in path:
                yield path


def shown_in(document: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = document["value"] if isinstance(document, dict) else document
    return items


def check_resource(cloud: Cloud, item: dict[str, Any]) -> None:
    state = item.get("properties", {}).get("provisioningState", "Succeeded")
    assert state in {"Succeeded", "Failed", "Canceled"}, item
    if "id" in item and "/resourceGroups/" in item["id"]:
        read = cloud.ask("GET", f"{item['id']}?{API}")
        assert read.status == 200, f"{item['id']}: {read.status} {read.body!r}"


# All services, and those of which every route changes the same few things.
BLOBS_AND_TOKENS = tuple((service, route) for service, route in ROUTES if service.name in {"blob", "entra", "storage-arm"})


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("seed", "routes", "count"), [(1, ROUTES, REQUESTS // 2), (2, ROUTES, REQUESTS // 2), (3, BLOBS_AND_TOKENS, REQUESTS)]
)
def test_ten_thousand_random_requests(seed: int, routes: tuple[tuple[Service, Route], ...], count: int) -> None:
    cloud = furnished()
    fuzzer = Fuzzer(seed, LIKELY, cloud.world.base_url, routes)
    statuses: dict[int, int] = {}
    for number in range(count):
        service, route, request = fuzzer.request()
        try:
            answer = cloud.app.handle(request)
            check_envelope(service, request, answer)
            fuzzer.learn(answer)
        except Exception as wrong:
            wrong.add_note(
                f"request {number} for {route.operation}: {request.method} {request.url} {dict(request.headers)} {request.body[:2000]!r}"
            )
            raise
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        if number % 10 == 0:
            cloud.clock.advance(7.0 * (number % 13))
    # It reached more than the doorstep.
    assert sum(n for status, n in statuses.items() if status < 300) > REQUESTS // 50
    check_world(cloud)


class Broken:
    """Stands where a core class should."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} today")


def test_what_nobody_expected_is_a_500_in_the_services_envelope(caplog: pytest.LogCaptureFixture) -> None:
    cloud = furnished()
    lenient = Application(cloud.world)
    cloud.world.galleries = Broken()  # type: ignore[assignment]  # the point
    cloud.world.pools = Broken()  # type: ignore[assignment]  # the point
    credentials = {"authorization": "Bearer x"}
    with caplog.at_level(logging.ERROR):
        arm = lenient.handle(Request("GET", f"{cloud.world.base_url}{GALLERY}?api-version=2024-03-03", credentials))
        batch = lenient.handle(Request("GET", f"{cloud.world.base_url}/batch/acct/pools?api-version=2025-06-01", credentials))
    assert (arm.status, arm.json()["error"]["code"]) == (500, "InternalServerError")
    assert (batch.status, batch.json()["code"]) == (500, "InternalServerError")
    assert [r.exc_info is not None for r in caplog.records] == [True, True]
    assert GALLERY in caplog.text
    # Later requests are answered as ever.
    assert lenient.handle(Request("GET", f"{cloud.world.base_url}{BATCH}?api-version=2025-06-01", credentials)).status == 200


def test_a_strict_application_lets_it_through() -> None:
    cloud = furnished()
    cloud.world.galleries = Broken()  # type: ignore[assignment]  # the point
    with pytest.raises(RuntimeError, match="no get today"):
        cloud.ask("GET", f"{GALLERY}?{API}")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PATHS = st.one_of(
    st.lists(TEXT.map(lambda text: quote(text, safe="")), max_size=12).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from(ROUTES).map(lambda pair: pair[1].path),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#"), max_size=40).map(lambda text: f"/{text}"),
)


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]),
    path=PATHS,
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    headers=st.dictionaries(st.text(st.characters(categories=["Ll"], max_codepoint=126), min_size=1), TEXT, max_size=4),
    body=st.binary(max_size=64),
)
def test_any_request_has_an_answer(cloud: Cloud, *, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
    request = Request(method, f"{cloud.world.base_url}{path}?{query}", {"authorization": "Bearer x", **headers}, body)
    answer = cloud.app.handle(request)
    assert answer.status != 500
