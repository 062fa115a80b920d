"""Put Blob in all its forms, and blocks: a blob written in one request or built up, here or from elsewhere."""

from __future__ import annotations

from typing import cast

from azuresim.core import block_blobs
from azuresim.core.blob_errors import bad_header, bad_parameter, refusal
from azuresim.core.blobs import Blob, BlobKind, Container
from azuresim.core.block_blobs import Which
from azuresim.core.copies import CopySource
from azuresim.core.leases import INFINITE
from azuresim.core.vhd import MIB
from azuresim.wire.blob_conditions import check_conditions, check_read, check_replace, check_source
from azuresim.wire.blob_content import find_blob
from azuresim.wire.blob_headers import (
    changed,
    content_headers,
    metadata_of,
    page_range,
    require_length,
    required,
    required_number,
    stamp,
    tags_of,
    whole_number,
)
from azuresim.wire.blob_rights import find_account, grant
from azuresim.wire.blob_sources import find_source
from azuresim.wire.blob_xml import block_list, parse, xml_response
from azuresim.wire.digests import check_body, md5_of
from azuresim.wire.http import Response
from azuresim.wire.routing import Call

_MAX_SYNCHRONOUS_COPY = 256 * MIB
_LISTS = frozenset({"committed", "uncommitted", "all"})


def put_blob(call: Call) -> Response:
    """Put Blob, Put Blob From URL, Copy Blob and Copy Blob From URL share this address."""
    headers = call.request.headers
    container = find_account(call).container(call.params["container"])
    existing = container.blobs.get(call.params["blob"])
    copies = "x-ms-copy-source" in headers
    kind = headers.get("x-ms-blob-type")
    _check_overwrite(call, existing)
    if copies and kind is None:
        check_replace(call, existing, failure="TargetConditionNotMet")
        at_once = headers.get("x-ms-requires-sync", "").lower() == "true"
        if existing is not None and not at_once and existing.lease.state(call.now) == "leased" and existing.lease.duration != INFINITE:
            raise refusal("InfiniteLeaseDurationRequired")
        return _copy(call, at_once=at_once)
    check_replace(call, existing)
    if required(call.request, "x-ms-blob-type") == "AppendBlob":
        raise refusal("FeatureNotSupportedForAccount", "Append blobs are not supported for the account.")
    if kind not in {"PageBlob", "BlockBlob"} or (copies and kind != "BlockBlob"):
        raise bad_header("x-ms-blob-type", kind or "")
    if copies:
        return _put_from_elsewhere(call)
    require_length(call.request)
    return _put_pages(call) if kind == "PageBlob" else _put_block_blob(call, container)


def put_block(call: Call) -> Response:
    """Put Block and Put Block From URL."""
    container, request = find_account(call).container(call.params["container"]), call.request
    require_length(request)
    block_id = _parameter(call, "blockid")
    existing = container.blobs.get(call.params["blob"])
    if existing is not None:
        existing.lease.admit(call.now, request.headers.get("x-ms-lease-id"), writes=True)
    data, mark = request.body, ""
    if "x-ms-copy-source" in request.headers:
        data, mark = _part(call, find_source(call, request.headers.get("x-ms-copy-source-authorization"))), "x-ms-source-"
    confirmed = check_body(request, data, mark=mark)
    block_blobs.stage(container, call.params["blob"], block_id, data)
    return Response(201, {**stamp(call), **confirmed, "x-ms-request-server-encrypted": "true"})


def put_block_list(call: Call) -> Response:
    """The blob becomes what the list names."""
    container, request = find_account(call).container(call.params["container"]), call.request
    require_length(request)
    name = call.params["blob"]
    existing = container.blobs.get(name)
    if existing is not None and existing.kind != "BlockBlob":
        raise refusal("InvalidBlobType")
    _check_overwrite(call, existing)
    check_replace(call, existing)
    check_body(request, request.body)
    wanted = [(cast("Which", node.tag), node.text or "") for node in parse(request)]
    if any(which not in {"Committed", "Uncommitted", "Latest"} for which, _ in wanted):
        raise refusal("InvalidXmlDocument")
    blocks, data = block_blobs.gather(container, name, wanted)
    made = _make(call, "BlockBlob", len(data))
    block_blobs.fill(container, made, blocks, data)
    return Response(201, changed(call, made, {"x-ms-request-server-encrypted": "true"}))


def get_block_list(call: Call) -> Response:
    """Committed blocks, those that wait, or both."""
    container = find_account(call).container(call.params["container"])
    which = call.request.query.get("blocklisttype", "committed").lower()
    if which not in _LISTS:
        raise bad_parameter("blocklisttype", which)
    staged = {} if "snapshot" in call.request.query else container.staged.get(call.params["blob"], {})
    waiting = [(block_id, len(data)) for block_id, data in staged.items()] if which != "committed" else None
    if staged and call.params["blob"] not in container.blobs:
        return xml_response(call, block_list([] if which != "uncommitted" else None, waiting))
    blob = find_blob(call)
    if blob.kind != "BlockBlob":
        raise refusal("InvalidBlobType")
    check_read(call, blob)
    text = block_list(blob.blocks if which != "uncommitted" else None, waiting)
    return xml_response(call, text, changed(call, blob, {"x-ms-blob-content-length": str(blob.content.size)}))


def abort_copy(call: Call) -> Response:
    """204; what is left is an empty blob."""
    blob, request = find_blob(call), call.request
    if required(request, "x-ms-copy-action").lower() != "abort":
        raise bad_header("x-ms-copy-action", request.headers["x-ms-copy-action"])
    blob.lease.admit(call.now, request.headers.get("x-ms-lease-id"), writes=True)
    call.world.copies.abort(blob, _parameter(call, "copyid"))
    return Response(204, stamp(call))


def _put_pages(call: Call) -> Response:
    headers = call.request.headers
    size = required_number(call.request, "x-ms-blob-content-length")
    number = whole_number(headers.get("x-ms-blob-sequence-number", "0"), "x-ms-blob-sequence-number")
    if call.request.body:
        raise bad_header("Content-Length", str(len(call.request.body)))
    made = _make(call, "PageBlob", size)
    made.sequence_number = number
    return Response(201, changed(call, made, {"x-ms-request-server-encrypted": "true"}))


def _put_block_blob(call: Call, container: Container) -> Response:
    body = call.request.body
    confirmed = check_body(call.request, body)
    made = _make(call, "BlockBlob", len(body))
    made.http_headers.setdefault("Content-MD5", md5_of(body))
    block_blobs.fill(container, made, [], body)
    shown = {"Content-MD5": md5_of(body), **confirmed, "x-ms-request-server-encrypted": "true"}
    return Response(201, changed(call, made, shown))


def _put_from_elsewhere(call: Call) -> Response:
    """Put Blob From URL: a block blob of any blob's content."""
    source = find_source(call, call.request.headers.get("x-ms-copy-source-authorization"))
    check_source(call.request, source.blob)
    if source.blob.content.size > block_blobs.MAX_SINGLE_PUT:
        raise refusal("RequestBodyTooLarge")
    made = _make(call, "BlockBlob", source.blob.content.size)
    made.metadata = made.metadata or dict(source.blob.metadata)
    made.http_headers = {**source.blob.http_headers, **made.http_headers}
    made.content = source.blob.content.copy()
    return Response(201, changed(call, made, {"x-ms-request-server-encrypted": "true"}))


def _copy(call: Call, *, at_once: bool) -> Response:
    account, request = find_account(call), call.request
    # Only the synchronous form takes a token for the source.
    source = find_source(call, request.headers.get("x-ms-copy-source-authorization") if at_once else None)
    check_source(request, source.blob)
    if at_once and source.blob.kind != "BlockBlob":
        raise refusal("InvalidSourceBlobType")
    if at_once and source.blob.content.size > _MAX_SYNCHRONOUS_COPY:
        raise refusal("InvalidInput", "The source of a synchronous copy may not be larger than 256 MiB.")
    if source.blob.copying:
        raise refusal("PendingCopyOperation")
    made = call.world.copies.begin(
        account,
        call.params["container"],
        call.params["blob"],
        source,
        metadata=metadata_of(request),
        tags=_tags(call),
        at_once=at_once,
    )
    copy = made.copy
    shown = {} if copy is None else {"x-ms-copy-id": copy.id, "x-ms-copy-status": copy.status}
    return Response(202, changed(call, made, shown))


def _make(call: Call, kind: BlobKind, size: int) -> Blob:
    request = call.request
    return call.world.storage.put_blob(
        find_account(call),
        call.params["container"],
        call.params["blob"],
        kind=kind,
        size=size,
        metadata=metadata_of(request),
        http_headers=content_headers(request),
        tags=_tags(call),
    )


def _check_overwrite(call: Call, existing: Blob | None) -> None:
    """Creating needs less of a signature than replacing."""
    if existing is not None and "w" not in grant(call, "blob").permissions:
        raise refusal("UnauthorizedBlobOverwrite")


def _tags(call: Call) -> dict[str, str]:
    """Of `x-ms-tags`, which is a right of its own."""
    found = tags_of(call.request)
    if found and "t" not in grant(call, "blob").permissions:
        raise refusal("AuthorizationPermissionMismatch")
    return found


def _part(call: Call, source: CopySource) -> bytes:
    check_conditions(call.request, source.blob, mark="x-ms-source-", failure="SourceConditionNotMet")
    size = source.blob.content.size
    start, end = page_range(call.request, "x-ms-source-range") if "x-ms-source-range" in call.request.headers else (0, size)
    if end > size or start >= end:
        raise refusal("InvalidRange")
    return source.blob.content.read(start, end)


def _parameter(call: Call, name: str) -> str:
    value = call.request.query.get(name)
    if value is None:
        raise refusal("MissingRequiredQueryParameter", QueryParameterName=name)
    return value
