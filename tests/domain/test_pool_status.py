from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pools import BY_ID, GROUP, IMAGE, METADATA, POOL, STRANGER, V1, V2, body, pool, short, situation, size, spec
from poolwright.domain import reasons
from poolwright.domain.outcomes import UNSEEN, Look, Verdict
from poolwright.domain.pool.observed import Allocation, PoolMemo, PoolView, ResizeError, Size
from poolwright.domain.pool.rules import decide
from poolwright.domain.pool.situation import PoolSituation, say
from poolwright.domain.pool.status import ERRORS_SHOWN, failed, remembered, render, steady_part

COUNTS = st.integers(0, 10**4)
MEMOS = st.builds(PoolMemo, reached=st.none() | st.builds(Size, dedicated=COUNTS, low_priority=COUNTS), attempts=COUNTS)
NEWER = replace(IMAGE, id=V2, version="2.0.0")
REACHED = PoolMemo(reached=size(5))


def shown(s: PoolSituation, *, nodes: dict[str, int] | None = None, **object_: Any) -> dict[str, Any]:
    """The status after a pass over this situation."""
    answer = decide(s)
    assert not isinstance(answer, Look)
    return render(body(**object_), s, answer, nodes)


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in status["conditions"]}


@given(MEMOS)
def test_what_is_remembered_survives_the_status(memo: PoolMemo) -> None:
    s = situation(memo=memo)
    status = render(body(), s, say(s, reasons.RESIZING, "Words."), None)
    assert remembered(status) == memo
    assert remembered(failed(body(status=status), Verdict(reasons.AZURE_UNAVAILABLE, "No answer."))) == memo


def test_a_wiped_status_is_an_empty_memo() -> None:
    assert remembered({}) == remembered({"observedGeneration": -1}) == PoolMemo()


def test_a_second_pass_over_what_the_first_one_wrote_says_the_same() -> None:
    """Converged means no write: from its own status a pool renders the same status."""
    first = shown(situation())
    assert shown(situation(memo=remembered(first)), status=first) == first
    assert conditions(first) == {
        "Ready": ("True", "Settled"),
        "ScaledToTarget": ("True", "AtTarget"),
        "ImageUpToDate": ("True", "UpToDate"),
    }


def test_the_whole_status() -> None:
    memo = PoolMemo(reached=size(5), attempts=2)
    s = situation(pool=short("AllocationTimedOut", message="m" * 600), memo=memo)
    status = shown(s, nodes={"running": 1, "idle": 1, "unusable": 0})
    status.pop("conditions")
    assert status == {
        "observedGeneration": METADATA["generation"],
        "poolState": "active",
        "allocationState": "steady",
        "currentDedicatedNodes": 2,
        "currentLowPriorityNodes": 0,
        "reachedTargets": {"dedicated": 5, "lowPriority": 0},
        "resizeAttempts": 2,
        "selector": "poolwright.io/pool=frames",
        "image": {"kind": "Custom", "name": "ubuntu", "id": V1, "version": "1.0.0"},
        "nodeAgentSku": "batch.node.ubuntu 22.04",
        "nodes": {"idle": 1, "running": 1},
        "resizeErrors": [{"code": "AllocationTimedOut", "message": "m" * 512}],
    }


@pytest.mark.parametrize("facts", [{"pool": None}, {"account": None, "pool": UNSEEN}])
def test_without_a_pool_there_is_nothing_to_show(facts: dict[str, Any]) -> None:
    status = shown(situation(**facts))
    assert set(status) == {"observedGeneration", "conditions", "selector"}
    assert conditions(status)["ScaledToTarget"] == ("False", conditions(status)["Ready"][1])
    assert conditions(status)["ImageUpToDate"] == ("False", conditions(status)["Ready"][1])


def test_a_pool_that_goes_away() -> None:
    assert shown(situation(pool=pool(deleting=True)))["poolState"] == "deleting"
    deleting = shown(replace(situation(pool=pool(deleting=True)), deleting=True))
    assert set(conditions(deleting)) == {"Ready", "Reconciling"}


@pytest.mark.parametrize(
    ("s", "ready", "scaled"),
    [
        pytest.param(situation(), "Settled", ("True", "AtTarget"), id="at target"),
        pytest.param(situation(pool=pool(current=size(2), target=size(2))), "Resizing", ("False", "Resizing"), id="another target"),
        pytest.param(
            situation(pool=pool(allocation=Allocation.RESIZING, current=size(2))), "Resizing", ("False", "Resizing"), id="on its way"
        ),
        pytest.param(
            situation(pool=pool(allocation=Allocation.RESIZING, target=size(9))),
            "Resizing",
            ("False", "Resizing"),
            id="still there, on its way off",
        ),
        pytest.param(situation(pool=pool(current=size(2)), memo=REACHED), "Settled", ("False", "NodesLost"), id="nodes lost"),
        pytest.param(
            situation(pool=pool(current=size(2)), memo=REACHED, image=NEWER),
            "UpdatePending",
            ("False", "NodesLost"),
            id="lost, and outdated",
        ),
        pytest.param(
            situation(pool=short("AllocationTimedOut"), memo=REACHED),
            "CapacityUnavailable",
            ("False", "CapacityUnavailable"),
            id="lost, and an error says why",
        ),
        pytest.param(
            situation(pool=pool(current=size(2), target=size(2)), memo=REACHED, declared=spec(suspend=True)),
            "Suspended",
            ("False", "Suspended"),
            id="suspended short of its target: nobody replaces anything",
        ),
        pytest.param(
            situation(pool=pool(current=size(2), auto_scale=True), memo=REACHED),
            "AutoScaleEnabled",
            ("False", "AutoScaleEnabled"),
            id="a formula keeps it small",
        ),
        pytest.param(
            situation(pool=pool(current=size(2)), declared=spec(targetDedicatedNodes=None, targetLowPriorityNodes=None)),
            "Settled",
            ("True", "Unmanaged"),
            id="no target",
        ),
    ],
)
def test_scaled_to_target_does_not_contradict_ready(s: PoolSituation, ready: str, scaled: tuple[str, str]) -> None:
    told = conditions(shown(s))
    assert (told["Ready"][1], told["ScaledToTarget"]) == (ready, scaled)


@pytest.mark.parametrize(
    ("s", "up_to_date"),
    [
        pytest.param(situation(), ("True", "UpToDate"), id="boots it"),
        pytest.param(situation(image=NEWER), ("False", "UpdatePending"), id="a newer one"),
        pytest.param(situation(image=None), ("Unknown", "WaitingForImage"), id="nobody knows"),
        pytest.param(situation(pool=None), ("False", "Creating"), id="no pool"),
        pytest.param(situation(declared=spec(BY_ID), image=None, version=UNSEEN), ("True", "UpToDate"), id="by id, without a read"),
    ],
)
def test_image_up_to_date(s: PoolSituation, up_to_date: tuple[str, str]) -> None:
    assert conditions(shown(s))["ImageUpToDate"] == up_to_date


MANAGED_IMAGE = f"{GROUP}/Microsoft.Compute/images/golden"
OTHERS = f"{GROUP}/Microsoft.Compute/galleries/other/images/alma/versions/3.0.0"


@pytest.mark.parametrize(
    ("view", "image"),
    [
        pytest.param(pool(image_id=V1), {"kind": "Custom", "name": "ubuntu", "id": V1, "version": "1.0.0"}, id="of the CustomImage"),
        pytest.param(
            pool(image_id=OTHERS), {"kind": "Custom", "name": "alma", "id": OTHERS, "version": "3.0.0"}, id="of another definition"
        ),
        pytest.param(
            pool(image_id=OTHERS.split("/versions", maxsplit=1)[0]),
            {"kind": "Custom", "name": "alma", "id": OTHERS.split("/versions", maxsplit=1)[0], "version": "latest"},
            id="a definition, so its latest version",
        ),
        pytest.param(pool(image_id=MANAGED_IMAGE), {"kind": "Custom", "name": "golden", "id": MANAGED_IMAGE}, id="a managed image"),
        pytest.param(pool(image_id="/odd"), {"kind": "Custom", "name": "/odd", "id": "/odd"}, id="an id of a form nobody knows"),
        pytest.param(
            pool(image_id=None, image_name="canonical/ubuntu/22"), {"kind": "Marketplace", "name": "canonical/ubuntu/22"}, id="neither"
        ),
    ],
)
@pytest.mark.parametrize("metadata", [POOL.metadata, STRANGER.tags()], ids=["ours", "a stranger's"])
def test_which_image_is_shown(view: PoolView, image: dict[str, str], metadata: dict[str, str]) -> None:
    assert shown(situation(pool=replace(view, metadata=metadata), image=replace(IMAGE, name="ubuntu")))["image"] == image


def test_a_version_of_the_custom_image_bears_its_name() -> None:
    declared = spec(image={"customImageRef": {"name": "golden"}})
    renamed = situation(declared=declared, image=replace(IMAGE, name="golden"))
    assert shown(renamed)["image"]["name"] == "golden"
    assert shown(replace(renamed, facts=replace(renamed.facts, image=None)))["image"]["name"] == "ubuntu"
    assert shown(situation(declared=spec(BY_ID), image=None))["image"]["name"] == "ubuntu"


@pytest.mark.parametrize(
    ("view", "count"),
    [
        pytest.param(short("AllocationTimedOut"), 1, id="steady and short"),
        pytest.param(short("AllocationTimedOut", allocation=Allocation.RESIZING), 0, id="a new resize runs"),
        pytest.param(replace(short("AllocationTimedOut"), current=size(5)), 0, id="reached since: history"),
        pytest.param(replace(short("X"), resize_errors=(ResizeError(code="X", message=""),) * 9), ERRORS_SHOWN, id="bounded"),
        pytest.param(pool(current=size(2)), 0, id="none"),
    ],
)
def test_errors_are_shown_while_they_are_current(view: PoolView, count: int) -> None:
    assert len(shown(situation(pool=view, memo=REACHED)).get("resizeErrors", ())) == count


@pytest.mark.parametrize("nodes", [None, {}, {"idle": 0}])
def test_states_without_nodes_are_left_out(nodes: dict[str, int] | None) -> None:
    assert "nodes" not in shown(situation(), nodes=nodes)


def test_a_pass_that_could_not_ask_keeps_what_was_known() -> None:
    asked = {**METADATA, "annotations": {"poolwright.io/reconcile-requested-at": "then"}}
    before = shown(situation(memo=REACHED), nodes={"idle": 5}, metadata=asked)
    assert before["lastHandledReconcileAt"] == "then"
    after = failed(body(status=before), Verdict(reasons.AZURE_UNAVAILABLE, "No answer."))
    assert conditions(after) == {**conditions(before), "Ready": ("Unknown", "AzureUnavailable")}
    moved = {"conditions", "lastHandledReconcileAt"}
    assert {name: after[name] for name in after if name not in moved} == {name: before[name] for name in before if name not in moved}
    assert "lastHandledReconcileAt" not in after
    assert set(failed(body(), Verdict(reasons.AZURE_UNAVAILABLE, "No answer."))) == {"observedGeneration", "conditions"}


@pytest.mark.parametrize(
    ("allocation", "moving"),
    [
        pytest.param(Allocation.STEADY, {"nodes"}, id="steady: counts are news"),
        pytest.param(Allocation.RESIZING, {"nodes", "currentDedicatedNodes", "currentLowPriorityNodes"}, id="resizing"),
        pytest.param(Allocation.STOPPING, {"nodes", "currentDedicatedNodes", "currentLowPriorityNodes"}, id="stopping"),
    ],
)
def test_what_moves_by_itself(allocation: Allocation, moving: set[str]) -> None:
    status = shown(situation(pool=pool(allocation=allocation)), nodes={"idle": 5})
    assert set(status) - set(steady_part(status)) == moving


def test_growing_node_by_node_is_not_news() -> None:
    """Else a pool of a thousand nodes would write a thousand statuses on its way."""
    growing = [shown(situation(pool=pool(allocation=Allocation.RESIZING, current=size(count)))) for count in (1, 2, 3)]
    assert steady_part(growing[0]) == steady_part(growing[1]) == steady_part(growing[2])
