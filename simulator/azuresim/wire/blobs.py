"""The blob service, below `/blob/{account}`: containers, page blobs, and block blobs of one request."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from azuresim.core.errors import ServiceError
from azuresim.core.storage import Blob, Container, StorageAccount
from azuresim.wire.blob_headers import (
    MARK,
    blob_properties,
    check_conditions,
    content_headers,
    metadata_of,
    page_range,
    read_range,
    stamp,
    whole_number,
)
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import http_time

_XML_TYPE = "application/xml"
_XML = '<?xml version="1.0" encoding="utf-8"?>'
_MAX_LIST = 5000
_AUTHORITY = "https://login.microsoftonline.com/common/oauth2/authorize"


def _admit(request: Request) -> None:
    """Any bearer token, shared key or shared access signature."""
    scheme = request.headers.get("authorization", "").split(" ")[0].lower()
    if scheme not in {"bearer", "sharedkey"} and "sig" not in request.query:
        raise ServiceError(
            401,
            "NoAuthenticationInformation",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
            headers={"WWW-Authenticate": f"Bearer authorization_uri={_AUTHORITY} resource_id=https://storage.azure.com"},
        )


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _render_error(call: Call, error: ServiceError) -> Response:
    headers = {**stamp(call), "x-ms-error-code": error.code, **error.headers}
    if call.request.method == "HEAD":
        return Response(error.status, headers)
    text = f"{error.message}\nRequestId:{headers['x-ms-request-id']}"
    # XML has no control characters, whatever the request had.
    shown = escape(_NO_XML.sub("\ufffd", text))
    body = f"{_XML}<Error><Code>{error.code}</Code><Message>{shown}</Message></Error>"
    return Response(error.status, {**headers, "Content-Type": _XML_TYPE}, body.encode())


def _account(call: Call) -> StorageAccount:
    found = call.world.storage.named(call.params["account"])
    if found is None:
        raise ServiceError(404, "ResourceNotFound", "The specified resource does not exist.")
    return found


def _container(call: Call) -> Container:
    return _account(call).container(call.params["container"])


def _blob(call: Call) -> Blob:
    return _account(call).blob(call.params["container"], call.params["blob"])


def _changed(call: Call, thing: Blob | Container, extra: dict[str, str] | None = None) -> dict[str, str]:
    return {**stamp(call), "ETag": f'"{thing.etag}"', "Last-Modified": http_time(thing.last_modified), **(extra or {})}


def _create_container(call: Call) -> Response:
    made = call.world.storage.create_container(_account(call), call.params["container"], metadata_of(call.request))
    return Response(201, _changed(call, made))


def _container_properties(call: Call) -> Response:
    found = _container(call)
    metadata = {f"{MARK}{name}": value for name, value in found.metadata.items()}
    state = {
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
    }
    return Response(200, _changed(call, found, {**state, **metadata}))


def _delete_container(call: Call) -> Response:
    _container(call)
    del _account(call).containers[call.params["container"]]
    return Response(202, stamp(call))


def _list_containers(call: Call) -> Response:
    items = [
        f"<Container><Name>{escape(c.name)}</Name><Properties><Last-Modified>{http_time(c.last_modified)}</Last-Modified>"
        f'<Etag>"{c.etag}"</Etag></Properties></Container>'
        for c in sorted(_account(call).containers.values(), key=lambda c: c.name)
    ]
    endpoint = escape(call.world.blob_endpoint(_account(call)))
    return _xml(
        call,
        f'<EnumerationResults ServiceEndpoint="{endpoint}"><Containers>{"".join(items)}</Containers><NextMarker /></EnumerationResults>',
    )


def _list_blobs(call: Call) -> Response:
    query = call.request.query
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    size = whole_number(query.get("maxresults", str(_MAX_LIST)), "maxresults")
    names = sorted(name for name in _container(call).blobs if name.startswith(prefix) and name > marker)
    shown = [_listed(_container(call).blobs[name]) for name in names[:size]]
    following = f"<NextMarker>{escape(names[size - 1])}</NextMarker>" if len(names) > size else "<NextMarker />"
    name = escape(call.params["container"])
    return _xml(
        call,
        f'<EnumerationResults ServiceEndpoint="{escape(call.world.blob_endpoint(_account(call)))}" ContainerName="{name}">'
        f"<Blobs>{''.join(shown)}</Blobs>{following}</EnumerationResults>",
    )


def _listed(blob: Blob) -> str:
    sequence = f"<x-ms-blob-sequence-number>{blob.sequence_number}</x-ms-blob-sequence-number>" if blob.kind == "PageBlob" else ""
    return (
        f"<Blob><Name>{escape(blob.name)}</Name><Properties><Creation-Time>{http_time(blob.created)}</Creation-Time>"
        f"<Last-Modified>{http_time(blob.last_modified)}</Last-Modified><Etag>{blob.etag}</Etag>"
        f"<Content-Length>{blob.content.size}</Content-Length>"
        f"<Content-Type>{escape(blob.http_headers.get('Content-Type', 'application/octet-stream'))}</Content-Type>{sequence}"
        f"<BlobType>{blob.kind}</BlobType></Properties></Blob>"
    )


def _xml(call: Call, text: str) -> Response:
    return Response(200, {**stamp(call), "Content-Type": _XML_TYPE}, f"{_XML}{text}".encode())


def _put_blob(call: Call) -> Response:
    _refuse_sub_resource(call)
    headers = call.request.headers
    account, container, name = _account(call), call.params["container"], call.params["blob"]
    existing = account.container(container).blobs.get(name)
    if existing is not None and headers.get("if-none-match") == "*":
        raise ServiceError(409, "BlobAlreadyExists", "The specified blob already exists.")
    check_conditions(call.request, existing)
    kind = headers.get("x-ms-blob-type", "")
    if kind not in {"PageBlob", "BlockBlob"} or "x-ms-copy-source" in headers:
        raise ServiceError(501, "NotImplemented", f"The simulator does not support blobs of type '{kind}' or copies.")
    is_page = kind == "PageBlob"
    size = whole_number(headers.get("x-ms-blob-content-length", ""), "x-ms-blob-content-length") if is_page else len(call.request.body)
    made = call.world.storage.put_blob(
        account,
        container,
        name,
        kind="PageBlob" if is_page else "BlockBlob",
        size=size,
        metadata=metadata_of(call.request),
        http_headers=content_headers(call.request),
    )
    if not is_page and call.request.body:
        made.content.write(0, call.request.body)
    if is_page:
        made.sequence_number = whole_number(headers.get("x-ms-blob-sequence-number", "0"), "x-ms-blob-sequence-number")
    return Response(201, _changed(call, made, {"x-ms-request-server-encrypted": "true"}))


def _put_page(call: Call) -> Response:
    blob, request = _blob(call), call.request
    check_conditions(request, blob)
    start, end = page_range(request)
    clears = request.headers.get("x-ms-page-write", "").lower() == "clear"
    digest = request.headers.get("content-md5")
    if digest is not None and digest != base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode():
        raise ServiceError(
            400, "Md5Mismatch", "The MD5 value specified in the request did not match with the MD5 value calculated by the server."
        )
    call.world.storage.write_pages(blob, start, end, None if clears else request.body)
    return Response(
        201, _changed(call, blob, {"x-ms-blob-sequence-number": str(blob.sequence_number), "x-ms-request-server-encrypted": "true"})
    )


def _page_list(call: Call) -> Response:
    if "prevsnapshot" in call.request.query:
        raise ServiceError(501, "NotImplemented", "The simulator does not support differences between snapshots.")
    blob = _blob(call)
    check_conditions(call.request, blob)
    if blob.kind != "PageBlob":
        raise ServiceError(409, "InvalidBlobType", "The blob type is invalid for this operation.")
    first, last = read_range(call.request, blob.content.size) or (0, blob.content.size)
    cut = [(max(start, first), min(end, last)) for start, end in blob.content.ranges() if start < last and end > first]
    listed = "".join(f"<PageRange><Start>{start}</Start><End>{end - 1}</End></PageRange>" for start, end in cut)
    headers = _changed(call, blob, {"Content-Type": _XML_TYPE, "x-ms-blob-content-length": str(blob.content.size)})
    return Response(200, headers, f"{_XML}<PageList>{listed}</PageList>".encode())


def _get_blob(call: Call) -> Response:
    _refuse_sub_resource(call)
    blob = _blob(call)
    check_conditions(call.request, blob)
    wanted = read_range(call.request, blob.content.size)
    headers = {**stamp(call), **blob_properties(blob)}
    if wanted is None:
        return Response(200, headers, blob.content.read(0, blob.content.size))
    start, end = wanted
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.content.size}"
    return Response(206, headers, blob.content.read(start, end))


def _head_blob(call: Call) -> Response:
    _refuse_sub_resource(call)
    blob = _blob(call)
    check_conditions(call.request, blob)
    return Response(200, {**stamp(call), **blob_properties(blob), "Content-Length": str(blob.content.size)})


def _delete_blob(call: Call) -> Response:
    check_conditions(call.request, _blob(call))
    del _container(call).blobs[call.params["blob"]]
    return Response(202, {**stamp(call), "x-ms-delete-type-permanent": "true"})


def _set_metadata(call: Call) -> Response:
    blob = _blob(call)
    check_conditions(call.request, blob)
    blob.metadata = metadata_of(call.request)
    call.world.storage.touch(blob)
    return Response(200, _changed(call, blob))


def _set_properties(call: Call) -> Response:
    """HTTP headers, size and sequence number share this address; a size alone leaves the headers."""
    blob, headers = _blob(call), call.request.headers
    check_conditions(call.request, blob)
    size = headers.get("x-ms-blob-content-length")
    if size is not None:
        call.world.storage.resize(blob, whole_number(size, "x-ms-blob-content-length"))
    action = headers.get("x-ms-sequence-number-action", "").lower()
    if action:
        given = whole_number(headers.get("x-ms-blob-sequence-number", "0"), "x-ms-blob-sequence-number")
        blob.sequence_number = {"increment": blob.sequence_number + 1, "max": max(blob.sequence_number, given)}.get(action, given)
    if size is None and not action:
        blob.http_headers = content_headers(call.request)
    call.world.storage.touch(blob)
    return Response(200, _changed(call, blob, {"x-ms-blob-sequence-number": str(blob.sequence_number)}))


def _refuse_sub_resource(call: Call) -> None:
    """`comp=lease` and its like must not be taken for the blob itself."""
    unsupported = [name for name in ("comp", "snapshot", "versionid") if name in call.request.query]
    if unsupported:
        raise ServiceError(
            501, "NotImplemented", f"The simulator does not support {unsupported[0]}={call.request.query[unsupported[0]]} here."
        )


_ACCOUNT = "/blob/{account}"
_CONTAINER = f"{_ACCOUNT}/{{container}}"
_BLOB = f"{_CONTAINER}/{{blob...}}"
_IS_CONTAINER: tuple[tuple[str, str | None], ...] = (("restype", "container"),)


def _comp(name: str) -> tuple[tuple[str, str | None], ...]:
    return (("comp", name),)


def _routes() -> tuple[Route, ...]:
    rows: tuple[tuple[str, str, str, Callable[[Call], Response], tuple[tuple[str, Any], ...]], ...] = (
        ("GET", _ACCOUNT, "Service_ListContainers", _list_containers, _comp("list")),
        ("GET", _CONTAINER, "Container_ListBlobs", _list_blobs, (*_IS_CONTAINER, *_comp("list"))),
        ("PUT", _CONTAINER, "Container_Create", _create_container, _IS_CONTAINER),
        ("GET", _CONTAINER, "Container_GetProperties", _container_properties, _IS_CONTAINER),
        ("HEAD", _CONTAINER, "Container_GetProperties", _container_properties, _IS_CONTAINER),
        ("DELETE", _CONTAINER, "Container_Delete", _delete_container, _IS_CONTAINER),
        ("PUT", _BLOB, "PageBlob_UploadPages", _put_page, _comp("page")),
        ("GET", _BLOB, "PageBlob_GetPageRanges", _page_list, _comp("pagelist")),
        ("PUT", _BLOB, "Blob_SetMetadata", _set_metadata, _comp("metadata")),
        ("PUT", _BLOB, "Blob_SetProperties", _set_properties, _comp("properties")),
        ("PUT", _BLOB, "Blob_Put", _put_blob, ()),
        ("GET", _BLOB, "Blob_Download", _get_blob, ()),
        ("HEAD", _BLOB, "Blob_GetProperties", _head_blob, ()),
        ("DELETE", _BLOB, "Blob_Delete", _delete_blob, ()),
    )
    return tuple(Route(method, path, operation, handler, query=query) for method, path, operation, handler, query in rows)


SERVICE = Service("blob", _routes(), _render_error, _admit)
