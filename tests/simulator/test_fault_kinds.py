"""Every kind of fault, in process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.batch.aio import BatchClient
from azure.batch.models import BatchPoolResizeOptions
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, IncompleteReadError, ServiceRequestError
from azure.core.rest import HttpRequest

from azuresim import (
    BumpETag,
    Drop,
    ExpiredToken,
    ExpireOperation,
    FailNode,
    FailOperation,
    FaultRule,
    NoCapacity,
    SmallPages,
    Stale,
    StickOperation,
    Throttle,
)
from azuresim.fault_actions import Action
from azuresim.transport import SimulatorTransport
from simulator.cloud import (
    BATCH,
    DEFINITION,
    GALLERY,
    GROUP,
    STORAGE,
    SUBSCRIPTION,
    VHD,
    Cloud,
    StaticCredential,
    pool_options,
    version_body,
)

GALLERIES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/galleries"
ARM, BATCH_ARM = "api-version=2026-03-03", "api-version=2025-06-01"
POOLS = "/batch/acct/pools?api-version=2025-06-01"
VERSION = f"{DEFINITION}/versions/1.0.0"


def add(cloud: Cloud, action: Action, **conditions: Any) -> None:
    cloud.app.faults.add(FaultRule(action=action, **conditions))


# --- Throttling and tokens -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{GALLERIES}?{ARM}", 429, "OperationNotAllowed"),
        (f"{BATCH}?{BATCH_ARM}", 429, "SubscriptionRequestsThrottled"),
        (f"{STORAGE}?api-version=2025-06-01", 429, "SubscriptionRequestsThrottled"),
        (POOLS, 429, "TooManyRequests"),
        ("/blob/vhds?comp=list", 503, "ServerBusy"),
    ],
)
def test_each_service_throttles_in_its_own_words(cloud: Cloud, path: str, status: int, code: str) -> None:
    add(cloud, Throttle(retry_after=17, retry_after_ms=40))
    answer = cloud.ask("GET", path)
    assert answer.status == status
    assert code.encode() in answer.body
    assert (answer.headers["Retry-After"], answer.headers["x-ms-retry-after-ms"]) == ("17", "40")
    assert cloud.ask("GET", path).status == 200


def test_what_compute_says_when_a_bucket_is_empty(cloud: Cloud) -> None:
    add(cloud, Throttle(bucket="CreateUpdateGalleryImageVersion3Min", retry_after=1200), method="PUT")
    answer = cloud.ask("PUT", f"{GALLERY}?{ARM}", b'{"location": "westus"}')
    assert answer.headers["x-ms-ratelimit-remaining-resource"] == "Microsoft.Compute/CreateUpdateGalleryImageVersion3Min;0"
    body = answer.json()
    assert body["code"] == "OperationNotAllowed"
    (detail,) = body["details"]
    assert (detail["code"], detail["target"]) == ("TooManyRequests", "CreateUpdateGalleryImageVersion")
    measured = json.loads(detail["message"])
    assert measured.keys() == {"operationGroup", "startTime", "endTime", "allowedRequestCount", "measuredRequestCount"}
    assert measured["allowedRequestCount"] == 375 < measured["measuredRequestCount"]


@pytest.mark.parametrize(("method", "path", "kind"), [("GET", BATCH, "reads"), ("POST", f"{BATCH}/listKeys", "writes")])
def test_what_is_left_of_a_subscriptions_requests(cloud: Cloud, method: str, path: str, kind: str) -> None:
    add(cloud, Throttle())
    assert cloud.ask(method, f"{path}?{ARM}").headers[f"x-ms-ratelimit-remaining-subscription-{kind}"] == "0"


def test_throttled_without_being_told_for_how_long(cloud: Cloud) -> None:
    add(cloud, Throttle(retry_after=None))
    assert not {"Retry-After", "x-ms-retry-after-ms"} & cloud.ask("GET", POOLS).headers.keys()


@pytest.mark.parametrize(
    ("path", "code", "challenge"),
    [
        (f"{GALLERIES}?{ARM}", "ExpiredAuthenticationToken", 'error="invalid_token"'),
        (POOLS, "AuthenticationFailed", 'error="invalid_token"'),
        ("/blob/vhds?comp=list", "InvalidAuthenticationInfo", "resource_id=https://storage.azure.com"),
    ],
)
def test_an_expired_token(cloud: Cloud, path: str, code: str, challenge: str) -> None:
    add(cloud, ExpiredToken())
    answer = cloud.ask("GET", path)
    assert answer.status == 401
    assert code.encode() in answer.body
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert challenge in answer.headers["WWW-Authenticate"]


async def test_how_the_sdk_meets_an_expired_token(cloud: Cloud) -> None:
    add(cloud, ExpiredToken(), count=None)
    with pytest.raises(ClientAuthenticationError):
        await cloud.compute.galleries.get("rg", "gal")


# --- Connections -----------------------------------------------------------------------------------------------------------


async def test_an_answer_cut_in_the_middle_is_an_incomplete_read(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options())
    add(cloud, Drop(when="middle"), operation="Pools_Get")
    with pytest.raises(IncompleteReadError):
        await cloud.batch.get_pool("p")
    assert [(e.status, e.fault) for e in cloud.app.journal][-1] == (None, "Drop")


async def test_the_change_is_made_although_its_answer_is_cut(cloud: Cloud) -> None:
    add(cloud, Drop(when="middle"), method="PUT")
    with pytest.raises(IncompleteReadError):
        await cloud.compute.galleries.begin_create_or_update("rg", "gal", {"location": "westus"})
    assert cloud.ask("GET", f"{GALLERY}?{ARM}").status == 200


async def test_an_answer_without_a_body_has_no_middle(cloud: Cloud) -> None:
    add(cloud, Drop(when="middle"), operation="Pools_Create")
    with pytest.raises(ServiceRequestError, match="Server disconnected"):
        await cloud.batch.create_pool(pool_options())
    assert "p" in cloud.account.pools


async def test_half_of_a_stream_arrives(cloud: Cloud) -> None:
    add(cloud, Drop(when="middle"), operation="Blob_Download")
    request = HttpRequest("GET", VHD, headers={"Authorization": "Bearer token", "Range": "bytes=0-1023"})
    answer = await SimulatorTransport(cloud.app).send(request, stream=True)
    parts = answer.iter_raw()
    assert (answer.headers["Content-Length"], len(await anext(parts))) == ("1024", 512)
    with pytest.raises(IncompleteReadError):
        await anext(parts)


def test_handle_cannot_answer_by_half(cloud: Cloud) -> None:
    add(cloud, Drop(when="middle"))
    with pytest.raises(ConnectionResetError):
        cloud.ask("GET", POOLS)


# --- Operations ------------------------------------------------------------------------------------------------------------


async def create_version(cloud: Cloud) -> Any:
    cloud.world.add_definition(DEFINITION, location="westus")
    return await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", version_body(), polling=False)


async def node_states(cloud: Cloud) -> list[str]:
    return sorted([str(node["state"]) async for node in cloud.batch.list_nodes("p")])


def operation_address(cloud: Cloud) -> str:
    last = cloud.world.operations.since(0)[-1]
    return f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westus/{last.family}/{last.id}?{ARM}"


@pytest.mark.parametrize("resource", ["gallery", "version"])
async def test_an_operation_that_fails_leaves_its_resource_failed(cloud: Cloud, resource: str) -> None:
    add(cloud, FailOperation(code="AllocationFailed", message="No luck."), method="PUT")
    if resource == "version":
        await create_version(cloud)
        path = VERSION
    else:
        await cloud.compute.galleries.begin_create_or_update("rg", "gal", {"location": "westus"}, polling=False)
        path = GALLERY
    assert cloud.ask("GET", f"{path}?{ARM}").json()["properties"]["provisioningState"] == "Creating"
    cloud.clock.advance(1000)
    assert cloud.ask("GET", f"{path}?{ARM}").json()["properties"]["provisioningState"] == "Failed"
    status = cloud.ask("GET", operation_address(cloud)).json()
    assert (status["status"], status["error"]) == ("Failed", {"code": "AllocationFailed", "message": "No luck."})


async def test_a_version_whose_operation_failed_can_be_tried_again(cloud: Cloud) -> None:
    add(cloud, FailOperation(), method="PUT", path="/versions/")
    await create_version(cloud)
    cloud.clock.advance(1000)
    shown = cloud.ask("GET", f"{VERSION}?{ARM}&$expand=ReplicationStatus").json()["properties"]
    assert shown["replicationStatus"]["aggregatedState"] == "Failed"
    await cloud.compute.gallery_image_versions.begin_create_or_update("rg", "gal", "img", "1.0.0", version_body(), polling=False)
    cloud.clock.advance(1000)
    assert cloud.ask("GET", f"{VERSION}?{ARM}").json()["properties"]["provisioningState"] == "Succeeded"


async def test_a_deletion_that_fails_deletes_nothing(cloud: Cloud) -> None:
    cloud.image()
    add(cloud, FailOperation(), method="DELETE")
    assert cloud.ask("DELETE", f"{VERSION}?{ARM}").status == 202
    cloud.clock.advance(1000)
    assert cloud.ask("GET", f"{VERSION}?{ARM}").json()["properties"]["provisioningState"] == "Failed"


async def test_an_operation_that_is_stuck_never_ends(cloud: Cloud) -> None:
    add(cloud, StickOperation(), method="PUT", path="/versions/")
    await create_version(cloud)
    cloud.clock.advance(86_400)
    assert cloud.ask("GET", f"{VERSION}?{ARM}").json()["properties"]["provisioningState"] == "Creating"
    assert cloud.ask("GET", operation_address(cloud)).json()["status"] == "InProgress"


async def test_a_resize_that_is_stuck_can_be_stopped(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options())
    cloud.clock.advance(60)
    add(cloud, StickOperation(), operation="Pools_Resize")
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(86_400)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes) == ("resizing", 0)
    await cloud.batch.begin_stop_pool_resize("p")
    cloud.clock.advance(60)
    assert (await cloud.batch.get_pool("p")).allocation_state == "steady"


@pytest.mark.parametrize(
    ("code", "shown"), [("InternalExecutionError", "AllocationFailed"), ("AccountCoreQuotaReached", "AccountCoreQuotaReached")]
)
async def test_a_resize_that_fails_ends_with_an_error(cloud: Cloud, code: str, shown: str) -> None:
    add(cloud, FailOperation(code=code, message="No luck."), operation="Pools_Create")
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=1, target_low_priority_nodes=1))
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, pool.state) == ("steady", 0, "active")
    assert [(e.code, (e.error_values or [])[0].value) for e in pool.resize_errors or ()] == [(shown, "No luck.")] * 2
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=1))
    cloud.clock.advance(60)
    assert (await cloud.batch.get_pool("p")).current_dedicated_nodes == 1


async def test_a_shrinking_that_fails_keeps_the_nodes(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=2))
    cloud.clock.advance(100)
    add(cloud, FailOperation(code="AllocationFailed"), operation="Pools_Resize")
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=0))
    cloud.clock.advance(60)
    pool = await cloud.batch.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes) == ("steady", 2)
    assert await node_states(cloud) == ["idle", "idle"]


@pytest.mark.parametrize("plane", ["batch", "arm"])
async def test_a_pool_whose_deletion_fails_takes_twice_as_long_to_go(cloud: Cloud, plane: str) -> None:
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=1))
    cloud.clock.advance(100)
    add(cloud, FailOperation(), method="DELETE")
    path = "/batch/acct/pools/p" if plane == "batch" else f"{BATCH}/pools/p"
    assert cloud.ask("DELETE", f"{path}?{BATCH_ARM}").status == 202
    cloud.clock.advance(60)
    assert (await cloud.batch.get_pool("p")).state == "deleting"
    cloud.clock.advance(60)
    assert cloud.ask("GET", f"/batch/acct/pools/p?{BATCH_ARM}").status == 404


async def test_a_pool_by_formula_goes_on_scaling_after_a_failed_start(cloud: Cloud) -> None:
    add(cloud, FailOperation(), operation="Pools_Create")
    await cloud.batch.create_pool(pool_options(enable_auto_scale=True, auto_scale_formula="$TargetDedicatedNodes=1"))
    cloud.clock.advance(1000)
    assert (await cloud.batch.get_pool("p")).current_dedicated_nodes == 1


async def test_what_has_no_operation_does_not_fail(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=1))
    cloud.clock.advance(100)
    (node,) = [n.id async for n in cloud.batch.list_nodes("p")]
    add(cloud, FailOperation(), operation="Nodes_Reboot")
    assert cloud.ask("POST", f"/batch/acct/pools/p/nodes/{node}/reboot?{BATCH_ARM}").status == 202
    cloud.clock.advance(100)
    assert await node_states(cloud) == ["idle"]


def test_an_account_that_failed_to_be_made_can_be_made_again_and_one_that_failed_to_go_goes(cloud: Cloud) -> None:
    made = f"{BATCH}2?{BATCH_ARM}"
    for fault, state in (("PUT", "Failed"), (None, "Succeeded")):
        if fault is not None:
            add(cloud, FailOperation(code="InternalError", message="No luck."), method=fault)
        location = cloud.ask("PUT", made, b'{"location": "westus"}').headers["Location"].removeprefix(cloud.world.base_url)
        cloud.clock.advance(60)
        assert cloud.ask("GET", made).json()["properties"]["provisioningState"] == state
        assert cloud.ask("GET", location).status == (409 if fault else 200)
    add(cloud, FailOperation(), method="DELETE")
    assert cloud.ask("DELETE", made).status == 202
    cloud.clock.advance(60)
    assert cloud.ask("GET", made).json()["properties"]["provisioningState"] == "Failed"
    assert cloud.ask("DELETE", made).status == 202
    cloud.clock.advance(60)
    assert cloud.ask("GET", made).status == 404


def test_a_refused_request_sets_nothing_in_motion_that_could_fail(cloud: Cloud) -> None:
    add(cloud, FailOperation(), count=None)
    assert cloud.ask("PUT", f"{GALLERY}?{ARM}", b'{"tags": {}}').status == 400
    cloud.clock.advance(10)
    assert cloud.ask("GET", f"{GALLERY}?{ARM}").status == 404


def test_other_things_go_on_while_one_operation_is_stuck(cloud: Cloud) -> None:
    cloud.ask("PUT", f"{GALLERY}?{ARM}", b'{"location": "westus"}')
    add(cloud, StickOperation(), method="PUT", path="other")
    cloud.ask("PUT", f"{GROUP}/providers/Microsoft.Compute/galleries/other?{ARM}", b'{"location": "westus"}')
    cloud.clock.advance(10)
    states = {g["name"]: g["properties"]["provisioningState"] for g in cloud.ask("GET", f"{GALLERIES}?{ARM}").json()["value"]}
    assert states == {"gal": "Succeeded", "other": "Creating"}


def test_the_status_of_an_operation_is_forgotten_after_a_while(cloud: Cloud) -> None:
    cloud.ask("PUT", f"{GALLERY}?{ARM}", b'{"location": "westus"}')
    add(cloud, ExpireOperation(seconds=60), count=None)
    address = operation_address(cloud)
    assert cloud.ask("GET", address).json()["status"] == "InProgress"
    cloud.clock.advance(30)
    assert cloud.ask("GET", address).json()["status"] == "Succeeded"
    cloud.clock.advance(60)
    assert cloud.ask("GET", address).status == 404
    assert cloud.ask("GET", address.replace(cloud.world.operations.since(0)[-1].id, "nobody")).status == 404
    assert cloud.ask("GET", POOLS).status == 200


# --- Lagging reads ---------------------------------------------------------------------------------------------------------


async def test_a_lagging_list_is_old_whatever_is_selected(cloud: Cloud) -> None:
    async def listed(*select: str) -> list[str]:
        return [pool.id async for pool in cloud.batch.list_pools(select=list(select) or None)]

    add(cloud, Stale(seconds=60), operation="Pools_List")
    assert await listed() == []
    cloud.clock.advance(1)
    await cloud.batch.create_pool(pool_options())
    assert await listed() == await listed("id") == await listed("id", "state") == []
    assert (await cloud.batch.get_pool("p")).id == "p"
    cloud.clock.advance(60)
    assert await listed() == await listed("id") == ["p"]


async def test_a_replica_that_always_lags_shows_what_was_true_before(cloud: Cloud) -> None:
    add(cloud, Stale(seconds=30), operation="Pools_Get", count=None)
    # The first strike: the replica begins here.
    assert cloud.ask("GET", f"/batch/acct/pools/p?{BATCH_ARM}").status == 404
    cloud.clock.advance(1)
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=2))
    seen: list[Any] = []
    for _ in range(5):
        cloud.clock.advance(14)
        answer = cloud.ask("GET", f"/batch/acct/pools/p?{BATCH_ARM}")
        seen.append(answer.json()["currentDedicatedNodes"] if answer.status == 200 else answer.status)
    # Created after 1 s, its nodes there after 21 s; both 30 s late.
    assert seen == [404, 404, 0, 2, 2]


async def test_a_replica_gives_things_the_same_names(cloud: Cloud) -> None:
    add(cloud, Stale(seconds=300), operation="Nodes_List", count=None)
    add(cloud, Stale(seconds=1), operation="Nodes_List", path="never")
    await cloud.batch.create_pool(pool_options())
    assert [n.id async for n in cloud.batch.list_nodes("p")] == []
    cloud.clock.advance(60)
    for _ in range(3):
        # Reads and refusals draw ids for their headers.
        cloud.ask("GET", POOLS)
        cloud.ask("POST", POOLS, b"{}")
    await cloud.batch.begin_resize_pool("p", BatchPoolResizeOptions(target_dedicated_nodes=3))
    cloud.world.pools.touch(cloud.account.pools["p"])
    cloud.clock.advance(400)
    late = [n.id async for n in cloud.batch.list_nodes("p")]
    cloud.app.faults.clear()
    assert late == [n.id async for n in cloud.batch.list_nodes("p")]
    assert len(late) == 3


async def test_what_a_fault_did_is_seen_late_too(cloud: Cloud) -> None:
    add(cloud, Stale(seconds=100), operation="GalleryImageVersions_Get", count=None)
    add(cloud, FailOperation(code="Broken"), method="PUT", path="/versions/")
    add(cloud, FailNode(state="unusable"), count=None)
    add(cloud, Stale(seconds=100), operation="Nodes_List", count=None)
    cloud.ask("GET", f"{VERSION}?{ARM}")
    await create_version(cloud)
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=2))
    cloud.clock.advance(1000)
    cloud.ask("GET", POOLS)
    cloud.clock.advance(101)
    cloud.world.settle()
    nodes = await node_states(cloud)
    assert nodes == ["unusable", "unusable"]


def test_a_read_that_is_not_admitted_is_refused_late_as_well(cloud: Cloud) -> None:
    add(cloud, Stale(seconds=100), count=None)
    assert cloud.ask("GET", POOLS, authorization="Basic x").status == 401


# --- The world -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "path", "code"),
    [
        (NoCapacity(), "", "AllocationFailed"),
        (NoCapacity(size="standard_d2s_v3", region="West US"), "", "AllocationFailed"),
        (NoCapacity(code="AccountCoreQuotaReached"), "^p$", "AccountCoreQuotaReached"),
        (NoCapacity(size="Standard_D4s_v3"), "", None),
        (NoCapacity(region="eastus"), "", None),
        (NoCapacity(), "^q$", None),
    ],
)
async def test_machines_that_cannot_be_had(cloud: Cloud, action: NoCapacity, path: str, code: str | None) -> None:
    add(cloud, action, path=path, count=None)
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=1))
    cloud.clock.advance(1000)
    pool = await cloud.batch.get_pool("p")
    assert [error.code for error in pool.resize_errors or []] == ([] if code is None else [code])
    assert pool.current_dedicated_nodes == (0 if code else 1)


@pytest.mark.parametrize("state", ["starttaskfailed", "unusable"])
async def test_nodes_that_do_not_turn_idle(cloud: Cloud, state: Any) -> None:
    add(cloud, FailNode(state=state), path="^p$", count=2)
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=3))
    cloud.clock.advance(1000)
    assert await node_states(cloud) == sorted(["idle", state, state])


def test_another_writer_of_an_arm_resource(cloud: Cloud) -> None:
    before = cloud.ask("GET", f"{BATCH}?{BATCH_ARM}").headers["ETag"]
    add(cloud, BumpETag(), service="batch-arm")
    assert cloud.ask("GET", f"{BATCH}?{BATCH_ARM}").headers["ETag"] != before


@pytest.mark.parametrize("conditions", [{"operation": "Pools_List"}, {"path": "/pools"}])
async def test_pages_of_one(cloud: Cloud, conditions: dict[str, str]) -> None:
    for name in "abc":
        await cloud.batch.create_pool(pool_options(name))
    add(cloud, SmallPages(), method="GET", count=None, **conditions)
    mark = cloud.app.journal.written
    assert [p.id async for p in cloud.batch.list_pools(max_results=1000)] == ["a", "b", "c"]
    assert cloud.app.journal.count(mark)["batch", "Pools_List", "GET"] == 3


async def test_arm_lists_in_pages_of_two_even_once_the_rule_is_used_up(cloud: Cloud) -> None:
    for name in "abcde":
        cloud.world.add_gallery(f"{GROUP}/providers/Microsoft.Compute/galleries/{name}", location="westus")
    add(cloud, SmallPages(size=2), service="compute")
    mark = cloud.app.journal.written
    assert [g.name async for g in cloud.compute.galleries.list()] == list("abcde")
    assert len(cloud.app.journal.since(mark)) == 3


async def test_blobs_in_pages_of_one(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    for name in ("a", "b"):
        await container.upload_blob(name, b"x")
    add(cloud, SmallPages(), operation="Container_ListBlobs", count=None)
    assert [b.name async for b in container.list_blobs()] == ["a", "b", "os.vhd"]


def test_an_error_is_no_list(cloud: Cloud) -> None:
    add(cloud, SmallPages(), count=None)
    assert cloud.ask("GET", f"/subscriptions/nobody/providers/Microsoft.Compute/galleries?{ARM}").status == 404
    assert cloud.ask("GET", f"{BATCH}?{BATCH_ARM}").json()["name"] == "acct"


async def test_a_rule_is_taken_out_by_its_number(cloud: Cloud) -> None:
    first = cloud.app.faults.add(FaultRule(action=Drop(), count=None))
    second = cloud.app.faults.add(FaultRule(action=Throttle(), count=None))
    cloud.app.faults.remove(first)
    assert [number for number, _rule, _hits in cloud.app.faults.numbered()] == [second]
    with pytest.raises(LookupError):
        cloud.app.faults.remove(first)
    transport = SimulatorTransport(cloud.app)
    client = BatchClient(f"{cloud.world.base_url}/batch/acct", StaticCredential(), transport=transport, retry_total=0)
    with pytest.raises(HttpResponseError) as caught:
        await client.get_pool("p")
    assert caught.value.status_code == 429
