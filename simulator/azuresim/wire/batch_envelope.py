"""What all Batch operations share: credentials, errors, headers, conditions, `$select` and pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Any, Protocol

from azuresim.core.batch_accounts import BatchAccount
from azuresim.core.errors import ServiceError
from azuresim.core.pool import Pool
from azuresim.core.task import Job
from azuresim.wire import batch_rights
from azuresim.wire.http import Response, json_response, natural
from azuresim.wire.routing import Call
from azuresim.wire.timestamps import batch_time, http_time

Json = dict[str, Any]
_JSON_TYPE = "application/json;odata=minimalmetadata"
MAX_PAGE = 1000
_PRECONDITION_FAILED = 412


class Versioned(Protocol):
    """What has an ETag: pools, jobs, tasks."""

    etag: str
    last_modified: float


def admit(call: Call) -> None:
    """A bearer token for Batch or the account's shared key, whichever the account allows, and an api-version."""
    batch_rights.authenticate(call)
    if "api-version" not in call.request.query:
        raise ServiceError(400, "MissingRequiredQueryParameter", "A required query parameter was not specified for this request.")
    account = call.world.batch.named(call.params["account"])
    if account.state != "Succeeded":
        raise ServiceError(403, "AccountIsDisabled", "The specified account is disabled.")


def render_error(call: Call, error: ServiceError) -> Response:
    """`{"odata.metadata", "code", "message": {"lang", "value"}, "values"}`; the code stands at the top, not below `error`."""
    headers = {**common_headers(call), **error.headers}
    if call.request.method == "HEAD":
        return Response(error.status, headers)
    metadata = f"{root(call)}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element"
    return answer(error.status, {"odata.metadata": metadata, **error_body(call, error, headers["request-id"])}, headers)


def error_body(call: Call, error: ServiceError, request_id: str | None = None) -> Json:
    """An error, also where it stands inside an answer; without ``request_id`` it has one of its own."""
    request_id = request_id or call.world.kernel.request_ids.guid()
    text = f"{error.message}\nRequestId:{request_id}\nTime:{batch_time(call.now)}"
    shown: Json = {"code": error.code, "message": {"lang": "en-US", "value": text}}
    if error.values:
        shown["values"] = [{"key": key, "value": value} for key, value in error.values]
    return shown


def root(call: Call) -> str:
    """What every address of the account begins with."""
    return f"{call.world.base_url}/batch/{call.params.get('account', '')}"


def answer(status: int, shown: Json, headers: Mapping[str, str]) -> Response:
    """A JSON answer with Batch's content type."""
    return json_response(status, shown, headers, content_type=_JSON_TYPE)


def common_headers(call: Call) -> dict[str, str]:
    """What every answer carries."""
    return {"request-id": call.world.kernel.request_ids.guid(), "DataServiceVersion": "3.0"}


def acted_headers(call: Call) -> dict[str, str]:
    """What an answer to an action carries: the address it went to."""
    return {**common_headers(call), "DataServiceId": f"{call.world.base_url}{call.request.path}"}


def versioned_headers(call: Call, item: Versioned) -> dict[str, str]:
    """The common ones and the resource's ETag, unquoted; writes also tell the address they went to."""
    headers = {**common_headers(call), "ETag": item.etag, "Last-Modified": http_time(item.last_modified)}
    if call.request.method not in {"GET", "HEAD"}:
        headers["DataServiceId"] = f"{call.world.base_url}{call.request.path}"
    return headers


def selected(call: Call) -> frozenset[str] | None:
    """The members `$select` names; None when there is no `$select`."""
    text = call.request.query.get("$select")
    return frozenset(name.strip() for name in text.split(",")) if text else None


def expanded(call: Call) -> frozenset[str]:
    """What `$expand` names."""
    return frozenset(name.strip() for name in call.request.query.get("$expand", "").split(","))


def selection(call: Call) -> Callable[[Json], Json]:
    """What `$select` leaves of an object."""
    wanted = selected(call)
    if wanted is None:
        return lambda shown: shown
    return lambda shown: {name: value for name, value in shown.items() if name in wanted}


def check_conditions(call: Call, item: Versioned) -> None:
    """412 for a write whose condition does not hold; Batch's ETags are unquoted, quoted ones are taken too."""
    headers = call.request.headers
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    since, unmodified = _moment(headers.get("if-modified-since")), _moment(headers.get("if-unmodified-since"))
    if (match is not None and none_match is not None) or (since is not None and unmodified is not None):
        raise ServiceError(400, "MultipleConditionHeadersNotSupported", "Multiple condition headers are not supported.")
    changed = int(item.last_modified)
    failed = (
        (match is not None and match != "*" and match.strip('"') != item.etag)
        or (none_match is not None and (none_match == "*" or none_match.strip('"') == item.etag))
        or (since is not None and changed <= since)
        or (unmodified is not None and changed > unmodified)
    )
    if failed:
        raise ServiceError(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")


def read(call: Call, item: Versioned, show: Callable[[], Json], metadata: str) -> Response:
    """The answer to a GET: 304 when the client already has this version, 412 when it asks for another."""
    headers = versioned_headers(call, item)
    try:
        check_conditions(call, item)
    except ServiceError as failed:
        if failed.status == _PRECONDITION_FAILED and not {"if-match", "if-unmodified-since"} & set(call.request.headers):
            return Response(304, headers)
        raise
    if call.request.method == "HEAD":
        return Response(200, headers)
    return answer(200, {"odata.metadata": f"{root(call)}/$metadata#{metadata}", **show()}, headers)


def _moment(text: str | None) -> float | None:
    """Of an HTTP date, whole seconds; what is no date is no condition."""
    parsed = parsedate_tz(text) if text else None
    return None if parsed is None else mktime_tz(parsed)


def page(call: Call, metadata: str, items: Iterable[tuple[str, Json]]) -> Response:
    """A page of (name, object); the next one begins after the last name."""
    size = page_size(call)
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


def page_size(call: Call) -> int:
    """How many items a page may have. Raises 400."""
    text = call.request.query.get("maxresults")
    if text is None:
        return MAX_PAGE
    if not 1 <= (natural(text) or 0) <= MAX_PAGE:
        raise ServiceError(
            400,
            "OutOfRangeQueryParameterValue",
            "A query parameter specified in the request URI is outside the permissible range.",
            values=(
                ("QueryParameterName", "maxresults"),
                ("QueryParameterValue", text),
                ("MinimumAllowed", "1"),
                ("MaximumAllowed", str(MAX_PAGE)),
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


def is_shared_key(call: Call) -> bool:
    """Whether the request is signed with the account's key instead of carrying a token."""
    return call.request.headers.get("authorization", "").lower().startswith("sharedkey ")


def find_pool(call: Call) -> Pool:
    """The pool of the address, or 404."""
    return call.world.pools.get(find_account(call), call.params["pool"])


def find_job(call: Call) -> Job:
    """The job of the address, or 404."""
    return call.world.jobs.get(find_account(call), call.params["job"])
