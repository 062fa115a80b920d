"""The controls by which tests disturb the in-memory API. What it has in common with a real one is in ``tests/kube/test_contract.py``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import pytest

from harness import declarations
from harness.kubeapi import KubeApi
from harness.kuberequest import Request
from harness.kubestate import JSON, Refused
from harness.virtualtime import EPOCH, run, settle
from poolwright.domain.objects import IMAGES, POOLS, KubernetesError, ObjectKey, Unreachable
from poolwright.engine.clock import LoopClock
from poolwright.kube.client import KubeClient
from poolwright.telemetry.metrics import PrometheusMetrics

KEY = ObjectKey(POOLS, "default", "a")


class Seen:
    """A cluster with one pool, a watcher, and what the watcher saw."""

    def __init__(self) -> None:
        self.api = KubeApi(LoopClock(EPOCH).now)
        self.client = KubeClient(self.api.client(), PrometheusMetrics())
        self.events: list[tuple[float, str, str, int]] = []
        self.api.apply(declarations.pool("a"))
        self.watch = self.api.watch(self._intake)

    def _intake(self, kind: str, event: str, body: JSON) -> None:
        assert kind in {POOLS, IMAGES}
        replicas = body["spec"].get("targetDedicatedNodes", 0)
        self.events.append((round(asyncio.get_running_loop().time(), 3), event, body["metadata"]["name"], replicas))


def told(story: Callable[[Seen], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        seen = Seen()
        await story(seen)
        seen.watch.close()

    run(main())


def test_a_watcher_sees_what_is_there_and_then_what_happens() -> None:
    async def story(seen: Seen) -> None:
        await settle()
        seen.api.apply(declarations.image("ubuntu"))
        seen.api.scale("default", "a", 3)
        seen.api.delete(POOLS, "default", "a")
        assert len(seen.events) == 1, "events come through the loop, after the write returned"
        await settle()
        assert [event[1:] for event in seen.events] == [("", "a", 1), ("ADDED", "ubuntu", 0), ("MODIFIED", "a", 3), ("DELETED", "a", 3)]

    told(story)


def test_the_event_of_a_deletion_is_newer_than_the_object_was() -> None:
    async def story(seen: Seen) -> None:
        versions: list[int] = []
        seen.api.watch(lambda _kind, _event, body: versions.append(int(body["metadata"]["resourceVersion"])))
        seen.api.delete(POOLS, "default", "a")
        await settle()
        assert versions[0] < versions[1]

    told(story)


def test_events_can_be_late_in_order_lost_and_dropped() -> None:
    async def story(seen: Seen) -> None:
        await settle()
        seen.events.clear()
        seen.watch.delay = 5.0
        seen.api.scale("default", "a", 2)
        seen.watch.delay = 0.0
        seen.api.scale("default", "a", 3)
        await settle(6)
        assert [(when, nodes) for when, _, _, nodes in seen.events] == [(5.0, 2), (5.0, 3)]
        seen.watch.paused = True
        seen.api.scale("default", "a", 4)
        await settle(60)
        assert seen.watch.lose() == 1
        seen.api.scale("default", "a", 5)
        seen.watch.resume()
        await settle()
        seen.watch.drops = lambda event, _: event == "DELETED"
        seen.api.delete(POOLS, "default", "a")
        await settle()
        assert [nodes for _, _, _, nodes in seen.events] == [2, 3, 5]

    told(story)


@pytest.mark.parametrize("phase", ["before", "after"])
def test_the_world_can_stop_on_either_side_of_a_call(phase: Literal["before", "after"]) -> None:
    async def story(seen: Seen) -> None:
        async def cut(now: Literal["before", "after"], request: Request) -> None:
            if now == phase and request.verb == "patch":
                raise ConnectionResetError("cut")

        seen.api.gate = cut
        with pytest.raises(Unreachable):
            await seen.client.add_finalizer(seen.api.all(POOLS)[0])
        done = "finalizers" in seen.api.all(POOLS)[0]["metadata"]
        assert done == (phase == "after")
        assert seen.api.calls == {"patch batchpools": 1}

    told(story)


def test_a_gate_can_answer_for_the_server() -> None:
    async def story(seen: Seen) -> None:
        async def busy(_phase: Literal["before", "after"], _request: Request) -> None:
            raise Refused(429, "TooManyRequests", "later")

        seen.api.gate = busy
        with pytest.raises(KubernetesError) as caught:
            await seen.client.get(KEY)
        assert caught.value.status == 429

    told(story)


def test_listings_can_be_of_the_past() -> None:
    async def story(seen: Seen) -> None:
        seen.api.lists_at = seen.api.state.revision
        seen.api.scale("default", "a", 9)
        seen.api.apply(declarations.pool("b"))
        items, version = await seen.client.list_full(POOLS)
        assert [(item["metadata"]["name"], item["spec"]["targetDedicatedNodes"]) for item in items] == [("a", 1)]
        assert version == str(seen.api.lists_at)
        current = await seen.client.get(KEY)
        assert current is not None
        assert current["spec"]["targetDedicatedNodes"] == 9, "a GET is never of the past"
        seen.api.delete(POOLS, "default", "a")
        assert len((await seen.client.list_full(POOLS))[0]) == 1
        seen.api.lists_at = None
        assert [item["metadata"]["name"] for item in (await seen.client.list_full(POOLS))[0]] == ["b"]

    told(story)


def test_old_continue_tokens_expire() -> None:
    async def story(seen: Seen) -> None:
        seen.api.apply(declarations.pool("b"))
        root = "/apis/poolwright.io/v1alpha1/batchpools"
        page = await seen.client.call("GET", root, query={"limit": "1"})
        token = page["metadata"]["continue"]
        seen.api.compact()
        with pytest.raises(KubernetesError) as caught:
            await seen.client.call("GET", root, query={"limit": "1", "continue": token})
        assert (caught.value.status, caught.value.reason) == (410, "Expired")

    told(story)


def test_nothing_given_or_got_is_shared_with_the_cluster() -> None:
    async def story(seen: Seen) -> None:
        manifest = declarations.pool("shared")
        mine = seen.api.apply(manifest)
        manifest["spec"]["targetDedicatedNodes"] = 50
        mine["spec"]["targetDedicatedNodes"] = 60
        read = await seen.client.get(ObjectKey(POOLS, "default", "shared"))
        assert read is not None
        dict(read)["spec"]["targetDedicatedNodes"] = 70
        seen.api.all(POOLS)[0]["spec"]["targetDedicatedNodes"] = 80
        assert [body["spec"]["targetDedicatedNodes"] for body in seen.api.all(POOLS)] == [1, 1]

    told(story)


def test_applying_again_is_like_kubectl() -> None:
    async def story(seen: Seen) -> None:
        first = seen.api.apply(declarations.pool("a", targetDedicatedNodes=4))
        labelled = declarations.pool("a", targetDedicatedNodes=4)
        labelled["metadata"]["labels"] = {"team": "film"}
        second = seen.api.apply(labelled)
        third = seen.api.apply(labelled)
        assert [body["metadata"]["generation"] for body in (first, second, third)] == [2, 2, 2]
        assert third == second, "no change, no version"
        assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]

    told(story)


def test_writes_are_counted_by_name() -> None:
    async def story(seen: Seen) -> None:
        body = await seen.client.add_finalizer(seen.api.all(POOLS)[0])
        await seen.client.replace_status(body, {"observedGeneration": 1})
        await seen.client.list_full(POOLS)
        assert seen.api.writes() == {"patch batchpools": 1, "update batchpools/status": 1}
        assert seen.api.calls["list batchpools"] == 1

    told(story)
