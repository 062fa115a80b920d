"""What a decision or an adapter may say: values that know neither Azure nor Kubernetes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

from poolwright.domain.conditions import Condition
from poolwright.domain.reasons import Reason

ActionT = TypeVar("ActionT")
FactT = TypeVar("FactT")
MemoT = TypeVar("MemoT")


class Unseen(Enum):
    """The one value of a fact that nobody has looked at yet; absence is None, which is something else."""

    UNSEEN = "unseen"


UNSEEN = Unseen.UNSEEN


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the user is told: a reason of the catalogue and one sentence with the cause and the next step."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Look(Generic[FactT]):
    """No decision yet: the rules need these facts first. Reads are decided too, so a converged object costs none."""

    facts: frozenset[FactT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Generic[ActionT, MemoT]):
    """At most one mutation, what to remember and to tell, and when to look again.

    ``again_after`` is in seconds; None means only when something changes. ``reread`` asks for a direct read of the object
    before the action: decided on a stale copy, a deletion could hit the resources of a later object of the same name, and what is made
    for an object that is gone would belong to nobody.
    ``intent`` marks a memo that has to be stored before anything is done about it: such a decision carries no action.
    """

    verdict: Verdict
    memo: MemoT
    action: ActionT | None = None
    stages: tuple[Condition, ...] = ()
    again_after: float | None = None
    reread: bool = False
    intent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transient:
    """The call may work later. ``after`` is the service's own Retry-After in seconds, ``since`` when the trouble began; where known."""

    reason: Reason
    detail: str
    after: float | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAgain:
    """What was decided on has moved meanwhile (412, 409 of a race): observe and decide anew, nothing is wrong."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing is wrong; something in Azure has to happen first."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalled:
    """No retry helps until a person or Azure changes something; looked at again every 30 to 60 minutes."""

    reason: Reason
    detail: str


Outcome = Transient | LookAgain | Waiting | Stalled


class CallFailed(Exception):  # noqa: N818 - it carries an outcome of the domain, it is not a programming error
    """A call to Azure did not do what was asked; the outcome says what that means for us."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome
