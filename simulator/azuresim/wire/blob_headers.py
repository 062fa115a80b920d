"""Headers of the blob service: ranges, conditions, metadata, and what a blob tells about itself."""

from __future__ import annotations

import re

from azuresim.core.errors import ServiceError
from azuresim.core.storage import Blob
from azuresim.wire.http import Request
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import http_time

MARK = "x-ms-meta-"
# Request header → header of the answer.
_CONTENT_HEADERS = {
    "x-ms-blob-content-type": "Content-Type",
    "x-ms-blob-content-encoding": "Content-Encoding",
    "x-ms-blob-content-language": "Content-Language",
    "x-ms-blob-content-md5": "Content-MD5",
    "x-ms-blob-cache-control": "Cache-Control",
    "x-ms-blob-content-disposition": "Content-Disposition",
}
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def stamp(call: Call) -> dict[str, str]:
    """What every answer carries."""
    headers = {
        "x-ms-request-id": call.world.kernel.request_ids.guid(),
        "x-ms-version": call.request.headers.get("x-ms-version", "2021-12-02"),
    }
    client_id = call.request.headers.get("x-ms-client-request-id")
    return headers if client_id is None else {**headers, "x-ms-client-request-id": client_id}


def metadata_of(request: Request) -> dict[str, str]:
    """`x-ms-meta-*`, without the prefix."""
    return {name.removeprefix(MARK): value for name, value in request.headers.items() if name.startswith(MARK)}


def content_headers(request: Request) -> dict[str, str]:
    """The HTTP headers a blob is given."""
    return {shown: request.headers[asked] for asked, shown in _CONTENT_HEADERS.items() if asked in request.headers}


def blob_properties(blob: Blob) -> dict[str, str]:
    """Everything HEAD and GET tell."""
    headers = {
        "Content-Type": "application/octet-stream",
        **blob.http_headers,
        "ETag": f'"{blob.etag}"',
        "Last-Modified": http_time(blob.last_modified),
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": blob.kind,
        "x-ms-creation-time": http_time(blob.created),
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
    }
    if blob.kind == "PageBlob":
        headers["x-ms-blob-sequence-number"] = str(blob.sequence_number)
    return headers | {f"{MARK}{name}": value for name, value in blob.metadata.items()}


def check_conditions(request: Request, blob: Blob | None) -> None:
    """412 for a write, 304 for a read, when If-Match or If-None-Match do not hold."""
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    etag = None if blob is None else blob.etag
    if match is not None and (etag is None or match.strip('"') not in {"*", etag}):
        raise ServiceError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
    if none_match is not None and etag is not None and none_match.strip('"') in {"*", etag}:
        status = 304 if request.method in {"GET", "HEAD"} else 412
        raise ServiceError(status, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")


def read_range(request: Request, size: int) -> tuple[int, int] | None:
    """The bytes asked for as [start, end), cut at the blob's end; None for all. Raises 416 when nothing is left."""
    text = request.headers.get("x-ms-range") or request.headers.get("range")
    match = _RANGE.fullmatch(text) if text else None
    if match is None:
        return None
    start = int(match[1])
    end = min(int(match[2]) + 1, size) if match[2] else size
    if start >= size or start >= end:
        raise ServiceError(
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


def page_range(request: Request) -> tuple[int, int]:
    """A range to write, both ends given, as [start, end)."""
    text = request.headers.get("x-ms-range") or request.headers.get("range") or ""
    match = _RANGE.fullmatch(text)
    if match is None or not match[2]:
        raise ServiceError(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format: Range.")
    return int(match[1]), int(match[2]) + 1


def whole_number(text: str, name: str) -> int:
    """400 for what is no number."""
    if not text.isdigit():
        raise ServiceError(400, "InvalidHeaderValue", f"The value for one of the HTTP headers is not in the correct format: {name}.")
    return int(text)
