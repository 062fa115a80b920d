"""Facts for the pool rules, and the mutations they choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from poolwright.controllers.pool.images import image_status
from poolwright.controllers.reconcile import Parked, UnreadableSpec
from poolwright.domain.objects import IMAGES, POOLS, Body, ObjectKey, is_deleting, key_of
from poolwright.domain.outcomes import CallFailed, Look, Verdict
from poolwright.domain.ownership import Mark
from poolwright.domain.pool import status
from poolwright.domain.pool.observed import Fact, GalleryVersion, PoolFacts
from poolwright.domain.pool.rules import decide
from poolwright.domain.pool.situation import Pace, PoolAction, PoolDecision, PoolSituation, Release, StopResize
from poolwright.domain.pool.spec import CustomImageRef, GalleryImage, InvalidSpec, PoolSpec, read
from poolwright.domain.ports import Accounts, Galleries
from poolwright.engine.clock import Clock
from poolwright.engine.store import ObjectStore


class PoolLogic:
    """What the BatchPool kind adds to the common pass."""

    kind = POOLS

    def __init__(self, accounts: Accounts, galleries: Galleries, store: ObjectStore, *, cluster: str, clock: Clock, pace: Pace) -> None:
        self._accounts = accounts
        self._galleries = galleries
        self._store = store
        self._cluster = cluster
        self._clock = clock
        self._pace = pace
        self._stopped_at: dict[ObjectKey, datetime] = {}

    async def look(self, body: Body) -> tuple[PoolSituation, PoolDecision] | Parked:
        """Let the rules ask until they decide; each fact is read at most once a pass."""
        metadata = body["metadata"]
        try:
            spec = read(metadata, body["spec"])
        except InvalidSpec as error:
            raise UnreadableSpec(str(error)) from error
        situation = PoolSituation(
            spec=spec,
            mark=Mark(cluster=self._cluster, namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"]),
            memo=status.remembered(body.get("status", {})),
            now=self._clock.now(),
            facts=PoolFacts(image=self._image(body, spec)),
            stopped_at=self._stopped_at.get(key_of(self.kind, body)),
            deleting=is_deleting(body),
            pace=self._pace,
        )
        # A deletion that needs no word from Azure does not wait for one either.
        if isinstance(answer := decide(situation), Look):
            if not self._account_listed(spec):
                return Parked()
            situation = replace(situation, facts=replace(situation.facts, pool=self._accounts.pool_view(spec.account, spec.pool_id)))
            while isinstance(answer := decide(situation), Look):
                facts = situation.facts
                for fact in sorted(answer.facts, key=lambda fact: fact.value):
                    facts = await self._gather(spec, facts, fact)
                situation = replace(situation, facts=facts)
        return situation, answer

    def releases(self, action: object) -> bool:
        """Whether the action is to take our finalizer off."""
        return isinstance(action, Release)

    async def act(self, situation: PoolSituation, action: object) -> None:
        """Carry out one mutation."""
        if not isinstance(action, PoolAction):
            raise TypeError(f"no such action: {action!r}")
        await self._accounts.apply(situation.spec.account, situation.spec.pool_id, action)
        if isinstance(action, StopResize):
            self._stopped_at[ObjectKey(self.kind, situation.mark.namespace, situation.mark.name)] = self._clock.now()

    def render(self, body: Body, situation: PoolSituation, decision: PoolDecision) -> Mapping[str, Any]:
        """The whole status after a pass that decided."""
        nodes = self._accounts.node_counts(situation.spec.account, situation.spec.pool_id)
        return status.render(body, situation, decision, nodes)

    def failed(self, body: Body, verdict: Verdict) -> Mapping[str, Any]:
        """The whole status after a pass that could not."""
        return status.failed(body, verdict)

    def steady_part(self, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        """The status without what moves by itself."""
        return status.steady_part(stored)

    def forget(self, key: ObjectKey) -> None:
        """The pool is gone."""
        self._stopped_at.pop(key, None)

    def _account_listed(self, spec: PoolSpec) -> bool:
        """Whether the shared view can be used; raises CallFailed with the account's own trouble."""
        state = self._accounts.follow(spec.account)
        if state.trouble is not None:
            raise CallFailed(state.trouble)
        return state.listed

    def _image(self, body: Body, spec: PoolSpec) -> Any:
        if not isinstance(spec.image, CustomImageRef):
            return None
        image = self._store.get(ObjectKey(IMAGES, body["metadata"]["namespace"], spec.image.name))
        return None if image is None else image_status(image)

    async def _gather(self, spec: PoolSpec, facts: PoolFacts, fact: Fact) -> PoolFacts:
        match fact:
            case Fact.ACCOUNT:
                return replace(facts, account=await self._accounts.view(spec.account))
            case Fact.POOL:
                return replace(facts, pool=await self._accounts.read_pool(spec.account, spec.pool_id))
            case Fact.SIZES:
                return replace(facts, sizes=await self._accounts.sizes(spec.account))
            case Fact.AGENTS:
                return replace(facts, agents=await self._accounts.agents(spec.account))
            case Fact.VERSION:
                return replace(facts, version=await self._version(spec))

    async def _version(self, spec: PoolSpec) -> GalleryVersion | None:
        if not isinstance(spec.image, GalleryImage):
            raise TypeError("only an image named by id is read from the gallery")
        view = await self._galleries.version(spec.image.id)
        if view is None:
            return None
        complete = frozenset(region.name for region in view.replication or () if region.completed)
        return GalleryVersion(complete=complete, declared=frozenset(region.name for region in view.regions))
