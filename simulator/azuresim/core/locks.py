"""Management locks: what nobody may delete, or change at all."""

from __future__ import annotations

from typing import Literal

from azuresim.core.errors import ServiceError

Level = Literal["CanNotDelete", "ReadOnly"]


class Locks:
    """Locks by scope: a subscription, a resource group or a resource, and everything below it. No clue to who may lift them."""

    def __init__(self) -> None:
        self._levels: dict[str, tuple[str, Level]] = {}

    def put(self, scope: str, level: Level = "CanNotDelete") -> None:
        """Lock a scope, given as an ARM id."""
        self._levels[scope.rstrip("/").lower()] = (scope.rstrip("/"), level)

    def remove(self, scope: str) -> None:
        """Unlock it; harmless when it is not locked."""
        self._levels.pop(scope.rstrip("/").lower(), None)

    def check(self, target: str, *, deletes: bool) -> None:
        """Raise 409 ScopeLocked when a lock above ``target`` forbids it, or one below forbids its deletion."""
        key = target.rstrip("/").lower()
        found = [
            scope
            for locked, (scope, level) in self._levels.items()
            if (deletes and _within(locked, key)) or (_within(key, locked) and (deletes or level == "ReadOnly"))
        ]
        if found:
            raise ServiceError(
                409,
                "ScopeLocked",
                f"The scope '{target}' cannot perform {'delete' if deletes else 'write'} operation because following scope(s) are locked: "
                f"'{','.join(found)}'. Please remove the lock and try again.",
            )


def _within(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(f"{outer}/")
