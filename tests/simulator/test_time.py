from __future__ import annotations

import asyncio

import async_solipsism
import pytest
from azure.batch.aio import BatchClient

from azuresim import Application, CallableClock, ManualClock, RealClock, ScaledClock, World
from azuresim.core.agenda import Agenda
from azuresim.core.durations import Durations
from azuresim.core.kernel import Kernel
from azuresim.transport import SimulatorTransport
from simulator.cloud import BATCH, StaticCredential, pool_options


def test_a_manual_clock_moves_only_when_told_and_never_back() -> None:
    clock = ManualClock(100.0)
    clock.advance(5)
    assert clock.now() == 105.0
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)


def test_a_callable_clock_says_what_the_function_says() -> None:
    loop_time = 3.0
    assert CallableClock(lambda: 1000 + loop_time).now() == 1003.0


def test_a_scaled_clock_is_ahead_of_the_real_one_and_needs_a_positive_factor() -> None:
    before = RealClock().now()
    assert ScaledClock(1000).now() >= before
    with pytest.raises(ValueError, match="positive"):
        ScaledClock(0)


def test_on_a_virtual_time_loop_the_world_moves_with_the_loop() -> None:
    loop = async_solipsism.EventLoop()
    world = World(CallableClock(lambda: 1_800_000_000 + loop.time()))
    account = world.add_batch_account(BATCH, location="westus")
    transport = SimulatorTransport(Application(world))
    batch = BatchClient(f"{world.base_url}/batch/acct", StaticCredential(), transport=transport)

    async def scenario() -> list[int]:
        await batch.create_pool(pool_options(target_dedicated_nodes=1))
        seen = [(await batch.get_pool("p")).current_dedicated_nodes]
        await asyncio.sleep(3600)
        return [*seen, (await batch.get_pool("p")).current_dedicated_nodes]

    assert loop.run_until_complete(scenario()) == [0, 1]
    assert account.pools["p"].allocation_state == "steady"
    loop.close()


def test_events_run_in_order_of_time_then_of_appointment_each_at_its_own_moment() -> None:
    agenda, seen = Agenda(), list[tuple[str, float]]()
    reached: list[float] = []
    agenda.at(2.0, lambda at: seen.append(("second", at)))
    agenda.at(1.0, lambda at: seen.append(("first", at)))
    agenda.at(2.0, lambda at: seen.append(("third", at)))
    agenda.at(9.0, lambda at: seen.append(("never", at)))
    agenda.catch_up(5.0, reached.append)
    assert seen == [("first", 1.0), ("second", 2.0), ("third", 2.0)]
    assert reached == [1.0, 2.0, 2.0]
    assert agenda.next_at() == 9.0


def test_an_event_may_appoint_another_that_is_already_due() -> None:
    agenda, seen = Agenda(), list[float]()

    def first(at: float) -> None:
        seen.append(at)
        agenda.at(at + 1, seen.append)

    agenda.at(1.0, first)
    agenda.catch_up(10.0, lambda _moment: None)
    assert seen == [1.0, 2.0]


def test_a_cancelled_appointment_does_not_happen_and_is_not_next() -> None:
    agenda, seen = Agenda(), list[float]()
    appointment = agenda.at(1.0, seen.append)
    assert appointment.at == 1.0
    appointment.cancel()
    agenda.catch_up(2.0, lambda _moment: None)
    assert (seen, agenda.next_at()) == ([], None)


def test_during_an_event_the_kernel_stands_at_its_moment() -> None:
    clock = ManualClock(0.0)
    kernel = Kernel(clock, Durations(), seed=0)
    seen: list[float] = []
    kernel.agenda.at(3.0, lambda _at: seen.append(kernel.moment))
    clock.advance(10)
    assert kernel.settle() == 10.0
    assert seen == [3.0]


def test_ids_are_the_same_for_the_same_seed_and_etags_always_grow() -> None:
    one, other = (Kernel(ManualClock(), Durations(), seed=7).ids for _ in range(2))
    assert [one.guid(), one.hex(8)] == [other.guid(), other.hex(8)]
    first, second = one.etag(5.0), one.etag(5.0)
    assert first.startswith("0x")
    assert int(second, 16) == int(first, 16) + 1
