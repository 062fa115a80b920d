"""What is seen of a pool: in Azure, in the cluster, and in our own status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from poolwright.domain.image.spec import MarketplaceName
from poolwright.domain.outcomes import UNSEEN, Unseen


class Fact(Enum):
    """What the rules may ask for. ACCOUNT, SIZES and AGENTS are cached an account; POOL and VERSION are direct reads."""

    ACCOUNT = "account"
    POOL = "pool"
    VERSION = "version"
    SIZES = "sizes"
    AGENTS = "agents"


class Allocation(Enum):
    """The pool's allocation state."""

    STEADY = "steady"
    RESIZING = "resizing"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Node counts: dedicated and low-priority (Spot)."""

    dedicated: int
    low_priority: int

    @property
    def empty(self) -> bool:
        """No node of either kind."""
        return self.dedicated == 0 and self.low_priority == 0

    def __str__(self) -> str:
        return f"{self.dedicated} dedicated and {self.low_priority} low-priority nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizeError:
    """One entry of resizeErrors, as Azure words it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """One pool as Azure shows it. ``etag`` moves with the configuration only, not with the allocation."""

    etag: str
    deleting: bool
    allocation: Allocation
    allocation_since: datetime
    current: Size
    target: Size
    vm_size: str
    image_id: str | None
    image_name: str
    node_agent_sku: str
    auto_scale: bool = False
    resize_errors: tuple[ResizeError, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def steady(self) -> bool:
        """No resize under way."""
        return self.allocation is Allocation.STEADY


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A Batch account: where it is, and whether it answers."""

    location: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAgent:
    """A node agent SKU and one image it is supported on."""

    sku: str
    image: MarketplaceName


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryVersion:
    """A version named by id: the regions it is complete in, and those it is declared for."""

    complete: frozenset[str]
    declared: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStatus:
    """What the referenced CustomImage says of itself: the current version, and the regions it is or shall be in."""

    name: str
    id: str | None = None
    version: str | None = None
    complete: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    base_image: MarketplaceName | None = None
    deleting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """Each fact is UNSEEN until somebody looked; None means looked at and absent.

    ``image`` comes from the cluster and costs nothing: the CustomImage that is referenced, None when there is none of that name.
    """

    account: AccountView | Unseen | None = UNSEEN
    pool: PoolView | Unseen | None = UNSEEN
    image: ImageStatus | None = None
    version: GalleryVersion | Unseen | None = UNSEEN
    sizes: frozenset[str] | Unseen = UNSEEN
    agents: tuple[NodeAgent, ...] | Unseen = UNSEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMemo:
    """What the status remembers and Azure does not: the last size reached in full, and how often a resize ended short of it."""

    reached: Size | None = None
    attempts: int = 0
