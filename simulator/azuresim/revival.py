"""Beginning a world, or going on with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azuresim.application import Application
from azuresim.clock import ManualClock, Pace, RealClock
from azuresim.core.seed import BLANK
from azuresim.inputs import Input, Repeater
from azuresim.state import Began, StateError, StateFile, present


def revive(application: Application, state: StateFile | None, document: Mapping[str, Any] | None, pace: Pace) -> int:
    """Fill the application's world, which stands at its beginning, and let its clock run; how many inputs were done again.

    Without a document and a state, the world has one subscription, empty.
    To be called once the world's address is known: a state's must be the same. Raises StateError, or SeedError for a bad document.
    """
    world, began = application.world, None if state is None else state.began()
    moment = world.kernel.moment
    repeated = 0
    if state is not None:
        if began is not None:
            _check_address(began, world.base_url)
            repeated = _repeat(application, state)
        application.kept = state.keep
    clock = pace.clock(moment if began is None else present(began, world.kernel.moment))
    if state is not None:
        now = Began(moment=moment, base_url=world.base_url, world_time=clock.now(), real_time=RealClock().now(), factor=pace.factor)
        state.begin(now)
    if began is None:
        application.act(Input(time=moment, kind="seed", detail=dict(BLANK if document is None else document)))
    world.run_on(clock)
    return repeated


def _check_address(began: Began, base_url: str) -> None:
    if began.base_url != base_url:
        raise StateError(
            f"The world in the state has the address {began.base_url}, which its resources contain, not {base_url}: "
            "give it the same --host and --port."
        )


def _repeat(application: Application, state: StateFile) -> int:
    clock, decisions = application.world.clock, application.decisions
    if not isinstance(clock, ManualClock):
        raise TypeError("a world is done again over a manual clock")
    repeater, repeated = Repeater(application.world, clock, application.router, exact=True), 0
    plan, decisions.plan = decisions.plan, None
    for happened in state.inputs():
        if happened.kind == "decision":
            decisions.record(happened)
    for happened in state.inputs():
        try:
            repeater.repeat(happened)
        except Exception as failed:
            raise StateError(f"Input {repeated + 1} of the state cannot be done again by this version of azuresim: {failed}.") from failed
        repeated += 1
    decisions.plan = plan
    return repeated
