from __future__ import annotations

from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContentSettings, PremiumPageBlobTier
from azure.storage.blob.aio import BlobClient

from azuresim.core.vhd import MIB
from azuresim.wire.digests import crc64_of, md5_of
from simulator.cloud import Cloud

LEASE = (400, "InvalidHeaderValue")
DATA = bytes(range(256)) * 4 * 1024 * 9  # 9 MiB, more than two page writes


async def uploaded(cloud: Cloud, name: str = "dir/a b.vhd") -> BlobClient:
    container = cloud.blobs.get_container_client("made")
    await container.create_container(metadata={"k": "v"})
    blob = container.get_blob_client(name)
    await blob.upload_blob(DATA, blob_type="PageBlob", metadata={"digest": "abc"})
    return blob


async def refused(call: Any) -> tuple[int | None, str | None]:
    with pytest.raises(HttpResponseError) as caught:
        await call
    code = getattr(caught.value, "error_code", None)
    return caught.value.status_code, str(getattr(code, "value", code))


async def test_a_page_blob_comes_back_whole_and_in_part(cloud: Cloud) -> None:
    blob = await uploaded(cloud)
    properties = await blob.get_blob_properties()
    assert (properties.size, properties.blob_type, properties.metadata) == (len(DATA), "PageBlob", {"digest": "abc"})
    assert await (await blob.download_blob()).readall() == DATA
    assert await (await blob.download_blob(offset=len(DATA) - 512, length=512)).readall() == DATA[-512:]
    assert cloud.app.journal.count()["blob", "PageBlob_UploadPages", "PUT"] == 3


async def test_pages_are_written_cleared_and_listed(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    blob = container.get_blob_client("sparse.vhd")
    await blob.create_page_blob(MIB)
    await blob.upload_page(b"\1" * 1024, offset=1024, length=1024)
    await blob.upload_page(b"\2" * 512, offset=4096, length=512)
    await blob.clear_page(offset=1024, length=512)
    assert [(r.start, r.end, r.cleared) async for r in blob.list_page_ranges()] == [(1536, 2047, False), (4096, 4607, False)]
    assert [(r.start, r.end) async for r in blob.list_page_ranges(offset=0, length=2048)] == [(1536, 2047)]
    assert await (await blob.download_blob(offset=1024, length=1024)).readall() == bytes(512) + b"\1" * 512


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        pytest.param({"range": "bytes=0-511"}, bytes(1024), (400, "InvalidHeaderValue"), id="length and range differ"),
        pytest.param({"range": "bytes=0-99"}, bytes(100), (416, "InvalidPageRange"), id="not whole pages"),
        pytest.param({"range": f"bytes=0-{5 * MIB - 1}"}, bytes(5 * MIB), (413, "RequestBodyTooLarge"), id="more than 4 MiB"),
        pytest.param({"range": f"bytes={100 * MIB}-{100 * MIB + 511}"}, bytes(512), (416, "InvalidPageRange"), id="beyond the end"),
        pytest.param({"range": "bytes=0-"}, bytes(512), (400, "InvalidHeaderValue"), id="open range"),
        pytest.param({"range": "bytes=0-511", "content-md5": md5_of(b"x")}, bytes(512), (400, "Md5Mismatch"), id="damaged on the way"),
        pytest.param({"range": "bytes=0-511", "content-md5": "AAAA"}, bytes(512), (400, "InvalidMd5"), id="no MD5"),
        pytest.param(
            {"range": "bytes=0-511", "x-ms-content-crc64": crc64_of(b"x")}, bytes(512), (400, "Crc64Mismatch"), id="damaged, by CRC64"
        ),
        pytest.param({"range": "bytes=0-511", "x-ms-content-crc64": "AAAA"}, bytes(512), (400, "InvalidHeaderValue"), id="no CRC64"),
        pytest.param({"range": "bytes=0-511", "x-ms-structured-body": "XSM/1.0"}, bytes(512), (400, "UnsupportedHeader"), id="structured"),
        pytest.param({}, bytes(512), (400, "MissingRequiredHeader"), id="no range"),
        pytest.param(
            {"range": "bytes=0-511", "x-ms-page-write": "clear"}, bytes(512), (400, "InvalidHeaderValue"), id="clear, with a body"
        ),
        pytest.param({"range": "bytes=0-511", "x-ms-page-write": "erase"}, b"", (400, "InvalidHeaderValue"), id="neither of the two"),
        pytest.param(
            {"range": "bytes=0-511", "x-ms-if-sequence-number-lt": "0"}, bytes(512), (412, "SequenceNumberConditionNotMet"), id="sq"
        ),
        pytest.param({"range": "bytes=0-511", "if-match": '"0x1"'}, bytes(512), (412, "ConditionNotMet"), id="condition"),
    ],
)
async def test_page_writes_that_are_refused(cloud: Cloud, headers: dict[str, Any], body: bytes, expected: tuple[int, str]) -> None:
    await uploaded(cloud, "b.vhd")
    sent = {"x-ms-page-write": "update", "content-length": str(len(body)), **headers}
    answer = cloud.ask("PUT", "/blob/vhds/made/b.vhd?comp=page", body, **sent)
    assert (answer.status, answer.headers["x-ms-error-code"]) == expected
    assert b"<Code>" + expected[1].encode() in answer.body


async def test_ranges_beyond_the_end(cloud: Cloud) -> None:
    blob = await uploaded(cloud)
    assert await refused(blob.download_blob(offset=len(DATA), length=1)) == (416, "InvalidRange")
    assert (
        cloud.ask("GET", "/blob/vhds/images/os.vhd", range="bytes=1073741824-").headers["Content-Range"]
        == "bytes 1073741824-1073742335/1073742336"
    )


async def test_conditions_on_reads_and_writes(cloud: Cloud) -> None:
    blob = await uploaded(cloud)
    etag = (await blob.get_blob_properties()).etag
    assert await refused(blob.create_page_blob(512, match_condition=MatchConditions.IfMissing)) == (409, "BlobAlreadyExists")
    await blob.set_blob_metadata({"digest": "new"}, etag=etag, match_condition=MatchConditions.IfNotModified)
    assert await refused(blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)) == (412, "ConditionNotMet")
    now = (await blob.get_blob_properties()).etag
    assert now != etag
    assert cloud.ask("GET", "/blob/vhds/made/dir/a%20b.vhd", if_none_match=now).status == 304


async def test_metadata_size_headers_and_sequence_number(cloud: Cloud) -> None:
    blob = await uploaded(cloud)
    await blob.resize_blob(MIB)
    await blob.set_sequence_number("increment")
    await blob.set_http_headers(ContentSettings(content_type="text/plain"))
    properties = await blob.get_blob_properties()
    assert (properties.size, properties.page_blob_sequence_number, properties.content_settings.content_type) == (MIB, 1, "text/plain")
    assert await refused(blob.resize_blob(513)) == (400, "InvalidHeaderValue")


async def test_lists(cloud: Cloud) -> None:
    await uploaded(cloud)
    container = cloud.blobs.get_container_client("made")
    await container.upload_blob("note", b"hello")
    assert [(b.name, b.blob_type, b.size) async for b in container.list_blobs()] == [
        ("dir/a b.vhd", "PageBlob", len(DATA)),
        ("note", "BlockBlob", 5),
    ]
    assert [b.name async for b in container.list_blobs(name_starts_with="no")] == ["note"]
    assert [[b.name async for b in page] async for page in container.list_blobs(results_per_page=1).by_page()] == [
        ["dir/a b.vhd"],
        ["note"],
    ]
    assert [c.name async for c in cloud.blobs.list_containers()] == ["images", "made"]


async def test_a_block_blob_is_not_a_page_blob(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    await container.upload_blob("block", b"x" * 512)
    blob = container.get_blob_client("block")
    assert await refused(blob.upload_page(b"y" * 512, offset=0, length=512)) == (409, "InvalidBlobType")
    assert await refused(blob.resize_blob(512)) == (409, "InvalidBlobType")
    assert cloud.ask("GET", "/blob/vhds/images/block?comp=pagelist").status == 409
    assert await (await blob.download_blob()).readall() == b"x" * 512


async def test_what_is_missing(cloud: Cloud) -> None:
    blob = await uploaded(cloud)
    await blob.delete_blob()
    assert await refused(blob.get_blob_properties()) == (404, "BlobNotFound")
    container = cloud.blobs.get_container_client("made")
    assert await refused(container.create_container()) == (409, "ContainerAlreadyExists")
    assert (await container.get_container_properties()).metadata == {"k": "v"}
    await container.delete_container()
    assert await refused(container.get_container_properties()) == (404, "ContainerNotFound")
    assert cloud.ask("GET", "/blob/nobody/c/b").status == 404


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        pytest.param("PUT", "/images/os.vhd?comp=incrementalcopy", {}, (409, "FeatureNotSupportedForAccount"), id="incremental copy"),
        pytest.param("POST", "/images?restype=container&comp=batch", {}, (409, "FeatureNotSupportedForAccount"), id="batch"),
        pytest.param("PUT", "?restype=service&comp=properties", {}, (400, "InvalidQueryParameterValue"), id="service properties"),
        pytest.param("PUT", "/images/os.vhd?comp=page", {"content-length": "0", "range": "512"}, (400, "InvalidHeaderValue"), id="range"),
        pytest.param(
            "PUT", "/images/os.vhd?comp=lease", {"x-ms-lease-action": "break", "x-ms-lease-break-period": "x"}, LEASE, id="period"
        ),
        pytest.param("GET", "/images?restype=container&comp=list&maxresults=x", {}, (400, "InvalidQueryParameterValue"), id="many"),
        pytest.param("GET", "/images/os.vhd?comp=pagelist&maxresults=x", {}, (400, "InvalidQueryParameterValue"), id="many ranges"),
        pytest.param("GET", "/images?restype=container&comp=blobs", {}, (400, "MissingRequiredQueryParameter"), id="tags to find"),
        pytest.param("GET", "/images/os.vhd?snapshot=2020", {}, (404, "BlobNotFound"), id="no such snapshot"),
        pytest.param("GET", "/images/os.vhd?comp=pagelist&prevsnapshot=2020", {}, (409, "PreviousSnapshotNotFound"), id="no such base"),
        pytest.param("PUT", "/images/new", {"x-ms-blob-type": "AppendBlob"}, (409, "FeatureNotSupportedForAccount"), id="append blob"),
        pytest.param("PUT", "/images/new", {"x-ms-blob-type": "Blob"}, (400, "InvalidHeaderValue"), id="no such type"),
        pytest.param("PUT", "/images/new", {}, (400, "MissingRequiredHeader"), id="no type"),
        pytest.param("PUT", "/images/new", {"x-ms-blob-type": "PageBlob"}, (411, "MissingContentLengthHeader"), id="no length"),
        pytest.param(
            "PUT", "/images/new", {"x-ms-blob-type": "PageBlob", "content-length": "0"}, (400, "MissingRequiredHeader"), id="no size"
        ),
        pytest.param(
            "PUT", "/images/os.vhd?comp=page", {"range": "bytes=0-511"}, (411, "MissingContentLengthHeader"), id="pages, no length"
        ),
        pytest.param("GET", "/images/os.vhd", {"x-ms-version": "2030-01-01"}, (400, "InvalidHeaderValue"), id="a version to come"),
        pytest.param("GET", "/images/os.vhd", {"x-ms-if-tags": "a b"}, (400, "InvalidHeaderValue"), id="condition on tags"),
        pytest.param("GET", "/images?restype=container&comp=blobs&where=a%20b", {}, (400, "InvalidQueryParameterValue"), id="tags"),
        pytest.param("GET", "/images?restype=container&comp=list&include=all", {}, (400, "InvalidQueryParameterValue"), id="include"),
        pytest.param("DELETE", "/images/os.vhd?comp=metadata", {}, (400, "InvalidQueryParameterValue"), id="deletion of a part"),
        pytest.param("DELETE", "/images?restype=container&comp=acl", {}, (400, "InvalidQueryParameterValue"), id="deletion of policies"),
        pytest.param(
            "PUT", "/images/os.vhd?comp=tier", {"x-ms-access-tier": "P30"}, (400, "AccessTierNotSupportedForBlobType"), id="tier of pages"
        ),
        pytest.param("PUT", "/images/os.vhd?comp=properties", {"x-ms-blob-content-md5": "AAAA"}, (400, "InvalidMd5"), id="no digest"),
        pytest.param("PUT", "/images/os.vhd?comp=tier", {}, (400, "MissingRequiredHeader"), id="no tier"),
        pytest.param("PUT", "/images/new?comp=undelete", {}, (404, "BlobNotFound"), id="nothing to bring back"),
        pytest.param("PUT", f"/images/{'a' * 1025}", {"x-ms-blob-type": "BlockBlob"}, (400, "OutOfRangeInput"), id="long name"),
        pytest.param("PUT", "/images/a%01", {"x-ms-blob-type": "BlockBlob"}, (400, "InvalidUri"), id="control character"),
        pytest.param("PUT", "/images/os.vhd?comp=metadata", {"x-ms-meta-": "v"}, (400, "EmptyMetadataKey"), id="metadata without a name"),
        pytest.param("PUT", "/images/os.vhd?comp=metadata", {"x-ms-meta-a": "ü"}, (400, "InvalidMetadata"), id="metadata not in ASCII"),
        pytest.param("PUT", "/images/os.vhd?comp=metadata", {"x-ms-meta-a": "v" * 8192}, (400, "MetadataTooLarge"), id="much metadata"),
        pytest.param("PUT", "/Images?restype=container", {}, (400, "InvalidResourceName"), id="upper case"),
        pytest.param("PUT", "/im?restype=container", {}, (400, "OutOfRangeInput"), id="short name"),
        pytest.param("PUT", "/images/os.vhd?comp=metadata", {"x-ms-meta-1a": "v"}, (400, "InvalidMetadata"), id="name of metadata"),
        pytest.param(
            "GET", "/images?restype=container&comp=list&maxresults=0", {}, (400, "OutOfRangeQueryParameterValue"), id="empty pages"
        ),
        pytest.param("GET", "/images?restype=container&comp=list&marker=x", {}, (400, "InvalidQueryParameterValue"), id="no marker"),
    ],
)
def test_what_is_refused(cloud: Cloud, method: str, path: str, headers: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = cloud.ask(method, f"/blob/vhds{path}", **headers)
    assert (answer.status, answer.headers["x-ms-error-code"]) == expected
    assert answer.body.startswith(b'<?xml version="1.0" encoding="utf-8"?><Error><Code>' + expected[1].encode())


async def test_what_the_sdk_is_told_of_features_that_are_not_simulated(cloud: Cloud) -> None:
    container = cloud.blobs.get_container_client("images")
    await container.upload_blob("note", b"x")
    page, note = container.get_blob_client("os.vhd"), container.get_blob_client("note")
    refusal = (409, "FeatureNotSupportedForAccount")
    assert await refused(container.get_blob_client("log").create_append_blob()) == refusal
    assert await refused(page.start_copy_from_url(f"{page.url}?snapshot=x", incremental_copy=True)) == refusal
    assert await refused(container.delete_blobs("note")) == refusal
    assert await refused(page.set_premium_page_blob_tier(PremiumPageBlobTier.P10)) == (400, "AccessTierNotSupportedForBlobType")
    assert await refused(note.set_standard_blob_tier("Cool")) == (400, "BlobAccessTierNotSupportedForAccountType")
    # Nothing was deleted, and nothing is brought back.
    await note.undelete_blob()
    assert await (await note.download_blob()).readall() == b"x"


def test_a_client_sees_its_own_request_id(cloud: Cloud) -> None:
    assert cloud.ask("HEAD", "/blob/vhds/images/os.vhd", x_ms_client_request_id="mine").headers["x-ms-client-request-id"] == "mine"
