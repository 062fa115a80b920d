"""Lease Blob and Lease Container."""

from __future__ import annotations

import uuid

from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.blobs import Blob, Container
from azuresim.wire.blob_conditions import check_conditions
from azuresim.wire.blob_headers import changed, required
from azuresim.wire.blob_rights import find_account
from azuresim.wire.http import Request, Response
from azuresim.wire.routing import Call


def lease_container(call: Call) -> Response:
    """All five actions."""
    return _act(call, find_account(call).container(call.params["container"]))


def lease_blob(call: Call) -> Response:
    """All five actions, but none while a copy into the blob is under way ("Copy Blob"); snapshots have no leases."""
    blob = find_account(call).blob(call.params["container"], call.params["blob"])
    if blob.copying:
        raise refusal("PendingCopyOperation")
    return _act(call, blob)


def _act(call: Call, thing: Blob | Container) -> Response:
    """A lease changes neither ETag nor time."""
    check_conditions(call.request, thing)
    lease, headers = thing.lease, call.request.headers
    action = required(call.request, "x-ms-lease-action").lower()
    match action:
        case "acquire":
            proposed = _guid(call.request, "x-ms-proposed-lease-id") if "x-ms-proposed-lease-id" in headers else None
            required(call.request, "x-ms-lease-duration")
            duration = _seconds(call.request, "x-ms-lease-duration") or 0
            held = lease.acquire(call.now, proposed=proposed, duration=duration, fresh=call.world.kernel.ids.guid())
            return Response(201, changed(call, thing, {"x-ms-lease-id": held}))
        case "renew":
            lease.renew(call.now, _guid(call.request, "x-ms-lease-id"))
            return Response(200, changed(call, thing, {"x-ms-lease-id": lease.id or ""}))
        case "change":
            lease.change(call.now, _guid(call.request, "x-ms-lease-id"), _guid(call.request, "x-ms-proposed-lease-id"))
            return Response(200, changed(call, thing, {"x-ms-lease-id": lease.id or ""}))
        case "release":
            lease.release(_guid(call.request, "x-ms-lease-id"))
            return Response(200, changed(call, thing))
        case "break":
            left = lease.end(call.now, _seconds(call.request, "x-ms-lease-break-period"))
            return Response(202, changed(call, thing, {"x-ms-lease-time": str(left)}))
        case _:
            raise bad_header("x-ms-lease-action", action)


def _guid(request: Request, name: str) -> str:
    text = required(request, name)
    try:
        return str(uuid.UUID(text))
    except ValueError as wrong:
        raise bad_header(name, text) from wrong


def _seconds(request: Request, name: str) -> int | None:
    text = request.headers.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as wrong:
        raise bad_header(name, text) from wrong
