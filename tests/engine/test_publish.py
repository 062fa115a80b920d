from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from harness import declarations
from harness.kubeapi import KubeApi
from harness.virtualtime import EPOCH, run, settle
from poolwright.domain.objects import POOLS, Body, Conflict, NotFound, ObjectKey
from poolwright.engine.clock import LoopClock
from poolwright.engine.publish import Published, Publisher
from poolwright.engine.store import ObjectStore
from poolwright.kube.client import KubeClient
from poolwright.telemetry.metrics import PrometheusMetrics

KEY = ObjectKey(POOLS, "default", "render")
VOLATILE_SECONDS = 300.0


def status(ready: str = "True", *, reason: str = "Settled", message: str = "5 nodes.", idle: int = 0) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "reason": reason, "message": message, "observedGeneration": 1}
    return {"observedGeneration": 1, "conditions": [condition], "nodes": {"idle": idle}}


def steady(whole: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name != "nodes"}


class Desk:
    """One pool, its store, and a publisher that has just started."""

    def __init__(self) -> None:
        self.api, self.store = KubeApi(LoopClock(EPOCH).now), ObjectStore()
        self.store.upsert(POOLS, self.api.apply(declarations.pool("render")))
        self.publisher = self.new_publisher()

    def new_publisher(self) -> Publisher:
        client = KubeClient(self.api.client(), PrometheusMetrics())
        return Publisher(client, self.store, LoopClock(EPOCH), volatile_seconds=VOLATILE_SECONDS)

    @property
    def stored(self) -> Body:
        body = self.store.get(KEY)
        assert body is not None
        return body

    @property
    def writes(self) -> int:
        return sum(self.api.writes().values())

    async def publish(self, whole: Mapping[str, Any], body: Body | None = None) -> Published:
        return await self.publisher.publish(POOLS, body or self.stored, whole, steady)


def told(story: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await story(Desk())

    run(main())


def test_the_first_status_is_written_and_the_answer_is_stored() -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.publish(status())).wrote
        assert desk.stored["status"]["conditions"] == [{**status()["conditions"][0], "lastTransitionTime": "2026-01-01T00:00:00Z"}]
        assert desk.stored["metadata"]["resourceVersion"] == desk.api.all(POOLS)[0]["metadata"]["resourceVersion"]
        assert desk.api.calls == {"update batchpools/status": 1}

    told(story)


def test_the_same_status_is_not_written_again() -> None:
    async def story(desk: Desk) -> None:
        await desk.publish(status())
        await settle(10 * VOLATILE_SECONDS)
        assert await desk.publish(status()) == Published(wrote=False)
        assert desk.writes == 1

    told(story)


@pytest.mark.parametrize(
    ("change", "transition"),
    [
        pytest.param({"ready": "False", "reason": "Resizing"}, "2026-01-01T00:01:00Z", id="another status"),
        pytest.param({"reason": "Adopted"}, "2026-01-01T00:00:00Z", id="another reason"),
        pytest.param({"message": "6 nodes."}, "2026-01-01T00:00:00Z", id="another message"),
    ],
)
def test_every_difference_is_written_and_only_a_turn_moves_the_transition_time(change: dict[str, str], transition: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.publish(status())
        await settle(60)
        assert (await desk.publish(status(**change))).wrote  # type: ignore[arg-type] # keywords by table
        assert desk.stored["status"]["conditions"][0]["lastTransitionTime"] == transition

    told(story)


def test_what_moves_by_itself_goes_out_at_most_every_five_minutes() -> None:
    async def story(desk: Desk) -> None:
        await desk.publish(status())
        for n in range(1, 40):
            await settle(15)
            await desk.publish(status(idle=n))
        assert desk.writes == 2
        assert desk.stored["status"]["nodes"] == {"idle": 20}

    told(story)


def test_a_held_back_difference_says_when_it_is_due() -> None:
    async def story(desk: Desk) -> None:
        await desk.publish(status())
        await settle(100)
        held = await desk.publish(status(idle=3))
        assert not held.wrote
        assert held.due_after == pytest.approx(VOLATILE_SECONDS - 100)
        await settle(held.due_after or 0.0)
        assert (await desk.publish(status(idle=3))).wrote

    told(story)


def test_what_moves_by_itself_rides_along_with_another_change() -> None:
    async def story(desk: Desk) -> None:
        await desk.publish(status())
        await settle(10)
        assert (await desk.publish(status(message="6 nodes.", idle=3))).wrote
        assert desk.stored["status"]["nodes"] == {"idle": 3}
        await settle(VOLATILE_SECONDS - 5)
        assert not (await desk.publish(status(message="6 nodes.", idle=4))).wrote, "five minutes count from the last write"

    told(story)


def test_a_restart_waits_before_it_tells_what_moved_meanwhile() -> None:
    async def story(desk: Desk) -> None:
        await desk.publish(status())
        await settle(3600)
        desk.publisher = desk.new_publisher()
        assert await desk.publish(status(idle=3)) == Published(wrote=False, due_after=VOLATILE_SECONDS)

    told(story)


def test_a_status_decided_on_an_old_version_is_not_written() -> None:
    async def story(desk: Desk) -> None:
        old = desk.stored
        desk.api.apply(declarations.pool("render", targetDedicatedNodes=7))
        with pytest.raises(Conflict):
            await desk.publish(status(), old)
        assert desk.api.all(POOLS)[0]["status"] == {"observedGeneration": -1}

    told(story)


def test_a_status_of_what_is_gone_is_not_found() -> None:
    async def story(desk: Desk) -> None:
        desk.api.delete(POOLS, "default", "render")
        with pytest.raises(NotFound):
            await desk.publish(status())

    told(story)


def test_a_failed_write_is_not_counted_as_told() -> None:
    async def story(desk: Desk) -> None:
        old = desk.stored
        desk.api.apply(declarations.pool("render", targetDedicatedNodes=7))
        with pytest.raises(Conflict):
            await desk.publish(status(), old)
        fresh = desk.api.all(POOLS)[0]
        desk.store.upsert(POOLS, fresh)
        assert (await desk.publish(status())).wrote

    told(story)


def test_the_next_object_of_the_name_starts_afresh() -> None:
    async def story(desk: Desk) -> None:
        await settle(10 * VOLATILE_SECONDS)
        await desk.publish(status())
        desk.publisher.forget(KEY)
        assert (await desk.publish(status(idle=9))).wrote, "nothing was told of it in this process's last five minutes"

    told(story)


def test_a_wiped_status_is_written_again() -> None:
    async def story(desk: Desk) -> None:
        await desk.publish(status())
        desk.api.set_status(POOLS, "default", "render", None)
        desk.store.upsert(POOLS, desk.api.all(POOLS)[0])
        assert (await desk.publish(status())).wrote
        assert desk.stored["status"]["conditions"][0]["status"] == "True"

    told(story)
