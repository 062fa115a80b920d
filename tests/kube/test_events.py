"""Events are told once, counted when they repeat, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import pytest

from harness import declarations
from harness.clusters import Cluster
from harness.kubeapi import KubeApi
from harness.kuberequest import Request
from harness.kubestate import JSON, Refused
from harness.virtualtime import EPOCH, run, settle
from poolwright.domain.objects import POOLS, Body
from poolwright.engine.clock import LoopClock, SystemClock
from poolwright.kube.client import KubeClient
from poolwright.kube.events import BACKLOG, BURST, NOTE_LIMIT, REFILL_SECONDS, SERIES_SECONDS, EventRecorder
from poolwright.telemetry.metrics import PrometheusMetrics


class Room:
    """A cluster with two pools and a recorder at work."""

    def __init__(self) -> None:
        clock = LoopClock(EPOCH)
        self.api = KubeApi(clock.now)
        self.pool, self.other = (self.api.apply(declarations.pool(name)) for name in ("render", "encode"))
        self.metrics = PrometheusMetrics()
        client = KubeClient(self.api.client(), self.metrics)
        self.recorder = EventRecorder(client, clock.now, instance="poolwright-0", metrics=self.metrics)

    def tell(self, reason: str = "Resizing", note: str = "3 of 5 nodes.", body: Body | None = None) -> None:
        self.recorder.record(body or self.pool, "Normal", reason, note)

    @property
    def dropped(self) -> float:
        return self.metrics.registry.get_sample_value("poolwright_events_dropped_total") or 0.0

    @property
    def events(self) -> list[JSON]:
        return self.api.all("events")

    @property
    def counts(self) -> list[tuple[str, int]]:
        return [(event["reason"], event.get("series", {}).get("count", 1)) for event in self.events]


def told(story: Callable[[Room], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        room = Room()
        writing = asyncio.create_task(room.recorder.forever())
        await story(room)
        assert not writing.done(), "nothing may end the recorder"
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    run(main())


def test_an_event_names_its_object_and_its_author() -> None:
    async def story(room: Room) -> None:
        room.tell()
        await settle()
        (event,) = room.events
        assert event["regarding"] == {
            "apiVersion": "poolwright.io/v1alpha1",
            "kind": "BatchPool",
            "namespace": "default",
            "name": "render",
            "uid": room.pool["metadata"]["uid"],
        }
        assert (event["type"], event["reason"], event["note"]) == ("Normal", "Resizing", "3 of 5 nodes.")
        assert (event["reportingController"], event["reportingInstance"]) == ("poolwright.io/operator", "poolwright-0")
        assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"
        assert event["metadata"]["namespace"] == "default"

    told(story)


def test_repetitions_are_counted_on_one_event() -> None:
    async def story(room: Room) -> None:
        for _ in range(5):
            room.tell()
            await settle(SERIES_SECONDS / 2)
        assert room.counts == [("Resizing", 5)]
        assert room.api.calls == {"create events": 1, "patch events": 4}

    told(story)


def test_another_object_reason_or_note_is_another_event() -> None:
    async def story(room: Room) -> None:
        room.tell()
        room.tell("Settled")
        room.tell(body=room.other)
        room.tell(note="4 of 5 nodes.")
        await settle()
        assert sorted(room.counts) == [("Resizing", 1), ("Resizing", 1), ("Resizing", 1), ("Settled", 1)]

    told(story)


def test_after_ten_quiet_minutes_it_is_news_again() -> None:
    async def story(room: Room) -> None:
        room.tell()
        await settle(SERIES_SECONDS + 1)
        room.tell()
        await settle()
        assert room.counts == [("Resizing", 1), ("Resizing", 1)]

    told(story)


@pytest.mark.parametrize("status", [403, 404, 422, 500])
def test_an_event_that_cannot_be_written_is_let_go(status: int) -> None:
    async def story(room: Room) -> None:
        async def refuse(_phase: Literal["before", "after"], _request: Request) -> None:
            raise Refused(status, "Refused", "no")

        room.api.gate = refuse
        room.tell()
        await settle(60)
        assert sum(room.api.calls.values()) == 1, "it is not worth a second try"
        assert room.dropped == 1
        room.api.gate = None
        room.tell("Settled")
        await settle()
        assert room.counts == [("Settled", 1)]

    told(story)


def test_recording_never_waits_and_never_fails() -> None:
    async def story(room: Room) -> None:
        room.api.latency = 3600
        for n in range(BACKLOG + 10):
            body = {**room.pool, "metadata": {**room.pool["metadata"], "uid": f"uid-{n}"}}
            room.tell(body=body)
        assert asyncio.get_running_loop().time() == 0
        assert room.dropped == 10

    told(story)


def test_an_object_that_turns_for_ever_is_told_of_less_and_less() -> None:
    async def story(room: Room) -> None:
        for n in range(BURST * 2):
            room.tell(f"Reason{n}")
        room.tell(body=room.other)
        await settle()
        assert len(room.events) == BURST + 1, "the other object has an allowance of its own"
        for n in range(20):
            await settle(REFILL_SECONDS / 2)
            room.tell(f"Later{n}")
        await settle()
        assert len(room.events) == BURST + 1 + 10
        await settle(BURST * REFILL_SECONDS)
        for n in range(BURST + 5):
            room.tell(f"Anew{n}")
        await settle()
        assert len(room.events) == BURST + 1 + 10 + BURST

    told(story)


def test_a_long_note_is_cut() -> None:
    async def story(room: Room) -> None:
        room.tell(note="x" * 5000)
        await settle()
        (event,) = room.events
        assert event["note"] == "x" * NOTE_LIMIT

    told(story)


def test_a_cut_never_splits_a_character() -> None:
    async def story(room: Room) -> None:
        room.tell(note="x" + "é" * 1000)
        await settle()
        (event,) = room.events
        assert event["note"] == "x" + "é" * 511, "the limit counts bytes"

    told(story)


def test_an_event_that_expired_in_the_cluster_is_told_anew() -> None:
    async def story(room: Room) -> None:
        room.tell()
        await settle()
        room.api.delete("events", "default", room.events[0]["metadata"]["name"])
        for _ in range(2):
            room.tell()
            await settle(1)
        assert room.counts == [("Resizing", 1)], "at the second time, and not in ten minutes"

    told(story)


def test_even_a_bug_does_not_end_the_recorder(caplog: pytest.LogCaptureFixture) -> None:
    async def story(room: Room) -> None:
        room.tell(body={"metadata": {"uid": "half an object"}})
        room.tell("Settled")
        await settle()
        assert room.counts == [("Settled", 1)]

    told(story)
    assert "event not written" in caplog.text


@pytest.fixture
def written_note(cluster: Cluster) -> Callable[[str], list[JSON]]:
    """Writes one note twice about a pool, and answers with the events the cluster has of it."""

    def write(note: str) -> list[JSON]:
        found: list[JSON] = []

        async def story(client: KubeClient) -> None:
            recorder = EventRecorder(client, SystemClock().now, instance="poolwright-0", metrics=PrometheusMetrics())
            uid = "11111111-1111-4111-8111-111111111111"
            body = declarations.pool("render", namespace=cluster.namespace)
            body["metadata"]["uid"] = uid
            recorder.record(body, "Warning", "QuotaReached", note)
            recorder.record(body, "Warning", "QuotaReached", note)
            writing = asyncio.create_task(recorder.forever())
            listing: dict[str, Any] = {}
            for _ in range(100):
                listing = await client.call("GET", f"/apis/events.k8s.io/v1/namespaces/{cluster.namespace}/events")
                if any("series" in event for event in listing["items"]):
                    break
                await asyncio.sleep(0.05)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            found.extend(listing["items"])

        cluster.tell(story)
        return found

    return write


def test_both_clusters_take_and_count_our_events(written_note: Callable[[str], list[JSON]]) -> None:
    (event,) = written_note("The quota of the account allows 20 cores.")
    assert event["note"] == "The quota of the account allows 20 cores."
    assert event["series"]["count"] == 2


def test_both_clusters_take_our_longest_note(written_note: Callable[[str], list[JSON]]) -> None:
    (event,) = written_note("Größe " * 1000)
    assert len(event["note"].encode()) in {NOTE_LIMIT - 1, NOTE_LIMIT}


def test_an_object_listed_in_full_can_be_told_about() -> None:
    async def story(room: Room) -> None:
        bodies, _ = await KubeClient(room.api.client(), PrometheusMetrics()).list_full(POOLS)
        room.tell(body=bodies[0])
        await settle()
        assert room.counts == [("Resizing", 1)]

    told(story)
