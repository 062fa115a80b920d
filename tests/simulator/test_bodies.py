"""What the services take of a request's body, and what they say to the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from azuresim.core.errors import ServiceError
from azuresim.schema import check_request
from azuresim.wire.bodies import MAX_BLOB, MAX_BODY, body_limit
from simulator.cloud import API, GALLERY, Cloud, pool_options

VERSION = "compute.GalleryImageVersion"
POOLS = f"/batch/acct/pools?{API}"


def version(**properties: Any) -> dict[str, Any]:
    return {"location": "westus", "properties": {"storageProfile": {}, **properties}}


@pytest.mark.parametrize(
    ("schema", "sent", "taken"),
    [
        pytest.param(VERSION, {**version(), "id": "x", "name": "y"}, version(), id="ARM ignores read-only members at the top"),
        pytest.param(VERSION, version(provisioningState="Succeeded"), version(), id="and below"),
        pytest.param(
            VERSION,
            version(publishingProfile={"targetRegions": [{"name": "a", "storageAccountType": "premium_lrs"}]}),
            version(publishingProfile={"targetRegions": [{"name": "a", "storageAccountType": "Premium_LRS"}]}),
            id="words of an enumeration are respelt",
        ),
        pytest.param(
            VERSION,
            version(publishingProfile={"storageAccountType": "Quantum_LRS"}),
            version(publishingProfile={"storageAccountType": "Quantum_LRS"}),
            id="enumerations grow",
        ),
        pytest.param(
            "compute.VirtualMachine",
            {"location": "w", "properties": {"hardwareProfile": {"vmSize": "standard_d2s_V3"}}},
            {"location": "w", "properties": {"hardwareProfile": {"vmSize": "standard_d2s_V3"}}},
            id="sizes are no enumeration",
        ),
        pytest.param(VERSION, {**version(), "tags": {"a/b[0]": "c"}}, {**version(), "tags": {"a/b[0]": "c"}}, id="odd names of tags"),
        pytest.param(
            VERSION,
            version(publishingProfile={"replicaCount": "2", "excludeFromLatest": "TRUE"}),
            version(publishingProfile={"replicaCount": 2, "excludeFromLatest": True}),
            id="numbers and booleans in strings",
        ),
        pytest.param("batch.BatchPoolResizeOptions", {"targetDedicatedNodes": "3"}, {"targetDedicatedNodes": 3}, id="as az sends them"),
        pytest.param(
            "batch.BatchPoolResizeOptions",
            {"nodeDeallocationOption": "Requeue"},
            {"nodeDeallocationOption": "Requeue"},
            id="Batch keeps the spelling",
        ),
        pytest.param(VERSION, {**version(), "tags": None}, {**version(), "tags": None}, id="null is kept"),
        pytest.param("compute.Gallery", {"location": "w", "properties": None}, {"location": "w"}, id="but for all of the properties"),
        pytest.param(
            "mgmt_batch.BatchAccountUpdateParameters",
            {"properties": {"autoStorage": None}},
            {"properties": {"autoStorage": None}},
            id="a null that takes something away",
        ),
        pytest.param(
            VERSION,
            version(publishingProfile={"targetRegions": [None, {"name": "a"}]}),
            version(publishingProfile={"targetRegions": [{"name": "a"}]}),
            id="and for an element",
        ),
    ],
)
def test_what_is_taken(schema: str, sent: dict[str, Any], taken: dict[str, Any]) -> None:
    assert check_request(schema, sent) == taken


@pytest.mark.parametrize(
    ("schema", "sent", "code"),
    [
        pytest.param(VERSION, version(publishingProfile={"replicaCount": "two"}), "InvalidParameter", id="a string that is no number"),
        pytest.param(
            VERSION, version(publishingProfile={"excludeFromLatest": "yes"}), "InvalidParameter", id="a string that is no boolean"
        ),
        pytest.param(VERSION, version(publishingProfile="x"), "InvalidParameter", id="a string is no object"),
        pytest.param(VERSION, version(publishingProfile={"replicaCount": True}), "InvalidParameter", id="a boolean is no number"),
        pytest.param(VERSION, {**version(), "tags": {"a/0[x]": 1}}, "InvalidParameter", id="a number for a tag with an odd name"),
        pytest.param("batch.BatchPoolUpdateOptions", {"metadata": [None]}, "InvalidPropertyValue", id="Batch, nothing in a list"),
        pytest.param(VERSION, [], "InvalidParameter", id="a list"),
        pytest.param("batch.BatchPoolResizeOptions", {"targetDedicatedNodes": "x"}, "InvalidPropertyValue", id="Batch, a wrong type"),
        pytest.param("batch.BatchPoolResizeOptions", {"colour": "x"}, "InvalidPropertyValue", id="Batch, unknown"),
    ],
)
def test_what_is_refused(schema: str, sent: Any, code: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check_request(schema, sent)
    assert (refused.value.status, refused.value.code) == (400, code)


MALFORMED = [
    pytest.param(b"{", id="cut off"),
    pytest.param(b"\xff\xfe{}", id="no UTF-8"),
    pytest.param(b'{"location": NaN}', id="NaN"),
    pytest.param(b'{"location": "\\ud800"}', id="half a character"),
    pytest.param(b"[" * 100_000, id="endless depth"),
    pytest.param(b"null", id="null"),
    pytest.param(b"", id="none"),
]


@pytest.mark.parametrize("body", MALFORMED)
def test_arm_refuses_what_is_no_json_object(cloud: Cloud, body: bytes) -> None:
    answer = cloud.ask("PUT", f"{GALLERY}?{API}", body)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("body", [*MALFORMED[:-1]])
def test_batch_refuses_it_with_a_code_of_its_own(cloud: Cloud, body: bytes) -> None:
    answer = cloud.ask("POST", POOLS, body)
    assert (answer.status, answer.json()["code"]) == (400, "InvalidRequestBody")


def test_a_post_without_a_body_lacks_its_members(cloud: Cloud) -> None:
    answer = cloud.ask("POST", POOLS)
    assert (answer.status, answer.json()["code"]) == (400, "MissingRequiredProperty")


async def test_what_was_read_can_be_sent_back(cloud: Cloud) -> None:
    cloud.world.add_gallery(GALLERY, location="westus")
    read = cloud.ask("GET", f"{GALLERY}?{API}").json()
    assert read["properties"]["provisioningState"] == "Succeeded"
    answer = cloud.ask("PUT", f"{GALLERY}?{API}", json.dumps(read).encode())
    assert (answer.status, answer.json()["properties"]["identifier"]) == (200, read["properties"]["identifier"])


async def test_az_resizes_with_a_number_in_a_string(cloud: Cloud) -> None:
    await cloud.batch.create_pool(pool_options())
    cloud.clock.advance(60)
    answer = cloud.ask("POST", f"/batch/acct/pools/p/resize?{API}", b'{"targetDedicatedNodes": "3"}')
    assert answer.status == 202
    assert (await cloud.batch.get_pool("p")).target_dedicated_nodes == 3


def test_only_blobs_are_large() -> None:
    assert body_limit("/subscriptions/x") == body_limit("/batch/acct/pools") == MAX_BODY
    assert body_limit("/blob/acct/c/b") == body_limit("/blob/acct/c/b?comp=block&blockid=1") == MAX_BLOB
    assert body_limit("/blob/acct/c/b?timeout=3&comp=page") == MAX_BODY
