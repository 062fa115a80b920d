"""Who knows in time that he does not lead any more."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from harness.electorate import LEASE, TIMES, Stage, ended, seconds, told
from harness.kuberequest import LEASES, Request
from harness.kubestate import Refused
from harness.virtualtime import settle
from poolwright.engine.election import LostLease


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
        assert seconds() - cut <= TIMES.renew + 1e-6, "and not when the lease has run out"
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
        assert seconds() - began <= TIMES.renew + 1e-6
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
