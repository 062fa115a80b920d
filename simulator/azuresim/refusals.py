"""Refusals that a fault plan orders, in the words and envelopes of the services."""

from __future__ import annotations

import json
from collections.abc import Mapping

from azuresim.core.errors import ServiceError
from azuresim.fault_actions import ExpiredToken, Refusal, Status, Throttle
from azuresim.wire.http import Response, json_response
from azuresim.wire.routing import Call, Service
from azuresim.wire.timestamps import arm_time

_AUTHORITY = "https://login.microsoftonline.com/common"
# Requests in three minutes, as observed (recordings of 2022 to 2026); the first is the documentation's example.
_ALLOWED = {
    "HighCostGet3Min": 800,
    "UpdateVM3Min": 240,
    "CreateImages3Min": 40,
    "CreateUpdateGalleryImageVersion3Min": 375,
    "GetGalleryImageVersion3Min": 2000,
    "DeleteGalleryImageVersion3Min": 150,
    "DeleteGallery3Min": 50,
    "GetOperationStatus3Min": 5000,
}
_WINDOW_SECONDS = 180.0


def refusal(service: Service, call: Call, action: Refusal) -> Response:
    """The answer instead of the service's own."""
    match action:
        case Status():
            waiting = _waiting(action.retry_after, action.retry_after_ms)
            headers = {**dict(action.headers), **waiting}
            return service.render_error(call, ServiceError(action.status, action.code, action.message, headers=headers))
        case Throttle():
            return _throttled(service, call, action)
        case ExpiredToken():
            return service.render_error(call, _expired(service.name, call))


def _waiting(seconds: float | None, milliseconds: int | None) -> dict[str, str]:
    headers = {}
    if seconds is not None:
        headers["Retry-After"] = f"{seconds:g}"
    if milliseconds is not None:
        headers["x-ms-retry-after-ms"] = str(milliseconds)
    return headers


def _throttled(service: Service, call: Call, action: Throttle) -> Response:
    headers = _waiting(action.retry_after, action.retry_after_ms)
    if service.name == "blob":
        error = ServiceError(503, "ServerBusy", "Operations per second is over the account limit.", headers=headers)
    elif service.name == "batch":
        error = ServiceError(429, "TooManyRequests", "Too many requests were sent; please retry later.", headers=headers)
    elif service.name == "entra":
        error = ServiceError(429, "temporarily_unavailable", "AADSTS90055: The server is too busy to handle the request.", headers=headers)
    elif "/providers/microsoft.compute/" in call.request.path.lower():
        return _compute_throttled(call, action.bucket, headers)
    else:
        error = _subscription_throttled(call, action.retry_after, headers)
    return service.render_error(call, error)


def _compute_throttled(call: Call, bucket: str, headers: Mapping[str, str]) -> Response:
    """Without `error` around it, as documented (troubleshooting-throttling-errors); the same code at 409 means quota."""
    group, allowed = bucket.removesuffix("3Min").removesuffix("30Min"), _ALLOWED.get(bucket, _ALLOWED["HighCostGet3Min"])
    measured = {
        "operationGroup": group,
        "startTime": arm_time(call.now - _WINDOW_SECONDS),
        "endTime": arm_time(call.now),
        "allowedRequestCount": allowed,
        "measuredRequestCount": allowed + allowed // 2,
    }
    body = {
        "code": "OperationNotAllowed",
        "message": "The server rejected the request because too many requests have been received for this subscription.",
        "details": [{"code": "TooManyRequests", "target": group, "message": json.dumps(measured, separators=(",", ":"))}],
    }
    return json_response(429, body, {"x-ms-ratelimit-remaining-resource": f"Microsoft.Compute/{bucket};0", **headers})


def _subscription_throttled(call: Call, seconds: float | None, headers: Mapping[str, str]) -> ServiceError:
    kind = {"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(call.request.method, "write")
    message = (
        f"Number of '{kind}' requests for subscription '{call.params.get('subscription', '')}' exceeded. Please try again after "
        f"'{seconds or 1:g}' seconds after additional tokens are available. "
        "Refer to https://aka.ms/arm-throttling for additional information."
    )
    counted = {f"x-ms-ratelimit-remaining-subscription-{kind}s": "0", **headers}
    return ServiceError(429, "SubscriptionRequestsThrottled", message, headers=counted)


def _expired(service: str, call: Call) -> ServiceError:
    if service == "blob":
        return ServiceError(
            401,
            "InvalidAuthenticationInfo",
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
            headers={"WWW-Authenticate": f"Bearer authorization_uri={_AUTHORITY}/oauth2/authorize resource_id=https://storage.azure.com"},
        )
    if service == "batch":
        return ServiceError(
            401,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly.",
            headers={
                "WWW-Authenticate": f'Bearer authorization_uri="{_AUTHORITY}", resource="https://batch.core.windows.net/", '
                'error="invalid_token", error_description="The access token has expired."'
            },
        )
    sentence = f"The access token expiry UTC time is earlier than current UTC time '{arm_time(call.real_now)}'."
    challenge = f'Bearer authorization_uri="{_AUTHORITY}", error="invalid_token", error_description="{sentence}"'
    return ServiceError(401, "ExpiredAuthenticationToken", sentence, headers={"WWW-Authenticate": challenge})
