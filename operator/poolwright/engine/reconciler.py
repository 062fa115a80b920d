"""Workers that take keys from a queue and pass over them one step at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from poolwright.domain.metrics import Metrics
from poolwright.domain.objects import KubernetesError, ObjectKey
from poolwright.engine.clock import Clock
from poolwright.engine.workqueue import Priority, WorkQueue

log = logging.getLogger(__name__)

# A pass is a handful of requests of at most 10 s each; one that takes longer has lost its connection.
PASS_SECONDS = 30.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """When to look again, in seconds (None: when something changes). ``failed`` asks for a growing pause instead, within the bounds."""

    again_after: float | None = None
    failed: bool = False
    at_most: float | None = None


class Reconciler:
    """N workers over one queue; the first prefers resyncs, so that a storm of changes never starves them."""

    def __init__(
        self, queue: WorkQueue[ObjectKey], step: Callable[[ObjectKey], Awaitable[Result]], *, workers: int, clock: Clock, metrics: Metrics
    ) -> None:
        self._queue = queue
        self._step = step
        self._workers = workers
        self._clock = clock
        self._metrics = metrics
        self._busy: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the workers."""
        self._metrics.most_workers(self._queue.name, self._workers)
        for number in range(self._workers):
            # A worker that is alone serves changes, or one resync of everything would stand before each of them.
            prefer = Priority.RESYNC if number == 0 and self._workers > 1 else Priority.CHANGE
            self._tasks.append(asyncio.create_task(self._work(prefer), name=f"{self._queue.name}-{number}"))

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        """Take no more keys, give steps in flight ``grace`` seconds, then cancel what is left. Without the lease there is no grace: 0."""
        self._stopping = True
        self._queue.close()
        for task in self._tasks:
            if task not in self._busy:
                task.cancel()
        if self._busy and grace > 0:
            await asyncio.wait(self._busy, timeout=grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, prefer: Priority) -> None:
        me = asyncio.current_task()
        if me is None:
            raise AssertionError("workers are tasks")
        while not self._stopping:
            key = await self._queue.get(prefer=prefer)
            self._busy.add(me)
            self._metrics.active_workers(self._queue.name, len(self._busy))
            try:
                await self._one(key)
            finally:
                self._busy.discard(me)
                self._metrics.active_workers(self._queue.name, len(self._busy))
                self._queue.done(key)

    async def _one(self, key: ObjectKey) -> None:
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(PASS_SECONDS):
                result = await self._step(key)
        except TimeoutError:
            log.warning("pass timed out", extra={**key.fields, "seconds": PASS_SECONDS})
            result, outcome = Result(failed=True), "error"
        except KubernetesError as error:
            # The API server was not reached, or refused: told in a line, because an outage tells it for every object again and again.
            log.warning("pass failed", extra={**key.fields, "error": str(error)})
            result, outcome = Result(failed=True), "error"
        except Exception:
            log.exception("pass failed", extra=key.fields)
            result, outcome = Result(failed=True), "error"
        else:
            outcome = "error" if result.failed else "success" if result.again_after is None else "requeue_after"
        self._metrics.reconciled(self._queue.name, outcome, self._clock.monotonic() - started)
        self._requeue(key, result)

    def _requeue(self, key: ObjectKey, result: Result) -> None:
        if self._stopping:
            return
        if result.failed:
            self._queue.retry(key, at_least=result.again_after or 0.0, at_most=result.at_most)
            return
        self._queue.forget(key)
        self._queue.schedule(key, result.again_after)
