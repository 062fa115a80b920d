"""Leadership by a Lease: one process acts, and it knows in time when it may not any more.

Numbers and rules are client-go's (15/10/2 s, release on exit). Three differences to the asyncio elector of the ``kubernetes`` package, each
measured to be unsafe there: work that ends gives the lease up, every call is bounded by what is left of the renewal time, and losing or
leaving the lease cancels the work before anything else happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from poolwright.domain.lease import Lease, Leases
from poolwright.domain.metrics import Metrics
from poolwright.domain.objects import Conflict, KubernetesError
from poolwright.engine.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds. A holder gives up after ``renew`` without a renewal; others take over ``duration`` after the last one they saw."""

    duration: float = 15.0
    renew: float = 10.0
    retry: float = 2.0


class Elector:
    """Runs work while, and only while, this process holds the lease."""

    def __init__(self, leases: Leases, *, name: str, identity: str, clock: Clock, metrics: Metrics, times: Times | None = None) -> None:
        self._leases = leases
        self._name = name
        self._identity = identity
        self._clock = clock
        self._metrics = metrics
        self._times = times or Times()
        self._seen: tuple[str, float] = ("", 0.0)
        self._mine: Lease | None = None
        self._renewed_at = 0.0

    async def lead(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lease, run ``work`` to its end, release. Raises LostLease when the lease is lost meanwhile."""
        while not await self._try(self._times.renew):  # noqa: ASYNC110 - asking again and again is what a lease is
            await asyncio.sleep(self._times.retry)
        log.info("leading", extra={"lease": self._name, "identity": self._identity})
        self._metrics.leading(self._name, leads=True)
        running = asyncio.ensure_future(work())
        keeping = asyncio.create_task(self._keep(), name="lease")
        try:
            await asyncio.wait({running, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise LostLease(f"lease {self._name} was not renewed for {self._times.renew:.0f} s")
            await running
        finally:
            await _ended(running)
            await _ended(keeping)
            self._metrics.leading(self._name, leads=False)
            await self._release()

    async def _keep(self) -> None:
        """Renew until the time for it is over."""
        while (left := self._left()) > 0:
            await asyncio.sleep(min(self._times.retry, left))
            if (left := self._left()) <= 0 or (not await self._try(left) and self._mine is None):
                return

    def _left(self) -> float:
        """Seconds until a holder that cannot renew has to give up."""
        return self._renewed_at + self._times.renew - self._clock.monotonic()

    async def _try(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._acquire_or_renew()
        except (KubernetesError, TimeoutError) as error:
            log.warning("lease not written", extra={"lease": self._name, "error": str(error) or "timed out"})
            return False

    async def _acquire_or_renew(self) -> bool:
        asked, now = self._clock.monotonic(), self._clock.now()
        lease = await self._leases.read()
        fresh = Lease(holder=self._identity, duration_seconds=int(self._times.duration), acquired=now, renewed=now, transitions=0)
        if lease is None:
            return self._hold(await self._leases.create(fresh), asked)
        if lease.holder == self._identity:
            return self._hold(await self._leases.replace(replace(lease, renewed=now, duration_seconds=fresh.duration_seconds)), asked)
        self._mine = None
        if lease.holder and not self._expired(lease):
            return False
        taken = replace(fresh, transitions=lease.transitions + 1, version=lease.version)
        return self._hold(await self._leases.replace(taken), asked)

    def _expired(self, lease: Lease) -> bool:
        """By our own monotonic time since we last saw it change: clocks of two machines do not agree."""
        if lease.version != self._seen[0]:
            self._seen = (lease.version, self._clock.monotonic())
        return self._clock.monotonic() - self._seen[1] >= lease.duration_seconds

    def _hold(self, lease: Lease, asked: float) -> bool:
        self._mine, self._renewed_at = lease, asked
        return True

    async def _release(self) -> None:
        """Give it up, so that the next one need not wait; a lease that has moved on is not ours to give."""
        if self._mine is None:
            return
        lease = replace(self._mine, holder="", renewed=self._clock.now(), duration_seconds=1)
        self._mine = None
        try:
            async with asyncio.timeout(self._times.retry):
                await self._leases.replace(lease)
        except Conflict:
            return
        except (KubernetesError, TimeoutError) as error:
            log.warning("lease not released", extra={"lease": self._name, "error": str(error) or "timed out"})


class LostLease(Exception):  # noqa: N818 - what happened, in a word
    """Somebody else may lead by now; the work was cancelled."""


async def _ended(task: asyncio.Future[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
