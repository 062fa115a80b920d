"""Headers of the blob service: ranges, metadata, and what a blob or a container tells about itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from azuresim.core.blob_errors import bad_header, bad_parameter, refusal
from azuresim.core.blobs import Blob, BlobCopy, Container
from azuresim.core.leases import INFINITE, Lease
from azuresim.wire.digests import check_md5
from azuresim.wire.http import Request, natural
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import http_time

MARK = "x-ms-meta-"
NEWEST_VERSION = "2026-10-06"
# Request header → header of the answer.
_CONTENT_HEADERS = {
    "x-ms-blob-content-type": "Content-Type",
    "x-ms-blob-content-encoding": "Content-Encoding",
    "x-ms-blob-content-language": "Content-Language",
    "x-ms-blob-content-md5": "Content-MD5",
    "x-ms-blob-cache-control": "Cache-Control",
    "x-ms-blob-content-disposition": "Content-Disposition",
}
# What a signature may replace in the answer.
_OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}
# Nothing in the service is longer than a signed 64-bit number.
_MAX_NUMBER = (1 << 63) - 1
_RANGE = re.compile("bytes=([0-9]{1,19})-([0-9]{0,19})")
_VERSION = re.compile(r"20\d\d-\d\d-\d\d")
_METADATA_NAME = re.compile(r"[^\W\d]\w*", re.ASCII)
_MOST_METADATA = 8192
_MOST_TAGS, _LONGEST_KEY, _LONGEST_VALUE = 10, 128, 256
_TAG_TEXT = re.compile(r"[A-Za-z0-9 +\-./:=_]*")


def check_version(request: Request) -> None:
    """400 for a version that never was, or is newer than this simulator."""
    version = request.headers.get("x-ms-version")
    if version is not None and (_VERSION.fullmatch(version) is None or version > NEWEST_VERSION):
        raise bad_header("x-ms-version", version)


def stamp(call: Call) -> dict[str, str]:
    """What every answer carries."""
    signed = call.request.query.get("sv", "")
    version = call.request.headers.get("x-ms-version") or (signed if _VERSION.fullmatch(signed) else NEWEST_VERSION)
    headers = {"Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0", "x-ms-request-id": call.world.kernel.request_ids.guid()}
    client_id = call.request.headers.get("x-ms-client-request-id")
    return {**headers, "x-ms-version": version, **({} if client_id is None else {"x-ms-client-request-id": client_id})}


def changed(call: Call, thing: Blob | Container, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The same, with the ETag and time of what was written."""
    return {**stamp(call), "ETag": f'"{thing.etag}"', "Last-Modified": http_time(thing.last_modified), **(extra or {})}


def metadata_of(request: Request) -> dict[str, str]:
    """`x-ms-meta-*`, without the prefix. Raises 400 for a name that is no C# identifier, for text that is not ASCII, and beyond 8 KiB."""
    found = {name.removeprefix(MARK): value for name, value in request.headers.items() if name.startswith(MARK)}
    if "" in found:
        raise refusal("EmptyMetadataKey")
    if any(_METADATA_NAME.fullmatch(name) is None or not value.isascii() for name, value in found.items()):
        raise refusal("InvalidMetadata")
    if sum(len(name) + len(value) for name, value in found.items()) > _MOST_METADATA:
        raise refusal("MetadataTooLarge")
    return found


def tags_of(request: Request) -> dict[str, str]:
    """`x-ms-tags`, which is written like a query."""
    return checked_tags(dict(parse_qsl(request.headers.get("x-ms-tags", ""), keep_blank_values=True)))


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """Raises 400 for what "Set Blob Tags" does not allow."""
    too_long = any(not key or len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE for key, value in tags.items())
    if too_long or len(tags) > _MOST_TAGS or any(_TAG_TEXT.fullmatch(text) is None for pair in tags.items() for text in pair):
        raise refusal("InvalidTag")
    return tags


def content_headers(request: Request) -> dict[str, str]:
    """The HTTP headers a blob is given. A digest of the whole is taken as it is, if it can be one."""
    found = {shown: request.headers[asked] for asked, shown in _CONTENT_HEADERS.items() if asked in request.headers}
    if "Content-MD5" in found:
        check_md5(found["Content-MD5"])
    return found


def overrides(request: Request) -> dict[str, str]:
    """The headers that a signature for a blob or container puts in place of the blob's own; 400 for text that no header can have."""
    signs_them = "sig" in request.query and "srt" not in request.query
    given = {name: request.query[name] for name in _OVERRIDES if name in request.query} if signs_them else {}
    for name, text in given.items():
        if not (text.isascii() and text.isprintable()):
            raise bad_parameter(name, text)
    return {_OVERRIDES[name]: text for name, text in given.items()}


def lease_headers(lease: Lease, now: float) -> dict[str, str]:
    """`x-ms-lease-status`, `-state` and, while there is one, `-duration`."""
    shown = {"x-ms-lease-status": "locked" if lease.locks(now) else "unlocked", "x-ms-lease-state": lease.state(now)}
    if lease.state(now) == "leased":
        shown["x-ms-lease-duration"] = "infinite" if lease.duration == INFINITE else "fixed"
    return shown


def blob_properties(blob: Blob, now: float) -> dict[str, str]:
    """Everything HEAD and GET tell."""
    headers = {
        "Content-Type": "application/octet-stream",
        **blob.http_headers,
        "ETag": f'"{blob.etag}"',
        "Last-Modified": http_time(blob.last_modified),
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": blob.kind,
        "x-ms-creation-time": http_time(blob.created),
        "x-ms-server-encrypted": "true",
    }
    if blob.snapshot is None:
        headers |= lease_headers(blob.lease, now)
    if blob.kind == "PageBlob":
        headers["x-ms-blob-sequence-number"] = str(blob.sequence_number)
    else:
        headers |= {"x-ms-access-tier": "Hot", "x-ms-access-tier-inferred": "true"}
    if blob.tags:
        headers["x-ms-tag-count"] = str(len(blob.tags))
    if blob.copy is not None:
        headers |= _copy_headers(blob.copy, now)
    return headers | {f"{MARK}{name}": value for name, value in blob.metadata.items()}


def _copy_headers(copy: BlobCopy, now: float) -> dict[str, str]:
    shown = {
        "x-ms-copy-id": copy.id,
        "x-ms-copy-source": copy.source,
        "x-ms-copy-status": copy.status,
        "x-ms-copy-progress": f"{copy.copied(now)}/{copy.size}",
    }
    if copy.ended is not None:
        shown["x-ms-copy-completion-time"] = http_time(copy.ended)
    if copy.description:
        shown["x-ms-copy-status-description"] = copy.description
    return shown


def read_range(request: Request, size: int) -> tuple[int, int] | None:
    """The bytes asked for as [start, end), cut at the blob's end; None for all. Raises 416 when nothing is left."""
    text = request.headers.get("x-ms-range") or request.headers.get("range")
    match = _RANGE.fullmatch(text) if text else None
    if match is None:
        return None
    start = int(match[1])
    end = min(int(match[2]) + 1, size) if match[2] else size
    if start >= size or start >= end:
        error = refusal("InvalidRange")
        error.headers["Content-Range"] = f"bytes */{size}"
        raise error
    return start, end


def page_range(request: Request, name: str = "Range") -> tuple[int, int]:
    """A range to write or to read from a source, both ends given, as [start, end)."""
    own = request.headers.get(name.lower(), "")
    text = request.headers.get("x-ms-range") or own if name == "Range" else own
    if not text:
        raise refusal("MissingRequiredHeader", HeaderName=name)
    match = _RANGE.fullmatch(text)
    if match is None or not match[2]:
        raise bad_header(name, text)
    return int(match[1]), int(match[2]) + 1


def whole_number(text: str, name: str) -> int:
    """400 for what is no number of 63 bits."""
    number = natural(text)
    if number is None or number > _MAX_NUMBER:
        raise bad_header(name, text)
    return number


def counted(request: Request, name: str, default: int) -> int:
    """The same for a query parameter."""
    text = request.query.get(name)
    number = default if text is None else natural(text)
    if number is None:
        raise bad_parameter(name, text or "")
    return number


def required_number(request: Request, name: str) -> int:
    """The same for a header that must be there."""
    return whole_number(required(request, name), name)


def required(request: Request, name: str) -> str:
    """A header that must be there, or 400."""
    value = request.headers.get(name)
    if value is None:
        raise refusal("MissingRequiredHeader", HeaderName=name)
    return value


def require_length(request: Request) -> None:
    """411 when the client does not say how much it sends."""
    if "content-length" not in request.headers:
        raise refusal("MissingContentLengthHeader")
