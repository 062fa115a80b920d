"""How a BatchPool comes to be as declared, and goes: situation → reason and action; one row each, in the order of the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.pools import BY_ID, IMAGE, MARK, POOL, STRANGER, V1, V2, pool, short, situation, size, spec
from poolwright.domain import reasons
from poolwright.domain.outcomes import UNSEEN, Look
from poolwright.domain.ownership import ADOPTED
from poolwright.domain.pool.observed import Allocation, Fact, PoolMemo, PoolView
from poolwright.domain.pool.rules import decide
from poolwright.domain.pool.situation import (
    Adopt,
    CreatePool,
    DeletePool,
    PoolDecision,
    PoolSituation,
    Release,
    Resize,
    StopResize,
    Update,
)

NEWER = replace(IMAGE, id=V2, version="2.0.0")
ADOPTED_POOL = pool(metadata={**MARK.tags(), ADOPTED: "true"})
MISSING_AGENT = spec(nodeAgentSku="batch.node.windows")
EMPTY = pool(current=size(0), target=size(0))
MEMO = PoolMemo(reached=size(5), attempts=2)
UPDATE = Update(etag="0x1", vm_size="Standard_D2s_v5", image_id=V2, node_agent_sku="batch.node.ubuntu 22.04")


def to(count: int) -> Resize:
    return Resize(etag="0x1", size=size(count), timeout_seconds=1800)


def decided(s: PoolSituation) -> PoolDecision:
    answer = decide(s)
    assert not isinstance(answer, Look)
    return answer


@pytest.mark.parametrize(
    ("s", "fact"),
    [
        pytest.param(situation(account=UNSEEN, pool=UNSEEN), Fact.ACCOUNT, id="first the account"),
        pytest.param(situation(pool=UNSEEN), Fact.POOL, id="then the pool itself"),
        pytest.param(situation(pool=None, sizes=UNSEEN), Fact.SIZES, id="before a create, the sizes"),
        pytest.param(situation(pool=None, agents=UNSEEN), Fact.AGENTS, id="and the node agents"),
        pytest.param(situation(pool=None, declared=spec(BY_ID), version=UNSEEN), Fact.VERSION, id="and the version named by id"),
        pytest.param(situation(pool=EMPTY, image=NEWER, agents=UNSEEN), Fact.AGENTS, id="likewise before an update"),
    ],
)
def test_what_is_looked_at_next(s: PoolSituation, fact: Fact) -> None:
    assert decide(s) == Look(frozenset({fact}))


@pytest.mark.parametrize(
    ("s", "reason", "action"),
    [
        pytest.param(situation(account=None), "AccountNotFound", None, id="no account"),
        pytest.param(situation(pool=pool(deleting=True)), "PoolDeleting", None, id="the pool goes away"),
        pytest.param(situation(pool=pool(deleting=True, metadata={})), "PoolDeleting", None, id="so does a stranger's"),
        pytest.param(situation(pool=None, image=None), "ImageNotFound", None, id="no pool, no image"),
        pytest.param(situation(pool=None, sizes=frozenset()), "UnknownVmSize", None, id="no pool, no such size"),
        pytest.param(situation(pool=None, declared=MISSING_AGENT), "NodeAgentUnknown", None, id="no pool, no such agent"),
        pytest.param(
            situation(pool=None),
            "Creating",
            CreatePool(spec=spec(), image_id=V1, node_agent_sku="batch.node.ubuntu 22.04", size=size(5), metadata=MARK.tags()),
            id="no pool",
        ),
        pytest.param(situation(pool=EMPTY), "Resizing", to(5), id="empty and as declared: grow"),
        pytest.param(situation(pool=EMPTY, image=NEWER), "Updating", UPDATE, id="empty and outdated"),
        pytest.param(situation(pool=pool(current=size(0)), image=NEWER), "Updating", to(0), id="got no node on the old image"),
        pytest.param(situation(pool=EMPTY, image=NEWER, declared=MISSING_AGENT), "NodeAgentUnknown", None, id="an update that cannot work"),
        pytest.param(situation(pool=pool(allocation=Allocation.RESIZING, current=size(2))), "Resizing", None, id="on its way"),
        pytest.param(situation(pool=pool(auto_scale=True)), "AutoScaleEnabled", None, id="a formula and targets"),
        pytest.param(situation(pool=pool(current=size(2), target=size(2))), "Resizing", to(5), id="another target"),
        pytest.param(situation(pool=short("ResizeStopped")), "Resizing", to(5), id="stopped half-way: the target looks right"),
        pytest.param(situation(), "Settled", None, id="nothing to do"),
        pytest.param(situation(image=None), "Settled", None, id="a running pool does not need the image again"),
        pytest.param(situation(image=NEWER), "UpdatePending", None, id="a newer image waits for an empty pool"),
        pytest.param(situation(declared=spec(vmSize="Standard_D4s_v5")), "UpdatePending", None, id="so does another size"),
    ],
)
def test_decision(s: PoolSituation, reason: str, action: object) -> None:
    decision = decided(s)
    assert (decision.verdict.reason.name, decision.action) == (reason, action)
    assert decision.verdict.message.endswith(".")
    assert not decision.intent
    assert decision.reread is isinstance(action, CreatePool)


FOREIGN = pool(metadata=STRANGER.tags())
UNMARKED = pool(metadata={"team": "frames"})


@pytest.mark.parametrize(
    ("view", "policy", "adopts"),
    [
        pytest.param(UNMARKED, None, False, id="nobody's, by default"),
        pytest.param(UNMARKED, "Never", False, id="nobody's, never"),
        pytest.param(UNMARKED, "IfUnowned", True, id="nobody's, allowed"),
        pytest.param(UNMARKED, "Force", True, id="nobody's, by force"),
        pytest.param(FOREIGN, "Never", False, id="somebody's, never"),
        pytest.param(FOREIGN, "IfUnowned", False, id="somebody's, allowed if unowned"),
        pytest.param(FOREIGN, "Force", True, id="somebody's, by force"),
    ],
)
def test_adoption(view: PoolView, policy: str | None, adopts: bool) -> None:
    decision = decided(situation(pool=view, declared=spec(adoptionPolicy=policy)))
    if adopts:
        assert decision.action == Adopt(etag="0x1", metadata={**view.metadata, **MARK.tags(), ADOPTED: "true"})
        assert decision.verdict.reason is reasons.ADOPTING
    else:
        assert (decision.verdict.reason, decision.action) == (reasons.NOT_OWNED, None)


def test_who_owns_it_and_what_would_help_is_told() -> None:
    assert "other/team" in decided(situation(pool=FOREIGN)).verdict.message
    assert decided(situation(pool=FOREIGN)).verdict.message.endswith("adoptionPolicy to Force.")
    assert decided(situation(pool=UNMARKED)).verdict.message.endswith("adoptionPolicy to IfUnowned.")


def test_an_adopted_pool_is_ours_from_the_next_look_on() -> None:
    adopting = decided(situation(pool=UNMARKED, declared=spec(adoptionPolicy="IfUnowned"))).action
    assert isinstance(adopting, Adopt)
    assert decided(situation(pool=pool(metadata=adopting.metadata))).verdict.reason is reasons.SETTLED


def test_a_created_pool_is_ours_and_not_adopted() -> None:
    action = decided(situation(pool=None)).action
    assert isinstance(action, CreatePool)
    assert MARK.on(action.metadata)
    assert ADOPTED not in action.metadata


def test_a_kind_without_a_target_is_created_empty() -> None:
    action = decided(situation(pool=None, declared=spec(targetDedicatedNodes=None, targetLowPriorityNodes=2))).action
    assert isinstance(action, CreatePool)
    assert action.size == size(0, 2)


def test_a_pool_that_is_made_again_has_reached_nothing_yet() -> None:
    """Else its first shortfall would pass for lost nodes, and be left alone."""
    assert decided(situation(pool=None, memo=MEMO)).memo == PoolMemo()
    assert decided(situation(pool=None, image=None, memo=MEMO)).memo == PoolMemo()


def test_an_update_that_was_decided_ends() -> None:
    """Empty the targets, change, grow again: three passes, and each leads to the next."""
    stuck = situation(pool=pool(current=size(0)), image=NEWER)
    emptied = replace(stuck, facts=replace(stuck.facts, pool=EMPTY))
    updated = replace(stuck, facts=replace(stuck.facts, pool=replace(EMPTY, image_id=V2)))
    assert [decided(s).action for s in (stuck, emptied, updated)] == [to(0), UPDATE, to(5)]


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(pool(current=size(1)), id="one node is left"),
        pytest.param(pool(current=size(0, 1)), id="one low-priority node is left"),
        pytest.param(pool(current=size(0), allocation=Allocation.RESIZING), id="it grows"),
        pytest.param(pool(current=size(0), allocation=Allocation.STOPPING), id="it stops growing"),
        pytest.param(pool(current=size(0), auto_scale=True), id="a formula may make it grow"),
    ],
)
def test_only_a_steady_empty_pool_is_changed(view: PoolView) -> None:
    action = decided(situation(pool=view, image=NEWER)).action
    assert not isinstance(action, Update)
    assert action != to(0)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"targetDedicatedNodes": None, "targetLowPriorityNodes": None}, id="neither"),
        pytest.param({"targetDedicatedNodes": None, "targetLowPriorityNodes": 0}, id="only the other kind"),
    ],
)
def test_a_target_that_is_not_declared_is_not_taken_away_for_an_update(members: dict[str, Any]) -> None:
    """Somebody else set it, and nothing would bring it back."""
    assert decided(situation(pool=pool(current=size(0)), image=NEWER, declared=spec(**members))).action != to(0)
    assert decided(situation(pool=EMPTY, image=NEWER, declared=spec(**members))).action == UPDATE


def test_what_settles_remembers_the_size_and_forgets_the_attempts() -> None:
    decision = decided(situation(memo=PoolMemo(attempts=2)))
    assert (decision.memo, decision.again_after) == (PoolMemo(reached=size(5)), None)
    assert decided(situation(memo=PoolMemo(attempts=2), image=NEWER)).memo == PoolMemo(reached=size(5))


def test_targets_that_are_not_declared_are_left_alone() -> None:
    """Whatever the pool has and whoever set it."""
    declared = spec(targetDedicatedNodes=None, targetLowPriorityNodes=None)
    for view in (POOL, pool(target=size(9)), short("AllocationTimedOut"), pool(auto_scale=True), pool(auto_scale=True, target=size(9))):
        decision = decided(situation(pool=view, declared=declared))
        assert (decision.action, decision.verdict.reason) == (None, reasons.SETTLED)


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(None, id="would create"),
        pytest.param(UNMARKED, id="would adopt"),
        pytest.param(EMPTY, id="would grow"),
        pytest.param(pool(target=size(9), allocation=Allocation.RESIZING), id="would stop"),
        pytest.param(pool(target=size(9)), id="would shrink"),
        pytest.param(short("ResizeStopped"), id="would assert again"),
    ],
)
def test_suspended_means_observed_only(view: PoolView | None) -> None:
    s = situation(pool=view, memo=MEMO, declared=spec(adoptionPolicy="IfUnowned"))
    active, suspended = decided(s), decided(replace(s, spec=replace(s.spec, suspended=True)))
    assert active.action is not None
    assert (suspended.verdict.reason, suspended.action, suspended.memo) == (reasons.SUSPENDED, None, MEMO)
    assert (suspended.reread, suspended.again_after) == (False, None)
    assert active.verdict.message in suspended.verdict.message


def test_suspended_with_nothing_to_do_is_as_it_is() -> None:
    assert decided(situation(declared=spec(suspend=True))).verdict.reason is reasons.SETTLED
    assert decided(situation(declared=spec(suspend=True), image=NEWER, pool=EMPTY)).verdict.reason is reasons.SUSPENDED


DELETE = DeletePool(etag="0x1")


@pytest.mark.parametrize(
    ("policy", "facts", "answer"),
    [
        pytest.param("Retain", {"account": UNSEEN, "pool": UNSEEN}, Release(), id="Retain needs no word from Azure"),
        pytest.param(None, {"account": UNSEEN, "pool": UNSEEN}, Look(frozenset({Fact.ACCOUNT})), id="first the account"),
        pytest.param(None, {"pool": UNSEEN}, Look(frozenset({Fact.POOL})), id="then the pool itself"),
        pytest.param(None, {"account": None, "pool": UNSEEN}, Release(), id="an account that is gone took its pools along"),
        pytest.param(None, {"account": None}, Release(), id="even if the shared view still shows one"),
        pytest.param(None, {"pool": None}, Release(), id="no pool"),
        pytest.param("Delete", {"pool": UNMARKED}, Release(), id="not ours, whatever was said"),
        pytest.param("Delete", {"pool": FOREIGN}, Release(), id="somebody else's"),
        pytest.param(None, {"pool": ADOPTED_POOL}, Release(), id="adopted, nothing said"),
        pytest.param("Delete", {"pool": ADOPTED_POOL}, DELETE, id="adopted, and Delete was said"),
        pytest.param(None, {}, DELETE, id="made by us, nothing said"),
        pytest.param("Delete", {}, DELETE, id="made by us, and Delete was said"),
        pytest.param(None, {"pool": pool(allocation=Allocation.RESIZING)}, DELETE, id="also while it resizes"),
        pytest.param(None, {"pool": pool(deleting=True)}, None, id="on its way out"),
        pytest.param(None, {"image": None}, DELETE, id="without its image"),
    ],
)
def test_deletion(policy: str | None, facts: dict[str, Any], answer: object) -> None:
    decision = decide(replace(situation(declared=spec(deletionPolicy=policy), memo=MEMO, **facts), deleting=True))
    if isinstance(decision, Look):
        assert decision == answer
        return
    assert (decision.verdict.reason, decision.action, decision.memo) == (reasons.DELETING, answer, MEMO)
    assert decision.reread is (answer == DELETE)


def test_deleting_a_suspended_object_acts_as_retain() -> None:
    s = replace(situation(declared=spec(suspend=True, deletionPolicy="Delete")), deleting=True)
    assert decided(s).action == Release()


def test_rules_below_rely_on_the_pool() -> None:
    with pytest.raises(TypeError, match="pool exists"):
        _ = situation(pool=None).pool
    assert decided(situation(pool=pool(target=size(9), allocation=Allocation.RESIZING))).action == StopResize(etag="0x1")
