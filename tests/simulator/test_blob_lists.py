"""Block blobs built from blocks, and lists of everything."""

from __future__ import annotations

from typing import Any

import pytest
from azure.storage.blob import BlobBlock

from azuresim.core.leases import INFINITE
from simulator.blob_clients import made, refused
from simulator.cloud import Cloud


async def test_blocks_become_a_blob_when_their_list_is_committed(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    blob = container.get_blob_client("blocks")
    for name, data in (("a", b"one"), ("b", b"two"), ("c", b"three")):
        await blob.stage_block(name, data, validate_content=True)
    assert not await blob.exists()
    committed, waiting = await blob.get_block_list("all")
    assert (committed, [(b.id, b.size) for b in waiting]) == ([], [("a", 3), ("b", 3), ("c", 5)])
    listed = [(b.name, b.size) async for b in container.list_blobs(name_starts_with="blocks", include=["uncommittedblobs"])]
    assert listed == [("blocks", 0)]
    await blob.commit_block_list([BlobBlock("b"), BlobBlock("a")], metadata={"k": "v"}, tags={"t": "1"})
    assert await (await blob.download_blob()).readall() == b"twoone"
    await blob.stage_block("d", b"four")
    await blob.commit_block_list([BlobBlock("d"), BlobBlock("b")])
    assert await (await blob.download_blob()).readall() == b"fourtwo"
    committed, waiting = await blob.get_block_list("all")
    assert ([(b.id, b.size) for b in committed], waiting) == ([("d", 4), ("b", 3)], [])
    assert (await blob.get_blob_properties()).metadata == {}


async def test_blocks_from_another_blob(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    await container.upload_blob("note", b"hello")
    blob = container.get_blob_client("blocks")
    await blob.stage_block_from_url("a", "https://azuresim.test/blob/vhds/images/note", source_offset=1, source_length=3)
    await blob.stage_block_from_url("b", "https://azuresim.test/blob/vhds/images/note")
    await blob.commit_block_list([BlobBlock("a"), BlobBlock("b")])
    assert await (await blob.download_blob()).readall() == b"ellhello"
    beyond = blob.stage_block_from_url("c", "https://azuresim.test/blob/vhds/images/note", source_offset=4, source_length=9)
    assert await refused(beyond) == (416, "InvalidRange")


async def test_block_lists_that_are_refused(cloud: Cloud) -> None:
    blob = cloud.blobs.get_blob_client("images", "blocks")
    assert await refused(blob.commit_block_list([BlobBlock("a")])) == (400, "InvalidBlockList")
    assert await refused(blob.get_block_list()) == (404, "BlobNotFound")
    await blob.stage_block("a", b"1")
    assert await refused(blob.stage_block("longer", b"1")) == (400, "InvalidBlockId")
    page = await made(cloud)
    assert await refused(page.stage_block("a", b"1")) == (409, "InvalidBlobType")
    assert await refused(page.commit_block_list([])) == (409, "InvalidBlobType")
    assert await refused(page.get_block_list()) == (409, "InvalidBlobType")


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("comp=block", b"", "MissingRequiredQueryParameter"),
        ("comp=block&blockid=%21", b"", "InvalidBlockId"),
        ("comp=block&blockid=", b"", "InvalidBlockId"),
        ("comp=blocklist", b"<BlockList>", "InvalidXmlDocument"),
        ("comp=blocklist", b"<BlockList><First>YQ==</First></BlockList>", "InvalidXmlDocument"),
    ],
)
def test_blocks_that_are_not_understood(cloud: Cloud, query: str, body: bytes, code: str) -> None:
    answer = cloud.ask("PUT", f"/blob/vhds/images/new?{query}", body, content_length=str(len(body)))
    assert (answer.status, answer.headers["x-ms-error-code"]) == (400, code)
    assert cloud.ask("GET", "/blob/vhds/images/new?comp=blocklist&blocklisttype=some").status == 400


async def test_names_below_a_delimiter_count_as_one(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    for name in ("a/1", "a/2", "b", "c/d/3", "c/e"):
        await container.upload_blob(name, b"")
    # The SDK shows prefixes before blobs.
    assert [item.name async for item in container.walk_blobs()] == ["a/", "c/", "b", "os.vhd"]
    assert [item.name async for item in container.walk_blobs("c/")] == ["c/d/", "c/e"]
    pages = [[b.name async for b in page] async for page in container.list_blobs(results_per_page=2).by_page()]
    assert pages == [["a/1", "a/2"], ["b", "c/d/3"], ["c/e", "os.vhd"]]
    assert cloud.ask("GET", "/blob/vhds/images?restype=container&comp=list&delimiter=/&include=snapshots").status == 400


async def test_what_a_list_includes(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    await container.upload_blob("a&b <c>", b"x", metadata={"m": "1"}, tags={"t": "2"})
    plain = [b async for b in container.list_blobs(name_starts_with="a&")]
    assert [(b.name, b.metadata, b.tags, b.tag_count) for b in plain] == [("a&b <c>", {}, None, 1)]
    rich = [b async for b in container.list_blobs(name_starts_with="a", include=["metadata", "tags"])]
    assert [(b.metadata, b.tags) for b in rich] == [({"m": "1"}, {"t": "2"})]


async def test_containers_by_prefix_and_page(cloud: Cloud) -> None:
    for name in ("one", "two", "twofold"):
        await cloud.blobs.create_container(name, metadata={"n": name})
    assert [c.name async for c in cloud.blobs.list_containers(name_starts_with="tw")] == ["two", "twofold"]
    pages = [
        [(c.name, c.metadata) async for c in p]
        async for p in cloud.blobs.list_containers("t", include_metadata=True, results_per_page=1).by_page()
    ]
    assert pages == [[("two", {"n": "two"})], [("twofold", {"n": "twofold"})]]


async def test_metadata_of_containers(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    before = (await container.get_container_properties()).etag
    await container.set_container_metadata({"a": "b"})
    after = await container.get_container_properties()
    assert (after.metadata, after.etag == before, after.lease.state) == ({"a": "b"}, False, "available")
    assert cloud.ask("GET", "/blob/vhds/images?restype=container&comp=metadata").headers["x-ms-meta-a"] == "b"
    assert cloud.ask("PUT", "/blob/vhds/images?restype=container&comp=metadata", if_match="0x1").status == 412


async def test_tags(cloud: Cloud) -> None:
    blob = await made(cloud)
    etag = (await blob.get_blob_properties()).etag
    await blob.set_blob_tags({"project": "a/b+c=d", "x": ""})
    assert await blob.get_blob_tags() == {"project": "a/b+c=d", "x": ""}
    properties = await blob.get_blob_properties()
    assert (properties.tag_count, properties.etag) == (2, etag)
    assert await refused(blob.set_blob_tags({str(n): "" for n in range(11)})) == (400, "InvalidTag")
    assert await refused(blob.set_blob_tags({"a": "ü"})) == (400, "InvalidTag")
    twice = b"<Tags><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tags>"
    assert cloud.ask("PUT", "/blob/vhds/images/b.vhd?comp=tags", twice).headers["x-ms-error-code"] == "InvalidTag"
    await blob.acquire_lease(INFINITE)
    assert await refused(blob.set_blob_tags({})) == (412, "LeaseIdMissing")


async def test_too_many_policies_and_public_access_nobody_knows(cloud: Cloud) -> None:
    policies = "".join(f"<SignedIdentifier><Id>{n}</Id></SignedIdentifier>" for n in range(6))
    body = f"<SignedIdentifiers>{policies}</SignedIdentifiers>".encode()
    path = "/blob/vhds/images?restype=container&comp=acl"
    assert cloud.ask("PUT", path, body).headers["x-ms-error-code"] == "InvalidXmlDocument"
    sent: dict[str, Any] = {"x-ms-blob-public-access": "all"}
    assert cloud.ask("PUT", path, **sent).headers["x-ms-error-code"] == "InvalidHeaderValue"


async def test_what_an_account_says_about_itself(cloud: Cloud) -> None:
    information = await cloud.blobs.get_account_information()
    assert (information["sku_name"], information["account_kind"]) == ("Standard_LRS", "StorageV2")
    assert (await cloud.blobs.get_container_client("images").get_account_information())["is_hns_enabled"] in {False, "false"}
    assert (await cloud.blobs.get_service_properties())["delete_retention_policy"].enabled is False
