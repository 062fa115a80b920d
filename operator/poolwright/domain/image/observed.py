"""What is seen of an image: in Azure, in the cluster, and in our own status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from poolwright.domain.image.spec import OperatingSystem, Region
from poolwright.domain.outcomes import UNSEEN, Unseen
from poolwright.domain.ownership import SOURCE_DIGEST


class Fact(Enum):
    """What the rules may ask for; each costs one read of Azure, the source up to three."""

    VERSIONS = "versions"
    GALLERY = "gallery"
    DEFINITION = "definition"
    SOURCE = "source"
    TARGET = "target"
    PROGRESS = "progress"


class State(Enum):
    """A version's provisioning state, as far as rules tell them apart."""

    CREATING = "Creating"
    UPDATING = "Updating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    DELETING = "Deleting"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionProgress:
    """Replication to one region; ``progress`` in percent."""

    name: str
    state: str
    progress: int
    detail: str = ""

    @property
    def completed(self) -> bool:
        """Whether pools of this region may boot from the version."""
        return self.state == "Completed"

    @property
    def failed(self) -> bool:
        """Whether the same PUT has to be sent again for this region."""
        return self.state == "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """One image version. ``replication`` is None unless it was asked for: listings do not carry it."""

    id: str
    name: str
    location: str
    state: State
    regions: tuple[Region, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    published_time: str | None = None
    replication: tuple[RegionProgress, ...] | None = None

    @property
    def digest(self) -> str | None:
        """The digest of the source it was made from, where we made it."""
        return self.tags.get(SOURCE_DIGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryView:
    """A gallery; ``state`` is its provisioning state."""

    location: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionView:
    """An image definition and what it fixes."""

    state: str
    os: OperatingSystem
    os_state: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """What was found where the VHD should be. The first problem met, in the catalogue's words, or none."""

    problem: str | None = None
    detail: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """Each fact is UNSEEN until somebody looked; None means looked at and absent."""

    versions: tuple[VersionView, ...] | Unseen | None = UNSEEN
    gallery: GalleryView | Unseen | None = UNSEEN
    definition: DefinitionView | Unseen | None = UNSEEN
    source: SourceView | Unseen = UNSEEN
    target: VersionView | Unseen | None = UNSEEN
    progress: VersionView | Unseen | None = UNSEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A number chosen for a source before anything is made under it; ``attempts`` counts PUTs that failed in Azure."""

    version: str
    digest: str
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The version pools follow."""

    version: str
    id: str
    digest: str
    published_time: str | None
    regions: tuple[RegionProgress, ...]

    @property
    def complete(self) -> frozenset[str]:
        """The regions whose copy is finished."""
        return frozenset(region.name for region in self.regions if region.completed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMemo:
    """What the status remembers: an intent, and the version pools follow."""

    intent: Intent | None = None
    current: Current | None = None
