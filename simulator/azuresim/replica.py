"""A world that is behind: what stale reads see."""

from __future__ import annotations

from collections import deque

from azuresim.clock import ManualClock
from azuresim.core.world import World
from azuresim.decisions import Decisions
from azuresim.fork import fork
from azuresim.inputs import Input, Repeater
from azuresim.wire.routing import Router


class Replica:
    """Begins as a copy of the world and is told everything that happens to it afterwards, to follow at a distance."""

    def __init__(self, world: World, decisions: Decisions, router: Router) -> None:
        self._began = world.kernel.moment
        clock = ManualClock(self._began)
        copy = fork(world, clock, without=decisions)
        self._decisions = Decisions(copy, None, lambda _decided: None, decisions.asked)
        self._repeater = Repeater(copy, clock, router, exact=False)
        self._ahead: deque[Input] = deque()

    def hear(self, happened: Input) -> None:
        """Something happened to the world itself."""
        if happened.kind == "decision":
            self._decisions.record(happened)
        else:
            self._ahead.append(happened)

    def behind(self, now: float, lag: float) -> World:
        """The world as it was ``lag`` seconds before ``now``, but never before the copy was made. It only goes forward."""
        moment = max(self._began, now - lag)
        while self._ahead and self._ahead[0].time < moment:
            self._repeater.repeat(self._ahead.popleft())
        self._repeater.reach(moment)
        return self._repeater.world
