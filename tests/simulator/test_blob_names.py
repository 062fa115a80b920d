"""Names of blobs and of their metadata, as odd as the service allows."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.blob_clients import PAGE, key, refused, service
from simulator.cloud import Cloud

NAMES = ("a/", "a//", "/a", "a/b/", "ü/日本 語", "50%25 off", "a+b&c=d?e#f", "dot.", "...", "a" * 1024, "\ufffe")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("signs", [False, True], ids=["token", "key"])
async def test_a_name_comes_back_as_it_was_given(cloud: Cloud, name: str, signs: bool) -> None:
    blobs = service(cloud, {"account_name": "vhds", "account_key": key(cloud)}) if signs else cloud.blobs
    container = blobs.get_container_client("images")
    blob = container.get_blob_client(name)
    await blob.upload_blob(PAGE, blob_type="PageBlob")
    await blob.create_snapshot()
    listed = [b.name async for b in container.list_blobs(include=["snapshots"]) if b.name != "os.vhd"]
    assert listed == [name, name]
    copy = container.get_blob_client("copy")
    await copy.start_copy_from_url(blob.url)
    assert await (await copy.download_blob()).readall() == PAGE
    await blob.delete_blob(delete_snapshots="include")
    assert not await blob.exists()


async def test_a_folders_mark_is_not_the_folder(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    for name in ("dir", "dir/", "dir/b"):
        await container.upload_blob(name, name.encode())
    assert await (await container.get_blob_client("dir/").download_blob()).readall() == b"dir/"
    assert [item.name async for item in container.walk_blobs(name_starts_with="dir/")] == ["dir/", "dir/b"]
    await container.delete_blob("dir/")
    assert [b.name async for b in container.list_blobs(name_starts_with="dir")] == ["dir", "dir/b"]


async def test_pages_of_names_that_begin_alike(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    for name in ("a", "a!", "a~", "aa", "a\uffff"):
        await container.upload_blob(name, b"")
        await container.get_blob_client(name).create_snapshot()
    pages = container.list_blobs(name_starts_with="a", include=["snapshots"], results_per_page=1).by_page()
    listed = [(b.name, b.snapshot is None) async for page in pages async for b in page]
    assert listed == [(name, last) for name in ("a", "a!", "aa", "a~", "a\uffff") for last in (False, True)]


@pytest.mark.parametrize("signs", [False, True], ids=["token", "key"])
async def test_metadata_keep_their_spelling(cloud: Cloud, signs: bool) -> None:
    blobs = service(cloud, {"account_name": "vhds", "account_key": key(cloud)}) if signs else cloud.blobs
    blob = blobs.get_blob_client("images", "os.vhd")
    given: dict[str, Any] = {"sourceDigest": "v1:aB", "UPPER_case": "x"}
    await blob.set_blob_metadata(given)
    assert (await blob.get_blob_properties()).metadata == given
    listed = [b.metadata async for b in blobs.get_container_client("images").list_blobs(include=["metadata"])]
    assert listed == [given]


async def test_a_blob_copied_onto_itself_has_new_metadata(cloud: Cloud) -> None:
    blob = cloud.blobs.get_blob_client("images", "os.vhd")
    before = await blob.get_blob_properties()
    begun = await blob.start_copy_from_url(blob.url, metadata={"a": "b"})
    cloud.clock.advance(600)
    after = await blob.get_blob_properties()
    assert (begun["copy_status"], after.copy.status, after.metadata, after.size) == ("pending", "success", {"a": "b"}, before.size)
    assert await (await blob.download_blob(offset=before.size - 512, length=8)).readall() == b"conectix"


async def test_tags_find_blobs_and_guard_them(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    for name, stage in (("one", "1"), ("two", "2"), ("three", "3")):
        await container.upload_blob(name, b"x", tags={"project": "vhd", "stage": stage})
    await cloud.blobs.create_container("other")
    await cloud.blobs.get_container_client("other").upload_blob("four", b"x", tags={"stage": "2"})
    for where, names in (
        ("\"stage\" >= '2'", ["three", "two", "four"]),
        ("\"project\" = 'vhd' AND stage < '3'", ["one", "two"]),
        ("@container = 'other' AND stage > ''", ["four"]),
        ("stage = '9'", []),
    ):
        pages = cloud.blobs.find_blobs_by_tags(where, results_per_page=2).by_page()
        assert [b.name async for page in pages async for b in page] == names
    assert [b.name async for b in cloud.blobs.get_container_client("other").find_blobs_by_tags("stage = '2'")] == ["four"]
    one = container.get_blob_client("one")
    await one.set_blob_metadata({}, if_tags_match_condition="stage = '1' OR stage = '2'")
    refusal = (412, "ConditionNotMet")
    assert await refused(one.set_blob_metadata({}, if_tags_match_condition="stage <> '1'")) == refusal
    assert await refused(one.get_blob_properties(if_tags_match_condition="other = '1'")) == refusal
