"""Who leads, and who waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from harness.electorate import LEASE, TIMES, Stage, ended, seconds, told
from harness.kuberequest import LEASES
from harness.virtualtime import EPOCH, settle
from poolwright.kube.client import KubeClient
from poolwright.kube.leases import KubeLeases
from poolwright.telemetry.metrics import PrometheusMetrics


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
