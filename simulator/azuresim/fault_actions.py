"""What can go wrong, as data. Which requests it happens to is in ``faults``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

When = Literal["before", "after"]
CutWhen = Literal["before", "after", "middle"]
NodeState = Literal["starttaskfailed", "unusable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Answer with an error. ``when="after"``: the change is made, then the answer is replaced.

    ``retry_after`` in seconds becomes the `Retry-After` header, ``retry_after_ms`` becomes `x-ms-retry-after-ms`.
    """

    status: int
    code: str = "ServerBusy"
    message: str = "A fault was injected."
    when: When = "before"
    retry_after: float | None = None
    retry_after_ms: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Refuse as the service does when it is asked too often, remaining-quota headers included.

    Compute answers 429 with `OperationNotAllowed` and the ``bucket`` that is empty, other providers and Batch `TooManyRequests`; Blob
    Storage answers 503 `ServerBusy`. ``retry_after`` None leaves the header out.
    """

    retry_after: float | None = 60.0
    retry_after_ms: int | None = None
    bucket: str = "HighCostGet3Min"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredToken:
    """401 with `WWW-Authenticate`, as for a bearer token whose time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Cut the connection: before anything happened, after the change was made and instead of the answer, or in the middle of the answer."""

    when: CutWhen = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Answer late, by ``seconds`` of the client's time."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """Read from a replica that lags ``seconds`` of the world's time behind, whatever the query asks for.

    The replica begins as a copy of the world at the first strike, so it is never older than that. A strike lasts ``seconds``: a rule that
    strikes once shows for so long what there was at the strike.
    """

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpETag:
    """Another writer was faster: the addressed pool, account, blob or other resource gets a new ETag just before the request is handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallPages:
    """Answer lists in pages of ``size`` items, whatever the client asks for."""

    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireOperation:
    """The status address of an operation that ended ``seconds`` ago, or longer, answers 404."""

    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StickOperation:
    """What the request sets in motion never goes on: its operation stays InProgress, a resize stays `resizing`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailOperation:
    """What the request sets in motion fails at the moment it would have ended; the resource then shows Failed."""

    code: str = "InternalExecutionError"
    message: str = "An internal execution error occurred. Please retry later."


@dataclass(frozen=True, slots=True, kw_only=True)
class FailReplication:
    """The replication of a version whose id matches the rule's path fails in ``region`` (None: in any)."""

    region: str | None = None
    reason: str = "An internal error occurred while copying the image."


@dataclass(frozen=True, slots=True, kw_only=True)
class FailCopy:
    """The copy into a blob whose `account/container/blob` matches the rule's path fails at its end."""

    reason: str = '500 InternalError "Copy failed."'


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCapacity:
    """Machines of ``size`` in ``region`` (None: any) cannot be had.

    ``code`` is the resize error a pool whose id matches the rule's path then shows.
    """

    size: str | None = None
    region: str | None = None
    code: str = "AllocationFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailNode:
    """A new node of a pool whose id matches the rule's path ends in ``state`` instead of becoming idle."""

    state: NodeState = "starttaskfailed"


Action = (
    Status
    | Throttle
    | ExpiredToken
    | Drop
    | Delay
    | Stale
    | BumpETag
    | SmallPages
    | ExpireOperation
    | StickOperation
    | FailOperation
    | FailReplication
    | FailCopy
    | NoCapacity
    | FailNode
)
# These strike when the world asks, not when a request comes.
Inner = FailReplication | FailCopy | NoCapacity | FailNode
Refusal = Status | Throttle | ExpiredToken
Setback = StickOperation | FailOperation
