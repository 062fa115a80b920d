from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolwright.domain.conditions import MESSAGE_LIMIT, READY, RECONCILING, STALLED, Condition, as_json, find, summary
from poolwright.domain.outcomes import CallFailed, Stalled
from poolwright.domain.reasons import AZURE_REFUSED, CATALOGUE, Kind, Reason
from poolwright.domain.status import head, kept, present

SHOWN = {
    Kind.SETTLED: {READY: "True"},
    Kind.WORKING: {READY: "False", RECONCILING: "True"},
    Kind.WAITING: {READY: "False", RECONCILING: "True"},
    Kind.STALLED: {READY: "False", STALLED: "True"},
    Kind.SUSPENDED: {READY: "False"},
    Kind.UNKNOWN: {READY: "Unknown"},
}


@pytest.mark.parametrize("reason", [pytest.param(reason, id=name) for name, reason in CATALOGUE.items()])
def test_a_reason_shows_the_conditions_of_its_kind(reason: Reason) -> None:
    conditions = summary(reason, "Words.")
    assert {condition.type: condition.status for condition in conditions} == SHOWN[reason.kind]
    assert conditions[0].type == READY
    assert {(condition.reason, condition.message) for condition in conditions} == {(reason.name, "Words.")}


def test_every_kind_has_its_conditions() -> None:
    assert set(SHOWN) == set(Kind)


@given(st.text(), st.integers(min_value=0))
def test_a_message_is_bounded_and_its_beginning_stays(message: str, generation: int) -> None:
    (shown,) = as_json([Condition(READY, "True", "Settled", message)], generation)
    assert shown["observedGeneration"] == generation
    assert message.startswith(str(shown["message"]))
    assert len(str(shown["message"])) == min(len(message), MESSAGE_LIMIT)


def test_conditions_keep_their_order() -> None:
    conditions = [Condition("B", "True", "R", ""), Condition("A", "True", "R", "")]
    assert [shown["type"] for shown in as_json(conditions, 1)] == ["B", "A"]


def test_a_stored_condition_is_found_by_its_type() -> None:
    stored: list[dict[str, object]] = [{"type": "A"}, {"type": "B", "status": "True"}]
    assert find(stored, "B") is stored[1]
    assert find(stored, "C") is None


@pytest.mark.parametrize(
    ("metadata", "echoed"),
    [
        pytest.param({"annotations": {"poolwright.io/reconcile-requested-at": "now"}}, {"lastHandledReconcileAt": "now"}, id="asked"),
        pytest.param({"annotations": {"other": "x"}}, {}, id="another annotation"),
        pytest.param({}, {}, id="none"),
    ],
)
def test_the_head_of_a_status(metadata: dict[str, Any], echoed: dict[str, str]) -> None:
    status = head({"metadata": {"generation": 7, **metadata}}, summary(AZURE_REFUSED, "No."))
    assert status.pop("conditions") == as_json(summary(AZURE_REFUSED, "No."), 7)
    assert status == {"observedGeneration": 7, **echoed}


def test_stages_that_were_not_looked_at_are_kept() -> None:
    stage = Condition("Published", "True", "AlreadyPublished", "There.")
    stored = as_json([*summary(AZURE_REFUSED, "No."), stage], 1)
    assert kept({"status": {"conditions": stored}}, ["Published", "Replicated"]) == [stage]
    assert kept({}, ["Published"]) == []


def test_absent_is_not_null_but_zero_is_something() -> None:
    assert present({"a": None, "b": 0, "c": "", "d": [], "e": False}) == {"b": 0, "c": "", "d": [], "e": False}


def test_a_failed_call_carries_its_outcome_and_its_words() -> None:
    outcome = Stalled(reason=AZURE_REFUSED, detail="creating pool p: 409 Odd.")
    assert CallFailed(outcome).outcome is outcome
    assert str(CallFailed(outcome)) == outcome.detail
