"""What Microsoft.Batch's management plane does its own way: errors with details, quoted ETags, operations that have only a `Location`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.resource_id import ResourceId
from azuresim.wire import arm
from azuresim.wire.http import Response, json_response, natural
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import batch_time, http_time

Json = dict[str, Any]
ACCOUNTS = f"{arm.GROUP}/providers/Microsoft.Batch/batchAccounts"
ACCOUNT = f"{ACCOUNTS}/{{account}}"
LOCATION = "/subscriptions/{subscription}/providers/Microsoft.Batch/locations/{location}"
_MAX_PAGE = 1000


def render_error(call: Call, error: ServiceError) -> Response:
    """ARM's envelope; the key/value details Batch knows stand under `details`, and its sentences end with request and time."""
    if not error.values or call.request.method == "HEAD":
        return arm.render_error(call, error)
    headers = arm.request_headers(call)
    inner = {
        "code": error.code,
        "message": f"{error.message}\nRequestId:{headers['x-ms-request-id']}\nTime:{batch_time(call.now)}",
        "target": error.target or "BatchAccount",
        "details": [{"code": key, "message": value} for key, value in error.values],
    }
    return json_response(error.status, {"error": inner}, {**headers, **error.headers})


def account_id(call: Call) -> ResourceId:
    """The id of the path; its subscription and group are there, or 404."""
    found = call.resource_id("Microsoft.Batch", ("batchAccounts", "account"))
    call.world.subscriptions.require(found)
    return found


def find_account(call: Call) -> BatchAccount:
    """The account of the path, or 404."""
    return call.world.batch.get(account_id(call))


def versioned(etag: str, modified: float) -> dict[str, str]:
    """Quoted here, unquoted on the data plane."""
    return {"ETag": f'"{etag}"', "Last-Modified": http_time(modified)}


def check_conditions(call: Call, etag: str | None) -> None:
    """412 for a write whose condition does not hold; ``etag`` is None for what is not there."""
    match, none_match = (call.request.headers.get(name) for name in ("if-match", "if-none-match"))
    missed = match is not None and (etag is None or match.strip('"') not in {"*", etag})
    taken = none_match is not None and etag is not None and none_match.strip('"') in {"*", etag}
    if missed or taken:
        raise ServiceError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")


def page(call: Call, shown: Iterable[Json]) -> Response:
    """One page of what is left of a list in the order of its names: `maxresults` at most, `nextLink` for the rest."""
    query = call.request.query
    size = query.get("maxresults", str(_MAX_PAGE))
    if not 1 <= (natural(size) or 0) <= _MAX_PAGE:
        raise ServiceError(
            400,
            "OutOfRangeQueryParameterValue",
            "A query parameter specified in the request URI is outside the permissible range.",
            values=(("QueryParameterName", "maxresults"), ("QueryParameterValue", size)),
        )
    some = list(islice(shown, int(size) + 1))
    answer: Json = {"value": some[: int(size)]}
    if len(some) > int(size):
        kept = "&".join(p for p in call.request.split.query.split("&") if not p.lower().startswith(("$skiptoken=", "%24skiptoken=")))
        answer["nextLink"] = f"{call.world.base_url}{call.request.path}?{kept}&$skiptoken={some[-2]['name'].lower()}"
    return json_response(200, answer)
