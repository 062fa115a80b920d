"""What was asked and answered, in order."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request. ``status`` is None when the answer was never sent; ``time`` is the world's."""

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
    fault: str | None = None


class Journal:
    """Entries in memory, the oldest dropped beyond ``keep``; each also a JSON line in ``sink`` when there is one.

    Bodies that are not JSON (page blobs) are noted by their length only.
    """

    def __init__(self, *, keep: int | None = None, sink: TextIO | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._sink = sink
        self._written = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def written(self) -> int:
        """How many there ever were; the number of the next entry."""
        return self._written

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
