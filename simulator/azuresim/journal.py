"""What was asked and answered, in order."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, TextIO

from azuresim.redaction import redacted, redacted_text
from azuresim.wire.http import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request. ``status`` is None when no whole answer was sent; ``time`` is the world's, ``duration`` the machine's seconds."""

    number: int
    time: float
    service: str
    operation: str
    method: str
    path: str
    query: dict[str, str]
    status: int | None
    request_body: Any
    response_bytes: int
    is_write: bool
    duration: float = 0.0
    response_body: Any = None
    fault: str | None = None


class Journal:
    """Entries in memory, the oldest dropped beyond ``keep``; each also a JSON line in ``sink`` when there is one.

    Bodies that are JSON are noted without their secrets, others by their length. Bodies of answers are noted up to ``body_limit`` bytes,
    which is none unless one is given: lists of thousands would fill the memory. Bodies of requests are noted whole, or up to
    ``request_limit``.
    """

    def __init__(
        self, *, keep: int | None = None, sink: TextIO | None = None, body_limit: int = 0, request_limit: int | None = None
    ) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._sink = sink
        self._body_limit = body_limit
        self._request_limit = request_limit
        self._written = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def written(self) -> int:
        """How many there ever were; the number of the next entry."""
        return self._written

    def entry(
        self,
        request: Request,
        answered: Response | None,
        *,
        time: float,
        duration: float,
        service: str,
        operation: str,
        is_write: bool,
        fault: str | None,
    ) -> Entry:
        """The next entry, to be added."""
        return Entry(
            number=self._written,
            time=time,
            service=service,
            operation=operation,
            method=request.method,
            path=request.path,
            query={name: _no_signature(name, value) for name, value in request.query.items()},
            status=None if answered is None else answered.status,
            request_body=_noted(request.body, request.headers.get("content-type", ""), self._request_limit),
            response_bytes=0 if answered is None else answered.size,
            is_write=is_write,
            duration=duration,
            response_body=None if answered is None else self._answer(answered),
            fault=fault,
        )

    def add(self, entry: Entry) -> None:
        """Append."""
        self._entries.append(entry)
        self._written += 1
        if self._sink is not None:
            self._sink.write(json.dumps(asdict(entry), separators=(",", ":")) + "\n")
            self._sink.flush()

    def since(self, number: int) -> list[Entry]:
        """Entries from ``number`` on."""
        return [entry for entry in self._entries if entry.number >= number]

    def writes(self, since: int = 0) -> list[Entry]:
        """Entries that change something."""
        return [entry for entry in self.since(since) if entry.is_write]

    def count(self, since: int = 0) -> Counter[tuple[str, str, str]]:
        """How often each (service, operation, method) was asked."""
        return Counter((entry.service, entry.operation, entry.method) for entry in self.since(since))

    def clear(self) -> None:
        """Forget the entries; numbers go on."""
        self._entries.clear()

    def _answer(self, answered: Response) -> Any:
        if self._body_limit == 0:
            return None
        return _noted(answered.body, answered.headers.get("Content-Type", ""), self._body_limit)


def _noted(body: bytes, content_type: str, limit: int | None) -> Any:
    if not body:
        return None
    if limit is not None and len(body) > limit:
        return {"bytes": len(body)}
    if "json" in content_type:
        try:
            return redacted(json.loads(body))
        except (ValueError, RecursionError):
            return {"unreadable": len(body)}
    if "xml" in content_type:
        return redacted_text(body.decode("utf-8", "replace"))
    return {"bytes": len(body)}


def _no_signature(name: str, value: str) -> str:
    return "REDACTED" if name == "sig" else redacted_text(value)
