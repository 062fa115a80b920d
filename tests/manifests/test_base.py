"""The operator's deployment: it builds, it is admitted, and it is as restricted as a namespace can ask."""

from __future__ import annotations

import copy
import json
import tomllib
from typing import Any

import pytest
import yaml

from localplane import ControlPlane, ControlPlaneError
from manifests.documents import BASE, FOLDER, Json, documents, one
from poolwright.settings import Settings

PROJECT = FOLDER.parent / "pyproject.toml"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def test_the_kustomization_has_every_file() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert set(kustomization["resources"]) | {"kustomization.yaml"} == {path.name for path in BASE.iterdir()}


def test_the_image_has_the_version_of_the_project() -> None:
    project = tomllib.loads(PROJECT.read_text())["project"]
    assert container()["image"] == f"{project['name']}:{project['version']}"


def test_settings_come_from_variables_that_the_operator_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable is set to its own name; those that no setting takes are not found again."""
    names = {variable["name"] for variable in container()["env"]}
    for name in names:
        monkeypatch.setenv(name, name)
    assert names <= set(Settings().model_dump().values())


def test_the_probes_and_the_service_reach_the_port_of_the_settings() -> None:
    (port,) = container()["ports"]
    assert port == {"name": "http", "containerPort": Settings().http_port}
    probes = {kind: container()[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert one("Service", "poolwright")["spec"]["ports"][0]["targetPort"] == "http"


def test_selectors_find_the_pods() -> None:
    deployment = one("Deployment", "poolwright")["spec"]
    labels = deployment["template"]["metadata"]["labels"].items()
    selectors = [
        deployment["selector"]["matchLabels"],
        deployment["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        one("Service", "poolwright")["spec"]["selector"],
        one("PodDisruptionBudget", "poolwright")["spec"]["selector"]["matchLabels"],
    ]
    assert all(selector and selector.items() <= labels for selector in selectors)


def test_one_stands_by_and_the_leader_gets_time_to_stop() -> None:
    deployment = one("Deployment", "poolwright")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] == 60
    assert one("PodDisruptionBudget", "poolwright")["spec"]["maxUnavailable"] == 1


def test_nothing_but_the_temporary_folder_can_be_written() -> None:
    assert container()["securityContext"]["readOnlyRootFilesystem"] is True
    (volume,) = template()["spec"]["volumes"]
    assert "emptyDir" in volume
    assert container()["volumeMounts"] == [{"name": volume["name"], "mountPath": "/tmp"}]  # noqa: S108 - a path in the container


def test_memory_is_limited_and_the_processor_is_not() -> None:
    assert set(container()["resources"]["limits"]) == {"memory"}
    assert set(container()["resources"]["requests"]) == {"cpu", "memory"}


@pytest.mark.controlplane
def test_the_kustomization_builds_what_the_files_say(control_plane: ControlPlane) -> None:
    built = list(yaml.safe_load_all(control_plane.kubectl("kustomize", str(BASE))))
    assert identities(built) == identities(documents(BASE))
    assert {document["metadata"]["labels"]["app.kubernetes.io/part-of"] for document in built} == {"poolwright"}


@pytest.mark.controlplane
def test_what_is_stored_is_what_is_written(cluster: ControlPlane) -> None:
    """Nothing is normalised on the way in, so a GitOps controller sees no difference for ever."""
    assert cluster.kubectl("diff", f"--kustomize={BASE}") == ""


@pytest.mark.controlplane
def test_the_pod_is_admitted_where_only_restricted_pods_are(cluster: ControlPlane) -> None:
    labels = json.loads(cluster.kubectl("get", "namespace", "poolwright-system", "--output=json"))["metadata"]["labels"]
    assert labels.items() >= RESTRICTED.items()
    assert create(cluster, pod())["kind"] == "Pod"


@pytest.mark.controlplane
@pytest.mark.parametrize(
    ("part", "field", "words"),
    [
        ("pod", "runAsNonRoot", "runAsNonRoot != true"),
        ("pod", "seccompProfile", "seccompProfile"),
        ("container", "allowPrivilegeEscalation", "allowPrivilegeEscalation != false"),
        ("container", "capabilities", "unrestricted capabilities"),
    ],
)
def test_each_restriction_of_the_pod_is_needed(cluster: ControlPlane, part: str, field: str, words: str) -> None:
    weaker = pod()
    holder = weaker["spec"] if part == "pod" else weaker["spec"]["containers"][0]
    del holder["securityContext"][field]
    with pytest.raises(ControlPlaneError) as refusal:
        create(cluster, weaker)
    assert "violates PodSecurity" in str(refusal.value)
    assert words in str(refusal.value)


def container() -> Json:
    (only,) = template()["spec"]["containers"]
    result: Json = only
    return result


def template() -> Json:
    result: Json = one("Deployment", "poolwright")["spec"]["template"]
    return result


def pod() -> Json:
    """What the deployment would start; the deployment itself is only warned about."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator"}, "spec": copy.deepcopy(template()["spec"])}


def create(cluster: ControlPlane, document: Json) -> Json:
    command = ("create", "--dry-run=server", "--namespace=poolwright-system", "--filename=-", "--output=json")
    result: Json = json.loads(cluster.kubectl(*command, input=json.dumps(document)))
    return result


def identities(objects: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(document["kind"], document["metadata"]["name"]) for document in objects}
