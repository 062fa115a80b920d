"""Copies: begun, under way, done, failed, aborted; and pages taken from another blob."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core import MatchConditions
from azure.storage.blob import generate_blob_sas

from azuresim import Durations, FailCopy, FaultRule
from azuresim.core.vhd import GIB, MIB
from azuresim.wire.digests import md5_of
from simulator.blob_clients import FAR, PAGE, account, key, made, moment, page_blob, refused, service
from simulator.cloud import VHD, Cloud

FAR_URL = "https://azuresim.test/blob/far/images"


@pytest.fixture
def cloud() -> Cloud:
    """Another account, with a VHD of one GiB in it too."""
    made_ = Cloud(durations=Durations(blob_copy_far=10, blob_copy_near=1))
    made_.world.add_storage_account(FAR, location="eastus")
    made_.world.add_vhd(f"{FAR_URL}/os.vhd")
    return made_


def signed(cloud: Cloud, name: str = "os.vhd", *, permission: str = "r") -> str:
    """A blob of the other account, readable for an hour."""
    query = generate_blob_sas("far", "images", name, account_key=key(cloud, "far"), permission=permission, expiry=moment(cloud, 3600))
    return f"{FAR_URL}/{name}?{query}"


def target(cloud: Cloud, name: str = "copy.vhd") -> Any:
    return page_blob(cloud, name)


async def shown(blob: Any) -> tuple[str | None, str | None, int]:
    properties = await blob.get_blob_properties()
    return properties.copy.status, properties.copy.progress, properties.size


async def test_a_copy_between_accounts_takes_its_time(cloud: Cloud) -> None:
    size = GIB + 512
    blob = target(cloud)
    begun = await blob.start_copy_from_url(signed(cloud), metadata={"k": "v"})
    assert begun["copy_status"] == "pending"
    assert await shown(blob) == ("pending", f"0/{size}", size)
    cloud.clock.advance(5)
    status, progress, _ = await shown(blob)
    assert (status, int(str(progress).split("/")[0]) // MIB) == ("pending", 512)
    assert [r async for r in blob.list_page_ranges()] == []
    cloud.clock.advance(6)
    assert await shown(blob) == ("success", f"{size}/{size}", size)
    properties = await blob.get_blob_properties()
    assert (properties.copy.id, properties.copy.source) == (begun["copy_id"], f"{FAR_URL}/os.vhd")
    assert properties.copy.completion_time is not None
    assert properties.metadata == {"k": "v"}
    assert await (await blob.download_blob(offset=size - 512, length=8)).readall() == b"conectix"
    await blob.set_http_headers()
    assert (await blob.get_blob_properties()).copy.id is None


async def test_within_an_account_no_signature_is_needed_and_bytes_are_shared(cloud: Cloud) -> None:
    blob = target(cloud)
    await cloud.blobs.get_blob_client("images", "os.vhd").set_blob_metadata({"from": "source"})
    await blob.start_copy_from_url(VHD)
    cloud.clock.advance(1.1)
    cloud.world.settle()
    source, copy = account(cloud).blob("images", "os.vhd").content, account(cloud).blob("images", "copy.vhd").content
    (chunk,) = copy._chunks.values()
    assert any(chunk is other for other in source._chunks.values())
    await blob.upload_page(PAGE, GIB, 512)
    assert source.read(GIB, GIB + 8) == b"conectix"
    assert copy.read(GIB, GIB + 512) == PAGE
    assert (await blob.get_blob_properties()).metadata == {"from": "source"}


async def test_a_small_copy_is_done_at_once(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    await container.upload_blob("note", b"hello", blob_type="BlockBlob")
    begun = await target(cloud, "note2").start_copy_from_url("https://azuresim.test/blob/vhds/images/note")
    assert begun["copy_status"] == "success"
    assert await (await target(cloud, "note2").download_blob()).readall() == b"hello"
    listed = [b.copy.status async for b in container.list_blobs(name_starts_with="note2", include=["copy"])]
    assert listed == ["success"]


async def test_the_destination_is_locked_while_the_copy_runs(cloud: Cloud) -> None:
    blob = target(cloud)
    await blob.start_copy_from_url(signed(cloud))
    pending = (409, "PendingCopyOperation")
    for attempt in (
        blob.upload_page(PAGE, 0, 512),
        blob.set_blob_metadata({}),
        blob.resize_blob(512),
        blob.delete_blob(),
        blob.create_page_blob(512),
        blob.create_snapshot(),
        blob.start_copy_from_url(VHD),
        target(cloud, "third.vhd").start_copy_from_url("https://azuresim.test/blob/vhds/images/copy.vhd"),
    ):
        assert await refused(attempt) == pending


async def test_leases_of_destinations(cloud: Cloud) -> None:
    blob = await made(cloud, "copy.vhd")
    short = await blob.acquire_lease(60)
    assert await refused(blob.start_copy_from_url(signed(cloud))) == (412, "LeaseIdMissing")
    assert await refused(blob.start_copy_from_url(signed(cloud), destination_lease=short)) == (412, "InfiniteLeaseDurationRequired")
    await short.release()
    lease = await blob.acquire_lease()
    begun = await blob.start_copy_from_url(signed(cloud), destination_lease=lease)
    pending = (409, "PendingCopyOperation")
    assert [await refused(act) for act in (lease.renew(), lease.release(), lease.break_lease(), blob.acquire_lease())] == [pending] * 4
    assert await refused(blob.abort_copy(begun["copy_id"])) == (412, "LeaseIdMissing")
    cloud.clock.advance(11)
    assert (await shown(blob))[0] == "success"
    assert (await blob.get_blob_properties()).lease.state == "leased"
    await lease.release()


async def test_a_snapshot_is_promoted_over_its_blob(cloud: Cloud) -> None:
    blob = cloud.blobs.get_blob_client("images", "os.vhd")
    stamp = str((await blob.create_snapshot())["snapshot"])
    await blob.clear_page(GIB, 512)
    await blob.start_copy_from_url(f"{VHD}?snapshot={stamp}")
    cloud.clock.advance(2)
    assert (await shown(blob))[0] == "success"
    assert await (await blob.download_blob(offset=GIB, length=8)).readall() == b"conectix"
    assert await cloud.blobs.get_blob_client("images", "os.vhd", snapshot=stamp).exists()


async def test_a_snapshot_can_be_copied_and_must_stay(cloud: Cloud) -> None:
    source = cloud.blobs.get_blob_client("images", "os.vhd")
    stamp = str((await source.create_snapshot())["snapshot"])
    await source.clear_page(GIB, 512)
    for name in ("kept.vhd", "lost.vhd"):
        await target(cloud, name).start_copy_from_url(f"{VHD}?snapshot={stamp}")
        if name == "lost.vhd":
            await cloud.blobs.get_blob_client("images", "os.vhd", snapshot=stamp).delete_blob()
        cloud.clock.advance(2)
    kept = target(cloud, "kept.vhd")
    assert (await shown(kept))[0] == "success"
    assert (await kept.get_blob_properties()).copy.source == f"{VHD}?snapshot={stamp}"
    assert await (await kept.download_blob(offset=GIB, length=8)).readall() == b"conectix"
    assert (await shown(target(cloud, "lost.vhd")))[0] == "failed"


async def test_no_blocks_are_staged_into_a_copy(cloud: Cloud) -> None:
    far = service(cloud, {"account_name": "far", "account_key": key(cloud, "far")}, name="far").get_container_client("images")
    await far.upload_blob("note", bytes(2 * MIB))
    note = target(cloud, "note")
    await note.start_copy_from_url(signed(cloud, "note"))
    assert await refused(note.stage_block("a", b"1")) == (409, "PendingCopyOperation")


async def test_an_aborted_copy_leaves_an_empty_blob(cloud: Cloud) -> None:
    blob = target(cloud)
    begun = await blob.start_copy_from_url(signed(cloud), metadata={"k": "v"})
    assert await refused(blob.abort_copy("another")) == (409, "CopyIdMismatch")
    await blob.abort_copy(begun["copy_id"])
    status, _, size = await shown(blob)
    assert (status, size) == ("aborted", 0)
    assert await refused(blob.abort_copy(begun["copy_id"])) == (409, "NoPendingCopyOperation")
    cloud.clock.advance(60)
    assert (await shown(blob))[0] == "aborted"
    await blob.create_page_blob(512)


async def test_a_source_that_changes_or_goes_fails_the_copy(cloud: Cloud) -> None:
    changed, gone, struck = (target(cloud, name) for name in ("changed.vhd", "gone.vhd", "struck.vhd"))
    await changed.start_copy_from_url(signed(cloud))
    await (
        service(cloud, {"account_name": "far", "account_key": key(cloud, "far")}, name="far")
        .get_blob_client("images", "os.vhd")
        .set_blob_metadata({})
    )
    cloud.clock.advance(20)
    await gone.start_copy_from_url(signed(cloud))
    cloud.world.settle()
    del account(cloud, "far").container("images").blobs["os.vhd"]
    cloud.app.faults.add(FaultRule(action=FailCopy(), path="^vhds/images/struck"))
    await struck.start_copy_from_url(VHD)
    cloud.clock.advance(20)
    for blob, words in ((changed, "reading the source"), (gone, "reading the source"), (struck, "500 InternalError")):
        properties = await blob.get_blob_properties()
        assert (properties.copy.status, properties.size) == ("failed", 0)
        assert words in str(properties.copy.status_description)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(lambda _c: f"{FAR_URL}/os.vhd", (401, "CannotVerifyCopySource"), id="no signature"),
        pytest.param(lambda c: signed(c, permission="w"), (403, "CannotVerifyCopySource"), id="may not be read"),
        pytest.param(lambda c: signed(c, "none.vhd"), (404, "CannotVerifyCopySource"), id="not there"),
        pytest.param(lambda c: f"{signed(c)}x", (403, "CannotVerifyCopySource"), id="damaged signature"),
        pytest.param(lambda _c: "https://elsewhere.test/a/b", (500, "CannotVerifyCopySource"), id="nobody there"),
        pytest.param(lambda _c: "https://azuresim.test/blob/far", (400, "InvalidSourceBlobUrl"), id="no blob"),
    ],
)
async def test_sources_that_cannot_be_read(cloud: Cloud, source: Any, expected: tuple[int, str]) -> None:
    assert await refused(target(cloud).start_copy_from_url(source(cloud))) == expected


async def test_conditions_and_kinds(cloud: Cloud) -> None:
    await cloud.blobs.get_container_client("images").upload_blob("note", b"hello")
    note = target(cloud, "note")
    assert await refused(note.start_copy_from_url(VHD)) == (409, "InvalidBlobType")
    blob = target(cloud)
    assert await refused(blob.start_copy_from_url(VHD, source_etag="0x1", source_match_condition=MatchConditions.IfNotModified)) == (
        412,
        "SourceConditionNotMet",
    )
    await made(cloud, "copy.vhd")
    condition: dict[str, Any] = {"etag": "0x1", "match_condition": MatchConditions.IfNotModified}
    assert await refused(blob.start_copy_from_url(VHD, **condition)) == (412, "TargetConditionNotMet")
    assert await refused(blob.start_copy_from_url(VHD, match_condition=MatchConditions.IfMissing)) == (409, "BlobAlreadyExists")


async def test_the_synchronous_copy_is_for_block_blobs(cloud: Cloud) -> None:
    far = service(cloud, {"account_name": "far", "account_key": key(cloud, "far")}, name="far").get_container_client("images")
    await far.upload_blob("note", b"hello")
    note = target(cloud, "note")
    done = await note.start_copy_from_url(f"{FAR_URL}/note", requires_sync=True, source_authorization="Bearer token")
    assert done["copy_status"] == "success"
    assert await refused(target(cloud).start_copy_from_url(VHD, requires_sync=True)) == (409, "InvalidSourceBlobType")
    account(cloud, "far").data_role = None
    attempt = note.start_copy_from_url(f"{FAR_URL}/note", requires_sync=True, source_authorization="Bearer token")
    assert await refused(attempt) == (403, "CannotVerifyCopySource")
    await note.upload_blob_from_url(VHD, overwrite=True)
    assert (await note.get_blob_properties()).blob_type == "BlockBlob"
    assert (await note.get_blob_properties()).size == GIB + 512


async def test_pages_from_another_blob(cloud: Cloud) -> None:
    blob = await made(cloud)
    await blob.upload_pages_from_url(signed(cloud), offset=0, length=512, source_offset=GIB)
    assert await (await blob.download_blob(offset=0, length=8)).readall() == b"conectix"
    await blob.upload_pages_from_url(f"{FAR_URL}/os.vhd", 512, 512, GIB, source_authorization="Bearer token")
    await blob.upload_pages_from_url(VHD, 1024, 512, GIB)
    assert await (await blob.download_blob(offset=1024, length=8)).readall() == b"conectix"
    footer = await (await blob.download_blob(offset=0, length=512)).readall()
    answer = cloud.ask("PUT", "/blob/vhds/images/b.vhd?comp=page", **from_elsewhere(**{"x-ms-source-content-md5": md5_of(footer)}))
    assert (answer.status, answer.headers["Content-MD5"]) == (201, md5_of(footer))


def from_elsewhere(**headers: str) -> dict[str, Any]:
    return {
        "x-ms-page-write": "update",
        "content-length": "0",
        "x-ms-range": "bytes=0-511",
        "x-ms-copy-source": VHD,
        "x-ms-source-range": f"bytes={GIB}-{GIB + 511}",
        **headers,
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"x-ms-source-range": "bytes=0-1023"}, (400, "InvalidHeaderValue"), id="other length"),
        pytest.param({"x-ms-source-range": f"bytes={GIB + 512}-{GIB + 1023}"}, (416, "InvalidRange"), id="beyond its end"),
        pytest.param({"x-ms-source-content-md5": md5_of(b"")}, (400, "Md5Mismatch"), id="other bytes"),
        pytest.param({"x-ms-source-if-none-match": "*"}, (412, "SourceConditionNotMet"), id="condition on the source"),
        pytest.param({"x-ms-copy-source": f"{FAR_URL}/os.vhd"}, (401, "CannotVerifyCopySource"), id="no right"),
        pytest.param(
            {"x-ms-range": f"bytes=0-{4 * MIB + 511}", "x-ms-source-range": f"bytes=0-{4 * MIB + 511}"},
            (413, "RequestBodyTooLarge"),
            id="more than 4 MiB",
        ),
    ],
)
async def test_pages_that_are_not_taken(cloud: Cloud, headers: dict[str, str], expected: tuple[int, str]) -> None:
    await made(cloud)
    answer = cloud.ask("PUT", "/blob/vhds/images/b.vhd?comp=page", **from_elsewhere(**headers))
    assert (answer.status, answer.headers["x-ms-error-code"]) == expected
    if expected[1] == "CannotVerifyCopySource":
        assert answer.headers["x-ms-copy-source-error-code"] == "NoAuthenticationInformation"


def with_action(action: str) -> dict[str, Any]:
    return {"x-ms-copy-action": action}


def test_what_an_abort_must_say(cloud: Cloud) -> None:
    path = "/blob/vhds/images/os.vhd?comp=copy"
    assert cloud.ask("PUT", path).headers["x-ms-error-code"] == "MissingRequiredHeader"
    assert cloud.ask("PUT", path, **with_action("stop")).headers["x-ms-error-code"] == "InvalidHeaderValue"
    assert cloud.ask("PUT", path, **with_action("abort")).headers["x-ms-error-code"] == "MissingRequiredQueryParameter"
