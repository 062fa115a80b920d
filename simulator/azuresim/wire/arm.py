"""What all of ARM has in common: envelope, errors, what a request must bring, operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from azuresim.core.arm_rules import check_tags
from azuresim.core.compute_limits import compute_limits
from azuresim.core.errors import ServiceError, invalid_parameter
from azuresim.core.operations import COMPUTE, DISKS, GALLERIES, Operation
from azuresim.core.resource_id import ResourceId
from azuresim.core.throttling import ComputeThrottledError
from azuresim.wire import arm_tokens
from azuresim.wire.api_versions import NAMESPACES, check_version
from azuresim.wire.arm_path import ArmPath, read_path
from azuresim.wire.http import Request, Response, json_response, natural
from azuresim.wire.routing import Call, Route, Service
from azuresim.wire.timestamps import arm_time, compact_time

Json = dict[str, Any]
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
# The cadence of each family: what the services were seen to ask for, and for Compute what clients do unasked. A scaled clock divides it.
_POLL_SECONDS = {COMPUTE: 30, DISKS: 2, GALLERIES: 60}
_MIN_POLL_MS = 10
_KINDS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
_WITH_BODY = frozenset({"PUT", "PATCH", "POST"})
_LIMITED = "x-ms-ratelimit-remaining-"


def admit(call: Call) -> dict[str, str]:
    """Everything ARM asks of a request before the service behind it sees it; answers with the headers it adds.

    In this order: a token, an api-version, a body in JSON, room in the buckets, a registered provider, an open group, no lock.
    """
    request, path = call.request, read_path(call.request.segments)
    arm_tokens.authenticate(call)
    check_version(path, request.query.get("api-version"))
    _check_names(request)
    _check_body(request)
    headers = request_headers(call)
    subscription = call.world.subscriptions.find(path.subscription)
    if subscription is None:
        return headers
    left = call.world.throttle.take_request(subscription.id, _KINDS.get(request.method, "writes"))
    headers |= {f"{_LIMITED}{name}": str(count) for name, count in left.items()}
    if path.namespace.lower() != "microsoft.resources":
        subscription.require_registered(path.namespace)
    if request.method in {"PUT", "PATCH", "DELETE", "POST"}:
        call.world.locks.check(path.scope, deletes=request.method == "DELETE")
    if request.method in {"PUT", "PATCH", "POST"} and path.group:
        call.world.subscriptions.require_open(subscription.id, path.group)
    if path.namespace.lower() == "microsoft.compute":
        limits = compute_limits(request.method, path.kind, subscription.id, path.top)
        counts = call.world.throttle.take_compute(limits)
        if counts:
            headers[f"{_LIMITED}resource"] = ",".join(f"Microsoft.Compute/{name};{count}" for name, count in counts.items())
    return headers


def _check_names(request: Request) -> None:
    """A name that is sent with an encoded slash is no name: its id could not be read back."""
    wrong = next((segment for segment in request.segments if "/" in segment), None)
    if wrong is not None and request.method == "PUT":
        raise ServiceError(400, "InvalidResourceName", f"The provided resource name '{wrong}' has these invalid characters: '/'.")


def _check_body(request: Request) -> None:
    """JSON with its content type, an object, with tags within their limits."""
    if request.method not in _WITH_BODY or not request.body:
        if request.method in {"PUT", "PATCH"}:
            raise ServiceError(400, "InvalidRequestContent", "The request content was invalid: the request has no content.")
        return
    media_type = request.headers.get("content-type", "<null>").partition(";")[0].strip()
    if media_type.lower() not in {"application/json", "text/json"}:
        raise ServiceError(
            415, "UnsupportedMediaType", f"The content media type '{media_type}' is not supported. Only 'application/json' is supported."
        )
    body = request.json()
    if not isinstance(body, dict):
        raise ServiceError(400, "InvalidRequestContent", "The request content was invalid: a JSON object is expected.")
    if isinstance(body.get("tags"), dict):
        check_tags(body["tags"])


def request_headers(call: Call) -> dict[str, str]:
    """The ids by which support finds a request; a client's own correlation id is kept."""
    ids = call.world.kernel.request_ids
    correlation = call.request.headers.get("x-ms-correlation-request-id") or ids.guid()
    headers = {
        "x-ms-request-id": ids.guid(),
        "x-ms-correlation-request-id": correlation,
        "x-ms-routing-request-id": f"WESTEUROPE:{compact_time(call.now)}:{correlation}",
    }
    client = call.request.headers.get("x-ms-client-request-id")
    if client and call.request.headers.get("x-ms-return-client-request-id", "").lower() == "true":
        headers["x-ms-client-request-id"] = client
    return headers


def render_error(call: Call, error: ServiceError) -> Response:
    """`{"error": {"code", "message", "target"?}}`; Compute's 429 has its members at the top."""
    headers = {**request_headers(call), **error.headers}
    if call.request.method == "HEAD":
        return Response(error.status, headers)
    inner: Json = {"code": error.code, "message": error.message}
    if error.target is not None:
        inner["target"] = error.target
    if isinstance(error, ComputeThrottledError):
        return json_response(error.status, {**inner, "details": error.details}, headers)
    return json_response(error.status, {"error": inner}, headers)


def unmatched(call: Call, *, other_methods: bool) -> Response:
    """The answer where no route leads: 404 for a namespace or type that is not here, 405 where only other methods are answered."""
    path = read_path(call.request.segments)
    try:
        arm_tokens.authenticate(call)
        check_version(path, call.request.query.get("api-version"))
    except ServiceError as refused:
        return render_error(call, refused)
    return render_error(call, _no_route(call, path, other_methods=other_methods))


def _no_route(call: Call, path: ArmPath, *, other_methods: bool) -> ServiceError:
    if other_methods:
        return ServiceError(
            405, "HttpMethodNotAllowed", f"The HTTP method '{call.request.method}' is not supported at scope '{path.scope}'."
        )
    if path.namespace.lower() in NAMESPACES:
        return ServiceError(
            404,
            "InvalidResourceType",
            f"The resource type '{path.kind}' could not be found in the namespace '{path.namespace}' for api version '{call.api_version}'.",
        )
    return ServiceError(404, "InvalidResourceNamespace", f"The resource namespace '{path.namespace}' is invalid.")


def existence(route: Route) -> Route:
    """The same route for HEAD, which tells by its status alone."""

    def exists(call: Call) -> Response:
        route.handler(call)
        return Response(204)

    return replace(route, method="HEAD", handler=exists, shows=None)


def resource(resource_id: ResourceId, location: str, tags: Mapping[str, str] | None, properties: Mapping[str, Any]) -> Json:
    """A tracked resource, members in the order of recorded answers."""
    shown: Json = {
        "name": resource_id.name,
        "id": str(resource_id),
        "type": "/".join((resource_id.namespace, *resource_id.types)),
        "location": location,
    }
    if tags is not None:
        shown["tags"] = dict(tags)
    shown["properties"] = dict(properties)
    return shown


def page(items: Iterable[Json]) -> Response:
    """One page with everything; the lists of this simulator are short."""
    return json_response(200, {"value": list(items)})


def check_scope(call: Call) -> tuple[str, str | None]:
    """The subscription and group a list is about; raises 404 for one that is not there."""
    subscription, group = call.params["subscription"], call.params.get("group")
    if group is None:
        call.world.subscriptions.get(subscription)
    else:
        call.world.subscriptions.group(subscription, group)
    return subscription, group


def top(call: Call) -> int | None:
    """`$top`: how many items at most. Raises 400 for what is no number."""
    text = call.request.query.get("$top", "")
    if not text:
        return None
    number = natural(text)
    if number is None:
        raise invalid_parameter("The value of query parameter $top is invalid.", target="$top")
    return number


def untyped(call: Call) -> Json:
    """A body for which there is no model. Raises 400 for members every resource has, when they have another type."""
    body: Json = call.request.json()
    tags = body.get("tags")
    texts = [body.get("location"), body.get("managedBy"), *(tags.values() if isinstance(tags, dict) else ())]
    if not isinstance(tags, dict | None) or not all(isinstance(text, str | None) for text in texts):
        raise ServiceError(
            400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: a member has the wrong type."
        )
    return body


def operation_headers(call: Call, operation: Operation, *, location: bool) -> dict[str, str]:
    """Where to poll and how often; ``location`` for operations whose end has no resource to read."""
    base = (
        f"{call.world.base_url}/subscriptions/{operation.subscription}/providers/Microsoft.Compute"
        f"/locations/{operation.location}/{operation.family}/{operation.id}"
    )
    headers = {"Azure-AsyncOperation": f"{base}?api-version={call.api_version}", **poll_headers(call, _POLL_SECONDS[operation.family])}
    if location:
        headers["Location"] = f"{base}?monitor=true&api-version={call.api_version}"
    return headers


def poll_headers(call: Call, seconds: int = _POLL_SECONDS[GALLERIES]) -> dict[str, str]:
    """`Retry-After` in the world's time; a scaled clock adds `x-ms-retry-after-ms` in real time, which the SDKs prefer."""
    factor = getattr(call.world.clock, "factor", None)
    if factor is None:
        return {"Retry-After": str(seconds)}
    milliseconds = max(_MIN_POLL_MS, int(1000 * seconds / factor))
    return {"Retry-After": str(max(1, milliseconds // 1000)), "x-ms-retry-after-ms": str(milliseconds)}


def location_headers(call: Call, path: str, seconds: int) -> dict[str, str]:
    """Where an operation that has only a `Location` is polled. The address differs each time, as its signature does at the service."""
    stamp = int(call.now * 1000)
    return {"Location": f"{call.world.base_url}{path}?api-version={call.api_version}&t={stamp}", **poll_headers(call, seconds)}


def operation_status(call: Call) -> Response:
    """The status document; with `monitor=true` 202 until the end, then what the operation left: its output, nothing, or its error."""
    operation = call.world.operations.get(call.params["operation"])
    if (operation.subscription.lower(), operation.family.lower()) != (
        call.params["subscription"].lower(),
        call.request.segments[-2].lower(),
    ):
        raise ServiceError(404, "NotFound", f"The operation '{operation.id}' was not found.")
    if call.request.query.get("monitor", "").lower() == "true":
        if operation.ended is None:
            return Response(202, {"Location": call.request.url, **poll_headers(call, _POLL_SECONDS[operation.family])})
        if operation.error is not None:
            raise operation.error
        return Response(200) if operation.output is None else json_response(200, operation.output)
    shown: Json = {"startTime": arm_time(operation.started)}
    if operation.ended is not None:
        shown["endTime"] = arm_time(operation.ended)
    shown["status"] = operation.status
    if operation.error is not None:
        shown["error"] = {"code": operation.error.code, "message": operation.error.message}
    elif operation.output is not None:
        shown["properties"] = {"output": operation.output}
    shown["name"] = operation.id
    return json_response(200, shown, poll_headers(call, _POLL_SECONDS[operation.family]) if operation.ended is None else {})


_OPERATION = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}"

SERVICE = Service(
    "arm",
    (
        Route("GET", f"{_OPERATION}/{COMPUTE}/{{operation}}", "ComputeOperations_Get", operation_status),
        Route("GET", f"{_OPERATION}/{DISKS}/{{operation}}", "DiskOperations_Get", operation_status),
        Route("GET", f"{_OPERATION}/{GALLERIES}/{{operation}}", "GalleryOperations_Get", operation_status),
    ),
    render_error,
    admit,
)
