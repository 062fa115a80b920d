from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import pytest

from harness import declarations
from harness.kubeapi import KubeApi
from harness.kuberequest import Request
from harness.kubestate import Refused
from harness.virtualtime import EPOCH, chance, run, settle
from poolwright.domain.objects import IMAGES, POOLS, KubernetesError, ObjectKey
from poolwright.engine.clock import LoopClock
from poolwright.engine.resync import EVERY_SECONDS, JITTER, Resync
from poolwright.engine.store import ObjectStore
from poolwright.kube.client import PAGE, KubeClient
from poolwright.telemetry.metrics import PrometheusMetrics


class Room:
    """A cluster, a store without a watch, and the keys that became due."""

    def __init__(self) -> None:
        clock = LoopClock(EPOCH)
        self.api, self.store = KubeApi(clock.now), ObjectStore()
        self.due: list[ObjectKey] = []
        self.metrics = PrometheusMetrics()
        client = KubeClient(self.api.client(), self.metrics)
        self.resync = Resync(client, self.store, self.due.append, random=chance(), clock=clock, metrics=self.metrics)

    @property
    def names(self) -> list[str]:
        return [key.name for key in self.store.keys(POOLS)]

    def nodes(self, name: str) -> int | None:
        body = self.store.get(ObjectKey(POOLS, "default", name))
        return None if body is None else body["spec"]["targetDedicatedNodes"]


def told(story: Callable[[Room], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        room = Room()
        for name in ("a", "b", "c"):
            room.api.apply(declarations.pool(name))
        room.api.apply(declarations.image("ubuntu"))
        await room.resync.first(POOLS)
        room.api.calls.clear()
        await story(room)

    run(main())


def test_the_first_listing_fills_the_store_with_whole_objects() -> None:
    async def story(room: Room) -> None:
        assert room.names == ["a", "b", "c"]
        assert room.nodes("a") == 1
        assert room.store.keys(IMAGES) == []
        assert room.due == []

    told(story)


def test_nothing_changed_costs_one_listing_and_makes_every_key_due() -> None:
    async def story(room: Room) -> None:
        await room.resync.again(POOLS)
        assert room.api.calls == {"list batchpools": 1}
        assert [key.name for key in room.due] == ["a", "b", "c"]

    told(story)


def test_what_no_event_told_is_found() -> None:
    async def story(room: Room) -> None:
        room.api.apply(declarations.pool("b", targetDedicatedNodes=5))
        room.api.delete(POOLS, "default", "c")
        room.api.apply(declarations.pool("d"))
        await room.resync.again(POOLS)
        assert room.names == ["a", "b", "d"]
        assert room.nodes("b") == 5
        assert room.api.calls == {"list batchpools": 1, "get batchpools": 2}
        assert [key.name for key in room.due] == ["a", "b", "d"]

    told(story)


def test_another_object_under_the_same_name_is_found() -> None:
    async def story(room: Room) -> None:
        room.api.delete(POOLS, "default", "b")
        again = room.api.apply(declarations.pool("b", targetDedicatedNodes=9))
        await room.resync.again(POOLS)
        assert room.nodes("b") == 9
        stored = room.store.get(ObjectKey(POOLS, "default", "b"))
        assert stored is not None
        assert stored["metadata"]["uid"] == again["metadata"]["uid"]

    told(story)


def test_a_listing_of_the_past_neither_removes_nor_revives() -> None:
    async def story(room: Room) -> None:
        room.api.lists_at = room.api.state.revision
        room.store.upsert(POOLS, room.api.apply(declarations.pool("new")))
        room.store.upsert(POOLS, room.api.apply(declarations.pool("b", targetDedicatedNodes=5)))
        room.api.delete(POOLS, "default", "c")
        gone = room.store.get(ObjectKey(POOLS, "default", "c"))
        assert gone is not None
        room.store.remove(POOLS, {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(room.api.state.revision)}})
        await room.resync.again(POOLS)
        assert sorted(room.names) == ["a", "b", "new"]
        assert room.nodes("b") == 5

    told(story)


def test_a_thousand_objects_come_in_pages() -> None:
    async def story(room: Room) -> None:
        for n in range(2 * PAGE + 1):
            room.api.apply(declarations.pool(f"pool-{n:04}"))
        await room.resync.first(POOLS)
        assert len(room.names) == 2 * PAGE + 4
        assert room.api.calls == {"list batchpools": 3}

    told(story)


def test_listings_come_every_ten_minutes_more_or_less() -> None:
    async def story(room: Room) -> None:
        times: list[float] = []

        async def note(phase: Literal["before", "after"], request: Request) -> None:
            if phase == "before" and request.verb == "list":
                times.append(asyncio.get_running_loop().time())

        room.api.gate = note
        relisting = asyncio.create_task(room.resync.forever(POOLS))
        await settle(10 * EVERY_SECONDS)
        relisting.cancel()
        await asyncio.gather(relisting, return_exceptions=True)
        gaps = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
        assert len(gaps) >= 9
        assert all(EVERY_SECONDS * (1 - JITTER) <= gap <= EVERY_SECONDS * (1 + JITTER) for gap in gaps)
        assert len(set(gaps)) == len(gaps), "many processes must not list at the same moment"

    told(story)


def test_a_failing_api_server_only_makes_it_later() -> None:
    async def story(room: Room) -> None:
        async def refuse(phase: Literal["before", "after"], _: Request) -> None:
            if phase == "before":
                raise Refused(503, "ServiceUnavailable", "etcd is away")

        room.api.gate = refuse
        with pytest.raises(KubernetesError):
            await room.resync.again(POOLS)
        relisting = asyncio.create_task(room.resync.forever(POOLS))
        await settle(3 * EVERY_SECONDS)
        assert (room.names, room.due) == (["a", "b", "c"], [])
        room.api.gate = None
        await settle(2 * EVERY_SECONDS)
        relisting.cancel()
        await asyncio.gather(relisting, return_exceptions=True)
        assert room.due

    told(story)


def test_an_empty_cluster_can_be_listed_for_ever() -> None:
    async def story(room: Room) -> None:
        for name in ("a", "b", "c"):
            room.api.delete(POOLS, "default", name)
        relisting = asyncio.create_task(room.resync.forever(POOLS))
        await settle(5 * EVERY_SECONDS)
        assert not relisting.done()
        assert room.names == []
        relisting.cancel()
        await asyncio.gather(relisting, return_exceptions=True)
        assert room.api.calls["list batchpools"] >= 4

    told(story)


def test_what_goes_between_the_listing_and_the_look_is_gone() -> None:
    async def story(room: Room) -> None:
        room.api.scale("default", "b", 5)

        async def vanish(phase: Literal["before", "after"], request: Request) -> None:
            if phase == "before" and request.verb == "get":
                room.api.delete(POOLS, "default", request.name)

        room.api.gate = vanish
        await room.resync.again(POOLS)
        assert room.names == ["a", "c"]

    told(story)


def test_even_a_bug_does_not_end_the_listings(caplog: pytest.LogCaptureFixture) -> None:
    async def story(room: Room) -> None:
        def broken(_key: ObjectKey, _before: object, _after: object, _own: bool) -> None:
            raise RuntimeError("a bug of ours")

        room.store.listen(broken)
        room.api.scale("default", "b", 5)
        relisting = asyncio.create_task(room.resync.forever(POOLS))
        await settle(3 * EVERY_SECONDS)
        assert not relisting.done()
        relisting.cancel()
        await asyncio.gather(relisting, return_exceptions=True)

    told(story)
    assert "a bug of ours" in caplog.text


def test_when_each_kind_was_last_listed_is_known() -> None:
    async def story(room: Room) -> None:
        assert room.resync.listed_at == {POOLS: 0.0}
        await settle(100)
        await room.resync.again(POOLS)
        assert room.resync.listed_at[POOLS] == pytest.approx(100, abs=1)

    told(story)
