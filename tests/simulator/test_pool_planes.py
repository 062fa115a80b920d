"""A pool says the same in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azuresim.core.pool_planes import (
    TABLE,
    Member,
    configuration_to_arm,
    identity_to_batch,
    pool_to_arm,
    scale_to_arm,
    scale_to_batch,
    to_batch,
)
from azuresim.schema import Finding, findings, load_table

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a"
TEXT = st.text(alphabet="abcXYZ019-_", min_size=1, max_size=8)
SCALARS: dict[str, st.SearchStrategy[Any]] = {"string": TEXT, "integer": st.integers(0, 99), "boolean": st.booleans(), "any": TEXT}
# What the two planes keep in places of their own; tested apart.
APART = frozenset({"scaleSettings", "applicationPackages", "deploymentConfiguration"})

# The one member that azure-batch 15.1 has no word for.
ARM_ALONE = "managedDisk/securityProfile/diskEncryptionSet"


def _of_kind(kind: str, member: Member | None) -> st.SearchStrategy[Any]:
    """Values of a type of the SDK's table; where the planes have different words, one of ARM's."""
    kind = kind.strip("-!")
    if kind[0] == "[":
        return st.lists(_of_kind(kind[1:], member), max_size=2)
    if kind[0] == "{":
        return st.dictionaries(TEXT, TEXT, max_size=2)
    if kind[0] == "@":
        return _model(kind[1:], () if member is None else member.inside)
    return st.sampled_from([arm for arm, _ in member.words]) if member is not None and member.words else SCALARS[kind]


def _model(name: str, members: tuple[Member, ...]) -> st.SearchStrategy[dict[str, Any]]:
    by_arm = {member.arm: member for member in members}
    rows = load_table("mgmt_batch")[name]
    chosen = {row: _of_kind(kind, by_arm.get(row)) for row, kind in rows.items() if kind[0] != "-" and row not in APART}
    return st.fixed_dictionaries({}, optional=chosen)


CONFIGURATIONS = st.builds(
    lambda plain, machines, packages: {
        **plain,
        **({} if machines is None else {"deploymentConfiguration": {"virtualMachineConfiguration": machines}}),
        **({} if packages is None else {"applicationPackages": packages}),
    },
    _model("PoolProperties", TABLE),
    st.none() | _model("VirtualMachineConfiguration", next(m.inside for m in TABLE if m.arm == "virtualMachineConfiguration")),
    st.none() | st.lists(st.builds(lambda name: {"id": f"{ACCOUNT}/applications/{name}", "version": "1"}, TEXT), max_size=2),
)


@given(CONFIGURATIONS)
def test_what_arm_says_comes_back_from_the_data_plane(properties: dict[str, Any]) -> None:
    there = to_batch(properties)
    assert configuration_to_arm(there, ACCOUNT) == properties
    assert to_batch(configuration_to_arm(there, ACCOUNT)) == there


@given(CONFIGURATIONS)
def test_the_data_plane_knows_every_member(properties: dict[str, Any]) -> None:
    said = findings("batch.BatchPoolCreateOptions", {"id": "p", **to_batch(properties)}, request=True)
    unknown = [f.path for f in said if f.kind == "unknown" and not f.path.endswith(ARM_ALONE)]
    assert unknown == []


def test_a_wrong_name_would_be_noticed() -> None:
    assert findings("batch.BatchPoolCreateOptions", {"id": "p", "interNodeCommunication": "Enabled"}, request=True)[0] == Finding(
        "interNodeCommunication", "unknown"
    )


FIXED = {"targetDedicatedNodes": 2, "targetLowPriorityNodes": 1, "resizeTimeout": "PT15M"}
AUTOMATIC = {"formula": "$TargetDedicatedNodes=1;", "evaluationInterval": "PT5M"}


@pytest.mark.parametrize(
    ("scale", "members"),
    [
        ({"fixedScale": FIXED}, FIXED),
        (
            {"autoScale": AUTOMATIC},
            {"enableAutoScale": True, "autoScaleFormula": "$TargetDedicatedNodes=1;", "autoScaleEvaluationInterval": "PT5M"},
        ),
    ],
)
def test_scale_settings_in_both_languages(scale: dict[str, Any], members: dict[str, Any]) -> None:
    assert scale_to_batch(scale) == members
    assert scale_to_arm(members) == scale


def test_words_are_taken_in_any_case_and_unknown_ones_stay() -> None:
    def said(word: str) -> Any:
        return to_batch({"userAccounts": [{"elevationLevel": word}]})["userAccounts"][0]["elevationLevel"]

    assert [said(word) for word in ("ADMIN", "nonAdmin", "Root")] == ["admin", "nonadmin", "Root"]


def test_states_errors_and_runs_as_arm_shows_them() -> None:
    moment = "2024-04-18T19:19:31Z"
    shown = {
        "lastModified": moment,
        "creationTime": moment,
        "state": "deleting",
        "stateTransitionTime": moment,
        "allocationState": "resizing",
        "allocationStateTransitionTime": moment,
        "currentDedicatedNodes": 1,
        "currentLowPriorityNodes": 0,
        "targetDedicatedNodes": 3,
        "targetLowPriorityNodes": 0,
        "resizeTimeout": "PT15M",
        "enableAutoScale": True,
        "autoScaleFormula": "x",
        "autoScaleRun": {
            "timestamp": moment,
            "results": "r",
            "error": {"code": "c", "message": "m", "values": [{"name": "n", "value": "v"}]},
        },
        "resizeErrors": [{"code": "AllocationFailed", "message": "m", "values": [{"name": "Reason", "value": "why"}]}],
    }
    made = pool_to_arm(shown, ACCOUNT, resize_began=moment)
    assert (made["provisioningState"], made["allocationState"], made["scaleSettings"]) == (
        "Deleting",
        "Resizing",
        {"autoScale": {"formula": "x"}},
    )
    assert made["autoScaleRun"]["error"] == {"code": "c", "message": "m", "details": [{"code": "n", "message": "v"}]}
    assert made["resizeOperationStatus"]["errors"] == [
        {"code": "AllocationFailed", "message": "m", "details": [{"code": "Reason", "message": "why"}]}
    ]
    assert findings("mgmt_batch.PoolProperties", made, request=False) == []


def test_identities_are_a_map_there_and_a_list_here() -> None:
    given_there = {"type": "UserAssigned", "userAssignedIdentities": {"/id/a": {"clientId": "c"}, "/id/b": {}}}
    assert identity_to_batch(given_there) == {
        "type": "UserAssigned",
        "userAssignedIdentities": [{"resourceId": "/id/a", "clientId": "c"}, {"resourceId": "/id/b"}],
    }
    assert identity_to_batch({"type": "None"}) is None
