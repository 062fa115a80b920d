"""What the controllers need of the world, as they see it.

Reads answer None for what is proven absent. Every call raises CallFailed with an outcome when it did not do what was asked, sends one
request where it changes something, and never waits for a long operation to end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from poolwright.domain.image import situation as image
from poolwright.domain.image.observed import DefinitionView, GalleryView, SourceView, VersionView
from poolwright.domain.image.spec import VhdSource
from poolwright.domain.outcomes import Transient, Unseen
from poolwright.domain.ownership import Mark
from poolwright.domain.pool import situation as pool
from poolwright.domain.pool.observed import AccountView, NodeAgent, PoolView
from poolwright.domain.resource_id import ResourceId


class Galleries(Protocol):
    """Galleries, definitions and versions."""

    async def gallery(self, gallery: ResourceId) -> GalleryView | None:
        """One direct read."""

    async def definition(self, definition: ResourceId) -> DefinitionView | None:
        """One direct read."""

    async def versions(self, definition: ResourceId) -> tuple[VersionView, ...] | None:
        """One listing, all pages; None when the definition does not exist."""

    async def version(self, version: ResourceId) -> VersionView | None:
        """One direct read, with the replication status."""

    async def create_gallery(self, action: image.CreateGallery, mark: Mark) -> None:
        """PUT."""

    async def create_definition(self, action: image.CreateDefinition, mark: Mark) -> None:
        """PUT."""

    async def put_version(self, action: image.PutVersion, mark: Mark) -> None:
        """PUT with the source."""

    async def update_regions(self, action: image.UpdateRegions) -> None:
        """GET, then PUT without the source."""

    async def delete_version(self, version: ResourceId) -> None:
        """DELETE."""

    async def delete_definition(self, definition: ResourceId) -> None:
        """DELETE."""


class Sources(Protocol):
    """Where images come from."""

    async def inspect_vhd(self, source: VhdSource, location: str) -> SourceView:
        """Hold a blob against every rule that can be checked before spending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What the shared poller knows of an account: ``listed`` once its first listing is in, ``trouble`` while it cannot be listed."""

    listed: bool
    trouble: Transient | None


class Accounts(Protocol):
    """Batch accounts and the shared view of their pools."""

    def follow(self, account: ResourceId) -> AccountState:
        """Poll this account from now on, and say what is known of it."""

    def pool_view(self, account: ResourceId, pool_id: str) -> PoolView | Unseen:
        """The pool of the shared view; UNSEEN when it is not there, has moved, or was written to since: then read it directly."""

    def node_counts(self, account: ResourceId, pool_id: str) -> Mapping[str, int] | None:
        """Nodes by state, where known; documented as possibly stale."""

    async def view(self, account: ResourceId) -> AccountView | None:
        """The account itself, cached for an hour."""

    async def sizes(self, account: ResourceId) -> frozenset[str]:
        """VM sizes of the account's region in lower case, cached for an hour."""

    async def agents(self, account: ResourceId) -> tuple[NodeAgent, ...]:
        """Node agents the account supports, cached for an hour."""

    async def read_pool(self, account: ResourceId, pool_id: str) -> PoolView | None:
        """One direct read, which also refreshes the shared view."""

    async def apply(self, account: ResourceId, pool_id: str, action: pool.PoolAction) -> None:
        """Send one mutation; the shared view of this pool counts as old from then on."""


PoolWatcher = Callable[[ResourceId, str | None], None]
"""Called with the account and the pool id whose view moved; None: all pools of the account."""
