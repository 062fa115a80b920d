"""One Batch account's pools, listed once for everybody who has a pool in it.

The first listing is in full; later ones ask only for what moves by itself. What a listing says of a pool counts only if the listing began
after our last write to that pool and after the last direct read of it, and absence in a listing proves nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Protocol

from azure.batch.aio import BatchClient
from azure.batch.models import BatchPool

from poolwright.cloud import pool_bodies
from poolwright.cloud.errors import called
from poolwright.domain import reasons
from poolwright.domain.metrics import Metrics
from poolwright.domain.outcomes import UNSEEN, CallFailed, Transient, Unseen
from poolwright.domain.pool.observed import PoolView
from poolwright.domain.ports import AccountState
from poolwright.domain.resource_id import ResourceId

log = logging.getLogger(__name__)

# After a write the next listing comes early, but the writes of one moment share it.
SOON_SECONDS = 2.0
# A converged pool is told of an outage once it has lasted this long.
TOLERATED_SECONDS = 300.0
JITTER = 0.1
LONGEST_PAUSE = 300.0


class Clock(Protocol):
    """Time, as given by the engine."""

    def now(self) -> datetime:
        """The time of day."""

    def monotonic(self) -> float:
        """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds between listings of pools, and of node counts."""

    pools: float = 20.0
    node_counts: float = 60.0


@dataclass(slots=True, kw_only=True)
class _Entry:
    """What is known of a pool, and since when; ``view`` is None once the eTag moved or we wrote to it."""

    view: PoolView | None
    since: float


class AccountPoller:
    """Keeps the shared view of one account; ``client`` answers None while the account does not exist."""

    def __init__(
        self,
        account: ResourceId,
        client: Callable[[], Awaitable[BatchClient | None]],
        *,
        moved: Callable[[str | None], None],
        clock: Clock,
        random: Random,
        metrics: Metrics,
        rhythm: Rhythm,
    ) -> None:
        self._name = account.name
        # Names of accounts are unique in a region only, so the series carry the id.
        self._label = str(account).lower()
        self._client = client
        self._moved = moved
        self._clock = clock
        self._random = random
        self._metrics = metrics
        self._rhythm = rhythm
        self._entries: dict[str, _Entry] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._counted_at = float("-inf")
        self._listed = False
        self._exists = True
        self._trouble: Transient | None = None
        self._told = False
        self._early = asyncio.Event()

    @property
    def state(self) -> AccountState:
        """Whether the first listing is in, and what is wrong, if anything."""
        return AccountState(listed=self._listed, trouble=self._trouble)

    def view(self, pool_id: str) -> PoolView | Unseen:
        """The pool, UNSEEN when a direct read is needed."""
        entry = self._entries.get(pool_id.lower())
        return UNSEEN if entry is None or entry.view is None else entry.view

    def node_counts(self, pool_id: str) -> dict[str, int] | None:
        """Nodes by state, as of the last count."""
        return self._counts.get(pool_id.lower())

    def wrote(self, pool_id: str) -> None:
        """We wrote to this pool: what is known of it is old, and the next listing comes early."""
        self._entries[pool_id.lower()] = _Entry(view=None, since=self._clock.monotonic())
        self._early.set()

    def read(self, pool_id: str, view: PoolView | None, since: float) -> None:
        """A direct read that began at ``since`` said this."""
        if view is None:
            self._entries.pop(pool_id.lower(), None)
        else:
            self._entries[pool_id.lower()] = _Entry(view=view, since=since)

    async def forever(self) -> None:
        """List again and again; a failing account is asked with growing pauses."""
        failures = 0
        while True:
            try:
                exists = await self._polled()
            except CallFailed as failure:
                failures += 1
                self._failed(failure)
                growing = self._jittered(min(self._rhythm.pools * (1 << min(failures, 6)), LONGEST_PAUSE))
                await self._hold_off(max(growing, _retry_after(failure)))
                continue
            failures = 0
            self._succeeded(exists=exists)
            await self._pause(self._rhythm.pools if exists else LONGEST_PAUSE)

    async def _hold_off(self, seconds: float) -> None:
        """Ask nothing for so long; pools are told of the outage when it gets long, not when it is next asked about."""
        began = self._trouble.since if self._trouble is not None else None
        left = TOLERATED_SECONDS - (self._clock.now() - began).total_seconds() if began is not None else 0.0
        if self._listed and not self._told and 0 < left < seconds:
            await asyncio.sleep(left)
            seconds -= left
            self._told = True
            self._moved(None)
        await asyncio.sleep(seconds)

    async def _pause(self, seconds: float) -> None:
        self._early.clear()
        try:
            async with asyncio.timeout(self._jittered(seconds)):
                await self._early.wait()
                await asyncio.sleep(min(SOON_SECONDS, seconds))
        except TimeoutError:
            return

    async def _polled(self) -> bool:
        """One look; whether the account exists. Nobody else looks at it, so an answer that cannot be read must not end the looking."""
        try:
            return await self._poll()
        except CallFailed:
            raise
        except Exception as error:
            log.exception("account's answer cannot be read", extra={"account": self._name})
            unread = f"The pools of {self._name} were listed, but the answer cannot be read: {type(error).__name__}."
            raise CallFailed(Transient(reason=reasons.AZURE_UNAVAILABLE, detail=unread)) from error

    async def _poll(self) -> bool:
        began = self._clock.monotonic()
        client = await self._client()
        if client is None:
            return False
        pages = client.list_pools(select=list(pool_bodies.SELECTED)) if self._listed else client.list_pools()
        full = not self._listed

        async def collect() -> dict[str, PoolView | None]:
            # One at a time: the SDK's model of a pool is ten times its view, and a listing has thousands.
            return {pool.id.lower(): pool_bodies.view(pool) if full else self._merged(pool) async for pool in pages}

        self._tell(self._take(await called(f"listing pools of {self._name}", collect()), began))
        if began - self._counted_at >= self._rhythm.node_counts:
            self._tell(await self._count(client))
            self._counted_at = began
        return True

    def _tell(self, changed: set[str]) -> None:
        """Before the first listing nobody was told anything; afterwards all are told at once."""
        if self._listed:
            for pool_id in sorted(changed):
                self._moved(pool_id)

    def _merged(self, pool: BatchPool) -> PoolView | None:
        """Config as it was read in full, allocation as just listed; None when the eTag says that the config has moved."""
        entry = self._entries.get(pool.id.lower())
        known = entry.view if entry is not None else None
        return pool_bodies.moved(known, pool) if known is not None and known.etag == pool.etag else None

    def _take(self, listed: dict[str, PoolView | None], began: float) -> set[str]:
        changed: set[str] = set()
        for key, view in listed.items():
            entry = self._entries.get(key)
            if entry is not None and entry.since >= began:
                continue
            if entry is None or entry.view != view or view is None:
                changed.add(key)
            self._entries[key] = _Entry(view=view, since=began)
        for key in [key for key, entry in self._entries.items() if key not in listed and entry.since < began]:
            del self._entries[key]
            changed.add(key)
        return changed

    async def _count(self, client: BatchClient) -> set[str]:
        pages = client.list_pool_node_counts()

        async def collect() -> dict[str, dict[str, int]]:
            return {counts.pool_id.lower(): pool_bodies.node_counts(counts) async for counts in pages}

        before, self._counts = self._counts, await called(f"counting nodes of {self._name}", collect())
        return {key for key, counts in self._counts.items() if counts != before.get(key)}

    def _failed(self, failure: CallFailed) -> None:
        self._metrics.account_polled(self._label, self._clock.now().timestamp(), succeeded=False)
        if self._trouble is None:
            log.warning("account cannot be listed", extra={"account": self._name, "error": str(failure)})
        began = self._trouble.since if self._trouble is not None else self._clock.now()
        outcome = failure.outcome
        reason = outcome.reason if isinstance(outcome, Transient) else reasons.AZURE_UNAVAILABLE
        self._trouble = Transient(reason=reason, detail=outcome.detail, since=began)
        long = began is not None and (self._clock.now() - began).total_seconds() >= TOLERATED_SECONDS
        if not self._listed or (long and not self._told):
            self._told = self._listed
            self._moved(None)

    def _succeeded(self, *, exists: bool) -> None:
        self._metrics.account_polled(self._label, self._clock.now().timestamp(), succeeded=True)
        first, troubled, appeared = not self._listed, self._trouble is not None, exists != self._exists
        self._listed, self._trouble, self._told, self._exists = True, None, False, exists
        if troubled:
            log.info("account is listed again", extra={"account": self._name})
        if first or troubled or appeared:
            self._moved(None)

    def _jittered(self, seconds: float) -> float:
        return seconds * self._random.uniform(1 - JITTER, 1)


def _retry_after(failure: CallFailed) -> float:
    """What the service asks for, in seconds."""
    return (failure.outcome.after or 0.0) if isinstance(failure.outcome, Transient) else 0.0
