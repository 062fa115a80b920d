"""How a BatchPool is brought to its declared state.

Read ``RULES`` and ``DELETION`` from top to bottom: the first rule with an answer decides, or asks for a fact it needs. Each pass does at
most one mutation, and the next pass starts from what Azure then says, so any call may be lost or repeated.
"""

from __future__ import annotations

from dataclasses import replace

from poolwright.domain import reasons
from poolwright.domain.outcomes import UNSEEN, Look, Verdict
from poolwright.domain.ownership import ADOPTED, Mark, owner
from poolwright.domain.pool import fields, sizing
from poolwright.domain.pool.images import Usable, image_of, node_agent_of, size_problem, wanted
from poolwright.domain.pool.observed import Fact, PoolView, Size
from poolwright.domain.pool.situation import (
    Adopt,
    Answer,
    CreatePool,
    DeletePool,
    PoolDecision,
    PoolRule,
    PoolSituation,
    Release,
    Resize,
    Update,
    do,
    say,
)
from poolwright.domain.pool.spec import Adoption

ZERO = Size(dedicated=0, low_priority=0)


def account_missing(s: PoolSituation) -> Answer:
    """Nothing can be said of a pool whose account does not exist."""
    if s.facts.account is UNSEEN:
        return Look(frozenset({Fact.ACCOUNT}))
    if s.facts.account is None:
        return say(s, reasons.ACCOUNT_NOT_FOUND, f"There is no Batch account {s.spec.account}. Correct spec.batchAccountId, or create it.")
    return None


def unseen(s: PoolSituation) -> Answer:
    """Not in the shared listing proves nothing; a direct read does."""
    return Look(frozenset({Fact.POOL})) if s.facts.pool is UNSEEN else None


def going_away(s: PoolSituation) -> Answer:
    """The id is free again only after a 404."""
    if s.facts.pool is None or not s.pool.deleting:
        return None
    return say(s, reasons.POOL_DELETING, f"Pool {s.spec.pool_id} is being deleted in Azure; it is created again after that.")


def not_ours(s: PoolSituation) -> Answer:
    """A pool without our mark is left alone, unless the user asked for adoption."""
    if s.facts.pool is None or s.mark.on(s.pool.metadata):
        return None
    other, policy = owner(s.pool.metadata), s.spec.adoption
    if policy is Adoption.FORCE or (policy is Adoption.IF_UNOWNED and other is None):
        metadata = _marked(s.mark, s.pool, adopted=True)
        return do(
            s, Adopt(etag=s.pool.etag, metadata=metadata), reasons.ADOPTING, f"Marking pool {s.spec.pool_id} as managed by this object."
        )
    whose = f"belongs to the BatchPool {other}" if other else "exists and was not made by Poolwright"
    needed = Adoption.FORCE if other else Adoption.IF_UNOWNED
    return say(s, reasons.NOT_OWNED, f"Pool {s.spec.pool_id} {whose}. Choose another poolId, or set spec.adoptionPolicy to {needed.value}.")


def absent(s: PoolSituation) -> Answer:
    """Created once everything that can be checked beforehand is in order.

    What an earlier pool of this id had reached says nothing of the next one, whose first shortfall would pass for lost nodes.
    """
    if s.facts.pool is not None:
        return None
    memo = replace(s.memo, reached=None, attempts=0)
    ready = _preflight(s)
    if isinstance(ready, Verdict):
        return say(s, ready.reason, ready.message, memo=memo)
    if isinstance(ready, Look):
        return ready
    image, agent = ready
    metadata = s.mark.tags()
    action = CreatePool(spec=s.spec, image_id=image.id, node_agent_sku=agent, size=s.desired, metadata=metadata)
    return do(s, action, reasons.CREATING, f"Creating pool {s.spec.pool_id} with {s.desired}.", memo=memo)


def outdated_and_empty(s: PoolSituation) -> Answer:
    """What only an empty pool takes is changed while it has no nodes, before it grows again.

    A pool that got no node at all is emptied of its target first: a wrong image or size may be what keeps it from growing.
    A target that is not declared is somebody else's, and nothing would bring it back: then the change waits for its owner.
    """
    if not s.pool.steady or not s.pool.current.empty or s.pool.auto_scale or _undeclared_target(s):
        return None
    changed = fields.needs_empty(s.spec, s.pool, wanted(s))
    if not changed:
        return None
    ready = _preflight(s)
    if not isinstance(ready, tuple):
        return _passed_on(s, ready)
    if not s.pool.target.empty:
        order = Resize(etag=s.pool.etag, size=ZERO, timeout_seconds=int(s.spec.resize_timeout.total_seconds()))
        return do(s, order, reasons.UPDATING, f"Setting the targets to zero, to change {', '.join(changed)}.")
    usable, agent = ready
    action = Update(etag=s.pool.etag, vm_size=s.spec.vm_size, image_id=usable.id, node_agent_sku=agent)
    return do(s, action, reasons.UPDATING, f"Changing {', '.join(changed)} of the empty pool.")


def settled(s: PoolSituation) -> Answer:
    """As declared, save for what waits for an empty pool."""
    memo = sizing.remembered(s)
    changed = fields.needs_empty(s.spec, s.pool, wanted(s))
    if changed:
        return say(s, reasons.UPDATE_PENDING, f"Has {s.pool.current}. {', '.join(changed)} will change when the pool is empty.", memo=memo)
    return say(s, reasons.SETTLED, f"Has {s.pool.current}.", memo=memo)


RULES: tuple[PoolRule, ...] = (
    account_missing,
    unseen,
    going_away,
    not_ours,
    absent,
    # from here on the pool exists and is ours
    sizing.automatic,
    sizing.resizing,
    outdated_and_empty,
    sizing.wrong_target,
    sizing.fell_short,
    settled,
)


def kept(s: PoolSituation) -> Answer:
    """Retain needs no word from Azure; suspended acts as Retain."""
    if s.spec.delete is False or s.spec.suspended:
        return do(s, Release(), reasons.DELETING, "The pool stays as it is.")
    return None


def never_was(s: PoolSituation) -> Answer:
    """Absence is proven by a direct read; an account that is gone took its pools along."""
    if s.facts.account is UNSEEN:
        return Look(frozenset({Fact.ACCOUNT}))
    if s.facts.account is not None and s.facts.pool is UNSEEN:
        return Look(frozenset({Fact.POOL}))
    if s.facts.account is None or s.facts.pool is None:
        return do(s, Release(), reasons.DELETING, "Nothing is left in Azure.")
    return None


def someone_elses(s: PoolSituation) -> Answer:
    """What is not ours stays, and so does what we only adopted, unless the user said Delete."""
    if not s.mark.on(s.pool.metadata):
        return do(s, Release(), reasons.DELETING, "The pool belongs to somebody else and stays.")
    if s.spec.delete is None and ADOPTED in s.pool.metadata:
        return do(s, Release(), reasons.DELETING, "The pool was adopted and stays; spec.deletionPolicy Delete would delete it.")
    return None


def on_its_way_out(s: PoolSituation) -> Answer:
    """Azure needs minutes; dependent resources can make it hours."""
    if s.pool.deleting:
        return say(s, reasons.DELETING, f"Pool {s.spec.pool_id} is being deleted in Azure.")
    return do(s, DeletePool(etag=s.pool.etag), reasons.DELETING, f"Deleting pool {s.spec.pool_id}.")


DELETION: tuple[PoolRule, ...] = (kept, never_was, someone_elses, on_its_way_out)


def decide(s: PoolSituation) -> PoolDecision | Look[Fact]:
    """The first rule that answers."""
    for rule in DELETION if s.deleting else RULES:
        if (answer := rule(s)) is not None:
            return _hands_off(s, answer)
    raise AssertionError("the last rule always answers")


def _hands_off(s: PoolSituation, answer: PoolDecision | Look[Fact]) -> PoolDecision | Look[Fact]:
    """Suspended means observed only: what would be done is said instead."""
    if isinstance(answer, Look) or not s.spec.suspended or s.deleting or answer.action is None:
        return answer
    message = f"Suspended; otherwise: {answer.verdict.message} Set spec.suspend to false to go on."
    return replace(answer, verdict=Verdict(reasons.SUSPENDED, message), action=None, memo=s.memo, reread=False, again_after=None)


def _preflight(s: PoolSituation) -> tuple[Usable, str] | Verdict | Look[Fact]:
    """Everything that can be known before the first write, so that a mistake costs nothing."""
    if (problem := size_problem(s)) is not None:
        return problem
    image = image_of(s)
    if not isinstance(image, Usable):
        return image
    agent = node_agent_of(s)
    return (image, agent) if isinstance(agent, str) else agent


def _undeclared_target(s: PoolSituation) -> bool:
    declared, target = s.spec.targets, s.pool.target
    return (declared.dedicated is None and target.dedicated > 0) or (declared.low_priority is None and target.low_priority > 0)


def _passed_on(s: PoolSituation, answer: Verdict | Look[Fact]) -> Answer:
    return answer if isinstance(answer, Look) else say(s, answer.reason, answer.message)


def _marked(mark: Mark, pool: PoolView, *, adopted: bool) -> dict[str, str]:
    """Our mark beside the entries of others: Batch replaces metadata as a whole."""
    return {**pool.metadata, **mark.tags(), **({ADOPTED: "true"} if adopted else {})}
