"""Events: told once when something turns, counted when it repeats, and never in the way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from poolwright.domain.objects import Body, KubernetesError
from poolwright.kube.client import FIELD_MANAGER, KubeClient

log = logging.getLogger(__name__)

NOTE_LIMIT = 1024  # bytes; events.k8s.io/v1 refuses longer notes, though it speaks of characters
# Repetitions within this time are counted on one event (events.k8s.io series) instead of making new ones.
SERIES_SECONDS = 600.0
BACKLOG = 1000


class EventRecorder:
    """Writes events.k8s.io/v1 from a bounded backlog; an event that cannot be written is dropped with a log line."""

    def __init__(self, client: KubeClient, now: Callable[[], datetime], *, instance: str) -> None:
        self._client = client
        self._now = now
        self._instance = instance
        self._backlog: asyncio.Queue[tuple[Body, str, str, str]] = asyncio.Queue(BACKLOG)
        self._known: dict[tuple[str, str], tuple[dict[str, Any], datetime]] = {}

    def record(self, body: Body, type_: str, reason: str, note: str) -> None:
        """Tell of a turn of this object; ``type_`` is Normal or Warning. Never raises, never waits."""
        try:
            # Cut as the limit counts: bytes, and no half character at the end.
            self._backlog.put_nowait((body, type_, reason, note.encode()[:NOTE_LIMIT].decode(errors="ignore")))
        except asyncio.QueueFull:
            log.warning("event dropped", extra={"reason": reason})

    async def forever(self) -> None:
        """Write what was recorded."""
        while True:
            body, type_, reason, note = await self._backlog.get()
            try:
                await self._write(body, type_, reason, note)
            except KubernetesError as error:
                # It may have expired in the cluster: the next one of its kind starts a new series.
                self._known.pop((body["metadata"]["uid"], reason), None)
                log.warning("event not written", extra={"reason": reason, "error": str(error)})
            except Exception:
                log.exception("event not written", extra={"reason": reason})

    async def _write(self, body: Body, type_: str, reason: str, note: str) -> None:
        key, now = (body["metadata"]["uid"], reason), self._now()
        known = self._known.get(key)
        if known is not None and (now - known[1]).total_seconds() < SERIES_SECONDS and known[0]["note"] == note:
            await self._count(key, known[0], now)
            return
        self._known = {k: v for k, v in self._known.items() if (now - v[1]).total_seconds() < SERIES_SECONDS}
        document = self._document(body, type_, reason, note, now)
        target = f"/apis/events.k8s.io/v1/namespaces/{document['metadata']['namespace']}/events"
        stored = await self._client.call("POST", target, body=document, query={"fieldManager": FIELD_MANAGER})
        self._known[key] = (stored, now)

    async def _count(self, key: tuple[str, str], event: dict[str, Any], now: datetime) -> None:
        count = event.get("series", {}).get("count", 1) + 1
        series = {"count": count, "lastObservedTime": _micro(now)}
        metadata = event["metadata"]
        target = f"/apis/events.k8s.io/v1/namespaces/{metadata['namespace']}/events/{metadata['name']}"
        merge = "application/merge-patch+json"
        stored = await self._client.call("PATCH", target, body={"series": series}, query={"fieldManager": FIELD_MANAGER}, content=merge)
        self._known[key] = (stored, now)

    def _document(self, body: Body, type_: str, reason: str, note: str, now: datetime) -> dict[str, Any]:
        metadata = body["metadata"]
        regarding = {"apiVersion": body["apiVersion"], "kind": body["kind"], "name": metadata["name"], "uid": metadata["uid"]}
        namespace = metadata.get("namespace", "default")
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name']}-", "namespace": namespace},
            "eventTime": _micro(now),
            "reportingController": "poolwright.io/operator",
            "reportingInstance": self._instance,
            "action": "Reconcile",
            "reason": reason,
            "type": type_,
            "note": note,
            "regarding": {**regarding, "namespace": namespace},
        }


def _micro(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
