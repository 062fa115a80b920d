"""What a rule of the image kind may look at, what it may ask for, and the mutations it may choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from poolwright.domain.conditions import Condition
from poolwright.domain.image.observed import Fact, ImageFacts, ImageMemo
from poolwright.domain.image.spec import Home, ImageSpec
from poolwright.domain.outcomes import Decision, Look, Verdict
from poolwright.domain.ownership import Mark
from poolwright.domain.reasons import Reason
from poolwright.domain.resource_id import ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGallery:
    """PUT the gallery. A gallery is never deleted by us."""

    gallery: ResourceId
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDefinition:
    """PUT the definition with our mark, every property that has a default sent explicitly."""

    home: Home


@dataclass(frozen=True, slots=True, kw_only=True)
class PutVersion:
    """PUT a new version, or the same one again after it failed."""

    spec: ImageSpec
    home: Home
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRegions:
    """Read the version, replace its target regions, PUT it without its source."""

    spec: ImageSpec
    version: ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVersion:
    """DELETE one version that carries our mark."""

    version: ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDefinition:
    """DELETE our definition; Azure refuses while a version is left in it."""

    definition: ResourceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Take our finalizer off: nothing of ours is left, or it shall stay."""


ImageAction = CreateGallery | CreateDefinition | PutVersion | UpdateRegions | DeleteVersion | DeleteDefinition | Release
ImageDecision = Decision[ImageAction, ImageMemo]
Answer = ImageDecision | Look[Fact] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look, in seconds: ``motion`` while Azure works, ``calm`` otherwise, ``stalled`` when only a person can help."""

    motion: float = 30.0
    calm: float = 300.0
    stalled: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSituation:
    """Everything a rule may look at. ``users`` are BatchPools that name the image, as ``namespace/name``."""

    spec: ImageSpec
    mark: Mark
    memo: ImageMemo
    facts: ImageFacts = field(default_factory=ImageFacts)
    users: tuple[str, ...] = ()
    deleting: bool = False
    pace: Pace = field(default_factory=Pace)

    @property
    def home(self) -> Home:
        """Where versions are made; only rules for sources that are built ask."""
        if self.spec.home is None:
            raise AssertionError("a source used in place has no home")
        return self.spec.home


ImageRule = Callable[[ImageSituation], Answer]


def say(
    s: ImageSituation, reason: Reason, message: str, *, stages: tuple[Condition, ...] = (), memo: ImageMemo | None = None
) -> ImageDecision:
    """A decision without a mutation; the catalogue's kind sets when to look again."""
    pace = {"settled": s.pace.calm, "stalled": s.pace.stalled}.get(reason.kind.value, s.pace.motion)
    return Decision(verdict=Verdict(reason, message), memo=memo or s.memo, stages=stages, again_after=pace)


def do(
    s: ImageSituation,
    action: ImageAction,
    reason: Reason,
    message: str,
    *,
    stages: tuple[Condition, ...] = (),
    memo: ImageMemo | None = None,
) -> ImageDecision:
    """A decision with a mutation; the next pass starts from what Azure then says."""
    reread = isinstance(action, CreateGallery | CreateDefinition | PutVersion | DeleteVersion | DeleteDefinition)
    return Decision(
        verdict=Verdict(reason, message),
        memo=memo or s.memo,
        action=action,
        stages=stages,
        again_after=AFTER_A_WRITE,
        reread=reread,
    )


# Galleries and definitions are ready within a second of their PUT; versions are then looked at with the pace of motion.
AFTER_A_WRITE = 2.0
