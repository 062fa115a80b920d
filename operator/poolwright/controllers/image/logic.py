"""Facts for the image rules, and the mutations they choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from poolwright.controllers.reconcile import Parked, UnreadableSpec
from poolwright.domain.image import status
from poolwright.domain.image.candidates import by_digest, highest_usable
from poolwright.domain.image.deletion import next_to_go
from poolwright.domain.image.observed import Fact, ImageFacts
from poolwright.domain.image.rules import decide
from poolwright.domain.image.situation import (
    CreateDefinition,
    CreateGallery,
    DeleteDefinition,
    DeleteVersion,
    ImageDecision,
    ImageSituation,
    Pace,
    PutVersion,
    Release,
    UpdateRegions,
)
from poolwright.domain.image.spec import InvalidSpec, VersionSource, VhdSource, read
from poolwright.domain.objects import IMAGES, Body, ObjectKey, is_deleting
from poolwright.domain.outcomes import Look, Verdict
from poolwright.domain.ownership import Mark
from poolwright.domain.ports import Galleries, Sources
from poolwright.domain.resource_id import ResourceId, parse

Users = Callable[[Body], tuple[str, ...]]
"""Answers with the BatchPools that name an image or boot from one of its versions."""


class ImageLogic:
    """What the CustomImage kind adds to the common pass."""

    kind = IMAGES

    def __init__(self, galleries: Galleries, sources: Sources, *, cluster: str, users: Users, pace: Pace) -> None:
        self._galleries = galleries
        self._sources = sources
        self._cluster = cluster
        self._users = users
        self._pace = pace

    async def look(self, body: Body) -> tuple[ImageSituation, ImageDecision] | Parked:
        """Let the rules ask until they decide; each fact is read at most once a pass."""
        metadata = body["metadata"]
        try:
            spec = read(metadata, body["spec"])
        except InvalidSpec as error:
            raise UnreadableSpec(str(error)) from error
        deleting = is_deleting(body)
        situation = ImageSituation(
            spec=spec,
            mark=Mark(cluster=self._cluster, namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"]),
            memo=status.remembered(body.get("status", {})),
            users=self._users(body) if deleting else (),
            deleting=deleting,
            pace=self._pace,
        )
        while isinstance(answer := decide(situation), Look):
            facts = situation.facts
            for fact in sorted(answer.facts, key=lambda fact: fact.value):
                facts = await self._gather(situation, facts, fact)
            situation = replace(situation, facts=facts)
        return situation, answer

    def releases(self, action: object) -> bool:
        """Whether the action is to take our finalizer off."""
        return isinstance(action, Release)

    async def act(self, situation: ImageSituation, action: object) -> None:
        """Carry out one mutation."""
        match action:
            case CreateGallery():
                await self._galleries.create_gallery(action, situation.mark)
            case CreateDefinition():
                await self._galleries.create_definition(action, situation.mark)
            case PutVersion():
                await self._galleries.put_version(action, situation.mark)
            case UpdateRegions():
                await self._galleries.update_regions(action)
            case DeleteVersion(version=version):
                await self._galleries.delete_version(version)
            case DeleteDefinition(definition=definition):
                await self._galleries.delete_definition(definition)
            case _:
                raise TypeError(f"no such action: {action!r}")

    def render(self, body: Body, situation: ImageSituation, decision: ImageDecision) -> Mapping[str, Any]:
        """The whole status after a pass that decided."""
        return status.render(body, situation, decision)

    def failed(self, body: Body, verdict: Verdict) -> Mapping[str, Any]:
        """The whole status after a pass that could not."""
        return status.failed(body, verdict)

    def steady_part(self, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        """The status without what moves by itself."""
        return status.steady_part(stored)

    def forget(self, key: ObjectKey) -> None:
        """Nothing is remembered of an image outside its status."""

    async def _gather(self, s: ImageSituation, facts: ImageFacts, fact: Fact) -> ImageFacts:
        match fact:
            case Fact.PROGRESS:
                return replace(facts, progress=await self._galleries.version(_followed(s)))
            case Fact.DEFINITION:
                return replace(facts, definition=await self._galleries.definition(_definition(s)))
            case Fact.VERSIONS:
                return replace(facts, versions=await self._galleries.versions(s.home.definition))
            case Fact.GALLERY:
                return replace(facts, gallery=await self._galleries.gallery(s.home.gallery))
            case Fact.SOURCE:
                if not isinstance(s.spec.source, VhdSource):
                    raise TypeError("a source used in place has nothing to inspect")
                return replace(facts, source=await self._sources.inspect_vhd(s.spec.source, s.home.location))
            case Fact.TARGET:
                if s.memo.intent is None:
                    raise TypeError("no number is chosen yet")
                return replace(facts, target=await self._galleries.version(s.home.definition.child("versions", s.memo.intent.version)))


def _followed(s: ImageSituation) -> ResourceId:
    """The version the rules ask about: the next to delete, or the one they would follow, else the intended one."""
    if s.deleting:
        version = next_to_go(s)
        if version is None:
            raise TypeError("no version is left to delete")
        return parse(version.id)
    if isinstance(s.spec.source, VersionSource):
        return s.spec.source.version
    mine = by_digest(s)
    version = highest_usable(mine) or next(iter(mine), None)
    if version is not None:
        return parse(version.id)
    if s.memo.intent is None:
        raise TypeError("no version to follow")
    return s.home.definition.child("versions", s.memo.intent.version)


def _definition(s: ImageSituation) -> ResourceId:
    return s.spec.source.version.parent() if isinstance(s.spec.source, VersionSource) else s.home.definition
