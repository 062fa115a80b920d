"""What a watcher of the in-memory API sees, and how to keep it from seeing."""

from __future__ import annotations

import asyncio
import copy
from collections import deque
from collections.abc import Callable

from harness.kubestate import JSON

Intake = Callable[[str, str, JSON], None]


class Watch:
    """One watcher: first everything there is (event type ``""``, as kopf's own listing), then what changes, in order.

    ``delay`` is in seconds. While ``paused`` events pile up; ``lose`` throws them away, which a watcher never notices. ``drops`` decides
    event by event.
    """

    def __init__(self, intake: Intake) -> None:
        self.delay = 0.0
        self.paused = False
        self.drops: Callable[[str, JSON], bool] = lambda _event, _body: False
        self._intake = intake
        self._waiting: deque[tuple[float, str, str, JSON]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def push(self, plural: str, event: str, body: JSON) -> None:
        if not self.drops(event, body):
            due = asyncio.get_running_loop().time() + self.delay
            self._waiting.append((due, plural, event, copy.deepcopy(body)))
            self._arm()

    def resume(self) -> None:
        self.paused = False
        self._arm()

    def lose(self) -> int:
        lost = len(self._waiting)
        self._waiting.clear()
        return lost

    def close(self) -> None:
        self.paused = True
        self.lose()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is None and self._waiting and not self.paused:
            self._timer = asyncio.get_running_loop().call_at(self._waiting[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._waiting and not self.paused and self._waiting[0][0] <= now:
            _, plural, event, body = self._waiting.popleft()
            self._intake(plural, event, body)
        self._arm()
