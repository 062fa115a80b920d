from __future__ import annotations

import re
from typing import Any

import pytest
from azure.batch.models import BatchNodeRemoveOptions, BatchPoolEnableAutoScaleOptions, BatchPoolResizeOptions, BatchPoolUpdateOptions
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError

from azuresim.core.pool import Pool
from azuresim.wire.batch_filter import parse_filter
from simulator.cloud import Cloud, pool_options


async def pools(cloud: Cloud, count: int) -> None:
    for number in range(count):
        await cloud.batch.create_pool(pool_options(f"p{number:03}"))


async def test_lists_are_paged_and_every_pool_comes_once(cloud: Cloud) -> None:
    await pools(cloud, 7)
    pages = [[p.id async for p in page] async for page in cloud.batch.list_pools(max_results=3).by_page()]
    assert pages == [["p000", "p001", "p002"], ["p003", "p004", "p005"], ["p006"]]
    counted = [c.pool_id async for c in cloud.batch.list_pool_node_counts(max_results=2)]
    assert counted == [f"p{n:03}" for n in range(7)]


async def test_a_pool_deleted_between_pages_hides_no_other(cloud: Cloud) -> None:
    await pools(cloud, 4)
    seen = []
    async for page in cloud.batch.list_pools(max_results=2).by_page():
        seen += [p.id async for p in page]
        await cloud.batch.begin_delete_pool("p001") if "p001" in cloud.account.pools else None
        cloud.clock.advance(60)
    assert seen == ["p000", "p001", "p002", "p003"]


async def test_a_page_costs_what_it_holds(cloud: Cloud) -> None:
    """One page of ten thousand pools must not touch the others."""
    cloud.account.pool_quota = 10_000
    template = None
    for number in range(10_000):
        name = f"p{number:05}"
        if template is None:
            await cloud.batch.create_pool(pool_options(name))
            template = cloud.account.pools[name]
        else:
            cloud.account.pools[name] = template
            cloud.account.pool_names.add(name)
    touched = 0

    class Counting(dict[str, Pool]):
        def __getitem__(self, key: str) -> Pool:
            nonlocal touched
            touched += 1
            return super().__getitem__(key)

    cloud.account.pools = Counting(cloud.account.pools)
    after_p05000 = "cDA1MDAw"
    assert len(cloud.ask("GET", f"/batch/acct/pools?api-version=1&maxresults=50&$skiptoken={after_p05000}").json()["value"]) == 50
    assert touched == 51


@pytest.mark.parametrize("size", ["0", "1001", "many"])
def test_page_sizes_out_of_range(cloud: Cloud, size: str) -> None:
    answer = cloud.ask("GET", f"/batch/acct/pools?api-version=1&maxresults={size}")
    assert (answer.status, answer.json()["code"]) == (400, "OutOfRangeQueryParameterValue")


def test_a_page_mark_nobody_gave_out(cloud: Cloud) -> None:
    assert cloud.ask("GET", "/batch/acct/pools?api-version=1&$skiptoken=%C3%A9").status == 400


async def test_select_limits_the_members(cloud: Cloud) -> None:
    await pools(cloud, 1)
    (item,) = cloud.ask("GET", "/batch/acct/pools?api-version=1&$select=id,state,metadata").json()["value"]
    assert set(item) == {"id", "state", "metadata"}
    one = cloud.ask("GET", "/batch/acct/pools/p000?api-version=1&$select=eTag").json()
    assert set(one) == {"odata.metadata", "eTag"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("id eq 'p001'", ["p001"]),
        ("startswith(id, 'p00')", ["p000", "p001", "p002"]),
        ("startswith(id,'p') and state eq 'active' and id ne 'p001'", ["p000", "p002"]),
        ("allocationState eq 'steady'", []),
        ("currentDedicatedNodes lt 1 and enableAutoScale eq false", ["p000", "p001", "p002"]),
        ("creationTime ge datetime'2000-01-01T00:00:00Z'", ["p000", "p001", "p002"]),
        ("id eq 'it''s'", []),
    ],
)
async def test_filters(cloud: Cloud, condition: str, expected: list[str]) -> None:
    await pools(cloud, 3)
    assert [p.id async for p in cloud.batch.list_pools(filter=condition)] == expected


@pytest.mark.parametrize("condition", ["id like 'p'", "id eq p", "eq", "endswith(id,'p')"])
def test_filters_beyond_the_subset_are_refused_not_ignored(cloud: Cloud, condition: str) -> None:
    answer = cloud.ask("GET", f"/batch/acct/pools?api-version=1&$filter={condition}")
    assert (answer.status, answer.json()["code"]) == (400, "InvalidQueryParameterValue")


def test_filters_look_into_objects() -> None:
    keep = parse_filter("imageReference/publisher eq 'canonical'")
    assert keep({"imageReference": {"publisher": "canonical"}})
    assert not keep({"imageReference": {}})


async def test_writes_hold_their_conditions(cloud: Cloud) -> None:
    await pools(cloud, 1)
    cloud.clock.advance(10)
    etag = (await cloud.batch.get_pool("p000")).etag
    fresh: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    stale: dict[str, Any] = {**fresh, "etag": "0x1"}
    for call in (
        lambda: cloud.batch.update_pool("p000", BatchPoolUpdateOptions(metadata=[]), **stale),
        lambda: cloud.batch.begin_resize_pool("p000", BatchPoolResizeOptions(target_dedicated_nodes=1), **stale),
        lambda: cloud.batch.begin_delete_pool("p000", **stale),
        lambda: cloud.batch.begin_stop_pool_resize("p000", **stale),
        lambda: cloud.batch.begin_remove_nodes("p000", BatchNodeRemoveOptions(node_ids=["none"]), **stale),
        lambda: cloud.batch.enable_pool_auto_scale(
            "p000", BatchPoolEnableAutoScaleOptions(auto_scale_formula="$TargetDedicatedNodes=1"), **stale
        ),
        lambda: cloud.batch.get_pool("p000", **stale),
    ):
        with pytest.raises(HttpResponseError) as caught:
            await call()
        assert (caught.value.status_code, caught.value.error.code if caught.value.error else None) == (412, "ConditionNotMet")
    await cloud.batch.update_pool("p000", BatchPoolUpdateOptions(metadata=[]), **fresh)
    assert cloud.ask("GET", "/batch/acct/pools/p000?api-version=1", if_none_match=cloud.account.pools["p000"].etag).status == 304


async def test_existence(cloud: Cloud) -> None:
    await pools(cloud, 1)
    assert cloud.ask("HEAD", "/batch/acct/pools/p000?api-version=1").status == 200
    missing = cloud.ask("HEAD", "/batch/acct/pools/none?api-version=1")
    assert (missing.status, missing.body) == (404, b"")


async def test_the_error_envelope_is_the_recorded_one(cloud: Cloud) -> None:
    answer = cloud.ask("GET", "/batch/acct/pools/none?api-version=1")
    shown = answer.json()
    assert answer.headers["Content-Type"] == "application/json;odata=minimalmetadata"
    assert answer.headers["DataServiceVersion"] == "3.0"
    assert shown["odata.metadata"].endswith("$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element")
    assert shown["code"] == "PoolNotFound"
    assert re.fullmatch(
        r"The specified pool does not exist\.\nRequestId:[-0-9a-f]{36}\nTime:2027-01-15T08:00:00Z", shown["message"]["value"]
    )


async def test_the_headers_of_a_creation_are_the_recorded_ones(cloud: Cloud) -> None:
    await pools(cloud, 1)
    answer = cloud.ask("GET", "/batch/acct/pools/p000?api-version=1")
    assert answer.headers["ETag"] == answer.json()["eTag"] == cloud.account.pools["p000"].etag
    assert "Last-Modified" in answer.headers
    assert "ETag" not in cloud.ask("DELETE", "/batch/acct/pools/p000?api-version=1").headers


async def test_nodes_look_as_recorded(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options(target_dedicated_nodes=1, target_low_priority_nodes=1))
    cloud.clock.advance(20)
    new = cloud.ask("GET", "/batch/acct/pools/p/nodes?api-version=1").json()["value"]
    assert {re.sub("[0-9a-f]{64}", "*", n["id"]) for n in new} == {"tvmps_*_d", "tvmps_*_p"}
    assert not any({"lastBootTime", "nodeAgentInfo"} & n.keys() for n in new)
    cloud.clock.advance(60)
    idle = [n async for n in cloud.batch.list_nodes("p", filter="state eq 'idle'", max_results=1)]
    assert len(idle) == 2
    assert all("lastBootTime" in n and "nodeAgentInfo" in n for n in idle)
    with pytest.raises(HttpResponseError, match="NodeNotFound"):
        await cloud.batch.get_node("p", "none")


async def test_supported_images_name_an_agent_for_each_image(cloud: Cloud) -> None:
    images = [i async for i in cloud.batch.list_supported_images(max_results=5)]
    agents = {(i.image_reference.publisher, i.image_reference.sku): i.node_agent_sku_id for i in images}
    assert len(images) == len(cloud.world.catalogue.images)
    assert agents["canonical", "22_04-lts"] == "batch.node.ubuntu 22.04"
    assert [i.os_type async for i in cloud.batch.list_supported_images(filter="osType eq 'windows'")] == ["windows"] * 5


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/batch/acct/pools?api-version=1", {"authorization": ""}, (401, "AuthenticationFailed")),
        ("/batch/acct/pools", {}, (400, "MissingRequiredQueryParameter")),
        ("/batch/nobody/pools?api-version=1", {}, (404, "ResourceNotFound")),
    ],
)
def test_requests_batch_refuses(cloud: Cloud, path: str, headers: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = cloud.ask("GET", path, **headers)
    assert (answer.status, answer.json()["code"]) == expected


@pytest.mark.parametrize(
    ("body", "code", "name"),
    [
        (b'{"id": "p", "vmSize": "s", "cloudServiceConfiguration": {}}', "InvalidPropertyValue", "cloudServiceConfiguration"),
        (b'{"id": "p"}', "MissingRequiredProperty", "vmSize"),
        (b'{"id": "p", "vmSize": "s", "metadata": [{"name": "a", "value": "b", "c": 1}]}', "InvalidPropertyValue", "metadata[0]/c"),
    ],
)
def test_bodies_that_are_not_as_the_model_says(cloud: Cloud, body: bytes, code: str, name: str) -> None:
    answer = cloud.ask("POST", "/batch/acct/pools?api-version=1", body)
    assert (answer.status, answer.json()["code"]) == (400, code)
    assert {"key": "PropertyName", "value": name} in answer.json()["values"]


def test_a_body_that_is_no_json(cloud: Cloud) -> None:
    assert cloud.ask("POST", "/batch/acct/pools?api-version=1", b"{").status == 400
