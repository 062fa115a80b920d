"""What a rule of the pool kind may look at, what it may ask for, and the mutations it may choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from poolwright.domain.outcomes import Decision, Look, Verdict
from poolwright.domain.ownership import Mark
from poolwright.domain.pool.observed import Fact, PoolFacts, PoolMemo, PoolView, Size
from poolwright.domain.pool.spec import PoolSpec
from poolwright.domain.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePool:
    """POST a pool with our mark; an id that is taken answers 409 and is looked at again."""

    spec: PoolSpec
    image_id: str
    node_agent_sku: str
    size: Size
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """PATCH the metadata: our mark beside the entries of others."""

    etag: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """PATCH what only an empty pool takes; members left None stay as they are."""

    etag: str
    vm_size: str | None = None
    image_id: str | None = None
    node_agent_sku: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """Resize to ``size``; the time-out travels with each resize."""

    etag: str
    size: Size
    timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopResize:
    """Stop a resize that leads away from what is declared."""

    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePool:
    """DELETE a pool whose mark was just read."""

    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Take our finalizer off: nothing of ours is left, or it shall stay."""


PoolAction = CreatePool | Adopt | Update | Resize | StopResize | DeletePool | Release
PoolDecision = Decision[PoolAction, PoolMemo]
Answer = PoolDecision | Look[Fact] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look, in seconds: ``motion`` backs up the shared listing while Azure works, ``stalled`` when only a person can help."""

    motion: float = 60.0
    stalled: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSituation:
    """Everything a rule may look at. ``stopped_at`` is when we last stopped a resize of this pool, if this process did."""

    spec: PoolSpec
    mark: Mark
    memo: PoolMemo
    now: datetime
    facts: PoolFacts = field(default_factory=PoolFacts)
    stopped_at: datetime | None = None
    deleting: bool = False
    pace: Pace = field(default_factory=Pace)

    @property
    def pool(self) -> PoolView:
        """The pool; only rules below the ones that create it ask."""
        if not isinstance(self.facts.pool, PoolView):
            raise TypeError("rules above this one see to it that the pool exists")
        return self.facts.pool

    @property
    def desired(self) -> Size:
        """The declared size; a kind without a target keeps the pool's own."""
        pool, want = self.facts.pool, self.spec.targets
        here = pool.target if isinstance(pool, PoolView) else Size(dedicated=0, low_priority=0)
        return Size(
            dedicated=here.dedicated if want.dedicated is None else want.dedicated,
            low_priority=here.low_priority if want.low_priority is None else want.low_priority,
        )


PoolRule = Callable[[PoolSituation], Answer]

# The shared listing shows a write within one poll; this is the net below it.
AFTER_A_WRITE = 5.0


def say(s: PoolSituation, reason: Reason, message: str, *, memo: PoolMemo | None = None, again_after: float | None = None) -> PoolDecision:
    """A decision without a mutation. A settled pool is woken by the shared listing alone."""
    pace = {"settled": None, "stalled": s.pace.stalled}.get(reason.kind.value, s.pace.motion)
    return Decision(verdict=Verdict(reason, message), memo=memo or s.memo, again_after=again_after or pace)


def do(s: PoolSituation, action: PoolAction, reason: Reason, message: str, *, memo: PoolMemo | None = None) -> PoolDecision:
    """A decision with a mutation; the next pass starts from what Azure then says."""
    reread = isinstance(action, CreatePool | Adopt | DeletePool)
    return Decision(verdict=Verdict(reason, message), memo=memo or s.memo, action=action, again_after=AFTER_A_WRITE, reread=reread)
