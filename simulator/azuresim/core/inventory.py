"""All tracked resources of a world, whatever service they belong to: for lists across types and for deleting whole groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from azuresim.core.resource_id import ResourceId


class Resource(Protocol):
    """What every tracked resource has."""

    id: ResourceId
    location: str

    @property
    def tags(self) -> Mapping[str, str] | None:
        """None and empty mean the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The resources of one type. ``more`` gives what a generic list shows besides, such as the sku; ``forget`` drops one at once."""

    members: Callable[[], Iterable[Resource]]
    forget: Callable[[ResourceId], object]
    more: Callable[[Any], dict[str, Any]] = lambda _resource: {}


class Inventory:
    """Collections by their full type, in the order in which a group's resources are deleted."""

    def __init__(self) -> None:
        self._collections: dict[str, Collection] = {}

    def register(self, kind: str, collection: Collection) -> None:
        """``kind`` is written as Azure writes it: `Microsoft.Batch/batchAccounts`."""
        self._collections[kind] = collection

    def kinds(self) -> tuple[str, ...]:
        """Every type there can be resources of."""
        return tuple(self._collections)

    def within(self, subscription: str, group: str | None = None) -> Iterator[tuple[str, Resource, dict[str, Any]]]:
        """(type, resource, more) of a subscription or of one of its groups."""
        for kind, collection in self._collections.items():
            for resource in list(collection.members()):
                inside = resource.id.subscription.lower() == subscription.lower()
                if inside and (group is None or resource.id.group.lower() == group.lower()):
                    yield kind, resource, collection.more(resource)

    def purge(self, subscription: str, group: str) -> None:
        """Drop everything in a group, at once and without asking it."""
        for kind, resource, _ in list(self.within(subscription, group)):
            self._collections[kind].forget(resource.id)
