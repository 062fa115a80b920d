"""One contract, two clusters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clusters import Cluster, InMemory, Real
from localplane import ControlPlane
from poolwright.kube.handlers import wait_for_kinds

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="session")
def plane(control_plane: ControlPlane) -> ControlPlane:
    """The real API server, which serves both kinds and can store them."""
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))
    Real(control_plane, "default").tell(wait_for_kinds)
    return control_plane


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    return (f"contract-{number}" for number in itertools.count())


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.controlplane)])
def cluster(request: pytest.FixtureRequest, names: Iterator[str]) -> Cluster:
    if request.param == "memory":
        return InMemory()
    plane: ControlPlane = request.getfixturevalue("plane")
    namespace = next(names)
    plane.kubectl("create", "namespace", namespace)
    return Real(plane, namespace)
