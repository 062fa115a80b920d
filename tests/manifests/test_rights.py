"""What the operator and the users may do: the rules as written, and as the API server reads them."""

from __future__ import annotations

import pytest

from localplane import ControlPlane, ControlPlaneError
from manifests.documents import BASE, Json, documents, one

OPERATOR = "--as=system:serviceaccount:poolwright-system:poolwright"
HOME, ELSEWHERE = "--namespace=poolwright-system", "--namespace=default"
KINDS = ["batchpools", "customimages"]

# A rule: its API groups, resources, the names it is restricted to, and verbs.
Rule = tuple[list[str], list[str], list[str], list[str]]
RULES: dict[tuple[str, str], list[Rule]] = {
    ("ClusterRole", "poolwright"): [
        (["poolwright.io"], KINDS, [], ["get", "list", "patch", "watch"]),
        (["poolwright.io"], ["batchpools/status", "customimages/status"], [], ["update"]),
        (["events.k8s.io"], ["events"], [], ["create", "patch"]),
        ([""], ["namespaces"], ["kube-system"], ["get"]),
    ],
    ("Role", "poolwright"): [
        (["coordination.k8s.io"], ["leases"], ["poolwright"], ["get", "update"]),
        (["coordination.k8s.io"], ["leases"], [], ["create"]),
    ],
    ("ClusterRole", "poolwright-view"): [
        (["poolwright.io"], KINDS, [], ["get", "list", "watch"]),
        (["poolwright.io"], ["batchpools/scale"], [], ["get"]),
    ],
    ("ClusterRole", "poolwright-edit"): [
        (["poolwright.io"], KINDS, [], ["create", "delete", "deletecollection", "patch", "update"]),
        (["poolwright.io"], ["batchpools/scale"], [], ["patch", "update"]),
    ],
}


@pytest.mark.parametrize(("kind", "name"), RULES)
def test_the_rules_are_exactly_these(kind: str, name: str) -> None:
    assert [spelled(rule) for rule in one(kind, name)["rules"]] == RULES[kind, name]


def test_there_are_no_other_roles() -> None:
    roles = {(document["kind"], document["metadata"]["name"]) for document in documents(BASE) if document["kind"].endswith("Role")}
    assert roles == set(RULES)


def test_the_operator_has_its_two_roles_and_nobody_else_has_them() -> None:
    bindings = [document for document in documents(BASE) if document["kind"].endswith("RoleBinding")]
    account = {"kind": "ServiceAccount", "name": "poolwright", "namespace": "poolwright-system"}
    assert {(binding["kind"], binding["roleRef"]["kind"], binding["roleRef"]["name"]) for binding in bindings} == {
        ("ClusterRoleBinding", "ClusterRole", "poolwright"),
        ("RoleBinding", "Role", "poolwright"),
    }
    assert all(binding["subjects"] == [account] for binding in bindings)


@pytest.mark.parametrize(("name", "roles"), [("poolwright-view", {"view", "edit", "admin"}), ("poolwright-edit", {"edit", "admin"})])
def test_the_roles_for_users_join_the_roles_of_the_cluster(name: str, roles: set[str]) -> None:
    labels = one("ClusterRole", name)["metadata"]["labels"]
    assert labels == {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true" for role in roles}


@pytest.mark.controlplane
@pytest.mark.parametrize(
    "question",
    [
        pytest.param(("list", "customimages.poolwright.io", "--all-namespaces"), id="list images"),
        pytest.param(("watch", "batchpools.poolwright.io", "--all-namespaces"), id="watch pools"),
        pytest.param(("patch", "batchpools.poolwright.io", ELSEWHERE), id="put the finalizer on"),
        pytest.param(("update", "batchpools.poolwright.io", "--subresource=status", ELSEWHERE), id="write a status"),
        pytest.param(("create", "events.events.k8s.io", ELSEWHERE), id="write an event"),
        pytest.param(("get", "namespaces/kube-system"), id="read the cluster's id"),
        pytest.param(("update", "leases.coordination.k8s.io/poolwright", HOME), id="renew the lease"),
        pytest.param(("create", "leases.coordination.k8s.io", HOME), id="take the lease"),
    ],
)
def test_the_operator_may(cluster: ControlPlane, question: tuple[str, ...]) -> None:
    assert cluster.kubectl("auth", "can-i", *question, OPERATOR).strip() == "yes"


@pytest.mark.controlplane
@pytest.mark.parametrize(
    "question",
    [
        pytest.param(("get", "secrets", HOME), id="read secrets at home"),
        pytest.param(("get", "secrets", ELSEWHERE), id="read secrets elsewhere"),
        pytest.param(("get", "configmaps", HOME), id="read config maps"),
        pytest.param(("update", "customimages.poolwright.io", ELSEWHERE), id="replace a spec"),
        pytest.param(("create", "batchpools.poolwright.io", ELSEWHERE), id="create pools"),
        pytest.param(("delete", "batchpools.poolwright.io", ELSEWHERE), id="delete pools"),
        pytest.param(("patch", "batchpools.poolwright.io", "--subresource=status", ELSEWHERE), id="patch a status"),
        pytest.param(("get", "namespaces/default"), id="read other namespaces"),
        pytest.param(("list", "namespaces"), id="list namespaces"),
        pytest.param(("update", "leases.coordination.k8s.io/other", HOME), id="renew another lease"),
        pytest.param(("update", "leases.coordination.k8s.io/poolwright", ELSEWHERE), id="renew a lease elsewhere"),
        pytest.param(("create", "leases.coordination.k8s.io", ELSEWHERE), id="take a lease elsewhere"),
        pytest.param(("create", "pods", HOME), id="create pods"),
        pytest.param(("get", "customresourcedefinitions"), id="read the CRDs"),
    ],
)
def test_the_operator_may_not(cluster: ControlPlane, question: tuple[str, ...]) -> None:
    # The answer no is an exit code of 1; a question that kubectl does not understand would be one too, but with words.
    with pytest.raises(ControlPlaneError) as answer:
        cluster.kubectl("auth", "can-i", "--quiet", *question, OPERATOR)
    assert "error" not in str(answer.value).lower()


def spelled(rule: Json) -> Rule:
    return rule["apiGroups"], sorted(rule["resources"]), rule.get("resourceNames", []), sorted(rule["verbs"])
