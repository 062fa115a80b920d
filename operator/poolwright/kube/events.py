"""Events: told once when something turns, counted when it repeats, and never in the way."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from poolwright.domain.metrics import Metrics
from poolwright.domain.objects import Body, KubernetesError
from poolwright.kube.client import FIELD_MANAGER, KubeClient

log = logging.getLogger(__name__)

NOTE_LIMIT = 1024  # bytes; events.k8s.io/v1 refuses longer notes, though it speaks of characters
# Repetitions within this time are counted on one event (events.k8s.io series) instead of making new ones.
SERIES_SECONDS = 600.0
# A thousand objects that turn four times each while the API server takes a hundred events a second; 4 MB at most.
BACKLOG = 4000
# client-go's limit against an object that turns for ever: so many at once, then one in so many seconds.
BURST, REFILL_SECONDS = 25, 300.0

Document = dict[str, Any]


class EventRecorder:
    """Writes events.k8s.io/v1 from a bounded backlog; an event that cannot be written is dropped, and counted."""

    def __init__(self, client: KubeClient, now: Callable[[], datetime], *, instance: str, metrics: Metrics) -> None:
        self._client = client
        self._now = now
        self._instance = instance
        self._metrics = metrics
        self._backlog: asyncio.Queue[Document] = asyncio.Queue(BACKLOG)
        self._allowance = _Allowance()
        # The latest event of each object and reason, oldest first.
        self._known: OrderedDict[tuple[str, str], tuple[Document, datetime]] = OrderedDict()

    def record(self, body: Body, type_: str, reason: str, note: str) -> None:
        """Tell of a turn of this object; ``type_`` is Normal or Warning. Never raises, never waits."""
        now = self._now()
        if self._backlog.full() or not self._allowance.take(str(body["metadata"].get("uid")), now.timestamp()):
            self._metrics.event_dropped()
            return
        # Cut as the limit counts: bytes, and no half character at the end.
        cut = note.encode()[:NOTE_LIMIT].decode(errors="ignore")
        self._backlog.put_nowait(self._document(body, now, type=type_, reason=reason, note=cut))

    async def forever(self) -> None:
        """Write what was recorded."""
        while True:
            document = await self._backlog.get()
            try:
                await self._write(document)
            except Exception as error:
                # It may have expired in the cluster: the next one of its kind starts a new series.
                self._known.pop(_series(document), None)
                self._metrics.event_dropped()
                log.warning(
                    "event not written",
                    extra={"reason": document["reason"], "error": str(error)},
                    exc_info=None if isinstance(error, KubernetesError) else error,
                )

    async def _write(self, document: Document) -> None:
        key, now = _series(document), self._now()
        while self._known and not _recent(next(iter(self._known.values())), now):
            self._known.popitem(last=False)
        known = self._known.get(key)
        repeated = known is not None and _recent(known, now) and known[0]["note"] == document["note"]
        stored = await (self._count(known[0], now) if known is not None and repeated else self._post(document))
        self._known[key] = (stored, now)
        self._known.move_to_end(key)

    async def _post(self, document: Document) -> Document:
        target = f"/apis/events.k8s.io/v1/namespaces/{document['metadata']['namespace']}/events"
        return await self._client.call("POST", target, body=document, query={"fieldManager": FIELD_MANAGER})

    async def _count(self, event: Document, now: datetime) -> Document:
        count = event.get("series", {}).get("count", 1) + 1
        series = {"count": count, "lastObservedTime": _micro(now)}
        metadata = event["metadata"]
        target = f"/apis/events.k8s.io/v1/namespaces/{metadata['namespace']}/events/{metadata['name']}"
        merge = "application/merge-patch+json"
        return await self._client.call("PATCH", target, body={"series": series}, query={"fieldManager": FIELD_MANAGER}, content=merge)

    def _document(self, body: Body, now: datetime, **said: str) -> Document:
        metadata = body["metadata"]
        namespace = metadata.get("namespace", "default")
        regarding = {name: body.get(name) for name in ("apiVersion", "kind")} | {name: metadata.get(name) for name in ("name", "uid")}
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata.get('name')}-", "namespace": namespace},
            "eventTime": _micro(now),
            "reportingController": "poolwright.io/operator",
            "reportingInstance": self._instance,
            "action": "Reconcile",
            **said,
            "regarding": {**regarding, "namespace": namespace},
        }


class _Allowance:
    """A bucket of tokens an object, which forgets whom it has not heard of for as long as a bucket takes to fill."""

    def __init__(self) -> None:
        # uid → tokens left, and when that was; the longest silent first.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, uid: str, now: float) -> bool:
        """Whether this object may be told of once more."""
        while self._left and now - next(iter(self._left.values()))[1] >= BURST * REFILL_SECONDS:
            self._left.popitem(last=False)
        tokens, since = self._left.get(uid, (float(BURST), now))
        tokens = min(float(BURST), tokens + (now - since) / REFILL_SECONDS)
        allowed = tokens >= 1.0
        self._left[uid] = (tokens - allowed, now)
        self._left.move_to_end(uid)
        return allowed


def _series(document: Document) -> tuple[str, str]:
    return (str(document["regarding"]["uid"]), str(document["reason"]))


def _recent(known: tuple[Document, datetime], now: datetime) -> bool:
    return (now - known[1]).total_seconds() < SERIES_SECONDS


def _micro(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
