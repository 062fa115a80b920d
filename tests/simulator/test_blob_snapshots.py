"""Snapshots, what changed since, and what a write must not disturb; page blobs' sizes and sequence numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from azure.core import MatchConditions

from azuresim.core.vhd import GIB, MIB
from azuresim.wire.digests import crc64_of, md5_of
from simulator.blob_clients import PAGE, account, made, refused
from simulator.cloud import Cloud


def headers(given: dict[str, Any]) -> dict[str, Any]:
    """With names that are no Python names."""
    return given


async def snapshot(blob: Any, **options: Any) -> str:
    return str((await blob.create_snapshot(**options))["snapshot"])


async def ranges(blob: Any, **options: Any) -> list[tuple[int, int, bool]]:
    """First page, number of pages, whether they were cleared."""
    return [(r.start // 512, (r.end + 1 - r.start) // 512, r.cleared) async for r in blob.list_page_ranges(**options)]


async def test_a_snapshot_keeps_what_was(cloud: Cloud) -> None:
    blob = await made(cloud)
    await blob.upload_page(PAGE, 0, 512)
    first = await snapshot(blob)
    await blob.upload_page(b"\2" * 512, 0, 512)
    old = cloud.blobs.get_blob_client("images", "b.vhd", snapshot=first)
    assert await (await old.download_blob(offset=0, length=512)).readall() == PAGE
    assert await (await blob.download_blob(offset=0, length=512)).readall() == b"\2" * 512
    assert (await old.get_blob_properties()).snapshot == first
    assert await refused(old.upload_page(PAGE, 0, 512)) in {(400, "InvalidOperation"), (409, "InvalidOperation")}
    second = await snapshot(blob, metadata={"k": "v"})
    assert second > first
    assert (await cloud.blobs.get_blob_client("images", "b.vhd", snapshot=second).get_blob_properties()).metadata == {"k": "v"}


async def test_differences_between_snapshots(cloud: Cloud) -> None:
    blob = await made(cloud)
    await blob.upload_page(PAGE * 4, 0, 2048)
    first = await snapshot(blob)
    await blob.upload_page(PAGE, 512, 512)
    await blob.clear_page(1024, 512)
    second = await snapshot(blob)
    await blob.upload_page(PAGE * 2, 3072, 1024)
    await blob.clear_page(0, 512)
    assert await ranges(blob) == [(1, 1, False), (3, 1, False), (6, 2, False)]
    assert await ranges(blob, previous_snapshot=second) == [(0, 1, True), (6, 2, False)]
    assert await ranges(blob, previous_snapshot=first) == [(0, 1, True), (1, 1, False), (2, 1, True), (6, 2, False)]
    assert await ranges(blob, previous_snapshot=first, offset=512, length=1024) == [(1, 1, False), (2, 1, True)]
    old = cloud.blobs.get_blob_client("images", "b.vhd", snapshot=second)
    assert await ranges(old, previous_snapshot=first) == [(1, 1, False), (2, 1, True)]
    assert await refused(cloud.blobs.get_blob_client("images", "b.vhd", snapshot=first).get_page_range_diff_for_managed_disk("")) != (
        200,
        "",
    )
    older = cloud.blobs.get_blob_client("images", "b.vhd", snapshot=first)
    assert await refused(anext(older.list_page_ranges(previous_snapshot=second).__aiter__())) == (400, "PreviousSnapshotCannotBeNewer")
    listed, cleared = await blob.get_page_range_diff_for_managed_disk(f"https://azuresim.test/blob/vhds/images/b.vhd?snapshot={second}")
    assert (len(listed), len(cleared)) == (1, 1)


async def test_a_resize_counts_as_a_change(cloud: Cloud) -> None:
    blob = await made(cloud)
    await blob.upload_page(PAGE * 8, 0, 4096)
    first = await snapshot(blob)
    await blob.resize_blob(2048)
    await blob.resize_blob(4096)
    assert await ranges(blob, previous_snapshot=first) == [(4, 4, True)]


async def test_a_blob_made_anew_has_no_common_past(cloud: Cloud) -> None:
    blob = await made(cloud)
    first = await snapshot(blob)
    await blob.create_page_blob(4096)
    assert await refused(anext(blob.list_page_ranges(previous_snapshot=first).__aiter__())) == (409, "BlobOverwritten")
    assert await cloud.blobs.get_blob_client("images", "b.vhd", snapshot=first).exists()


async def test_page_ranges_come_in_pages(cloud: Cloud) -> None:
    blob = await made(cloud)
    for page in (0, 2, 4, 6):
        await blob.upload_page(PAGE, page * 512, 512)
    pages = [[r.start async for r in page] async for page in blob.list_page_ranges(results_per_page=3).by_page()]
    assert pages == [[0, 1024, 2048], [3072]]


async def test_snapshots_hold_a_blob(cloud: Cloud) -> None:
    blob = await made(cloud)
    first = await snapshot(blob)
    second = await snapshot(blob)
    container = cloud.blobs.get_container_client("images")
    listed = [(b.name, b.snapshot) async for b in container.list_blobs(name_starts_with="b", include=["snapshots"])]
    assert listed == [("b.vhd", first), ("b.vhd", second), ("b.vhd", None)]
    assert await refused(blob.delete_blob()) == (409, "SnapshotsPresent")
    await cloud.blobs.get_blob_client("images", "b.vhd", snapshot=first).delete_blob()
    assert await refused(cloud.blobs.get_blob_client("images", "b.vhd", snapshot=first).get_blob_properties()) == (404, "BlobNotFound")
    await blob.delete_blob(delete_snapshots="only")
    assert await blob.exists()
    await snapshot(blob)
    await blob.delete_blob(delete_snapshots="include")
    assert not await blob.exists()


def test_how_snapshots_may_be_deleted(cloud: Cloud) -> None:
    stamp = cloud.ask("PUT", "/blob/vhds/images/os.vhd?comp=snapshot").headers["x-ms-snapshot"]
    wrong = cloud.ask("DELETE", "/blob/vhds/images/os.vhd", **headers({"x-ms-delete-snapshots": "some"}))
    assert wrong.headers["x-ms-error-code"] == "InvalidHeaderValue"
    both = cloud.ask("DELETE", f"/blob/vhds/images/os.vhd?snapshot={stamp}", **headers({"x-ms-delete-snapshots": "include"}))
    assert both.headers["x-ms-error-code"] == "InvalidOperation"
    assert cloud.ask("PUT", f"/blob/vhds/images/os.vhd?comp=snapshot&snapshot={stamp}").headers["x-ms-error-code"] == "InvalidOperation"


@pytest.mark.parametrize(
    ("action", "number", "expected"),
    [
        ("increment", None, 6),
        ("increment", "7", "InvalidHeaderValue"),
        ("max", "3", 5),
        ("max", "9", 9),
        ("update", "1", 1),
        ("update", None, "MissingRequiredHeader"),
        ("double", "1", "InvalidHeaderValue"),
    ],
)
async def test_sequence_number_actions(cloud: Cloud, action: str, number: str | None, expected: int | str) -> None:
    await (await made(cloud)).set_sequence_number("update", "5")
    given: dict[str, Any] = {} if number is None else {"x-ms-blob-sequence-number": number}
    answer = cloud.ask("PUT", "/blob/vhds/images/b.vhd?comp=properties", **headers({"x-ms-sequence-number-action": action, **given}))
    shown = answer.headers.get("x-ms-error-code") or int(answer.headers["x-ms-blob-sequence-number"])
    assert shown == expected


async def test_the_largest_sequence_number(cloud: Cloud) -> None:
    blob = await made(cloud)
    await blob.set_sequence_number("update", str((1 << 63) - 1))
    assert await refused(blob.set_sequence_number("increment")) == (409, "SequenceNumberIncrementTooLarge")


@pytest.mark.parametrize(
    ("condition", "value", "passes"),
    [("lte", 5, True), ("lte", 4, False), ("lt", 6, True), ("lt", 5, False), ("eq", 5, True), ("eq", 4, False)],
)
async def test_sequence_number_conditions(cloud: Cloud, condition: str, value: int, passes: bool) -> None:
    blob = await made(cloud)
    await blob.set_sequence_number("update", "5")
    for write in (
        blob.upload_page(PAGE, 0, 512, **{f"if_sequence_number_{condition}": value}),
        blob.clear_page(0, 512, **{f"if_sequence_number_{condition}": value}),
    ):
        if passes:
            await write
        else:
            assert await refused(write) == (412, "SequenceNumberConditionNotMet")


@pytest.mark.parametrize(
    ("condition", "offset", "read", "written"),
    [
        ("if_modified_since", -1, 200, 200),
        ("if_modified_since", 0, 304, 412),
        ("if_unmodified_since", 0, 200, 200),
        ("if_unmodified_since", -1, 412, 412),
    ],
)
async def test_conditions_on_times(cloud: Cloud, condition: str, offset: int, read: int, written: int) -> None:
    blob = await made(cloud)
    since = {condition: (await blob.get_blob_properties()).last_modified + timedelta(seconds=offset)}
    for attempt, expected in ((blob.get_blob_properties(**since), read), (blob.upload_page(PAGE, 0, 512, **since), written)):
        if expected == 200:
            await attempt
        else:
            assert (await refused(attempt))[0] == expected


@pytest.mark.parametrize("name", ["if-modified-since", "if-unmodified-since"])
def test_times_that_are_none(cloud: Cloud, name: Any) -> None:
    sent: dict[str, Any] = {name: "soon"}
    assert cloud.ask("GET", "/blob/vhds/images/os.vhd", **sent).headers["x-ms-error-code"] == "InvalidHeaderValue"


async def test_conditions_on_what_is_not_there(cloud: Cloud) -> None:
    blob = cloud.blobs.get_blob_client("images", "new.vhd")
    assert await refused(blob.create_page_blob(512, match_condition=MatchConditions.IfPresent)) == (412, "ConditionNotMet")
    assert await refused(blob.create_page_blob(512, lease="aaaaaaaa-0000-4000-8000-000000000000")) == (
        412,
        "LeaseNotPresentWithBlobOperation",
    )


def test_an_unchanged_blob_has_no_body(cloud: Cloud) -> None:
    etag = cloud.ask("HEAD", "/blob/vhds/images/os.vhd").headers["ETag"]
    answer = cloud.ask("GET", "/blob/vhds/images/os.vhd", if_none_match=etag)
    assert (answer.status, answer.body, answer.headers["x-ms-error-code"]) == (304, b"", "ConditionNotMet")


async def test_digests_travel_both_ways(cloud: Cloud) -> None:
    blob = await made(cloud)
    answer = await blob.upload_page(PAGE, 0, 512, validate_content=True)
    assert answer["content_md5"] is not None
    body = await (await blob.download_blob(offset=0, length=512, validate_content=True)).readall()
    assert body == PAGE
    path = "/blob/vhds/images/b.vhd"
    crc = cloud.ask("GET", path, **headers({"x-ms-range": "bytes=0-511", "x-ms-range-get-content-crc64": "true"})).headers[
        "x-ms-content-crc64"
    ]
    assert crc == crc64_of(PAGE)
    sent: dict[str, Any] = {"x-ms-page-write": "update", "content-length": "512", "x-ms-range": "bytes=0-511", "x-ms-content-crc64": crc}
    assert cloud.ask("PUT", f"{path}?comp=page", PAGE, **sent).headers["x-ms-content-crc64"] == crc
    assert cloud.ask("GET", path, **headers({"x-ms-range-get-content-md5": "true"})).headers["x-ms-error-code"] == "InvalidHeaderValue"
    large: dict[str, Any] = {"x-ms-range": f"bytes=0-{4 * MIB}", "x-ms-range-get-content-md5": "true"}
    assert cloud.ask("GET", "/blob/vhds/images/os.vhd", **large).headers["x-ms-error-code"] == "OutOfRangeInput"


def test_the_check_value_of_the_crc() -> None:
    # CRC-64/NVME of "123456789" in the catalogue of parametrised CRC algorithms: AE8B14860A799888.
    assert crc64_of(b"123456789") == "iJh5CoYUi64="


async def test_the_digest_of_the_whole_stands_apart_from_that_of_a_part(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    await container.upload_blob("note", b"hello")
    part = cloud.ask("GET", "/blob/vhds/images/note", **headers({"x-ms-range": "bytes=1-3", "x-ms-range-get-content-md5": "true"}))
    assert (part.status, part.body) == (206, b"ell")
    assert (part.headers["Content-MD5"], part.headers["x-ms-blob-content-md5"]) == (md5_of(b"ell"), md5_of(b"hello"))


async def test_two_tebibytes_and_a_footer_cost_kilobytes(cloud: Cloud) -> None:
    cloud.world.add_vhd("https://azuresim.test/blob/vhds/images/large.vhd", size_mib=2 * 1024 * 1024)
    content = account(cloud).blob("images", "large.vhd").content
    assert (content.size, content.stored) == (2048 * GIB + 512, 64 * 1024)
    blob = cloud.blobs.get_blob_client("images", "large.vhd")
    assert [(r.start, r.end) async for r in blob.list_page_ranges()] == [(2048 * GIB, 2048 * GIB + 511)]
    await blob.create_snapshot()
    await blob.clear_page(0, 2048 * GIB)
    await blob.upload_page(bytes(MIB), 0, MIB)
    assert content.stored == 64 * 1024
