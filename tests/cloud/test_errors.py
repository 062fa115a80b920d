"""What Azure's refusals mean: one row a code."""

from __future__ import annotations

import asyncio

import pytest

from azuresim import FaultRule, Status
from cloud.azure import ACCOUNT_ID, Azure
from poolwright.cloud.errors import BY_CODE, BY_STATUS, Class, called, classify
from poolwright.domain.outcomes import CallFailed, LookAgain, Outcome, Stalled, Transient, Waiting

OUTCOMES = {Class.LOOK_AGAIN: LookAgain, Class.WAITING: Waiting, Class.STALLED: Stalled, Class.TRANSIENT: Transient}
ROWS: list[tuple[int | None, str, type, str]] = [
    (None, "", Transient, "AzureUnavailable"),
    (400, "InvalidPropertyValue", Stalled, "InvalidSpec"),
    (400, "InvalidParameter", Stalled, "InvalidSpec"),
    (400, "MissingRequiredProperty", Stalled, "InvalidSpec"),
    (400, "UnsupportedProperty", Stalled, "InvalidSpec"),
    (400, "SomethingNew", Stalled, "AzureRefused"),
    (401, "ExpiredAuthenticationToken", Transient, "AccessDenied"),
    (403, "AuthorizationFailed", Transient, "AccessDenied"),
    (403, "AccountIsDisabled", Stalled, "AzureRefused"),
    (404, "", LookAgain, ""),
    (404, "PoolNotFound", LookAgain, ""),
    (404, "ResourceNotFound", LookAgain, ""),
    (404, "NotFound", LookAgain, ""),
    (404, "ParentResourceNotFound", LookAgain, ""),
    (404, "ResourceGroupNotFound", Stalled, "InvalidSpec"),
    (404, "SubscriptionNotFound", Stalled, "InvalidSpec"),
    (408, "", Transient, "AzureUnavailable"),
    (409, "PoolExists", LookAgain, ""),
    (409, "PoolBeingCreated", LookAgain, ""),
    (409, "PoolBeingResized", LookAgain, ""),
    (409, "PoolBeingDeleted", Waiting, "PoolDeleting"),
    (409, "OperationInvalidForCurrentState", LookAgain, ""),
    (409, "PoolQuotaReached", Stalled, "QuotaExceeded"),
    (409, "QuotaExceeded", Stalled, "QuotaExceeded"),
    (409, "Conflict", LookAgain, ""),
    (409, "AnotherOperationInProgress", LookAgain, ""),
    (409, "CannotDeleteResource", LookAgain, ""),
    (409, "PropertyChangeNotAllowed", Stalled, "InvalidSpec"),
    (409, "MissingSubscriptionRegistration", Stalled, "AzureRefused"),
    (409, "ScopeLocked", Stalled, "AzureRefused"),
    (409, "InternalExecutionError", Transient, "AzureUnavailable"),
    (409, "ServerTimeout", Transient, "AzureUnavailable"),
    (409, "RetryableErrorDueToAnotherOperation", LookAgain, ""),
    (412, "ConditionNotMet", LookAgain, ""),
    (412, "", LookAgain, ""),
    (429, "RetryableErrorDueToAnotherOperation", Transient, "AzureUnavailable"),
    (429, "PoolQuotaReached", Transient, "AzureUnavailable"),
    (500, "InternalServerError", Transient, "AzureUnavailable"),
    (503, "ServerBusy", Transient, "AzureUnavailable"),
]


def outcome(status: int | None, code: str, words: str = "", retry_after: float | None = None) -> Outcome:
    return classify(status=status, code=code, words=words, retry_after=retry_after, operation="resizing pool p")


@pytest.mark.parametrize(("status", "code", "kind", "reason"), ROWS)
def test_outcome(status: int | None, code: str, kind: type, reason: str) -> None:
    result = outcome(status, code)
    assert type(result) is kind
    assert (result.reason.name if isinstance(result, Transient | Waiting | Stalled) else "") == reason
    assert "resizing pool p" in result.detail


def test_every_code_and_status_of_the_tables_has_a_row_here() -> None:
    assert {code for status, code, _, _ in ROWS if status not in {429, 503}} >= BY_CODE.keys()
    assert {status for status, _, _, _ in ROWS} >= BY_STATUS.keys()


@pytest.mark.parametrize("code", BY_CODE)
def test_a_code_means_the_same_with_every_status_that_is_not_of_the_service_itself(code: str) -> None:
    assert {type(outcome(status, code)) for status in (400, 403, 404, 409)} == {OUTCOMES[BY_CODE[code].action]}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Operation could not be completed as it results in exceeding approved Quota.", "QuotaExceeded"),
        ("The operation is not allowed.", "AzureRefused"),
    ],
)
def test_operation_not_allowed_is_a_quota_when_it_says_so(words: str, reason: str) -> None:
    result = outcome(409, "OperationNotAllowed", words)
    assert isinstance(result, Stalled)
    assert result.reason.name == reason
    assert words in result.detail


def test_retry_after_travels_with_what_is_transient() -> None:
    result = outcome(429, "TooManyRequests", retry_after=7.0)
    assert isinstance(result, Transient)
    assert result.after == 7.0


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (409, "PoolQuotaReached", "The pool quota is reached.\nRequestId:8c7f\nTime:2026-01-01T00:00:00Z"),
        (400, "InvalidPropertyValue", "A property is wrong.\nRequestId:8c7f\nTime:2026-01-01T00:00:00Z"),
        (503, "ServerBusy", "Busy.\nRequestId:8c7f\nTime:2026-01-01T00:00:00Z"),
    ],
)
async def test_details_of_the_sdks_errors_hold_no_request_id_and_no_time(status: int, code: str, message: str) -> None:
    azure = Azure()
    azure.app.faults.add(FaultRule(action=Status(status=status, code=code, message=message), operation="Pools_Get", count=None))
    with pytest.raises(CallFailed) as caught:
        await azure.accounts().read_pool(ACCOUNT_ID, "p")
    assert "reading pool p" in caught.value.outcome.detail
    assert code in caught.value.outcome.detail
    for word in ("RequestId", "8c7f", "2026", "\n"):
        assert word not in caught.value.outcome.detail


async def test_a_call_that_hangs_is_given_up() -> None:
    with pytest.raises(CallFailed) as caught:
        await called("waiting", asyncio.sleep(3600))
    assert isinstance(caught.value.outcome, Transient)
    assert caught.value.outcome.detail == "Azure does not answer waiting (no answer)."
