"""Where a copy comes from: another blob of this world, and the right to read it."""

from __future__ import annotations

from azuresim.core.blob_errors import bad_header, refusal
from azuresim.core.copies import CopySource
from azuresim.core.errors import ServiceError
from azuresim.wire.blob_headers import required
from azuresim.wire.blob_rights import find_account, grant
from azuresim.wire.http import Request
from azuresim.wire.routing import Call

_PARTS_BEFORE_BLOB = 3


def find_source(call: Call, authorization: str | None = None) -> CopySource:
    """The blob `x-ms-copy-source` names. ``authorization`` is a token for it, where the operation takes one.

    A caller who came with the account's key or a token needs no more within the same account. The source's refusal is the answer, under
    the code CannotVerifyCopySource.
    """
    address = required(call.request, "x-ms-copy-source")
    if not address.lower().startswith(("https://", "http://")):
        raise bad_header("x-ms-copy-source", address)
    base = f"{call.world.base_url}/blob/"
    if not address.lower().startswith(base.lower()):
        raise ServiceError(
            500,
            "CannotVerifyCopySource",
            "Could not verify the copy source within the specified time. "
            "Examine the HTTP status code and message for more information about the failure.",
        )
    version = call.request.headers.get("x-ms-version")
    headers = {} if version is None else {"x-ms-version": version}
    if authorization is not None:
        headers["authorization"] = authorization
    asked = Request("GET", address, headers)
    parts = asked.segments
    if len(parts) <= _PARTS_BEFORE_BLOB:
        raise ServiceError(400, "InvalidSourceBlobUrl", "The source URL for the blob copy is invalid.")
    params = {"account": parts[1], "container": parts[2], "blob": asked.rest(_PARTS_BEFORE_BLOB)}
    inner = Call(call.world, asked, params, real_now=call.real_now)
    try:
        _check_right(call, inner, authorization)
        account = find_account(inner)
        blob = account.blob(params["container"], params["blob"], asked.query.get("snapshot"))
    except ServiceError as refused:
        raise ServiceError(
            refused.status,
            "CannotVerifyCopySource",
            refused.message,
            headers={"x-ms-copy-source-status-code": str(refused.status), "x-ms-copy-source-error-code": refused.code},
        ) from refused
    snapshot = asked.query.get("snapshot")
    shown = address.partition("?")[0] + (f"?snapshot={snapshot}" if snapshot else "")
    return CopySource(account=account, container=params["container"], blob=blob, address=shown)


def _check_right(call: Call, inner: Call, authorization: str | None) -> None:
    same_account = find_account(inner) is find_account(call)
    if authorization is None and "sig" not in inner.request.query and same_account and grant(call, "blob").whole:
        held = grant(call, "blob")
    else:
        held = grant(inner, "blob")
    if "r" not in held.permissions:
        raise refusal("AuthorizationPermissionMismatch")
