"""Identifiers: unpredictable to the reader, the same in every run with the same seed."""

from __future__ import annotations

import hashlib

# .NET counts 100 ns ticks from year 1; both Batch and Storage print them in hexadecimal as ETags.
_UNIX_EPOCH_SECONDS = 62_135_596_800
_TICKS_PER_SECOND = 10_000_000


class Ids:
    """A seeded sequence of GUIDs, hexadecimal names and ETags.

    ``stream`` names a sequence of its own: what one draws does not move another.
    """

    def __init__(self, seed: int = 0, stream: str = "") -> None:
        self._origin = f"{seed}{stream}"
        self._drawn = 0
        self._last_tick = 0

    @property
    def position(self) -> tuple[int, int]:
        """How far the sequence has got."""
        return self._drawn, self._last_tick

    def hex(self, digits: int) -> str:
        """``digits`` (at most 64) hexadecimal digits."""
        self._drawn += 1
        return hashlib.sha256(f"{self._origin}:{self._drawn}".encode()).hexdigest()[:digits]

    def guid(self) -> str:
        """A version-4 style GUID."""
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:]}"

    def etag(self, now: float) -> str:
        """An unquoted ETag: the time in ticks, strictly increasing even within one instant."""
        tick = max(int((now + _UNIX_EPOCH_SECONDS) * _TICKS_PER_SECOND), self._last_tick + 1)
        self._last_tick = tick
        return f"0x{tick:X}"
