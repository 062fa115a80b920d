"""Page blobs on the wire: pages written, cleared, taken from elsewhere, and listed."""

from __future__ import annotations

from urllib.parse import parse_qsl

from azuresim.core import page_blobs
from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.page_blobs import MAX_PAGE_WRITE
from azuresim.core.ranges import Range, Ranges
from azuresim.wire.blob_conditions import check_read, check_sequence, check_source, check_write
from azuresim.wire.blob_content import find_blob
from azuresim.wire.blob_headers import changed, counted, page_range, read_range, require_length, required
from azuresim.wire.blob_rights import find_account
from azuresim.wire.blob_sources import find_source
from azuresim.wire.blob_xml import page_list, xml_response
from azuresim.wire.digests import check_body
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call

_MOST_RANGES = 10_000


def put_page(call: Call) -> Response:
    """Put Page, Clear Pages and Put Page From URL: told apart by headers."""
    blob, request = find_blob(call), call.request
    require_length(request)
    start, end = page_range(request)
    action = required(request, "x-ms-page-write").lower()
    if action not in {"update", "clear"}:
        raise bad_header("x-ms-page-write", action)
    page_blobs.require(blob)
    check_write(call, blob)
    check_sequence(request, blob)
    data: bytes | None = None
    confirmed: dict[str, str] = {}
    if action == "update" and "x-ms-copy-source" in request.headers:
        data = _from_elsewhere(call, end - start)
        confirmed = check_body(request, data, mark="x-ms-source-")
    elif action == "update":
        if len(request.body) > MAX_PAGE_WRITE:
            raise refusal("RequestBodyTooLarge")
        confirmed = check_body(request, request.body)
        data = request.body
    elif request.body:
        raise bad_header("Content-Length", str(len(request.body)))
    call.world.storage.write_pages(blob, start, end, data)
    number = {"x-ms-blob-sequence-number": str(blob.sequence_number)}
    encrypted = {} if data is None else {"x-ms-request-server-encrypted": "true"}
    return Response(201, changed(call, blob, {**number, **encrypted, **confirmed}))


def list_pages(call: Call) -> Response:
    """What is written, or with `prevsnapshot` what was written and what was cleared since."""
    blob, query = find_blob(call), call.request.query
    page_blobs.require(blob)
    check_read(call, blob)
    previous = query.get("prevsnapshot") or _snapshot_of(call.request)
    written, cleared = blob.content.written, Ranges()
    if previous is not None:
        whole = find_account(call).blob(call.params["container"], call.params["blob"])
        written, cleared = page_blobs.differences(whole, blob, previous)
    first, last = read_range(call.request, blob.content.size) or (0, blob.content.size)
    parts = sorted([(part, True) for part in written.within(first, last)] + [(part, False) for part in cleared.within(first, last)])
    shown, marker = _page(call, parts)
    text = page_list((part for part, kept in shown if kept), (part for part, kept in shown if not kept), marker)
    return xml_response(call, text, changed(call, blob, {"x-ms-blob-content-length": str(blob.content.size)}))


def _from_elsewhere(call: Call, length: int) -> bytes:
    """A range of another blob, as long as the one to be written."""
    start, end = page_range(call.request, "x-ms-source-range")
    if length > MAX_PAGE_WRITE:
        raise refusal("RequestBodyTooLarge")
    if end - start != length:
        raise bad_header("x-ms-source-range", call.request.headers["x-ms-source-range"])
    source = find_source(call, call.request.headers.get("x-ms-copy-source-authorization"))
    check_source(call.request, source.blob)
    if end > source.blob.content.size:
        raise refusal("InvalidRange")
    return source.blob.content.read(start, end)


def _snapshot_of(request: Request) -> str | None:
    """The snapshot a URL names: managed disks are asked for by URL."""
    address = request.headers.get("x-ms-previous-snapshot-url")
    return None if address is None else dict(parse_qsl(address.partition("?")[2])).get("snapshot", "")


def _page(call: Call, parts: list[tuple[Range, bool]]) -> tuple[list[tuple[Range, bool]], str | None]:
    """At most so many ranges; the marker is where the next one begins."""
    size = min(counted(call.request, "maxresults", _MOST_RANGES), _MOST_RANGES)
    first = counted(call.request, "marker", 0)
    rest = [part for part in parts if part[0][0] >= first]
    return rest[:size], str(rest[size][0][0]) if 0 < size < len(rest) else None
