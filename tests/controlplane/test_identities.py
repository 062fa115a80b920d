"""Who may do what: the API server authorizes as a real one does."""

from __future__ import annotations

import json
import re

import pytest

from localplane import ControlPlane, ControlPlaneError, pins


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60].strip("-")
    control_plane.kubectl("create", "namespace", name)
    control_plane.kubectl("create", "serviceaccount", "reader", f"--namespace={name}")
    return name


def test_the_server_says_the_version_that_is_pinned(control_plane: ControlPlane) -> None:
    version = json.loads(control_plane.kubectl("get", "--raw=/version"))
    assert version["gitVersion"] == pins.required("k8s.io/kubernetes")
    assert f"v{version['major']}.{version['minor']}." in version["gitVersion"]


def test_a_service_account_may_do_nothing_until_a_role_allows_it(control_plane: ControlPlane, namespace: str) -> None:
    reader = f"--kubeconfig={control_plane.kubeconfig_for(namespace, 'reader')}"
    with pytest.raises(ControlPlaneError, match=f'Forbidden.*system:serviceaccount:{namespace}:reader" cannot list resource "configmaps"'):
        control_plane.kubectl(reader, "get", "configmaps")
    here = f"--namespace={namespace}"
    control_plane.kubectl("create", "role", "reads", "--verb=list", "--resource=configmaps", here)
    control_plane.kubectl("create", "rolebinding", "reads", "--role=reads", f"--serviceaccount={namespace}:reader", here)
    # The authorizer learns of roles by its own watch, a moment later.
    assert any(may_list_configmaps(control_plane, reader) for _ in range(100))
    assert json.loads(control_plane.kubectl(reader, "get", "configmaps", "--output=json"))["items"] == []
    with pytest.raises(ControlPlaneError, match="cannot list resource"):
        control_plane.kubectl(reader, "get", "configmaps", "--namespace=kube-system")


def may_list_configmaps(control_plane: ControlPlane, identity: str) -> bool:
    try:
        return control_plane.kubectl(identity, "auth", "can-i", "list", "configmaps").strip() == "yes"
    except ControlPlaneError:  # kubectl exits with 1 for a "no"
        return False


def test_there_is_no_kubeconfig_for_an_account_that_does_not_exist(control_plane: ControlPlane) -> None:
    with pytest.raises(ControlPlaneError, match='No token for default/nobody: serviceaccounts "nobody" not found'):
        control_plane.kubeconfig_for("default", "nobody")


def test_without_credentials_there_is_no_access(control_plane: ControlPlane) -> None:
    anonymous = ("--kubeconfig=/dev/null", f"--server={control_plane.url}", "--insecure-skip-tls-verify", "--username=a", "--password=b")
    with pytest.raises(ControlPlaneError, match=r"Forbidden|Unauthorized"):
        control_plane.kubectl(*anonymous, "get", "namespaces")


def test_a_failing_command_says_what_kubectl_said(control_plane: ControlPlane) -> None:
    with pytest.raises(ControlPlaneError, match=r"kubectl get nonsense: .*the server doesn't have a resource type"):
        control_plane.kubectl("get", "nonsense")


def test_input_reaches_the_command(control_plane: ControlPlane, namespace: str) -> None:
    document = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "given"}, "data": {"key": "value"}})
    control_plane.kubectl("apply", f"--namespace={namespace}", "--filename=-", input=document)
    assert control_plane.kubectl("get", "configmap/given", f"--namespace={namespace}", "--output=jsonpath={.data.key}") == "value"


def test_only_this_user_may_read_a_kubeconfig(control_plane: ControlPlane, namespace: str) -> None:
    for file in (control_plane.kubeconfig, control_plane.kubeconfig_for(namespace, "reader")):
        assert file.stat().st_mode & 0o077 == 0
        assert file.parent.stat().st_mode & 0o077 == 0
