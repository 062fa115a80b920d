"""What all blobs have: content to read, metadata, HTTP headers, tags, snapshots, an end."""

from __future__ import annotations

from typing import Literal

from azuresim.core import page_blobs
from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.blobs import Blob
from azuresim.core.vhd import MIB
from azuresim.wire.blob_conditions import check_conditions, check_read, check_write
from azuresim.wire.blob_headers import (
    blob_properties,
    changed,
    checked_tags,
    content_headers,
    metadata_of,
    overrides,
    read_range,
    required,
    stamp,
    whole_number,
)
from azuresim.wire.blob_rights import find_account
from azuresim.wire.blob_xml import child, element, parse, tag_set, xml_response
from azuresim.wire.digests import crc64_of, md5_of
from azuresim.wire.http import Response
from azuresim.wire.routing import Call

_MAX_DIGESTED = 4 * MIB
# What the SDK's clients ask for in one request at most.
_MOST_AT_ONCE = 32 * MIB
_DIGESTS = {
    "x-ms-range-get-content-md5": ("Content-MD5", md5_of),
    "x-ms-range-get-content-crc64": ("x-ms-content-crc64", crc64_of),
}


def find_blob(call: Call) -> Blob:
    """The blob or snapshot of the address, or 404."""
    return find_account(call).blob(call.params["container"], call.params["blob"], call.request.query.get("snapshot"))


def get(call: Call) -> Response:
    """All of it, or a range."""
    blob = find_blob(call)
    check_read(call, blob)
    wanted = read_range(call.request, blob.content.size)
    headers = {**stamp(call), **blob_properties(blob, call.now), **overrides(call.request)}
    asked = [name for name in _DIGESTS if call.request.headers.get(name, "").lower() == "true"]
    if wanted is None:
        if asked:
            raise bad_header(asked[0], "true")
        return _with_content(Response(200, headers), blob, 0, blob.content.size)
    start, end = wanted
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.content.size}"
    # The digest of the whole blob goes by another name beside a part of it.
    if "Content-MD5" in headers:
        headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
    for name in asked:
        if end - start > _MAX_DIGESTED:
            raise refusal("OutOfRangeInput")
        shown, count = _DIGESTS[name]
        headers[shown] = count(blob.content.read(start, end))
    return _with_content(Response(206, headers), blob, start, end)


def _with_content(response: Response, blob: Blob, start: int, end: int) -> Response:
    if end - start > _MOST_AT_ONCE:
        response.headers["Content-Length"] = str(end - start)
        response.parts = blob.content.parts(start, end)
    else:
        response.body = blob.content.read(start, end)
    return response


def head(call: Call) -> Response:
    """Get Blob Properties; Get Blob Metadata tells the same and less."""
    blob = find_blob(call)
    check_read(call, blob)
    headers = {**stamp(call), **blob_properties(blob, call.now), **overrides(call.request)}
    return Response(200, {**headers, "Content-Length": str(blob.content.size)})


def metadata(call: Call) -> Response:
    """Get Blob Metadata."""
    blob = find_blob(call)
    check_read(call, blob)
    shown = {name: value for name, value in blob_properties(blob, call.now).items() if name.startswith("x-ms-meta-")}
    return Response(200, changed(call, blob, shown))


def delete(call: Call) -> Response:
    """A blob, its snapshots with it (`include`) or they alone (`only`), or one snapshot."""
    blob, request = find_blob(call), call.request
    text = request.headers.get("x-ms-delete-snapshots", "").lower()
    if text not in {"", "include", "only"}:
        raise bad_header("x-ms-delete-snapshots", text)
    if blob.snapshot is not None and text:
        raise refusal("InvalidOperation")
    check_conditions(request, blob)
    if blob.snapshot is None and text != "only":
        blob.lease.admit(call.now, request.headers.get("x-ms-lease-id"), writes=True)
    snapshots: Literal["include", "only"] | None = "include" if text == "include" else "only" if text else None
    call.world.storage.delete_blob(find_account(call), call.params["container"], blob, snapshots=snapshots)
    return Response(202, {**stamp(call), "x-ms-delete-type-permanent": "true"})


def set_metadata(call: Call) -> Response:
    """Replaced whole."""
    blob = find_blob(call)
    check_write(call, blob)
    blob.metadata = metadata_of(call.request)
    call.world.storage.touch(blob)
    return Response(200, changed(call, blob, {"x-ms-request-server-encrypted": "true"}))


def set_properties(call: Call) -> Response:
    """HTTP headers, size and sequence number share this address. Headers are replaced as a whole, unless only the others are given."""
    blob, headers, storage = find_blob(call), call.request.headers, call.world.storage
    check_write(call, blob)
    action, shown = headers.get("x-ms-sequence-number-action", "").lower(), content_headers(call.request)
    size, given = (
        None if name not in headers else whole_number(headers[name], name)
        for name in ("x-ms-blob-content-length", "x-ms-blob-sequence-number")
    )
    if size is not None:
        page_blobs.require(blob)
        page_blobs.check_size(size)
    if action:
        storage.change_sequence_number(blob, action, given)
    # Nothing is refused any more.
    if size is not None:
        storage.resize(blob, size)
    if shown or (size is None and not action):
        blob.http_headers = shown
    # It is no longer what was copied ("x-ms-copy-*" of Get Blob Properties).
    blob.copy = None
    storage.touch(blob)
    extra = {"x-ms-blob-sequence-number": str(blob.sequence_number)} if blob.kind == "PageBlob" else {}
    return Response(200, changed(call, blob, extra))


def snapshot(call: Call) -> Response:
    """201 and the snapshot's name, a time."""
    blob = find_blob(call)
    if blob.snapshot is not None:
        raise refusal("InvalidOperation")
    check_conditions(call.request, blob)
    blob.lease.admit(call.now, call.request.headers.get("x-ms-lease-id"), writes=False)
    if blob.copying:
        raise refusal("PendingCopyOperation")
    made = call.world.storage.snapshot(blob, metadata_of(call.request))
    return Response(201, changed(call, made, {"x-ms-snapshot": made.snapshot or "", "x-ms-request-server-encrypted": "true"}))


def set_tier(call: Call) -> Response:
    """Page blobs have tiers in Premium accounts, block blobs in accounts with tiers; none is simulated."""
    required(call.request, "x-ms-access-tier")
    if find_blob(call).kind == "PageBlob":
        raise refusal("AccessTierNotSupportedForBlobType")
    raise refusal("BlobAccessTierNotSupportedForAccountType")


def undelete(call: Call) -> Response:
    """Nothing is kept of what was deleted, and what was not deleted stays as it is."""
    find_blob(call)
    return Response(200, stamp(call))


def get_tags(call: Call) -> Response:
    """Index tags."""
    return xml_response(call, element("Tags", tag_set(find_blob(call).tags)))


def set_tags(call: Call) -> Response:
    """Replaced whole; neither ETag nor time change."""
    blob = find_blob(call)
    blob.lease.admit(call.now, call.request.headers.get("x-ms-lease-id"), writes=blob.lease.locks(call.now))
    tags = [(child(node, "Key"), child(node, "Value")) for node in parse(call.request).iter("Tag")]
    if len(dict(tags)) < len(tags):
        raise refusal("InvalidTag")
    blob.tags = checked_tags(dict(tags))
    return Response(204, stamp(call))
