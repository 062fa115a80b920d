"""Where resources of one type are kept: by their ARM id, without regard to case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from azuresim.core.resource_id import ResourceId
from azuresim.core.subscriptions import not_found


class Kept(Protocol):
    """Anything with an ARM id."""

    id: ResourceId


KeptT = TypeVar("KeptT", bound=Kept)


class Shelf(Generic[KeptT]):
    """Resources in the order of their creation."""

    def __init__(self) -> None:
        self._by_key: dict[str, KeptT] = {}

    def __iter__(self) -> Iterator[KeptT]:
        return iter(list(self._by_key.values()))

    def find(self, resource: ResourceId) -> KeptT | None:
        """None when there is none."""
        return self._by_key.get(resource.key)

    def get(self, resource: ResourceId) -> KeptT:
        """Raises 404 ResourceNotFound."""
        found = self._by_key.get(resource.key)
        if found is None:
            raise not_found(resource)
        return found

    def put(self, resource: KeptT) -> None:
        """Keep it under its id."""
        self._by_key[resource.id.key] = resource

    def remove(self, resource: ResourceId) -> None:
        """Forget it; harmless when it is not here."""
        self._by_key.pop(resource.key, None)

    def within(self, subscription: str, group: str | None) -> list[KeptT]:
        """Of one subscription, optionally of one group."""
        return [
            kept
            for kept in self._by_key.values()
            if kept.id.subscription.lower() == subscription.lower() and (group is None or kept.id.group.lower() == group.lower())
        ]
