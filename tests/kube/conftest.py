"""One contract, two clusters."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clusters import Cluster, InMemory, Real
from localplane import ControlPlane
from poolwright.domain.objects import KINDS, KubernetesError
from poolwright.kube.client import KubeClient
from poolwright.kube.handlers import wait_for_kinds

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="session")
def plane(control_plane: ControlPlane) -> ControlPlane:
    """The real API server, which serves both kinds and can store them."""
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))
    Real(control_plane, "default").tell(_wait_for_storage)
    return control_plane


async def _wait_for_storage(client: KubeClient) -> None:
    """A kind that is served may still answer 429 («storage is (re)initializing») for some seconds."""
    await wait_for_kinds(client)
    for kind in KINDS:
        async with asyncio.timeout(30):
            while not await _is_listed(client, kind):  # noqa: ASYNC110 - the server tells of it in no other way
                await asyncio.sleep(0.1)


async def _is_listed(client: KubeClient, kind: str) -> bool:
    try:
        await client.list_full(kind)
    except KubernetesError as error:
        if error.status != 429:
            raise
        return False
    return True


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
