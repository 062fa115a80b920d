"""Version numbers: strictly Major.Minor.Patch, ordered by number."""

from __future__ import annotations

from collections.abc import Iterable

FIRST = "1.0.0"


def order(version: str) -> tuple[int, ...]:
    """A sort key; text that is no version number (Azure has none) sorts first."""
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (-1,)


def next_version(existing: Iterable[str]) -> str:
    """The highest number in any state, its patch plus one: a number that was ever taken is not used again while it is visible."""
    highest = max(existing, key=order, default=None)
    if highest is None:
        return FIRST
    *head, patch = order(highest)
    return ".".join(str(part) for part in (*head, patch + 1))
