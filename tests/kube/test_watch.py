"""kopf against a real API server: what it tells us, and that it leaves no trace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from threading import current_thread, main_thread
from typing import Any

import pytest

from harness import declarations
from harness.clusters import Real
from localplane import ControlPlane
from poolwright.domain.objects import IMAGES, POOLS, Body, ObjectKey
from poolwright.kube.client import KubeClient, path
from poolwright.kube.handlers import watch

pytestmark = pytest.mark.controlplane

PATIENCE_SECONDS = 20.0


class Intake:
    """What kopf hands over, for one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.events: list[tuple[str, str, str]] = []
        self._bodies: dict[tuple[str, str], Body] = {}
        self._news = asyncio.Event()

    def __call__(self, kind: str, event: str, body: Body) -> None:
        assert current_thread() is main_thread(), "the store and the queue belong to the loop"
        asyncio.get_running_loop()
        if body["metadata"]["namespace"] == self.namespace:
            self.events.append((kind, event, body["metadata"]["name"]))
            self._bodies[kind, body["metadata"]["name"]] = body
            self._news.set()

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not wanted():
                self._news.clear()
                await self._news.wait()

    def body(self, kind: str, name: str) -> Body:
        return self._bodies[kind, name]


@pytest.fixture
def cluster(plane: ControlPlane, names: Iterator[str], monkeypatch: pytest.MonkeyPatch) -> Real:
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    namespace = next(names)
    plane.kubectl("create", "namespace", namespace)
    return Real(plane, namespace)


async def create(client: KubeClient, manifest: dict[str, Any], kind: str) -> Body:
    namespace = manifest["metadata"]["namespace"]
    return await client.call("POST", f"/apis/poolwright.io/v1alpha1/namespaces/{namespace}/{kind}", body=manifest)


def watched(cluster: Real, story: Callable[[KubeClient, Intake], Awaitable[None]]) -> Intake:
    """Run the story beside kopf, and stop kopf as the operator does."""
    intakes: list[Intake] = []

    async def main(client: KubeClient) -> None:
        intake, stop = Intake(cluster.namespace), asyncio.Event()
        intakes.append(intake)
        await create(client, declarations.pool("before", namespace=cluster.namespace), POOLS)
        watching = asyncio.create_task(watch(intake, stop=stop))
        try:
            await story(client, intake)
        finally:
            stop.set()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await watching

    cluster.tell(main)
    return intakes[0]


def test_everything_that_happens_is_told(cluster: Real) -> None:
    async def story(client: KubeClient, intake: Intake) -> None:
        await intake.until(lambda: (POOLS, "", "before") in intake.events)
        await create(client, declarations.image("ubuntu", namespace=cluster.namespace), IMAGES)
        await intake.until(lambda: (IMAGES, "ADDED", "ubuntu") in intake.events)
        await client.replace_status(intake.body(POOLS, "before"), {"observedGeneration": 1})
        await intake.until(lambda: (POOLS, "MODIFIED", "before") in intake.events)
        await client.call("DELETE", path(POOLS, cluster.namespace, "before"))
        await intake.until(lambda: (POOLS, "DELETED", "before") in intake.events)

    intake = watched(cluster, story)
    assert [event for event in intake.events if event[0] == POOLS] == [
        (POOLS, "", "before"),
        (POOLS, "MODIFIED", "before"),
        (POOLS, "DELETED", "before"),
    ]


def test_kopf_leaves_objects_as_they_are(cluster: Real) -> None:
    async def story(client: KubeClient, intake: Intake) -> None:
        await intake.until(lambda: bool(intake.events))
        held = await client.add_finalizer(intake.body(POOLS, "before"))
        await intake.until(lambda: (POOLS, "MODIFIED", "before") in intake.events)
        # Longer than kopf's workers live: what it does after an event, it has done by then.
        await asyncio.sleep(2.5)
        assert await client.get(ObjectKey(POOLS, cluster.namespace, "before")) == held
        await client.remove_finalizer(held)

    intake = watched(cluster, story)
    assert len(intake.events) >= 2


def test_an_intake_that_fails_does_not_end_the_watch(cluster: Real) -> None:
    async def main(client: KubeClient) -> None:
        intake, stop = Intake(cluster.namespace), asyncio.Event()

        def failing(kind: str, event: str, body: Body) -> None:
            intake(kind, event, body)
            if body["metadata"]["name"] == "first":
                raise RuntimeError("a bug of ours")

        watching = asyncio.create_task(watch(failing, stop=stop))
        for name in ("first", "second"):
            await create(client, declarations.pool(name, namespace=cluster.namespace), POOLS)
            await intake.until(lambda name=name: any(event[2] == name for event in intake.events))  # type: ignore[misc] # bound now, not later
        assert not watching.done()
        stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watching

    cluster.tell(main)
