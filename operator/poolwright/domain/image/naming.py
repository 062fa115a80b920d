"""Version numbers: strictly Major.Minor.Patch, ordered by number."""

from __future__ import annotations

from collections.abc import Iterable

FIRST = "1.0.0"
NO_NUMBER = (-1,)
_PARTS = 3


def order(version: str) -> tuple[int, ...]:
    """A sort key; text that is no version number (Azure has none) sorts first."""
    parts = version.split(".")
    numbers = len(parts) == _PARTS and all(part.isascii() and part.isdigit() for part in parts)
    return tuple(int(part) for part in parts) if numbers else NO_NUMBER


def next_version(existing: Iterable[str]) -> str:
    """The highest number in any state, its patch plus one: a number that was ever taken is not used again while it is visible."""
    highest = max((order(version) for version in existing), default=NO_NUMBER)
    if highest == NO_NUMBER:
        return FIRST
    *head, patch = highest
    return ".".join(str(part) for part in (*head, patch + 1))
