"""What Azure says when it does not do what was asked, and what that means for us: one table, one place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from poolwright.domain import reasons
from poolwright.domain.outcomes import CallFailed, LookAgain, Outcome, Stalled, Transient, Waiting
from poolwright.domain.reasons import Reason

ResultT = TypeVar("ResultT")

# No single request may take longer; a long operation is started and observed, never waited for.
CALL_SECONDS = 15.0
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, REQUEST_TIMEOUT, PRECONDITION_FAILED, TOO_MANY = 401, 403, 404, 408, 412, 429
SERVER_ERROR = 500


class Class(Enum):
    """What to do about a code."""

    LOOK_AGAIN = "look again"
    WAITING = "waiting"
    STALLED = "stalled"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True)
class Row:
    """One code; ``why`` is for the person who wonders about the class."""

    action: Class
    reason: Reason
    why: str


BY_CODE: dict[str, Row] = {
    "PoolExists": Row(Class.LOOK_AGAIN, reasons.CREATING, "409: our own lost answer, or somebody was quicker; a direct read tells"),
    "PoolNotFound": Row(Class.LOOK_AGAIN, reasons.CREATING, "404 on a write: it went away since it was read"),
    "PoolBeingCreated": Row(Class.LOOK_AGAIN, reasons.CREATING, "409 for a moment after a create"),
    "PoolBeingResized": Row(Class.LOOK_AGAIN, reasons.RESIZING, "409 while another resize runs; the shared listing shows it"),
    "PoolBeingDeleted": Row(Class.WAITING, reasons.POOL_DELETING, "409; the id is free again only after a 404"),
    "OperationInvalidForCurrentState": Row(Class.LOOK_AGAIN, reasons.RESIZING, "409: not steady, or not empty, any more"),
    "PoolQuotaReached": Row(Class.STALLED, reasons.QUOTA_EXCEEDED, "a person has to raise the quota or delete a pool"),
    "QuotaExceeded": Row(Class.STALLED, reasons.QUOTA_EXCEEDED, "likewise, in ARM's words"),
    "ConditionNotMet": Row(Class.LOOK_AGAIN, reasons.UPDATING, "412: another writer moved the ETag"),
    "Conflict": Row(Class.LOOK_AGAIN, reasons.PUBLISHING, "409 of the gallery while an operation on the resource runs"),
    "AnotherOperationInProgress": Row(Class.LOOK_AGAIN, reasons.PUBLISHING, "409 of compute, likewise"),
    "RetryableErrorDueToAnotherOperation": Row(Class.LOOK_AGAIN, reasons.PUBLISHING, "429 of compute, likewise"),
    "CannotDeleteResource": Row(Class.LOOK_AGAIN, reasons.DELETING, "409: a child is left that the listing did not show"),
    "ParentResourceNotFound": Row(Class.LOOK_AGAIN, reasons.CREATING_GALLERY, "404 on a PUT: the gallery or definition went away"),
    "ResourceNotFound": Row(Class.LOOK_AGAIN, reasons.DELETING, "404 on a write: it went away since it was read"),
    "NotFound": Row(Class.LOOK_AGAIN, reasons.DELETING, "likewise, as galleries spell it"),
    "ResourceGroupNotFound": Row(Class.STALLED, reasons.INVALID_SPEC, "the id names a group that does not exist; we make none"),
    "SubscriptionNotFound": Row(Class.STALLED, reasons.INVALID_SPEC, "the id names a subscription the identity cannot see"),
    "InvalidPropertyValue": Row(Class.STALLED, reasons.INVALID_SPEC, "400: the same request fails for ever; Azure names the property"),
    "InvalidParameter": Row(Class.STALLED, reasons.INVALID_SPEC, "400 of compute, likewise"),
    "MissingRequiredProperty": Row(Class.STALLED, reasons.INVALID_SPEC, "400, likewise"),
    "UnsupportedProperty": Row(Class.STALLED, reasons.INVALID_SPEC, "400, likewise"),
    "PropertyChangeNotAllowed": Row(Class.STALLED, reasons.INVALID_SPEC, "409: Azure cannot change this property of an existing resource"),
    "AccountIsDisabled": Row(Class.STALLED, reasons.AZURE_REFUSED, "a person disabled the account"),
    "MissingSubscriptionRegistration": Row(Class.STALLED, reasons.AZURE_REFUSED, "a person has to register the resource provider"),
    "ScopeLocked": Row(Class.STALLED, reasons.AZURE_REFUSED, "409: a person locked the scope"),
    "InternalExecutionError": Row(Class.TRANSIENT, reasons.AZURE_UNAVAILABLE, "compute's own fault, also with status 409"),
    "ServerTimeout": Row(Class.TRANSIENT, reasons.AZURE_UNAVAILABLE, "compute's own fault"),
}

BY_STATUS: dict[int, Row] = {
    UNAUTHORIZED: Row(Class.TRANSIENT, reasons.ACCESS_DENIED, "roles take minutes to arrive, and tokens to expire; tried again by itself"),
    FORBIDDEN: Row(Class.TRANSIENT, reasons.ACCESS_DENIED, "likewise"),
    NOT_FOUND: Row(Class.LOOK_AGAIN, reasons.DELETING, "a write on what went away since it was read"),
    PRECONDITION_FAILED: Row(Class.LOOK_AGAIN, reasons.UPDATING, "another writer was quicker"),
}
OTHERWISE = Row(Class.STALLED, reasons.AZURE_REFUSED, "repeating a refused request does not make it right")


def classify(*, status: int | None, code: str, words: str, retry_after: float | None, operation: str) -> Outcome:
    """Turn one failed call into an outcome.

    Status first: 429 carries the same codes as quota errors (OperationNotAllowed at 409 is a quota, at 429 a throttle), and a HEAD has no
    code at all. The detail holds no request id and no time, so that a repeated failure is the same message.
    """
    detail = f"{operation}: {status or 'no answer'} {code}".rstrip() + (f": {words}" if words else ".")
    if status is None or status in {REQUEST_TIMEOUT, TOO_MANY} or status >= SERVER_ERROR:
        silent = f"Azure does not answer {operation} ({f'{status} {code}'.strip() if status else 'no answer'})."
        return Transient(reason=reasons.AZURE_UNAVAILABLE, detail=silent, after=retry_after)
    row = _row(status, code, words)
    match row.action:
        case Class.LOOK_AGAIN:
            return LookAgain(detail=detail)
        case Class.WAITING:
            return Waiting(reason=row.reason, detail=detail)
        case Class.TRANSIENT:
            return Transient(reason=row.reason, detail=detail, after=retry_after)
        case Class.STALLED:
            return Stalled(reason=row.reason, detail=detail)


def _row(status: int, code: str, words: str) -> Row:
    if code == "OperationNotAllowed" and "quota" in words.lower():
        return BY_CODE["QuotaExceeded"]
    return BY_CODE.get(code) or BY_STATUS.get(status) or OTHERWISE


async def called(operation: str, call: Awaitable[ResultT]) -> ResultT:
    """Await one call; whatever goes wrong becomes CallFailed with an outcome."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await call
    except HttpResponseError as error:
        raise CallFailed(outcome_of(operation, error)) from error
    except (AzureError, OSError, TimeoutError) as error:
        raise CallFailed(classify(status=None, code="", words="", retry_after=None, operation=operation)) from error


async def found(operation: str, call: Awaitable[ResultT], *, absent: frozenset[str]) -> ResultT | None:
    """Await one direct read; None when Azure says with one of these codes that there is nothing."""
    try:
        return await called(operation, call)
    except CallFailed as failure:
        cause = failure.__cause__
        if isinstance(cause, HttpResponseError) and cause.status_code == NOT_FOUND and code_of(cause) in absent:
            return None
        raise


def outcome_of(operation: str, error: HttpResponseError) -> Outcome:
    """Classify an error of any of the SDKs: by status and code, never by its class (azure-batch names them misleadingly)."""
    status = error.status_code
    if status is None and isinstance(error, ClientAuthenticationError):
        status = UNAUTHORIZED
    return classify(status=status, code=code_of(error), words=_words(error), retry_after=_retry_after(error), operation=operation)


def code_of(error: HttpResponseError) -> str:
    """The service's code, wherever this SDK keeps it; empty for a HEAD."""
    inner = getattr(error, "error", None)
    code = getattr(inner, "code", None) or getattr(error, "error_code", None) or getattr(getattr(error, "model", None), "code", None)
    return str(getattr(code, "value", code) or "")


def _words(error: HttpResponseError) -> str:
    """The first line of the service's message, and what it says of properties; without request id and time."""
    message = getattr(getattr(error, "error", None), "message", None)
    text = str(getattr(message, "value", message) or "")
    model = getattr(error, "model", None)
    values = getattr(model, "error_values", None) or getattr(model, "values_property", None) or []
    details = ", ".join(f"{item.key} {item.value}" for item in values)
    first = text.splitlines()[0].strip() if text.strip() else ""
    return f"{first} ({details})" if details else first


def _retry_after(error: HttpResponseError) -> float | None:
    headers = getattr(error.response, "headers", {})
    text = str(headers.get("Retry-After", ""))
    return float(text) if text.replace(".", "", 1).isdigit() else None
