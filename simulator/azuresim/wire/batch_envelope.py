"""What all Batch operations share: credentials, errors, headers, conditions, `$select` and pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.pool import Pool
from azuresim.wire.http import Request, Response, json_response
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import batch_time, http_time

Json = dict[str, Any]
_JSON_TYPE = "application/json;odata=minimalmetadata"
_MAX_PAGE = 1000
_AUTHORITY = "https://login.microsoftonline.com/common"


def admit(request: Request) -> None:
    """Any bearer token or shared key, and an api-version."""
    scheme = request.headers.get("authorization", "").split(" ")[0].lower()
    if scheme not in {"bearer", "sharedkey"}:
        raise ServiceError(
            401,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly.",
            headers={"WWW-Authenticate": f'Bearer authorization_uri="{_AUTHORITY}", resource="https://batch.core.windows.net/"'},
        )
    if "api-version" not in request.query:
        raise ServiceError(400, "MissingRequiredQueryParameter", "A required query parameter was not specified for this request.")


def render_error(call: Call, error: ServiceError) -> Response:
    """`{"odata.metadata", "code", "message": {"lang", "value"}, "values"}`; the code stands at the top, not below `error`."""
    request_id = call.world.kernel.request_ids.guid()
    metadata = f"{root(call)}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element"
    shown: Json = {
        "odata.metadata": metadata,
        "code": error.code,
        "message": {"lang": "en-US", "value": f"{error.message}\nRequestId:{request_id}\nTime:{batch_time(call.now)}"},
    }
    if error.values:
        shown["values"] = [{"key": key, "value": value} for key, value in error.values]
    headers = {"request-id": request_id, "DataServiceVersion": "3.0", **error.headers}
    return Response(error.status, headers) if call.request.method == "HEAD" else answer(error.status, shown, headers)


def root(call: Call) -> str:
    """What every address of the account begins with."""
    return f"{call.world.base_url}/batch/{call.params.get('account', '')}"


def answer(status: int, shown: Json, headers: Mapping[str, str]) -> Response:
    """A JSON answer with Batch's content type."""
    return json_response(status, shown, headers, content_type=_JSON_TYPE)


def common_headers(call: Call) -> dict[str, str]:
    """What every answer carries."""
    return {"request-id": call.world.kernel.request_ids.guid(), "DataServiceVersion": "3.0"}


def versioned_headers(call: Call, pool: Pool) -> dict[str, str]:
    """The same and the pool's ETag, unquoted; writes also tell the address they went to."""
    headers = {**common_headers(call), "ETag": pool.etag, "Last-Modified": http_time(pool.last_modified)}
    if call.request.method not in {"GET", "HEAD"}:
        headers["DataServiceId"] = f"{call.world.base_url}{call.request.path}"
    return headers


def selected(call: Call) -> frozenset[str] | None:
    """The members `$select` names; None when there is no `$select`."""
    text = call.request.query.get("$select")
    return frozenset(name.strip() for name in text.split(",")) if text else None


def selection(call: Call) -> Callable[[Json], Json]:
    """What `$select` leaves of an object."""
    wanted = selected(call)
    if wanted is None:
        return lambda shown: shown
    return lambda shown: {name: value for name, value in shown.items() if name in wanted}


def check_conditions(call: Call, pool: Pool) -> None:
    """412 for a write whose condition does not hold; Batch's ETags are unquoted, quoted ones are taken too."""
    headers = call.request.headers
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    failed = (match is not None and match != "*" and match.strip('"') != pool.etag) or (
        none_match is not None and (none_match == "*" or none_match.strip('"') == pool.etag)
    )
    if failed:
        raise ServiceError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")


def unchanged(call: Call, pool: Pool) -> bool:
    """Whether the client already has this version (If-None-Match)."""
    return call.request.headers.get("if-none-match", "").strip('"') == pool.etag


def page(call: Call, metadata: str, items: Iterable[tuple[str, Json]]) -> Response:
    """A page of (name, object); the next one begins after the last name."""
    size = _page_size(call)
    value: list[Json] = []
    last, more = "", False
    for name, shown in items:
        if len(value) == size:
            more = True
            break
        value.append(shown)
        last = name
    shown_page: Json = {"odata.metadata": f"{root(call)}/$metadata#{metadata}", "value": value}
    if more:
        token = base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")
        kept = "&".join(p for p in call.request.split.query.split("&") if not p.lower().startswith(("$skiptoken=", "%24skiptoken=")))
        shown_page["odata.nextLink"] = f"{call.world.base_url}{call.request.path}?{kept}&$skiptoken={token}"
    return answer(200, shown_page, common_headers(call))


def _page_size(call: Call) -> int:
    text = call.request.query.get("maxresults")
    if text is None:
        return _MAX_PAGE
    if not text.isdigit() or not 1 <= int(text) <= _MAX_PAGE:
        raise ServiceError(
            400,
            "OutOfRangeQueryParameterValue",
            "A query parameter specified in the request URI is outside the permissible range.",
            values=(
                ("QueryParameterName", "maxresults"),
                ("QueryParameterValue", text),
                ("MinimumAllowed", "1"),
                ("MaximumAllowed", str(_MAX_PAGE)),
            ),
        )
    return int(text)


def start_after(call: Call) -> str | None:
    """The name the last page ended with; None on the first page."""
    token = call.request.query.get("$skiptoken")
    if token is None:
        return None
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except ValueError as wrong:
        raise ServiceError(400, "InvalidQueryParameterValue", "The value of $skiptoken is invalid.") from wrong


def find_account(call: Call) -> BatchAccount:
    """The account of the address, or 404."""
    return call.world.batch.named(call.params["account"])


def find_pool(call: Call) -> Pool:
    """The pool of the address, or 404."""
    return call.world.pools.get(find_account(call), call.params["pool"])
