"""Node counts: when to resize, when to leave a running resize alone, and what its errors mean.

Compared is what a pool *has*, never its target alone: after a stopped resize the target stays and still looks right.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import Enum

from poolwright.domain import reasons
from poolwright.domain.pool.observed import Allocation, PoolMemo, ResizeError, Size
from poolwright.domain.pool.situation import Answer, PoolDecision, PoolSituation, Resize, StopResize, do, say

# A stop costs the nodes on their way; once a minute is the most that a person who corrects a number can mean.
STOP_AT_MOST_EVERY = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)
# After this many resizes in a row that ran into a quota, a person has to act; it is still tried again with the longest pause.
QUOTA_TRIES = 3


class ErrorClass(Enum):
    """What to do about a resize error."""

    QUOTA = "quota"
    CAPACITY = "capacity"
    STOPPED = "stopped"
    OTHER = "other"


# Wire strings of azure.md section 1.7, compared without case: the service itself has spelled AllocationTimedout in two ways.
ERROR_CLASSES: dict[str, ErrorClass] = {
    "accountcorequotareached": ErrorClass.QUOTA,
    "accountlowprioritycorequotareached": ErrorClass.QUOTA,
    "accountspotcorequotareached": ErrorClass.QUOTA,
    "accountvmseriescorequotareached": ErrorClass.QUOTA,
    "communicationenabledpoolreachedmaxvmcount": ErrorClass.QUOTA,
    "allocationtimedout": ErrorClass.CAPACITY,
    "allocationfailed": ErrorClass.CAPACITY,
    "removenodesfailed": ErrorClass.CAPACITY,
    "unknown": ErrorClass.CAPACITY,
    "resizestopped": ErrorClass.STOPPED,
}


def classify(error: ResizeError) -> ErrorClass:
    """The class of a code; one that is not in the table is shown in Azure's own words."""
    return ERROR_CLASSES.get(error.code.lower(), ErrorClass.OTHER)


def resizing(s: PoolSituation) -> Answer:
    """A resize towards the declared size is left alone; one that overshoots or goes the wrong way is stopped."""
    pool = s.pool
    if pool.steady:
        return None
    message = f"Resizing to {s.desired}."
    wrong = pool.allocation is Allocation.RESIZING and s.spec.targets.managed and _wrong_way(pool.current, pool.target, s.desired)
    if not wrong:
        return say(s, reasons.RESIZING, message)
    if s.stopped_at is not None and s.now - s.stopped_at < STOP_AT_MOST_EVERY:
        wait = (STOP_AT_MOST_EVERY - (s.now - s.stopped_at)).total_seconds()
        return say(s, reasons.RESIZING, message, again_after=wait)
    return do(s, StopResize(etag=pool.etag), reasons.RESIZING, f"Stopping a resize to {pool.target}; wanted are {s.desired}.")


def automatic(s: PoolSituation) -> Answer:
    """Batch refuses a resize of a pool that scales by a formula, so fixed targets on one are a contradiction to be told.

    Also while it moves: a resize of the formula that is stopped would only start again.
    """
    if not s.pool.auto_scale or not s.spec.targets.managed:
        return None
    return say(s, reasons.AUTO_SCALE_ENABLED, "The pool scales by a formula. Disable automatic scaling in Azure, or leave the targets out.")


def wrong_target(s: PoolSituation) -> Answer:
    """Another target than the declared one is always resized away from; it starts a new count of attempts."""
    pool = s.pool
    if not s.spec.targets.managed or pool.target == s.desired:
        return None
    return _resize(s, replace(s.memo, attempts=0, reached=None), f"Resizing from {pool.current} to {s.desired}.")


def fell_short(s: PoolSituation) -> Answer:
    """The last resize ended with less (or more) than its target: repeated at once, with growing pauses, or told to a person."""
    pool = s.pool
    if not s.spec.targets.managed or pool.current == pool.target:
        return None
    return _answer(s, pool.resize_errors[0]) if pool.resize_errors else _lost_nodes(s)


def _answer(s: PoolSituation, error: ResizeError) -> PoolDecision:
    short = f"Has {s.pool.current} of {s.desired}: {_words(error)}"
    match classify(error):
        case ErrorClass.STOPPED:
            return _resize(s, s.memo, f"A resize was stopped at {s.pool.current}; resizing to {s.desired} again.")
        case ErrorClass.QUOTA if s.memo.attempts >= QUOTA_TRIES:
            return _again(s, reasons.QUOTA_EXCEEDED, f"{short} Ask for more quota, or declare fewer nodes.")
        case ErrorClass.QUOTA:
            return _again(s, reasons.RESIZING, f"{short} Asked again with growing pauses.")
        case ErrorClass.CAPACITY:
            return _again(s, reasons.CAPACITY_UNAVAILABLE, f"{short} Asked again with growing pauses.")
        case ErrorClass.OTHER:
            return _again(s, reasons.RESIZE_FAILED, short)


def pause_after(attempts: int) -> timedelta:
    """1, 2, 4 … 30 minutes after the resize that fell short ended."""
    return min(FIRST_PAUSE * (1 << min(attempts, 10)), LONGEST_PAUSE)


def remembered(s: PoolSituation) -> PoolMemo:
    """A size that was reached in full ends the count of attempts."""
    if s.pool.current == s.desired:
        return replace(s.memo, reached=s.desired, attempts=0)
    return s.memo


def reached_before(s: PoolSituation) -> bool:
    """Whether the pool once had the declared size in full."""
    return s.memo.reached == s.desired


def _lost_nodes(s: PoolSituation) -> Answer:
    """A shortfall without an error, after the size was once reached, is preemption or loss, and Batch's own business."""
    if reached_before(s):
        return None
    return _resize(s, s.memo, f"Resizing from {s.pool.current} to {s.desired}.")


def _again(s: PoolSituation, reason: reasons.Reason, message: str) -> PoolDecision:
    due = s.pool.allocation_since + pause_after(s.memo.attempts)
    if s.now < due:
        return say(s, reason, message, again_after=(due - s.now).total_seconds())
    memo = replace(s.memo, attempts=s.memo.attempts + 1)
    return do(s, _order(s), reason, message, memo=memo)


def _resize(s: PoolSituation, memo: PoolMemo, message: str) -> PoolDecision:
    return do(s, _order(s), reasons.RESIZING, message, memo=memo)


def _order(s: PoolSituation) -> Resize:
    return Resize(etag=s.pool.etag, size=s.desired, timeout_seconds=int(s.spec.resize_timeout.total_seconds()))


def _wrong_way(current: Size, target: Size, want: Size) -> bool:
    pairs = (
        (current.dedicated, target.dedicated, want.dedicated),
        (current.low_priority, target.low_priority, want.low_priority),
    )
    return any((target > have and target > desired) or (target < have and target < desired) for have, target, desired in pairs)


def _words(error: ResizeError) -> str:
    message = error.message.rstrip(".")
    return f"{error.code}: {message}." if message else f"{error.code}."
