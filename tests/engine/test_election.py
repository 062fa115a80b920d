"""Who leads, and above all who knows in time that he does not any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Literal

import pytest

from harness.kubeapi import KubeApi
from harness.kuberequest import LEASES, Request
from harness.kubestate import Key, Refused
from harness.virtualtime import EPOCH, run, settle
from poolwright.domain.lease import Lease
from poolwright.engine.clock import LoopClock
from poolwright.engine.election import Elector, LostLease, Times
from poolwright.kube.client import KubeClient
from poolwright.kube.leases import KubeLeases
from poolwright.telemetry.metrics import PrometheusMetrics

TIMES = Times()
LEASE = Key("leases", "poolwright-system", "poolwright")


class Stage:
    """A cluster with one lease, any number of processes that want it, and a log of who acted when."""

    def __init__(self) -> None:
        self.api = KubeApi(LoopClock(EPOCH).now)
        self.cut_off: set[str] = set()
        self.acting: set[str] = set()
        self.most_at_once = 0
        self.metrics: dict[str, PrometheusMetrics] = {}

    def leases(self, identity: str = "") -> KubeLeases:
        """The lease as this process reaches it; while it is cut off its calls hang for ever."""
        api = self.api

        class Reached(KubeLeases):
            async def read(inner) -> Lease | None:  # noqa: N805 - the outer self is the stage
                await self._wire(identity)
                return await super().read()

        client = KubeClient(api.client(), self.metrics.setdefault(identity, PrometheusMetrics()))
        return Reached(client, LEASE.namespace, LEASE.name)

    def elector(self, identity: str) -> Elector:
        leases = self.leases(identity)
        return Elector(leases, name="poolwright", identity=identity, clock=LoopClock(EPOCH), metrics=self.metrics[identity])

    def start(self, identity: str, work: Callable[[], Awaitable[None]] | None = None) -> asyncio.Task[None]:
        async def for_ever() -> None:
            await asyncio.sleep(10**9)

        async def noted() -> None:
            self.acting.add(identity)
            self.most_at_once = max(self.most_at_once, len(self.acting))
            try:
                await (work or for_ever)()
            finally:
                self.acting.remove(identity)

        return asyncio.create_task(self.elector(identity).lead(noted), name=identity)

    def leading(self, identity: str) -> float | None:
        return self.metrics[identity].registry.get_sample_value("leader_election_master_status", {"name": "poolwright"})

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.api.state.read(LEASES, LEASE)["spec"])

    async def _wire(self, identity: str) -> None:
        if identity in self.cut_off:
            await asyncio.sleep(10**6)


def told(story: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await story(Stage())

    run(main())


async def ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def seconds() -> float:
    return asyncio.get_running_loop().time()


def test_the_first_one_leads_at_once() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(0.1)
        assert stage.acting == {"one"}
        assert stage.leading("one") == 1
        assert stage.spec == {
            "holderIdentity": "one",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-01-01T00:00:00.000000Z",
            "renewTime": "2026-01-01T00:00:00.000000Z",
            "leaseTransitions": 0,
        }
        await ended(one)

    told(story)


def test_a_holder_renews_every_two_seconds_and_keeps_the_time_it_began() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(3600)
        spec = stage.spec
        assert spec["acquireTime"] == "2026-01-01T00:00:00.000000Z"
        assert spec["leaseTransitions"] == 0
        renewed = KubeLeases(KubeClient(stage.api.client(), PrometheusMetrics()), LEASE.namespace, LEASE.name)
        lease = await renewed.read()
        assert lease is not None
        assert lease.renewed >= EPOCH + timedelta(seconds=3600 - TIMES.retry - 0.1)
        assert stage.api.calls["update leases"] == pytest.approx(1800, abs=2)
        await ended(one)

    told(story)


def test_the_second_one_waits_and_writes_nothing() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(1)
        two = stage.start("two")
        await settle(600)
        assert (stage.acting, stage.spec["holderIdentity"]) == ({"one"}, "one")
        assert {request.body["spec"]["holderIdentity"] for request in stage.api.log if request.body} == {"one"}
        await ended(one, two)

    told(story)


def test_work_that_ends_gives_the_lease_up_and_the_next_one_need_not_wait() -> None:
    async def story(stage: Stage) -> None:
        async def work() -> None:
            await asyncio.sleep(30)

        one = stage.start("one", work)
        await settle(1)
        two = stage.start("two")
        await one
        assert (stage.leading("one"), stage.spec["holderIdentity"]) == (0, "")
        began = seconds()
        await settle(TIMES.retry + 0.1)
        assert stage.acting == {"two"}
        assert seconds() - began < TIMES.duration / 2
        assert stage.spec["leaseTransitions"] == 1
        await ended(two)

    told(story)


def test_work_that_fails_gives_the_lease_up_and_its_error_is_told() -> None:
    """The package's asyncio elector goes on renewing with no work behind it."""

    async def story(stage: Stage) -> None:
        async def work() -> None:
            await asyncio.sleep(5)
            raise RuntimeError("no credentials")

        one = stage.start("one", work)
        with pytest.raises(RuntimeError, match="no credentials"):
            await one
        assert stage.spec["holderIdentity"] == ""
        writes = stage.api.calls["update leases"]
        await settle(60)
        assert stage.api.calls["update leases"] == writes

    told(story)


def test_a_hanging_call_ends_leadership_before_somebody_else_may_lead() -> None:
    """The package's asyncio elector waits for the call and believes it leads."""

    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(1)
        two = stage.start("two")
        await settle(60)
        stage.cut_off.add("one")
        cut = seconds()
        with pytest.raises(LostLease):
            await one
        assert seconds() - cut <= TIMES.renew + TIMES.retry, "and not when the lease has run out"
        assert stage.acting == set()
        await settle(TIMES.duration)
        assert stage.acting == {"two"}
        assert stage.most_at_once == 1
        assert stage.spec["leaseTransitions"] == 1
        await ended(two)

    told(story)


def test_leaving_cancels_the_work_first_and_releases_after_its_last_write() -> None:
    """The package's asyncio elector leaves the work going and the lease held."""

    async def story(stage: Stage) -> None:
        order: list[str] = []

        async def work() -> None:
            try:
                await asyncio.sleep(10**6)
            finally:
                order.append("cancelled")
                await asyncio.sleep(25)
                order.append("last write")

        async def note(phase: Literal["before", "after"], request: Request) -> None:
            if phase == "after" and request.verb == "update" and request.body["spec"]["holderIdentity"] == "":
                order.append("released")

        stage.api.gate = note
        one = stage.start("one", work)
        await settle(1)
        two = stage.start("two")
        await settle(10)
        one.cancel()
        await settle(24)
        assert stage.spec["holderIdentity"] == "one", "held while the work still ends, for longer than a lease lasts"
        with pytest.raises(asyncio.CancelledError):
            await one
        assert order == ["cancelled", "last write", "released"]
        await settle(TIMES.retry)
        assert (stage.acting, stage.most_at_once) == ({"two"}, 1)
        await ended(two)

    told(story)


def test_short_trouble_with_the_api_server_costs_nothing() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(10)

        async def refuse(phase: Literal["before", "after"], _: Request) -> None:
            if phase == "before":
                raise Refused(503, "ServiceUnavailable", "etcd is away")

        stage.api.gate = refuse
        await settle(TIMES.renew - TIMES.retry - 1)
        stage.api.gate = None
        await settle(60)
        assert stage.acting == {"one"}
        await ended(one)

    told(story)


def test_long_trouble_with_the_api_server_ends_leadership() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(10)

        async def refuse(phase: Literal["before", "after"], _: Request) -> None:
            if phase == "before":
                raise Refused(503, "ServiceUnavailable", "etcd is away")

        stage.api.gate = refuse
        began = seconds()
        with pytest.raises(LostLease):
            await one
        assert seconds() - began <= TIMES.renew + TIMES.retry + 0.1
        assert stage.leading("one") == 0

    told(story)


def test_a_renewal_whose_answer_was_lost_is_no_loss() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(10)
        lost = 0

        async def lose(phase: Literal["before", "after"], request: Request) -> None:
            nonlocal lost
            if phase == "after" and request.verb == "update" and lost < 3:
                lost += 1
                raise ConnectionResetError("the answer never came")

        stage.api.gate = lose
        await settle(120)
        assert lost == 3
        assert (stage.acting, stage.spec["leaseTransitions"]) == ({"one"}, 0)
        await ended(one)

    told(story)


def test_a_lease_taken_by_another_ends_the_work_at_the_next_renewal() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(9)
        stolen = stage.api.state.read(LEASES, LEASE)
        stage.api.state.update(LEASES, LEASE, {**stolen, "spec": {**stolen["spec"], "holderIdentity": "thief"}}, "thief")
        began = seconds()
        with pytest.raises(LostLease):
            await one
        assert seconds() - began <= TIMES.retry + 0.1
        assert stage.spec["holderIdentity"] == "thief", "what is not ours is not released"

    told(story)


def test_a_dead_holder_is_waited_for_by_our_own_clock() -> None:
    """Its renewTime may be of a clock that is hours off; what counts is how long nothing changed before our eyes."""

    async def story(stage: Stage) -> None:
        spec = {
            "holderIdentity": "dead",
            "leaseDurationSeconds": 15,
            "acquireTime": "2031-01-01T00:00:00.000000Z",
            "renewTime": "2031-01-01T00:00:00.000000Z",
            "leaseTransitions": 7,
        }
        stage.api.state.create(LEASES, LEASE.namespace, {"metadata": {"name": LEASE.name}, "spec": spec}, "dead")
        one = stage.start("one")
        await settle(TIMES.duration - 0.1)
        assert stage.acting == set()
        await settle(TIMES.retry + 0.1)
        assert (stage.acting, stage.spec["leaseTransitions"]) == ({"one"}, 8)
        await ended(one)

    told(story)


def test_a_lease_deleted_by_somebody_is_made_anew() -> None:
    async def story(stage: Stage) -> None:
        one = stage.start("one")
        await settle(9)
        stage.api.delete("leases", LEASE.namespace, LEASE.name)
        await settle(60)
        assert (stage.acting, stage.spec["holderIdentity"]) == ({"one"}, "one")
        await ended(one)

    told(story)


def test_of_ten_that_start_together_one_leads() -> None:
    async def story(stage: Stage) -> None:
        stage.api.latency = 0.05
        tasks = [stage.start(f"process-{n}") for n in range(10)]
        for _ in range(5):
            await settle(30)
            assert len(stage.acting) == 1
            leader = stage.acting.copy().pop()
            await ended(next(task for task in tasks if task.get_name() == leader))
        assert stage.most_at_once == 1
        assert stage.spec["leaseTransitions"] == 4
        await ended(*tasks)

    told(story)


def test_a_release_that_cannot_be_written_keeps_nobody_here() -> None:
    async def story(stage: Stage) -> None:
        async def work() -> None:
            await asyncio.sleep(5)
            stage.api.latency = 10**6

        one = stage.start("one", work)
        began = seconds()
        await one
        assert seconds() - began <= 5 + TIMES.retry + 0.1

    told(story)
