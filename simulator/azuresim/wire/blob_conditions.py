"""Conditions on reads and writes: ETags, times, leases, sequence numbers."""

from __future__ import annotations

from collections.abc import Callable

from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.blobs import Blob, Container
from azuresim.core.errors import ServiceError
from azuresim.wire.blob_headers import whole_number
from azuresim.wire.blob_tag_filter import tag_filter
from azuresim.wire.http import Request
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import read_http_time

_SEQUENCE: dict[str, Callable[[int, int], bool]] = {
    "x-ms-if-sequence-number-le": int.__le__,
    "x-ms-if-sequence-number-lt": int.__lt__,
    "x-ms-if-sequence-number-eq": int.__eq__,
}
_READS = frozenset({"GET", "HEAD"})


def check_read(call: Call, blob: Blob) -> None:
    """304 or 412; a lease's id, when given, must be the right one."""
    check_conditions(call.request, blob)
    blob.lease.admit(call.now, call.request.headers.get("x-ms-lease-id"), writes=False)


def check_write(call: Call, blob: Blob) -> None:
    """412, or 409 for a snapshot and while a copy into the blob is under way."""
    if blob.snapshot is not None:
        raise refusal("InvalidOperation")
    check_conditions(call.request, blob)
    blob.lease.admit(call.now, call.request.headers.get("x-ms-lease-id"), writes=True)
    if blob.copying:
        raise refusal("PendingCopyOperation")


def check_replace(call: Call, existing: Blob | None, *, failure: str = "ConditionNotMet") -> None:
    """For writes that may create what is not there. ``failure`` is the code of a condition that does not hold."""
    if existing is None:
        check_conditions(call.request, None, failure=failure)
        if "x-ms-lease-id" in call.request.headers:
            raise refusal("LeaseNotPresentWithBlobOperation")
        return
    if call.request.headers.get("if-none-match") == "*":
        raise refusal("BlobAlreadyExists")
    check_conditions(call.request, existing, failure=failure)
    existing.lease.admit(call.now, call.request.headers.get("x-ms-lease-id"), writes=True)
    if existing.copying:
        raise refusal("PendingCopyOperation")


def check_source(request: Request, source: Blob) -> None:
    """The same conditions on a source, by headers of their own."""
    check_conditions(request, source, mark="x-ms-source-", failure="SourceConditionNotMet")


def check_sequence(request: Request, blob: Blob) -> None:
    """412 when the sequence number is not what the client wants it to be."""
    for name, holds in _SEQUENCE.items():
        if name in request.headers and not holds(blob.sequence_number, whole_number(request.headers[name], name)):
            raise refusal("SequenceNumberConditionNotMet")


def check_conditions(request: Request, thing: Blob | Container | None, *, mark: str = "", failure: str = "ConditionNotMet") -> None:
    """If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, x-ms-if-tags. Times count whole seconds, as they are shown."""
    headers = request.headers
    _check_tags(request, thing, f"{mark or 'x-ms-'}if-tags", failure)
    match, none_match = headers.get(f"{mark}if-match"), headers.get(f"{mark}if-none-match")
    etag = None if thing is None else thing.etag
    if match is not None and (etag is None or match.strip('"') not in {"*", etag}):
        raise refusal(failure)
    if thing is None:
        return
    if none_match is not None and none_match.strip('"') in {"*", etag}:
        raise _unchanged(request, failure)
    written = int(thing.last_modified)
    since, until = _moment(request, f"{mark}if-modified-since"), _moment(request, f"{mark}if-unmodified-since")
    if since is not None and none_match is None and written <= since:
        raise _unchanged(request, failure)
    if until is not None and match is None and written > until:
        raise refusal(failure)


def _check_tags(request: Request, thing: Blob | Container | None, name: str, failure: str) -> None:
    text = request.headers.get(name)
    if text is None:
        return
    try:
        fits = tag_filter(text)
    except ValueError as wrong:
        raise bad_header(name, text) from wrong
    if not isinstance(thing, Blob) or not fits(thing.tags):
        raise refusal(failure)


def _unchanged(request: Request, failure: str) -> ServiceError:
    error = refusal(failure)
    if request.method in _READS:
        error.status = 304
    return error


def _moment(request: Request, name: str) -> float | None:
    text = request.headers.get(name)
    if text is None:
        return None
    try:
        return read_http_time(text)
    except ValueError as wrong:
        raise bad_header(name, text) from wrong
