"""Listing every object again: finds what no event told, and is the resync at the same time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import Random

from poolwright.domain.metrics import Metrics
from poolwright.domain.objects import KubernetesError, ObjectKey, Objects, key_of
from poolwright.engine.clock import Clock
from poolwright.engine.store import ObjectStore

log = logging.getLogger(__name__)

# Azure changes unseen, and a watch can lose a deletion (a relist after 410 does not replay it): every ten minutes, jittered.
EVERY_SECONDS, JITTER = 600.0, 0.1


class Resync:
    """Keeps the store true without trusting events."""

    def __init__(
        self, objects: Objects, store: ObjectStore, due: Callable[[ObjectKey], None], *, random: Random, clock: Clock, metrics: Metrics
    ) -> None:
        self._objects = objects
        self._store = store
        self._due = due
        self._random = random
        self._clock = clock
        self._metrics = metrics
        self.listed_at: dict[str, float] = {}

    async def first(self, kind: str) -> None:
        """Fill the store; workers start after this."""
        bodies, version = await self._objects.list_full(kind)
        for body in bodies:
            self._store.upsert(kind, body)
        self._store.relisted(kind, [key_of(kind, body) for body in bodies], int(version))
        self._note(kind)

    async def again(self, kind: str) -> None:
        """List metadata, fetch what is newer, drop what is gone, and make every key due."""
        listed, version = await self._objects.list_metadata(kind)
        for item in listed:
            if self._store.is_known(kind, item):
                continue
            if (body := await self._objects.get(key_of(kind, item))) is None:
                self._store.remove(kind, item)
            else:
                self._store.upsert(kind, body)
        self._store.relisted(kind, [key_of(kind, item) for item in listed], int(version))
        self._note(kind)
        for key in self._store.keys(kind):
            self._due(key)

    def _note(self, kind: str) -> None:
        self.listed_at[kind] = self._clock.monotonic()
        self._metrics.objects_listed(kind, self._clock.now().timestamp())

    async def forever(self, kind: str) -> None:
        """Again and again; a failing API server only makes it later."""
        while True:
            await asyncio.sleep(EVERY_SECONDS * self._random.uniform(1 - JITTER, 1 + JITTER))
            try:
                await self.again(kind)
            except KubernetesError as error:
                log.warning("relist failed", extra={"kind": kind, "error": str(error)})
            except Exception:
                # Nothing else finds what no event told; the next listing must come whatever was wrong with this one.
                log.exception("relist failed", extra={"kind": kind})
